"""Plans: the batches of one sampler over one pair store, each a function of the seed and the step."""

from abc import ABC, abstractmethod
from operator import index

import numpy as np

from pyterrier_hybrid.training._strata import Strata

Triple = tuple[int, str, str]

# The streams of one step must not share random numbers, or the choice of a batch's kind would foretell its content.
_KIND, _MONO, _CROSS = 0, 1, 2


class Plan(ABC):
    """The batches of one sampler over one pair store.

    Attributes:
        batch_size: Number of pairs in every batch.
        seed: The seed that, with the step, decides each batch.
    """

    def __init__(self, batch_size: int, seed: int) -> None:
        self.batch_size, self.seed = batch_size, seed

    @abstractmethod
    def batch(self, t: int) -> list[Triple]:
        """Return the pairs of step ``t``.

        Args:
            t: The step, from 0.

        Returns:
            ``batch_size`` triples (item, query language, passage language), no two of one group.

        Raises:
            ValueError: If ``t`` is negative.
        """

    @abstractmethod
    def kind(self, t: int) -> str:
        """Return ``"mono"`` or ``"cross"``, the kind of the batch of step ``t``."""

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


class StrataPlan(Plan):
    """Batches drawn from strata: all slots of a monolingual batch in one, each of a cross-lingual one in its own."""

    def __init__(self, kind: str, languages: list[tuple[str, str]], strata: Strata, batch_size: int, seed: int) -> None:
        super().__init__(batch_size, seed)
        self._kind, self._languages, self._strata = kind, languages, strata

    def kind(self, t: int) -> str:
        checked_step(t)
        return self._kind

    def batch(self, t: int) -> list[Triple]:
        mono = self._kind == "mono"
        rng = np.random.default_rng([self.seed, checked_step(t), _MONO if mono else _CROSS])
        slots = rng.integers(len(self._languages), size=1 if mono else self.batch_size)
        items, strata = self._strata.draw(np.broadcast_to(slots, self.batch_size), rng)
        return [(item, *self._languages[stratum]) for item, stratum in zip(items, strata, strict=True)]


class HybridPlan(Plan):
    """Batches of one of two plans, chosen anew at every step."""

    def __init__(self, alpha: float, mono: Plan | None, cross: Plan | None, batch_size: int, seed: int) -> None:
        super().__init__(batch_size, seed)
        self._alpha, self._mono, self._cross = alpha, mono, cross

    def _plan(self, t: int) -> Plan:
        mono = np.random.default_rng([self.seed, checked_step(t), _KIND]).random() < self._alpha
        return self._mono if mono else self._cross

    def kind(self, t: int) -> str:
        return self._plan(t).kind(t)

    def batch(self, t: int) -> list[Triple]:
        return self._plan(t).batch(t)


def checked_step(t: int) -> int:
    t = index(t)
    if t < 0:
        raise ValueError(f"there is no step t={t}: steps count from 0")
    return t
