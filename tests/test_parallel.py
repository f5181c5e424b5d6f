"""The pair store and its readers."""

import gzip
import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyterrier_hybrid.parallel import Item, ParallelPairs

QA = {"set": "toy", "id": "1", "lang": "en", "question": "Where is Rome?", "passage": "In Italy."}
SENTENCE = {"set": "talk", "id": "1", "text": {"de": "Guten Morgen, alle!", "en": "Good morning, everyone!"}}


def qa(number, lang="en", **fields):
    """A row that shares no text with the rows of other numbers or languages."""
    row = {"set": "toy", "id": str(number), "lang": lang, "question": f"question {number} in {lang}?"}
    return {**row, "passage": f"answer {number} in {lang}.", **fields}


@pytest.fixture
def write(tmp_path):
    def write_rows(*rows, name="pairs.jsonl"):
        path = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        data = ("\n".join(lines) + "\n").encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write_rows


def texts_of(pairs):
    items = map(pairs.item, range(len(pairs)))
    return [(item.dataset, item.id, item.queries, item.passages, item.translation) for item in items]


def assert_same(one, other):
    assert texts_of(one) == texts_of(other)
    for field in ("languages", "datasets"):
        assert getattr(one, field) == getattr(other, field)
    for field in ("groups", "dataset_ids", "has_query", "has_passage", "is_translation"):
        assert np.array_equal(getattr(one, field), getattr(other, field)), field
        assert getattr(one, field).dtype == getattr(other, field).dtype


# Rows


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
    ({"languages": ["de", "fr"]}, "languages= names 'fr', but there is only: de, en"),
    ({"datasets": ["toi"]}, "datasets= names 'toi', but there is only: talk, toy"),
    ({"exclude_datasets": ["squad*"]}, r"exclude_datasets= names 'squad\*', but there is only: talk, toy"),
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


# Groups


def groups(*rows, write):
    return ParallelPairs.from_jsonl(write(*rows)).groups.tolist()


def test_shared_texts_make_groups(write):
    rows = [
        qa(0), qa(1), qa(2, passage="  ANSWER 0\n in en."),    # the passage of 0, but for case and spaces
        qa(3, question="Question 1 in en?"),                   # the question of 1
        qa(4, passage="question 2 in en?"),                    # the question of 2, and so of 0's group
        qa(5),
    ]  # fmt: skip
    assert groups(*rows, write=write) == [0, 1, 0, 1, 0, 2]


def test_groups_are_found_over_any_language_and_kind(write):
    rows = [qa(0), qa(0, "de"), qa(1, "de", passage="Guten Morgen, alle!"), SENTENCE, qa(2, passage="answer 0 in de.")]
    assert groups(*rows, write=write) == [0, 1, 1, 0]


def test_a_shared_context_makes_a_group(write):
    rows = [qa(0, context="One. Two."), qa(1, context="Three."), qa(2, context="One.  two.")]
    assert groups(*rows, write=write) == [0, 1, 0]


def test_given_groups_hold_within_their_file(write):
    one = write(qa(0, group=7), qa(1, group="a"), qa(2, group=7), name="one.jsonl")
    two = write(qa(3, group=7), qa(4, group="a"), qa(5, group="a"), name="two.jsonl")
    assert ParallelPairs.from_jsonl(one, two).groups.tolist() == [0, 1, 0, 2, 3, 3]


def test_words_of_translations_make_no_groups(write):
    rows = [{"set": "w", "id": str(n), "terms": {"en": ["bar"], code: [word]}} for n, (code, word) in
            enumerate([("de", "Theke"), ("ru", "слиток"), ("ar", "حانة")])]  # fmt: skip
    assert groups(*rows, write=write) == [0, 1, 2]
    question = qa(0, passage="bar")
    assert groups(question, qa(1, passage="Bar"), rows[0], write=write) == [0, 0, 1]


def reference_groups(items):
    """Groups by comparing everything with everything."""

    def keys(item):
        texts = {*item.queries.values(), *item.passages.values()}
        if item.translation:
            texts = {text for text in texts if len(text) >= 12}
        return texts | ({("group", item.group)} if item.group is not None else set())

    labels = list(range(len(items)))
    for _ in items:
        for i, one in enumerate(items):
            for j, other in enumerate(items):
                if keys(one) & keys(other):
                    labels[i] = labels[j] = min(labels[i], labels[j])
    return [sorted(set(labels)).index(label) for label in labels]


@st.composite
def item_lists(draw):
    text = st.sampled_from([*(f"a long sentence {n}" for n in range(8)), *(f"word {n}" for n in range(8))])
    by_language = st.dictionaries(st.sampled_from(["ar", "de", "en"]), text, min_size=1)
    items = []
    for number in range(draw(st.integers(0, 9))):
        group, dataset = draw(st.none() | st.integers(0, 4)), draw(st.sampled_from(["a", "b"]))
        queries, passages, translation = draw(by_language), draw(by_language), draw(st.booleans())
        if translation and len(queries) > 1:
            passages = queries
        items.append(Item(str(number), group, dataset, queries, passages, queries is passages))
    return items


@settings(max_examples=80, deadline=None)
@given(items=item_lists())
def test_groups_are_the_connected_items(items):
    assert ParallelPairs(items).groups.tolist() == reference_groups(items)


@settings(max_examples=60, deadline=None)
@given(items=item_lists(), cut=st.integers(0, 9))
def test_adding_is_making_one_store(items, cut):
    # Numbers of given groups mean nothing to another store.
    items = [item._replace(group=None) for item in items]
    assert_same(ParallelPairs(items[:cut]) + ParallelPairs(items[cut:]), ParallelPairs(items))


def test_adding_keeps_groups_apart_that_share_nothing():
    one = ParallelPairs([Item("1", 0, "a", {"en": "who?"}, {"en": "he."})])
    two = ParallelPairs([Item("1", 0, "b", {"en": "what?"}, {"en": "that."})])
    assert (one + two).groups.tolist() == [0, 1]
    with pytest.raises(ValueError, match="2 items of dataset 'a' have the id '1'"):
        one + one
    with pytest.raises(TypeError):
        one + [1]


# Writing


@settings(max_examples=60, deadline=None)
@given(items=item_lists(), suffix=st.sampled_from(["", ".gz"]), held=st.booleans())
def test_round_trip(tmp_path_factory, items, suffix, held):
    pairs = ParallelPairs(items)
    if held and pairs.groups.max(initial=0) > 0:
        pairs = pairs.split(1)[0]
    path = tmp_path_factory.mktemp("round") / f"pairs.jsonl{suffix}"
    pairs.to_jsonl(path)
    assert_same(ParallelPairs.from_jsonl(path), pairs)


def test_groups_by_context_outlive_writing(write, tmp_path):
    pairs = ParallelPairs.from_jsonl(write(qa(0, context="One. Two."), qa(1), qa(2, context="One. Two.")))
    pairs.to_jsonl(tmp_path / "again.jsonl")
    assert_same(ParallelPairs.from_jsonl(tmp_path / "again.jsonl"), pairs)


def test_writing_is_whole_or_not_at_all(tmp_path, monkeypatch):
    pairs = ParallelPairs([Item(str(n), None, "toy", {"en": f"q{n}"}, {"en": f"a{n}"}) for n in range(5)])
    path = tmp_path / "pairs.jsonl.gz"
    pairs.to_jsonl(path)
    before = path.read_bytes()
    monkeypatch.setitem(pairs.item(3).queries, "en", object())
    with pytest.raises(TypeError):
        pairs.to_jsonl(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_equal_stores_are_equal_files(tmp_path):
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        ParallelPairs([Item("1", None, "toy", {"th": "ใคร"}, {"th": "ฉัน"})]).to_jsonl(tmp_path / name)
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


def test_short_reading_and_writing_show_no_bar(write, tmp_path, capsys):
    ParallelPairs.from_jsonl(write(*map(qa, range(3000)))).to_jsonl(tmp_path / "out.jsonl")
    assert capsys.readouterr() == ("", "")


# The store


def made(n):
    return [Item(str(i), None, "toy", {"en": f"question {i}"}, {"en": f"answer {i}"}) for i in range(n)]


@pytest.mark.parametrize(("held_out", "number"), [(0.25, 5), (5, 5), (1, 1), (0.99, 20 - 1), (0.01 + 0.04, 1)])
def test_split_is_by_group(held_out, number):
    items = [*made(20), *[item._replace(id=f"{item.id}b", dataset="b") for item in made(20)]]
    pairs = ParallelPairs(items)
    if held_out == 0.99:
        with pytest.raises(ValueError, match="20 of 20 groups"):
            pairs.split(held_out)
        return
    train, held = pairs.split(held_out, seed=3)
    assert (len(train), len(held)) == (40 - 2 * number, 2 * number)
    assert not {item.id.rstrip("b") for item in map(train.item, range(len(train)))} & {
        item.id.rstrip("b") for item in map(held.item, range(len(held)))
    }
    assert held.groups.tolist() == [*range(number)] * 2
    assert_same(pairs.split(held_out, seed=3)[1], held)
    assert texts_of(pairs.split(held_out, seed=4)[1]) != texts_of(held)


@pytest.mark.parametrize("held_out", [0, 20, 21, -1, 0.0001, -0.5])
def test_a_split_without_a_part(held_out):
    with pytest.raises(ValueError, match="held_out="):
        ParallelPairs(made(20)).split(held_out)


def test_a_missing_text():
    pairs = ParallelPairs([Item("1", None, "toy", {"en": "Who?"}, {"de": "Ich.", "ar": "أنا"})])
    with pytest.raises(ValueError, match="item '1' of 'toy' has no query in 'de', only in en"):
        pairs.query(0, "de")
    with pytest.raises(ValueError, match="has no passage in 'en', only in ar, de"):
        pairs.passage(0, "en")
    with pytest.raises(IndexError):
        pairs.query(1, "en")


def test_numpy_numbers_name_items():
    assert ParallelPairs(made(3)).query(np.int32(2), "en") == "question 2"


def test_an_empty_store(tmp_path):
    pairs = ParallelPairs()
    assert (len(pairs), pairs.languages, pairs.datasets) == (0, [], [])
    assert pairs.has_query.shape == (0, 0) and pairs.groups.dtype == np.int64
    assert repr(pairs) == "ParallelPairs(0 items, 0 groups)"
    pairs.to_jsonl(tmp_path / "none.jsonl")
    assert_same(ParallelPairs.from_jsonl(tmp_path / "none.jsonl"), pairs)
    assert_same(pairs + pairs, pairs)
    assert_same(pairs + ParallelPairs(made(2)), ParallelPairs(made(2)))
    assert_same(pairs.filter(), pairs)
    with pytest.raises(ValueError, match="0 groups"):
        pairs.split(0.5)


def test_repr_counts_items_by_dataset(write):
    assert repr(ParallelPairs.from_jsonl(write(qa(1), qa(2, "de"), SENTENCE))) == (
        "ParallelPairs(3 items, 3 groups, 2 languages: de en)\n  talk  1\n  toy   2"
    )


@pytest.mark.parametrize(("item", "message"), [
    (Item("1", None, "toy", {"en": ""}, {"en": "a"}), r"items\[0\] \('1' of 'toy'\), queries\['en'\] is ''"),
    (Item("1", None, "toy", {"en": "a"}, {"en": None}), r"passages\['en'\] is None"),
    (Item("1", None, "toy", {"xx": "a"}, {"en": "a"}), "queries: unknown language 'xx'"),
    (Item("1", None, "toy", {}, {"en": "a"}), "needs a query and a passage"),
    (Item("1", None, "toy", {"en": "a"}, {"en": "a"}, True), "needs texts in two languages"),
    (Item("1", None, "toy", {"en": "a", "de": "b"}, {"en": "a"}, True), "must be the same texts"),
])  # fmt: skip
def test_bad_items(item, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs([item])


def test_things_that_are_no_items():
    with pytest.raises(TypeError, match=r"items\[0\] is tuple, not Item"):
        ParallelPairs([("1", 0, "toy", {"en": "a"}, {"en": "b"})])


# The registered datasets


def test_from_irds_warns_of_evaluation_data(lareqa_home):
    with pytest.warns(UserWarning, match="xquad-r is evaluation data.*not zero-shot") as caught:
        pairs = ParallelPairs.from_irds("xquad-r")
    assert caught[0].filename == __file__
    assert len(pairs) == 1190 and len(pairs.languages) == 11
    assert pairs.has_query.all() and pairs.has_passage.all() and not pairs.is_translation.any()
    assert pairs.datasets == ["xquad-r"]
    # Two questions of one sentence never meet, those of two sentences of one paragraph may.
    import ir_datasets

    answer = {qrel.query_id: qrel.doc_id for qrel in ir_datasets.load("xquad-r/de").qrels_iter()}
    of_answer = {}
    for i in range(len(pairs)):
        of_answer.setdefault(answer[f"{pairs.item(i).id}_de"], set()).add(int(pairs.groups[i]))
    assert all(len(found) == 1 for found in of_answer.values())
    assert pairs.groups.max() + 1 > 2 * 240


def test_from_irds_with_texts_missing_in_some_languages(lareqa_home):
    with pytest.warns(UserWarning, match="not zero-shot"):
        pairs = ParallelPairs.from_irds("mlqa-r")
    assert pairs.has_query.sum(0).tolist() == [517, 512, 1148, 500, 507, 511, 504]
    assert (pairs.has_query == pairs.has_passage).all()


def test_from_irds_atlas():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pairs = ParallelPairs.from_irds("atlas/train")
    assert len(pairs.languages) == 11 and pairs.datasets == ["atlas/train"]
    assert pairs.has_query.any(0).all()
    # Two documents of one territory may meet: telling them apart is to be learned.
    territories = {pairs.item(i).id.split("_")[0] for i in range(len(pairs))}
    assert pairs.groups.max() + 1 == len(pairs) > 3 * len(territories)
    with pytest.warns(UserWarning, match="not zero-shot"):
        test = ParallelPairs.from_irds("atlas/test")
    assert not {item.id for item in map(pairs.item, range(len(pairs)))} & {
        item.id for item in map(test.item, range(len(test)))
    }


@pytest.mark.parametrize(("name", "message"), [
    ("squad", "no family 'squad'"), ("xquad-r/train", "choose xquad-r"), ("atlas", "choose atlas/train, atlas/test"),
    ("atlas/dev", "choose atlas/train, atlas/test"),
])  # fmt: skip
def test_from_irds_unknown(name, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs.from_irds(name)


# The real files


def test_real_files(shared_data):
    folder = shared_data / "parallel"
    with pytest.warns(UserWarning) as caught:
        pairs = ParallelPairs.from_jsonl(*sorted(folder.glob("*.gz")))
    (warning,) = [str(warning.message) for warning in caught]
    assert "2 of 48,525 rows" in warning
    assert "line 32977, field 'question'; line 33038, field 'question'" in warning
    assert len(pairs) == 39_342 + (48_525 - 2) + 5_433 + 237_957
    assert int(pairs.is_translation.sum()) == 39_342 + 237_957
    # No text joins a good part of the data into one group, which would then hardly be drawn.
    assert np.bincount(pairs.groups).max() < 0.005 * len(pairs)
    questions = pairs.filter(exclude_datasets=["squadshifts-*"], languages=["de", "en"])
    assert "squadshifts-reddit" not in questions.datasets and questions.languages == ["de", "en"]
    passages = {}
    for i in np.flatnonzero(~pairs.is_translation):
        for text in pairs.item(i).passages.values():
            assert passages.setdefault(text, pairs.groups[i]) == pairs.groups[i]
