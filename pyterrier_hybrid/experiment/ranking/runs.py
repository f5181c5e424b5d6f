"""Files of rankings as systems."""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from pyterrier_hybrid.experiment.errors import OutputError, located
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.retrieved import score_retrieved
from pyterrier_hybrid.experiment.settings import FamilyLike, Setting, parts_of
from pyterrier_hybrid.experiment.systems import Runs


def check_runs(
    systems: Mapping[str, Runs], family: FamilyLike, *, kinds: Sequence[str], languages: Sequence[str]
) -> None:
    """Find the faults of run files that would otherwise end an experiment after its other systems were trained.

    Args:
        systems: The systems of run files, all of which are read.
        family: The dataset family.
        kinds: The kinds of settings of the experiment.
        languages: Its languages.

    Raises:
        ValueError: A run is damaged, or is not one of the setting.
        FileNotFoundError: A file does not exist.
    """
    rankers = [RunsRanker(name, f"systems[{name!r}]", system) for name, system in systems.items()]
    for part in parts_of(kinds, languages) if rankers else ():
        with warnings.catch_warnings():
            # The experiment reads the documents again, and warns then.
            warnings.simplefilter("ignore")
            task = Task.read(family, kinds, part)
        for ranker in rankers:
            with located(ranker.location):
                for _, blocks in ranker.score(task, range(len(task.settings))):
                    for _ in blocks:
                        pass


class RunsRanker(Ranker):
    """TREC runs, one file per setting."""

    system: Runs

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether a system is :class:`~pyterrier_hybrid.experiment.Runs`."""
        return isinstance(system, Runs)

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Read the rankings of some settings."""
        for name, settings in task.by_corpus(indexes):
            for index, setting in settings.items():
                run = self._read(setting)

                def retrieve(topics: pd.DataFrame, run: pd.DataFrame = run) -> pd.DataFrame:
                    return run[run["qid"].isin(topics["qid"])]

                yield index, score_retrieved(retrieve, task.corpora[name], setting)

    def _read(self, setting: Setting) -> pd.DataFrame:
        languages = {"doc_lang": setting.doc_lang, "query_lang": setting.query_lang}
        run = self.system.read(setting.id, **languages)
        # The IDs of families end in the language of the query; a run may have the user's own ones.
        own = {qid.removesuffix(f"_{setting.query_lang}"): qid for qid in setting.qids}
        if not run["qid"].isin(setting.qids).any():
            run = run.assign(qid=run["qid"].map(own).fillna(run["qid"]))
        if len(run) and not run["qid"].isin(setting.qids).any():
            path = self.system.path(setting.id, **languages)
            raise OutputError(f"{path} ranks none of the queries of {setting.id}, such as {setting.qids[0]!r}")
        return run
