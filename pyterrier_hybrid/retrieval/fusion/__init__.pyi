from .corpus_fusion import Fusion, fuse
from .transformers import NORMALIZATIONS, Found, ReciprocalRankFusion, ScoreFusion, best_cells, ordered_cells
from .vector_feedback import Feedback, VectorFeedback, feedback

__all__ = [
    "NORMALIZATIONS",
    "Feedback",
    "Found",
    "Fusion",
    "ReciprocalRankFusion",
    "ScoreFusion",
    "VectorFeedback",
    "best_cells",
    "feedback",
    "fuse",
    "ordered_cells",
]
