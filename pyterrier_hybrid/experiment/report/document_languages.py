"""Mean ranks of the relevant documents of a pool by their language, and Friedman's test of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures.ranks import Ranks, ranks_to_depth

COLUMNS = ["system", "lang", "rank", "questions", "tested", "statistic", "p_value"]


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
            complete = mean[~np.isnan(mean[:, present]).any(axis=1)][:, present]
            statistic, p_value = friedman_test(complete)
            frames.append(
                pd.DataFrame(
                    {
                        "system": system,
                        "lang": [lang for lang, has in zip(self._languages, present, strict=True) if has],
                        "rank": np.nanmean(mean[:, present], axis=0),
                        "questions": np.count_nonzero(~np.isnan(mean[:, present]), axis=0),
                        "tested": len(complete),
                        "statistic": statistic,
                        "p_value": p_value,
                    }
                )
            )
        return pd.concat(frames, ignore_index=True) if frames else None


def friedman_test(ranks: np.ndarray) -> tuple[float, float]:
    """Test whether the columns of a table have one distribution, by Friedman's rank test.

    Args:
        ranks: float64 ``[blocks, treatments]``.

    Returns:
        The statistic (chi-squared with treatments - 1 degrees of freedom, corrected for ties) and the p-value; NaN for
        fewer than three treatments or two blocks, for which the test is not defined.

    Example:
        >>> statistic, p_value = friedman_test(np.array([[1.0, 2.0, 3.0]] * 4))
        >>> statistic, round(p_value, 4)
        (8.0, 0.0183)
    """
    from scipy import stats

    blocks, treatments = ranks.shape
    if blocks < 2 or treatments < 3:
        return np.nan, np.nan
    # Without any difference, the correction for ties divides by zero.
    if (np.ptp(ranks, axis=1) == 0).all():
        return 0.0, 1.0
    statistic, p_value = stats.friedmanchisquare(*ranks.T)
    return float(statistic), float(p_value)
