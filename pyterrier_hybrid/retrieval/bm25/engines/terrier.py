"""BM25 by Terrier (http://terrier.org), which runs wherever Java does."""

import hashlib
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyterrier as pt

NEEDS = "Terrier needs Java 11 or newer on the PATH or in JAVA_HOME, and 'pip install pyterrier[java]'"

# Terrier's lexicon has room for 60 bytes per term; a longer one breaks the index.
_LONGEST = 60


def available() -> bool:
    """Whether this engine can be used here."""
    return find_spec("jnius_config") is not None and bool(shutil.which("java") or os.environ.get("JAVA_HOME"))


def build(folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
    """Index term counts, no document without a term; ``k1`` and ``b`` only matter to searches."""
    # With more threads the order of documents, and so their positions, would differ from run to run.
    indexer = pt.IterDictIndexer(str(Path(folder).resolve()), pretokenised=True, threads=1)
    indexer.index(
        {"docno": str(position), "toks": {_term(term): count for term, count in counts.items()}}
        for position, counts in enumerate(documents)
    )


class Search:
    """Exact BM25 of an index that :func:`build` made.

    Terrier's own BM25 gives terms of more than half of the documents a negative weight, PISA's a weight of nearly zero.
    Its TF_IDF has BM25's saturation of counts and lets every query term be weighted, so that the two engines agree.
    """

    def __init__(self, folder: Path, *, k1: float, b: float) -> None:
        """Open the index."""
        if not pt.java.started():
            pt.java.init()
        self._index = pt.IndexFactory.of(str(Path(folder).resolve()))
        self._documents = self._index.getCollectionStatistics().getNumberOfDocuments()
        self._lexicon = self._index.getLexicon()
        self._matching = _java("org.terrier.matching.daat.Full")(self._index)
        self._request = _java("org.terrier.querying.Request")()
        self._request.setControl("tf_idf.k_1", str(k1))
        self._request.setControl("tf_idf.b", str(b))
        # TF_IDF has k1 where BM25 has k1 + 1, and takes logarithms of base 2.
        self._factor = (k1 + 1) / k1
        self._weights: dict[str, float | None] = {}

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search to ``depth``: the query's place, the document's position and the score of each result."""
        places, positions, scores = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for place, query in enumerate(queries):
            known = {term: count for term, count in query.items() if self._weight(term) is not None}
            if not known:
                continue
            terms = _java("org.terrier.matching.MatchingQueryTerms")(str(place), self._request)
            for term, count in known.items():
                terms.setTermProperty(_term(term), count * self._weight(term))
            # After the terms: a model set before them scores nothing.
            terms.setDefaultTermWeightingModel(_java("org.terrier.matching.models.TF_IDF")())
            terms.setMatchingRequestSize(depth)
            results = self._matching.match(str(place), terms)
            positions.append(np.array(results.getDocids(), np.int64))
            scores.append(np.array(results.getScores(), np.float64))
            places.append(np.full(len(positions[-1]), place))
        return np.concatenate(places), np.concatenate(positions), np.concatenate(scores)

    def _weight(self, term: str) -> float | None:
        if term not in self._weights:
            entry = self._lexicon.getLexiconEntry(_term(term))
            self._weights[term] = None if entry is None else self._weight_of(entry.getDocumentFrequency())
        return self._weights[term]

    def _weight_of(self, frequency: int) -> float:
        wanted = max(1e-6, math.log((self._documents - frequency + 0.5) / (frequency + 0.5)))
        return wanted * self._factor / math.log2(self._documents / frequency + 1)


def _term(term: str) -> str:
    encoded = term.encode()
    return term if len(encoded) <= _LONGEST else hashlib.blake2b(encoded, digest_size=24).hexdigest()


def _java(name: str) -> Any:
    return pt.java.autoclass(name)
