"""Exact ranks of relevant documents, and the measures that follow from them alone.

A ranking of 13,014 documents matters to AP, R@k or the rank distance only through the places of a handful of relevant
documents. Counting the better scored documents gives these places without sorting, and without a run of 170 million
rows.
"""

import math
from dataclasses import dataclass

import numpy as np

# Comparisons that are held at once: what stays in a processor's cache.
_CELLS = 2**20
# Cells are counted as words of eight, whose bytes are added so many at a time; together below 256.
_FOLDS = (8, 4)


@dataclass(frozen=True)
class Ranks:
    """The places of the relevant documents of a set of queries.

    Attributes:
        query: int64 [pairs], ascending: the index of the query of each (query, relevant document) pair.
        relevance: int64 [pairs]: the judged level, above 0.
        rank: int64 [pairs]: the place, from 1, where ties are broken as trec_eval does; 0: not retrieved.
        msmarco_rank: int64 [pairs]: the same with ties broken as the MS MARCO script does, which ir_measures runs for
            RR@k.
        queries: The number of queries, also those without a relevant document.
        depth: The length of the rankings: the number of documents that could be retrieved.
    """

    query: np.ndarray
    relevance: np.ndarray
    rank: np.ndarray
    msmarco_rank: np.ndarray
    queries: int
    depth: int


def count_ranks(scores: np.ndarray, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of chosen cells inside their rows of a score matrix: 1 + the number of documents before each one.

    Args:
        scores: [queries, documents], the columns in ascending order of docno; -inf: not retrieved.
        row: int64 [pairs], ascending: the row of each cell.
        column: int64 [pairs]: its column.

    Returns:
        Two times int64 [pairs], 0 where a document was not retrieved. Of equal scores the larger docno is first in the
        one (trec_eval), the smaller docno in the other (MS MARCO).

    >>> count_ranks(np.array([[0.5, 0.9, 0.5]]), np.array([0, 0]), np.array([0, 2]))
    (array([3, 2]), array([2, 3]))
    """
    own = scores[row, column]
    better, equal = _count_around(scores, row, own)
    after = np.zeros(len(row), np.int64)
    found = ~np.isneginf(own)
    for pair in np.flatnonzero((equal > 1) & found):
        after[pair] = np.count_nonzero(scores[row[pair], column[pair] + 1 :] == own[pair])
    return np.where(found, better + 1 + after, 0), np.where(found, better + equal - after, 0)


def _count_around(scores: np.ndarray, row: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For values of rows, how many cells of the row are greater, and how many are equal."""
    better, equal = np.zeros(len(row), np.int64), np.zeros(len(row), np.int64)
    place = place_in_group(row)
    width, unit = scores.shape[1], 8 * math.prod(_FOLDS)
    padded = -(-width // unit) * unit
    size = max(1, _CELLS * len(scores) // max(1, len(row) * padded))
    bits = np.empty((0, padded), bool)
    # A few rows at a time, which stay in the processor's cache while they are compared with all of their values.
    for start in range(0, len(scores), size):
        rows = scores[start : start + size, None, :]
        low, high = np.searchsorted(row, [start, start + size])
        if low == high:
            continue
        inside, slot = row[low:high] - start, place[low:high]
        slots = int(slot.max()) + 1
        if len(bits) < len(rows) * slots:
            bits = np.empty((len(rows) * slots, padded), bool)
            bits[:, width:] = False
        used = bits[: len(rows) * slots].reshape(len(rows), slots, padded)
        values = np.full((len(rows), slots, 1), np.nan, scores.dtype)
        values[inside, slot, 0] = own[low:high]
        for compare, counts in ((np.greater, better), (np.equal, equal)):
            compare(rows, values, out=used[:, :, :width])
            counts[low:high] = _count_cells(used)[inside, slot]
    return better, equal


def _count_cells(bits: np.ndarray) -> np.ndarray:
    """The number of true cells along the last axis: count_nonzero, several times as fast for long rows."""
    words = bits.view(np.uint64).reshape(-1, bits.shape[-1] // 8)
    for fold in _FOLDS:
        words = np.add.reduce(words.reshape(len(words), fold, -1), axis=1)
    return words.view(np.uint8).sum(axis=1, dtype=np.int64).reshape(bits.shape[:-1])


def place_in_group(group: np.ndarray) -> np.ndarray:
    """For ascending group numbers, how many members of the same group are before each one.

    >>> place_in_group(np.array([0, 0, 3, 3, 3]))
    array([0, 1, 0, 1, 2])
    """
    return np.arange(len(group)) - np.searchsorted(group, group)


def rank_distances(
    query: np.ndarray, rank: np.ndarray, *, queries: int, depth: int, normalized: bool = False
) -> np.ndarray:
    """Highest minus lowest rank per query: what :class:`pyterrier_hybrid.RankDistance` defines.

    Args:
        query: int64 [pairs]: the query of each relevant document.
        rank: int64 [pairs]: its rank from 1; 0 or anything beyond `depth`: not retrieved.
        queries: The number of queries.
        depth: The length of the rankings.
        normalized: Divide by the expectation of random order.

    Returns:
        float64 [queries].

    >>> rank_distances(np.array([0, 0, 1, 1, 2]), np.array([4, 1, 0, 0, 0]), queries=3, depth=10)
    array([ 3., 10.,  0.])
    """
    relevant = np.bincount(query, minlength=queries)
    found = (rank > 0) & (rank <= depth)
    place = np.where(found, rank, depth + 1)
    highest = np.zeros(queries, np.int64)
    lowest = np.full(queries, depth + 1)
    np.maximum.at(highest, query, place)
    np.minimum.at(lowest, query, place)
    missed = np.bincount(query[found], minlength=queries) == 0
    distance = np.where(missed, depth, highest - lowest).astype(np.float64)
    distance[relevant < 2] = 0.0
    if depth == 0:
        distance[relevant >= 2] = np.nan
    elif normalized:
        distance /= np.where(relevant < 2, 1.0, (depth + 1) * (relevant - 1) / (relevant + 1))
    return distance


def average_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """AP or AP@cutoff per query: float64 [queries]."""
    query, rank, _ = _found(ranks, ranks.rank, None)
    at_hit = (place_in_group(query) + 1) / rank
    kept = np.ones(len(rank), bool) if cutoff is None else rank <= cutoff
    return _divide(_per_query(ranks, query[kept], at_hit[kept]), _relevant(ranks))


def recall(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """R@cutoff per query: float64 [queries]."""
    query, _, _ = _found(ranks, ranks.rank, cutoff)
    return _divide(_per_query(ranks, query), _relevant(ranks))


def precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """P@cutoff per query: float64 [queries]."""
    query, _, _ = _found(ranks, ranks.rank, cutoff)
    return _per_query(ranks, query) / cutoff


def success(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Success@cutoff per query: float64 [queries]."""
    query, _, _ = _found(ranks, ranks.rank, cutoff)
    return (_per_query(ranks, query) > 0).astype(np.float64)


def reciprocal_rank(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """RR or RR@cutoff per query: float64 [queries]. With a cutoff, ties as ir_measures' provider of it breaks them."""
    query, rank, _ = _found(ranks, ranks.rank if cutoff is None else ranks.msmarco_rank, cutoff)
    value = np.zeros(ranks.queries)
    np.maximum.at(value, query, 1.0 / rank)
    return value


def ndcg(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """The nDCG or nDCG@cutoff per query, gain = judged level, log2 discount: float64 [queries]."""
    query, rank, relevance = _found(ranks, ranks.rank, cutoff)
    gain = _per_query(ranks, query, relevance / np.log2(rank + 1))
    best_first = np.lexsort((-ranks.relevance, ranks.query))
    query = ranks.query[best_first]
    place = place_in_group(query) + 1
    kept = slice(None) if cutoff is None else place <= cutoff
    ideal = _per_query(ranks, query[kept], (ranks.relevance[best_first] / np.log2(place + 1))[kept])
    return _divide(gain, ideal)


def _found(ranks: Ranks, rank: np.ndarray, cutoff: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Query, rank and relevance of the pairs that were retrieved (down to the cutoff), best first in each query."""
    kept = np.flatnonzero(rank > 0 if cutoff is None else (rank > 0) & (rank <= cutoff))
    kept = kept[np.lexsort((rank[kept], ranks.query[kept]))]
    return ranks.query[kept], rank[kept], ranks.relevance[kept]


def _per_query(ranks: Ranks, query: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    return np.bincount(query, weight, minlength=ranks.queries).astype(np.float64)


def _relevant(ranks: Ranks) -> np.ndarray:
    return _per_query(ranks, ranks.query)


def _divide(value: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.divide(value, by, out=np.zeros_like(value), where=by > 0)
