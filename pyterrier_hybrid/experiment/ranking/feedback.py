"""Searches with feedback as systems."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.cache.vectors import innermost_encoder
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.exact import MATRIX_CELLS, EncodedTask, ExactSearch
from pyterrier_hybrid.retrieval.fusion import Feedback, best_cells


class FeedbackRanker(Ranker):
    """A search with feedback, which ranks all documents."""

    system: Feedback

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether :func:`pyterrier_hybrid.feedback` made a system."""
        return isinstance(system, Feedback)

    @property
    def encoder(self) -> Any:
        """The encoder, or the one inside a debiased encoder."""
        return innermost_encoder(self.system.encoder)

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Score the documents of some settings, corpus by corpus, since a query moves differently in each."""
        encoded = EncodedTask.of(task, self.system.encoder)
        for name, settings in task.by_corpus(indexes):
            documents = encoded.document_vectors[encoded.columns[name]]
            search = ExactSearch(documents, max(len(setting.qids) for setting in settings.values()))
            for index, setting in settings.items():
                moved = self._move(encoded.queries(setting), documents, search)
                yield index, search.score_blocks(moved)

    def _move(self, queries: np.ndarray, documents: np.ndarray, search: ExactSearch) -> np.ndarray:
        """Move queries towards the first documents that they retrieve."""
        transformer = self.system.transformer
        k = min(transformer.k, len(documents))
        best = [np.nonzero(best_cells(scores, k))[1].reshape(-1, k) for _, scores in search.score_blocks(queries)]
        first = np.concatenate(best)
        # The vectors of these documents take as much memory as a block of scores.
        size = max(1, MATRIX_CELLS // (k * documents.shape[1]))
        moved = [
            transformer.move(queries[start : start + size], documents[first[start : start + size]])
            for start in range(0, len(queries), size)
        ]
        return np.concatenate(moved)
