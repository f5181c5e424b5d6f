from .base import Perturbation
from .case import Case
from .pairs import perturb_pairs
from .registry import PERTURBATIONS, perturbation_from
from .worst_case import WorstCase

__all__ = [
    "PERTURBATIONS",
    "Case",
    "Perturbation",
    "WorstCase",
    "perturb_pairs",
    "perturbation_from",
]
