"""Approximate kinds of FaissIndex: recall, languages, full rankings, reproducible builds."""

import filecmp

import numpy as np
import pandas as pd
import pytest

from pyterrier_hybrid import FaissIndex

DIM, COUNT, KINDS = 32, 6000, ("hnsw", "ivf", "ivfpq")


def clustered(count, seed):
    centres = np.random.default_rng(0).normal(size=(60, DIM))
    rng = np.random.default_rng(seed)
    vectors = centres[rng.integers(60, size=count)] + 0.6 * rng.normal(size=(count, DIM))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS, QUERIES = clustered(COUNT, 1), clustered(50, 2)
DOCNOS = [f"d{i}" for i in range(COUNT)]
# The last language is rare.
LANGS = ["zh" if i % 200 == 0 else ("de", "en")[i % 2] for i in range(COUNT)]


def topics():
    return pd.DataFrame({"qid": [f"q{i}" for i in range(len(QUERIES))], "query_vec": list(QUERIES)})


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    options = {"hnsw": {"neighbours": 16, "ef_construction": 40}, "ivf": {}, "ivfpq": {}}
    return {
        kind: FaissIndex.from_npy(folder / kind, VECTORS, DOCNOS, LANGS, kind=kind, **options[kind]) for kind in KINDS
    }


def test_defaults_follow_from_the_number_and_the_dimension(indexes):
    assert indexes["hnsw"].parameters == {"neighbours": 16, "ef_construction": 40, "seed": 0, "threads": 1}
    assert indexes["ivf"].parameters == {"lists": 150, "seed": 0, "threads": 1}
    assert indexes["ivfpq"].parameters == {"lists": 150, "code_size": 8, "bits": 8, "seed": 0, "threads": 1}
    assert [indexes[kind].kind for kind in KINDS] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", [None, "de", "zh"])
@pytest.mark.parametrize("k", [10, 100])
def test_recall_is_high(indexes, kind, lang, k):
    assert indexes[kind].recall(QUERIES, k=k, lang=lang) >= 0.93
    assert indexes[kind].recall(60, k=k, lang=lang) >= 0.93


@pytest.mark.parametrize("kind", KINDS)
def test_recall_matches_its_definition(indexes, kind):
    effort = {"hnsw": {"ef_search": 10}, "ivf": {"nprobe": 1}, "ivfpq": {"nprobe": 1, "rescore": 1}}[kind]
    results = indexes[kind].retriever(10, **effort).transform(topics())
    shares = []
    for query, (_, found) in zip(QUERIES, results.groupby("qid", sort=False), strict=True):
        nearest = {DOCNOS[at] for at in np.argsort(-(VECTORS @ query))[:10]}
        shares.append(len(nearest & set(found.docno)) / 10)
    assert indexes[kind].recall(QUERIES, k=10, **effort) == pytest.approx(np.mean(shares))
    assert np.mean(shares) < 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("lang", "count"), [(None, 1000), ("de", 1000), ("zh", 30)])
def test_every_query_gets_as_many_results_as_there_are(indexes, kind, lang, count):
    results = indexes[kind].retriever(1000, lang).transform(topics())
    assert (results.groupby("qid").docno.nunique() == count).all()
    expected = {docno for docno, code in zip(DOCNOS, LANGS, strict=True) if lang in (None, code)}
    assert set(results.docno) <= expected


@pytest.mark.parametrize("kind", KINDS)
def test_little_effort_still_fills_the_ranking(indexes, kind):
    effort = {"ef_search" if kind == "hnsw" else "nprobe": 1}
    results = indexes[kind].retriever(300, "de", **effort).transform(topics())
    assert (results.groupby("qid").size() == 300).all()
    assert (results.groupby("qid")["rank"].max() == 299).all()


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_inner_products(indexes, kind):
    results = indexes[kind].retriever(20, keep_query_vec=True).transform(topics())
    expected = [float(VECTORS[int(row.docno[1:])] @ row.query_vec) for row in results.itertuples()]
    assert results.score.tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_with_maximum_effort_is_exact(indexes, kind, tmp_path):
    exact = FaissIndex.from_npy(tmp_path / "exact", VECTORS, DOCNOS, LANGS)
    effort = {"ef_search" if kind == "hnsw" else "nprobe": COUNT} | ({"rescore": COUNT} if kind == "ivfpq" else {})
    for lang in (None, "en"):
        expected = exact.retriever(50, lang).transform(topics())
        pd.testing.assert_frame_equal(indexes[kind].retriever(50, lang, **effort).transform(topics()), expected)
    assert exact.recall(QUERIES) == 1
    assert exact.parameters == {}


@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_returned_as_they_were_indexed(indexes, kind):
    documents = list(indexes[kind].documents())
    assert [(doc["docno"], doc["lang"]) for doc in documents] == list(zip(DOCNOS, LANGS, strict=True))
    np.testing.assert_array_equal(np.stack([doc["doc_vec"] for doc in documents]), VECTORS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_documents_give_the_same_files(tmp_path, kind):
    for name in "ab":
        FaissIndex.from_npy(tmp_path / name, VECTORS[:900], DOCNOS[:900], LANGS[:900], kind=kind, seed=7)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", names, shallow=False) == (names, [], [])


def test_codes_without_vectors(tmp_path):
    options = {"kind": "ivfpq", "keep_vectors": False, "code_size": 16}
    index = FaissIndex.from_npy(tmp_path / "index", VECTORS, DOCNOS, LANGS, **options)
    assert not (index.path / "vectors.npy").exists()
    with pytest.raises(ValueError, match="keep_vectors=False"):
        index.recall(QUERIES)
    with pytest.raises(ValueError, match="rescore= needs the vectors"):
        index.retriever(rescore=2).transform(topics())
    approximate = np.stack([doc["doc_vec"] for doc in index.documents()])
    error = np.linalg.norm(approximate - VECTORS, axis=1)
    assert 0 < error.mean() < 0.5
    results = index.retriever(5, keep_query_vec=True).transform(topics())
    expected = [float(approximate[int(row.docno[1:])] @ row.query_vec) for row in results.itertuples()]
    assert results.score.tolist() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 5, 50])
def test_a_few_documents_are_enough(tmp_path, kind, count, capfd):
    index = FaissIndex.from_npy(tmp_path / "index", VECTORS[:count], DOCNOS[:count], kind=kind)
    results = index.retriever().transform(topics())
    assert (results.groupby("qid").size() == count).all()
    # faiss warns of what it learns from little on the standard error.
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "lsh"}, "kind='lsh' is unknown: choose one of exact, hnsw, ivf, ivfpq"),
        ({"kind": "ivf", "neighbours": 8}, "neighbours= is an option of hnsw"),
        ({"lists": 8}, "lists= is an option of ivf and ivfpq: leave it out for kind='exact'"),
        ({"kind": "hnsw", "neighbours": 1}, "neighbours=1: it must be at least 2"),
        ({"threads": 0}, "threads=0"),
        ({"mode": "add"}, "mode='add' is unknown: choose create, overwrite or append"),
        ({"mode": "overwrite"}, "pass overwrite=True"),
        ({"mode": "overwrite"}, "pass overwrite=True"),
        ({"mode": "append", "kind": "ivf"}, "leave out kind="),
        ({"mode": "append", "overwrite": True}, "leave out overwrite="),
    ],
)
def test_invalid_options_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        FaissIndex(tmp_path / "index").indexer(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "ivf", "lists": 51}, "lists=51: there are only 50 documents"),
        ({"kind": "ivfpq", "code_size": 5}, "code_size=5: it must divide the 32 dimensions"),
    ],
)
def test_options_that_do_not_fit_leave_nothing(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        FaissIndex.from_npy(tmp_path / "index", VECTORS[:50], DOCNOS[:50], **options)
    assert list(tmp_path.iterdir()) == []


def test_search_options_of_another_kind_are_refused(indexes):
    with pytest.raises(ValueError, match="ef_search= is for indexes of the kind hnsw: .* is ivf"):
        indexes["ivf"].retriever(ef_search=5).transform(topics())
    with pytest.raises(ValueError, match="nprobe=0"):
        indexes["ivf"].retriever(nprobe=0)
    retriever = indexes["ivf"].retriever(nprobe=3)
    assert retriever != indexes["ivf"].retriever()
    assert "nprobe=3" in repr(retriever)
    assert (retriever % 5).compile() == indexes["ivf"].retriever(5, nprobe=3)


@pytest.mark.parametrize(("queries", "message"), [(0, "queries=0"), (np.ones((2, 3)), r"expected \(n, 32\)")])
def test_recall_of_nothing_is_refused(indexes, queries, message):
    with pytest.raises(ValueError, match=message):
        indexes["ivf"].recall(queries)
