"""LanguageExperiment: every setting equals pt.Experiment; restricted languages, kinds, progress."""

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from grid_helpers import MEASURES, Exhaustive, Letters, corpus_of, expected_values, make_family, make_toy
from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid import BM25Index, LanguageExperiment
from pyterrier_hybrid.datasets import Document, LanguageData
from pyterrier_hybrid.experiment import LanguageResults


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-letters")


@pytest.fixture(scope="module")
def results(toy):
    systems = {"a": Letters(), "b": Letters(seed=7), "c": Letters(dim=2)}
    return LanguageExperiment(systems, toy, measures=MEASURES, baseline="b")


def test_every_setting_equals_pt_experiment(toy, results):
    assert isinstance(results, LanguageResults)
    settings = results.settings[results.settings["system"] == "a"].groupby(["kind", "doc_lang", "query_lang"])
    assert len(settings) == 3 + 6 + 3
    for (kind, doc_lang, query_lang), rows in settings:
        measures = MEASURES if kind == "multi" else MEASURES[:-1]
        expected = expected_values(Letters(), toy.id(doc_lang, query_lang), corpus_of(toy, doc_lang), measures)
        assert rows["measure"].tolist() == measures
        assert (rows["queries"] == len(expected)).all()
        assert rows["value"].tolist() == pytest.approx(expected.mean()[measures].tolist()), (doc_lang, query_lang)


def test_order_and_columns(results):
    settings = results.settings
    assert settings.columns.tolist() == (
        ["system", "kind", "doc_lang", "query_lang", "measure", "value", "queries", "p_value", "p_corrected"]
    )
    assert settings["system"].unique().tolist() == ["a", "b", "c"]
    first = settings[(settings["system"] == "a") & (settings["measure"] == "AP")]
    assert first[["kind", "doc_lang", "query_lang"]].agg(" ".join, axis=1).tolist() == (
        ["mono de de", "mono en en", "mono es es"]
        + ["cross de en", "cross de es", "cross en de", "cross en es", "cross es de", "cross es en"]
        + ["multi multi de", "multi multi en", "multi multi es"]
    )
    counts = dict(zip(zip(first["doc_lang"], first["query_lang"], strict=True), first["queries"], strict=True))
    assert counts["de", "es"] == counts["de", "de"] == 4
    assert counts["en", "de"] == 3
    assert counts["multi", "de"] == 5  # query 5 has no answer anywhere


def test_functions_and_encoders_have_the_same_values(toy):
    encoder = Letters()
    systems = {"encoder": encoder, "function": lambda corpus: Exhaustive(encoder, corpus)}
    settings = LanguageExperiment(systems, toy, measures=MEASURES).settings
    values = [settings[settings["system"] == name]["value"].to_numpy() for name in systems]
    np.testing.assert_allclose(*values, rtol=0, atol=1e-12)


def test_documents_that_are_not_retrieved(toy):
    systems = {"first": lambda corpus: Exhaustive(Letters(), corpus, depth=2)}
    settings = LanguageExperiment(systems, toy, measures=["AP", "RankDistance"], kinds=["multi"]).settings
    for query_lang, rows in settings.groupby("query_lang"):
        # The grid's depth is the number of documents, not the length of the run.
        measures, corpus = ["AP", "RankDistance@27"], corpus_of(toy, "multi")
        expected = expected_values(Letters(), toy.id("multi", query_lang), corpus, measures, depth=2)
        assert rows["value"].tolist() == pytest.approx(expected.mean()[measures].tolist())


def test_function_sees_queries_with_their_language(toy):
    seen = []

    class Spy(pt.Transformer):
        def transform(self, topics):
            seen.append((tuple(topics.columns), set(topics["lang"]), topics["qid"].tolist()))
            return pd.DataFrame(columns=["qid", "query", "docno", "score", "rank"])

    corpora = []

    def system(corpus):
        corpora.append((corpus.id, corpus.lang, corpus.languages, len(corpus)))
        return Spy()

    results = LanguageExperiment({"spy": system}, toy, measures=["AP", "RankDistance"])
    assert corpora == [
        ("toy-letters/de", "de", ("de",), 9),
        ("toy-letters/en", "en", ("en",), 9),
        ("toy-letters/es", "es", ("es",), 9),
        ("toy-letters", "multi", ("de", "en", "es"), 27),
    ]
    assert len(seen) == 12
    assert seen[0] == (("qid", "query", "lang"), {"de"}, [f"q{i}_de" for i in range(4)])
    assert (results.settings.query("measure == 'AP'")["value"] == 0).all()
    distances = results.settings.query("measure == 'RankDistance' and query_lang == 'de'")["value"].tolist()
    # The worst value for the four queries with several answers, 0 for the one with a single answer.
    assert distances == [27 * 4 / 5]


def test_bm25_equals_an_index_built_by_hand(toy, tmp_path):

    def indexed(corpus):
        index = BM25Index(tmp_path / corpus.lang)
        index.indexer().index(corpus.get_corpus_iter())
        return index.retriever(num_results=len(corpus))

    settings = LanguageExperiment({"BM25": "bm25", "function": indexed}, toy, measures=MEASURES).settings
    values = [settings[settings["system"] == name]["value"].tolist() for name in ("BM25", "function")]
    assert values[0] == values[1]
    assert settings.query("kind == 'mono' and measure == 'AP'")["value"].gt(0).all()


def test_texts_are_encoded_once(toy):
    encoder = Letters()
    LanguageExperiment({"a": encoder}, toy)
    queries, documents = encoder.calls
    assert len(queries) == len(set(queries)) <= 15
    assert len(documents) == len(set(documents)) == 24  # three of the 27 are duplicates


def test_means_and_per_language(results):
    settings = results.settings
    means = results.means
    assert means.columns.tolist() == ["system", "kind", "measure", "value"]
    row = means.query("system == 'a' and kind == 'cross' and measure == 'AP'")["value"].item()
    assert row == pytest.approx(settings.query("system == 'a' and kind == 'cross' and measure == 'AP'")["value"].mean())
    by_language = results.per_language()
    assert by_language.columns.tolist() == ["system", "kind", "lang", "measure", "value"]
    chosen = "system == 'c' and kind == 'cross' and measure == 'R@1'"
    expected = settings.query(f"{chosen} and query_lang == 'es'")["value"].mean()
    assert by_language.query(f"{chosen} and lang == 'es'")["value"].item() == pytest.approx(expected)


def test_languages_restrict_documents_queries_and_qrels_of_the_pool(toy):
    chosen = ["es", "de"]
    results = LanguageExperiment({"a": Letters()}, toy, measures=["AP", "RankDistance"], languages=chosen)
    assert results.languages == ("de", "es")
    assert len(results.settings.groupby(["kind", "doc_lang", "query_lang"])) == 2 + 2 + 2
    pool = corpus_of(toy, "multi", ("de", "es"))
    for query_lang, rows in results.settings.query("kind == 'multi'").groupby("query_lang"):
        expected = expected_values(
            Letters(), toy.id("multi", query_lang), pool, ["AP", "RankDistance"], languages=chosen
        )
        assert rows["value"].tolist() == pytest.approx(expected.mean()[["AP", "RankDistance"]].tolist())


def test_kinds(toy):
    results = LanguageExperiment({"a": Letters()}, toy, measures="R@1", kinds=["multi", "mono"])
    assert results.settings["kind"].unique().tolist() == ["mono", "multi"]
    assert LanguageExperiment({"a": Letters()}, toy, kinds="cross").settings["measure"].unique().tolist() == (
        ["AP", "R@1", "R@10"]
    )


def test_one_document_one_query():
    text = "only this"
    data = LanguageData(
        [Document("de_0_0", text, "de", "title", text)],
        {None: [GenericQuery("q_de", "only what")]},
        {None: [TrecQrel("q_de", "de_0_0", 1, "de")]},
    )
    family = make_family("toy-one", {"de": data})
    systems = {"a": Letters(), "b": Letters(seed=1)}
    settings = LanguageExperiment(systems, family, baseline="a").settings
    assert settings["kind"].unique().tolist() == ["mono", "multi"]
    assert settings.query("kind == 'mono'")["value"].tolist() == [1.0] * 6
    assert settings.query("measure == 'RankDistance'")["value"].tolist() == [0.0] * 2
    assert settings["p_value"].isna().all()
    with pytest.raises(ValueError, match="cross-lingual settings need two or more languages"):
        LanguageExperiment(systems, family, kinds=["cross"])


def test_progress(toy, capfd):
    LanguageExperiment({"first": Letters(), "second": Letters()}, toy, kinds=["mono"], verbose=True)
    shown = capfd.readouterr().err
    assert "first:   0%" in shown
    assert "second: 100%" in shown
    assert "6/6" in shown
    LanguageExperiment({"first": Letters()}, toy, kinds=["mono"])
    assert capfd.readouterr().err == ""
