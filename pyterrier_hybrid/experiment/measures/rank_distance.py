"""The rank distance, a measure of language bias."""

import numpy as np
from ir_measures import ParamInfo

from pyterrier_hybrid.experiment.measures.base import RankMeasure, cutoff_params
from pyterrier_hybrid.experiment.measures.ranks import Ranks


class _RankDistance(RankMeasure):
    """How far the relevant documents of one query are apart in a ranking: highest minus lowest rank.

    In a pool of several languages every query has one relevant document per language. Without language bias their ranks
    are close; a system that prefers some languages pulls them apart. Lower is better, k - 1 is the best value for k
    relevant documents, and a query with a single relevant document has 0. It is the measure of table 2 of
    arXiv 2408.10536.

    Its definition for rankings that do not contain all documents:

    - The *depth* of a run is ``cutoff`` if it is given, otherwise the length of the run's longest ranking. Give a
      cutoff to compare runs of different lengths, or with ``pt.Experiment(batch_size=...)``, which passes one batch at
      a time to a measure.
    - A relevant document that was not retrieved, or is below the cutoff, counts as rank depth + 1.
    - A query with two or more relevant documents of which *none* was retrieved gets ``depth``. It is the worst value
      that a query can have (one document first, another not retrieved); the plain difference would be 0, the best one.
    - Every query of the qrels has a value, also without results. A run without any result and without a cutoff has no
      depth; the value is then NaN.

    Ties are broken as in trec_eval, whatever the order of the input: scores are compared in single precision, and of
    equal scores the larger docno comes first. Documents judged 1 or higher are relevant.

    Args:
        cutoff: Only use the first ``cutoff`` documents; also written ``RankDistance @ 100``. Default: all.
        normalized: Divide by the expected distance in random order, (N + 1)(k - 1)/(k + 1) for N = depth and k relevant
            documents: 1 is no better than chance, whatever the size of the pool and k.

    Raises:
        TypeError: ``cutoff`` is not a whole number, or ``normalized`` not a bool.
        ValueError: ``cutoff`` is below 1; while measuring: a run with a missing score or with a document twice in one
            ranking.

    Example:
        >>> run = {"q1": {"de_1": 9.0, "xx_1": 8.0, "ar_1": 7.0, "xx_2": 6.0}}
        >>> measure = RankDistance
        >>> measure.calc_aggregate({"q1": {"de_1": 1, "ar_1": 1}}, run)
        2.0
        >>> measure.calc_aggregate({"q1": {"de_1": 1, "tr_1": 1}}, run)
        4.0
        >>> RankDistance(cutoff=1000, normalized=True)
        RankDistance(normalized=True)@1000
    """

    __name__ = "RankDistance"
    NAME = __name__
    PRETTY_NAME = "Rank distance"
    SHORT_DESC = "Highest minus lowest rank of the relevant documents of a query."
    SUPPORTED_PARAMS = {
        "cutoff": ParamInfo(dtype=int, required=False, desc="ranking cutoff threshold"),
        "normalized": ParamInfo(dtype=bool, default=False, desc="divide by the expectation of random order"),
    }

    lower_is_better = True
    # In other settings, the relevant documents of a query are in one language.
    kinds = ("multi",)

    @property
    def decimals(self) -> int:
        """Ranks are whole numbers in the paper; relative to random order, they are fractions."""
        return 3 if self.params.get("normalized", False) else 0

    def __init__(self, *, cutoff: int | None = None, normalized: bool = False) -> None:
        params = cutoff_params("RankDistance", cutoff)
        if not isinstance(normalized, bool | np.bool_):
            raise TypeError(f"RankDistance: normalized={normalized!r} must be True or False")
        super().__init__(**params, **({"normalized": True} if normalized else {}))

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``."""
        return rank_distances(
            ranks.query,
            ranks.rank,
            queries=ranks.queries,
            depth=self.params.get("cutoff", ranks.depth),
            normalized=self.params.get("normalized", False),
        )


RankDistance = _RankDistance()


def rank_distances(
    query: np.ndarray, rank: np.ndarray, *, queries: int, depth: int, normalized: bool = False
) -> np.ndarray:
    """Compute highest minus lowest rank per query, as :class:`RankDistance` defines it.

    Args:
        query: int64 ``[pairs]``: the query of each relevant document.
        rank: int64 ``[pairs]``: its rank from 1; 0 or anything beyond ``depth``: not retrieved.
        queries: The number of queries.
        depth: The length of the rankings.
        normalized: Divide by the expectation of random order.

    Returns:
        float64 ``[queries]``.

    Example:
        >>> rank_distances(np.array([0, 0, 1, 1, 2]), np.array([4, 1, 0, 0, 0]), queries=3, depth=10)
        array([ 3., 10.,  0.])
    """
    relevant = np.bincount(query, minlength=queries)
    retrieved = (rank > 0) & (rank <= depth)
    counted = np.where(retrieved, rank, depth + 1)
    highest = np.zeros(queries, np.int64)
    lowest = np.full(queries, depth + 1)
    np.maximum.at(highest, query, counted)
    np.minimum.at(lowest, query, counted)
    nothing_retrieved = np.bincount(query[retrieved], minlength=queries) == 0
    distance = np.where(nothing_retrieved, depth, highest - lowest).astype(np.float64)
    distance[relevant < 2] = 0.0
    if depth == 0:
        distance[relevant >= 2] = np.nan
    elif normalized:
        distance /= np.where(relevant < 2, 1.0, (depth + 1) * (relevant - 1) / (relevant + 1))
    return distance
