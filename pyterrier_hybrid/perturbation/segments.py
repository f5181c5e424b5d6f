"""The words of a text, and their positions."""

import regex

# As in Lexicon: an apostrophe or a hyphen joins two parts of a word.
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*")
# Where no spaces stand between words: a character with its marks, or a whole foreign word or number.
_CHARACTER = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]+",
    regex.VERSION1,
)
_CHUNK = regex.compile(r"\s*\S+\s*")
UNSEGMENTED = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})
"""Languages that are written without spaces between words."""


def word_spans(text: str, lang: str) -> list[tuple[int, int]]:
    """Return the start and the end of each word; of each character in languages without spaces between words.

    Args:
        text: The text.
        lang: Its language, without script or region.

    Example:
        >>> word_spans("Wo ist Rom?", "de"), word_spans("罗马在哪", "zh")
        ([(0, 2), (3, 6), (7, 10)], [(0, 1), (1, 2), (2, 3), (3, 4)])
    """
    pattern = _CHARACTER if lang in UNSEGMENTED else _WORD
    return [match.span() for match in pattern.finditer(text)]


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
