"""Which items are one group."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_helpers import SENTENCE, assert_same, item_lists, qa

from pyterrier_hybrid.parallel import Item, ParallelPairs


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


def test_groups_are_those_of_one_file(write):
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


def test_adding_keeps_unrelated_groups_apart():
    one = ParallelPairs([Item("1", 0, "a", {"en": "who?"}, {"en": "he."})])
    two = ParallelPairs([Item("1", 0, "b", {"en": "what?"}, {"en": "that."})])
    assert (one + two).groups.tolist() == [0, 1]
    with pytest.raises(ValueError, match="2 items of dataset 'a' have the id '1'"):
        one + one
    with pytest.raises(TypeError):
        one + [1]
