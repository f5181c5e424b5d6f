"""Words that are left out, swapped or repeated."""

from random import Random
from typing import Any
from unicodedata import category

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.draws import choose_positions, choose_share, how_many
from pyterrier_hybrid.perturbation.segments import UNSEGMENTED, replace_spans, space_between, word_spans
from pyterrier_hybrid.utils.checks import one_of


class WordPerturbation(Perturbation):
    """A perturbation of words.

    Args:
        segmenter: What finds the words of Thai: ``None`` takes characters with their marks, as in Chinese and other
            languages without spaces between words; ``pythainlp`` takes PyThaiNLP's words (the extra ``thai``).
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ValueError: ``segmenter`` is unknown.
        ImportError: Thai is perturbed with ``pythainlp``, which is not installed.
    """

    def __init__(self, *, segmenter: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.segmenter = None if segmenter is None else one_of("segmenter", segmenter, ("pythainlp",))

    @property
    def options(self) -> dict[str, Any]:
        """The segmenter, if there is one."""
        return {} if self.segmenter is None else {"segmenter": self.segmenter}

    def spans(self, text: str, lang: str) -> list[tuple[int, int]]:
        """Return the start and the end of each word."""
        return word_spans(text, lang, segmenter=self.segmenter)


class DropWords(WordPerturbation):
    """Words left out.

    ``severity`` is the share of words; one word is always kept.

    Args:
        segmenter: ``pythainlp`` for the words of Thai. Default: characters in languages without spaces between words.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ValueError: ``segmenter`` is unknown.
        ImportError: Thai is perturbed with ``pythainlp``, which is not installed.

    Example:
        >>> DropWords(severity=0.5).perturb("Wo liegt denn Rom?", "de")
        'liegt Rom?'
    """

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Leave out a share of the words."""
        spans = self.spans(text, lang)
        if not spans:
            return text
        count = min(how_many(generator, self.severity, len(spans)), len(spans) - 1)
        return drop_spans(text, [spans[position] for position in choose_positions(generator, count, len(spans))])


class SwapWords(WordPerturbation):
    """Neighbouring words swapped; punctuation stays where it is.

    ``severity`` is the share of words that move. No word moves further than one place.

    Args:
        segmenter: ``pythainlp`` for the words of Thai. Default: characters in languages without spaces between words.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ValueError: ``segmenter`` is unknown.
        ImportError: Thai is perturbed with ``pythainlp``, which is not installed.

    Example:
        >>> SwapWords(severity=1).perturb("Wo liegt das alte Rom?", "de")
        'liegt Wo das Rom alte?'
    """

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Swap a share of the words with their neighbours."""
        spans = self.spans(text, lang)
        pairs = min(how_many(generator, self.severity / 2, len(spans)), len(spans) // 2)
        # Each choice of as many positions among the pairs and the other words is one choice of disjoint pairs.
        chosen = choose_positions(generator, pairs, len(spans) - pairs)
        firsts = [position + before for before, position in enumerate(chosen)]
        moved = [spans[position + side] for position in firsts for side in (0, 1)]
        words = [text[slice(*spans[position + side])] for position in firsts for side in (1, 0)]
        return replace_spans(text, moved, words)


class RepeatWords(WordPerturbation):
    """Words written twice.

    ``severity`` is the share of words.

    Args:
        segmenter: ``pythainlp`` for the words of Thai. Default: characters in languages without spaces between words.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`.

    Raises:
        ValueError: ``segmenter`` is unknown.
        ImportError: Thai is perturbed with ``pythainlp``, which is not installed.

    Example:
        >>> RepeatWords(severity=0.5).perturb("Wo liegt denn Rom?", "de")
        'Wo Wo liegt denn Rom Rom?'
    """

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Write a share of the words twice."""
        spans = self.spans(text, lang)
        chosen = [spans[position] for position in choose_share(generator, self.severity, len(spans))]
        words = [text[slice(*span)] for span in chosen]
        spaces = [space_between(word, word) if lang in UNSEGMENTED else " " for word in words]
        return replace_spans(text, chosen, [word + space + word for word, space in zip(words, spaces, strict=True)])


def drop_spans(text: str, spans: list[tuple[int, int]]) -> str:
    """Remove parts of a text with the whitespace before them; at the beginning and after an opening mark, after them.

    Args:
        text: The text.
        spans: Start and end of each part, ascending, without overlaps.

    Example:
        >>> drop_spans("Wo ist Rom?", [(0, 2)]), drop_spans("Wo ist Rom?", [(3, 6), (7, 10)])
        ('ist Rom?', 'Wo?')
    """
    result, end = "", 0
    in_front = True
    for start, stop in spans:
        before = text[end:start]
        kept = before.rstrip()
        result += kept
        in_front = in_front and not any(map(str.isalnum, before))
        end = stop
        if kept == before:
            if in_front or _opens(kept[-1:]):
                end = len(text) - len(text[stop:].lstrip())
            else:
                result += space_between(result, text[end : end + 1])
    return result + text[end:]


def _opens(mark: str) -> bool:
    return mark != "" and (mark in "¿¡" or category(mark) in ("Ps", "Pi"))
