"""What pt.inspect says of every transformer, compared with real frames, and how each is drawn."""

import importlib
import pkgutil

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.datasets import Document
from pyterrier_hybrid.perturbation.registry import PERTURBATIONS
from pyterrier_hybrid.retrieval.corpus_search import CorpusSearch, documents_fingerprint

DOCUMENTS = [
    {"docno": "d1", "text": "ein Haus am Fluss", "lang": "de"},
    {"docno": "d2", "text": "a house by the river", "lang": "en"},
    {"docno": "d3", "text": "eine Stadt", "lang": "de"},
    {"docno": "d4", "text": "a town", "lang": "en"},
]
QUERIES = pd.DataFrame({"qid": ["1", "2"], "query": ["Haus", "river town"], "lang": ["de", "en"]})


class Corpus:
    def get_corpus_iter(self):
        yield from DOCUMENTS


def search_in_corpus(encoder, cache):
    docs = [Document(row["docno"], row["text"], row["lang"], "", "") for row in DOCUMENTS]
    engine = CorpusSearch(lambda: docs, encoder, fingerprint=documents_fingerprint(docs), cache=cache)
    return engine.retriever(system="fusion")


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """A transformer and a frame for it, by name."""
    folder = tmp_path_factory.mktemp("indexes")
    encoder = ph.DenseEncoder.from_scratch([document["text"] for document in DOCUMENTS], dim=8, vocab_size=60)
    dense, bm25 = ph.FaissIndex(folder / "dense"), ph.BM25Index(folder / "bm25")
    (encoder.doc_encoder() >> dense.indexer()).index(DOCUMENTS)
    bm25.indexer(store_text=True).index(DOCUMENTS)
    centring = ph.Centring(normalize=False).fit(encoder, DOCUMENTS)
    debiased = centring.applied_to(encoder)
    documents = pd.DataFrame(DOCUMENTS)
    vectors = encoder.query_encoder()(QUERIES)
    candidates = dense.retriever(keep_query_vec=True)(vectors).merge(documents[["docno", "text"]])
    with_vectors = dense.vec_loader()(candidates)
    search = encoder.query_encoder() >> dense.retriever()
    first = encoder.query_encoder() >> dense.retriever(keep_query_vec=True)
    texts_alone = candidates.drop(columns=["query_vec", "score", "rank"])
    noise = {kind.__name__: (kind(), QUERIES) for kind in PERTURBATIONS}
    switch = ph.perturbation.CodeSwitch(ph.Lexicon([{"de": ["Haus"], "en": ["house"]}]))
    return {
        "query encoder": (encoder.query_encoder(), QUERIES),
        "document encoder": (encoder.doc_encoder(), documents),
        "document encoder, two fields": (encoder.doc_encoder(text_field=("a", "text")), documents.assign(a="x")),
        "text scorer": (encoder.text_scorer(), texts_alone),
        "text scorer, vectors": (encoder.text_scorer(), with_vectors.drop(columns=["query", "text"])),
        "BM25": (bm25.retriever(), QUERIES),
        "BM25, one language": (bm25.retriever(lang="de"), QUERIES),
        "BM25, known language": (bm25.retriever(query_lang="de"), QUERIES),
        "index": (dense.retriever(), vectors),
        "vectors": (dense.vec_loader(), documents),
        "texts": (bm25.text_loader(), documents[["docno"]]),
        "any corpus, search": (search_in_corpus(encoder, folder / "cache"), QUERIES),
        "feedback": (ph.VectorFeedback(), with_vectors),
        "two searches": (first >> dense.vec_loader() >> ph.VectorFeedback() >> dense.retriever(), QUERIES),
        "ranks": (ph.ReciprocalRankFusion(bm25.retriever(), search), QUERIES),
        "scores": (ph.ScoreFusion(bm25.retriever(query_lang="de"), search), QUERIES),
        "fused scorers": (ph.ScoreFusion(encoder.text_scorer(), encoder.text_scorer()), texts_alone),
        "debiased queries": (centring.query_debiaser(), vectors),
        "debiased queries, one language": (centring.query_debiaser("de"), vectors),
        "debiased documents": (centring.doc_debiaser(), encoder.doc_encoder()(documents)),
        "debiased search": (debiased.query_encoder() >> centring.retriever(dense), QUERIES),
        "debiased texts": (debiased.doc_encoder(), documents),
        "any corpus, feedback": (ph.feedback(debiased, k=2)(Corpus()), QUERIES),
        "any corpus, fusion": (ph.fuse("bm25", encoder)(Corpus()), QUERIES),
        "code-switching": (switch, QUERIES),
        "worst case": (ph.perturbation.WorstCase(encoder, [ph.perturbation.Case()], budget=2) >> search, QUERIES),
        **noise,
    }


def parts(transformer):
    yield transformer
    for found in pt.inspect.subtransformers(transformer).values():
        for part in found if isinstance(found, list) else [found]:
            yield from parts(part)
    if isinstance(transformer, pt._ops.Compose):
        for part in transformer:
            yield from parts(part)


def test_every_transformer_has_an_example(examples):
    for module in pkgutil.walk_packages(ph.__path__, "pyterrier_hybrid."):
        importlib.import_module(module.name)
    waiting, ours = [pt.Transformer], set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("pyterrier_hybrid.") and not issubclass(kind, pt.Indexer):
            ours.add(kind)
    seen = {type(part) for transformer, _ in examples.values() for part in parts(transformer)}
    assert {kind.__name__ for kind in ours - seen if not kind.__subclasses__()} == set()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_outputs_are_those_of_real_frames(examples):
    for name, (transformer, frame) in examples.items():
        said = pt.inspect.transformer_outputs(transformer, list(frame.columns))
        assert sorted(said) == sorted(transformer(frame).columns), name


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_inputs_are_enough_and_needed(examples):
    for name, (transformer, frame) in examples.items():
        alternatives = pt.inspect.transformer_inputs(transformer)
        first = next(columns for columns in alternatives if set(columns) <= set(frame.columns))
        transformer(frame[first])
        for column in set.intersection(*map(set, alternatives)):
            with pytest.raises(pt.validate.InputValidationError):
                transformer(frame.drop(columns=column))


def test_queries_without_their_language(examples):
    transformer, frame = examples["BM25"]
    with pytest.raises(pt.validate.InputValidationError, match="lang is missing: the documents are in several"):
        transformer(frame.drop(columns="lang"))


def test_indexers(tmp_path):
    encoder = ph.DenseEncoder.from_scratch(["a text"], dim=8, vocab_size=40)
    pipeline = encoder.doc_encoder() >> ph.FaissIndex(tmp_path / "dense").indexer()
    assert pt.inspect.transformer_inputs(pipeline)[0] == ["docno", "text"]
    assert ["docno", "text", "lang"] in pt.inspect.indexer_inputs(ph.BM25Index(tmp_path / "bm25").indexer())


def test_drawings(examples, monkeypatch):
    # A help_url would be looked up in an inventory of the network.
    monkeypatch.setattr("pyterrier.documentation.objects_inv", None)
    for name, (transformer, frame) in examples.items():
        drawn = transformer._repr_html_()
        label = pt.schematic.transformer_schematic(transformer, input_columns=list(frame.columns)).get("label")
        assert label is None or label in drawn, name
        assert "?" not in drawn.partition("</style>")[2].partition("<script")[0], name
