"""Paired t-tests over queries, with Holm's correction."""

import numpy as np


def paired_p_value(values: np.ndarray, baseline: np.ndarray) -> float:
    """Two-sided p-value of a paired t-test.

    Args:
        values: float64 [queries]: a system's values.
        baseline: float64 [queries]: the baseline's values of the same queries.

    Returns:
        The p-value; 1 where no query differs; NaN for fewer than two queries.

    >>> round(paired_p_value(np.array([3.0, 4.0, 5.0]), np.array([1.0, 2.0, 4.0])), 4)
    0.0377
    """
    from scipy import stats

    difference = values - baseline
    if len(difference) < 2:
        return float("nan")
    if np.ptp(difference) == 0:
        # Without variance the statistic is 0/0 (no difference) or infinite (the same difference everywhere).
        return 1.0 if difference[0] == 0 else 0.0
    return float(stats.ttest_1samp(difference, 0.0).pvalue)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's correction of the p-values of one family of tests.

    Args:
        p_values: float64 [tests]; NaN: not a test.

    Returns:
        float64 [tests]: corrected p-values, NaN where there was no test.

    >>> holm(np.array([0.01, 0.04, 0.03, np.nan]))
    array([0.03, 0.06, 0.06,  nan])
    """
    corrected = np.full(len(p_values), np.nan)
    tests = np.flatnonzero(~np.isnan(p_values))
    order = tests[np.argsort(p_values[tests], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
