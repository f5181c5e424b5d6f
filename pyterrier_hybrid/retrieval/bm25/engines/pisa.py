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

NEEDS = "PISA needs 'pip install pyterrier-pisa', available for Linux on x86-64"


def available() -> bool:
    """Whether PISA can be used here."""
    try:
        import pyterrier_pisa  # noqa: F401
    except ImportError:
        return False
    return True


def build(folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
    """Index documents, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    with _no_output():
        # Without scale=1, PISA would count each term a hundred times.
        _index(folder).toks_indexer(scale=1.0).index(
            {"docno": str(position), "toks": counts} for position, counts in enumerate(documents)
        )
        # Opening the index writes the files that searches with these parameters need.
        _retriever(folder, k1, b)


def open_index(folder: Path, *, k1: float, b: float) -> "PisaSearch":
    """Open an index, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    return PisaSearch(folder, k1=k1, b=b)


class PisaSearch:
    """Exact BM25 over a PISA index."""

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        """Open the index."""
        # PISA writes files for other parameters next to the index, which other processes may be reading: give it a
        # folder of links instead.
        links = Path(tempfile.mkdtemp(prefix="pyterrier-hybrid-pisa-"))
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for file in folder.resolve().iterdir():
            (links / file.name).symlink_to(file)
        with _no_output():
            self._retriever = _retriever(links, k1, b)

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Search`."""
        self._retriever.num_results = depth
        counts = [dict(query) for query in queries]
        # With Arrow strings, pandas would convert the document numbers of millions of results back and forth.
        with pd.option_context("future.infer_string", False):
            results = self._retriever.transform(pd.DataFrame({"qid": np.arange(len(queries)), "query_toks": counts}))
            return (
                results["qid"].to_numpy(np.int64),
                np.fromiter(map(int, results["docno"].to_numpy()), np.int64, len(results)),
                results["score"].to_numpy(np.float64),
            )


def _index(folder: Path) -> "pyterrier_pisa.PisaIndex":
    import pyterrier_pisa

    return pyterrier_pisa.PisaIndex(str(folder), stemmer="none", stops="none")


def _retriever(folder: Path, k1: float, b: float) -> "pyterrier_pisa.PisaRetrieve":
    # ranked_or adds the terms of every document in the same order, so that equal documents have equal scores.
    return _index(folder).bm25(
        k1=k1, b=b, num_results=1, toks_scale=1.0, query_weighted=True, query_algorithm="ranked_or"
    )


@contextlib.contextmanager
def _no_output() -> Iterator[None]:
    """Discard what PISA prints to the output of the process, which bypasses ``sys.stdout``."""
    with open(os.devnull, "w") as devnull, contextlib.redirect_stdout(devnull), contextlib.redirect_stderr(devnull):
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None and not stream.closed:
                stream.flush()
        copies = [(number, os.dup(number)) for number in (1, 2)]
        try:
            for number, _ in copies:
                os.dup2(devnull.fileno(), number)
            yield
        finally:
            for number, copy in copies:
                os.dup2(copy, number)
                os.close(copy)
