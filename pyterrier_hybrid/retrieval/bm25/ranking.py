"""The best documents of each query from an engine's scores, in an order that does not depend on the engine."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

Search = Callable[[Sequence[Mapping[str, int]], int], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""From queries and a depth to the query's place, the document's position and the score of each result."""

# Results of a search that are held at once.
_CELLS = 2**22
# Scores are rounded to five digits: what differs beyond them in single precision is the order of summation.
_DIGITS = 5


def rank(
    search: Search, queries: Sequence[Mapping[str, int]], num_results: int, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Search and order.

    Args:
        search: an engine's search.
        queries: the terms of each query with their counts.
        num_results: results per query, at most.
        order: of each document ``[n]``; the lower one comes first where scores are equal.

    Returns:
        The query's row, the document's position, the score and the rank of each result, by row and rank.
    """
    depth = min(num_results + 1, len(order))
    asked = np.array([row for row, query in enumerate(queries) if query], np.int64)
    blocks = []
    while len(asked):
        size, again = max(1, _CELLS // depth), []
        for block in np.split(asked, range(size, len(asked), size)):
            place, position, score = search([queries[row] for row in block], depth)
            score = rounded(score)
            sort = _ordered(place, score, order[position])
            place, position, score = place[sort], position[sort], score[sort]
            start = np.searchsorted(place, np.arange(len(block) + 1))
            place_rank = np.arange(len(place)) - start[place]
            # Which of the documents on a tie across the cutoff an engine leaves out is its accident: look deeper there.
            full = np.flatnonzero((np.diff(start) == depth) & (num_results < depth < len(order)))
            tied = full[score[start[full] + num_results - 1] == score[start[full] + depth - 1]]
            keep = (place_rank < num_results) & ~np.isin(place, tied)
            blocks.append((block[place[keep]], position[keep], score[keep], place_rank[keep]))
            again.append(block[tied])
        asked, depth = np.concatenate(again), min(2 * depth, len(order))
    if not blocks:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
    rows, positions, scores, ranks = (np.concatenate(column) for column in zip(*blocks, strict=True))
    sort = np.argsort(rows, kind="stable")
    return rows[sort], positions[sort], scores[sort], ranks[sort]


def _ordered(place: np.ndarray, score: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Indexes by place, by score downwards, and by order."""
    # One key for two, and only ties looked at for the third: engines give results nearly in order, which a stable sort
    # is quick with.
    key = place.astype(np.uint64) << np.uint64(32) | (~score.astype(np.float32).view(np.uint32)).astype(np.uint64)
    sort = np.argsort(key, kind="stable")
    key = key[sort]
    again = key[1:] == key[:-1]
    tied = np.flatnonzero(np.append(again, False) | np.append(False, again)) if len(key) else sort
    sort[tied] = sort[tied][np.lexsort((order[sort[tied]], key[tied]))]
    return sort


def rounded(scores: np.ndarray) -> np.ndarray:
    """Scores to five significant digits."""
    unit = 10.0 ** (np.floor(np.log10(np.maximum(scores, 1e-30))) - (_DIGITS - 1))
    return np.round(scores / unit) * unit
