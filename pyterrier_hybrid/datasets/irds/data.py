"""The data of a family in memory; each language is loaded when it is first needed.

For tens of thousands of short documents, this is smaller and faster than an index on disk, and never out of date.
"""

from collections.abc import Callable
from functools import cached_property

from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid.datasets.base import PAIR, Document, Family, LanguageData


class LoadedLanguage:
    """The data of one language, with the look-up tables that the handlers need.

    Args:
        lang: The language code.
        data: The data.

    Attributes:
        docs: The documents.
        queries: Split -> pairs of a query's ID without the language, and the query.
        relevant: Split -> query ID without the language -> its qrels in this language.
    """

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
        """Document ID -> document."""
        return {doc.doc_id: doc for doc in self.docs}


class FamilyData:
    """The languages of a family, or the sides of its pairs of languages.

    Args:
        family: The family.
        load: Language code or side of a pair -> its data.
        counted: Whether the counts are known without loading data.
    """

    def __init__(self, family: Family, load: Callable[[str], LanguageData], *, counted: bool) -> None:
        self.family = family
        self.counted = counted
        self._load = load
        self._languages: dict[str, LoadedLanguage] = {}

    def language(self, name: str) -> LoadedLanguage:
        """Return a language or a side of a pair; it is loaded at the first call.

        Args:
            name: Language code or side of a pair.
        """
        if name not in self._languages:
            self._languages[name] = LoadedLanguage(name.split(PAIR)[0], self._load(name))
        return self._languages[name]
