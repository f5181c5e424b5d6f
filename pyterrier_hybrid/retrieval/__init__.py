"""Encoders and indexes: everything that turns a query into a ranking."""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "DenseEncoder": "encoder",
    "FaissIndex": "index",
    "BM25Index": "bm25",
    "analyzer": "analysis",
    "ReciprocalRankFusion": "fusion",
    "ScoreFusion": "fusion",
    "fuse": "_fuse",
    "VectorFeedback": "_feedback",
    "feedback": "_feedback",
    "Centring": "debias",
    "LIR": "debias",
    "SHIFT": "debias",
    "DebiasedEncoder": "debias",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    # Lazy, so that BM25 alone needs no torch.
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
