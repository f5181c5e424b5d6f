from .analysis import analyzer
from .bm25 import BM25Index
from .debias import LIR, SHIFT, Centring, DebiasedEncoder
from .encoder import DenseEncoder
from .fusion import ReciprocalRankFusion, ScoreFusion, VectorFeedback, feedback, fuse
from .index import FaissIndex
from .mining import Bitext, MiningReport, mine_bitext, mine_negatives

__all__ = [
    "LIR",
    "SHIFT",
    "BM25Index",
    "Bitext",
    "Centring",
    "DebiasedEncoder",
    "DenseEncoder",
    "FaissIndex",
    "MiningReport",
    "ReciprocalRankFusion",
    "ScoreFusion",
    "VectorFeedback",
    "analyzer",
    "feedback",
    "fuse",
    "mine_bitext",
    "mine_negatives",
]
