"""Parameters that are set later, as pt.GridScan sets them, are checked as those of the constructors."""

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_hybrid as ph

DOCUMENTS = [
    {"docno": "d1", "text": "ein Haus am Fluss", "lang": "de"},
    {"docno": "d2", "text": "a house by the river", "lang": "en"},
    {"docno": "d3", "text": "eine Stadt", "lang": "de"},
]
QUERIES = pd.DataFrame({"qid": ["1", "2"], "query": ["Haus", "river"], "lang": ["de", "en"]})
QRELS = pd.DataFrame({"qid": ["1", "2"], "docno": ["d1", "d2"], "label": [1, 1]})


@pytest.fixture(scope="module")
def encoder():
    return ph.DenseEncoder.from_scratch([row["text"] for row in DOCUMENTS], dim=8, vocab_size=60)


@pytest.fixture(scope="module")
def dense(encoder, tmp_path_factory):
    index = ph.FaissIndex(tmp_path_factory.mktemp("dense") / "index")
    (encoder.doc_encoder() >> index.indexer()).index(DOCUMENTS)
    return index


@pytest.fixture(scope="module")
def bm25(tmp_path_factory):
    return ph.BM25Index(tmp_path_factory.mktemp("bm25") / "index").indexer().index(DOCUMENTS)


@pytest.fixture
def searchable(encoder, dense, bm25):
    """Every transformer with parameters, by name."""
    centring = ph.Centring(normalize=False).fit(encoder, DOCUMENTS)
    return {
        "bm25": bm25.retriever(),
        "dense": dense.retriever(),
        "scores": ph.ScoreFusion(bm25.retriever(), encoder.query_encoder() >> dense.retriever()),
        "ranks": ph.ReciprocalRankFusion(bm25.retriever(), encoder.query_encoder() >> dense.retriever()),
        "feedback": ph.VectorFeedback(),
        "debiased search": centring.retriever(dense),
        "debiased queries": centring.query_debiaser(),
        "documents": encoder.doc_encoder(),
        "scorer": encoder.text_scorer(),
    }


@pytest.mark.parametrize(
    ("name", "parameter", "value", "problem"),
    [
        ("bm25", "k1", -3, "k1=-3: it must be at least 0"),
        ("bm25", "b", 1.5, "b=1.5: it must be from 0 to 1"),
        ("bm25", "num_results", 0, "num_results=0: it must be at least 1"),
        ("bm25", "lang", ["de"], "lang=.'de'.* is a list: pass one language"),
        ("dense", "num_results", 0, "num_results=0: it must be at least 1"),
        ("dense", "ef_search", 0, "ef_search=0: it must be at least 1"),
        ("dense", "keep_query_vec", "no", "keep_query_vec='no' is str"),
        ("scores", "normalization", "zscore", "normalization='zscore' is unknown"),
        ("scores", "weights", (0.1, 0.2, 0.7), "2 retrievers need as many weights"),
        ("scores", "weights", 0.5, "weights=0.5: pass one weight for each retriever"),
        ("ranks", "k", -1, "k=-1: it must be at least 0"),
        ("feedback", "k", 0, "k=0: it must be at least 1"),
        ("feedback", "temperature", 0, "temperature=0: it must be above 0"),
        ("debiased search", "num_results", 0, "num_results=0: it must be at least 1"),
        ("debiased search", "lang", ["de", 3], "every name must be a str"),
        ("debiased queries", "lang", ["de"], "lang=.'de'.* is a list: pass one language"),
        ("debiased queries", "role", "query", "role='query' is unknown"),
        ("documents", "text_field", ("title", 3), "every name must be a str"),
        ("scorer", "text_field", ("title", "text"), "name the column of the texts"),
        ("bm25", "num_result", 1, "BM25Retriever has no parameter 'num_result': .* .did you mean 'num_results'"),
    ],
)
def test_a_value_that_the_constructor_refuses_is_refused_later(searchable, name, parameter, value, problem):
    transformer = searchable[name]
    before = repr(transformer)
    with pytest.raises((ValueError, TypeError), match=problem):
        transformer.set_parameter(parameter, value)
    assert repr(transformer) == before


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("bm25", "k1", np.float64(1.5)),
        ("dense", "num_results", 2),
        ("dense", "ef_search", 64),
        ("scores", "weights", [0.2, 0.8]),
        ("ranks", "k", 10),
        ("feedback", "weight", 1),
        ("debiased search", "lang", ["de"]),
        ("debiased queries", "lang", "de"),
        ("documents", "text_field", ["title", "text"]),
        ("scorer", "text_field", "title"),
    ],
)
def test_a_transformer_equals_one_that_was_built_with_the_value(searchable, name, parameter, value):
    transformer = searchable[name]
    built = pt.inspect.transformer_apply_attributes(transformer, **{parameter: value})
    assert transformer != built
    transformer.set_parameter(parameter, value)
    assert transformer == built and hash(transformer) == hash(built) and repr(transformer) == repr(built)


def test_every_argument_can_be_read_and_set(searchable):
    for name, transformer in searchable.items():
        before = repr(transformer)
        for attribute in pt.inspect.transformer_attributes(transformer):
            transformer.set_parameter(attribute.name, transformer.get_parameter(attribute.name))
        assert repr(transformer) == before, name


def test_grids_search_only_valid_values(searchable):
    fusion = searchable["scores"]
    grid = {fusion: {"weights": [[0.2, 0.8], [0.8, 0.2]], "normalization": ["min-max", "z-score"]}}
    found = pt.GridScan(fusion, grid, QUERIES, QRELS, ["map"])
    assert found["tran_0_weights"].tolist() == [[0.2, 0.8]] * 2 + [[0.8, 0.2]] * 2
    pt.GridSearch(fusion, grid, QUERIES, QRELS, "map")
    pt.KFoldGridSearch(fusion, grid, [QUERIES[:1], QUERIES[1:]], QRELS, "map")
    with pytest.raises(ValueError, match="normalization='zscore' is unknown"):
        pt.GridScan(fusion, {fusion: {"normalization": ["min-max", "zscore"]}}, QUERIES, QRELS, ["map"])


def test_a_search_takes_one_language(dense, bm25):
    for call in (
        lambda: dense.retriever(lang=["de", "en"]),
        lambda: dense.recall(lang=("de",)),
        lambda: bm25.retriever(lang=["de", "en"]),
        lambda: bm25.indexer(lang=["de", "en"]),
    ):
        with pytest.raises(TypeError, match=r"^lang=.*: pass one language, such as 'de', or None"):
            call()
    with pytest.raises(TypeError, match=r"query_lang=\['de'\] is a list: pass one language"):
        bm25.retriever(query_lang=["de"])
