"""Letter case."""

import unicodedata
from random import Random
from typing import Any

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import replace_spans, word_spans
from pyterrier_hybrid.text.languages import script_of
from pyterrier_hybrid.utils.checks import one_of

# Scripts in which people write both cases.
_WITH_CASE = frozenset({"Adlm", "Armn", "Cyrl", "Grek", "Latn"})
# Languages whose i has a dot in both cases.
_DOTTED = frozenset({"az", "tr"})
# Grave, acute, smooth and rough breathing, circumflex, iota below.
_GREEK_ACCENTS = regex.compile(r"[\u0300\u0301\u0313\u0314\u0342\u0345]")
_SPLIT_VOWELS = regex.compile(r"([αεουΑΕΟΥ]\u0301)([ιυΙΥ])(?!\p{M})")


class Case(Perturbation):
    """Words in another case: all lower, as most people type queries, or all upper.

    ``severity`` is the share of words. It means nothing in scripts without case, such as Arabic, Devanagari, Thai and
    Chinese.

    Args:
        to: ``lower`` or ``upper``.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`; ``severity`` is 1 by default.

    Example:
        >>> Case().perturb("Wo liegt Rom?", "de"), Case(to="upper").perturb("izmir", "tr")
        ('wo liegt rom?', 'İZMİR')
    """

    graded = False

    def __init__(self, *, to: str = "lower", **options: Any) -> None:
        super().__init__(**options)
        self.to = one_of("to", to, ("lower", "upper"))

    @property
    def options(self) -> dict[str, Any]:
        """The target case."""
        return {"to": self.to}

    def supports(self, lang: str) -> bool:
        """Whether the language's script has case."""
        return script_of(lang) in _WITH_CASE

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Change the case of a share of the words."""
        spans = word_spans(text, lang)
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        return replace_spans(text, chosen, [self._convert(text[slice(*span)], lang) for span in chosen])

    def _convert(self, word: str, lang: str) -> str:
        if lang in _DOTTED:
            word = word.replace("I\u0307", "İ")
        if self.to == "lower":
            return (word.replace("İ", "i").replace("I", "ı") if lang in _DOTTED else word).lower()
        if lang == "el":
            return _greek_capitals(word)
        return (word.replace("i", "İ") if lang in _DOTTED else word).upper()


def _greek_capitals(word: str) -> str:
    """Return a Greek word in capitals, which have no accents, as Unicode CLDR's el-Upper has it."""
    if word == "ή":
        # The word "or" keeps its accent, which tells it from the article.
        return "Ή"
    parts = unicodedata.normalize("NFD", word)
    # An accent also shows that two vowels are not one sound; capitals show it by a diaeresis: μάιος, ΜΑΪΟΣ.
    parts = _SPLIT_VOWELS.sub("\\1\\2\u0308", parts)
    return unicodedata.normalize("NFC", _GREEK_ACCENTS.sub("", parts)).upper()
