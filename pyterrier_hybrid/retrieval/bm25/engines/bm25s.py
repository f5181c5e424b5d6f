"""BM25 by bm25s (https://github.com/xhluca/bm25s): numpy alone, on every system."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import bm25s

NEEDS = "bm25s needs pip install 'bm25s>=0.3,<0.4'"
MAPPED: tuple[str, ...] = ("data.csc.index.npy", "indices.csc.index.npy", "counts.npy")

# What other values of k1 and b are computed from, besides the files that bm25s itself writes.
_COUNTS = "counts.npy"
_LENGTHS = "lengths.npy"


def available() -> bool:
    """Whether bm25s can be used here."""
    return find_spec("bm25s") is not None


def build(folder: Path, documents: Iterable[Mapping[str, int]], *, k1: float, b: float) -> None:
    """Index documents, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    vocabulary: dict[str, int] = {}
    terms, counts, sizes = array("i"), array("i"), array("i")
    for document in documents:
        terms.extend(vocabulary.setdefault(term, len(vocabulary)) for term in document)
        counts.extend(document.values())
        sizes.append(len(document))
    postings, lengths = _invert(np.array(terms), np.array(counts), np.array(sizes))
    model = _model(postings, lengths, k1=k1, b=b)
    model.vocab_dict = vocabulary
    model.nonoccurrence_array = None
    model.save(folder, show_progress=False)
    np.save(folder / _COUNTS, postings.counts)
    np.save(folder / _LENGTHS, lengths)


def open_index(folder: Path, *, k1: float, b: float) -> "Bm25sSearch":
    """Open an index, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Engine`."""
    import bm25s

    # float64 is the type in which scores are added up: sums of weights in single precision are then exact, and do not
    # depend on the order of the query's terms.
    options = {"dtype": "float64", "backend": "numpy", "csc_backend": "numpy"}
    model = bm25s.BM25.load(folder, mmap=True, allow_pickle=False, override_params=options, show_progress=False)
    lengths = np.load(folder / _LENGTHS, allow_pickle=False)
    counts = np.load(folder / _COUNTS, mmap_mode="r", allow_pickle=False)
    # Views of the mapped files as plain arrays, which numpy slices faster.
    weights, documents = (model.scores[name].view(np.ndarray) for name in ("data", "indices"))
    postings = Postings(model.scores["indptr"].view(np.ndarray), documents, counts.view(np.ndarray))
    shape = (int(postings.starts[-1]),)
    if not (
        len(model.vocab_dict) == len(postings.starts) - 1
        and weights.shape == documents.shape == counts.shape == shape
        and (weights.dtype, documents.dtype, counts.dtype) == (np.float32, np.int32, np.int32)
        and model.scores["num_docs"] == len(lengths)
    ):
        raise ValueError("its arrays do not fit together")
    if (k1, b) == (model.k1, model.b):
        model.scores = {"data": weights, "indices": documents, "indptr": postings.starts, "num_docs": len(lengths)}
    else:
        model.scores = _model(postings, lengths, k1=k1, b=b).scores
    return Bm25sSearch(model)


class Bm25sSearch:
    """Exact BM25 over an index of bm25s. Threads may share it: searching changes nothing."""

    def __init__(self, model: "bm25s.BM25") -> None:
        """Search with a model."""
        self._model = model

    def __call__(self, queries: Sequence[Mapping[str, int]], depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Search, see :class:`~pyterrier_hybrid.retrieval.bm25.engines.Search`."""
        positions, scores = [], []
        for query in queries:
            # A term that occurs twice in the query is scored twice.
            terms = [term for term, count in query.items() for _ in range(count)]
            all_scores = self._model.get_scores(terms)
            # Unlike bm25s's own retrieve, which fills up the results with documents that have no term of the query.
            position = np.flatnonzero(all_scores > 0)
            if len(position) > depth:
                position = position[np.argpartition(all_scores[position], -depth)[-depth:]]
            positions.append(position)
            scores.append(all_scores[position])
        rows = np.repeat(np.arange(len(queries)), [len(position) for position in positions])
        return rows, np.concatenate(positions), np.concatenate(scores)


class Postings(NamedTuple):
    """Which documents have a term, term by term: those of term ``t`` are at ``starts[t] : starts[t + 1]``.

    Attributes:
        starts: int64 ``[terms + 1]``.
        documents: int32: Position of a document.
        counts: int32: How often it has the term.
    """

    starts: np.ndarray
    documents: np.ndarray
    counts: np.ndarray


def _invert(terms: np.ndarray, counts: np.ndarray, sizes: np.ndarray) -> tuple[Postings, np.ndarray]:
    """Return postings, and the length of each document, from the terms of document after document."""
    documents = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    order = np.argsort(terms, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(terms))])
    lengths = np.bincount(documents, counts, minlength=len(sizes)).astype(np.int64)
    return Postings(starts, documents[order], counts[order].astype(np.int32)), lengths


def _model(postings: Postings, lengths: np.ndarray, *, k1: float, b: float) -> "bm25s.BM25":
    """Return a model of bm25s with the weights of its method ``robertson``, but two differences.

    bm25s gives no weight to a term that more than half of the documents have, and leaves out the factor ``k1 + 1``.
    """
    import bm25s

    frequencies = np.diff(postings.starts)
    idf = np.maximum(1e-6, np.log((len(lengths) - frequencies + 0.5) / (frequencies + 0.5)))
    saturation = k1 * (1 - b + b * lengths / lengths.mean())
    weights = np.repeat(idf * (k1 + 1), frequencies) * (
        postings.counts / (postings.counts + saturation[postings.documents])
    )
    model = bm25s.BM25(method="robertson", k1=k1, b=b)
    model.scores = {
        "data": weights.astype(np.float32),
        "indices": postings.documents,
        "indptr": postings.starts,
        "num_docs": len(lengths),
    }
    return model
