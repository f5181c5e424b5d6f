"""The pair store: writing, splitting, errors."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_helpers import SENTENCE, assert_same, item_lists, made, qa, texts_of

from pyterrier_hybrid.parallel import Item, ParallelPairs

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
    monkeypatch.setattr(json, "dumps", lambda row, **options: row["no such field"])
    with pytest.raises(KeyError):
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
def test_a_split_with_an_empty_part(held_out):
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


def test_objects_that_are_not_items():
    with pytest.raises(TypeError, match=r"items\[0\] is tuple, not Item: wrap its fields"):
        ParallelPairs([("1", 0, "toy", {"en": "a"}, {"en": "b"})])
    with pytest.raises(TypeError, match=r"items\[0\] is str, not Item: .* frames with from_hf"):
        ParallelPairs(pd.DataFrame({"q": ["a"]}))
    with pytest.raises(TypeError, match="^<DataFrame> is DataFrame, not a path: write its rows to a file"):
        ParallelPairs.from_parquet(pd.DataFrame({"q": ["a"]}))


@pytest.mark.parametrize("number", ["0", 1.0, None, slice(2), [0, 1]])
def test_items_are_found_by_their_position(number):
    pairs = ParallelPairs(made(3))
    for look_up in (pairs.item, pairs.__getitem__, *(
        partial(method, lang="en") for method in (pairs.query, pairs.passage, pairs.negatives)
    )):  # fmt: skip
        with pytest.raises(TypeError, match=f"item .* is {type(number).__name__}, not a whole number"):
            look_up(number)


def test_pairs_are_a_sequence_of_items():
    held, rest = ParallelPairs(made(20)).split(5)
    for pairs in (ParallelPairs(made(20)), held, rest, ParallelPairs()):
        items = list(pairs)
        assert items == [pairs.item(number) for number in range(len(pairs))] == [pairs[n] for n in range(len(pairs))]
        if items:
            assert pairs[-1] == items[-1] and pairs[np.int64(0)] == items[0]
        for outside in (len(pairs), -len(pairs) - 1):
            with pytest.raises(IndexError, match=f"there is no item {outside}"):
                pairs[outside]
    assert [item.group for item in rest] == rest.groups.tolist()
    assert_same(ParallelPairs(rest), rest)


# The real files


REAL_FILES = ["lexicon", "monolingual_qa", "parallel_qa"]


def test_real_files(shared_data):
    folder = shared_data / "parallel"
    with pytest.warns(UserWarning) as caught:
        pairs = ParallelPairs.from_jsonl(*(folder / f"{name}.jsonl.gz" for name in REAL_FILES))
    (warning,) = [str(warning.message) for warning in caught]
    assert "2 of 48,525 rows" in warning
    assert "line 32977, field 'question'; line 33038, field 'question'" in warning
    assert len(pairs) == 39_342 + (48_525 - 2) + 5_433
    assert int(pairs.is_translation.sum()) == 39_342
    # No text joins a good part of the data into one group, which would then hardly be drawn.
    assert np.bincount(pairs.groups).max() < 0.005 * len(pairs)
    questions = pairs.filter(exclude_datasets=["squadshifts-*"], languages=["de", "en"])
    assert "squadshifts-reddit" not in questions.datasets and questions.languages == ["de", "en"]
    passages = {}
    for i in np.flatnonzero(~pairs.is_translation):
        for text in pairs.item(i).passages.values():
            assert passages.setdefault(text, pairs.groups[i]) == pairs.groups[i]
