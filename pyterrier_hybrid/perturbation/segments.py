"""The words of a text, and their positions."""

import regex

from pyterrier_hybrid.utils.extras import install_command

# As in Lexicon: an apostrophe or a hyphen joins two parts of a word.
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*")
# Scripts without spaces between words.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# Where no spaces stand between words: a character with its marks, or a whole foreign word or number. Thai's vowel am
# and Lao's am are letters, but belong to the consonant before them (Unicode Standard Annex 29).
_CHARACTER = regex.compile(
    rf"{_UNSPACED}[\p{{M}}\u0e33\u0eb3]*|[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}]+", regex.VERSION1
)
# Two words that have become one.
_JOINED = regex.compile(rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_UNSPACED}][[\p{{L}}\p{{N}}]--{_UNSPACED}]", regex.VERSION1)
# A character as it is displayed: with its marks, letters joined to it by a virama, conjoining vowels and finals of
# Hangul, and joined emoji. Like \X, whose rules change between versions of Unicode.
_DISPLAYED = regex.compile(
    r"(?:\r\n|[\U0001F1E6-\U0001F1FF]{2}|.)"
    r"(?:[\p{M}\p{Default_Ignorable_Code_Point}\u0e33\u0eb3\u1160-\u11ff\U0001F3FB-\U0001F3FF]"
    r"|(?<=[\p{InSC=Virama}\p{InSC=Invisible_Stacker}]\p{Default_Ignorable_Code_Point}?)\p{L}|(?<=\u200d)\p{So})*",
    regex.DOTALL,
)
_CHUNK = regex.compile(r"\s*\S+\s*")
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
UNSEGMENTED = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})
"""Languages that are written without spaces between words."""


def word_spans(text: str, lang: str, *, segmenter: str | None = None) -> list[tuple[int, int]]:
    """Return the start and the end of each word; of each character in languages without spaces between words.

    Args:
        text: The text.
        lang: Its language, without script or region.
        segmenter: ``pythainlp`` for the words of Thai, by its dictionary and longest matching (newmm).

    Raises:
        ImportError: PyThaiNLP is not installed.

    Example:
        >>> word_spans("Wo ist Rom?", "de"), word_spans("罗马在哪", "zh")
        ([(0, 2), (3, 6), (7, 10)], [(0, 1), (1, 2), (2, 3), (3, 4)])
    """
    if segmenter == "pythainlp" and lang == "th":
        return _thai_word_spans(text)
    pattern = _CHARACTER if lang in UNSEGMENTED else _WORD
    return [match.span() for match in pattern.finditer(text)]


def _thai_word_spans(text: str) -> list[tuple[int, int]]:
    try:
        from pythainlp.tokenize import word_tokenize
    except ImportError as error:
        raise ImportError(f"{error}: words of Thai need it; run {install_command('thai')}", name="pythainlp") from error
    spans, end = [], 0
    for token in word_tokenize(text, engine="newmm"):
        start = text.index(token, end)
        end = start + len(token)
        if _LETTER_OR_DIGIT.search(token):
            spans.append((start, end))
    return spans


def chunk_spans(text: str) -> list[tuple[int, int]]:
    """Return the start and the end of each part of a text between spaces, in any language.

    Spaces belong to the part before them, and leading ones to the first part, so nothing is left out.

    Args:
        text: The text.

    Example:
        >>> chunk_spans("Wo ist Rom?")
        [(0, 3), (3, 7), (7, 11)]
    """
    return [match.span() for match in _CHUNK.finditer(text)]


def character_ends(text: str) -> list[int]:
    """Return the end of each character; a letter with its marks is one character.

    Args:
        text: The text.

    Example:
        >>> character_ends("Rom"), character_ends("हिन्दी")
        ([1, 2, 3], [2, 6])
    """
    return list(range(1, len(text) + 1)) if text.isascii() else [match.end() for match in _DISPLAYED.finditer(text)]


def space_between(before: str, after: str) -> str:
    """Return what separates two words if they become neighbours: a space, or nothing where words are not spaced.

    Args:
        before: A text that may end with a word.
        after: A text that may begin with one.

    Example:
        >>> space_between("Wo ist", "Rom?"), space_between("罗马", "在哪？"), space_between("Wo ist ", "Rom?")
        (' ', '', '')
    """
    return " " if _JOINED.fullmatch(before[-1:] + after[:1]) else ""


def replace_spans(text: str, spans: list[tuple[int, int]], parts: list[str]) -> str:
    """Replace parts of a text.

    Args:
        text: The text.
        spans: Start and end of each part, ascending, without overlaps.
        parts: What to put there.

    Example:
        >>> replace_spans("one two", [(0, 3)], ["1"])
        '1 two'
    """
    pieces, end = [], 0
    for (start, stop), part in zip(spans, parts, strict=True):
        pieces += [text[end:start], part]
        end = stop
    return "".join([*pieces, text[end:]])
