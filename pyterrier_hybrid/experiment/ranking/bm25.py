"""BM25 as a system: ``"bm25"``."""

import weakref
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.experiment.ranking.base import Blocks, Ranker, Task
from pyterrier_hybrid.experiment.ranking.retrieved import score_retrieved
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.retrieval.corpus_index import bm25_index

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval import BM25Index

_INDEXES: "weakref.WeakKeyDictionary[Corpus, BM25Index]" = weakref.WeakKeyDictionary()


class BM25Ranker(Ranker):
    """BM25, each corpus indexed once."""

    @staticmethod
    def accepts(system: Any) -> bool:
        """Whether a system is ``"bm25"``."""
        return isinstance(system, str) and system == "bm25"

    def cache_key(self, corpus: Corpus, setting: Setting) -> Any:
        """Return the analysis of the texts and the parameters."""
        return bm25_key({*corpus.languages, setting.query_lang})

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Score the documents of some settings."""
        for name, settings in task.by_corpus(indexes):
            corpus = task.corpora[name]
            retriever = shared_bm25_index(corpus).retriever(num_results=len(corpus))
            for number, setting in settings.items():
                yield number, score_retrieved(retriever.transform, corpus, setting)


def shared_bm25_index(corpus: Corpus) -> "BM25Index":
    """Return the temporary index of a corpus, which all systems share; it is deleted with the corpus."""
    if corpus not in _INDEXES:
        _INDEXES[corpus] = bm25_index(corpus)
    return _INDEXES[corpus]


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
