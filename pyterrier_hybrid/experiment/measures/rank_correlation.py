"""The correlation of rankings between the translations of a question."""

import numpy as np
from ir_measures import ParamInfo

from pyterrier_hybrid.experiment.measures.base import RankMeasure, cutoff_params
from pyterrier_hybrid.experiment.measures.ranks import Ranks, ranks_to_depth


class _RankCorrelation(RankMeasure):
    """How alike the translations of a question rank the answers: mean Spearman correlation, from -1 to 1.

    Queries that ask one question in several languages should rank the documents of a pool in one order. arXiv
    2509.06195 measures that by its mean rank correlation (MRC): Spearman's rho between the rankings of each pair of
    query languages, averaged over the other languages, then over the queries. This measure is the same mean, of the
    rho over the documents that are *relevant* to both queries, whose exact ranks the grid knows:

    - For two translations of a question, rho is the Pearson correlation of the ranks of their common relevant
      documents among each other. A document that was not retrieved, or is below the cutoff, comes after all others;
      several of them share the mean of their ranks. If a query retrieved none of the documents, rho is 0.
    - Two translations with fewer than two common relevant documents have no rho, and are left out.
    - The value of a query is the mean of rho over the other translations of its question. A query without any rho has
      1: nothing can differ, as a query with one relevant document has a rank distance of 0.

    A system without language bias orders the answers in the same way for each query language. With random orders the
    value is 0 on average, also for a system that has no preference at all, whose order is noise. Systems that prefer
    the query's own language lose, and a system that always prefers the same language to others does not: see the rank
    distance for that.

    It needs the queries of all languages at once: in ``pt.Experiment``, the topics and qrels of a whole pool such as
    ``irds:xquad-r/multi``, not of one language, and no ``batch_size``. In a run, the question is the ID of the query
    without the language at its end, ``{question}_{lang}``. Ties are broken as in trec_eval. Documents judged 1 or
    higher are relevant.

    Args:
        cutoff: Only use the first ``cutoff`` documents; also written ``RankCorrelation @ 100``. Default: all.

    Raises:
        TypeError: ``cutoff`` is not a whole number.
        ValueError: ``cutoff`` is below 1; while measuring: an ID without a language, or no question with two
            translations that have two relevant documents in common.

    Example:
        >>> answers = {"ar_1": 1, "de_1": 1, "en_1": 1}
        >>> run = {"q_ar": {"ar_1": 3.0, "en_1": 2.0, "de_1": 1.0}, "q_de": {"de_1": 3.0, "en_1": 2.0, "ar_1": 1.0}}
        >>> run["q_en"] = {"en_1": 3.0, "ar_1": 2.0, "de_1": 1.0}
        >>> values = RankCorrelation.iter_calc(dict.fromkeys(run, answers), run)
        >>> [(metric.query_id, metric.value) for metric in values]
        [('q_ar', -0.25), ('q_de', -0.75), ('q_en', 0.0)]
    """

    __name__ = "RankCorrelation"
    NAME = __name__
    PRETTY_NAME = "Rank correlation of translations"
    SHORT_DESC = "Mean Spearman correlation of the ranks of relevant documents between translations of a question."
    SUPPORTED_PARAMS = {"cutoff": ParamInfo(dtype=int, required=False, desc="ranking cutoff threshold")}

    kinds = ("multi",)
    needs_languages = True
    needs_translations = True

    def __init__(self, *, cutoff: int | None = None) -> None:
        super().__init__(**cutoff_params("RankCorrelation", cutoff))

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``."""
        pool = ranks.pool
        rank = ranks_to_depth(ranks, self.params.get("cutoff", ranks.depth))
        pairs = np.flatnonzero(pool.document != -1)
        _, question = np.unique(pool.question.astype(str), return_inverse=True)
        of_pair = question[ranks.query[pairs]]
        order = np.argsort(of_pair, kind="stable")
        pairs, starts = pairs[order], np.searchsorted(of_pair[order], np.arange(question.max(initial=-1) + 2))
        value = np.full(ranks.queries, np.nan)
        for start, end in zip(starts[:-1], starts[1:], strict=True):
            part = pairs[start:end]
            query, row = np.unique(ranks.query[part], return_inverse=True)
            document, column = np.unique(pool.document[part], return_inverse=True)
            if len(query) > 1 and len(document) > 1:
                matrix = np.full((len(query), len(document)), np.nan)
                matrix[row, column] = rank[part]
                value[query] = _mean_correlations(matrix)
        if np.isnan(value).all():
            raise ValueError(
                "RankCorrelation: no question is asked in two languages with two relevant documents in common; "
                "give the queries and qrels of a pool in all languages at once, with IDs such as 'q1_de' and 'q1_en'"
            )
        return np.where(np.isnan(value), 1.0, value)


def _mean_correlations(rank: np.ndarray) -> np.ndarray:
    """Compute the mean correlation of each row with the others: float64 ``[queries]``, NaN where there is none.

    Args:
        rank: float64 ``[queries, documents]``: ranks; NaN where the document is not relevant to the query.
    """
    if not np.isnan(rank).any():
        correlations = _spearman(rank)
    else:
        count = len(rank)
        correlations = np.full((count, count), np.nan)
        for first in range(count):
            for second in range(first):
                both = ~np.isnan(rank[first]) & ~np.isnan(rank[second])
                if np.count_nonzero(both) > 1:
                    rho = _spearman(rank[[first, second]][:, both])[0, 1]
                    correlations[first, second] = correlations[second, first] = rho
    np.fill_diagonal(correlations, np.nan)
    defined = ~np.isnan(correlations)
    sums = np.where(defined, correlations, 0).sum(axis=1)
    return np.divide(sums, defined.sum(axis=1), out=np.full(len(rank), np.nan), where=defined.any(axis=1))


def _spearman(rank: np.ndarray) -> np.ndarray:
    """Compute Spearman's rho of each pair of rows: float64 ``[rows, rows]``, 0 for a row of equal values."""
    from scipy.stats import rankdata

    centred = rankdata(rank, axis=1) - (rank.shape[1] + 1) / 2
    squares = (centred**2).sum(axis=1)
    squares[squares == 0] = 1
    # One root of the product: equal orders have exactly 1.
    return (centred @ centred.T) / np.sqrt(np.outer(squares, squares))


RankCorrelation = _RankCorrelation()
