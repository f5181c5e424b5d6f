from .base import Perturbation
from .bidi import Bidi
from .case import Case
from .code_switch import CodeSwitch
from .homoglyphs import Homoglyphs
from .invisible import Invisible
from .punctuation import Punctuation
from .registry import PERTURBATIONS, perturbation_from
from .spacing import Spaces
from .stop_words import StopWords
from .words import DropWords, RepeatWords, SwapWords

__all__ = [
    "PERTURBATIONS",
    "Bidi",
    "Case",
    "CodeSwitch",
    "DropWords",
    "Homoglyphs",
    "Invisible",
    "Perturbation",
    "Punctuation",
    "RepeatWords",
    "Spaces",
    "StopWords",
    "SwapWords",
    "perturbation_from",
]
