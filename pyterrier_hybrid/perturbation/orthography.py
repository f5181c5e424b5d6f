"""Spellings of people who leave out or mix up signs."""

import unicodedata
from collections.abc import Callable
from functools import cache
from random import Random
from typing import NamedTuple

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import replace_spans, word_spans
from pyterrier_hybrid.perturbation.tables.orthography import HABITS
from pyterrier_hybrid.utils.extras import install_command


class Orthography(Perturbation):
    """Words in spellings that people use: without accents and tone marks, with letters mixed up, in the other script.

    ========  ==========================================================================================================
    Language  Habits
    ========  ==========================================================================================================
    ar        hamza on alef and tashkeel left out, and either ة as ه and ى as ي, or ه as ة and ي as ى at ends of words
    de        ä as ae and ß as ss; ä as a and ß as ss; ss as ß at ends of words, the spelling before 1996
    el        accents and diaereses left out
    es        accents left out; accents left out and ñ as n
    hi        nukta left out, chandrabindu as anusvara, nasal consonants as anusvara; anusvara as nasal consonants
    ru        ё as е, stress marks left out
    th        tone marks left out
    tr        ASCII letters, also for dotless i
    vi        tone marks left out; all marks left out, and đ as d; the tones hook and tilde mixed up
    zh        simplified Chinese in traditional characters (as in Taiwan), and traditional Chinese in simplified ones
    ========  ==========================================================================================================

    People keep to their habit, so a text has one: drawn among those of the language that change it. For the same reason
    the severity is not graded: who types without accents types all of a query without them. A lower ``severity`` is the
    share of words changed, among the words that the habit changes (of characters in Thai and Chinese). Other languages
    are not supported; English has no such signs.

    Changed words are in NFC; other words stay as they are. Chinese needs OpenCC, the extra ``opencc``.

    Args:
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`; ``severity`` is 1 by default.

    Raises:
        ImportError: A Chinese text is perturbed, and OpenCC is not installed.

    Example:
        >>> Orthography().perturb("Türkiye'nin en kalabalık şehri", "tr")
        "Turkiye'nin en kalabalik sehri"
        >>> sorted({Orthography(draw=draw).perturb("Mühlstraße", "de") for draw in range(20)})
        ['Muehlstrasse', 'Muhlstrasse']
    """

    graded = False

    def supports(self, lang: str) -> bool:
        """Whether there are spelling habits for the language."""
        return lang == "zh" or lang in HABITS

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Write a share of the words in the habit of one writer."""
        if lang == "zh":
            spans, parts = _in_other_script(text)
        else:
            spans, parts = _in_a_habit(text, lang, generator)
        chosen = choose_share(generator, self.severity, len(spans))
        return replace_spans(text, [spans[position] for position in chosen], [parts[position] for position in chosen])


class _Habit(NamedTuple):
    places: regex.Pattern[str]
    written: dict[str, str]

    def write(self, word: str) -> str:
        changed = self.places.sub(lambda place: self.written[place[0]], word)
        return changed.upper() if changed != word and len(word) > 1 and word.isupper() else changed


@cache
def _habits(lang: str) -> tuple[_Habit, ...]:
    return tuple(_habit(table) for table in HABITS[lang])


def _habit(table: dict[str, str]) -> _Habit:
    places = (
        regex.escape(key.removesuffix("$")) + (r"(?!\p{M}*\p{L})" if key.endswith("$") else "")
        for key in sorted(table, key=len, reverse=True)
    )
    return _Habit(regex.compile("|".join(places)), {key.removesuffix("$"): value for key, value in table.items()})


def _in_a_habit(text: str, lang: str, generator: Random) -> tuple[list[tuple[int, int]], list[str]]:
    """Return the words that a habit changes, and what is written for them."""
    spans = word_spans(text, lang)
    words = [text[start:stop] for start, stop in spans]
    if not unicodedata.is_normalized("NFC", text):
        words = [unicodedata.normalize("NFC", word) for word in words]
    habits = list(_habits(lang))
    while habits:
        habit = habits.pop(int(generator.random() * len(habits)))
        written = [habit.write(word) for word in words]
        if written != words:
            changed = [position for position, word in enumerate(words) if written[position] != word]
            return [spans[position] for position in changed], [written[position] for position in changed]
    return [], []


def _in_other_script(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Return the characters that differ in the other Chinese script, and those of that script."""
    converted = [_same_length(text, config) for config in ("s2tw", "t2s")]
    changed = [[i for i, (old, new) in enumerate(zip(text, other, strict=True)) if old != new] for other in converted]
    # Some simplified characters are traditional ones of other words: the conversion that changes more is the right one.
    other = int(len(changed[1]) > len(changed[0]))
    return [(i, i + 1) for i in changed[other]], [converted[other][i] for i in changed[other]]


def _same_length(text: str, config: str) -> str:
    convert = _converter(config)
    # OpenCC's phrases decide what a character becomes; one with another length would displace the characters.
    whole = convert(text)
    return whole if len(whole) == len(text) else "".join((convert(character) or character)[0] for character in text)


@cache
def _converter(config: str) -> Callable[[str], str]:
    try:
        from opencc import OpenCC
    except ImportError as error:
        raise ImportError(f"{error}: Orthography needs OpenCC for Chinese; run {install_command('opencc')}") from error
    return OpenCC(config).convert
