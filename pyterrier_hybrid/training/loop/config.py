"""The options of a training: their checks, and which of them decide the result and are recorded."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training.loop.arguments import check_arguments, decisive_arguments
from pyterrier_hybrid.training.loop.model import bfloat16_is_fast
from pyterrier_hybrid.training.loop.validation import Validator, balanced_sampler, name_of
from pyterrier_hybrid.training.sampling import Sampler
from pyterrier_hybrid.utils.checks import LARGEST_SEED, whole_number


def _option(*, decides_result: bool = True, recorded: bool = True, least: int | None = None) -> Any:
    """Declare an option of :class:`TrainingConfig`.

    Args:
        decides_result: Whether a resumed training must have the same value.
        recorded: Whether ``training.json`` contains the value.
        least: The smallest value of a whole number.
    """
    return dataclasses.field(metadata={"decides_result": decides_result, "recorded": recorded, "least": least})


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The options of :func:`pyterrier_hybrid.train`, which documents them and has their defaults.

    Whole numbers of numpy become Python ints.

    Attributes:
        arguments: Further fields of ``transformers.TrainingArguments``, by name.

    Raises:
        TypeError: An option is of the wrong type, or does not exist.
        ValueError: An option has an impossible value.
    """

    batch_size: int = _option(least=1)
    max_steps: int = _option(least=1)
    learning_rate: float = _option()
    weight_decay: float = _option()
    warmup_steps: int | float = _option()
    temperature: float = _option()
    margin: float = _option()
    learn_temperature: bool = _option(recorded=False)
    symmetric: bool = _option()
    dimensions: Sequence[int] | None = _option()
    hard_negatives: int = _option(least=0)
    mask: str = _option()
    dropout: float | None = _option()
    freeze_token_embeddings: bool = _option()
    bf16: bool | None = _option()
    chunk_size: int | None = _option(least=1)
    look_up_once: bool = _option(recorded=False)
    gradient_caching: bool = _option()
    validation: ParallelPairs | Validator | None = _option()
    validation_sampler: Sampler | None = _option(recorded=False)
    validation_batches: int = _option(recorded=False, least=1)
    eval_steps: int | None = _option(recorded=False, least=1)
    patience: int | None = _option(recorded=False, least=1)
    save_steps: int | None = _option(decides_result=False, recorded=False, least=0)
    token_cache: str | Path | None = _option(decides_result=False, recorded=False)
    seed: int = _option(least=0)
    output: str | Path | None = _option(decides_result=False, recorded=False)
    verbose: bool = _option(decides_result=False, recorded=False)
    arguments: Mapping[str, Any] = _option(decides_result=False, recorded=False)

    def __post_init__(self) -> None:
        for option in dataclasses.fields(self):
            value, least = getattr(self, option.name), option.metadata["least"]
            if least is not None and value is not None:
                # The way around ``frozen`` that dataclasses themselves use.
                object.__setattr__(self, option.name, whole_number(option.name, value, least=least))
        for name in ("gradient_accumulation_steps", "logging_steps"):
            if self.arguments.get(name) is not None:
                whole_number(name, self.arguments[name])
        if self.seed > LARGEST_SEED:
            raise ValueError(f"seed={self.seed}: it must be at most {LARGEST_SEED}")
        for name in ("learning_rate", "temperature", "margin"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{name}={value!r} is {type(value).__name__}, not a number")
        if isinstance(self.dimensions, str) or not isinstance(self.dimensions, Sequence | None):
            kind = type(self.dimensions).__name__
            raise TypeError(f"dimensions={self.dimensions!r} is {kind}: pass a list, such as [256, 64]")
        if not (self.validation is None or callable(self.validation) or isinstance(self.validation, ParallelPairs)):
            raise TypeError(
                f"validation is {type(self.validation).__name__}: pass held-out ParallelPairs, or a function of an "
                "encoder such as LanguageValidation()"
            )
        check_arguments(self.arguments)

    def check_inputs(self, encoder: DenseEncoder, pairs: ParallelPairs) -> None:
        """Check the options that depend on the encoder and on the pairs.

        Raises:
            ValueError: The encoder or the pairs do not allow an option.
        """
        dimensions = self.dimensions or ()
        for dimension in dimensions:
            if not 1 <= dimension <= encoder.dim:
                raise ValueError(f"dimensions={list(dimensions)}: vectors have 1 to {encoder.dim} values")
        if self.hard_negatives and not pairs.has_negatives:
            raise ValueError(
                f"hard_negatives={self.hard_negatives}, but these pairs have none: read pairs that have some"
            )
        if self.arguments.get("fp16") and encoder.device.type == "cpu":
            raise ValueError("fp16=True needs a GPU: use bf16=True, or leave both out")
        started_by_torchrun = "LOCAL_RANK" in os.environ
        if encoder.device.type == "cuda" and encoder.device.index not in (None, 0) and not started_by_torchrun:
            raise ValueError(
                f"the encoder is on {encoder.device}, and training takes the first GPU it sees: set "
                f"CUDA_VISIBLE_DEVICES={encoder.device.index} and leave device= out"
            )

    def with_defaults(self, encoder: DenseEncoder) -> "TrainingConfig":
        """Return the config with the defaults that depend on the encoder or on other options.

        ``chunk_size`` stays as it is, so that a training may be resumed on a device with another default.

        Raises:
            ValueError: Validation and checkpoints do not fit together, or the held-out pairs are too few.
        """
        bf16, eval_steps, validation_sampler = self.bf16, None, self.validation_sampler
        if bf16 is None:
            bf16 = not self.arguments.get("fp16") and not encoder.static and bfloat16_is_fast(encoder.device)
        if self.validation is not None:
            eval_steps = self.eval_steps or self.save_interval
        if isinstance(self.validation, ParallelPairs) and validation_sampler is None:
            validation_sampler = balanced_sampler(self.validation, self.batch_size)
        config = dataclasses.replace(self, bf16=bf16, eval_steps=eval_steps, validation_sampler=validation_sampler)
        if eval_steps and config.save_interval != eval_steps:
            raise ValueError(
                f"save_steps={config.save_interval} is not eval_steps={eval_steps}: only weights that are saved when "
                "they are validated can be kept as the best ones"
            )
        if config.keeps_checkpoints and config.save_interval % config.logging_steps:
            raise ValueError(
                f"save_steps={config.save_interval} must be a multiple of logging_steps={config.logging_steps}, or a "
                "resumed training would have another log"
            )
        return config

    @property
    def keeps_checkpoints(self) -> bool:
        """Whether an interrupted training can be resumed."""
        return self.output is not None and self.save_steps != 0

    @property
    def save_interval(self) -> int:
        """Steps between two saves of the weights, as a checkpoint or as candidates for the best ones."""
        return self.save_steps or self.eval_steps or max(1, self.max_steps // 10)

    @property
    def logging_steps(self) -> int:
        """Steps between two log entries; every checkpoint falls on one, so that a resumed log is the same."""
        if self.arguments.get("logging_steps"):
            return self.arguments["logging_steps"]
        wanted = max(1, min(50, self.max_steps // 10))
        return next(steps for steps in range(wanted, 0, -1) if self.save_interval % steps == 0)

    @property
    def validator(self) -> Validator | None:
        """The function that validates; ``None`` if there is no validation, or it is the loss on held-out pairs."""
        return None if isinstance(self.validation, ParallelPairs) else self.validation

    @property
    def accumulation(self) -> int:
        """Batches per step of the optimiser."""
        return self.arguments.get("gradient_accumulation_steps", 1)

    def decisive(self) -> dict[str, Any]:
        """Return the options that decide the result, by name."""
        return dict(self._values("decides_result")) | decisive_arguments(self.arguments)

    def record(self) -> dict[str, Any]:
        """Return the options as ``training.json`` has them, by name."""
        return dict(self._values("recorded"))

    def trainer_fields(self, encoder: DenseEncoder, *, folder: Path, resumed: bool) -> dict[str, Any]:
        """Return the fields of ``transformers.TrainingArguments``.

        Args:
            encoder: The encoder to train.
            folder: The folder for weights that are saved during training.
            resumed: Whether the training resumes from a checkpoint.
        """
        fields: dict[str, Any] = {
            "output_dir": str(folder), "max_steps": self.max_steps, "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay, "warmup_steps": self.warmup_steps, "lr_scheduler_type": "linear",
            "seed": self.seed, "bf16": self.bf16, "use_cpu": encoder.device.type == "cpu",
            "logging_nan_inf_filter": False, "logging_steps": self.logging_steps, "report_to": "none",
            "disable_tqdm": True, "remove_unused_columns": False, "dataloader_pin_memory": False,
            "ddp_find_unused_parameters": False, "restore_callback_states_from_checkpoint": True,
            "save_strategy": "no",
        }  # fmt: skip
        validated = self.eval_steps is not None
        if self.keeps_checkpoints or validated:
            fields |= {
                "save_strategy": "steps", "save_steps": self.save_interval,
                "save_only_model": not self.keeps_checkpoints,
                # Two checkpoints, since the last one may be incomplete, plus the best one.
                "save_total_limit": 1 + self.keeps_checkpoints + (self.keeps_checkpoints and validated),
            }  # fmt: skip
        if validated:
            fields |= {
                "eval_strategy": "steps", "eval_steps": self.eval_steps, "eval_on_start": not resumed,
                "load_best_model_at_end": True, "greater_is_better": self.validator is not None,
                "metric_for_best_model": "eval_mean" if self.validator else "eval_loss",
            }  # fmt: skip
        return fields | dict(self.arguments)

    def _values(self, flag: str) -> Iterator[tuple[str, Any]]:
        """Yield the names and JSON values of the options that have a flag."""
        for option in dataclasses.fields(self):
            if not option.metadata[flag]:
                continue
            value = getattr(self, option.name)
            if option.name == "validation":
                value = name_of(value)
            elif option.name == "validation_sampler":
                value = repr(value)
            elif option.name == "dimensions":
                value = [*value] if value else None
            yield option.name, value
