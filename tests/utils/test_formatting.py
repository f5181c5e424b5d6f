"""Values in error messages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import pyterrier_hybrid as ph
from pyterrier_hybrid.utils.checks import finite_number, real_number, true_or_false, whole_number
from pyterrier_hybrid.utils.formatting import short_repr

LARGE = [pd.DataFrame({"text": ["one", "two"]}), torch.nn.Sequential(torch.nn.Linear(2, 3)), np.zeros((9, 9))]


@pytest.mark.parametrize("value", ["de", 2.5, None, True, ["de", "en"], {"de": 0.5}, Path("pairs.jsonl")])
def test_short_values_are_shown_as_they_are(value):
    assert short_repr(value) == repr(value)


@pytest.mark.parametrize("value", [*LARGE, "x" * 1000, list(range(1000)), {"a": {"b": LARGE}}, Path("x" * 1000)])
def test_large_values_are_one_short_line(value):
    assert len(short_repr(value)) < 100 and "\n" not in short_repr(value)


@pytest.mark.parametrize("value", LARGE)
@pytest.mark.parametrize(
    "call",
    [
        lambda value: whole_number("x", value),
        lambda value: real_number("x", value),
        lambda value: finite_number("x", value),
        lambda value: true_or_false("x", value),
        lambda value: ph.DenseEncoder(value),
        lambda value: ph.ParallelPairs().item(value),
        lambda value: ph.ParallelPairs.from_parquet(value),
        lambda value: ph.datasets.family(value),
        lambda value: ph.LanguageExperiment({"BM25": "bm25"}, value),
        lambda value: ph.translate(ph.ParallelPairs(), value, to=["de"], source="en"),
        lambda value: ph.perturbation.WorstCase(value),
        lambda value: ph.perturbation.CodeSwitch(value, target="de"),
        lambda value: ph.train(ph.DenseEncoder, value, ph.MonoSampler()),
        lambda value: ph.train(value, ph.ParallelPairs(), ph.MonoSampler()),
    ],
)
def test_errors_about_a_wrong_type_are_one_line(call, value):
    with pytest.raises(TypeError) as error:
        call(value)
    assert len(str(error.value).splitlines()) == 1 and len(str(error.value)) < 250
