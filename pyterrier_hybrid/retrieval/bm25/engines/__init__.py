"""Search engines behind BM25Index.

An engine is a module with the members of :class:`Engine`. To add one, write a module and list it in :data:`ENGINES`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from pyterrier_hybrid.retrieval.bm25.engines import bm25s, pisa, terrier

K1 = 0.9
"""Default term-frequency saturation. Indexes are built for the defaults; other values need preparation."""
B = 0.4
"""Default length normalisation."""


class Search(Protocol):
    """Exact BM25 over an open index, for several threads at a time."""

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search.

        Args:
            queries: The terms of each query with their counts.
            depth: Maximum number of results per query.

        Returns:
            For each result, in any order: int64: index of the query; int64: position of the document in the order of
            indexing; float64: score, above 0.
        """
        ...


class Engine(Protocol):
    """Interface of an engine module."""

    NEEDS: str
    """What to install to use the engine, for error messages."""

    MAPPED: tuple[str, ...]
    """Files that it maps into memory and checks itself where it reads: opening compares only their sizes. The contents
    of all others are checked before the engine reads them."""

    def available(self) -> bool:
        """Whether the engine can be used here."""
        ...

    def build(self, folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
        """Index documents.

        Args:
            folder: The folder of the new index.
            documents: The terms of each document with their counts, at least one.
            k1: Term-frequency saturation of most searches.
            b: Length normalisation of most searches.
        """
        ...

    def open_index(self, folder: Path, *, k1: float, b: float) -> Search:
        """Open an index for searches with these parameters, without writing to its folder."""
        ...


ENGINES: dict[str, Engine] = {"bm25s": bm25s, "pisa": pisa, "terrier": terrier}
"""Engines by name, in the order of preference of ``auto``."""


def choose_engine(name: str) -> str:
    """Return the name of a usable engine.

    Args:
        name: A name of :data:`ENGINES`, or ``auto`` for the first of them that can be used.

    Raises:
        ValueError: The name is unknown.
        RuntimeError: The engine cannot be used here; the message says what it needs.
    """
    if name == "auto":
        usable = [engine for engine in ENGINES if ENGINES[engine].available()]
        if not usable:
            raise RuntimeError(f"BM25 has no engine: {' or '.join(engine.NEEDS for engine in ENGINES.values())}")
        return usable[0]
    if name not in ENGINES:
        *names, last = ENGINES
        raise ValueError(f"engine={name!r}: there is no such engine; choose auto, {', '.join(names)} or {last}")
    if not ENGINES[name].available():
        raise RuntimeError(f"engine={name!r} cannot be used here: {ENGINES[name].NEEDS}")
    return name
