"""LanguageExperiment: every setting as pt.Experiment has it, significance, restricted pools, bad input."""

import zlib

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel
from scipy import stats

from pyterrier_hybrid import BM25Index, LanguageExperiment, datasets
from pyterrier_hybrid.datasets import Document, Family, LanguageData
from pyterrier_hybrid.experiment import Corpus, LanguageResults
from pyterrier_hybrid.experiment._significance import holm, paired_p_value

WORDS = "sun moon star tree leaf root fish bird stone river cloud rain".split()
MEASURES = ["AP", "AP@3", "R@1", "R@10", "P@2", "RR", "RR@2", "nDCG", "nDCG@3", "Success@2", "RankDistance"]


class Letters:
    """An encoder whose inner products are whole numbers: exact in any order of summation, and often tied."""

    def __init__(self, dim=16, seed=0):
        self.dim, self.seed, self.calls = dim, seed, []

    def encode_queries(self, texts):
        self.calls.append(texts)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for at in range(len(text) - 2):
                vectors[row, zlib.crc32(text[at : at + 3].encode(), self.seed) % self.dim] += 1
        return vectors

    encode_documents = encode_queries


class Exhaustive(pt.Transformer):
    """The plain way: every query against every document of a corpus."""

    def __init__(self, encoder, corpus, depth=None):
        self.encoder, self.depth = encoder, depth
        self.docnos = np.array([row["docno"] for row in corpus.get_corpus_iter()], dtype=object)
        self.vectors = encoder.encode_documents([row["text"] for row in corpus.get_corpus_iter()])

    def transform(self, topics):
        frames = []
        for qid, query in zip(topics["qid"], topics["query"], strict=True):
            scores = (self.vectors @ self.encoder.encode_queries([query])[0]).astype(float)
            best = np.lexsort((self.docnos, scores))[::-1][: self.depth]
            frames.append(pd.DataFrame({"qid": qid, "query": query, "docno": self.docnos[best], "score": scores[best]}))
        return pt.model.add_ranks(pd.concat(frames))


def language(lang, answered, *, queries=6):
    """Documents, one of them twice, and queries of which only some have an answer in this language."""
    rng = np.random.default_rng(zlib.crc32(lang.encode()))
    texts = [f"{lang} " + " ".join(rng.choice(WORDS, 4)) for _ in range(9)]
    texts[7] = texts[min(answered)]
    docs = [Document(f"{lang}_{i}_0", text, lang, "title", text) for i, text in enumerate(texts)]
    asked = [GenericQuery(f"q{i}_{lang}", " ".join(rng.choice(WORDS, 3))) for i in range(queries)]
    answers = [TrecQrel(f"q{i}_{lang}", f"{lang}_{i}_0", 1, lang) for i in answered]
    return LanguageData(docs, {None: asked}, {None: answers})


def make_family(name, languages):
    family = Family(name, tuple(languages))
    datasets.register_family(family, languages.__getitem__)
    return family


@pytest.fixture(scope="module")
def toy():
    # As in MLQA-R, not every language answers every query; nobody answers query 5, and only es query 4.
    answered = {"de": (0, 1, 2, 3), "en": (0, 1, 2), "es": (1, 2, 3, 4)}
    return make_family("toy-letters", {lang: language(lang, ids) for lang, ids in answered.items()})


@pytest.fixture(scope="module")
def results(toy):
    systems = {"a": Letters(), "b": Letters(seed=7), "c": Letters(dim=2)}
    return LanguageExperiment(systems, toy, measures=MEASURES, baseline="b")


def expected_values(encoder, dataset_id, corpus, measures, languages=None, **options):
    """What pt.Experiment says of one setting, per query."""
    dataset = pt.get_dataset(f"irds:{dataset_id}")
    qrels = dataset.get_qrels()
    if languages:
        qrels = qrels[qrels["docno"].str.split("_").str[0].isin(languages)]
    topics = dataset.get_topics()
    topics = topics[topics["qid"].isin(qrels["qid"])]
    measures = [ir_measures.parse_measure(measure) for measure in measures]
    systems = [Exhaustive(encoder, corpus, **options)]
    frame = pt.Experiment(systems, topics, qrels, measures, perquery=True, validate="ignore")
    return frame.pivot(index="qid", columns="measure", values="value")


def corpus_of(family, lang, languages=None):
    documents = ir_datasets.load(family.id(lang, lang)).docs_iter()
    languages = languages or family.languages
    return Corpus("expected", lang, languages, tuple(doc for doc in documents if doc.lang in languages))


def test_every_setting_is_what_pt_experiment_says(toy, results):
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


def test_functions_and_encoders_are_the_same(toy):
    encoder = Letters()
    systems = {"encoder": encoder, "function": lambda corpus: Exhaustive(encoder, corpus)}
    settings = LanguageExperiment(systems, toy, measures=MEASURES).settings
    values = [settings[settings["system"] == name]["value"].to_numpy() for name in systems]
    np.testing.assert_allclose(*values, rtol=0, atol=1e-12)


def test_what_is_not_retrieved_is_not_found(toy):
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


def test_bm25_is_the_index_that_users_build(toy, tmp_path):
    pytest.importorskip("pyterrier_pisa")

    def indexed(corpus):
        index = BM25Index(tmp_path / corpus.lang)
        index.indexer().index(corpus.get_corpus_iter())
        return index.retriever(num_results=len(corpus))

    settings = LanguageExperiment({"BM25": "bm25", "function": indexed}, toy, measures=MEASURES).settings
    values = [settings[settings["system"] == name]["value"].tolist() for name in ("BM25", "function")]
    assert values[0] == values[1]
    assert settings.query("kind == 'mono' and measure == 'AP'")["value"].gt(0).all()


@pytest.mark.usefixtures("lareqa_home")
def test_bm25_on_real_documents():
    pytest.importorskip("pyterrier_pisa")
    settings = LanguageExperiment({"BM25": "bm25"}, "xquad-r", languages="de", kinds="mono", measures="AP").settings
    assert settings["value"].item() == pytest.approx(0.758, abs=0.001)


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


def test_paired_p_value_without_variance():
    ones = np.ones(3)
    assert paired_p_value(ones, ones) == 1.0
    assert paired_p_value(ones, 0 * ones) == 0.0
    assert np.isnan(paired_p_value(ones[:1], ones[:1]))


def test_holm_by_hand():
    # Sorted: .01 × 4, .02 × 3, .03 × 2 raised to .06, .9 × 1.
    assert holm(np.array([0.03, 0.9, 0.01, 0.02])) == pytest.approx([0.06, 0.9, 0.04, 0.06])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1, 1])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert len(holm(np.zeros(0))) == 0


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dataset": "xquad"}, "'xquad'.*xquad-r.*mlqa-r"),
        ({"measures": ["Bpref"]}, "'Bpref' is not supported.*AP, AP@k, R@k"),
        ({"kinds": ["mono", "poly"]}, "kinds: 'poly' is unknown; the valid ones are mono, cross, multi"),
        ({"kinds": []}, "kinds: nothing was chosen"),
        ({"languages": ["de", "xx"]}, "languages: 'xx' is unknown; the valid ones are de, en, es"),
        ({"baseline": "BM25"}, "baseline: 'BM25' is unknown; the systems are a"),
        ({"systems": {}}, "no system was given"),
        ({"systems": {"x": "splade"}}, r"systems\['x'\]: 'splade' is unknown; the valid string is 'bm25'"),
        ({"kinds": ["mono"], "measures": ["RankDistance"]}, "RankDistance is reported for kind multi only"),
    ],
)
def test_unknown_names(toy, options, message):
    with pytest.raises(ValueError, match=message):
        LanguageExperiment(**{"systems": {"a": Letters()}, "dataset": toy, **options})


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        ([Letters()], "give a dictionary"),
        ({"a": 3}, r"systems\['a'\]: a int is not an encoder"),
        ({"a": pt.Transformer.identity()}, "wrap a pipeline as lambda corpus: pipeline"),
        ({3: Letters()}, "the name 3 must be a string"),
        ({" ": Letters()}, "must be a string that is not empty"),
        ({"a": lambda corpus: len(corpus)}, "for the corpus toy-letters/de the function returned a int"),
    ],
)
def test_no_systems(toy, systems, message):
    with pytest.raises(TypeError, match=message):
        LanguageExperiment(systems, toy)


def encoder_with(queries=None, documents=None):
    encoder, keep = Letters(), lambda vectors: vectors
    queries, documents = queries or keep, documents or keep

    class Changed:
        def encode_queries(self, texts):
            return queries(encoder.encode_queries(texts))

        def encode_documents(self, texts):
            return documents(encoder.encode_documents(texts))

    return Changed()


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (encoder_with(queries=lambda v: v[1:]), r"systems\['a'\].encode_queries: 15 texts gave .* \(14, 16\)"),
        (encoder_with(documents=lambda v: v.ravel()), r"systems\['a'\].encode_documents: 24 texts gave .* \(384,\)"),
        (encoder_with(documents=lambda v: v[:, :8]), "queries have 16 dimensions and documents 8"),
        (encoder_with(queries=lambda v: np.where(np.arange(len(v))[:, None] == 3, np.nan, v)), "not finite"),
        (encoder_with(documents=lambda v: v * np.inf), "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_encoders(toy, encoder, message):
    with pytest.raises(ValueError, match=message):
        LanguageExperiment({"a": encoder}, toy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(docno="de_77_0"), "docno 'de_77_0', which is not in the corpus"),
        (lambda frame: frame.assign(docno=1), "docno 1, which is not in the corpus"),
        (lambda frame: frame.assign(qid="q9"), "qid 'q9', which was not asked for"),
        (lambda frame: frame.assign(score=np.nan), "score nan, which is not a finite number"),
        (lambda frame: pd.concat([frame, frame[3:]]), "document 'de_._0' occurs twice in one ranking"),
        (lambda frame: frame.drop(columns="score"), "have no column score"),
    ],
)
def test_bad_results(toy, change, message):
    systems = {"a": lambda corpus: Exhaustive(Letters(), corpus) >> pt.apply.generic(change)}
    with pytest.raises(ValueError, match=rf"systems\['a'\] on toy-letters/de with queries in de: .*{message}"):
        LanguageExperiment(systems, toy)


def test_bad_qrels():
    data = language("de", (0, 1))
    wrong = data._replace(answers={None: [TrecQrel("q0_de", "de_55_0", 1, "de")]})
    with pytest.raises(ValueError, match="toy-wrong/de: the qrels name document 'de_55_0', which is not in its corpus"):
        LanguageExperiment({"a": Letters()}, make_family("toy-wrong", {"de": wrong}))
    empty = make_family("toy-empty", {"de": data._replace(docs=[], answers={None: []})})
    with pytest.raises(ValueError, match="toy-empty/de: the corpus has no document in de"):
        LanguageExperiment({"a": Letters()}, empty)


def test_progress(toy, capfd):
    LanguageExperiment({"first": Letters(), "second": Letters()}, toy, kinds=["mono"], verbose=True)
    shown = capfd.readouterr().err
    assert "first:   0%" in shown
    assert "second: 100%" in shown
    assert "6/6" in shown
    LanguageExperiment({"first": Letters()}, toy, kinds=["mono"])
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("lareqa_home")
def test_real_settings_are_what_pt_experiment_says():
    family, languages, measures = datasets.family("xquad-r"), ("en", "th"), ["AP@100", "R@1", "R@10", "nDCG@10", "RR"]
    encoder = Letters(dim=64)
    results = LanguageExperiment({"a": encoder}, family, languages=languages, measures=measures)
    assert set(results.settings["queries"]) == {1190}
    for doc_lang, query_lang in (("th", "th"), ("en", "th"), ("multi", "en")):
        corpus = corpus_of(family, doc_lang, languages)
        setting = (encoder, family.id(doc_lang, query_lang), corpus, measures[:-1], languages)
        rows = results.settings.query(f"doc_lang == '{doc_lang}' and query_lang == '{query_lang}'")
        found = rows["value"].tolist()[:-1]
        assert found == pytest.approx(expected_values(*setting, depth=100).mean()[measures[:-1]].tolist())
        assert found[2] > found[1] > 0
