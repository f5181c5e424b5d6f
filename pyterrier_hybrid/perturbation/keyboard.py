"""Keyboards: which keys type a character, and which keys are near them."""

import unicodedata
from functools import cache, cached_property

from pyterrier_hybrid.perturbation.tables.keyboards import LAYOUTS, Layout

# Number of the first key of each row, and how far the row is moved to the right, in widths of a key. They are the
# positions of ISO/IEC 9995: E00 to E12, D01 to D12, C01 to C12, B01 to B10.
_ROWS = ((0, 0.0), (1, 0.5), (1, 0.75), (1, 1.25))
NEIGHBOUR_DISTANCE = 1.25
"""Largest distance of neighbouring keys, in widths of a key: that of the keys that touch each other."""
_LAST_COLUMN_OF_LEFT_HAND = 5


class Keyboard:
    """The keys of a layout, numbered row by row from the top left.

    Args:
        layout: The characters of the keys.
    """

    def __init__(self, layout: Layout) -> None:
        rows = zip(layout.base, layout.shift, strict=True)
        self.characters: list[tuple[str, str]] = []
        """What each key types without and with the shift key."""
        self._positions: list[tuple[float, int, int]] = []
        for height, ((base, shift), (first, offset)) in enumerate(zip(rows, _ROWS, strict=True)):
            keys = list(zip(base.split(" "), shift.split(" "), strict=True))
            self.characters += keys
            columns = range(first, first + len(keys))
            self._positions += [(column + offset, height, column) for column in columns]
        self.dead = layout.dead
        self._dead_keys = {mark: character for character, mark in layout.dead.items()}

    @cached_property
    def _keys(self) -> dict[str, tuple[int, int]]:
        """The key and level of each character; without the shift key where both levels have it."""
        keys: dict[str, tuple[int, int]] = {}
        for level in (0, 1):
            for number, characters in enumerate(self.characters):
                keys.setdefault(characters[level], (number, level))
        return keys

    def key(self, character: str) -> tuple[int, int] | None:
        """Return the key that types a character and its level (0, or 1 with shift); ``None`` if no single key does.

        Args:
            character: The character.
        """
        return self._keys.get(character)

    def keys(self, character: str) -> list[tuple[int, int]] | None:
        """Return the keys that are pressed one after the other to type a character, and their levels.

        A letter with a mark is typed by its own key, or by a dead key before its letter, or by a key of the mark after
        it. ``None`` if it cannot be typed.

        Args:
            character: The character.

        Example:
            >>> keyboard("en").keys("B"), len(keyboard("el").keys("ή")), len(keyboard("vi").keys("ế"))
            ([(41, 1)], 2, 2)
        """
        key = self._keys.get(character)
        if key is not None:
            return [key]
        decomposed = unicodedata.normalize("NFD", character)
        base, marks = decomposed[0], decomposed[1:]
        for typed in (marks, *marks):
            rest = "".join(mark for mark in marks if mark not in typed)
            letter = self._keys.get(unicodedata.normalize("NFC", base + rest))
            if letter is not None and typed in self._dead_keys:
                return [self._keys[self._dead_keys[typed]], letter]
            if letter is not None and typed in self._keys:
                return [letter, self._keys[typed]]
        return None

    def neighbours(self, number: int) -> tuple[list[int], list[int]]:
        """Return the neighbours of a key: those in its row, and those in the rows above and below.

        Args:
            number: The key.

        Example:
            >>> us = keyboard("en")
            >>> beside, others = us.neighbours(us.key("s")[0])
            >>> [us.characters[key][0] for key in beside], [us.characters[key][0] for key in others]
            (['a', 'd'], ['w', 'e', 'z', 'x'])
        """
        x, row, _ = self._positions[number]
        beside: list[int] = []
        others: list[int] = []
        for other, (other_x, other_row, _) in enumerate(self._positions):
            if 0 < (x - other_x) ** 2 + (row - other_row) ** 2 <= NEIGHBOUR_DISTANCE**2:
                (beside if row == other_row else others).append(other)
        return beside, others

    def right_hand(self, number: int) -> bool:
        """Return whether ten-finger typists type a key with the right hand: from the column of 6, Y, H and N.

        Args:
            number: The key.
        """
        return self._positions[number][2] > _LAST_COLUMN_OF_LEFT_HAND


@cache
def keyboard(lang: str) -> Keyboard:
    """Return the keyboard of a language, which must be one of those in ``tables.keyboards.LAYOUTS``.

    Args:
        lang: The language.
    """
    return Keyboard(LAYOUTS[lang])
