"""FaissIndex: exact search, languages, ties, bad input, atomic writes."""

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_hybrid import DenseEncoder, FaissIndex


def documents(count=40, dim=6, seed=1):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return [
        {"docno": f"d{i}", "doc_vec": vector, "lang": ("de", "en", "zh")[i % 3]} for i, vector in enumerate(vectors)
    ]


def queries(count=3, dim=6, seed=2):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return pd.DataFrame({"qid": [f"q{i}" for i in range(count)], "query": "x", "query_vec": list(vectors)})


@pytest.fixture
def index(tmp_path):
    return FaissIndex(tmp_path / "index").indexer().index(documents())


@pytest.mark.parametrize("lang", [None, "de", "zh"])
def test_results_are_those_of_a_full_sort(index, lang):
    docs = [doc for doc in documents() if lang in (None, doc["lang"])]
    results = index.retriever(lang=lang).transform(queries())
    for query in queries().itertuples():
        scores = {doc["docno"]: float(np.dot(doc["doc_vec"], query.query_vec)) for doc in docs}
        found = results[results.qid == query.qid]
        assert found.docno.tolist() == sorted(scores, key=scores.get, reverse=True)
        assert found.score.tolist() == pytest.approx([scores[docno] for docno in found.docno], abs=1e-5)
        assert found["rank"].tolist() == list(range(len(docs)))


def test_num_results_and_fused_cutoff_agree(index):
    cut = index.retriever(num_results=5).transform(queries())
    assert len(cut) == 15
    pd.testing.assert_frame_equal(cut, (index.retriever() % 5).compile().transform(queries()))


def test_ties_are_broken_as_trec_eval_does(tmp_path):
    docs = [{"docno": name, "doc_vec": [1.0, 0.0]} for name in ("b", "c", "a")]
    index = FaissIndex(tmp_path / "index").indexer().index(docs)
    query = pd.DataFrame({"qid": ["q"], "query_vec": [np.array([1.0, 0.0], np.float32)]})
    assert index.retriever().transform(query).docno.tolist() == ["c", "b", "a"]
    assert index.languages == []


@pytest.mark.parametrize("kind", ["exact", "hnsw", "ivf", "ivfpq"])
def test_a_tie_across_the_cutoff_is_broken_by_docno_too(tmp_path, kind):
    vectors = np.random.default_rng(3).normal(size=(7, 24)).astype(np.float32)
    # Copies at many places of a block, where a matrix product rounds differently.
    docs = [{"docno": f"d{i:04}", "doc_vec": vectors[i % 7]} for i in range(3000)]
    index = FaissIndex(tmp_path / "index").indexer(kind=kind).index(docs)
    whole = index.retriever(3000).transform(queries(40, dim=24))
    assert (whole.groupby("qid").score.nunique() == 7).all()
    pd.testing.assert_frame_equal(
        index.retriever(5).transform(queries(40, dim=24)), whole[whole["rank"] < 5].reset_index(drop=True)
    )
    for _, found in whole.groupby("qid"):
        expected = sorted(zip(found.score, found.docno, strict=True), reverse=True)
        assert list(zip(found.score, found.docno, strict=True)) == expected


def test_frames_are_documents_too_and_one_document_is_enough(tmp_path):
    frame = pd.DataFrame(documents(1))
    index = FaissIndex(tmp_path / "index").indexer().index(frame)
    assert len(index) == 1
    assert index.retriever().transform(queries(1)).docno.tolist() == ["d0"]


def test_empty_frame_keeps_all_columns(index):
    result = index.retriever().transform(queries().head(0))
    assert len(result) == 0
    assert {"qid", "query", "docno", "score", "rank"} == set(result.columns)


def test_wrong_column_is_named(index):
    with pytest.raises(pt.validate.InputValidationError, match="query_vec"):
        index.retriever().transform(pd.DataFrame({"qid": ["1"], "query": ["x"]}))


def test_inspection_knows_the_columns(index):
    retriever = index.retriever()
    assert set(pt.inspect.transformer_outputs(retriever, ["qid", "query", "query_vec"])) >= {"docno", "score", "rank"}


def test_queries_of_another_encoder_are_refused(index):
    with pytest.raises(ValueError, match="query_vec has 4 values, but .* 6"):
        index.retriever().transform(queries(dim=4))


def test_queries_that_are_not_finite_are_named(index):
    topics = queries()
    topics.at[1, "query_vec"] = np.full(6, np.nan)
    with pytest.raises(ValueError, match="query_vec of 'q1'"):
        index.retriever().transform(topics)


def test_a_missing_language_in_a_frame_is_none(tmp_path):
    frame = pd.DataFrame(documents(4)).assign(lang=["de", None, np.nan, "de"])
    index = FaissIndex(tmp_path / "index").indexer().index(frame)
    assert index.languages == ["de"]
    assert [doc["lang"] for doc in index.documents()] == ["de", None, None, "de"]
    assert index.retriever(lang="de").transform(queries(1)).docno.tolist() in (["d0", "d3"], ["d3", "d0"])


def test_an_unknown_language_is_refused_with_the_known_ones(index):
    with pytest.raises(ValueError, match=r"'fr'.*\['de', 'en', 'zh'\]"):
        index.retriever(lang="fr").transform(queries())


@pytest.mark.parametrize(
    ("docs", "error", "message"),
    [
        ([], ValueError, "no document"),
        ([{"docno": 7, "doc_vec": [1.0]}], TypeError, "docno 7 is a int: ids must be str"),
        ([{"docno": "a", "text": "x"}], ValueError, "document 0 has no doc_vec"),
        ([{"docno": "a", "doc_vec": [1.0]}, {"docno": "a", "doc_vec": [1.0]}], ValueError, "'a' comes twice"),
        ([{"docno": "a", "doc_vec": [1.0]}, {"docno": "b", "doc_vec": [1.0, 2.0]}], ValueError, "doc_vec of 'b'"),
        ([{"docno": "a", "doc_vec": 1.0}], ValueError, "doc_vec of 'a' .* expected one row"),
        ([{"docno": "a", "doc_vec": [np.nan]}], ValueError, "doc_vec of 'a' .* not a finite number"),
        ([{"docno": "a", "doc_vec": [1.0], "lang": 7}], TypeError, "lang of 'a' is 7"),
    ],
)
def test_bad_documents_leave_nothing_behind(tmp_path, docs, error, message):
    with pytest.raises(error, match=message):
        FaissIndex(tmp_path / "index").indexer().index(docs)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_build_leaves_the_old_index(index):
    def broken():
        yield from documents(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.indexer(overwrite=True).index(broken())
    assert len(FaissIndex(index.path)) == 40


def test_an_existing_index_is_not_overwritten_by_default(index):
    with pytest.raises(FileExistsError, match="overwrite=True"):
        index.indexer().index(documents(2))
    assert len(index.indexer(overwrite=True).index(documents(2))) == 2


def test_a_missing_or_damaged_index_is_named(tmp_path, index):
    with pytest.raises(FileNotFoundError, match=r"no index at .*nowhere.*\.indexer\(\)"):
        FaissIndex(tmp_path / "nowhere").retriever().transform(queries())
    (index.path / "vectors.npy").write_bytes((index.path / "vectors.npy").read_bytes()[:-1])
    with pytest.raises(ValueError, match="index is damaged: .*: build it anew"):
        len(FaissIndex(index.path))


def test_it_is_an_artifact(index):
    loaded = pt.Artifact.load(str(index.path))
    assert isinstance(loaded, FaissIndex)
    assert loaded.retriever() == index.retriever()
    assert loaded.retriever() != index.retriever(lang="de")


def test_pipeline_with_an_encoder_in_an_experiment(tmp_path):
    docs = [{"docno": "1", "text": "the red fox"}, {"docno": "2", "text": "a blue whale"}]
    encoder = DenseEncoder.from_scratch([doc["text"] for doc in docs], dim=16, vocab_size=40)
    index = (encoder.doc_encoder() >> FaissIndex(tmp_path / "index").indexer()).index(docs)
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["the red fox", "a blue whale"]})
    qrels = pd.DataFrame({"qid": ["1", "2"], "docno": ["1", "2"], "label": [1, 1]})
    table = pt.Experiment(
        [encoder.query_encoder() >> FaissIndex(index.path).retriever()], topics, qrels, ["P_1"], names=["x"]
    )
    assert table["P_1"].tolist() == [1.0]
