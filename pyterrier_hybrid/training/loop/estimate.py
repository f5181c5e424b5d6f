"""How long a training will take and how much memory it needs, measured on one batch before it starts."""

import time
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from pyterrier_hybrid.training.loop.step import ContrastiveModel

# AdamW keeps two numbers per weight beside the weight and its gradient.
_BYTES_PER_TRAINED_VALUE = 12
_SAMPLE = 1_000_000


class Estimate(NamedTuple):
    """What a training will need.

    Attributes:
        seconds: time.
        memory: bytes, for weights, gradients, the optimiser and what a batch computes.

    >>> print(Estimate(seconds=330, memory=2_100_000_000))
    about 6 min and 2.1 GB
    """

    seconds: float
    memory: int

    def __str__(self) -> str:
        minutes = self.seconds / 60
        hours = f"{minutes / 60:.1f} h" if minutes > 90 else f"{max(minutes, 1):.0f} min"
        return f"about {hours} and {self.memory / 1e9:.1f} GB"


def estimate(
    model: ContrastiveModel, batch: dict[str, Any], *, steps: int, bf16: bool, accumulation: int = 1
) -> Estimate:
    """Measure one batch, leaving weights, gradients and random numbers as they were.

    Args:
        model: in training mode or not.
        batch: as :class:`~pyterrier_hybrid.training.loop.batches.PlannedBatches` makes them.
        steps: of the optimiser.
        bf16: whether it computes in bfloat16.
        accumulation: batches per step.
    """
    texts = [*batch["query_ids"], *batch["passage_ids"], *batch["negative_ids"]]
    device = next(model.parameters()).device
    training = model.training
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        model.train()
        # On a GPU, the first batch also starts it up.
        for _ in range(2 if device.type == "cuda" else 1):
            started = time.perf_counter()
            vectors = model.encoder(texts, chunk_size=model.chunk_size, recompute=model.recompute)
            vectors.sum().backward()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds = time.perf_counter() - started
        model.zero_grad()
        # With gradient caching, only one chunk's way is in memory: at most that of the longest texts.
        longest = sorted(texts, key=len)[-model.chunk_size :] if model.recompute and model.chunk_size else texts
        kept = _kept_bytes(model.encoder, longest, model.chunk_size)
    model.train(training)
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    weights = sum(value.numel() * value.element_size() for value in model.parameters())
    seconds = seconds * accumulation + _adamw_seconds(device) * trained / _SAMPLE
    return Estimate(seconds * steps, weights + trained * _BYTES_PER_TRAINED_VALUE + kept)


def _kept_bytes(encoder: nn.Module, texts: list[list[int]], chunk_size: int | None) -> int:
    """What the computation of some texts keeps for the gradient, beside the weights."""
    weights = {value.untyped_storage().data_ptr() for value in encoder.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        # The graph must live until everything is counted, or a freed address is counted once for two tensors.
        vectors = encoder(texts, chunk_size=chunk_size)
    del vectors
    return sum(kept.values())


def _adamw_seconds(device: torch.device) -> float:
    """A step of AdamW on a million values."""
    values = nn.Parameter(torch.zeros(_SAMPLE, device=device))
    values.grad = torch.zeros_like(values)
    optimizer = torch.optim.AdamW([values], fused=True)
    optimizer.step()
    started = time.perf_counter()
    optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
