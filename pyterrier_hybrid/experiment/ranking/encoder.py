"""Encoders as systems: block matrix products, each query scored against each document once."""

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.cache.vectors import innermost_encoder
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.counting import count_ranks, first_columns
from pyterrier_hybrid.experiment.ranking.exact import EncodedTask, ExactSearch
from pyterrier_hybrid.experiment.settings import Setting
from pyterrier_hybrid.retrieval.protocols import is_encoder


class EncoderRanker(Ranker):
    """An encoder, whose scores are inner products."""

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether a system encodes queries and documents."""
        return is_encoder(system)

    @property
    def encoder(self) -> Any:
        """The encoder, or the one inside a debiased encoder."""
        return innermost_encoder(self.system)

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Score the documents of some settings, corpus by corpus; :meth:`rank` is faster."""
        encoded = EncodedTask.of(task, self.system)
        for name, settings in task.by_corpus(indexes):
            most = max(len(setting.qids) for setting in settings.values())
            search = ExactSearch(encoded.document_vectors[encoded.columns[name]], most)
            for index, setting in settings.items():
                yield index, search.score_blocks(encoded.queries(setting))

    def rank(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Ranks]]:
        """Rank the documents of some settings, query language by query language.

        What is computed together depends on the task and not on ``indexes``: BLAS rounds scores differently in
        different positions of a matrix product, and they must be the same when only a part of the task is ranked.
        """
        encoded = EncodedTask.of(task, self.system)
        query_count = sum(map(len, encoded.query_rows.values()))
        searched: set[str] = set()
        for lang in encoded.query_rows:
            members = [index for index, setting in enumerate(task.settings) if setting.query_lang == lang]
            wanted = [index for index in members if index in indexes]
            if not wanted:
                continue
            corpora = {task.settings[index].corpus for index in members}
            if corpora != searched:
                searched = corpora
                used = np.unique(np.concatenate([encoded.columns[name] for name in corpora]))
                vectors = encoded.document_vectors
                search = ExactSearch(vectors if len(used) == len(vectors) else vectors[used], query_count)
            settings = [task.settings[index] for index in wanted]
            columns = [np.searchsorted(used, encoded.columns[setting.corpus]) for setting in settings]
            pairs = _RelevantPairs(settings, encoded.query_rows[lang], columns, len(used))
            for start, scores in search.score_blocks(encoded.query_vectors[lang]):
                pairs.count_ranks(scores, start)
            yield from zip(wanted, pairs.ranks_by_setting(), strict=True)


class _RelevantPairs:
    """The (query, relevant document) pairs of some settings with the same query language, by row of the query.

    Args:
        settings: The settings.
        query_rows: The row of each query.
        columns: For each setting, the columns of its documents.
        width: The number of columns.
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        query_rows: dict[tuple[str, str], int],
        columns: Sequence[np.ndarray],
        width: int,
    ) -> None:
        self._settings = settings
        self._depths = [len(of_setting) for of_setting in columns]
        # Most settings have the same queries.
        distinct = {(setting.qids, setting.texts): setting for setting in settings}
        rows = {
            key: np.array([query_rows[query] for query in setting.queries], np.int64)
            for key, setting in distinct.items()
        }
        self._query_rows = [rows[setting.qids, setting.texts] for setting in settings]
        row = np.concatenate(
            [of_setting[setting.query] for of_setting, setting in zip(self._query_rows, settings, strict=True)]
        )
        column = np.concatenate(
            [of_setting[setting.column] for setting, of_setting in zip(settings, columns, strict=True)]
        )
        number = np.repeat(np.arange(len(settings)), [len(setting.query) for setting in settings])
        # Pairs are counted by row and returned by setting.
        self._order = np.argsort(row, kind="stable")
        self._row, self._column, self._setting = row[self._order], column[self._order], number[self._order]
        self._corpora = np.zeros((len(settings), width), bool)
        for mask, of_setting in zip(self._corpora, columns, strict=True):
            mask[of_setting] = True
        self._ranks = np.zeros((2, len(row)), np.int64)
        # By pool: the column of the first result of each row.
        self._first = {
            index: np.full(len(query_rows), -1) for index, setting in enumerate(settings) if setting.kind == "multi"
        }

    def count_ranks(self, scores: np.ndarray, start: int) -> None:
        """Rank the pairs of a block of rows, in as many threads as the matrix product had.

        Args:
            scores: float32 ``[rows, documents]``.
            start: The first row.
        """
        threads = _thread_count()
        size = -(-len(scores) // threads)

        def count(first: int) -> None:
            part = scores[first : first + size]
            pairs = slice(*np.searchsorted(self._row, [start + first, start + first + len(part)]))
            row = self._row[pairs] - start - first
            self._ranks[:, self._order[pairs]] = count_ranks(
                part, row, self._column[pairs], corpora=self._corpora, corpus=self._setting[pairs]
            )
            for index, first_of_row in self._first.items():
                corpus = self._corpora[index]
                first_of_row[start + first : start + first + len(part)] = first_columns(
                    part if corpus.all() else part[:, corpus]
                )

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count, range(0, len(scores), size)))

    def ranks_by_setting(self) -> Iterator[Ranks]:
        """Yield the counted ranks of each setting."""
        ends = np.cumsum([len(setting.query) for setting in self._settings])[:-1]
        parts = np.split(self._ranks, ends, axis=1)
        for index, (setting, ranks, depth) in enumerate(zip(self._settings, parts, self._depths, strict=True)):
            first = self._first[index][self._query_rows[index]] if index in self._first else None
            yield setting.ranks(ranks, depth, first)


def _thread_count() -> int:
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(int(wanted), available) if wanted.isdigit() and int(wanted) > 0 else available
