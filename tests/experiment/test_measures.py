"""RankDistance by hand, in ir_measures and in pt.Experiment; measures from exact ranks equal those of ir_measures."""

import itertools

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, Qrel, R, ScoredDoc

from pyterrier_hybrid import RankDistance
from pyterrier_hybrid.experiment.measures import SUPPORTED, lower_is_better, parse_measures, values_from_ranks
from pyterrier_hybrid.experiment.measures.rank_distance import rank_distances
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.counting import count_ranks

# Ranks 1 to 6: a f b e c d.
RUN = {"q": {"a": 9.0, "b": 7.0, "c": 3.0, "d": 1.0, "e": 5.0, "f": 8.0}}


def distance(relevant, run=RUN, **options):
    return RankDistance(**options).calc_aggregate({"q": dict.fromkeys(relevant, 1)}, run)


@pytest.mark.parametrize(
    ("relevant", "expected"),
    [
        ("af", 1),
        ("ad", 5),
        ("fbd", 4),
        ("abcdef", 5),
        ("a", 0),
        ("d", 0),
        ("ax", 6),  # x counts as rank 7
        ("dx", 1),
        ("axy", 6),
        ("x", 0),
        ("xy", 6),  # nothing retrieved: the depth
    ],
)
def test_golden_values(relevant, expected):
    assert distance(relevant) == expected


@pytest.mark.parametrize(
    ("relevant", "cutoff", "expected"),
    [("af", 3, 1), ("ad", 3, 3), ("ab", 3, 2), ("cd", 3, 3), ("ad", 100, 5), ("ax", 100, 100), ("xy", 100, 100)],
)
def test_cutoff(relevant, cutoff, expected):
    assert distance(relevant, cutoff=cutoff) == expected
    assert (RankDistance() @ cutoff).calc_aggregate({"q": dict.fromkeys(relevant, 1)}, RUN) == expected


def test_documents_judged_not_relevant_are_ignored():
    assert RankDistance().calc_aggregate({"q": {"a": 1, "f": 2, "d": 0, "c": -1}}, RUN) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_ties_as_trec_eval_whatever_the_order_of_rows(order):
    # Ranks 1 to 4: d c b a, since the larger docno is first; b differs from c beyond single precision only.
    rows = [("a", 1.0), ("b", 2.0), ("c", 2.0 - 1e-9), ("d", 2.0)]
    run = [ScoredDoc("q", *rows[at]) for at in order]
    for relevant, expected in (("da", 3), ("dc", 1), ("cb", 1), ("db", 2)):
        qrels = [Qrel("q", docno, 1) for docno in relevant]
        assert RankDistance().calc_aggregate(qrels, run) == expected
        found = {rank for rank in range(1, 5) if ir_measures.calc_aggregate([R @ rank], qrels, run)[R @ rank] == 1}
        assert min(found) - expected in range(1, 4), "the last relevant document is where trec_eval has it"


def test_query_without_results_gets_the_worst_value_and_not_0():
    qrels = [Qrel(qid, docno, 1) for qid in ("q", "missing") for docno in "af"]
    run = [ScoredDoc("q", docno, score) for docno, score in RUN["q"].items()]
    values = {metric.query_id: metric.value for metric in RankDistance().iter_calc(qrels, run)}
    assert values == {"q": 1, "missing": 6}
    assert ir_measures.calc_aggregate([RankDistance() @ 50], qrels, run) == {RankDistance() @ 50: (1 + 50) / 2}


def test_query_without_qrels_has_no_value():
    run = {"q": RUN["q"], "other": RUN["q"]}
    assert [m.query_id for m in RankDistance().iter_calc({"q": {"a": 1, "f": 1}}, run)] == ["q"]


@pytest.mark.parametrize("run", [{}, [], pd.DataFrame({"query_id": [], "doc_id": [], "score": []})])
def test_empty_run(run):
    qrels = {"q": {"a": 1, "b": 1}}
    assert np.isnan(RankDistance().calc_aggregate(qrels, run))
    assert (RankDistance() @ 20).calc_aggregate(qrels, run) == 20
    assert RankDistance(cutoff=20, normalized=True).calc_aggregate(qrels, run) == pytest.approx(20 / (21 / 3))


@pytest.mark.parametrize(("documents", "relevant"), [(2, 2), (5, 2), (6, 3), (7, 5)])
def test_normalized_variant_is_1_for_random_order(documents, relevant):
    # Every set of places is equally likely in random order: the exact expectation is the mean over all of them.
    places = np.array(list(itertools.combinations(range(1, documents + 1), relevant)))
    query = np.repeat(np.arange(len(places)), relevant)
    plain = rank_distances(query, places.ravel(), queries=len(places), depth=documents)
    assert plain.mean() == pytest.approx((documents + 1) * (relevant - 1) / (relevant + 1))
    options = {"queries": len(places), "depth": documents, "normalized": True}
    assert rank_distances(query, places.ravel(), **options).mean() == pytest.approx(1)


def test_normalized_by_hand():
    assert distance("fbd", normalized=True) == pytest.approx(4 / (7 * 2 / 4))
    assert distance("ad", normalized=True, cutoff=100) == pytest.approx(5 / (101 / 3))
    assert distance("a", normalized=True) == 0


def test_in_pt_experiment_beside_other_measures():
    topics = pd.DataFrame({"qid": ["q", "missing"], "query": ["one", "two"]})
    qrels = pd.DataFrame({"qid": ["q", "q", "missing", "missing"], "docno": list("afaf"), "label": 1})
    results = pd.DataFrame({"qid": "q", "query": "one", "docno": RUN["q"].keys(), "score": RUN["q"].values()})
    ranked = pt.Transformer.from_df(pt.model.add_ranks(results))
    frame = pt.Experiment([ranked], topics, qrels, [AP, R @ 1, RankDistance(), RankDistance(cutoff=1000)])
    assert frame[["AP", "R@1", "RankDistance", "RankDistance@1000"]].values.tolist() == [[0.5, 0.25, 3.5, 500.5]]


def test_equality_names_and_parsing():
    assert RankDistance() == RankDistance(cutoff=None, normalized=False) != RankDistance(normalized=True)
    assert len({RankDistance() @ 5, RankDistance(cutoff=5), RankDistance()}) == 2
    for options in ({}, {"cutoff": 5}, {"normalized": True}, {"cutoff": 5, "normalized": True}):
        measure = RankDistance(**options)
        assert ir_measures.parse_measure(str(measure)) == measure
        assert lower_is_better(measure)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"cutoff": 0}, ValueError, "cutoff=0 must be 1 or more"),
        ({"cutoff": 2.5}, TypeError, "cutoff=2.5 must be a whole number"),
        ({"cutoff": True}, TypeError, "cutoff=True"),
        ({"normalized": 1}, TypeError, "normalized=1"),
    ],
)
def test_wrong_options(options, error, message):
    with pytest.raises(error, match=message):
        RankDistance(**options)


def test_wrong_runs():
    with pytest.raises(ValueError, match="missing score .NaN. for query 'q'"):
        distance("af", run={"q": {"a": 1.0, "f": float("nan")}})
    with pytest.raises(ValueError, match="document 'a' twice for query 'q'"):
        distance("af", run=[ScoredDoc("q", "a", 1.0), ScoredDoc("q", "a", 0.5)])


def test_default_and_parsed_measures():
    assert [str(measure) for measure in parse_measures(None)] == ["AP", "R@1", "R@10", "RankDistance"]
    assert parse_measures(R @ 1) == parse_measures("R@1") == parse_measures([R @ 1, "R@1"]) == [R @ 1]
    assert parse_measures(name.replace("@k", "@7") for name in SUPPORTED.split(", ")) == [
        ir_measures.parse_measure(name.replace("@k", "@7")) for name in SUPPORTED.split(", ")
    ]


UNSUPPORTED = ["P", "R", "Success", "Bpref", "AP(rel=2)", "nDCG(dcg='exp-log2')@10", "RR@0", "R@-1", "AP@", ""]


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_measures_list_the_supported(name):
    with pytest.raises(ValueError, match=r"is not supported; the supported ones are AP, AP@k, R@k"):
        parse_measures(["AP", name])


def test_no_measure():
    with pytest.raises(ValueError, match="no measure"):
        parse_measures([])
    with pytest.raises(TypeError, match=r"make an object of it: _RankDistance\(\)"):
        parse_measures([type(RankDistance)])
    with pytest.raises(TypeError, match="5 is neither"):
        parse_measures([5])


MEASURES = parse_measures(
    "AP AP@3 AP@100 R@1 R@4 P@1 P@5 P@100 RR RR@1 RR@3 RR@100 nDCG nDCG@2 nDCG@100 Success@1 Success@3 RankDistance "
    "RankDistance@4 RankDistance(normalized=True)".split()
)


@st.composite
def judged_rankings(draw):
    """Scores with many ties, documents that were not retrieved, and judgements of several levels."""
    queries, documents = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    score = st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 0.25 + 1e-12, 1.0, 1e6])
    scores = [[draw(score) for _ in range(documents)] for _ in range(queries)]
    levels = [[draw(st.sampled_from([None, None, 0, 1, 1, 3])) for _ in range(documents)] for _ in range(queries)]
    return np.array(scores), levels


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(judged_rankings())
def test_values_from_exact_ranks_equal_those_of_ir_measures(case):
    scores, levels = case
    judged = [(q, d, level) for q, row in enumerate(levels) for d, level in enumerate(row) if level is not None]
    qids = sorted({q for q, _, _ in judged})
    if not qids:
        return
    names = [f"d{d:02d}" for d in range(scores.shape[1])]
    qrels = [Qrel(str(q), names[d], level) for q, d, level in judged]
    run = [ScoredDoc(str(q), names[d], score) for (q, d), score in np.ndenumerate(scores) if np.isfinite(score)]
    # The provider of RR@k compares doubles, all others and the grid single precision.
    rounded = [row._replace(score=float(np.float32(row.score))) for row in run]
    relevant = np.array([(qids.index(q), d, level) for q, d, level in judged if level > 0], np.int64).reshape(-1, 3)
    query, column, relevance = relevant.T
    rank, msmarco_rank = count_ranks(scores[qids].astype(np.float32), query, column)
    ranks = Ranks(query, relevance, rank, msmarco_rank, queries=len(qids), depth=scores.shape[1])
    longest = max((np.isfinite(row).sum() for row in scores), default=0)
    for measure in MEASURES:
        if measure.NAME == "RankDistance" and "cutoff" not in measure.params and longest < ranks.depth:
            continue  # ir_measures sees the longest ranking only; the grid knows how many documents there are
        rows = rounded if measure.NAME == "RR" else run
        ours = dict(zip(map(str, qids), values_from_ranks(measure, ranks), strict=True))
        theirs = {metric.query_id: metric.value for metric in ir_measures.iter_calc([measure], qrels, rows)}
        assert ours == pytest.approx({**dict.fromkeys(ours, 0.0), **theirs}), measure


def test_ranks_of_documents_that_were_not_retrieved():
    scores = np.array([[-np.inf, 2.0, -np.inf], [1.0, 1.0, 1.0]], np.float32)
    rank, msmarco_rank = count_ranks(scores, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]))
    assert (rank.tolist(), msmarco_rank.tolist()) == ([0, 1, 3, 1], [0, 1, 1, 3])


def test_no_relevant_document_at_all():
    nothing = np.zeros(0, np.int64)
    assert [part.shape for part in count_ranks(np.ones((2, 3)), nothing, nothing)] == [(0,), (0,)]
    ranks = Ranks(nothing, nothing, nothing, nothing, queries=2, depth=3)
    assert all((values_from_ranks(measure, ranks) == [0, 0]).all() for measure in MEASURES)
