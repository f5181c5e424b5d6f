"""The options of a training: their checks, and which of them decide the result and are recorded."""

import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.retrieval.protocols import fingerprint_of, is_encoder
from pyterrier_hybrid.retrieval.vector_cache import encode
from pyterrier_hybrid.training.loop.arguments import (
    check_arguments,
    decisive_arguments,
    for_trainer,
    try_arguments,
)
from pyterrier_hybrid.training.loop.batches import MASKS
from pyterrier_hybrid.training.loop.fixed_vectors import TEACHER_LANGUAGE, AnyEncoder, check_teacher
from pyterrier_hybrid.training.loop.model import bfloat16_is_fast
from pyterrier_hybrid.training.loop.validation import Validator, balanced_sampler, name_of
from pyterrier_hybrid.training.sampling import Sampler
from pyterrier_hybrid.training.sampling.plans import check_sampler
from pyterrier_hybrid.utils.checks import LARGEST_SEED, finite_number, plain, true_or_false, whole_number
from pyterrier_hybrid.utils.formatting import short_repr

Check = Callable[[str, Any], Any]
"""Takes the name and the value of an option; returns the value, converted, or raises an error that names both."""


def _option(check: Check, *, optional: bool = False, decides_result: bool = True, recorded: bool = True) -> Any:
    """Declare an option of :class:`TrainingConfig`.

    Args:
        check: Checks and converts a value.
        optional: Whether the value may be ``None``.
        decides_result: Whether a resumed training must have the same value.
        recorded: Whether ``training.json`` contains the value.
    """
    metadata = {"check": check, "optional": optional, "decides_result": decides_result, "recorded": recorded}
    return dataclasses.field(metadata=metadata)


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise TypeError(f"{name}={short_repr(value)}: it must be the path of a folder")
    return Path(value)


def _warmup(name: str, value: Any) -> int | float:
    number = finite_number(name, value)
    if number >= 1 and number % 1:
        raise ValueError(f"{name}={value!r}: give a whole number of steps, or a ratio of max_steps below 1")
    return int(number) if number >= 1 or isinstance(value, int | np.integer) else number


def check_seed(name: str, value: Any) -> int:
    """Check a seed and return it as an int.

    Args:
        name: Name of the option.
        value: Its value.

    Raises:
        TypeError: The value is not a whole number.
        ValueError: It is negative, or larger than numpy allows.
    """
    seed = whole_number(name, value, least=0)
    if seed > LARGEST_SEED:
        raise ValueError(f"{name}={seed}: it must be at most {LARGEST_SEED}")
    return seed


def _dimensions(name: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"{name}={short_repr(value)} is {type(value).__name__}: pass a list, such as [256, 64]")
    return tuple(whole_number(name, each) for each in value)


def _mask(name: str, value: Any) -> str:
    if value not in MASKS:
        raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(MASKS)}")
    return str(value)


def _fixed_encoder(name: str, value: Any) -> AnyEncoder:
    if isinstance(value, type) or not is_encoder(value):
        raise TypeError(f"{name} is {short_repr(value)}: pass an encoder, such as DenseEncoder(folder)")
    if fingerprint_of(value) is None:
        raise ValueError(
            f"{name}={short_repr(value)} has no fingerprint, so its vectors could not be kept: give it an attribute "
            "fingerprint, a string that changes with its vectors"
        )
    return value


def _validation(name: str, value: Any) -> "ParallelPairs | Validator":
    if isinstance(value, type) or not (callable(value) or isinstance(value, ParallelPairs)):
        raise TypeError(
            f"{name} is {short_repr(value)}: pass held-out ParallelPairs, or a function of an encoder such as "
            "LanguageValidation()"
        )
    return value


def _sampler(name: str, value: Any) -> Sampler:
    check_sampler(name, value)
    return value


def _whole(least: int) -> Check:
    return partial(whole_number, least=least)


_positive_number: Check = partial(finite_number, positive=True)
_any_number: Check = partial(finite_number, least=-math.inf)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The options of :func:`pyterrier_hybrid.train`, which documents them and has their defaults.

    Numbers of numpy become Python's.

    Attributes:
        arguments: Further fields of ``transformers.TrainingArguments``, by name.

    Raises:
        TypeError: An option is of the wrong type, or does not exist.
        ValueError: An option has an impossible value.
    """

    batch_size: int = _option(_whole(1))
    max_steps: int = _option(_whole(1))
    learning_rate: float = _option(_positive_number)
    weight_decay: float = _option(finite_number)
    warmup_steps: int | float = _option(_warmup)
    temperature: float = _option(_positive_number)
    margin: float = _option(finite_number)
    learn_temperature: bool = _option(true_or_false, recorded=False)
    symmetric: bool = _option(true_or_false)
    dimensions: Sequence[int] | None = _option(_dimensions, optional=True)
    hard_negatives: int = _option(_whole(0))
    mask: str = _option(_mask)
    false_negative_margin: float | None = _option(_any_number, optional=True)
    guide: AnyEncoder | None = _option(_fixed_encoder, optional=True)
    teacher: AnyEncoder | None = _option(_fixed_encoder, optional=True)
    distill: float = _option(finite_number)
    distill_similarities: float = _option(finite_number)
    dropout: float | None = _option(partial(finite_number, below=1), optional=True)
    freeze_token_embeddings: bool = _option(true_or_false)
    bf16: bool | None = _option(true_or_false, optional=True)
    chunk_size: int | None = _option(_whole(1), optional=True)
    look_up_once: bool = _option(true_or_false, recorded=False)
    gradient_caching: bool = _option(true_or_false)
    validation: ParallelPairs | Validator | None = _option(_validation, optional=True)
    validation_sampler: Sampler | None = _option(_sampler, optional=True, recorded=False)
    validation_batches: int = _option(_whole(1), recorded=False)
    eval_steps: int | None = _option(_whole(1), optional=True, recorded=False)
    patience: int | None = _option(_whole(1), optional=True, recorded=False)
    save_steps: int | None = _option(_whole(0), optional=True, decides_result=False, recorded=False)
    token_cache: str | Path | None = _option(_path, optional=True, decides_result=False, recorded=False)
    vector_cache: str | Path | None = _option(_path, optional=True, decides_result=False, recorded=False)
    seed: int = _option(check_seed)
    output: str | Path | None = _option(_path, optional=True, decides_result=False, recorded=False)
    verbose: bool = _option(true_or_false, decides_result=False, recorded=False)
    arguments: Mapping[str, Any] = dataclasses.field(metadata={"decides_result": False, "recorded": False})

    def __post_init__(self) -> None:
        for name in OPTION_NAMES:
            # The way around ``frozen`` that dataclasses themselves use.
            object.__setattr__(self, name, check_option(name, getattr(self, name)))
        object.__setattr__(self, "arguments", plain(dict(self.arguments)))
        check_arguments(self.arguments, options=OPTION_NAMES)
        if self.batch_size == 1 and not self.hard_negatives:
            raise ValueError(
                "batch_size=1: the negatives of a query are the other passages of its batch, so nothing would be "
                "learned; choose a larger batch, or hard_negatives"
            )
        if self.batch_size == 1 and isinstance(self.validation, ParallelPairs):
            raise ValueError(
                "batch_size=1: the loss on held-out pairs would be 0, since it has no hard negatives; choose a larger "
                "batch, or LanguageValidation(pairs) as validation"
            )
        for name in ("eval_steps", "validation_sampler"):
            if getattr(self, name) is not None and self.validation is None:
                raise ValueError(f"{name}={getattr(self, name)!r} has no effect without validation: pass it, too")
        weights = {name: getattr(self, name) for name in ("distill", "distill_similarities")}
        if self.teacher is None and any(weights.values()):
            name = next(name for name, weight in weights.items() if weight)
            raise ValueError(f"{name}={weights[name]} has no effect without a teacher: pass teacher, too")
        if self.teacher is not None and not any(weights.values()):
            raise ValueError(
                f"teacher={self.teacher!r} has no effect without a weight: pass distill=1.0 for its vectors, or "
                "distill_similarities for its similarities"
            )
        if self.vector_cache is not None and self.teacher is None and self.guide is None:
            raise ValueError(f"vector_cache={self.vector_cache} has no effect without a teacher or a guide")
        if self.validation_sampler is not None and self.validator is not None:
            raise ValueError(
                f"validation_sampler={self.validation_sampler!r} has no effect where validation is a function: leave "
                "it out, or validate on held-out pairs"
            )

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
                f"hard_negatives={self.hard_negatives}, but these pairs have none: pass pairs that have some, such as "
                "those that mine_negatives returns"
            )
        if self.teacher is not None:
            check_teacher(pairs)
            dim = encode(self.teacher, "documents", ["a"], [TEACHER_LANGUAGE]).shape[1]
            if self.distill and dim != encoder.dim:
                raise ValueError(
                    f"distill={self.distill}: the teacher's vectors have {dim} values and the encoder's {encoder.dim}: "
                    "choose a teacher with as many, or distill_similarities, which compares similarities only"
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
        margin = self.false_negative_margin
        if self.guide is not None and margin is None:
            margin = 0.0
        if bf16 is None:
            bf16 = not self.arguments.get("fp16") and not encoder.static and bfloat16_is_fast(encoder.device)
        if self.validation is not None:
            eval_steps = self.eval_steps or self.save_interval
        if isinstance(self.validation, ParallelPairs) and validation_sampler is None:
            validation_sampler = balanced_sampler(self.validation, self.batch_size)
        config = dataclasses.replace(
            self,
            bf16=bf16,
            eval_steps=eval_steps,
            validation_sampler=validation_sampler,
            false_negative_margin=margin,
        )
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

    def try_arguments(self, encoder: DenseEncoder) -> None:
        """Check the fields of ``TrainingArguments`` with the Trainer's own checks.

        Args:
            encoder: The encoder to train.

        Raises:
            ValueError: A field has an impossible value, or needs a package that is missing.
        """
        try_arguments(self.trainer_fields(encoder, folder=Path("unused"), resumed=False))

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
            # The rate of the first step of a warm-up is 0, and a single step would learn nothing.
            "weight_decay": self.weight_decay, "warmup_steps": self.warmup_steps if self.max_steps > 1 else 0,
            "lr_scheduler_type": "linear",
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
        return fields | for_trainer(self.arguments)

    def _values(self, true_or_false: str) -> Iterator[tuple[str, Any]]:
        """Yield the names and JSON values of the options that have a true_or_false."""
        for option in dataclasses.fields(self):
            if not option.metadata[true_or_false]:
                continue
            value = getattr(self, option.name)
            if option.name == "validation":
                value = name_of(value)
            elif option.name == "validation_sampler":
                value = repr(value)
            elif option.name in ("teacher", "guide") and value is not None:
                # Records have names, as that of the encoder that the training started from.
                by_content = true_or_false == "decides_result"
                value = fingerprint_of(value) if by_content else getattr(value, "name", repr(value))
            elif option.name == "dimensions":
                value = [*value] if value else None
            yield option.name, value


OPTION_NAMES = tuple(option.name for option in dataclasses.fields(TrainingConfig) if option.name != "arguments")
"""The options of ``train`` by name."""

_OPTIONS = {option.name: option for option in dataclasses.fields(TrainingConfig)}


def check_option(name: str, value: Any) -> Any:
    """Check and convert the value of one option.

    Args:
        name: Name of the option.
        value: Its value.

    Raises:
        TypeError: The value is of the wrong type.
        ValueError: The value is impossible.

    Example:
        >>> check_option("temperature", "cold")
        Traceback (most recent call last):
        ...
        TypeError: temperature='cold' is str, not a number
    """
    metadata = _OPTIONS[name].metadata
    if value is None and metadata["optional"]:
        return None
    return metadata["check"](name, value)
