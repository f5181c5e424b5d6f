"""The guarantees of the samplers, on made-up stores of many shapes and on the real pair files."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling_stores import LANGUAGES, assert_valid, chi_square, full, store, stores

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.training.sampling import CrossSampler, HybridSampler, MonoSampler


def mono_capacity(pairs):
    """Return the maximum number of pairs of a batch in each language that has any."""
    able = pairs.has_query & pairs.has_passage & ~pairs.is_translation[:, None]
    sizes = [len(set(pairs.groups[column])) for column in able.T]
    return [size for size in sizes if size]


def cross_capacity(pairs):
    able = [
        len(set(np.flatnonzero(query)) | set(np.flatnonzero(passage))) > 1 and query.any() and passage.any()
        for query, passage in zip(pairs.has_query, pairs.has_passage, strict=True)
    ]
    return len(set(pairs.groups[able]))


@settings(max_examples=60, deadline=None)
@given(pairs=stores(), seed=st.integers(0, 2**40), t=st.integers(0, 2**40))
def test_mono_batches_are_in_one_language(pairs, seed, t):
    capacity = mono_capacity(pairs)
    if not capacity:
        with pytest.raises(ValueError, match="query and a passage in one language"):
            MonoSampler().plan(pairs, batch_size=1)
        return
    tight = min(capacity)  # some language has exactly as many groups as a batch needs
    plan = MonoSampler().plan(pairs, batch_size=tight, seed=seed)
    assert_valid(pairs, plan.batch(t), tight, "mono")
    assert plan.kind(t) == "mono"
    with pytest.raises(ValueError, match="fewer than"):
        MonoSampler().plan(pairs, batch_size=tight + 1)


@settings(max_examples=60, deadline=None)
@given(pairs=stores(), seed=st.integers(0, 2**40), t=st.integers(0, 2**40))
def test_cross_batches_differ_in_every_pair(pairs, seed, t):
    tight = cross_capacity(pairs)
    if not tight:
        with pytest.raises(ValueError, match="two different languages"):
            CrossSampler().plan(pairs, batch_size=1)
        return
    plan = CrossSampler().plan(pairs, batch_size=tight, seed=seed)
    assert_valid(pairs, plan.batch(t), tight, "cross")
    assert plan.kind(t) == "cross"
    with pytest.raises(ValueError, match="fewer than"):
        CrossSampler().plan(pairs, batch_size=tight + 1)


@settings(max_examples=60, deadline=None)
@given(pairs=stores(), alpha=st.floats(0, 1), seed=st.integers(0, 99), t=st.integers(0, 9999))
def test_hybrid_batches_are_those_of_its_parts(pairs, alpha, seed, t):
    size = min([*mono_capacity(pairs), cross_capacity(pairs)])
    if not size or not mono_capacity(pairs):
        return
    plan = HybridSampler(alpha).plan(pairs, batch_size=size, seed=seed)
    part = {"mono": MonoSampler(), "cross": CrossSampler()}[plan.kind(t)].plan(pairs, batch_size=size, seed=seed)
    assert_valid(pairs, plan.batch(t), size, plan.kind(t))
    assert plan.batch(t) == part.batch(t)


def test_plans_are_functions_of_the_seed_and_the_step():
    pairs = full(60)
    one = HybridSampler().plan(pairs, batch_size=20, seed=3)
    forwards = [one.batch(t) for t in range(30)]
    again = HybridSampler().plan(pairs, batch_size=20, seed=3)
    assert [again.batch(t) for t in reversed(range(30))] == forwards[::-1]
    other = HybridSampler().plan(pairs, batch_size=20, seed=4)
    assert all(other.batch(t) != forwards[t] for t in range(30))
    assert len({tuple(batch) for batch in forwards}) == 30


def test_global_random_state_is_neither_read_nor_changed():
    plan = CrossSampler().plan(full(30), batch_size=10)
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first = plan.batch(0)
    assert (np.random.get_state()[1] == before).all()
    np.random.seed(2)
    assert plan.batch(0) == first


@pytest.mark.parametrize("sampler", [MonoSampler(), CrossSampler(), HybridSampler()])
@pytest.mark.parametrize("world", [1, 2, 3, 12])
def test_slices_of_all_ranks_are_the_global_batch(sampler, world):
    plan = sampler.plan(full(40), batch_size=12, seed=1)
    for t in range(5):
        slices = [plan.slice(t, rank, world) for rank in range(world)]
        assert {len(part) for part in slices} == {12 // world}
        assert sum(slices, []) == plan.batch(t)


def test_slices_of_ranks_that_do_not_exist():
    plan = MonoSampler().plan(full(40), batch_size=12)
    for rank, world in [(0, 5), (0, 0), (2, 2), (-1, 2)]:
        with pytest.raises(ValueError):
            plan.slice(0, rank, world)


def test_mono_languages_are_uniform_whatever_their_sizes():
    sizes = [20, 60, 400, 2000]
    has_query = np.repeat(np.eye(4, dtype=bool), sizes, axis=0)
    plan = MonoSampler().plan(store(has_query), batch_size=10, seed=5)
    count = Counter(plan.batch(t)[0][1] for t in range(4000))
    assert chi_square([count[code] for code in LANGUAGES], [0.25] * 4) < 16.3  # p = .001 with 3 degrees of freedom


def test_cross_language_pairs_are_uniform_whatever_their_sizes():
    # 2,000 items in de and en only, 100 in all four languages: every ordered pair has 100 items, de-en 2,100.
    has_query = np.ones((2100, 4), bool)
    has_query[100:, [0, 3]] = False
    plan = CrossSampler().plan(store(has_query), batch_size=10, seed=5)
    count = Counter((query, passage) for t in range(1200) for _, query, passage in plan.batch(t))
    assert len(count) == 12
    assert chi_square(list(count.values()), [1 / 12] * 12) < 31.3  # p = .001 with 11 degrees of freedom


def test_items_of_a_language_are_uniform():
    plan = MonoSampler(languages=["de"]).plan(full(50), batch_size=5, seed=2)
    count = Counter(item for t in range(2000) for item, _, _ in plan.batch(t))
    assert chi_square([count[item] for item in range(50)], [1 / 50] * 50) < 85.4  # p = .001 with 49 degrees of freedom


@pytest.mark.parametrize("alpha", [0, 0.2, 0.5, 0.9, 1])
def test_mono_batches_have_probability_alpha(alpha):
    plan = HybridSampler(alpha).plan(full(10), batch_size=2, seed=1)
    share = np.mean([plan.kind(t) == "mono" for t in range(3000)])
    assert abs(share - alpha) <= 3.5 * np.sqrt(alpha * (1 - alpha) / 3000)


def test_the_kind_is_independent_of_the_language():
    plan, mono = HybridSampler(0.5).plan(full(10), batch_size=2), MonoSampler().plan(full(10), batch_size=2)
    steps = [t for t in range(4000) if plan.kind(t) == "mono"]
    count = Counter(mono.batch(t)[0][1] for t in steps)
    assert chi_square([count[code] for code in LANGUAGES], [0.25] * 4) < 16.3


def test_hybrid_with_only_one_kind_needs_only_its_data():
    only_translations = full(10, translation=[True] * 10)
    assert HybridSampler(0).plan(only_translations, batch_size=5).kind(0) == "cross"
    one_language = full(10, languages=1)
    assert HybridSampler(1).plan(one_language, batch_size=5).kind(0) == "mono"
    with pytest.raises(ValueError, match="one language"):
        HybridSampler(0.5).plan(only_translations, batch_size=5)
    with pytest.raises(ValueError, match="two different languages"):
        HybridSampler(0.5).plan(one_language, batch_size=5)


def test_hybrid_with_other_samplers():
    plan = HybridSampler(0.5, mono=MonoSampler(languages=["de"]), languages=["ar", "zh"]).plan(full(20), batch_size=5)
    for t in range(20):
        languages = {code for _, *pair in plan.batch(t) for code in pair}
        assert languages == ({"de"} if plan.kind(t) == "mono" else {"ar", "zh"})


def test_chosen_languages_only():
    codes = {code for t in range(50) for _, *pair in
             CrossSampler(languages=["zh", "de"]).plan(full(30), batch_size=9).batch(t) for code in pair}  # fmt: skip
    assert codes == {"de", "zh"}


def test_a_big_group_gives_at_most_one_pair_and_leaves_none_out():
    groups = [0] * 90 + list(range(1, 10))
    plan = CrossSampler().plan(full(99, groups=groups), batch_size=10, seed=1)
    for t in range(50):
        assert sorted(groups[item] for item, _, _ in plan.batch(t)) == list(range(10))


@pytest.mark.parametrize("sampler", [MonoSampler, CrossSampler])
def test_dataset_weights(sampler):
    names = ["big"] * 1000 + ["small-a"] * 100 + ["small-b"] * 100 + ["no"] * 100
    pairs = full(1300, datasets=names)
    plan = sampler(dataset_weights={"small-a": 5, "small-*": 0.5, "no": 0}).plan(pairs, batch_size=10, seed=1)
    count = Counter(names[item] for t in range(600) for item, _, _ in plan.batch(t))
    assert count["no"] == 0
    shares = np.array([1000, 500, 50]) / 1550
    assert np.allclose([count[name] / 6000 for name in ("big", "small-a", "small-b")], shares, atol=0.025)


def test_weights_of_zero_do_not_count_as_groups():
    pairs = full(20, datasets=["a"] * 10 + ["b"] * 10)
    with pytest.raises(ValueError, match="fewer than batch_size=11 in 'ar' \\(10\\)"):
        MonoSampler(dataset_weights={"b": 0}).plan(pairs, batch_size=11)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: HybridSampler(1.5), "alpha=1.5 is outside 0 to 1"),
    (lambda: HybridSampler(-0.1), "outside 0 to 1"),
    (lambda: HybridSampler(float("nan")), "outside 0 to 1"),
    (lambda: HybridSampler(mono=MonoSampler(), cross=CrossSampler(), languages=["de"]), "has no effect"),
    (lambda: MonoSampler(languages=[]), "empty or names a language twice"),
    (lambda: CrossSampler(languages=["de", "de"]), "twice"),
    (lambda: MonoSampler(dataset_weights={"a": -1}), "must be 0 or a positive finite number"),
    (lambda: MonoSampler(dataset_weights={"a": float("inf")}), "finite"),
    (lambda: MonoSampler(languages=["xx"]).plan(full(9), batch_size=2), "'xx'.*ar, de, en, zh"),
    (lambda: CrossSampler(languages=["de", "xx"]).plan(full(9), batch_size=2), "'xx'.*ar, de, en, zh"),
    (lambda: CrossSampler(languages=["de"]).plan(full(9), batch_size=2), "two different languages"),
    (lambda: MonoSampler(dataset_weights={"typo*": 1}).plan(full(9), batch_size=2), r"'typo\*'.*toy"),
    (lambda: MonoSampler().plan(full(9), batch_size=0), "batch_size=0"),
    (lambda: MonoSampler().plan(full(9), batch_size=2, seed=-1), "seed=-1"),
    (lambda: MonoSampler().plan(full(9), batch_size=2).batch(-1), "t=-1"),
    (lambda: HybridSampler().plan(full(9), batch_size=2).kind(-1), "t=-1"),
    (lambda: MonoSampler().plan(ParallelPairs(), batch_size=2), "no item"),
    (lambda: CrossSampler().plan(ParallelPairs(), batch_size=2), "no item"),
])  # fmt: skip
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_string_is_not_a_list_of_languages():
    with pytest.raises(TypeError, match=r"\['de'\]"):
        MonoSampler(languages="de")


def test_samplers_are_values():
    weights = {"a": 1.0}
    sampler = HybridSampler(0.4, languages=["de", "en"], dataset_weights=weights)
    weights["a"] = 2.0
    assert sampler == HybridSampler(0.4, languages=["de", "en"], dataset_weights={"a": 1.0})
    assert len({sampler, HybridSampler(0.4, languages=["de", "en"], dataset_weights={"a": 1.0})}) == 1


@pytest.fixture(scope="module")
def real_pairs(shared_data):
    folder = shared_data / "parallel"
    return ParallelPairs.from_jsonl(folder / "parallel_qa.jsonl.gz")


def test_real_pairs(real_pairs):
    plan = HybridSampler().plan(real_pairs, batch_size=100, seed=7)
    languages = Counter()
    for t in range(300):
        batch = plan.batch(t)
        assert_valid(real_pairs, batch, 100, plan.kind(t))
        texts = [real_pairs.passage(item, language) for item, _, language in batch]
        assert len(set(texts)) == 100
        if plan.kind(t) == "cross":
            languages.update(query for _, query, _ in batch)
    assert len(languages) == 11
    assert max(languages.values()) < 1.15 * min(languages.values())


def test_kind_and_language_are_independent_with_a_small_alpha():
    plan = HybridSampler(0.3).plan(full(20), batch_size=2, seed=5)
    languages = Counter(plan.batch(t)[0][1] for t in range(4000) if plan.kind(t) == "mono")
    expected = languages.total() / 4
    # 16.27 is passed by chance once in a thousand draws of three degrees of freedom.
    assert sum((languages[code] - expected) ** 2 / expected for code in LANGUAGES) < 16.27
