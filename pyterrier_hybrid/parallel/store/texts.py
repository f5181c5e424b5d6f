"""Texts of a store as Arrow record batches, in memory or mapped from files.

A batch has the columns ``id``, ``dataset`` and ``translation``, and one column for each role and language that occurs
in it: ``query.de``, ``passage.de``, ``negatives.de``, ``provenance.de``. Translations are stored once, as queries.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.item import Item

# Maximum number of rows that Texts.read yields at a time.
ROWS_PER_READ = 16_384

_FIELDS = {"id": pa.string(), "dataset": pa.dictionary(pa.int32(), pa.string()), "translation": pa.bool_()}
_ROLES = {
    "query": pa.string(),
    "passage": pa.string(),
    "negatives": pa.list_(pa.field("item", pa.string())),
    "provenance": pa.string(),
}


def column_type(name: str) -> pa.DataType:
    """Return the type of a column.

    Example:
        >>> column_type("query.de")
        DataType(string)
    """
    return _FIELDS.get(name) or _ROLES[name.partition(".")[0]]


def role_and_language(name: str) -> tuple[str, str] | None:
    """Split the name of a text column; return ``None`` for other columns.

    Example:
        >>> role_and_language("query.zh-Hant"), role_and_language("id")
        (('query', 'zh-Hant'), None)
    """
    role, dot, language = name.partition(".")
    return (role, language) if dot and role in _ROLES else None


class Texts:
    """Rows of texts in record batches.

    Args:
        batches: The rows; batches may have different columns.

    Attributes:
        batches: The batches that are not empty.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self.batches = [batch for batch in batches if batch.num_rows]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self.batches)])
        self._first = self._starts[:-1].tolist()
        self._columns: list[dict[str, pa.Array] | None] = [None] * len(self.batches)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def value(self, row: int, name: str) -> Any:
        """Return the value of a column in a row, or ``None`` if there is no such column."""
        number = bisect_right(self._first, row) - 1
        columns = self._columns[number]
        if columns is None:
            batch = self.batches[number]
            columns = self._columns[number] = dict(zip(batch.schema.names, batch.columns, strict=True))
        column = columns.get(name)
        return None if column is None else column[row - self._first[number]].as_py()

    def row(self, row: int) -> pa.RecordBatch:
        """Return one row with all its columns."""
        number = bisect_right(self._first, row) - 1
        return self.batches[number].slice(row - self._first[number], 1)

    def read(self, rows: np.ndarray | None = None, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield rows in order, in batches of at most :data:`ROWS_PER_READ`.

        Args:
            rows: Row numbers, int64; default: all rows.
            columns: Those of these columns that exist, and ``translation``; default: all columns.
        """
        batches = self.batches
        if columns is not None:
            wanted = {*columns, "translation"}
            batches = [batch.select([name for name in batch.schema.names if name in wanted]) for batch in batches]
        if rows is None:
            for batch in batches:
                for start in range(0, batch.num_rows, ROWS_PER_READ):
                    yield batch.slice(start, ROWS_PER_READ)
            return
        for start in range(0, len(rows), ROWS_PER_READ):
            portion = rows[start : start + ROWS_PER_READ]
            numbers = np.searchsorted(self._starts, portion, side="right") - 1
            # Consecutive rows of one batch are taken together.
            for run in np.split(np.arange(len(portion)), np.flatnonzero(np.diff(numbers)) + 1):
                number = int(numbers[run[0]])
                yield batches[number].take(pa.array(portion[run] - self._starts[number]))

    def of_languages(self, wants_language: Callable[[str], bool]) -> "Texts":
        """Return the same rows with the text columns of some languages only. Nothing is copied."""

        def wants(name: str) -> bool:
            split = role_and_language(name)
            return split is None or wants_language(split[1])

        return Texts(batch.select([name for name in batch.schema.names if wants(name)]) for batch in self.batches)

    def without(self, language: str, dropped: np.ndarray) -> "Texts":
        """Return the same rows, some of them without their texts in a language. Only validity bits are copied.

        Args:
            language: The language code.
            dropped: Rows whose texts are dropped, bool [rows].
        """
        batches = []
        for batch, start in zip(self.batches, self._first, strict=True):
            for number, name in enumerate(batch.schema.names):
                split = role_and_language(name)
                if split is not None and split[1] == language:
                    column = _hide(batch.column(number), dropped[start : start + batch.num_rows])
                    batch = batch.set_column(number, name, column)
            batches.append(batch)
        return Texts(batches)

    def replace(self, name: str, rows: np.ndarray, change: Callable[[list[str], slice], list[str]]) -> "Texts":
        """Return the same rows with some texts of a column replaced, batch by batch. Only changed columns are copied.

        Args:
            name: The column; it must have a text in each of these rows.
            rows: Numbers of different rows, ascending, int64.
            change: Gets texts and their positions in ``rows``, and returns the new texts.
        """
        bounds = np.searchsorted(rows, self._starts).tolist()
        batches = []
        for batch, start, *bound in zip(self.batches, self._first, bounds[:-1], bounds[1:], strict=True):
            positions = slice(*bound)
            if positions.start < positions.stop:
                number = batch.schema.get_field_index(name)
                offsets = rows[positions] - start
                texts = change(batch.column(number).take(pa.array(offsets)).to_pylist(), positions)
                mask = np.zeros(batch.num_rows, bool)
                mask[offsets] = True
                values = pa.array(texts, column_type(name))
                column = pc.replace_with_mask(batch.column(number), pa.array(mask), values)
                batch = batch.set_column(number, name, column)
            batches.append(batch)
        return Texts(batches)

    def __add__(self, other: "Texts") -> "Texts":
        return Texts([*self.batches, *other.batches])


def _hide(column: pa.Array, hidden: np.ndarray) -> pa.Array:
    """Set values to null without a copy of the others."""
    valid = column.is_valid().to_numpy(zero_copy_only=False) & ~hidden
    bits = np.packbits(np.concatenate([np.zeros(column.offset, bool), valid]), bitorder="little")
    nested = pa.types.is_list(column.type)
    return pa.Array.from_buffers(
        column.type,
        len(column),
        [pa.py_buffer(bits), *column.buffers()[1 : 2 if nested else 3]],
        offset=column.offset,
        children=[column.values] if nested else None,
    )


def items_to_batch(items: Sequence[Item]) -> pa.RecordBatch:
    """Return items as a record batch, without their groups.

    Example:
        >>> items_to_batch([Item("1", None, "toy", {"en": "Who?"}, {"de": "Ich."})]).schema.names
        ['id', 'dataset', 'translation', 'passage.de', 'query.en']
    """
    columns: dict[str, list[Any]] = {}
    for number, item in enumerate(items):
        roles: dict[str, Mapping[str, Any]] = {"query": item.queries, "provenance": item.provenance or {}}
        if not item.translation:
            roles |= {"passage": item.passages, "negatives": item.negatives or {}}
        for role, texts in roles.items():
            for code, text in texts.items():
                if text:
                    name = f"{role}.{code}"
                    if name not in columns:
                        columns[name] = [None] * len(items)
                    columns[name][number] = text
    fixed: dict[str, list[Any]] = {
        "id": [item.id for item in items],
        "dataset": [item.dataset for item in items],
        "translation": [item.translation for item in items],
    }
    columns = fixed | dict(sorted(columns.items()))
    return pa.RecordBatch.from_arrays(
        [pa.array(values, column_type(name)) for name, values in columns.items()], names=list(columns)
    )


def batch_to_items(batch: pa.RecordBatch, groups: Iterable[int | str | None]) -> list[Item]:
    """Return the rows of a record batch as items.

    Args:
        batch: The rows.
        groups: Group of each row.
    """
    values = {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    items = []
    rows = zip(values["id"], groups, values["dataset"], values["translation"], strict=True)
    for name, group, dataset, translation in rows:
        queries: dict[str, str] = {}
        items.append(Item(name, group, dataset, queries, queries if translation else {}, translation))
    for name, column in values.items():
        split = role_and_language(name)
        if split is None:
            continue
        role, language = split
        for number, (item, value) in enumerate(zip(items, column, strict=True)):
            if role == "negatives":
                if value:
                    items[number] = item._replace(negatives={**(item.negatives or {}), language: value})
            elif role == "provenance":
                if value:
                    items[number] = item._replace(provenance={**(item.provenance or {}), language: value})
            elif value is not None:
                (item.queries if role == "query" else item.passages)[language] = value
    return items
