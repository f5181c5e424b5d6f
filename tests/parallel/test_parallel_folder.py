"""Stores in folders and Parquet files."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_helpers import SENTENCE, assert_same, item_lists, made, qa

from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.parallel.store import build
from pyterrier_hybrid.parallel.store import texts as texts_module


@pytest.fixture
def pairs(write):
    rows = [qa(1), SENTENCE, qa(1, "de", negatives=["none of these"]), qa(2, "de", set="own"), qa(3, group=1), qa(4)]
    return ParallelPairs.from_jsonl(write(*rows))


@pytest.fixture
def folder(pairs, tmp_path):
    pairs.save(tmp_path / "store")
    return tmp_path / "store"


def test_an_opened_store_is_the_same(pairs, folder):
    opened = ParallelPairs.open(str(folder))
    assert_same(opened, pairs)
    assert repr(opened) == repr(pairs)
    assert opened.texts() == pairs.texts()
    for i in range(len(pairs)):
        assert opened.item(i) == pairs.item(i)
        for column, lang in enumerate(pairs.languages):
            for has, text in (("has_query", "query"), ("has_passage", "passage")):
                if getattr(pairs, has)[i, column]:
                    assert getattr(opened, text)(i, lang) == getattr(pairs, text)(i, lang)
                else:
                    with pytest.raises(ValueError, match=f"has no {text} in '{lang}'"):
                        getattr(opened, text)(i, lang)


def test_what_is_opened_is_read_from_disk(folder):
    opened = ParallelPairs.open(folder)
    assert isinstance(opened.groups.base, np.memmap) and isinstance(opened.blocks.items.base, np.memmap)
    before = pa.total_allocated_bytes()
    assert opened.query(0, "en") == "question 1 in en?"
    assert pa.total_allocated_bytes() == before
    with pytest.raises(ValueError, match="read-only"):
        opened.groups[0] = 1


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(items=item_lists(), cut=st.integers(0, 9), batch_size=st.integers(1, 4))
def test_all_ways_make_the_same_store(tmp_path_factory, items, cut, batch_size):
    home = tmp_path_factory.mktemp("ways")
    pairs = ParallelPairs(items)
    pairs.save(home / "saved")
    pairs.to_parquet(home / "pairs.parquet")
    pairs.to_jsonl(home / "pairs.jsonl")
    ways = [
        ParallelPairs.open(home / "saved"),
        ParallelPairs.build(home / "built", iter(items), batch_size=batch_size),
        ParallelPairs.from_parquet(home / "pairs.parquet"),
        ParallelPairs.from_parquet(home / "pairs.parquet", folder=home / "from parquet"),
        ParallelPairs.from_jsonl(home / "pairs.jsonl"),
    ]
    for way in ways:
        assert_same(way, pairs)
    # The same operations on what is in memory and on what is mapped, also one after the other.
    for way in ways[:2]:
        if pairs.groups.max(initial=0) > 0:
            assert_same(way.split(1)[0], pairs.split(1)[0])
            part = way.split(1)[0]
            part.save(home / f"part {id(way)}")
            assert_same(ParallelPairs.open(home / f"part {id(way)}"), part)
        for language in pairs.languages:
            assert_same(way.filter(languages=[language]), pairs.filter(languages=[language]))
        for dataset in pairs.datasets:
            one, other = way.filter(datasets=[dataset]), way.filter(exclude_datasets=[dataset])
            assert_same(one, pairs.filter(datasets=[dataset]))
            assert_same(one + other, pairs.filter(datasets=[dataset]) + pairs.filter(exclude_datasets=[dataset]))


def test_parts_of_parts(pairs, folder):
    opened = ParallelPairs.open(folder)
    part = opened.filter(datasets=["toy", "talk"]).filter(languages=["de", "en"]).filter(exclude_datasets=["talk"])
    assert [item.id for item in map(part.item, range(len(part)))] == ["1", "3", "4"]
    assert part.query(1, "en") == "question 3 in en?" and part.query(-1, "en") == "question 4 in en?"
    assert part.item(0).negatives == {"de": ["none of these"]}
    assert part.filter(languages=["en"]).item(0).negatives is None
    for i in (3, -4):
        with pytest.raises(IndexError, match=f"no item {i}: the store has 3"):
            part.query(i, "en")


def test_new_languages_and_datasets_late_in_a_stream(tmp_path):
    codes = ["de", "en", "fr", "zh"]
    items = [
        Item(str(n), None, f"set {n // 3}", {codes[n // 5]: f"question {n}"}, {codes[n // 6]: f"answer {n}"})
        for n in range(20)
    ]
    built = ParallelPairs.build(tmp_path / "store", iter(items), batch_size=2)
    assert_same(built, ParallelPairs(items))
    assert len(list((tmp_path / "store").glob("texts-*.arrow"))) > 1
    assert built.languages == codes and len(built.datasets) == 7


def test_a_stream_that_breaks_leaves_nothing(tmp_path):
    def stream():
        yield from made(5)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        ParallelPairs.build(tmp_path / "store", stream(), batch_size=2)
    with pytest.raises(ValueError, match=r"items\[3\] \('x' of 'toy'\), queries\['en'\] is ''"):
        ParallelPairs.build(tmp_path / "store", [*made(3), Item("x", None, "toy", {"en": ""}, {"en": "a"})])
    with pytest.raises(ValueError, match="2 items of dataset 'toy' have the id '1'"):
        ParallelPairs.build(tmp_path / "store", [*made(3), *made(2)[1:]], batch_size=1)
    assert not list(tmp_path.iterdir())


def test_saving_over_a_store(pairs, folder):
    with pytest.raises(FileExistsError, match="store exists"):
        pairs.save(folder)
    pairs.filter(datasets=["toy"]).save(folder, overwrite=True)
    assert ParallelPairs.open(folder).datasets == ["toy"]


def test_a_store_may_be_saved_over_itself(pairs, folder):
    opened = ParallelPairs.open(folder)
    opened.filter(datasets=["toy"]).save(folder, overwrite=True)
    assert_same(ParallelPairs.open(folder), pairs.filter(datasets=["toy"]))
    assert_same(opened, pairs)


def test_big_texts_end_a_batch(monkeypatch):
    one = ParallelPairs(made(100))
    monkeypatch.setattr(build, "_BATCH_CHARACTERS", 100)
    monkeypatch.setattr(texts_module, "ROWS_PER_READ", 3)
    many = ParallelPairs(made(100))
    assert len(many._store.texts.batches) > 10 and len(one._store.texts.batches) == 1
    assert_same(many, one)
    assert_same(many.split(50)[0], one.split(50)[0])
    assert many.texts(limit=20) == one.texts(limit=20)


# Damage


def test_no_store(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no store.json: choose a folder that pairs were saved in"):
        ParallelPairs.open(tmp_path)


@pytest.mark.parametrize("name", ["texts-0000.arrow", "groups.npy", "block_items.npy", "block_has_query.npy"])
@pytest.mark.parametrize("damage", ["shorter", "gone"])
def test_a_damaged_file(folder, name, damage):
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == "shorter":
        (folder / name).write_bytes(data[:-8])
    left = len(data) - 8 if damage == "shorter" else 0
    with pytest.raises(ValueError, match=f"{name} has {left:,} bytes and should have {len(data):,}: .*damaged"):
        ParallelPairs.open(folder)


@pytest.mark.parametrize(("change", "message"), [
    (lambda text: text[:100], "is damaged"),
    (lambda text: "[]", "is damaged"),
    (lambda text: text.replace('"version": 1', '"version": 9'), "version 9, and this release reads .* version 1"),
    (lambda text: text.replace("pyterrier_hybrid", "other"), "says 'other pairs'"),
    (lambda text: text.replace('"talk"', '"walk"'), "does not fit its checksum"),
])  # fmt: skip
def test_a_damaged_description(folder, change, message):
    path = folder / "store.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=message):
        ParallelPairs.open(folder)


def test_a_store_may_be_moved(pairs, folder, tmp_path):
    shutil.move(folder, tmp_path / "elsewhere")
    assert_same(ParallelPairs.open(tmp_path / "elsewhere"), pairs)


# Fingerprints


def test_fingerprints_are_reproducible():
    # Written down, so that caches of tokens outlive releases.
    item = Item("1", None, "toy", {"de": "Wo ist Rom?"}, {"en": "Here."}, negatives={"en": ["There."]})
    assert ParallelPairs([item]).fingerprint == "ee5ccb6f4bac5c09acc7f7c620be7dda"


@pytest.mark.parametrize("change", [
    {"id": "2"}, {"dataset": "other"}, {"queries": {"en": "Wo ist Rom?"}}, {"queries": {"de": "Wo ist Rom"}},
    {"passages": {"en": "Here.", "de": "Hier."}}, {"negatives": None}, {"negatives": {"en": ["The", "re."]}},
])  # fmt: skip
def test_every_field_changes_the_fingerprint(change):
    item = Item("1", None, "toy", {"de": "Wo ist Rom?"}, {"en": "Here."}, negatives={"en": ["There."]})
    assert ParallelPairs([item]).fingerprint != ParallelPairs([item._replace(**change)]).fingerprint


def test_groups_and_order_change_the_fingerprint():
    items = made(3)
    prints = {ParallelPairs(some).fingerprint for some in (items, items[::-1], [i._replace(group=1) for i in items])}
    assert len(prints) == 3


def test_an_empty_store(tmp_path):
    ParallelPairs().save(tmp_path / "store")
    assert_same(ParallelPairs.open(tmp_path / "store"), ParallelPairs())
    ParallelPairs().to_parquet(tmp_path / "none.parquet")
    assert_same(ParallelPairs.from_parquet(tmp_path / "none.parquet"), ParallelPairs())


# Parquet


def table(**columns):
    fixed = {"id": ["1", "2"], "dataset": ["toy"] * 2, "translation": [False] * 2}
    texts = {"query.en": ["Who?", "What?"], "passage.en": ["Me.", "This."]}
    return pa.table({name: column for name, column in {**fixed, **texts, **columns}.items() if column is not None})


@pytest.mark.parametrize(("columns", "message"), [
    ({"dataset": None}, "has no column 'dataset': it needs id, dataset, translation"),
    ({"query.xx": ["a", "b"]}, "column 'query.xx': unknown language 'xx'"),
    ({"lang": ["en", "en"]}, "has a column 'lang': there are id, dataset, translation, group, and query"),
    ({"query.en": [["Who?"], ["What?"]]}, "column 'query.en' is list<.*: it should be string"),
    ({"id": ["1", None]}, "row 1, column 'id' is missing"),
    ({"query.en": ["Who?", None]}, "row 1 .*needs a query and a passage"),
    ({"query.en": ["Who?", " "]}, "row 1 .*queries"),
    ({"translation": [False, True]}, "row 1, column 'passage.en' is of a translation"),
    ({"negatives.en": [["You."], ["THIS."]]}, r"row 1 .*negatives\['en'\]\[0\] is the item's own passage 'THIS.'"),
])  # fmt: skip
def test_bad_parquet(tmp_path, columns, message):
    path = tmp_path / "pairs.parquet"
    pq.write_table(table(**columns), path)
    with pytest.raises(ValueError, match=f"pairs.parquet.*{message}"):
        ParallelPairs.from_parquet(path)


def test_parquet_files_of_other_programs(tmp_path):
    given = table(group=["a", "a"]).cast(pa.schema([
        ("id", pa.large_string()), ("dataset", pa.dictionary(pa.int8(), pa.large_string())),
        ("translation", pa.bool_()), ("query.en", pa.large_string()), ("passage.en", pa.string()),
        ("group", pa.large_string()),
    ]))  # fmt: skip
    pq.write_table(given, tmp_path / "pairs.parquet")
    pairs = ParallelPairs.from_parquet(tmp_path / "pairs.parquet")
    assert pairs.groups.tolist() == [0, 0] and pairs.query(1, "en") == "What?"
    with pytest.raises(FileNotFoundError):
        ParallelPairs.from_parquet(tmp_path / "nowhere.parquet")
    (tmp_path / "text.parquet").write_text(json.dumps({}))
    with pytest.raises(ValueError, match="is not a Parquet file"):
        ParallelPairs.from_parquet(tmp_path / "text.parquet")
