"""Stores in which languages are rarer, and their statistics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_helpers import assert_same, item_lists, texts_of

from pyterrier_hybrid.parallel import Item, ParallelPairs

CODES = ["de", "en", "fr"]


def parallel(n):
    items = []
    for i in range(n):
        queries = {code: f"question {i} {code}" for code in CODES}
        passages = {code: f"answer {i} {code}" for code in CODES}
        negatives = {code: [f"negative {i} {code}"] for code in CODES}
        if i % 2:
            del queries["de"], passages["fr"]
        items.append(Item(str(i), None, "toy", queries, passages, negatives=negatives))
    return items


def ids_with(pairs, code):
    column = pairs.languages.index(code) if code in pairs.languages else None
    if column is None:
        return set()
    return {pairs.item(i).id for i in np.flatnonzero(pairs.has_query[:, column] | pairs.has_passage[:, column])}


def test_a_ratio_of_the_items_keeps_a_language():
    pairs = ParallelPairs(parallel(50))
    some = pairs.imbalance({"de": 0.2, "fr": 0.5})
    assert len(ids_with(some, "de")) == 10 and len(ids_with(some, "fr")) == 25 and len(ids_with(some, "en")) == 50
    assert (len(some), some.languages) == (50, ["de", "en", "fr"])
    for i in range(50):
        whole, item = pairs.item(i), some.item(i)
        for field in ("queries", "passages", "negatives"):
            kept = {code: text for code, text in getattr(whole, field).items() if item.id in ids_with(some, code)}
            assert getattr(item, field) == kept
    assert some.negatives(0, "en") == ["negative 0 en"]
    assert texts_of(pairs) == texts_of(ParallelPairs(parallel(50)))


def test_smaller_ratios_keep_subsets_of_larger_ones():
    pairs = ParallelPairs(parallel(40))
    kept = [ids_with(pairs.imbalance({"de": share}, seed=3), "de") for share in (0, 0.1, 0.5, 1)]
    assert [len(ids) for ids in kept] == [0, 4, 20, 40]
    assert kept[0] < kept[1] < kept[2] < kept[3]
    assert ids_with(pairs.imbalance({"de": 0.1}, seed=4), "de") != kept[1]
    # What other languages lose makes no difference.
    assert ids_with(pairs.imbalance({"fr": 0.1, "de": 0.1}, seed=3), "de") == kept[1]


def test_dropping_a_language_is_filtering():
    pairs = ParallelPairs(parallel(20))
    assert_same(pairs.imbalance({"de": 0}), pairs.filter(languages=["en", "fr"]))
    assert_same(pairs.imbalance({"de": 1.0}), pairs)
    hard = Item("x", None, "toy", {"en": "Who?"}, {"en": "Me."}, False, {"de": ["Du."]})
    assert (pairs + ParallelPairs([hard])).imbalance({"de": 0}).item(20).negatives is None
    assert_same(pairs.imbalance({}), pairs)


@settings(max_examples=60, deadline=None)
@given(items=item_lists(), share=st.sampled_from([0, 0.3, 0.7, 1]), cut=st.booleans())
def test_the_result_is_a_store(tmp_path_factory, items, share, cut):
    pairs = ParallelPairs(items)
    if cut and pairs.groups.max(initial=0) > 0:
        pairs = pairs.split(1)[0]
    some = pairs.imbalance(dict.fromkeys(pairs.languages, share))
    # The same store made from what its items say they have.
    again = ParallelPairs([item._replace(group=f"group {item.group}") for item in map(some.item, range(len(some)))])
    assert texts_of(some) == texts_of(again)
    for field in ("has_query", "has_passage", "dataset_ids", "is_translation"):
        assert np.array_equal(getattr(some, field), getattr(again, field))
    folder = tmp_path_factory.mktemp("imbalance") / "store"
    some.save(folder)
    assert_same(ParallelPairs.open(folder), some)


def test_dropped_texts_are_not_saved(tmp_path):
    pairs = ParallelPairs(parallel(50)).imbalance({"de": 0})
    pairs.save(tmp_path / "store")
    assert b"question 0 de" not in (tmp_path / "store" / "texts-0000.arrow").read_bytes()
    some = ParallelPairs(parallel(50)).imbalance({"fr": 0.02})
    some.save(tmp_path / "some")
    assert (tmp_path / "some" / "texts-0000.arrow").read_bytes().count(b" fr") < 5


def test_an_imbalance_of_an_imbalance():
    pairs = ParallelPairs(parallel(40)).imbalance({"de": 0.5}).imbalance({"de": 0.5, "fr": 0})
    assert len(ids_with(pairs, "de")) == 10 and pairs.languages == ["de", "en"]


@pytest.mark.parametrize(("shares", "message"), [
    ({"xx": 0.5}, "shares names 'xx', but there is only: de, en, fr"),
    ({"de": 1.5}, r"shares\['de'\]=1.5 is outside 0 to 1"),
    ({"de": -0.1}, "outside 0 to 1"),
    ({"de": math.nan}, "outside 0 to 1"),
])  # fmt: skip
def test_bad_shares(shares, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs(parallel(4)).imbalance(shares)


# Statistics


def test_statistics_by_hand():
    sentence = {"de": "Guten Morgen!", "en": "Good morning!!"}
    pairs = ParallelPairs(
        [
            Item("1", "g", "qa", {"de": "Wer?", "en": "Who?"}, {"en": "Me."}),
            Item("2", "g", "qa", {"en": "What is it?"}, {"en": "That."}),
            Item("3", None, "qa", {"fr": "Où?"}, {"fr": "Là-bas."}),
            Item("1", None, "talk", sentence, sentence, True),
        ]
    )
    table = pairs.statistics()
    assert list(table.columns) == [
        "dataset", "language", "items", "queries", "passages", "groups", "query_chars", "passage_chars", "cross",
    ]  # fmt: skip
    assert table.fillna(-1).values.tolist() == [
        ["qa", "de", 1, 1, 0, 1, 4.0, -1.0, 1.0],
        ["qa", "en", 2, 2, 2, 1, 7.5, 4.0, 0.5],
        ["qa", "fr", 1, 1, 1, 1, 3.0, 7.0, 0.0],
        ["talk", "de", 1, 1, 1, 1, 13.0, 13.0, 1.0],
        ["talk", "en", 1, 1, 1, 1, 14.0, 14.0, 1.0],
    ]
    assert pairs.filter(datasets=["talk"]).statistics().values.tolist() == table.values.tolist()[3:]
    assert len(ParallelPairs().statistics()) == 0


@settings(max_examples=40, deadline=None)
@given(items=item_lists())
def test_statistics_count_what_there_is(items):
    pairs = ParallelPairs(items)
    table = pairs.statistics()
    assert table.queries.sum() == pairs.has_query.sum() and table.passages.sum() == pairs.has_passage.sum()
    for row in table.itertuples():
        texts = [i.queries[row.language] for i in items if i.dataset == row.dataset and row.language in i.queries]
        assert row.queries == len(texts)
        assert not texts or row.query_chars == pytest.approx(np.mean([len(text) for text in texts]))
