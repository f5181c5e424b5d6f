"""The fields of ``transformers.TrainingArguments``: those that ``train`` takes, and those that it sets itself."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from transformers import TrainingArguments

REPLACED = {
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
    "resume_from_checkpoint": "output, where an interrupted training is found and resumed",
    "ignore_data_skip": "output, where an interrupted training is found and resumed",
    "use_cpu": 'DenseEncoder(device="cpu")',
    "push_to_hub": "encoder.push_to_hub() after training",
    "remove_unused_columns": "the pairs",
}
"""Fields that ``train`` sets itself, and what to use instead."""

_WITHOUT_EFFECT = ("report_to", "run_name", "disable_tqdm", "project", "trackio", "hub_", "dataloader_", "log_", "ddp_")
"""Prefixes of the fields that do not change the result."""


class OneDeviceArguments(TrainingArguments):
    """Training arguments of a process that uses one GPU.

    Where one process sees several GPUs, the Trainer would split batches among them, and the negatives with them.
    """

    @property
    def n_gpu(self) -> int:
        """Number of GPUs of this process, at most one."""
        return min(1, super().n_gpu)


def check_arguments(arguments: Mapping[str, Any]) -> None:
    """Check that users may set these fields.

    Args:
        arguments: Fields of ``TrainingArguments`` by name.

    Raises:
        TypeError: A field does not exist, or ``train`` sets it.

    Example:
        >>> check_arguments({"adam_beta2": 0.99})
        >>> check_arguments({"num_train_epochs": 3})
        Traceback (most recent call last):
        ...
        TypeError: num_train_epochs is not for train: use max_steps
    """
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    for name in arguments:
        if name in REPLACED:
            raise TypeError(f"{name} is not for train: use {REPLACED[name]}")
        if name not in known:
            raise TypeError(f"train has no option {name!r}, nor does transformers.TrainingArguments")


def decisive_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that change the result of a training.

    Example:
        >>> decisive_arguments({"adam_beta2": 0.99, "report_to": "tensorboard"})
        {'adam_beta2': 0.99}
    """
    return {name: value for name, value in arguments.items() if not name.startswith(_WITHOUT_EFFECT)}
