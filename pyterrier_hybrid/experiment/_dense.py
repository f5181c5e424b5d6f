"""Ranks of relevant documents under an encoder: block matrix products, each query against each document once."""

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment._ranks import Ranks, count_ranks
from pyterrier_hybrid.experiment._settings import Corpus, Setting
from pyterrier_hybrid.experiment._vectors import Vectors, number_distinct

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
    def of(cls, corpora: Collection[Corpus]) -> "_Documents":
        distinct = {(doc.doc_id, doc.lang, doc.text) for corpus in corpora for doc in corpus.documents}
        ordered = sorted(distinct)
        number = {document: column for column, document in enumerate(ordered)}
        columns = {
            corpus.lang: np.array(
                [number[doc.doc_id, doc.lang, doc.text] for doc in map(corpus.documents.__getitem__, corpus.order)],
                np.int64,
            )
            for corpus in corpora
        }
        return cls([text for _, _, text in ordered], [lang for _, lang, _ in ordered], columns)


@dataclass(frozen=True)
class _Pairs:
    """The pairs of query and relevant document of one setting, ordered by the row of the query, and their ranks."""

    columns: np.ndarray
    row: np.ndarray
    column: np.ndarray
    order: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(cls, setting: Setting, rows: dict[tuple[str, str], int], columns: np.ndarray) -> "_Pairs":
        row = np.array([rows[query] for query in setting.identified], np.int64)[setting.query]
        order = np.argsort(row, kind="stable")
        return cls(columns, row[order], setting.column[order], order, np.zeros((2, len(row)), np.int64))

    def count(self, scores: np.ndarray, start: int) -> None:
        """Rank the pairs in a block of rows, of which `start` is the first."""
        low, high = np.searchsorted(self.row, [start, start + len(scores)])
        if low == high:
            return
        first, last = self.columns[[0, -1]]
        # The documents of one language stand together where docnos begin with it: no copy then.
        part = scores[:, first : last + 1] if last - first + 1 == len(self.columns) else scores[:, self.columns]
        self.ranks[:, self.order[low:high]] = count_ranks(part, self.row[low:high] - start, self.column[low:high])


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
        corpora: The corpora by language.
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
    rows = {
        lang: number_distinct(query for at in members for query in settings[at].identified)
        for lang, members in by_language.items()
    }
    documents = _Documents.of([corpora[lang] for lang in dict.fromkeys(setting.doc_lang for setting in settings)])
    texts = [text for queries in rows.values() for _, text in queries]
    query_vectors = vectors.of(
        place, encoder, "queries", texts, [lang for lang, queries in rows.items() for _ in queries]
    )
    document_vectors = vectors.of(place, encoder, "documents", documents.texts, documents.langs)
    if query_vectors.shape[1] != document_vectors.shape[1]:
        raise ValueError(
            f"{place}: queries have {query_vectors.shape[1]} dimensions and documents {document_vectors.shape[1]}; "
            "both must come from one vector space."
        )
    end, of_last, searched = 0, None, None
    for lang, members in by_language.items():
        start, end = end, end + len(rows[lang])
        asked = {at: settings[at] for at in members if at in wanted}
        if not asked:
            continue
        doc_langs = {settings[at].doc_lang for at in members}
        if doc_langs != of_last:
            used = np.unique(np.concatenate([documents.columns[doc_lang] for doc_lang in doc_langs]))
            whole = len(used) == len(document_vectors)
            of_last, searched = (
                doc_langs,
                _Searched.of(document_vectors if whole else document_vectors[used], len(query_vectors)),
            )
        pairs = {
            at: _Pairs.of(setting, rows[lang], np.searchsorted(used, documents.columns[setting.doc_lang]))
            for at, setting in asked.items()
        }
        for first, scores in searched.blocks(query_vectors[start:end]):
            _count(list(pairs.values()), scores, first)
        for at, setting in asked.items():
            rank, msmarco_rank = pairs[at].ranks
            yield (
                at,
                Ranks(setting.query, setting.relevance, rank, msmarco_rank, len(setting.qids), len(pairs[at].columns)),
            )


def _count(pairs: list[_Pairs], scores: np.ndarray, start: int) -> None:
    """Rank the pairs of all settings in a block of rows, in as many threads as the product of matrices had."""
    threads = _threads()
    size = -(-len(scores) // threads)

    def count(first: int) -> None:
        for of_setting in pairs:
            of_setting.count(scores[first : first + size], start + first)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(count, range(0, len(scores), size)))


def _threads() -> int:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(int(wanted), available) if wanted.isdigit() and int(wanted) > 0 else available


@dataclass(frozen=True)
class _Searched:
    """Document vectors, which of them are equal to an earlier one, and room for the scores of some queries.

    BLAS may round the same inner product differently in different places of a matrix; a vector that occurs twice must
    have one score, or real ties would be broken by noise.
    """

    vectors: np.ndarray
    again: np.ndarray
    first: np.ndarray
    block: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, queries: int) -> "_Searched":
        seen: dict[bytes, int] = {}
        first = np.array([seen.setdefault(vector.tobytes(), at) for at, vector in enumerate(vectors)], np.int64)
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
