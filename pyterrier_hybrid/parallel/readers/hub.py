"""Reader of Hugging Face datasets."""

from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.store.build import Builder

if TYPE_CHECKING:
    import datasets


_ROWS_PER_READ = 1000


def read_hub(
    builder: Builder,
    *,
    dataset: "str | datasets.Dataset",
    config: str | None,
    split: str | None,
    lang: str | None,
    columns: Mapping[str, str | None],
    dataset_name: str | None,
    max_empty: float,
) -> None:
    """Read pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_hf`.

    Args:
        builder: Where the items go.
        dataset: The dataset or its name.
        config: Its configuration.
        split: Its split.
        lang: The language of all rows.
        columns: Field of a row -> column, or ``None`` if the dataset does not have the field.
        dataset_name: Name of the dataset in the store.
        max_empty: Maximum ratio of rows with an empty text.
    """
    if lang is not None and columns["lang"] is not None:
        raise ValueError(
            f"lang={lang!r} is the language of all rows, and language_column={columns['lang']!r} that of each: pass one"
        )
    if lang is None and columns["lang"] is None:
        raise ValueError("the language of the rows is not known: pass either lang='en' or language_column='lang'")
    if isinstance(dataset, str):
        dataset_name = dataset_name or dataset
        dataset = _load(dataset, config, split)
    elif config is not None or split is not None:
        raise ValueError("config and split name a part of a dataset to load: this dataset is loaded already")
    if not isinstance(getattr(dataset, "column_names", None), list):
        raise TypeError(f"{type(dataset).__name__} is not a datasets.Dataset: pass one split of it")
    fields = {field: column for field, column in columns.items() if column is not None}
    missing = [column for column in fields.values() if column not in dataset.column_names]
    if missing:
        raise ValueError(
            f"{dataset_name or 'the dataset'} has no column {missing[0]!r}, only {', '.join(dataset.column_names)}: "
            "name the columns that it has"
        )
    name = dataset_name or getattr(getattr(dataset, "info", None), "dataset_name", None)
    if name is None:
        raise ValueError("the dataset has no name: pass dataset_name='...', the name of the dataset in the store")
    collector = Collector(max_empty=max_empty)
    rows = _rows(dataset.select_columns(sorted(set(fields.values()))), fields, name, lang)
    # Without a column of IDs, each row is a separate item, and need not wait for rows in other languages.
    collector.read(name, rows, fields=fields, builder=None if "id" in fields else builder)
    collector.move_to(builder)


def _load(name: str, config: str | None, split: str | None) -> "datasets.Dataset":
    try:
        import datasets
    except ModuleNotFoundError as error:
        if error.name != "datasets":
            raise
        raise ModuleNotFoundError(
            f"loading {name!r} needs the datasets library: pip install 'pyterrier_hybrid[hf]'", name="datasets"
        ) from None
    return datasets.load_dataset(name, config, split=split or "train")


def _rows(
    dataset: "datasets.Dataset", fields: Mapping[str, str], name: str, lang: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    number = 0
    for batch in _batches(dataset, name):
        for values in zip(*(batch[column] for column in fields.values()), strict=True):
            row = {"set": name, "id": str(number), "lang": lang, **dict(zip(fields, values, strict=True))}
            if isinstance(row["id"], Integral):
                row["id"] = str(row["id"])
            if isinstance(row.get("negatives"), str):
                row["negatives"] = [row["negatives"]]
            yield f"row {number}", row
            number += 1


def _batches(dataset: "datasets.Dataset", name: str) -> Iterator[Any]:
    number = 0
    try:
        for batch in dataset.iter(batch_size=_ROWS_PER_READ):
            yield batch
            number += 1
    except UnicodeDecodeError as error:
        start = number * _ROWS_PER_READ
        rows = f"rows {start:,} to {start + _ROWS_PER_READ - 1:,}"
        raise ValueError(f"{name}, {rows}: a text is not UTF-8 ({error.reason}): write the dataset again") from None
