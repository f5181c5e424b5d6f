"""Sentences of a paragraph, and those around a passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.text.sentences import neighbours, sentence_ends

PARAGRAPH = "One is far. Two is near. Here is the answer. Three is nearest. Four is last."
ANSWER = "Here is the answer."


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", [""]),
        ("One. Two! Three", ["One. ", "Two! ", "Three"]),
        ('He said: "Go." She went.', ['He said: "Go." ', "She went."]),
        ("1.5 million", ["1.5 million"]),
        ("他来了。她说：「好。」再见", ["他来了。", "她说：「好。」", "再见"]),
        ("यह है। वह है।", ["यह है। ", "वह है।"]),
    ],
)
def test_sentences_end_after_their_marks(text, sentences):
    bounds = [0, *sentence_ends(text), len(text)]
    assert [text[start:stop] for start, stop in zip(bounds, bounds[1:], strict=False)] == sentences


def test_the_nearest_come_first() -> None:
    assert neighbours(ANSWER, PARAGRAPH, 3) == ["Three is nearest.", "Two is near.", "Four is last."]
    assert neighbours(ANSWER, PARAGRAPH, 9) == ["Three is nearest.", "Two is near.", "Four is last.", "One is far."]


def test_scripts_without_spaces_or_full_stops() -> None:
    assert neighbours("他生于罗马。", "他生于罗马。他死于米兰。他住在这里！", 5) == ["他死于米兰。", "他住在这里！"]
    assert neighbours("यह यहाँ है।", "वह वहाँ है। यह यहाँ है। क्या यह है?", 5) == ["क्या यह है?", "वह वहाँ है।"]
    clauses = [f"ประโยคที่{n}ยาวมากมาก" for n in range(40)]
    found = neighbours(clauses[20], " ".join(clauses), 2)
    assert found == [clauses[21], clauses[19]]


def test_short_pieces_after_abbreviations_are_joined() -> None:
    text = "The answer is this sentence here. In U. S. law it is otherwise, as is known."
    assert neighbours("The answer is this sentence here.", text, 5) == ["In U. S. law it is otherwise, as is known."]


@pytest.mark.parametrize(
    "context", ["", "Something else. And more.", ANSWER, f"  {ANSWER} ", f"{ANSWER} HERE is the answer."]
)
def test_a_paragraph_without_other_sentences(context: str) -> None:
    assert neighbours(ANSWER, context, 5) == []


@given(
    st.lists(st.text("ab .。?", min_size=1, max_size=20), min_size=1, max_size=6), st.integers(0, 5), st.integers(0, 9)
)
def test_never_the_passage_and_never_more_than_the_limit(sentences: list[str], at: int, limit: int) -> None:
    passage = sentences[at % len(sentences)]
    found = neighbours(passage, " ".join(sentences), limit)
    assert len(found) <= limit and len(set(found)) == len(found)
    assert all(piece.strip() and text_key(piece) != text_key(passage) for piece in found)
