"""RobustnessExperiment: every cell equals pt.Experiment on perturbed queries; nothing is computed twice."""

import re
from collections import Counter

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
import scipy.stats
from grid_helpers import MEASURES, Exhaustive, Letters, corpus_of, language, make_family, make_toy

import pyterrier_hybrid as ph
from pyterrier_hybrid import LanguageExperiment, RobustnessExperiment
from pyterrier_hybrid.experiment import Runs
from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.robustness import variants
from pyterrier_hybrid.experiment.robustness.overlap import rank_biased_overlap
from pyterrier_hybrid.perturbation import Case, Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.retrieval.corpus_index import bm25_index


class Lose(Perturbation):
    """Letters are lost; it means nothing in Spanish."""

    def supports(self, lang):
        return lang != "es"

    def perturb_text(self, text, lang, generator):
        lost = set(choose_share(generator, self.severity, len(text)))
        return "".join(letter for position, letter in enumerate(text) if position not in lost)


SEVERITIES, DRAWS = (0.1, 0.4), 3
PERTURBATIONS = [Lose(seed=3), Case(to="upper")]


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-robust")


@pytest.fixture(scope="module")
def results(toy):
    systems = {
        "a": Letters(),
        "b": [Letters(dim=7, seed=7), Letters(dim=7, seed=8)],
        "f": lambda corpus: Exhaustive(Letters(), corpus),
    }
    return RobustnessExperiment(
        systems, toy, PERTURBATIONS, severities=SEVERITIES, draws=DRAWS, measures=MEASURES, baseline="a"
    )


def plain(pipeline, family, doc_lang, query_lang, measures):
    """The values of pt.Experiment for one setting: one row per query."""
    dataset = pt.get_dataset(f"irds:{family.id(doc_lang, query_lang)}")
    qrels = dataset.get_qrels()
    topics = dataset.get_topics().assign(lang=query_lang)
    topics = topics[topics["qid"].isin(qrels["qid"])]
    parsed = [ir_measures.parse_measure(measure) for measure in measures]
    frame = pt.Experiment([pipeline], topics, qrels, parsed, perquery=True, validate="ignore")
    return frame.pivot(index="qid", columns="measure", values="value")[measures]


def cells_of(drops, system):
    return drops[drops["system"] == system].groupby(
        ["perturbation", "severity", "kind", "doc_lang", "query_lang"], sort=False
    )


def check_cells(results, family, make_retriever, system, perturbations):
    """Compare every cell with pt.Experiment on `perturbation >> retriever`."""
    for (name, severity, kind, doc_lang, query_lang), rows in cells_of(results.drops, system):
        measures = rows["measure"].tolist()
        retriever = make_retriever(corpus_of(family, doc_lang))
        clean = plain(Case(severity=0) >> retriever, family, doc_lang, query_lang, measures)
        assert rows["clean"].tolist() == pytest.approx(clean.mean().tolist()), (kind, doc_lang, query_lang)
        operator = perturbations[name]
        if not operator.supports(query_lang):
            assert rows[["perturbed", "drop", "worst", "relative", "low", "win", "trisk"]].isna().all(axis=None)
            assert (rows["changed"] == 0).all()
            continue
        draws = [
            plain(operator.at(severity=severity, draw=draw) >> retriever, family, doc_lang, query_lang, measures)
            for draw in range(results.draws)
        ]
        stacked = np.stack([draw.to_numpy() for draw in draws])
        mean, sign = stacked.mean(axis=0), np.where(["RankDistance" in measure for measure in measures], -1, 1)
        assert rows["perturbed"].tolist() == pytest.approx(mean.mean(axis=0).tolist()), (name, severity, query_lang)
        assert rows["drop"].tolist() == pytest.approx((sign * (clean - mean).mean()).tolist(), abs=1e-12)
        worst = np.where(sign < 0, stacked.max(axis=0), stacked.min(axis=0)).mean(axis=0)
        assert rows["worst"].tolist() == pytest.approx(worst.tolist())
        gain = (sign * (mean - clean)).to_numpy().round(12)
        for column, compared in (("win", gain > 0), ("tie", gain == 0), ("loss", gain < 0)):
            assert rows[column].tolist() == compared.sum(axis=0).tolist()
        terms = np.where(gain < 0, 2 * gain, gain)
        assert rows["urisk"].tolist() == pytest.approx(terms.mean(axis=0).tolist(), abs=1e-12)
        with np.errstate(all="ignore"):
            expected = terms.mean(axis=0) / (terms.std(axis=0, ddof=1) / np.sqrt(len(terms)))
        assert rows["trisk"].tolist() == pytest.approx(expected.tolist(), nan_ok=True, abs=1e-9)


# Of the measures, those of the pool only are compared there.
@pytest.mark.parametrize("system", ["a", "f"])
def test_every_cell_equals_pt_experiment(toy, results, system):
    named = dict(zip(["Lose", "Case"], PERTURBATIONS, strict=True))
    check_cells(results, toy, lambda corpus: Exhaustive(Letters(), corpus), system, named)


def test_atlas_equals_pt_experiment():
    results = RobustnessExperiment(
        {"BM25": "bm25"}, "atlas", {"lost": Lose()}, severities=0.2, draws=2, languages=["de", "en"], kinds=["mono"],
        measures=["AP", "R@1"], confidence=None,
    )  # fmt: skip
    family = find_family("atlas")
    for lang, rows in results.drops.groupby("query_lang"):
        corpus = corpus_of(family, lang)
        index = bm25_index(corpus)
        retriever = index.retriever(num_results=len(corpus))
        draws = [
            plain(Lose(severity=0.2, draw=draw) >> retriever, family, lang, lang, ["AP", "R@1"]).mean()
            for draw in (0, 1)
        ]
        assert rows["perturbed"].tolist() == pytest.approx(np.mean(draws, axis=0).tolist())
        assert (rows["drop"] > 0.1).all()


def test_clean_values_are_those_of_the_grid(toy, results):
    grid = LanguageExperiment({"b": [Letters(dim=7, seed=7), Letters(dim=7, seed=8)]}, toy, measures=MEASURES).settings
    for _, rows in results.drops[results.drops["system"] == "b"].groupby(["perturbation", "severity"]):
        assert rows["clean"].tolist() == pytest.approx(grid["value"].tolist())
        assert rows[["kind", "doc_lang", "query_lang"]].values.tolist() == (
            grid[["kind", "doc_lang", "query_lang"]].values.tolist()
        )


def test_seeds_are_averaged(toy, results):
    one = RobustnessExperiment(
        {"7": Letters(dim=7, seed=7), "8": Letters(dim=7, seed=8)}, toy, PERTURBATIONS,
        severities=SEVERITIES, draws=DRAWS, measures=MEASURES,
    )  # fmt: skip
    seeds = [one.drops[one.drops["system"] == name][["perturbed", "worst"]].to_numpy() for name in ("7", "8")]
    both = results.drops[results.drops["system"] == "b"][["perturbed", "worst"]].to_numpy()
    np.testing.assert_allclose(both, np.mean(seeds, axis=0))
    drops = [one.means[one.means["system"] == name]["drop"].to_numpy() for name in ("7", "8")]
    means = results.means[results.means["system"] == "b"]
    np.testing.assert_allclose(means["std"], np.std(drops, axis=0, ddof=1), atol=1e-12)
    assert (means["seeds"] == 2).all()


def test_means_leave_out_languages_without_meaning(results):
    drops, means = results.drops, results.means
    assert results.undefined.values.tolist() == [["Lose", "es"]]
    for row in means.itertuples():
        rows = drops[(drops[["system", "perturbation", "severity", "kind", "measure"]] == list(row[1:6])).all(axis=1)]
        kept = rows[rows["drop"].notna()]
        assert (
            row.settings
            == len(kept)
            == (len(rows) if row.perturbation == "Case" else (kept["query_lang"] != "es").sum())
        )
        for column in ("clean", "perturbed", "drop", "worst", "changed", "urisk"):
            assert getattr(row, column) == pytest.approx(kept[column].mean(), abs=1e-12)
        assert (row.win, row.tie, row.loss) == tuple(kept[["win", "tie", "loss"]].sum())
        assert np.isnan(row.relative) or row.low <= row.relative + 1e-9 <= row.high + 2e-9


def test_tests_against_a_baseline(results):
    drops = results.drops
    assert drops.loc[drops["system"] == "a", "p_value"].isna().all()
    # The function ranks as the baseline does, so nothing differs.
    same = drops[(drops["system"] == "f") & drops["drop"].notna()]
    assert (same["p_value"] == 1).all() and (same["p_corrected"] == 1).all()
    other = drops[(drops["system"] == "b") & drops["drop"].notna()]
    assert (other["p_value"] < 1).any()
    assert drops.loc[drops["drop"].isna(), "p_value"].isna().all()
    merged = other.merge(drops[drops["system"] == "a"], on=list(drops.columns[1:7]), suffixes=("", "_a"))
    assert merged["difference"].tolist() == pytest.approx((merged["drop"] - merged["drop_a"]).tolist(), abs=1e-12)


def drops_of_queries(toy, encoder, lang, perturbation, severity, measure):
    """Clean values and drops of the queries of a monolingual setting, by pt.Experiment: means over the draws."""
    retriever = Exhaustive(encoder, corpus_of(toy, lang))
    clean = plain(Case(severity=0) >> retriever, toy, lang, lang, [measure])[measure]
    draws = [
        plain(perturbation.at(severity=severity, draw=draw) >> retriever, toy, lang, lang, [measure])[measure]
        for draw in range(DRAWS)
    ]
    return clean, clean - sum(draws) / DRAWS


def test_p_values_are_those_of_scipy_with_holms_correction(toy, results):
    rows = results.drops[(results.drops["system"] == "b") & (results.drops["measure"] == "AP")]
    rows = rows[rows["drop"].notna()]
    one = rows[(rows["kind"] == "mono") & (rows["perturbation"] == "Lose") & (rows["severity"] == 0.4)].iloc[0]
    _, base = drops_of_queries(toy, Letters(), one["query_lang"], PERTURBATIONS[0], 0.4, "AP")
    seeds = [
        drops_of_queries(toy, Letters(dim=7, seed=seed), one["query_lang"], PERTURBATIONS[0], 0.4, "AP")[1]
        for seed in (7, 8)
    ]
    expected = scipy.stats.ttest_rel(sum(seeds) / 2, base).pvalue
    assert 0 < expected < 1 and one["p_value"] == pytest.approx(expected)
    # Holm: the smallest of m p-values times m, the next one times m - 1, and so on; none is below the one before.
    corrected, least = {}, 0.0
    for number, (index, p_value) in enumerate(sorted(rows["p_value"].items(), key=lambda item: item[1])):
        least = max(least, min(1.0, p_value * (len(rows) - number)))
        corrected[index] = least
    assert rows["p_corrected"].tolist() == pytest.approx([corrected[index] for index in rows.index])
    assert (rows["p_corrected"] > rows["p_value"]).any()


def test_intervals_are_those_of_resampled_questions(toy, results):
    rows = results.drops[(results.drops["system"] == "a") & (results.drops["kind"] == "mono")]
    rows = rows[(rows["measure"] == "AP") & (rows["perturbation"] == "Lose") & rows["drop"].notna()]
    for row in rows.itertuples():
        clean, drop = drops_of_queries(toy, Letters(), row.query_lang, PERTURBATIONS[0], row.severity, "AP")
        drawn = np.random.default_rng(1).integers(len(clean), size=(4000, len(clean)))
        relative = drop.to_numpy()[drawn].sum(axis=1) / clean.to_numpy()[drawn].sum(axis=1)
        # The bounds are quantiles of 1,000 other resamples, and equal up to rounding where few values are possible.
        assert np.quantile(relative, 0.01) - 1e-9 <= row.low <= np.quantile(relative, 0.05) + 1e-9
        assert np.quantile(relative, 0.95) - 1e-9 <= row.high <= np.quantile(relative, 0.99) + 1e-9


class Counting(Letters):
    """Counts the texts that it encodes, by role."""

    fingerprint = None

    def __init__(self, seed=0):
        super().__init__(seed=seed)
        self.queries, self.documents = Counter(), Counter()

    def encode_queries(self, texts):
        self.queries.update(texts)
        return super().encode_queries(texts)

    def encode_documents(self, texts):
        self.documents.update(texts)
        return super().encode_queries(texts)


# In one group of variants, and in many.
@pytest.mark.parametrize("size", [variants.GROUP_TEXTS, 5])
@pytest.mark.parametrize("kinds", [["mono", "cross", "multi"], ["mono"], ["cross"]])
def test_nothing_is_encoded_twice(toy, monkeypatch, size, kinds):
    monkeypatch.setattr(variants, "GROUP_TEXTS", size)
    encoder = Counting()
    # Twice the same perturbation, and two systems with one encoder.
    perturbations = {"one": Lose(), "same": Lose(), "case": Case(to="upper")}
    RobustnessExperiment(
        {"a": encoder, "again": encoder, "moved": ph.feedback(encoder)}, toy, perturbations, kinds=kinds,
        measures=["AP"], severities=SEVERITIES, draws=4,
    )  # fmt: skip
    assert max(encoder.documents.values()) == 1
    queries = {
        (query.text, lang)
        for doc_lang, lang in toy.settings()
        if lang in toy.languages
        for query in toy.load(doc_lang, lang).queries_iter()
    }
    expected = set()
    for text, lang in queries:
        expected.add(text)
        for operator in perturbations.values():
            for severity in SEVERITIES if operator.graded else [1.0]:
                expected |= {operator.at(severity=severity, draw=draw).perturb(text, lang) for draw in range(4)}
    assert set(encoder.queries) <= expected
    assert max(encoder.queries.values()) == 1


def test_functions_are_called_once_for_each_corpus(toy, monkeypatch):
    monkeypatch.setattr(variants, "GROUP_TEXTS", 5)
    corpora = []

    def function(corpus):
        corpora.append(corpus.id)
        return Exhaustive(Letters(), corpus)

    RobustnessExperiment({"f": function}, toy, [Lose()], severities=[0.3], draws=2, measures=["AP"])
    assert sorted(corpora) == sorted(set(corpora))


def test_the_size_of_groups_changes_nothing(toy, results, monkeypatch):
    monkeypatch.setattr(variants, "GROUP_TEXTS", 1)
    again = RobustnessExperiment(
        {"a": Letters()}, toy, PERTURBATIONS, severities=SEVERITIES, draws=DRAWS, measures=MEASURES
    )
    first = results.drops[results.drops["system"] == "a"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again.drops, first[again.drops.columns])


def test_fused_and_debiased_systems(toy):
    """The same cells as the systems' own transformers give."""
    encoder = Letters()
    fused = ph.fuse("bm25", encoder, lambda corpus: Exhaustive(Letters(dim=5), corpus))
    centred = (
        ph.Centring().fit(encoder, [{"text": "sun moon", "lang": lang} for lang in toy.languages]).applied_to(encoder)
    )
    systems = {"fused": fused, "as a function": lambda corpus: fused(corpus), "centred": centred}
    results = RobustnessExperiment(
        systems, toy, [Lose()], severities=[0.3], draws=2, measures=["AP"], languages=["de", "en"]
    )
    fusions = [
        results.drops[results.drops["system"] == name]["perturbed"].tolist() for name in ("fused", "as a function")
    ]
    assert fusions[0] == pytest.approx(fusions[1])
    assert results.drops["drop"].notna().all()


def test_a_cache_is_shared_with_the_grid_and_resumed(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(variants, "GROUP_TEXTS", 6)

    class Known(Counting):
        fingerprint = "0123abcd"

    class Killed(Known):
        def encode_queries(self, texts):
            if len(self.queries) > 40:
                raise KeyboardInterrupt
            return super().encode_queries(texts)

    LanguageExperiment({"a": Known()}, toy, measures=["AP"], cache=tmp_path)
    options = {"severities": SEVERITIES, "draws": 3, "measures": ["AP"], "cache": tmp_path}
    killed, resumed, again, more = Killed(), Known(), Known(), Known()
    with pytest.raises(KeyboardInterrupt):
        RobustnessExperiment({"a": killed}, toy, [Lose()], **options)
    assert not killed.documents
    first = RobustnessExperiment({"a": resumed}, toy, [Lose()], **options)
    assert not set(resumed.queries) & set(list(killed.queries)[:24])
    assert not resumed.documents
    second = RobustnessExperiment({"a": again}, toy, [Lose()], **options)
    assert not again.queries and not again.documents
    pd.testing.assert_frame_equal(first.drops, second.drops)
    # More draws: only theirs.
    RobustnessExperiment({"a": more}, toy, [Lose()], **{**options, "draws": 4})
    assert 0 < len(more.queries) < len(resumed.queries) + len(killed.queries)
    assert not set(more.queries) & set(resumed.queries)


def test_a_changed_class_gets_no_old_ranks_from_the_cache(toy, tmp_path):
    class Known(Letters):
        fingerprint = "0123abcd"

    changed = type("Lose", (Lose,), {"perturb_text": lambda self, text, lang, generator: text[::-1]})
    options = {"severities": [0.4], "draws": 1, "measures": ["AP"], "languages": ["de"]}
    old = RobustnessExperiment({"a": Known()}, toy, [Lose()], cache=tmp_path, **options)
    new = RobustnessExperiment({"a": Known()}, toy, [changed()], cache=tmp_path, **options)
    pd.testing.assert_frame_equal(new.drops, RobustnessExperiment({"a": Known()}, toy, [changed()], **options).drops)
    assert not new.drops.equals(old.drops)


def test_the_page_tells_how_many_letters_have_a_look_alike(tmp_path):
    documents = [{"docno": lang, "text": "Rom", "lang": lang} for lang in ("de", "hi")]
    # Of the letters of Rom, only o has one; T and r have one.
    queries = [{"qid": "1", "query": "Rom", "lang": "de"}, {"qid": "2", "query": "Tr 12?", "lang": "de"}]
    queries.append({"qid": "3", "query": "रोम", "lang": "hi"})
    qrels = [{"qid": qid, "docno": docno, "label": 1} for qid, docno in (("1", "de"), ("2", "de"), ("3", "hi"))]
    family = ph.family_from(documents, queries, qrels)
    options = {"severities": [0.4], "draws": 1, "measures": ["AP"], "kinds": ["mono"], "confidence": None}
    results = RobustnessExperiment({"a": Letters()}, family, ["homoglyphs", "case"], **options)
    assert results.look_alikes == {"de": 0.6, "hi": 0.0}
    page = results.to_html(tmp_path / "report.html").read_text()
    assert "letters that have a look-alike" in page and re.search(r"de \.60,\s+hi \.00\.", page)
    assert RobustnessExperiment({"a": Letters()}, family, ["case"], **options).look_alikes == {}


def test_a_sample_of_questions(toy):
    options = {"severities": [0.4], "draws": 1, "measures": ["AP"], "languages": ["de", "en"]}
    seen = {}

    class Spy(Exhaustive):
        def transform(self, topics):
            for qid, lang in zip(topics["qid"], topics["lang"], strict=True):
                seen.setdefault(lang, set()).add(qid.split("_")[0])
            return super().transform(topics)

    systems = {"spy": lambda corpus: Spy(Letters(), corpus)}
    results = RobustnessExperiment(systems, toy, [Lose()], questions=2, seed=1, **options)
    assert seen["de"] == seen["en"] and len(seen["de"]) == 2
    assert (results.drops["queries"] <= 2).all()
    assert results.questions == 2
    chosen = {**seen}
    seen.clear()
    RobustnessExperiment(systems, toy, [Lose()], questions=2, seed=5, **options)
    assert seen != chosen
    whole = RobustnessExperiment(systems, toy, [Lose()], questions=100, **options)
    pd.testing.assert_frame_equal(whole.drops, RobustnessExperiment(systems, toy, [Lose()], **options).drops)


def test_overlap_of_rankings(toy):
    systems = {"a": Letters(), "f": lambda corpus: Exhaustive(Letters(), corpus), "moved": ph.feedback(Letters())}
    options = {"severities": [0.3], "draws": 2, "measures": ["AP"]}
    results = RobustnessExperiment(systems, toy, [Lose()], overlap=True, **options)
    plainly = RobustnessExperiment(systems, toy, [Lose()], **options)
    rest = results.drops[results.drops["measure"] != "RBO"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, plainly.drops)
    drops = results.drops[results.drops["measure"] == "RBO"]
    assert (drops["clean"] == 1).all()
    assert drops.loc[drops["query_lang"] != "es", "perturbed"].between(0.2, 0.999).all()
    values = [drops[drops["system"] == name]["perturbed"].tolist() for name in ("a", "f")]
    assert values[0] == pytest.approx(values[1], nan_ok=True)
    assert drops["high"].max() < 1
    # One cell by hand, from the rankings of PyTerrier; pyterrier_alpha goes on to depth 1,000.
    topics = pt.get_dataset(f"irds:{toy.id('multi', 'de')}").get_topics().assign(lang="de")
    topics = topics[topics["qid"].isin(pt.get_dataset(f"irds:{toy.id('multi', 'de')}").get_qrels()["qid"])]
    search = Exhaustive(Letters(), corpus_of(toy, "multi"))
    overlaps = []
    for draw in (0, 1):
        one, other = search(topics), search(Lose(severity=0.3, draw=draw)(topics))
        for qid in topics["qid"]:
            ranked = [frame.loc[frame["qid"] == qid, "docno"].tolist() for frame in (one, other)]
            weights = 0.9 ** np.arange(27)
            common = [len(set(ranked[0][:depth]) & set(ranked[1][:depth])) / depth for depth in range(1, 28)]
            overlaps.append((weights * common).sum() / weights.sum())
    (row,) = drops[(drops["system"] == "a") & (drops["kind"] == "multi") & (drops["query_lang"] == "de")].itertuples()
    assert row.perturbed == pytest.approx(np.mean(overlaps))


def test_rank_biased_overlap_is_that_of_pyterrier_alpha():
    import pyterrier_alpha as pta

    rng = np.random.default_rng(0)
    rankings = [np.stack([rng.permutation(150)[:100] for _ in range(5)]) for _ in range(2)]
    rankings[1][0] = rankings[0][0]
    frames = [
        pd.DataFrame({"qid": np.repeat([f"q{i}" for i in range(5)], 100), "docno": ranking.ravel().astype(str)}).assign(
            score=np.tile(-np.arange(100.0), 5)
        )
        for ranking in rankings
    ]
    expected = dict(pta.rbo(*frames, p=0.9))
    found = rank_biased_overlap(*rankings)
    assert found.tolist() == pytest.approx([expected[f"q{i}"] for i in range(5)], abs=1e-4)
    assert found[0] == pytest.approx(1)
    shorter = np.array([[4, 2, -1], [-1, -1, -1], [3, -1, -1]])
    assert rank_biased_overlap(shorter, shorter).tolist() == pytest.approx([1, 1, 1])
    assert rank_biased_overlap(shorter, np.array([[2, -1, -1], [1, -1, -1], [-1, -1, -1]]), p=0.5).tolist() == (
        pytest.approx([0.25 / 1.5, 0, 0])
    )
    assert rank_biased_overlap(np.array([[1, 2]]), np.array([[3, 4]])).tolist() == [0]
    assert rank_biased_overlap(np.array([[-1], [-1]]), np.array([[-1], [2]])).tolist() == [1, 0]


def test_one_language(tmp_path):
    family = make_family("toy-robust-one", {"de": language("de", (0, 1, 2))})
    results = RobustnessExperiment(
        {"a": Letters()}, family, [Lose()], severities=[0.3], draws=2, measures=["AP"], kinds=["mono"]
    )
    assert results.drops[["kind", "doc_lang", "query_lang"]].values.tolist() == [["mono", "de", "de"]]
    spanish = make_family("toy-robust-es", {"es": language("es", (0, 1, 2))})
    nothing = RobustnessExperiment({"a": Letters()}, spanish, [Lose()], draws=1, measures=["AP"], kinds=["mono"])
    assert nothing.drops["drop"].isna().all() and nothing.means.empty
    assert nothing.undefined.values.tolist() == [["Lose", "es"]]
    # That is a result, too.
    names = {path.name for path in nothing.save(tmp_path)}
    assert {"undefined.csv", "table.md", "report.html"} <= names and "robustness.png" not in names
    assert (tmp_path / "undefined.csv").read_text().splitlines() == ["perturbation,lang", "Lose,es"]
    assert nothing.table("markdown") and nothing.table("latex") and nothing._repr_html_() and repr(nothing)
    assert nothing.per_resource_class().empty
    for draw in (nothing.plot, lambda: nothing.heatmap("a")):
        with pytest.raises(ValueError, match="nothing to draw"):
            draw()


def test_severity_zero_changes_nothing(toy):
    drops = RobustnessExperiment({"a": Letters()}, toy, [Lose()], severities=[0.0], draws=2, measures=["AP"]).drops
    drops = drops[drops["query_lang"] != "es"]
    assert (drops["drop"] == 0).all() and (drops["changed"] == 0).all() and (drops["loss"] == 0).all()
    assert (drops["perturbed"] == drops["clean"]).all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"perturbations": []}, ValueError, "perturbations is empty"),
        ({"perturbations": {}}, ValueError, "perturbations is empty"),
        ({"perturbations": Case() >> Lose()}, TypeError, "perturbations is a pipeline.*give .A, B. to use each"),
        ({"perturbations": {"both": Case() >> Lose()}}, TypeError, r"perturbations\['both'\] is a pipeline"),
        ({"perturbations": [Case(), Lose() >> Case()]}, TypeError, r"perturbations\[1\] is a pipeline"),
        ({"perturbations": ["tpying"]}, ValueError, r"perturbations\[0\]: unknown perturbation 'tpying'"),
        ({"perturbations": [3]}, TypeError, r"perturbations\[0\]: 3 is a int"),
        ({"perturbations": [Case(), Case()]}, ValueError, "given twice"),
        ({"perturbations": {"": Case()}}, TypeError, "must be a string that is not empty"),
        ({"severities": []}, ValueError, "severities: none was given"),
        (
            {"perturbations": {"hard": Lose(severity=0.5)}},
            ValueError,
            "hard has severity=0.5, but graded ones are measured",
        ),
        ({"severities": [2]}, ValueError, "severity=2"),
        ({"draws": 0}, ValueError, "draws=0"),
        ({"questions": 0}, ValueError, "questions=0"),
        ({"baseline": "b"}, ValueError, "baseline: 'b' is unknown"),
        ({"systems": {"r": Runs("{doc_lang}.{query_lang}")}}, ValueError, r"systems\['r'\]: runs are rankings of the"),
    ],
)
def test_errors_name_the_argument(toy, changes, error, message):
    arguments = {"systems": {"a": Letters()}, "dataset": toy, "perturbations": [Lose()], **changes}
    with pytest.raises(error, match=message):
        RobustnessExperiment(**arguments)


def test_measures_that_compare_translations_are_refused(toy):
    with pytest.raises(ValueError, match="RankCorrelation compares the translations of a query"):
        RobustnessExperiment({"letters": Letters()}, toy, "case", measures=["RankCorrelation"])
