"""``train``: the one call that makes an encoder from an encoder, pairs and a sampler."""

import json
import logging
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import distributed
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback

from pyterrier_hybrid.training.loop.batches import PlannedBatches, Texts
from pyterrier_hybrid.training.loop.checkpoints import (
    Checkpoints,
    MarkComplete,
    load_weights,
    log_of,
    step_of,
    stopped_early,
)
from pyterrier_hybrid.training.loop.estimate import estimate
from pyterrier_hybrid.training.loop.options import check_options, decisive
from pyterrier_hybrid.training.loop.progress import ProgressBar
from pyterrier_hybrid.training.loop.setup import (
    balanced_sampler,
    bfloat16_is_fast,
    first_rank_first,
    shared_scratch,
    this_process,
    trainable_module,
    wait_for_all,
)
from pyterrier_hybrid.training.loop.step import ContrastiveModel
from pyterrier_hybrid.training.loop.tokens import CachedTexts
from pyterrier_hybrid.training.losses import InfoNCE
from pyterrier_hybrid.training.sampling import Sampler
from pyterrier_hybrid.training.trainer import HybridTrainer, Judge, OneDevice
from pyterrier_hybrid.utils.progress import above_bars

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder


def train(
    encoder: "DenseEncoder",
    pairs: "ParallelPairs",
    sampler: Sampler,
    *,
    batch_size: int = 100,
    max_steps: int = 1000,
    learning_rate: float = 3e-5,
    weight_decay: float = 1e-2,
    warmup_steps: int | float = 0.1,
    temperature: float = 0.02,
    margin: float = 0.0,
    learn_temperature: bool = False,
    symmetric: bool = False,
    dimensions: Sequence[int] | None = None,
    hard_negatives: int = 0,
    mask: str = "document",
    dropout: float | None = None,
    freeze_token_embeddings: bool = False,
    bf16: bool | None = None,
    chunk_size: int | None = None,
    look_up_once: bool = True,
    gradient_caching: bool = False,
    validation: "ParallelPairs | Judge | None" = None,
    validation_sampler: Sampler | None = None,
    validation_batches: int = 10,
    eval_steps: int | None = None,
    patience: int | None = 3,
    save_steps: int | None = None,
    token_cache: str | Path | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    verbose: bool = True,
    **arguments: Any,
) -> "DenseEncoder":
    """Train an encoder contrastively, on batches chosen by a sampler (arXiv 2408.10536, section 3).

    The defaults are the paper's as far as it prints them (AdamW, weight decay, learning rate, batch size, cosine).
    The loop is :class:`transformers.Trainer`'s. Started with ``torchrun``, several processes train on the batches that
    one process would have, each on its part, and every query still has all passages of its batch as negatives.

    With ``output``, a training that was killed continues when it is started again with the same settings: checkpoints
    are kept in ``{output}.checkpoints`` until the output is there. On a processor it ends with the weights that it
    would have had, bit for bit; on a GPU, as far as its computations repeat.

    Args:
        encoder: where to start; it is not changed.
        pairs: what to learn from.
        sampler: which texts meet in a batch: ``MonoSampler()``, ``CrossSampler()`` or ``HybridSampler(alpha=0.5)``.
        batch_size: pairs per batch, in all processes together; each query's negatives are the other passages of its
            batch.
        max_steps: steps of the optimiser.
        learning_rate: at its highest, after the warm-up; then it falls linearly to zero. The default suits pretrained
            transformers; a new static encoder learns with about 5e-3.
        weight_decay: of AdamW.
        warmup_steps: steps until the learning rate is reached; below 1, that share of ``max_steps``.
        temperature: of the loss, see :class:`~pyterrier_hybrid.training.losses.InfoNCE`.
        margin: of the loss too: by how much its own passage has to be nearer to a query than the others. What counts is
            its ratio to the temperature: 0.1 at 0.02 is much.
        learn_temperature: let the temperature be learned, from that value on.
        symmetric: also let passages find their queries.
        dimensions: numbers of leading values that shall make good vectors by themselves (Matryoshka, arXiv
            2205.13147), such as ``(384, 128, 64)``; see ``DenseEncoder(truncate_dim=)``.
        hard_negatives: how many of an item's hard negatives join its batch, in the passage's language.
        mask: which passages of a batch are no negatives of a query: those of its "document" (all that shares a text or
            a given group with it), those of items with the same "passage", or those of the same "item" only.
            The samplers of this package draw no two of a document into a batch, so that this is for samplers of your
            own; hard negatives are told apart by their texts.
        dropout: the share of values that dropout layers drop; ``None`` leaves the encoder's own.
        freeze_token_embeddings: leave the token vectors as they are, which saves most of the optimiser's work where the
            vocabulary is large.
        bf16: compute in bfloat16 where that is safe; by default for transformers, if the processor has it.
        chunk_size: texts computed at a time, sorted by length; the result is the same. By default 16 on a processor,
            where padding is dear; on a GPU 64 with gradient caching, else all at once.
        look_up_once: look the tokens of a batch up together rather than chunk by chunk, which saves a gradient of the
            vocabulary's size for each chunk; the result is the same.
        gradient_caching: compute every chunk twice instead of keeping it in memory (GradCache, arXiv 2101.06983):
            batches of thousands in the memory of one chunk, for a third more time. The result is the same.
        validation: held-out pairs, of which a fixed set of batches is made: the trained weights with the lowest loss on
            it are kept. Or a function of an encoder that gives a number, or several by name with a "mean": the weights
            with the largest are kept. :class:`~pyterrier_hybrid.LanguageValidation` is one.
        validation_sampler: draws the batches; by default a ``HybridSampler`` over what the held-out pairs allow, so
            that the losses of different samplers compare.
        validation_batches: how many of them.
        eval_steps: steps between two validations; by default a tenth of ``max_steps``.
        patience: validations without a new best until training stops early; ``None``: never.
        save_steps: steps between two checkpoints; by default ``eval_steps`` or a tenth of ``max_steps``. 0: none. With
            validation, weights are saved when they are validated.
        token_cache: a folder where queries and passages are kept tokenised, for the next training on the same texts. By
            default the texts of a batch are tokenised when they are needed.
        seed: of the plan and of dropout.
        output: a folder for the trained encoder, with ``training.json`` beside its files; it must not exist yet.
        verbose: show a progress bar.
        **arguments: any other field of :class:`transformers.TrainingArguments`, such as
            ``gradient_accumulation_steps=4`` or ``report_to="tensorboard"``, whose events are written to
            ``{output}.runs``.

    Returns:
        A new encoder; its ``training`` attribute holds the settings and the losses.

    Raises:
        ValueError: an option makes no sense with these pairs (the message says which), the loss is not a number, or
            the checkpoints beside ``output`` are of a training with other settings.
        FileExistsError: ``output`` is there already.

    >>> import pyterrier_hybrid as ph
    >>> pairs = ph.ParallelPairs.from_irds("atlas/train")
    >>> texts = [pairs.passage(i, "de") for i in range(200)]
    >>> encoder = ph.DenseEncoder.from_scratch(texts, dim=8, vocab_size=300)
    >>> trained = ph.train(encoder, pairs, ph.HybridSampler(), batch_size=8, max_steps=2, verbose=False)
    >>> trained.dim
    8
    """
    options = {name: value for name, value in locals().items() if name != "arguments"}
    check_options(options, arguments)
    settings = {name: options[name] for name in _DECISIVE} | decisive(arguments)
    if output is not None and Path(output).exists():
        raise FileExistsError(f"{output} exists: choose another output folder, or remove it first")
    plan = sampler.plan(pairs, batch_size=batch_size, seed=seed)
    module = trainable_module(encoder, dropout=dropout, freeze_token_embeddings=freeze_token_embeddings)
    if bf16 is None:
        bf16 = not arguments.get("fp16") and not encoder.static and bfloat16_is_fast(encoder.device)
    if chunk_size is None:
        chunk_size = 16 if encoder.device.type == "cpu" else 64 if gradient_caching else None
    loss = InfoNCE(
        temperature=temperature, margin=margin, learned=learn_temperature, symmetric=symmetric, dimensions=dimensions,
        normalize=module.normalize,
    )  # fmt: skip
    model = ContrastiveModel(module, loss, chunk_size=chunk_size, recompute=gradient_caching, look_up_once=look_up_once)
    rank, world_size = this_process(encoder.device, arguments)
    part = {"rank": rank, "world_size": world_size}
    texts = Texts(pairs, encoder)
    if token_cache:
        with first_rank_first(**part):
            texts = CachedTexts(pairs, encoder, token_cache, verbose=verbose)
    accumulation = arguments.get("gradient_accumulation_steps", 1)
    batches = PlannedBatches(
        plan, pairs, texts, length=max_steps * accumulation, mask=mask, hard_negatives=hard_negatives, **part
    )

    judge = validation if callable(validation) else None
    frozen = None
    if validation is None:
        eval_steps = None
    else:
        eval_steps = eval_steps or (save_steps or max(1, max_steps // 10))
        if judge is None:
            validation_sampler = validation_sampler or balanced_sampler(validation, batch_size)
            frozen_plan = validation_sampler.plan(validation, batch_size=batch_size)
            frozen = PlannedBatches(
                frozen_plan, validation, Texts(validation, encoder), length=validation_batches, **part
            )
    checkpoints = Checkpoints(output) if output is not None and save_steps != 0 else None
    save_steps = save_steps or eval_steps or max(1, max_steps // 10)
    if eval_steps and save_steps != eval_steps:
        raise ValueError(
            f"save_steps={save_steps} is not eval_steps={eval_steps}: only weights that are saved when they are "
            "validated can be kept as the best ones"
        )
    logging_steps = arguments.get("logging_steps") or _logging_steps(max_steps, save_steps)
    if checkpoints and save_steps % logging_steps:
        raise ValueError(
            f"save_steps={save_steps} must be a multiple of logging_steps={logging_steps}, or a resumed training would "
            "log something else"
        )
    callbacks: list[TrainerCallback] = []
    if validation is not None and patience is not None:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=patience))
    if checkpoints:
        callbacks.append(MarkComplete())
    if verbose and rank == 0:
        callbacks.append(ProgressBar(getattr(sampler, "name", type(sampler).__name__), batch_size=batch_size))

    with ExitStack() as stack:
        stack.enter_context(_tensorboard_folder(output))
        last = None
        if checkpoints:
            settings |= {
                "start": encoder.fingerprint, "pairs": pairs.fingerprint,
                "sampler": repr(sampler), "validation": _name_of(validation), "bf16": bf16, "world_size": world_size,
                "validation_sampler": repr(validation_sampler), "eval_steps": eval_steps,
            }  # fmt: skip
            if rank == 0:
                stack.enter_context(checkpoints.locked())
            checkpoints.check(settings)
            last = checkpoints.latest()
            folder = checkpoints.folder
        else:
            folder = shared_scratch(stack, **part)
        if verbose and rank == 0:
            if last:
                above_bars(f"resuming at step {step_of(last)} of {max_steps} from {last}")
            elif max_steps >= _LONG:
                needed = estimate(model, batches[0], steps=max_steps, bf16=bf16, accumulation=accumulation)
                if needed.seconds > 60:
                    above_bars(f"{max_steps} steps will take {needed}")
        fields = {
            "output_dir": str(folder), "max_steps": max_steps, "learning_rate": learning_rate,
            "weight_decay": weight_decay, "warmup_steps": warmup_steps, "lr_scheduler_type": "linear", "seed": seed,
            "bf16": bf16, "use_cpu": encoder.device.type == "cpu", "logging_nan_inf_filter": False,
            "logging_steps": logging_steps, "report_to": "none", "disable_tqdm": True,
            "remove_unused_columns": False, "dataloader_pin_memory": False, "ddp_find_unused_parameters": False,
            "restore_callback_states_from_checkpoint": True,
            **_saving(checkpoints, save_steps, judge, eval_steps=eval_steps, resumed=last is not None),
            **arguments,
        }  # fmt: skip
        trainer = HybridTrainer(
            model=model,
            encoder=encoder,
            judge=judge,
            args=OneDevice(**fields),
            train_dataset=batches,
            # The Trainer insists on some dataset, also where a judge needs none.
            eval_dataset=frozen or (batches if judge else None),
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        state = _run(trainer, checkpoints, last, **part)
        seconds = round(time.perf_counter() - started, 1)

        trained = encoder.with_module(
            module.float(), name=str(output) if output is not None else f"{encoder.name}+{sampler!r}"
        )
        sizes = np.zeros(len(pairs.datasets), np.int64)
        np.add.at(sizes, pairs.blocks.dataset_ids, np.diff(pairs.blocks.starts))
        trained.training = {
            "start": encoder.name, "sampler": repr(sampler), "items": len(pairs), "languages": list(pairs.languages),
            "datasets": dict(zip(pairs.datasets, sizes.tolist(), strict=True)), "pairs": pairs.fingerprint,
            "batch_size": batch_size, "max_steps": max_steps, "steps": state["global_step"],
            "learning_rate": learning_rate, "weight_decay": weight_decay, "warmup_steps": warmup_steps,
            "temperature": temperature, "learned_temperature": loss.temperature if learn_temperature else None,
            "margin": margin, "symmetric": symmetric, "dimensions": list(dimensions) if dimensions else None,
            "hard_negatives": hard_negatives, "mask": mask, "dropout": dropout,
            "freeze_token_embeddings": freeze_token_embeddings, "bf16": bf16, "chunk_size": chunk_size,
            "gradient_caching": gradient_caching, "processes": world_size, "validation": _name_of(validation),
            "seed": seed, "best_step": state["best_global_step"], "seconds": seconds, "torch": torch.__version__,
            "python": platform.python_version(), "arguments": json.loads(json.dumps(decisive(arguments), default=str)),
            "log": state["log_history"],
        }  # fmt: skip
        if output is not None and rank == 0:
            trained.save(output)
        if world_size > 1:
            # Others may still be reading the best checkpoint.
            wait_for_all()
        if checkpoints and rank == 0:
            checkpoints.remove()
    return trained


# One batch more, to measure it, does not matter beside so many.
_LONG = 100

# What changes the result, beside the start, the pairs and the samplers.
_DECISIVE = (
    "batch_size", "max_steps", "learning_rate", "weight_decay", "warmup_steps", "temperature", "margin",
    "learn_temperature", "symmetric", "dimensions", "hard_negatives", "mask", "dropout", "freeze_token_embeddings",
    "chunk_size", "look_up_once", "gradient_caching", "validation_batches", "patience", "seed",
)  # fmt: skip


def _run(
    trainer: HybridTrainer, checkpoints: Checkpoints | None, last: Path | None, *, rank: int, world_size: int
) -> dict[str, Any]:
    """Train, from the last checkpoint on if there is one, and return the Trainer's final state."""
    if last and stopped_early(last):
        # The kill came between the early stop and the result.
        state = log_of(last)
        load_weights(trainer.model, last.with_name(f"checkpoint-{state['best_global_step']}"))
        return state
    if checkpoints and rank == 0:
        checkpoints.remove_unfinished()
    if world_size > 1:
        distributed.barrier()
    with _no_denormals(), _quick_checkpoints():
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    return {name: getattr(trainer.state, name) for name in ("log_history", "global_step", "best_global_step")}


def _saving(
    checkpoints: Checkpoints | None, save_steps: int, judge: Judge | None, *, eval_steps: int | None, resumed: bool
) -> dict[str, Any]:
    """The Trainer's arguments on checkpoints and, with ``eval_steps``, on validation."""
    validated = eval_steps is not None
    options: dict[str, Any] = {"save_strategy": "no"}
    if checkpoints or validated:
        # Two, since the last one may be cut off; one more where the best is kept besides.
        limit = 1 + bool(checkpoints) + bool(checkpoints and validated)
        options = {
            "save_strategy": "steps", "save_steps": save_steps, "save_total_limit": limit,
            "save_only_model": checkpoints is None,
        }  # fmt: skip
    if validated:
        options |= {
            "eval_strategy": "steps", "eval_steps": eval_steps, "eval_on_start": not resumed,
            "load_best_model_at_end": True, "metric_for_best_model": "eval_mean" if judge else "eval_loss",
            "greater_is_better": judge is not None,
        }  # fmt: skip
    return options


def _logging_steps(max_steps: int, save_steps: int) -> int:
    """Steps between two log entries; every checkpoint falls on one, so that a resumed log is the same."""
    wanted = max(1, min(50, max_steps // 10))
    return next(steps for steps in range(wanted, 0, -1) if save_steps % steps == 0)


def _name_of(validation: Any) -> str | None:
    if validation is None or callable(validation):
        return validation and (getattr(validation, "__qualname__", None) or repr(validation))
    return validation.fingerprint


@contextmanager
def _no_denormals() -> Iterator[None]:
    """Small gradients of a large table end as denormal numbers, which slow a dense optimiser down several times."""
    flushed = (torch.tensor([1e-320], dtype=torch.float64) * 1).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)


@contextmanager
def _tensorboard_folder(output: str | Path | None) -> Iterator[None]:
    """The Trainer would write events beside its checkpoints, which don't stay."""
    if "TENSORBOARD_LOGGING_DIR" in os.environ:
        yield
        return
    os.environ["TENSORBOARD_LOGGING_DIR"] = "runs" if output is None else f"{output}.runs"
    try:
        yield
    finally:
        del os.environ["TENSORBOARD_LOGGING_DIR"]


@contextmanager
def _quick_checkpoints() -> Iterator[None]:
    """Checkpoints of the same second are no reason for the Trainer to doubt the file system."""
    logger, silent = logging.getLogger("transformers.trainer_utils"), lambda record: "mtime" not in record.getMessage()
    logger.addFilter(silent)
    try:
        yield
    finally:
        logger.removeFilter(silent)
