"""Confidence intervals of means over settings, by bootstrap over questions."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 1000
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
    means = resampled_means(questions, values, resamples=resamples, seed=seed)
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, [outside, 1 - outside], axis=0)
    return low, high


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
    settings, columns = len(values), values[0].shape[1]
    counts = np.zeros((len(number), settings))
    sums = np.zeros((len(number), settings, columns))
    for setting, (asked, setting_values) in enumerate(zip(questions, values, strict=True)):
        rows = np.array([number[question] for question in asked])
        np.add.at(counts[:, setting], rows, 1.0)
        np.add.at(sums[:, setting], rows, setting_values)
    random = np.random.default_rng(seed)
    size = max(1, _MAX_WEIGHTS // len(number))
    means = []
    for start in range(0, resamples, size):
        drawn = min(size, resamples - start)
        weights = random.multinomial(len(number), np.full(len(number), 1 / len(number)), size=drawn).astype(np.float64)
        queries = (weights @ counts)[:, :, None]
        totals = (weights @ sums.reshape(len(number), -1)).reshape(drawn, settings, columns)
        setting_means = np.divide(totals, queries, out=np.zeros_like(totals), where=queries > 0)
        means.append(setting_means.sum(axis=1) / np.count_nonzero(queries, axis=1).clip(1))
    return np.concatenate(means)
