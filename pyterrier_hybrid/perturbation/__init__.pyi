from .base import Perturbation
from .case import Case
from .registry import PERTURBATIONS, perturbation_from

__all__ = [
    "PERTURBATIONS",
    "Case",
    "Perturbation",
    "perturbation_from",
]
