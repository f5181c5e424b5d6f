from . import perturbation
from .experiment import LanguageExperiment, LanguageValidation, RankDistance, ShiftExperiment
from .parallel import Lexicon, ParallelPairs, code_switch, find_leaks
from .recipe import Recipe
from .retrieval import (
    LIR,
    SHIFT,
    BM25Index,
    Centring,
    DebiasedEncoder,
    DenseEncoder,
    FaissIndex,
    ReciprocalRankFusion,
    ScoreFusion,
    VectorFeedback,
    feedback,
    fuse,
)
from .training import (
    CosineAlpha,
    CrossSampler,
    HybridSampler,
    LengthGroupedSampler,
    LinearAlpha,
    MixedSampler,
    MonoSampler,
    MultiPositiveSampler,
    TranslateTrainSampler,
    sweep,
    train,
)

__all__ = [
    "LIR",
    "SHIFT",
    "BM25Index",
    "Centring",
    "CosineAlpha",
    "CrossSampler",
    "DebiasedEncoder",
    "DenseEncoder",
    "FaissIndex",
    "HybridSampler",
    "LanguageExperiment",
    "LanguageValidation",
    "LengthGroupedSampler",
    "Lexicon",
    "LinearAlpha",
    "MixedSampler",
    "MonoSampler",
    "MultiPositiveSampler",
    "ParallelPairs",
    "RankDistance",
    "Recipe",
    "ReciprocalRankFusion",
    "ScoreFusion",
    "ShiftExperiment",
    "TranslateTrainSampler",
    "VectorFeedback",
    "code_switch",
    "feedback",
    "find_leaks",
    "fuse",
    "perturbation",
    "sweep",
    "train",
]

__version__: str
