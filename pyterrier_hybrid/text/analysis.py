r"""Index terms of texts, by the rules of each language.

Words are runs of letters, marks and digits (``[\p{L}\p{M}\p{N}]+``; Python's own ``\w`` splits words of Hindi, Thai
and vocalised Arabic), normalised (NFKC) and case-folded. Digits of all scripts are ASCII digits. Marks that writers may
leave out (vowel points of Arabic and Hebrew, accents that show the stress in Cyrillic) are left out, and where
keyboards differ in Arabic letters, one of them stands for all. Words are stemmed in the languages that Snowball has a
stemmer for. Languages written without spaces, and Korean, whose particles are written as part of the word, are split
into overlapping character n-grams; foreign words and numbers in them are whole terms as well. In all other languages
the words are the terms. :attr:`Analyzer.method` names the method of a language.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

import regex

from pyterrier_hybrid.text.languages import named_languages, primary_language

# Part of every signature. Increase it when terms change, so that old indexes are refused.
_VERSION = 2

SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Language code -> name of its Snowball stemmer."""

_HANGUL = r"[\p{Hangul}\p{Han}]"
_HAN = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}ー]"
_SEA = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
NGRAMS = (
    dict.fromkeys(("ja", "zh", "yue"), (2, _HAN))
    | {"ko": (2, _HANGUL)}
    | dict.fromkeys(("th", "lo", "km", "my"), (3, _SEA))
)
"""Languages that are split into n-grams -> length of these, and the characters of their script."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
# Joiners, direction marks, soft hyphens and variation selectors do not separate words. The zero-width space does, in
# Thai and Khmer.
_IGNORED = regex.compile(r"[\p{Default_Ignorable_Code_Point}--\u200b]+", regex.VERSION1)
_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.VERSION1)
# Marks that writers may leave out: the vowels and the lengthening of Arabic, the points of Hebrew letters, and accents
# that show which syllable of a Russian, Ukrainian or Bulgarian word is stressed.
_OPTIONAL = regex.compile(
    r"[\u0640\u064b-\u0652\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0591-\u05bd\u05bf-\u05c2\u05c4-\u05c7]"
    r"|(?<=\p{Cyrillic}\p{M}*)[\u0300\u0301]"
)
# Letters that stand for each other, since keyboards for Arabic, Persian and Urdu write different ones. In a language
# that keeps two of them apart, they stay apart. In Urdu and Persian, a hamza above or below a letter may be left out.
_FOLDED_HAMZA = {
    "أ": "ا",
    "إ": "ا",
    "ؤ": "و",
    "ئ": "ی",
    "ۀ": "ه",
    "ۂ": "ہ",
    "ۓ": "ے",
    "\u0654": "",
    "\u0655": "",
    "ٴ": "",
}
_PERSIAN = str.maketrans(_FOLDED_HAMZA | {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ہ": "ه"})
_URDU = str.maketrans(_FOLDED_HAMZA | {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ہ", "ۃ": "ہ", "ه": "ہ", "ۀ": "ہ"})
_LETTERS = (
    {"ur": _URDU}
    | dict.fromkeys(("fa", "glk", "lrc", "mzn"), _PERSIAN)
    | {"ckb": str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"}), "ps": str.maketrans({"ك": "ک"})}
)


@dataclass(frozen=True)
class Analyzer:
    """Splits texts of one language into index terms; made by :func:`analyzer`.

    Attributes:
        lang: The language code, without script and region.

    Example:
        >>> analyzer("de")("Die Häuser am Fluß")
        ['die', 'haus', 'am', 'fluss']
        >>> analyzer("zh")("北京大学 2024")
        ['北京', '京大', '大学', '20', '02', '24', '2024']
    """

    lang: str

    @cached_property
    def method(self) -> str:
        """Such as ``snowball german``, ``2-grams``, ``3-grams``, or ``words`` (without stemming)."""
        if self.lang in SNOWBALL:
            return f"snowball {SNOWBALL[self.lang]}"
        return f"{NGRAMS[self.lang][0]}-grams" if self.lang in NGRAMS else "words"

    @cached_property
    def signature(self) -> str:
        """The method and its versions. Terms with different signatures must not be compared."""
        snowball = f" {version('snowballstemmer')}" if self.lang in SNOWBALL else ""
        return f"{self.method}{snowball}, analysis {_VERSION}"

    def __call__(self, text: str) -> list[str]:
        """Return the terms of a text in order, with repetitions; no term is empty.

        Args:
            text: The text.

        Raises:
            TypeError: ``text`` is not a string.
        """
        if not isinstance(text, str):
            raise TypeError(f"text {text!r} is a {type(text).__name__}: it must be a str")
        words = _WORD.findall(_normalize(text, self.lang))
        if self.lang in SNOWBALL:
            # Snowball reduces some Arabic, Greek and Turkish words to nothing, and engines cannot hold an empty term.
            return [term for word in words if (term := _stem(SNOWBALL[self.lang], word))]
        if self.lang in NGRAMS:
            return [term for word in words for term in _ngrams(word, *NGRAMS[self.lang])]
        return words


def analyzer(lang: str) -> Analyzer:
    """Return the analyser of a language.

    Args:
        lang: An ISO 639 code, such as ``de``. A script or region after it (``zh-Hant``, ``pt_BR``) makes no difference.

    Returns:
        A function from a text to its terms. Languages without a Snowball stemmer keep their words unstemmed; see
        :attr:`Analyzer.method`.

    Raises:
        ValueError: ``lang`` is not a language code, or Unicode CLDR does not know the language.

    Example:
        >>> analyzer("vi").method, analyzer("en").method
        ('words', 'snowball english')
        >>> analyzer("el")("Οι Άνθρωποι")
        ['οι', 'ανθρωπ']
    """
    code = primary_language(lang)
    if code is None:
        raise ValueError(f"language {lang!r} is not a language code: pass one such as 'de', 'zh' or 'pt-BR'")
    return _analyzer(code)


def languages_of(text: str, langs: Sequence[str]) -> list[str]:
    """Return those languages that a text of unknown language may be in, judged by its letters.

    Languages that are split into n-grams are left out if the text has no letter of their script: n-grams of other
    letters would find documents that merely quote foreign words. All languages are returned if none is left.

    Args:
        text: The text.
        langs: The languages to choose from.

    Example:
        >>> languages_of("Where is Rome?", ["en", "th", "zh"]), languages_of("NASA 在哪里?", ["en", "th", "zh"])
        (['en'], ['en', 'zh'])
    """
    scripts = {lang: NGRAMS.get(primary_language(lang) or "") for lang in langs}
    possible = [lang for lang, ngrams in scripts.items() if ngrams is None or regex.search(ngrams[1], text)]
    return possible or list(langs)


@cache
def _analyzer(lang: str) -> Analyzer:
    if lang not in SNOWBALL and lang not in NGRAMS and lang not in named_languages():
        raise ValueError(f"language {lang!r} is unknown: pass an ISO 639 code, such as {', '.join(sorted(SNOWBALL))}")
    return Analyzer(lang)


def _normalize(text: str, lang: str) -> str:
    text = _IGNORED.sub("", unicodedata.normalize("NFKC", text))
    if lang in ("tr", "az"):
        # In these languages, ı and i are two letters, with the capitals I and İ.
        text = text.replace("I", "ı").replace("İ", "i")
    # Case folding can undo the normal form.
    text = unicodedata.normalize("NFKC", text.casefold())
    if not text.isascii():
        text = _DIGIT.sub(_ascii_digit, _OPTIONAL.sub("", text)).translate(_LETTERS.get(lang, {}))
    return text


def _ascii_digit(digit: "regex.Match[str]") -> str:
    # A digit that is newer than Python stays as it is.
    return str(unicodedata.decimal(digit[0], digit[0]))


def _ngrams(word: str, length: int, script: str) -> Iterator[str]:
    if len(word) <= length:
        yield word
        return
    yield from (word[start : start + length] for start in range(len(word) - length + 1))
    # Foreign words and numbers, which documents in other languages can share, are also whole terms.
    yield from (run for run in regex.findall(f"(?:(?!{script}).)+", word) if len(run) > length)


@lru_cache(maxsize=2**18)
def _stem(algorithm: str, word: str) -> str:
    # A stemmer stores the current word, so threads cannot share one; making one is cheap.
    return _stemmer(algorithm)().stemWord(word)


@cache
def _stemmer(algorithm: str) -> Callable[[], Any]:
    # Where PyStemmer is installed, snowballstemmer.stemmer() would return its stemmers, which may differ.
    module = import_module(f"snowballstemmer.{algorithm}_stemmer")
    return getattr(module, f"{algorithm.title()}Stemmer")
