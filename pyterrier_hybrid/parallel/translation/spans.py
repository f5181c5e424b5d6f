"""Filter of passages that have lost the answer to their question."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

import regex

from pyterrier_hybrid.parallel.translation.filters import MIN_DIGITS, Candidate, numbers_of
from pyterrier_hybrid.text.analysis import NGRAMS, analyzer
from pyterrier_hybrid.text.languages import primary_language
from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.utils.checks import finite_number

_WORD = regex.compile(r"[\p{L}\p{N}]+")
_MARKS = regex.compile(r"\p{M}+")

Translate = Callable[[Iterable[str], str, str], Mapping[str, str]]
"""``f(texts, source, target)`` that returns the translation of each text."""


class AnswerLost:
    """Rejects translated passages in which the answer to their question is not found any more.

    The answer is translated by itself. It is found if its translation, or the original answer (names stay as they are),
    stands in the translated passage, or if most of the words of either do, each counted with its length, so that
    articles and word order make little difference. Words are the same without accents, and with other endings: they
    begin with the same letters, at least three and two thirds of the shorter and half of the longer one. In languages
    without spaces, character n-grams take the place of words. An answer with a number, such as "the 1920s", is also
    found if all its numbers of three digits or more are there.

    An answer that the passage says with other words than its own translation is rejected too. So what is kept has its
    answer, and some of what is rejected also had it.

    Enclosing the answer in quotation marks before translation, as MLQA's baseline does (arXiv 1910.07475), also finds
    where it is, but changes the passage.

    Args:
        translate: Translates the answers.
        min_ratio: Minimum ratio of the answer's words, by their length, that must be in the passage.

    Example:
        >>> dictionary = {"the Denver Broncos": "die Denver Broncos"}
        >>> lost = AnswerLost(lambda texts, source, target: {text: dictionary[text] for text in texts})
        >>> lost.reasons([Candidate("passage", "It was the Denver Broncos.", "Das war sie.", "the Denver Broncos")],
        ...     "en", "de")
        ["the answer 'the Denver Broncos' ('die Denver Broncos') is not in it"]
    """

    name = "answer"

    def __init__(self, translate: Translate, min_ratio: float = 0.6) -> None:
        self._translate = translate
        self.min_ratio = finite_number("min_ratio", min_ratio, positive=True)

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`~pyterrier_hybrid.parallel.translation.filters.Filter`."""
        answers = [candidate.answer for candidate in candidates if candidate.answer is not None]
        translated = self._translate(answers, source, target)
        results: list[str | None] = []
        for candidate in candidates:
            answer = candidate.answer
            found = (
                answer is None
                or any(self._is_in(form, candidate.translation, target) for form in (translated[answer], answer))
                or _has_numbers(answer, candidate.translation)
            )
            problem = (
                None if found or answer is None else f"the answer {answer!r} ({translated[answer]!r}) is not in it"
            )
            results.append(problem)
        return results

    def _is_in(self, answer: str, passage: str, lang: str) -> bool:
        key = text_key(answer).strip(" .,;:!?\"'“”„«»()")
        if not key:
            return False
        if key in text_key(passage):
            return True
        words, others = _words(answer, lang), _words(passage, lang)
        is_same = str.__eq__ if primary_language(lang) in NGRAMS else _same_word
        found = sum(len(word) for word in words if any(is_same(word, other) for other in others))
        return bool(words) and found >= self.min_ratio * sum(map(len, words))


def _words(text: str, lang: str) -> set[str]:
    if primary_language(lang) in NGRAMS:
        return set(analyzer(lang)(text))
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", text_key(text)))
    return set(_WORD.findall(folded))


def _same_word(one: str, other: str) -> bool:
    shared = len(os.path.commonprefix([one, other]))
    shorter, longer = sorted((len(one), len(other)))
    return one == other or (shared >= 3 and 3 * shared >= 2 * shorter and 2 * shared >= longer)


def _has_numbers(answer: str, passage: str) -> bool:
    numbers = {number for number in numbers_of(answer) if len(number) >= MIN_DIGITS}
    return bool(numbers) and numbers <= numbers_of(passage).keys()
