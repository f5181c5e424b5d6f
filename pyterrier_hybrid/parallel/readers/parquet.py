"""Parquet: reader and writer of pairs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pyterrier_hybrid.parallel.item import Item, check_item
from pyterrier_hybrid.parallel.store.build import BATCH_SIZE, Builder
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.parallel.store.texts import batch_to_items, column_type, role_and_language
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.inputs import paths_of, require_file

_REQUIRED = ("id", "dataset", "translation")
_FIXED = (*_REQUIRED, "group")

# What pyarrow raises for a damaged file; which of them depends on where the damage is.
_DAMAGE = (pa.ArrowException, OSError, ValueError)


def read_parquet(builder: Builder, *, files: Sequence[str | Path]) -> None:
    """Read pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_parquet`."""
    for path in paths_of(files):
        builder.add_items(_items(path), checked=True)


def write_parquet(path: Path, store: Store) -> None:
    """Write pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.to_parquet`."""
    names = sorted({name for batch in store.texts.batches for name in batch.schema.names} - set(_REQUIRED))
    types = {"id": column_type("id"), "dataset": pa.string(), "translation": pa.bool_(), "group": pa.int64()}
    types |= {name: column_type(name) for name in names}
    with (
        whole_file(path) as unfinished,
        pq.ParquetWriter(unfinished, pa.schema(types), compression="zstd", write_page_checksum=True) as writer,
    ):
        first = 0
        for batch in store.batches():
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns["dataset"] = columns["dataset"].cast(pa.string())
            columns["group"] = pa.array(store.groups[first : first + batch.num_rows])
            arrays = [columns[name] if name in columns else pa.nulls(batch.num_rows, types[name]) for name in types]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=pa.schema(types)))
            first += batch.num_rows


def _items(path: Path) -> Iterator[Item]:
    require_file(path, seekable=True)
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except _DAMAGE as error:
        raise ValueError(f"{path} is not a Parquet file, or damaged ({error}): fetch or write it again") from None
    with file:
        names = file.schema_arrow.names
        _check_names(path, names)
        first = 0
        for batch in _batches(path, file):
            columns = {name: _cast(path, batch, name) for name in names if name != "group"}
            _check_rows(path, first, columns)
            groups: list[Any] = batch.column("group").to_pylist() if "group" in names else [None] * batch.num_rows
            for number, item in enumerate(batch_to_items(pa.RecordBatch.from_pydict(columns), groups), first):
                item = check_item(item, f"{path}, row {number}")
                # Equal groups in two files are different groups.
                yield item if item.group is None else item._replace(group=f"{path}\0{item.group!r}")
            first += batch.num_rows


def _batches(path: Path, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    rows = 0
    try:
        for batch in file.iter_batches(batch_size=BATCH_SIZE):
            rows += batch.num_rows
            yield batch
    except _DAMAGE as error:
        raise ValueError(f"{path} is damaged after row {rows:,} ({error}): fetch or write it again") from None


def _check_names(path: Path, names: Sequence[str]) -> None:
    for name in _REQUIRED:
        if name not in names:
            raise ValueError(f"{path} has no column {name!r}: it needs {', '.join(_REQUIRED)} (see to_parquet)")
    for name in names:
        split = role_and_language(name)
        if split is not None:
            try:
                check_language(split[1])
            except ValueError as error:
                raise ValueError(f"{path}, column {name!r}: {error}") from None
        elif name not in _FIXED:
            raise ValueError(
                f"{path} has a column {name!r}: there are {', '.join(_FIXED)}, and query, passage, negatives or "
                "provenance with a language, such as 'query.de'"
            )


def _cast(path: Path, batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column with the type that stores have."""
    column = batch.column(name)
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}, column {name!r}: {error}: write it again, in UTF-8") from None
    try:
        if name == "dataset":
            # Arrow cannot cast dictionaries from large strings to strings.
            return column.cast(pa.string()).dictionary_encode()
        return column.cast(column_type(name))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise ValueError(f"{path}, column {name!r} is {column.type}: it should be {column_type(name)}") from None


def _check_rows(path: Path, first: int, columns: dict[str, pa.Array]) -> None:
    for name, column in columns.items():
        if name in _FIXED:
            invalid, problem = column.is_null(), "is missing"
        elif not name.startswith(("query.", "provenance.")):
            invalid = pc.and_(columns["translation"], column.is_valid())
            problem = "is of a translation, whose texts are queries"
        else:
            continue
        row = invalid.index(True).as_py()
        if row >= 0:
            raise ValueError(f"{path}, row {first + row}, column {name!r} {problem}")
