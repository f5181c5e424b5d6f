"""FaissIndex from arrays and other indexes, FlexIndexes of our vectors, and FaissIndex as a PyTerrier artifact."""

import shutil
import sys

import huggingface_hub
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_hybrid import DenseEncoder, FaissIndex

TEXTS = {"en_1": "the red fox", "en_2": "a blue whale", "de_1": "der rote Fuchs", "de_2": "ein blauer Wal"}
DOCS = [{"docno": docno, "text": text, "lang": docno[:2]} for docno, text in TEXTS.items()]
QUERIES = pd.DataFrame({"qid": ["1", "2"], "query": ["the red fox", "ein blauer Wal"]})


@pytest.fixture(scope="module")
def encoder():
    return DenseEncoder.from_scratch(list(TEXTS.values()), dim=16, vocab_size=60)


def indexed(encoder, folder, **options):
    return (encoder.doc_encoder() >> FaissIndex(folder).indexer(**options)).index(DOCS)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_npy_files_of_any_number(tmp_path, dtype):
    vectors = (10 * np.random.default_rng(0).normal(size=(9, 4))).astype(dtype)
    np.save(tmp_path / "vectors.npy", vectors)
    docnos = [f"d{i}" for i in range(9)]
    index = FaissIndex.from_npy(tmp_path / "index", tmp_path / "vectors.npy", docnos, ["de"] * 8 + [None])
    np.testing.assert_array_equal(np.stack([doc["doc_vec"] for doc in index.documents()]), vectors.astype(np.float32))
    assert index.languages == ["de"]
    # numpy can open the file of vectors.
    np.testing.assert_array_equal(np.load(index.path / "vectors.npy"), vectors.astype(np.float32))


@pytest.mark.parametrize(
    ("docnos", "langs", "message"),
    [
        (["a"], None, "has 2 vectors, but there are only 1 docnos"),
        (["a", "b", "c"], None, "has 2 vectors, but there are more docnos"),
        (["a", "b"], ["de"], "has 2 vectors, but there are only 1 langs"),
        (["a", "b"], ["de"] * 3, "has 2 vectors, but there are more langs"),
    ],
)
def test_docnos_and_languages_must_match_the_vectors(tmp_path, docnos, langs, message):
    with pytest.raises(ValueError, match=message):
        FaissIndex.from_npy(tmp_path / "index", np.eye(2), docnos, langs)
    assert list(tmp_path.iterdir()) == []


def test_files_without_vectors_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        FaissIndex.from_npy(tmp_path / "index", tmp_path / "nowhere.npy", [])
    (tmp_path / "text.npy").write_text("not numbers")
    with pytest.raises(ValueError, match=r"text\.npy is not a \.npy file of numbers"):
        FaissIndex.from_npy(tmp_path / "index", tmp_path / "text.npy", [])
    with pytest.raises(ValueError, match=r"vectors is float64 of the shape \(3,\), expected numbers \[n, dim\]"):
        FaissIndex.from_npy(tmp_path / "index", np.ones(3), [])


@pytest.fixture
def flex(tmp_path, encoder):
    """A FlexIndex of vectors of our encoder."""
    pyterrier_dr = pytest.importorskip("pyterrier_dr")
    index = pyterrier_dr.FlexIndex(str(tmp_path / "flex"), verbose=False)
    return (encoder.doc_encoder() >> index.indexer()).index(DOCS)


def test_an_encoder_fills_and_searches_a_flex_index(flex, encoder, tmp_path):
    ours = encoder.query_encoder() >> indexed(encoder, tmp_path / "ours").retriever()
    theirs = encoder.query_encoder() >> flex.np_retriever()
    expected, found = ours.transform(QUERIES), theirs.transform(QUERIES)
    assert found.docno.tolist() == expected.docno.tolist()
    np.testing.assert_allclose(found.score, expected.score, atol=1e-6)


def test_a_flex_index_becomes_ours(flex, encoder, tmp_path):
    index = FaissIndex.from_flex(tmp_path / "ours", tmp_path / "flex", lambda docno: docno[:2])
    built = indexed(encoder, tmp_path / "built")
    assert index.languages == ["de", "en"]
    for lang in (None, "de"):
        topics = encoder.query_encoder().transform(QUERIES)
        pd.testing.assert_frame_equal(
            index.retriever(lang=lang).transform(topics), built.retriever(lang=lang).transform(topics)
        )


def test_a_damaged_flex_index(flex, tmp_path, monkeypatch):
    (tmp_path / "flex" / "vecs.f4").write_bytes(b"1234")
    with pytest.raises(ValueError, match=r"vecs\.f4 is damaged: 4 bytes, expected 256"):
        FaissIndex.from_flex(tmp_path / "ours", tmp_path / "flex")
    monkeypatch.setitem(sys.modules, "npids", None)
    with pytest.raises(ImportError, match="pip install npids"):
        FaissIndex.from_flex(tmp_path / "ours", tmp_path / "flex")


def test_other_folders_are_not_flex_indexes(encoder, tmp_path):
    with pytest.raises(FileNotFoundError, match="no FlexIndex"):
        FaissIndex.from_flex(tmp_path / "ours", tmp_path / "nowhere")
    indexed(encoder, tmp_path / "index")
    with pytest.raises(ValueError, match="holds 'hybrid_faiss', not a 'flex' index"):
        FaissIndex.from_flex(tmp_path / "ours", tmp_path / "index")


def serve(folder, monkeypatch):
    """Serve downloads from a folder, and return the list of requested URLs."""
    real, requested = pt.io.open_or_download_stream, []

    def download(url, **options):
        requested.append(url)
        return real(str(folder / url.rsplit("/", 1)[1]), **options)

    monkeypatch.setattr(pt.io, "open_or_download_stream", download)
    return requested


@pytest.mark.parametrize("kind", ["exact", "ivf"])
def test_a_package_holds_the_index(encoder, tmp_path, kind, monkeypatch):
    index = indexed(encoder, tmp_path / "index", kind=kind)
    index.build_package(str(tmp_path / "index.tar.lz4"), verbose=False)
    serve(tmp_path, monkeypatch)
    loaded = pt.Artifact.from_url(f"https://example.org/{kind}/index.tar.lz4")
    assert isinstance(loaded, FaissIndex)
    assert loaded.path != index.path
    pd.testing.assert_frame_equal(
        (encoder.query_encoder() >> loaded.retriever()).transform(QUERIES),
        (encoder.query_encoder() >> index.retriever()).transform(QUERIES),
    )


def test_to_the_hub_and_back(encoder, tmp_path, monkeypatch):
    index = indexed(encoder, tmp_path / "index")
    uploaded = {}

    def upload_folder(repo_id, folder_path, **_):
        uploaded[repo_id] = shutil.copytree(folder_path, tmp_path / "hub")
        return "address"

    monkeypatch.setattr(huggingface_hub, "create_repo", lambda *args, **kwargs: None)
    monkeypatch.setattr(huggingface_hub, "create_branch", lambda *args, **kwargs: None)
    monkeypatch.setattr(huggingface_hub, "upload_folder", upload_folder)
    index.to_hf("someone/an-index.dense")
    (folder,) = uploaded.values()
    assert "pyterrier-artifact.dense_index.hybrid_faiss" in (folder / "README.md").read_text()

    requested = serve(folder, monkeypatch)
    loaded = pt.Artifact.from_hf("someone/an-index.dense")
    assert all("someone/an-index.dense" in url for url in requested)
    assert isinstance(loaded, FaissIndex)
    assert list(loaded.retriever().transform(encoder.query_encoder().transform(QUERIES)).docno) == list(
        index.retriever().transform(encoder.query_encoder().transform(QUERIES)).docno
    )


def test_the_entry_point_finds_the_class(encoder, tmp_path):
    indexed(encoder, tmp_path / "index", kind="hnsw")
    loaded = pt.Artifact.load(str(tmp_path / "index"))
    assert isinstance(loaded, FaissIndex)
    assert loaded.kind == "hnsw"


def test_single_documents_texts_and_lists_of_indexes_are_refused(tmp_path):
    indexer = FaissIndex(tmp_path / "index").indexer()
    with pytest.raises(TypeError, match="documents is a dict: pass a list of dicts with docno and doc_vec, or a frame"):
        indexer.index({"docno": "a", "doc_vec": [1.0, 0.0]})
    with pytest.raises(TypeError, match="document 0 is a str: pass dicts with docno and doc_vec"):
        indexer.index(["a"])
    with pytest.raises(TypeError, match=r"index 0 is a list, not a FaissIndex: pass .*merge\(folder, \*indexes\)"):
        FaissIndex.merge(tmp_path / "merged", [FaissIndex(tmp_path / "index")])
    assert list(tmp_path.iterdir()) == []


def test_documents_without_text_are_told_what_to_do(encoder, tmp_path):
    indexing = encoder.doc_encoder() >> FaissIndex(tmp_path / "index").indexer()
    for documents in (DOCS[0], ["a"]):
        with pytest.raises(pt.validate.InputValidationError, match="text is missing: index dicts or a frame"):
            indexing.index(documents)
