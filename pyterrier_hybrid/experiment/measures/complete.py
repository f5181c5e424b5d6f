"""Whether and where a ranking has all relevant documents of a query: the largest rank, and completeness."""

import numpy as np
from ir_measures import ParamInfo

from pyterrier_hybrid.experiment.measures.base import RankMeasure, cutoff_params
from pyterrier_hybrid.experiment.measures.ranks import Ranks, ranks_to_depth


class _MaxRank(RankMeasure):
    """The largest rank of a query's relevant documents: how far one must read to see the answer in every language.

    In a pool of several languages, every query has one relevant document per language. Lower is better, and k is the
    best value for k relevant documents. arXiv 2604.05684 introduced the largest rank as Max@R; the rules for rankings
    that do not contain all documents are those of :class:`RankDistance`:

    - The *depth* of a run is ``cutoff`` if it is given, otherwise the length of the run's longest ranking.
    - A relevant document that was not retrieved, or is below the cutoff, counts as rank depth + 1.
    - A query without any relevant document gets depth + 1.
    - Every query of the qrels has a value, also without results. A run without any result and without a cutoff has no
      depth; the value is then NaN.

    Ties are broken as in trec_eval. Documents judged 1 or higher are relevant.

    Args:
        cutoff: Only use the first ``cutoff`` documents; also written ``MaxRank @ 100``. Default: all.

    Raises:
        TypeError: ``cutoff`` is not a whole number.
        ValueError: ``cutoff`` is below 1.

    Example:
        >>> run = {"q1": {"de_1": 9.0, "xx_1": 8.0, "ar_1": 7.0, "xx_2": 6.0}}
        >>> MaxRank.calc_aggregate({"q1": {"de_1": 1, "ar_1": 1}}, run)
        3.0
        >>> MaxRank.calc_aggregate({"q1": {"de_1": 1, "tr_1": 1}}, run)
        5.0
    """

    __name__ = "MaxRank"
    NAME = __name__
    PRETTY_NAME = "Largest rank"
    SHORT_DESC = "Largest rank of the relevant documents of a query."
    SUPPORTED_PARAMS = {"cutoff": ParamInfo(dtype=int, required=False, desc="ranking cutoff threshold")}

    lower_is_better = True
    decimals = 0
    kinds = ("multi",)

    def __init__(self, *, cutoff: int | None = None) -> None:
        super().__init__(**cutoff_params("MaxRank", cutoff))

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``."""
        depth = self.params.get("cutoff", ranks.depth)
        if depth == 0:
            return np.full(ranks.queries, np.nan)
        largest = np.zeros(ranks.queries)
        np.maximum.at(largest, ranks.query, ranks_to_depth(ranks, depth))
        largest[np.bincount(ranks.query, minlength=ranks.queries) == 0] = depth + 1
        return largest


class _Complete(RankMeasure):
    """Whether all relevant documents of a query are among the first k: 1 or 0 (Complete@k, arXiv 2604.05684).

    In a pool of several languages: whether the answer is there in every language. A query with more than k relevant
    documents has 0, so k should be the number of languages or more. A query without any relevant document has 0. Ties
    are broken as in trec_eval. Documents judged 1 or higher are relevant.

    Args:
        cutoff: The number of documents k, which is needed; also written ``Complete @ 100``.

    Raises:
        TypeError: ``cutoff`` is not a whole number.
        ValueError: ``cutoff`` is below 1.

    Example:
        >>> run = {"q1": {"de_1": 9.0, "xx_1": 8.0, "ar_1": 7.0, "xx_2": 6.0}}
        >>> qrels = {"q1": {"de_1": 1, "ar_1": 1}}
        >>> Complete(cutoff=3).calc_aggregate(qrels, run), (Complete @ 2).calc_aggregate(qrels, run)
        (1.0, 0.0)
    """

    __name__ = "Complete"
    NAME = __name__
    PRETTY_NAME = "Completeness at k"
    SHORT_DESC = "Whether all relevant documents of a query are among the first k."
    SUPPORTED_PARAMS = {"cutoff": ParamInfo(dtype=int, required=True, desc="ranking cutoff threshold")}

    kinds = ("multi",)

    def __init__(self, *, cutoff: int | None = None) -> None:
        super().__init__(**cutoff_params("Complete", cutoff))

    def validate_params(self) -> None:
        """Check the parameters.

        Raises:
            ValueError: There is no cutoff.
        """
        if "cutoff" not in self.params:
            raise ValueError("Complete needs a cutoff: write Complete@10 for the first 10 documents")
        super().validate_params()

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``."""
        in_first = (ranks.rank > 0) & (ranks.rank <= self.params["cutoff"])
        relevant = np.bincount(ranks.query, minlength=ranks.queries)
        complete = np.bincount(ranks.query[in_first], minlength=ranks.queries) == relevant
        return (complete & (relevant > 0)).astype(np.float64)


MaxRank = _MaxRank()
Complete = _Complete()
