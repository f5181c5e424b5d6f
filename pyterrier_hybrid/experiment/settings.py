"""The settings of a dataset family, read through ir_datasets: queries in one language and a corpus to search."""

import hashlib
import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures.ranks import PoolLanguages, Ranks
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import find_lone_surrogate, list_of
from pyterrier_hybrid.utils.formatting import counted
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.suggestions import did_you_mean, did_you_mean_language

KINDS = ("mono", "cross", "multi")
POOL = "multi"


class FamilyLike(Protocol):
    """A dataset family, as :func:`pyterrier_hybrid.datasets.family` returns one.

    Documents have a ``lang``, and the ``iteration`` of a qrel is the language of its document.
    """

    @property
    def label(self) -> str:
        """The name and the split."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """The language codes, sorted."""
        ...

    @property
    def default_languages(self) -> tuple[str, ...]:
        """The languages that are evaluated by default."""
        ...

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures that are usual for the family; empty: the grid's default."""
        ...

    @property
    def docs_id(self) -> str:
        """The ID of the documents of all languages."""
        ...

    def settings(self) -> Iterator[tuple[str, str]]:
        """Every (document language, query language); pools have the document language ``multi``."""
        ...

    def id(self, doc_lang: str, query_lang: str) -> str:
        """The name of a setting: its ir_datasets ID if it has one."""
        ...

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """The name of the documents of a setting that is not a pool; the same name means the same documents."""
        ...

    def load(self, doc_lang: str, query_lang: str) -> Any:
        """The setting's ``docs_iter()``, ``queries_iter()`` and ``qrels_iter()``."""
        ...

    def pooled(self, document: Any) -> Any:
        """A document of one language as it appears in the pool."""
        ...


@dataclass(frozen=True, eq=False)
class Corpus:
    """The documents of one language, or of all languages of an experiment in one pool.

    A system that is given to :func:`pyterrier_hybrid.LanguageExperiment` as a function is called with a corpus and
    returns a retrieval transformer over it.

    Attributes:
        id: A name of the corpus, such as ``xquad-r/de``, ``xquad-r`` (the whole pool) or ``xquad-r[de+en]``.
        lang: Its language, or ``multi`` for the pool.
        languages: The languages of its documents.
        documents: The documents (doc_id, text, lang, title, context), in the order of the dataset. Their text is
            ir_datasets' default text: in sets like MIRACL it starts with the title.

    Example:
        >>> from collections import namedtuple
        >>> document = namedtuple("Document", "doc_id text lang title context")
        >>> corpus = Corpus("tiny/de", "de", ("de",), (document("de_1_0", "Ein Satz.", "de", "Titel", "Ein Satz."),))
        >>> len(corpus), [row["docno"] for row in corpus.get_corpus_iter()]
        (1, ['de_1_0'])
    """

    id: str
    lang: str
    languages: tuple[str, ...]
    documents: tuple[Any, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.documents)

    def get_corpus_iter(self, verbose: bool = False) -> Iterator[dict[str, str]]:
        """Iterate over the documents as indexers take them.

        Args:
            verbose: Show a progress bar.

        Yields:
            Dictionaries with docno, text, lang, title and context.
        """
        from tqdm import tqdm

        for document in tqdm(self.documents, desc=self.id, unit="doc", disable=not verbose):
            yield {
                "docno": document.doc_id,
                "text": document.text,
                "lang": document.lang,
                "title": document.title,
                "context": document.context,
            }

    @cached_property
    def order(self) -> np.ndarray:
        """The documents in ascending order of docno, which is the order of score columns: int64 ``[documents]``."""
        docnos = [document.doc_id for document in self.documents]
        return np.array(sorted(range(len(docnos)), key=docnos.__getitem__), np.int64)

    @cached_property
    def column(self) -> dict[str, int]:
        """The score column of each docno."""
        return {self.documents[index].doc_id: column for column, index in enumerate(self.order)}

    @cached_property
    def column_langs(self) -> np.ndarray:
        """The language of the document of each score column: strings ``[documents]``."""
        return np.array([self.documents[index].lang for index in self.order], dtype=object)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of every field of the documents that systems can see, and of the order of the documents."""
        digest = hashlib.sha256()
        for document in self.get_corpus_iter():
            digest.update(json.dumps(list(document.values())).encode() + b"\n")
        return digest.hexdigest()[:32]


@dataclass(frozen=True, eq=False)
class Setting:
    """Queries in one language against one corpus.

    Attributes:
        kind: mono, cross or multi.
        doc_lang: The language of the corpus, or ``multi`` for the pool.
        query_lang: The language of the queries.
        corpus: The key of its corpus in what :func:`read_corpora` returns.
        qids: The queries that have qrels, in the order of the dataset.
        texts: Their texts.
        query: int64 ``[pairs]``, ascending: the index of the query of each pair of query and relevant document.
        column: int64 ``[pairs]``: the score column of its document; 0 if the corpus does not have it.
        relevance: int64 ``[pairs]``: its judged level, above 0.
        in_corpus: bool ``[pairs]``: whether the corpus has the document; others count as not retrieved.
        id: Its name: the ir_datasets ID if there is one.
        column_langs: The language of the document of each score column, strings ``[documents]``.
    """

    kind: str
    doc_lang: str
    query_lang: str
    corpus: str
    qids: tuple[str, ...]
    texts: tuple[str, ...]
    query: np.ndarray
    column: np.ndarray
    relevance: np.ndarray
    in_corpus: np.ndarray
    id: str
    column_langs: np.ndarray

    @property
    def queries(self) -> Iterator[tuple[str, str]]:
        """The qid and the text of each query."""
        return zip(self.qids, self.texts, strict=True)

    def topics(self, part: slice) -> pd.DataFrame:
        """Return some of the queries as PyTerrier takes them: qid, query, lang."""
        return pd.DataFrame({"qid": self.qids[part], "query": self.texts[part]}).assign(lang=self.query_lang)

    def ranks(self, ranks: np.ndarray, depth: int, first: np.ndarray | None = None) -> Ranks:
        """Return the ranks of the relevant documents, with the setting's data that measures need.

        Args:
            ranks: int64 ``[2, pairs]``, as :func:`~pyterrier_hybrid.experiment.ranking.counting.count_ranks` returns.
            depth: The number of documents that were ranked.
            first: int64 ``[queries]``: the score column of the first result of each query to a pool, -1 if it has no
                result. Without them, measures of the first result's language cannot be computed.
        """
        rank, msmarco_rank = np.where(self.in_corpus, ranks, 0)
        languages = self._pool_languages(first) if self.kind == "multi" else None
        return Ranks(self.query, self.relevance, rank, msmarco_rank, len(self.qids), depth, languages, first)

    def _pool_languages(self, first: np.ndarray | None) -> PoolLanguages:
        return PoolLanguages(
            np.array(self.questions, dtype=object),
            np.full(len(self.qids), self.query_lang, dtype=object),
            np.where(self.in_corpus, self.column, -1),
            np.where(self.in_corpus, self.column_langs[self.column], ""),
            None if first is None else np.where(first < 0, "", self.column_langs[first]),
        )

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """The question of each query, which its translations share: the qid without the language at its end."""
        return question_of(self.qids, self.query_lang)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the queries and their relevant documents."""
        digest = hashlib.sha256(json.dumps([self.query_lang, self.qids, self.texts]).encode())
        for array in (self.query, self.column, self.relevance):
            digest.update(array.tobytes())
        if not self.in_corpus.all():
            digest.update(self.in_corpus.tobytes())
        return digest.hexdigest()[:32]


def question_of(qids: tuple[str, ...], query_lang: str) -> tuple[str, ...]:
    """Return the question of each query: its qid without the language at its end, if all have it.

    Example:
        >>> question_of(("q1_de", "q2_de"), "de"), question_of(("q1_de", "q2"), "de")
        (('q1', 'q2'), ('q1_de', 'q2'))
    """
    ending = f"_{query_lang}"
    if all(qid.endswith(ending) for qid in qids):
        return tuple(qid.removesuffix(ending) for qid in qids)
    return qids


def collection_of(settings: Iterable[Setting]) -> dict[str, str]:
    """Return a hash of the queries and judgements of each kind of settings.

    Args:
        settings: The settings of an experiment.
    """
    by_kind: dict[str, list[str]] = {}
    for setting in settings:
        by_kind.setdefault(setting.kind, []).append(setting.fingerprint)
    return {kind: hash_json(fingerprints) for kind, fingerprints in by_kind.items()}


def choose(name: str, chosen: Iterable[str] | str | None, valid: Sequence[str]) -> tuple[str, ...]:
    """Choose some of the valid names, in the order of ``valid``.

    Args:
        name: The parameter's name, for errors.
        chosen: The chosen names, one name, or ``None`` for all.
        valid: All names.

    Raises:
        ValueError: An unknown name, or no name.
        TypeError: Neither a name nor a list of names.

    Example:
        >>> choose("languages", ["en", "de"], ("ar", "de", "en"))
        ('de', 'en')
    """
    if chosen is None:
        return tuple(valid)
    names = list_of(name, chosen)
    if name == "languages":
        names = [same_language(lang, valid) for lang in names]
    unknown = [value for value in names if value not in valid]
    if unknown:
        hint = (did_you_mean_language if name == "languages" else did_you_mean)(unknown[0], valid)
        raise ValueError(f"{name}: {unknown[0]!r} is unknown; the valid ones are {', '.join(valid)}{hint}")
    if not names:
        raise ValueError(f"{name}: nothing was chosen; the valid ones are {', '.join(valid)}")
    return tuple(value for value in valid if value in names)


def choose_kinds(family: FamilyLike, kinds: Iterable[str] | str | None) -> tuple[str, ...]:
    """Choose kinds of settings.

    Args:
        family: The dataset family.
        kinds: The chosen kinds, one kind, or ``None`` for those that the family has.

    Raises:
        ValueError: An unknown kind, or one that the family does not have.

    Example:
        >>> from pyterrier_hybrid.datasets import family
        >>> choose_kinds(family("miracl"), None), choose_kinds(family("xquad-r"), ["multi", "mono"])
        (('mono',), ('mono', 'multi'))
    """
    existing = {kind_of(*setting) for setting in family.settings()}
    available = tuple(kind for kind in KINDS if kind in existing)
    chosen = available if kinds is None else choose("kinds", kinds, KINDS)
    for kind in chosen:
        if kind not in available:
            why = " (cross-lingual settings need two or more languages)" if kind == "cross" else ""
            raise ValueError(
                f"kinds: {family.label} has no setting of kind {kind!r}{why}; it has {', '.join(available)}"
            )
    return chosen


def kind_of(doc_lang: str, query_lang: str) -> str:
    """Return the kind of a setting: mono, cross or multi."""
    if doc_lang == POOL:
        return "multi"
    return "mono" if doc_lang == query_lang else "cross"


def list_settings(family: FamilyLike, kinds: Sequence[str], languages: Sequence[str]) -> list[tuple[str, str, str]]:
    """List the (kind, document language, query language) of settings, by kind and in the order of the languages."""
    existing = set(family.settings())
    return [
        (kind, doc_lang, query_lang)
        for kind in kinds
        for doc_lang in ([POOL] if kind == "multi" else languages)
        for query_lang in languages
        if (doc_lang, query_lang) in existing and kind_of(doc_lang, query_lang) == kind
    ]


def parts_of(kinds: Sequence[str], languages: Sequence[str]) -> list[tuple[str, ...]]:
    """Divide languages into parts whose settings share nothing, so that one part is in memory at a time.

    With monolingual settings only, as in datasets with large corpora, each language is a part; otherwise all are one.

    Example:
        >>> parts_of(["mono"], ["sw", "th"]), parts_of(["mono", "multi"], ["de", "en"])
        ([('sw',), ('th',)], [('de', 'en')])
    """
    return [(lang,) for lang in languages] if tuple(kinds) == ("mono",) else [tuple(languages)]


def read_corpora(family: FamilyLike, kinds: Sequence[str], languages: Sequence[str]) -> dict[str, Corpus]:
    """Read the corpora that the kinds need, the pool last as ``multi``.

    The documents of a language are read once, and shared by its corpus and the pool.

    Args:
        family: The dataset family.
        kinds: Some of mono, cross, multi.
        languages: Some of the family's languages.

    Returns:
        The corpora by the family's names of them, in the order of the languages.

    Raises:
        ValueError: A corpus has no documents, a document twice, or one whose text or docno is no string.
    """
    corpora: dict[str, Corpus] = {}
    settings = list_settings(family, kinds, languages)
    for kind, doc_lang, query_lang in settings:
        name = family.corpus(doc_lang, query_lang)
        if kind != "multi" and name not in corpora:
            documents = family.load(doc_lang, query_lang).docs_iter()
            corpora[name] = _corpus(family.id(doc_lang, query_lang), doc_lang, (doc_lang,), documents)
    if any(kind == "multi" for kind, _, _ in settings):
        complete = tuple(languages) == tuple(family.languages)
        name = family.docs_id if complete else f"{family.docs_id}[{'+'.join(languages)}]"
        corpora[POOL] = _corpus(name, POOL, tuple(languages), _pool(family, languages, corpora))
    return corpora


def _pool(family: FamilyLike, languages: Sequence[str], corpora: dict[str, Corpus]) -> Iterator[Any]:
    """Yield the documents of all languages, from corpora that were already read where possible."""
    query_langs = {doc_lang: query_lang for doc_lang, query_lang in family.settings() if doc_lang in languages}
    for doc_lang in languages:
        if doc_lang in corpora:
            yield from map(family.pooled, corpora[doc_lang].documents)
        elif doc_lang in query_langs:
            yield from map(family.pooled, family.load(doc_lang, query_langs[doc_lang]).docs_iter())


def _corpus(name: str, lang: str, languages: tuple[str, ...], documents: Iterable[Any]) -> Corpus:
    corpus = Corpus(name, lang, languages, tuple(documents))
    if not len(corpus):
        raise ValueError(f"{name}: the corpus has no document in {', '.join(languages)}; leave these languages out")
    # Indexes refuse a docno that comes twice; without this check, exact ranks would count it as two documents.
    seen: dict[str, int] = {}
    for position, document in enumerate(corpus.documents):
        if not isinstance(document.doc_id, str):
            raise ValueError(f"{name}: document {position} has the docno {document.doc_id!r}, which is not a string")
        if seen.setdefault(document.doc_id, position) != position:
            raise ValueError(
                f"{name}: docno {document.doc_id!r} comes twice: documents {seen[document.doc_id]} and {position}; "
                "give each document its own docno"
            )
        _check_text(document.text, f"{name}: document {document.doc_id!r}")
    return corpus


def _check_text(text: Any, place: str) -> None:
    """Raise a ValueError that names the place if a text is no string, or one that UTF-8 cannot hold."""
    if not isinstance(text, str):
        raise ValueError(f"{place} has a text of type {type(text).__name__}, not a string")
    problem = find_lone_surrogate(text)
    if problem is not None:
        raise ValueError(f"{place} {problem}")


def read_settings(
    family: FamilyLike, kinds: Sequence[str], languages: Sequence[str], corpora: dict[str, Corpus]
) -> list[Setting]:
    """Read the settings of the kinds: mono and cross by document language, then the pool, each by query language.

    Args:
        family: The dataset family.
        kinds: Some of mono, cross, multi, in the order of the settings.
        languages: Some of the family's languages; the qrels of the pool are restricted to them.
        corpora: The corpora from :func:`read_corpora`.

    Returns:
        One setting for each pair of languages that has queries with qrels. If a qrel names a document that its corpus
        does not have, the document counts as not retrieved, as in trec_eval, and a warning says so.

    Raises:
        ValueError: A qrel names a query that does not exist, or two queries have one ID.
    """
    missing: dict[str, str] = {}
    settings = [
        _read_setting(family, *names, languages, corpora, missing) for names in list_settings(family, kinds, languages)
    ]
    if missing:
        doc_id, dataset_id = next(iter(missing.items()))
        count = counted(len(missing), "document")
        warnings.warn(
            f"{dataset_id}: the qrels name document {doc_id!r}, which is not in its corpus; {count} of "
            f"{family.label} that the qrels name and the corpora lack count as not retrieved",
            stacklevel=2,
        )
    return [setting for setting in settings if setting.qids]


def _read_setting(
    family: FamilyLike,
    kind: str,
    doc_lang: str,
    query_lang: str,
    languages: Sequence[str],
    corpora: dict[str, Corpus],
    missing: dict[str, str],
) -> Setting:
    """Read a setting; documents that its corpus lacks are added to ``missing``, with the ID whose qrels name them."""
    dataset_id, dataset = family.id(doc_lang, query_lang), family.load(doc_lang, query_lang)
    corpus = POOL if kind == "multi" else family.corpus(doc_lang, query_lang)
    columns = corpora[corpus].column
    judged: dict[str, dict[str, int]] = {}
    for qrel in dataset.qrels_iter():
        if qrel.iteration in languages:
            judged.setdefault(qrel.query_id, {})[qrel.doc_id] = qrel.relevance
            if qrel.relevance > 0 and qrel.doc_id not in columns:
                missing.setdefault(qrel.doc_id, dataset_id)
    queries: dict[str, str] = {}
    for asked in dataset.queries_iter():
        if asked.query_id in judged:
            _check_text(asked.text, f"{dataset_id}: query {asked.query_id!r}")
            if queries.setdefault(asked.query_id, asked.text) != asked.text:
                raise ValueError(f"{dataset_id}: qid {asked.query_id!r} comes twice; give each query its own qid")
    if len(queries) < len(judged):
        unknown = next(qid for qid in judged if qid not in queries)
        raise ValueError(f"{dataset_id}: the qrels name query {unknown!r}, which is not among its queries")
    pairs = [
        (number, columns.get(doc_id, 0), relevance, doc_id in columns)
        for number, qid in enumerate(queries)
        for doc_id, relevance in judged[qid].items()
        if relevance > 0
    ]
    query, column, relevance, in_corpus = np.array(pairs, np.int64).reshape(-1, 4).T.copy()
    qids, texts = tuple(queries), tuple(queries.values())
    return Setting(
        kind, doc_lang, query_lang, corpus, qids, texts, query, column, relevance, in_corpus.astype(bool), dataset_id,
        corpora[corpus].column_langs,
    )  # fmt: skip
