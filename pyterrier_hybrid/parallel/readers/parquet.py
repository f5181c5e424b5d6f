"""The reader of Parquet files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.item import Item, check_item, check_language
from pyterrier_hybrid.parallel.store.build import BATCH_SIZE, Builder
from pyterrier_hybrid.parallel.store.texts import items_of, role_and_language, type_of

_FIXED = ("id", "dataset", "translation", "group")


def read_parquet(builder: Builder, *, files: Sequence[str | Path]) -> None:
    """Read Parquet files; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_parquet`."""
    if not files:
        raise ValueError("no file given: pass the path of at least one")
    for path in map(Path, files):
        builder.add_items(_items(path), checked=True)


def _items(path: Path) -> Iterator[Item]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no Parquet file ({error}): fetch or write it again") from None
    with file:
        names = file.schema_arrow.names
        _check_names(path, names)
        first = 0
        for batch in file.iter_batches(batch_size=BATCH_SIZE):
            columns = {name: _column(path, batch, name) for name in names if name != "group"}
            _check_rows(path, first, columns)
            groups = batch.column("group").to_pylist() if "group" in names else [None] * batch.num_rows
            for number, item in enumerate(items_of(pa.RecordBatch.from_pydict(columns), groups), first):
                check_item(item, f"{path}, row {number}")
                # Groups are those of one file.
                yield item if item.group is None else item._replace(group=f"{path}\0{item.group!r}")
            first += batch.num_rows


def _check_names(path: Path, names: Sequence[str]) -> None:
    for name in _FIXED[:3]:
        if name not in names:
            raise ValueError(f"{path} has no column {name!r}: it needs {', '.join(_FIXED[:3])} (see to_parquet)")
    for name in names:
        split = role_and_language(name)
        if split is not None:
            try:
                check_language(split[1])
            except ValueError as error:
                raise ValueError(f"{path}, column {name!r}: {error}") from None
        elif name not in _FIXED:
            raise ValueError(
                f"{path} has a column {name!r}: there are {', '.join(_FIXED)}, and query, passage or negatives "
                "with a language, such as 'query.de'"
            )


def _column(path: Path, batch: pa.RecordBatch, name: str) -> pa.Array:
    column = batch.column(name)
    try:
        if name == "dataset":
            # Dictionaries cannot be cast between strings of different width.
            return column.cast(pa.string()).dictionary_encode()
        return column.cast(type_of(name))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise ValueError(f"{path}, column {name!r} is {column.type}: it should be {type_of(name)}") from None


def _check_rows(path: Path, first: int, columns: dict[str, pa.Array]) -> None:
    translation = columns["translation"]
    for name, column in columns.items():
        if name in _FIXED:
            wrong, problem = column.is_null(), "is missing"
        elif not name.startswith("query."):
            wrong, problem = pc.and_(translation, column.is_valid()), "is of a translation, whose texts are queries"
        else:
            continue
        place = wrong.index(True).as_py()
        if place >= 0:
            raise ValueError(f"{path}, row {first + place}, column {name!r} {problem}")
