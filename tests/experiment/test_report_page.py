"""The page of results, in a browser: sorting, scrolling, dark mode, phones; and several results on one page."""

import numpy as np
import pandas as pd
import pytest
from browser_helpers import browser
from grid_helpers import Letters, make_toy

from pyterrier_hybrid import LanguageExperiment
from pyterrier_hybrid.experiment import LanguageResults
from pyterrier_hybrid.experiment.report.merging import merged, write_page


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-page")


@pytest.fixture(scope="module")
def results(toy):
    systems = {"b": Letters(), "a <i>": Letters(dim=2), "c": [Letters(seed=1), Letters(seed=2)]}
    measures = ["AP", "R@1", "nDCG", "P@2", "RankDistance"]
    return LanguageExperiment(systems, toy, measures=measures, confidence=0.9, perquery=True)


@pytest.fixture(scope="module")
def page(results, tmp_path_factory):
    return results.to_html(tmp_path_factory.mktemp("page") / "page.html")


def texts(driver, selector):
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(element => element.textContent.trim())", selector
    )


def background(driver):
    return driver.execute_script("return getComputedStyle(document.body).backgroundColor")


def test_on_a_screen(page):
    with browser(600, 700) as driver:
        driver.get(page.as_uri())
        names = ".scroll:first-of-type tbody th"
        values = (
            "return [...document.querySelectorAll('.scroll tbody tr')].slice(0, 3)"
            ".map(row => parseFloat(row.cells[1].textContent))"
        )
        assert texts(driver, names)[:3] == ["b", "a <i>", "c"]
        heads = driver.find_elements("css selector", "section .scroll:first-of-type thead tr:last-child th")
        heads[1].find_element("tag name", "button").click()
        first = driver.execute_script(values)
        assert first == sorted(first, reverse=True) and heads[1].get_attribute("aria-sort") == "descending"
        heads[1].find_element("tag name", "button").click()
        assert driver.execute_script(values) == sorted(first) and heads[1].get_attribute("aria-sort") == "ascending"
        heads[0].find_element("tag name", "button").click()
        assert texts(driver, names)[:3] == ["a <i>", "b", "c"]
        assert heads[1].get_attribute("aria-sort") is None
        # The table is wider than the page, and scrolls by itself, with the names of the rows in sight.
        scrolled, name = driver.execute_script(
            "const box = document.querySelector('.scroll'), left = (element) => element.getBoundingClientRect().left;"
            "box.scrollLeft = 300; return [box.scrollLeft, left(box.querySelector('tbody th')) - left(box)]"
        )
        assert scrolled > 50 and abs(name) < 2
        light = background(driver)
        assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
        assert driver.get_log("browser") == [], "no message, such as one about the policy"
    with browser(390, 800, dark=True) as driver:
        driver.get(page.as_uri())
        driver.execute_script("document.querySelectorAll('details').forEach(element => element.open = true)")
        assert driver.execute_script("return document.documentElement.scrollWidth") == 390
        assert background(driver) != light
        ink = driver.execute_script("return getComputedStyle(document.querySelector('svg text')).fill")
        assert ink == driver.execute_script("return getComputedStyle(document.body).color") != background(driver)


def test_limits_are_those_of_perfect_rankings(results):
    limits = results.limits.set_index(["measure", "kind"])["limit"]
    # Of six queries, those that a language answers have one relevant document there, and up to three in the pool.
    assert limits["P@2", "mono"] == limits["P@2", "cross"] == 0.5
    answered = [{0, 1, 2, 3}, {0, 1, 2}, {1, 2, 3, 4}]
    relevant = [sum(question in of_lang for of_lang in answered) for question in range(5)]
    assert limits["R@1", "multi"] == pytest.approx(np.mean([1 / count for count in relevant]))
    assert limits["RankDistance", "multi"] == pytest.approx(np.mean([count - 1 for count in relevant]))
    assert ("AP", "multi") not in limits and ("R@1", "mono") not in limits
    best = results.settings.groupby(["measure", "kind"])["value"].agg(["min", "max"])
    for (measure, kind), limit in limits.items():
        low, high = best.loc[(measure, kind)]
        assert low >= limit if measure == "RankDistance" else high <= limit


def test_ranks_and_their_intervals(results):
    means = results.means.merge(results.ranks, on=["system", "kind", "measure"])
    for (_, measure), rows in means.groupby(["kind", "measure"]):
        expected = rows["value"].rank(method="min", ascending=measure == "RankDistance")
        assert rows["rank"].tolist() == expected.tolist()
    assert (means["rank_low"] <= means["rank"]).all() and (means["rank"] <= means["rank_high"]).all()
    assert means["rank_low"].min() == 1 and means["rank_high"].max() == 3
    assert (means["rank_low"] < means["rank_high"]).any(), "five questions do not decide every order"


def test_differences_are_the_largest(results):
    found = results.differences
    order = results.systems
    pairs = set(zip(found["system"], found["other"], strict=True))
    assert pairs <= {(later, earlier) for later in order for earlier in order[: order.index(later)]} and len(pairs) > 1
    values = results.queries.query("measure == 'AP' and kind == 'cross'").pivot(
        index=["doc_lang", "query_lang", "qid"], columns="system", values="value"
    )
    gains = values["a <i>"] - values["b"]
    rows = found.query("system == 'a <i>' and other == 'b' and kind == 'cross'")
    shown = (rows["value"] - rows["other_value"]).to_numpy()
    assert shown.max() == pytest.approx(gains.max()) and shown.min() == pytest.approx(gains.min())
    for row in rows.itertuples():
        assert row.value == pytest.approx(values.loc[(row.doc_lang, row.query_lang, row.qid), "a <i>"])
        assert row.value == pytest.approx(1 / row.rank) and row.other_value == pytest.approx(1 / row.other_rank)
        assert row.lang == row.doc_lang and row.text.startswith(f"{row.lang} ")
    better = rows[rows["value"] > rows["other_value"]]
    assert better["qid"].str.split("_").str[0].is_unique and 0 < len(better) <= 5


def test_saved_results_are_read_again(results, page, tmp_path):
    results.save(tmp_path)
    again = LanguageResults.load(tmp_path)
    for name in ("settings", "means", "ranks", "limits", "differences", "queries", "seeds"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(results, name), check_dtype=False)
    pd.testing.assert_frame_equal(again.by_document_language(), results.by_document_language(), check_dtype=False)
    assert again.to_html(tmp_path / "again.html").read_bytes() == page.read_bytes()
    (tmp_path / "settings.csv").write_text("system,kind\n")
    with pytest.raises(ValueError, match=r"settings.csv has no column doc_lang: evaluate again"):
        LanguageResults.load(tmp_path)
    (tmp_path / "results.json").unlink()
    with pytest.raises(FileNotFoundError, match="has no results.json"):
        LanguageResults.load(tmp_path)


def test_results_on_the_same_queries_are_joined(toy, results, tmp_path):
    options = {"measures": ["AP"], "perquery": True}
    other = LanguageExperiment({"b": Letters(dim=5), "e": Letters(dim=4)}, toy, kinds=["mono"], **options)
    elsewhere = LanguageExperiment({"b": Letters()}, make_toy("toy-page-2"), **options)
    part = LanguageExperiment({"b": Letters()}, toy, languages=["de", "en"], **options)
    parts = merged([("x", results), ("y", other), ("z", elsewhere), ("v", part)])
    assert list(parts) == ["toy-page, x, y", "toy-page-2", "toy-page, v"]
    joined = parts["toy-page, x, y"]
    assert joined.systems == ["b (x)", "a <i>", "c", "b (y)", "e"]
    values = joined.settings.set_index(["system", "doc_lang", "query_lang", "measure"])["value"]
    own = other.settings.set_index(["system", "doc_lang", "query_lang", "measure"])["value"]
    assert values["b (y)", "de", "de", "AP"] == own["b", "de", "de", "AP"]
    ranks = joined.ranks.query("kind == 'mono' and measure == 'AP'")
    assert sorted(ranks["rank"])[0] == 1 and len(ranks) == 5
    tested = merged([("x", results), ("y", other)], baseline="b (x)")["toy-page"].settings
    direct = LanguageExperiment(
        {"b (x)": Letters(), "b (y)": Letters(dim=5), "e": Letters(dim=4)}, toy, kinds=["mono"], measures=["AP"],
        baseline="b (x)",
    ).settings  # fmt: skip
    both = tested.merge(direct, on=["system", "kind", "doc_lang", "query_lang", "measure"])
    np.testing.assert_allclose(both["p_value_x"].astype(float), both["p_value_y"].astype(float))
    assert both["p_value_y"].notna().sum() == 6
    write_page(tmp_path / "all.html", parts)
    text = (tmp_path / "all.html").read_text()
    assert text.count("<section id='part-") == 3 and "href='#part-3'>toy-page, v</a>" in text
    assert "A dash: not computed." in text and "a &lt;i&gt;" in text
    with pytest.raises(ValueError, match=r"toy-page has no 'q', only b \(x\)"):
        merged([("x", results), ("y", other)], baseline="q")
    with pytest.raises(ValueError, match=r"toy-page has several 'b': choose one of b \(x\), b \(y\)"):
        merged([("x", results), ("y", other)], baseline="b")
    without = LanguageExperiment({"f": Letters()}, toy, measures=["AP"])
    with pytest.raises(ValueError, match="w has no values of single queries; run `compare` with --per-query"):
        merged([("x", results), ("w", without)], baseline="b")
    assert merged([("x", results), ("w", without)])["toy-page"].ranks is None


def test_a_row_of_equal_values_is_there_once(toy, results, tmp_path):
    options = {"measures": ["AP", "RR"], "perquery": True, "confidence": 0.9}
    same = LanguageExperiment({"b": Letters(), "e": Letters(dim=4), "c": Letters(dim=5)}, toy, **options)
    elsewhere = LanguageExperiment({"b": Letters(), "c": Letters(dim=3)}, make_toy("toy-page-3"), **options)
    parts = merged([("x", results), ("y", same), ("z", elsewhere)], baseline="b")
    joined = parts["toy-page"]
    assert joined.systems == ["b", "a <i>", "c (x)", "e", "c (y)"]
    assert [one.baseline for one in parts.values()] == ["b", "b"]
    cells = ["system", "kind", "doc_lang", "query_lang", "measure"]
    for frame, keys in ((joined.settings, cells), (joined.means, ["system", "kind", "measure"])):
        assert not frame.duplicated(keys).any()
    assert {"AP", "R@1", "RR"} <= set(joined.settings.query("system == 'b'")["measure"])
    assert not joined.differences.duplicated(
        ["system", "other", "kind", "doc_lang", "query_lang", "qid", "docno"]
    ).any()
    direct = LanguageExperiment({"b": Letters(), "e": Letters(dim=4)}, toy, measures=["AP"], baseline="b").settings
    both = joined.settings.query("system == 'e'").merge(direct, on=cells)
    np.testing.assert_allclose(both["p_value_x"].astype(float), both["p_value_y"].astype(float))
    parts = merged([("x", results), ("y", same), ("z", elsewhere)], baseline="c (y)")
    assert [one.baseline for one in parts.values()] == ["c (y)", "c"], "there is one c elsewhere"
    write_page(tmp_path / "page.html", parts)
