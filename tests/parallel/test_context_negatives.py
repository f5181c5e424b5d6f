"""Other sentences of a paragraph as hard negatives."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid import ParallelPairs
from pyterrier_hybrid.parallel.item import text_key
from pyterrier_hybrid.text.sentences import neighbours

PARAGRAPH = "One is far. Two is near. Here is the answer. Three is nearest. Four is last."
ANSWER = "Here is the answer."


def write(path: Path, *rows: dict) -> Path:
    path.write_text("\n".join(json.dumps({"set": "toy", "id": str(n), **row}) for n, row in enumerate(rows)))
    return path


def asked(**more: object) -> dict:
    return {"lang": "en", "question": "Where is it?", "passage": ANSWER, "context": PARAGRAPH, **more}


def test_the_nearest_come_first() -> None:
    assert neighbours(ANSWER, PARAGRAPH, 3) == ["Three is nearest.", "Two is near.", "Four is last."]
    assert neighbours(ANSWER, PARAGRAPH, 9) == ["Three is nearest.", "Two is near.", "Four is last.", "One is far."]


def test_scripts_without_spaces_or_full_stops() -> None:
    assert neighbours("他生于罗马。", "他生于罗马。他死于米兰。他住在这里！", 5) == ["他死于米兰。", "他住在这里！"]
    assert neighbours("यह यहाँ है।", "वह वहाँ है। यह यहाँ है। क्या यह है?", 5) == ["क्या यह है?", "वह वहाँ है।"]
    clauses = [f"ประโยคที่{n}ยาวมากมาก" for n in range(40)]
    found = neighbours(clauses[20], " ".join(clauses), 2)
    assert found == [clauses[21], clauses[19]]


def test_abbreviations_make_no_sentences_of_their_own() -> None:
    text = "The answer is this sentence here. In U. S. law it is otherwise, as is known."
    assert neighbours("The answer is this sentence here.", text, 5) == ["In U. S. law it is otherwise, as is known."]


@pytest.mark.parametrize(
    "context", ["", "Something else. And more.", ANSWER, f"  {ANSWER} ", f"{ANSWER} HERE is the answer."]
)
def test_nothing_to_take(context: str) -> None:
    assert neighbours(ANSWER, context, 5) == []


@given(
    st.lists(st.text("ab .。?", min_size=1, max_size=20), min_size=1, max_size=6), st.integers(0, 5), st.integers(0, 9)
)
def test_never_the_passage_and_never_more_than_asked(sentences: list[str], at: int, limit: int) -> None:
    passage = sentences[at % len(sentences)]
    found = neighbours(passage, " ".join(sentences), limit)
    assert len(found) <= limit and len(set(found)) == len(found)
    assert all(piece.strip() and text_key(piece) != text_key(passage) for piece in found)


def test_read_from_json_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.jsonl", asked(), asked(question="Who?", negatives=["Given."]))
    pairs = ParallelPairs.from_jsonl(path, context_negatives=2)
    assert pairs.negatives(0, "en") == ["Three is nearest.", "Two is near."]
    assert pairs.negatives(1, "en") == ["Given.", "Three is nearest.", "Two is near."]
    assert not ParallelPairs.from_jsonl(write(tmp_path / "other.jsonl", asked())).has_negatives


def test_each_language_has_its_own(tmp_path: Path) -> None:
    german = {"lang": "de", "question": "Wo?", "passage": "Hier.", "context": "Dort. Hier.", "id": "0"}
    pairs = ParallelPairs.from_jsonl(write(tmp_path / "pairs.jsonl", asked(), german), context_negatives=1)
    assert (len(pairs), pairs.negatives(0, "de"), pairs.negatives(0, "en")) == (1, ["Dort."], ["Three is nearest."])


def test_a_sentence_that_another_language_has_as_its_passage_is_left_out(tmp_path: Path) -> None:
    left = {"lang": "de", "question": "Wo?", "passage": "Hier.", "context": f"{ANSWER} Hier. Dort.", "id": "0"}
    english = asked(id="0")
    for rows in ((left, english), (english, left)):
        pairs = ParallelPairs.from_jsonl(write(tmp_path / "pairs.jsonl", *rows), context_negatives=2)
        assert pairs.negatives(0, "de") == ["Dort."]
    with pytest.raises(ValueError, match=r"line 2, field 'negatives.de\[0\]'.*is the item's own passage"):
        ParallelPairs.from_jsonl(write(tmp_path / "pairs.jsonl", english, {**left, "negatives": [ANSWER]}))


def test_read_from_squad(tmp_path: Path) -> None:
    qa = {"id": "q", "question": "Where?", "answers": [{"text": "answer", "answer_start": PARAGRAPH.index("answer")}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": PARAGRAPH, "qas": [qa]}]}]}))
    pairs = ParallelPairs.from_squad(path, lang="en", unit="sentence", context_negatives=1)
    assert (pairs.passage(0, "en"), pairs.negatives(0, "en")) == (ANSWER, ["Three is nearest."])
    with pytest.raises(ValueError, match="context_negatives=1 with unit='passage'"):
        ParallelPairs.from_squad(path, lang="en", context_negatives=1)


def test_a_number_that_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="context_negatives=-1 is negative"):
        ParallelPairs.from_jsonl(write(tmp_path / "pairs.jsonl", asked()), context_negatives=-1)
