"""Batches of texts of similar length."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from pyterrier_hybrid.training.sampling.hybrid import HybridSampler
from pyterrier_hybrid.training.sampling.plans import (
    ConfigurableSampler,
    LanguagePairs,
    PairArrays,
    Plan,
    Row,
    Sampler,
    check_items_once,
    check_plan_options,
    check_sampler,
)
from pyterrier_hybrid.training.sampling.strata_plan import TooFewGroupsError
from pyterrier_hybrid.utils.checks import whole_number


@dataclass(frozen=True, repr=False)
class LengthGroupedSampler(ConfigurableSampler):
    """Batches of texts of similar length, so that little is computed on padding.

    At every step another sampler draws ``pool`` times as many pairs as a batch has. They are sorted by the number of
    characters of query and passage and cut into ``pool`` batches, and one of these is taken at random. So every pair is
    as probable as with the other sampler, and the batches are of its kinds. (The ``group_by_length`` of transformers
    also sorts inside such pools, but keeps a state.)

    The negatives of a batch become harder to tell apart by length, which changes the training, not only its speed. For
    every batch, the texts of ``pool`` batches are looked up.

    Args:
        sampler: The sampler that draws; by default a :class:`HybridSampler`.
        pool: Number of batches that are drawn to make one, at least 2.

    Raises:
        TypeError: If ``sampler`` is not a sampler, or ``pool`` not a whole number.
        ValueError: If ``pool`` is below 2.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> from pyterrier_hybrid.training import MonoSampler
        >>> pairs = ParallelPairs.from_irds("atlas/train")
        >>> plan = LengthGroupedSampler(MonoSampler(languages=["en"]), pool=4).plan(pairs, batch_size=8)
        >>> lengths = [len(pairs.query(n, "en")) + len(pairs.passage(n, "en")) for n, _, _ in plan.batch(0)]
        >>> max(lengths) - min(lengths) < 30
        True
    """

    name: ClassVar[str] = "Length-grouped"
    config_name: ClassVar[str] = "length-grouped"

    sampler: Sampler = HybridSampler()
    _: KW_ONLY
    pool: int = 8

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_sampler("sampler", self.sampler)
        whole_number("pool", self.pool, least=2)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Plan the batches over a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Number of pairs in every batch.
            seed: Seed of the random draws, at least 0.

        Returns:
            The plan; ``kind(t)`` is that of the other sampler.

        Raises:
            TypeError: If ``batch_size`` or ``seed`` is not a whole number.
            ValueError: If the other sampler cannot be planned with ``pool * batch_size`` pairs, or gives items several
                rows, which sorting would separate: put this sampler inside :class:`MultiPositiveSampler`.
        """
        batch_size, seed = check_plan_options(batch_size, seed)
        try:
            inner = self.sampler.plan(pairs, batch_size=self.pool * batch_size, seed=seed)
        except TooFewGroupsError as error:
            raise TooFewGroupsError(
                f"{error} (LengthGroupedSampler draws pool={self.pool} batches of batch_size={batch_size} at once: "
                "a smaller pool needs fewer groups)"
            ) from None
        check_items_once(self, inner)
        return LengthGroupedPlan(inner, pairs, self.pool, batch_size=batch_size, seed=seed)


class LengthGroupedPlan(Plan):
    """Parts of the larger batches of another plan, sorted by text length.

    Args:
        inner: The other plan; its batches have ``pool * batch_size`` pairs.
        pairs: The pair store.
        pool: Number of parts that each batch of the other plan is cut into.
        batch_size: Number of pairs in every batch.
        seed: Seed of the random draws.
    """

    def __init__(self, inner: Plan, pairs: PairArrays, pool: int, *, batch_size: int, seed: int) -> None:
        super().__init__(batch_size, seed, inner=[inner])
        self._inner, self._pairs, self._pool = inner, pairs, pool

    @property
    def languages(self) -> LanguagePairs:
        """All pairs (query language, passage language) that batches may contain."""
        return self._inner.languages

    def kind(self, t: int) -> str:
        """Return the kind of the batch of step ``t``: that of the other plan."""
        return self._inner.kind(t)

    def rows(self, t: int) -> list[Row]:
        """Return the rows of the batch of step ``t``."""
        part = int(self._rng(t).integers(self._pool))
        rows = self._inner.rows(t)
        lengths = [
            len(self._pairs.query(row.item, row.query_language))
            + len(self._pairs.passage(row.item, row.passage_language))
            for row in rows
        ]
        by_length = np.argsort(lengths, kind="stable")[part * self.batch_size : (part + 1) * self.batch_size]
        # In the order of the draw, so that the slices of several processes have texts of the same lengths.
        return [rows[position] for position in np.sort(by_length).tolist()]
