"""Configs of samplers, and alpha as a function of the step."""

import inspect
import json
import re
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling_stores import full

from pyterrier_hybrid.training import CosineAlpha, LinearAlpha, sampler_from
from pyterrier_hybrid.training.sampling import (
    SAMPLERS,
    CrossSampler,
    HybridSampler,
    LengthGroupedSampler,
    MixedSampler,
    MonoSampler,
    MultiPositiveSampler,
    TranslateTrainSampler,
)

codes = st.lists(st.sampled_from(["ar", "de", "en", "zh"]), min_size=1, unique=True)
weights = st.dictionaries(st.sampled_from(["de", "en"]), st.floats(0, 9), min_size=1)
weighting = st.one_of(st.sampled_from(["uniform", "proportional"]), st.floats(0.1, 99), st.just(float("inf")))
mixing = {
    "language_weights": st.one_of(weighting, weights),
    "dataset_weights": st.none() | weights,
    "dataset_mixing": weighting,
    "one_dataset_per_batch": st.booleans(),
}
alphas = st.floats(0, 1) | st.builds(
    lambda kind, *values: kind(*values), st.sampled_from([LinearAlpha, CosineAlpha]), st.floats(0, 1), st.floats(0, 1),
    st.integers(1, 9999),
)  # fmt: skip
leaves = st.one_of(
    *(st.builds(kind, languages=st.none() | codes, **mixing) for kind in (MonoSampler, CrossSampler, MixedSampler)),
    st.builds(TranslateTrainSampler, st.sampled_from(["de", "en"]), query_languages=codes, **mixing),
)
samplers = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(HybridSampler, alphas, mono=st.none() | inner, languages=codes, **mixing),
        st.builds(HybridSampler, alphas, mono=inner, cross=inner),
        st.builds(LengthGroupedSampler, inner, pool=st.integers(2, 9)),
        st.builds(MultiPositiveSampler, inner, positives=st.none() | st.integers(1, 9)),
    ),
    max_leaves=3,
)


@settings(deadline=None)
@given(samplers)
def test_a_sampler_is_its_config(sampler):
    config = json.loads(json.dumps(sampler.to_config(), allow_nan=False))
    assert sampler_from(config) == sampler
    assert hash(sampler_from(config)) == hash(sampler)
    assert eval(repr(sampler)) == sampler  # noqa: S307


@pytest.mark.parametrize(("name", "printed", "kind"), [
    ("mono", "X-X-mono", MonoSampler),
    ("cross", "X-Y", CrossSampler),
    ("hybrid", "Hybrid", HybridSampler),
    ("mixed", "X-X", MixedSampler),
    ("multi-positive", "Multi-positive", MultiPositiveSampler),
])  # fmt: skip
def test_names(name, printed, kind):
    assert kind.name == printed
    for spelling in (name, printed, name.upper(), {"name": name}, {"name": printed}):
        assert sampler_from(spelling) == kind()


@pytest.mark.parametrize("kind", SAMPLERS)
def test_docstrings_describe_every_setting_once(kind):
    described = re.findall(r"^ {4}(\w+): ", inspect.getdoc(kind).split("Args:\n")[1].split("\n\n")[0], re.MULTILINE)
    assert sorted(described) == sorted(field.name for field in fields(kind))


def test_settings_are_written_in_a_fixed_order():
    weights = ["language_weights", "dataset_weights", "dataset_mixing", "one_dataset_per_batch"]
    settings = {"languages": ["de"], "dataset_weights": {"a": 1}}
    assert list(MonoSampler(**settings).to_config()) == ["name", "languages", *weights]
    hybrid = HybridSampler(0.4, mono=MonoSampler(), **settings)
    assert list(hybrid.to_config()) == ["name", "alpha", "mono", "languages", *weights]
    assert repr(hybrid) == "HybridSampler(alpha=0.4, mono=MonoSampler(), languages=('de',), dataset_weights={'a': 1})"
    translate = TranslateTrainSampler("de", dataset_weights={"a": 1})
    assert list(translate.to_config()) == ["name", "language", "query_languages", *weights]


def test_samplers_in_samplers():
    config = {
        "name": "multi-positive",
        "sampler": {
            "name": "length-grouped",
            "pool": 4,
            "sampler": {
                "name": "Hybrid",
                "alpha": {"name": "cosine", "start": 1, "end": 0.5, "steps": 10},
                "mono": "X-X",
                "cross": {"name": "translate-train", "language": "de"},
            },
        },
    }
    hybrid = HybridSampler(CosineAlpha(1, 0.5, 10), mono=MixedSampler(), cross=TranslateTrainSampler("de"))
    assert sampler_from(config) == MultiPositiveSampler(LengthGroupedSampler(hybrid, pool=4))


@pytest.mark.parametrize(("config", "error", "message"), [
    ("momo", ValueError, "no sampler named 'momo': did you mean mono\\? the names are mono, cross, "),
    ({"alpha": 0.5}, ValueError, "does not name its kind of sampler: write it as {name: mono}"),
    (["mono"], TypeError, "list: a sampler is a name, or a mapping"),
    ({"name": "mono", "langs": ["de"]}, ValueError, "mono has no field 'langs': did you mean languages"),
    ("translate-train", ValueError, "translate-train needs the field 'language'"),
    ({"name": "hybrid", "mono": "momo"}, ValueError, "^mono: there is no sampler named 'momo'"),
    ({"name": "multi-positive", "sampler": {"name": "hybrid", "cross": {"name": "X-Y", "a": 1}}}, ValueError,
     "^sampler: cross: X-Y has no field 'a'"),
    ({"name": "hybrid", "mono": 3}, TypeError, "mono=3 is no sampler"),
    ({"name": "hybrid", "alpha": "half"}, TypeError, "alpha='half' is str"),
    ({"name": "hybrid", "alpha": {"name": "line"}}, ValueError,
     "no alpha named 'line': did you mean linear\\? the names are linear, cosine$"),
    ({"name": "hybrid", "alpha": {"linear": [1, 0.5]}}, ValueError,
     "does not name its kind of alpha: write it as {name: linear, start: ..., end: ..., steps: ...}"),
    ({"name": "hybrid", "alhpa": 1}, ValueError, "did you mean alpha"),
    ({"name": "hybrid", "alpha": {"name": "linear", "start": 2, "end": 0, "steps": 5}}, ValueError, "start=2 is"),
])  # fmt: skip
def test_bad_configs(config, error, message):
    with pytest.raises(error, match=message):
        sampler_from(config)


def test_settings_without_a_config():
    with pytest.raises(TypeError, match="HybridSampler.alpha=.* cannot be written"):
        HybridSampler(lambda t: 0.5).to_config()

    class Own:
        name = "Own"

        def plan(self, pairs, *, batch_size=100, seed=0):
            raise NotImplementedError

    with pytest.raises(TypeError, match="MultiPositiveSampler.sampler=.* cannot be written"):
        MultiPositiveSampler(Own()).to_config()


def test_the_probability_of_mono_batches_follows_alpha():
    plan = HybridSampler(LinearAlpha(0.9, 0.1, steps=4000)).plan(full(10), batch_size=2, seed=1)
    kinds = np.array([plan.kind(t) == "mono" for t in range(6000)])
    for part, expected in enumerate([0.8, 0.6, 0.4, 0.2, 0.1, 0.1]):
        share = kinds[part * 1000 : part * 1000 + 1000].mean()
        assert abs(share - expected) < 3.5 * np.sqrt(expected * (1 - expected) / 1000)


def test_a_constant_curriculum_is_the_constant():
    pairs = full(30)
    plan, curriculum = (
        HybridSampler(alpha).plan(pairs, batch_size=5, seed=1) for alpha in (0.5, LinearAlpha(0.5, 0.5, steps=1))
    )
    assert all(plan.batch(t) == curriculum.batch(t) for t in range(50))


@settings(deadline=None)
@given(st.sampled_from([LinearAlpha, CosineAlpha]), st.floats(0, 1), st.floats(0, 1), st.integers(1, 99))
def test_alphas_go_from_start_to_end(kind, start, end, steps):
    alpha = kind(start, end, steps)
    values = [alpha(t) for t in range(steps + 3)]
    assert values[0] == start and values[steps:] == pytest.approx([end] * 3)
    signs = np.diff(values) * (1 if end >= start else -1)
    assert (signs >= -1e-12).all() and min(values) >= 0 and max(values) <= 1


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan"), None, True, "0.5"])
def test_a_bad_alpha_names_its_step(value):
    plan = HybridSampler(lambda t: value if t == 7 else 0.5).plan(full(10), batch_size=2)
    assert len(plan.batch(6)) == 2
    for call in (plan.batch, plan.kind):
        with pytest.raises(ValueError, match=rf"alpha is {value!r} at step 7"):
            call(7)


@pytest.mark.parametrize("steps", [0, 1.5, True])
def test_bad_steps(steps):
    with pytest.raises(ValueError, match=f"steps={steps}"):
        LinearAlpha(0, 1, steps)
