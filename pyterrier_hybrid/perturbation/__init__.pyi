from .base import Perturbation
from .case import Case
from .registry import PERTURBATIONS, perturbation_from
from .typing_errors import Typing
from .wrong_layout import WrongLayout

__all__ = [
    "PERTURBATIONS",
    "Case",
    "Perturbation",
    "Typing",
    "WrongLayout",
    "perturbation_from",
]
