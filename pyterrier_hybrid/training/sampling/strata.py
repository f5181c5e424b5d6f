"""Drawing items without two of one group, from overlapping sets of items, in time that does not grow with the data."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pyterrier_hybrid.training.sampling.weights import LEAST

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel.store.blocks import Blocks

# Candidates per open slot, round by round. After these the open slots are in strata with hardly a free group, where
# drawing blindly would take long.
_WIDTHS = (1, 1, 1, 1, 8, 64)
# The first and the largest number of items that are looked at together.
_CHUNKS = 1024, 1 << 20


class PairArrays(Protocol):
    """What a sampler reads of a pair store (:class:`~pyterrier_hybrid.parallel.ParallelPairs` has it all).

    Attributes:
        languages: Codes of all languages.
        datasets: Names of all datasets.
        groups: Group of each item, int64 [n]; may be memory-mapped.
        blocks: The items, sorted by dataset and languages; may be memory-mapped.
    """

    languages: Sequence[str]
    datasets: Sequence[str]
    groups: np.ndarray
    blocks: "Blocks"


class Strata:
    """Sets of items, each a union of blocks; the sets may overlap.

    Nothing here is as long as the items: of memory-mapped stores, only what is drawn is read.

    Args:
        pairs: The store.
        members: The numbers of the blocks of each stratum; none is empty.
        weights: Weight of an item of each dataset, float64 [datasets]; positive for the datasets of all members.
        power: Inside a stratum, the share of a dataset is ∝ weight · size^power: 1 draws all items alike.
    """

    def __init__(self, pairs: PairArrays, members: Sequence[np.ndarray], weights: np.ndarray, power: float) -> None:
        # Without the subclass np.memmap, whose every small slice costs microseconds.
        self._items, self._groups = np.asarray(pairs.blocks.items), np.asarray(pairs.groups)
        self._starts = np.asarray(pairs.blocks.starts)
        self._sizes = np.diff(self._starts)
        self._numbers = np.concatenate(members)
        self._ends = np.cumsum([len(numbers) for numbers in members])
        self._firsts = np.append(0, self._ends[:-1])
        strata = np.repeat(np.arange(len(members)), self._ends - self._firsts)
        datasets = np.asarray(pairs.blocks.dataset_ids)[self._numbers]
        sizes = self._sizes[self._numbers]
        _, place = np.unique(strata * len(weights) + datasets, return_inverse=True)
        # The weight of one item: its dataset's share, divided by the dataset's size in the stratum.
        logs = np.log(weights[datasets]) + (power - 1) * np.log(np.bincount(place, sizes))[place]
        self._weights = np.maximum(np.exp(logs - np.maximum.reduceat(logs, self._firsts)[strata]), LEAST)
        mass = self._weights * sizes
        # One running sum over all strata, so that one binary search finds the blocks of a whole batch.
        self._mass = np.cumsum(mass / np.add.reduceat(mass, self._firsts)[strata])
        self._below = np.append(0.0, self._mass)[self._firsts]
        self._above = self._mass[self._ends - 1]

    def count_groups(self, strata: Iterable[int], enough: int) -> int:
        """Return the number of different groups in the union of some strata, or ``enough`` if there are more.

        As few items are read as are needed to see enough groups.
        """
        numbers = np.unique(np.concatenate([self._numbers[self._firsts[s] : self._ends[s]] for s in strata]))
        seen = set()
        for _, items in self._chunks(numbers):
            groups = self._groups[items]
            # Items of one group mostly follow each other.
            groups = groups[np.append(True, groups[1:] != groups[:-1])]
            seen.update(np.unique(groups).tolist())
            if len(seen) >= enough:
                return enough
        return len(seen)

    def draw(
        self, strata: np.ndarray, shares: np.ndarray, rng: np.random.Generator
    ) -> tuple[list[int], list[int], list[int]]:
        """Draw one item for every slot, no two of one group.

        An item is drawn by weight among those of its slot's stratum whose group is not in the batch yet. A slot whose
        stratum has no such item left gets another stratum, by their shares, of those that have one.

        Args:
            strata: The stratum of each slot, int [slots]. There must be as many groups in the strata as slots.
            shares: The share of each stratum, float64 [strata], positive.
            rng: Random numbers.

        Returns:
            The items, strata and blocks of the slots.
        """
        items, blocks, final = [0] * len(strata), [0] * len(strata), strata.tolist()
        used: set[int] = set()
        slots = np.arange(len(strata))
        for width in _WIDTHS:
            drawn, numbers = self._blind(np.repeat(strata[slots], width), rng)
            groups, drawn, numbers = self._groups[drawn].tolist(), drawn.tolist(), numbers.tolist()
            again = []
            for place, slot in enumerate(slots.tolist()):
                for candidate in range(place * width, (place + 1) * width):
                    if groups[candidate] not in used:
                        used.add(groups[candidate])
                        items[slot], blocks[slot] = drawn[candidate], numbers[candidate]
                        break
                else:
                    again.append(slot)
            if not again:
                return items, final, blocks
            slots = np.array(again)
        exhausted = np.zeros(len(shares), bool)
        for slot in slots.tolist():
            while (found := None if exhausted[final[slot]] else self._find(final[slot], used, rng)) is None:
                exhausted[final[slot]] = True
                left = np.where(exhausted, 0.0, shares)
                final[slot] = int(rng.choice(len(left), p=left / left.sum()))
            items[slot], blocks[slot] = found
            used.add(int(self._groups[items[slot]]))
        return items, final, blocks

    def _blind(self, strata: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw an item for each slot by weight, whatever its group; return the items and their blocks."""
        below, above = self._below[strata], self._above[strata]
        position = np.searchsorted(self._mass, below + rng.random(len(strata)) * (above - below), side="right")
        # Rounding may carry a point over its stratum's border.
        position = np.clip(position, self._firsts[strata], self._ends[strata] - 1)
        block = self._numbers[position]
        offset = (rng.random(len(strata)) * self._sizes[block]).astype(np.int64)
        return self._items[self._starts[block] + np.minimum(offset, self._sizes[block] - 1)], block

    def _find(self, stratum: int, used: set[int], rng: np.random.Generator) -> tuple[int, int] | None:
        """Draw an item by weight among those of a stratum whose group is free, and its block; None if there is none."""
        numbers = self._numbers[self._firsts[stratum] : self._ends[stratum]]
        weights = self._weights[self._firsts[stratum] : self._ends[stratum]]
        taken = np.array(sorted(used))
        found, total = None, 0.0
        for places, items in self._chunks(numbers):
            groups = self._groups[items]
            free = taken[np.minimum(np.searchsorted(taken, groups), len(taken) - 1)] != groups
            if free.any():
                places, items = places[free], items[free]
                mass = np.cumsum(weights[places])
                total += mass[-1]
                # A later chunk takes the place of the earlier ones by its share of all up to here.
                point = rng.random() * total
                if point < mass[-1]:
                    chosen = min(int(np.searchsorted(mass, point, side="right")), len(items) - 1)
                    found = int(items[chosen]), int(numbers[places[chosen]])
        return found

    def _chunks(self, numbers: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Walk over the items of some blocks, in growing chunks: positions in ``numbers``, and items."""
        ends = np.cumsum(self._sizes[numbers])
        shifts = self._starts[numbers] - ends + self._sizes[numbers]
        low, length = 0, _CHUNKS[0]
        while low < ends[-1]:
            ranks = np.arange(low, min(low + length, ends[-1]))
            places = np.searchsorted(ends, ranks, side="right")
            yield places, self._items[ranks + shifts[places]]
            low, length = low + length, min(2 * length, _CHUNKS[1])
