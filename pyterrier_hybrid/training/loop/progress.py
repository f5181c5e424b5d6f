"""The progress bar of a training."""

import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyterrier_hybrid.utils.progress import progress_bar


class ProgressBar(TrainerCallback):
    """One line per training: steps, pairs per second, and the last losses of each kind of batch.

    Args:
        name: Name of the sampler.
        batch_size: Pairs per batch.
    """

    def __init__(self, name: str, *, batch_size: int) -> None:
        self.name, self.batch_size = name, batch_size
        self.shown: dict[str, str] = {}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Show the bar."""
        self.bar = progress_bar(
            total=state.max_steps, initial=state.global_step, desc=f"training {self.name}", unit="batch"
        )
        self.started, self.first_step = time.perf_counter(), state.global_step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count the step."""
        steps = state.global_step - self.first_step
        pairs = steps * self.batch_size * args.gradient_accumulation_steps
        self.shown["pairs/s"] = f"{pairs / (time.perf_counter() - self.started):.3g}"
        self.bar.set_postfix(self.shown, refresh=False)
        self.bar.update(state.global_step - self.bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Show the losses from the next step on."""
        for name, value in (logs or {}).items():
            if "loss" in name and name != "train_loss":
                self.shown[name] = f"{value:.3f}"
            elif name == "share_mono":
                self.shown["mono"] = f"{value:.0%}"

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Close the bar; it stays on the screen."""
        self.bar.close()
