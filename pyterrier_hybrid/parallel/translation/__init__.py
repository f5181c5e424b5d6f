"""Machine translation of pairs: translators, a cache, and filters of what they return.

Example:
    >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
    >>> from pyterrier_hybrid.parallel.translation import translate
    >>> pairs = ParallelPairs([Item("1", None, "toy", {"en": "Where is Rome?"}, {"en": "It is in Italy."})])
    >>> german = {"Where is Rome?": "Wo ist Rom?", "It is in Italy.": ""}
    >>> translated = translate(pairs, ["de"], translator=lambda texts, *_: [german[text] for text in texts])
    >>> translated.item(0).queries
    {'de': 'Wo ist Rom?', 'en': 'Where is Rome?'}
"""

from pyterrier_hybrid.parallel.margin import margin_scores
from pyterrier_hybrid.parallel.translation.agreement import Disagreement
from pyterrier_hybrid.parallel.translation.ctranslate import CTranslate2Translator
from pyterrier_hybrid.parallel.translation.filters import (
    Candidate,
    Copied,
    Empty,
    Filter,
    LengthRatio,
    Numbers,
    Repetition,
    WrongLanguage,
    WrongScript,
)
from pyterrier_hybrid.parallel.translation.protocol import Translator
from pyterrier_hybrid.parallel.translation.report import TranslationReport
from pyterrier_hybrid.parallel.translation.round_trip import RoundTrip, chrf
from pyterrier_hybrid.parallel.translation.seq2seq import Seq2SeqTranslator
from pyterrier_hybrid.parallel.translation.spans import AnswerLost
from pyterrier_hybrid.parallel.translation.translating import PAIRS, default_filters, read_answers, translate

__all__ = [
    "PAIRS",
    "AnswerLost",
    "CTranslate2Translator",
    "Candidate",
    "Copied",
    "Disagreement",
    "Empty",
    "Filter",
    "LengthRatio",
    "Numbers",
    "Repetition",
    "RoundTrip",
    "Seq2SeqTranslator",
    "TranslationReport",
    "Translator",
    "WrongLanguage",
    "WrongScript",
    "chrf",
    "default_filters",
    "margin_scores",
    "read_answers",
    "translate",
]
