"""Feedback on vectors: by hand, compared with pyterrier_dr, in pipelines, in the grid, and invalid input."""

import zlib

import numpy as np
import pandas as pd
import pytest
from grid_helpers import MEASURES, make_toy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import pyterrier_hybrid as ph

VECTORS = {"a": [0.8, 0.6], "b": [0.6, 0.8], "c": [0.0, 1.0]}


def found(qid="1", vector=(1.0, 0.0), documents="abc", **columns):
    rows = [{"qid": qid, "query": f"query {qid}", "query_vec": np.array(vector), **columns} for _ in documents]
    frame = pd.DataFrame(rows).assign(docno=list(documents), doc_vec=[np.array(VECTORS[name]) for name in documents])
    return frame.assign(score=[np.dot(vector, VECTORS[name]) for name in documents], rank=range(len(documents)))


def test_values_by_hand():
    moved = ph.VectorFeedback(k=2, weight=0.5, temperature=0.2)(found())
    # Inner products .8 and .6: shares of exp(0) and exp(-1).
    shares = np.array([1, np.exp(-1)]) / (1 + np.exp(-1))
    expected = np.array([1, 0]) + 0.5 * (shares @ np.array([VECTORS["a"], VECTORS["b"]]))
    np.testing.assert_allclose(moved["query_vec"][0], expected / np.linalg.norm(expected), atol=1e-7)
    assert moved["query_vec"][0].dtype == np.float32


def test_norms_are_kept():
    short, long = found(), found(vector=(3.0, 0.0))
    options = {"k": 3, "weight": 1.0}
    one = ph.VectorFeedback(temperature=0.1, **options)(short)["query_vec"][0]
    assert np.linalg.norm(one) == pytest.approx(1)
    assert np.linalg.norm(ph.VectorFeedback(temperature=0.3, **options)(long)["query_vec"][0]) == pytest.approx(3)


def test_equal_shares_give_the_direction_of_pyterrier_dr():
    prf = pytest.importorskip("pyterrier_dr").VectorPrf(alpha=1, beta=0.7, k=2)
    theirs = prf(found())["query_vec"][0]
    ours = ph.VectorFeedback(k=2, weight=0.7, temperature=1e9)(found())["query_vec"][0]
    np.testing.assert_allclose(ours, theirs / np.linalg.norm(theirs), atol=1e-6)


def test_queries_do_not_affect_each_other_and_keep_their_order():
    one, two = found("b"), found("a", vector=(0.0, 1.0), documents="ac")
    both = pd.concat([one, two]).sample(frac=1, random_state=1)
    feedback = ph.VectorFeedback(k=2, temperature=0.2)
    moved = feedback(both)
    assert moved["qid"].tolist() == both["qid"].drop_duplicates().tolist()
    alone = pd.concat([feedback(one), feedback(two)]).set_index("qid")
    for qid, vector in zip(moved["qid"], moved["query_vec"], strict=True):
        np.testing.assert_allclose(vector, alone["query_vec"][qid], atol=1e-7)


def test_query_columns_are_kept_and_document_columns_dropped():
    moved = ph.VectorFeedback()(found(query_0="before", text="document"))
    assert sorted(moved.columns) == ["qid", "query", "query_0", "query_vec"] and len(moved) == 1


def test_ties_are_ordered_by_descending_docno():
    frame = found().assign(score=1.0)
    moved = ph.VectorFeedback(k=1, weight=1)(frame)["query_vec"][0]
    np.testing.assert_allclose(moved, np.array([1, 1]) / np.sqrt(2), atol=1e-7)


def test_weight_0_leaves_queries_unchanged():
    np.testing.assert_allclose(ph.VectorFeedback(weight=0)(found())["query_vec"][0], [1, 0], atol=1e-7)


def test_empty_input():
    moved = ph.VectorFeedback()(found().iloc[:0])
    assert len(moved) == 0 and "query_vec" in moved.columns


vectors = arrays(np.float32, st.tuples(st.integers(1, 4), st.just(3)), elements=st.integers(-3, 3).map(float))


@given(vectors, st.integers(1, 5), st.data())
def test_moved_vectors_are_finite_and_keep_their_norm(queries, k, data):
    shape = (len(queries), k, 3)
    documents = data.draw(arrays(np.float32, shape, elements=st.integers(-3, 3).map(float)))
    moved = ph.VectorFeedback(temperature=0.01).move(queries, documents)
    assert np.isfinite(moved).all()
    lengths = np.linalg.norm(moved, axis=1)
    own = np.linalg.norm(queries, axis=1)
    assert np.all(np.isclose(lengths, own, atol=1e-5) | (lengths == 0))


@pytest.mark.parametrize("options", [{"k": 0}, {"weight": -1}, {"weight": float("inf")}, {"temperature": 0}])
def test_bad_options(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name}="):
        ph.VectorFeedback(**options)
    with pytest.raises(TypeError, match=r"k=2\.5 is float, not a whole number"):
        ph.VectorFeedback(k=2.5)


def test_bad_frames():
    feedback = ph.VectorFeedback()
    for column in ("query_vec", "doc_vec", "score", "docno"):
        with pytest.raises(Exception, match=column):
            feedback(found().drop(columns=[column]))
    frame = found()
    frame.at[1, "doc_vec"] = np.array([1.0, np.nan])
    with pytest.raises(ValueError, match="doc_vec of 'b' has a value that is not finite"):
        feedback(frame)
    frame.at[1, "doc_vec"] = np.ones(3)
    with pytest.raises(ValueError, match=r"doc_vec of 'b' has the shape \(3,\)"):
        feedback(frame)
    with pytest.raises(ValueError, match="query_vec has 3 values and doc_vec 2"):
        feedback(found().assign(query_vec=[np.ones(3)] * 3))
    with pytest.raises(ValueError, match="qid '1' is that of several queries"):
        feedback(found().assign(qid="1", query=["x", "y", "y"]))
    with pytest.raises(TypeError, match="feedback: a str is no encoder"):
        ph.feedback("bm25")
    with pytest.raises(ValueError, match="num_results=0"):
        ph.feedback(Letters(), num_results=0)
    assert ph.feedback(Letters(), num_results=np.int64(7)).num_results == 7


class Letters:
    """L2-normalised vectors of letters, rarely tied."""

    def encode_queries(self, texts):
        counts = [[zlib.crc32(f"{letter}{text}".encode()) % 97 for letter in "abcdefgh"] for text in texts]
        values = np.array(counts, np.float32).reshape(-1, 8)
        values += [[10 * text.count(letter) for letter in "aeinorst"] for text in texts]
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    encode_documents = encode_queries


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-feedback")


@pytest.mark.parametrize("options", [{}, {"k": 3, "weight": 0.4, "temperature": 0.05}, {"k": 100}])
def test_the_grid_ranks_as_the_pipeline_does(toy, tmp_path, options):
    folders = iter(tmp_path / str(number) for number in range(100))
    encoder = Letters()
    system = ph.feedback(encoder, **options)

    def pipeline(corpus):
        index = ph.FaissIndex(next(folders))
        documents = list(corpus.get_corpus_iter())
        made = encoder.encode_documents([document["text"] for document in documents])
        index.indexer().index(
            {"docno": document["docno"], "doc_vec": vector} for document, vector in zip(documents, made, strict=True)
        )

        def search(topics):
            topics = topics.assign(query_vec=list(encoder.encode_queries(topics["query"].tolist())))
            first = (
                index.retriever(system.transformer.k, keep_query_vec=True) >> index.vec_loader() >> system.transformer
            )
            return (first >> index.retriever())(topics)

        import pyterrier as pt

        return pt.apply.generic(search)

    systems = {"arrays": system, "in one call": lambda corpus: system(corpus), "pipeline": pipeline, "plain": encoder}
    results = ph.LanguageExperiment(systems, toy, measures=MEASURES)
    values = {name: results.settings[results.settings.system == name]["value"].to_numpy() for name in systems}
    np.testing.assert_allclose(values["arrays"], values["in one call"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(values["arrays"], values["pipeline"], rtol=0, atol=1e-12)
    assert not np.allclose(values["arrays"], values["plain"])


def test_the_grid_caches_the_ranks(tmp_path, monkeypatch):
    encoder = ph.DenseEncoder.from_scratch(["Berlin", "Paris"], dim=8, vocab_size=40, verbose=False)
    options = {"languages": ["de", "en"], "kinds": ["multi"], "cache": tmp_path, "measures": ["AP"]}
    systems = {"encoder": encoder, "with feedback": ph.feedback(encoder)}
    one = ph.LanguageExperiment(systems, "atlas", **options)
    monkeypatch.setattr(ph.VectorFeedback, "move", None)
    pd.testing.assert_frame_equal(one.settings, ph.LanguageExperiment(systems, "atlas", **options).settings)
    prints = {ph.feedback(encoder, **other).fingerprint for other in ({}, {"k": 1}, {"weight": 2}, {"temperature": 1})}
    assert len(prints) == 4 and encoder.fingerprint not in prints
    deep = {ph.fuse("bm25", ph.feedback(encoder, num_results=depth)).fingerprint for depth in (3, 1000)}
    assert len(deep) == 2
    assert ph.feedback(Letters()).fingerprint is None


def test_a_debiased_encoder_gets_the_languages(toy):
    encoder = Letters()
    texts = [{"text": f"{word} {lang}", "lang": lang} for word in ("sun", "moon") for lang in ("de", "en", "es")]
    debiased = ph.DebiasedEncoder(encoder, ph.Centring().fit(encoder, texts))
    system = ph.feedback(debiased, k=2)
    results = ph.LanguageExperiment({"arrays": system, "frames": lambda corpus: system(corpus)}, toy, measures=["AP"])
    values = [results.settings[results.settings.system == name]["value"] for name in ("arrays", "frames")]
    np.testing.assert_allclose(*values, rtol=0, atol=1e-12)


def test_vectors_by_docno(tmp_path):
    made = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    docnos = [f"d{i}" for i in range(60)]
    for kind in ("exact", "hnsw", "ivf", "ivfpq"):
        index = ph.FaissIndex.from_npy(tmp_path / kind, made, docnos, kind=kind)
        frame = pd.DataFrame({"qid": ["1", "1", "2"], "docno": ["d7", "d3", "d7"]}, index=[5, 6, 7])
        loaded = index.vec_loader()(frame)
        np.testing.assert_allclose(np.stack(loaded["doc_vec"]), made[[7, 3, 7]], atol=1e-6)
        assert loaded.index.tolist() == [5, 6, 7]
        assert len(index.vec_loader()(frame.iloc[:0])) == 0
        with pytest.raises(ValueError, match="docno 'x' is not in"):
            index.vec_loader()(frame.assign(docno="x"))
        with pytest.raises(Exception, match="docno"):
            index.vec_loader()(frame[["qid"]])
        with pytest.raises(TypeError, match="column 'docno', row 0: 7 is a int"):
            index.vec_loader()(frame.assign(docno=7))
    codes = ph.FaissIndex.from_npy(tmp_path / "codes", made, docnos, kind="ivfpq", keep_vectors=False)
    kept = {document["docno"]: document["doc_vec"] for document in codes.documents()}
    np.testing.assert_array_equal(codes.vec_loader()(frame)["doc_vec"].iloc[1], kept["d3"])


def test_equality_and_repr(tmp_path):
    assert ph.VectorFeedback() == ph.VectorFeedback(k=10) and hash(ph.VectorFeedback()) == hash(ph.VectorFeedback(k=10))
    assert ph.VectorFeedback() != ph.VectorFeedback(weight=1)
    assert repr(ph.VectorFeedback(k=3)) == "VectorFeedback(k=3, weight=0.5, temperature=0.01)"
    one, two = (ph.FaissIndex(tmp_path / name) for name in "ab")
    assert one.vec_loader() == ph.FaissIndex(tmp_path / "a").vec_loader() != two.vec_loader()
    assert len({one.vec_loader(), one.vec_loader()}) == 1 and repr(one.vec_loader()) == f"{one!r}.vec_loader()"
    encoder = ph.DenseEncoder.from_scratch(["Berlin"], dim=8, vocab_size=40)
    assert repr(ph.feedback(encoder)) == f"feedback({encoder!r}, k=10, weight=0.5, temperature=0.01)"
