"""Checkpoints from which an interrupted training resumes exactly."""

import json
import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import distributed, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyterrier_hybrid.utils.files import locked, set_aside
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json

_SETTINGS, _COMPLETE, _STATE, _LOCK = "settings.json", "complete.json", "trainer_state.json", "lock"


class Checkpoints:
    """The checkpoints of one training, in a folder beside its output.

    Args:
        output: The folder of the trained encoder.

    Attributes:
        folder: The folder of the checkpoints.
    """

    def __init__(self, output: str | Path) -> None:
        self.folder = Path(output).with_name(f"{Path(output).name}.checkpoints")

    def locked(self) -> AbstractContextManager[None]:
        """Keep other trainings out of the folder until the block ends or the process dies.

        Raises:
            ValueError: Another training is using the folder.
        """
        problem = f"{self.folder} is being written by another training: wait for it, or choose another output"
        return locked(self.folder / _LOCK, problem)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Store the settings of a training, or compare them with those of the interrupted one.

        Args:
            settings: The settings that decide the result.

        Raises:
            ValueError: The checkpoints belong to a training with other or unknown settings.
        """
        path = self.folder / _SETTINGS
        # The address of a function differs between processes.
        settings = json.loads(re.sub(r" at 0x[0-9a-f]+", "", json.dumps(settings, default=str)))
        if self.latest() is None:
            write_json(path, settings)
            return
        if not path.exists():
            raise ValueError(f"{self.folder} has checkpoints of an unknown training, without {_SETTINGS}: remove it")

        def problem(name: str, known: Any, current: Any) -> str:
            return (
                f"{self.folder} holds an interrupted training with {name}={known!r}, not {current!r}: train with the "
                "same settings to resume it, or remove that folder"
            )

        require_same(read_json(path), settings, problem)

    def latest(self) -> Path | None:
        """Return the last complete checkpoint."""
        checkpoints = sorted(self.folder.glob("checkpoint-*"), key=step_of, reverse=True)
        return next((checkpoint for checkpoint in checkpoints if _is_complete(checkpoint)), None)

    def remove_incomplete(self) -> None:
        """Remove the checkpoints that an interruption left incomplete."""
        for checkpoint in self.folder.glob("checkpoint-*"):
            if not _is_complete(checkpoint):
                shutil.rmtree(checkpoint)

    def remove(self) -> None:
        """Remove the folder, once the encoder is saved."""
        if self.folder.exists():
            shutil.rmtree(set_aside(self.folder), ignore_errors=True)


class MarkComplete(TrainerCallback):
    """Marks a checkpoint as complete once every process has written its part; only such checkpoints are resumed."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """List the files of the checkpoint that was just written, with their sizes."""
        if args.world_size > 1:
            distributed.barrier()
        if args.should_save:
            checkpoint = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
            sizes = {path.name: path.stat().st_size for path in checkpoint.iterdir() if path.name != _COMPLETE}
            write_json(checkpoint / _COMPLETE, sizes)


def step_of(checkpoint: Path) -> int:
    """Return the number of steps done when a checkpoint was written.

    Example:
        >>> step_of(Path("encoder.checkpoints/checkpoint-300"))
        300
    """
    return int(checkpoint.name.rpartition("-")[2])


def state_of(checkpoint: Path) -> dict[str, Any]:
    """Return the Trainer's state in a checkpoint: steps, best step, log."""
    return read_json(checkpoint / _STATE)


def stopped_early(checkpoint: Path) -> bool:
    """Whether early stopping ended the training at this checkpoint."""
    saved = state_of(checkpoint)["stateful_callbacks"].get("EarlyStoppingCallback")
    if saved is None:
        return False
    return saved["attributes"]["early_stopping_patience_counter"] >= saved["args"]["early_stopping_patience"]


def load_weights(module: nn.Module, checkpoint: Path) -> None:
    """Load the weights of a checkpoint."""
    # Not strict, since only one of several tensors that share memory is saved.
    module.load_state_dict(load_file(checkpoint / "model.safetensors"), strict=False)


@contextmanager
def without_mtime_warning() -> Iterator[None]:
    """Silence the Trainer's warning that checkpoints have the same time, which is normal when steps are short."""

    def is_kept(record: logging.LogRecord) -> bool:
        return "mtime" not in record.getMessage()

    logger = logging.getLogger("transformers.trainer_utils")
    logger.addFilter(is_kept)
    try:
        yield
    finally:
        logger.removeFilter(is_kept)


def _is_complete(checkpoint: Path) -> bool:
    mark = checkpoint / _COMPLETE
    if not mark.exists():
        return False
    return all(
        (checkpoint / name).exists() and (checkpoint / name).stat().st_size == size
        for name, size in read_json(mark).items()
    )
