"""Texts as arrays of letters, so that case, punctuation, spaces, accents and forms of one character make no difference.

A Chinese character counts as three letters: a sentence of XQuAD-R then has as many in Chinese as in English, 123 and
130 on average.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

# Stands between two texts. It is no character of any script, and never will be.
_BETWEEN = "\ufdd0"

# Arabic words are drawn out with it.
_DRAWN_OUT = "\u0640"

# No character from here on is a form of another one, or has a case.
_PLAIN = 0x30000


def letters_of(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the letters and digits of texts one after the other, with a zero before the first text and after each.

    A character is what remains of its compatibility decomposition (NFKD) in folded case without the marks above and
    below it; all decimal digits are those of ASCII.

    Args:
        texts: The texts.

    Returns:
        The letters as code points, uint32, and where the texts begin, int64 [texts + 1]: text ``i`` is
        ``letters[starts[i] : starts[i + 1] - 1]``.

    >>> letters, starts = letters_of(["Größe: １２", "“12, grosse”"])
    >>> letters.tobytes().decode("utf-32-le").split("\0")
    ['', 'grosse12', '12grosse', '']
    >>> starts.tolist(), len(letters_of(["北京。"])[0])
    ([1, 10, 19], 8)
    """
    if any(_BETWEEN in text for text in texts):
        texts = [text.replace(_BETWEEN, " ") for text in texts]
    points = _points(_BETWEEN.join(["", *texts, ""]) if texts else _BETWEEN)
    table = _table()
    sizes = table.sizes[points]
    ends = np.cumsum(sizes, dtype=np.int64)
    # Letter number n of a character is in the table at its first place + n.
    letters = table.letters[np.repeat(table.starts[points] - (ends - sizes), sizes) + np.arange(ends[-1])]
    return letters, np.flatnonzero(letters == 0) + 1


def stretch_of(text: str, start: int, stop: int) -> str:
    """Return the part of a text that some of its letters are in, numbered as in :func:`letters_of`.

    >>> stretch_of("In „Rom“, GRÖSSE 12.", 2, 8)
    'Rom“, GRÖ'
    """
    ends = np.cumsum(_table().sizes[_points(text)], dtype=np.int64)
    first, last = np.searchsorted(ends, [start, stop - 1], side="right")
    return text[first : last + 1]


class _Table(NamedTuple):
    """The letters of a code point ``c`` are ``letters[starts[c] : starts[c] + sizes[c]]``."""

    letters: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray


def _points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


@cache
def _table() -> _Table:
    import regex

    every = "".join(map(chr, range(0x110000)))
    folded = np.arange(len(every), dtype=np.uint32)
    sizes = np.zeros(len(every), np.uint8)
    for pattern, size in ((r"[\p{L}\p{M}\p{N}]+", 1), (r"\p{Han}+", 3)):
        for match in regex.finditer(pattern, every):
            sizes[match.start() : match.end()] = size
    for match in regex.finditer(r"\p{Nd}", every):
        folded[match.start()] = ord("0") + unicodedata.decimal(match.group(), 0)
    sizes[[point for point in range(_PLAIN) if unicodedata.combining(every[point])]] = 0
    sizes[ord(_DRAWN_OUT)] = 0
    sizes[ord(_BETWEEN)], folded[ord(_BETWEEN)] = 1, 0
    forms = {}
    for point, character in enumerate(every[:_PLAIN]):
        form = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        if form != character:
            parts = _points(form)
            forms[point] = np.repeat(folded[parts], sizes[parts])
    forms[ord("ı")] = _points("i")  # In capitals, Turkish ı is what others write for i.
    letters = [np.repeat(folded, sizes)]
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    total = len(letters[0])
    for point, form in forms.items():
        starts[point], sizes[point] = total, len(form)
        letters.append(form)
        total += len(form)
    return _Table(np.concatenate(letters), starts, sizes)
