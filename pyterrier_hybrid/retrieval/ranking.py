"""The order of results: by descending score, with ties broken by descending docno, as in trec_eval."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# Maximum number of results, and of queries, per search.
_MAX_RESULTS = 2**22
_MAX_QUERIES = 1024


class Results(NamedTuple):
    """Results of many queries as arrays, ordered by query and rank.

    Attributes:
        row: int64: Row of the query.
        document: int64: Position of the document.
        score: float64: Score of the document.
        rank: int64: Rank from 0.
    """

    row: np.ndarray
    document: np.ndarray
    score: np.ndarray
    rank: np.ndarray

    @classmethod
    def empty(cls) -> "Results":
        """Return the results of no query."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


Search = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""A function of rows of queries and a depth. It returns the results of these queries, in the order of this module: the
query's index among the rows, the document's position, and the score."""


def order_results(row: np.ndarray, score: np.ndarray, tie_key: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the indexes that sort results by row, then by descending score, then by a descending key.

    Args:
        row: int ``[n]``, from 0: Row of the query of each result.
        score: float ``[n]``: Scores, compared in single precision as trec_eval does.
        tie_key: A function from indexes of results to their keys: numbers in the order of the docnos. It is called with
            tied results only, since keys may be expensive.

    Example:
        >>> document = np.array([3, 7, 5])
        >>> order_results(np.zeros(3, int), np.array([0.5, 0.5, 0.9]), lambda tied: document[tied]).tolist()
        [2, 1, 0]
    """
    # Row and score as one integer: engines return results nearly in order, which a stable sort of one key exploits.
    # Adding 0 makes -0 and 0 equal.
    bits = (score.astype(np.float32) + np.float32(0)).view(np.uint32)
    negative = (bits >> np.uint32(31)).astype(bool)
    descending = np.where(negative, bits, bits ^ np.uint32(0x7FFFFFFF))
    key = row.astype(np.uint64) << np.uint64(32) | descending.astype(np.uint64)
    order = np.argsort(key, kind="stable")
    key = key[order]
    equal = key[1:] == key[:-1]
    if equal.any():
        tied = np.flatnonzero(np.append(equal, False) | np.insert(equal, 0, False))
        order[tied] = order[tied][np.lexsort((-tie_key(order[tied]), key[tied]))]
    return order


def search_to_cutoff(search: Search, rows: np.ndarray, num_results: int, available: int) -> Results:
    """Search for the first results of each query, and break ties at the cutoff by docno.

    An engine that finds twelve documents with equal scores returns any ten of them as its first ten. If the documents
    just above and just below the cutoff have equal scores, the query is therefore searched deeper, until all tied
    documents are known.

    Args:
        search: Searches for a block of queries.
        rows: int ``[n]``: Rows of the queries.
        num_results: Maximum number of results per query.
        available: Number of documents that the search may return.
    """
    depth = min(num_results + 1, available)
    blocks = []
    while len(rows):
        size = max(1, min(_MAX_QUERIES, _MAX_RESULTS // depth))
        deeper = []
        for block in np.split(rows, range(size, len(rows), size)):
            query, document, score = search(block, depth)
            start = np.searchsorted(query, np.arange(len(block) + 1))
            rank = np.arange(len(query)) - start[query]
            open_ended = np.zeros(len(block), bool)
            if num_results < depth < available:
                full = np.flatnonzero(np.diff(start) == depth)
                open_ended[full] = score[start[full] + num_results - 1] == score[start[full] + depth - 1]
            keep = (rank < num_results) & ~open_ended[query]
            blocks.append(Results(block[query[keep]], document[keep], score[keep].astype(float), rank[keep]))
            deeper.append(block[open_ended])
        rows, depth = np.concatenate(deeper), min(2 * depth, available)
    if not blocks:
        return Results.empty()
    joined = Results(*map(np.concatenate, zip(*blocks, strict=True)))
    order = np.argsort(joined.row, kind="stable")
    return Results(*(column[order] for column in joined))
