"""Reader of Hugging Face datasets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.utils.extras import install_command

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
    passage_lang: str | None,
    columns: Mapping[str, str | Sequence[str] | None],
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
        passage_lang: The language of all passages, if it is not that of their queries.
        columns: Field of a row -> column, or ``None`` if the dataset does not have the field; or lists of columns, one
            for each language of a row.
        dataset_name: Name of the dataset in the store.
        max_empty: Maximum ratio of rows with an empty text.
    """
    if lang is not None and columns["lang"] is not None:
        raise ValueError(
            f"lang={lang!r} is the language of all rows, and language_column={columns['lang']!r} that of each: pass one"
        )
    if lang is None and columns["lang"] is None:
        raise ValueError("the language of the rows is not known: pass either lang='en' or language_column='lang'")
    _check_lists(columns, passage_lang)
    if isinstance(dataset, str):
        dataset_name = dataset_name or dataset
        dataset = _load(dataset, config, split)
    elif config is not None or split is not None:
        raise ValueError("config and split name a part of a dataset to load: this dataset is loaded already")
    if not hasattr(dataset, "select_columns") or not isinstance(dataset.column_names, list):
        raise TypeError(f"{type(dataset).__name__} is not a datasets.Dataset: {_instead_of(dataset)}")
    fields = {field: column for field, column in columns.items() if column is not None}
    used = sorted({name for column in fields.values() for name in ([column] if isinstance(column, str) else column)})
    missing = [column for column in used if column not in dataset.column_names]
    if missing:
        raise ValueError(
            f"{dataset_name or 'the dataset'} has no column {missing[0]!r}, only {', '.join(dataset.column_names)}: "
            "name the columns that it has"
        )
    name = dataset_name or getattr(getattr(dataset, "info", None), "dataset_name", None)
    if name is None:
        raise ValueError("the dataset has no name: pass dataset_name='...', the name of the dataset in the store")
    collector = Collector(max_empty=max_empty)
    rows = _rows(dataset.select_columns(used), fields, name, lang)
    if "lang" in fields and not isinstance(fields["lang"], str):
        rows = ((location, _in_several_languages(row, name, location)) for location, row in rows)
    elif passage_lang is not None:
        rows = ((location, _in_two_languages(row, passage_lang)) for location, row in rows)
    named = {field: column for field, column in fields.items() if isinstance(column, str)}
    # Without a column of IDs, each row is a separate item, and need not wait for rows in other languages.
    collector.read(name, rows, fields=named, builder=None if "id" in fields else builder)
    collector.move_to(builder)


def _check_lists(columns: Mapping[str, str | Sequence[str] | None], passage_lang: str | None) -> None:
    """Check that the columns of languages, queries and passages are lists of the same length, or none is a list."""
    names = {"lang": "language_column", "question": "query", "passage": "passage"}
    lists = {names[field]: columns[field] for field in names if not isinstance(columns[field], str | None)}
    if not lists:
        return
    if len(lists) < len(names) or len({len(column) for column in lists.values() if column is not None}) > 1:
        shown = ", ".join(f"{names[field]}={columns[field]!r}" for field in names)
        raise ValueError(
            f"{shown}: rows in several languages need three lists of columns, one column for each language"
        )
    for name, value in (("negatives", columns["negatives"]), ("passage_lang", passage_lang)):
        if value is not None:
            raise ValueError(f"{name}={value!r} does not go with lists of columns: leave it out")


def _in_several_languages(row: dict[str, Any], name: str, location: str) -> dict[str, Any]:
    """Return a row with lists of languages, queries and passages in the form of texts by language."""
    codes, questions, passages = row.pop("lang"), row.pop("question"), row.pop("passage")
    if len({canonical_language(code) for code in codes}) < len(codes):
        raise ValueError(
            f"{name}, {location}: the languages {codes!r} are one language: each needs a column of its own"
        )
    return {
        **row,
        "queries": dict(zip(codes, questions, strict=True)),
        "passages": dict(zip(codes, passages, strict=True)),
    }


def _in_two_languages(row: dict[str, Any], passage_lang: str) -> dict[str, Any]:
    """Return a row whose passage is in a language of its own in the form of texts by language."""
    query, passage = {row.pop("lang"): row.pop("question")}, {passage_lang: row.pop("passage")}
    negatives = {passage_lang: row["negatives"]} if row.get("negatives") else None
    return {**row, "queries": query, "passages": passage, "negatives": negatives}


def _load(name: str, config: str | None, split: str | None) -> "datasets.Dataset":
    try:
        import datasets
    except ModuleNotFoundError as error:
        if error.name != "datasets":
            raise
        raise ModuleNotFoundError(
            f"loading {name!r} needs the datasets library: {install_command('hf')}", name="datasets"
        ) from None
    return datasets.load_dataset(name, config, split=split or "train")


def _instead_of(dataset: Any) -> str:
    """Return what to pass instead of an object that is not a dataset."""
    if isinstance(dataset, Mapping) and dataset:
        return f"pass one split of it, such as dataset[{next(iter(dataset))!r}]"
    if hasattr(dataset, "iterrows"):
        return "pass datasets.Dataset.from_pandas(frame)"
    if isinstance(dataset, list | tuple):
        return "pass datasets.Dataset.from_list(rows)"
    return "pass a split of a dataset, or a name on the Hugging Face hub"


def _rows(
    dataset: "datasets.Dataset", fields: Mapping[str, str | Sequence[str]], name: str, lang: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    number = 0
    for batch in _batches(dataset, name):
        for values in zip(*(_column(batch, column) for column in fields.values()), strict=True):
            row = {"set": name, "id": str(number), "lang": lang, **dict(zip(fields, values, strict=True))}
            if isinstance(row["id"], Integral):
                row["id"] = str(row["id"])
            if isinstance(row.get("negatives"), str):
                row["negatives"] = [row["negatives"]]
            yield f"row {number}", row
            number += 1


def _column(batch: Mapping[str, Any], column: str | Sequence[str]) -> Iterable[Any]:
    """Return the values of a column, or those of several columns as tuples."""
    return batch[column] if isinstance(column, str) else zip(*(batch[name] for name in column), strict=True)


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
