"""Words in another language."""

from pathlib import Path
from random import Random
from typing import Any

from pyterrier_hybrid.parallel.lexicon import Lexicon
from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.utils.formatting import short_repr


class CodeSwitch(Perturbation):
    """Words replaced by their translations, as in code-switched queries.

    ``severity`` is the probability that a word of the lexicon is replaced, as in
    :meth:`Lexicon.switch <pyterrier_hybrid.parallel.Lexicon.switch>`; words that the lexicon lacks stay. It means
    something in the languages of the lexicon other than ``to``.

    Args:
        lexicon: The words, or a file of JSON Lines to read them from; see :meth:`Lexicon.from_jsonl
            <pyterrier_hybrid.parallel.Lexicon.from_jsonl>`.
        to: Language of the new words.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        FileNotFoundError: The file does not exist.
        TypeError: ``lexicon`` is neither a lexicon nor a path.
        ValueError: The lexicon has no words in ``to``, or a row of the file is invalid.

    Example:
        >>> lexicon = Lexicon([{"de": ["Hauptstadt"], "en": ["capital"]}])
        >>> CodeSwitch(lexicon, to="en", severity=1).perturb("Welche Stadt ist die Hauptstadt?", "de")
        'Welche Stadt ist die capital?'
    """

    def __init__(self, lexicon: Lexicon | str | Path, *, to: str = "en", **options: Any) -> None:
        super().__init__(**options)
        if isinstance(lexicon, (str, Path)):
            lexicon = Lexicon.from_jsonl(lexicon)
        if not isinstance(lexicon, Lexicon):
            raise TypeError(
                f"lexicon={short_repr(lexicon)} is {type(lexicon).__name__}: give a Lexicon, or a file to read it from"
            )
        self.lexicon = lexicon
        self.to = check_language(to)
        if self.to not in lexicon.languages:
            raise ValueError(f"to={to!r}: the lexicon has only {', '.join(lexicon.languages)}")

    @property
    def options(self) -> dict[str, Any]:
        """The language of the new words, and the fingerprint of the lexicon."""
        return {"to": self.to, "lexicon": self.lexicon.fingerprint}

    def supports(self, lang: str) -> bool:
        """Whether the lexicon has words in the language, which is not the language of the new words."""
        return lang in self.lexicon.languages and lang != self.to

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Replace words by their first translations."""
        return self.lexicon.switch(text, lang, self.to, share=self.severity, seed=generator)
