"""``train``: contrastive training of an encoder."""

import inspect
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback
from transformers.utils import logging

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training.distillation import Distillation
from pyterrier_hybrid.training.loop.arguments import OneDeviceArguments, decisive_arguments, recomputes_layers
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.checkpoints import (
    Checkpoints,
    MarkComplete,
    load_weights,
    problems_of_writing,
    state_of,
    step_of,
    stopped_early,
    without_mtime_warning,
)
from pyterrier_hybrid.training.loop.config import TrainingConfig
from pyterrier_hybrid.training.loop.estimate import estimate
from pyterrier_hybrid.training.loop.fixed_vectors import AnyEncoder, GuideScores, TeacherVectors
from pyterrier_hybrid.training.loop.model import ContrastiveModel, recomputing_layers, trainable_copy
from pyterrier_hybrid.training.loop.processes import Processes
from pyterrier_hybrid.training.loop.progress import ProgressBar
from pyterrier_hybrid.training.loop.tokens import CachedTexts, Texts
from pyterrier_hybrid.training.loop.trainer import HybridTrainer
from pyterrier_hybrid.training.loop.validation import Validator
from pyterrier_hybrid.training.losses import InfoNCE
from pyterrier_hybrid.training.sampling import Sampler
from pyterrier_hybrid.utils.files import check_new_folder
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.progress import above_bars
from pyterrier_hybrid.utils.random_state import kept_random_state

_DETERMINISM_VARIABLES = (
    "CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG", "ASCEND_LAUNCH_BLOCKING", "HCCL_DETERMINISTIC",
    "FLASH_ATTENTION_DETERMINISTIC",
)  # fmt: skip
"""Environment variables that ``full_determinism=True`` sets."""

_ESTIMATED_STEPS = 100
"""Number of steps from which on the time is estimated first; the estimate costs one more batch."""


def train(
    encoder: DenseEncoder,
    pairs: ParallelPairs,
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
    false_negative_margin: float | None = None,
    guide: AnyEncoder | None = None,
    teacher: AnyEncoder | None = None,
    distill: float = 0.0,
    distill_similarities: float = 0.0,
    dropout: float | None = None,
    freeze_token_embeddings: bool = False,
    bf16: bool | None = None,
    chunk_size: int | None = None,
    look_up_once: bool = True,
    gradient_caching: bool = False,
    validation: ParallelPairs | Validator | None = None,
    validation_sampler: Sampler | None = None,
    validation_batches: int = 10,
    eval_steps: int | None = None,
    patience: int | None = 3,
    save_steps: int | None = None,
    token_cache: str | Path | None = None,
    vector_cache: str | Path | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    verbose: bool = True,
    **arguments: Any,
) -> DenseEncoder:
    """Train an encoder contrastively, on batches chosen by a sampler (arXiv 2408.10536, section 3).

    The defaults are the paper's as far as it states them (AdamW, weight decay, learning rate, batch size, cosine).
    The loop is :class:`transformers.Trainer`'s, which also clips gradients to a norm of 1 (``max_grad_norm``). Started
    with ``torchrun``, several processes train on the batches that one process would have, each on its part, and every
    query still has all passages of its batch as negatives.

    With ``output``, an interrupted training resumes when it is started again with the same settings: checkpoints are
    kept in ``{output}.checkpoints`` until the encoder is saved. On a CPU, a resumed training ends with exactly the
    weights that it would have had without the interruption; on a GPU, only if all operations are deterministic.

    Args:
        encoder: The encoder to start from; it is not changed.
        pairs: The training data.
        sampler: Chooses the pairs of each batch: ``MonoSampler()``, ``CrossSampler()`` or ``HybridSampler(alpha=0.5)``.
        batch_size: Pairs per batch, over all processes; each query's negatives are the other passages of its batch, so
            1 needs hard negatives.
        max_steps: Number of steps of the optimiser.
        learning_rate: Peak learning rate, after the warm-up; then it falls linearly to zero. The default suits
            pretrained transformers; a new static encoder learns with about 5e-3.
        weight_decay: Weight decay of AdamW.
        warmup_steps: Steps until the peak learning rate; below 1, this ratio of ``max_steps``. The first step's rate is
            0 then; a training of one step, which would learn nothing, has no warm-up.
        temperature: Temperature of the loss, see :class:`~pyterrier_hybrid.training.losses.InfoNCE`.
        margin: Margin of the loss: the score of a positive must exceed those of the negatives by this much. What
            matters is its ratio to the temperature: 0.1 is a large margin at a temperature of 0.02.
        learn_temperature: Learn the temperature, starting from ``temperature``.
        symmetric: Also use each passage as a query for the queries of its batch.
        dimensions: Matryoshka dimensions to train (arXiv 2205.13147), such as ``(384, 128, 64)``; see
            ``DenseEncoder(truncate_dim=)``.
        hard_negatives: Number of each item's hard negatives in its batch, in the language of its passage.
        mask: Which passages of a batch are not negatives of a query: those of the same "document" (all that share a
            text or a given group), those of items with the same "passage", or those of the same "item" only. The
            samplers of this package never draw two items of a document into a batch, so this is for your own samplers;
            hard negatives are compared by their texts.
        false_negative_margin: Leave out negatives of a query whose score exceeds that of its positive minus this
            margin: the scores of ``guide``, or without one those of the encoder as it is at that step. A guide's
            default is 0, as in GISTEmbed (arXiv 2402.16829). The encoder's own scores need a negative margin, such as
            -0.1: otherwise whatever it has not learned yet would be left out.
        guide: An encoder that finds false negatives; it is not trained.
        teacher: An encoder whose vectors of the English texts are targets for the same texts in all languages; it is
            not trained. Items without an English text have no target.
        distill: Weight of the distance of the vectors from the teacher's (arXiv 2004.09813), see
            :class:`~pyterrier_hybrid.training.Distillation`; it is added to the contrastive loss. Both encoders need
            the same dimension.
        distill_similarities: Weight of the divergence of the similarities within a batch from the teacher's.
        dropout: Dropout probability; by default the encoder's own.
        freeze_token_embeddings: Do not train the token embeddings. If the vocabulary is large, this saves most of the
            optimiser's work.
        bf16: Compute in bfloat16 where that is safe; by default for transformers, if the device supports it.
        chunk_size: Number of texts encoded at a time, sorted by length; the result is the same. By default 16 on a CPU,
            where padding is expensive; on a GPU 64 with gradient caching, otherwise the whole batch.
        look_up_once: Look up the tokens of a batch together instead of chunk by chunk, which saves a gradient of the
            vocabulary's size for each chunk; the result is the same.
        gradient_caching: Compute every chunk twice instead of keeping it in memory (GradCache, arXiv 2101.06983):
            batches of thousands in the memory of one chunk, for a third more time. The result is the same.
        validation: Held-out pairs, from which a fixed set of batches is made: the weights with the lowest loss on them
            are kept. Or a function of an encoder that returns a number, or several by name with a "mean": the weights
            with the largest value are kept. :class:`~pyterrier_hybrid.LanguageValidation` is such a function.
        validation_sampler: Sampler of the held-out batches; by default a ``HybridSampler`` as far as the held-out pairs
            allow, so that the losses of different samplers can be compared.
        validation_batches: Number of held-out batches.
        eval_steps: Steps between two validations; by default a tenth of ``max_steps``.
        patience: Number of validations without a new best one before training stops early; ``None``: never.
        save_steps: Steps between two checkpoints; by default ``eval_steps`` or a tenth of ``max_steps``. 0: no
            checkpoints. With validation, weights are saved when they are validated.
        token_cache: A folder for the token ids of queries and passages, which the next training on the same texts
            reuses. By default, the texts of each batch are tokenised on demand.
        vector_cache: A folder for the vectors of the teacher and the guide, which the next training reuses; by default,
            they are kept with the checkpoints. The texts of all batches are encoded before the first step.
        seed: Seed of the plan and of dropout.
        output: A new folder for the trained encoder, with ``training.json`` and ``leaks.json`` among its files: the
            record of the training, and of the leak checks of the pairs (``leak_checks``).
        verbose: Show a progress bar.
        **arguments: Further fields of :class:`transformers.TrainingArguments`, such as
            ``gradient_accumulation_steps=4``, ``gradient_checkpointing=True``, ``max_grad_norm=0`` (no clipping) or
            ``report_to="tensorboard"``, whose events are written to ``{output}.runs``. Fields without effect here are
            refused, and so are arguments of the Trainer such as ``callbacks``; the message says what to use instead.

    Returns:
        A new encoder; its ``training`` attribute holds the settings and the losses. The random state of Python, numpy
        and torch is what it was before.

    Raises:
        TypeError: An argument is of the wrong type, or an option does not exist.
        ValueError: An option does not fit these pairs (the message says which), the loss is not a number, or the
            checkpoints beside ``output`` belong to a training with other settings.
        FileExistsError: ``output`` already exists.
        OSError: ``output`` or a checkpoint cannot be written.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> pairs = ph.ParallelPairs.from_irds("atlas/train")
        >>> encoder = ph.DenseEncoder.from_scratch(pairs.texts(limit=200), dim=8, vocab_size=1000)
        >>> trained = ph.train(encoder, pairs, ph.HybridSampler(), batch_size=8, max_steps=2, verbose=False)
        >>> trained.dim
        8
    """
    _check_types(encoder, pairs, sampler)
    config = TrainingConfig(
        batch_size=batch_size, max_steps=max_steps, learning_rate=learning_rate, weight_decay=weight_decay,
        warmup_steps=warmup_steps, temperature=temperature, margin=margin, learn_temperature=learn_temperature,
        symmetric=symmetric, dimensions=dimensions, hard_negatives=hard_negatives, mask=mask,
        false_negative_margin=false_negative_margin, guide=guide, teacher=teacher, distill=distill,
        distill_similarities=distill_similarities, dropout=dropout, freeze_token_embeddings=freeze_token_embeddings,
        bf16=bf16, chunk_size=chunk_size, look_up_once=look_up_once, gradient_caching=gradient_caching,
        validation=validation, validation_sampler=validation_sampler, validation_batches=validation_batches,
        eval_steps=eval_steps, patience=patience, save_steps=save_steps, token_cache=token_cache,
        vector_cache=vector_cache, seed=seed, output=output, verbose=verbose, arguments=arguments,
    )  # fmt: skip
    with kept_random_state(), _kept_settings():
        return _train(config, encoder, pairs, sampler)


def check_options(options: Mapping[str, Any]) -> None:
    """Check options of :func:`train` before there is anything to train.

    Args:
        options: Options by name; the others have their defaults.

    Raises:
        TypeError: An option is of the wrong type, or does not exist.
        ValueError: An option has an impossible value.

    Example:
        >>> check_options({"max_steps": None})
        Traceback (most recent call last):
        ...
        TypeError: max_steps=None is NoneType, not a whole number
    """
    parameters = inspect.signature(train).parameters.values()
    values = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
    arguments = {name: value for name, value in options.items() if name not in values}
    TrainingConfig(**{name: options.get(name, value) for name, value in values.items()}, arguments=arguments)


def _train(config: TrainingConfig, encoder: DenseEncoder, pairs: ParallelPairs, sampler: Sampler) -> DenseEncoder:
    """Check the inputs, train, and save the encoder."""
    config.check_inputs(encoder, pairs)
    if config.output is not None:
        check_new_folder(config.output)
    config = config.with_defaults(encoder)
    processes = Processes.started(encoder.device, config.arguments)
    config.try_arguments(encoder)

    plan = sampler.plan(pairs, batch_size=config.batch_size, seed=config.seed)
    model = _model(config, encoder)
    batches = PlannedBatches(
        plan,
        pairs,
        _texts(config, encoder, pairs, processes),
        length=config.max_steps * config.accumulation,
        mask=config.mask,
        hard_negatives=config.hard_negatives,
        rank=processes.rank,
        world_size=processes.world_size,
    )
    if not config.hard_negatives and not batches.have_negatives(0):
        raise ValueError(
            f"batch_size={config.batch_size}: with {sampler!r}, all pairs of a batch are of one item or document, so "
            "there are no negatives and nothing would be learned; choose a larger batch, or hard_negatives"
        )
    held_out = _held_out_batches(config, encoder, processes)

    with ExitStack() as stack:
        stack.enter_context(_tensorboard_folder(config.output))
        checkpoints = last = None
        if config.output is not None and config.keeps_checkpoints:
            checkpoints = Checkpoints(config.output)
            if processes.is_first:
                stack.enter_context(checkpoints.locked())
            last = checkpoints.latest()
            checkpoints.check(_decisive(config, encoder, pairs, sampler, processes), last)
        folder = checkpoints.folder if checkpoints else stack.enter_context(processes.temporary_folder())
        _add_fixed_vectors(config, pairs, batches, folder, processes)
        with recomputing_layers(model.encoder, enabled=recomputes_layers(config.arguments)):
            if config.verbose and processes.is_first:
                _announce(config, model, batches, last)

            trainer = HybridTrainer(
                model=model,
                encoder=encoder,
                judge=config.validator,
                args=OneDeviceArguments(**config.trainer_fields(encoder, folder=folder, resumed=last is not None)),
                train_dataset=batches,
                # The Trainer requires a dataset even if a validator does not need one.
                eval_dataset=held_out or (batches if config.validator else None),
                callbacks=_callbacks(config, sampler, processes),
            )
            trainer.remove_callback(PrinterCallback)
            started = time.perf_counter()
            state = _run(trainer, checkpoints, last, processes)
            seconds = round(time.perf_counter() - started, 1)

        name = str(config.output) if config.output is not None else f"{encoder.name}+{sampler!r}"
        trained = encoder.with_module(model.encoder.float(), name=name)
        trained.training = _record(config, encoder, pairs, sampler, model, processes, state) | {"seconds": seconds}
        if config.output is not None and processes.is_first:
            with problems_of_writing(config.output):
                trained.save(config.output)
        # Other processes may still be reading the best checkpoint.
        processes.wait_at_end()
        if checkpoints and processes.is_first:
            checkpoints.remove()
    return trained


def _check_types(encoder: Any, pairs: Any, sampler: Any) -> None:
    is_encoder, are_pairs = isinstance(encoder, DenseEncoder), isinstance(pairs, ParallelPairs)
    is_sampler = hasattr(sampler, "plan") and not isinstance(sampler, type)
    for name, value, is_valid, expected in (
        ("encoder", encoder, is_encoder, 'a DenseEncoder, such as DenseEncoder("FacebookAI/xlm-roberta-base")'),
        ("pairs", pairs, are_pairs, 'ParallelPairs, such as ParallelPairs.from_irds("atlas/train")'),
        ("sampler", sampler, is_sampler, "a sampler, such as HybridSampler()"),
    ):
        if not is_valid:
            raise TypeError(f"{name} is {short_repr(value)}: pass {expected}")


def _model(config: TrainingConfig, encoder: DenseEncoder) -> ContrastiveModel:
    """Copy the encoder's module and add the loss."""
    module = trainable_copy(
        encoder,
        dropout=config.dropout,
        freeze_token_embeddings=config.freeze_token_embeddings,
        recompute_layers=recomputes_layers(config.arguments),
    )
    loss = InfoNCE(
        temperature=config.temperature,
        margin=config.margin,
        false_negative_margin=config.false_negative_margin,
        learned=config.learn_temperature,
        symmetric=config.symmetric,
        dimensions=config.dimensions,
        normalize=module.normalize,
    )
    distillation = None
    if config.teacher is not None:
        distillation = Distillation(vectors=config.distill, similarities=config.distill_similarities)
    chunk_size = config.chunk_size
    if chunk_size is None:
        chunk_size = 16 if encoder.device.type == "cpu" else 64 if config.gradient_caching else None
    return ContrastiveModel(
        module,
        loss,
        chunk_size=chunk_size,
        recompute=config.gradient_caching,
        look_up_once=config.look_up_once,
        distillation=distillation,
    )


def _texts(config: TrainingConfig, encoder: DenseEncoder, pairs: ParallelPairs, processes: Processes) -> Texts:
    if not config.token_cache:
        return Texts(pairs, encoder)
    with processes.first_goes_first():
        return CachedTexts(pairs, encoder, config.token_cache, verbose=config.verbose)


def _add_fixed_vectors(
    config: TrainingConfig, pairs: ParallelPairs, batches: PlannedBatches, folder: Path, processes: Processes
) -> None:
    """Give the batches the vectors of the teacher and the guide, which are computed if they are missing."""
    home = Path(config.vector_cache or folder / "vectors")
    verbose = config.verbose and processes.is_first
    for encoder, kind in ((config.guide, GuideScores), (config.teacher, TeacherVectors)):
        if encoder is not None:
            with processes.first_goes_first():
                batches.add_fixed(kind(encoder, pairs, home, verbose=verbose))


def _held_out_batches(config: TrainingConfig, encoder: DenseEncoder, processes: Processes) -> PlannedBatches | None:
    """Return the fixed batches to validate on by loss, if any; they do not depend on the seed of the training."""
    if not isinstance(config.validation, ParallelPairs) or config.validation_sampler is None:
        return None
    return PlannedBatches(
        config.validation_sampler.plan(config.validation, batch_size=config.batch_size),
        config.validation,
        Texts(config.validation, encoder),
        length=config.validation_batches,
        rank=processes.rank,
        world_size=processes.world_size,
    )


def _decisive(
    config: TrainingConfig, encoder: DenseEncoder, pairs: ParallelPairs, sampler: Sampler, processes: Processes
) -> dict[str, Any]:
    """Return all settings that decide the result, by name."""
    return config.decisive() | {
        "start": encoder.fingerprint,
        "pairs": pairs.fingerprint,
        "sampler": repr(sampler),
        "world_size": processes.world_size,
    }


def _announce(config: TrainingConfig, model: ContrastiveModel, batches: PlannedBatches, last: Path | None) -> None:
    """Print where a training resumes, or the estimated time and memory of a long one."""
    if last:
        above_bars(f"resuming at step {step_of(last)} of {config.max_steps} from {last}")
    elif config.max_steps >= _ESTIMATED_STEPS:
        needed = estimate(
            model, batches[0], steps=config.max_steps, bf16=bool(config.bf16), accumulation=config.accumulation
        )
        if needed.seconds > 60:
            above_bars(f"{config.max_steps} steps will take {needed}")


def _callbacks(config: TrainingConfig, sampler: Sampler, processes: Processes) -> list[TrainerCallback]:
    callbacks: list[TrainerCallback] = []
    if config.validation is not None and config.patience is not None:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=config.patience))
    if config.keeps_checkpoints:
        callbacks.append(MarkComplete())
    if config.verbose and processes.is_first:
        # Samplers of users may lack a name.
        name = getattr(sampler, "name", type(sampler).__name__)
        callbacks.append(ProgressBar(name, batch_size=config.batch_size))
    return callbacks


def _run(
    trainer: HybridTrainer, checkpoints: Checkpoints | None, last: Path | None, processes: Processes
) -> dict[str, Any]:
    """Train, from the last checkpoint if there is one, and return the Trainer's final state."""
    if last and stopped_early(last):
        # Interrupted between early stopping and saving the encoder.
        state = state_of(last)
        load_weights(trainer.model, last.with_name(f"checkpoint-{state['best_global_step']}"))
        return state
    if checkpoints and processes.is_first:
        checkpoints.remove_unused(last)
    processes.wait()
    with _without_denormals(), without_mtime_warning():
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    return {name: getattr(trainer.state, name) for name in ("log_history", "global_step", "best_global_step")}


def _record(
    config: TrainingConfig,
    encoder: DenseEncoder,
    pairs: ParallelPairs,
    sampler: Sampler,
    model: ContrastiveModel,
    processes: Processes,
    state: dict[str, Any],
) -> dict[str, Any]:
    """Return the content of ``training.json``."""
    sizes = np.zeros(len(pairs.datasets), np.int64)
    np.add.at(sizes, pairs.blocks.dataset_ids, np.diff(pairs.blocks.starts))
    return {
        "start": encoder.name,
        "sampler": repr(sampler),
        "items": len(pairs),
        "languages": list(pairs.languages),
        "datasets": dict(zip(pairs.datasets, sizes.tolist(), strict=True)),
        "pairs": pairs.fingerprint,
        "leak_checks": list(pairs.leak_checks),
        **config.record(),
        "chunk_size": model.chunk_size,
        "learned_temperature": model.loss.temperature if config.learn_temperature else None,
        "processes": processes.world_size,
        "steps": state["global_step"],
        "best_step": state["best_global_step"],
        "torch": torch.__version__,
        "python": platform.python_version(),
        "arguments": json.loads(json.dumps(decisive_arguments(config.arguments), default=str)),
        "log": state["log_history"],
    }


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Flush denormal numbers to zero: those of small gradients make a dense optimiser several times slower."""
    flushed = (torch.tensor([1e-320], dtype=torch.float64) * 1).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)


@contextmanager
def _kept_settings() -> Iterator[None]:
    """Give the process back the settings that TrainingArguments change: determinism, TF32, verbosity."""
    environment = {name: os.environ.get(name) for name in _DETERMINISM_VARIABLES}
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark
    # Of torch 2.9; asking for the older flags fails where the caller uses this one.
    precision = getattr(torch.backends, "fp32_precision", None)
    verbosity = logging.get_verbosity()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        cudnn.deterministic, cudnn.benchmark = flags
        if precision != getattr(torch.backends, "fp32_precision", None):
            setattr(torch.backends, "fp32_precision", precision)  # noqa: B010
        torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _tensorboard_folder(output: str | Path | None) -> Iterator[None]:
    """Write TensorBoard's events beside the output; the Trainer's default is the folder of the checkpoints."""
    if "TENSORBOARD_LOGGING_DIR" in os.environ:
        yield
        return
    os.environ["TENSORBOARD_LOGGING_DIR"] = "runs" if output is None else f"{output}.runs"
    try:
        yield
    finally:
        del os.environ["TENSORBOARD_LOGGING_DIR"]
