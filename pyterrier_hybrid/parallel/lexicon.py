"""Bilingual word lists, and code-switched queries: queries with some words in another language."""

import unicodedata
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import regex

from pyterrier_hybrid.parallel.pairs import ParallelPairs, check_pairs
from pyterrier_hybrid.text.analysis import NGRAMS
from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.utils.checks import list_of_names
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.inputs import paths_of
from pyterrier_hybrid.utils.json_lines import read_json_lines
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

# Words and numbers. Forms with other signs, such as brackets around optional parts, cannot be put into a text.
_FORM = regex.compile(r"[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N} '’.-]*[\p{L}\p{M}\p{N}.])?")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*")
_CHARACTER = regex.compile(r"[\p{L}\p{N}]\p{M}*")
# Arabic vowel signs, which are common in lexica but rare in texts, and tatweel, which only stretches a word.
_UNWRITTEN = dict.fromkeys([0x640, *range(0x64B, 0x653), 0x670])
_FORMAT = regex.compile(r"\p{Cf}")
# By how many words a form is looked up, and by how many characters in languages without spaces between words.
_BEGIN = {False: 1, True: 2}
# Maximum length of a form in a text: words, or characters in languages without spaces between words.
_MAX_LENGTH = 8


class Lexicon:
    """Words with their translations in several languages.

    Args:
        meanings: For each meaning, language code -> its forms, the most common one first.

    Attributes:
        languages: Codes of all languages, sorted.

    Raises:
        TypeError: A meaning is not a mapping.
        ValueError: No meaning has forms in two languages.

    Example:
        >>> lexicon = Lexicon([{"de": ["Hund"], "en": ["dog"]}, {"de": ["Neuseeland"], "en": ["New Zealand"]}])
        >>> lexicon.translations("new zealand", "en", "de")
        ['Neuseeland']
        >>> lexicon.switch("Is a dog allowed in New Zealand?", "en", "de", share=1)
        'Is a Hund allowed in Neuseeland?'
    """

    def __init__(self, meanings: Iterable[Mapping[str, Sequence[str]]]) -> None:
        self._meanings: list[dict[str, list[str]]] = []
        # Language -> key of a form -> positions of its meanings.
        self._meanings_of: dict[str, dict[str, list[int]]] = defaultdict(dict)
        # Language -> length of its longest form.
        self._max_length: dict[str, int] = defaultdict(int)
        # Language -> first word of a form (or its first two characters) -> number of words of its longest form.
        self._longest: dict[str, dict[str, int]] = defaultdict(dict)
        # Languages -> key of a word that was looked up -> its first translation.
        self._first_translations: dict[tuple[str, str], dict[str, str | None]] = {}
        for meaning in meanings:
            forms: dict[str, list[str]] = {}
            if not isinstance(meaning, Mapping):
                raise TypeError(
                    f'{short_repr(meaning)} is not a meaning: pass a list such as [{{"de": ["Hund"], "en": ["dog"]}}]'
                )
            for code, texts in meaning.items():
                # The forms of two codes of one language are forms of that language.
                forms.setdefault(canonical_language(code), []).extend(_usable(texts))
            forms = {code: texts for code, texts in forms.items() if texts}
            if len(forms) < 2:
                continue
            for code, texts in forms.items():
                for key in dict.fromkeys(map(_key, texts)):
                    self._meanings_of[code].setdefault(key, []).append(len(self._meanings))
                    length = len(key) if code in NGRAMS else key.count(" ") + 1
                    self._max_length[code] = min(_MAX_LENGTH, max(self._max_length[code], length))
                    units = _units(key, code)
                    begin = "".join(units[: _BEGIN[code in NGRAMS]])
                    self._longest[code][begin] = max(self._longest[code].get(begin, 0), len(units))
            self._meanings.append(forms)
        if not self._meanings:
            raise ValueError("the lexicon has no word in two languages: pass meanings with forms in several")
        self.languages = sorted(self._meanings_of)

    @classmethod
    def from_jsonl(cls, *files: str | Path) -> "Lexicon":
        r"""Read files of JSON Lines, plain or gzipped.

        Each row has ``terms``: language code -> forms of one meaning. Other fields are ignored.

        Args:
            files: The files.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: A row is invalid, with file and line; or no row has forms in two languages.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = Path(folder) / "lexicon.jsonl"
            ...     _ = path.write_text('{"terms": {"de": ["Hund"], "en": ["dog", "hound"]}}\n')
            ...     Lexicon.from_jsonl(path).translations("Hund", "de", "en")
            ['dog', 'hound']
        """
        paths = paths_of(files)
        meanings = [_terms(row, f"{path}, line {number}") for path in paths for number, row in read_json_lines(path)]
        try:
            return cls(meanings)
        except ValueError as error:
            raise ValueError(f"{', '.join(map(str, paths))}: {error}") from None

    def __len__(self) -> int:
        return len(self._meanings)

    def __repr__(self) -> str:
        return f"<Lexicon: {len(self):,} meanings in {', '.join(self.languages)}>"

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all meanings and forms, in their order."""
        return hash_json(self._meanings)

    def translations(self, word: str, source: str, target: str) -> list[str]:
        """Return the translations of a word.

        Args:
            word: The word; case is ignored.
            source: Language of the word.
            target: Language of the translations.

        Returns:
            The forms that share the most meanings with the word first; among equals, the most common ones first.
        """
        source, target = canonical_language(source), canonical_language(target)
        shared: Counter[str] = Counter()
        first: dict[str, int] = {}
        for number in self._meanings_of.get(source, {}).get(_key(word), ()):
            for position, form in enumerate(self._meanings[number].get(target, ())):
                shared[form] += 1
                first[form] = min(position, first.get(form, position))
        return sorted(shared, key=lambda form: (-shared[form], first[form]))

    def _first_translation(self, key: str, source: str, target: str) -> str | None:
        found = self._first_translations.setdefault((source, target), {})
        if key not in found:
            found[key] = next(iter(self.translations(key, source, target)), None)
        return found[key]

    def switch(
        self,
        text: str,
        source: str,
        target: str,
        *,
        share: float = 0.5,
        seed: int | np.random.Generator | Random = 0,
    ) -> str:
        """Return a text with some of its words replaced by their first translations.

        The longest forms of the lexicon are replaced first; a form may have several words. In languages without spaces
        between words, forms are matched by their characters.

        Args:
            text: The text.
            source: Language of the text.
            target: Language of the new words.
            share: Probability that a word with a translation is replaced.
            seed: Seed of the draw, or a random generator of numpy or Python.

        Returns:
            The text, unchanged if no word is replaced.

        Raises:
            ValueError: ``share`` is not between 0 and 1.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share={share!r} is outside 0 to 1: it is the probability that a word is replaced")
        rng = seed if isinstance(seed, Random) else np.random.default_rng(seed)
        source = canonical_language(source)
        known, longest = self._meanings_of.get(source, {}), self._longest.get(source, {})
        spaceless = source in NGRAMS
        spans = [match.span() for match in (_CHARACTER if spaceless else _WORD).finditer(text)]
        # If normalisation changes the text, its words may differ from those of its key: then all spans are tried.
        plain = unicodedata.is_normalized("NFKC", text) and not _FORMAT.search(text)
        parts: list[str] = []
        copied = position = 0
        while position < len(spans):
            form: str | None = None
            most = min(self._max_length[source], len(spans) - position)
            if plain and most:
                last = min(position + _BEGIN[spaceless], len(spans)) - 1
                begin = _units(_key(text[spans[position][0] : spans[last][1]]), source)
                most = min(most, longest.get("".join(begin[: _BEGIN[spaceless]]), 0))
            # A single character is usually part of a word that is not in the lexicon.
            for size in range(most, int(spaceless), -1):
                word = text[spans[position][0] : spans[position + size - 1][1]]
                key = _key(word)
                if key in known:
                    form = self._first_translation(key, source, target)
                    break
            else:
                size = 1
            if form is not None and rng.random() < share:
                parts += [text[copied : spans[position][0]], f" {form} " if spaceless else form]
                copied = spans[position + size - 1][1]
            position += size
        if not parts:
            return text
        switched = "".join([*parts, text[copied:]])
        return " ".join(switched.split()) if spaceless else switched


def code_switch(
    pairs: ParallelPairs,
    lexicon: Lexicon,
    *,
    share: float = 0.5,
    words: float = 0.5,
    languages: Sequence[str] | None = None,
    seed: int = 0,
) -> ParallelPairs:
    """Return pairs in which some queries have words in another language (code-switching, arXiv 2305.05295).

    Most real questions are in one language only, so an encoder learns nothing across languages from them; with
    words of a lexicon it does. Items with queries in several languages, translations and passages are not changed.
    Groups are kept.

    Args:
        pairs: The pairs.
        lexicon: The words.
        share: Ratio of the monolingual queries to change. The queries of a smaller ratio are among those of a larger
            one.
        words: Probability that a word of such a query is replaced.
        languages: Languages of the new words; for each query, one other than the query's language is drawn. Default:
            all languages of the lexicon.
        seed: Seed of the draw of queries, languages and words.

    Returns:
        The pairs; queries without a word of the lexicon are unchanged.

    Raises:
        TypeError: ``pairs`` or ``lexicon`` is of another type.
        ValueError: A ratio is not between 0 and 1, or the lexicon lacks all languages of the queries or one of
            ``languages``.

    Warns:
        UserWarning: No query was changed; the message says why.

    Example:
        >>> from pyterrier_hybrid.parallel import Item
        >>> pairs = ParallelPairs([
        ...     Item("1", None, "toy", {"en": "What does a dog eat?"}, {"en": "Meat."}),
        ...     Item("2", None, "toy", {"de": "Was trinkt ein Hund?"}, {"de": "Wasser."}),
        ... ])
        >>> switched = code_switch(pairs, Lexicon([{"de": ["Hund"], "en": ["dog"]}]), share=1, words=1)
        >>> switched.query(0, "en"), switched.query(1, "de")
        ('What does a Hund eat?', 'Was trinkt ein dog?')
    """
    check_pairs(pairs)
    if not isinstance(lexicon, Lexicon):
        raise TypeError(f"lexicon is a {type(lexicon).__name__}: pass a Lexicon, such as Lexicon.from_jsonl(file)")
    for name, value in (("share", share), ("words", words)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name}={value!r} is outside 0 to 1")
    if languages is not None:
        languages = [canonical_language(language) for language in list_of_names("languages", languages)]
    for language in languages or ():
        if language not in lexicon.languages:
            raise ValueError(f"languages names {language!r}, but the lexicon has only {', '.join(lexicon.languages)}")
    sources = [language for language in pairs.languages if language in lexicon.languages]
    if not sources:
        raise ValueError(
            f"the lexicon has {', '.join(lexicon.languages)}, and the pairs have {', '.join(pairs.languages) or 'none'}"
        )
    monolingual = (pairs.has_query.sum(axis=1) == 1) & ~pairs.is_translation
    changed = 0
    with progress_bar(desc="switching words", unit="query", delay=BAR_DELAY) as bar:

        def switch(queries: list[str], items: list[int], *, source: str, target: str) -> list[str]:
            nonlocal changed
            bar.update(len(queries))
            switched = [
                lexicon.switch(query, source, target, share=words, seed=np.random.default_rng([seed, item]))
                for query, item in zip(queries, items, strict=True)
            ]
            changed += sum(new != old for new, old in zip(switched, queries, strict=True))
            return switched

        for source in sources:
            targets = [target for target in languages or lexicon.languages if target != source]
            changes = [partial(switch, source=source, target=target) for target in targets]
            if changes:
                pairs = pairs.change_queries(source, changes, share=share, seed=seed, only=monolingual)
    if not changed and share and words:
        if monolingual.any():
            into = ", ".join(languages or lexicon.languages)
            reason = (
                f"the lexicon has no word of the drawn queries with a translation into {into}, or share and words "
                "are small"
            )
        else:
            reason = (
                "all items have queries in several languages, or are translations; only items with a query in one "
                "language are changed"
            )
        warnings.warn(f"code_switch changed none of {len(pairs):,} items: {reason}", stacklevel=2)
    return pairs


def _usable(forms: Sequence[str]) -> list[str]:
    written = (form if form.isascii() else form.translate(_UNWRITTEN) for form in forms)
    return [form for form in dict.fromkeys(written) if _FORM.fullmatch(form)]


def _units(key: str, code: str) -> list[str]:
    """Return the words of a key, or its characters in languages without spaces between words."""
    return (_CHARACTER if code in NGRAMS else _WORD).findall(key)


@lru_cache(maxsize=2**16)
def _key(form: str) -> str:
    return text_key(form if form.isascii() else unicodedata.normalize("NFKC", form).translate(_UNWRITTEN))


def _terms(row: Any, location: str) -> dict[str, list[str]]:
    terms = row.get("terms") if isinstance(row, dict) else None
    if not isinstance(terms, dict) or not all(
        forms is None or (isinstance(forms, list) and all(isinstance(form, str) for form in forms))
        for forms in terms.values()
    ):
        raise ValueError(f'{location}: a row needs terms, such as {{"terms": {{"de": ["Hund"], "en": ["dog"]}}}}')
    return {code: forms for code, forms in terms.items() if forms is not None}
