"""Run files of the systems of an experiment."""

import gzip
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pyterrier_hybrid.experiment.errors import located
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.retrieval.fusion import ordered_cells
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.files import file_names, whole_file


class RunFiles:
    """Writes the first documents of every query, one file for each system and setting.

    Args:
        folder: The folder.
        rankers: The rankers of each system.
        depth: Number of documents of each query.

    Raises:
        TypeError: The depth is not a whole number.
        ValueError: The depth is below 1.
    """

    def __init__(self, folder: str | os.PathLike, rankers: Mapping[str, Sequence[Ranker]], *, depth: int) -> None:
        self._folder = Path(folder)
        self._depth = whole_number("run_depth", depth, least=1)
        queue = [ranker for seeds in rankers.values() for ranker in seeds]
        names = [
            name if len(seeds) == 1 else f"{name}-{number}-of-{len(seeds)}"
            for name, seeds in rankers.items()
            for number in range(1, len(seeds) + 1)
        ]
        self._names = dict(zip(map(id, queue), file_names(names), strict=True))

    def check(self, task: Task) -> None:
        """Check that run files, whose columns are separated by spaces, can hold the ids of a task.

        Raises:
            ValueError: An id has a space in it, or is empty.
        """
        for setting in task.settings:
            _check_ids(setting.qids, f"{setting.id}: qid")
        for corpus in task.corpora.values():
            _check_ids((document.doc_id for document in corpus.documents), f"{corpus.id}: docno")

    def write(self, ranker: Ranker, task: Task) -> None:
        """Score the documents of all settings and write the files of a system, each whole or not at all.

        Raises:
            OutputError: The system's output cannot be used.
        """
        name = self._names[id(ranker)]
        with located(ranker.location):
            for index, blocks in ranker.score(task, range(len(task.settings))):
                setting = task.settings[index]
                docnos = [task.corpora[setting.corpus].documents[row].doc_id for row in _order(task, index)]
                path = self._folder / name / f"{setting.doc_lang}.{setting.query_lang}.res.gz"
                with whole_file(path) as unfinished, open(unfinished, "wb") as file:
                    # The header of a gzip file has a name and a time unless they are set.
                    with gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
                        for lines in self._lines(blocks, setting.qids, docnos, name):
                            compressed.write(lines.encode())

    def _lines(self, blocks: Blocks, qids: Sequence[str], docnos: Sequence[str], name: str) -> Iterable[str]:
        for start, scores in blocks:
            row, column, score = ordered_cells(scores, self._depth)
            rank = np.arange(len(row)) - np.searchsorted(row, row) + 1
            # Nine digits tell all numbers in single precision apart.
            yield "".join(
                f"{qids[start + query]} Q0 {docnos[document]} {place} {value:.9g} {name}\n"
                for query, document, place, value in zip(
                    row.tolist(), column.tolist(), rank.tolist(), score.tolist(), strict=True
                )
            )


def _order(task: Task, index: int) -> np.ndarray:
    return task.corpora[task.settings[index].corpus].order


def _check_ids(ids: Iterable[str], what: str) -> None:
    for value in ids:
        if value.split() != [value]:
            raise ValueError(f"runs: {what} {value!r}: a run file cannot hold an id that has spaces; leave runs out")
