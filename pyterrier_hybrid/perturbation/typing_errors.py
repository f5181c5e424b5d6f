"""Typing errors of ten-finger typists."""

import math
import unicodedata
from bisect import bisect_right
from itertools import accumulate
from random import Random

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import how_many, pick
from pyterrier_hybrid.perturbation.keystrokes import Keystroke, draw_kind, keystrokes, letter_weights
from pyterrier_hybrid.perturbation.pinyin import mistype_characters
from pyterrier_hybrid.perturbation.segments import UNSEGMENTED
from pyterrier_hybrid.perturbation.tables.keyboards import LAYOUTS

# After this many positions at which an error of a kind is not possible, only possible ones are drawn.
_ATTEMPTS = 12
# Letters and marks between other characters; not parts of words with digits.
_WORD = regex.compile(r"(?<![\p{L}\p{M}\p{N}])[\p{L}\p{M}]++(?!\p{N})")


class Typing(Perturbation):
    """Typing errors: neighbouring keys, missing, additional and transposed letters.

    ``severity`` is the share of letters and combining marks that get one error; each counts as one character, as it is
    one key. Kinds of errors and their places are those of MulTypo (arXiv 2510.09536) as its package multypo 0.1.1 has
    them: a neighbouring key instead of the right one (.28) or after it (.15), a missing letter (.28), two transposed
    letters (.28), divided by their sum of .99. The first letter of a word is spared, and so are words with digits. A
    word is hit in proportion to the square root of its length; the probability of its letters rises evenly from the
    second to the last one, which is hit twice as often. In Thai, which has no spaces between words, all letters but the
    first are hit alike. Only letters that different hands type are transposed. A key of the same row is hit nine times
    as often as one of another row. At high severities, where one kind of error is not possible any more, another one
    takes its place; severity 1 changes all letters that can be changed.

    Neighbours are keys that touch each other on the language's standard keyboard of Windows, from Unicode CLDR (see
    ``perturbation/tables/keyboards.py``), on the same level (with or without shift), if they type letters or marks.
    Marks that have keys of their own (Devanagari, Thai, Arabic) are letters like others. Of a letter that is typed by
    several keys, such as Spanish ``é`` and all Vietnamese letters with marks (Telex or VNI on a US layout), a missing
    key is that of the mark, the tone first: ``ế`` becomes ``ê``; and a neighbour of its letter keeps the marks if it is
    a vowel. Latin letters in other scripts are typed on a US layout. Text with errors is in normal form C.

    Chinese is typed in pinyin, on a US layout, and the severity is the share of its characters: an error in the
    syllable makes another syllable, and the character is that of it which most phrases of pypinyin have; see
    :mod:`pyterrier_hybrid.perturbation.pinyin`. This needs the extra ``pypinyin``. Languages without a keyboard in the
    table are not supported.

    Args:
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ImportError: A text is Chinese, and pypinyin is not installed.

    Example:
        >>> Typing().perturb("Which city is the capital of the United Kingdom?", "en")
        'Whi cityy is th capital of the United Kingdom?'
    """

    def supports(self, lang: str) -> bool:
        """Whether there is a keyboard of the language."""
        return lang in LAYOUTS or lang == "zh"

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Make errors in a share of the letters."""
        if lang == "zh":
            return mistype_characters(text, self.severity, generator)
        normal = unicodedata.normalize("NFC", text)
        words = [match.span() for match in _WORD.finditer(normal)]
        count = how_many(generator, self.severity, sum(stop - start for start, stop in words))
        if not count:
            return text
        errors = _Errors(normal, words, keystrokes(lang), generator, evenly=lang in UNSEGMENTED)
        made = sum(errors.make() for _ in range(count))
        return unicodedata.normalize("NFC", "".join(errors.cells)) if made else text


class _Errors:
    """A text whose letters get errors, one after the other, none twice."""

    def __init__(
        self,
        text: str,
        words: list[tuple[int, int]],
        keystrokes: dict[str, Keystroke | None],
        generator: Random,
        *,
        evenly: bool,
    ) -> None:
        self.cells = list(text)
        self._words = [span for span in words if span[1] - span[0] > 1]
        self._keystrokes = keystrokes
        self._random = generator.random
        self._generator = generator
        self._evenly = evenly
        lengths = [stop - start for start, stop in self._words]
        self._word_weights = list(accumulate(lengths if evenly else map(math.sqrt, lengths)))
        self._done: set[int] = set()
        # Once needed, the positions that are drawn from instead, and the ends of their words.
        self._rest: list[tuple[int, int]] | None = None

    def make(self) -> bool:
        """Make an error; return whether one was possible."""
        if not self._words:
            return False
        kind = draw_kind(self._generator)
        if self._rest is None:
            for _ in range(_ATTEMPTS):
                if self._try(kind, *self._draw_position()):
                    return True
            self._rest = [(place, stop) for start, stop in self._words for place in range(start + 1, stop)]
        while self._rest:
            number = int(self._random() * len(self._rest))
            self._rest[number], self._rest[-1] = self._rest[-1], self._rest[number]
            position = self._rest.pop()
            if self._try(kind, *position) or self._try("replace", *position) or self._try("delete", *position):
                return True
        return False

    def _draw_position(self) -> tuple[int, int]:
        weights = self._word_weights
        word = bisect_right(weights, self._random() * weights[-1])
        start, stop = self._words[min(word, len(weights) - 1)]
        letters = stop - start - 1
        if self._evenly:
            return start + 1 + int(self._random() * letters), stop
        return start + 1 + min(letters - 1, bisect_right(letter_weights(letters), self._random())), stop

    def _try(self, kind: str, place: int, stop: int) -> bool:
        """Make an error of a kind at a place in a word, if that is possible."""
        if place in self._done:
            return False
        cells = self.cells
        keystroke = self._keystrokes[cells[place]]
        following = None
        if place + 1 < stop and place + 1 not in self._done:
            following = self._keystrokes[cells[place + 1]]
            # A mark that has no key belongs to the letter before it.
            if following is None:
                return False
        if keystroke is None:
            return False
        if kind == "delete":
            cells[place] = keystroke.missing
        elif kind == "transpose":
            if following is None or keystroke.right_hand == following.right_hand:
                return False
            cells[place], cells[place + 1] = cells[place + 1], cells[place]
            self._done.add(place + 1)
        elif not keystroke.wrong:
            return False
        else:
            wrong = pick(self._generator, keystroke.wrong)
            cells[place] = wrong if kind == "replace" else cells[place] + wrong
        self._done.add(place)
        return True
