"""Stop words that are left out."""

import unicodedata
from functools import cache
from random import Random

import regex

from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import UNSEGMENTED
from pyterrier_hybrid.perturbation.tables.stop_words import STOP_WORDS
from pyterrier_hybrid.perturbation.words import WordPerturbation, drop_spans

_VOWEL_SIGNS = regex.compile(r"[\u064b-\u0652]")


class StopWords(WordPerturbation):
    """Stop words left out, as in keyword queries.

    The stop words are function words: articles, prepositions, pronouns, auxiliary verbs, question words; see
    ``perturbation/tables/stop_words.py``. ``severity`` is the share of the stop words. Queries of nothing but stop
    words stay as they are. It means something in the languages of the table: Arabic, Chinese, English, German, Greek,
    Hindi, Russian, Spanish, Thai, Turkish and Vietnamese.

    Args:
        segmenter: ``pythainlp`` for the words of Thai. Default: forms are found by their characters in Chinese and
            Thai, whose lists have only forms that seldom occur within other words.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`; ``severity`` is 1 by default.

    Raises:
        ValueError: ``segmenter`` is unknown.
        ImportError: Thai is perturbed with ``pythainlp``, which is not installed.

    Example:
        >>> StopWords().perturb("Which city is the capital of the United Kingdom?", "en")
        'city capital United Kingdom?'
        >>> StopWords().perturb("德国的首都是哪个城市？", "zh")
        '德国首都城市？'
    """

    graded = False

    def supports(self, lang: str) -> bool:
        """Whether there is a list of stop words for the language."""
        return lang in STOP_WORDS

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Leave out a share of the stop words."""
        stop_words, beginnings = _stop_words(lang)
        spans = self.spans(text, lang)
        found: list[tuple[int, int]] = []
        others = position = 0
        while position < len(spans):
            start = spans[position][0]
            size = 0
            for last in range(position, len(spans)):
                key = _key(text[start : spans[last][1]], lang)
                if key in stop_words:
                    size = last - position + 1
                if key not in beginnings:
                    break
            if size:
                found.append((start, spans[position + size - 1][1]))
            else:
                others += 1
            position += size or 1
        if not others:
            return text
        return drop_spans(text, [found[chosen] for chosen in choose_share(generator, self.severity, len(found))])


@cache
def _stop_words(lang: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the stop words, and those of their beginnings, which a longer form may continue."""
    keys = frozenset(_key(word, lang) for word in STOP_WORDS[lang])
    if lang in UNSEGMENTED:
        return keys, frozenset(key[:length] for key in keys for length in range(1, len(key)))
    parts = [key.split() for key in keys]
    return keys, frozenset(" ".join(words[:length]) for words in parts for length in range(1, len(words)))


def _key(word: str, lang: str) -> str:
    """Return what is equal in forms of a word that differ in case, in Greek accents or in Arabic vowel signs."""
    if lang == "tr":
        word = word.replace("İ", "i").replace("I", "ı")
    key = word.lower()
    if key.isascii():
        return key
    if lang == "el":
        return "".join(
            character for character in unicodedata.normalize("NFD", key) if not unicodedata.combining(character)
        )
    if lang == "ar":
        key = _VOWEL_SIGNS.sub("", key)
    return unicodedata.normalize("NFC", key).replace("’", "'")
