r"""Texts to index terms, language by language.

Words are runs of letters, marks and digits (``[\p{L}\p{M}\p{N}]+``; Python's own ``\w`` would break Hindi, Thai and
vocalised Arabic apart), normalised (NFKC) and without differences of case. They are stemmed where Snowball has an
algorithm for the language; languages written without spaces give overlapping n-grams of characters instead, and the
foreign words and numbers among them as a whole too. All other languages keep their words as they are.
:attr:`Analyzer.method` says which of these a language gets.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import import_module
from importlib.metadata import version

import regex

from pyterrier_hybrid.text.languages import named_languages

# Part of every analyser's signature: raise it whenever terms come out differently, so that old indexes are refused.
_VERSION = 1

SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""The Snowball algorithm of each language that has one."""

_HAN = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}ー]"
_SEA = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
NGRAMS = {"ja": (2, _HAN), "zh": (2, _HAN), "yue": (2, _HAN)} | dict.fromkeys(("th", "lo", "km", "my"), (3, _SEA))
"""Languages written without spaces: the length of the n-grams, and the characters that are written so."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
# What is invisible and separates nothing: joiners, direction marks, soft hyphens, variation selectors. The zero-width
# space does separate words, in Thai and Khmer.
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}--\u200b]+", regex.VERSION1)
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class Analyzer:
    """Turns texts of one language into index terms; made by :func:`analyzer`.

    Attributes:
        lang: the language's code, without script and region.

    >>> analyzer("de")("Die Häuser am Fluß")
    ['die', 'haus', 'am', 'fluss']
    >>> analyzer("zh")("北京大学 2024")
    ['北京', '京大', '大学', '20', '02', '24', '2024']
    """

    lang: str

    @cached_property
    def method(self) -> str:
        """How terms are made: ``snowball german``, ``2-grams``, ``3-grams``, or ``words`` where there is no stemmer."""
        if self.lang in SNOWBALL:
            return f"snowball {SNOWBALL[self.lang]}"
        return f"{NGRAMS[self.lang][0]}-grams" if self.lang in NGRAMS else "words"

    @cached_property
    def signature(self) -> str:
        """The method with its versions: texts analysed under two different signatures must not be compared."""
        snowball = f" {version('snowballstemmer')}" if self.lang in SNOWBALL else ""
        return f"{self.method}{snowball}, analysis {_VERSION}"

    def __call__(self, text: str) -> list[str]:
        """The terms of ``text`` in order, repeated as they occur; never an empty one.

        Raises:
            TypeError: ``text`` is not a string.
        """
        if not isinstance(text, str):
            raise TypeError(f"text {text!r} is a {type(text).__name__}: it must be a str")
        words = _WORD.findall(_normalize(text, self.lang))
        if self.lang in SNOWBALL:
            # Snowball reduces some words to nothing (Arabic, Greek, Turkish), and engines cannot hold an empty term.
            return [term for word in words if (term := _stem(SNOWBALL[self.lang], word))]
        if self.lang in NGRAMS:
            return [term for word in words for term in _ngrams(word, *NGRAMS[self.lang])]
        return words


def analyzer(lang: str) -> Analyzer:
    """The analyser of a language.

    Args:
        lang: an ISO 639 code, such as ``de``; a script or region after it (``zh-Hant``, ``pt_BR``) changes nothing.

    Returns:
        A function from a text to its terms. A language that Snowball has no algorithm for keeps its words unstemmed,
        which :attr:`Analyzer.method` says.

    Raises:
        ValueError: not a code, or not one of any language that Unicode CLDR knows.

    >>> analyzer("vi").method, analyzer("en").method
    ('words', 'snowball english')
    >>> analyzer("el")("Οι Άνθρωποι")
    ['οι', 'ανθρωπ']
    """
    match = _CODE.fullmatch(lang) if isinstance(lang, str) else None
    if match is None:
        raise ValueError(f"language {lang!r} is not a language code: pass one such as 'de', 'zh' or 'pt-BR'")
    return _analyzer(match[1])


@cache
def _analyzer(lang: str) -> Analyzer:
    if lang not in SNOWBALL and lang not in NGRAMS and lang not in named_languages():
        raise ValueError(f"language {lang!r} is unknown: pass an ISO 639 code, such as {', '.join(sorted(SNOWBALL))}")
    return Analyzer(lang)


def _normalize(text: str, lang: str) -> str:
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if lang in ("tr", "az"):
        # The dotless ı and the dotted İ are letters of their own there.
        text = text.replace("I", "ı").replace("İ", "i")
    # Folding case can undo the normal form.
    return unicodedata.normalize("NFKC", text.casefold())


def _ngrams(word: str, length: int, native: str) -> Iterator[str]:
    if len(word) <= length:
        yield word
        return
    yield from (word[start : start + length] for start in range(len(word) - length + 1))
    # What documents in other languages can share, foreign words and numbers, is a term as a whole too.
    yield from (run for run in regex.findall(f"(?:(?!{native}).)+", word) if len(run) > length)


@lru_cache(maxsize=2**18)
def _stem(algorithm: str, word: str) -> str:
    # A stemmer holds the word it works on: one per call is safe in threads, and cheap.
    return _stemmer(algorithm)().stemWord(word)


@cache
def _stemmer(algorithm: str) -> Callable:
    # The class itself: snowballstemmer.stemmer() hands out PyStemmer's, of another version, where that is installed.
    module = import_module(f"snowballstemmer.{algorithm}_stemmer")
    return getattr(module, f"{algorithm.title()}Stemmer")
