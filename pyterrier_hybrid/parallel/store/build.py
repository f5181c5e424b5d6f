"""Stores made row by row: texts go to memory or to files, what planning needs is gathered meanwhile."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.item import Item, check_item
from pyterrier_hybrid.parallel.store.blocks import Kind, SortedItems, sort_by_kind, sort_into_blocks
from pyterrier_hybrid.parallel.store.groups import TextLinks, hashes
from pyterrier_hybrid.parallel.store.texts import Texts, batch_of, role_and_language

# Rows of a record batch, and characters after which one ends early: its 32-bit offsets end at 2 GiB a column.
BATCH_SIZE = 65_536
_BATCH_CHARACTERS = 2**27


class Sink(Protocol):
    """Where record batches go."""

    def append(self, batch: pa.RecordBatch, /) -> None:
        """Take the next batch."""


class Parts(NamedTuple):
    """All of a store but its texts.

    Attributes:
        sorted_items: The items in blocks.
        groups: Group of each item, int64 [n].
        passage_groups: Group of each item by its passages only, int64 [n].
    """

    sorted_items: SortedItems
    groups: np.ndarray
    passage_groups: np.ndarray


class Builder:
    """Makes a store of record batches.

    Args:
        sink: Where they go.

    Attributes:
        links: Keys that join items to groups; more may be added.
    """

    def __init__(self, sink: Sink) -> None:
        self.links = TextLinks()
        self.rows = 0
        self._sink = sink
        self._kinds: dict[Kind, int] = {}
        self._kind_of_item: list[np.ndarray] = [np.zeros(0, np.int32)]
        self._names: list[np.ndarray] = [np.zeros(0, np.uint64)]

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows that are known to be valid."""
        self._sink.append(batch)
        self.links.add(self.rows, batch)
        self._names.append(name_hashes(batch))
        self._add_kinds(batch)
        self.rows += batch.num_rows

    def add_items(self, items: Iterable[Item], *, batch_size: int = BATCH_SIZE, checked: bool = False) -> None:
        """Add items.

        Args:
            items: The items.
            batch_size: So many go into one record batch at most.
            checked: Whether they are known to be valid.

        Raises:
            TypeError: If one is no :class:`Item`.
            ValueError: If one is not valid.
        """
        for batch in _batches(items, batch_size):
            for number, item in enumerate(batch if not checked else ()):
                check_item(item, f"items[{self.rows + number}]")
            grouped = [(number, key) for number, item in enumerate(batch, self.rows) if (key := _group_key(item))]
            if grouped:
                self.links.groups.add(*zip(*grouped, strict=True))
            try:
                self.add(batch_of(batch))
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"a text in items[{self.rows}] to items[{self.rows + len(batch) - 1}] has half a character at "
                    f"place {error.start}: {error.object[max(0, error.start - 20) : error.end]!r}"
                ) from None

    def finish(self, texts: Texts) -> Parts:
        """Return what planning needs.

        Args:
            texts: The rows that were added.

        Raises:
            ValueError: If two items of a dataset have one id.
        """
        check_names(np.concatenate(self._names), texts)
        return Parts(
            sort_by_kind(list(self._kinds), np.concatenate(self._kind_of_item)),
            self.links.groups.groups(self.rows),
            self.links.passages.groups(self.rows),
        )

    def _add_kinds(self, batch: pa.RecordBatch) -> None:
        split = {name: role_and_language(name) for name in batch.schema.names}
        languages = sorted({role[1] for role in split.values() if role is not None})
        has = {role: np.zeros((batch.num_rows, len(languages)), bool) for role in ("query", "passage")}
        for name, role in split.items():
            if role is not None and role[0] in has:
                valid = batch.column(name).is_valid().to_numpy(zero_copy_only=False)
                has[role[0]][:, languages.index(role[1])] = valid
        translation = batch.column("translation").to_numpy(zero_copy_only=False)
        has["passage"] |= has["query"] & translation[:, None]
        dataset = batch.column("dataset").dictionary_encode()
        blocks = sort_into_blocks(dataset.indices.to_numpy(), has["query"], has["passage"], translation)
        found = SortedItems(languages, dataset.dictionary.to_pylist(), blocks)
        numbers = np.array([self._kinds.setdefault(kind, len(self._kinds)) for kind in found.kinds], np.int32)
        self._kind_of_item.append(numbers[found.kind_of_item])


def in_memory(fill: Callable[[Builder], None]) -> tuple[Texts, Parts]:
    """Make a store in memory.

    Args:
        fill: Adds its rows to a builder.
    """
    batches: list[pa.RecordBatch] = []
    builder = Builder(batches)
    fill(builder)
    texts = Texts(batches)
    return texts, builder.finish(texts)


def name_hashes(batch: pa.RecordBatch) -> np.ndarray:
    """Return a hash of each row's dataset, id and kind, of which no two items are alike, uint64 [rows]."""
    fields = [batch.column("dataset").cast(pa.string()), batch.column("translation").cast(pa.string())]
    return hashes(pc.binary_join_element_wise(*fields, batch.column("id"), "\0").to_pylist())


def check_names(names: np.ndarray, texts: Texts, rows: np.ndarray | None = None) -> None:
    """Check that every item has a name of its own.

    Args:
        names: The :func:`name_hashes` of the items.
        texts: Where to look up what is alike.
        rows: The rows of the items in ``texts``; default: all.

    Raises:
        ValueError: If not.
    """
    order = np.argsort(names, kind="stable")
    again = names[order[1:]] == names[order[:-1]]
    if not again.any():
        return
    suspects = np.sort(order[np.append(again, False) | np.append(False, again)])
    seen: Counter[tuple[str, str, bool]] = Counter()
    for row in (suspects if rows is None else rows[suspects]).tolist():
        seen[texts.value(row, "dataset"), texts.value(row, "id"), texts.value(row, "translation")] += 1
    for (dataset, name, _), times in seen.items():
        if times > 1:
            raise ValueError(f"{times} items of dataset {dataset!r} have the id {name!r}: give each its own")


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    characters = 0
    for item in items:
        batch.append(item)
        if isinstance(item, Item):
            fields = (item.queries, item.passages)
            characters += sum(len(text) for texts in fields for text in texts.values() if isinstance(text, str))
            characters += sum(len(str(texts)) for texts in (item.negatives or {}).values())
        if len(batch) == size or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _group_key(item: Item) -> str | None:
    if item.group is None:
        return None
    return f"\0group\0{str(item.group)!r}" if isinstance(item.group, str) else f"\0group\0{int(item.group)}"
