"""Measures of language fairness by hand, in pt.Experiment, and in the grid: both give the same values."""

import pickle
from dataclasses import replace

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from grid_helpers import Exhaustive, Letters, corpus_of, make_toy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

import pyterrier_hybrid as ph
from pyterrier_hybrid import (
    Complete,
    FirstRightOther,
    FirstRightSame,
    FirstWrongOther,
    FirstWrongSame,
    LanguageExperiment,
    LanguagePreference,
    MaxRank,
    RankCorrelation,
)
from pyterrier_hybrid.experiment.cache.rank_cache import StoredRanks
from pyterrier_hybrid.experiment.measures import decimals, lower_is_better, parse_measures
from pyterrier_hybrid.experiment.measures.supported import OWN_MEASURES

SPLIT = [FirstRightSame(), FirstRightOther(), FirstWrongSame(), FirstWrongOther()]
MEASURES = [
    MaxRank(), MaxRank(cutoff=4), Complete(cutoff=2), Complete(cutoff=9), LanguagePreference(), *SPLIT,
    RankCorrelation(), RankCorrelation(cutoff=3),
]  # fmt: skip

# Ranks 1 to 6: en_0 de_1 ar_9 ar_1 en_7 en_1.
ORDER = ["en_0", "de_1", "ar_9", "ar_1", "en_7", "en_1"]
ANSWERS = ["ar_1", "de_1", "en_1"]


def ranking(*docnos):
    return {docno: float(len(docnos) - at) for at, docno in enumerate(docnos)}


def value(measure, relevant, order=ORDER, qid="q_de"):
    return measure.calc_aggregate({qid: dict.fromkeys(relevant, 1)}, {qid: ranking(*order)})


@pytest.mark.parametrize(
    ("relevant", "cutoff", "expected"),
    [
        (ANSWERS, None, 6),
        (["de_1"], None, 2),
        ([*ANSWERS, "tr_1"], None, 7),
        (["tr_1"], None, 7),
        (ANSWERS, 4, 5),
        (ANSWERS, 100, 6),
        ([*ANSWERS, "tr_1"], 100, 101),
    ],
)
def test_max_rank(relevant, cutoff, expected):
    assert value(MaxRank(cutoff=cutoff), relevant) == expected


def test_max_rank_of_a_query_without_relevant_documents_or_without_results():
    qrels = {"q_de": {"de_1": 0}, "r_de": {"de_1": 1}}
    run = {"q_de": ranking(*ORDER)}
    values = {metric.query_id: metric.value for metric in MaxRank().iter_calc(qrels, run)}
    assert values == {"q_de": 7, "r_de": 7}
    assert np.isnan(MaxRank().calc_aggregate(qrels, {}))
    assert MaxRank(cutoff=20).calc_aggregate(qrels, {}) == 21


@pytest.mark.parametrize(("k", "expected"), [(1, 0), (5, 0), (6, 1), (100, 1)])
def test_complete(k, expected):
    assert value(Complete(cutoff=k), ANSWERS) == expected
    assert value(Complete(cutoff=k), [*ANSWERS, "tr_1"]) == 0
    assert Complete(cutoff=k).calc_aggregate({"q_de": {"de_1": 0}}, {"q_de": ranking(*ORDER)}) == 0


@pytest.mark.parametrize(
    ("qid", "relevant", "expected"),
    [
        ("q_de", ANSWERS, 1),
        ("q_ar", ANSWERS, 0),
        ("q_ar", ["ar_1", "en_1"], 1),
        ("q_tr", ANSWERS, 0),  # no answer in the query's language
        ("q_tr", [*ANSWERS, "tr_1"], 0),
        ("q_tr", ["tr_1"], 0),  # nothing retrieved
        ("q_en", ["en_1"], 1),
    ],
)
def test_language_preference(qid, relevant, expected):
    assert value(LanguagePreference(), relevant, qid=qid) == expected


@pytest.mark.parametrize(
    ("qid", "order", "expected"),
    [
        ("q_de", ["de_1", "en_0"], [1, 0, 0, 0]),
        ("q_de", ["ar_1", "de_1"], [0, 1, 0, 0]),
        ("q_de", ["de_5", "de_1"], [0, 0, 1, 0]),
        ("q_de", ["en_0", "de_1"], [0, 0, 0, 1]),
        ("other_de", ["en_0", "de_1"], [0, 0, 0, 0]),
    ],
)
def test_four_outcomes_of_the_first_result(qid, order, expected):
    qrels, run = {"q_de": dict.fromkeys(ANSWERS, 1)}, {qid: ranking(*order)}
    assert [measure.calc_aggregate(qrels, run) for measure in SPLIT] == expected


def test_ties_as_trec_eval():
    qrels = {"q_de": dict.fromkeys(ANSWERS, 1)}
    # The larger docno is first: en_0 before de_1 before ar_1; the difference is beyond single precision.
    run = {"q_de": {"de_1": 1.0, "ar_1": 1.0 + 1e-9, "en_0": 1.0, "de_0": 0.5}}
    assert [measure.calc_aggregate(qrels, run) for measure in SPLIT] == [0, 0, 0, 1]
    del run["q_de"]["en_0"]
    assert [measure.calc_aggregate(qrels, run) for measure in SPLIT] == [1, 0, 0, 0]
    assert LanguagePreference().calc_aggregate(qrels, run) == 1
    assert MaxRank().calc_aggregate({"q_de": {"de_1": 1, "ar_1": 1}}, run) == 2


def correlations(orders, relevant=None, **options):
    qrels = {qid: dict.fromkeys((relevant or {}).get(qid, ANSWERS), 1) for qid in orders}
    run = {qid: ranking(*order) for qid, order in orders.items() if order}
    return {metric.query_id: metric.value for metric in RankCorrelation(**options).iter_calc(qrels, run)}


def test_rank_correlation_by_hand():
    # Pairs: ar and de -1; ar and en 1 - 6 * 2 / 24 = .5; de and en 1 - 6 * 6 / 24 = -.5.
    orders = {"q_ar": ["ar_1", "en_1", "de_1"], "q_de": ["de_1", "en_1", "ar_1"], "q_en": ["en_1", "ar_1", "de_1"]}
    assert correlations(orders) == {"q_ar": -0.25, "q_de": -0.75, "q_en": 0}
    # Documents that are not relevant, and those of other questions, do not matter.
    orders = {qid: ["x_0", order[0], "x_1", *order[1:]] for qid, order in orders.items()}
    assert correlations({**orders, "r_en": ANSWERS}) == {"q_ar": -0.25, "q_de": -0.75, "q_en": 0, "r_en": 1}


def test_rank_correlation_of_incomplete_rankings():
    # en_1 and de_1 share ranks 2 and 3 in the first: 1.5 / sqrt(1.5 * 2).
    expected = spearmanr([1, 2.5, 2.5], [1, 2, 3]).statistic
    orders = {"q_ar": ["ar_1"], "q_de": ["ar_1", "de_1", "en_1"]}
    assert correlations(orders) == pytest.approx(dict.fromkeys(orders, expected))
    assert correlations({"q_ar": ANSWERS, "q_de": ANSWERS}) == {"q_ar": 1, "q_de": 1}
    assert correlations({"q_ar": ANSWERS, "q_de": [*ANSWERS[:1], *ANSWERS[:0:-1]]}, cutoff=1) == {"q_ar": 1, "q_de": 1}
    # A query that retrieves nothing agrees with nothing.
    assert correlations({"q_ar": ANSWERS, "q_de": ANSWERS, "q_en": []}) == {"q_ar": 0.5, "q_de": 0.5, "q_en": 0}


def test_rank_correlation_of_translations_with_other_answers():
    orders = dict.fromkeys(["q_ar", "q_de", "q_en"], ANSWERS)
    orders["q_de"] = ANSWERS[::-1]
    # ar and de have two answers in common, in opposite orders; en has only one with either.
    relevant = {"q_ar": ["ar_1", "de_1"], "q_de": ["ar_1", "de_1"], "q_en": ["en_1", "de_1"]}
    assert correlations(orders, relevant) == {"q_ar": -1, "q_de": -1, "q_en": 1}


def test_rank_correlation_needs_translations():
    with pytest.raises(ValueError, match="no question is asked in two languages"):
        correlations({"q_de": ANSWERS, "r_de": ANSWERS})
    with pytest.raises(ValueError, match="RankCorrelation compares query languages; choose two or more"):
        LanguageExperiment({"s": Letters()}, "atlas", measures=[RankCorrelation()], languages=["de"])


def test_ids_without_a_language():
    with pytest.raises(ValueError, match="LanguagePreference: qid '17' does not tell its language"):
        value(LanguagePreference(), ANSWERS, qid="17")
    with pytest.raises(ValueError, match="docno 'doc7' does not tell its language; it must be {lang}_{rest}"):
        value(LanguagePreference(), ["doc7"])
    # The languages of documents that are not relevant are needed only for the first result.
    assert value(LanguagePreference(), ["de_1"], ["doc7", "de_1"]) == 1
    with pytest.raises(ValueError, match="FirstWrongSame: docno 'doc7'"):
        value(FirstWrongSame(), ["de_1"], ["doc7", "de_1"])


def test_names_are_parsed():
    assert parse_measures(map(str, MEASURES)) == MEASURES
    assert str(Complete() @ 10) == "Complete@10" and str(MaxRank() @ 5) == "MaxRank@5"
    for name in ("Complete", "MaxRank@0", "LanguagePreference@3", "FirstRightSame@1"):
        with pytest.raises(ValueError, match="is not supported"):
            parse_measures([name])
    with pytest.raises(TypeError, match="Complete: cutoff=2.5 must be a whole number"):
        Complete(cutoff=2.5)
    assert [lower_is_better(str(measure)) for measure in MEASURES].count(True) == 4
    assert {str(measure) for measure in MEASURES if decimals(str(measure)) == 0} == {"MaxRank", "MaxRank@4"}


@pytest.mark.parametrize("measure", OWN_MEASURES, ids=str)
def test_names_are_measures(measure):
    assert getattr(ph, measure.NAME) is measure
    assert pickle.loads(pickle.dumps(measure)) == measure == measure()
    assert ir_measures.measures.registry[measure.NAME] == measure
    if "cutoff" in measure.SUPPORTED_PARAMS:
        assert measure @ 3 == measure(cutoff=3) == ir_measures.parse_measure(f"{measure.NAME}@3") != measure
        measure = measure @ 3
    qids, docnos = ["q_de", "q_de", "q_en", "q_en"], ["de_1", "en_1"] * 2
    qrels = pd.DataFrame({"qid": qids, "docno": docnos, "label": 1})
    run = pt.Transformer.from_df(
        pd.DataFrame({"qid": qids, "docno": docnos, "score": [2.0, 1.0] * 2, "rank": [0, 1] * 2})
    )
    found = pt.Experiment([run], pd.DataFrame({"qid": ["q_de", "q_en"], "query": "x"}), qrels, [measure])
    assert str(measure) in found


def test_a_missing_cutoff_is_named():
    with pytest.raises(ValueError, match="^Complete needs a cutoff: write Complete@10 for"):
        Complete.calc_aggregate({"q": {"a": 1}}, {"q": {"a": 1.0}})


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-fairness")


@pytest.mark.parametrize("languages", [None, ["de", "es"]])
@pytest.mark.parametrize("depth", [None, 6])
def test_grid_equals_pt_experiment(toy, depth, languages):
    """Not every query has an answer in every language, many scores are tied, and some documents are not retrieved."""
    encoder = Letters(dim=4)
    systems = {"function": lambda corpus: Exhaustive(encoder, corpus, depth)}
    if depth is None:
        systems["encoder"] = encoder
    # The grid's depth is the number of documents; a run that does not contain all needs a cutoff to have that depth.
    corpus = corpus_of(toy, "multi", languages)
    measures = [
        type(measure)(cutoff=len(corpus)) if measure in (MaxRank(), RankCorrelation()) else measure
        for measure in MEASURES
    ]
    results = LanguageExperiment(systems, toy, measures=measures, kinds="multi", languages=languages, perquery=True)
    frames = [pt.get_dataset(f"irds:{toy.id('multi', lang)}") for lang in results.languages]
    qrels = pd.concat([dataset.get_qrels() for dataset in frames])
    qrels = qrels[qrels["docno"].str.split("_").str[0].isin(results.languages)]
    topics = pd.concat([dataset.get_topics() for dataset in frames])
    topics = topics[topics["qid"].isin(qrels["qid"])]
    expected = pt.Experiment(
        [Exhaustive(encoder, corpus, depth)], topics, qrels, measures, perquery=True, validate="ignore"
    ).pivot(index="qid", columns="measure", values="value")
    for _, of_system in results.queries.groupby("system"):
        found = of_system.pivot(index="qid", columns="measure", values="value")
        pd.testing.assert_frame_equal(found, expected, check_names=False, check_like=True)
    split = results.means.set_index(["system", "measure"])["value"].unstack()[[str(measure) for measure in SPLIT]]
    np.testing.assert_allclose(split.sum(axis=1), 1)


def test_cached_pools_keep_their_first_results(toy, tmp_path, monkeypatch):
    class Cached(Letters):
        fingerprint = "letters"

    def evaluate(cache):
        options = {"measures": [*SPLIT, "AP"], "kinds": ["mono", "multi"], "cache": cache}
        return LanguageExperiment({"s": Cached(dim=4)}, toy, **options).settings

    expected = evaluate(None)
    pd.testing.assert_frame_equal(evaluate(tmp_path / "new"), expected)
    pd.testing.assert_frame_equal(evaluate(tmp_path / "new"), expected)
    # Earlier versions stored no first results; such pools are ranked again.
    write = StoredRanks.write
    with monkeypatch.context() as patch:
        patch.setattr(
            StoredRanks,
            "write",
            lambda self, corpus, setting, ranks: write(self, corpus, setting, replace(ranks, first=None)),
        )
        evaluate(tmp_path / "old")
    sizes = {path: path.stat().st_size for path in (tmp_path / "old/ranks").rglob("*.npy")}
    pd.testing.assert_frame_equal(evaluate(tmp_path / "old"), expected)
    assert sum(path.stat().st_size > size for path, size in sizes.items()) == 3


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_properties(data):
    langs = ["ar", "de", "en", "es"]
    docnos = [f"{lang}_{number}" for lang in langs for number in range(3)]
    qids = [f"q{number}_{lang}" for number in range(2) for lang in langs]
    run = {
        qid: dict(zip(docnos, data.draw(st.lists(st.integers(0, 4), min_size=12, max_size=12)), strict=True))
        for qid in qids
    }
    qrels = {qid: {f"{lang}_{qid[1]}": 1 for lang in langs} for qid in qids}
    values = {
        str(metric.measure) + metric.query_id: metric.value
        for metric in ir_measures.iter_calc([*MEASURES, Complete(cutoff=12)], qrels, run)
    }
    for qid in qids:
        assert sum(values[f"{measure}{qid}"] for measure in SPLIT) == 1
        assert 4 <= values[f"MaxRank{qid}"] <= 12 and values[f"Complete@12{qid}"] == 1
        assert (values[f"Complete@9{qid}"] == 1) == (values[f"MaxRank{qid}"] <= 9)
        assert values[f"FirstRightSame{qid}"] <= values[f"LanguagePreference{qid}"]
        others = [other for other in qids if other[1] == qid[1] and other != qid]
        ranks = {
            other: [
                sorted(run[other], key=lambda d, s=run[other]: (s[d], d), reverse=True).index(d) for d in qrels[qid]
            ]
            for other in [qid, *others]
        }
        expected = np.mean([spearmanr(ranks[qid], ranks[other]).statistic for other in others])
        assert values[f"RankCorrelation{qid}"] == pytest.approx(expected)
