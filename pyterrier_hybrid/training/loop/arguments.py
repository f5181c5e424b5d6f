"""The fields of ``transformers.TrainingArguments``: those that ``train`` passes on, and those that it refuses."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from transformers import Trainer, TrainingArguments, get_scheduler
from transformers.integrations import get_reporting_integration_callbacks

from pyterrier_hybrid.utils.checks import finite_number, true_or_false, whole_number
from pyterrier_hybrid.utils.suggestions import closest

_CHECKPOINTING = ("activation_checkpointing", "gradient_checkpointing")
"""The two names of one field; ``train`` does this itself, see :func:`recomputes_layers`."""

DECISIVE = (
    *_CHECKPOINTING, "adam_beta1", "adam_beta2", "adam_epsilon", "eval_delay", "fp16", "full_determinism",
    "gradient_accumulation_steps", "logging_first_step", "logging_steps", "lr_scheduler_kwargs", "lr_scheduler_type",
    "max_grad_norm", "optim", "optim_args", "optim_target_modules", "tf32",
)  # fmt: skip
"""Fields that change the result of a training or its log."""

HARMLESS = (
    "dataloader_multiprocessing_context", "dataloader_num_workers", "dataloader_prefetch_factor", "ddp_backend",
    "ddp_broadcast_buffers", "ddp_bucket_cap_mb", "ddp_find_unused_parameters", "ddp_static_graph", "ddp_timeout",
    "debug", "log_level", "log_level_replica", "log_on_each_node", "project", "report_to", "run_name",
    "skip_memory_metrics", "torch_empty_cache_steps", "trackio_bucket_id", "trackio_space_id",
    "trackio_static_space_id",
)  # fmt: skip
"""Fields that have an effect, but not on the result."""

_FIXED = "the batches are those of the sampler's plan: use another sampler"
_LABELS = "there are no labels: validation=, a function of the encoder, computes any measure"
_LOSS = "the loss is InfoNCE: use its options temperature, margin, symmetric and mask, or distill"
_OPTIMIZER = "use optim, optim_args, learning_rate and lr_scheduler_type"
_VALIDATION = "use validation and eval_steps"
_SHARDING = "models are not sharded: torchrun divides the batches among processes, gradient_caching saves memory"
_HUB = "use encoder.push_to_hub() after training"
_COMPILE = "batches have texts of changing lengths, so every batch would be compiled anew: use bf16 or chunk_size"
_UNUSED = "the Trainer itself does not use it: leave it out"

REFUSED = {
    # Set by train itself.
    "output_dir": "use output",
    "logging_dir": "events are written to {output}.runs: use output",
    "overwrite_output_dir": "use output, a new folder",
    "per_device_train_batch_size": "use batch_size, the pairs of all processes together",
    "per_device_eval_batch_size": "use validation_batches",
    "auto_find_batch_size": "use chunk_size or gradient_caching",
    "num_train_epochs": "use max_steps",
    "warmup_ratio": "use warmup_steps below 1",
    "eval_strategy": _VALIDATION,
    "evaluation_strategy": _VALIDATION,
    "eval_on_start": _VALIDATION,
    "save_strategy": "use save_steps",
    "save_total_limit": "use save_steps",
    "save_only_model": "use save_steps",
    "load_best_model_at_end": "use validation",
    "metric_for_best_model": "use validation",
    "greater_is_better": "use validation",
    "resume_from_checkpoint": "use output, where an interrupted training is found and resumed",
    "ignore_data_skip": "use output, where an interrupted training is found and resumed",
    "restore_callback_states_from_checkpoint": "a resumed training always restores them: leave it out",
    "enable_jit_checkpoint": "use save_steps: an interrupted training resumes from its last checkpoint",
    "save_on_each_node": "use output, on a disk that all nodes share",
    "use_cpu": 'use DenseEncoder(device="cpu")',
    "no_cuda": 'use DenseEncoder(device="cpu")',
    "local_rank": "use torchrun",
    "disable_tqdm": "use verbose",
    "logging_strategy": "use logging_steps",
    "logging_nan_inf_filter": "a loss that is not finite ends the training: leave it out",
    # Would have no effect, since batches come from a plan.
    "data_seed": "use seed, which also decides the batches",
    "train_sampling_strategy": "use the sampler, such as LengthGroupedSampler()",
    "group_by_length": "use LengthGroupedSampler()",
    "length_column_name": "use LengthGroupedSampler()",
    "remove_unused_columns": "use the pairs",
    "dataloader_drop_last": "all batches are full: leave it out",
    "dataloader_in_order": _FIXED,
    "dataloader_persistent_workers": "a training is one epoch, so workers live on anyway: leave it out",
    "dataloader_pin_memory": "batches are lists of token ids, which cannot be pinned: leave it out",
    "accelerator_config": f"{_FIXED}, or gradient_accumulation_steps",
    # Would have no effect, since the loss needs no labels and the model is no language model.
    "label_names": _LABELS,
    "label_smoothing_factor": "the loss has no classes to smooth: use a higher temperature",
    "prediction_loss_only": _LABELS,
    "include_for_metrics": _LABELS,
    "batch_eval_metrics": _LABELS,
    "eval_do_concat_batches": _LABELS,
    "eval_use_gather_object": _LABELS,
    "eval_accumulation_steps": _LABELS,
    "average_tokens_across_devices": "the loss is a mean over queries, not over tokens: leave it out",
    "include_num_input_tokens_seen": "tokens are not counted: leave it out",
    "use_cache": "encoders do not generate text: leave it out",
    "use_liger_kernel": "its kernels are for language models: use bf16",
    "liger_kernel_config": "its kernels are for language models: use bf16",
    # Would fail, or change the result unnoticed.
    "neftune_noise_alpha": "tokens are looked up once per batch, so each would have one noise everywhere: use dropout",
    "gradient_checkpointing_kwargs": "gradient_checkpointing=True has all that it needs: leave it out",
    "activation_checkpointing_kwargs": "activation_checkpointing=True has all that it needs: leave it out",
    "bf16_full_eval": "validation computes as training does: use bf16",
    "fp16_full_eval": "validation computes as training does: use fp16",
    "torch_compile": _COMPILE,
    "torch_compile_backend": _COMPILE,
    "torch_compile_mode": _COMPILE,
    "fsdp": _SHARDING,
    "fsdp_config": _SHARDING,
    "deepspeed": _SHARDING,
    "parallelism_config": _SHARDING,
    # Arguments of the Trainer itself.
    "callbacks": "validation=, a function of the encoder, is called every eval_steps, and report_to sends the log to a "
    "tracker such as tensorboard",
    "args": "pass the fields of TrainingArguments one by one, as options of train",
    "model": "it is the first argument, encoder",
    "model_init": "the training starts from encoder",
    "train_dataset": "use pairs and sampler",
    "eval_dataset": "use validation",
    "data_collator": _FIXED,
    "processing_class": "texts are tokenised by the encoder's own tokenizer: leave it out",
    "tokenizer": "texts are tokenised by the encoder's own tokenizer: leave it out",
    "compute_loss_func": _LOSS,
    "compute_metrics": _LABELS,
    "preprocess_logits_for_metrics": _LABELS,
    "optimizers": _OPTIMIZER,
    "optimizer_cls_and_kwargs": _OPTIMIZER,
    # Of scripts around the Trainer.
    "do_train": _UNUSED,
    "do_eval": _UNUSED,
    "do_predict": _UNUSED,
    "push_to_hub": _HUB,
    "hub_token": _HUB,
    "hub_private_repo": _HUB,
    "hub_model_id": _HUB,
    "hub_strategy": _HUB,
    "hub_always_push": _HUB,
    "hub_revision": _HUB,
}
"""Fields and arguments of the Trainer that ``train`` does not take, and what to do instead.

Some are of other versions of transformers.
"""


class OneDeviceArguments(TrainingArguments):
    """Training arguments of a process that uses one GPU.

    Where one process sees several GPUs, the Trainer would split batches among them, and the negatives with them.
    """

    @property
    def n_gpu(self) -> int:
        """Number of GPUs of this process, at most one."""
        return min(1, super().n_gpu)


def check_arguments(arguments: Mapping[str, Any], *, options: Iterable[str] = ()) -> None:
    """Check that users may set these fields, and the values of those that a training would not refuse by itself.

    Args:
        arguments: Fields of ``TrainingArguments`` by name.
        options: Other valid names, for suggestions.

    Raises:
        TypeError: There is no such field, ``train`` does not take it, or its value is of the wrong type.
        ValueError: A value is not possible.

    Example:
        >>> check_arguments({"adam_beta2": 0.99})
        >>> check_arguments({"num_train_epochs": 3})
        Traceback (most recent call last):
        ...
        TypeError: num_train_epochs is not for train: use max_steps
    """
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    for name in arguments:
        if name in REFUSED:
            raise TypeError(f"{name} is not for train: {REFUSED[name]}")
        if name not in known:
            suggestion = closest(name, [*options, *DECISIVE, *HARMLESS])
            hint = f": did you mean {suggestion}?" if suggestion else ", nor does transformers.TrainingArguments"
            raise TypeError(f"train has no option {name!r}{hint}")
        if name not in (*DECISIVE, *HARMLESS):
            raise TypeError(f"{name} is not for train: it is new in transformers, and nobody has tried it here")
    for name in _CHECKPOINTING:
        if arguments.get(name) is not None:
            true_or_false(name, arguments[name])
    for name in ("gradient_accumulation_steps", "logging_steps"):
        if name in arguments:
            whole_number(name, arguments[name])
    for name in ("max_grad_norm", "eval_delay"):
        if arguments.get(name) is not None:
            finite_number(name, arguments[name])


def recomputes_layers(arguments: Mapping[str, Any]) -> bool:
    """Whether the activations inside a transformer's layers are computed again for the gradient."""
    return any(arguments.get(name) for name in _CHECKPOINTING)


def for_trainer(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that the Trainer gets.

    With ``ddp_backend``, it would expect other processes where there is one; train itself has joined them by then.
    """
    return {name: value for name, value in arguments.items() if name not in (*_CHECKPOINTING, "ddp_backend")}


def decisive_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that change the result of a training.

    Example:
        >>> decisive_arguments({"adam_beta2": 0.99, "report_to": "tensorboard"})
        {'adam_beta2': 0.99}
    """
    return {name: value for name, value in arguments.items() if name not in HARMLESS}


def try_arguments(fields: Mapping[str, Any]) -> None:
    """Make everything that the Trainer will make of its arguments, before anything is computed.

    Args:
        fields: All fields of ``TrainingArguments``.

    Raises:
        ValueError: The Trainer, the optimiser, the schedule or a logger refuses a field, or needs a missing package.
    """
    try:
        arguments = OneDeviceArguments(**fields)
        for callback in get_reporting_integration_callbacks(arguments.report_to):
            if isinstance(callback, type):
                callback()
        weight = nn.Parameter(torch.zeros(1))
        # These optimisers look for modules by name.
        needs_model = arguments.optim_target_modules or arguments.optim.startswith(("lomo", "adalomo"))
        optimizer: torch.optim.Optimizer = torch.optim.SGD([weight], lr=arguments.learning_rate)
        if not needs_model:
            kind, options = Trainer.get_optimizer_cls_and_kwargs(arguments)
            optimizer = kind([weight], **options)
        get_scheduler(
            arguments.lr_scheduler_type,
            optimizer,
            num_warmup_steps=arguments.get_warmup_steps(arguments.max_steps),
            num_training_steps=arguments.max_steps,
            scheduler_specific_kwargs=arguments.lr_scheduler_kwargs,  # type: ignore[arg-type]
        )
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, RuntimeError, AssertionError) as error:
        message = " ".join(str(error).split())
        raise ValueError(f"the Trainer refuses these options: {message}") from error
