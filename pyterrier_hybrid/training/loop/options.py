"""Whether the options of a training make sense, asked before anything is computed."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import TrainingArguments

from pyterrier_hybrid.utils.checks import LARGEST_SEED, whole_number

_LEAST = {
    "batch_size": 1, "max_steps": 1, "hard_negatives": 0, "chunk_size": 1, "validation_batches": 1, "eval_steps": 1,
    "patience": 1, "save_steps": 0, "seed": 0, "gradient_accumulation_steps": 1, "logging_steps": 1,
}  # fmt: skip

# Fields of TrainingArguments that train decides, and what to use instead.
_OURS = {
    "output_dir": "output",
    "per_device_train_batch_size": "batch_size",
    "per_device_eval_batch_size": "validation_batches",
    "auto_find_batch_size": "chunk_size or gradient_caching",
    "num_train_epochs": "max_steps",
    "eval_strategy": "validation and eval_steps",
    "eval_on_start": "validation and eval_steps",
    "save_strategy": "save_steps",
    "save_total_limit": "save_steps",
    "save_only_model": "save_steps",
    "load_best_model_at_end": "validation",
    "metric_for_best_model": "validation",
    "greater_is_better": "validation",
    "resume_from_checkpoint": "output, beside which an interrupted training is found by itself",
    "ignore_data_skip": "output, beside which an interrupted training is found by itself",
    "use_cpu": 'DenseEncoder(device="cpu")',
    "push_to_hub": "encoder.push_to_hub() after training",
    "remove_unused_columns": "the pairs",
}

# What changes nothing in the result.
_WITHOUT_EFFECT = ("report_to", "run_name", "disable_tqdm", "project", "trackio", "hub_", "dataloader_", "log_", "ddp_")


def check_options(options: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Check what can be checked without the pairs' content.

    Args:
        options: all of :func:`~pyterrier_hybrid.train` by name.
        arguments: fields of ``TrainingArguments``.

    Raises:
        ValueError, TypeError: an option makes no sense.
    """
    encoder = options["encoder"]
    for name, needed, what in (
        ("encoder", "copy_module", 'a DenseEncoder, such as DenseEncoder("FacebookAI/xlm-roberta-base")'),
        ("pairs", "blocks", 'ParallelPairs, such as ParallelPairs.from_irds("atlas/train")'),
        ("sampler", "plan", "a sampler, such as HybridSampler()"),
    ):
        value = options[name]
        if isinstance(value, type) or not hasattr(value, needed):
            given = f"the class {value.__name__}" if isinstance(value, type) else repr(value)[:80]
            raise TypeError(f"{name} is {given}: pass {what}")
    for name, least in _LEAST.items():
        value = options.get(name, arguments.get(name))
        if value is not None:
            whole_number(name, value, least=least)
    if options["seed"] > LARGEST_SEED:
        raise ValueError(f"seed={options['seed']}: it must be at most {LARGEST_SEED}")
    for name in ("learning_rate", "temperature", "margin"):
        if isinstance(options[name], bool) or not isinstance(options[name], int | float):
            raise TypeError(f"{name}={options[name]!r} is {type(options[name]).__name__}, not a number")
    dimensions = options["dimensions"]
    if dimensions is not None and (isinstance(dimensions, str) or not isinstance(dimensions, Sequence)):
        raise TypeError(f"dimensions={dimensions!r} is {type(dimensions).__name__}: pass a list, such as [256, 64]")
    for dimension in dimensions or ():
        if not 1 <= dimension <= encoder.dim:
            raise ValueError(f"dimensions={list(dimensions)}: vectors have 1 to {encoder.dim} values")
    validation = options["validation"]
    if validation is not None and not callable(validation) and not hasattr(validation, "has_query"):
        raise TypeError(
            f"validation is {type(validation).__name__}: pass held-out ParallelPairs, or a function of an encoder such "
            "as LanguageValidation()"
        )
    if options["hard_negatives"] and not options["pairs"].has_negatives:
        raise ValueError(f"hard_negatives={options['hard_negatives']}, but these pairs have none: read pairs with some")
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    for name in arguments:
        if name in _OURS:
            raise TypeError(f"{name} is not for train: use {_OURS[name]}")
        if name not in known:
            raise TypeError(f"train knows no option {name!r}, nor does transformers.TrainingArguments")
    if arguments.get("fp16") and encoder.device.type == "cpu":
        raise ValueError("fp16=True needs a GPU: use bf16=True, or leave both out")
    if encoder.device.type == "cuda" and encoder.device.index not in (None, 0) and not _started_by_torchrun():
        raise ValueError(
            f"the encoder is on {encoder.device}, and training takes the first GPU it sees: set "
            f"CUDA_VISIBLE_DEVICES={encoder.device.index} and leave device= out"
        )


def decisive(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of ``TrainingArguments`` that change the result."""
    return {name: value for name, value in arguments.items() if not name.startswith(_WITHOUT_EFFECT)}


def _started_by_torchrun() -> bool:
    import os

    return "LOCAL_RANK" in os.environ
