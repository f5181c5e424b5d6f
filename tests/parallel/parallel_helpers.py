"""Rows, items and comparisons for the tests of the pair store."""

import numpy as np
from hypothesis import strategies as st

from pyterrier_hybrid.parallel import Item

QA = {"set": "toy", "id": "1", "lang": "en", "question": "Where is Rome?", "passage": "In Italy."}
SENTENCE = {"set": "talk", "id": "1", "text": {"de": "Guten Morgen, alle!", "en": "Good morning, everyone!"}}


def qa(number, lang="en", **fields):
    """A row that shares no text with the rows of other numbers or languages."""
    row = {"set": "toy", "id": str(number), "lang": lang, "question": f"question {number} in {lang}?"}
    return {**row, "passage": f"answer {number} in {lang}.", **fields}


def made(n):
    return [Item(str(i), None, "toy", {"en": f"question {i}"}, {"en": f"answer {i}"}) for i in range(n)]


def texts_of(pairs):
    items = map(pairs.item, range(len(pairs)))
    return [
        (item.dataset, item.id, item.queries, item.passages, item.translation, item.negatives or {}) for item in items
    ]


def assert_same(one, other):
    assert texts_of(one) == texts_of(other)
    for field in ("languages", "datasets"):
        assert getattr(one, field) == getattr(other, field)
    for field in ("groups", "passage_groups", "dataset_ids", "has_query", "has_passage", "is_translation"):
        assert np.array_equal(getattr(one, field), getattr(other, field)), field
        assert getattr(one, field).dtype == getattr(other, field).dtype
    for field in one.blocks._fields:
        assert np.array_equal(getattr(one.blocks, field), getattr(other.blocks, field)), field
        assert getattr(one.blocks, field).dtype == getattr(other.blocks, field).dtype, field
    assert one.fingerprint == other.fingerprint


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
        negatives = draw(st.none() | st.dictionaries(st.sampled_from(["de", "en"]), st.just([f"no answer {number}"])))
        negatives = None if queries is passages else negatives or None
        items.append(Item(str(number), group, dataset, queries, passages, queries is passages, negatives))
    return items
