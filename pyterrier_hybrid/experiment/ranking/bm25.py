"""BM25 as a system: ``"bm25"``."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.base import Ranker, Task
from pyterrier_hybrid.experiment.ranking.retrieved import rank_retrieved
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.utils.files import scratch_folder


class BM25Ranker(Ranker):
    """BM25, each corpus indexed in a temporary folder."""

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether a system is ``"bm25"``."""
        return isinstance(system, str) and system == "bm25"

    def cache_key(self, corpus: Corpus, setting: Setting) -> Any:
        """Return the analysis of the texts and the parameters."""
        return bm25_key({*corpus.languages, setting.query_lang})

    def rank(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Ranks]]:
        """Rank the documents of some settings."""
        from pyterrier_hybrid.retrieval import BM25Index

        for name, settings in task.by_corpus(indexes):
            corpus = task.corpora[name]
            with scratch_folder("bm25") as folder:
                index = BM25Index(folder / "index")
                index.indexer().index(corpus.get_corpus_iter())
                retriever = index.retriever(num_results=len(corpus))
                for number, setting in settings.items():
                    yield number, rank_retrieved(retriever.transform, corpus, setting)


def bm25_key(languages: Iterable[str]) -> Any:
    """Return what BM25's rankings depend on besides the texts, for cache keys.

    Args:
        languages: The languages of the documents and of the queries.
    """
    from pyterrier_hybrid import __version__
    from pyterrier_hybrid.retrieval.bm25 import K1, B, choose_engine
    from pyterrier_hybrid.text.analysis import analyzer

    analyses = {lang: analyzer(lang).signature for lang in languages}
    return ["bm25", __version__, choose_engine("auto"), K1, B, analyses]
