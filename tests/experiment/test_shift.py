"""Domain shift: drops, order of the systems, common settings, held-out pairs as targets, files."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from dataset_helpers import register_belebele, register_clirmatrix, register_fiqa, register_tatoeba
from grid_helpers import Letters, language, make_family, make_toy

import pyterrier_hybrid as ph
from pyterrier_hybrid.experiment import ShiftResults, with_queries
from pyterrier_hybrid.experiment.robustness.shift import welch
from pyterrier_hybrid.experiment.robustness.shift_results import kendall_tau
from pyterrier_hybrid.parallel import Item

SYSTEMS = {"small": Letters(dim=4), "middle": Letters(dim=16), "large": Letters(dim=64)}


@pytest.fixture(scope="module")
def home():
    return make_toy("shift-home")


@pytest.fixture(scope="module")
def away():
    return make_family(
        "shift-away", {"de": language("de", (0, 3)), "en": language("en", (1, 2)), "fr": language("fr", (0, 1))}
    )


@pytest.fixture(scope="module")
def results(home, away):
    return ph.ShiftExperiment(SYSTEMS, home, {"away": away}, measures=["AP", "R@1"], baseline="small")


def by_hand():
    """Three systems on two targets in one language: 1 (x twice as bad), 2 (order reversed)."""
    names = {
        "kind": "mono",
        "doc_lang": "de",
        "query_lang": "de",
        "measure": "AP",
        "in_domain_queries": 3,
        "queries": 2,
    }
    values = [("one", "a", 0.8, 0.4), ("one", "b", 0.5, 0.25), ("one", "c", 0.2, 0.3),
              ("two", "a", 0.8, 0.1), ("two", "b", 0.5, 0.2), ("two", "c", 0.0, 0.3)]  # fmt: skip
    rows = [
        {"target": target, "system": system, **names, "in_domain": home, "shifted": away, "drop": home - away,
         "relative": (home - away) / home if home else math.nan}
        for target, system, home, away in values
    ]  # fmt: skip
    return ShiftResults(pd.DataFrame(rows), source="home")


def test_order_is_kendalls_tau():
    order = by_hand().order.set_index(["target", "lang"])["tau"]
    # a > b > c against a > c > b: 2 of 3 pairs agree; a > b > c against c > b > a: none does.
    assert order["one", "mean"] == pytest.approx(1 / 3) == order["one", "de"]
    assert order["two", "mean"] == -1
    assert math.isnan(kendall_tau([1.0], [2.0])) and math.isnan(kendall_tau([1, 1], [1, 2]))
    # tau-b with a tie: 2 concordant pairs, of 3 pairs with 1 tied in the first list.
    assert kendall_tau([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / math.sqrt(2 * 3))


def test_means_and_tables_by_hand():
    results = by_hand()
    means = results.means.set_index(["target", "system"])
    assert means.loc[("one", "a"), ["in_domain", "shifted", "drop", "relative"]].tolist() == [0.8, 0.4, 0.4, 0.5]
    assert means.loc[("one", "c"), "relative"] == pytest.approx(-0.5) and np.isnan(means.loc[("two", "c"), "relative"])
    markdown = results.table("markdown").splitlines()
    assert markdown[2] == "| one: a | .800 | .400 | .400 | .500 |"
    assert markdown[-1] == "| two: c | .000 | .300 | -.300 | – |"
    assert results.table(by="language").loc["de"].tolist() == pytest.approx([0.4, 0.25, -0.1, 0.7, 0.3, -0.3])
    assert results.table(by="order").loc["mean"].tolist() == pytest.approx([1 / 3, -1])
    assert results.table("csv", measures="AP").startswith("target: system,AP Mo. in domain,")
    assert r"\textbf" not in results.table("latex")
    with pytest.raises(ValueError, match="by='languages' is unknown.*did you mean 'language'"):
        results.table(by="languages")
    with pytest.raises(ValueError, match="measure='R@1' is unknown: choose one of AP"):
        results.table(measures=["R@1"])


def test_groups_of_languages_by_hand():
    results = by_hand()
    per_language = results.per_language()
    classes = results.per_resource_class()
    for row in classes.itertuples():
        langs = row.langs.split()
        part = per_language[
            (per_language["target"] == row.target)
            & (per_language["system"] == row.system)
            & (per_language["measure"] == row.measure)
            & per_language["lang"].isin(langs)
        ]
        assert row.drop == pytest.approx(part["drop"].mean()) and len(part) == len(langs)
        assert np.isnan(row.relative) or row.relative == pytest.approx(part["drop"].mean() / part["in_domain"].mean())
    groups = results.per_training_group({"de": 1})
    assert set(groups["group"]) <= {"head", "unseen"} and len(groups) >= len(classes)


def test_values_are_those_of_the_grid_on_common_languages(home, away, results):
    for column, family in (("in_domain", home), ("shifted", away)):
        grid = ph.LanguageExperiment(SYSTEMS, family, measures=["AP", "R@1"], languages=["de", "en"])
        keys = ["system", "kind", "doc_lang", "query_lang", "measure"]
        merged = results.drops.merge(grid.settings, on=keys)
        assert len(merged) == len(results.drops) == 3 * 2 * (2 + 2 + 2)
        np.testing.assert_array_equal(merged[column], merged["value"])
    np.testing.assert_allclose(results.drops["drop"], results.drops["in_domain"] - results.drops["shifted"])


def test_tests_compare_drops_with_the_baseline(home, away, results):
    drops = results.drops.set_index(["system", "kind", "doc_lang", "query_lang", "measure"]).sort_index()
    assert drops.loc["small", "p_value"].isna().all() and drops.loc["large", "p_value"].between(0, 1).all()
    assert (drops.loc["large", "p_corrected"] >= drops.loc["large", "p_value"] - 1e-12).all()
    differences = []
    for family in (home, away):
        grid = ph.LanguageExperiment(SYSTEMS, family, measures=["AP"], languages=["de", "en"], perquery=True)
        queries = grid.queries[(grid.queries["kind"] == "multi") & (grid.queries["query_lang"] == "de")]
        values = queries.pivot(index="qid", columns="system", values="value")
        differences.append((values["large"] - values["small"]).to_numpy())
    assert drops.loc[("large", "multi", "multi", "de", "AP"), "p_value"] == pytest.approx(welch(*differences))


def test_welch_by_hand():
    assert math.isnan(welch(np.zeros(1), np.zeros(3)))
    assert (welch(np.zeros(3), np.zeros(2)), welch(np.ones(3), np.zeros(2))) == (1.0, 0.0)


def test_seeds_have_deviations(home, away):
    results = ph.ShiftExperiment(
        {"seeds": [Letters(seed=0), Letters(seed=1)], "one": Letters()}, home, [away], measures=["AP"], kinds=["mono"]
    )
    seeds = results.seeds[results.seeds["query_lang"] == "de"]
    assert seeds["seed"].tolist() == [0, 1] and results.targets == ["shift-away"]
    mean = results.seeds.groupby("seed")["drop"].mean()
    means = results.means.set_index("system")
    assert means.loc["seeds", "drop"] == pytest.approx(mean.mean())
    assert means.loc["seeds", "drop_std"] == pytest.approx(mean.std()) and np.isnan(means.loc["one", "drop_std"])
    assert "±" in results.table("markdown").splitlines()[2]


class Counting(Letters):
    def __init__(self, fingerprint):
        super().__init__()
        self.fingerprint, self.queries, self.documents = fingerprint, [], []

    def encode_queries(self, texts):
        self.queries += texts
        return super().encode_queries(texts)

    def encode_documents(self, texts):
        self.documents += texts
        return super().encode_queries(texts)


def test_no_text_is_encoded_twice_and_a_cache_resumes(home, away, tmp_path):
    french = make_family("shift-french", {"de": language("de", (1,)), "fr": language("fr", (0, 1))})
    encoder = Counting("a")
    # The source is searched in de and en for one target, and in de for the other.
    ph.ShiftExperiment({"x": encoder}, home, [away, french])
    assert len(encoder.queries) == len(set(encoder.queries)) > 0
    assert len(encoder.documents) == len(set(encoder.documents)) > 0
    again = [Counting("a"), Counting("a")]
    for one in again:
        ph.ShiftExperiment({"x": one}, home, [away, french], cache=tmp_path)
    assert again[0].queries and not again[1].queries


def test_held_out_pairs_with_every_question(home):
    texts = ["The moon is round.", "A stone is hard."]
    pairs = ph.ParallelPairs(
        Item(f"{number}", None, "faq", {"en": f"{question} {number}?"}, {"en": texts[number % 2]})
        for number, question in enumerate(["moon", "stone", "round moon", "hard stone"])
    )
    all_questions = ph.ShiftExperiment({"letters": Letters()}, home, {"FAQ": pairs}, measures="AP")
    assert all_questions.drops[["kind", "query_lang", "queries"]].values.tolist() == [["mono", "en", 4]]
    one_each = ph.ShiftExperiment({"letters": Letters()}, home, {"FAQ": pairs}, measures="AP", every_question=False)
    assert one_each.drops["queries"].tolist() == [2]


@pytest.mark.parametrize(
    ("target", "kinds", "measure", "queries"),
    [
        # XTREME's retrieval: pairs with English only.
        ("tatoeba", ["cross"], "P@1", 3),
        # Its default languages are others.
        ("clirmatrix", ["cross"], "nDCG@10", 2),
        ("belebele", ["mono", "cross", "multi"], "R@1", 3),
    ],
)
def test_downloaded_targets(target, kinds, measure, queries, registry, monkeypatch):
    if target == "clirmatrix":
        register_clirmatrix(registry, {"de": ["Fluss", "Stein"], "en": ["river", "stone"]})
    else:
        {"tatoeba": register_tatoeba, "belebele": register_belebele}[target](monkeypatch)
    options = {"measures": [measure], "languages": ["de", "en"]}
    results = ph.ShiftExperiment(SYSTEMS, make_toy("shift-source"), target, baseline="small", **options)
    assert results.targets == [target] and results.drops["kind"].unique().tolist() == kinds
    settings = [("de", "en"), ("en", "de"), ("de", "de"), ("en", "en"), ("multi", "de"), ("multi", "en")]
    found = results.drops[["doc_lang", "query_lang"]].drop_duplicates().itertuples(index=False, name=None)
    assert set(found) == set(settings[: 2 * len(kinds)])
    assert (results.drops["queries"] == queries).all()
    values = ph.LanguageExperiment(SYSTEMS, target, kinds=kinds, **options).settings["value"]
    assert results.drops["shifted"].tolist() == values.tolist() and values.max() > 0
    assert results.drops.loc[results.drops["system"] == "large", "p_value"].notna().all()


def test_fiqa_with_and_without_some_queries(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path))
    register_fiqa(registry, tmp_path)
    targets = {"all": "beir/fiqa", "clean": with_queries("beir/fiqa", ["15"])}
    results = ph.ShiftExperiment(SYSTEMS, make_toy("shift-to-fiqa"), targets, languages=["en"], measures=["RR"])
    drops = results.drops[results.drops["system"] == "large"].set_index("target")
    assert drops["queries"].to_dict() == {"all": 2, "clean": 1}
    of_queries = ph.LanguageExperiment(SYSTEMS, "beir/fiqa", measures=["RR"], perquery=True).queries
    values = of_queries[of_queries["system"] == "large"].set_index("qid")["value"]
    assert drops["shifted"].to_dict() == {"all": values.mean(), "clean": values["15"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": {}}, "targets: no target was given"),
        ({"targets": ["mlqa"]}, "no family 'mlqa'.*did you mean 'mlqa-r'"),
        ({"targets": ["atlas", "atlas/test"]}, "targets: atlas is given twice"),
        ({"targets": {"x": "tatoeba"}, "kinds": ["multi"]}, r"targets\['x'\]: tatoeba has settings of kind cross"),
        ({"targets": ["boolq-r"], "languages": ["de"]},
         "none of the languages de of atlas, only en; languages= may be en"),
        ({"targets": ["clirmatrix"]}, r"none of the languages ar, .* of atlas, only am, .*; languages= may be ar, de"),
        ({"targets": ["atlas/train"], "measures": ["RankDistance"]}, "measures: RankDistance depends on the number"),
        ({"targets": ["atlas/train"], "languages": ["fr"]}, "languages: 'fr' is unknown"),
        ({"targets": ["atlas/train"], "kinds": ["mona"]}, "kinds: 'mona' is unknown"),
        ({"targets": ["atlas/train"], "baseline": "BM25"}, "baseline: 'BM25' is unknown"),
    ],
)  # fmt: skip
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        ph.ShiftExperiment({"letters": Letters()}, "atlas", **options)


def test_bad_types():
    with pytest.raises(TypeError, match="targets: the name 3 must be a string"):
        ph.ShiftExperiment({"letters": Letters()}, "atlas", {3: "mlqa-r"})
    with pytest.raises(TypeError, match="dataset=5 is int"):
        ph.ShiftExperiment({"letters": Letters()}, "atlas", {"x": 5})


def test_files_and_figures(results, tmp_path):
    written = results.save(tmp_path)
    assert {path.name for path in written} == {
        "drops.csv", "means.csv", "classes.csv", "order.csv", "table.csv", "table.md", "table.tex", "report.html",
        "shift-mono.png", "shift-cross.png", "shift-multi.png", "heatmap-away.png",
    }  # fmt: skip
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "drops.csv"), results.drops, check_dtype=False)
    html = (tmp_path / "report.html").read_text()
    assert "From shift-home to away" in html and html.count("<svg") == 4 and " src=" not in html
    assert results.to_html(tmp_path / "page.html").read_text() == html
    assert [line.get_label() for line in results.plot("R@1", "cross").axes[0].get_lines()] == list(SYSTEMS)
    assert results.plot(path=tmp_path / "plot.png") and (tmp_path / "plot.png").stat().st_size > 1000
    assert "away: large" in repr(results)


def test_some_queries_of_a_dataset(home):
    part = with_queries(home, ["q0_de", "q1_de", "q1_en"])
    results = ph.LanguageExperiment({"letters": Letters()}, part, measures=["AP"], perquery=True)
    whole = ph.LanguageExperiment({"letters": Letters()}, home, measures=["AP"], perquery=True)
    assert results.dataset == "shift-home (3 queries)"
    in_all_languages = ph.LanguageExperiment(
        {"letters": Letters()}, with_queries(home, ["q1"]), measures=["AP"], perquery=True
    )
    assert set(in_all_languages.queries["qid"]) == {f"q1_{lang}" for lang in home.languages}
    assert set(results.queries["qid"]) == {"q0_de", "q1_de", "q1_en"}
    keys = ["kind", "doc_lang", "query_lang", "qid"]
    merged = results.queries.merge(whole.queries, on=keys)
    assert len(merged) == len(results.queries) and (merged["value_x"] == merged["value_y"]).all()
    # The queries of FiQA with and without those of a list, as two targets.
    both = ph.ShiftExperiment({"letters": Letters()}, home, [home, part], measures=["AP"], kinds=["mono"])
    assert both.targets == ["shift-home", "shift-home (3 queries)"]
    assert both.drops[both.drops["target"] == "shift-home"]["drop"].eq(0).all()


def test_unknown_queries(home):
    single = make_family("shift-single", {"en": language("en", (0, 1))})
    with pytest.warns(UserWarning, match="shift-single has no query 'q9_en': 1 of the 2 chosen ones"):
        assert with_queries(single, ["q0_en", "q9_en"]).label == "shift-single (1 query)"
    with pytest.raises(ValueError, match="qids: shift-home has no query 'nope': 2 of the 2 chosen ones"):
        with_queries(home, ["some", "nope"])
    with pytest.raises(ValueError, match="qids: no query was chosen"):
        with_queries(single, [])
    with pytest.raises(TypeError, match="qids='8' is a string"):
        with_queries(single, "8")


def test_queries_that_are_answered_in_one_language_only_are_known():
    docs = [{"docno": f"d_{lang}", "text": "Rom", "lang": lang} for lang in ("de", "en")]
    queries = [{"qid": f"in_{lang}", "query": "Rom?", "lang": "de"} for lang in ("de", "en")]
    qrels = [{"qid": f"in_{lang}", "docno": f"d_{lang}", "label": 1} for lang in ("de", "en")]
    family = ph.family_from(docs, queries, qrels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert with_queries(family, ["in_de", "in_en"]).qids == {"in_de", "in_en"}
