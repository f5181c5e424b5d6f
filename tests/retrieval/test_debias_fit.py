"""Fitting methods against language bias on pairs, a corpus or frames."""

import numpy as np
import pandas as pd
import pytest

from pyterrier_hybrid import DenseEncoder
from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.retrieval.debias import SHIFT, Centring


class Lengths:
    """An encoder whose vectors are the number of characters and the role of the text."""

    def __init__(self):
        self.queries, self.documents = [], []

    def encode_queries(self, texts):
        self.queries += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32)

    def encode_documents(self, texts):
        self.documents += texts
        return np.array([[len(text), 0.0] for text in texts], np.float32)


def some_pairs():
    return ParallelPairs(
        [
            Item(str(n), None, "toy", {"de": "f" * n, "en": "q" * n}, {"de": "a" * 2 * n, "en": "p" * n})
            for n in (1, 2, 6)
        ]
        + [Item("only", None, "toy", {"en": "x" * 9}, {"en": "y" * 30})]
    )


def test_pairs_give_passages_and_queries():
    debias = Centring().fit(Lengths(), some_pairs())
    assert debias.documents([[0, 0], [0, 0]], ["de", "en"]).tolist() == [[-6, 0], [-39 / 4, 0]]
    assert debias.queries([[0, 0], [0, 0]], ["de", "en"]).tolist() == [[-3, -1], [-18 / 4, -1]]


def test_shift_uses_translations_only():
    encoder = Lengths()
    debias = SHIFT("en").fit(encoder, some_pairs())
    assert debias.documents([[10, 0], [10, 0]], ["de", "en"]).tolist() == [[7, 0], [10, 0]]
    assert "y" * 30 not in encoder.documents
    assert encoder.queries == []
    assert "fr" not in debias.languages
    with pytest.raises(ValueError, match="source='fr' is not a language of the pairs: they have de, en"):
        SHIFT("fr").fit(encoder, some_pairs())
    with pytest.raises(TypeError, match="fitted on translations, not on a list"):
        SHIFT().fit(encoder, [{"text": "a", "lang": "de"}])
    with pytest.raises(ValueError, match="SHIFT leaves queries as they are"):
        SHIFT().fit(encoder, some_pairs(), some_pairs())


def test_languages_share_the_drawn_items():
    encoder = Lengths()
    items = [Item(str(n), None, "toy", {"en": "?"}, {"de": "a" * n, "en": "b" * n}) for n in range(1, 101)]
    Centring().fit(encoder, ParallelPairs(items), limit=10, seed=5)
    drawn = [sorted(len(text) for text in encoder.documents if text[0] == letter) for letter in "ab"]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 10


def test_texts_of_a_corpus_are_drawn_per_language():
    def corpus():
        for n in range(1, 201):
            yield {"text": "a" * n, "lang": "de", "docno": str(n)}
        yield {"text": "bb", "lang": "en"}

    encoder = Lengths()
    Centring().fit(encoder, corpus(), limit=20, seed=1)
    drawn = [len(text) for text in encoder.documents if text[0] == "a"]
    assert len(set(drawn)) == 20
    assert max(drawn) > 100
    assert encoder.queries == []
    other, again = Lengths(), Lengths()
    Centring().fit(other, corpus(), limit=20, seed=2)
    Centring().fit(again, corpus(), limit=20, seed=1)
    assert again.documents == encoder.documents != other.documents


def test_a_corpus_and_queries_of_frames():
    documents = pd.DataFrame({"docno": ["1", "2"], "text": ["aa", "bbbb"], "lang": ["de", "en"]})
    queries = pd.DataFrame({"qid": ["1"], "query": ["ccc"], "lang": ["de"]})
    debias = Centring().fit(Lengths(), documents, queries)
    assert debias.queries([[0, 0], [0, 0]], ["de", "en"]).tolist() == [[-3, -1], [-4, 0]]


@pytest.mark.parametrize(
    ("documents", "error", "message"),
    [
        ([], ValueError, r"no documents to fit Centring\(\) on"),
        ([{"text": "a"}], ValueError, r"documents\[0\] has no lang, only text:"),
        ([{"text": "a", "lang": "de"}, {"lang": "de"}], ValueError, r"documents\[1\] has no 'text'"),
        ([{"text": "a", "lang": None}], TypeError, r"documents\[0\]: lang is None"),
        (["a"], TypeError, r"documents\[0\] is a str: pass dicts"),
        ({"text": "a", "lang": "de"}, TypeError, "documents is a dict: pass a list of dicts with text and lang"),
    ],
)
def test_bad_texts_are_refused(documents, error, message):
    with pytest.raises(error, match=message):
        Centring().fit(Lengths(), documents)


def test_bad_encoders_and_limits_are_refused():
    with pytest.raises(TypeError, match="a str is no encoder"):
        Centring().fit("e5", some_pairs())
    with pytest.raises(ValueError, match="limit=0: it must be at least 1, or None"):
        Centring().fit(Lengths(), some_pairs(), limit=0)


def test_vectors_of_a_normalising_encoder_stay_normalised():
    pairs = some_pairs()
    encoder = DenseEncoder.from_scratch(pairs.texts(), dim=8, vocab_size=40, verbose=False)
    assert Centring().fit(encoder, pairs).normalizes
