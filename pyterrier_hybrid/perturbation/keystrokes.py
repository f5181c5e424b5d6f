"""What can go wrong with the keys of a character, and how often."""

import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from pyterrier_hybrid.perturbation.keyboard import Keyboard, keyboard

KIND_WEIGHTS = {"replace": 0.28, "insert": 0.15, "delete": 0.28, "transpose": 0.28}
"""Kinds of errors and how often they are made, in the default of the package multypo 0.1.1 (arXiv 2510.09536)."""
# How often a key of the same row is hit rather than one of another row; likewise.
_SAME_ROW = 9
# Vietnamese is typed on a US layout: a method such as Telex or VNI adds the marks.
_TYPED_WITH = {"vi": "en"}
# It has no decomposition in Unicode.
_WITHOUT_STROKE = {"đ": "d", "Đ": "D"}
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_VOWELS = frozenset("aeiouyαεηιουω")
_KINDS = tuple(KIND_WEIGHTS)
_CUMULATIVE = tuple(accumulate(KIND_WEIGHTS.values()))


class Keystroke(NamedTuple):
    """What can go wrong with the key of a character.

    Args:
        wrong: What neighbouring keys type, repeated in proportion to their weights.
        missing: What remains of the character without its last key.
        right_hand: Whether the key is typed with the right hand.
    """

    wrong: tuple[str, ...]
    missing: str
    right_hand: bool


def draw_kind(generator: Random) -> str:
    """Draw a kind of error.

    Args:
        generator: The random generator.
    """
    return _KINDS[min(len(_KINDS) - 1, bisect_right(_CUMULATIVE, generator.random() * _CUMULATIVE[-1]))]


@lru_cache(maxsize=1000)
def letter_weights(letters: int) -> tuple[float, ...]:
    """Return how often each letter of a word is hit: it rises evenly, and the last letter is hit twice as often.

    Args:
        letters: The number of letters after the first one, which is spared.

    Returns:
        Cumulative probabilities.

    Example:
        >>> letter_weights(3) == (1 / 4.5, 2.5 / 4.5, 1)
        True
    """
    weights = [1 + place / max(1, letters - 1) for place in range(letters)]
    total = sum(weights)
    return tuple(weight / total for weight in accumulate(weights))


class _Keystrokes(dict[str, Keystroke | None]):
    """The keystroke of each character, ``None`` if it is not typed; filled as characters occur."""

    def __init__(self, *keyboards: Keyboard) -> None:
        super().__init__()
        self._keyboards = keyboards

    def __missing__(self, character: str) -> Keystroke | None:
        found = (_keystroke(board, character) for board in self._keyboards)
        self[character] = next((keystroke for keystroke in found if keystroke is not None), None)
        return self[character]


@cache
def keystrokes(lang: str) -> dict[str, Keystroke | None]:
    """Return the keystroke of each character; ``None`` for those that cannot be typed.

    Args:
        lang: A language that has a keyboard. Latin letters that it lacks are typed on a US layout.

    Example:
        >>> keystrokes("ru")["ё"], keystrokes("vi")["ế"].missing, keystrokes("en")["я"]
        (Keystroke(wrong=(), missing='', right_hand=False), 'ê', None)
    """
    return _Keystrokes(keyboard(_TYPED_WITH.get(lang, lang)), keyboard("en"))


def _keystroke(board: Keyboard, character: str) -> Keystroke | None:
    key = board.key(character)
    if key is not None:
        return Keystroke(_neighbours(board, *key), "", board.right_hand(key[0]))
    decomposed = _WITHOUT_STROKE.get(character) or unicodedata.normalize("NFD", character)
    base, marks = decomposed[0], decomposed[1:]
    key = board.key(base)
    if key is None:
        return None
    wrong = tuple(_with_marks(letter, marks) for letter in _neighbours(board, *key))
    last = next((mark for mark in marks if mark in _TONES), marks[-1:])
    missing = unicodedata.normalize("NFC", base + marks.replace(last, ""))
    return Keystroke(wrong, missing, board.right_hand(key[0]))


def _neighbours(board: Keyboard, number: int, level: int) -> tuple[str, ...]:
    beside, others = (
        [typed for key in keys if _is_letter(typed := board.characters[key][level])]
        for keys in board.neighbours(number)
    )
    return (*beside * _SAME_ROW, *others)


def _is_letter(typed: str) -> bool:
    return all(unicodedata.category(character)[0] in "LM" for character in typed)


def _with_marks(letter: str, marks: str) -> str:
    marked = unicodedata.normalize("NFC", letter + marks)
    return marked if letter.lower() in _VOWELS and len(marked) == 1 else letter
