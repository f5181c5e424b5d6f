"""Invisible characters, an attack on systems that read code points."""

from random import Random

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_positions, how_many, pick
from pyterrier_hybrid.perturbation.segments import character_ends, replace_spans

# Zero-width space, non-joiner and joiner.
_CHARACTERS = "\u200b\u200c\u200d"
# Joiners change the shapes of letters of these scripts.
_SHAPED = regex.compile(r"[\p{Arabic}\p{Syriac}\p{Nko}\p{Mongolian}\p{InSC=Virama}\p{InSC=Invisible_Stacker}]")
_NOT_JOINERS = "\u200b"


class Invisible(Perturbation):
    r"""Zero-width characters inserted, which change nothing of what is displayed.

    The attack of Boucher et al., "Bad Characters: Imperceptible NLP Attacks", IEEE S&P 2022 (arXiv 2106.09898), with
    its three characters: U+200B zero-width space, U+200C zero-width non-joiner and U+200D zero-width joiner. The
    joiners would show in Arabic, in other scripts whose letters join, and in Indic scripts, so texts in these get only
    the zero-width space. None is inserted between a letter and its marks.

    ``severity`` is the share of characters after which one is inserted. None is inserted after the last one.

    Args:
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Example:
        >>> Invisible(severity=0.2).perturb("Wo ist Rom?", "de")
        'Wo\u200c ist R\u200dom?'
    """

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Insert zero-width characters after a share of the characters."""
        ends = character_ends(text)[:-1]
        count = min(how_many(generator, self.severity, len(ends) + 1), len(ends))
        chosen = [ends[position] for position in choose_positions(generator, count, len(ends))]
        characters = _NOT_JOINERS if _SHAPED.search(text) else _CHARACTERS
        return replace_spans(text, [(end, end) for end in chosen], [pick(generator, characters) for _ in chosen])
