"""Confidence intervals of means over settings, by bootstrap over questions."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

RESAMPLES = 1000
RANK_CONFIDENCE = 0.95
"""The level of the intervals of ranks, if no other one was chosen."""
# Maximum number of question weights in memory, 8 bytes each.
_MAX_WEIGHTS = 2**23


def bootstrap(
    questions: Sequence[Sequence[str]],
    values: Sequence[np.ndarray],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Compute percentile intervals of means over settings of means over queries.

    Questions are resampled with replacement, so translations stay together: the queries that ask one question in
    several languages are not independent observations. The mean of a setting is over the drawn questions that it has;
    a setting without any of them is left out of that resample.

    Args:
        questions: For each setting, the question of each query; equal questions are drawn together.
        values: For each setting, float64 ``[queries, columns]``; a column is a system and a measure.
        confidence: The fraction of resamples inside the interval.
        resamples: Number of resamples.
        seed: Seed of the resamples, which are the same for all columns.

    Returns:
        The lower and the upper bounds: each float64 ``[columns]``.

    Example:
        >>> low, high = bootstrap([["a", "b"], ["b"]], [np.array([[1.0], [1.0]]), np.array([[1.0]])])
        >>> low, high
        (array([1.]), array([1.]))
    """
    return central(resampled_means(questions, values, resamples=resamples, seed=seed), confidence)


def central(means: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds between which the central fraction of each column lies: each float64 ``[columns]``.

    Args:
        means: float64 ``[resamples, columns]``.
        confidence: The fraction.
    """
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, [outside, 1 - outside], axis=0)
    return low, high


def rank_among(values: np.ndarray) -> np.ndarray:
    """Rank the columns of each row from 1, the smallest value first; equal values share the better rank.

    Args:
        values: float64 ``[rows, columns]``.

    Returns:
        float64 ``[rows, columns]``; NaN in rows with a missing value.

    Example:
        >>> rank_among(np.array([[0.3, 0.1, 0.3]]))
        array([[2., 1., 2.]])
    """
    ranks = 1.0 + np.count_nonzero(values[:, None, :] < values[:, :, None], axis=2)
    return np.where(np.isnan(values).any(axis=1, keepdims=True), np.nan, ranks)


def rank_interval(means: np.ndarray, *, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Compute percentile intervals of the ranks of systems: the order of their means in each bootstrap sample.

    An interval says how much the order depends on the questions that were asked. It is not a confidence set for the
    order of all systems together: where two systems are equally good, it may be too short.

    Args:
        means: float64 ``[resamples, systems]`` of :func:`resampled_means`; small values are good.
        confidence: The fraction of resamples whose ranks are inside the interval.

    Returns:
        The lowest and the highest ranks: each float64 ``[systems]``, whole numbers.

    Example:
        >>> rank_interval(np.array([[0.1, 0.2, 0.9], [0.2, 0.1, 0.9]]))
        (array([1., 1., 3.]), array([2., 2., 3.]))
    """
    ranks = rank_among(means)
    outside = (1 - confidence) / 2
    return (
        np.quantile(ranks, outside, axis=0, method="inverted_cdf"),
        np.quantile(ranks, 1 - outside, axis=0, method="inverted_cdf"),
    )


def resampled_means(
    questions: Sequence[Sequence[str]],
    values: Sequence[np.ndarray],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """Compute the means of bootstrap resamples, as :func:`bootstrap` describes them.

    Args:
        questions: As for :func:`bootstrap`.
        values: As for :func:`bootstrap`.
        resamples: Number of resamples.
        seed: Seed of the resamples, which are the same for all columns.

    Returns:
        float64 ``[resamples, columns]``.

    Example:
        >>> resampled_means([["a", "b"]], [np.array([[1.0], [1.0]])], resamples=2)
        array([[1.],
               [1.]])
    """
    distinct = dict.fromkeys(question for setting in questions for question in setting)
    number = {question: index for index, question in enumerate(distinct)}
    rows = [np.array([number[question] for question in asked]) for asked in questions]
    means = []
    for weights in _blocks_of_weights(len(number), resamples, seed):
        drawn = len(weights)
        total = np.zeros((drawn, values[0].shape[1]))
        used = np.zeros((drawn, 1))
        for of_setting, setting_values in zip(rows, values, strict=True):
            weight = weights[:, of_setting]
            queries = weight.sum(axis=1, keepdims=True)
            total += np.divide(weight @ setting_values, queries, out=np.zeros_like(total), where=queries > 0)
            used += queries > 0
        means.append(total / used.clip(1))
    return np.concatenate(means)


def _blocks_of_weights(questions: int, resamples: int, seed: int) -> Iterable[np.ndarray]:
    """Return how often each question is drawn: float64 ``[resamples, questions]``, in blocks."""
    if resamples * questions <= _MAX_WEIGHTS:
        return (_weights(questions, resamples, seed),)
    return _drawn_in_blocks(questions, resamples, seed)


# A study asks for the intervals of each of its settings, whose numbers of questions are often the same.
@lru_cache(maxsize=2)
def _weights(questions: int, resamples: int, seed: int) -> np.ndarray:
    (weights,) = _drawn_in_blocks(questions, resamples, seed)
    return weights


def _drawn_in_blocks(questions: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(seed)
    size = max(1, _MAX_WEIGHTS // questions)
    for start in range(0, resamples, size):
        drawn = min(size, resamples - start)
        yield random.multinomial(questions, np.full(questions, 1 / questions), size=drawn).astype(np.float64)
