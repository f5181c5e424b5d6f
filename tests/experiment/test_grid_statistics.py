"""Tests against a baseline, several seeds, intervals, values of single queries."""

import ir_measures
import numpy as np
import pyterrier as pt
import pytest
from grid_helpers import MEASURES, Exhaustive, Letters, corpus_of, expected_values, make_toy
from scipy import stats

from pyterrier_hybrid import LanguageExperiment
from pyterrier_hybrid.experiment.report.intervals import bootstrap
from pyterrier_hybrid.experiment.report.significance import TESTS, holm, randomisation_test, t_test


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-statistics")


@pytest.fixture(scope="module")
def results(toy):
    systems = {"a": Letters(), "b": Letters(seed=7), "c": Letters(dim=2)}
    return LanguageExperiment(systems, toy, measures=MEASURES, baseline="b")


def test_baseline_p_values(toy, results):
    settings = results.settings
    assert settings.query("system == 'b'")["p_value"].isna().all()
    tested = settings.query("system == 'c' and measure == 'AP'")
    for doc_lang, query_lang, found in tested[["doc_lang", "query_lang", "p_value"]].itertuples(index=False):
        setting = (toy.id(doc_lang, query_lang), corpus_of(toy, doc_lang), ["AP"])
        ours, baseline = (expected_values(encoder, *setting)["AP"] for encoder in (Letters(dim=2), Letters(seed=7)))
        assert found == pytest.approx(stats.ttest_rel(ours, baseline).pvalue)
    for _, rows in settings.groupby(["system", "measure"]):
        np.testing.assert_array_equal(rows["p_corrected"], holm(rows["p_value"].to_numpy()))


def test_baseline_p_value_is_that_of_pt_experiment(toy, results):
    dataset = pt.get_dataset(f"irds:{toy.id('es', 'es')}")
    systems = [Exhaustive(encoder, corpus_of(toy, "es")) for encoder in (Letters(seed=7), Letters(dim=2))]
    data = (dataset.get_topics(), dataset.get_qrels(), [ir_measures.AP])
    expected = pt.Experiment(systems, *data, baseline=0, validate="ignore")["AP p-value"][1]
    rows = results.settings.query("system == 'c' and doc_lang == 'es' and query_lang == 'es' and measure == 'AP'")
    assert rows["p_value"].item() == pytest.approx(expected)


def test_holm_by_hand():
    # Sorted: .01 × 4, .02 × 3, .03 × 2 raised to .06, .9 × 1.
    assert holm(np.array([0.03, 0.9, 0.01, 0.02])) == pytest.approx([0.06, 0.9, 0.04, 0.06])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1, 1])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert len(holm(np.zeros(0))) == 0


def test_t_test_without_variance():
    difference = np.stack([np.zeros(3), np.ones(3), [3.0, 4.0, 6.0]], axis=1)
    assert t_test(difference).tolist() == [1.0, 0.0, stats.ttest_1samp(difference[:, 2], 0).pvalue]
    assert np.isnan(t_test(np.ones((1, 2)))).all()


def test_randomisation_test_by_hand():
    # Of the 16 ways to give 1, 2, 3, 4 a sign, 2 reach |10|, 4 reach |8|; zeros change nothing.
    difference = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, -1.0]])
    assert randomisation_test(difference)[0] == 2 / 16
    assert randomisation_test(np.vstack([difference, np.zeros((1, 2))]))[0] == 2 / 16
    sums = [abs(sum(s * v for s, v in zip(signs, (1, 2, 3, -1), strict=True))) for signs in np.ndindex(2, 2, 2, 2)]
    assert len(sums) == 16
    assert np.isnan(randomisation_test(np.ones((1, 2)))).all()
    assert randomisation_test(np.zeros((5, 1))).tolist() == [1.0]


def test_drawn_permutations_approach_the_exact_test():
    difference = np.random.default_rng(0).normal(0.4, 1, (12, 3))
    exact = randomisation_test(difference)
    drawn = randomisation_test(difference, permutations=4000)  # fewer than the 4,096 ways
    assert drawn == pytest.approx(exact, abs=0.03)
    assert (drawn == randomisation_test(difference, permutations=4000)).all()
    assert (drawn != randomisation_test(difference, permutations=4000, seed=1)).any()


def test_drawn_permutations_agree_with_the_t_test_on_many_queries():
    difference = np.random.default_rng(1).normal(0.03, 1, (3000, 4))
    assert randomisation_test(difference, permutations=5000) == pytest.approx(t_test(difference), abs=0.03)
    certain = np.full((3000, 1), 0.1)
    assert randomisation_test(certain, permutations=99) == [0.01]


def test_baseline_by_randomisation(toy, results):
    systems = {"a": Letters(), "b": Letters(seed=7), "c": Letters(dim=2)}
    drawn = LanguageExperiment(systems, toy, measures=MEASURES, baseline="b", test="randomisation")
    assert drawn.test == "randomisation"
    np.testing.assert_array_equal(drawn.settings["value"], results.settings["value"])
    row = drawn.settings.query("system == 'c' and measure == 'AP' and doc_lang == 'es' and query_lang == 'es'")
    setting = (toy.id("es", "es"), corpus_of(toy, "es"), ["AP"])
    ours, baseline = (expected_values(encoder, *setting)["AP"] for encoder in (Letters(dim=2), Letters(seed=7)))
    difference = (ours - baseline).to_numpy()
    signs = np.array(list(np.ndindex(*(2,) * len(difference)))) * 2 - 1
    reached = np.abs(signs @ difference) >= abs(difference.sum()) - 1e-9
    assert row["p_value"].item() == pytest.approx(reached.mean())
    for _, rows in drawn.settings.groupby(["system", "measure"]):
        np.testing.assert_array_equal(rows["p_corrected"], holm(rows["p_value"].to_numpy()))


def test_seeds_are_one_system(toy):
    seeds = [Letters(seed=seed) for seed in (1, 2, 3)]
    alone = [LanguageExperiment({"x": seed}, toy).settings for seed in seeds]
    systems = {"one": Letters(dim=2), "three": seeds, "again": [Letters(dim=2)]}
    results = LanguageExperiment(systems, toy, baseline="one", perquery=True)
    three = results.settings.query("system == 'three'")
    values = np.stack([frame["value"] for frame in alone])
    assert three["value"].to_numpy() == pytest.approx(values.mean(axis=0))
    assert three["std"].to_numpy() == pytest.approx(values.std(axis=0, ddof=1))
    assert three["seeds"].tolist() == [3] * len(three)
    assert results.settings.query("system != 'three'")["std"].isna().all()
    assert results.settings.query("system == 'again'")["p_value"].tolist() == [1.0] * len(three)
    means = results.means
    assert means.columns.tolist() == ["system", "kind", "measure", "value", "std", "seeds"]
    by = ["kind", "measure"]
    of_seeds = [frame.groupby(by, sort=False)["value"].mean() for frame in alone]
    found = means.query("system == 'three'").set_index(by)
    for cell, row in found.iterrows():
        assert row["value"] == pytest.approx(np.mean([seed[cell] for seed in of_seeds]))
        assert row["std"] == pytest.approx(np.std([seed[cell] for seed in of_seeds], ddof=1))
    assert results.seeds["seed"].max() == 2
    # Tests see the mean of each query over the seeds.
    keys = ["doc_lang", "query_lang", "measure", "qid"]
    queries = results.queries.pivot(index=keys, columns="system", values="value").loc["es", "es", "AP"]
    expected = stats.ttest_rel(queries["three"], queries["one"]).pvalue
    row = three.query("doc_lang == 'es' and query_lang == 'es' and measure == 'AP'")
    assert row["p_value"].item() == pytest.approx(expected)


@pytest.mark.parametrize("test", sorted(TESTS))
@pytest.mark.parametrize("seeds", [3, 5, 6, 7])
def test_the_same_seed_again_is_no_difference(toy, seeds, test):
    """Means over seeds are rounded, which is nothing to test."""
    systems = {"one": Letters(), "several": [Letters()] * seeds}
    settings = LanguageExperiment(systems, toy, measures=["AP", "nDCG"], baseline="one", test=test).settings
    assert (settings.query("system == 'several'")["p_value"] == 1).all()


def test_queries(toy, results):
    assert results.queries is None
    systems = {"a": Letters(), "b": Letters(seed=7)}
    queries = LanguageExperiment(systems, toy, measures=["AP", "RankDistance"], perquery=True).queries
    assert queries.columns.tolist() == ["system", "kind", "doc_lang", "query_lang", "qid", "measure", "value"]
    own = queries.query("system == 'a' and doc_lang == 'multi' and query_lang == 'de'")
    expected = expected_values(Letters(), toy.id("multi", "de"), corpus_of(toy, "multi"), ["AP", "RankDistance"])
    for qid, measure, value in own[["qid", "measure", "value"]].itertuples(index=False):
        assert value == pytest.approx(expected.loc[qid][measure])
    assert len(own) == 2 * len(expected)


def test_intervals_keep_translations_together():
    # All settings hold the same questions: the mean over settings varies as that of one of them.
    values = np.random.default_rng(0).normal(0, 1, (400, 1))
    questions = [f"q{number}" for number in range(400)]
    low, high = bootstrap([questions], [values])
    together = bootstrap([questions] * 9, [values] * 9)
    assert together == (pytest.approx(low), pytest.approx(high))
    assert (high - low).item() == pytest.approx(2 * 1.96 / 20, rel=0.1)
    apart = bootstrap([[f"{at}-{q}" for q in questions] for at in range(9)], [values] * 9)
    assert (apart[1] - apart[0]).item() < 0.5 * (high - low).item()


def test_intervals_by_hand():
    random = np.random.default_rng(5)
    questions = [["a", "b", "c", "d"], ["b", "d"]]
    values = [random.random((4, 2)), random.random((2, 2))]
    low, high = bootstrap(questions, values, confidence=0.8, resamples=300, seed=3)
    weights = np.random.default_rng(3).multinomial(4, np.full(4, 0.25), size=300)
    means = []
    for weight in weights:
        drawn = dict(zip("abcd", weight, strict=True))
        of_settings = []
        for asked, rows in zip(questions, values, strict=True):
            sample = [row for question, row in zip(asked, rows, strict=True) for _ in range(drawn[question])]
            if sample:
                of_settings.append(np.mean(sample, axis=0))
        means.append(np.mean(of_settings, axis=0))
    expected = np.quantile(means, [0.1, 0.9], axis=0)
    assert (low, high) == (pytest.approx(expected[0]), pytest.approx(expected[1]))


def test_intervals_are_those_of_scipy():
    values = np.random.default_rng(2).beta(0.5, 1, (300, 1))
    found = bootstrap([[f"q{number}" for number in range(300)]], [values], confidence=0.9, resamples=9999)
    expected = stats.bootstrap(
        (values[:, 0],), np.mean, confidence_level=0.9, method="percentile", n_resamples=9999, random_state=0
    ).confidence_interval
    width = expected.high - expected.low
    assert np.ravel(found) == pytest.approx([expected.low, expected.high], abs=0.03 * width)


def test_intervals_of_an_experiment(toy):
    systems = {"a": Letters(), "b": [Letters(seed=7), Letters(seed=8)]}
    options = {"measures": ["AP", "RankDistance"], "confidence": 0.9}
    means = LanguageExperiment(systems, toy, **options).means
    assert means.columns.tolist() == ["system", "kind", "measure", "value", "std", "seeds", "low", "high"]
    assert (means["low"] <= means["value"]).all() and (means["value"] <= means["high"]).all()
    assert (means["low"] < means["high"]).all()
    again = LanguageExperiment({"a": Letters()}, toy, **options).means
    same = means.query("system == 'a'")[["value", "low", "high"]].to_numpy()
    np.testing.assert_array_equal(again[["value", "low", "high"]].to_numpy(), same)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": "wilcoxon"}, "test: 'wilcoxon' is unknown; the valid ones are t-test, randomisation"),
        ({"confidence": 95}, "confidence: 95 must be between 0 and 1"),
        ({"systems": {"a": []}}, r"systems\['a'\]: the list is empty"),
        ({"systems": {"a": [Letters(), "splade"]}}, r"systems\['a'\]\[1\]: 'splade' is unknown"),
    ],
)
def test_wrong_options(toy, options, message):
    with pytest.raises(ValueError, match=message):
        LanguageExperiment(**{"systems": {"a": Letters()}, "dataset": toy, **options})
