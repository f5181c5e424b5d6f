"""Collections of one's own as dataset families."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyterrier_hybrid.datasets.base import MULTI, Document, family_repr
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    from pyterrier_hybrid.datasets.own_files import OwnDocument, OwnQrel, OwnQuery, Source


def family_from(
    docs: "Source",
    queries: "Source",
    qrels: "Source | None" = None,
    *,
    name: str | None = None,
    lang: str | None = None,
) -> "OwnFamily":
    """Make any collection with languages a family, for :func:`pyterrier_hybrid.LanguageExperiment` and others.

    Each source is a file of JSON Lines (also gzipped) or several, a frame, one split of a Hugging Face dataset, or an
    iterable of dicts:

    =========  ==============================================================================================
    documents  ``docno``, ``text``, ``lang``; optionally ``title``, and ``group``, which translations share
    queries    ``qid``, ``query``, ``lang``; translations of a question share its ``qid``
    qrels      a TREC file, or ``qid``, ``docno``, ``label``; they count for the query in all its languages
    =========  ==============================================================================================

    A ``title`` is put in front of the text and searched with it, as in ir_datasets' BEIR. The package's own datasets do
    not search theirs, but ``get_corpus_iter()`` yields them: leave the field out to get the same values, as in
    ``[{key: row[key] for key in ("docno", "text", "lang")} for row in dataset.get_corpus_iter()]``.

    Without qrels, ``docno`` of a query names the document, or the list of documents, that it was written for, and that
    document and its translations (the same ``group``) count as relevant: *known-item* queries. Other documents may
    answer them too, so values are lower bounds, good for comparing systems; :attr:`OwnFamily.label` says "known items".

    There is a setting for each language of documents and each language of queries, with the queries that have a
    relevant document in that language; and a pool if documents are in several languages.

    Args:
        docs: The documents. They are kept in memory.
        queries: The queries.
        qrels: The judgements; default: known-item queries.
        name: Name of the collection; default: that of the file of documents, or ``own``.
        lang: Language of documents and queries without ``lang``.

    Returns:
        The family.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: A row is malformed, names an unknown query or document, or has an ID that another one has; the
            message says where it stands. Or no query has a relevant document.

    Example:
        >>> docs = [
        ...     {"docno": "r1", "text": "Rom liegt am Tiber.", "lang": "de", "group": "rome"},
        ...     {"docno": "r2", "text": "Rome lies on the Tiber.", "lang": "en", "group": "rome"},
        ... ]
        >>> family = family_from(docs, [{"qid": "1", "query": "Where is Rome?", "lang": "en", "docno": "r2"}])
        >>> family, list(family.settings())
        (OwnFamily('own (known items)', languages='de en', documents=2, queries=1),
         [('de', 'en'), ('en', 'en'), ('multi', 'en')])
    """
    if name is None:
        name = Path(docs).name.split(".")[0] if isinstance(docs, str | Path) else "own"
    # Imported late, since reading needs NumPy, and importing this package should not.
    from pyterrier_hybrid.datasets.own_files import read_documents, read_qrels, read_queries

    documents = list(read_documents(docs, lang=lang))
    if not documents:
        raise ValueError(f"{name}: there are no documents")
    asked = read_queries(queries, lang=lang)
    if not asked:
        raise ValueError(f"{name}: there are no queries")
    judged = _known_items(documents, asked) if qrels is None else _judged(documents, asked, read_qrels(qrels))
    by_lang: dict[str, list[Document]] = {}
    for document, _ in documents:
        by_lang.setdefault(document.lang, []).append(document)
    family = OwnFamily(name, qrels is None, dict(sorted(by_lang.items())), tuple(asked), judged)
    if not any(True for _ in family.settings()):
        raise ValueError(f"{name}: no query has a relevant document; check the docnos of the judgements")
    return family


@dataclass(frozen=True, eq=False)
class OwnFamily:
    """A collection of one's own, as :func:`family_from` makes it.

    Attributes:
        name: Its name.
        known_items: Whether queries are known-item queries, without judgements.
        docs_by_lang: Language -> documents, sorted by language.
        asked: The queries.
        judged: qid -> docno -> relevance level.
    """

    name: str
    known_items: bool
    docs_by_lang: dict[str, list[Document]]
    asked: tuple["OwnQuery", ...]
    judged: dict[str, dict[str, int]]
    measures: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return family_repr(self, documents=sum(map(len, self.docs_by_lang.values())), queries=len(self.asked))

    @property
    def label(self) -> str:
        """The name, and whether queries are known-item queries."""
        return f"{self.name} (known items)" if self.known_items else self.name

    @property
    def docs_id(self) -> str:
        """The name of the documents of all languages."""
        return self.name

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of documents and queries, sorted."""
        return tuple(sorted({*self.docs_by_lang, *(query.lang for query in self.asked)}))

    @property
    def default_languages(self) -> tuple[str, ...]:
        """The languages that are evaluated by default: all."""
        return self.languages

    @property
    def fingerprint(self) -> str:
        """A hash of all documents, queries and judgements."""
        digest = hashlib.sha256()
        for docs in self.docs_by_lang.values():
            for document in docs:
                digest.update(json.dumps(document).encode() + b"\n")
        digest.update(json.dumps([[query[:4] for query in self.asked], self.judged], sort_keys=True).encode())
        return digest.hexdigest()[:32]

    def settings(self) -> Iterator[tuple[str, str]]:
        """Yield every (document language, query language) with relevant documents, pools last."""
        query_langs = sorted({query.lang for query in self.asked})
        pools = [MULTI] if len(self.docs_by_lang) > 1 else []
        for doc_lang in (*self.docs_by_lang, *pools):
            for query_lang in query_langs:
                if any(True for _ in self.load(doc_lang, query_lang).answerable()):
                    yield doc_lang, query_lang

    def id(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of a setting.

        Args:
            doc_lang: Language of the documents; ``multi`` for the pool.
            query_lang: Language of the queries.
        """
        parts = [self.name, doc_lang] if doc_lang == query_lang else [self.name, doc_lang, query_lang]
        return "/".join(parts)

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """Return the name of a setting's documents: their language.

        Args:
            doc_lang: Language of the documents.
            query_lang: Language of the queries.
        """
        return same_language(doc_lang, self.docs_by_lang)

    def load(self, doc_lang: str, query_lang: str) -> "OwnSetting":
        """Return the documents, queries and qrels of a setting.

        Args:
            doc_lang: As for :meth:`id`.
            query_lang: As for :meth:`id`.

        Raises:
            ValueError: There are no documents in this language.
        """
        if doc_lang != MULTI and doc_lang not in self.docs_by_lang:
            raise ValueError(f"{self.name} has documents in {', '.join(self.docs_by_lang)}, none in {doc_lang!r}")
        return OwnSetting(self, tuple(self.docs_by_lang) if doc_lang == MULTI else (doc_lang,), query_lang)

    def pooled(self, document: Document) -> Document:
        """Return a document as it is in the pool: unchanged, since docnos are unique.

        Args:
            document: The document.
        """
        return document

    def documents(self, languages: Iterable[str] | None = None) -> Iterator[Document]:
        """Yield the documents, language by language.

        Args:
            languages: Only these languages; default: all.
        """
        chosen = None if languages is None else {same_language(lang, self.docs_by_lang) for lang in languages}
        for lang, docs in self.docs_by_lang.items():
            if chosen is None or lang in chosen:
                yield from docs

    def fetch(self) -> None:
        """Do nothing: everything is in memory."""


@dataclass(frozen=True)
class OwnSetting:
    """A setting of an :class:`OwnFamily`.

    Attributes:
        family: The family.
        doc_langs: Languages of the documents.
        query_lang: Language of the queries.
    """

    family: OwnFamily
    doc_langs: tuple[str, ...]
    query_lang: str

    def answerable(self) -> Iterator[tuple["OwnQuery", list[tuple[str, str, int]]]]:
        """Yield queries that have a relevant document here, with (docno, its language, level) of those judged here."""
        langs = {document.doc_id: lang for lang in self.doc_langs for document in self.family.docs_by_lang[lang]}
        for query in self.family.asked:
            if query.lang == self.query_lang:
                levels = self.family.judged.get(query.qid, {})
                here = [(docno, langs[docno], level) for docno, level in levels.items() if docno in langs]
                if any(level > 0 for _, _, level in here):
                    yield query, here

    def docs_iter(self) -> Iterator[Document]:
        """Yield the documents, language by language."""
        return self.family.documents(self.doc_langs)

    def queries_iter(self) -> "Iterator[GenericQuery]":
        """Yield the queries that have a relevant document, with the IDs ``{qid}_{lang}``."""
        from ir_datasets.formats import GenericQuery

        return (GenericQuery(f"{query.qid}_{query.lang}", query.text) for query, _ in self.answerable())

    def qrels_iter(self) -> "Iterator[TrecQrel]":
        """Yield the judgements of these queries; ``iteration`` is the document's language."""
        from ir_datasets.formats.trec import TrecQrel

        for query, here in self.answerable():
            for docno, lang, level in here:
                yield TrecQrel(f"{query.qid}_{query.lang}", docno, level, lang)


def _known_items(documents: "list[OwnDocument]", asked: "list[OwnQuery]") -> dict[str, dict[str, int]]:
    groups: dict[str | None, list[str]] = {}
    for document, group in documents:
        groups.setdefault(group, []).append(document.doc_id)
    translations = {
        document.doc_id: [document.doc_id] if group is None else groups[group] for document, group in documents
    }
    judged: dict[str, dict[str, int]] = {}
    for query in asked:
        for docno in query.items:
            if docno not in translations:
                hint = did_you_mean(docno, translations)
                raise ValueError(f"{query.place}: there is no document {docno!r}{hint}")
            judged.setdefault(query.qid, {}).update(dict.fromkeys(translations[docno], 1))
    without = next((query for query in asked if query.qid not in judged), None)
    if without is not None:
        raise ValueError(
            f"{without.place}: query {without.qid!r} has no docno and there are no qrels: give judgements, or name the "
            "document that it was written for in this field"
        )
    return judged


def _judged(
    documents: "list[OwnDocument]", asked: "list[OwnQuery]", qrels: "Iterator[OwnQrel]"
) -> dict[str, dict[str, int]]:
    docnos, qids = {document.doc_id for document, _ in documents}, {query.qid for query in asked}
    # Qrels may also name a query by its ID in results.
    full = {f"{query.qid}_{query.lang}": query.qid for query in asked}
    judged: dict[str, dict[str, int]] = {}
    for named, docno, level, place in qrels:
        qid = named if named in qids else full.get(named)
        if qid is None:
            raise ValueError(f"{place}: there is no query {named!r} among the queries{did_you_mean(named, qids)}")
        if docno not in docnos:
            raise ValueError(
                f"{place}: there is no document {docno!r} among the documents{did_you_mean(docno, docnos)}"
            )
        levels = judged.setdefault(qid, {})
        if levels.setdefault(docno, level) != level:
            raise ValueError(
                f"{place}: {docno!r} was judged {levels[docno]} for query {qid!r} before, and is {level} here"
            )
    return judged
