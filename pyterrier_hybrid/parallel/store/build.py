"""Builder of stores: texts go to memory or to files; links and blocks are collected on the way."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.item import Item, check_item
from pyterrier_hybrid.parallel.store.blocks import BlockKey, SortedItems, sort_by_key, sort_into_blocks
from pyterrier_hybrid.parallel.store.groups import TextLinks, hash_texts
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.parallel.store.texts import Texts, items_to_batch, role_and_language
from pyterrier_hybrid.utils.checks import whole_number

# Maximum number of rows of a record batch.
BATCH_SIZE = 65_536
# A batch also ends after this many characters, since a column of a batch can hold at most 2 GiB.
_BATCH_CHARACTERS = 2**27


class Sink(Protocol):
    """Where a builder puts record batches: a list, or files."""

    def append(self, batch: pa.RecordBatch, /) -> None:
        """Take the next batch."""


class Builder:
    """Builds a store from items or record batches.

    Args:
        sink: Where the record batches go.

    Attributes:
        links: Keys that join items to groups; readers may add more.
        rows: Number of rows so far.
    """

    def __init__(self, sink: Sink) -> None:
        self.links = TextLinks()
        self.rows = 0
        self._sink = sink
        self._keys: dict[BlockKey, int] = {}
        self._key_of_item: list[np.ndarray] = [np.zeros(0, np.int32)]
        self._id_hashes: list[np.ndarray] = [np.zeros(0, np.uint64)]

    def add_items(self, items: Iterable[Item], *, batch_size: int = BATCH_SIZE, checked: bool = False) -> None:
        """Add items.

        Args:
            items: The items.
            batch_size: Maximum number of items of a record batch.
            checked: Whether the items are known to be valid.

        Raises:
            TypeError: One is not an :class:`Item`.
            ValueError: One is not valid.
        """
        for batch in _batches(items, whole_number("batch_size", batch_size)):
            if not checked:
                batch = [check_item(item, f"items[{number}]") for number, item in enumerate(batch, self.rows)]
            grouped = [(number, key) for number, item in enumerate(batch, self.rows) if (key := _group_key(item))]
            if grouped:
                self.links.groups.add(*zip(*grouped, strict=True))
            self._add(items_to_batch(batch))

    def finish(self, texts: Texts) -> Store:
        """Return the store.

        Args:
            texts: The rows that were added.

        Raises:
            ValueError: Two items of a dataset have the same ID.
        """
        check_unique_ids(np.concatenate(self._id_hashes), texts)
        return Store(
            texts,
            sort_by_key(list(self._keys), np.concatenate(self._key_of_item)),
            self.links.groups.groups(self.rows),
            self.links.passages.groups(self.rows),
        )

    def _add(self, batch: pa.RecordBatch) -> None:
        self._sink.append(batch)
        self.links.add(self.rows, batch)
        self._id_hashes.append(hash_ids(batch))
        self._add_keys(batch)
        self.rows += batch.num_rows

    def _add_keys(self, batch: pa.RecordBatch) -> None:
        columns = [(name, *split) for name in batch.schema.names if (split := role_and_language(name)) is not None]
        languages = sorted({language for _, _, language in columns})
        has = {role: np.zeros((batch.num_rows, len(languages)), bool) for role in ("query", "passage")}
        for name, role, language in columns:
            if role in has:
                valid = batch.column(name).is_valid().to_numpy(zero_copy_only=False)
                has[role][:, languages.index(language)] = valid
        translation = batch.column("translation").to_numpy(zero_copy_only=False)
        has["passage"] |= has["query"] & translation[:, None]
        dataset = batch.column("dataset").dictionary_encode()
        blocks = sort_into_blocks(dataset.indices.to_numpy(), has["query"], has["passage"], translation)
        sorted_items = SortedItems(languages, dataset.dictionary.to_pylist(), blocks)
        numbers = np.array([self._keys.setdefault(key, len(self._keys)) for key in sorted_items.keys], np.int32)
        self._key_of_item.append(numbers[sorted_items.block_of_item])


def in_memory(fill: Callable[[Builder], None]) -> Store:
    """Build a store in memory.

    Args:
        fill: Adds the items to a builder.
    """
    batches: list[pa.RecordBatch] = []
    builder = Builder(batches)
    fill(builder)
    return builder.finish(Texts(batches))


def hash_ids(batch: pa.RecordBatch) -> np.ndarray:
    """Return a hash of what identifies each row: its dataset, ID, and whether it is a translation; uint64 [rows]."""
    fields = [batch.column("dataset").cast(pa.string()), batch.column("translation").cast(pa.string())]
    return hash_texts(pc.binary_join_element_wise(*fields, batch.column("id"), "\0").to_pylist())


def check_unique_ids(hashes: np.ndarray, texts: Texts, rows: np.ndarray | None = None) -> None:
    """Check that no two items have the same ID.

    Args:
        hashes: The :func:`hash_ids` of the items.
        texts: The texts, where equal hashes are looked up.
        rows: Row of each item in ``texts``; default: item ``i`` is row ``i``.

    Raises:
        ValueError: Two items of a dataset have the same ID.
    """
    order = np.argsort(hashes, kind="stable")
    repeated = hashes[order[1:]] == hashes[order[:-1]]
    if not repeated.any():
        return
    suspects = np.sort(order[np.append(repeated, False) | np.append(False, repeated)])
    counts: Counter[tuple[str, str, bool]] = Counter()
    for row in (suspects if rows is None else rows[suspects]).tolist():
        counts[texts.value(row, "dataset"), texts.value(row, "id"), texts.value(row, "translation")] += 1
    for (dataset, name, _), count in counts.items():
        if count > 1:
            raise ValueError(f"{count} items of dataset {dataset!r} have the id {name!r}: give each its own")


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    characters = 0
    for item in items:
        batch.append(item)
        # Items are checked later, so nothing is certain about their fields.
        if isinstance(item, Item):
            fields = [texts for texts in item[3:5] if isinstance(texts, Mapping)]
            characters += sum(len(text) for texts in fields for text in texts.values() if isinstance(text, str))
            characters += len(str(item.negatives)) if item.negatives else 0
        if len(batch) == size or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _group_key(item: Item) -> str | None:
    if item.group is None:
        return None
    return f"\0group\0{str(item.group)!r}" if isinstance(item.group, str) else f"\0group\0{int(item.group)}"
