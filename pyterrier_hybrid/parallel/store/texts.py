"""The texts of a store as Arrow record batches, in memory or in files that are mapped into it.

A batch has the columns ``id``, ``dataset`` and ``translation``, and one for every language and role that occurs in it:
``query.de``, ``passage.de``, ``negatives.de``. Translations are kept once, as queries.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.item import Item

# So many rows are read at a time.
PIECE = 16_384

_FIELDS = {"id": pa.string(), "dataset": pa.dictionary(pa.int32(), pa.string()), "translation": pa.bool_()}
_ROLES = {"query": pa.string(), "passage": pa.string(), "negatives": pa.list_(pa.field("item", pa.string()))}


def type_of(name: str) -> pa.DataType:
    """Return the type of a column.

    >>> type_of("query.de")
    DataType(string)
    """
    return _FIELDS.get(name) or _ROLES[name.partition(".")[0]]


def role_and_language(name: str) -> tuple[str, str] | None:
    """Split the name of a text column; ``None`` for the other columns.

    >>> role_and_language("query.zh-Hant"), role_and_language("id")
    (('query', 'zh-Hant'), None)
    """
    role, dot, language = name.partition(".")
    return (role, language) if dot and role in _ROLES else None


class Texts:
    """Rows of texts.

    Args:
        batches: The rows; batches may have different columns.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self.batches = [batch for batch in batches if batch.num_rows]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self.batches)])
        self._first = self._starts[:-1].tolist()
        self._columns: list[dict[str, pa.Array] | None] = [None] * len(self.batches)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def value(self, row: int, name: str) -> str | list[str] | None:
        """Return what a column has in a row, ``None`` if there is no such column."""
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

    def pieces(self, rows: np.ndarray | None = None, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield rows in order, some thousand at a time.

        Args:
            rows: Row numbers, int64; ``None`` for all.
            columns: Yield these columns as far as there are, and ``translation``; default: all.
        """
        batches = self.batches
        if columns is not None:
            wanted = {*columns, "translation"}
            batches = [batch.select([name for name in batch.schema.names if name in wanted]) for batch in batches]
        if rows is None:
            for batch in batches:
                for start in range(0, batch.num_rows, PIECE):
                    yield batch.slice(start, PIECE)
            return
        for start in range(0, len(rows), PIECE):
            piece = rows[start : start + PIECE]
            number = np.searchsorted(self._starts, piece, side="right") - 1
            for run in np.split(np.arange(len(piece)), np.flatnonzero(np.diff(number)) + 1):
                batch = int(number[run[0]])
                yield batches[batch].take(pa.array(piece[run] - self._starts[batch]))

    def of_languages(self, wants: Callable[[str], bool]) -> "Texts":
        """Return the same rows without the columns of the other languages; nothing is copied."""

        def wanted(name: str) -> bool:
            split = role_and_language(name)
            return split is None or wants(split[1])

        return Texts(batch.select([name for name in batch.schema.names if wanted(name)]) for batch in self.batches)

    def without(self, language: str, dropped: np.ndarray) -> "Texts":
        """Return the same rows with the texts of a language missing in some; only their validity bits are new.

        Args:
            language: Its code.
            dropped: The rows to drop it from, bool [rows].
        """
        batches = []
        for batch, start in zip(self.batches, self._first, strict=True):
            for number, name in enumerate(batch.schema.names):
                split = role_and_language(name)
                if split is not None and split[1] == language:
                    column = _hidden(batch.column(number), dropped[start : start + batch.num_rows])
                    batch = batch.set_column(number, name, column)
            batches.append(batch)
        return Texts(batches)

    def replaced(self, name: str, texts: Mapping[int, str]) -> "Texts":
        """Return the same rows with other texts in some; only the columns that these are in are new.

        Args:
            name: Of the column, in which each of these rows has a text.
            texts: The texts by row.
        """
        rows = np.array(sorted(texts), np.int64)
        batches = []
        for batch, start in zip(self.batches, self._first, strict=True):
            here = rows[(rows >= start) & (rows < start + batch.num_rows)]
            if len(here):
                number = batch.schema.get_field_index(name)
                mask = np.zeros(batch.num_rows, bool)
                mask[here - start] = True
                values = pa.array([texts[row] for row in here.tolist()], type_of(name))
                batch = batch.set_column(
                    number, name, pc.replace_with_mask(batch.column(number), pa.array(mask), values)
                )
            batches.append(batch)
        return Texts(batches)

    def __add__(self, other: "Texts") -> "Texts":
        return Texts([*self.batches, *other.batches])


def _hidden(column: pa.Array, hidden: np.ndarray) -> pa.Array:
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


def batch_of(items: Sequence[Item]) -> pa.RecordBatch:
    """Return items as a record batch; their groups are not part of it.

    >>> batch_of([Item("1", None, "toy", {"en": "Who?"}, {"de": "Ich."})]).schema.names
    ['id', 'dataset', 'translation', 'passage.de', 'query.en']
    """
    columns: dict[str, list[str | list[str] | None]] = {}
    for number, item in enumerate(items):
        roles = [("query", item.queries)]
        if not item.translation:
            roles += [("passage", item.passages), ("negatives", item.negatives or {})]
        for role, texts in roles:
            for code, text in texts.items():
                if text:
                    name = f"{role}.{code}"
                    if name not in columns:
                        columns[name] = [None] * len(items)
                    columns[name][number] = text
    fixed = {
        "id": [item.id for item in items],
        "dataset": [item.dataset for item in items],
        "translation": [item.translation for item in items],
    }
    columns = fixed | dict(sorted(columns.items()))
    return pa.RecordBatch.from_arrays(
        [pa.array(values, type_of(name)) for name, values in columns.items()], names=list(columns)
    )


def items_of(batch: pa.RecordBatch, groups: Iterable[int]) -> list[Item]:
    """Return the rows of a record batch as items.

    Args:
        batch: The rows.
        groups: Their groups.
    """
    values = dict(zip(batch.schema.names, (column.to_pylist() for column in batch.columns), strict=True))
    items = []
    rows = zip(values["id"], groups, values["dataset"], values["translation"], strict=True)
    for name, group, dataset, translation in rows:
        queries: dict[str, str] = {}
        items.append(Item(name, group, dataset, queries, queries if translation else {}, translation))
    for name, column in values.items():
        role, language = role_and_language(name) or (None, None)
        if role == "negatives":
            for number, texts in enumerate(column):
                if texts:
                    known = items[number].negatives or {}
                    items[number] = items[number]._replace(negatives={**known, language: texts})
        elif role is not None:
            for item, text in zip(items, column, strict=True):
                if text is not None:
                    (item.queries if role == "query" else item.passages)[language] = text
    return items
