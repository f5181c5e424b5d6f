"""The settings of a dataset family, read through ir_datasets: which queries meet which documents."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

KINDS = ("mono", "cross", "multi")
POOL = "multi"


class FamilyLike(Protocol):
    """What the grid needs to know of a dataset family: see `pyterrier_hybrid.datasets.family`.

    Documents have a `lang`, and the `iteration` of a qrel is the language of its document.
    """

    name: str
    label: str
    languages: tuple[str, ...]
    default_languages: tuple[str, ...]
    measures: tuple[str, ...]
    docs_id: str

    def settings(self) -> Iterator[tuple[str, str]]:
        """Every (document language, query language); pools have the document language ``multi``."""

    def id(self, doc_lang: str, query_lang: str) -> str:
        """The name of a setting, where there is one its ir_datasets ID."""

    def corpus(self, doc_lang: str, query_lang: str) -> str:
        """The name of the documents of a setting, no pool; settings with the same name have the same documents."""

    def load(self, doc_lang: str, query_lang: str) -> Any:
        """The setting's ``docs_iter()``, ``queries_iter()`` and ``qrels_iter()``."""

    def pooled(self, document: Any) -> Any:
        """A document of one language as the pool has it."""


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
            what ir_datasets calls the default text: with the title in front of it in sets like MIRACL.

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
        """The number of documents."""
        return len(self.documents)

    def get_corpus_iter(self, verbose: bool = False) -> Iterator[dict[str, str]]:
        """The documents as an indexer takes them.

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
        """int64 [documents]: the documents in ascending order of docno, the order of score columns."""
        docnos = [document.doc_id for document in self.documents]
        return np.array(sorted(range(len(docnos)), key=docnos.__getitem__), np.int64)

    @cached_property
    def column(self) -> dict[str, int]:
        """The score column of each docno."""
        return {self.documents[at].doc_id: column for column, at in enumerate(self.order)}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all that a system can see of the documents, and of their order."""
        digest = hashlib.sha256()
        for document in self.get_corpus_iter():
            digest.update(json.dumps(list(document.values())).encode() + b"\n")
        return digest.hexdigest()[:32]


@dataclass(frozen=True, eq=False)
class Setting:
    """Queries of one language against one corpus.

    Attributes:
        kind: mono, cross or multi.
        doc_lang: The language of the corpus; ``multi`` for the pool.
        query_lang: The language of the queries.
        corpus: The key of its corpus in what :func:`read_corpora` returns.
        qids: The queries that have qrels, in the order of the dataset.
        texts: Their texts.
        query: int64 [pairs], ascending: the index of the query of each (query, relevant document) pair.
        column: int64 [pairs]: the score column of its document.
        relevance: int64 [pairs]: its judged level, above 0.
        id: Its name, where there is one the ir_datasets ID.
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
    id: str

    @property
    def identified(self) -> Iterator[tuple[str, str]]:
        """The queries as qid and text."""
        return zip(self.qids, self.texts, strict=True)

    def topics(self, part: slice) -> pd.DataFrame:
        """Some of the queries as PyTerrier takes them: qid, query, lang."""
        return pd.DataFrame({"qid": self.qids[part], "query": self.texts[part]}).assign(lang=self.query_lang)

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """What the queries ask, whatever their language: their ids without the language that all of them end in."""
        ending = f"_{self.query_lang}"
        if all(qid.endswith(ending) for qid in self.qids):
            return tuple(qid.removesuffix(ending) for qid in self.qids)
        return self.qids

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the queries and of what is relevant to them."""
        digest = hashlib.sha256(json.dumps([self.query_lang, self.qids, self.texts]).encode())
        for array in (self.query, self.column, self.relevance):
            digest.update(array.tobytes())
        return digest.hexdigest()[:32]


def choose(name: str, chosen: Iterable[str] | str | None, valid: Sequence[str]) -> tuple[str, ...]:
    """A subset of the valid names in their own order.

    Args:
        name: The parameter's name for the error.
        chosen: The wanted names, one name, or None for all.
        valid: All names.

    Returns:
        The wanted names, ordered as in `valid`.

    Raises:
        ValueError: An unknown name, or none.

    >>> choose("languages", ["en", "de"], ("ar", "de", "en"))
    ('de', 'en')
    """
    if chosen is None:
        return tuple(valid)
    wanted = [chosen] if isinstance(chosen, str) else list(chosen)
    unknown = [value for value in wanted if value not in valid]
    if unknown or not wanted:
        found = f"{unknown[0]!r} is unknown" if unknown else "nothing was chosen"
        raise ValueError(f"{name}: {found}; the valid ones are {', '.join(valid)}.")
    return tuple(value for value in valid if value in wanted)


def choose_kinds(family: FamilyLike, kinds: Iterable[str] | str | None) -> tuple[str, ...]:
    """The wanted kinds of settings; by default those that the family has.

    Args:
        family: The dataset family.
        kinds: The wanted kinds, one kind, or None.

    Raises:
        ValueError: An unknown kind, or one that the family does not have.

    >>> from pyterrier_hybrid.datasets import family
    >>> choose_kinds(family("miracl"), None), choose_kinds(family("xquad-r"), ["multi", "mono"])
    (('mono',), ('mono', 'multi'))
    """
    found = {kind_of(*setting) for setting in family.settings()}
    has = tuple(kind for kind in KINDS if kind in found)
    wanted = has if kinds is None else choose("kinds", kinds, KINDS)
    missing = [kind for kind in wanted if kind not in has]
    if missing:
        why = " (cross-lingual settings need two or more languages)" if missing[0] == "cross" else ""
        raise ValueError(f"kinds: {family.label} has no setting of kind {missing[0]!r}{why}; it has {', '.join(has)}.")
    return wanted


def kind_of(doc_lang: str, query_lang: str) -> str:
    """The kind of a setting: mono, cross or multi."""
    if doc_lang == POOL:
        return "multi"
    return "mono" if doc_lang == query_lang else "cross"


def list_settings(family: FamilyLike, kinds: Sequence[str], languages: Sequence[str]) -> list[tuple[str, str, str]]:
    """(kind, document language, query language) of the settings, kind by kind, in the order of the languages."""
    has = set(family.settings())
    return [
        (kind, doc_lang, query_lang)
        for kind in kinds
        for doc_lang in ([POOL] if kind == "multi" else languages)
        for query_lang in languages
        if (doc_lang, query_lang) in has and kind_of(doc_lang, query_lang) == kind
    ]


def parts_of(family: FamilyLike, kinds: Sequence[str], languages: Sequence[str]) -> list[tuple[str, ...]]:
    """The languages in groups whose settings have nothing in common, so that one can be done after the other.

    With monolingual settings only, which is where corpora are large, each language is one; else all are one.

    >>> from pyterrier_hybrid.datasets import family
    >>> parts_of(family("miracl"), ["mono"], ["sw", "th"]), parts_of(family("atlas"), ["mono", "multi"], ["de", "en"])
    ([('sw',), ('th',)], [('de', 'en')])
    """
    return [(lang,) for lang in languages] if tuple(kinds) == ("mono",) else [tuple(languages)]


def read_corpora(family: FamilyLike, kinds: Sequence[str], languages: Sequence[str]) -> dict[str, Corpus]:
    """The corpora that the kinds need, the pool last as ``multi``.

    The documents of a language are read once and held once, in its corpus and in the pool.

    Args:
        family: The dataset family.
        kinds: Some of mono, cross, multi.
        languages: Some of the family's languages.

    Returns:
        The corpora by the family's names of them, in the order of the languages.
    """
    corpora = {}
    for kind, doc_lang, query_lang in list_settings(family, kinds, languages):
        name = family.corpus(doc_lang, query_lang)
        if kind != "multi" and name not in corpora:
            documents = family.load(doc_lang, query_lang).docs_iter()
            corpora[name] = _corpus(family.id(doc_lang, query_lang), doc_lang, (doc_lang,), documents)
    if any(kind == "multi" for kind, _, _ in list_settings(family, kinds, languages)):
        whole = tuple(languages) == tuple(family.languages)
        name = family.docs_id if whole else f"{family.docs_id}[{'+'.join(languages)}]"
        corpora[POOL] = _corpus(name, POOL, tuple(languages), _pool(family, languages, corpora))
    return corpora


def _pool(family: FamilyLike, languages: Sequence[str], corpora: dict[str, Corpus]) -> Iterator[Any]:
    """The documents of all languages."""
    asked = {doc_lang: query_lang for doc_lang, query_lang in family.settings() if doc_lang in languages}
    for doc_lang in languages:
        if doc_lang in corpora:
            yield from map(family.pooled, corpora[doc_lang].documents)
        elif doc_lang in asked:
            yield from map(family.pooled, family.load(doc_lang, asked[doc_lang]).docs_iter())


def _corpus(name: str, lang: str, languages: tuple[str, ...], documents: Iterable[Any]) -> Corpus:
    corpus = Corpus(name, lang, languages, tuple(documents))
    if not len(corpus):
        raise ValueError(f"{name}: the corpus has no document in {', '.join(languages)}; leave these languages out.")
    return corpus


def read_settings(
    family: FamilyLike, kinds: Sequence[str], languages: Sequence[str], corpora: dict[str, Corpus]
) -> list[Setting]:
    """The settings of the kinds: mono and cross by document language, then the pool, each by query language.

    Args:
        family: The dataset family.
        kinds: Some of mono, cross, multi, in the order in which the settings are wanted.
        languages: Some of the family's languages; the qrels of the pool are restricted to them.
        corpora: From :func:`read_corpora`.

    Returns:
        One setting for each pair of languages that has queries with qrels.

    Raises:
        ValueError: A qrel names a query or document that does not exist.
    """
    settings = [_read_setting(family, *names, languages, corpora) for names in list_settings(family, kinds, languages)]
    return [setting for setting in settings if setting.qids]


def _read_setting(
    family: FamilyLike, kind: str, doc_lang: str, query_lang: str, languages: Sequence[str], corpora: dict[str, Corpus]
) -> Setting:
    dataset_id, dataset = family.id(doc_lang, query_lang), family.load(doc_lang, query_lang)
    corpus = POOL if kind == "multi" else family.corpus(doc_lang, query_lang)
    judged: dict[str, dict[int, int]] = {}
    columns = corpora[corpus].column
    for qrel in dataset.qrels_iter():
        if qrel.iteration not in languages:
            continue
        column = columns.get(qrel.doc_id)
        if column is None:
            raise ValueError(f"{dataset_id}: the qrels name document {qrel.doc_id!r}, which is not in its corpus.")
        judged.setdefault(qrel.query_id, {})[column] = qrel.relevance
    queries = {query.query_id: query.text for query in dataset.queries_iter() if query.query_id in judged}
    if len(queries) < len(judged):
        missing = next(qid for qid in judged if qid not in queries)
        raise ValueError(f"{dataset_id}: the qrels name query {missing!r}, which is not among its queries.")
    flat = [(at, *pair) for at, qid in enumerate(queries) for pair in judged[qid].items() if pair[1] > 0]
    query, column, relevance = np.array(flat, np.int64).reshape(-1, 3).T.copy()
    texts = tuple(queries.values())
    return Setting(kind, doc_lang, query_lang, corpus, tuple(queries), texts, query, column, relevance, dataset_id)
