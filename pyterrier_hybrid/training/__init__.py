"""Training: which texts meet in a batch, the loss, the loop."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "CosineAlpha": "sampling",
    "CrossSampler": "sampling",
    "HybridSampler": "sampling",
    "LengthGroupedSampler": "sampling",
    "LinearAlpha": "sampling",
    "MixedSampler": "sampling",
    "MonoSampler": "sampling",
    "MultiPositiveSampler": "sampling",
    "TranslateTrainSampler": "sampling",
    "sampler_from": "sampling",
    "PlannedBatchSampler": "adapters",
    "planned_dataset": "adapters",
    "InfoNCE": "losses",
    "HybridTrainer": "trainer",
    "train": "_train",
    "SweepResults": "_sweep_results",
    "sweep": "_sweep",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    # Lazy, so that planning batches needs no torch.
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
