"""Paired significance tests over queries, with Holm's correction."""

import numpy as np

PERMUTATIONS = 100_000
# Maximum number of signs in memory, 4 bytes each.
_MAX_SIGNS = 2**23


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
