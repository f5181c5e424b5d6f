"""The settings of a dataset family, read through ir_datasets: which queries meet which documents."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

KINDS = ("mono", "cross", "multi")
POOL = "multi"


class FamilyLike(Protocol):
    """What the grid needs to know of a dataset family: see `pyterrier_hybrid.datasets.family`.

    The IDs are ir_datasets IDs; documents have a `lang`, and the `iteration` of a qrel is the language of its document.
    """

    name: str
    languages: tuple[str, ...]
    docs_id: str

    def id(self, doc_lang: str, query_lang: str) -> str:
        """The ir_datasets ID of a setting."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """The documents of one language, or of all languages of an experiment in one pool.

    A system that is given to :func:`pyterrier_hybrid.LanguageExperiment` as a function is called with a corpus and
    returns a retrieval transformer over it.

    Attributes:
        id: A name of the corpus, such as ``xquad-r/de``, ``xquad-r`` (the whole pool) or ``xquad-r[de+en]``.
        lang: Its language, or ``multi`` for the pool.
        languages: The languages of its documents.
        documents: The ir_datasets documents (doc_id, text, lang, title, context), in the order of the dataset.

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
        qids: The queries that have qrels, in the order of the dataset.
        texts: Their texts.
        query: int64 [pairs], ascending: the index of the query of each (query, relevant document) pair.
        column: int64 [pairs]: the score column of its document.
        relevance: int64 [pairs]: its judged level, above 0.
        id: The ir_datasets ID.
    """

    kind: str
    doc_lang: str
    query_lang: str
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


def read_corpora(family: FamilyLike, kinds: Sequence[str], languages: Sequence[str]) -> dict[str, Corpus]:
    """The corpora that the kinds need, by language, the pool last as ``multi``.

    Args:
        family: The dataset family.
        kinds: Some of mono, cross, multi.
        languages: Some of the family's languages.

    Returns:
        The corpora in the order of the languages.
    """
    import ir_datasets

    corpora = {}
    if "mono" in kinds or ("cross" in kinds and len(languages) > 1):
        for lang in languages:
            dataset_id = family.id(lang, lang)
            corpora[lang] = _corpus(dataset_id, lang, (lang,), ir_datasets.load(dataset_id).docs_iter())
    if "multi" in kinds:
        whole = tuple(languages) == tuple(family.languages)
        documents = ir_datasets.load(family.id(POOL, languages[0])).docs_iter()
        name = family.docs_id if whole else f"{family.docs_id}[{'+'.join(languages)}]"
        corpora[POOL] = _corpus(name, POOL, tuple(languages), (doc for doc in documents if doc.lang in languages))
    return corpora


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
        ValueError: There is no setting at all, or a qrel names a query or document that does not exist.
    """
    wanted = [
        (kind, doc_lang, query_lang)
        for kind in kinds
        for doc_lang in ([POOL] if kind == "multi" else languages)
        for query_lang in languages
        if kind == "multi" or (doc_lang == query_lang) == (kind == "mono")
    ]
    settings = [_read_setting(family, *names, languages, corpora[names[1]]) for names in wanted]
    settings = [setting for setting in settings if setting.qids]
    if not settings:
        raise ValueError(
            f"{family.name}: no setting of kinds {', '.join(kinds)} over {', '.join(languages)} has queries; "
            "cross-lingual settings need two or more languages."
        )
    return settings


def _read_setting(
    family: FamilyLike, kind: str, doc_lang: str, query_lang: str, languages: Sequence[str], corpus: Corpus
) -> Setting:
    import ir_datasets

    dataset_id = family.id(doc_lang, query_lang)
    dataset = ir_datasets.load(dataset_id)
    judged: dict[str, dict[int, int]] = {}
    columns = corpus.column
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
    return Setting(kind, doc_lang, query_lang, tuple(queries), texts, query, column, relevance, dataset_id)
