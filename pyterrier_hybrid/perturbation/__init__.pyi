from .base import Perturbation
from .bidi import Bidi
from .case import Case
from .code_switch import CodeSwitch
from .digits import Digits
from .homoglyphs import Homoglyphs
from .invisible import Invisible
from .normal_form import NormalForm
from .orthography import Orthography
from .pairs import perturb_pairs
from .punctuation import Punctuation
from .registry import PERTURBATIONS, perturbation_from
from .romanise import Romanise
from .spacing import Spaces
from .stop_words import StopWords
from .typing_errors import Typing
from .words import DropWords, RepeatWords, SwapWords
from .worst_case import WorstCase
from .wrong_layout import WrongLayout

__all__ = [
    "Bidi",
    "Case",
    "CodeSwitch",
    "Digits",
    "DropWords",
    "Homoglyphs",
    "Invisible",
    "NormalForm",
    "Orthography",
    "PERTURBATIONS",
    "Perturbation",
    "Punctuation",
    "RepeatWords",
    "Romanise",
    "Spaces",
    "StopWords",
    "SwapWords",
    "Typing",
    "WorstCase",
    "WrongLayout",
    "perturb_pairs",
    "perturbation_from",
]
