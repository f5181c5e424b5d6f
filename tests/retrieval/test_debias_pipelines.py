"""Debiased vectors in pipelines: transformers, indexes written and unchanged, encoders."""

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_hybrid import DenseEncoder, FaissIndex
from pyterrier_hybrid.retrieval.debias import LIR, SHIFT, Centring, DebiasedEncoder

LANGS = ("de", "en", "zh")
DIM = 6
TEXTS = {"de": ["ein Haus", "der Fluss"], "en": ["a house", "the river"], "zh": ["房子", "河"]}


def vectors(count, seed):
    return np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)


def documents(count=45):
    offsets = dict(zip(LANGS, 2 * vectors(3, 9), strict=True))
    langs = [LANGS[i % 3] for i in range(count)]
    return [
        {"docno": f"d{i:02}", "doc_vec": vector + offsets[lang], "lang": lang}
        for i, (vector, lang) in enumerate(zip(vectors(count, 1), langs, strict=True))
    ]


def queries(count=7):
    return pd.DataFrame(
        {
            "qid": [f"q{i}" for i in range(count)],
            "query": "x",
            "query_vec": list(vectors(count, 2)),
            "lang": [LANGS[i % 3] for i in range(count)],
        }
    )


def fitted(method):
    docs = documents()
    given = np.stack([doc["doc_vec"] for doc in docs]), [doc["lang"] for doc in docs]
    if isinstance(method, SHIFT):
        return method.fit_vectors(*given, items=[i // 3 for i in range(len(docs))])
    return method.fit_vectors(*given, queries=vectors(9, 4) + 1, query_langs=LANGS * 3)


METHODS = [Centring, LIR, lambda **options: LIR(3, **options), lambda **options: SHIFT("en", alpha=0.7, **options)]
IDS = ["Centring", "LIR", "LIR(3)", "SHIFT"]


@pytest.fixture(params=METHODS, ids=IDS)
def debias(request):
    return fitted(request.param(normalize=False))


@pytest.fixture
def index(tmp_path):
    return FaissIndex(tmp_path / "index").indexer().index(documents())


def test_debiasers_change_their_column_only(debias):
    frame = queries()
    frame.index = range(10, 17)
    before = frame.copy(deep=True)
    result = debias.query_debiaser().transform(frame)
    np.testing.assert_array_equal(
        np.stack(result.query_vec), debias.queries(np.stack(frame.query_vec), frame.lang.tolist())
    )
    pd.testing.assert_frame_equal(result.drop(columns="query_vec"), frame.drop(columns="query_vec"))
    pd.testing.assert_frame_equal(frame, before)
    docs = pd.DataFrame(documents())
    found = np.stack(debias.doc_debiaser().transform(docs).doc_vec)
    np.testing.assert_array_equal(found, debias.documents(np.stack(docs.doc_vec), docs.lang.tolist()))


def test_the_language_is_given_or_read_from_a_column():
    debias = fitted(Centring())
    frame = queries()
    said = debias.query_debiaser("de").transform(frame.drop(columns="lang"))
    read = debias.query_debiaser(lang_field="query_lang").transform(frame.assign(query_lang="de", lang="zh"))
    np.testing.assert_array_equal(np.stack(said.query_vec), np.stack(read.query_vec))
    with pytest.raises(ValueError, match=r"queries\[0\] is in 'fr', but Centring\(\) was fitted on de, en, zh"):
        debias.query_debiaser("fr").transform(frame)


def test_empty_frames_and_missing_columns(debias, index):
    for transformer in (debias.query_debiaser(), debias.retriever(index, keep_query_vec=True)):
        assert set(queries().columns) <= set(transformer.transform(queries().head(0)).columns)
    assert {"docno", "score", "rank"} <= set(debias.retriever(index).transform(queries().head(0)).columns)
    for transformer, missing in (
        (debias.query_debiaser(), "query_vec"),
        (debias.doc_debiaser(), "doc_vec"),
        (debias.doc_debiaser("de"), "doc_vec"),
        (debias.retriever(index), "query_vec"),
    ):
        with pytest.raises(pt.validate.InputValidationError, match=missing):
            transformer.transform(pd.DataFrame({"qid": ["1"], "lang": ["de"]}))
    with pytest.raises(pt.validate.InputValidationError, match="lang"):
        debias.query_debiaser().transform(queries().drop(columns="lang"))


def test_inspection_and_schematics(debias, index):
    pipeline = debias.query_debiaser() >> debias.retriever(index)
    assert set(pt.inspect.transformer_outputs(pipeline, ["qid", "query", "query_vec", "lang"])) >= {"docno", "score"}
    assert pt.inspect.transformer_inputs(debias.doc_debiaser()) == [["docno", "doc_vec", "lang"], ["doc_vec", "lang"]]
    assert debias.query_debiaser().schematic["label"] == "Debias"


def test_transformers_are_equal_only_if_they_share_the_fitted_object(debias, index):
    other = fitted(Centring(normalize=False))
    assert debias.query_debiaser() == debias.query_debiaser()
    assert debias.query_debiaser() != debias.doc_debiaser()
    assert debias.query_debiaser() != debias.query_debiaser("de")
    assert debias.query_debiaser() != other.query_debiaser()
    assert hash(debias.query_debiaser()) == hash(debias.query_debiaser())
    assert debias.retriever(index) == debias.retriever(FaissIndex(index.path))
    assert debias.retriever(index) != debias.retriever(index, lang="de")
    assert repr(debias.query_debiaser("de")).endswith(".query_debiaser('de')")


def test_a_fitted_method_looks_fitted():
    debias = Centring(normalize=False)
    assert repr(debias) == "Centring(normalize=False)"
    assert repr(fitted(debias)) == "Centring(normalize=False).fit(<de, en, zh>)"
    many = Centring().fit_vectors(np.eye(6), ["ar", "de", "en", "es", "ru", "zh"])
    assert repr(many.query_debiaser("de")) == "Centring().fit(<6 languages>).query_debiaser('de')"


def test_a_rewritten_index_equals_one_written_debiased(debias, index, tmp_path):
    rewritten = debias.rewrite(index, tmp_path / "rewritten")
    written = (debias.doc_debiaser() >> FaissIndex(tmp_path / "written").indexer()).index(documents())
    asked = debias.query_debiaser().transform(queries())
    results = rewritten.retriever().transform(asked)
    pd.testing.assert_frame_equal(results, written.retriever().transform(asked))
    assert results["score"].groupby(results.qid).first().tolist() == pytest.approx(
        [
            max(np.dot(debias.documents([doc["doc_vec"]], doc["lang"])[0], query) for doc in documents())
            for query in asked.query_vec
        ],
        abs=1e-4,
    )
    assert not np.allclose(index.retriever().transform(asked).score, results.score)
    with pytest.raises(FileExistsError):
        debias.rewrite(index, tmp_path / "rewritten")


@pytest.mark.parametrize("options", [{}, {"num_results": 4}, {"num_results": 100, "lang": "zh"}])
def test_an_unchanged_index_gives_the_results_of_a_debiased_one(debias, index, tmp_path, options):
    asked = debias.query_debiaser().transform(queries())
    rewritten = debias.rewrite(index, tmp_path / "rewritten")
    truth = rewritten.retriever(**options, keep_query_vec=True).transform(asked)
    found = debias.retriever(index, **options, keep_query_vec=True).transform(asked)
    assert found.docno.tolist() == truth.docno.tolist()
    assert found["rank"].tolist() == truth["rank"].tolist()
    np.testing.assert_allclose(found.score, truth.score, atol=1e-4)
    assert sorted(found.columns) == sorted(truth.columns)
    np.testing.assert_array_equal(np.stack(found.query_vec), np.stack(truth.query_vec))
    without = debias.retriever(index, **options).transform(asked)
    pd.testing.assert_frame_equal(without, found.drop(columns="query_vec"))


def test_some_languages_of_an_unchanged_index_and_a_cutoff(index):
    debias = fitted(Centring(normalize=False))
    some = debias.retriever(index, lang=["de", "zh"]).transform(queries())
    twice = debias.retriever(index, lang=["de", "zh", "de"]).transform(queries())
    pd.testing.assert_frame_equal(some, twice)
    assert len(some) == 7 * 30
    cut = (debias.retriever(index) % 3).compile()
    assert repr(cut) == repr(debias.retriever(index, 3))
    pd.testing.assert_frame_equal(
        cut.transform(queries()),
        debias.retriever(index).transform(queries()).groupby("qid").head(3).reset_index(drop=True),
    )


def test_ties_of_an_unchanged_index_are_broken_as_trec_eval_does(tmp_path):
    # Once debiased, all four are the same.
    docs = [
        {"docno": docno, "doc_vec": [1.0, offset], "lang": lang}
        for docno, offset, lang in (("b", 1.0, "de"), ("d", 2.0, "en"), ("c", 1.0, "de"), ("a", 2.0, "en"))
    ]
    index = FaissIndex(tmp_path / "index").indexer().index(docs)
    debias = Centring().fit_vectors([[0, 1], [0, 2]], ["de", "en"], queries=[[0, 0], [1, 1]], query_langs=["de", "en"])
    query = pd.DataFrame({"qid": ["q"], "query_vec": [np.array([1.0, 4.0], np.float32)]})
    assert debias.retriever(index).transform(query).docno.tolist() == ["d", "c", "b", "a"]
    assert debias.retriever(index, 3).transform(query).docno.tolist() == ["d", "c", "b"]


def test_bad_retrievers_are_refused(index):
    with pytest.raises(ValueError, match=r"brings documents to length 1.*rewrite"):
        fitted(Centring(normalize=True)).retriever(index)
    with pytest.raises(ValueError, match="num_results=0"):
        fitted(Centring()).retriever(index, 0)
    with pytest.raises(ValueError, match="no language to search"):
        fitted(Centring()).retriever(index, lang=[]).transform(queries())
    two = Centring().fit_vectors([[0] * DIM, [1] * DIM], ["de", "en"])
    with pytest.raises(ValueError, match=r"is in 'zh', but Centring\(\) was fitted on de, en"):
        two.retriever(index).transform(queries())


def test_a_document_without_a_language_stops_a_rewrite(tmp_path):
    docs = [*documents(3), {"docno": "x", "doc_vec": vectors(1, 0)[0]}]
    index = FaissIndex(tmp_path / "index").indexer().index(docs)
    with pytest.raises(ValueError, match=r"'x' has no language \(column 'lang'\)"):
        fitted(Centring()).rewrite(index, tmp_path / "rewritten")
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.fixture(scope="module")
def encoder():
    texts = [text for some in TEXTS.values() for text in some]
    return DenseEncoder.from_scratch(texts, dim=8, vocab_size=60, query_prefix="q: ", verbose=False)


@pytest.fixture(scope="module")
def corpus():
    return [
        {"docno": f"{lang}_{n}", "text": text, "lang": lang}
        for lang, some in TEXTS.items()
        for n, text in enumerate(some)
    ]


def test_a_debiased_encoder(encoder, corpus):
    debias = Centring().fit(encoder, corpus)
    debiased = debias.applied_to(encoder)
    assert isinstance(debiased, DebiasedEncoder)
    assert debiased.wants_languages
    assert (debiased.encoder, debiased.debias) == (encoder, debias)
    texts, langs = [row["text"] for row in corpus], [row["lang"] for row in corpus]
    found = debiased.encode_documents(texts, langs)
    np.testing.assert_array_equal(found, debias.documents(encoder.encode_documents(texts), langs))
    np.testing.assert_array_equal(
        debiased.encode_queries(texts, "de"), debias.queries(encoder.encode_queries(texts), ["de"] * len(texts))
    )
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert debiased.encode_queries([], []).shape == (0, 8)
    with pytest.raises(TypeError, match="is debiased already: pass the encoder inside it"):
        debias.applied_to(debiased)
    with pytest.raises(TypeError, match="is debiased already"):
        LIR().fit(debiased, corpus)


def test_the_fingerprint_depends_on_encoder_and_method(encoder, corpus):
    one = Centring().fit(encoder, corpus).applied_to(encoder)
    same = Centring().fit(encoder, corpus).applied_to(encoder)
    other = DenseEncoder.from_scratch([row["text"] for row in corpus], dim=8, vocab_size=60, seed=1, verbose=False)
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, encoder.fingerprint, DebiasedEncoder(other, one.debias).fingerprint}) == 3
    assert one.fingerprint != LIR().fit(encoder, corpus).applied_to(encoder).fingerprint

    class Unknown:
        encode_queries = encode_documents = encoder.encode_documents

    assert one.debias.applied_to(Unknown()).fingerprint is None


def test_pipelines_end_to_end(encoder, corpus, tmp_path):
    debias = Centring().fit(encoder, corpus)
    debiased = debias.applied_to(encoder)
    index = (debiased.doc_encoder() >> FaissIndex(tmp_path / "one").indexer()).index(corpus)
    steps = encoder.doc_encoder() >> debias.doc_debiaser() >> FaissIndex(tmp_path / "two").indexer()
    other = steps.index(corpus)
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["Fluss", "Haus"]})
    results = (debiased.query_encoder("de") >> index.retriever(lang="de")).transform(topics)
    by_column = debiased.query_encoder() >> index.retriever(lang="de")
    pd.testing.assert_frame_equal(results, by_column.transform(topics.assign(lang="de")).drop(columns="lang"))
    by_steps = encoder.query_encoder() >> debias.query_debiaser("de") >> other.retriever(lang="de")
    pd.testing.assert_frame_equal(results, by_steps.transform(topics))
