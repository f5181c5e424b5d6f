"""The queries on which two systems differ most, with texts and ranks."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.measures.ranks import Ranks, ranks_to_depth
from pyterrier_hybrid.experiment.ranking.base import Task
from pyterrier_hybrid.experiment.report.frames import Cell
from pyterrier_hybrid.experiment.settings import KINDS

QUERIES = 5
"""Number of queries of each pair of systems, kind and direction."""
FEW = 4
"""Number of systems up to which every pair is compared."""

_COLUMNS = [
    "system", "other", "kind", "doc_lang", "query_lang", "qid", "query", "measure", "value", "other_value", "docno",
    "lang", "text", "rank", "other_rank",
]  # fmt: skip


class _Query(NamedTuple):
    """A query on which two systems differ: how much, its question, and its rows of the frame."""

    difference: float
    question: str
    rows: list[tuple[Any, ...]]


class Differences:
    """Collects the queries on which pairs of systems differ most, while the documents are in memory.

    Args:
        systems: The names of the systems.
        baseline: The system that the others are compared with; None: every pair is compared, or each system with the
            first one if there are more than :data:`FEW`.
        measures: The measures; of each kind, the first one that it has is compared.
    """

    def __init__(self, systems: Sequence[str], baseline: str | None, measures: Sequence[str]) -> None:
        if baseline is None and len(systems) <= FEW:
            self._pairs = [(later, earlier) for earlier, later in combinations(systems, 2)]
        else:
            first = systems[0] if baseline is None else baseline
            self._pairs = [(system, first) for system in systems if system != first]
        self._measures = list(measures)
        self._found: dict[tuple[str, str, str, bool], list[_Query]] = {}

    def add(
        self,
        task: Task,
        values: Mapping[Cell, Sequence[np.ndarray]],
        ranks: Mapping[tuple[str, int], Sequence[Ranks]],
        *,
        first: int,
    ) -> None:
        """Add the queries of some settings.

        Args:
            task: The settings, and their documents.
            values: The values of the queries by cell and seed, as for :class:`Frames`.
            ranks: The ranks of each system in each setting of the task, by seed.
            first: The number of the task's first setting in ``values``.
        """
        for kind in KINDS:
            indices = [index for index, setting in enumerate(task.settings) if setting.kind == kind]
            for system, other in self._pairs if indices else ():
                measure = self._measure(values, system, first + indices[0])
                if measure is None:
                    continue
                means = [
                    [np.mean(values[name, first + index, measure], axis=0) for index in indices]
                    for name in (system, other)
                ]
                sign = -1 if lower_is_better(measure) else 1
                gains = [sign * (own - others) for own, others in zip(*means, strict=True)]
                for better in (True, False):
                    chosen = _largest(task, indices, gains if better else [-gain for gain in gains])
                    queries = self._found.setdefault((system, other, kind, better), [])
                    for place, query, difference in chosen:
                        index = indices[place]
                        setting = task.settings[index]
                        head = (
                            system, other, kind, setting.doc_lang, setting.query_lang, setting.qids[query],
                            setting.texts[query], measure, *(float(of[place][query]) for of in means),
                        )  # fmt: skip
                        documents = _documents(task, index, query, [ranks[name, index] for name in (system, other)])
                        rows = [(*head, *document) for document in documents]
                        queries.append(_Query(difference, setting.questions[query], rows))
                    queries.sort(key=lambda query: -query.difference)
                    self._found[system, other, kind, better] = _one_of_each_question(queries)

    def frame(self) -> pd.DataFrame | None:
        """Return the columns of :attr:`LanguageResults.differences`; None for a single system."""
        if not self._pairs:
            return None
        rows = [row for queries in self._found.values() for query in queries for row in query.rows]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def _measure(self, values: Mapping[Cell, Any], system: str, setting: int) -> str | None:
        return next((measure for measure in self._measures if (system, setting, measure) in values), None)


def _largest(task: Task, indices: Sequence[int], gains: Sequence[np.ndarray]) -> list[tuple[int, int, float]]:
    """Return the setting, the query and the gain of those that gain most, one of each question."""
    place = np.repeat(np.arange(len(gains)), [len(gain) for gain in gains])
    query = np.concatenate([np.arange(len(gain)) for gain in gains])
    gain = np.concatenate(gains)
    order = np.argsort(-gain, kind="stable")
    # A difference in the last digits is rounding.
    order = order[gain[order] > 1e-9]
    questions: dict[str, tuple[int, int, float]] = {}
    for number in order.tolist():
        if len(questions) == QUERIES:
            break
        question = task.settings[indices[place[number]]].questions[query[number]]
        questions.setdefault(question, (int(place[number]), int(query[number]), float(gain[number])))
    return list(questions.values())


def _one_of_each_question(queries: Sequence[_Query]) -> list[_Query]:
    """Keep the first query of each question, as many as are shown."""
    first: dict[str, _Query] = {}
    for query in queries:
        first.setdefault(query.question, query)
    return list(first.values())[:QUERIES]


def _documents(
    task: Task, index: int, query: int, ranks: Sequence[Sequence[Ranks]]
) -> Iterator[tuple[str, str, str, float, float]]:
    """Yield docno, language, text and both ranks of each relevant document of a query."""
    setting = task.settings[index]
    corpus = task.corpora[setting.corpus]
    for pair in range(*np.searchsorted(setting.query, [query, query + 1])):
        rank, other_rank = (_rank(of_system, pair) for of_system in ranks)
        if setting.in_corpus[pair]:
            document = corpus.documents[corpus.order[setting.column[pair]]]
            yield document.doc_id, document.lang, document.text, rank, other_rank
        else:
            yield "", "", "", rank, other_rank


def _rank(seeds: Sequence[Ranks], pair: int) -> float:
    """Return a document's rank, with several seeds the mean of its ranks; NaN if it was never retrieved."""
    if all(ranks.rank[pair] == 0 for ranks in seeds):
        return np.nan
    return float(np.mean([ranks_to_depth(ranks, ranks.depth)[pair] for ranks in seeds]))
