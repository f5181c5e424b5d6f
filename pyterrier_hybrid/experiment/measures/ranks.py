"""Exact ranks of relevant documents, and ir_measures' measures computed from them.

AP, R@k and the rank distance need only the ranks of a query's relevant documents: a handful among 13,014 in XQuAD-R.
These can be counted without building a run of 170 million rows: see ``ranking/counting.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PoolLanguages:
    """What measures of language fairness need to know of queries to a pool of documents in several languages.

    Attributes:
        question: ``[queries]``: the question of each query, which its translations share.
        query: ``[queries]``: the language of each query.
        document: ``[pairs]``: a name or number of each relevant document; -1: the pool does not have it.
        document_lang: ``[pairs]``: its language; empty if the pool does not have it.
        first: ``[queries]``: the language of the first result of each query, empty if it has no result; ``None`` if
            the first results are unknown.
    """

    question: np.ndarray
    query: np.ndarray
    document: np.ndarray
    document_lang: np.ndarray
    first: np.ndarray | None


@dataclass(frozen=True)
class Ranks:
    """The ranks of the relevant documents of some queries.

    Attributes:
        query: int64 ``[pairs]``, ascending: the index of the query of each pair of query and relevant document.
        relevance: int64 ``[pairs]``: the judged level, above 0.
        rank: int64 ``[pairs]``: the rank, from 1, with ties broken as in trec_eval; 0: not retrieved.
        msmarco_rank: int64 ``[pairs]``: the rank with ties broken as in the MS MARCO script, which ir_measures runs for
            RR@k.
        queries: The number of queries, including those without a relevant document.
        depth: The length of the rankings: the number of documents that could be retrieved.
        languages: The languages of queries and documents, of a pool of several languages; otherwise ``None``.
        first: int64 ``[queries]``: the number of the first result of each query to a pool, where it is known; -1: the
            query has no result.
    """

    query: np.ndarray
    relevance: np.ndarray
    rank: np.ndarray
    msmarco_rank: np.ndarray
    queries: int
    depth: int
    languages: PoolLanguages | None = None
    first: np.ndarray | None = None

    @property
    def pool(self) -> PoolLanguages:
        """The languages of queries and documents.

        Raises:
            ValueError: They are unknown.
        """
        if self.languages is None:
            raise ValueError("these ranks have no languages; they are known for pools (kind multi)")
        return self.languages


def join_ranks(parts: Sequence[Ranks]) -> Ranks:
    """Join the ranks of queries to the same pool, such as those of all query languages.

    Args:
        parts: The ranks of the queries of each language; one at least.
    """
    starts = np.cumsum([0, *(part.queries for part in parts)])
    pools = [part.pool for part in parts]
    firsts = [pool.first for pool in pools if pool.first is not None]
    languages = PoolLanguages(
        np.concatenate([pool.question for pool in pools]),
        np.concatenate([pool.query for pool in pools]),
        np.concatenate([pool.document for pool in pools]),
        np.concatenate([pool.document_lang for pool in pools]),
        np.concatenate(firsts) if len(firsts) == len(pools) else None,
    )
    return Ranks(
        np.concatenate([part.query + start for part, start in zip(parts, starts, strict=False)]),
        np.concatenate([part.relevance for part in parts]),
        np.concatenate([part.rank for part in parts]),
        np.concatenate([part.msmarco_rank for part in parts]),
        queries=int(starts[-1]),
        depth=max(part.depth for part in parts),
        languages=languages,
    )


def index_in_group(group: np.ndarray) -> np.ndarray:
    """Number the members of each group from 0.

    Args:
        group: The group of each member, ascending.

    Example:
        >>> index_in_group(np.array([0, 0, 3, 3, 3]))
        array([0, 1, 0, 1, 2])
    """
    return np.arange(len(group)) - np.searchsorted(group, group)


def average_precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Compute AP or AP@cutoff per query: float64 ``[queries]``."""
    query, rank, _ = _retrieved(ranks, ranks.rank, None)
    precision_at_rank = (index_in_group(query) + 1) / rank
    kept = np.ones(len(rank), bool) if cutoff is None else rank <= cutoff
    return _divide(_per_query(ranks, query[kept], precision_at_rank[kept]), _relevant(ranks))


def recall(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Compute R@cutoff per query: float64 ``[queries]``."""
    query, _, _ = _retrieved(ranks, ranks.rank, cutoff)
    return _divide(_per_query(ranks, query), _relevant(ranks))


def precision(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Compute P@cutoff per query: float64 ``[queries]``."""
    query, _, _ = _retrieved(ranks, ranks.rank, cutoff)
    return _per_query(ranks, query) / cutoff


def success(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Compute Success@cutoff per query: float64 ``[queries]``."""
    query, _, _ = _retrieved(ranks, ranks.rank, cutoff)
    return (_per_query(ranks, query) > 0).astype(np.float64)


def reciprocal_rank(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Compute RR or RR@cutoff per query: float64 ``[queries]``.

    With a cutoff, ties are broken as in ir_measures' provider of RR@k.
    """
    query, rank, _ = _retrieved(ranks, ranks.rank if cutoff is None else ranks.msmarco_rank, cutoff)
    value = np.zeros(ranks.queries)
    np.maximum.at(value, query, 1.0 / rank)
    return value


def ndcg(ranks: Ranks, cutoff: int | None) -> np.ndarray:
    """Compute nDCG or nDCG@cutoff per query: float64 ``[queries]``. The gain is the judged level, the discount log2."""
    query, rank, relevance = _retrieved(ranks, ranks.rank, cutoff)
    gain = _per_query(ranks, query, relevance / np.log2(rank + 1))
    best_first = np.lexsort((-ranks.relevance, ranks.query))
    query = ranks.query[best_first]
    ideal_rank = index_in_group(query) + 1
    kept = slice(None) if cutoff is None else ideal_rank <= cutoff
    ideal = _per_query(ranks, query[kept], (ranks.relevance[best_first] / np.log2(ideal_rank + 1))[kept])
    return _divide(gain, ideal)


def ranks_to_depth(ranks: Ranks, depth: int) -> np.ndarray:
    """Return the rank of each relevant document, depth + 1 if it is not among the first ``depth``: int64 ``[pairs]``.

    Args:
        ranks: The ranks.
        depth: The length of the rankings.
    """
    return np.where((ranks.rank > 0) & (ranks.rank <= depth), ranks.rank, depth + 1)


def _retrieved(ranks: Ranks, rank: np.ndarray, cutoff: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the query, rank and relevance of retrieved pairs (down to the cutoff), best first in each query."""
    kept = np.flatnonzero(rank > 0 if cutoff is None else (rank > 0) & (rank <= cutoff))
    kept = kept[np.lexsort((rank[kept], ranks.query[kept]))]
    return ranks.query[kept], rank[kept], ranks.relevance[kept]


def _per_query(ranks: Ranks, query: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    return np.bincount(query, weight, minlength=ranks.queries).astype(np.float64)


def _relevant(ranks: Ranks) -> np.ndarray:
    return _per_query(ranks, ranks.query)


def _divide(value: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.divide(value, by, out=np.zeros_like(value), where=by > 0)
