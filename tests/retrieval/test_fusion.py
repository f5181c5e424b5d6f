"""Fusion: values by hand, ties, missing documents, any columns, the grid."""

import gc
from pathlib import Path

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
import torch
from grid_helpers import MEASURES, make_toy
from hypothesis import given, settings
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid import BM25Index, DenseEncoder, FaissIndex, LanguageExperiment, ReciprocalRankFusion, ScoreFusion
from pyterrier_hybrid.retrieval.fusion import ordered_cells

QUERIES = pd.DataFrame({"qid": ["q2", "q1"], "query": ["two", "one"], "lang": ["de", "en"]})


class Ranking(pt.Transformer):
    """Finds given documents with given scores: {qid: {docno: score}}."""

    def __init__(self, runs):
        super().__init__()
        self.runs = runs

    def transform(self, inp):
        rows = [
            {**query, "docno": docno, "score": float(score)}
            for query in inp.to_dict("records")
            for docno, score in self.runs.get(query["qid"], {}).items()
        ]
        return pd.DataFrame(rows, columns=[*inp.columns, "docno", "score"])


ONE = Ranking({"q1": {"a": 12.0, "b": 8.0, "c": 7.0, "d": 2.0}, "q2": {"x": 3.0}})
TWO = Ranking({"q1": {"b": 0.9, "e": 0.5, "a": 0.1}})


def run(fusion, queries=QUERIES):
    found = fusion.transform(queries)
    return {qid: dict(zip(rows.docno, rows.score, strict=True)) for qid, rows in found.groupby("qid", sort=False)}


def test_reciprocal_ranks_by_hand():
    found = run(ReciprocalRankFusion(ONE, TWO))
    assert list(found) == ["q2", "q1"]
    assert list(found["q1"]) == ["b", "a", "e", "c", "d"]
    expected = {"b": 1 / 62 + 1 / 61, "a": 1 / 61 + 1 / 63, "e": 1 / 62, "c": 1 / 63, "d": 1 / 64}
    assert found["q1"] == pytest.approx(expected)
    assert found["q2"] == pytest.approx({"x": 1 / 61})
    assert run(ReciprocalRankFusion(ONE, k=0))["q1"] == pytest.approx({"a": 1, "b": 1 / 2, "c": 1 / 3, "d": 1 / 4})


def test_min_max_by_hand():
    found = run(ScoreFusion(ONE, TWO))
    assert found["q1"] == pytest.approx({"b": 0.6 + 1, "a": 1 + 0, "c": 0.5, "e": 0.5, "d": 0})
    # On a tie the larger docno comes first.
    assert list(found["q1"]) == ["b", "a", "e", "c", "d"]
    assert found["q2"] == {"x": 1}
    weighted = run(ScoreFusion(ONE, TWO, weights=[0.25, 2]))
    assert weighted["q1"] == pytest.approx({"b": 0.15 + 2, "a": 0.25, "c": 0.125, "e": 1.0, "d": 0})


def test_z_scores_by_hand():
    one, two = Ranking({"q1": {"a": 3, "b": 1}}), Ranking({"q1": {"b": 5, "c": 5}})
    found = run(ScoreFusion(one, two, normalization="z-score"))
    # a: 1 and missing (0, all are equal there); b: -1 and 0; c: missing (the worst, -1) and 0.
    assert found["q1"] == {"a": 1, "c": -1, "b": -1}
    assert list(found["q1"]) == ["a", "c", "b"]


def test_sums_of_raw_scores_equal_those_of_pyterrier():
    fusion = ScoreFusion(ONE, TWO, weights=[1, 3], normalization="none")
    theirs = (ONE + 3 * TWO).transform(QUERIES)
    expected = {(row.qid, row.docno): row.score for row in theirs.itertuples()}
    found = fusion.transform(QUERIES)
    assert {(row.qid, row.docno): row.score for row in found.itertuples()} == pytest.approx(expected)


def test_ranks_and_cutoffs():
    for fusion in (ReciprocalRankFusion(ONE, TWO), ScoreFusion(ONE, TWO, weights=[1, 2], normalization="z-score")):
        whole = fusion.transform(QUERIES)
        assert whole[whole.qid == "q1"]["rank"].tolist() == [0, 1, 2, 3, 4]
        cut = (fusion % 2).compile()
        assert isinstance(cut, type(fusion))
        expected = whole[whole["rank"] < 2].reset_index(drop=True)
        pd.testing.assert_frame_equal(cut.transform(QUERIES), expected)
        assert cut != fusion
        pd.testing.assert_frame_equal((fusion % 2000).compile().transform(QUERIES), whole)


def test_query_columns_are_kept():
    queries = QUERIES.assign(query_vec=[np.ones(2), np.zeros(2)], extra=[1, 2])
    found = ReciprocalRankFusion(ONE, TWO).transform(queries)
    assert found.columns.tolist() == ["qid", "query", "lang", "query_vec", "extra", "docno", "score", "rank"]
    assert found["extra"].tolist() == [1] + [2] * 5
    assert found["query_vec"].iloc[1].tolist() == [0, 0]


@pytest.mark.parametrize("fusion", [ReciprocalRankFusion(ONE, TWO), ScoreFusion(ONE, TWO, normalization="z-score")])
def test_empty_input_and_empty_results(fusion):
    for queries in (QUERIES.head(0), QUERIES.assign(qid=["q8", "q9"])):
        found = fusion.transform(queries)
        assert len(found) == 0
        assert found.columns.tolist() == ["qid", "query", "lang", "docno", "score", "rank"]
    assert {"docno", "score", "rank"} <= set(pt.inspect.transformer_outputs(fusion, ["qid", "query"]))
    assert set(pt.inspect.subtransformers(fusion)) == {"retrievers"}


def test_the_best_score_of_a_repeated_document_counts():
    twice = pt.Transformer.from_df(pd.DataFrame({"qid": "q1", "docno": ["a", "b", "a"], "score": [1.0, 2.0, 3.0]}))
    assert run(ReciprocalRankFusion(twice), QUERIES[1:])["q1"] == pytest.approx({"a": 1 / 61, "b": 1 / 62})
    assert run(ScoreFusion(twice), QUERIES[1:])["q1"] == {"a": 1, "b": 0}


def test_rerankers_are_fused_over_their_documents():
    documents = pd.DataFrame({"qid": "q1", "query": "one", "docno": ["a", "b", "c"], "text": ["x", "yy", "zzz"]})
    length = pt.apply.doc_score(lambda row: len(row["text"]))
    last = pt.apply.doc_score(lambda row: -ord(row["docno"]))
    found = ReciprocalRankFusion(length, length, last).transform(documents)
    assert found.columns.tolist() == ["qid", "query", "docno", "text", "score", "rank"]
    assert found.text.tolist() == ["zzz", "yy", "x"]


def test_equality_depends_on_retrievers_and_options():
    assert ReciprocalRankFusion(ONE, TWO) == ReciprocalRankFusion(ONE, TWO)
    assert hash(ReciprocalRankFusion(ONE, TWO)) == hash(ReciprocalRankFusion(ONE, TWO))
    assert ReciprocalRankFusion(ONE, TWO) != ReciprocalRankFusion(TWO, ONE)
    assert ReciprocalRankFusion(ONE, TWO) != ReciprocalRankFusion(ONE, TWO, k=10)
    assert ScoreFusion(ONE) != ReciprocalRankFusion(ONE)
    assert ScoreFusion(ONE, weights=[2]) != ScoreFusion(ONE, weights=[1])
    assert repr(ScoreFusion(ONE)).endswith("weights=(1.0,), normalization='min-max', num_results=1000)")


scores = st.dictionaries(st.sampled_from("abcdefg"), st.floats(-5, 5, width=16), max_size=7)


@settings(deadline=None, max_examples=40)
@given(st.lists(scores, min_size=1, max_size=3), st.sampled_from([None, "min-max", "z-score", "none"]), st.data())
def test_the_order_of_retrievers_does_not_matter(runs, normalization, data):
    systems = [Ranking({"q1": run}) for run in runs]
    shuffled = data.draw(st.permutations(systems))
    results = [
        ReciprocalRankFusion(*some) if normalization is None else ScoreFusion(*some, normalization=normalization)
        for some in (systems, shuffled)
    ]
    one, other = (fusion.transform(QUERIES) for fusion in results)
    pd.testing.assert_frame_equal(one, other)
    assert set(one.docno) == set().union(*runs)
    expected = one.sort_values(["score", "docno"], ascending=False, ignore_index=True)
    assert one.docno.tolist() == expected.docno.tolist()


@settings(deadline=None)
@given(
    st.lists(scores, min_size=1, max_size=3), st.sampled_from([None, "min-max", "z-score", "none"]), st.integers(1, 8)
)
def test_fuse_matrix_equals_transform(runs, normalization, num_results):
    systems = [Ranking({"q1": run}) for run in runs]
    if normalization is None:
        fusion = ReciprocalRankFusion(*systems, num_results=num_results)
    else:
        fusion = ScoreFusion(*systems, normalization=normalization, num_results=num_results)
    found = []
    for run in runs:
        best = sorted(((score, ord(letter) - 97) for letter, score in run.items()), reverse=True)
        # The only query is the second row; nothing is found for the first.
        rows = np.ones(len(best), np.int64)
        found.append((rows, np.array([at for _, at in best], np.int64), np.array([score for score, _ in best])))
    matrix = fusion.fuse_matrix(found, 2, 7)
    assert matrix.shape == (2, 7) and np.isneginf(matrix[0]).all()
    expected = fusion.transform(QUERIES[1:])
    there = np.flatnonzero(~np.isneginf(matrix[1]))
    assert {chr(97 + at): float(matrix[1, at]) for at in there} == dict(
        zip(expected.docno, expected.score, strict=True)
    )


def test_ordered_cells():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, (20, 15)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.2] = -np.inf
    for depth in (1, 4, 14, 15, 99):
        row, column, score = ordered_cells(scores, depth)
        expected = [
            (at, place, scores[at, place])
            for at in range(20)
            for place in sorted(range(15), key=lambda place: (scores[at, place], place), reverse=True)[:depth]
            if scores[at, place] > -np.inf
        ]
        assert list(zip(row, column, score, strict=True)) == expected


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ReciprocalRankFusion(), ValueError, "ReciprocalRankFusion: no retriever"),
        (lambda: ReciprocalRankFusion("bm25"), TypeError, "retriever 0 is a str, not a transformer$"),
        (
            lambda: ReciprocalRankFusion([ONE, ONE]),
            TypeError,
            "is a list, not a transformer; give them one by one",
        ),
        (lambda: ph.fuse(["bm25", "bm25"]), TypeError, "fuse: system 0 is a list; give systems one by one"),
        (lambda: ReciprocalRankFusion(ONE, k=-1), ValueError, "k=-1"),
        (lambda: ScoreFusion(ONE, num_results=0), ValueError, "num_results=0"),
        (lambda: ScoreFusion(ONE, weights=[1, 2]), ValueError, "1 retrievers need as many weights"),
        (lambda: ScoreFusion(ONE, weights=[0]), ValueError, "one above 0"),
        (lambda: ScoreFusion(ONE, normalization="max"), ValueError, "choose one of min-max, z-score, none"),
        (lambda: ScoreFusion(ONE).transform(pd.concat([QUERIES] * 2)), ValueError, r"qid \['q2'\] come in twice"),
        (lambda: ScoreFusion(Ranking({"q1": {"a": np.nan}})).transform(QUERIES), ValueError, "retriever 0 gives 'a'"),
        (lambda: ph.fuse(), ValueError, "no system"),
        (lambda: ph.fuse("BM25"), ValueError, "system 0 is 'BM25'"),
        (lambda: ph.fuse("bm25", ONE), TypeError, "system 1: a Ranking is not an encoder"),
        (
            lambda: ph.fuse("bm25", torch.nn.Linear(2, 2)),
            TypeError,
            "system 1: a Linear is a model without .*Dense",
        ),
        (lambda: ph.fuse("bm25", by="sum"), ValueError, "by='sum' is unknown"),
        (lambda: ph.fuse("bm25", weights=[1]), ValueError, "weights= are for fusion by scores"),
        (lambda: ph.fuse("bm25", by="min-max", weights=[1, 2]), ValueError, "1 retrievers need as many weights"),
        (lambda: ph.fuse("bm25", k=-1), ValueError, "k=-1"),
        (lambda: ph.fuse("bm25", depth=1.5), TypeError, r"depth=1\.5 is float, not a whole number"),
        (lambda: ph.fuse("bm25", num_results=0), ValueError, "num_results=0"),
        (lambda: ph.fuse(Letters())(Corpus()), ValueError, "the corpus has no documents"),
        (lambda: ph.fuse(Letters())(Corpus({"docno": "1", "body": "x"})), ValueError, "document 0 has no text"),
    ],
)
def test_bad_input_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_results_for_an_unknown_query_are_refused():
    wrong = pt.Transformer.from_df(pd.DataFrame({"qid": ["q7"], "docno": ["a"], "score": [1.0]}))
    wrong.transform = lambda inp: pd.DataFrame({"qid": ["q7"], "docno": ["a"], "score": [1.0]})
    with pytest.raises(ValueError, match="qid 'q7', which is not among the queries"):
        ReciprocalRankFusion(wrong).transform(QUERIES)


class Letters:
    """An encoder that counts letters, and the texts that it encodes."""

    def __init__(self):
        self.texts = []

    def encode_queries(self, texts):
        self.texts += texts
        return np.array([[text.lower().count(letter) for letter in "abdeghinorstuw"] for text in texts], np.float32)

    encode_documents = encode_queries


class Corpus:
    def __init__(self, *documents):
        self.documents = documents

    def get_corpus_iter(self):
        return iter(self.documents)


HOUSES = Corpus({"docno": "1", "text": "two houses", "lang": "en"}, {"docno": "2", "text": "zwei Häuser", "lang": "de"})


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-fusion")


@pytest.mark.slow
def test_the_grid_takes_fusions(tmp_path):
    folders = iter(tmp_path / str(number) for number in range(100))
    encoder = DenseEncoder.from_scratch(["Berlin", "Paris"], dim=8, vocab_size=40)

    def bm25_over(corpus):
        return BM25Index(next(folders)).indexer().index(corpus.get_corpus_iter()).retriever()

    def dense_over(corpus):
        index = (encoder.doc_encoder() >> FaissIndex(next(folders)).indexer()).index(corpus.get_corpus_iter())
        return encoder.query_encoder() >> index.retriever()

    systems = {
        "BM25 + dense": lambda corpus: ReciprocalRankFusion(bm25_over(corpus), dense_over(corpus)),
        "in one call": ph.fuse("bm25", encoder),
    }
    results = LanguageExperiment(systems, "atlas", languages=["de", "en"], kinds=["mono", "multi"], measures=["AP"])
    values = results.settings.pivot(index=["doc_lang", "query_lang"], columns="system", values="value")
    np.testing.assert_allclose(values["in one call"], values["BM25 + dense"], rtol=0, atol=1e-6)
    assert values["in one call"].mean() > 0.1


@pytest.mark.parametrize("options", [{}, {"by": "min-max", "depth": 5}, {"by": "z-score", "num_results": 7}])
def test_the_grid_ranks_as_the_transformer_does(toy, options):
    """With ties, since these scores are whole numbers."""
    fusion = ph.fuse("bm25", Letters(), lambda corpus: ph.fuse("bm25", Letters())(corpus), **options)
    systems = {"arrays": fusion, "frames": lambda corpus: fusion(corpus)}
    results = LanguageExperiment(systems, toy, measures=MEASURES)
    values = [results.settings[results.settings.system == name]["value"] for name in systems]
    np.testing.assert_allclose(*values, rtol=0, atol=1e-12)


def test_the_grid_caches_the_ranks_of_fusions(tmp_path, monkeypatch):
    encoder = DenseEncoder.from_scratch(["Berlin", "Paris"], dim=8, vocab_size=40, verbose=False)
    options = {"languages": ["de", "en"], "kinds": ["mono"], "cache": tmp_path}
    systems = {"encoder": encoder, "BM25 + encoder": ph.fuse("bm25", encoder)}
    one = LanguageExperiment(systems, "atlas", **options)
    calls = []
    monkeypatch.setattr(DenseEncoder, "_encode", lambda *_: calls.append("encode"))
    monkeypatch.setattr(BM25Index, "indexer", lambda *_: calls.append("index"))
    pd.testing.assert_frame_equal(one.settings, LanguageExperiment(systems, "atlas", **options).settings)
    assert calls == []
    prints = {
        ph.fuse("bm25", encoder, **other).fingerprint for other in ({}, {"k": 1}, {"depth": 9}, {"by": "min-max"})
    }
    assert len(prints) == 4 and ph.fuse(encoder).fingerprint not in prints
    assert ph.fuse("bm25", Letters()).fingerprint is None
    numbers = {"k": 1.0, "depth": 9, "num_results": 9}
    of_numpy = {name: np.array([value])[0] for name, value in numbers.items()}
    assert ph.fuse("bm25", encoder, **of_numpy).fingerprint == ph.fuse("bm25", encoder, **numbers).fingerprint


@pytest.mark.slow
def test_fusions_share_indexes_and_vectors(monkeypatch):
    built = []
    index = BM25Index.indexer
    monkeypatch.setattr(BM25Index, "indexer", lambda self, *args, **options: built.append(1) or index(self, *args))
    encoder = Letters()
    systems = {"x": encoder, "a": ph.fuse("bm25", encoder), "b": ph.fuse("bm25", encoder, by="min-max", depth=5)}
    LanguageExperiment(systems, "atlas", languages=["de", "en"], kinds=["mono", "multi"])
    # Queries and documents are encoded apart; two languages and the pool are indexed.
    assert len(encoder.texts) < 1.2 * len(set(encoder.texts)) and len(built) == 3


def test_an_encoder_that_wants_languages_gets_them():
    class Wants(Letters):
        wants_languages = True

        def encode_queries(self, texts, langs):
            self.langs = getattr(self, "langs", []) + list(zip(texts, langs, strict=True))
            return Letters.encode_queries(self, texts)

        encode_documents = encode_queries

    encoder = Wants()
    retriever = ph.fuse(encoder)(HOUSES)
    found = retriever.transform(pd.DataFrame({"qid": ["1", "2"], "query": "house", "lang": ["en", "de"]}))
    assert len(found) == 4
    assert encoder.langs == [("two houses", "en"), ("zwei Häuser", "de"), ("house", "en"), ("house", "de")]


def test_indexes_are_deleted_with_the_retriever():
    retriever = ph.fuse("bm25", Letters(), num_results=5)(HOUSES)
    cut = (retriever % 1).compile()
    folders = {Path(cut.retrievers[0].index.path).parent, Path(list(cut.retrievers[1])[1].index.path).parent}
    del retriever
    gc.collect()
    assert cut.transform(pd.DataFrame({"qid": ["1"], "query": ["houses"], "lang": ["en"]})).docno.tolist() == ["1"]
    assert all(folder.exists() for folder in folders)
    del cut
    gc.collect()
    assert not any(folder.exists() for folder in folders)
