from .dense import DenseEncoder
from .modules import POOLINGS, EmbeddingModel, StaticBackbone
from .presets import LABSE, MDPR, ME5, XLMR
from .settings import Settings
from .transformers import DocEncoder, QueryEncoder, TextScorer

__all__ = [
    "LABSE",
    "MDPR",
    "ME5",
    "POOLINGS",
    "XLMR",
    "DenseEncoder",
    "DocEncoder",
    "EmbeddingModel",
    "QueryEncoder",
    "Settings",
    "StaticBackbone",
    "TextScorer",
]
