"""Files of rankings as systems."""

from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd

from pyterrier_hybrid.experiment.errors import OutputError
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.retrieved import score_retrieved
from pyterrier_hybrid.experiment.settings import Setting
from pyterrier_hybrid.experiment.systems import Runs


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
