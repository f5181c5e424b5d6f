"""How often languages and datasets are drawn: by weight, by size, by temperature, in turn."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling_stores import LANGUAGES, assert_valid, chi_square, full, store, stores

from pyterrier_hybrid.training.sampling import (
    CrossSampler,
    HybridSampler,
    MixedSampler,
    MonoSampler,
    TranslateTrainSampler,
)

SIZES = np.array([20, 60, 400, 2000])
# Items of one language each, so that a language's size is a number of items.
SEPARATE = store(np.repeat(np.eye(4, dtype=bool), SIZES, axis=0))
WEIGHTINGS = [
    ("uniform", [1, 1, 1, 1]),
    ("proportional", SIZES),
    (1, SIZES),
    (5, SIZES ** (1 / 5)),
    (float("inf"), [1, 1, 1, 1]),
    ({"ar": 5, "zh": 0.5, "en": 0}, [5, 1, 0, 0.5]),
]


def normalised(shares):
    return np.array(shares, float) / np.sum(shares)


def assert_shares(count, shares):
    """Check the frequency of every key; the threshold is passed by chance once in ten thousand tests."""
    from scipy.stats import chi2

    shares = {key: share for key, share in shares.items() if share > 0}
    assert set(count) <= set(shares)
    expected = normalised(list(shares.values()))
    assert chi_square([count[key] for key in shares], expected) < chi2.ppf(0.9999, max(len(shares) - 1, 1))


@pytest.mark.parametrize(("weights", "shares"), WEIGHTINGS, ids=lambda value: str(value)[:20])
def test_language_weights(weights, shares):
    shares = dict(zip(LANGUAGES, shares, strict=True))
    mono = MonoSampler(language_weights=weights).plan(SEPARATE, batch_size=2, seed=5)
    assert_shares(Counter(mono.batch(t)[0][1] for t in range(3000)), shares)
    mixed = MixedSampler(language_weights=weights).plan(SEPARATE, batch_size=2, seed=5)
    assert_shares(Counter(mixed.batch(t)[0][1] for t in range(3000)), shares)
    both = store(np.repeat(np.eye(4, dtype=bool), SIZES, axis=0), np.tile([[0, 1, 0, 0]], (SIZES.sum(), 1)))
    train = TranslateTrainSampler("de", query_languages=LANGUAGES, language_weights=weights)
    train = train.plan(both, batch_size=2, seed=5)
    assert_shares(Counter(train.batch(t)[0][1] for t in range(3000)), shares)


def two_sizes():
    """2,000 items in de and en only, 100 in all four languages: de-en has 2,100, every other pair 100."""
    has_query = np.ones((2100, 4), bool)
    has_query[100:, [0, 3]] = False
    return store(has_query)


@pytest.mark.parametrize(("weights", "large"), [("uniform", 1), ("proportional", 21), (2, 21**0.5)])
def test_language_pairs_by_size(weights, large):
    plan = CrossSampler(language_weights=weights).plan(two_sizes(), batch_size=4, seed=5)
    count = Counter(pair for t in range(1000) for _, *pair in plan.batch(t) for pair in [tuple(pair)])
    shares = {(x, y): large if {x, y} == {"de", "en"} else 1 for x in LANGUAGES for y in LANGUAGES if x != y}
    assert_shares(count, shares)


def test_language_pairs_by_the_product_of_weights():
    plan = CrossSampler(language_weights={"en": 3, "zh": 0}).plan(full(500), batch_size=4, seed=5)
    count = Counter((query, passage) for t in range(1000) for _, query, passage in plan.batch(t))
    weight = {"ar": 1, "de": 1, "en": 3, "zh": 0}
    assert_shares(count, {(x, y): weight[x] * weight[y] for x in LANGUAGES for y in LANGUAGES if x != y})


def test_the_size_of_a_language_counts_items_by_weight():
    has_query = np.repeat(np.eye(2, dtype=bool), [100, 100], axis=0)
    pairs = store(has_query, datasets=["a"] * 100 + ["b"] * 100)
    plan = MonoSampler(language_weights="proportional", dataset_weights={"b": 3}).plan(pairs, batch_size=2, seed=1)
    assert_shares(Counter(plan.batch(t)[0][1] for t in range(3000)), {"ar": 1, "de": 3})


NAMES = ["a"] * 1000 + ["b"] * 100 + ["c"] * 10
MIXINGS = [
    ("proportional", None, [1000, 100, 10]),
    ("uniform", None, [1, 1, 1]),
    (2, None, [1000**0.5, 10, 10**0.5]),
    ("uniform", {"a": 3, "c": 0}, [3, 1, 0]),
    (2, {"b": 2}, [1000**0.5, 20, 10**0.5]),
]


@pytest.mark.parametrize("one_dataset", [False, True])
@pytest.mark.parametrize(("mixing", "weights", "shares"), MIXINGS)
def test_dataset_mixing(mixing, weights, shares, one_dataset):
    settings = {"dataset_mixing": mixing, "dataset_weights": weights, "one_dataset_per_batch": one_dataset}
    for sampler in (MonoSampler(**settings), CrossSampler(**settings)):
        plan = sampler.plan(full(1110, datasets=NAMES), batch_size=2, seed=1)
        count = Counter()
        for t in range(2500):
            sets = [NAMES[item] for item, _, _ in plan.batch(t)]
            assert not one_dataset or sets[0] == sets[1]
            count[sets[0]] += 1
        assert_shares(count, dict(zip("abc", shares, strict=True)))


def test_datasets_are_mixed_among_those_that_have_the_language():
    # Dataset a has ar and de, b only de: ar comes from a only, de equally often from both.
    has_query = np.array([[True, True]] * 300 + [[False, True]] * 30)
    names = ["a"] * 300 + ["b"] * 30
    plan = MonoSampler(dataset_mixing="uniform").plan(store(has_query, datasets=names), batch_size=2, seed=1)
    count = Counter((language, names[item]) for t in range(3000) for item, language, _ in plan.batch(t)[:1])
    assert_shares(count, {("ar", "a"): 2, ("de", "a"): 1, ("de", "b"): 1})


@pytest.mark.parametrize("sampler", [MonoSampler, CrossSampler, MixedSampler])
def test_round_robin_takes_datasets_in_turn_at_any_step(sampler):
    pairs = full(1110, datasets=NAMES)
    plan = sampler(dataset_mixing="round-robin", dataset_weights={"b": 0}).plan(pairs, batch_size=8)
    for t in (0, 1, 2, 3, 10**12, 10**12 + 1):
        assert {NAMES[item] for item, _, _ in plan.batch(t)} == {"ac"[t % 2]}


def test_a_dataset_leaves_out_the_languages_that_cannot_fill_a_batch():
    # a: 20 items of ar and 3 of de; b: 20 of de.
    has_query = np.array([[True, False]] * 20 + [[False, True]] * 23)
    pairs = store(has_query, datasets=["a"] * 23 + ["b"] * 20)
    plan = MonoSampler(dataset_mixing="round-robin").plan(pairs, batch_size=10)
    assert {plan.batch(t)[0][1] for t in range(0, 20, 2)} == {"ar"}
    assert {plan.batch(t)[0][1] for t in range(1, 20, 2)} == {"de"}
    with pytest.raises(ValueError, match="11 groups of one language with a monolingual pair are in the datasets b"):
        MonoSampler(one_dataset_per_batch=True, dataset_weights={"a": 1}).plan(
            store(has_query[:33], datasets=["a"] * 23 + ["b"] * 10), batch_size=11
        )


def test_all_small_languages_are_named_at_once():
    has_query = np.array([[True, True, True, True]] + [[True, True, False, False]] * 4 + [[True, False, True, False]])
    with pytest.raises(ValueError, match="fewer than batch_size=3") as error:
        MonoSampler().plan(store(has_query), batch_size=3)
    assert str(error.value).endswith(
        "in 'en' (2), 'zh' (1): pass a smaller batch_size, or languages=['ar', 'de'] (in a recipe, languages: [ar, de] "
        "of the sampler)"
    )


def test_a_language_that_no_dataset_can_fill_a_batch_with():
    has_query = np.array([[True, True]] * 6 + [[True, False]] * 4)
    pairs = store(np.tile(has_query, (2, 1)), datasets=["a"] * 10 + ["b"] * 10)
    assert MonoSampler().plan(pairs, batch_size=10).languages == (("ar", "ar"), ("de", "de"))
    with pytest.raises(ValueError, match=r"language 'de' has in no dataset batch_size=10 groups .* languages=\['ar'\]"):
        MonoSampler(one_dataset_per_batch=True).plan(pairs, batch_size=10)


@settings(max_examples=100, deadline=None)
@given(
    pairs=stores(),
    sampler=st.sampled_from([MonoSampler, CrossSampler, MixedSampler, HybridSampler]),
    weights=st.sampled_from(["proportional", 0.01, 3, {"de": 2}, {"en": 1e-9, "ar": 1e9}]),
    mixing=st.sampled_from(["uniform", "round-robin", 0.01, 3]),
    one_dataset=st.booleans(),
    size=st.integers(1, 10),
)
def test_any_mixture_gives_valid_batches(pairs, sampler, weights, mixing, one_dataset, size):
    sampler = sampler(language_weights=weights, dataset_mixing=mixing, one_dataset_per_batch=one_dataset)
    try:
        plan = sampler.plan(pairs, batch_size=size, seed=1)
    except ValueError:
        return
    for t in range(4):
        batch = plan.batch(t)
        assert_valid(pairs, batch, size, plan.kind(t))
        if one_dataset or mixing == "round-robin":
            assert len({pairs.dataset_ids[item] for item, _, _ in batch}) == 1


def test_hybrid_passes_its_settings_on():
    pairs = full(1110, datasets=NAMES)
    shared = {"language_weights": {"de": 0}, "dataset_mixing": "round-robin", "languages": ["ar", "de", "en"]}
    plan = HybridSampler(0.5, **shared).plan(pairs, batch_size=8)
    parts = {"mono": MonoSampler(**shared), "cross": CrossSampler(**shared)}
    parts = {kind: sampler.plan(pairs, batch_size=8) for kind, sampler in parts.items()}
    assert all(plan.batch(t) == parts[plan.kind(t)].batch(t) for t in range(20))
    with pytest.raises(ValueError, match="dataset_mixing='uniform' has no effect"):
        HybridSampler(mono=MonoSampler(), cross=CrossSampler(), dataset_mixing="uniform")


@pytest.mark.parametrize(("settings", "error", "message"), [
    ({"language_weights": "linear"}, ValueError, "language_weights='linear' is none of proportional, uniform"),
    ({"language_weights": 0}, ValueError, "temperature must be positive"),
    ({"language_weights": float("nan")}, ValueError, "temperature must be positive"),
    ({"language_weights": True}, TypeError, "bool"),
    ({"language_weights": None}, TypeError, "NoneType"),
    ({"language_weights": {"de": -1}}, ValueError, r"language_weights\['de'\]=-1 must be 0"),
    ({"language_weights": {"de": "2"}}, TypeError, r"language_weights\['de'\]='2' is str"),
    ({"dataset_mixing": "random"}, ValueError, "none of proportional, uniform, round-robin"),
    ({"dataset_mixing": -1}, ValueError, "dataset_mixing=-1"),
    ({"one_dataset_per_batch": 1}, TypeError, "True or False"),
    ({"dataset_mixing": "round-robin", "dataset_weights": {"a": 2}}, ValueError, "take turns"),
])  # fmt: skip
def test_bad_settings(settings, error, message):
    with pytest.raises(error, match=message):
        MonoSampler(**settings)


def test_bad_settings_for_these_pairs():
    with pytest.raises(ValueError, match="language_weights= names 'xx', but the pairs have only ar, de, en, zh"):
        MonoSampler(language_weights={"xx": 2}).plan(full(9), batch_size=2)
    with pytest.raises(ValueError, match="leaves no language with a monolingual pair"):
        MonoSampler(languages=["de"], language_weights={"de": 0}).plan(full(9), batch_size=2)
