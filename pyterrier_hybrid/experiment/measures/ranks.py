"""Exact ranks of relevant documents, and the measures that follow from them alone.

A ranking of 13,014 documents matters to AP, R@k or the rank distance only through the places of a handful of relevant
documents, and these can be had without a run of 170 million rows: see `_counting.py`.
"""

from dataclasses import dataclass

import numpy as np


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
