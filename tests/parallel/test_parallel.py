"""The reader of JSON Lines."""

import json

import numpy as np
import pytest
from parallel_helpers import QA, SENTENCE, assert_same, qa, texts_of

from pyterrier_hybrid.parallel import Item, ParallelPairs


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz"])
def test_all_kinds_of_rows(write, name):
    word = {"set": "words", "id": "w", "terms": {"de": ["Hund", "Köter"], "en": ["dog"], "ar": ["كلب"]}}
    both = {"set": "own", "id": "x", "queries": {"zh": "谁？", "en": "Who is it?"}, "passages": {"de": "Keiner."}}
    rows = [qa(1), SENTENCE, qa(1, "de"), word, both]
    pairs = ParallelPairs.from_jsonl(write(*rows, name=name))
    assert len(pairs) == 4
    assert pairs.languages == ["ar", "de", "en", "zh"]
    assert pairs.datasets == ["own", "talk", "toy", "words"]
    assert [pairs.item(i).id for i in range(4)] == ["1", "1", "w", "x"]
    assert pairs.item(0).queries == {"en": "question 1 in en?", "de": "question 1 in de?"}
    assert pairs.query(1, "de") == pairs.passage(1, "de") == "Guten Morgen, alle!"
    assert pairs.item(2).passages == {"de": "Hund", "en": "dog", "ar": "كلب"}
    assert pairs.query(3, "zh") == "谁？" and pairs.passage(3, "de") == "Keiner."
    assert pairs.is_translation.tolist() == [False, True, True, False]
    assert pairs.has_query.tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 1]]
    assert pairs.has_passage.tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 0]]
    assert pairs.dataset_ids.tolist() == [2, 1, 3, 0]
    assert (pairs.groups.dtype, pairs.dataset_ids.dtype, pairs.has_query.dtype) == (np.int64, np.int32, bool)
    assert pairs.groups.tolist() == [0, 1, 2, 3]


def test_texts_are_kept_raw(write):
    raw = "\ufeff two\u00a0 lines \n\tand a mark\u200f "
    pairs = ParallelPairs.from_jsonl(write(qa(1, question=raw, passage=raw + "?")))
    assert pairs.query(0, "en") == raw and pairs.passage(0, "en") == raw + "?"


def test_blank_lines_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(qa(1)).encode() + b"\r\n\r\n  \n" + json.dumps(qa(2)).encode())
    assert len(ParallelPairs.from_jsonl(path)) == 2


def test_several_files_and_the_same_item_in_both(write):
    one = write(qa(1), name="one.jsonl")
    two = write(qa(1, "de"), qa(2), name="two.jsonl.gz")
    pairs = ParallelPairs.from_jsonl(one, str(two))
    assert texts_of(pairs)[0][2] == {"en": "question 1 in en?", "de": "question 1 in de?"}
    assert len(pairs) == 2


@pytest.mark.parametrize("last", ["", "\n"])
def test_an_empty_file_is_an_empty_store(tmp_path, last):
    (tmp_path / "none.jsonl").write_text(last)
    assert len(ParallelPairs.from_jsonl(tmp_path / "none.jsonl")) == 0


# Bad rows


def test_a_truncated_line_is_reported_with_its_column(tmp_path):
    (tmp_path / "cut.jsonl").write_text('{"set": "toy",\n')
    with pytest.raises(ValueError, match="line 1: not a JSON object: .* at column 1[45]$"):
        ParallelPairs.from_jsonl(tmp_path / "cut.jsonl")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothere.jsonl: there is no such file"):
        ParallelPairs.from_jsonl(tmp_path / "nothere.jsonl")


@pytest.mark.parametrize(("row", "field", "problem"), [
    ('{"set": "toy", "id": ', None, "not a JSON object"),
    ("[1, 2]", None, "a JSON list"),
    ("{'set': 'toy'}", None, "not a JSON object"),
    ({key: value for key, value in QA.items() if key != "set"}, "set", "missing"),
    ({key: value for key, value in QA.items() if key != "id"}, "id", "missing"),
    ({key: value for key, value in QA.items() if key != "lang"}, "lang", "missing"),
    ({key: value for key, value in QA.items() if key != "question"}, "question", "missing"),
    ({key: value for key, value in QA.items() if key != "passage"}, "passage", "missing"),
    ({**QA, "id": 7}, "id", "7 is not a string"),
    ({**QA, "passage": None}, "passage", "None is not a string"),
    ({**QA, "question": ["Where?"]}, "question", "is not a string"),
    ({**QA, "context": 3}, "context", "not a string"),
    ({**QA, "lang": "xx"}, "lang", "unknown language 'xx'"),
    ({**QA, "lang": "English"}, "lang", "unknown language 'English'"),
    ({**QA, "lang": "xyz"}, "lang", "unknown language 'xyz'"),
    ({**QA, "lang": ""}, "lang", "unknown language ''"),
    ({**QA, "lang": None}, "lang", "not a string"),
    ({**QA, "group": 1.5}, "group", "neither an int nor a str"),
    ({**QA, "group": True}, "group", "neither an int nor a str"),
    ({**SENTENCE, "text": {"en": "Hello, all of you!"}}, "text", "a translation needs two"),
    ({**SENTENCE, "text": "Hello"}, "text", "not an object of language codes"),
    ({**SENTENCE, "text": {"en": "Hello", "de": 4}}, "text.de", "4 is not a string"),
    ({**SENTENCE, "text": {"en": "Hello", "qq": "Hallo"}}, "text", "unknown language 'qq'"),
    ({"set": "w", "id": "1", "terms": {"en": "dog", "de": ["Hund"]}}, "terms.en", "not a list of words"),
    ({"set": "w", "id": "1", "terms": {"en": [], "de": ["Hund"]}}, "terms.en", "not a list of words"),
    ({"set": "w", "id": "1", "queries": {"en": "Who?"}}, "passages", "missing"),
    ({"set": "w", "id": "1", "queries": {}, "passages": {"en": "I."}}, "queries", "no text"),
    (r'{"set": "toy", "id": "2", "lang": "en", "question": "\ud800?", "passage": "a"}', None, "half a character"),
    (qa(1), "lang", "'en' of id '1' in set 'toy' is there a second time"),
])  # fmt: skip
def test_a_bad_row_names_its_place(write, row, field, problem):
    path = write(qa(1), "", row, qa(3))
    with pytest.raises(ValueError) as error:
        ParallelPairs.from_jsonl(path)
    place = f"{path}, line 3, field {field!r}: " if field else f"{path}, line 3: "
    assert str(error.value).startswith(place)
    assert problem in str(error.value)


def test_a_translation_twice(write):
    with pytest.raises(ValueError, match="line 2, field 'text': .*second time"):
        ParallelPairs.from_jsonl(write(SENTENCE, {**SENTENCE, "text": {"ar": "صباح الخير", "zh": "早上好"}}))


def test_bad_bytes(tmp_path):
    (tmp_path / "latin.jsonl").write_bytes(json.dumps(qa(1)).encode() + b'\n{"set": "caf\xe9"}\n')
    with pytest.raises(ValueError, match="latin.jsonl, line 2: not UTF-8 at byte 12"):
        ParallelPairs.from_jsonl(tmp_path / "latin.jsonl")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data[:40] + b"????" + data[44:]])
def test_damaged_gzip(write, damage):
    path = write(*map(qa, range(2000)), name="pairs.jsonl.gz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match="pairs.jsonl.gz, after line .*damaged gzip file"):
        ParallelPairs.from_jsonl(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.jsonl"):
        ParallelPairs.from_jsonl(tmp_path / "nowhere.jsonl")
    with pytest.raises(ValueError, match="no file given"):
        ParallelPairs.from_jsonl()


# Empty texts


@pytest.mark.parametrize("blank", ["", "  \n", "\u200b\ufeff"])
def test_a_few_empty_texts_are_skipped_with_one_warning(write, blank):
    rows = [*map(qa, range(20)), qa(20, question=blank), qa(21, passage=blank)]
    sentence = {**SENTENCE, "text": {**SENTENCE["text"], "ar": blank}}
    path = write(*rows, sentence)
    with pytest.warns(UserWarning) as caught:
        pairs = ParallelPairs.from_jsonl(path, max_empty=3 / 23)
    assert len(pairs) == 20
    assert [str(warning.message) for warning in caught] == [
        f"{path}: skipped 3 of 23 rows, which have an empty text: "
        "line 21, field 'question'; line 22, field 'passage'; line 23, field 'text.ar'"
    ]
    assert caught[0].filename == __file__


def test_many_empty_texts_are_an_error(write):
    path = write(qa(0), qa(1, question=""), qa(2, passage=" "))
    with pytest.raises(ValueError, match=r"pairs.jsonl, line 2, field 'question': empty text, as in 2 of 3 rows"):
        ParallelPairs.from_jsonl(path)
    with pytest.raises(ValueError, match="line 2"):
        ParallelPairs.from_jsonl(path, max_empty=0.66)
    with pytest.raises(ValueError, match="max_empty=2"):
        ParallelPairs.from_jsonl(path, max_empty=2)


def test_an_empty_context_is_none(write):
    assert ParallelPairs.from_jsonl(write(qa(1, context=" "), qa(2, context=" "))).groups.tolist() == [0, 1]


# Choosing


CHOICES = [
    ({"languages": ["de", "en"]}, ["toy 1", "toy 2", "talk 1"]),
    ({"languages": ["ar"]}, ["toy 1"]),
    ({"datasets": ["t*"]}, ["toy 1", "toy 2", "talk 1"]),
    ({"datasets": ["toy", "other-a"]}, ["toy 1", "toy 2", "other-a 1"]),
    ({"exclude_datasets": ["other-*"]}, ["toy 1", "toy 2", "talk 1"]),
    ({"datasets": ["t*"], "exclude_datasets": ["*k"], "languages": ["de"]}, ["toy 2"]),
]


@pytest.mark.parametrize(("choice", "expected"), CHOICES)
def test_choosing_while_reading_is_choosing_afterwards(write, choice, expected):
    path = write(qa(1), qa(1, "ar"), qa(2, "de"), SENTENCE, qa(1, "ko", set="other-a"))
    read = ParallelPairs.from_jsonl(path, **choice)
    assert [f"{item.dataset} {item.id}" for item in map(read.item, range(len(read)))] == expected
    assert_same(read, ParallelPairs.from_jsonl(path).filter(**choice))
    assert set(read.languages) <= set(choice.get("languages", read.languages))
    assert read.datasets == sorted({name.split()[0] for name in expected})


@pytest.mark.parametrize(("choice", "message"), [
    ({"languages": ["de", "fr"]}, "no text is in the language 'fr', there is only: de, en"),
    ({"datasets": ["toi"]}, "no set is called 'toi', there is only: talk, toy"),
    ({"exclude_datasets": ["squad*"]}, r"no set to exclude is called 'squad\*', there is only: talk, toy"),
])  # fmt: skip
def test_choosing_what_is_not_there(write, choice, message):
    path = write(qa(1), SENTENCE)
    with pytest.raises(ValueError, match=message):
        ParallelPairs.from_jsonl(path, **choice)
    with pytest.raises(ValueError, match=message):
        ParallelPairs.from_jsonl(path).filter(**choice)


def test_a_string_is_no_list(write):
    with pytest.raises(TypeError, match=r"languages='de' is a string.*\['de'\]"):
        ParallelPairs.from_jsonl(write(qa(1)), languages="de")
    with pytest.raises(TypeError, match="datasets='toy' is a string"):
        ParallelPairs().filter(datasets="toy")


def test_filter_leaves_the_store_alone():
    pairs = ParallelPairs([Item("1", None, "toy", {"de": "Wer?", "en": "Who?"}, {"de": "Ich.", "en": "Me."})])
    pairs.filter(languages=["de"])
    assert pairs.item(0).queries == {"de": "Wer?", "en": "Who?"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": 1}, "id: 1 is no name"),
        ({"id": " "}, "id: ' ' is no name"),
        ({"dataset": None}, "dataset: None is no name"),
        ({"group": 1.5}, "group: 1.5 is neither"),
    ],
)
def test_items_that_could_not_be_written(change, problem):
    item = Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."})._replace(**change)
    with pytest.raises(ValueError, match=problem):
        ParallelPairs([item])


@pytest.mark.parametrize("held_out", [0, 9, 0.1])
def test_parts_that_would_be_empty(held_out):
    items = [Item(str(n), n, "toy", {"en": f"{n}?"}, {"en": f"{n}!"}) for n in range(3)]
    with pytest.raises(ValueError, match="leaves a part empty"):
        ParallelPairs(items).split(held_out)
    assert len(ParallelPairs(items).split(1.0)[1]) == 1


@pytest.mark.parametrize("held_out", [1.5, -1, -0.5, float("nan"), float("inf")])
def test_what_is_neither_a_number_of_groups_nor_a_ratio(held_out):
    with pytest.raises(ValueError, match=f"held_out={held_out} is neither a whole number of groups nor a ratio"):
        ParallelPairs().split(held_out)


def test_json_that_cannot_be_read(tmp_path):
    (tmp_path / "pairs.jsonl").write_text('{"group": ' + "9" * 5000 + "}")
    with pytest.raises(ValueError, match=r"pairs.jsonl, line 1: not a JSON object that can be read"):
        ParallelPairs.from_jsonl(tmp_path / "pairs.jsonl")
