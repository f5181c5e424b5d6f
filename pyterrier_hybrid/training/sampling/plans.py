"""Plans: the batches of one sampler over one pair store, each a function of the seed and the step."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import chain
from numbers import Real
from operator import index
from typing import NamedTuple

import numpy as np

from pyterrier_hybrid.training.sampling.strata import PairArrays, Strata

Triple = tuple[int, str, str]
Languages = tuple[tuple[str, str], ...]


class Row(NamedTuple):
    """A pair as it is drawn: with the block of its item, which tells what other texts the item has."""

    item: int
    query_language: str
    passage_language: str
    block: int


class Plan(ABC):
    """The batches of one sampler over one pair store.

    Attributes:
        batch_size: Number of pairs in every batch.
        seed: The seed that, with the step, decides each batch.
        repeats_items: Whether an item may have several rows in a batch, each with another right passage.
    """

    repeats_items = False

    # How many plans deep this one contains others. One step's plans must not share random numbers, or the choice
    # between two samplers would foretell what they draw.
    _depth = 0

    def __init__(self, batch_size: int, seed: int) -> None:
        self.batch_size, self.seed = batch_size, seed

    @property
    @abstractmethod
    def languages(self) -> Languages:
        """The pairs (query language, passage language) that batches may have."""

    @abstractmethod
    def kind(self, t: int) -> str:
        """Return what the languages of the batch of step ``t`` are.

        ``"mono"`` is one language in the whole batch, ``"cross"`` two different ones in every pair, ``"mixed"`` any
        others.
        """

    @abstractmethod
    def rows(self, t: int) -> list[Row]:
        """Return the pairs of step ``t`` with the blocks of their items."""

    def batch(self, t: int) -> list[Triple]:
        """Return the pairs of step ``t``.

        Args:
            t: The step, from 0.

        Returns:
            ``batch_size`` triples (item, query language, passage language), no two items of one group.

        Raises:
            ValueError: If ``t`` is negative.
        """
        return [row[:3] for row in self.rows(t)]

    def slice(self, t: int, rank: int, world_size: int) -> list[Triple]:
        """Return the part of one process of the global batch of step ``t``.

        The parts of all ranks, one after the other, are ``batch(t)``: the processes train on the batch that one process
        would have, which keeps a monolingual batch monolingual when negatives are gathered.

        Args:
            t: The step, from 0.
            rank: The process, from 0 to ``world_size - 1``.
            world_size: Number of processes.

        Returns:
            ``batch_size / world_size`` triples.

        Raises:
            ValueError: If the batch does not divide evenly, or there is no such rank.
        """
        if world_size < 1 or self.batch_size % world_size:
            raise ValueError(
                f"batch_size={self.batch_size} does not divide into world_size={world_size} equal parts: "
                "choose a batch_size that is a multiple of the number of processes"
            )
        if not 0 <= rank < world_size:
            raise ValueError(f"rank={rank} is not one of 0 to {world_size - 1} (world_size={world_size})")
        part = self.batch_size // world_size
        return self.batch(t)[rank * part : (rank + 1) * part]

    def _rng(self, t: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(checked_step(t), self._depth)))


class Part(NamedTuple):
    """What the slots of a batch are drawn from: strata, their languages and their shares."""

    languages: Languages
    strata: Strata
    shares: np.ndarray


class StrataPlan(Plan):
    """Batches drawn from the strata of one part, all slots in one stratum or each in its own.

    Args:
        parts: One, or one for each dataset where a batch is of one dataset.
        shares: The share of each part, float64 [parts], or None to take them in turn.
        together: Whether all slots of a batch are in one stratum.
        batch_size: Pairs in every batch.
        seed: Not negative.
    """

    def __init__(
        self, parts: Sequence[Part], shares: np.ndarray | None, *, together: bool, batch_size: int, seed: int
    ) -> None:
        super().__init__(batch_size, seed)
        self._parts, self._together = parts, together
        self._points = None if shares is None else np.cumsum(shares)
        self._slot_points = [np.cumsum(part.shares) for part in parts]
        self._languages = tuple(dict.fromkeys(chain.from_iterable(part.languages for part in parts)))
        equal = {query == passage for query, passage in self._languages}
        if equal == {False}:
            self._kind = "cross"
        else:
            self._kind = "mono" if equal == {True} and (together or len(self._languages) == 1) else "mixed"

    @property
    def languages(self) -> Languages:
        """Language pairs that batches may have."""
        return self._languages

    def kind(self, t: int) -> str:
        """Kind of the batch at step ``t``."""
        checked_step(t)
        return self._kind

    def rows(self, t: int) -> list[Row]:
        """Rows of the batch at step ``t``."""
        rng = self._rng(t)
        if len(self._parts) == 1:
            number = 0
        elif self._points is None:
            number = t % len(self._parts)
        else:
            number = int(_drawn(self._points, 1, rng)[0])
        part = self._parts[number]
        slots = _drawn(self._slot_points[number], 1 if self._together else self.batch_size, rng)
        items, strata, blocks = part.strata.draw(np.broadcast_to(slots, self.batch_size), part.shares, rng)
        return [
            Row(item, *part.languages[stratum], block)
            for item, stratum, block in zip(items, strata, blocks, strict=True)
        ]


class HybridPlan(Plan):
    """Batches of one of two plans, chosen anew at every step; a plan of None is one that is never chosen."""

    def __init__(
        self,
        alpha: float | Callable[[int], float],
        mono: Plan | None,
        cross: Plan | None,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__(batch_size, seed)
        self._alpha, self._mono, self._cross = alpha, mono, cross
        self._parts = [plan for plan in (mono, cross) if plan is not None]
        self._depth = 1 + max(plan._depth for plan in self._parts)
        self.repeats_items = any(plan.repeats_items for plan in self._parts)

    @property
    def languages(self) -> Languages:
        """Language pairs that batches may have."""
        return tuple(dict.fromkeys(chain.from_iterable(plan.languages for plan in self._parts)))

    def alpha(self, t: int) -> float:
        """Return the probability of a monolingual batch at step ``t``."""
        alpha = self._alpha(checked_step(t)) if callable(self._alpha) else self._alpha
        if isinstance(alpha, bool) or not isinstance(alpha, Real) or not 0 <= alpha <= 1:
            raise ValueError(f"alpha is {alpha!r} at step {t}: it must be a number from 0 to 1 at every step")
        return float(alpha)

    def _plan(self, t: int) -> Plan:
        return self._mono if self._rng(t).random() < self.alpha(t) else self._cross

    def kind(self, t: int) -> str:
        """Kind of the batch at step ``t``."""
        return self._plan(t).kind(t)

    def rows(self, t: int) -> list[Row]:
        """Rows of the batch at step ``t``."""
        return self._plan(t).rows(t)


class LengthGroupedPlan(Plan):
    """One of ``pool`` parts of a larger batch sorted by text length."""

    def __init__(self, inner: Plan, pairs: PairArrays, pool: int, *, batch_size: int, seed: int) -> None:
        super().__init__(batch_size, seed)
        self._inner, self._pairs, self._pool = inner, pairs, pool
        self._depth = inner._depth + 1

    @property
    def languages(self) -> Languages:
        """Language pairs that batches may have."""
        return self._inner.languages

    def kind(self, t: int) -> str:
        """Kind of the batch at step ``t``."""
        return self._inner.kind(t)

    def rows(self, t: int) -> list[Row]:
        """Rows of the batch at step ``t``."""
        part = int(self._rng(t).integers(self._pool))
        rows = self._inner.rows(t)
        lengths = [
            len(self._pairs.query(row.item, row.query_language))
            + len(self._pairs.passage(row.item, row.passage_language))
            for row in rows
        ]
        order = np.argsort(lengths, kind="stable")[part * self.batch_size : (part + 1) * self.batch_size]
        # In the order of the draw, so that the slices of several processes are equally long.
        return [rows[place] for place in np.sort(order).tolist()]


class MultiPositivePlan(Plan):
    """The rows of another plan, each followed by rows of the same query with other translations of its passage."""

    repeats_items = True

    def __init__(self, inner: Plan, pairs: PairArrays, positives: int | None, *, batch_size: int, seed: int) -> None:
        super().__init__(batch_size, seed)
        self._inner, self._codes = inner, list(pairs.languages)
        self._extra = len(self._codes) if positives is None else positives - 1
        self._depth = inner._depth + 1
        drawn = {self._codes.index(passage) for _, passage in inner.languages}
        self._columns = np.array(sorted(drawn))
        self._has_passage = np.asarray(pairs.blocks.has_passage)
        self._is_translation = np.asarray(pairs.blocks.is_translation)

    @property
    def languages(self) -> Languages:
        """Language pairs that batches may have."""
        queries = dict.fromkeys(query for query, _ in self._inner.languages)
        return tuple((query, self._codes[column]) for query in queries for column in self._columns)

    def kind(self, t: int) -> str:
        """Kind of the batch at step ``t``."""
        return self._inner.kind(t) if self._extra == 0 or len(self._columns) == 1 else "mixed"

    def rows(self, t: int) -> list[Row]:
        """Rows of the batch at step ``t``."""
        rng = self._rng(t)
        rows: list[Row] = []
        for row in self._inner.rows(t):
            if len(rows) >= self.batch_size:
                break
            rows.append(row)
            # The query of a translation group is the text of its language, which is no passage of its own.
            unwanted = {row.passage_language, row.query_language if self._is_translation[row.block] else None}
            present = self._columns[self._has_passage[row.block, self._columns]]
            others = [self._codes[column] for column in rng.permutation(present).tolist()]
            others = [code for code in others if code not in unwanted][: self._extra]
            rows += [row._replace(passage_language=code) for code in others]
        return rows[: self.batch_size]


def checked_step(t: int) -> int:
    """Return the step as an int, or refuse a negative one."""
    t = index(t)
    if t < 0:
        raise ValueError(f"there is no step t={t}: steps count from 0")
    return t


def _drawn(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``count`` numbers by the running sums of their shares."""
    return np.minimum(np.searchsorted(points, rng.random(count) * points[-1], side="right"), len(points) - 1)
