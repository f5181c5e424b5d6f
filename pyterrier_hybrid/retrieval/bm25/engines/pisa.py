"""BM25 by PISA (https://github.com/pisa-engine/pisa), which needs no Java."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pyterrier_hybrid.utils.extras import install_command
from pyterrier_hybrid.utils.files import scratch_folder

if TYPE_CHECKING:
    import pyterrier_pisa

NEEDS = f"PISA needs {install_command('pisa')}, available for Linux on x86-64"
# PISA reads its files without checks of its own, so damage ends the interpreter.
MAPPED: tuple[str, ...] = ()


def available() -> bool:
    """Whether PISA can be used here."""
    try:
        import pyterrier_pisa  # noqa: F401
    except ImportError:
        return False
    return True


def build(folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
    """Index documents, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    _run(folder, k1, b, documents)


def open_index(folder: Path, *, k1: float, b: float) -> "PisaSearch":
    """Open an index, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    return PisaSearch(folder, k1=k1, b=b)


class PisaSearch:
    """Exact BM25 over a PISA index; threads take turns."""

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        """Open the index."""
        # PISA writes files for other parameters next to the index, which other processes may be reading: give it a
        # folder of links instead.
        stack = ExitStack()
        links = stack.enter_context(scratch_folder("pisa"))
        weakref.finalize(self, stack.close)
        for file in folder.resolve().iterdir():
            (links / file.name).symlink_to(file)
        if not any(links.glob(f"bm25.k1-{k1}.b-{b}.*")):
            _run(links, k1, b)
        self._retriever = pisa_retriever(links, k1, b)
        # The number of results is an attribute of the retriever, which PISA reads more than once in a search.
        self._lock = threading.Lock()

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Search`."""
        frame = pd.DataFrame({"qid": np.arange(len(queries)), "query_toks": [dict(query) for query in queries]})
        with self._lock:
            self._retriever.num_results = depth
            results = self._retriever.transform(frame)
        return (
            results["qid"].to_numpy(np.int64),
            np.fromiter(map(int, results["docno"].to_numpy()), np.int64, len(results)),
            results["score"].to_numpy(np.float64),
        )


def pisa_index(folder: Path) -> "pyterrier_pisa.PisaIndex":
    """PISA's index of terms that are ready."""
    import pyterrier_pisa

    return pyterrier_pisa.PisaIndex(str(folder), stemmer="none", stops="none")


def pisa_retriever(folder: Path, k1: float, b: float) -> "pyterrier_pisa.PisaRetrieve":
    """PISA's retriever; adds files to the index if it has none for these parameters."""
    # ranked_or adds the terms of every document in the same order, so that equal documents have equal scores.
    return pisa_index(folder).bm25(
        k1=k1, b=b, num_results=1, toks_scale=1.0, query_weighted=True, query_algorithm="ranked_or"
    )


def _run(folder: Path, k1: float, b: float, documents: Iterable[Mapping[str, int]] | None = None) -> None:
    """Run PISA's builder in a process of its own.

    Raises:
        RuntimeError: It failed; the message ends with the last line that it printed.
    """
    command = [sys.executable, "-m", "pyterrier_hybrid.retrieval.bm25.engines.pisa_process", str(folder)]
    command += [repr(float(k1)), repr(float(b))] + (["build"] if documents is not None else [])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=environment
        ) as process,
    ):
        assert process.stdin is not None
        try:
            with process.stdin as lines:
                for counts in documents or ():
                    lines.write(json.dumps(counts).encode() + b"\n")
        except BrokenPipeError:
            pass  # the process has ended, and says why below
        except BaseException:
            process.kill()
            raise
        code = process.wait()
        if code:
            errors.seek(0)
            printed = errors.read().decode(errors="replace").strip().splitlines() or [f"exit code {code}"]
            raise RuntimeError(f"PISA could not write the index: {printed[-1]}")
