"""The store behind ParallelPairs: its texts, and what sampling needs of its items."""

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.store.blocks import BlockKey, SortedItems, sort_by_key
from pyterrier_hybrid.parallel.store.groups import renumber
from pyterrier_hybrid.parallel.store.texts import Texts, batch_to_items
from pyterrier_hybrid.utils.formatting import short_repr


@dataclass(frozen=True, eq=False)
class Store:
    """Items of a pair store.

    Attributes:
        texts: Rows with the texts of all items, and possibly of others.
        sorted_items: The items in blocks.
        groups: Group of each item, int64 [n].
        passage_groups: Group of each item by its passages alone, int64 [n].
        rows: Row of each item in ``texts``, int64 [n]; ``None``: item ``i`` is row ``i``.
    """

    texts: Texts
    sorted_items: SortedItems
    groups: np.ndarray
    passage_groups: np.ndarray
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.groups)

    def row(self, i: int) -> int:
        """Return the row of an item in ``texts``; negative numbers count from the end.

        Raises:
            TypeError: It is not a whole number.
            IndexError: There is no such item.
        """
        try:
            number, count = operator.index(i), len(self.groups)
        except TypeError:
            raise TypeError(
                f"item {short_repr(i)} is {type(i).__name__}, not a whole number: items are found by their position, "
                "which counts from 0, not by their ID"
            ) from None
        if not -count <= number < count:
            raise IndexError(f"there is no item {number}: the store has {count:,}")
        number %= count
        return number if self.rows is None else int(self.rows[number])

    def all_rows(self) -> np.ndarray:
        """Return the row of each item in ``texts``, int64 [n]."""
        return np.arange(len(self.texts)) if self.rows is None else self.rows

    def items(self) -> Iterator[Item]:
        """Yield the items in order, with their groups."""
        first = 0
        for batch in self.batches():
            yield from batch_to_items(batch, self.groups[first : first + batch.num_rows].tolist())
            first += batch.num_rows

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the items in order as record batches.

        Args:
            columns: As in :meth:`Texts.read`.
        """
        return self.texts.read(self.rows, columns)

    def part(
        self,
        kept: np.ndarray,
        *,
        texts: Texts | None = None,
        keys: Sequence[BlockKey] | None = None,
        key_of_item: np.ndarray | None = None,
    ) -> "Store":
        """Return a store of some of the items, which shares the texts; groups are renumbered.

        Args:
            kept: The items to keep, bool [n].
            texts: Texts for the same rows; default: those of this store.
            keys: Block keys if the texts change; default: those of this store.
            key_of_item: Position of each item's key in ``keys``, int [n]; default: the item's block.
        """
        texts = self.texts if texts is None else texts
        keys = self.sorted_items.keys if keys is None else keys
        key_of_item = self.sorted_items.block_of_item if key_of_item is None else key_of_item
        if kept.all():
            return Store(texts, sort_by_key(keys, key_of_item), self.groups, self.passage_groups, self.rows)
        return Store(
            texts,
            sort_by_key(keys, key_of_item[kept]),
            renumber(self.groups[kept]),
            renumber(self.passage_groups[kept]),
            self.all_rows()[kept],
        )
