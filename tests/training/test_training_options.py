"""The options of a training: their one list, and the errors of impossible ones."""

import dataclasses
import inspect

import numpy as np
import pandas as pd
import pytest
import transformers
from test_trainer import SETTINGS, start, store

import pyterrier_hybrid as ph
from pyterrier_hybrid.training.loop.arguments import check_arguments
from pyterrier_hybrid.training.loop.config import TrainingConfig


@pytest.fixture(scope="module")
def pairs():
    return store()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 0}, "max_steps=0"),
        ({"hard_negatives": -1}, "hard_negatives=-1: it must be at least 0"),
        ({"chunk_size": 0}, "chunk_size=0"),
        ({"eval_steps": 0}, "eval_steps=0"),
        ({"patience": 0}, "patience=0"),
        ({"save_steps": -1}, "save_steps=-1"),
        ({"gradient_accumulation_steps": 0}, "gradient_accumulation_steps=0"),
        ({"dimensions": [16, 17]}, "vectors have 1 to 16 values"),
        ({"fp16": True}, "fp16=True needs a GPU"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"batch_size": 99}, "batch_size=99"),
        ({"seed": 2**32}, "seed=4294967296: it must be at most 4294967295"),
        ({"freeze_token_embeddings": True}, "static encoder nothing to learn"),
        ({"learning_rate": float("inf")}, "learning_rate=inf: it must be positive and finite"),
    ],
)
def test_bad_options(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        ph.train(start(pairs), pairs, ph.MonoSampler(), **{**SETTINGS, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": "learned"}, "temperature='learned' is str"),
        ({"max_steps": 1.5}, "max_steps=1.5 is float"),
        ({"validation": "held-out"}, "validation is 'held-out': pass held-out ParallelPairs"),
        ({"temprature": 0.1}, "no option 'temprature'"),
        ({"output_dir": "there"}, "output_dir is not for train: use output"),
        ({"num_train_epochs": 3}, "use max_steps"),
    ],
)
def test_options_of_a_wrong_type(pairs, options, message):
    with pytest.raises(TypeError, match=message):
        ph.train(start(pairs), pairs, ph.MonoSampler(), **{**SETTINGS, **options})


def test_arguments_of_a_wrong_kind(pairs):
    encoder = start(pairs)
    for arguments, message in [
        (("xlmr", pairs, ph.MonoSampler()), "encoder is 'xlmr': pass a DenseEncoder"),
        ((encoder, [], ph.MonoSampler()), r"pairs is \[\]: pass ParallelPairs"),
        ((encoder, pd.DataFrame({"q": ["Who?"]}), ph.MonoSampler()), "pairs is <DataFrame>: pass ParallelPairs"),
        ((encoder, pairs, "hybrid"), "sampler is 'hybrid': pass a sampler, such as"),
        ((encoder, pairs, ph.MonoSampler), "sampler is the class MonoSampler"),
    ]:
        with pytest.raises(TypeError, match=message):
            ph.train(*arguments, **SETTINGS)
    with pytest.raises(TypeError, match="dimensions='64' is str"):
        ph.train(encoder, pairs, ph.MonoSampler(), **SETTINGS, dimensions="64")
    with pytest.raises(ValueError, match="hard_negatives=2, but these pairs have none"):
        ph.train(encoder, pairs, ph.MonoSampler(), **SETTINGS, hard_negatives=2)


def test_arguments_of_the_trainer_are_refused_with_what_to_use_instead():
    for name in [*inspect.signature(transformers.Trainer).parameters, "tokenizer"]:
        with pytest.raises(TypeError, match=f"^{name} is not for train: .{{10}}"):
            check_arguments({name: 1})
    with pytest.raises(
        TypeError, match="callbacks is not for train: validation=, a function of the encoder, is called"
    ):
        check_arguments({"callbacks": []})


def options_of_train(**changed):
    parameters = inspect.signature(ph.train).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY} | changed


def test_the_config_has_every_option():
    assert [field.name for field in dataclasses.fields(TrainingConfig)] == [*options_of_train(), "arguments"]
    assert all(f"        {name}: " in ph.train.__doc__ for name in options_of_train())


def test_whole_numbers_of_numpy_become_pythons():
    config = TrainingConfig(**options_of_train(batch_size=np.int64(8), seed=np.int32(1)), arguments={})
    assert type(config.batch_size) is type(config.seed) is int


def test_only_what_changes_the_result_decides_a_resume():
    config = TrainingConfig(**options_of_train(), arguments={"adam_beta2": 0.9, "report_to": "tensorboard"})
    assert {"adam_beta2", "batch_size", "validation", "bf16"} <= set(config.decisive())
    assert not {"report_to", "output", "verbose", "save_steps", "token_cache"} & set(config.decisive())
