from .analysis import analyzer
from .bm25 import BM25Index
from .debias import LIR, SHIFT, Centring, DebiasedEncoder
from .encoder import DenseEncoder
from .fusion import ReciprocalRankFusion, ScoreFusion, VectorFeedback, feedback, fuse
from .index import FaissIndex

__all__ = [
    "LIR",
    "SHIFT",
    "BM25Index",
    "Centring",
    "DebiasedEncoder",
    "DenseEncoder",
    "FaissIndex",
    "ReciprocalRankFusion",
    "ScoreFusion",
    "VectorFeedback",
    "analyzer",
    "feedback",
    "fuse",
]
