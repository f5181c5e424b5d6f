"""The time and memory that a training needs, measured on one batch before it starts."""

import time
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from pyterrier_hybrid.training.loop.model import ContrastiveModel
from pyterrier_hybrid.utils.formatting import format_bytes

_BYTES_PER_TRAINED_WEIGHT = 12
"""Bytes of the gradient and of AdamW's two numbers, beside the weight."""

_SAMPLE = 1_000_000
"""Number of weights that AdamW is timed on."""


class Estimate(NamedTuple):
    """What a training needs.

    Attributes:
        seconds: Time.
        memory: Bytes, for weights, gradients, the optimiser and the activations of a batch.

    Example:
        >>> print(Estimate(seconds=330, memory=2_100_000_000))
        about 6 min and 2.1 GB
        >>> print(Estimate(seconds=90 * 60, memory=64_000_000))
        about 90 min and 64 MB
    """

    seconds: float
    memory: int

    def __str__(self) -> str:
        minutes = self.seconds / 60
        duration = f"{minutes / 60:.1f} h" if minutes > 90 else f"{max(minutes, 1):.0f} min"
        return f"about {duration} and {format_bytes(self.memory)}"


def estimate(
    model: ContrastiveModel, batch: dict[str, Any], *, steps: int, bf16: bool, accumulation: int = 1
) -> Estimate:
    """Estimate time and memory from one batch; weights, gradients and random numbers stay as they are.

    Args:
        model: The model that will be trained.
        batch: A batch of :class:`~pyterrier_hybrid.training.loop.batches.PlannedBatches`.
        steps: Number of steps of the optimiser.
        bf16: Whether it computes in bfloat16.
        accumulation: Batches per step.
    """
    texts = [*batch["query_ids"], *batch["passage_ids"], *batch["negative_ids"]]
    device = next(model.parameters()).device
    on_gpu = device.type == "cuda"
    was_training = model.training
    with (
        torch.random.fork_rng(devices=[device] if on_gpu else []),
        torch.autocast(device.type, torch.bfloat16, enabled=bf16),
    ):
        model.train()
        # On a GPU, the first batch also includes its start-up.
        for _ in range(2 if on_gpu else 1):
            started = time.perf_counter()
            vectors = model.encoder(texts, chunk_size=model.chunk_size, recompute=model.recompute)
            vectors.sum().backward()
            if on_gpu:
                torch.cuda.synchronize(device)
            seconds = time.perf_counter() - started
        model.zero_grad()
        # With gradient caching, the activations of one chunk are in memory: at most those of the longest texts.
        longest = sorted(texts, key=len)[-model.chunk_size :] if model.recompute and model.chunk_size else texts
        activations = _activation_bytes(model.encoder, longest, model.chunk_size)
    model.train(was_training)
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    weights = sum(value.numel() * value.element_size() for value in model.parameters())
    seconds = seconds * accumulation + _adamw_seconds(device) * trained / _SAMPLE
    return Estimate(seconds * steps, weights + trained * _BYTES_PER_TRAINED_WEIGHT + activations)


def _activation_bytes(encoder: nn.Module, texts: list[list[int]], chunk_size: int | None) -> int:
    """Count the bytes that computing the vectors of some texts keeps for the gradient, beside the weights."""
    weights = {value.untyped_storage().data_ptr() for value in encoder.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        # The graph must live until everything is counted: otherwise a freed address could stand for two tensors.
        vectors = encoder(texts, chunk_size=chunk_size)
    del vectors
    return sum(kept.values())


def _adamw_seconds(device: torch.device) -> float:
    """Time one step of AdamW on the sample."""
    weights = nn.Parameter(torch.zeros(_SAMPLE, device=device))
    weights.grad = torch.zeros_like(weights)
    optimizer = torch.optim.AdamW([weights], fused=True)
    optimizer.step()
    started = time.perf_counter()
    optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
