"""Overlap of the first results for perturbed and for clean queries."""

from collections.abc import Collection, Iterator

import numpy as np

from pyterrier_hybrid.experiment.errors import located
from pyterrier_hybrid.experiment.ranking.base import Ranker, Task
from pyterrier_hybrid.retrieval.fusion import ordered_cells

RBO = "RBO"
"""The name of the overlap among the measures of a study."""
DEPTH = 100
P = 0.9


def top_documents(ranker: Ranker, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Return the first :data:`DEPTH` documents of every query of some settings.

    Args:
        ranker: The system.
        task: The settings.
        indexes: Indexes of the settings.

    Yields:
        The index of a setting, and int32 ``[queries, DEPTH]``: score columns, best first; -1 where nothing more was
        retrieved.

    Raises:
        OutputError: The system's output cannot be used.
    """
    with located(ranker.location):
        for index, blocks in ranker.score(task, indexes):
            top = np.full((len(task.settings[index].qids), DEPTH), -1, np.int32)
            for start, scores in blocks:
                row, column, _ = ordered_cells(scores, DEPTH)
                top[start + row, np.arange(len(row)) - np.searchsorted(row, row)] = column
            yield index, top


def rank_biased_overlap(one: np.ndarray, other: np.ndarray, p: float = P) -> np.ndarray:
    r"""Compute the rank-biased overlap of pairs of rankings: 1 for equal ones, 0 for those without a common document.

    .. math:: RBO = \frac{\sum_{d=1}^{k} p^{d-1} \, |A_d \cap B_d| / d}{\sum_{d=1}^{k} p^{d-1}}

    :math:`A_d` and :math:`B_d` are the first d documents, and k is the length of the longer ranking. Source: Webber,
    Moffat, Zobel, "A similarity measure for indefinite rankings", TOIS 2010, truncated and normalised as
    ``pyterrier_alpha.rbo`` does at depth 1,000. With p = 0.9, the first 10 documents have most of the weight.

    Args:
        one: int ``[rankings, k]``: documents, best first; -1: nothing.
        other: int ``[rankings, k]``, as ``one``.
        p: How much a ranking counts at depth d + 1 compared with d.

    Returns:
        float64 ``[rankings]``; 1 where both rankings are empty.

    Example:
        >>> rank_biased_overlap(np.array([[1, 2], [1, 2]]), np.array([[1, 2], [3, 1]]), p=0.5).round(3)
        array([1.   , 0.167])
    """
    rankings, k = one.shape
    depth = np.arange(1, k + 1)
    weight = p ** (depth - 1.0)
    # What a common document adds that both rankings have from a depth on.
    tail = np.cumsum((weight / depth)[::-1])[::-1]
    width = int(max(one.max(initial=0), other.max(initial=0))) + 1
    offset = np.arange(rankings)[:, None] * width
    positions = []
    for ranking in (one, other):
        cells = np.flatnonzero(ranking >= 0)
        positions.append(((ranking + offset).ravel()[cells], cells))
    _, first, second = np.intersect1d(positions[0][0], positions[1][0], assume_unique=True, return_indices=True)
    row, place = np.divmod(positions[0][1][first], k)
    both = np.maximum(place, positions[1][1][second] % k)
    # Without any common document, bincount counts in integers.
    score = np.bincount(row, tail[both], minlength=rankings).astype(np.float64)
    # Rankings that end before depth k: where both have ended, they agree in all that there is.
    lengths = np.maximum((one >= 0).sum(axis=1), (other >= 0).sum(axis=1))
    normalizer = np.concatenate([[0.0], np.cumsum(weight)])
    ended = np.concatenate([tail, [0.0]])
    common = np.bincount(row, minlength=rankings)
    score -= common * ended[lengths]
    # Sums of the same numbers in another order differ in their last digits.
    return np.where(lengths == 0, 1.0, np.clip(score / np.where(lengths == 0, 1.0, normalizer[lengths]), 0, 1))
