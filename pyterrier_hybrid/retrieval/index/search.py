"""Search in a dense index of any kind, with results in the same order for all kinds; and the recall of a search."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import faiss
import numpy as np
import pyarrow.compute as pc

from pyterrier_hybrid.retrieval.index.files import OpenIndex
from pyterrier_hybrid.retrieval.ranking import Results, order_results, search_to_cutoff
from pyterrier_hybrid.retrieval.vectors import find_unusable
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import whole_number

DEFAULT_EF_SEARCH = 128
DEFAULT_RESCORE = 4

_KINDS_OF_OPTION = {"ef_search": ("hnsw",), "nprobe": ("ivf", "ivfpq"), "rescore": ("ivfpq",)}
# Maximum number of vector components in memory at once.
_MAX_NUMBERS = 2**22
# Inner products that differ by less, relative to the largest of the query, may be equal up to the order of summation.
_ROUNDING = 1e-6

Nearest = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""A function from vectors and a depth to scores and positions ``[n, depth]``, best first; position -1: none found."""


@dataclass(frozen=True)
class SearchOptions:
    """How thoroughly an approximate index is searched; ``None``: the default of the kind."""

    ef_search: int | None = None
    nprobe: int | None = None
    rescore: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None:
                object.__setattr__(self, name, whole_number(name, value))

    def check(self, index: OpenIndex) -> None:
        """Refuse options that an index does not have.

        Raises:
            ValueError: An option is for another kind of index.
        """
        for name, kinds in _KINDS_OF_OPTION.items():
            if getattr(self, name) is not None and index.kind not in kinds:
                raise ValueError(
                    f"{name}= is for indexes of the kind {' or '.join(kinds)}: {index.path} is {index.kind}, "
                    "so leave it out"
                )
        if self.rescore is not None and index.matrix is None:
            raise ValueError(f"rescore= needs the vectors, but {index.path} was built with keep_vectors=False")


def search(
    index: OpenIndex,
    vectors: np.ndarray,
    num_results: int,
    *,
    lang: str | None = None,
    options: SearchOptions | None = None,
) -> Results:
    """Find the documents with the largest inner products.

    Args:
        index: The index.
        vectors: float32 ``[n, dim]``: Queries.
        num_results: Number of documents per query; fewer only if the index has fewer.
        lang: Search only the documents in this language. Default: all.
        options: Search options of approximate kinds.

    Raises:
        ValueError: The index has no documents in this language, or an option is for another kind.
    """
    options = options or SearchOptions()
    options.check(index)
    subset = _Subset(index, lang)
    return _search(index, vectors, num_results, subset, _nearest(index, subset, options))


def recall(
    index: OpenIndex, queries: np.ndarray | int, *, k: int, lang: str | None, options: SearchOptions, seed: int
) -> float:
    """See :meth:`pyterrier_hybrid.FaissIndex.recall`."""
    k = whole_number("k", k)
    subset = _Subset(index, lang)
    exact = _exact(index, subset)
    if isinstance(queries, int | np.integer):
        count = whole_number("queries", queries)
        own_position = np.random.default_rng(seed).permutation(len(index))[:count]
        vectors, depth = np.ascontiguousarray(index.vectors(own_position), np.float32), k + 1
    else:
        with np.errstate(over="ignore"):
            vectors, depth = np.ascontiguousarray(queries, np.float32), k
        own_position = np.full(len(vectors), -1)
    if vectors.ndim != 2 or vectors.shape[1] != index.dim or not len(vectors):
        raise ValueError(f"queries have the shape {vectors.shape}, expected (n, {index.dim}) with n of at least 1")
    unusable = find_unusable(vectors)
    if unusable:
        raise ValueError(f"queries[{unusable[0]}] {unusable[1]}")
    truth = _without_itself(_search(index, vectors, depth, subset, exact), own_position, k)
    found = _without_itself(search(index, vectors, depth, lang=lang, options=options), own_position, k)
    smallest = np.full(len(vectors), np.inf)
    np.minimum.at(smallest, truth.row, truth.score)
    # Score by the vectors themselves, since a search may score by codes.
    parts = np.array_split(np.arange(len(found.row)), max(1, len(found.row) * index.dim // _MAX_NUMBERS))
    score = np.concatenate(
        [np.einsum("nd,nd->n", vectors[found.row[part]], index.vectors(found.document[part])) for part in parts]
    )
    near = score >= smallest[found.row] - 1e-5 * np.abs(smallest[found.row])
    expected = np.bincount(truth.row, minlength=len(vectors))
    hits = np.minimum(np.bincount(found.row[near], minlength=len(vectors)), expected)
    counted = expected > 0
    return float((hits[counted] / expected[counted]).mean()) if counted.any() else 1.0


def default_nprobe(lists: int) -> int:
    """Return the default number of lists to search: a 16th of them, but at least 16."""
    return min(lists, max(16, lists // 16))


class _Subset:
    """The documents that a search may return: all, or those in one language.

    Attributes:
        selector: Selects the documents in faiss; ``None``: all.
        count: Number of documents.
        fraction: Fraction of all documents.
    """

    def __init__(self, index: OpenIndex, lang: str | None) -> None:
        self.selector: faiss.IDSelector | None = None
        self.count = len(index)
        if lang is not None:
            lang = same_language(lang, index.languages)
            if lang not in index.languages:
                raise ValueError(f"{index.path} has no documents in {lang!r}, but in {index.languages}")
            selected = index.lang_codes == index.languages.index(lang)
            self.count = int(np.count_nonzero(selected))
            # An attribute, since faiss only keeps the address of the bits.
            self._bits = np.packbits(selected, bitorder="little")
            self.selector = faiss.IDSelectorBitmap(self._bits)  # type: ignore[call-arg, arg-type]  # wrong stubs
        self.fraction = self.count / len(index)


def _search(index: OpenIndex, vectors: np.ndarray, num_results: int, subset: _Subset, nearest: Nearest) -> Results:
    def search_block(rows: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        block = vectors[rows]
        scores, positions = nearest(block, depth)
        _require_documents(index, positions)
        scores, positions = _recompute_near_ties(index, block, scores, positions)
        query = np.repeat(np.arange(len(rows)), depth)
        score, position = scores.ravel(), positions.ravel()
        order = order_results(query, score, lambda tied: _docno_ranks(index, position[tied]))
        return query[order], position[order], score[order]

    return search_to_cutoff(search_block, np.arange(len(vectors)), num_results, subset.count)


def _require_documents(index: OpenIndex, positions: np.ndarray) -> None:
    # A search of as many documents as there are never ends with fewer, unless the files say nonsense.
    if ((positions < 0) | (positions >= len(index))).any():
        raise ValueError(
            f"{index.path} is damaged: searches find documents that do not exist, or too few: build it anew"
        )


def _docno_ranks(index: OpenIndex, positions: np.ndarray) -> np.ndarray:
    """Return the ranks of some documents in the ascending order of their docnos."""
    ranks = np.empty(len(positions), np.int64)
    ranks[pc.array_sort_indices(index.docnos.take(positions)).to_numpy()] = np.arange(len(positions))
    return ranks


def _without_itself(results: Results, own_position: np.ndarray, k: int) -> Results:
    """Return the first ``k`` results of each query, without the document that is the query itself."""
    row, document, score, _ = (column[results.document != own_position[results.row]] for column in results)
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    return Results(*(column[rank < k] for column in (row, document, score, rank)))


def _nearest(index: OpenIndex, subset: _Subset, options: SearchOptions) -> Nearest:
    if index.kind == "exact":
        return _exact(index, subset)
    # Divided by the fraction, so that a search with lang= compares as many documents as one without.
    if index.kind == "hnsw":
        return partial(_search_graph, index, subset, options.ef_search)
    lists = index.native.nlist
    nprobe = min(lists, math.ceil((options.nprobe or default_nprobe(lists)) / subset.fraction))
    in_lists = partial(_search_lists, index, subset, nprobe)
    if index.kind == "ivfpq" and index.matrix is not None:
        return partial(_rescore, index, subset, in_lists, options.rescore or DEFAULT_RESCORE)
    return in_lists


def _exact(index: OpenIndex, subset: _Subset) -> Nearest:
    """Return a search that compares vectors with every document."""
    if not index.lossless:
        raise ValueError(
            f"{index.path} was built with keep_vectors=False: it has no vectors to compare with, only codes"
        )
    if index.matrix is None:
        return partial(_search_lists, index, subset, index.native.nlist)
    return partial(_search_matrix, index.matrix, subset)


def _search_matrix(
    matrix: np.ndarray, subset: _Subset, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.empty((len(vectors), depth), np.float32)
    positions = np.empty((len(vectors), depth), np.int64)
    outputs = faiss.swig_ptr(scores), faiss.swig_ptr(positions)
    inputs = faiss.swig_ptr(vectors), faiss.swig_ptr(matrix)
    faiss.knn_inner_product(*inputs, matrix.shape[1], len(vectors), len(matrix), depth, *outputs, subset.selector)
    return scores, positions


def _search_lists(
    index: OpenIndex, subset: _Subset, nprobe: int, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    def probe(some: np.ndarray, nprobe: int) -> tuple[np.ndarray, np.ndarray]:
        parameters = faiss.SearchParametersIVF(sel=subset.selector, nprobe=nprobe)  # type: ignore[call-arg]  # wrong stubs
        return index.native.search(some, depth, params=parameters)

    scores, positions = probe(vectors, nprobe)
    while nprobe < index.native.nlist and len(short := np.flatnonzero((positions < 0).any(axis=1))):
        nprobe = min(index.native.nlist, 2 * nprobe)
        scores[short], positions[short] = probe(vectors[short], nprobe)
    return scores, positions


def _search_graph(
    index: OpenIndex, subset: _Subset, ef_search: int | None, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.empty((len(vectors), depth), np.float32)
    positions = np.full((len(vectors), depth), -1, np.int64)
    short = np.arange(len(vectors))
    ef_search = math.ceil(max(ef_search or max(DEFAULT_EF_SEARCH, 2 * depth), depth) / subset.fraction)
    # Each visited document is compared with its neighbours, which soon costs more than comparing every document.
    while len(short) and ef_search * index.parameters["neighbours"] < subset.count:
        parameters = faiss.SearchParametersHNSW(  # type: ignore[attr-defined]  # the stubs lack it
            sel=subset.selector, efSearch=ef_search
        )
        scores[short], positions[short] = index.native.search(vectors[short], depth, params=parameters)
        short = short[(positions[short] < 0).any(axis=1)]
        ef_search *= 2
    if len(short):
        scores[short], positions[short] = _exact(index, subset)(vectors[short], depth)
    return scores, positions


def _rescore(
    index: OpenIndex, subset: _Subset, nearest: Nearest, rescore: int, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find ``rescore`` candidates per result by their codes, and score these by their vectors."""
    _, positions = nearest(vectors, min(subset.count, rescore * depth))
    _require_documents(index, positions)
    rows = np.repeat(np.arange(len(vectors)), positions.shape[1])
    scores = _inner_products(index, vectors, rows, positions.ravel()).reshape(positions.shape)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    return np.take_along_axis(scores, best, axis=1), np.take_along_axis(positions, best, axis=1)


def _recompute_near_ties(
    index: OpenIndex, vectors: np.ndarray, scores: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compute nearly equal scores again, pair by pair, so that equal vectors have equal scores.

    A matrix product rounds differently in different parts of a block, which would order equal sentences at random.
    """
    near = -np.diff(scores, axis=1) <= _ROUNDING * np.abs(scores).max(axis=1, keepdims=True)
    if not near.any():
        return scores, positions
    rows, columns = np.nonzero(np.pad(near, ((0, 0), (0, 1))) | np.pad(near, ((0, 0), (1, 0))))
    if index.matrix is not None:
        # Only equal vectors need this. They begin with the same number, unlike most vectors that are merely close.
        group = np.cumsum(~np.pad(near, ((0, 0), (1, 0))))[rows * scores.shape[1] + columns]
        first_number = index.matrix[positions[rows, columns], 0]
        sort = np.lexsort((first_number, group))
        same = (np.diff(group[sort]) == 0) & (np.diff(first_number[sort]) == 0)
        candidates = np.sort(sort[np.append(same, False) | np.insert(same, 0, False)])
        rows, columns = rows[candidates], columns[candidates]
    scores[rows, columns] = _inner_products(index, vectors, rows, positions[rows, columns])
    sort = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(scores, sort, axis=1), np.take_along_axis(positions, sort, axis=1)


def _inner_products(index: OpenIndex, vectors: np.ndarray, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the scores of pairs of a query and a document, summed in double precision."""
    scores = np.empty(len(rows), np.float32)
    size = max(1, _MAX_NUMBERS // index.dim)
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        documents = index.vectors(positions[part])
        scores[part] = np.einsum("nd,nd->n", vectors[rows[part]].astype(np.float64), documents.astype(np.float64))
    return scores
