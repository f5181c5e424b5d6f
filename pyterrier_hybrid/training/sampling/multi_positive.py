"""Batches that have several positives for each query: translations of one passage."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

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
from pyterrier_hybrid.training.sampling.samplers import CrossSampler
from pyterrier_hybrid.utils.checks import whole_number


@dataclass(frozen=True, repr=False)
class MultiPositiveSampler(ConfigurableSampler):
    """Every query with several positives: translations of one passage in the same batch.

    Another sampler draws the pairs. Each pair is followed by rows of the same query with its passage in other
    languages, in random order, until the item has ``positives`` rows or no more translations. Then the next pair
    follows, until the batch is full. So items with few languages leave room for more items, and the last item may have
    fewer rows. No two different items are of one group. The loss prefers no language: it is the mean over the
    positives, each against all negatives (multi-positive contrastive learning, arXiv 2004.11362; there the other
    positives stay in the denominator, here they are left out).

    Passages come in the languages in which the other sampler draws passages, including the query's own. The passages
    of translation groups are never in the query's language, where they would be the query itself.

    Batches are of kind ``"mixed"``, unless every item has one row.

    Args:
        sampler: The sampler that draws; by default a :class:`CrossSampler`.
        positives: Maximum number of rows of an item, at least 1; by default as many as its passage has languages.

    Raises:
        TypeError: If ``sampler`` is not a sampler, or ``positives`` not a whole number.
        ValueError: If ``positives`` is below 1.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> pairs = ParallelPairs.from_irds("atlas/train")
        >>> plan = MultiPositiveSampler(CrossSampler(languages=["de", "el", "en"])).plan(pairs, batch_size=7)
        >>> batch = plan.batch(0)
        >>> len(batch), len({item for item, _, _ in batch})
        (7, 3)
        >>> len({query for _, query, _ in batch[:3]}), sorted(passage for _, _, passage in batch[:3])
        (1, ['de', 'el', 'en'])
    """

    name: ClassVar[str] = "Multi-positive"
    config_name: ClassVar[str] = "multi-positive"

    sampler: Sampler = CrossSampler()
    _: KW_ONLY
    positives: int | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        check_sampler("sampler", self.sampler)
        if self.positives is not None:
            whole_number("positives", self.positives)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Plan the batches over a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Number of rows in every batch, of fewer items.
            seed: Seed of the random draws, at least 0.

        Raises:
            TypeError: If ``batch_size`` or ``seed`` is not a whole number.
            ValueError: If the other sampler cannot be planned, or gives items several rows itself.
        """
        batch_size, seed = check_plan_options(batch_size, seed)
        inner = self.sampler.plan(pairs, batch_size=batch_size, seed=seed)
        check_items_once(self, inner)
        return MultiPositivePlan(inner, pairs, self.positives, batch_size=batch_size, seed=seed)


class MultiPositivePlan(Plan):
    """The rows of another plan, each followed by rows of the same query with other translations of its passage.

    Args:
        inner: The other plan.
        pairs: The pair store.
        positives: Maximum number of rows of an item; None for all translations.
        batch_size: Number of rows in every batch.
        seed: Seed of the random draws.
    """

    def __init__(self, inner: Plan, pairs: PairArrays, positives: int | None, *, batch_size: int, seed: int) -> None:
        super().__init__(batch_size, seed, inner=[inner])
        self.repeats_items = True
        self._inner, self._codes = inner, list(pairs.languages)
        self._extra = len(self._codes) if positives is None else positives - 1
        self._columns = np.array(sorted({self._codes.index(passage) for _, passage in inner.languages}))
        self._has_passage = np.asarray(pairs.blocks.has_passage)
        self._is_translation = np.asarray(pairs.blocks.is_translation)

    @property
    def languages(self) -> LanguagePairs:
        """All pairs (query language, passage language) that batches may contain."""
        queries = dict.fromkeys(query for query, _ in self._inner.languages)
        return tuple((query, self._codes[column]) for query in queries for column in self._columns)

    def kind(self, t: int) -> str:
        """Return the kind of the batch of step ``t``: that of the other plan if no item has a second row."""
        return self._inner.kind(t) if self._extra == 0 or len(self._columns) == 1 else "mixed"

    def rows(self, t: int) -> list[Row]:
        """Return the rows of the batch of step ``t``."""
        rng = self._rng(t)
        rows: list[Row] = []
        for row in self._inner.rows(t):
            if len(rows) >= self.batch_size:
                break
            rows.append(row)
            # A translation group's query is also its passage in that language.
            excluded = {row.passage_language, row.query_language if self._is_translation[row.block] else None}
            columns = self._columns[self._has_passage[row.block, self._columns]]
            shuffled = [self._codes[column] for column in rng.permutation(columns).tolist()]
            others = [code for code in shuffled if code not in excluded]
            rows += [row._replace(passage_language=code) for code in others[: self._extra]]
        return rows[: self.batch_size]
