"""Searching a dense index: the nearest documents of vectors, in one order for every kind."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import faiss
import numpy as np
import pyarrow.compute as pc

from pyterrier_hybrid.retrieval.index.files import Stored

# Results, and values of vectors, that are held at once.
_CELLS = 2**22
# Sums of products that differ by less, relative to a query's largest, may differ by the order of summation alone.
_ROUNDING = 1e-6
EF_SEARCH = 128
RESCORE = 4

Nearest = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""From vectors and a depth to scores and positions, by score downwards; -1 is no document."""


@dataclass(frozen=True)
class Effort:
    """How thoroughly an approximate index is searched; ``None`` takes the default of the kind."""

    ef_search: int | None = None
    nprobe: int | None = None
    rescore: int | None = None

    def __post_init__(self) -> None:
        for name in ("ef_search", "nprobe", "rescore"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value}: it must be at least 1")

    def check(self, stored: Stored) -> None:
        """Refuse what the index has no use for."""
        for name, kinds in (("ef_search", ("hnsw",)), ("nprobe", ("ivf", "ivfpq")), ("rescore", ("ivfpq",))):
            if getattr(self, name) is not None and stored.kind not in kinds:
                raise ValueError(
                    f"{name}= is for indexes of the kind {' or '.join(kinds)}: {stored.path} is {stored.kind}, "
                    "so leave it out"
                )
        if self.rescore is not None and stored.matrix is None:
            raise ValueError(f"rescore= needs the vectors, but {stored.path} was built with keep_vectors=False")


def search(
    stored: Stored, vectors: np.ndarray, num_results: int, *, lang: str | None = None, effort: Effort | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The best documents of each vector, by score and then by docno, downwards.

    Args:
        stored: the index.
        vectors: float32 ``[n, dim]``.
        num_results: documents a vector; as many are found, unless fewer are there.
        lang: of the documents.
        effort: for approximate kinds.

    Returns:
        The vector's row, the document's position, its score and its rank from 0, by row and rank.
    """
    effort = effort or Effort()
    effort.check(stored)
    selection = Selection(stored, lang)
    return ranked(stored, vectors, num_results, selection.available, _nearest(stored, selection, effort))


def ranked(
    stored: Stored, vectors: np.ndarray, num_results: int, available: int, nearest: Nearest
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What ``nearest`` finds, in its final order; see :func:`search`."""
    depth = min(num_results + 1, available)
    asked = np.arange(len(vectors))
    blocks, size = [], 0
    while len(asked):
        again = []
        size = max(1, min(1024, _CELLS // depth))
        for block in np.split(asked, range(size, len(asked), size)):
            scores, found = _settled(stored, vectors[block], *nearest(vectors[block], depth))
            # Which of the documents on a tie across the cutoff were found is an accident: look deeper there.
            tied = np.zeros(len(block), bool)
            if num_results < depth < available:
                tied = scores[:, num_results - 1] == scores[:, -1]
            blocks.append(_ordered(stored, block[~tied], scores[~tied], found[~tied], num_results))
            again.append(block[tied])
        asked, depth = np.concatenate(again), min(2 * depth, available)
    if not blocks:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
    rows, positions, scores, ranks = (np.concatenate(column) for column in zip(*blocks, strict=True))
    sort = np.argsort(rows, kind="stable")
    return rows[sort], positions[sort], scores[sort], ranks[sort]


def exactly(stored: Stored, selector: faiss.IDSelector | None = None) -> Nearest:
    """Compares a vector with every document.

    Raises:
        ValueError: the vectors are not known as they were given.
    """
    if not stored.lossless:
        raise ValueError(f"{stored.path} was built with keep_vectors=False: there are only codes to compare with")
    if stored.matrix is None:
        return partial(_lists, stored, stored.index.nlist, selector)
    return partial(_products, stored.matrix, selector)


class Selection:
    """The documents that a search may find."""

    def __init__(self, stored: Stored, lang: str | None) -> None:
        """Those of one language, or all."""
        self.selector: faiss.IDSelector | None = None
        self.available = len(stored)
        if lang is None:
            return
        if lang not in stored.languages:
            raise ValueError(f"{stored.path} has no documents in {lang!r}, but in {stored.languages}")
        wanted = stored.lang == stored.languages.index(lang)
        self.available = int(np.count_nonzero(wanted))
        # faiss keeps only the address of the bits.
        self._bits = np.packbits(wanted, bitorder="little")
        self.selector = faiss.IDSelectorBitmap(self._bits)


def _nearest(stored: Stored, selection: Selection, effort: Effort) -> Nearest:
    if stored.kind == "exact":
        return exactly(stored, selection.selector)
    # As many documents of a language are looked at as would be without one.
    share = selection.available / len(stored)
    if stored.kind == "hnsw":
        return partial(_graph, stored, effort.ef_search, share, selection)
    lists = stored.index.nlist
    nprobe = min(lists, math.ceil((effort.nprobe or default_nprobe(lists)) / share))
    nearest = partial(_lists, stored, nprobe, selection.selector)
    if stored.kind == "ivfpq" and stored.matrix is not None:
        return partial(_rescored, stored, nearest, effort.rescore or RESCORE, selection.available)
    return nearest


def default_nprobe(lists: int) -> int:
    """Lists that are looked into: a 16th of them, and at least 16."""
    return min(lists, max(16, lists // 16))


def _products(
    matrix: np.ndarray, selector: faiss.IDSelector | None, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.empty((len(vectors), depth), np.float32)
    found = np.empty((len(vectors), depth), np.int64)
    arrays = faiss.swig_ptr(scores), faiss.swig_ptr(found)
    inputs = faiss.swig_ptr(vectors), faiss.swig_ptr(matrix)
    faiss.knn_inner_product(*inputs, matrix.shape[1], len(vectors), len(matrix), depth, *arrays, selector)
    return scores, found


def _lists(
    stored: Stored, nprobe: int, selector: faiss.IDSelector | None, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    def probe(some: np.ndarray, nprobe: int) -> tuple[np.ndarray, np.ndarray]:
        return stored.index.search(some, depth, params=faiss.SearchParametersIVF(sel=selector, nprobe=nprobe))

    scores, found = probe(vectors, nprobe)
    while nprobe < stored.index.nlist and len(short := np.flatnonzero((found < 0).any(axis=1))):
        nprobe = min(stored.index.nlist, 2 * nprobe)
        scores[short], found[short] = probe(vectors[short], nprobe)
    return scores, found


def _graph(
    stored: Stored, ef_search: int | None, share: float, selection: Selection, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.empty((len(vectors), depth), np.float32)
    found = np.full((len(vectors), depth), -1, np.int64)
    short = np.arange(len(vectors))
    ef_search = math.ceil(max(ef_search or max(EF_SEARCH, 2 * depth), depth) / share)
    # Of each document that it visits, the graph compares the neighbours: soon as many as there are.
    while len(short) and ef_search * stored.parameters["neighbours"] < selection.available:
        parameters = faiss.SearchParametersHNSW(sel=selection.selector, efSearch=ef_search)
        scores[short], found[short] = stored.index.search(vectors[short], depth, params=parameters)
        short = short[(found[short] < 0).any(axis=1)]
        ef_search *= 2
    if len(short):
        scores[short], found[short] = exactly(stored, selection.selector)(vectors[short], depth)
    return scores, found


def _rescored(
    stored: Stored, nearest: Nearest, rescore: int, available: int, vectors: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    _, found = nearest(vectors, min(available, rescore * depth))
    rows = np.repeat(np.arange(len(vectors)), found.shape[1])
    scores = _pairwise(stored, vectors, rows, found.ravel()).reshape(found.shape)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    return np.take_along_axis(scores, best, axis=1), np.take_along_axis(found, best, axis=1)


def _settled(
    stored: Stored, vectors: np.ndarray, scores: np.ndarray, found: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are next to equal, computed again pair by pair: equal vectors then have one score.

    Matrix products round by the place in a block, so that the copies of a sentence would be ranked by noise.
    """
    near = -np.diff(scores, axis=1) <= _ROUNDING * np.abs(scores).max(axis=1, keepdims=True)
    if not near.any():
        return scores, found
    rows, columns = np.nonzero(np.pad(near, ((0, 0), (0, 1))) | np.pad(near, ((0, 0), (1, 0))))
    if stored.matrix is not None:
        # Equal vectors begin with the same number; most that are near to each other do not.
        run = np.cumsum(~np.pad(near, ((0, 0), (1, 0))))[rows * scores.shape[1] + columns]
        begin = stored.matrix[found[rows, columns], 0]
        sort = np.lexsort((begin, run))
        same = (np.diff(run[sort]) == 0) & (np.diff(begin[sort]) == 0)
        again = np.sort(sort[np.append(same, False) | np.insert(same, 0, False)])
        rows, columns = rows[again], columns[again]
    scores[rows, columns] = _pairwise(stored, vectors, rows, found[rows, columns])
    sort = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(scores, sort, axis=1), np.take_along_axis(found, sort, axis=1)


def _pairwise(stored: Stored, vectors: np.ndarray, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    scores = np.empty(len(rows), np.float32)
    size = max(1, _CELLS // stored.dim)
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        documents = stored.rows(positions[part])
        scores[part] = np.einsum("nd,nd->n", vectors[rows[part]].astype(np.float64), documents.astype(np.float64))
    return scores


def _ordered(
    stored: Stored, block: np.ndarray, scores: np.ndarray, found: np.ndarray, num_results: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    count, depth = scores.shape
    rows = np.repeat(np.arange(count), depth)
    scores, found = scores.ravel(), found.ravel()
    same = (rows[1:] == rows[:-1]) & (scores[1:] == scores[:-1])
    if same.any():
        at = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
        place = np.empty(len(at), np.int64)
        place[pc.array_sort_indices(stored.docnos.take(found[at])).to_numpy()] = np.arange(len(at))
        found[at] = found[at][np.lexsort((-place, -scores[at], rows[at]))]
    ranks = np.tile(np.arange(depth), count)
    keep = ranks < num_results
    return block[rows[keep]], found[keep], scores[keep].astype(float), ranks[keep]
