"""A family in memory, each language from when it was first asked for.

With some ten thousand short documents this is smaller and faster than an index on disk, and cannot go stale.
"""

import os
import threading
from collections.abc import Callable, Iterable
from functools import cached_property

from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid.datasets._registry import Document, Family, LanguageData


class Language:
    """One language of a family in memory, with the look-ups that the handlers need, each made at its first use."""

    def __init__(self, lang: str, data: LanguageData) -> None:
        self.docs = data.docs
        self.queries = {
            split: [(query.query_id.removesuffix(f"_{lang}"), query) for query in queries] for split, queries in data.queries.items()
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
    """A family's languages, each loaded when first asked for and once per home folder."""

    def __init__(self, family: Family, load: Callable[[str], LanguageData], *, counted: bool) -> None:
        self.family = family
        self._load = load
        self._counted = counted
        self._home: str | None = None
        self._languages: dict[str, Language] = {}
        self._lock = threading.RLock()

    def language(self, lang: str) -> Language:
        """The given language, loaded if it is not yet."""
        with self._lock:
            self._follow_home()
            if lang not in self._languages:
                self._languages[lang] = Language(lang, self._load(lang))
            return self._languages[lang]

    def countable(self, langs: Iterable[str]) -> bool:
        """Whether to count the data itself: it is at hand, or nothing else knows the count."""
        with self._lock:
            self._follow_home()
            return not self._counted or all(lang in self._languages for lang in langs)

    def _follow_home(self) -> None:
        home = os.environ.get("IR_DATASETS_HOME")
        if home != self._home:
            self._languages.clear()
            self._home = home
