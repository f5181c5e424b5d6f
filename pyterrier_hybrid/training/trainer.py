"""Training an encoder on batches that a sampler plans."""

import json
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from pyterrier_hybrid._files import whole_file
from pyterrier_hybrid.training.losses import InfoNCE
from pyterrier_hybrid.training.sampling import HybridSampler, MonoSampler, Plan, Sampler

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
    symmetric: bool = False,
    dropout: float | None = None,
    freeze_token_embeddings: bool = False,
    bf16: bool | None = None,
    chunk_size: int | None = None,
    validation: "ParallelPairs | None" = None,
    validation_sampler: Sampler | None = None,
    validation_batches: int = 10,
    eval_steps: int | None = None,
    patience: int | None = 3,
    seed: int = 0,
    output: str | Path | None = None,
    verbose: bool = True,
    **arguments: Any,
) -> "DenseEncoder":
    """Train an encoder contrastively, on batches chosen by a sampler (arXiv 2408.10536, section 3).

    The defaults are the paper's as far as it prints them (AdamW, weight decay, learning rate, batch size, cosine).
    The loop is :class:`transformers.Trainer`'s.

    Args:
        encoder: where to start; it is not changed.
        pairs: what to learn from.
        sampler: which texts meet in a batch: ``MonoSampler()``, ``CrossSampler()`` or ``HybridSampler(alpha=0.5)``.
        batch_size: pairs per batch; each query's negatives are the other passages of its batch.
        max_steps: batches.
        learning_rate: at its highest, after the warm-up; then it falls linearly to zero. The default suits pretrained
            transformers; a new static encoder learns with about 5e-3.
        weight_decay: of AdamW.
        warmup_steps: batches until the learning rate is reached; below 1, that share of ``max_steps``.
        temperature: of the loss, see :class:`~pyterrier_hybrid.training.losses.InfoNCE`.
        symmetric: also let passages find their queries.
        dropout: the share of values dropped; ``None`` leaves the encoder's own.
        freeze_token_embeddings: leave the token vectors as they are, which saves most of the optimiser's work where the
            vocabulary is large.
        bf16: compute in bfloat16 where that is safe; by default for transformers, if the processor has it.
        chunk_size: texts computed at a time, sorted by length; the result is the same. By default 16 on a processor,
            where padding is dear, and all at once on a GPU.
        validation: held-out pairs. The weights with the lowest loss on a fixed set of their batches are kept.
        validation_sampler: draws these batches; by default a ``HybridSampler`` over what the held-out pairs allow, so
            that the losses of different samplers compare.
        validation_batches: how many of them.
        eval_steps: batches between two validations; by default a tenth of ``max_steps``.
        patience: validations without a new lowest loss until training stops early; ``None``: never.
        seed: of the plan and of dropout.
        output: a folder for the trained encoder, with ``training.json`` beside its files; it must not exist yet.
        verbose: show a progress bar.
        **arguments: any other field of :class:`transformers.TrainingArguments`, such as ``report_to="tensorboard"``.

    Returns:
        A new encoder; its ``training`` attribute holds the settings and the losses.

    Raises:
        ValueError: an option makes no sense with these pairs (the message says which), or the loss is not a number.
        FileExistsError: ``output`` is there already.

    >>> import pyterrier_hybrid as ph
    >>> pairs = ph.ParallelPairs.from_irds("atlas/train")
    >>> texts = [pairs.passage(i, "de") for i in range(200)]
    >>> encoder = ph.DenseEncoder.from_scratch(texts, dim=8, vocab_size=300)
    >>> trained = ph.train(encoder, pairs, ph.HybridSampler(), batch_size=8, max_steps=2, verbose=False)
    >>> trained.dim
    8
    """
    if output is not None and Path(output).exists():
        raise FileExistsError(f"{output} exists: choose another output folder, or remove it first")
    if max_steps < 1:
        raise ValueError(f"max_steps={max_steps}: it must be at least 1")
    loss = InfoNCE(temperature=temperature, symmetric=symmetric)
    plan = sampler.plan(pairs, batch_size=batch_size, seed=seed)
    module = encoder.copy_module()
    module.requires_grad_(True)
    if dropout is not None:
        for layer in module.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = dropout
    if freeze_token_embeddings:
        module.backbone.token_embeddings.requires_grad_(False)
        if not any(parameter.requires_grad for parameter in module.parameters()):
            raise ValueError("freeze_token_embeddings=True leaves a static encoder nothing to learn: leave it out")
    if bf16 is None:
        bf16 = not encoder.static and bfloat16_is_fast(encoder.device)
    if chunk_size is None and encoder.device.type == "cpu":
        chunk_size = 16

    evaluation: dict[str, Any] = {}
    callbacks: list[TrainerCallback] = []
    frozen = None
    if validation is not None:
        eval_steps = eval_steps or max(1, max_steps // 10)
        frozen_plan = (validation_sampler or _balanced(validation, batch_size)).plan(validation, batch_size=batch_size)
        frozen = _PlannedBatches(frozen_plan, validation, encoder, length=validation_batches)
        evaluation = {
            "eval_strategy": "steps", "eval_steps": eval_steps, "eval_on_start": True,
            "save_strategy": "steps", "save_steps": eval_steps, "save_total_limit": 1, "save_only_model": True,
            "load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False,
        }  # fmt: skip
        if patience is not None:
            callbacks.append(EarlyStoppingCallback(early_stopping_patience=patience))
    if verbose:
        callbacks.append(_ProgressBar(getattr(sampler, "name", type(sampler).__name__)))

    with tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-") as scratch:
        options = {
            "output_dir": scratch, "max_steps": max_steps, "learning_rate": learning_rate, "weight_decay": weight_decay,
            "warmup_steps": warmup_steps, "lr_scheduler_type": "linear", "seed": seed, "bf16": bf16,
            "use_cpu": encoder.device.type == "cpu", "logging_steps": max(1, min(50, max_steps // 10)),
            "logging_nan_inf_filter": False, "save_strategy": "no", "report_to": "none", "disable_tqdm": True,
            "remove_unused_columns": False, "dataloader_pin_memory": False, **evaluation, **arguments,
        }  # fmt: skip
        trainer = HybridTrainer(
            model=module,
            args=_OneDevice(**options),
            train_dataset=_PlannedBatches(plan, pairs, encoder, length=max_steps),
            eval_dataset=frozen,
            callbacks=callbacks,
            loss=loss,
            chunk_size=chunk_size,
        )
        trainer.remove_callback(PrinterCallback)
        with _no_denormals():
            result = trainer.train()

    trained = encoder.with_module(
        module.float(), name=str(output) if output is not None else f"{encoder.name}+{sampler!r}"
    )
    trained.training = {
        "start": encoder.name, "sampler": repr(sampler), "items": len(pairs), "languages": pairs.languages,
        "batch_size": batch_size, "max_steps": max_steps, "steps": result.global_step, "learning_rate": learning_rate,
        "weight_decay": weight_decay, "warmup_steps": warmup_steps, "temperature": temperature, "symmetric": symmetric,
        "dropout": dropout, "freeze_token_embeddings": freeze_token_embeddings, "bf16": bf16, "chunk_size": chunk_size,
        "seed": seed, "best_step": trainer.state.best_global_step, "seconds": round(result.metrics["train_runtime"], 1),
        "torch": torch.__version__, "python": platform.python_version(), "log": trainer.state.log_history,
    }  # fmt: skip
    if output is not None:
        trained.save(output)
        with whole_file(Path(output) / "training.json") as path:
            path.write_text(json.dumps(trained.training, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return trained


class _OneDevice(TrainingArguments):
    """Where one process sees several GPUs, the Trainer would split batches among them, and negatives with them."""

    @property
    def n_gpu(self) -> int:
        """The number of GPUs of this process."""
        return min(1, super().n_gpu)


@contextmanager
def _no_denormals() -> Iterator[None]:
    """Small gradients of a large table end as denormal numbers, which slow a dense optimiser down several times."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _balanced(pairs: "ParallelPairs", batch_size: int) -> HybridSampler:
    """Monolingual batches of the languages that have enough pairs for one, and cross-lingual batches if any."""
    same = pairs.has_query & pairs.has_passage & ~pairs.is_translation[:, None]
    languages = [
        language
        for language, mask in zip(pairs.languages, same.T, strict=True)
        if len(np.unique(pairs.groups[mask])) >= batch_size
    ]
    # Two languages on one side, or one on each: then some query and some passage of an item differ in language.
    either = (pairs.has_query | pairs.has_passage).sum(axis=1) > 1
    cross = len(np.unique(pairs.groups[either])) >= batch_size
    if not languages and not cross:
        raise ValueError(
            f"validation: {len(pairs)} pairs are too few for one batch of batch_size={batch_size} in any language: "
            "hold out more"
        )
    return HybridSampler(
        0.5 if languages and cross else float(not cross), mono=MonoSampler(languages=languages or None)
    )


class HybridTrainer(Trainer):
    """``transformers.Trainer`` over planned batches; everything but the batches and the loss is its own.

    Args:
        loss: called with query vectors, passage vectors and group ids.
        chunk_size: texts computed at a time.
        **options: of ``transformers.Trainer``; the datasets hold whole batches.
    """

    def __init__(self, *, loss: InfoNCE, chunk_size: int | None, **options: Any) -> None:
        """Keep the loss."""
        super().__init__(**options)
        self.loss = loss
        self.chunk_size = chunk_size

    def get_train_dataloader(self) -> DataLoader:
        """The plan's batches in the plan's order: no sampler of the Trainer's could know which texts may meet."""
        return DataLoader(self.train_dataset, batch_size=None, shuffle=False)

    def get_eval_dataloader(self, eval_dataset: Dataset | None = None) -> DataLoader:
        """The frozen plan's batches."""
        return DataLoader(eval_dataset or self.eval_dataset, batch_size=None, shuffle=False)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The loss of one batch; queries and passages go through the model together."""
        count = len(inputs["query_ids"])
        vectors = model([*inputs["query_ids"], *inputs["passage_ids"]], chunk_size=self.chunk_size)
        loss = self.loss(vectors[:count], vectors[count:], inputs["groups"].to(vectors.device))
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is {loss.item()} at step {self.state.global_step}: lower the learning rate or raise the "
                "temperature; bf16=False helps where numbers overflow"
            )
        return (loss, {}) if return_outputs else loss

    def prediction_step(
        self, model: nn.Module, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[torch.Tensor, None, None]:
        """The loss alone: vectors are no predictions to gather."""
        with torch.no_grad(), self.compute_loss_context_manager():
            return self.compute_loss(model, inputs).detach(), None, None


class _PlannedBatches(Dataset):
    """Batch ``t`` of a plan, tokenised."""

    def __init__(self, plan: Plan, pairs: "ParallelPairs", encoder: "DenseEncoder", *, length: int) -> None:
        self.plan = plan
        self.pairs = pairs
        self.encoder = encoder
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, step: int) -> dict[str, Any]:
        batch = self.plan.batch(step)
        queries = [self.encoder.query_prefix + self.pairs.query(item, language) for item, language, _ in batch]
        passages = [self.encoder.document_prefix + self.pairs.passage(item, language) for item, _, language in batch]
        groups = [int(self.pairs.groups[item]) for item, _, _ in batch]
        return {
            "query_ids": self.encoder.tokenize(queries),
            "passage_ids": self.encoder.tokenize(passages),
            "groups": torch.tensor(groups),
        }


class _ProgressBar(TrainerCallback):
    """One line per training: steps, speed, the last losses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bar: tqdm | None = None
        self.losses: dict[str, float] = {}

    def on_train_begin(self, args: TrainingArguments, state: Any, control: Any, **_: Any) -> None:
        self.bar = tqdm(total=state.max_steps, initial=state.global_step, desc=f"training {self.name}", unit="batch")

    def on_step_end(self, args: TrainingArguments, state: Any, control: Any, **_: Any) -> None:
        self.bar.update(state.global_step - self.bar.n)

    def on_log(
        self, args: TrainingArguments, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        self.losses.update({name: value for name, value in (logs or {}).items() if name in ("loss", "eval_loss")})
        if self.bar is not None:
            self.bar.set_postfix({name: f"{value:.3f}" for name, value in self.losses.items()})

    def on_train_end(self, args: TrainingArguments, state: Any, control: Any, **_: Any) -> None:
        self.bar.close()


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself; elsewhere it is emulated and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))
    return False
