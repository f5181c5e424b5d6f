"""Queries typed while the keyboard layout of another language is switched on."""

import re
import unicodedata
from functools import cache
from random import Random
from typing import Any

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.keyboard import Keyboard, keyboard
from pyterrier_hybrid.perturbation.segments import replace_spans
from pyterrier_hybrid.perturbation.tables.keyboards import LAYOUTS
from pyterrier_hybrid.utils.checks import one_of

_WORD = re.compile(r"\S+")


class WrongLayout(Perturbation):
    """Words typed while the keyboard layout of another language is switched on.

    The same keys are pressed, so that Russian ``привет`` becomes ``ghbdtn``. ``severity`` is the share of words; words
    are separated by spaces here, in all languages, and punctuation is typed with them. Characters that the language's
    own layout does not have stay as they are, and dead keys are typed before their letters.

    The layouts are the standard ones of Windows (Arabic 101, InScript, Thai Kedmanee, Turkish Q and so on) in Unicode
    CLDR; see ``perturbation/tables/keyboards.py``. Languages without a layout there, such as Chinese, and the language
    of ``layout`` itself are left alone. Most people type Vietnamese with Telex or VNI on a US layout; here it is typed
    with the layout of its own.

    Args:
        layout: The language whose layout is switched on. English queries are changed only if it is another one.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`; ``severity`` is 1 by default.

    Raises:
        ValueError: There is no layout of the language.

    Example:
        >>> WrongLayout().perturb("столица Греции", "ru"), WrongLayout(layout="ru").perturb("capital", "en")
        ('cnjkbwf Uhtwbb', 'сфзшефд')
    """

    graded = False

    def __init__(self, *, layout: str = "en", **options: Any) -> None:
        super().__init__(**options)
        self.layout = one_of("layout", layout, tuple(LAYOUTS))

    @property
    def options(self) -> dict[str, Any]:
        """The language whose layout is switched on."""
        return {"layout": self.layout}

    def supports(self, lang: str) -> bool:
        """Whether there is a layout of the language, other than the one that is switched on."""
        return lang in LAYOUTS and lang != self.layout

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Type a share of the words with the wrong layout."""
        spans = [match.span() for match in _WORD.finditer(text)]
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        return replace_spans(text, chosen, [retype(text[slice(*span)], lang, self.layout) for span in chosen])


def retype(text: str, lang: str, layout: str) -> str:
    """Return what the keys of a text type in another layout.

    Args:
        text: The text.
        lang: The language of the layout that its writer has in mind.
        layout: The language of the layout that is switched on.

    Example:
        >>> retype("Πού είναι;", "el", "en"), retype("Po;y e;inaiq", "en", "el")
        ('Po;y e;inaiq', 'Πού είναι;')
    """
    typed = unicodedata.normalize("NFC", text).translate(_retyping(lang, layout))
    for dead, mark in keyboard(layout).dead.items():
        if dead in typed:
            typed = _press_dead_key(typed, dead, mark)
    return unicodedata.normalize("NFC", typed)


def _press_dead_key(text: str, dead: str, mark: str) -> str:
    parts = text.split(dead)
    for number in range(1, len(parts)):
        letter = unicodedata.normalize("NFC", parts[number][:1] + mark)
        parts[number] = (letter if len(letter) == 1 and parts[number] else dead + parts[number][:1]) + parts[number][1:]
    return "".join(parts)


class _Retyping(dict[int, str]):
    """What each character becomes, for ``str.translate``; filled as characters occur."""

    def __init__(self, own: Keyboard, other: Keyboard) -> None:
        super().__init__()
        self._own, self._other = own, other

    def __missing__(self, codepoint: int) -> str:
        keys = self._own.keys(chr(codepoint))
        if keys is None:
            self[codepoint] = chr(codepoint)
        else:
            self[codepoint] = "".join(self._other.characters[number][level] for number, level in keys)
        return self[codepoint]


@cache
def _retyping(lang: str, layout: str) -> _Retyping:
    return _Retyping(keyboard(lang), keyboard(layout))
