"""Functions from a corpus to a transformer as systems."""

from collections.abc import Collection, Iterator
from typing import Any

from pyterrier_hybrid.experiment.errors import OutputTypeError
from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.retrieved import score_retrieved
from pyterrier_hybrid.retrieval.protocols import is_corpus_function


class FunctionRanker(Ranker):
    """A function, called once for each corpus."""

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether a system is a function of a corpus."""
        return is_corpus_function(system)

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Score the documents of some settings."""
        for name, settings in task.by_corpus(indexes):
            corpus = task.corpora[name]
            retriever = self.system(corpus)
            if not hasattr(retriever, "transform"):
                raise OutputTypeError(
                    f"for the corpus {corpus.id} the function returned a {type(retriever).__name__}; "
                    "it must return a PyTerrier transformer that retrieves"
                )
            for index, setting in settings.items():
                yield index, score_retrieved(retriever.transform, corpus, setting)
