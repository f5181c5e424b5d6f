"""Exact search: the vectors of all texts of a task, and inner products in blocks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.cache.vectors import number_distinct
from pyterrier_hybrid.experiment.errors import OutputError
from pyterrier_hybrid.experiment.ranking.base import Task
from pyterrier_hybrid.experiment.settings import Corpus, Setting

MATRIX_CELLS = 2**23
"""Maximum number of scores in memory at a time, 4 bytes each: larger matrix products are no faster."""


@dataclass(frozen=True)
class EncodedTask:
    """The vectors of all queries and documents of a task under one encoder.

    Documents are numbered in ascending order of docno, and so are those of each corpus. Ties can therefore be broken
    within any selection of columns, and the scores of one language are a subset of those of the pool.

    Attributes:
        query_rows: By query language, the number of each query (qid and text) among those of its language.
        query_vectors: By query language, float32 ``[queries, dim]``.
        document_vectors: float32 ``[documents, dim]``, each document once.
        columns: By corpus, int64 ``[documents of the corpus]``: the numbers of its documents.
    """

    query_rows: dict[str, dict[tuple[str, str], int]]
    query_vectors: dict[str, np.ndarray]
    document_vectors: np.ndarray
    columns: dict[str, np.ndarray]

    @classmethod
    def of(cls, task: Task, encoder: Any) -> "EncodedTask":
        """Encode the texts of a task.

        Args:
            task: The task.
            encoder: The encoder.

        Raises:
            OutputError: The encoder's vectors cannot be used.
        """
        # Most settings of a query language have the same queries.
        query_lists: dict[str, dict[tuple[tuple[str, ...], tuple[str, ...]], None]] = {}
        for setting in task.settings:
            query_lists.setdefault(setting.query_lang, {})[setting.qids, setting.texts] = None
        rows = {
            lang: number_distinct(query for qids, texts in lists for query in zip(qids, texts, strict=True))
            for lang, lists in query_lists.items()
        }
        texts = [text for queries in rows.values() for _, text in queries]
        langs = [lang for lang, queries in rows.items() for _ in queries]
        documents, columns = _number_documents(
            {setting.corpus: task.corpora[setting.corpus] for setting in task.settings}
        )
        query_vectors = task.vectors.of(encoder, "queries", texts, langs)
        document_vectors = task.vectors.of(
            encoder, "documents", [text for _, _, text in documents], [lang for _, lang, _ in documents]
        )
        if query_vectors.shape[1] != document_vectors.shape[1]:
            raise OutputError(
                f"queries have {query_vectors.shape[1]} dimensions and documents {document_vectors.shape[1]}; "
                "both must come from one vector space"
            )
        ends = np.cumsum([len(queries) for queries in rows.values()])
        by_language = dict(zip(rows, np.split(query_vectors, ends[:-1]), strict=True))
        return cls(rows, by_language, document_vectors, columns)

    def queries(self, setting: Setting) -> np.ndarray:
        """Return the vectors of a setting's queries."""
        rows = self.query_rows[setting.query_lang]
        return self.query_vectors[setting.query_lang][[rows[query] for query in setting.queries]]


def _number_documents(corpora: dict[str, Corpus]) -> tuple[list[tuple[str, str, str]], dict[str, np.ndarray]]:
    """Return the distinct documents (docno, lang, text), sorted, and the numbers of each corpus's documents."""
    documents = sorted({(doc.doc_id, doc.lang, doc.text) for corpus in corpora.values() for doc in corpus.documents})
    number = {document: column for column, document in enumerate(documents)}
    columns = {}
    for name, corpus in corpora.items():
        ordered = map(corpus.documents.__getitem__, corpus.order)
        columns[name] = np.array([number[doc.doc_id, doc.lang, doc.text] for doc in ordered], np.int64)
    return documents, columns


class ExactSearch:
    """Scores queries against a set of documents.

    BLAS may round the same inner product differently at different positions in a matrix. Equal vectors are given the
    same score; otherwise ties would be broken by noise.

    Args:
        vectors: float32 ``[documents, dim]``.
        max_queries: Maximum number of queries that will be scored in one call.
    """

    def __init__(self, vectors: np.ndarray, max_queries: int) -> None:
        self._vectors = vectors
        self._repeated, self._first = _repeated_vectors(vectors)
        rows = min(max(1, MATRIX_CELLS // len(vectors)), max_queries)
        self._block = np.empty((rows, len(vectors)), np.float32)

    def score_blocks(self, queries: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Score queries.

        Args:
            queries: float32 ``[n, dim]``.

        Yields:
            The index of the first query of a block, and scores ``[queries of the block, documents]``; the next block
            overwrites them.
        """
        for start in range(0, len(queries), len(self._block)):
            part = queries[start : start + len(self._block)]
            scores = np.matmul(part, self._vectors.T, out=self._block[: len(part)])
            scores[:, self._repeated] = scores[:, self._first]
            yield start, scores


def _repeated_vectors(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indexes of vectors that equal an earlier one, and the index of the first vector that each equals."""
    seen: dict[bytes, int] = {}
    first = np.arange(len(vectors))
    _, value, counts = np.unique(vectors[:, 0], return_inverse=True, return_counts=True)
    for index in np.flatnonzero(counts[value] > 1).tolist():
        # Hashes, since the bytes of millions of vectors would not fit into memory a second time.
        first[index] = seen.setdefault(hashlib.blake2b(vectors[index], digest_size=16).digest(), index)
    repeated = np.flatnonzero(first != np.arange(len(vectors)))
    return repeated, first[repeated]
