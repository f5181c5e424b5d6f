"""Significance tests over queries, paired and of two samples, with Holm's correction."""

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

PERMUTATIONS = 100_000
TWO_SAMPLE_PERMUTATIONS = 10_000
# Maximum number of signs in memory, 4 bytes each, and of values, 8 bytes each.
_MAX_SIGNS = 2**23
_MAX_VALUES = 2**22


def t_test(difference: np.ndarray) -> np.ndarray:
    """Compute two-sided p-values of paired t-tests.

    Args:
        difference: float64 ``[queries, tests]``: the values of a system minus those of the baseline.

    Returns:
        float64 ``[tests]``: p-values; 1 if no query differs; NaN for fewer than two queries.

    Example:
        >>> t_test(np.array([[2.0], [2.0], [1.0]])).round(4)
        array([0.0377])
    """
    from scipy import stats

    if len(difference) < 2:
        return np.full(difference.shape[1], np.nan)
    # Without variance, the statistic is 0/0 (no difference) or infinite (the same difference for every query).
    constant = np.ptp(difference, axis=0) == 0
    p_values = np.where(difference[0] == 0, 1.0, 0.0)
    if not constant.all():
        p_values[~constant] = stats.ttest_1samp(difference[:, ~constant], 0.0).pvalue
    return p_values


def randomisation_test(difference: np.ndarray, *, permutations: int = PERMUTATIONS, seed: int = 0) -> np.ndarray:
    """Compute two-sided p-values of paired randomisation tests (Smucker et al., CIKM 2007).

    Under the null hypothesis, the two values of a query are exchangeable. Each permutation exchanges them for a random
    half of the queries. The p-value is the fraction of permutations, the observed one included, whose mean difference
    is at least as large as the observed one. If the queries have no more than ``permutations`` permutations, each of
    them is used once, and the p-value is exact.

    Args:
        difference: float64 ``[queries, tests]``: the values of a system minus those of the baseline.
        permutations: Number of random permutations. The smallest p-value is 1 / (permutations + 1).
        seed: Seed of the permutations, which are the same for all tests.

    Returns:
        float64 ``[tests]``: p-values; NaN for fewer than two queries.

    Example:
        >>> randomisation_test(np.array([[2.0], [2.0], [1.0]]))
        array([0.25])
    """
    queries, tests = difference.shape
    if queries < 2:
        return np.full(tests, np.nan)
    # Sums of the same terms in another order differ in their last digits.
    tolerance = 1e-6 * np.abs(difference).sum(axis=0)
    threshold = np.abs(difference.sum(axis=0)) - tolerance
    exact = queries < 31 and 2**queries <= permutations
    total = 2**queries if exact else permutations
    random = np.random.default_rng(seed)
    values = difference.astype(np.float32)
    reached = np.zeros(tests, np.int64)
    size = max(1, _MAX_SIGNS // queries)
    for start in range(0, total, size):
        rows = min(size, total - start)
        if exact:
            exchanged: np.ndarray = np.arange(start, start + rows)[:, None] >> np.arange(queries) & 1
        else:
            packed = np.frombuffer(random.bytes(rows * -(-queries // 8)), np.uint8).reshape(rows, -1)
            exchanged = np.unpackbits(packed, axis=1, count=queries)
        # Exchanging the values of a query changes the sign of its difference.
        sums = difference.sum(axis=0) - 2 * (exchanged.astype(np.float32) @ values)
        reached += np.count_nonzero(np.abs(sums) >= threshold, axis=0)
    return reached / total if exact else (reached + 1) / (total + 1)


TESTS = {"t-test": t_test, "randomisation": randomisation_test}
"""The tests of the same queries by name."""


def welch_test(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute two-sided p-values of Welch's t-tests of two independent samples.

    Args:
        one: float64 ``[n, tests]``.
        other: float64 ``[m, tests]``.

    Returns:
        float64 ``[tests]``: p-values; NaN for fewer than two values; 1 or 0 if no value differs within each sample.

    Example:
        >>> one, other = np.array([[1.0, 0], [2, 0], [3, 0]]), np.array([[4.0, 0], [5, 0], [7, 0]])
        >>> welch_test(one, other).round(4)
        array([0.0419, 1.    ])
    """
    from scipy import stats

    if min(len(one), len(other)) < 2:
        return np.full(one.shape[1], np.nan)
    constant = (np.ptp(one, axis=0) == 0) & (np.ptp(other, axis=0) == 0)
    p_values = np.where(one[0] == other[0], 1.0, 0.0)
    if not constant.all():
        p_values[~constant] = stats.ttest_ind(one[:, ~constant], other[:, ~constant], equal_var=False).pvalue
    return p_values


def permutation_test(
    one: np.ndarray, other: np.ndarray, *, permutations: int = TWO_SAMPLE_PERMUTATIONS, seed: int = 0
) -> np.ndarray:
    """Compute two-sided p-values of permutation tests of two independent samples.

    Each permutation divides all values at random into samples of the same sizes. The p-value is the fraction of
    permutations, the observed one included, with at least the observed statistic. This is Welch's, not the difference
    of the means, so that the test also holds for samples of different sizes and variances (Chung and Romano, Annals of
    Statistics 2013). If there are no more than ``permutations`` divisions, each of them is used once.

    Args:
        one: float64 ``[n, tests]``.
        other: float64 ``[m, tests]``.
        permutations: Number of random permutations. The smallest p-value is 1 / (permutations + 1).
        seed: Seed of the permutations, which are the same for all tests.

    Returns:
        float64 ``[tests]``: p-values; NaN for fewer than two values.

    Example:
        >>> permutation_test(np.array([[1.0], [2.0], [3.0]]), np.array([[4.0], [5.0], [7.0]]))
        array([0.1])
    """
    sizes = len(one), len(other)
    if min(sizes) < 2:
        return np.full(one.shape[1], np.nan)
    values = np.concatenate([one, other])
    # Centred, so that the variances of small differences keep their digits.
    values = values - values.mean(axis=0)
    total = math.comb(sum(sizes), sizes[0])
    exact = total <= permutations
    observed = _welch_statistic(np.arange(sum(sizes))[None] < sizes[0], values)[0]
    reached = np.zeros(values.shape[1], np.int64)
    for in_one in _divisions(sizes, permutations, seed, exact=exact):
        # Sums of the same terms in another order differ in their last digits.
        reached += np.count_nonzero(_welch_statistic(in_one, values) >= observed * (1 - 1e-9), axis=0)
    return reached / total if exact else (reached + 1) / (permutations + 1)


def _divisions(sizes: tuple[int, int], permutations: int, seed: int, *, exact: bool) -> Iterator[np.ndarray]:
    """Yield divisions of two samples in blocks: bool ``[divisions, n + m]``, whether a value is in the first one."""
    total = sum(sizes)
    rows = max(1, _MAX_VALUES // total)
    if exact:
        chosen: np.ndarray = np.array(list(combinations(range(total), sizes[0])))
        for start in range(0, len(chosen), rows):
            in_one: np.ndarray = np.zeros((len(chosen[start : start + rows]), total), bool)
            np.put_along_axis(in_one, chosen[start : start + rows], True, axis=1)
            yield in_one
        return
    random = np.random.default_rng(seed)
    first: np.ndarray = np.arange(total) < sizes[0]
    for start in range(0, permutations, rows):
        yield random.permuted(np.tile(first, (min(rows, permutations - start), 1)), axis=1)


def _welch_statistic(in_one: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the absolute values of Welch's statistic: float64 ``[divisions, tests]``.

    Args:
        in_one: bool ``[divisions, n + m]``, with the same sizes in all divisions.
        values: float64 ``[n + m, tests]``.
    """
    n = np.count_nonzero(in_one[0])
    m = len(values) - n
    weights, squares = in_one.astype(np.float64), values**2
    sum_one, squares_one = weights @ values, weights @ squares
    sum_other, squares_other = values.sum(axis=0) - sum_one, squares.sum(axis=0) - squares_one
    variances = [
        (squares - sums**2 / size) / (size - 1) / size
        for sums, squares, size in ((sum_one, squares_one, n), (sum_other, squares_other, m))
    ]
    difference = np.abs(sum_one / n - sum_other / m)
    # Without variance, rounding leaves a little of it; and what does not differ has the statistic 0.
    scale = np.abs(values).max(axis=0)
    difference[difference <= 1e-12 * scale] = 0
    error = np.sqrt(np.maximum(sum(variances), 1e-14 * scale**2))
    return np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)


TWO_SAMPLE_TESTS = {"t-test": welch_test, "randomisation": permutation_test}
"""The tests of different queries, by the names of :data:`TESTS`."""


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct the p-values of one family of tests by Holm's method.

    Args:
        p_values: float64 ``[tests]``; NaN: not a test.

    Returns:
        float64 ``[tests]``: corrected p-values; NaN stays NaN.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03, np.nan]))
        array([0.03, 0.06, 0.06,  nan])
    """
    corrected = np.full(len(p_values), np.nan)
    tests = np.flatnonzero(~np.isnan(p_values))
    order = tests[np.argsort(p_values[tests], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
