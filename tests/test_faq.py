"""The errors that the page of questions quotes are raised, word by word."""

import json

import pandas as pd
import pytest
import requests
from document_helpers import blocks

import pyterrier_hybrid as ph
from pyterrier_hybrid.datasets import lareqa

QUOTED = blocks("pyterrier_hybrid/pt_docs/faq.md", "text")
DOCUMENTS = [{"docno": "d1", "text": "a rose", "lang": "en"}, {"docno": "d2", "text": "eine Rose", "lang": "de"}]
QUERY = pd.DataFrame([{"qid": "1", "query": "rose"}])


@pytest.fixture(scope="module")
def pairs():
    from pyterrier_hybrid.parallel import Item

    return ph.ParallelPairs(
        Item(
            str(i),
            None,
            "toy",
            {"de": f"Frage {i}?", "en": f"Question {i}?"},
            {"de": f"Antwort {i}", "en": f"Answer {i}"},
        )
        for i in range(160)
    )


@pytest.fixture(scope="module")
def encoder(pairs):
    return ph.DenseEncoder.from_scratch(pairs.texts(), dim=8, vocab_size=60)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty working folder, and an empty home of ir_datasets without a connection."""

    def refuse(*_, **__):
        raise requests.ConnectionError("no route")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IR_DATASETS_DL_DISABLE_PBAR", "true")
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")
    monkeypatch.setattr(requests.Session, "request", refuse)
    return tmp_path / "home"


def dense_index(encoder):
    index = ph.FaissIndex("dense.index")
    (encoder.doc_encoder() >> index.indexer()).index(DOCUMENTS)
    return index


def sparse_index():
    index = ph.BM25Index("bm25.index")
    index.indexer().index(DOCUMENTS)
    return index


def file(name, text):
    with open(name, "w", encoding="utf-8") as opened:
        opened.write(text)
    return name


def train(encoder, pairs, sampler=None, **options):
    return ph.train(encoder, pairs, sampler or ph.MonoSampler(), **{"batch_size": 8, "max_steps": 1, **options})


def index_twice(encoder, _):
    dense_index(encoder)
    dense_index(encoder)


def train_twice(encoder, pairs):
    train(encoder, pairs, output="encoder", verbose=False)
    train(encoder, pairs, output="encoder", verbose=False)


# In the order of the page: functions of an encoder with 8 dimensions and of pairs.
CAUSES = {
    "no model": lambda *_: ph.DenseEncoder("intfloat/multilingual-e5-small").dim,
    "no download": lambda *_: lareqa.load(lareqa.XQUAD_R, "de"),
    "misspelt": lambda *_: ph.LanguageExperiment({"BM25": "bm25"}, "xquadr"),
    "large batch": lambda _, pairs: ph.MonoSampler().plan(pairs, batch_size=500),
    "one language": lambda encoder, pairs: train(encoder, pairs.filter(languages=["de"]), ph.CrossSampler()),
    "no negatives": lambda encoder, pairs: train(encoder, pairs, hard_negatives=1),
    "no vectors": lambda encoder, _: dense_index(encoder).retriever().transform(QUERY),
    "other encoder": lambda encoder, pairs: (
        ph.DenseEncoder.from_scratch(pairs.texts(), dim=4, vocab_size=60).query_encoder()
        >> dense_index(encoder).retriever()
    ).transform(QUERY),
    "document without language": lambda *_: ph.BM25Index("i").indexer().index([{"docno": "d1", "text": "a rose"}]),
    "query without language": lambda *_: sparse_index().retriever().transform(QUERY),
    "index exists": index_twice,
    "encoder exists": train_twice,
    "row without language": lambda *_: ph.ParallelPairs.from_jsonl(
        file("pairs.jsonl", json.dumps({"set": "faq", "id": "7", "question": "Wo?", "passage": "Da."}) + "\n")
    ),
    "recipe": lambda *_: ph.Recipe.from_file(
        file("recipe.yaml", "name: x\npairs: {irds: atlas/train}\nsamplr: hybrid\n")
    ),
    "batches of one": lambda encoder, pairs: train(encoder, pairs, batch_size=1),
    "unknown option": lambda encoder, pairs: train(encoder, pairs, num_epochs=3),
    "no GPU": lambda encoder, pairs: train(encoder, pairs, fp16=True),
}  # fmt: skip


def test_every_quoted_error_has_a_cause():
    assert len(QUOTED) == len(CAUSES)


@pytest.mark.parametrize(("quoted", "cause"), list(zip(QUOTED, CAUSES.values(), strict=False)), ids=CAUSES)
def test_errors_are_quoted_as_they_are(quoted, cause, encoder, pairs, home):
    if "fp16" in quoted:
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
    with pytest.raises(Exception) as raised:
        cause(encoder, pairs)
    message = f"{type(raised.value).__name__}: {raised.value}".replace(str(home), "HOME")
    # The page breaks lines.
    assert message.split() == quoted.split()
