"""Other sentences of a paragraph as hard negatives of pairs."""

import json
from pathlib import Path

import pytest

from pyterrier_hybrid import ParallelPairs

PARAGRAPH = "One is far. Two is near. Here is the answer. Three is nearest. Four is last."
ANSWER = "Here is the answer."


def write(path: Path, *rows: dict) -> Path:
    path.write_text("\n".join(json.dumps({"set": "toy", "id": str(n), **row}) for n, row in enumerate(rows)))
    return path


def asked(**more: object) -> dict:
    return {"lang": "en", "question": "Where is it?", "passage": ANSWER, "context": PARAGRAPH, **more}


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
