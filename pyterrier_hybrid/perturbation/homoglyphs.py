"""Look-alike letters of other scripts, an attack on systems that read code points."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from random import Random

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_positions, how_many, pick
from pyterrier_hybrid.perturbation.segments import replace_spans
from pyterrier_hybrid.text.languages import script_of
from pyterrier_hybrid.utils.checks import list_of_texts

# Scripts, by their codes in ISO 15924, most of whose letters have a look-alike.
_SCRIPTS = frozenset({"Cyrl", "Grek", "Latn"})
# Scripts that look-alikes are taken from, as confusable-homoglyphs names them.
_SOURCES = frozenset({"ARMENIAN", "CYRILLIC", "GREEK", "LATIN"})


class Homoglyphs(Perturbation):
    r"""Letters replaced by letters of another script that look like them.

    The attack of Boucher et al., "Bad Characters: Imperceptible NLP Attacks", IEEE S&P 2022 (arXiv 2106.09898).
    Look-alikes are those of Unicode's list of confusables (Unicode Technical Standard 39), from the package
    confusable-homoglyphs, if they are single Latin, Greek, Cyrillic or Armenian letters, of another script, in the same
    case, and unchanged by NFKC normalisation.

    ``severity`` is the share of letters; letters without a look-alike stay. :meth:`coverage` says how many have one. In
    the questions of XQuAD-R it is .83 in English, German and Russian, .81 in Spanish, .75 in Greek, .69 in Turkish and
    .59 in Vietnamese, but .00 in Arabic, .01 in Hindi, .02 in Chinese and Thai, where only foreign words have any. So
    the attack means something in languages that are written in Latin, Greek or Cyrillic letters.

    Args:
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Example:
        >>> Homoglyphs(severity=0.5).perturb("Rom", "de").encode("ascii", "namereplace").decode()
        'R\\N{CYRILLIC SMALL LETTER O}m'
    """

    @staticmethod
    def coverage(texts: Iterable[str]) -> float:
        """Return the share of the letters of texts that have a look-alike; 0 without letters.

        Args:
            texts: Texts of one language.

        Raises:
            TypeError: ``texts`` is not an iterable of strings.

        Example:
            >>> Homoglyphs.coverage(["Rome"]), Homoglyphs.coverage(["روما"])
            (0.5, 0.0)
        """
        letters = [character for text in list_of_texts("texts", texts) for character in text if _is_letter(character)]
        return sum(letter in _look_alikes() for letter in letters) / max(1, len(letters))

    def supports(self, lang: str) -> bool:
        """Whether the language is written in Latin, Greek or Cyrillic letters."""
        return script_of(lang) in _SCRIPTS

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Replace a share of the letters by their look-alikes."""
        look_alikes = _look_alikes()
        positions = [position for position, character in enumerate(text) if character in look_alikes]
        total = len(positions) + sum(character not in look_alikes and _is_letter(character) for character in text)
        count = min(how_many(generator, self.severity, total), len(positions))
        chosen = [positions[number] for number in choose_positions(generator, count, len(positions))]
        spans = [(position, position + 1) for position in chosen]
        return replace_spans(text, spans, [pick(generator, look_alikes[text[position]]) for position in chosen])


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L"


@cache
def _look_alikes() -> dict[str, tuple[str, ...]]:
    """Return letter -> its look-alikes in other scripts."""
    from confusable_homoglyphs.categories import alias
    from confusable_homoglyphs.confusables import confusables_data

    table = {}
    for character, confusables in confusables_data.items():
        if len(character) == 1 and _is_letter(character) and unicodedata.normalize("NFKC", character) == character:
            script = alias(character)
            found = tuple(
                other
                for confusable in confusables
                if len(other := confusable["c"]) == 1
                and unicodedata.category(other) == unicodedata.category(character)
                and alias(other) in _SOURCES - {script}
                and unicodedata.normalize("NFKC", other) == other
            )
            if found:
                table[character] = found
    return table
