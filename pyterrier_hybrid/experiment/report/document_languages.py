"""Mean ranks of the relevant documents of a pool by their language, and a rank test of their differences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures.ranks import Ranks, ranks_to_depth


class DocumentRanks:
    """Collects the ranks of relevant documents of pools, by question and document language.

    Args:
        languages: The languages.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._languages = list(languages)
        self._rows: dict[str, dict[str, int]] = {}
        self._sums: dict[str, np.ndarray] = {}
        self._counts: dict[str, np.ndarray] = {}

    def add(self, system: str, ranks: Ranks) -> None:
        """Add the ranks of a system's queries to a pool, or those of one of its seeds.

        Args:
            system: The system's name.
            ranks: The ranks. A document that was not retrieved has rank depth + 1. If a query has several relevant
                documents in one language, the smallest rank counts.
        """
        width = len(self._languages)
        column = pd.Index(self._languages).get_indexer(pd.Index(ranks.pool.document_lang))
        known = column >= 0
        smallest = np.full((ranks.queries, width), np.inf)
        np.minimum.at(smallest, (ranks.query[known], column[known]), ranks_to_depth(ranks, ranks.depth)[known])
        rows = self._rows.setdefault(system, {})
        row = np.array([rows.setdefault(question, len(rows)) for question in ranks.pool.question], np.int64)
        for table, values in (
            (self._sums, np.where(np.isinf(smallest), 0.0, smallest)),
            (self._counts, np.isfinite(smallest)),
        ):
            before = table.get(system, np.zeros((0, width)))
            table[system] = np.concatenate([before, np.zeros((len(rows) - len(before), width))])
            np.add.at(table[system], row, values)

    def frame(self) -> pd.DataFrame | None:
        """Return the columns of :meth:`LanguageResults.by_document_language`; None if there was no pool."""
        frames = []
        for system, sums in self._sums.items():
            counts = self._counts[system]
            mean = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
            present = ~np.isnan(mean).all(axis=0)
            mean = mean[:, present]
            test, tested, statistic, p_value = rank_test(mean)
            frames.append(
                pd.DataFrame(
                    {
                        "system": system,
                        "lang": [lang for lang, has in zip(self._languages, present, strict=True) if has],
                        "rank": np.nanmean(mean, axis=0),
                        "questions": np.count_nonzero(~np.isnan(mean), axis=0),
                        "test": test,
                        "tested": tested,
                        "statistic": statistic,
                        "p_value": p_value,
                    }
                )
            )
        return pd.concat(frames, ignore_index=True) if frames else None


def rank_test(values: np.ndarray) -> tuple[str, int, float, float]:
    """Test whether the columns of a table have one distribution, by their order within each row.

    A table without missing values is tested by Friedman's test, and one with missing values by its generalisation to
    incomplete blocks (Skillings and Mack, Technometrics 23(2), 1981): of the values of each row that are there, the
    ranks are centred and weighted by sqrt(12 / (k + 1)) for k values, and summed by column; the statistic is the
    quadratic form of these sums with the inverse of their covariance.

    Args:
        values: float64 ``[blocks, treatments]``; NaN: missing.

    Returns:
        The test's name, the number of blocks that have two values or more, the statistic (chi-squared; its degrees of
        freedom are the rank of the covariance, treatments - 1 for a complete table), and the p-value. Only Friedman's
        test corrects for ties. The statistic and p-value are NaN for fewer than three treatments or two blocks.

    Example:
        >>> test, blocks, statistic, p_value = rank_test(np.array([[1.0, 2.0, 3.0]] * 4))
        >>> test, blocks, round(statistic, 3), round(p_value, 4)
        ('Friedman', 4, 8.0, 0.0183)
        >>> test, blocks, statistic, p_value = rank_test(np.array([[1.0, 2.0, 3.0]] * 3 + [[1.0, np.nan, 3.0]]))
        >>> test, blocks, round(statistic, 3), round(p_value, 4)
        ('Skillings-Mack', 4, 6.98, 0.0305)
    """
    from scipy import stats

    treatments = values.shape[1]
    values = values[np.count_nonzero(~np.isnan(values), axis=1) > 1]
    here = ~np.isnan(values)
    test = "Friedman" if here.all() else "Skillings-Mack"
    if len(values) < 2 or treatments < 3:
        return test, len(values), np.nan, np.nan
    if test == "Friedman":
        # Without any difference, the correction for ties divides by zero.
        constant = (np.ptp(values, axis=1) == 0).all()
        statistic, p_value = (0.0, 1.0) if constant else stats.friedmanchisquare(*values.T)
        return test, len(values), float(statistic), float(p_value)
    size = here.sum(axis=1, keepdims=True)
    centred = np.where(here, stats.rankdata(values, axis=1, nan_policy="omit") - (size + 1) / 2, 0.0)
    sums = (np.sqrt(12 / (size + 1)) * centred).sum(axis=0)
    together = here.T.astype(np.float64) @ here
    np.fill_diagonal(together, 0.0)
    covariance = np.diag(together.sum(axis=1)) - together
    statistic = float(sums @ np.linalg.pinv(covariance, hermitian=True) @ sums)
    freedom = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return test, len(values), statistic, float(stats.chi2.sf(statistic, freedom))
