"""Queries in Latin letters, for languages of other scripts."""

import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from random import Random
from typing import Any

import regex
from anyascii import anyascii

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share, pick
from pyterrier_hybrid.perturbation.segments import chunk_spans, replace_spans, word_spans
from pyterrier_hybrid.perturbation.tables.romanisation import SCHEMES
from pyterrier_hybrid.text.languages import script_of
from pyterrier_hybrid.utils.checks import one_of
from pyterrier_hybrid.utils.extras import install_command

_FOREIGN = regex.compile(r"[\p{L}--\p{Latin}]", regex.VERSION1)
# Acronyms, and words in capitals.
_CAPITALS = regex.compile(r"(?<![\p{L}\p{M}])\p{Lu}[\p{Lu}\p{M}]+(?!\p{L})")
_HAN = regex.compile(r"\p{Han}")


class Romanise(Perturbation):
    """Text in Latin letters, as people type on a keyboard without their own: Greeklish, Arabizi, pinyin, translit.

    The default, ``anyascii``, is the transliteration of the package of that name, a character at a time, with
    small tables on top for what people write otherwise. What it gives:

    * ar: Arabizi with digits (ع 3, ح 7, خ 5, ء 2), without short vowels, which the text does not have.
    * el: Greeklish with "?" for ";"; no accents.
    * hi: with the vowel a, except where it is not spoken; the rule for that is right for most words, not for all.
    * ru: without the soft and the hard sign.
    * th: an approximation: vowels that are not written are missing.
    * zh: pinyin without tones, in single syllables, each character in its commonest reading.
    * Other languages: what anyascii gives, character by character.

    Where people's ways differ (ω as o or w, ح as 7 or h), one way is drawn for each text. ``uroman`` is the romaniser
    of Hermjakob et al. (ACL 2018 demos), an extra; it has one way for each language and no digits for letters, and is
    far slower. Its licence asks publications to say that they used it.

    ``severity`` is the share of words, words being what stands between spaces: in Thai and Chinese that is
    nearly a whole query. It is 1 by default and not graded. Words in ASCII stay as they are, and languages that
    are written in Latin letters are not supported.

    Args:
        system: ``anyascii`` or ``uroman``.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ImportError: The system is uroman, and it is not installed.

    Example:
        >>> Romanise().perturb("德国的首都是哪个城市？", "zh"), Romanise().perturb("कितने अंक", "hi")
        ('de guo de shou dou shi na ge cheng shi?', 'kitne ank')
    """

    graded = False

    def __init__(self, *, system: str = "anyascii", **options: Any) -> None:
        super().__init__(**options)
        self.system = one_of("system", system, ("anyascii", "uroman"))

    @property
    def options(self) -> dict[str, Any]:
        """The romanisation system."""
        return {"system": self.system}

    def supports(self, lang: str) -> bool:
        """Whether the language is written in another script than Latin, most of the time."""
        return script_of(lang) != "Latn"

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Write a share of the words in Latin letters."""
        spans = [span for span in chunk_spans(text) if _FOREIGN.search(text, *span)]
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        if chosen and len(chosen) == len(spans):
            # Who types all words in Latin letters types punctuation between them so, too.
            chosen = [(0, len(text))]
        romanise = _uroman(lang) if self.system == "uroman" else _anyascii(lang, generator)
        return replace_spans(text, chosen, [romanise(text[slice(*span)]) for span in chosen])


def _anyascii(lang: str, generator: Random) -> Callable[[str], str]:
    if lang in ("yue", "zh"):
        return lambda text: _in_syllables(text, lang)
    if lang not in SCHEMES:
        return anyascii
    scheme = SCHEMES[lang]
    letters = dict(scheme.fixed)
    for alternatives in scheme.varying:
        letters |= pick(generator, alternatives)

    def write(text: str) -> str:
        for pattern, written in scheme.rules:
            text = pattern.sub(written, text)
        return anyascii(text.translate(letters))

    def romanise(text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        # A letter that becomes two is Sh in a name, and SH in an acronym.
        return write(_CAPITALS.sub(lambda word: write(word[0]).upper(), text))

    return romanise


def _in_syllables(text: str, lang: str) -> str:
    """Return Chinese text with a space between the syllables of neighbouring characters."""
    pieces, end = [], 0
    for start, stop in word_spans(text, lang):
        pieces += [anyascii(text[end:start]) or (" " if end else ""), _syllable(text[start:stop])]
        end = stop
    return "".join([*pieces, anyascii(text[end:])])


@lru_cache(maxsize=10_000)
def _syllable(word: str) -> str:
    """Return the pinyin of a character; foreign words keep their case."""
    return anyascii(word).lower() if _HAN.match(word) else anyascii(word)


def _uroman(lang: str) -> Callable[[str], str]:
    from langcodes import Language

    system, code = _uroman_system(), Language.get(lang).to_alpha3()
    return lambda text: system.romanize_string(text, lcode=code)


@cache
def _uroman_system() -> Any:
    try:
        from uroman import Uroman
    except ImportError as error:
        raise ImportError(f"{error}: Romanise(system='uroman') needs it; run {install_command('uroman')}") from error
    return Uroman()
