"""Letter case."""

from random import Random
from typing import Any

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import replace_spans, word_spans
from pyterrier_hybrid.utils.checks import one_of

_WITHOUT_CASE = frozenset({"ar", "fa", "he", "hi", "ja", "km", "ko", "lo", "my", "th", "ur", "yue", "zh"})
# Languages whose i has a dot in both cases.
_DOTTED = frozenset({"az", "tr"})


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
        return lang not in _WITHOUT_CASE

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Change the case of a share of the words."""
        spans = word_spans(text, lang)
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        return replace_spans(text, chosen, [self._convert(text[slice(*span)], lang) for span in chosen])

    def _convert(self, word: str, lang: str) -> str:
        if self.to == "lower":
            return (word.replace("İ", "i").replace("I", "ı") if lang in _DOTTED else word).lower()
        return (word.replace("i", "İ") if lang in _DOTTED else word).upper()
