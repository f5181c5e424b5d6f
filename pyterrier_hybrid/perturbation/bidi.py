"""Bidirectional control characters, an attack on systems that read text in the order in which it is stored."""

from random import Random
from unicodedata import bidirectional

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_positions, how_many
from pyterrier_hybrid.perturbation.segments import replace_spans
from pyterrier_hybrid.text.languages import script_of

# Right-to-left override, pop directional formatting, left-to-right mark.
_OVERRIDE, _POP, _MARK = "\u202e", "\u202c", "\u200e"
# Letters that stand together, each a whole character by itself.
_PART = r"[\p{M}\p{Default_Ignorable_Code_Point}\u0e33\u0eb3\u1100-\u11ff]"
_LETTERS = regex.compile(rf"(?:(?<![\p{{InSC=Virama}}\p{{InSC=Invisible_Stacker}}])(?!{_PART})\p{{L}}(?!{_PART}))+")
_LETTER = regex.compile(r"\p{L}")
# Without a class are code points that a later version of Unicode may give to a script.
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", ""})
_SCRIPTS = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"})


class Bidi(Perturbation):
    r"""Neighbouring letters stored in the opposite order, with control characters that display them as before.

    The attack of Boucher et al., "Bad Characters: Imperceptible NLP Attacks", IEEE S&P 2022 (arXiv 2106.09898): two
    letters are swapped, and Unicode's bidirectional algorithm (Unicode Standard Annex 9) swaps them back in display.
    The letters stand between U+202E right-to-left override and U+202C pop directional formatting; U+200E left-to-right
    mark keeps digits that follow in their place. The paper nests overrides and isolates, to the same effect.

    ``severity`` is the share of letters that are swapped. Letters with combining marks stay, so where most letters have
    some, as in Hindi, fewer than a severity near 1 asks for. The attack means nothing
    in languages that are written from right to left: an override changes how Arabic letters join, so it would show.
    Texts with right-to-left letters or with bidirectional control characters stay as they are in other languages, too.

    Args:
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Example:
        >>> Bidi(severity=1).perturb("Rom", "de")
        'R\u202emo\u202c\u200e'
    """

    def supports(self, lang: str) -> bool:
        """Whether the language is written from left to right."""
        return script_of(lang) not in _SCRIPTS

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Swap a share of the letters with their neighbours."""
        if not text.isascii() and any(bidirectional(character) in _RIGHT_TO_LEFT for character in text):
            return text
        pairs: list[tuple[int, int]] = []
        for match in _LETTERS.finditer(text):
            start, stop = match.span()
            # Of an odd number of letters, the first or the last one stays.
            start += (stop - start) % 2 and generator.random() < 0.5
            pairs += [(first, first + 2) for first in range(start, stop - 1, 2)]
        count = min(how_many(generator, self.severity / 2, len(_LETTER.findall(text))), len(pairs))
        chosen = [pairs[position] for position in choose_positions(generator, count, len(pairs))]
        swapped = [f"{_OVERRIDE}{text[start + 1]}{text[start]}{_POP}{_MARK}" for start, _ in chosen]
        return replace_spans(text, chosen, swapped)
