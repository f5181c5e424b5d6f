"""Fusions as systems: the results of each fused system are arrays, without a run."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.experiment.cache.vectors import innermost_encoder
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.bm25 import bm25_key, shared_bm25_index
from pyterrier_hybrid.experiment.ranking.exact import EncodedTask, ExactSearch
from pyterrier_hybrid.experiment.ranking.retrieved import RUN_ROWS, score_matrix
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.retrieval.fusion import Found, Fusion, ordered_cells
from pyterrier_hybrid.retrieval.protocols import is_encoder

Search = Callable[[Setting, slice], Found]
"""Function from some queries of a setting to results by query, best first."""


class FusionRanker(Ranker):
    """A fusion, ranked as its transformer would rank."""

    system: Fusion

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether :func:`pyterrier_hybrid.fuse` made a system."""
        return isinstance(system, Fusion)

    @property
    def encoder(self) -> Any:
        """The first encoder that is fused."""
        encoders = (system for system in self.system.systems if is_encoder(system))
        return next(map(innermost_encoder, encoders), None)

    def cache_key(self, corpus: Corpus, setting: Setting) -> Any:
        """Return the fusion's fingerprint, with BM25's analysis if BM25 is fused."""
        if self.fingerprint is None:
            return None
        with_bm25 = "bm25" in self.system.systems
        return ["fusion", self.fingerprint, with_bm25 and bm25_key({*corpus.languages, setting.query_lang})]

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Score the documents of some settings, corpus by corpus."""
        fused = self.system.combine(*(pt.Transformer.identity() for _ in self.system.systems))
        search_makers = [self._search_maker(task, system) for system in self.system.systems]
        for name, settings in task.by_corpus(indexes):
            searches = [make(name) for make in search_makers]
            width = len(task.corpora[name])
            size = max(1, RUN_ROWS // width)

            def blocks(setting: Setting) -> Iterator[tuple[int, np.ndarray]]:
                for start in range(0, len(setting.qids), size):
                    part = slice(start, min(start + size, len(setting.qids)))
                    results = [search(setting, part) for search in searches]
                    yield start, fused.fuse_matrix(results, part.stop - part.start, width)

            for index, setting in settings.items():
                yield index, blocks(setting)

    def _search_maker(self, task: Task, system: Any) -> Callable[[str], Search]:
        """Return a function from the name of a corpus to the search of one fused system over it."""
        depth = self.system.depth
        if isinstance(system, str):
            return lambda name: _search_bm25(task.corpora[name], depth)
        if is_encoder(system):
            encoded = EncodedTask.of(task, system)
            return lambda name: _search_vectors(encoded, name, depth)
        return lambda name: _search_transformer(system(task.corpora[name]), task.corpora[name])


def _search_bm25(corpus: Corpus, depth: int) -> Search:
    retriever = shared_bm25_index(corpus).retriever(depth)
    column = np.empty(len(corpus), np.int64)
    column[corpus.order] = np.arange(len(corpus))

    def search(setting: Setting, part: slice) -> Found:
        row, document, score, _ = retriever.search_arrays(setting.topics(part))
        return row, column[document], score

    return search


def _search_vectors(encoded: EncodedTask, corpus: str, depth: int) -> Search:
    exact = ExactSearch(encoded.document_vectors[encoded.columns[corpus]], RUN_ROWS)

    def search(setting: Setting, part: slice) -> Found:
        results = []
        for start, scores in exact.score_blocks(encoded.queries(setting)[part]):
            row, column, score = ordered_cells(scores, depth)
            results.append((row + start, column, score))
        rows, columns, values = zip(*results, strict=True)
        return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)

    return search


def _search_transformer(retriever: Any, corpus: Corpus) -> Search:
    docnos = pd.Index(list(corpus.column), dtype=object)

    def search(setting: Setting, part: slice) -> Found:
        topics = setting.topics(part)
        return ordered_cells(score_matrix(retriever.transform(topics), topics, docnos), len(docnos))

    return search
