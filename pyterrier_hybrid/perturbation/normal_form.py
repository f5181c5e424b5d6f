"""Unicode normal forms."""

import unicodedata
from random import Random
from typing import Any, Literal, cast

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import chunk_spans, replace_spans
from pyterrier_hybrid.utils.checks import one_of

# Languages whose letters are single code points in every normal form.
_WITHOUT_MARKS = frozenset({"en", "id", "ms", "so", "sw", "xh", "yue", "zh", "zu"})
# Their only letter with a decomposition is sara am, whose decomposition is a compatibility one.
_COMPATIBILITY_ONLY = frozenset({"lo", "th"})


class NormalForm(Perturbation):
    r"""Text in another Unicode normal form, which looks the same, or nearly so in NFKC and NFKD.

    macOS and some input methods give NFD, in which é is two characters, and not all tokenizers treat both alike (arXiv
    2106.09898 has other such changes, made to attack). A text that is in that form already is not changed: most texts
    are in NFC.

    Supported are languages with letters that the form can change. It means nothing in English and Chinese, where it
    changes only foreign names or punctuation; in Thai, only NFKC and NFKD change a letter (ำ). In Arabic the forms
    concern alef, waw and yeh with hamza, in Hindi letters with nukta: there, NFC has two characters as well.

    ``severity`` is the share of the words that the form changes, words being what stands between spaces. The form
    comes from the device, for a whole query, so it is 1 by default and not graded.

    Args:
        form: ``NFC``, ``NFD``, ``NFKC`` or ``NFKD``.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Example:
        >>> ascii(NormalForm().perturb("é", "es")), NormalForm(form="NFC").perturb("e\u0301", "es") == "é"
        ("'e\\u0301'", True)
    """

    graded = False

    def __init__(self, *, form: str = "NFD", **options: Any) -> None:
        super().__init__(**options)
        self.form = cast(Literal["NFC", "NFD", "NFKC", "NFKD"], one_of("form", form, ("NFC", "NFD", "NFKC", "NFKD")))

    @property
    def options(self) -> dict[str, Any]:
        """The normal form."""
        return {"form": self.form}

    def supports(self, lang: str) -> bool:
        """Whether the form changes letters of the language."""
        return lang not in _WITHOUT_MARKS and ("K" in self.form or lang not in _COMPATIBILITY_ONLY)

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Bring a share of the words into the form."""
        if unicodedata.is_normalized(self.form, text):
            return text
        spans = chunk_spans(text)
        parts = [unicodedata.normalize(self.form, text[start:stop]) for start, stop in spans]
        changed = [position for position, (start, stop) in enumerate(spans) if parts[position] != text[start:stop]]
        chosen = [changed[position] for position in choose_share(generator, self.severity, len(changed))]
        return replace_spans(text, [spans[position] for position in chosen], [parts[position] for position in chosen])
