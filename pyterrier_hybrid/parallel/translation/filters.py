"""Filters of single translations: each says why it rejects one, or nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

import regex

from pyterrier_hybrid.text.languages import canonical_language, primary_language, script_of
from pyterrier_hybrid.text.letters import letters_of
from pyterrier_hybrid.text.normalisation import is_blank, text_key
from pyterrier_hybrid.utils.checks import finite_number

MIN_DIGITS = 3
"""Numbers of so many digits stay digits in any language."""


class Candidate(NamedTuple):
    """A translation that filters judge.

    Attributes:
        role: ``query``, ``passage`` or ``text`` (of a sentence and its translations).
        text: The original.
        translation: Its translation.
        answer: The span of a passage that answers its query, in the language of the original; ``None``: unknown.
    """

    role: str
    text: str
    translation: str
    answer: str | None = None


class Filter(Protocol):
    """Judges translations.

    Attributes:
        name: Name in reports.
    """

    name: str

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str, /) -> list[str | None]:
        """Return why each translation is rejected, ``None`` if it is kept.

        Args:
            candidates: The translations.
            source: Code of the language of the originals.
            target: Code of the language of the translations.
        """
        ...


class Empty:
    """Rejects translations without text.

    Example:
        >>> Empty().reasons([Candidate("query", "Where is Rome?", " ")], "en", "de")
        ['there is no text']
    """

    name = "empty"

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        return ["there is no text" if is_blank(candidate.translation) else None for candidate in candidates]


class Copied:
    """Rejects translations that are the original, but for case and whitespace.

    Args:
        min_letters: Texts with fewer letters may be the same in two languages, as names are.

    Example:
        >>> Copied().reasons([Candidate("query", "Where is Rome today?", "where is Rome today?")], "en", "de")
        ['the original was copied']
    """

    name = "copied"

    def __init__(self, min_letters: int = 12) -> None:
        self.min_letters = min_letters

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        counts = _letter_counts([candidate.text for candidate in candidates])
        return [
            "the original was copied"
            if count >= self.min_letters and text_key(candidate.text) == text_key(candidate.translation)
            else None
            for candidate, count in zip(candidates, counts, strict=True)
        ]


class WrongScript:
    """Rejects translations that are mostly in another script than their language is written in.

    Args:
        min_ratio: Minimum ratio of the letters that must be in a script of the language.

    Example:
        >>> WrongScript().reasons([Candidate("query", "Where is Rome?", "Wo ist Rom?")], "en", "el")
        ['0% of its letters are in the script of el (Grek)']
    """

    name = "wrong script"

    def __init__(self, min_ratio: float = 0.5) -> None:
        self.min_ratio = finite_number("min_ratio", min_ratio)

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        script, letters = _script(target)
        results: list[str | None] = []
        for candidate in candidates:
            count = len(_LETTER.findall(candidate.translation))
            ratio = len(letters.findall(candidate.translation)) / count if count else 1
            problem = f"{ratio:.0%} of its letters are in the script of {target} ({script})"
            results.append(problem if ratio < self.min_ratio else None)
        return results


class WrongLanguage:
    """Rejects translations that are rather in the language of their originals, or in English.

    Languages are identified by py3langid among these two or three, since identification among all languages is often
    wrong for a single sentence. Texts are not judged if py3langid does not know the target language.

    Args:
        min_confidence: Minimum probability of the wrong language.
        min_letters: Shorter texts are not judged.

    Example:
        >>> candidates = [Candidate("query", "Where is the old city of Rome?", "Where is the old city of Roma?")]
        >>> WrongLanguage().reasons(candidates, "en", "de")
        ['it is en rather than de (1.00)']
    """

    name = "wrong language"

    def __init__(self, min_confidence: float = 0.9, min_letters: int = 20) -> None:
        self.min_confidence = finite_number("min_confidence", min_confidence)
        self.min_letters = min_letters

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        wanted = primary_language(target) or target
        others = [code for code in dict.fromkeys([primary_language(source) or source, "en"]) if code != wanted]
        identify = _identifier(wanted, *others)
        if identify is None:
            return [None] * len(candidates)
        counts = _letter_counts([candidate.translation for candidate in candidates])
        results: list[str | None] = []
        for candidate, count in zip(candidates, counts, strict=True):
            found, confidence = identify(candidate.translation) if count >= self.min_letters else (wanted, 1.0)
            wrong = found != wanted and confidence >= self.min_confidence
            results.append(f"it is {found} rather than {wanted} ({confidence:.2f})" if wrong else None)
        return results


class LengthRatio:
    """Rejects translations that are much shorter or longer than their originals.

    Lengths are counted in letters, a Chinese character as three. Ten letters are added to both, since the ratio varies
    more in short texts.

    Args:
        least: Smallest ratio of the lengths of translation and original.
        most: Largest ratio.

    Example:
        >>> LengthRatio().reasons([Candidate("query", "Where is the old city of Rome?", "Wo")], "en", "de")
        ['2 letters for 23, a ratio of 0.36']
    """

    name = "length"

    def __init__(self, least: float = 0.5, most: float = 2.0) -> None:
        self.least, self.most = finite_number("least", least), finite_number("most", most, positive=True)

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        originals = _letter_counts([candidate.text for candidate in candidates])
        counts = _letter_counts([candidate.translation for candidate in candidates])
        results: list[str | None] = []
        for original, count in zip(originals, counts, strict=True):
            ratio = (count + 10) / (original + 10)
            problem = f"{count} letters for {original}, a ratio of {ratio:.2f}"
            results.append(None if self.least <= ratio <= self.most else problem)
        return results


class Numbers:
    """Rejects translations with other numbers than their originals.

    Digits of all scripts, and separators within a number or a time, are the same. Numbers of three digits or more must
    be the same in both, but 30,000 may become "30 mil". Shorter ones may be written in words or Roman numerals on
    one side, but not as another number.

    Example:
        >>> Numbers().reasons([
        ...     Candidate("query", "Who won in 1815?", "Wer gewann 1851?"),
        ...     Candidate("query", "What of the 20th century cost 3,000.5?", "O que do século XX custou 3.000,5?"),
        ... ], "en", "pt")
        ['1815 became 1851', None]
    """

    name = "numbers"

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        return [_changed_numbers(candidate.text, candidate.translation) for candidate in candidates]


class Repetition:
    """Rejects translations that repeat something several times in a row, as models do that have lost the thread.

    Args:
        times: Number of repetitions from which on a translation is rejected, if its original has fewer.

    Example:
        >>> Repetition().reasons([Candidate("query", "Where is Rome?", "Wo ist die die die die Stadt?")], "en", "de")
        ["it repeats 'die '"]
    """

    name = "repetition"

    def __init__(self, times: int = 4) -> None:
        self.times = times
        # A word, a phrase or, without spaces, some characters, with at least two letters.
        self._pattern = regex.compile(r"(?=\S)(.{2,60}?)\1{%d,}" % (times - 1), regex.DOTALL)

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`Filter`."""
        results: list[str | None] = []
        for candidate in candidates:
            found = self._unit(candidate.translation)
            is_new = found is not None and self._unit(candidate.text) is None
            results.append(f"it repeats {found!r}" if is_new else None)
        return results

    def _unit(self, text: str) -> str | None:
        for match in self._pattern.finditer(text):
            if len(_LETTER.findall(match[1])) >= 2:
                return match[1]
        return None


_LETTER = regex.compile(r"\p{L}")
# Digits, and separators of thousands, decimals, or hours and minutes between them. A space separates thousands if three
# digits follow.
_NUMBER = regex.compile(r"\p{Nd}+(?:[.,:'’٫٬]\p{Nd}+|[\u00a0\u202f ]\p{Nd}{3}(?!\p{Nd}))*")
# Scripts that are written together.
_SCRIPTS = {"Hans": "Han", "Hant": "Han", "Jpan": "Han|Hiragana|Katakana", "Kore": "Hangul|Han", "Hani": "Han"}


def _letter_counts(texts: Sequence[str]) -> list[int]:
    _, starts = letters_of(texts)
    return [int(end - start) - 1 for start, end in zip(starts[:-1], starts[1:], strict=True)]


@cache
def _script(code: str) -> tuple[str, "regex.Pattern[str]"]:
    """Return the script of a language, and a pattern of its letters."""
    script = script_of(canonical_language(code)) or "Zyyy"
    names = _SCRIPTS.get(script, script).split("|")
    # Letters that all scripts share, such as the Japanese prolonged sound mark, are right in each.
    parts = "".join(rf"\p{{Script={name}}}" for name in [*names, "Common"])
    return script, regex.compile(rf"[\p{{L}}&&[{parts}]]", regex.VERSION1)


@cache
def _identifier(*codes: str) -> "Callable[[str], tuple[str, float]] | None":
    """Return a function that tells some languages from each other, ``None`` if the first one is not known."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = [code for code in codes if code in identifier.nb_classes]
    if codes[0] not in known or len(known) < 2:
        return None
    identifier.set_languages(known)
    return identifier.classify


def numbers_of(text: str) -> Counter[str]:
    """Return the numbers of a text, as ASCII digits without separators and leading zeros, with their counts.

    Example:
        >>> sorted(numbers_of("१९२० and 3.000,5"))
        ['1920', '30005']
    """
    values = ("".join(filter(str.isalnum, match)) for match in _NUMBER.findall(text))
    ascii_values = ("".join(str(int(digit)) for digit in value) for value in values)
    return Counter(value.lstrip("0") or "0" for value in ascii_values)


def _same_but_zeros(one: str, other: str) -> bool:
    """Return whether two numbers may be one that is written with and without a word such as thousand or million."""
    return abs(len(one) - len(other)) >= 3 and one.rstrip("0") == other.rstrip("0")


def _changed_numbers(text: str, translation: str) -> str | None:
    before, after = numbers_of(text), numbers_of(translation)
    lost, new = before - after, after - before
    for number in list(lost):
        same = next((other for other in new if _same_but_zeros(number, other)), None)
        if same is not None:
            del lost[number], new[same]
    large = [number for number in (*lost, *new) if len(number) >= MIN_DIGITS]
    if not large and not (lost and new):
        return None
    return f"{', '.join(lost) or 'no number'} became {', '.join(new) or 'no number'}"
