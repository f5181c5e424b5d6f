"""FaissIndex on disk: adding, merging, damage and kills."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyterrier_hybrid import FaissIndex

VECTORS = np.random.default_rng(0).normal(size=(600, 8)).astype(np.float32)
LANGS = ["de", "en", None] * 200
DOCS = [
    {"docno": f"d{i}", "doc_vec": vector, "lang": lang}
    for i, (vector, lang) in enumerate(zip(VECTORS, LANGS, strict=True))
]
TOPICS = pd.DataFrame({"qid": ["a", "b"], "query_vec": list(np.eye(2, 8, dtype=np.float32))})
KINDS = ("exact", "hnsw", "ivf", "ivfpq")


def content(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_adding_and_merging_equal_building_at_once(tmp_path):
    whole = FaissIndex(tmp_path / "whole").indexer().index(DOCS)
    added = FaissIndex(tmp_path / "added").indexer().index(DOCS[:250])
    assert len(added) == 250
    assert len(added.indexer(mode="append").index(DOCS[250:])) == 600
    parts = [FaissIndex(tmp_path / f"part{at}").indexer().index(DOCS[at : at + 200]) for at in (0, 200, 400)]
    merged = FaissIndex.merge(tmp_path / "merged", *parts)
    assert content(whole.path) == content(added.path) == content(merged.path)


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_can_be_added_to(tmp_path, kind):
    index = FaissIndex(tmp_path / "index").indexer(kind=kind).index(DOCS[:400])
    before = index.parameters
    index.indexer(mode="append").index(DOCS[400:])
    assert (index.kind, index.parameters, len(index), index.languages) == (kind, before, 600, ["de", "en"])
    np.testing.assert_array_equal(np.stack([doc["doc_vec"] for doc in index.documents()]), VECTORS)
    assert index.recall(VECTORS[:20], k=5) > (0.7 if kind == "ivfpq" else 0.9)
    found = index.retriever(600).transform(TOPICS)
    assert (found.groupby("qid").docno.nunique() == 600).all()


def test_codes_without_vectors_can_be_added_to_and_merged(tmp_path):
    index = FaissIndex(tmp_path / "index").indexer(kind="ivfpq", keep_vectors=False).index(DOCS[:400])
    index.indexer(mode="append").index(DOCS[400:])
    assert not (index.path / "vectors.npy").exists()
    assert len(FaissIndex(index.path)) == 600
    merged = FaissIndex.merge(tmp_path / "merged", index)
    pd.testing.assert_frame_equal(
        merged.retriever(5).transform(TOPICS), index.retriever(5, nprobe=1000).transform(TOPICS), atol=1e-5
    )


@pytest.mark.parametrize(
    ("docs", "message"),
    [
        ([{"docno": "d1", "doc_vec": np.ones(8)}], "docno 'd1' comes twice"),
        ([{"docno": "x", "doc_vec": np.ones(9)}], r"doc_vec of 'x' has the shape \(9,\), expected \(8,\)"),
    ],
)
def test_adding_invalid_documents_changes_nothing(tmp_path, docs, message):
    index = FaissIndex(tmp_path / "index").indexer().index(DOCS)
    before = content(index.path)
    with pytest.raises(ValueError, match=message):
        index.indexer(mode="append").index(docs)
    assert content(index.path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_adding_nothing_keeps_the_index(tmp_path):
    index = FaissIndex(tmp_path / "index").indexer(kind="hnsw").index(DOCS)
    before = list(index.documents())
    index.indexer(mode="append").index([])
    assert [doc["docno"] for doc in index.documents()] == [doc["docno"] for doc in before]


def test_adding_needs_an_index(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no index"):
        FaissIndex(tmp_path / "index").indexer(mode="append").index(DOCS)


def test_merging_incompatible_indexes_is_refused(tmp_path):
    one = FaissIndex(tmp_path / "one").indexer().index(DOCS[:3])
    other = FaissIndex(tmp_path / "other").indexer().index([{"docno": "x", "doc_vec": [1.0]}])
    with pytest.raises(ValueError, match="merge: vectors of .*other have 1 values, those of .*one 8"):
        FaissIndex.merge(tmp_path / "merged", one, other)
    with pytest.raises(ValueError, match="'d0' comes twice"):
        FaissIndex.merge(tmp_path / "merged", one, one)
    with pytest.raises(ValueError, match="no index"):
        FaissIndex.merge(tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_an_open_index_outlives_its_replacement(tmp_path):
    index = FaissIndex(tmp_path / "index").indexer().index(DOCS)
    before = index.retriever(3).transform(TOPICS)
    FaissIndex(index.path).indexer(overwrite=True).index(DOCS[:5])
    pd.testing.assert_frame_equal(index.retriever(3).transform(TOPICS), before)
    index.forget()
    assert len(index) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_named(tmp_path, kind):
    index = FaissIndex(tmp_path / "index").indexer(kind=kind).index(DOCS)
    for path in sorted(index.path.iterdir()):
        whole = path.read_bytes()
        # Missing metadata means that there is no index.
        for broken in [whole[: len(whole) // 2], b""] + ([None] if path.name != "pt_meta.json" else []):
            if broken is None:
                path.unlink()
            else:
                path.write_bytes(broken)
            with pytest.raises(ValueError, match=r"index is damaged: .*: build it anew"):
                len(FaissIndex(index.path))
        path.write_bytes(whole)
    assert len(FaissIndex(index.path)) == 600


def test_files_of_two_indexes_do_not_mix(tmp_path):
    one = FaissIndex(tmp_path / "one").indexer(kind="ivf").index(DOCS)
    other = FaissIndex(tmp_path / "other").indexer(kind="ivf").index(DOCS[:100])
    (one.path / "search.faiss").write_bytes((other.path / "search.faiss").read_bytes())
    with pytest.raises(ValueError, match=r"damaged: search.faiss has [\d,]+ bytes and should have"):
        len(FaissIndex(one.path))


@pytest.mark.processes
@pytest.mark.parametrize("there", [False, True])
def test_a_killed_write_leaves_the_old_index(tmp_path, there):
    path = tmp_path / "index"
    if there:
        FaissIndex(path).indexer().index(DOCS)
    code = f"""
import os, signal
import numpy as np
from pyterrier_hybrid import FaissIndex
def documents():
    for i in range(9000):
        yield {{"docno": f"x{{i}}", "doc_vec": np.ones(8)}}
    os.kill(os.getpid(), signal.SIGKILL)
FaissIndex({str(path)!r}).indexer(mode={"append" if there else "create"!r}).index(documents())
"""
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert killed.returncode == -signal.SIGKILL
    assert FaissIndex(path).built() is there
    if there:
        assert len(FaissIndex(path)) == 600
    assert len(FaissIndex(path).indexer(overwrite=True).index(DOCS[:7])) == 7


def test_opening_reads_no_vectors(tmp_path):
    psutil = pytest.importorskip("psutil")
    vectors = np.zeros((200_000, 64), np.float32)
    index = FaissIndex.from_npy(tmp_path / "index", vectors, map(str, range(len(vectors))))
    process = psutil.Process()
    before = process.memory_info().rss
    opened = FaissIndex(index.path)
    assert len(opened) == 200_000
    assert process.memory_info().rss - before < vectors.nbytes / 4
