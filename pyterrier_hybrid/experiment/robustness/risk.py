"""Risk-sensitive measures of a change: URisk and TRisk."""

import numpy as np

ALPHA = 1.0
"""How much more a loss counts than a gain of the same size, in addition to 1."""


def urisk(difference: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    r"""Compute URisk: the mean gain per query, in which losses count ``1 + alpha`` times.

    With :math:`\delta_q` the value of query q after the change minus the value before, over c queries,

    .. math::
        U_{risk} = \frac{1}{c} \Big[ \sum_{\delta_q > 0} \delta_q + (1 + \alpha) \sum_{\delta_q < 0} \delta_q \Big]

    Source: Wang, Bennett, Collins-Thompson, SIGIR 2012; as in Dinçer, Macdonald, Ounis, "Hypothesis
    testing for the risk-sensitive evaluation of retrieval systems", SIGIR 2014. The baseline of a study is the system's
    own ranking for the unperturbed query.

    Args:
        difference: float64 ``[queries, columns]``: values after minus values before, larger is better.
        alpha: At least 0; 0: the plain mean.

    Returns:
        float64 ``[columns]``.

    Example:
        >>> urisk(np.array([[0.5], [-0.25], [0.0]]))
        array([0.])
    """
    return risk_terms(difference, alpha).mean(axis=0)


def trisk(difference: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    r"""Compute TRisk: URisk divided by its standard error, which is a t statistic with c - 1 degrees of freedom.

    .. math:: T_{risk} = \frac{U_{risk}}{s / \sqrt{c}}

    s is the sample standard deviation (over c - 1) of the terms of URisk. The null hypothesis is that URisk is 0, not
    that the mean is unchanged: below -2, losses that count ``1 + alpha`` times outweigh the gains significantly; above
    2, the gains outweigh them. So with ``alpha=1``, a change whose gains and losses cancel has a negative TRisk. With
    ``alpha=0``, TRisk is the t statistic of a paired test. Source: Dinçer, Macdonald, Ounis, SIGIR 2014. (GeoRisk and
    ZRisk, SIGIR 2016, compare many systems over one set of queries and are not computed here.)

    Args:
        difference: As for :func:`urisk`.
        alpha: As for :func:`urisk`.

    Returns:
        float64 ``[columns]``; NaN where all terms are equal, or for fewer than two queries.

    Example:
        >>> trisk(np.array([[0.5], [-0.25], [-0.25]])).round(4)
        array([-0.5])
        >>> trisk(np.zeros((3, 1)))
        array([nan])

        The mean is unchanged, but half of the queries lose:

        >>> equal = np.array([[0.1], [-0.1]] * 50)
        >>> urisk(equal).round(4), trisk(equal).round(2), trisk(equal, alpha=0)
        (array([-0.05]), array([-3.32]), array([0.]))
    """
    return t_statistic(risk_terms(difference, alpha))


def t_statistic(terms: np.ndarray) -> np.ndarray:
    """Divide means by their standard errors.

    Args:
        terms: float64 ``[terms, columns]``.

    Returns:
        float64 ``[columns]``; NaN as :func:`trisk` says.

    Example:
        >>> t_statistic(np.array([[1.0], [3.0]]))
        array([2.])
    """
    if len(terms) < 2:
        return np.full(terms.shape[1], np.nan)
    error = terms.std(axis=0, ddof=1) / np.sqrt(len(terms))
    constant = np.ptp(terms, axis=0) == 0
    return np.divide(terms.mean(axis=0), error, out=np.full(len(error), np.nan), where=~constant)


def risk_terms(difference: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """Weight the losses among differences: the terms whose mean is URisk.

    Args:
        difference: float64, any shape: values after minus values before, larger is better.
        alpha: As for :func:`urisk`.

    Returns:
        float64 of the same shape.

    Example:
        >>> risk_terms(np.array([0.5, -0.25]))
        array([ 0.5, -0.5])
    """
    return np.where(difference < 0, (1 + alpha) * difference, difference)
