"""The reader of SQuAD files."""

import json

import pytest
from parallel_helpers import assert_same

from pyterrier_hybrid.parallel import ParallelPairs


def question(name, text="", start=0, **fields):
    return {"id": name, "question": text or f"question {name}?", "answers": [{"answer_start": start}],
            **fields}  # fmt: skip


def with_answer_of(context, question):
    """The answer is the character at its offset."""
    answers = [
        {**answer, "text": (context or "")[answer["answer_start"] :][:1]} if "answer_start" in answer else answer
        for answer in question.get("answers", ())
    ]
    return {**question, "answers": answers} if "answers" in question else question


@pytest.fixture
def squad(tmp_path):
    def write(*paragraphs, name="toy.json"):
        content = {"version": "1.1", "data": [{"title": "T", "paragraphs": [
            {"context": context, "qas": [with_answer_of(context, question) for question in questions]}
            for context, *questions in paragraphs
        ]}]}  # fmt: skip
        (tmp_path / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return tmp_path / name

    return write


def test_questions_about_one_paragraph_are_one_group(squad):
    path = squad(("A. B.", question(1), question("2")), ("C.", question("3")), (" a.  b.", question("4")))
    pairs = ParallelPairs.from_squad(path, lang="en")
    assert (pairs.languages, pairs.datasets) == (["en"], ["toy"])
    assert [pairs.item(i).id for i in range(4)] == ["1", "2", "3", "4"]
    assert pairs.query(0, "en") == "question 1?" and pairs.passage(1, "en") == "A. B."
    assert pairs.groups.tolist() == pairs.passage_groups.tolist() == [0, 0, 1, 0]


def test_one_question_in_several_languages_is_one_item(squad, tmp_path):
    squad(("One. Two.", question("1"), question("2")), name="set.en.json")
    squad(("Eins. Zwei.", question("2", "Frage 2?"), question("3", "Frage 3?")), name="set.de.json")
    pairs = ParallelPairs.from_squad(tmp_path / "set.{lang}.json", languages=["en", "de"], unit="sentence")
    assert [pairs.item(i).id for i in range(3)] == ["1", "2", "3"] and pairs.datasets == ["set"]
    assert pairs.item(1).queries == {"de": "Frage 2?", "en": "question 2?"}
    assert pairs.item(1).passages == {"de": "Eins.", "en": "One."}
    # One and three share no text: both paragraphs are one by way of question 2.
    assert pairs.groups.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("context", "start", "sentence"), [
    ("One is 1.5 long. Two?  Three!", 0, "One is 1.5 long."),
    ("One is 1.5 long. Two?  Three!", 15, "One is 1.5 long."),
    ("One is 1.5 long. Two?  Three!", 17, "Two?"),
    ("One is 1.5 long. Two?  Three!", 28, "Three!"),
    ('He said "No." Then he left', 14, "Then he left"),
    ("一是一。二是二！“三是三。”四", 5, "二是二！"),
    ("一是一。二是二！“三是三。”四", 9, "“三是三。”"),
    ("एक है। दो है।", 7, "दो है।"),
    ("ما هذا؟ هذا بيت.", 8, "هذا بيت."),
])  # fmt: skip
def test_the_sentence_in_which_an_answer_begins(squad, context, start, sentence):
    pairs = ParallelPairs.from_squad(squad((context, question("1", start=start))), lang="en", unit="sentence")
    assert pairs.passage(0, "en") == sentence


def test_sentences_of_one_paragraph_are_one_group(squad):
    path = squad(("One. Two.", question("1"), question("2", start=6)))
    pairs = ParallelPairs.from_squad(path, lang="en", unit="sentence")
    assert pairs.groups.tolist() == [0, 0] and pairs.passage_groups.tolist() == [0, 1]


def test_questions_without_an_answer_are_skipped_and_counted(squad):
    path = squad(("A.", question("1", is_impossible=True, answers=[]), question("2"), question("3", answers=[])))
    with pytest.warns(UserWarning, match=r"toy.json: skipped 2 questions .*paragraphs\[0\].qas\[0\]") as caught:
        pairs = ParallelPairs.from_squad(path, lang="en")
    assert caught[0].filename == __file__
    assert [pairs.item(i).id for i in range(len(pairs))] == ["2"]


def test_several_files_and_a_name(squad):
    one, two = squad(("A.", question("1")), name="a.json"), squad(("B.", question("2")), name="b.json")
    assert ParallelPairs.from_squad(one, two, lang="en").datasets == ["a", "b"]
    both = ParallelPairs.from_squad(one, two, lang="en", dataset="squad")
    assert both.datasets == ["squad"] and both.groups.tolist() == [0, 1]
    assert_same(both, ParallelPairs.from_squad(one, str(two), lang="en", dataset="squad"))


@pytest.mark.parametrize(("paragraph", "problem"), [
    (("A.", {"question": "q", "answers": [{}]}), r"qas\[0\]: no 'id'"),
    (("A.", {"id": "1", "answers": [{}]}), r"qas\[0\]: no 'question'"),
    (("A.", {"id": "1", "question": "q"}), r"qas\[0\]: no list 'answers'"),
    (("A.", {"id": 1.5, "question": "q", "answers": [{}]}), r"qas\[0\], field 'id': 1.5 is not a string"),
    ((None, question("1")), r"qas\[0\], field 'context': None is not a string|field 'passage': None is not a string"),
    (("A.", question("1"), question("1")), r"qas\[1\], field 'lang': 'en' of id '1' in set 'toy' is there a second"),
    (("A.", question("1", " ")), "empty text, as in 1 of 1 rows"),
])  # fmt: skip
def test_bad_files(squad, paragraph, problem):
    with pytest.raises(ValueError, match=rf"toy.json, data\[0\].paragraphs\[0\].*{problem}"):
        ParallelPairs.from_squad(squad(paragraph), lang="en")


def test_what_is_no_squad_file(squad, tmp_path):
    for content, problem in (("[]", "no list 'data'"), ('{"data": 1}', "no list 'data'"), ("{", "line 1: not JSON")):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(ValueError, match=f"x.json.*{problem}"):
            ParallelPairs.from_squad(tmp_path / "x.json", lang="en")
    with pytest.raises(ValueError, match="answer_start is 99"):
        ParallelPairs.from_squad(squad(("A.", question("1", start=99))), lang="en", unit="sentence")
    with pytest.raises(FileNotFoundError, match=r"nowhere.json: there is no such file, for the language 'en'"):
        ParallelPairs.from_squad(tmp_path / "nowhere.json", lang="en")


@pytest.mark.parametrize(("files", "options", "error", "message"), [
    ([], {"lang": "en"}, ValueError, "no file given"),
    (["a.json"], {}, ValueError, "a.json does not say its language"),
    (["a.{lang}.json"], {}, ValueError, "has a place for languages"),
    (["a.{lang}.json"], {"lang": "en"}, ValueError, "has a place for languages"),
    (["a.{lang}.json"], {"languages": "en"}, TypeError, r"a string: pass a list, such as \['en'\]"),
    (["a.json"], {"lang": "en", "unit": "word"}, ValueError, "unit='word' is unknown"),
])  # fmt: skip
def test_bad_arguments(files, options, error, message):
    with pytest.raises(error, match=message):
        ParallelPairs.from_squad(*files, **options)
