"""Two processes compute what one process computes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import training_job
from process_helpers import run_job
from safetensors.torch import load_file
from test_resume import job, losses, weights

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.parametrize(
    "options",
    [
        {
            "dropout": 0,
            "hard_negatives": 1,
            "symmetric": True,
            "margin": 0.1,
            "learn_temperature": True,
            "dimensions": [16, 8],
        },  # fmt: skip
        {"dropout": 0, "gradient_caching": True, "validate": True, "save_steps": 4, "gradient_accumulation_steps": 2},
        # A validator that finds the first one best: both processes stop early and load the same weights.
        {"dropout": 0, "judge": True, "save_steps": 2, "patience": 2, "token_cache": "tokens"},
        # A teacher and a guide, given by their dimensions.
        {"dropout": 0, "hard_negatives": 1, "teacher": 16, "distill": 1.0, "distill_similarities": 0.5, "guide": 8},
    ],
)
def test_two_processes_are_as_one(tmp_path, options):
    torch.set_num_threads(1)
    # Some gradients, as those of the keys' biases, are zero but for rounding; Adam would make steps of them.
    options |= {"learning_rate": 1e-3, "adam_epsilon": 1e-4}
    if "token_cache" in options:
        options["token_cache"] = str(tmp_path / "tokens")
    training_job.run(tmp_path / "one", **options)
    code, errors = job(tmp_path / "two", processes=2, options=options)
    assert code == 0, errors
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, atol=1e-6, rtol=0)
    ours, theirs = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(ours) == len(theirs)
    if "judge" in options:
        assert [row["step"] for row in ours][-1] == 6
    for row, other in zip(ours, theirs, strict=True):
        for name in ("loss", "eval_loss"):
            if name in row:
                np.testing.assert_allclose(other[name], row[name], atol=1e-6)


def test_the_gradient_of_two_processes_is_that_of_one(tmp_path):
    """In double precision, where rounding hides nothing: all parts of the loss, hard negatives, caching."""
    training_job.one_step(tmp_path / "one")
    code, errors = run_job(training_job.one_step, tmp_path / "two", processes=2)
    assert code == 0, errors
    one, two = load_file(tmp_path / "one"), load_file(tmp_path / "two")
    assert one.keys() == two.keys()
    assert "loss.log_scale" in one
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, atol=1e-12, rtol=0)
    assert max(value.abs().max() for value in one.values()) > 1


def test_a_batch_that_does_not_divide(tmp_path):
    code, errors = job(tmp_path / "out", processes=2, options={"batch_size": 7})
    assert code != 0
    assert "batch_size=7 does not divide into 2 processes" in errors


def test_the_command_in_two_processes_speaks_once(tmp_path):
    command = Path(sys.executable).with_name("pyterrier-hybrid")
    options = "--pairs atlas/train --steps 2 --dim 16 --vocab-size 2000 --batch-size 16 --output encoder".split()
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "--no-python"]
        + [command, "train", *options],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written to encoder/ after 2 steps") == 1
    assert {"recipe.yaml", "training.json"} <= {path.name for path in (tmp_path / "encoder").iterdir()}
