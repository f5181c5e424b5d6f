from .base import Perturbation
from .case import Case
from .digits import Digits
from .normal_form import NormalForm
from .orthography import Orthography
from .registry import PERTURBATIONS, perturbation_from
from .romanise import Romanise
from .typing_errors import Typing
from .wrong_layout import WrongLayout

__all__ = [
    "PERTURBATIONS",
    "Case",
    "Digits",
    "NormalForm",
    "Orthography",
    "Perturbation",
    "Typing",
    "WrongLayout",
    "Romanise",
    "perturbation_from",
]
