"""The queries and qrels of a setting: documents of one or all languages, queries of one or all languages."""

from collections.abc import Iterator

from ir_datasets.formats import BaseQrels, BaseQueries, GenericQuery
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid.datasets.base import PAIR
from pyterrier_hybrid.datasets.irds.data import FamilyData


class FamilyQueries(BaseQueries):
    """The queries that have a relevant document in the languages of the documents.

    Args:
        data: The data of the family.
        doc_langs: The languages of the documents, or the sides of pairs.
        langs: The languages of the queries, or the sides of pairs.
        split: The split; None in a family without splits.
    """

    def __init__(self, data: FamilyData, doc_langs: tuple[str, ...], langs: tuple[str, ...], split: str | None) -> None:
        self._data = data
        self._doc_langs = doc_langs
        self._langs = langs
        self._split = split

    def answerable(self) -> Iterator[tuple[str, GenericQuery]]:
        """Yield pairs of a query's ID without the language, and the query."""
        for lang in self._langs:
            # In a pool, a query has a relevant document in its own language. Look there first, so that other languages
            # need not be loaded.
            doc_langs = sorted(self._doc_langs, key=lambda doc_lang: doc_lang != lang)
            for qid, query in self._data.language(lang).queries[self._split]:
                if any(qid in self._data.language(doc_lang).relevant[self._split] for doc_lang in doc_langs):
                    yield qid, query

    def queries_iter(self) -> Iterator[GenericQuery]:
        """Yield the queries, language by language."""
        return (query for _, query in self.answerable())

    def queries_count(self) -> int | None:
        """Return the number of queries; None if it is in the metadata."""
        return None if self._data.counted else sum(1 for _ in self.answerable())

    def queries_cls(self) -> type[GenericQuery]:
        """Return the class of the queries: PyTerrier finds the text only if it has two fields."""
        return GenericQuery

    def queries_lang(self) -> str | None:
        """Return the language code; None for several languages."""
        return self._langs[0].split(PAIR)[0] if len(self._langs) == 1 else None

    def queries_namespace(self) -> str:
        """Return the name of the namespace of query IDs."""
        return self._data.family.name


class FamilyQrels(BaseQrels):
    """The relevant documents of the queries in each language of the documents, with the language as ``iteration``.

    Args:
        data: The data of the family.
        doc_langs: The languages of the documents, or the sides of pairs.
        queries: The queries.
        split: The split; None in a family without splits.
    """

    def __init__(self, data: FamilyData, doc_langs: tuple[str, ...], queries: FamilyQueries, split: str | None) -> None:
        self._data = data
        self._doc_langs = doc_langs
        self._queries = queries
        self._split = split

    def qrels_iter(self) -> Iterator[TrecQrel]:
        """Yield the qrels, query by query."""
        relevant = [self._data.language(lang).relevant[self._split] for lang in self._doc_langs]
        for qid, query in self._queries.answerable():
            for answers in relevant:
                for answer in answers.get(qid, ()):
                    yield answer._replace(query_id=query.query_id)

    def qrels_count(self) -> int | None:
        """Return the number of qrels; None if it is in the metadata."""
        return None if self._data.counted else sum(1 for _ in self.qrels_iter())

    def qrels_cls(self) -> type[TrecQrel]:
        """Return the class of the qrels."""
        return TrecQrel

    def qrels_defs(self) -> dict[int, str]:
        """Return relevance level -> its meaning."""
        return dict(self._data.family.qrel_defs)

    def qrels_namespace(self) -> str:
        """Return the name of the namespace of query and document IDs."""
        return self._data.family.name
