"""BM25 by PISA (https://github.com/pisa-engine/pisa), which needs no Java."""

import contextlib
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyterrier_pisa

NEEDS = "PISA needs 'pip install pyterrier-pisa', which is there for Linux on x86-64"


def available() -> bool:
    """Whether this engine can be used here."""
    try:
        import pyterrier_pisa  # noqa: F401
    except ImportError:
        return False
    return True


def build(folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
    """Index term counts, no document without a term, and prepare searches with these parameters."""
    with _quiet():
        index = _index(folder)
        # Without scale=1, PISA would see each count a hundred times.
        index.toks_indexer(scale=1.0).index(
            {"docno": str(position), "toks": counts} for position, counts in enumerate(documents)
        )
        _retriever(folder, k1, b, num_results=1)


class Search:
    """Exact BM25 of an index that :func:`build` made."""

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        """Open the index."""
        # PISA writes what it needs for other parameters beside the index: not into one that others may be reading.
        view = Path(tempfile.mkdtemp(prefix="pyterrier-hybrid-pisa-"))
        weakref.finalize(self, shutil.rmtree, view, ignore_errors=True)
        for file in Path(folder).resolve().iterdir():
            (view / file.name).symlink_to(file)
        with _quiet():
            self._retriever = _retriever(view, k1, b, num_results=1)

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search to ``depth``: the query's place, the document's position and the score of each result."""
        self._retriever.num_results = depth
        counts = [dict(query) for query in queries]
        # Strings by Arrow would be made of a million results, and taken apart again.
        with pd.option_context("future.infer_string", False):
            found = self._retriever.transform(pd.DataFrame({"qid": np.arange(len(queries)), "query_toks": counts}))
            return (
                found["qid"].to_numpy(np.int64),
                np.fromiter(map(int, found["docno"].to_numpy()), np.int64, len(found)),
                found["score"].to_numpy(np.float64),
            )


def _index(folder: Path) -> "pyterrier_pisa.PisaIndex":
    import pyterrier_pisa

    return pyterrier_pisa.PisaIndex(str(folder), stemmer="none", stops="none")


def _retriever(folder: Path, k1: float, b: float, *, num_results: int) -> "pyterrier_pisa.PisaRetrieve":
    # ranked_or adds the terms of every document in the same order, so that equal documents have equal scores.
    return _index(folder).bm25(
        k1=k1, b=b, num_results=num_results, toks_scale=1.0, query_weighted=True, query_algorithm="ranked_or"
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send what PISA prints while it builds to nowhere; it writes to the process's own output, past ``sys.stdout``."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None and not stream.closed:
                stream.flush()
        kept = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in kept:
                os.dup2(nowhere.fileno(), number)
            yield
        finally:
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
