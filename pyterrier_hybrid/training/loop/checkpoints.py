"""Checkpoints from which an interrupted training resumes exactly."""

import json
import logging
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import distributed, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyterrier_hybrid.training.loop.processes import is_first_process
from pyterrier_hybrid.utils.checksums import FileFacts, check_contents, check_sizes, file_facts, sealed, unsealed
from pyterrier_hybrid.utils.files import locked, remove_whole
from pyterrier_hybrid.utils.formatting import format_bytes
from pyterrier_hybrid.utils.json_files import read_json, require_same, write_json

_NAME = re.compile(r"checkpoint-\d+")
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

    def check(self, settings: Mapping[str, Any], last: Path | None) -> None:
        """Store the settings of a training, or compare them with those of the interrupted one.

        Args:
            settings: The settings that decide the result.
            last: The checkpoint to resume from, if any.

        Raises:
            ValueError: The checkpoints belong to a training with other or unknown settings.
        """
        path = self.folder / _SETTINGS
        # The address of a function differs between processes.
        settings = json.loads(re.sub(r" at 0x[0-9a-f]+", "", json.dumps(settings, default=str)))
        if last is None:
            write_json(path, settings)
            return
        if not path.exists():
            raise ValueError(f"{self.folder} has checkpoints of an unknown training, without {_SETTINGS}: remove it")

        def problem(name: str, known: Any, current: Any) -> str:
            return (
                f"{self.folder} holds an interrupted training with {name}={known!r}, not {current!r}: train with the "
                "same settings to resume it, or remove that folder"
            )

        try:
            known = dict(read_json(path))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"{path} is damaged ({error}), so nobody knows what to resume: remove that folder"
            ) from None
        require_same(known, settings, problem)

    def latest(self) -> Path | None:
        """Return the last complete checkpoint whose files, and those of the best weights so far, are undamaged.

        A warning names the damaged ones that are passed over. All files are read, about a second per gigabyte.
        """
        damaged: list[str] = []
        last = None
        for checkpoint in self._all():
            problem = _problem(checkpoint)
            if problem is None:
                last = checkpoint
                break
            if problem:
                damaged.append(f"{checkpoint} is damaged ({problem})")
        if damaged and is_first_process():
            start = f"step {step_of(last)}" if last else "the start"
            warnings.warn(f"{'; '.join(damaged)}: training resumes from {start}", stacklevel=3)
        return last

    def last_step(self) -> int | None:
        """Return the step of the last checkpoint that was written completely; no content is read."""
        return next((step_of(checkpoint) for checkpoint in self._all() if (checkpoint / _COMPLETE).exists()), None)

    def remove_unused(self, last: Path | None) -> None:
        """Remove what an interruption left incomplete, and what is damaged.

        Args:
            last: The checkpoint to resume from: later ones are removed.
        """
        for checkpoint in self._all():
            if last is None or step_of(checkpoint) > step_of(last) or not (checkpoint / _COMPLETE).exists():
                shutil.rmtree(checkpoint)

    def _all(self) -> list[Path]:
        """All checkpoints, the last one first."""
        folders = [path for path in self.folder.glob("checkpoint-*") if _NAME.fullmatch(path.name)]
        return sorted(folders, key=step_of, reverse=True)

    def remove(self) -> None:
        """Remove the folder, once the encoder is saved."""
        remove_whole(self.folder)


class MarkComplete(TrainerCallback):
    """Marks a checkpoint as complete once every process has written its part; only such checkpoints are resumed."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """List the files of the checkpoint that was just written, with their sizes and checksums."""
        if args.world_size > 1:
            distributed.barrier()
        if args.should_save:
            checkpoint = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
            with problems_of_writing(checkpoint):
                write_json(checkpoint / _COMPLETE, sealed(file_facts(checkpoint)))


@contextmanager
def problems_of_writing(folder: str | Path) -> Iterator[None]:
    """Say in one error that a folder of a training could not be written, and what is left of the training.

    Args:
        folder: A checkpoint, or the output.

    Raises:
        OSError: It could not be written.
    """
    folder = Path(folder)
    try:
        yield
    except FileExistsError:
        raise
    # torch and safetensors have errors of their own for a full disk.
    except (OSError, RuntimeError, SafetensorError) as error:
        is_checkpoint = _NAME.fullmatch(folder.name)
        kept = Checkpoints(folder)
        if is_checkpoint:
            # Half a checkpoint is of no use, and takes the space.
            shutil.rmtree(folder, ignore_errors=True)
            kept.folder = folder.parent
        free = format_bytes(shutil.disk_usage(kept.folder.parent).free)
        step = kept.last_step()
        rescue = "start again" if step is None else f"train with the same settings to resume from step {step}"
        reason = " ".join(str(error).split())
        raise OSError(f"{folder} could not be written, with {free} free: {reason}; make room, then {rescue}") from error


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


def check_intact(checkpoint: Path) -> None:
    """Check the files of a complete checkpoint by their sizes and checksums.

    Args:
        checkpoint: The checkpoint.

    Raises:
        ValueError: A file is missing or has changed; the message begins with its name.
    """
    try:
        mark = dict(read_json(checkpoint / _COMPLETE))
        if "checksum" not in mark and all(isinstance(size, int) for size in mark.values()):
            # Of an earlier version, which only wrote sizes.
            check_sizes(checkpoint, {name: FileFacts(bytes=size, blake2b="") for name, size in mark.items()})
            return
        files = unsealed(mark)
    except (ValueError, TypeError, FileNotFoundError) as error:
        raise ValueError(f"{_COMPLETE}: {error}") from None
    check_contents(checkpoint, files)


def _problem(checkpoint: Path) -> str | None:
    """What keeps a training from resuming here: nothing (``None``), damage, or an interruption (an empty string)."""
    if not (checkpoint / _COMPLETE).exists():
        return ""
    try:
        check_intact(checkpoint)
        best = state_of(checkpoint).get("best_global_step")
        if best and best != step_of(checkpoint):
            check_intact(checkpoint.with_name(f"checkpoint-{best}"))
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        return str(error)
    return None
