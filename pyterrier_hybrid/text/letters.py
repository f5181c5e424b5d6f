"""Texts as arrays of letters, to compare them regardless of case, punctuation, spaces, accents and character variants.

A Chinese character counts as three letters. A sentence of XQuAD-R then has about the same number of letters in Chinese
(123 on average) as in English (130).
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

# Separates two texts: a code point that Unicode will never assign to a character.
_SEPARATOR = "\ufdd0"

# Tatweel, which only lengthens an Arabic word.
_TATWEEL = "\u0640"

# From here on, no character has a case or a compatibility decomposition.
_FIRST_WITHOUT_FORMS = 0x30000


def letters_of(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the letters and digits of all texts in one array, with a zero before the first and after each text.

    The letters of a character are those of its compatibility decomposition (NFKD) after case folding, without combining
    marks; all decimal digits become ASCII digits.

    Args:
        texts: The texts.

    Returns:
        The letters as code points, uint32, and the starts of the texts, int64 [texts + 1]: text ``i`` is
        ``letters[starts[i] : starts[i + 1] - 1]``.

    Example:
        >>> letters, starts = letters_of(["Größe: １２", "“12, grosse”"])
        >>> letters.tobytes().decode("utf-32-le").split("\0")
        ['', 'grosse12', '12grosse', '']
        >>> starts.tolist(), len(letters_of(["北京。"])[0])
        ([1, 10, 19], 8)
    """
    if any(_SEPARATOR in text for text in texts):
        texts = [text.replace(_SEPARATOR, " ") for text in texts]
    code_points = _code_points(_SEPARATOR.join(["", *texts, ""]) if texts else _SEPARATOR)
    table = _table()
    sizes = table.sizes[code_points]
    ends = np.cumsum(sizes, dtype=np.int64)
    # Letter n of a character is at position starts[character] + n of the table.
    letters = table.letters[np.repeat(table.starts[code_points] - (ends - sizes), sizes) + np.arange(ends[-1])]
    return letters, np.flatnonzero(letters == 0) + 1


def span_of(text: str, start: int, stop: int) -> str:
    """Return the span of a text that covers a range of its letters.

    Args:
        text: The text.
        start: Position of the first letter, counted as in :func:`letters_of`.
        stop: Position after the last letter.

    Example:
        >>> span_of("In „Rom“, GRÖSSE 12.", 2, 8)
        'Rom“, GRÖ'
    """
    ends = np.cumsum(_table().sizes[_code_points(text)], dtype=np.int64)
    first, last = np.searchsorted(ends, [start, stop - 1], side="right")
    return text[first : last + 1]


class _Table(NamedTuple):
    """The letters of every code point: ``letters[starts[c] : starts[c] + sizes[c]]`` for code point ``c``."""

    letters: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


@cache
def _table() -> _Table:
    import regex

    characters = "".join(map(chr, range(0x110000)))
    # First every character by itself: its number of letters, and the one letter it repeats.
    folded = np.arange(len(characters), dtype=np.uint32)
    sizes = np.zeros(len(characters), np.uint8)
    for pattern, size in ((r"[\p{L}\p{M}\p{N}]+", 1), (r"\p{Han}+", 3)):
        for match in regex.finditer(pattern, characters):
            sizes[match.start() : match.end()] = size
    for match in regex.finditer(r"\p{Nd}", characters):
        folded[match.start()] = ord("0") + unicodedata.decimal(match.group(), 0)
    combining = [point for point in range(_FIRST_WITHOUT_FORMS) if unicodedata.combining(characters[point])]
    sizes[combining] = 0
    sizes[ord(_TATWEEL)] = 0
    for match in regex.finditer(r"\p{Default_Ignorable_Code_Point}+", characters):
        sizes[match.start() : match.end()] = 0
    sizes[ord(_SEPARATOR)], folded[ord(_SEPARATOR)] = 1, 0
    # Then the characters that decompose, or have a case.
    decomposed = {}
    for point, character in enumerate(characters[:_FIRST_WITHOUT_FORMS]):
        form = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        if form != character:
            parts = _code_points(form)
            decomposed[point] = np.repeat(folded[parts], sizes[parts])
    # The capital of the dotless Turkish ı is the I of other languages.
    decomposed[ord("ı")] = _code_points("i")
    letters = [np.repeat(folded, sizes)]
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    total = len(letters[0])
    for point, form_letters in decomposed.items():
        starts[point], sizes[point] = total, len(form_letters)
        letters.append(form_letters)
        total += len(form_letters)
    return _Table(np.concatenate(letters), starts, sizes)
