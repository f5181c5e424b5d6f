"""The queries and qrels of one setting: documents of one or all languages, queries of one or all languages."""

from collections.abc import Iterator

from ir_datasets.formats import BaseQrels, BaseQueries, GenericQuery
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid.datasets.base import PAIR
from pyterrier_hybrid.datasets.irds.corpus import Corpus


class FamilyQueries(BaseQueries):
    """The queries of one or all languages that have a relevant document in the languages of the documents."""

    def __init__(self, corpus: Corpus, doc_langs: tuple[str, ...], langs: tuple[str, ...], split: str | None) -> None:
        self._corpus = corpus
        self._doc_langs = doc_langs
        self._langs = langs
        self._split = split

    def answerable(self) -> Iterator[tuple[str, GenericQuery]]:
        """Pairs of the id that all languages share, and the query."""
        for lang in self._langs:
            # In a pool a query's own language answers it: asked first, the other languages need not be read.
            doc_langs = sorted(self._doc_langs, key=lambda doc_lang: doc_lang != lang)
            for qid, query in self._corpus.language(lang).queries[self._split]:
                if any(qid in self._corpus.language(doc_lang).relevant[self._split] for doc_lang in doc_langs):
                    yield qid, query

    def queries_iter(self) -> Iterator[GenericQuery]:
        """The queries, language by language."""
        return (query for _, query in self.answerable())

    def queries_count(self) -> int | None:
        """The number of queries, or None where the metadata has it."""
        return None if self._corpus.counted else sum(1 for _ in self.answerable())

    def queries_cls(self) -> type[GenericQuery]:
        """The class of the queries, with two fields so that PyTerrier finds the text."""
        return GenericQuery

    def queries_lang(self) -> str | None:
        """The language code, None for all languages."""
        return self._langs[0].split(PAIR)[0] if len(self._langs) == 1 else None

    def queries_namespace(self) -> str:
        """The name within which query ids are unique."""
        return self._corpus.family.name


class FamilyQrels(BaseQrels):
    """The relevant documents of these queries, in each language of the documents; ``iteration`` says which."""

    def __init__(self, corpus: Corpus, doc_langs: tuple[str, ...], queries: FamilyQueries, split: str | None) -> None:
        self._corpus = corpus
        self._doc_langs = doc_langs
        self._queries = queries
        self._split = split

    def qrels_iter(self) -> Iterator[TrecQrel]:
        """The qrels, query by query."""
        relevant = [self._corpus.language(lang).relevant[self._split] for lang in self._doc_langs]
        for qid, query in self._queries.answerable():
            for answers in relevant:
                for answer in answers.get(qid, ()):
                    yield answer._replace(query_id=query.query_id)

    def qrels_count(self) -> int | None:
        """The number of qrels, or None where the metadata has it."""
        return None if self._corpus.counted else sum(1 for _ in self.qrels_iter())

    def qrels_cls(self) -> type[TrecQrel]:
        """The class of the qrels."""
        return TrecQrel

    def qrels_defs(self) -> dict[int, str]:
        """Relevance level -> what it means."""
        return dict(self._corpus.family.qrel_defs)

    def qrels_namespace(self) -> str:
        """The name within which query and document ids are unique."""
        return self._corpus.family.name
