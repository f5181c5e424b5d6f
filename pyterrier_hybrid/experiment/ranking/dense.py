"""Ranks of relevant documents under an encoder: block matrix products, each query against each document once."""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.cache.vectors import Vectors, number_distinct
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.counting import count_ranks
from pyterrier_hybrid.experiment.settings import Corpus, Setting

# Scores that are held at once, 4 bytes each: more makes products no faster.
MATRIX_CELLS = 2**23


@dataclass(frozen=True)
class _Documents:
    """The documents of some corpora, each once, in ascending order of docno, and where each corpus has its own.

    The documents of one corpus are in that order too. So ties can be broken inside any selection of columns, and the
    scores of a language are a part of the scores of the pool.
    """

    texts: list[str]
    langs: list[str]
    columns: dict[str, np.ndarray]

    @classmethod
    def of(cls, corpora: dict[str, Corpus]) -> "_Documents":
        distinct = {(doc.doc_id, doc.lang, doc.text) for corpus in corpora.values() for doc in corpus.documents}
        ordered = sorted(distinct)
        number = {document: column for column, document in enumerate(ordered)}
        columns = {
            name: np.array(
                [number[doc.doc_id, doc.lang, doc.text] for doc in map(corpus.documents.__getitem__, corpus.order)],
                np.int64,
            )
            for name, corpus in corpora.items()
        }
        return cls([text for _, _, text in ordered], [lang for _, lang, _ in ordered], columns)


@dataclass(frozen=True)
class _Pairs:
    """The pairs of query and relevant document of some settings of one query language, by the row of the query.

    Attributes:
        row: int64 [pairs], ascending: the row of the query.
        column: int64 [pairs]: the column of the document.
        setting: int64 [pairs]: the number of the setting.
        order: int64 [pairs]: the number of the pair where one setting follows the other.
        corpora: bool [settings, documents]: the documents of each setting.
        ranks: int64 [2, pairs]: what is counted, in the order of the settings.
    """

    row: np.ndarray
    column: np.ndarray
    setting: np.ndarray
    order: np.ndarray
    corpora: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(
        cls, settings: Sequence[Setting], rows: dict[tuple[str, str], int], columns: Sequence[np.ndarray], width: int
    ) -> "_Pairs":
        asked = {(setting.qids, setting.texts): setting.identified for setting in settings}
        numbers = {key: np.array([rows[query] for query in queries], np.int64) for key, queries in asked.items()}
        row = [numbers[setting.qids, setting.texts][setting.query] for setting in settings]
        column = [of_corpus[setting.column] for setting, of_corpus in zip(settings, columns, strict=True)]
        number = np.repeat(np.arange(len(settings)), [len(setting.query) for setting in settings])
        corpora = np.zeros((len(settings), width), bool)
        for of_setting, of_corpus in zip(corpora, columns, strict=True):
            of_setting[of_corpus] = True
        row, column = np.concatenate(row), np.concatenate(column)
        order = np.argsort(row, kind="stable")
        return cls(row[order], column[order], number[order], order, corpora, np.zeros((2, len(row)), np.int64))

    def count(self, scores: np.ndarray, start: int) -> None:
        """Rank the pairs in a block of rows, of which `start` is the first, in as many threads as the product had."""
        threads = _threads()
        size = -(-len(scores) // threads)

        def count(first: int) -> None:
            part = scores[first : first + size]
            pairs = slice(*np.searchsorted(self.row, [start + first, start + first + len(part)]))
            row, column, setting = self.row[pairs] - start - first, self.column[pairs], self.setting[pairs]
            ranks = count_ranks(part, row, column, corpora=self.corpora, corpus=setting)
            self.ranks[:, self.order[pairs]] = ranks

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count, range(0, len(scores), size)))


@dataclass(frozen=True)
class Encoded:
    """The vectors of all queries and documents of some settings.

    Attributes:
        rows: By query language, the number of each query (qid and text) among those of its language.
        documents: The documents.
        document_vectors: float32 [documents, dim].
    """

    rows: dict[str, dict[tuple[str, str], int]]
    documents: _Documents
    document_vectors: np.ndarray
    _query_vectors: np.ndarray

    def queries_in(self, lang: str) -> np.ndarray:
        """The vectors of the queries in a language, in the order of their numbers."""
        langs = list(self.rows)
        start = sum(len(self.rows[before]) for before in langs[: langs.index(lang)])
        return self._query_vectors[start : start + len(self.rows[lang])]

    def queries(self, setting: Setting) -> np.ndarray:
        """The vectors of a setting's queries."""
        rows = self.rows[setting.query_lang]
        return self.queries_in(setting.query_lang)[[rows[query] for query in setting.identified]]


def encode(
    place: str, encoder: Any, corpora: dict[str, Corpus], settings: Sequence[Setting], vectors: Vectors
) -> Encoded:
    """The vectors of the texts of some settings.

    Args:
        place: Where the encoder is, for errors.
        encoder: The encoder.
        corpora: The corpora by name.
        settings: The settings.
        vectors: Where the vectors of texts come from.

    Raises:
        ValueError: The encoder's vectors do not fit.
    """
    # Most settings of a query language ask the same.
    asked: dict[str, dict[tuple, None]] = {}
    for setting in settings:
        asked.setdefault(setting.query_lang, {})[setting.qids, setting.texts] = None
    rows = {
        lang: number_distinct(query for qids, texts in lists for query in zip(qids, texts, strict=True))
        for lang, lists in asked.items()
    }
    documents = _Documents.of({setting.corpus: corpora[setting.corpus] for setting in settings})
    texts = [text for queries in rows.values() for _, text in queries]
    langs = [lang for lang, queries in rows.items() for _ in queries]
    query_vectors = vectors.of(place, encoder, "queries", texts, langs)
    document_vectors = vectors.of(place, encoder, "documents", documents.texts, documents.langs)
    if query_vectors.shape[1] != document_vectors.shape[1]:
        raise ValueError(
            f"{place}: queries have {query_vectors.shape[1]} dimensions and documents {document_vectors.shape[1]}; "
            "both must come from one vector space."
        )
    return Encoded(rows, documents, document_vectors, query_vectors)


def rank_dense(
    place: str,
    encoder: Any,
    corpora: dict[str, Corpus],
    settings: Sequence[Setting],
    vectors: Vectors,
    wanted: Collection[int],
) -> Iterator[tuple[int, Ranks]]:
    """The ranks under an encoder, query language by query language.

    What is computed together depends on `settings` and not on what is wanted of them: scores, which BLAS rounds
    differently in different places of a product, are those of the whole experiment also where a part of it is done.

    Args:
        place: Where the encoder is, for errors.
        encoder: The encoder.
        corpora: The corpora by name.
        settings: The settings of the experiment.
        vectors: Where the vectors of texts come from.
        wanted: The indexes of the settings that are to be ranked.

    Yields:
        The index of a wanted setting, and its ranks.

    Raises:
        ValueError: The encoder's vectors do not fit.
    """
    by_language = {setting.query_lang: [] for setting in settings}
    for at, setting in enumerate(settings):
        by_language[setting.query_lang].append(at)
    encoded = encode(place, encoder, corpora, settings, vectors)
    documents, document_vectors = encoded.documents, encoded.document_vectors
    queries = sum(map(len, encoded.rows.values()))
    of_last, searched = None, None
    for lang, members in by_language.items():
        asked = [at for at in members if at in wanted]
        if not asked:
            continue
        searches = {settings[at].corpus for at in members}
        if searches != of_last:
            used = np.unique(np.concatenate([documents.columns[name] for name in searches]))
            whole = len(used) == len(document_vectors)
            of_last, searched = (
                searches,
                Searched.of(document_vectors if whole else document_vectors[used], queries),
            )
        columns = [np.searchsorted(used, documents.columns[settings[at].corpus]) for at in asked]
        pairs = _Pairs.of([settings[at] for at in asked], encoded.rows[lang], columns, len(used))
        for first, scores in searched.blocks(encoded.queries_in(lang)):
            pairs.count(scores, first)
        ends = np.cumsum([len(settings[at].query) for at in asked])[:-1]
        for at, of_corpus, ranks in zip(asked, columns, np.split(pairs.ranks, ends, axis=1), strict=True):
            setting = settings[at]
            yield at, Ranks(setting.query, setting.relevance, *ranks, len(setting.qids), len(of_corpus))


def _threads() -> int:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(int(wanted), available) if wanted.isdigit() and int(wanted) > 0 else available


@dataclass(frozen=True)
class Searched:
    """Document vectors, which of them are equal to an earlier one, and room for the scores of some queries.

    BLAS may round the same inner product differently in different places of a matrix; a vector that occurs twice must
    have one score, or real ties would be broken by noise.
    """

    vectors: np.ndarray
    again: np.ndarray
    first: np.ndarray
    block: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, queries: int) -> "Searched":
        """Find vectors that occur more than once, and allocate the block of scores."""
        seen: dict[bytes, int] = {}
        first = np.arange(len(vectors))
        _, value, times = np.unique(vectors[:, 0], return_inverse=True, return_counts=True)
        for at in np.flatnonzero(times[value] > 1):
            # Of millions of vectors, their bytes once more would not fit.
            first[at] = seen.setdefault(hashlib.blake2b(vectors[at], digest_size=16).digest(), at)
        again = np.flatnonzero(first != np.arange(len(vectors)))
        block = np.empty((min(max(1, MATRIX_CELLS // len(vectors)), queries), len(vectors)), np.float32)
        return cls(vectors, again, first[again], block)

    def blocks(self, queries: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Scores [some queries, documents] and the first of these queries; each block takes the place of the last."""
        for start in range(0, len(queries), len(self.block)):
            part = queries[start : start + len(self.block)]
            scores = np.matmul(part, self.vectors.T, out=self.block[: len(part)])
            scores[:, self.again] = scores[:, self.first]
            yield start, scores
