"""Checkpoints that a killed training resumes from, exactly."""

import json
import re
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import distributed, nn
from transformers import TrainerCallback

from pyterrier_hybrid.utils.files import locked, set_aside, whole_file

_SETTINGS, _COMPLETE, _STATE, _LOCK = "settings.json", "complete.json", "trainer_state.json", "lock"


class Checkpoints:
    """The checkpoints of one training in a folder beside its output.

    Args:
        output: where the trained encoder will appear.
    """

    def __init__(self, output: str | Path) -> None:
        self.folder = Path(output).with_name(f"{Path(output).name}.checkpoints")

    def locked(self) -> AbstractContextManager[None]:
        """Keep other trainings from the folder; a kill frees it.

        Raises:
            ValueError: another training has it.
        """
        problem = f"{self.folder} is being written by another training: wait for it, or choose another output"
        return locked(self.folder / _LOCK, problem)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Remember what decides the result, or compare it with what an interrupted training was started with.

        Raises:
            ValueError: the checkpoints are of a training with other settings, which are named, or with unknown ones.
        """
        path = self.folder / _SETTINGS
        # A function's address is another one in every process.
        settings = json.loads(re.sub(r" at 0x[0-9a-f]+", "", json.dumps(settings, default=str)))
        if self.latest() is None:
            with whole_file(path) as unfinished:
                unfinished.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            return
        if not path.exists():
            raise ValueError(f"{self.folder} has checkpoints of an unknown training, without {_SETTINGS}: remove it")
        known = json.loads(path.read_text(encoding="utf-8"))
        for name in sorted({*settings, *known}):
            if settings.get(name) != known.get(name):
                raise ValueError(
                    f"{self.folder} holds an interrupted training with {name}={known.get(name)!r}, not "
                    f"{settings.get(name)!r}: train with the same settings to resume it, or remove that folder"
                )

    def latest(self) -> Path | None:
        """The last checkpoint that was written whole."""
        checkpoints = sorted(self.folder.glob("checkpoint-*"), key=step_of, reverse=True)
        return next((checkpoint for checkpoint in checkpoints if _is_complete(checkpoint)), None)

    def remove_unfinished(self) -> None:
        """Remove the checkpoints that a kill has cut off, or that it has kept from being removed."""
        for checkpoint in self.folder.glob("checkpoint-*"):
            if not _is_complete(checkpoint):
                shutil.rmtree(checkpoint)

    def remove(self) -> None:
        """Remove all, once the result is there."""
        if self.folder.exists():
            shutil.rmtree(set_aside(self.folder), ignore_errors=True)


class MarkComplete(TrainerCallback):
    """Marks a checkpoint once every process has written its part, so that a cut-off one is never resumed from."""

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """List the files of the checkpoint that was just written."""
        if args.world_size > 1:
            distributed.barrier()
        if args.should_save:
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            sizes = {path.name: path.stat().st_size for path in checkpoint.iterdir() if path.name != _COMPLETE}
            with whole_file(checkpoint / _COMPLETE) as unfinished:
                unfinished.write_text(json.dumps(sizes), encoding="utf-8")


def step_of(checkpoint: Path) -> int:
    """The number of steps that were done when a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def stopped_early(checkpoint: Path) -> bool:
    """Whether early stopping had just ended the training when a checkpoint was written."""
    saved = log_of(checkpoint)["stateful_callbacks"].get("EarlyStoppingCallback")
    if saved is None:
        return False
    return saved["attributes"]["early_stopping_patience_counter"] >= saved["args"]["early_stopping_patience"]


def log_of(checkpoint: Path) -> dict[str, Any]:
    """The Trainer's state in a checkpoint: steps, best step, log."""
    return json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))


def load_weights(module: nn.Module, checkpoint: Path) -> None:
    """Load a checkpoint's weights."""
    # Not strict: of shared tensors one is saved.
    module.load_state_dict(load_file(checkpoint / "model.safetensors"), strict=False)


def _is_complete(checkpoint: Path) -> bool:
    mark = checkpoint / _COMPLETE
    if not mark.exists():
        return False
    sizes = json.loads(mark.read_text(encoding="utf-8"))
    return all(
        (checkpoint / name).exists() and (checkpoint / name).stat().st_size == size for name, size in sizes.items()
    )
