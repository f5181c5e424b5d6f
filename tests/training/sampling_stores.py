"""Made-up pair stores of many shapes, and the checks of a batch that the tests of samplers share."""

from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st

from pyterrier_hybrid.parallel.store.blocks import sort_into_blocks

LANGUAGES = ["ar", "de", "en", "zh"]


def store(has_query, has_passage=None, *, groups=None, datasets=None, translation=None, languages=None):
    """The arrays of a pair store; by default, every item is a group of its own."""
    has_query = np.asarray(has_query, bool)
    n, width = has_query.shape
    names = sorted(set(datasets or ["toy"]))
    pairs = SimpleNamespace(
        languages=list(languages or LANGUAGES[:width]),
        datasets=names,
        groups=np.arange(n) if groups is None else np.asarray(groups, np.int64),
        dataset_ids=np.array([names.index(name) for name in datasets or ["toy"] * n], np.int32),
        has_query=has_query,
        has_passage=has_query if has_passage is None else np.asarray(has_passage, bool),
        is_translation=np.zeros(n, bool) if translation is None else np.asarray(translation, bool),
    )
    pairs.blocks = sort_into_blocks(pairs.dataset_ids, pairs.has_query, pairs.has_passage, pairs.is_translation)
    return pairs


def full(items, languages=4, **more):
    """A store whose items have all texts in all languages."""
    return store(np.ones((items, languages), bool), **more)


@st.composite
def stores(draw):
    """Sparse stores with few groups, some translation items, and gaps in the numbers of the groups."""
    n = draw(st.integers(4, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.floats(0.2, 1))
    translation = rng.random(n) < draw(st.sampled_from([0, 0.3, 1]))
    has_query = rng.random((n, 4)) < density
    has_passage = np.where(translation[:, None], has_query, rng.random((n, 4)) < density)
    groups = rng.integers(0, draw(st.integers(1, n)), n) * draw(st.sampled_from([1, 7, 2**57])) - 3
    datasets = [f"set-{number}" for number in rng.integers(0, draw(st.integers(1, 3)), n)]
    return store(has_query, has_passage, groups=groups, datasets=datasets, translation=translation)


def assert_valid(pairs, batch, batch_size, kind, *, repeats=False):
    """Check that a batch is full, its texts exist, no two items are of one group, and its languages fit its kind."""
    assert len(batch) == len(set(batch)) == batch_size
    items = {item for item, _, _ in batch}
    assert len({int(pairs.groups[item]) for item in items}) == len(items)
    assert repeats or len(items) == batch_size
    for item, query, passage in batch:
        assert type(item) is int and type(query) is str and type(passage) is str
        assert pairs.has_query[item, pairs.languages.index(query)]
        assert pairs.has_passage[item, pairs.languages.index(passage)]
        assert not (query == passage and pairs.is_translation[item])
        assert kind != "cross" or query != passage
    if kind == "mono":
        assert len({code for _, *codes in batch for code in codes}) == 1


def chi_square(observed, probabilities):
    observed, expected = np.array(observed, float), np.array(probabilities) * sum(observed)
    return float(((observed - expected) ** 2 / expected).sum())
