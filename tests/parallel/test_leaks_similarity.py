"""Whole-text similarity in the leak check: exact against a naive comparison."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyterrier_hybrid.parallel import Item, ParallelPairs, find_leaks
from pyterrier_hybrid.parallel.leaks.similarity import GRAM, MIN_LETTERS, KnownGrams
from pyterrier_hybrid.text.letters import letters_of


def grams(text):
    letters = letters_of([text])[0][1:-1].tolist()
    count = len(letters) - GRAM + 1 if len(letters) >= MIN_LETTERS else 0
    return {tuple(letters[i : i + GRAM]) for i in range(count)}


def naive(texts, known, least):
    found = {}
    for number, text in enumerate(texts):
        for other, known_text in enumerate(known):
            one, two = grams(text), grams(known_text)
            if one and two and len(one & two) >= least * len(one | two):
                found[number, other] = len(one & two) / len(one | two)
    return found


def found_by(known, texts, least):
    similar = KnownGrams(known, min_similarity=least).similar(texts)
    assert (similar.text[:-1] <= similar.text[1:]).all()
    return dict(zip(zip(similar.text.tolist(), similar.known.tolist(), strict=True), similar.similarity, strict=True))


# Few letters, so that texts share many grams; and words of a sentence, some of which are replaced.
LETTERS = st.text("ab", max_size=40)
SENTENCES = st.lists(st.sampled_from("what is the state language of old Japan 北京 在 哪里".split()), max_size=12).map(
    " ".join
)


@settings(max_examples=150, deadline=None)
@given(
    known=st.lists(LETTERS | SENTENCES, max_size=8),
    texts=st.lists(LETTERS | SENTENCES, max_size=8),
    least=st.sampled_from([0.2, 0.5, 0.6, 2 / 3, 0.8, 1.0]),
)
def test_the_same_pairs_as_a_naive_comparison(known, texts, least):
    expected = naive(texts, known, least)
    found = found_by(known, texts, least)
    assert found.keys() == expected.keys()
    assert all(found[pair] == pytest.approx(expected[pair]) for pair in expected)


def test_a_value_by_hand():
    # "abcdefghijkl" has 8 grams, and a new last letter changes one: 7 of 9.
    assert found_by(["abcdefghijkl"], ["ABCDE-fghij kx"], 0.7) == {(0, 0): pytest.approx(7 / 9)}
    assert found_by(["abcdefghijkl"], ["abcdefghijkx"], 0.8) == {}
    assert found_by(["abcdefghijk"], ["abcdefghijk"], 0.6) == {}


def test_many_texts_and_portions(monkeypatch):
    from pyterrier_hybrid.parallel.leaks import similarity

    known = [f"sentence {n * n} about the remarkable number {n}, which has a square" for n in range(200)]
    texts = [text.replace("about", "of") for text in known]
    expected = found_by(known, texts, 0.6)
    assert all((n, n) in expected for n in range(200))
    monkeypatch.setattr(similarity, "_CHARACTERS", 50)
    monkeypatch.setattr(similarity, "_CANDIDATES", 3)
    assert found_by(known, texts, 0.6) == expected


QUESTION = "Which is the state language of Saudi Arabia?"


def check(question, **options):
    item = Item("1", None, "toy", {"en": question}, {"en": "You guess."})
    return find_leaks(ParallelPairs([item]), "atlas/en/test", **options)


def test_a_question_with_another_word_is_near():
    found = check("What is the stale language of Saudi Arabia?")
    row = found.frame.set_index("evaluation_id").loc["SA_language_en"]
    assert (row.kind, row.longest, row.shared, row.containment, row.stretch) == ("near", 0, 0, 0, "")
    assert row.similarity == pytest.approx(26 / 36)
    assert len(found.remove(ParallelPairs([Item("1", None, "toy", {"en": "a"}, {"en": "b"})]))) == 0
    assert len(check("What is the stale language of Saudi Arabia?", min_similarity=None)) == 0
    assert len(check("What is the stale language of Saudi Arabia?", min_similarity=0.99)) == 0


def test_pairs_with_a_span_and_a_similarity_are_one_row():
    found = check("What is the state language of Saudi Arabia?")
    rows = found.frame[found.frame.evaluation_id == "SA_language_en"]
    assert rows.similarity.tolist() == [1.0] and rows.kind.tolist() == ["exact"] and rows.longest.tolist() == [35]


@pytest.mark.parametrize("value", [0, -0.1, 1.1])
def test_bad_thresholds(value):
    with pytest.raises(ValueError, match=f"min_similarity={value} is a ratio .* or pass None to compare spans only"):
        check(QUESTION, min_similarity=value)
