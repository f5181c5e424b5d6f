"""BM25 by Terrier (http://terrier.org), which runs wherever Java does."""

import hashlib
import math
import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyterrier as pt

from pyterrier_hybrid.utils.extras import install_command

NEEDS = f"Terrier needs Java 11 or newer on the PATH or in JAVA_HOME, and {install_command('terrier')}"

# Java checks what it reads, but may read it for hours.
MAPPED: tuple[str, ...] = ()

# Maximum number of bytes of a term in Terrier's lexicon; a longer one breaks the index.
_LONGEST_TERM = 60


def available() -> bool:
    """Whether Terrier can be used here."""
    return find_spec("jnius_config") is not None and bool(shutil.which("java") or os.environ.get("JAVA_HOME"))


def build(folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
    """Index documents, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`; ``k1`` and ``b`` are not used."""
    # With more threads, the order of the documents, and with it their positions, would differ from run to run.
    indexer = pt.IterDictIndexer(str(folder.resolve()), pretokenised=True, threads=1)
    indexer.index(
        {"docno": str(position), "toks": {_stored_term(term): count for term, count in counts.items()}}
        for position, counts in enumerate(documents)
    )


def open_index(folder: Path, *, k1: float, b: float) -> "TerrierSearch":
    """Open an index, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    return TerrierSearch(folder, k1=k1, b=b)


class TerrierSearch:
    """Exact BM25 over a Terrier index.

    To terms that occur in more than half of the documents, Terrier's own BM25 gives a negative weight, and PISA's a
    weight of nearly zero. Terrier's TF_IDF saturates counts as BM25 does and takes a weight for every query term. The
    weights passed here make its scores equal to those of the other engines.

    Threads take turns.
    """

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        """Open the index."""
        if not pt.java.started():
            pt.java.init()
        self._index = pt.IndexFactory.of(str(folder.resolve()))
        self._num_documents = self._index.getCollectionStatistics().getNumberOfDocuments()
        self._lexicon = self._index.getLexicon()
        self._matching = _java("org.terrier.matching.daat.Full")(self._index)
        self._request = _java("org.terrier.querying.Request")()
        self._request.setControl("tf_idf.k_1", str(k1))
        self._request.setControl("tf_idf.b", str(b))
        # TF_IDF has k1 where BM25 has k1 + 1, and takes logarithms of base 2.
        self._factor = (k1 + 1) / k1
        self._weights: dict[str, float | None] = {}
        self._lock = threading.Lock()

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Search`."""
        with self._lock:
            return self._search(queries, depth)

    def _search(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, positions, scores = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for row, query in enumerate(queries):
            weights = {}
            for term, count in query.items():
                weight = self._weight(term)
                if weight is not None:
                    weights[_stored_term(term)] = count * weight
            if not weights:
                continue
            terms = _java("org.terrier.matching.MatchingQueryTerms")(str(row), self._request)
            for term, weight in weights.items():
                terms.setTermProperty(term, weight)
            # A model that is set before the terms scores nothing.
            terms.setDefaultTermWeightingModel(_java("org.terrier.matching.models.TF_IDF")())
            terms.setMatchingRequestSize(depth)
            results = self._matching.match(str(row), terms)
            positions.append(np.array(results.getDocids(), np.int64))
            scores.append(np.array(results.getScores(), np.float64))
            rows.append(np.full(len(positions[-1]), row))
        return np.concatenate(rows), np.concatenate(positions), np.concatenate(scores)

    def _weight(self, term: str) -> float | None:
        """Return the weight of a term; ``None`` if no document has it."""
        if term not in self._weights:
            entry = self._lexicon.getLexiconEntry(_stored_term(term))
            self._weights[term] = None if entry is None else self._weight_of(entry.getDocumentFrequency())
        return self._weights[term]

    def _weight_of(self, frequency: int) -> float:
        idf = max(1e-6, math.log((self._num_documents - frequency + 0.5) / (frequency + 0.5)))
        return idf * self._factor / math.log2(self._num_documents / frequency + 1)


def _stored_term(term: str) -> str:
    """Return a term as the index stores it: as a hash if it is too long."""
    encoded = term.encode()
    return term if len(encoded) <= _LONGEST_TERM else hashlib.blake2b(encoded, digest_size=24).hexdigest()


def _java(name: str) -> Any:
    return pt.java.autoclass(name)
