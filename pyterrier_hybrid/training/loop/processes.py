"""The processes that ``torchrun`` starts: which one is first, and where they wait for each other."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from pyterrier_hybrid.utils.files import scratch_folder


@dataclass(frozen=True)
class Processes:
    """This process among those of one training.

    Attributes:
        rank: Number of this process, from 0.
        world_size: Number of processes.

    Example:
        >>> Processes().is_first
        True
    """

    rank: int = 0
    world_size: int = 1

    @classmethod
    def started(cls, device: torch.device, arguments: Mapping[str, Any]) -> "Processes":
        """Join the processes that ``torchrun`` started, if it started several.

        Args:
            device: The encoder's device.
            arguments: Fields of ``TrainingArguments``; ``ddp_timeout`` and ``ddp_backend`` are used.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls()
        from accelerate import PartialState

        options: dict[str, Any] = {"timeout": timedelta(seconds=arguments.get("ddp_timeout", 1800))}
        if "ddp_backend" in arguments:
            options["backend"] = arguments["ddp_backend"]
        state = PartialState(cpu=device.type == "cpu", **options)
        return cls(state.process_index, state.num_processes)

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all processes have reached this point."""
        if self.world_size > 1:
            distributed.barrier()

    def wait_at_end(self) -> None:
        """Wait for all processes once they have nothing more to do together."""
        if self.world_size > 1:
            final_barrier()

    @contextmanager
    def first_goes_first(self) -> Iterator[None]:
        """Run the block in the first process, and then in the others, which find its results."""
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()

    @contextmanager
    def temporary_folder(self) -> Iterator[Path]:
        """Make a temporary folder that all processes share; it is removed after the block."""
        if not self.is_first:
            yield Path(self._from_first(None))
            return
        with scratch_folder("training") as folder:
            yield Path(self._from_first(str(folder)))

    def _from_first(self, value: Any) -> Any:
        values = [value]
        if self.world_size > 1:
            distributed.broadcast_object_list(values)
        return values[0]


def is_first_process() -> bool:
    """Whether this is the only process, or the first of those that ``torchrun`` started.

    Example:
        >>> is_first_process()
        True
    """
    return os.environ.get("RANK", "0") == "0"


_final_barrier: list[Any] = []
"""The barrier of :func:`final_barrier`, which must not be freed."""


def final_barrier() -> None:
    """Wait for the other processes when there is nothing more to do together.

    The barrier is kept, since it holds the Python context that it was started from, and gloo's thread would free that
    at any later time. If Python is ending by then, the process aborts ("terminate called without an active exception"),
    and torchrun with it.
    """
    _final_barrier[:] = [distributed.barrier(async_op=True)]
    _final_barrier[0].wait()
