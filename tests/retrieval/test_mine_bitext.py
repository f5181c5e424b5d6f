"""Mining of translations against a naive computation of the ratio margin."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyterrier_hybrid as ph


class Table:
    """Vectors by text."""

    def __init__(self, texts, vectors):
        self._vectors = dict(zip(texts, vectors, strict=True))

    def encode_queries(self, texts):
        return np.stack([self._vectors[text] for text in texts])

    encode_documents = encode_queries


def sides(seed, n=12, m=9):
    rng = np.random.default_rng(seed)
    one = [f"a{i}" for i in range(n)]
    other = [f"b{i}" for i in range(m)]
    vectors = rng.normal(size=(n + m, 6)).astype(np.float32)
    vectors[n:] = vectors[:m] + 0.8 * vectors[n:]
    return one, other, Table([*one, *other], vectors), vectors[:n], vectors[n:]


def naive(one, other, k, retrieval):
    """Artetxe and Schwenk (arXiv 1811.01136), equations 2 and 3, pair by pair."""
    cosine = np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in other] for a in one], np.float64)
    near_b = [sorted(range(len(other)), key=lambda b: -cosine[a, b])[:k] for a in range(len(one))]
    near_a = [sorted(range(len(one)), key=lambda a: -cosine[a, b])[:k] for b in range(len(other))]

    def score(a, b):
        denominator = sum(cosine[a, z] for z in near_b[a]) / (2 * len(near_b[a]))
        denominator += sum(cosine[z, b] for z in near_a[b]) / (2 * len(near_a[b]))
        # The paper does not say what the ratio means where no neighbour is close.
        return cosine[a, b] / denominator if denominator > 0 else 1.0

    forward = {(a, max(near_b[a], key=lambda b: score(a, b))) for a in range(len(one))}
    backward = {(max(near_a[b], key=lambda a: score(a, b)), b) for b in range(len(other))}
    if retrieval == "forward":
        chosen = forward
    elif retrieval == "backward":
        chosen = backward
    elif retrieval == "intersection":
        chosen = forward & backward
    else:
        chosen = set()
        for a, b in sorted(forward | backward, key=lambda pair: (-score(*pair), pair)):
            if all(a != x and b != y for x, y in chosen):
                chosen.add((a, b))
    return {pair: score(*pair) for pair in chosen}


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    k=st.sampled_from([1, 3, 20]),
    retrieval=st.sampled_from(["forward", "backward", "intersection", "max"]),
)
def test_as_a_naive_computation(seed, k, retrieval):
    one, other, encoder, vectors_a, vectors_b = sides(seed)
    found = ph.mine_bitext(one, other, encoder, neighbours=k, retrieval=retrieval, min_margin=-1e9, verbose=False).frame
    expected = naive(vectors_a, vectors_b, k, retrieval)
    ours = {(a, b): score for a, b, score in zip(found.row_a, found.row_b, found.score, strict=True)}
    assert ours.keys() == expected.keys()
    for pair, score in expected.items():
        # Single precision; the smaller the mean that is divided by, the larger its error.
        assert ours[pair] == pytest.approx(score, rel=1e-4 * max(1, abs(score)))
    assert found.score.is_monotonic_decreasing


def test_by_hand():
    # Cosines: a0-b0 1, a0-b1 0, a1-b0 0, a1-b1 1. With two neighbours, each mean is 1/2, so the score is 1 / (1/2).
    encoder = Table(["a0", "a1", "b0", "b1"], np.array([[2, 0], [0, 3], [1, 0], [0, 1]], np.float32))
    found = ph.mine_bitext(["a0", "a1"], ["b0", "b1"], encoder, neighbours=2, verbose=False)
    assert found.frame.score.tolist() == pytest.approx([2, 2])
    assert found.frame[["row_a", "row_b"]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert found.frame[["text_a", "text_b"]].to_numpy().tolist() == [["a0", "b0"], ["a1", "b1"]]
    assert len(ph.mine_bitext(["a0", "a1"], ["b0", "b1"], encoder, neighbours=2, min_margin=2.1, verbose=False)) == 0


def test_sentences_without_close_neighbours_are_no_translations():
    # All cosines are near -1, and a ratio of negative numbers is positive: it must not count as close.
    encoder = Table(["a0", "a1", "b0"], np.array([[1, 0.1], [1, -0.1], [-1, 0]], np.float32))
    assert len(ph.mine_bitext(["a0", "a1"], ["b0"], encoder, neighbours=2, verbose=False)) == 0
    found = ph.mine_bitext(["a0", "a1"], ["b0"], encoder, neighbours=2, min_margin=1, verbose=False)
    assert found.frame.score.tolist() == [1]


def test_equal_sentences_are_used_once_and_rows_are_the_callers():
    encoder = Table(["a0", "a1", "b0", "b1"], np.array([[2, 0], [0, 3], [1, 0], [0, 1]], np.float32))
    found = ph.mine_bitext(["a0", " ", "a0", "a1"], ["b1", "b0"], encoder, neighbours=2, verbose=False)
    assert sorted(found.frame[["row_a", "row_b"]].to_numpy().tolist()) == [[0, 1], [3, 0]]


def test_pairs_to_train_on():
    frame = pd.DataFrame([[3, 5, "Guten Tag!", "Hello!", 1.3]], columns=["row_a", "row_b", "text_a", "text_b", "score"])
    pairs = ph.retrieval.Bitext(frame).pairs("deu", "en", dataset="web")
    assert (pairs.item(0).queries, pairs.item(0).translation) == ({"de": "Guten Tag!", "en": "Hello!"}, True)
    with pytest.raises(ValueError, match="both 'de'"):
        ph.retrieval.Bitext(frame).pairs("de", "deu")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"neighbours": 0}, ValueError, "neighbours=0"),
        ({"retrieval": "best"}, ValueError, "retrieval='best' is unknown"),
        ({"min_margin": "high"}, TypeError, "min_margin='high'"),
        ({"langs": ("de",)}, ValueError, "langs=\\('de',\\): pass the languages of the two sides"),
        ({"sentences_a": []}, ValueError, "sentences_a has no sentence"),
        ({"sentences_b": "a text"}, TypeError, "sentences_b is a str: pass a list of texts"),
        ({"encoder": "e5"}, TypeError, "encoder is 'e5'"),
    ],
)
def test_bad_options(options, error, message):
    one, other, encoder, *_ = sides(0)
    arguments = {"sentences_a": one, "sentences_b": other, "encoder": encoder, "verbose": False, **options}
    with pytest.raises(error, match=message):
        ph.mine_bitext(**arguments)
