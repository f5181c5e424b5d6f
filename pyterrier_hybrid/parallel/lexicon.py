"""Words and their translations."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import regex

from pyterrier_hybrid.parallel.readers.collect import RowError, json_of
from pyterrier_hybrid.parallel.readers.jsonl import lines_of
from pyterrier_hybrid.text.analysis import NGRAMS

# Words and numbers; signs that lexica add, as for parts that may be left out, would stand in the texts.
_FORM = regex.compile(r"[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N} '’.-]*[\p{L}\p{M}\p{N}.])?")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*")
_CHARACTER = regex.compile(r"[\p{L}\p{N}]\p{M}*")
# Lexica write Arabic words with vowel signs, texts hardly ever; nor is tatweel part of a word.
_UNWRITTEN = dict.fromkeys([0x640, *range(0x64B, 0x653), 0x670])
# No form that is longer, in words or in characters where words are not told apart, is looked for.
_LONGEST = 8


class Lexicon:
    """Words of several languages that mean the same.

    Args:
        meanings: For each meaning its forms in every language, the usual one first.

    Attributes:
        languages: Codes of all languages, sorted.

    Raises:
        ValueError: There is no meaning with forms in two languages.

    Example:
        >>> lexicon = Lexicon([{"de": ["Hund"], "en": ["dog"]}, {"de": ["Neuseeland"], "en": ["New Zealand"]}])
        >>> lexicon.translations("new zealand", "en", "de")
        ['Neuseeland']
        >>> lexicon.switch("Is a dog allowed in New Zealand?", "en", "de", share=1)
        'Is a Hund allowed in Neuseeland?'
    """

    def __init__(self, meanings: Iterable[Mapping[str, Sequence[str]]]) -> None:
        self._meanings: list[dict[str, list[str]]] = []
        self._of: dict[str, dict[str, list[int]]] = defaultdict(dict)
        self._longest: dict[str, int] = defaultdict(int)
        for meaning in meanings:
            forms = {code: _usable(texts) for code, texts in meaning.items()}
            forms = {code: texts for code, texts in forms.items() if texts}
            if len(forms) < 2:
                continue
            for code, texts in forms.items():
                known = self._of[code]
                for key in dict.fromkeys(map(_key, texts)):
                    known.setdefault(key, []).append(len(self._meanings))
                    size = len(key) if code in NGRAMS else key.count(" ") + 1
                    self._longest[code] = min(_LONGEST, max(self._longest[code], size))
            self._meanings.append(forms)
        if not self._meanings:
            raise ValueError("the lexicon has no word in two languages: pass meanings with forms in several")
        self.languages = sorted(self._of)

    @classmethod
    def from_jsonl(cls, *files: str | Path) -> "Lexicon":
        r"""Read files of JSON Lines, gzipped or not.

        A row has ``terms``, the forms of one meaning by language; other fields are left alone.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: With file and line, if a row is something else.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = Path(folder) / "lexicon.jsonl"
            ...     _ = path.write_text('{"terms": {"de": ["Hund"], "en": ["dog", "hound"]}}\n')
            ...     Lexicon.from_jsonl(path).translations("Hund", "de", "en")
            ['dog', 'hound']
        """
        if not files:
            raise ValueError("no file given: pass the path of at least one")
        return cls(
            _terms(line, f"{path}, line {number}") for path in map(Path, files) for number, line in lines_of(path)
        )

    def __len__(self) -> int:
        return len(self._meanings)

    def __repr__(self) -> str:
        return f"<Lexicon: {len(self):,} meanings in {', '.join(self.languages)}>"

    def translations(self, word: str, source: str, target: str) -> list[str]:
        """Return the forms of another language that share a meaning with a word.

        Args:
            word: The word, in any case.
            source: Its language.
            target: The other one.

        Returns:
            Those that share the most meanings first; among equals, those that come first in their meanings.
        """
        shared: Counter[str] = Counter()
        first: dict[str, int] = {}
        for number in self._of.get(source, {}).get(_key(word), ()):
            for place, form in enumerate(self._meanings[number].get(target, ())):
                shared[form] += 1
                first[form] = min(place, first.get(form, place))
        return sorted(shared, key=lambda form: (-shared[form], first[form]))

    def switch(
        self, text: str, source: str, target: str, *, share: float = 0.5, seed: int | np.random.Generator = 0
    ) -> str:
        """Return a text with some of its words in another language.

        Where words are written without spaces, the longest forms of the lexicon are its words, as are forms of several
        words elsewhere. Each word that has a translation is replaced by its first one with the same chance.

        Args:
            text: The text.
            source: Its language.
            target: That of the words.
            share: The chance of a word to be replaced.
            seed: Which words, or numpy's generator to draw on.

        Returns:
            The text, as it is where no word is replaced.

        Raises:
            ValueError: The share is not between 0 and 1.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share={share!r} is outside 0 to 1: it is the chance of a word to be replaced")
        rng = np.random.default_rng(seed)
        known = self._of.get(source, {})
        spaceless = source in NGRAMS
        spans = [match.span() for match in _unit(source).finditer(text)]
        parts, done, at = [], 0, 0
        while at < len(spans):
            forms = []
            # A single character is mostly part of a word that is not in the lexicon.
            for size in range(min(self._longest[source], len(spans) - at), int(spaceless), -1):
                word = text[spans[at][0] : spans[at + size - 1][1]]
                if _key(word) in known:
                    forms = self.translations(word, source, target)
                    break
            else:
                size = 1
            if forms and rng.random() < share:
                parts += [text[done : spans[at][0]], f" {forms[0]} " if spaceless else forms[0]]
                done = spans[at + size - 1][1]
            at += size
        if not parts:
            return text
        switched = "".join([*parts, text[done:]])
        return " ".join(switched.split()) if spaceless else switched


def _unit(language: str) -> regex.Pattern:
    return _CHARACTER if language in NGRAMS else _WORD


def _usable(forms: Sequence[str]) -> list[str]:
    written = (form if form.isascii() else form.translate(_UNWRITTEN) for form in forms)
    return [form for form in dict.fromkeys(written) if _FORM.fullmatch(form)]


def _key(form: str) -> str:
    folded = form if form.isascii() else unicodedata.normalize("NFKC", form).translate(_UNWRITTEN)
    return " ".join(folded.casefold().split())


def _terms(line: bytes, place: str) -> dict[str, list[str]]:
    try:
        row = json_of(line)
    except RowError as error:
        raise ValueError(f"{place}: {error.args[1]}") from None
    terms = row.get("terms") if isinstance(row, dict) else None
    if not isinstance(terms, dict) or not all(
        isinstance(forms, list) and all(isinstance(form, str) for form in forms) for forms in terms.values()
    ):
        raise ValueError(f'{place}: a row needs terms, such as {{"terms": {{"de": ["Hund"], "en": ["dog", "hound"]}}}}')
    return terms
