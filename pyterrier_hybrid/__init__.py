"""Hybrid batch training of multilingual dense retrievers, as a PyTerrier plugin.

The names below are imported when they are first used, so that importing this package costs little and loads no torch.
Importing it also registers the ``xquad-r``, ``mlqa-r`` and ``atlas`` datasets with ir_datasets.

>>> import ir_datasets
>>> import pyterrier_hybrid as ph
>>> ir_datasets.load("atlas/de/test").queries_lang()
'de'
"""

from importlib import import_module
from typing import Any

from pyterrier_hybrid.datasets import register

__version__ = "0.1.0"

_PUBLIC = {
    "DenseEncoder": "retrieval",
    "FaissIndex": "retrieval",
    "BM25Index": "retrieval",
    "Centring": "retrieval",
    "LIR": "retrieval",
    "SHIFT": "retrieval",
    "DebiasedEncoder": "retrieval",
    "ReciprocalRankFusion": "retrieval",
    "ScoreFusion": "retrieval",
    "fuse": "retrieval",
    "VectorFeedback": "retrieval",
    "feedback": "retrieval",
    "ParallelPairs": "parallel",
    "find_leaks": "parallel",
    "Lexicon": "parallel",
    "code_switch": "parallel",
    "MonoSampler": "training",
    "CrossSampler": "training",
    "HybridSampler": "training",
    "MixedSampler": "training",
    "TranslateTrainSampler": "training",
    "LengthGroupedSampler": "training",
    "MultiPositiveSampler": "training",
    "LinearAlpha": "training",
    "CosineAlpha": "training",
    "train": "training",
    "sweep": "training",
    "Recipe": "recipe",
    "LanguageExperiment": "experiment",
    "LanguageValidation": "experiment",
    "RankDistance": "experiment",
}

__all__ = list(_PUBLIC)

register()


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
