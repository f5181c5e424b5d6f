"""Confidence intervals of macro means by bootstrap over questions."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 1000
# Weights of questions that are held at once, 8 bytes each.
_WEIGHTS = 2**23


def bootstrap(
    questions: Sequence[Sequence[str]],
    values: Sequence[np.ndarray],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile intervals of means over settings of means over queries.

    What is drawn, with replacement, is questions, and a question goes with its queries in all settings: translations of
    one question are no independent observations. A setting has those of the drawn questions that it holds; one that
    holds none of them counts not in that resample.

    Args:
        questions: For each setting the question of each query; questions that are equal are drawn together.
        values: For each setting float64 [queries, columns]; a column is a system and a measure.
        confidence: The share of resamples inside the interval.
        resamples: How many are drawn.
        seed: Of the draws, which are the same for all columns.

    Returns:
        Low and high: each float64 [columns].

    >>> low, high = bootstrap([["a", "b"], ["b"]], [np.array([[1.0], [1.0]]), np.array([[1.0]])])
    >>> low, high
    (array([1.]), array([1.]))
    """
    number = {question: at for at, question in enumerate(dict.fromkeys(q for setting in questions for q in setting))}
    settings, columns = len(values), values[0].shape[1]
    held = np.zeros((len(number), settings))
    sums = np.zeros((len(number), settings, columns))
    for at, (asked, of_setting) in enumerate(zip(questions, values, strict=True)):
        rows = np.array([number[question] for question in asked])
        np.add.at(held[:, at], rows, 1.0)
        np.add.at(sums[:, at], rows, of_setting)
    random = np.random.default_rng(seed)
    size = max(1, _WEIGHTS // len(number))
    means = []
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        weights = random.multinomial(len(number), np.full(len(number), 1 / len(number)), size=rows).astype(np.float64)
        queries = (weights @ held)[:, :, None]
        totals = (weights @ sums.reshape(len(number), -1)).reshape(rows, settings, columns)
        of_settings = np.divide(totals, queries, out=np.zeros_like(totals), where=queries > 0)
        means.append(of_settings.sum(axis=1) / np.count_nonzero(queries, axis=1).clip(1))
    outside = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [outside, 1 - outside], axis=0)
    return low, high
