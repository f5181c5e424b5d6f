"""Frames that compare languages: spread, resource classes, shares of training data, document languages."""

import numpy as np
import pandas as pd
import pytest
from grid_helpers import Letters, make_toy
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pyterrier_hybrid import LanguageExperiment, ParallelPairs
from pyterrier_hybrid.experiment import LanguageResults
from pyterrier_hybrid.experiment.measures.ranks import PoolLanguages, Ranks
from pyterrier_hybrid.experiment.report.document_languages import DocumentRanks, rank_test
from pyterrier_hybrid.experiment.report.fairness import gini, training_groups
from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.text.resources import RESOURCE_CLASSES, resource_class


def results_of(values, measure="AP", languages=None):
    row = {"system": "s", "kind": "multi", "doc_lang": "multi", "measure": measure, "queries": 9}
    frame = pd.DataFrame([{**row, "query_lang": lang, "value": value} for lang, value in values.items()])
    return LanguageResults(frame, dataset="t", languages=languages or tuple(values))


def test_fairness_by_hand():
    (row,) = results_of({"ar": 0.2, "de": 0.6, "en": 1.0}).fairness().to_dict("records")
    assert (row["system"], row["kind"], row["measure"], row["languages"]) == ("s", "multi", "AP", 3)
    assert (row["worst_lang"], row["worst"]) == ("ar", 0.2)
    # Absolute differences of the 9 pairs: twice .4 + .4 + .8; mean .6.
    expected = {"mean": 0.6, "std": np.sqrt(0.32 / 3), "gini": 3.2 / (2 * 9 * 0.6), "gap_to_english": 0.6}
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_fairness_of_a_measure_of_which_less_is_better():
    (row,) = results_of({"ar": 300.0, "en": 100.0}, "MaxRank").fairness().to_dict("records")
    assert (row["worst_lang"], row["worst"], row["gap_to_english"]) == ("ar", 300, 200)


def test_fairness_without_english_or_with_one_language_or_missing_values():
    assert np.isnan(results_of({"ar": 0.3, "de": 0.5}).fairness()["gap_to_english"][0])
    (row,) = results_of({"en": 0.3}).fairness().to_dict("records")
    assert (row["std"], row["gini"]) == (0, 0) and np.isnan(row["gap_to_english"])
    (row,) = results_of({"en": 0.3, "de": np.nan}).fairness().to_dict("records")
    assert row["worst_lang"] == "" and np.isnan(row["gini"])


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=12).map(np.array))
def test_gini_is_half_the_relative_mean_difference(values):
    if values.max() < 1e-6:
        return
    expected = np.abs(values[:, None] - values).mean() / (2 * values.mean())
    assert gini(values) == pytest.approx(expected, abs=1e-9)


def test_gini_of_values_without_one():
    assert np.isnan([gini(np.array(values)) for values in ([], [0.0, 0.0], [-0.1, 0.5], [np.nan, 1.0])]).all()


def test_resource_classes():
    assert [resource_class(lang) for lang in ("en", "hi", "th", "sw", "te", "shn", "zh-Hant", "hi-Latn")] == [
        5, 4, 3, 2, 1, 0, 5, 4
    ]  # fmt: skip
    assert resource_class("kea") is None and resource_class("no language") is None
    assert sorted({*RESOURCE_CLASSES.values()}) == [0, 1, 2, 3, 4, 5]


def test_per_resource_class():
    frame = results_of({"en": 1.0, "kea": 0.1, "th": 0.4, "de": 0.5}).per_resource_class()
    assert frame.columns.tolist() == ["system", "kind", "resource_class", "langs", "measure", "value"]
    found = frame[["resource_class", "langs", "value"]].astype(object).values.tolist()
    assert found[:2] == [[3, "th", 0.4], [5, "en de", 0.75]]
    assert pd.isna(found[2][0]) and found[2][1:] == ["kea", 0.1] and len(found) == 3


def test_per_training_group():
    results = results_of({"en": 1.0, "de": 0.5, "th": 0.25, "tr": 0.75})
    expected = [["head", "en", 1.0], ["tail", "de th", 0.375], ["unseen", "tr", 0.75]]
    for training in ({"en": 80, "de": 15, "th": 5}, {"eng": 0.8, "de": 0.1, "th": 0.1, "tr": 0}):
        frame = results.per_training_group(training)
        assert frame[["group", "langs", "value"]].values.tolist() == expected
    items = [Item(str(n), None, "t", {"en": f"q{n}"}, {"en": f"p{n}"}) for n in range(4)]
    items.append(Item("x", None, "t", {"de": "Frage"}, {"th": "kam top"}))
    assert results.per_training_group(ParallelPairs(items))[["group", "langs", "value"]].values.tolist() == expected


def test_equal_shares_are_all_head():
    shares = dict.fromkeys(["ar", "de", "en"], 0.1)
    assert set(training_groups(shares, [*shares]).values()) == {"head"}


def test_wrong_training_data():
    results = results_of({"en": 1.0})
    with pytest.raises(TypeError, match="training: a str was given; give ParallelPairs"):
        results.per_training_group("en")
    with pytest.raises(ValueError, match=r"training\['en'\]=-1"):
        results.per_training_group({"en": -1})
    with pytest.raises(ValueError, match="no language has any training data"):
        results.per_training_group({"en": 0})


def ranks_of(rows, question, query_lang, depth=10):
    """Ranks of relevant documents: for each query, a rank by document language."""
    pairs = [(query, rank, lang) for query, row in enumerate(rows) for lang, rank in row.items()]
    query, rank = np.array([pair[:2] for pair in pairs]).T
    document_lang = np.array([lang for *_, lang in pairs], dtype=object)
    languages = PoolLanguages(
        np.array(question, dtype=object), np.array([query_lang] * len(rows)), np.arange(len(pairs)), document_lang, None
    )
    return Ranks(query, np.ones(len(pairs)), rank, rank, len(rows), depth, languages)


def test_document_languages_by_hand():
    collected = DocumentRanks(["ar", "de", "en", "th"])
    collected.add("s", ranks_of([{"ar": 1, "de": 2, "en": 3}, {"ar": 4, "de": 5, "en": 0}], ["a", "b"], "ar"))
    collected.add("s", ranks_of([{"ar": 3, "de": 2, "en": 9}, {"ar": 1, "de": 7}], ["a", "c"], "de"))
    frame = collected.frame()
    # Question a: 2, 2, 6; b: 4, 5, 11, since the depth is 10; c has no English answer; nobody answers in Thai.
    assert frame["lang"].tolist() == ["ar", "de", "en"]
    assert frame["rank"].tolist() == pytest.approx([7 / 3, 14 / 3, 8.5])
    assert frame["questions"].tolist() == [3, 3, 2]
    expected = rank_test(np.array([[2.0, 2, 6], [4, 5, 11], [1, 7, np.nan]]))
    assert frame[["test", "tested", "statistic", "p_value"]].values.tolist() == [list(expected)] * 3


def test_rank_tests_by_hand():
    values = np.array([[1.0, 2, 3], [2, 1, 3], [1, 1, 2], [5, 7, 6]])
    expected = stats.friedmanchisquare(*values.T)
    assert rank_test(values) == ("Friedman", 4, *map(float, expected))
    # One row of three: weight sqrt(3), ranks -1 0 1; one of two: weight 2, ranks -.5 .5 of the first and the third.
    # Sums -(sqrt(3) + 1), 0, sqrt(3) + 1; covariance [[3, -1, -2], [-1, 2, -1], [-2, -1, 3]]: for s * (-1, 0, 1), the
    # form is s^2 * 2 / 5, since (-1, 0, 1) is its eigenvector of value 5.
    test, tested, statistic, p_value = rank_test(np.array([[1.0, 2, 3], [1, np.nan, 2], [4, np.nan, np.nan]]))
    assert (test, tested) == ("Skillings-Mack", 2) and statistic == pytest.approx((np.sqrt(3) + 1) ** 2 * 2 / 5)
    assert p_value == pytest.approx(stats.chi2.sf(statistic, 2))


def test_skillings_mack_of_a_nearly_complete_table_is_near_friedman():
    random = np.random.default_rng(0)
    values = random.standard_normal((500, 4)) + [0, 0, 0.1, 0.1]
    _, _, friedman, _ = rank_test(values)
    test, _, incomplete, _ = rank_test(np.concatenate([values, [[1, 2, np.nan, np.nan]]]))
    assert test == "Skillings-Mack" and incomplete == pytest.approx(friedman, rel=0.05)


def test_rank_tests_without_enough_data_or_differences():
    for values in (np.ones((5, 2)), np.ones((1, 3)), np.full((4, 3), np.nan)):
        assert np.isnan(rank_test(values)[2:]).all()
    assert rank_test(np.ones((5, 3))) == ("Friedman", 5, 0, 1)


def test_document_languages_of_the_grid():
    toy = make_toy("toy-document-languages")
    results = LanguageExperiment({"a": Letters(), "b": [Letters(seed=1), Letters(seed=2)]}, toy, measures="MaxRank")
    frame = results.by_document_language()
    assert frame[["system", "lang"]].values.tolist() == [[s, lang] for s in "ab" for lang in ("de", "en", "es")]
    # de answers questions 0 to 3, en 0 to 2, es 1 to 4; question 4 is answered in es only.
    assert frame["questions"].tolist() == [4, 3, 4] * 2 and (frame["tested"] == 4).all()
    assert (frame["test"] == "Skillings-Mack").all()
    assert frame["rank"].between(1, 28).all() and frame["p_value"].between(0, 1).all()
    mono = LanguageExperiment({"a": Letters()}, toy, measures="AP", kinds="mono")
    with pytest.raises(ValueError, match="there is no pool; evaluate kind multi"):
        mono.by_document_language()


def test_page_shows_differences_between_languages(tmp_path):
    text = results_of({"ar": 0.2, "en": 1.0}).to_html(tmp_path / "page.html").read_text()
    assert "Differences between languages" in text and ".200 (ar)" in text and "gap to English" in text
    assert "Differences between languages" not in results_of({"en": 1.0}).to_html(tmp_path / "page.html").read_text()
