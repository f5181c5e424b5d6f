"""The interfaces of batch sampling: a sampler, the pair store that it reads, and the plan that it makes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

import numpy as np

from pyterrier_hybrid.training.sampling.config import Configurable
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.formatting import short_repr

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel.store.blocks import Blocks

Triple = tuple[int, str, str]
"""A pair in a batch: item, query language, passage language."""

LanguagePairs = tuple[tuple[str, str], ...]
"""Pairs (query language, passage language)."""


class PairArrays(Protocol):
    """What a sampler reads from a pair store; :class:`~pyterrier_hybrid.parallel.ParallelPairs` is one."""

    @property
    def languages(self) -> Sequence[str]:
        """Codes of all languages."""

    @property
    def datasets(self) -> Sequence[str]:
        """Names of all datasets."""

    @property
    def groups(self) -> np.ndarray:
        """Group of each item, int64 [n]; may be memory-mapped."""

    @property
    def blocks(self) -> "Blocks":
        """The items, sorted by dataset and languages; may be memory-mapped."""

    def query(self, item: int, language: str, /) -> str:
        """Return the query of an item; only :class:`LengthGroupedSampler` reads texts."""

    def passage(self, item: int, language: str, /) -> str:
        """Return the passage of an item; only :class:`LengthGroupedSampler` reads texts."""


class Row(NamedTuple):
    """A pair in a batch, with the block of its item in the pair store.

    Attributes:
        item: The item.
        query_language: Language of the query.
        passage_language: Language of the passage.
        block: The item's block, which says in which other languages the item has texts.
    """

    item: int
    query_language: str
    passage_language: str
    block: int


class Plan(ABC):
    """The batches of one sampler over one pair store, each a function of the seed and the step.

    Args:
        batch_size: Number of pairs in every batch.
        seed: Seed of the random draws.
        inner: Other plans that this plan takes its batches from.

    Attributes:
        batch_size: Number of pairs in every batch.
        seed: Together with the step, the seed determines each batch.
        repeats_items: Whether an item may have several rows in a batch, each with a different positive.
    """

    repeats_items: bool = False

    # A plan must not share random numbers with the plans inside it: the choice between two samplers would otherwise be
    # correlated with what they draw. So the depth of nesting is part of the random generator's key.
    _depth: int = 0

    def __init__(self, batch_size: int, seed: int, *, inner: Sequence["Plan"] = ()) -> None:
        self.batch_size, self.seed = batch_size, seed
        if inner:
            self.repeats_items = any(plan.repeats_items for plan in inner)
            self._depth = max(plan._depth for plan in inner) + 1

    def __repr__(self) -> str:
        languages = f"{len(self.languages)} language pairs"
        return f"<{type(self).__name__}: batch_size={self.batch_size}, seed={self.seed}, {languages}>"

    @property
    @abstractmethod
    def languages(self) -> LanguagePairs:
        """All pairs (query language, passage language) that batches may contain."""

    @abstractmethod
    def kind(self, t: int) -> str:
        """Return the kind of the batch of step ``t``.

        Args:
            t: The step, from 0.

        Returns:
            ``"mono"`` if the whole batch is in one language, ``"cross"`` if the two languages differ in every pair,
            ``"mixed"`` otherwise.
        """

    @abstractmethod
    def rows(self, t: int) -> list[Row]:
        """Return the pairs of step ``t`` with the blocks of their items.

        Args:
            t: The step, from 0.
        """

    def batch(self, t: int) -> list[Triple]:
        """Return the pairs of step ``t``.

        Args:
            t: The step, from 0.

        Returns:
            ``batch_size`` triples (item, query language, passage language). No two different items are of one group.

        Raises:
            ValueError: If ``t`` is negative.
        """
        return [row[:3] for row in self.rows(t)]

    def slice(self, t: int, rank: int, world_size: int) -> list[Triple]:
        """Return the rows of the global batch of step ``t`` that one process trains on.

        The slices of all ranks, one after the other, are ``batch(t)``. So several processes train on the same batches
        as one process would, and a monolingual batch stays monolingual when negatives are gathered.

        Args:
            t: The step, from 0.
            rank: The process, from 0 to ``world_size - 1``.
            world_size: Number of processes.

        Returns:
            ``batch_size / world_size`` triples.

        Raises:
            ValueError: If the batch does not divide evenly, or the rank does not exist.
        """
        rows = self.rows_of_rank(rank, world_size)
        return self.batch(t)[rows.start : rows.stop]

    def rows_of_rank(self, rank: int, world_size: int) -> range:
        """Return the positions in every global batch that one process trains on.

        Args:
            rank: The process, from 0 to ``world_size - 1``.
            world_size: Number of processes.

        Raises:
            ValueError: If the batch does not divide evenly, or the rank does not exist.
        """
        if world_size < 1 or self.batch_size % world_size:
            raise ValueError(
                f"batch_size={self.batch_size} does not divide into {world_size} processes: choose a multiple of it"
            )
        if not 0 <= rank < world_size:
            raise ValueError(f"rank={rank} is not one of 0 to {world_size - 1} (world_size={world_size})")
        size = self.batch_size // world_size
        return range(rank * size, (rank + 1) * size)

    def _rng(self, t: int) -> np.random.Generator:
        step = whole_number("t", t, least=0)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(step, self._depth)))


class Sampler(Protocol):
    """What :func:`~pyterrier_hybrid.training.train` takes: a name and a plan."""

    name: ClassVar[str]

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Plan the batches over a pair store.

        Args:
            pairs: The pair store.
            batch_size: Number of pairs in every batch.
            seed: Seed of the random draws, at least 0.
        """


@dataclass(frozen=True, repr=False)
class ConfigurableSampler(Configurable, ABC):
    """Base of the samplers of this package.

    Attributes:
        name: The name in tables and figures, such as ``"X-X-mono"``.
        config_name: The name in configs and recipes, such as ``"mono"``.
    """

    name: ClassVar[str]

    @abstractmethod
    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Plan the batches over a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Number of pairs in every batch.
            seed: Seed of the random draws, at least 0.
        """


def check_plan_options(batch_size: int, seed: int) -> tuple[int, int]:
    """Return the batch size and the seed of a plan as ints.

    Args:
        batch_size: At least 1.
        seed: At least 0; of any size.

    Raises:
        TypeError: If one is not a whole number.
        ValueError: If one is too small.

    Example:
        >>> check_plan_options(100, -1)
        Traceback (most recent call last):
        ...
        ValueError: seed=-1: it must be at least 0
    """
    return whole_number("batch_size", batch_size), whole_number("seed", seed, least=0)


def check_sampler(field: str, sampler: object) -> None:
    """Check that a setting is a sampler.

    Args:
        field: Name of the setting, for the error.
        sampler: Its value.

    Raises:
        TypeError: If it is not a sampler.
    """
    if isinstance(sampler, type) or not callable(getattr(sampler, "plan", None)):
        raise TypeError(f"{field}={short_repr(sampler)} is no sampler: pass an object such as MonoSampler()")


def check_items_once(sampler: Sampler, inner: Plan) -> None:
    """Check that a plan draws every item at most once in a batch.

    Args:
        sampler: The sampler that needs this, for the error.
        inner: The plan.

    Raises:
        ValueError: If it may draw an item several times.
    """
    if inner.repeats_items:
        raise ValueError(
            f"{sampler!r} needs a sampler that draws an item once per batch: put MultiPositiveSampler outermost"
        )
