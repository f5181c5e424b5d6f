"""Indexes that keep the texts of their documents."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest

import pyterrier_hybrid as ph

TEXTS = ["a house", "ein Haus\n", "", "बाड़ा \u200f", "two\u2028lines"]
LANGS = ["en", "de", None, "hi", "en"]
DOCS = [
    {"docno": f"d{number}", "text": text, "lang": lang, "doc_vec": np.eye(5, dtype=np.float32)[number]}
    for number, (text, lang) in enumerate(zip(TEXTS, LANGS, strict=True))
]
ASKED = pd.DataFrame({"qid": ["q"] * 4, "docno": ["d3", "d0", "d3", "d1"], "lang": ["xx"] * 4}, index=[7, 5, 3, 1])


def dense(folder, docs=DOCS, **options):
    return ph.FaissIndex(folder).indexer(store_text=True, **options).index(docs)


def texts_of(index, *docnos):
    return index.text_loader()(pd.DataFrame({"docno": docnos}))["text"].tolist()


def bm25(folder):
    return ph.BM25Index(folder).indexer(lang="en", store_text=True).index(DOCS)


@pytest.mark.parametrize("build", [dense, bm25])
def test_texts_and_languages_of_documents_come_back_as_they_were(tmp_path, build):
    index = build(tmp_path / "index")
    loaded = index.text_loader()(ASKED)
    assert loaded.index.tolist() == ASKED.index.tolist()
    assert loaded["text"].tolist() == [TEXTS[3], TEXTS[0], TEXTS[3], TEXTS[1]]
    assert loaded["lang"].tolist() == ["hi", "en", "hi", "de"]
    assert texts_of(index, *(doc["docno"] for doc in DOCS)) == TEXTS
    assert index.text_loader()(ASKED[:0]).columns.tolist() == ["qid", "docno", "lang", "text"]
    index.verify()


@pytest.mark.parametrize("build", [dense, bm25])
def test_a_loader_can_be_pickled_and_equals_another_of_the_same_index(tmp_path, build):
    index = build(tmp_path / "index")
    loader = pickle.loads(pickle.dumps(index.text_loader()))
    assert loader == index.text_loader() and hash(loader) == hash(index.text_loader())
    assert loader(ASKED)["text"].tolist() == index.text_loader()(ASKED)["text"].tolist()


@pytest.mark.parametrize("build", [dense, bm25])
def test_unknown_docnos_and_indexes_without_texts_are_errors(tmp_path, build):
    index = build(tmp_path / "index")
    with pytest.raises(ValueError, match="docno 'other' is not in .*index"):
        index.text_loader()([{"docno": "d0"}, {"docno": "other"}])
    docs = [{**doc, "lang": "en"} for doc in DOCS]
    bare = type(index)(tmp_path / "bare").indexer().index(docs)
    with pytest.raises(ValueError, match=r"bare keeps no texts: build it anew with .indexer\(store_text=True"):
        bare.text_loader()([{"docno": "d0"}])


@pytest.mark.parametrize("build", [dense, bm25])
def test_a_changed_text_is_damage_and_not_a_result(tmp_path, build):
    index = build(tmp_path / "index")
    file = index.path / "texts.arrow"
    file.write_bytes(file.read_bytes().replace(b"a house", b"a mouse"))
    fresh = type(index)(index.path)
    with pytest.raises(ValueError, match=r"texts.arrow does not fit its checksum"):
        fresh.text_loader()([{"docno": "d1"}])
    with pytest.raises(ValueError, match=r"texts.arrow does not fit its checksum"):
        fresh.verify()
    file.unlink()
    with pytest.raises(ValueError, match=r"texts.arrow is missing"):
        type(index)(index.path).text_loader()([{"docno": "d1"}])


@pytest.mark.parametrize("build", [dense, bm25])
def test_an_open_index_keeps_its_texts_or_reads_all_of_the_new_one(tmp_path, build):
    index = build(tmp_path / "index")
    assert len(index) == 5
    type(index)(index.path).indexer(store_text=True, overwrite=True).index([{**DOCS[0], "text": "new"}])
    assert texts_of(index, "d0") in (["a house"], ["new"])


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_texts_follow_documents_that_are_appended_and_merged(tmp_path, kind):
    index = dense(tmp_path / "index", DOCS[:2], kind=kind)
    index.indexer(mode="append").index(DOCS[2:])
    assert texts_of(index, *(doc["docno"] for doc in DOCS)) == TEXTS
    assert [document["text"] for document in index.documents()] == TEXTS
    other = dense(tmp_path / "other", [{**DOCS[0], "docno": "e0"}])
    merged = ph.FaissIndex.merge(tmp_path / "merged", index, other)
    assert texts_of(merged, "e0", "d1") == ["a house", "ein Haus\n"]
    bare = ph.FaissIndex(tmp_path / "bare").indexer().index([{**DOCS[0], "docno": "f0"}])
    with pytest.raises(ValueError, match="bare keeps no texts"):
        ph.FaissIndex.merge(tmp_path / "again", index, bare, store_text=True)
    with pytest.raises(ValueError, match="keeps no texts"):
        ph.FaissIndex.merge(tmp_path / "again", index, bare).text_loader()([{"docno": "d0"}])


def test_what_has_no_texts_cannot_be_stored_with_texts(tmp_path):
    with pytest.raises(ValueError, match="document 1 has no text, only docno, doc_vec; or pass"):
        dense(tmp_path / "index", [DOCS[0], {"docno": "x", "doc_vec": np.ones(5)}])
    with pytest.raises(TypeError, match="document 0: text None is a NoneType"):
        dense(tmp_path / "index", [{**DOCS[0], "text": None}])
    for build in (
        lambda docs: dense(tmp_path / "index", docs),
        ph.BM25Index(tmp_path / "b").indexer(store_text=True).index,
    ):
        with pytest.raises(ValueError, match="text of document 0 has a lone surrogate"):
            build([{**DOCS[0], "text": "\ud800"}])
    with pytest.raises(ValueError, match="store_text=True needs the texts"):
        ph.FaissIndex.from_npy(tmp_path / "index", np.eye(2), ["a", "b"], store_text=True)
    with pytest.raises(ValueError, match="leave out store_text="):
        dense(tmp_path / "index").indexer(mode="append", store_text=True)
    with pytest.raises(ValueError, match="document 0 has no text"):
        ph.FaissIndex(tmp_path / "index").indexer(mode="append").index([{"docno": "x", "doc_vec": np.ones(5)}])


def test_an_index_without_texts_is_the_same_as_before(tmp_path):
    index = ph.FaissIndex(tmp_path / "index").indexer().index(DOCS)
    assert sorted(json.loads((index.path / "pt_meta.json").read_text())["files"]) == ["documents.arrow", "vectors.npy"]


def test_results_leave_query_vectors_out_unless_asked(tmp_path):
    index = dense(tmp_path / "index")
    topics = pd.DataFrame({"qid": ["1"], "query": ["x"], "query_vec": [np.ones(5, np.float32)]})
    pipeline = index.retriever(2) >> index.text_loader()
    assert pipeline(topics).columns.tolist() == ["qid", "query", "docno", "score", "rank", "text", "lang"]
    assert "query_vec" not in pipeline(topics[:0])
    assert "query_vec" not in (index.retriever(5) % 2).compile()(topics)
    kept = index.retriever(5, keep_query_vec=True)
    assert (
        "query_vec" in kept(topics) and "query_vec" in kept(topics[:0]) and "query_vec" in (kept % 2).compile()(topics)
    )
    assert repr(kept).endswith(", keep_query_vec=True)") and kept != index.retriever(5)
