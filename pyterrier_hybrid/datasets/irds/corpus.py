"""A family in memory, each language from when it was first asked for.

With some ten thousand short documents this is smaller and faster than an index on disk, and cannot go stale.
"""

from collections.abc import Callable
from functools import cached_property

from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid.datasets.base import PAIR, Document, Family, LanguageData


class Language:
    """One language of a family, with the look-ups that the handlers need."""

    def __init__(self, lang: str, data: LanguageData) -> None:
        self.docs = data.docs
        self.queries = {
            split: [(query.query_id.removesuffix(f"_{lang}"), query) for query in queries]
            for split, queries in data.queries.items()
        }
        self.relevant: dict[str | None, dict[str, list[TrecQrel]]] = {}
        for split, answers in data.answers.items():
            by_qid = self.relevant.setdefault(split, {})
            for answer in answers:
                by_qid.setdefault(answer.query_id.removesuffix(f"_{lang}"), []).append(answer)

    @cached_property
    def by_id(self) -> dict[str, Document]:
        """Document id -> document."""
        return {doc.doc_id: doc for doc in self.docs}


class Corpus:
    """A family's languages, or the sides of its pairs of languages, each loaded when first asked for.

    Args:
        family: Which family.
        load: Language code or side of a pair -> everything in it.
        counted: Whether the counts are known without loading anything.
    """

    def __init__(self, family: Family, load: Callable[[str], LanguageData], *, counted: bool) -> None:
        self.family = family
        self.counted = counted
        self._load = load
        self._languages: dict[str, Language] = {}

    def language(self, name: str) -> Language:
        """The given language or side of a pair, loaded if it is not yet."""
        if name not in self._languages:
            self._languages[name] = Language(name.split(PAIR)[0], self._load(name))
        return self._languages[name]
