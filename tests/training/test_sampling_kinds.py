"""X-X, translate-train, length-grouped and multi-positive batches: the languages and items that they draw."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling_stores import LANGUAGES, assert_valid, chi_square, full, store, stores

from pyterrier_hybrid.training.sampling import (
    CrossSampler,
    HybridSampler,
    LengthGroupedSampler,
    MixedSampler,
    MonoSampler,
    MultiPositiveSampler,
    TranslateTrainSampler,
)

SAMPLERS = [
    MonoSampler(),
    CrossSampler(),
    MixedSampler(),
    TranslateTrainSampler("de", query_languages=["en", "zh"]),
    HybridSampler(0.4),
    HybridSampler(0.5, mono=TranslateTrainSampler("en"), cross=MixedSampler()),
    HybridSampler(0.5, mono=HybridSampler(0.5)),
    MultiPositiveSampler(),
    MultiPositiveSampler(MixedSampler(), positives=2),
    HybridSampler(0.5, cross=MultiPositiveSampler(positives=3)),
]


def with_texts(pairs, seed=0):
    """Give a store texts of random lengths."""
    lengths = np.random.default_rng(seed).integers(1, 200, (2, len(pairs.groups)))
    pairs.query = lambda item, language: "q" * lengths[0, item]
    pairs.passage = lambda item, language: "p" * lengths[1, item]
    pairs.length = lambda row: lengths[0, row[0]] + lengths[1, row[0]]
    return pairs


@pytest.mark.parametrize("sampler", [*SAMPLERS, LengthGroupedSampler(HybridSampler(), pool=3)], ids=repr)
def test_every_plan_is_a_function_of_the_seed_and_the_step(sampler):
    pairs = with_texts(full(90, groups=np.arange(90) // 2))
    one, again, other = (sampler.plan(pairs, batch_size=12, seed=seed) for seed in (3, 3, 4))
    batches = [one.batch(t) for t in range(20)]
    assert [again.batch(t) for t in reversed(range(20))] == batches[::-1]
    assert all(other.batch(t) != batches[t] for t in range(20))
    assert len({tuple(batch) for batch in batches}) == 20
    for t, batch in enumerate(batches):
        assert_valid(pairs, batch, 12, one.kind(t), repeats=one.repeats_items)
        assert {tuple(pair) for _, *pair in batch} <= set(one.languages)
        for world in (1, 2, 3):
            assert sum((one.slice(t, rank, world) for rank in range(world)), []) == batch


@pytest.mark.parametrize("sampler", [*SAMPLERS, LengthGroupedSampler(HybridSampler(), pool=3)], ids=repr)
def test_every_plan_prints_what_it_is(sampler):
    plan = sampler.plan(with_texts(full(90)), batch_size=12, seed=3)
    languages = len(plan.languages)
    assert repr(plan) == f"<{type(plan).__name__}: batch_size=12, seed=3, {languages} language pairs>"


@settings(max_examples=100, deadline=None)
@given(pairs=stores(), sampler=st.sampled_from(SAMPLERS), size=st.integers(1, 12), seed=st.integers(0, 2**70))
def test_batches_of_sparse_stores_are_valid_or_refused(pairs, sampler, size, seed):
    try:
        plan = sampler.plan(pairs, batch_size=size, seed=seed)
    except ValueError:
        return
    for t in range(3):
        assert_valid(pairs, plan.batch(t), size, plan.kind(t), repeats=plan.repeats_items)


def mixed_capacity(pairs):
    able = (pairs.has_query & pairs.has_passage & ~pairs.is_translation[:, None]).any(axis=1)
    return len(set(pairs.groups[able]))


@settings(max_examples=60, deadline=None)
@given(pairs=stores(), seed=st.integers(0, 99), t=st.integers(0, 99))
def test_mixed_batches_have_one_language_in_every_pair(pairs, seed, t):
    tight = mixed_capacity(pairs)
    if not tight:
        with pytest.raises(ValueError, match="query and a passage in one language"):
            MixedSampler().plan(pairs, batch_size=1)
        return
    plan = MixedSampler().plan(pairs, batch_size=tight, seed=seed)
    assert_valid(pairs, plan.batch(t), tight, plan.kind(t))
    assert all(query == passage for _, query, passage in plan.batch(t))
    with pytest.raises(ValueError, match="fewer than"):
        MixedSampler().plan(pairs, batch_size=tight + 1)


def test_mixed_batches_mix_languages_uniformly():
    has_query = np.repeat(np.eye(4, dtype=bool), [50, 100, 400, 2000], axis=0)
    plan = MixedSampler().plan(store(has_query), batch_size=10, seed=5)
    assert plan.kind(0) == "mixed"
    count = Counter(query for t in range(500) for _, query, _ in plan.batch(t))
    assert chi_square([count[code] for code in LANGUAGES], [0.25] * 4) < 16.3  # p = .001 with 3 degrees of freedom
    assert MixedSampler(languages=["de"]).plan(full(9), batch_size=3).kind(0) == "mono"


def test_translate_train_has_passages_in_one_language_and_english_queries():
    plan = TranslateTrainSampler("de").plan(full(30), batch_size=10)
    assert plan.kind(0) == "cross" and plan.languages == (("en", "de"),)
    assert {(query, passage) for t in range(20) for _, query, passage in plan.batch(t)} == {("en", "de")}


def test_translate_train_with_several_query_languages():
    sampler = TranslateTrainSampler("de", query_languages=["ar", "de", "en"], language_weights={"en": 2})
    plan = sampler.plan(full(200), batch_size=10)
    assert plan.kind(0) == "mixed"
    count = Counter(query for t in range(400) for _, query, passage in plan.batch(t) if passage == "de")
    assert chi_square([count[code] for code in ("ar", "de", "en")], [0.25, 0.25, 0.5]) < 13.8


def test_translate_train_on_both_sides_is_monolingual_and_draws_no_translation_group():
    sampler = TranslateTrainSampler("de", query_languages=["de"])
    plan = sampler.plan(full(20, translation=[True] * 10 + [False] * 10), batch_size=10)
    assert plan.kind(0) == "mono"
    assert {item for item, _, _ in plan.batch(0)} == set(range(10, 20))
    with pytest.raises(ValueError, match="10 groups have a passage in 'de' and a query in de, fewer than"):
        sampler.plan(full(20, translation=[True] * 10 + [False] * 10), batch_size=11)


def test_translation_groups_are_cross_lingual_only():
    pairs = full(30, translation=[True] * 15 + [False] * 15)
    for sampler in (MonoSampler(), MixedSampler(), MultiPositiveSampler(CrossSampler())):
        plan = sampler.plan(pairs, batch_size=15)
        for t in range(30):
            assert all(query != passage or item >= 15 for item, query, passage in plan.batch(t))


def test_a_hybrid_plan_has_the_kinds_and_batches_of_its_samplers():
    pairs = full(60)
    parts = {"mixed": MixedSampler(), "cross": TranslateTrainSampler("de")}
    plan = HybridSampler(0.5, mono=parts["mixed"], cross=parts["cross"]).plan(pairs, batch_size=10, seed=2)
    plans = {kind: sampler.plan(pairs, batch_size=10, seed=2) for kind, sampler in parts.items()}
    assert {plan.kind(t) for t in range(50)} == {"mixed", "cross"}
    assert all(plan.batch(t) == plans[plan.kind(t)].batch(t) for t in range(50))


def test_a_hybrid_in_a_hybrid_chooses_independently():
    plan = HybridSampler(0.5, mono=HybridSampler(0.5), cross=MixedSampler()).plan(full(20), batch_size=4)
    count = Counter(plan.kind(t) for t in range(4000))
    assert chi_square([count["mono"], count["cross"], count["mixed"]], [0.25, 0.25, 0.5]) < 13.8


def test_length_grouped_batches_are_parts_of_the_draw():
    pairs = with_texts(full(200))
    sampler = LengthGroupedSampler(HybridSampler(0.5), pool=4)
    plan = sampler.plan(pairs, batch_size=10, seed=1)
    inner = HybridSampler(0.5).plan(pairs, batch_size=40, seed=1)
    parts = Counter()
    for t in range(400):
        drawn, batch = inner.batch(t), plan.batch(t)
        assert plan.kind(t) == inner.kind(t)
        assert [row for row in drawn if row in batch] == batch
        lengths = sorted(map(pairs.length, drawn))
        batch_lengths = sorted(map(pairs.length, batch))
        matches = [part for part in range(4) if lengths[part * 10 : part * 10 + 10] == batch_lengths]
        assert matches
        parts[matches[0]] += 1
    assert chi_square([parts[part] for part in range(4)], [0.25] * 4) < 16.3


def test_length_grouping_changes_no_probability():
    pairs = with_texts(full(50, languages=1))
    plan = LengthGroupedSampler(MonoSampler(), pool=3).plan(pairs, batch_size=5, seed=1)
    count = Counter(item for t in range(2000) for item, _, _ in plan.batch(t))
    assert chi_square([count[item] for item in range(50)], [1 / 50] * 50) < 85.4  # p = .001 with 49 degrees of freedom


def test_texts_of_equal_length():
    pairs = full(30)
    pairs.query = pairs.passage = lambda item, language: "text"
    assert_valid(pairs, LengthGroupedSampler(CrossSampler(), pool=3).plan(pairs, batch_size=10).batch(0), 10, "cross")


def grouped(batch):
    """The rows of each item, which must follow each other."""
    rows, last = {}, None
    for item, *languages in batch:
        assert item not in rows or item == last
        rows.setdefault(item, []).append(tuple(languages))
        last = item
    return rows


@settings(max_examples=60, deadline=None)
@given(
    pairs=stores(),
    positives=st.sampled_from([None, 1, 2, 3]),
    inner=st.sampled_from([CrossSampler(), MonoSampler(), MixedSampler()]),
    size=st.integers(1, 10),
    t=st.integers(0, 99),
)
def test_items_of_a_multi_positive_batch_have_all_their_translations(pairs, positives, inner, size, t):
    try:
        drawn = inner.plan(pairs, batch_size=size, seed=1)
    except ValueError:
        return
    plan = MultiPositiveSampler(inner, positives=positives).plan(pairs, batch_size=size, seed=1)
    batch = plan.batch(t)
    assert_valid(pairs, batch, size, plan.kind(t), repeats=True)
    rows = grouped(batch)
    first = {item: languages for item, *languages in drawn.batch(t)}
    passages = {passage for _, passage in drawn.languages}
    for position, (item, languages) in enumerate(rows.items()):
        assert list(languages[0]) == first[item]
        assert len({query for query, _ in languages}) == 1
        assert len({passage for _, passage in languages}) == len(languages)
        able = {code for column, code in enumerate(pairs.languages) if pairs.has_passage[item, column]} & passages
        able -= {languages[0][0]} if pairs.is_translation[item] else set()
        wanted = len(able) if positives is None else min(positives, len(able))
        if position < len(rows) - 1:
            assert len(languages) == wanted
        assert len(languages) <= wanted


def test_extra_passages_are_uniform_over_languages():
    plan = MultiPositiveSampler(CrossSampler(), positives=2).plan(full(100), batch_size=10, seed=1)
    count = Counter()
    for t in range(600):
        for (query, drawn), (_, extra) in grouped(plan.batch(t)).values():
            count[extra == query] += 1
            assert extra != drawn
    assert chi_square([count[True], count[False]], [1 / 3, 2 / 3]) < 10.8  # p = .001 with 1 degree of freedom


def test_one_positive_is_the_other_sampler():
    pairs = full(40)
    plan = MultiPositiveSampler(HybridSampler(), positives=1).plan(pairs, batch_size=10, seed=3)
    inner = HybridSampler().plan(pairs, batch_size=10, seed=3)
    for t in range(20):
        assert plan.batch(t) == inner.batch(t) and plan.kind(t) == inner.kind(t)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: LengthGroupedSampler("mono"), TypeError, "sampler='mono' is no sampler"),
    (lambda: LengthGroupedSampler(MonoSampler), TypeError, "no sampler"),
    (lambda: LengthGroupedSampler(MonoSampler(), pool=1), ValueError, "pool=1: it must be at least 2"),
    (lambda: LengthGroupedSampler(MonoSampler(), pool=2.5), TypeError, "pool=2.5 is float"),
    (lambda: MultiPositiveSampler(positives=0), ValueError, "positives=0"),
    (lambda: HybridSampler(mono="mono"), TypeError, "mono='mono' is no sampler"),
    (lambda: TranslateTrainSampler(["de"]), TypeError, "must be one code"),
    (lambda: TranslateTrainSampler("de", query_languages="en"), TypeError, r"\['en'\]"),
    (lambda: TranslateTrainSampler("xx").plan(full(9), batch_size=2), ValueError, "language= names 'xx'"),
    (lambda: TranslateTrainSampler("de", query_languages=["xx"]).plan(full(9), batch_size=2), ValueError,
     "query_languages= names 'xx'"),
    (lambda: LengthGroupedSampler(MonoSampler(), pool=4).plan(full(9), batch_size=3), ValueError,
     "batch_size=12.*pool=4 batches of batch_size=3"),
    (lambda: LengthGroupedSampler(MultiPositiveSampler()).plan(full(99), batch_size=3), ValueError, "outermost"),
    (lambda: MultiPositiveSampler(HybridSampler(cross=MultiPositiveSampler())).plan(full(9), batch_size=3), ValueError,
     "outermost"),
])  # fmt: skip
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_query_language_without_such_pairs():
    has_query = np.array([[False, False, True, True]] * 9)
    pairs = store(has_query, np.ones((9, 4), bool))
    with pytest.raises(ValueError, match="'ar' has no passage in 'de'"):
        TranslateTrainSampler("de", query_languages=["ar", "en"]).plan(pairs, batch_size=2)
    with pytest.raises(ValueError, match="no item of non-zero weight has a passage in 'de' and a query in ar"):
        TranslateTrainSampler("de", query_languages=["ar"]).plan(pairs, batch_size=2)
