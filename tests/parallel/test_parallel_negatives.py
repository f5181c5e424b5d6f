"""Hard negatives, passage groups and blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from parallel_helpers import SENTENCE, assert_same, item_lists, qa

from pyterrier_hybrid.parallel import Item, ParallelPairs


def test_negatives_of_both_kinds_of_rows(write, tmp_path):
    own = {"set": "own", "id": "x", "queries": {"en": "Who?"}, "passages": {"en": "Me.", "de": "Ich."}}
    rows = [
        qa(1, negatives=["no", "never"]), qa(1, "de", negatives=["nein"]), qa(2, negatives=[]), qa(3, negatives=None),
        {**own, "negatives": {"de": ["Du."], "en": [], "fr": ["Toi."]}},
    ]  # fmt: skip
    pairs = ParallelPairs.from_jsonl(write(*rows))
    assert pairs.item(0).negatives == {"de": ["nein"], "en": ["no", "never"]}
    assert pairs.negatives(0, "en") == ["no", "never"] and pairs.negatives(0, "ar") == []
    assert pairs.item(1).negatives is None and pairs.negatives(1, "en") == pairs.negatives(2, "en") == []
    assert pairs.item(3).negatives == {"de": ["Du."], "fr": ["Toi."]}
    # Negatives are no pairs: a language that only they have is no language to learn.
    assert pairs.languages == ["de", "en"]
    pairs.to_jsonl(tmp_path / "again.jsonl")
    assert_same(ParallelPairs.from_jsonl(tmp_path / "again.jsonl"), pairs)
    assert ParallelPairs.from_jsonl(write(*rows), languages=["de"]).item(0).negatives == {"de": ["nein"]}


@pytest.mark.parametrize(("row", "field", "problem"), [
    (qa(2, negatives="no"), "negatives", "'no' is not a list"),
    (qa(2, negatives=["no", 7]), "negatives[1]", "7 is not a string"),
    (qa(2, negatives=["no", " ANSWER 2  in en."]), "negatives.en[1]", "' ANSWER 2  in en.' is the item's own passage"),
    (qa(1, "de", negatives=["answer 1 in en."]), "negatives.de[0]", "is the item's own passage"),
    (qa(1, "de", passage="never"), "negatives.en[0]", "'never' is the item's own passage"),
    ({**SENTENCE, "negatives": ["no"]}, "negatives", "a translation has none"),
    ({"set": "w", "id": "1", "queries": {"en": "a"}, "passages": {"en": "b"}, "negatives": ["c"]}, "negatives",
     "not an object of language codes"),
    ({"set": "w", "id": "1", "queries": {"en": "a"}, "passages": {"en": "b"}, "negatives": {"qq": ["c"]}}, "negatives",
     "unknown language 'qq'"),
])  # fmt: skip
def test_bad_negatives_name_their_place(write, row, field, problem):
    path = write(qa(1, negatives=["never"]), row)
    with pytest.raises(ValueError) as error:
        ParallelPairs.from_jsonl(path)
    assert str(error.value).startswith(f"{path}, line 2, field {field!r}: ")
    assert problem in str(error.value)


@pytest.mark.parametrize(("negatives", "message"), [
    ({"en": ["ME."]}, r"items\[0\] \('1' of 'toy'\), negatives\['en'\]\[0\] is the item's own passage 'ME.'"),
    ({"de": ["Me."]}, "the item's own passage"),
    ({"en": "You."}, r"negatives\['en'\] is 'You.': pass a list"),
    ({"en": ["You.", ""]}, r"negatives\['en'\]\[1\] is ''"),
    ({"xx": ["You."]}, "negatives: unknown language 'xx'"),
])  # fmt: skip
def test_bad_negatives_of_items(negatives, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs([Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives=negatives)])
    with pytest.raises(ValueError, match="a translation, which has no negatives"):
        texts = {"en": "Who?", "de": "Wer?"}
        ParallelPairs([Item("1", None, "toy", texts, texts, True, negatives={"en": ["no"]})])


# Passage groups


def test_passage_groups_ignore_queries_and_given_groups():
    items = [
        Item("0", "g", "toy", {"en": "same question"}, {"en": "answer one", "de": "Antwort eins"}),
        Item("1", "g", "toy", {"en": "same question"}, {"en": "answer two"}),
        Item("2", None, "toy", {"en": "another"}, {"fr": " ANTWORT  eins"}),
        Item("3", None, "toy", {"en": "answer one"}, {"en": "answer three"}),
    ]
    pairs = ParallelPairs(items)
    assert pairs.groups.tolist() == [0, 0, 0, 0]
    assert pairs.passage_groups.tolist() == [0, 1, 0, 2]
    assert pairs.passage_groups.dtype == np.int64


def test_translations_share_long_passages_only():
    texts = [{"en": "bar", "de": "Theke"}, {"en": "bar", "ru": "слиток"}]
    items = [Item(str(n), None, "words", text, text, True) for n, text in enumerate(texts)]
    assert ParallelPairs(items).passage_groups.tolist() == [0, 1]
    texts = [{"en": "a long sentence", "de": "ein Satz"}, {"en": "A long  sentence", "ru": "предложение"}]
    items = [Item(str(n), None, "words", text, text, True) for n, text in enumerate(texts)]
    assert ParallelPairs(items).passage_groups.tolist() == [0, 0]


@settings(max_examples=60, deadline=None)
@given(items=item_lists())
def test_items_of_a_passage_group_are_of_one_group(items):
    pairs = ParallelPairs(items)
    of_passage = {}
    for passage_group, group in zip(pairs.passage_groups.tolist(), pairs.groups.tolist(), strict=True):
        assert of_passage.setdefault(passage_group, group) == group
    for i, one in enumerate(items):
        for j, other in enumerate(items):
            if not one.translation and not other.translation and {*one.passages.values()} & {*other.passages.values()}:
                assert pairs.passage_groups[i] == pairs.passage_groups[j]


# Blocks


@settings(max_examples=60, deadline=None)
@given(items=item_lists())
def test_blocks_say_what_the_items_say(items):
    pairs = ParallelPairs(items)
    blocks, count = pairs.blocks, len(items)
    assert sorted(blocks.items.tolist()) == list(range(count))
    signatures = set()
    for block in range(len(blocks.starts) - 1):
        numbers = blocks.items[blocks.starts[block] : blocks.starts[block + 1]]
        assert len(numbers) and (np.diff(numbers) > 0).all()
        for number in numbers.tolist():
            item = items[number]
            assert pairs.datasets[blocks.dataset_ids[block]] == item.dataset
            assert blocks.has_query[block].tolist() == [code in item.queries for code in pairs.languages]
            assert blocks.has_passage[block].tolist() == [code in item.passages for code in pairs.languages]
            assert blocks.is_translation[block] == item.translation
        signature = (item.dataset, frozenset(item.queries), frozenset(item.passages), item.translation)
        assert signature not in signatures
        signatures.add(signature)
    has = {"has_query": "queries", "has_passage": "passages"}
    for name, field in has.items():
        expected = [[code in getattr(item, field) for code in pairs.languages] for item in items]
        assert getattr(pairs, name).tolist() == expected
    assert pairs.is_translation.tolist() == [item.translation for item in items]
