"""Changing queries of a pair store."""

import numpy as np
import pyarrow as pa
import pytest
from parallel_helpers import texts_of

from pyterrier_hybrid.parallel import Item, ParallelPairs

SENTENCES = {"de": "Guten Morgen, alle zusammen", "en": "Good morning, everyone"}


def items(count, first=0):
    return [
        Item(
            f"{n}",
            n // 2,
            "toy",
            {"de": f"Frage {n}?", "en": f"question {n}?"},
            {"en": f"answer {n}"},
            negatives={"en": [f"no {n}"]},
        )
        for n in range(first, first + count)
    ]


@pytest.fixture
def pairs():
    return ParallelPairs([*items(20), Item("s", None, "talk", SENTENCES, SENTENCES, True)])


def number(queries, items):
    return [f"{query} {item}" for query, item in zip(queries, items, strict=True)]


def english(pairs):
    return [item[2].get("en") for item in texts_of(pairs)]


def test_only_the_queries_of_one_language_change(pairs):
    before = texts_of(pairs)
    changed = pairs.change_queries("en", [number])
    expected = texts_of(pairs)
    for n in range(20):
        expected[n][2]["en"] = f"question {n}? {n}"
    assert texts_of(changed) == expected and texts_of(pairs) == before
    assert changed.groups is pairs.groups and changed.passage_groups is pairs.passage_groups
    assert changed.fingerprint != pairs.fingerprint
    # Columns that do not change are not copied.
    one, other = pairs._store.texts.batches[0], changed._store.texts.batches[0]
    assert one.column("query.de").buffers()[2].address == other.column("query.de").buffers()[2].address


def test_shares_are_nested_and_each_language_has_its_own_draw(pairs):
    def chosen(share, language="en", seed=0):
        changed = pairs.change_queries(language, [number], share=share, seed=seed)
        return {n for n in range(20) if changed.query(n, language) != pairs.query(n, language)}

    assert [len(chosen(share)) for share in (0, 0.25, 0.5, 1)] == [0, 5, 10, 20]
    assert chosen(0.25) < chosen(0.5) and chosen(0.5) == chosen(0.5)
    assert len({frozenset(chosen(0.5)), frozenset(chosen(0.5, seed=1)), frozenset(chosen(0.5, "de"))}) == 3


def test_one_of_several_changes_is_drawn(pairs):
    changes = [lambda queries, items: ["one"] * len(items), lambda queries, items: ["two"] * len(items)]
    changed = english(pairs.change_queries("en", changes))[:20]
    assert 4 <= changed.count("one") == 20 - changed.count("two") <= 16


def test_only_some_items(pairs):
    only = np.arange(len(pairs)) % 5 == 0
    changed = pairs.change_queries("en", [number], only=only)
    differs = [one != other for one, other in zip(english(pairs), english(changed), strict=True)]
    assert np.flatnonzero(differs).tolist() == [0, 5, 10, 15]


def test_parts_sums_and_folders_change_alike(pairs, tmp_path):
    part = pairs.split(0.3)[0] + ParallelPairs(items(7, first=30))
    expected = [text if text == SENTENCES["en"] else f"{text} {n}" for n, text in enumerate(english(part))]
    assert english(part.change_queries("en", [number])) == expected
    part.save(tmp_path / "saved")
    opened = ParallelPairs.open(tmp_path / "saved").change_queries("en", [number], share=0.5)
    assert opened.fingerprint == part.change_queries("en", [number], share=0.5).fingerprint
    opened.save(tmp_path / "changed")
    assert ParallelPairs.open(tmp_path / "changed").fingerprint == opened.fingerprint


def test_texts_are_changed_batch_by_batch(tmp_path):
    store = ParallelPairs.build(tmp_path / "pairs", items(10), batch_size=4)
    sizes = []

    def change(queries, items):
        sizes.append(len(queries))
        return number(queries, items)

    changed = store.change_queries("en", [change])
    assert sizes == [4, 4, 2] and changed.query(9, "en") == "question 9? 9"
    assert all(isinstance(batch, pa.RecordBatch) for batch in changed._store.texts.batches)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 1.5}, "share=1.5 is outside 0 to 1"),
        ({"seed": -1}, "seed=-1"),
        ({"language": "zh"}, "there is only de, en"),
    ],
)
def test_impossible_changes_are_refused(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        pairs.change_queries(options.pop("language", "en"), [number], **options)
