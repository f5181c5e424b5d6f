"""Drawing reads only what it draws: large memory-mapped stores, stores with hardly enough groups, any group ids."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from sampling_stores import chi_square, full, store

from pyterrier_hybrid.parallel.store.blocks import Blocks
from pyterrier_hybrid.training.sampling import CrossSampler, HybridSampler, MonoSampler, MultiPositiveSampler
from pyterrier_hybrid.training.sampling.strata import Strata


class Watched(np.ndarray):
    """An array that counts how many of its elements are read."""

    read = 0

    def __getitem__(self, key):
        got = np.asarray(super().__getitem__(key))
        Watched.read += got.size
        return got


@pytest.fixture
def watched(monkeypatch):
    """np.asarray leaves watched arrays as they are, and their elements are counted."""
    monkeypatch.setattr(Watched, "read", 0)
    plain = np.asarray
    monkeypatch.setattr(
        np, "asarray", lambda array, *rest: array if isinstance(array, Watched) else plain(array, *rest)
    )
    return Watched


def large(groups, blocks=8, languages=4):
    n = len(groups)
    has = np.ones((blocks, languages), bool)
    return SimpleNamespace(
        languages=["ar", "de", "en", "zh"][:languages],
        datasets=["a", "b"],
        groups=groups.view(Watched),
        blocks=Blocks(
            items=np.arange(n, dtype=np.int32).view(Watched),
            starts=np.linspace(0, n, blocks + 1).astype(np.int64),
            dataset_ids=np.arange(blocks, dtype=np.int32) // (blocks // 2),
            has_query=has,
            has_passage=has,
            is_translation=np.zeros(blocks, bool),
        ),
    )


@pytest.mark.parametrize("sampler", [
    MonoSampler(), CrossSampler(), HybridSampler(0.5, language_weights=3, dataset_mixing="round-robin"),
    MultiPositiveSampler(),
])  # fmt: skip
def test_little_of_a_large_store_is_read(sampler, watched):
    pairs = large(np.arange(4_000_000) // 5 * (2**40 + 1) - 2**61)
    plan = sampler.plan(pairs, batch_size=100)
    assert watched.read < 80_000
    for t in range(10):
        plan.batch(t)
    assert watched.read < 100_000


def test_counting_groups_stops_at_the_limit(watched):
    # Groups of 10,000 items each: 100 of them are in a million items.
    pairs = large(np.arange(4_000_000) // 10_000)
    strata = Strata(pairs, [np.arange(8)], np.ones(2), 1.0)
    assert strata.count_groups([0], 100) == 100
    assert 2_000_000 < watched.read < 4_300_000
    assert strata.count_groups([0], 10_000) == 400


def test_memory_mapped_arrays(tmp_path):
    pairs = full(300)
    np.save(tmp_path / "items.npy", pairs.blocks.items)
    np.save(tmp_path / "groups.npy", pairs.groups)
    mapped = full(300)
    mapped.blocks = mapped.blocks._replace(items=np.load(tmp_path / "items.npy", mmap_mode="r"))
    mapped.groups = np.load(tmp_path / "groups.npy", mmap_mode="r")
    one, other = (HybridSampler().plan(store, batch_size=10) for store in (pairs, mapped))
    assert all(one.batch(t) == other.batch(t) for t in range(10))


def test_the_last_free_groups_are_found_in_a_large_block():
    # All but 20 items are one group: draws that ignore groups find the others only by luck.
    groups = np.zeros(300_000, np.int64)
    groups[np.arange(1, 21) * 14_000] = np.arange(1, 21) * -(2**58)
    has_query = np.ones((len(groups), 1), bool)
    plan = MonoSampler().plan(store(has_query, groups=groups), batch_size=21)
    for t in range(3):
        assert {int(groups[item]) for item, _, _ in plan.batch(t)} == set(groups.tolist())


def test_the_last_items_are_drawn_by_weight():
    # Group 0 hides all but three items, one of which is of a dataset of ten times the weight.
    pairs = full(5000, languages=1, groups=[0] * 4997 + [1, 2, 3], datasets=["a"] * 4999 + ["b"])
    strata = Strata(pairs, [np.arange(2)], np.array([1.0, 10.0]), 1.0)
    rng = np.random.default_rng(1)
    count = Counter(strata._draw_free(0, {0}, rng)[0] for _ in range(2000))
    assert chi_square([count[4997], count[4998], count[4999]], np.array([1, 1, 10]) / 12) < 13.8
    assert strata._draw_free(0, {0, 1, 2, 3}, rng) is None


def test_slots_of_exhausted_strata_go_to_others_by_probability():
    # The stratum of ar has one group, so that most slots go to de and en, 1 to 3.
    has_query = np.repeat(np.eye(3, dtype=bool), [5, 500, 500], axis=0)
    pairs = store(has_query, groups=[0] * 5 + list(range(1, 1001)))
    strata = Strata(pairs, [np.flatnonzero(pairs.blocks.has_query[:, column]) for column in range(3)], np.ones(1), 1.0)
    count = Counter()
    for seed in range(100):
        rng = np.random.default_rng(seed)
        items, final, _ = strata.draw(np.zeros(20, np.int64), np.array([0.5, 0.125, 0.375]), rng)
        assert final.count(0) == 1 and len({pairs.groups[item] for item in items}) == 20
        count.update(final)
    assert chi_square([count[1], count[2]], [0.25, 0.75]) < 10.8
