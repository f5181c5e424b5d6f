"""Measures of language bias as ir_measures measures, and the measures that the grid computes from exact ranks."""

from collections.abc import Callable, Iterable, Iterator

import ir_measures
import numpy as np
import pandas as pd
from ir_measures import AP, Measure, Metric, ParamInfo, R

from pyterrier_hybrid.experiment.measures.ranks import (
    Ranks,
    average_precision,
    ndcg,
    place_in_group,
    precision,
    rank_distances,
    recall,
    reciprocal_rank,
    success,
)


class RankDistance(Measure):
    """How far the relevant documents of one query are apart in a ranking: highest minus lowest rank.

    In a pool of several languages every query has one relevant document per language. Without language bias these
    stand together; a system that prefers some languages pulls them apart. Lower is better, k - 1 is the best value for
    k relevant documents, and a query with a single relevant document has 0. It is the measure of table 2 of
    arXiv 2408.10536.

    The definition where rankings end early:

    - The *depth* of a run is `cutoff` where it is given, else the length of the run's longest ranking. Give a cutoff
      to compare runs of different lengths, or with ``pt.Experiment(batch_size=...)``, which shows a measure one batch
      at a time.
    - A relevant document that was not retrieved, or below the cutoff, counts as rank depth + 1.
    - A query with two or more relevant documents of which *none* was retrieved gets `depth`. It is the worst value
      that a query can have (first and not at all); the plain difference would be 0, the best one.
    - Every query of the qrels has a value, also without results. A run without any result and without a cutoff has no
      depth; the value is then NaN.

    Ties are broken as trec_eval breaks them, whatever the order of the input: scores are compared in single precision,
    of equal scores the larger docno is first. Documents are relevant from level 1 on.

    Args:
        cutoff: Look at the first `cutoff` documents only, also written ``RankDistance() @ 100``; default: at all.
        normalized: Divide by the expected distance in random order, (N + 1)(k - 1)/(k + 1) for N = depth and k relevant
            documents: 1 is no better than chance, whatever the sizes of the pool and of k.

    Raises:
        TypeError: `cutoff` is not a whole number, or `normalized` not a bool.
        ValueError: `cutoff` is below 1; while measuring: a run with a missing score or with a document twice in one
            ranking.

    >>> run = {"q1": {"de_1": 9.0, "xx_1": 8.0, "ar_1": 7.0, "xx_2": 6.0}}
    >>> measure = RankDistance()
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
    RUN_INPUTS = ["query_id", "doc_id", "score"]
    QREL_INPUTS = ["query_id", "doc_id", "relevance"]

    def __init__(self, *, cutoff: int | None = None, normalized: bool = False) -> None:
        """Makes the measure; see the class for what the parameters mean."""
        if cutoff is not None and (isinstance(cutoff, bool) or not isinstance(cutoff, (int, np.integer))):
            raise TypeError(f"RankDistance: cutoff={cutoff!r} must be a whole number such as 1000, or None.")
        if cutoff is not None and cutoff < 1:
            raise ValueError(f"RankDistance: cutoff={cutoff!r} must be 1 or more.")
        if not isinstance(normalized, bool):
            raise TypeError(f"RankDistance: normalized={normalized!r} must be True or False.")
        # A parameter at its default is left out, so that RankDistance(cutoff=None) equals RankDistance().
        params = {} if cutoff is None else {"cutoff": int(cutoff)}
        super().__init__(**params, **({"normalized": True} if normalized else {}))

    def runtime_impl(self, qrels: pd.DataFrame, run: pd.DataFrame) -> Iterator[Metric]:
        """Values of all queries of the qrels at once: the interface of ir_measures' runtime provider.

        Args:
            qrels: Columns query_id, doc_id, relevance.
            run: Columns query_id, doc_id, score, in any order.

        Yields:
            One metric per query of the qrels, none for other queries.

        Raises:
            ValueError: A score is missing, or a document occurs twice in one ranking.
        """
        qids = pd.Index(qrels["query_id"].unique())
        relevant = qrels.loc[qrels["relevance"] >= 1, ["query_id", "doc_id"]].drop_duplicates()
        query = qids.get_indexer(relevant["query_id"])
        rank, longest = _ranks_in_run(relevant, run)
        values = rank_distances(
            query,
            rank,
            queries=len(qids),
            depth=self.params.get("cutoff", longest),
            normalized=self.params.get("normalized", False),
        )
        for qid, value in zip(qids, values.tolist(), strict=True):
            yield Metric(query_id=qid, measure=self, value=value)


def _ranks_in_run(relevant: pd.DataFrame, run: pd.DataFrame) -> tuple[np.ndarray, int]:
    """Rank of each row of `relevant` in the run (0: not retrieved), and the length of the run's longest ranking."""
    if not len(run):
        return np.zeros(len(relevant), np.int64), 0
    # pytrec_eval hands scores to trec_eval as single precision: closer ones are ties there, and so they are here.
    with np.errstate(over="ignore"):
        score = run["score"].to_numpy(np.float64).astype(np.float32)
    if np.isnan(score).any():
        qid = run["query_id"].iloc[int(np.isnan(score).argmax())]
        raise ValueError(f"RankDistance: the run has a missing score (NaN) for query {qid!r}; drop or fill that row.")
    query, qids = pd.factorize(run["query_id"])
    docno, docnos = pd.factorize(run["doc_id"], sort=True)
    cell = query.astype(np.int64) * len(docnos) + docno
    twice = pd.Series(cell).duplicated().to_numpy()
    if twice.any():
        row = run.iloc[int(twice.argmax())]
        raise ValueError(
            f"RankDistance: the run lists document {row['doc_id']!r} twice for query {row['query_id']!r}; "
            "keep one row of each query and document."
        )
    order = np.lexsort((-docno, -score, query))
    rank = np.empty(len(run), np.int64)
    rank[order] = place_in_group(query[order]) + 1
    wanted_query = pd.Index(qids).get_indexer(relevant["query_id"])
    wanted_docno = pd.Index(docnos).get_indexer(relevant["doc_id"])
    wanted = np.where((wanted_query < 0) | (wanted_docno < 0), -1, wanted_query * len(docnos) + wanted_docno)
    at = pd.Index(cell).get_indexer(wanted)
    return np.where(at < 0, 0, rank[at]), int(np.bincount(query).max())


_FROM_RANKS: dict[str, Callable[[Ranks, int | None], np.ndarray]] = {
    "AP": average_precision,
    "R": recall,
    "P": precision,
    "RR": reciprocal_rank,
    "nDCG": ndcg,
    "Success": success,
}
SUPPORTED = "AP, AP@k, R@k, P@k, RR, RR@k, nDCG, nDCG@k, Success@k, RankDistance, RankDistance@k"
DEFAULT_MEASURES: tuple[Measure, ...] = (AP, R @ 1, R @ 10, RankDistance())

if "RankDistance" not in ir_measures.measures.registry:
    ir_measures.measures.register(RankDistance(), name="RankDistance")


def parse_measures(measures: Iterable[Measure | str] | Measure | str | None) -> list[Measure]:
    """The measures of a language experiment as objects.

    Args:
        measures: ir_measures objects or what they print as; one alone is a list of one; default: AP, R@1, R@10 and
            RankDistance.

    Returns:
        The measures, each once, in the given order.

    Raises:
        ValueError: A measure that cannot be computed from the ranks of the relevant documents, or none at all.
        TypeError: Something that is neither a measure nor a string.

    >>> parse_measures(["AP", "nDCG@10", "RankDistance"])
    [AP, nDCG@10, RankDistance]
    """
    if measures is None:
        return list(DEFAULT_MEASURES)
    given = [measures] if isinstance(measures, (str, Measure)) else list(measures)
    parsed = list(dict.fromkeys(_parse_measure(measure) for measure in given))
    if not parsed:
        raise ValueError(f"measures: no measure was given; the supported ones are {SUPPORTED}.")
    return parsed


def _parse_measure(measure: Measure | str) -> Measure:
    if not isinstance(measure, (Measure, str)):
        hint = " (make an object of it: RankDistance())" if measure is RankDistance else ""
        raise TypeError(f"measures: {measure!r} is neither an ir_measures measure nor a string such as 'R@10'{hint}.")
    unsupported = ValueError(f"measures: {str(measure)!r} is not supported; the supported ones are {SUPPORTED}.")
    try:
        parsed = ir_measures.parse_measure(measure)
        parsed.validate_params()
    except (ValueError, NameError, AssertionError) as error:
        raise unsupported from error
    if isinstance(parsed, RankDistance):
        return parsed
    options = {name for name, value in parsed.params.items() if value != parsed.SUPPORTED_PARAMS[name].default}
    cutoff = parsed.params.get("cutoff")
    if parsed.NAME not in _FROM_RANKS or options - {"cutoff"} or (cutoff is not None and cutoff < 1):
        raise unsupported
    return parsed


def values_from_ranks(measure: Measure, ranks: Ranks) -> np.ndarray:
    """A measure of every query, equal to what ir_measures computes from the whole ranking.

    Args:
        measure: One that :func:`parse_measures` accepts.
        ranks: The ranks of the relevant documents.

    Returns:
        float64 [queries].
    """
    cutoff = measure.params.get("cutoff")
    if isinstance(measure, RankDistance):
        return rank_distances(
            ranks.query,
            ranks.rank,
            queries=ranks.queries,
            depth=ranks.depth if cutoff is None else cutoff,
            normalized=measure.params.get("normalized", False),
        )
    return _FROM_RANKS[measure.NAME](ranks, cutoff)


def lower_is_better(measure: Measure | str) -> bool:
    """Whether small values of the measure are the good ones.

    >>> lower_is_better("RankDistance@100"), lower_is_better("AP")
    (True, False)
    """
    return str(measure).startswith("RankDistance")
