"""Punctuation that is missing or repeated."""

from random import Random
from typing import Any

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import replace_spans, space_between
from pyterrier_hybrid.utils.checks import one_of

_IN_WORD = r"(?<=[\p{L}\p{M}\p{N}])['’.,:/&·@_\u066b\u066c\p{Pd}](?=[\p{L}\p{N}])"
# Marks that stand together, without those within words and numbers: l'eau, U.S., 1,5.
_MARKS = regex.compile(rf"(?:(?!{_IN_WORD})\p{{P}})+")


class Punctuation(Perturbation):
    """Punctuation left out, as in most queries that people type, or repeated.

    ``severity`` is the share of places with punctuation. Marks within words and numbers, such as apostrophes, hyphens
    and decimal points, stay.

    Args:
        kind: ``drop``, or ``repeat``: each mark three times.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`; ``severity`` is 1 by default.

    Raises:
        ValueError: ``kind`` is unknown.

    Example:
        >>> Punctuation().perturb("Who wrote „L'Étranger“?", "en")
        "Who wrote L'Étranger"
        >>> Punctuation(kind="repeat").perturb("罗马在哪？", "zh")
        '罗马在哪？？？'
    """

    graded = False

    def __init__(self, *, kind: str = "drop", **options: Any) -> None:
        super().__init__(**options)
        self.kind = one_of("kind", kind, ("drop", "repeat"))

    @property
    def options(self) -> dict[str, Any]:
        """What is done to punctuation."""
        return {"kind": self.kind}

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Leave out or repeat the marks of a share of the places."""
        spans = [match.span() for match in _MARKS.finditer(text)]
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        if self.kind == "repeat":
            marks = [text[slice(*span)] for span in chosen]
            return replace_spans(text, chosen, ["".join(mark * 3 for mark in part) for part in marks])
        return _drop(text, chosen)


def _drop(text: str, spans: list[tuple[int, int]]) -> str:
    """Remove marks so that neither two spaces nor two words without a space remain where they stood."""
    result, end = "", 0
    for start, stop in spans:
        result += text[end:start]
        end = stop
        if not result or result[-1].isspace():
            while end < len(text) and text[end].isspace():
                end += 1
        else:
            result += space_between(result, text[end : end + 1])
    return result.rstrip() if spans and end == len(text) else result + text[end:]
