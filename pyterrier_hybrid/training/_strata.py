"""Drawing items without two of one group, from overlapping sets of items, in time that does not grow with the data."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

# After so many rounds the open slots are in strata with hardly a free group, where drawing blindly would take long.
_BLIND_ROUNDS = 12


class PairArrays(Protocol):
    """What a sampler reads of a pair store (:class:`~pyterrier_hybrid.parallel.ParallelPairs` has it all)."""

    languages: Sequence[str]
    datasets: Sequence[str]
    groups: np.ndarray
    dataset_ids: np.ndarray
    has_query: np.ndarray
    has_passage: np.ndarray
    is_translation: np.ndarray


class Blocks:
    """The items of non-zero weight, sorted into blocks that are alike: same languages of texts, same weight.

    Real data has some thousand such blocks at most, whatever its size, so that the items of each of hundreds of
    language pairs are a short list of blocks instead of a copy of the item numbers.

    Args:
        pairs: The arrays of a pair store.
        weights: Relative weight of each item, float64 [n].

    Attributes:
        items: Item numbers, block after block, int32 [items of non-zero weight].
        starts: Where each block starts in ``items``, and the end of the last one, int64 [blocks + 1].
        weights: Weight of one item of each block, float64 [blocks].
        has_query, has_passage: The languages of each block's texts, bool [blocks, languages].
        is_translation: Whether a block's items are translation groups, bool [blocks].
        groups: The group of every item as in ``pairs``, numbered from 0 without gaps, int32 [n].
    """

    def __init__(self, pairs: PairArrays, weights: np.ndarray) -> None:
        self.groups = np.unique(pairs.groups, return_inverse=True)[1].astype(np.int32)
        signature = np.packbits(
            np.concatenate([pairs.has_query, pairs.has_passage, pairs.is_translation[:, None]], axis=1), axis=1
        )
        # Two bytes at a time, each time renumbered: equal numbers mean equal bytes so far, and int64 never overflows.
        number = np.unique(weights, return_inverse=True)[1].astype(np.int64)
        for column in range(0, signature.shape[1], 2):
            for byte in signature[:, column : column + 2].T:
                number = number * 256 + byte
            number = np.unique(number, return_inverse=True)[1].astype(np.int64)
        order = np.argsort(number, kind="stable")
        order = order[weights[order] > 0].astype(np.int32)
        first = np.flatnonzero(np.diff(number[order], prepend=-1))
        self.items = order
        self.starts = np.append(first, len(order))
        self.weights = weights[order[first]]
        self.has_query = np.asarray(pairs.has_query)[order[first]]
        self.has_passage = np.asarray(pairs.has_passage)[order[first]]
        self.is_translation = np.asarray(pairs.is_translation)[order[first]]


class Strata:
    """Sets of items, each a union of blocks; the sets may overlap.

    Args:
        blocks: The blocks.
        eligible: Which blocks make up each stratum, bool [strata, blocks]; none is empty.
    """

    def __init__(self, blocks: Blocks, eligible: np.ndarray) -> None:
        self._blocks = blocks
        strata, self._numbers = np.nonzero(eligible)
        self._numbers = self._numbers.astype(np.int32)
        self._sizes = np.diff(blocks.starts)
        self._ends = np.cumsum(np.bincount(strata, minlength=len(eligible)))
        self._firsts = np.append(0, self._ends[:-1])
        # One running sum over all strata, so that one binary search finds the blocks of a whole batch.
        self._mass = np.cumsum((self._sizes * blocks.weights)[self._numbers])
        self._below = np.append(0.0, self._mass)[self._firsts]
        self._above = self._mass[self._ends - 1]

    def count_groups(self, strata: Iterable[int]) -> int:
        """Return the number of different groups in the union of some strata."""
        numbers = np.unique(np.concatenate([self._numbers[self._firsts[s] : self._ends[s]] for s in strata]))
        seen = np.zeros(int(self._blocks.groups.max()) + 1, bool)
        for number in numbers:
            seen[self._blocks.groups[self._block(number)]] = True
        return int(seen.sum())

    def draw(self, strata: np.ndarray, rng: np.random.Generator) -> tuple[list[int], list[int]]:
        """Draw one item for every slot, no two of one group.

        An item is drawn by weight among those of its slot's stratum whose group is not in the batch yet. A slot whose
        stratum has no such item left gets another stratum, uniform among those that have one.

        Args:
            strata: The stratum of each slot, int [slots]. There must be as many groups in the strata as slots.
            rng: Random numbers.

        Returns:
            The items and the strata of the slots.
        """
        items, final, used = [0] * len(strata), strata.tolist(), set()
        slots = np.arange(len(strata))
        for _ in range(_BLIND_ROUNDS):
            drawn = self._blind(strata[slots], rng)
            again = []
            groups = self._blocks.groups[drawn].tolist()
            for slot, item, group in zip(slots.tolist(), drawn.tolist(), groups, strict=True):
                if group in used:
                    again.append(slot)
                else:
                    used.add(group)
                    items[slot] = item
            if not again:
                return items, final
            slots = np.array(again)
        self._fill(slots.tolist(), items, final, used, rng)
        return items, final

    def _blind(self, strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw an item for each slot by weight, whatever its group."""
        below, above = self._below[strata], self._above[strata]
        position = np.searchsorted(self._mass, below + rng.random(len(strata)) * (above - below), side="right")
        # Rounding may carry a point over its stratum's border.
        position = np.clip(position, self._firsts[strata], self._ends[strata] - 1)
        block = self._numbers[position]
        offset = (rng.random(len(strata)) * self._sizes[block]).astype(np.int64)
        return self._blocks.items[self._blocks.starts[block] + np.minimum(offset, self._sizes[block] - 1)]

    def _fill(
        self, slots: list[int], items: list[int], final: list[int], used: set[int], rng: np.random.Generator
    ) -> None:
        """Fill the slots one by one from the list of all items of their strata whose group is free."""
        taken = np.zeros(int(self._blocks.groups.max()) + 1, bool)
        taken[list(used)] = True
        exhausted = np.zeros(len(self._firsts), bool)
        for slot in slots:
            while True:
                stratum = final[slot]
                if not exhausted[stratum]:
                    free, weights = self._free(stratum, taken)
                    exhausted[stratum] = not len(free)
                if not exhausted[stratum]:
                    break
                final[slot] = int(rng.choice(np.flatnonzero(~exhausted)))
            mass = np.cumsum(weights)
            item = free[min(int(np.searchsorted(mass, rng.random() * mass[-1], side="right")), len(free) - 1)]
            items[slot] = int(item)
            taken[self._blocks.groups[item]] = True

    def _free(self, stratum: int, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        numbers = self._numbers[self._firsts[stratum] : self._ends[stratum]]
        items = np.concatenate([self._block(number) for number in numbers])
        weights = np.repeat(self._blocks.weights[numbers], self._sizes[numbers])
        free = ~taken[self._blocks.groups[items]]
        return items[free], weights[free]

    def _block(self, number: int) -> np.ndarray:
        return self._blocks.items[self._blocks.starts[number] : self._blocks.starts[number + 1]]
