from .adapters import PlannedBatchSampler, planned_dataset
from .distillation import Distillation
from .loop.training import train
from .losses import InfoNCE
from .sampling import (
    CosineAlpha,
    CrossSampler,
    HybridSampler,
    LengthGroupedSampler,
    LinearAlpha,
    MixedSampler,
    MonoSampler,
    MultiPositiveSampler,
    TranslateTrainSampler,
    sampler_from,
)
from .trainer import HybridTrainer
from .tuning.results import SweepResults
from .tuning.search import sweep

__all__ = [
    "CosineAlpha",
    "CrossSampler",
    "Distillation",
    "HybridSampler",
    "HybridTrainer",
    "InfoNCE",
    "LengthGroupedSampler",
    "LinearAlpha",
    "MixedSampler",
    "MonoSampler",
    "MultiPositiveSampler",
    "PlannedBatchSampler",
    "SweepResults",
    "TranslateTrainSampler",
    "planned_dataset",
    "sampler_from",
    "sweep",
    "train",
]
