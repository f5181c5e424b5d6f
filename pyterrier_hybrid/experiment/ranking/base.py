"""The interface of all kinds of systems, what they rank, and the cache around them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.cache.rank_cache import StoredRanks
from pyterrier_hybrid.experiment.cache.vectors import Vectors
from pyterrier_hybrid.experiment.errors import OutputError, located
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.counting import count_ranks, first_columns
from pyterrier_hybrid.experiment.settings import Corpus, FamilyLike, Setting, read_corpora, read_settings
from pyterrier_hybrid.retrieval.protocols import fingerprint_of

Blocks = Iterable[tuple[int, np.ndarray]]
"""The scores of a setting, some queries at a time."""


@dataclass(frozen=True)
class Task:
    """Settings to rank, and what systems share while they rank them.

    Attributes:
        settings: The settings.
        corpora: Their corpora by name.
        vectors: Vectors of texts, which systems with the same encoder share.
    """

    settings: Sequence[Setting]
    corpora: dict[str, Corpus]
    vectors: Vectors

    @classmethod
    def read(
        cls, family: FamilyLike, kinds: Sequence[str], languages: Sequence[str], cache: Path | None = None
    ) -> "Task":
        """Read some settings of a dataset family.

        Args:
            family: The dataset family.
            kinds: Some of mono, cross, multi.
            languages: Some of the family's languages.
            cache: The folder of the experiment's cache.
        """
        corpora = read_corpora(family, kinds, languages)
        settings = read_settings(family, kinds, languages, corpora)
        return cls(settings, corpora, Vectors(None if cache is None else cache / "vectors"))

    def by_corpus(self, indexes: Collection[int]) -> Iterator[tuple[str, dict[int, Setting]]]:
        """Group settings by corpus, so that one index is open at a time.

        Args:
            indexes: Indexes of the settings.

        Yields:
            The name of a corpus, and its settings by index.
        """
        for name in self.corpora:
            settings = {index: self.settings[index] for index in sorted(indexes) if self.settings[index].corpus == name}
            if settings:
                yield name, settings


class Ranker(ABC):
    """One system of an experiment, or one seed of it, and how it ranks.

    A new kind of system is a subclass in a file of its own and a line in ``rankers.RANKERS``. It has a method
    :meth:`score`, or :meth:`rank` if it finds ranks without scores.

    Attributes:
        name: The system's name.
        location: Where the system was passed, such as ``systems['X-Y'][0]``, for errors.
        system: The system.
    """

    def __init__(self, name: str, location: str, system: Any) -> None:
        self.name = name
        self.location = location
        self.system = system

    @staticmethod
    @abstractmethod
    def accepts(system: Any) -> bool:
        """Whether a system is of this kind."""

    def score(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Blocks]]:
        """Score the documents of some settings.

        Args:
            task: The settings of the experiment.
            indexes: Indexes of the settings to score.

        Yields:
            The index of a setting, and its queries in blocks, to be read before the next setting and each before the
            next block: the index of the first query, and float32 ``[queries, documents]``, the documents in ascending
            order of docno, -inf where one was not retrieved.

        Raises:
            OutputError: The system's output cannot be used.
        """
        raise OutputError(f"a {type(self).__name__} gives ranks and no scores; leave overlap= out")

    def rank(self, task: Task, indexes: Collection[int]) -> Iterator[tuple[int, Ranks]]:
        """Rank the documents of some settings.

        Args:
            task: The settings of the experiment.
            indexes: Indexes of the settings to rank.

        Yields:
            The index of a setting, and the ranks of its relevant documents.

        Raises:
            OutputError: The system's output cannot be used.
        """
        for index, blocks in self.score(task, indexes):
            yield index, ranks_in_scores(task.settings[index], blocks)

    @property
    def encoder(self) -> Any:
        """The encoder that computes vectors, which are kept for later systems; ``None`` if there is none."""
        return None

    @cached_property
    def fingerprint(self) -> str | None:
        """The system's fingerprint, ``None`` if it has none; computed once, since an encoder reads all its weights."""
        return fingerprint_of(self.system)

    def cache_key(self, corpus: Corpus, setting: Setting) -> Any:
        """Return what rankings depend on besides the texts, as a JSON value; by default, the system's fingerprint.

        ``None`` if that is unknown; nothing is then cached.

        Args:
            corpus: The setting's corpus.
            setting: The setting.
        """
        return None if self.fingerprint is None else [type(self).__name__, self.fingerprint]


def rank_settings(ranker: Ranker, task: Task, cache: Path | None) -> Iterator[tuple[int, Ranks]]:
    """Rank all settings of a task, each from the cache if it is there.

    Args:
        ranker: The system.
        task: The settings.
        cache: The folder of the experiment's cache.

    Yields:
        The index of a setting and its ranks, cached ones first.

    Raises:
        OutputError: The system's output cannot be used.
        ValueError: A file of the cache is damaged.
    """
    stored = StoredRanks(None if cache is None else cache / "ranks", ranker.cache_key)
    pending = set()
    for index, setting in enumerate(task.settings):
        ranks = stored.read(task.corpora[setting.corpus], setting)
        if ranks is None:
            pending.add(index)
        else:
            yield index, ranks
    if not pending:
        return
    with located(ranker.location):
        for index, ranks in ranker.rank(task, pending):
            setting = task.settings[index]
            stored.write(task.corpora[setting.corpus], setting, ranks)
            yield index, ranks


def ranks_in_scores(setting: Setting, blocks: Blocks) -> Ranks:
    """Find the ranks of a setting's relevant documents in scores.

    Args:
        setting: The setting.
        blocks: Its scores, as :meth:`Ranker.score` yields them.
    """
    ranks, first, depth = [], [], 0
    for start, scores in blocks:
        pairs = slice(*np.searchsorted(setting.query, [start, start + len(scores)]))
        ranks.append(count_ranks(scores, setting.query[pairs] - start, setting.column[pairs]))
        if setting.kind == "multi":
            first.append(first_columns(scores))
        depth = scores.shape[1]
    return setting.ranks(np.concatenate(ranks, axis=1), depth, np.concatenate(first) if first else None)
