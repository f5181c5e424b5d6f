"""An interrupted training, started again, ends with the weights and losses that it would have had."""

import json
from functools import partial

import pytest
import training_job
from process_helpers import run_job
from safetensors.torch import load_file

import pyterrier_hybrid as ph
from pyterrier_hybrid.training.loop.checkpoints import Checkpoints, step_of


def job(output, *, processes=1, options=None, **where):
    """Run a training in processes of its own; return the exit code and what was printed."""
    return run_job(partial(training_job.job, **where), output, options or {}, processes=processes)


def weights(folder):
    return load_file(folder / "model.safetensors")


def losses(folder):
    """Return all log entries without their times."""
    log = json.loads((folder / "training.json").read_text())["log"]
    timed = ("runtime", "per_second", "total_flos", "train_loss")
    return [{name: value for name, value in row.items() if not any(word in name for word in timed)} for row in log]


def equal(ours, theirs):
    return ours.keys() == theirs.keys() and all((ours[name] == theirs[name]).all() for name in ours)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "where", "step"),
    [
        # Between two checkpoints, with dropout.
        ({}, {"kill_at": 6}, 4),
        # Before the first one: from the start.
        ({"gradient_caching": True, "hard_negatives": 1, "learn_temperature": True}, {"kill_at": 2}, 0),
        # While one is written.
        ({"gradient_caching": True, "hard_negatives": 1, "learn_temperature": True}, {"kill_saving": 8}, 4),
        # With validation, early stopping and gradient accumulation.
        ({"validate": True, "save_steps": 2, "gradient_accumulation_steps": 2, "patience": 2}, {"kill_at": 11}, 4),
    ],
)
def test_killed_and_resumed_is_as_if_never_killed(tmp_path, monkeypatch, options, where, step):
    training_job.run(tmp_path / "whole", **options)
    code, errors = job(tmp_path / "killed", options=options, **where)
    assert code == -9, errors
    assert not (tmp_path / "killed").exists()
    last = Checkpoints(tmp_path / "killed").latest()
    assert (last and step_of(last)) == (step or None)
    seen = record_batches(monkeypatch)
    training_job.run(tmp_path / "killed", **options)
    assert seen[0] == step * options.get("gradient_accumulation_steps", 1)
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "killed"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")
    assert not (tmp_path / "killed.checkpoints").exists()


def record_batches(monkeypatch):
    """Record the numbers of the batches that are trained on from now on."""
    seen = []
    compute = ph.training.HybridTrainer.compute_loss

    def compute_recorded(self, model, inputs, *args, **options):
        if model.training:
            seen.append(inputs["t"])
        return compute(self, model, inputs, *args, **options)

    monkeypatch.setattr(ph.training.HybridTrainer, "compute_loss", compute_recorded)
    return seen


@pytest.mark.processes
@pytest.mark.slow
def test_two_processes_resume(tmp_path):
    options = {"gradient_caching": True, "hard_negatives": 1}
    assert job(tmp_path / "whole", processes=2, options=options)[0] == 0
    code, _ = job(tmp_path / "killed", processes=2, options=options, kill_at=6, rank=1)
    assert code != 0
    assert not (tmp_path / "killed").exists()
    assert step_of(Checkpoints(tmp_path / "killed").latest()) == 4
    code, errors = job(tmp_path / "killed", processes=2, options=options)
    assert code == 0, errors
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "killed"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")


class InterruptError(Exception):
    pass


def interrupted(output, monkeypatch, *, at, **options):
    """Leave the checkpoints of an interrupted training, without starting a process."""
    compute = ph.training.HybridTrainer.compute_loss

    def compute_or_raise(self, model, inputs, *args, **rest):
        if inputs["t"] == at and model.training:
            raise InterruptError
        return compute(self, model, inputs, *args, **rest)

    with monkeypatch.context() as patch, pytest.raises(InterruptError):
        patch.setattr(ph.training.HybridTrainer, "compute_loss", compute_or_raise)
        training_job.run(output, **options)


def test_other_settings_do_not_resume(tmp_path, monkeypatch):
    interrupted(tmp_path / "out", monkeypatch, at=6)
    with pytest.raises(ValueError, match="learning_rate=0.01, not 0.02"):
        training_job.run(tmp_path / "out", learning_rate=2e-2)
    with pytest.raises(ValueError, match="start="):
        training_job.run(tmp_path / "out", architecture="static")


def test_an_error_before_the_first_checkpoint_leaves_nothing_to_resume(tmp_path, monkeypatch):
    interrupted(tmp_path / "out", monkeypatch, at=1, temperature=1e-6)
    training_job.run(tmp_path / "out", temperature=0.1, max_steps=2)
    assert (tmp_path / "out").exists()


def test_checkpoints_of_an_unknown_training_are_not_resumed(tmp_path, monkeypatch):
    interrupted(tmp_path / "out", monkeypatch, at=6)
    (tmp_path / "out.checkpoints" / "settings.json").unlink()
    with pytest.raises(ValueError, match="out.checkpoints has checkpoints of an unknown training"):
        training_job.run(tmp_path / "out")


def test_a_kill_while_checkpoints_are_removed_leaves_none(tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyterrier_hybrid.utils.files.shutil.rmtree", killed)
    checkpoints = Checkpoints(tmp_path / "out")
    (checkpoints.folder / "checkpoint-8").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.remove()
    assert not checkpoints.folder.exists()


def test_two_trainings_with_one_output(tmp_path):
    with Checkpoints(tmp_path / "out").locked(), pytest.raises(ValueError, match="written by another training"):
        training_job.run(tmp_path / "out")
    training_job.run(tmp_path / "out", max_steps=4)
    assert not (tmp_path / "out.checkpoints").exists()


def test_a_damaged_checkpoint_is_skipped(tmp_path, monkeypatch):
    interrupted(tmp_path / "out", monkeypatch, at=9)
    checkpoints = Checkpoints(tmp_path / "out")
    assert checkpoints.latest().name == "checkpoint-8"
    weights = checkpoints.latest() / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert checkpoints.latest().name == "checkpoint-4"


def test_an_early_stop_is_not_continued(tmp_path, monkeypatch):
    """Killed after early stopping and before the result is written: the result is still that of the early stop."""
    options = {"validate": True, "eval_steps": 1, "save_steps": 1, "patience": 1, "learning_rate": 0.5}
    training_job.run(tmp_path / "whole", **options)
    stopped = json.loads((tmp_path / "whole" / "training.json").read_text())
    assert stopped["steps"] < 12
    with monkeypatch.context() as patch, pytest.raises(InterruptError):
        patch.setattr(ph.DenseEncoder, "save", lambda *_, **__: (_ for _ in ()).throw(InterruptError))
        training_job.run(tmp_path / "killed", **options)
    training_job.run(tmp_path / "killed", **options)
    assert equal(weights(tmp_path / "whole"), weights(tmp_path / "killed"))
    assert json.loads((tmp_path / "killed" / "training.json").read_text())["steps"] == stopped["steps"]
