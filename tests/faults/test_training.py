"""Trainings: every option is honoured or refused, nothing is learned by mistake, damage is found, nothing is lost."""

import dataclasses
import json
import os
import pickle
import random
import resource
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments
from transformers.utils import logging

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.training import HybridTrainer, InfoNCE
from pyterrier_hybrid.training.loop.arguments import DECISIVE, HARMLESS, REFUSED
from pyterrier_hybrid.training.loop.checkpoints import Checkpoints
from pyterrier_hybrid.training.loop.config import OPTION_NAMES
from pyterrier_hybrid.training.loop.tokens import CachedTexts
from pyterrier_hybrid.training.loop.training import check_options
from pyterrier_hybrid.utils.checksums import file_facts, sealed
from pyterrier_hybrid.utils.json_files import write_json

COLOURS = {"de": ["rot", "blau", "grün", "gelb"], "en": ["red", "blue", "green", "yellow"]}
THINGS = {"de": ["Haus", "Baum", "Hund", "Schiff"], "en": ["house", "tree", "dog", "ship"]}
FAST = {"batch_size": 4, "max_steps": 2, "learning_rate": 1e-2, "temperature": 0.1, "bf16": False, "verbose": False}


@pytest.fixture(scope="module")
def pairs():
    """16 items in two languages, each with a hard negative."""
    items = []
    for c in range(4):
        for t in range(4):
            queries = {code: f"{COLOURS[code][c]}, {THINGS[code][t]}?" for code in COLOURS}
            passages = {code: f"{THINGS[code][t]} {COLOURS[code][c]} " * (1 + c) for code in COLOURS}
            negatives = {code: [f"{THINGS[code][t]} {COLOURS[code][c]} no"] for code in COLOURS}
            items.append(Item(f"{c}{t}", None, "toy", queries, passages, False, negatives))
    return ph.ParallelPairs(items)


@pytest.fixture(scope="module")
def static(pairs):
    return ph.DenseEncoder.from_scratch(pairs.texts(), dim=16, vocab_size=90)


@pytest.fixture(scope="module")
def transformer(pairs):
    return ph.DenseEncoder.from_scratch(
        pairs.texts(), architecture="transformer", dim=16, layers=2, heads=2, vocab_size=90
    )


def weights(encoder):
    return encoder.copy_module().state_dict()


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# Fields of TrainingArguments


def test_every_field_of_training_arguments_is_known():
    """A field that a later version of transformers adds is refused by ``train`` until it is in one of the lists."""
    fields = {field.name for field in dataclasses.fields(TrainingArguments)}
    listed = [*DECISIVE, *HARMLESS, *REFUSED, *OPTION_NAMES]
    assert not fields - set(listed)
    assert len(listed) == len(set(listed))


# A value for every field that train passes on; None: it needs a GPU, several processes or another package.
HONOURED = {
    "activation_checkpointing": None, "gradient_checkpointing": None, "adam_beta1": 0.8, "adam_beta2": 0.9,
    "adam_epsilon": 1e-6, "eval_delay": 1, "fp16": None, "full_determinism": True, "gradient_accumulation_steps": 2,
    "logging_first_step": True, "logging_steps": 2, "lr_scheduler_kwargs": {"num_cycles": 1},
    "lr_scheduler_type": "cosine", "max_grad_norm": 0.1, "optim": "sgd", "optim_args": "foreach=False",
    "optim_target_modules": None, "tf32": None, "dataloader_multiprocessing_context": "fork",
    "dataloader_num_workers": 1, "dataloader_prefetch_factor": 3, "ddp_backend": "gloo", "ddp_broadcast_buffers": True,
    "ddp_bucket_cap_mb": 10, "ddp_find_unused_parameters": True, "ddp_static_graph": True, "ddp_timeout": 100,
    "debug": "underflow_overflow", "log_level": "error", "log_level_replica": "error", "log_on_each_node": False,
    "project": "p", "report_to": "none", "run_name": "r", "skip_memory_metrics": True, "torch_empty_cache_steps": 1,
    "trackio_bucket_id": "b", "trackio_space_id": "s", "trackio_static_space_id": "s",
}  # fmt: skip
TOGETHER = {
    "lr_scheduler_kwargs": {"lr_scheduler_type": "cosine"},
    "dataloader_multiprocessing_context": {"dataloader_num_workers": 1},
    "dataloader_prefetch_factor": {"dataloader_num_workers": 1},
}


def test_every_field_that_is_passed_on_is_tried():
    assert set(HONOURED) == {*DECISIVE, *HARMLESS}


@pytest.mark.parametrize("name", [name for name, value in HONOURED.items() if value is not None])
def test_fields_that_are_passed_on(pairs, static, usual, name):
    options = {**FAST, name: HONOURED[name], **TOGETHER.get(name, {})}
    more = {"validation": rising(), "eval_steps": 1} if name == "eval_delay" else {}
    trained = ph.train(static, pairs, ph.MonoSampler(), **more, **options)
    assert not equal(weights(trained), weights(static))
    if name in HARMLESS:
        assert equal(weights(trained), usual)


def rising():
    """A validator that finds every encoder better than the one before."""
    calls = []
    return lambda _: calls.append(1) or len(calls)


@pytest.fixture(scope="module")
def usual(pairs, static):
    return weights(ph.train(static, pairs, ph.MonoSampler(), **FAST))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_fields_that_are_refused(pairs, static, name):
    with pytest.raises(TypeError, match=f"^{name} is not for train: .{{10}}"):
        ph.train(static, pairs, ph.MonoSampler(), **FAST, **{name: 1})


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("gradient_checkpointing", {}),
        ("activation_checkpointing", {"gradient_caching": True, "chunk_size": 3}),
        ("gradient_checkpointing", {"freeze_token_embeddings": True}),
    ],
)
def test_gradient_checkpointing_changes_no_bit(pairs, transformer, name, more):
    options = {**FAST, "dropout": 0.1, **more}
    computed = []
    part = type(transformer.copy_module().backbone.model.encoder.layer[0].intermediate)
    forward = part.forward
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "forward", lambda self, *a, **o: computed.append(1) or forward(self, *a, **o))
        trained = ph.train(transformer, pairs, ph.HybridSampler(), **options, **{name: True})
        count = len(computed)
        computed.clear()
        usual = ph.train(transformer, pairs, ph.HybridSampler(), **options)
    assert count > len(computed)
    assert equal(weights(usual), weights(trained))
    # The trained encoder does not keep the setting.
    model = trained.copy_module().backbone.model
    assert not any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
    assert model.config.to_dict() == transformer.copy_module().backbone.model.config.to_dict()


def test_gradient_checkpointing_of_a_static_encoder(pairs, static):
    with pytest.raises(ValueError, match="gradient_checkpointing=True: a static encoder has no layers"):
        ph.train(static, pairs, ph.MonoSampler(), **FAST, gradient_checkpointing=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temprature": 0.1}, "train has no option 'temprature': did you mean temperature?"),
        ({"Batch_Size": 0.1}, "train has no option 'Batch_Size': did you mean batch_size?"),
        ({"gradient_acumulation_steps": 2}, "did you mean gradient_accumulation_steps?"),
        ({"zzz": 2}, "train has no option 'zzz', nor does transformers.TrainingArguments"),
    ],
)
def test_misspelt_options(pairs, static, options, message):
    with pytest.raises(TypeError, match=message.replace("?", r"\?")):
        ph.train(static, pairs, ph.MonoSampler(), **options)


BAD = [
    ({"max_steps": None}, TypeError, "max_steps=None is NoneType, not a whole number"),
    ({"batch_size": None}, TypeError, "batch_size=None"),
    ({"learning_rate": None}, TypeError, "learning_rate=None is NoneType, not a number"),
    ({"learning_rate": -1}, ValueError, "learning_rate=-1: it must be positive and finite"),
    ({"learning_rate": 0}, ValueError, "learning_rate=0: it must be positive"),
    ({"learning_rate": float("nan")}, ValueError, "learning_rate=nan"),
    ({"learning_rate": "1e-3"}, TypeError, "learning_rate='1e-3' is str"),
    ({"weight_decay": -0.1}, ValueError, "weight_decay=-0.1: it must be at least 0"),
    ({"weight_decay": float("inf")}, ValueError, "weight_decay=inf"),
    ({"warmup_steps": -1}, ValueError, "warmup_steps=-1"),
    ({"warmup_steps": 2.5}, ValueError, "warmup_steps=2.5: give a whole number of steps"),
    ({"warmup_steps": None}, TypeError, "warmup_steps=None"),
    ({"temperature": float("nan")}, ValueError, "temperature=nan"),
    ({"temperature": True}, TypeError, "temperature=True is bool"),
    ({"margin": float("inf")}, ValueError, "margin=inf"),
    ({"learn_temperature": 1}, TypeError, "learn_temperature=1 is int: it must be True or False"),
    ({"symmetric": "no"}, TypeError, "symmetric='no' is str"),
    ({"bf16": "yes"}, TypeError, "bf16='yes'"),
    ({"gradient_caching": None}, TypeError, "gradient_caching=None"),
    ({"verbose": "no"}, TypeError, "verbose='no'"),
    ({"dimensions": [8, 0]}, ValueError, "dimensions=0: it must be at least 1"),
    ({"dimensions": [8.5]}, TypeError, "dimensions=8.5 is float"),
    ({"dimensions": 8}, TypeError, "dimensions=8 is int: pass a list"),
    ({"hard_negatives": None}, TypeError, "hard_negatives=None"),
    ({"mask": "page"}, ValueError, "mask='page' is unknown: choose one of document, passage, item"),
    ({"mask": None}, ValueError, "mask=None is unknown"),
    ({"dropout": 1}, ValueError, "dropout=1: it must be at least 0 and below 1"),
    ({"dropout": -0.1}, ValueError, "dropout=-0.1"),
    ({"dropout": "none"}, TypeError, "dropout='none'"),
    ({"validation_batches": 0}, ValueError, "validation_batches=0"),
    ({"validation": ph.LanguageValidation}, TypeError, "validation is the class LanguageValidation"),
    ({"validation_sampler": "mono"}, TypeError, "validation_sampler='mono' is no sampler"),
    ({"eval_steps": 5}, ValueError, "eval_steps=5 has no effect without validation"),
    ({"validation_sampler": ph.MonoSampler()}, ValueError, "has no effect without validation"),
    ({"validation_sampler": ph.MonoSampler(), "validation": len}, ValueError, "where validation is a function"),
    ({"seed": None}, TypeError, "seed=None"),
    ({"seed": -1}, ValueError, "seed=-1"),
    ({"output": 3}, TypeError, "output=3: it must be the path of a folder"),
    ({"output": ""}, TypeError, "output=''"),
    ({"token_cache": 3}, TypeError, "token_cache=3"),
    ({"max_grad_norm": -1}, ValueError, "max_grad_norm=-1"),
    ({"gradient_accumulation_steps": None}, TypeError, "gradient_accumulation_steps=None"),
    ({"logging_steps": 0.5}, TypeError, "logging_steps=0.5"),
    ({"gradient_checkpointing": "full"}, TypeError, "gradient_checkpointing='full'"),
    ({"batch_size": 1}, ValueError, "batch_size=1: the negatives of a query are"),
]


@pytest.mark.parametrize(
    ("options", "error", "message"), BAD, ids=[f"{next(iter(o))}-{n}" for n, (o, *_) in enumerate(BAD)]
)
def test_options_are_checked_before_there_is_anything_to_train(options, error, message):
    with pytest.raises(error) as raised:
        check_options(options)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optim": "adamw_bnb_8bit"}, "bitsandbytes"),
        ({"optim": "adam"}, "adam"),
        ({"lr_scheduler_type": "zigzag"}, "zigzag"),
        ({"lr_scheduler_type": "reduce_lr_on_plateau"}, "requires an eval strategy"),
        ({"lr_scheduler_kwargs": {"cycles": 3}, "lr_scheduler_type": "cosine"}, "cycles"),
        ({"adam_beta1": 1.5}, "Invalid beta"),
        ({"adam_epsilon": -1.0}, "Invalid epsilon"),
        ({"adam_beta1": "high"}, "not supported between"),
        ({"report_to": "notebook"}, "notebook"),
        ({"dataloader_prefetch_factor": 2}, "dataloader_num_workers"),
    ],
)
def test_what_the_trainer_refuses_is_refused_before_anything_is_computed(pairs, static, tmp_path, options, message):
    with pytest.raises(ValueError, match="the Trainer refuses these options: ") as error:
        ph.train(static, pairs, ph.MonoSampler(), **FAST, **options, token_cache=tmp_path / "tokens")
    assert message in str(error.value)
    assert not (tmp_path / "tokens").exists()


# numpy's numbers


def test_numbers_of_numpy_train_and_are_recorded(pairs, static, tmp_path):
    options = {
        "batch_size": np.int64(4), "max_steps": np.int32(2), "learning_rate": np.float64(1e-2),
        "weight_decay": np.float32(0.5), "warmup_steps": np.float64(0.25), "temperature": np.float64(0.5),
        "margin": np.float32(0.25), "learn_temperature": np.bool_(True), "symmetric": np.bool_(True),
        "dimensions": np.array([16, 8]), "hard_negatives": np.int8(1), "dropout": np.float16(0.25),
        "bf16": np.bool_(False), "chunk_size": np.int64(3), "validation": lambda _: np.float32(0.5),
        "eval_steps": np.int64(1), "patience": np.int64(2), "save_steps": np.int64(1), "seed": np.uint32(3),
        "verbose": np.bool_(False), "max_grad_norm": np.float32(0.5), "gradient_accumulation_steps": np.int64(2),
        "logging_steps": np.int64(1), "adam_beta2": np.float64(0.9), "adam_epsilon": np.float32(2.0**-20),
        "mask": np.str_("item"),
    }  # fmt: skip
    trained = ph.train(static, pairs, ph.HybridSampler(np.float64(0.5)), **options, output=tmp_path / "numpy")
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in options.items()}
    usual = ph.train(static, pairs, ph.HybridSampler(0.5), **{**plain, "dimensions": [16, 8]}, output=tmp_path / "own")
    assert equal(weights(trained), weights(usual))
    ours, theirs = (json.loads((tmp_path / name / "training.json").read_text()) for name in ("numpy", "own"))
    for record in (ours, theirs):
        assert record.pop("seconds") >= 0
        del record["log"], record["validation"]
    assert ours == theirs


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda n: ph.HybridSampler(n(0.5)), ph.HybridSampler(0.5)),
        (lambda n: ph.HybridSampler(ph.LinearAlpha(n(1.0), n(0.5), steps=np.int64(9))),
         ph.HybridSampler(ph.LinearAlpha(1.0, 0.5, steps=9))),
        (lambda n: ph.MonoSampler(language_weights=n(2.0)), ph.MonoSampler(language_weights=2.0)),
        (lambda n: ph.MonoSampler(language_weights={"de": n(2.0)}), ph.MonoSampler(language_weights={"de": 2.0})),
        (lambda n: ph.MonoSampler(dataset_weights={"t*": n(0.5)}), ph.MonoSampler(dataset_weights={"t*": 0.5})),
        (lambda n: ph.MonoSampler(one_dataset_per_batch=np.bool_(True)), ph.MonoSampler(one_dataset_per_batch=True)),
        (lambda n: ph.MonoSampler(languages=np.array(["de"])), ph.MonoSampler(languages=["de"])),
        (lambda n: ph.MultiPositiveSampler(positives=np.int64(2)), ph.MultiPositiveSampler(positives=2)),
        (lambda n: ph.LengthGroupedSampler(pool=np.int64(2)), ph.LengthGroupedSampler(pool=2)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_samplers_with_numbers_of_numpy_are_the_same_samplers(ours, theirs, kind):
    assert repr(ours(kind)) == repr(theirs) and ours(kind) == theirs
    assert json.dumps(ours(kind).to_config()) == json.dumps(theirs.to_config())


def test_a_sweep_and_a_recipe_with_numbers_of_numpy(pairs, static, tmp_path):
    results = ph.sweep(
        static, pairs, evaluate=lambda _: np.float32(0.5), output=tmp_path, alpha=np.linspace(0, 1, 2),
        seeds=np.arange(2), **{**FAST, "temperature": np.float64(0.1), "batch_size": np.int64(4)},
    )  # fmt: skip
    assert len(results.frame) == 4
    again = {"temperature": 0.1, "batch_size": 4}
    ph.sweep(static, pairs, evaluate=lambda _: 1 / 0, output=tmp_path, alpha=[0, 1], seeds=[0, 1], **{**FAST, **again})
    recipe = ph.Recipe(
        name="a", encoder={"from_scratch": "static", "dim": np.int64(8)}, pairs={"sources": ["atlas/train"]},
        sampler={"name": "hybrid", "alpha": np.float64(0.5)}, seed=np.int64(3),
        training={"max_steps": np.int64(3), "temperature": np.float32(0.5), "symmetric": np.bool_(True)},
    )  # fmt: skip
    assert recipe.training == {"max_steps": 3, "temperature": 0.5, "symmetric": True} and type(recipe.seed) is int
    assert "np." not in recipe.to_yaml()


def test_a_loss_with_numbers_of_numpy():
    loss = InfoNCE(temperature=np.float64(0.1), margin=np.float32(0.5), dimensions=np.array([4, 2]))
    assert json.dumps([loss.temperature, loss.margin, loss.dimensions]) == "[0.1, 0.5, [4, 2]]"
    with pytest.raises(TypeError, match="temperature='0.1' is str, not a number"):
        InfoNCE(temperature="0.1")


# Trainings that learn nothing


def test_one_step_learns(pairs, static):
    trained = ph.train(static, pairs, ph.MonoSampler(), **{**FAST, "max_steps": 1})
    assert not equal(weights(trained), weights(static))
    rates = [row["learning_rate"] for row in trained.training["log"] if "learning_rate" in row]
    assert rates == [FAST["learning_rate"]]


def test_longer_trainings_keep_their_schedule(pairs, static):
    trained = ph.train(static, pairs, ph.MonoSampler(), **{**FAST, "max_steps": 4, "warmup_steps": 0.5})
    rates = [row["learning_rate"] for row in trained.training["log"] if "learning_rate" in row]
    assert rates == [0.0, 0.005, 0.01, 0.005]


def test_batches_without_negatives(pairs, static):
    with pytest.raises(ValueError, match="batch_size=2: with MultiPositiveSampler.* there are no negatives"):
        ph.train(static, pairs, ph.MultiPositiveSampler(), **{**FAST, "batch_size": 2})
    with pytest.raises(ValueError, match="batch_size=1: the loss on held-out pairs would be 0"):
        ph.train(static, pairs, ph.MonoSampler(), **{**FAST, "batch_size": 1, "hard_negatives": 1}, validation=pairs)
    trained = ph.train(static, pairs, ph.MonoSampler(), **{**FAST, "batch_size": 1, "hard_negatives": 1})
    assert not equal(weights(trained), weights(static))


def test_clipping_is_documented_and_can_be_switched_off(pairs, static):
    assert "max_grad_norm" in ph.train.__doc__
    options = {**FAST, "max_steps": 3, "temperature": 0.001, "optim": "sgd"}
    usual = ph.train(static, pairs, ph.MonoSampler(), **options)
    clipped = ph.train(static, pairs, ph.MonoSampler(), **options, max_grad_norm=1.0)
    free = ph.train(static, pairs, ph.MonoSampler(), **options, max_grad_norm=0)
    assert equal(weights(usual), weights(clipped)) and not equal(weights(usual), weights(free))


# The caller's state


def state():
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    return python, [str(part) for part in numpy], cpu.tolist()


def test_the_callers_random_state_stays(pairs, static, transformer, tmp_path):
    def make_new():
        ph.DenseEncoder.from_scratch(
            pairs.texts(), architecture="transformer", dim=8, layers=1, heads=1, vocab_size=90, seed=3
        )

    def reseed(_):
        torch.manual_seed(0), np.random.seed(0), random.seed(0)
        return 1.0

    def fail(_):
        raise KeyError("evaluation")

    def train(**options):
        ph.train(transformer, pairs, ph.HybridSampler(), **FAST, **options)

    def train_and_fail():
        with pytest.raises(KeyError):
            train(validation=fail)

    def sweep():
        ph.sweep(static, pairs, evaluate=reseed, output=tmp_path / "sweep", alpha=[0], **FAST)

    def open_saved():
        static.save(tmp_path / "saved")
        ph.DenseEncoder(tmp_path / "saved")

    for act in (make_new, train, lambda: train(output=tmp_path / "out"), train_and_fail, sweep, open_saved):
        random.seed(5), np.random.seed(6), torch.manual_seed(7)
        np.random.standard_normal()
        before = state()
        act()
        assert state() == before, act


def test_what_the_caller_seeds_or_a_validator_draws_does_not_matter(pairs, transformer):
    def reseed(_):
        torch.manual_seed(0)
        return float(torch.rand(1)) * 0 + 1.0

    options = {**FAST, "max_steps": 4, "dropout": 0.3, "eval_steps": 1, "patience": None}
    found = []
    for seed, validation in ((1, reseed), (2, lambda _: 1.0)):
        torch.manual_seed(seed)
        log = ph.train(transformer, pairs, ph.HybridSampler(), **options, validation=validation).training["log"]
        found.append([row["loss"] for row in log if "loss" in row])
    assert found[0] == found[1]


@pytest.fixture
def new_precision_flag():
    """Set a flag of torch 2.9, after which the older ones cannot be read."""
    matmul = torch.backends.cuda.matmul
    before = getattr(matmul, "fp32_precision", None)
    if before is not None:
        matmul.fp32_precision = "tf32"
    yield
    if before is not None:
        matmul.fp32_precision = before


@pytest.mark.usefixtures("new_precision_flag")
def test_the_callers_settings_stay(pairs, static, monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before = logging.get_verbosity()
    ph.train(static, pairs, ph.MonoSampler(), **FAST, full_determinism=True, log_level="debug")
    assert logging.get_verbosity() == before
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


# Checkpoints


class InterruptError(Exception):
    pass


SAVING = {**FAST, "max_steps": 12, "save_steps": 4, "logging_steps": 1}


def interrupt(encoder, pairs, output, *, at, **options):
    """Leave the checkpoints of a training that was interrupted at a batch."""
    compute = HybridTrainer.compute_loss

    def compute_or_raise(self, model, inputs, *args, **rest):
        if inputs["t"] == at and model.training:
            raise InterruptError
        return compute(self, model, inputs, *args, **rest)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(InterruptError):
        patch.setattr(HybridTrainer, "compute_loss", compute_or_raise)
        ph.train(encoder, pairs, ph.HybridSampler(), **{**SAVING, **options}, output=output)


FILES = ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json",
         "training_args.bin", "complete.json"]  # fmt: skip


def flip(path, position=0.5):
    """Change one bit."""
    data = bytearray(path.read_bytes())
    data[int(position * (len(data) - 1))] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


@pytest.fixture(scope="module")
def whole(pairs, transformer, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole") / "out"
    ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=output)
    return load_file(output / "model.safetensors")


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", FILES)
def test_damage_to_the_last_checkpoint_falls_back_to_the_one_before(
    pairs, transformer, tmp_path, whole, interrupted, damage, name
):
    shutil.copytree(interrupted, tmp_path / "out.checkpoints")
    last = tmp_path / "out.checkpoints" / "checkpoint-8"
    assert {path.name for path in last.iterdir()} == set(FILES)
    damage(last / name)
    if name == "complete.json" and damage is Path.unlink:
        # As after a kill while the checkpoint was written.
        assert Checkpoints(tmp_path / "out").latest().name == "checkpoint-4"
        return
    with pytest.warns(UserWarning, match=rf"checkpoint-8 is damaged \({name}.*\): training resumes from step 4"):
        assert Checkpoints(tmp_path / "out").latest().name == "checkpoint-4"


@pytest.fixture(scope="module")
def interrupted(pairs, transformer, tmp_path_factory):
    output = tmp_path_factory.mktemp("interrupted") / "out"
    interrupt(transformer, pairs, output, at=9)
    return output.with_name("out.checkpoints")


@pytest.mark.parametrize("damaged", [["checkpoint-8"], ["checkpoint-4", "checkpoint-8"]])
def test_a_training_with_damaged_checkpoints_ends_as_if_never_interrupted(
    pairs, transformer, tmp_path, whole, interrupted, damaged
):
    shutil.copytree(interrupted, tmp_path / "out.checkpoints")
    for name in damaged:
        flip(tmp_path / "out.checkpoints" / name / "optimizer.pt")
    start = "step 4" if len(damaged) == 1 else "the start"
    with pytest.warns(UserWarning, match=f"training resumes from {start}"):
        ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=tmp_path / "out")
    ours = load_file(tmp_path / "out" / "model.safetensors")
    assert equal(ours, whole)


def test_a_checkpoint_of_an_earlier_version_is_resumed(pairs, transformer, tmp_path, whole, interrupted):
    """Its mark has sizes only."""
    shutil.copytree(interrupted, tmp_path / "out.checkpoints")
    for checkpoint in (tmp_path / "out.checkpoints").glob("checkpoint-*"):
        (checkpoint / "complete.json").unlink()
        write_json(checkpoint / "complete.json", {path.name: path.stat().st_size for path in checkpoint.iterdir()})
    assert Checkpoints(tmp_path / "out").latest().name == "checkpoint-8"
    ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=tmp_path / "out")
    assert equal(load_file(tmp_path / "out" / "model.safetensors"), whole)


def test_any_bit_counts(interrupted, tmp_path):
    """Also those in the mark itself, wherever they are."""
    checkpoints = Checkpoints(tmp_path / "out")
    shutil.copytree(interrupted, checkpoints.folder)
    rng = np.random.default_rng(0)
    for name in FILES:
        path = checkpoints.folder / "checkpoint-8" / name
        content = path.read_bytes()
        for position in rng.random(20):
            flip(path, position)
            with pytest.warns(UserWarning, match="damaged"):
                assert checkpoints.latest().name == "checkpoint-4"
            path.write_bytes(content)
    assert checkpoints.latest().name == "checkpoint-8"


def test_damaged_best_weights_are_not_kept(pairs, static, tmp_path):
    """The best weights are of step 4, long before the last checkpoint."""
    calls = []
    options = {"validation": lambda _: calls.append(1) or -abs(len(calls) - 2), "eval_steps": 2, "save_steps": 2,
               "patience": None}  # fmt: skip
    interrupt(static, pairs, tmp_path / "out", at=9, **options)
    folder = tmp_path / "out.checkpoints"
    best = json.loads((folder / "checkpoint-8" / "trainer_state.json").read_text())["best_global_step"]
    assert best == 2 and (folder / "checkpoint-6").exists()
    flip(folder / "checkpoint-2" / "model.safetensors")
    with pytest.warns(UserWarning, match=r"checkpoint-8 is damaged \(model.safetensors.*resumes from the start"):
        assert Checkpoints(tmp_path / "out").latest() is None


def test_best_weights_that_are_damaged_during_the_training(pairs, static, tmp_path):
    def damage(_):
        for path in (tmp_path / "out.checkpoints").glob("checkpoint-2/model.safetensors"):
            flip(path)
        calls.append(1)
        return -abs(len(calls) - 2)

    calls = []
    options = {**SAVING, "max_steps": 4, "eval_steps": 2, "save_steps": 2}
    with pytest.raises(ValueError, match="checkpoint-2 has the best weights, and is damaged"):
        ph.train(static, pairs, ph.HybridSampler(), **options, validation=damage, output=tmp_path / "out")


def test_moved_checkpoints_keep_the_best_weights(pairs, static, tmp_path):
    def falling():
        calls = []
        return lambda _: calls.append(1) or -abs(len(calls) - 2)

    options = {"eval_steps": 2, "save_steps": 2, "patience": None}
    expected = ph.train(static, pairs, ph.HybridSampler(), **{**SAVING, **options}, validation=falling())
    interrupt(static, pairs, tmp_path / "one", at=9, **options, validation=falling())
    (tmp_path / "one.checkpoints").rename(tmp_path / "two.checkpoints")
    worse = lambda _: -100.0  # noqa: E731
    worse.__qualname__ = falling().__qualname__
    moved = ph.train(
        static, pairs, ph.HybridSampler(), **{**SAVING, **options}, validation=worse, output=tmp_path / "two"
    )
    assert moved.training["best_step"] == 2
    assert equal(weights(moved), weights(expected))


def test_damaged_settings(pairs, static, tmp_path):
    interrupt(static, pairs, tmp_path / "out", at=9)
    for content in (b"{", b"[1]", b"\xff\xfe", b"3"):
        (tmp_path / "out.checkpoints" / "settings.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"settings.json is damaged \(.*remove that folder"):
            ph.train(static, pairs, ph.HybridSampler(), **SAVING, output=tmp_path / "out")


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"])
def test_no_pickle_of_a_checkpoint_is_run(pairs, static, tmp_path, name):
    interrupt(static, pairs, tmp_path / "out", at=9)
    checkpoint = tmp_path / "out.checkpoints" / "checkpoint-8"
    for dump in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
        (checkpoint / "complete.json").unlink()
        dump(Malicious(tmp_path / "run"), checkpoint / name)
        write_json(checkpoint / "complete.json", sealed(file_facts(checkpoint)))
        try:
            ph.train(static, pairs, ph.HybridSampler(), **SAVING, output=tmp_path / "out")
        except (ValueError, pickle.UnpicklingError):
            pass
        assert not (tmp_path / "run").exists()
        if name == "training_args.bin":
            return


@contextmanager
def small_files(size):
    """Let no file grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_says_what_is_left_and_loses_nothing(pairs, transformer, tmp_path, whole):
    output = tmp_path / "out"
    with small_files(20_000), pytest.raises(OSError, match="checkpoint-4 could not be written.*then start again"):
        ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=output)
    assert not list(output.with_name("out.checkpoints").glob("checkpoint-*"))
    interrupt(transformer, pairs, output, at=5)
    resumable = r"checkpoint-8 could not be written.*make room, then train with .* to resume from step 4"
    with small_files(20_000), pytest.raises(OSError, match=resumable):
        ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=output)
    save = ph.DenseEncoder.save

    def save_small(self, *args, **options):
        with small_files(20_000):
            save(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="out could not be written.*from step 12"):
        patch.setattr(ph.DenseEncoder, "save", save_small)
        ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=output)
    assert [path.name for path in tmp_path.iterdir()] == ["out.checkpoints"]
    ph.train(transformer, pairs, ph.HybridSampler(), **SAVING, output=output)
    assert equal(load_file(output / "model.safetensors"), whole)


@pytest.mark.parametrize("where", ["file/out", "x" * 300, "nul\0", "deep/file2/out"])
def test_outputs_that_cannot_be_written_are_found_first(pairs, static, tmp_path, where):
    (tmp_path / "file").touch()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file2").touch()
    with pytest.raises(OSError, match="cannot be written: .*; choose another output"):
        ph.train(static, pairs, ph.MonoSampler(), **FAST, output=tmp_path / where, token_cache=tmp_path / "tokens")
    assert not (tmp_path / "tokens").exists()
    with pytest.raises(OSError, match="cannot be written"):
        ph.sweep(static, pairs, evaluate=lambda _: 1.0, output=tmp_path / where, **FAST)
    recipe = ph.Recipe(name="a", encoder="no/such/model", pairs={"sources": ["no/such/file.jsonl"]})
    with pytest.raises(OSError, match="cannot be written"):
        recipe.train(output=tmp_path / where)


# The token cache


def test_every_bit_of_the_token_cache_counts(pairs, static, tmp_path):
    CachedTexts(pairs, static, tmp_path, verbose=False)
    (folder,) = tmp_path.iterdir()
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for damage in (flip, cut, lambda path: path.write_bytes(b"")):
            damage(path)
            with pytest.raises(ValueError, match="the token cache .* is damaged .*: remove that folder"):
                CachedTexts(pairs, static, tmp_path, verbose=False)
            path.write_bytes(content)
    CachedTexts(pairs, static, tmp_path, verbose=False)


# Validation and sweeps


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (float("nan"), ValueError, "validation gave mean=nan"),
        (np.float32("inf"), ValueError, "validation gave mean=inf"),
        ("0.5", TypeError, "validation gave mean='0.5' .str.: return a number, or numbers by name"),
        (None, TypeError, "validation gave mean=None"),
        (True, TypeError, "validation gave mean=True"),
        ([0.5], TypeError, r"validation gave mean=\[0.5\]"),
        ({}, ValueError, r"validation gave \[\] but no 'mean'"),
        ({"mean": "0.5"}, TypeError, "validation gave mean='0.5'"),
        ({"mean": 0.5, "AP": "0.5"}, TypeError, "validation gave AP='0.5'"),
        ({3: 0.5}, ValueError, r"validation gave \['3'\] but no 'mean'"),
    ],
)
def test_validators_that_return_no_number(pairs, static, value, error, message):
    with pytest.raises(error, match=message):
        ph.train(static, pairs, ph.MonoSampler(), **FAST, validation=lambda _: value)


@pytest.mark.parametrize(
    "value", [np.float32(0.5), torch.tensor(0.5), 1, {"mean": np.float64(0.5), "AP": float("nan")}]
)
def test_validators_that_return_numbers(pairs, static, value):
    assert ph.train(static, pairs, ph.MonoSampler(), **FAST, validation=lambda _: value).training["steps"] == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"alpha": 0.5}, TypeError, r"alpha=0.5: pass a list, such as \[0.5\]"),
        ({"alpha": ["0.5"]}, TypeError, "alpha='0.5' is str, not a number"),
        ({"alpha": [None]}, TypeError, "alpha=None"),
        ({"alpha": [float("nan")]}, ValueError, "alpha=nan"),
        ({"seeds": 3}, TypeError, "seeds=3: pass a list"),
        ({"seeds": [0.5]}, TypeError, "seeds=0.5"),
        ({"seeds": [2**32]}, ValueError, "seeds=4294967296"),
        ({"seeds": [-1]}, ValueError, "seeds=-1"),
        ({"sampler": ph.MonoSampler()}, TypeError, "pass a HybridSampler"),
        ({"evaluate": ph.LanguageValidation}, TypeError, "pass a function of an encoder"),
        ({"evaluate": None}, TypeError, "evaluate=None"),
        ({"max_steps": 0}, ValueError, "max_steps=0"),
        ({"temprature": 1}, TypeError, "did you mean temperature"),
        ({"data_seed": 1}, TypeError, "data_seed is not for train"),
    ],
)
def test_a_sweep_checks_everything_first(pairs, static, tmp_path, options, error, message):
    options = {**FAST, "evaluate": lambda _: 1.0, **options}
    with pytest.raises(error, match=message):
        ph.sweep(static, pairs, output=tmp_path / "sweep", **options)
    assert not (tmp_path / "sweep").exists()


def test_a_failed_attempt_does_not_decide_the_settings_of_a_sweep(pairs, static, tmp_path):
    options = {**FAST, "output": tmp_path, "alpha": [0], "evaluate": lambda _: 0.5}
    with pytest.raises(ValueError, match="batch_size=99"):
        ph.sweep(static, pairs, **{**options, "batch_size": 99})
    assert ph.sweep(static, pairs, **options).best() == 0


def test_figures_that_decide_nothing_are_not_the_best(pairs, static, tmp_path):
    """NaN was the best alpha."""
    with pytest.raises(ValueError, match="evaluate gave mean=nan"):
        ph.sweep(static, pairs, output=tmp_path, alpha=[0], evaluate=lambda _: {"mean": float("nan")}, **FAST)


def test_a_damaged_run_of_a_sweep(pairs, static, tmp_path):
    options = {**FAST, "output": tmp_path, "alpha": [0], "evaluate": lambda _: 0.5}
    ph.sweep(static, pairs, **options)
    path = tmp_path / "runs" / "alpha-0-seed-0.json"
    content = path.read_text()
    for damaged in (content.replace("0.5", "0.7"), content[:-5], "[]", "3", ""):
        path.write_text(damaged)
        with pytest.raises(ValueError, match=r"alpha-0-seed-0.json is damaged \(.*\): remove it"):
            ph.sweep(static, pairs, **options)
    path.write_text(content)
    ph.sweep(static, pairs, **options)


# Recipes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("learning_rate: -1", "field 'training.learning_rate': learning_rate=-1.0: it must be positive"),
        ("learning_rate: .nan", "'.nan' is not a number"),
        ("batch_size: 0", "batch_size=0: it must be at least 1"),
        ("mask: page", "mask='page' is unknown"),
        ("dropout: 1.5", "dropout=1.5"),
        ("max_grad_norm: -1", "max_grad_norm=-1"),
        ("data_seed: 3", "field 'training.data_seed': not for a training: use seed"),
        ("train_sampling_strategy: group_by_length", "not for a training: use the sampler"),
        ("label_smoothing_factor: 0.1", "not for a training: the loss has no classes"),
        ("gradient_checkpointing: full", "is not true or false"),
        ("temprature: 1", "did you mean temperature?"),
    ],
)
def test_a_recipe_names_the_line_of_a_wrong_option(tmp_path, line, message):
    path = tmp_path / "recipe.yaml"
    path.write_text(f"name: a\nencoder: static\npairs: {{sources: [atlas/train]}}\ntraining:\n  {line}\n")
    with pytest.raises(ValueError) as error:
        ph.Recipe.from_file(path)
    assert "line 5, column" in str(error.value) and message in str(error.value)


def test_a_recipe_checks_options_of_the_call_before_it_reads_pairs():
    recipe = ph.Recipe(name="a", encoder="no/such/model", pairs={"sources": ["no/such/file.jsonl"]})
    for options, message in (({"batch_size": 1}, "batch_size=1"), ({"verbose": "no"}, "verbose='no'")):
        with pytest.raises((ValueError, TypeError), match=message):
            recipe.train(**options)


def test_every_option_that_a_recipe_may_have_is_one_of_train():
    recipe = ph.Recipe(
        name="a", encoder={"from_scratch": "transformer"}, pairs={"sources": ["atlas/train"]},
        training={"gradient_checkpointing": True, "max_grad_norm": 0.5, "lr_scheduler_type": "cosine"},
    )  # fmt: skip
    check_options(recipe.training_options())
