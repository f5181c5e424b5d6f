"""Drawing items from overlapping strata, at most one of each group, in time that does not grow with the data."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pyterrier_hybrid.training.sampling.plans import PairArrays
from pyterrier_hybrid.training.sampling.weights import SMALLEST_WEIGHT

# Candidates per open slot, round by round. Slots that are still open after these rounds are in strata with hardly a
# free group, where it would take long to draw one by chance.
_CANDIDATES_BY_ROUND = (1, 1, 1, 1, 8, 64)
_FIRST_CHUNK, _LARGEST_CHUNK = 1024, 1 << 20


class Strata:
    """Sets of items (strata), each a union of blocks; the sets may overlap.

    No array here has one element per item, so that only the drawn items of a memory-mapped store are read.

    Args:
        pairs: The pair store.
        members: The blocks of each stratum, at least one.
        weights: Weight of an item of each dataset, float64 [datasets]; positive for the datasets of all members.
        exponent: Inside a stratum, the probability of a dataset is ∝ weight · size^exponent. With 1, all items of
            equal weight are equally probable.
    """

    def __init__(self, pairs: PairArrays, members: Sequence[np.ndarray], weights: np.ndarray, exponent: float) -> None:
        # As plain arrays: every small slice of the subclass np.memmap costs microseconds.
        self._items, self._groups = np.asarray(pairs.blocks.items), np.asarray(pairs.groups)
        self._starts = np.asarray(pairs.blocks.starts)
        self._sizes = np.diff(self._starts)
        # The blocks of all strata, one stratum after the other, and where each stratum begins and ends among them.
        self._blocks = np.concatenate(members)
        self._ends = np.cumsum([len(blocks) for blocks in members])
        self._firsts = np.append(0, self._ends[:-1])
        strata = np.repeat(np.arange(len(members)), self._ends - self._firsts)
        datasets = np.asarray(pairs.blocks.dataset_ids)[self._blocks]
        sizes = self._sizes[self._blocks]
        _, dataset_in_stratum = np.unique(strata * len(weights) + datasets, return_inverse=True)
        # The weight of one item: the probability of its dataset divided by the dataset's size in the stratum.
        size_of_dataset = np.bincount(dataset_in_stratum, sizes)[dataset_in_stratum]
        logs = np.log(weights[datasets]) + (exponent - 1) * np.log(size_of_dataset)
        self._item_weights = np.maximum(np.exp(logs - np.maximum.reduceat(logs, self._firsts)[strata]), SMALLEST_WEIGHT)
        mass = self._item_weights * sizes
        # One running sum over all strata, so that one binary search finds the blocks of a whole batch.
        self._cumulative = np.cumsum(mass / np.add.reduceat(mass, self._firsts)[strata])
        self._lower = np.append(0.0, self._cumulative)[self._firsts]
        self._upper = self._cumulative[self._ends - 1]

    def count_groups(self, strata: Iterable[int], limit: int) -> int:
        """Count the different groups in the union of some strata, up to a limit.

        Only as many items are read as it takes to reach the limit.

        Args:
            strata: Numbers of the strata.
            limit: Where counting stops.

        Returns:
            The number of groups, at most ``limit``.
        """
        blocks = np.unique(np.concatenate([self._blocks[self._firsts[s] : self._ends[s]] for s in strata]))
        seen: set[int] = set()
        for _, items in self._chunks(blocks):
            groups = self._groups[items]
            # Items of one group are mostly neighbours: this makes what unique has to sort shorter.
            groups = groups[np.append(True, groups[1:] != groups[:-1])]
            seen.update(np.unique(groups).tolist())
            if len(seen) >= limit:
                return limit
        return len(seen)

    def draw(
        self, strata: np.ndarray, probabilities: np.ndarray, rng: np.random.Generator
    ) -> tuple[list[int], list[int], list[int]]:
        """Draw one item for every slot of a batch, at most one of each group.

        An item is drawn by weight from those of the slot's stratum whose group is not in the batch yet. A slot whose
        stratum has no such item left gets another stratum, drawn by probability from those that have one.

        Args:
            strata: The stratum of each slot, int [slots]. The strata together must have as many groups as slots.
            probabilities: The probability of each stratum, float64 [strata], positive.
            rng: Random number generator.

        Returns:
            The items, strata and blocks of the slots.
        """
        items, blocks, final_strata = [0] * len(strata), [0] * len(strata), strata.tolist()
        used_groups: set[int] = set()
        open_slots = np.arange(len(strata))
        for count in _CANDIDATES_BY_ROUND:
            drawn_items, drawn_blocks = self._draw_any(np.repeat(strata[open_slots], count), rng)
            candidates, candidate_blocks = drawn_items.tolist(), drawn_blocks.tolist()
            candidate_groups = self._groups[drawn_items].tolist()
            still_open = []
            for position, slot in enumerate(open_slots.tolist()):
                for candidate in range(position * count, (position + 1) * count):
                    if candidate_groups[candidate] not in used_groups:
                        used_groups.add(candidate_groups[candidate])
                        items[slot], blocks[slot] = candidates[candidate], candidate_blocks[candidate]
                        break
                else:
                    still_open.append(slot)
            if not still_open:
                return items, final_strata, blocks
            open_slots = np.array(still_open)
        exhausted = np.zeros(len(probabilities), bool)
        for slot in open_slots.tolist():
            drawn = None
            while drawn is None:
                if not exhausted[final_strata[slot]]:
                    drawn = self._draw_free(final_strata[slot], used_groups, rng)
                if drawn is None:
                    exhausted[final_strata[slot]] = True
                    remaining = np.where(exhausted, 0.0, probabilities)
                    final_strata[slot] = int(rng.choice(len(remaining), p=remaining / remaining.sum()))
            items[slot], blocks[slot] = drawn
            used_groups.add(int(self._groups[items[slot]]))
        return items, final_strata, blocks

    def _draw_any(self, strata: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw an item by weight for each slot, whatever its group; return the items and their blocks."""
        lower, upper = self._lower[strata], self._upper[strata]
        position = np.searchsorted(self._cumulative, lower + rng.random(len(strata)) * (upper - lower), side="right")
        # Rounding may move a point over its stratum's border.
        position = np.clip(position, self._firsts[strata], self._ends[strata] - 1)
        block = self._blocks[position]
        offset = (rng.random(len(strata)) * self._sizes[block]).astype(np.int64)
        return self._items[self._starts[block] + np.minimum(offset, self._sizes[block] - 1)], block

    def _draw_free(self, stratum: int, used_groups: set[int], rng: np.random.Generator) -> tuple[int, int] | None:
        """Draw an item by weight from those of a stratum whose group is free; return it and its block, if any."""
        blocks = self._blocks[self._firsts[stratum] : self._ends[stratum]]
        weights = self._item_weights[self._firsts[stratum] : self._ends[stratum]]
        used = np.array(sorted(used_groups))
        drawn, total = None, 0.0
        for positions, items in self._chunks(blocks):
            groups = self._groups[items]
            free = used[np.minimum(np.searchsorted(used, groups), len(used) - 1)] != groups
            if free.any():
                positions, items = positions[free], items[free]
                cumulative = np.cumsum(weights[positions])
                total += cumulative[-1]
                # Reservoir sampling: the draw moves to this chunk with its part of the weight so far.
                point = rng.random() * total
                if point < cumulative[-1]:
                    chosen = min(int(np.searchsorted(cumulative, point, side="right")), len(items) - 1)
                    drawn = int(items[chosen]), int(blocks[positions[chosen]])
        return drawn

    def _chunks(self, blocks: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Go through the items of some blocks in growing chunks; yield positions in ``blocks``, and items."""
        ends = np.cumsum(self._sizes[blocks])
        shifts = self._starts[blocks] - ends + self._sizes[blocks]
        first, length = 0, _FIRST_CHUNK
        while first < ends[-1]:
            numbers = np.arange(first, min(first + length, ends[-1]))
            positions = np.searchsorted(ends, numbers, side="right")
            yield positions, self._items[numbers + shifts[positions]]
            first, length = first + length, min(2 * length, _LARGEST_CHUNK)
