"""Errors of LanguageExperiment about systems, options and data."""

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
import torch
from grid_helpers import Exhaustive, Letters, language, make_family, make_toy
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid import LanguageExperiment, family_from


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-errors")


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


class Encodes:
    """A model as those of SentenceTransformers and Model2Vec, which do not tell queries from documents."""

    def encode(self, texts):
        return Letters().encode_queries(texts)


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        ([Letters()], "give a dictionary"),
        ({"a": 3}, r"systems\['a'\]: a int is not an encoder"),
        ({"a": pt.Transformer.identity()}, "wrap a pipeline as lambda corpus: pipeline"),
        ({"a": torch.nn.Linear(2, 2)}, r"systems\['a'\]: a Linear is a model without .*: ph.DenseEncoder"),
        ({"a": [Letters(), Encodes()]}, r"systems\['a'\]\[1\]: a Encodes is a model without .*: ph.DenseEncoder"),
        ({3: Letters()}, "the name 3 must be a string"),
        ({" ": Letters()}, "must be a string that is not empty"),
        ({"a": lambda corpus: len(corpus)}, "for the corpus toy-errors/de the function returned a int"),
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
    with pytest.raises(ValueError, match=rf"systems\['a'\] on toy-errors/de with queries in de: .*{message}"):
        LanguageExperiment(systems, toy)


def test_bad_qrels():
    data = language("de", (0, 1))
    wrong = data._replace(answers={None: [TrecQrel("q0_de", "de_55_0", 1, "de")]})
    with pytest.warns(UserWarning, match="toy-wrong/de: the qrels name document 'de_55_0', which is not in its corpus"):
        results = LanguageExperiment({"a": Letters()}, make_family("toy-wrong", {"de": wrong}), measures=["AP"])
    assert results.settings["value"].tolist() == [0.0, 0.0]
    empty = make_family("toy-empty", {"de": data._replace(docs=[], answers={None: []})})
    with pytest.raises(ValueError, match="toy-empty/de: the corpus has no document in de"):
        LanguageExperiment({"a": Letters()}, empty)


class Fixed(pt.Transformer):
    """Retrieves the same documents for every query."""

    def __init__(self, docnos):
        self.docnos = docnos

    def transform(self, inp):
        rows = [(qid, docno, 1.0 / rank) for qid in inp["qid"] for rank, docno in enumerate(self.docnos, 1)]
        return pd.DataFrame(rows, columns=["qid", "docno", "score"])


def test_numbers_as_ids():
    docs = [{"docno": 1, "text": "Rom", "lang": "de"}, {"docno": 2, "text": "Athen", "lang": "de"}]
    family = family_from(docs, [{"qid": 7, "query": "Rom?", "lang": "de", "docno": 2}])
    values = [
        LanguageExperiment({"a": lambda _, found=found: Fixed(found)}, family, measures=["RR"]).settings["value"].item()
        for found in ([1, 2], ["1", "2"])
    ]
    assert values == [0.5, 0.5]
    for found in ([1.0], [3]):
        with pytest.raises(ValueError, match=rf"docno {found[0]}, which is not in the corpus"):
            LanguageExperiment({"a": lambda _, found=found: Fixed(found)}, family, measures=["RR"])
