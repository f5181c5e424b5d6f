"""Spaces that are missing, and spaces where none belong."""

from random import Random
from typing import Any

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_positions, how_many, pick
from pyterrier_hybrid.perturbation.segments import UNSEGMENTED, character_ends, replace_spans, word_spans
from pyterrier_hybrid.utils.checks import one_of


class Spaces(Perturbation):
    """Words joined with the next one, and words split by a space.

    ``severity`` is the share of words that are joined with the next one or split. In languages without spaces between
    words, such as Chinese and Thai, it is the share of characters after which a space is put in, or a space between
    two foreign words or numbers removed.

    Args:
        kind: ``join``, ``split``, or ``both``: then one of them is drawn for each word for which both are possible.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ValueError: ``kind`` is unknown.

    Example:
        >>> Spaces(kind="join", severity=1).perturb("Wo liegt Rom?", "de")
        'WoliegtRom?'
        >>> Spaces(kind="split", severity=1).perturb("罗马在哪？", "zh")
        '罗 马 在 哪？'
    """

    def __init__(self, *, kind: str = "both", **options: Any) -> None:
        super().__init__(**options)
        self.kind = one_of("kind", kind, ("both", "join", "split"))

    @property
    def options(self) -> dict[str, Any]:
        """What is done to words."""
        return {"kind": self.kind}

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Join or split a share of the words."""
        spans = word_spans(text, lang)
        # For each word that can change: the kinds of change, each with the spans of text to replace.
        changes = [found for position in range(len(spans)) if (found := self._changes(text, lang, spans, position))]
        count = min(how_many(generator, self.severity, len(spans)), len(changes))
        positions = choose_positions(generator, count, len(changes))
        chosen = [pick(generator, pick(generator, changes[position])) for position in positions]
        return replace_spans(text, chosen, ["" if start < stop else " " for start, stop in chosen])

    def _changes(
        self, text: str, lang: str, spans: list[tuple[int, int]], position: int
    ) -> list[list[tuple[int, int]]]:
        start, stop = spans[position]
        following = spans[position + 1][0] if position + 1 < len(spans) else None
        changes = []
        if self.kind != "join":
            if lang in UNSEGMENTED:
                places = [stop] if following == stop else []
            else:
                places = [start + end for end in character_ends(text[start:stop])[:-1]]
            if places:
                changes.append([(place, place) for place in places])
        if self.kind != "split" and following is not None and text[stop:following].isspace():
            changes.append([(stop, following)])
        return changes
