"""Digits of other scripts."""

from random import Random

import regex

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import replace_spans

# The zero of the digits that a language has besides 0 to 9; the other nine follow it in Unicode. Chinese, Japanese and
# Korean input methods type full-width digits.
_ZEROS = {
    **{"ar": "٠", "bn": "০", "fa": "۰", "gu": "૦", "hi": "०", "km": "០", "kn": "೦", "lo": "໐", "ml": "൦", "mr": "०"},
    **{"my": "၀", "ne": "०", "pa": "੦", "ta": "௦", "te": "౦", "th": "๐", "ur": "۰"},
    **dict.fromkeys(["ja", "ko", "yue", "zh"], "０"),
}
_LATIN = "0123456789"
_NATIVE = {lang: "".join(chr(ord(zero) + digit) for digit in range(10)) for lang, zero in _ZEROS.items()}
_OTHER = {lang: str.maketrans(_LATIN + native, native + _LATIN) for lang, native in _NATIVE.items()}
# Not those of names such as MP3 and 5G.
_NUMBERS = {
    lang: regex.compile(rf"(?<![\p{{Latin}}0-9])[0-9]++(?!\p{{Latin}})|[{native}]+") for lang, native in _NATIVE.items()
}


class Digits(Perturbation):
    """Numbers in the other digits of the language: 1990 in the native ones, १९९० in Latin ones.

    Native digits are those of the script: Arabic ٠ to ٩, Devanagari ० to ९, Thai ๐ to ๙, and so on. In Chinese,
    Japanese and Korean they are the full-width ０ to ９ of input methods, not words for numbers such as 二十. Languages
    with no other digits than 0 to 9 are not supported. Digits that touch a Latin letter (``MP3``) and decimal points
    stay as they are.

    ``severity`` is the share of numbers. People use one kind of digits, so it is 1 by default and not graded.

    Args:
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Example:
        >>> Digits().perturb("1990 में", "hi"), Digits().perturb("१९९० में", "hi")
        ('१९९० में', '1990 में')
    """

    graded = False

    def supports(self, lang: str) -> bool:
        """Whether the language has other digits than 0 to 9."""
        return lang in _NATIVE

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Write a share of the numbers in the other digits."""
        spans = [match.span() for match in _NUMBERS[lang].finditer(text)]
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        return replace_spans(text, chosen, [text[slice(*span)].translate(_OTHER[lang]) for span in chosen])
