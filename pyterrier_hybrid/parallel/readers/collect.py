"""Checks rows of files and datasets, and joins them to items."""

import warnings
from collections.abc import Iterable, Mapping
from numbers import Integral
from sys import intern
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pyterrier_hybrid.parallel.item import Item, find_own_passage, with_canonical_codes
from pyterrier_hybrid.parallel.selection import Selection
from pyterrier_hybrid.parallel.store.build import BATCH_SIZE, Builder
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank, text_key
from pyterrier_hybrid.text.sentences import neighbours
from pyterrier_hybrid.utils.checks import find_lone_surrogate, real_number, whole_number

T = TypeVar("T")

_KINDS = "a row has lang, question and passage, or text, or terms, or queries and passages"
# Number of empty rows that a warning lists.
_LISTED_ROWS = 10


class _EmptyTextError(ValueError):
    """A row has an empty text; the argument is the field."""


class _RowError(ValueError):
    """A row is invalid; the arguments are the field, or ``None``, and the problem."""


class _Row(NamedTuple):
    """A checked row.

    Attributes:
        item: Its texts as an item.
        field: The field that names the languages of its texts, for errors.
        group: Its group, if it has one.
        context: The paragraph that the passage is from.
    """

    item: Item
    field: str
    group: int | str | None
    context: str | None


class Collector:
    """Checks rows and joins those with the same dataset and ID to items.

    Args:
        selection: Which texts to keep; default: all.
        max_empty: Rows with an empty text are skipped up to this ratio of a source's rows.
        context_negatives: Number of sentences of a row's context that become hard negatives.
    """

    def __init__(self, selection: Selection | None = None, *, max_empty: float, context_negatives: int = 0) -> None:
        if not 0 <= real_number("max_empty", max_empty) <= 1:
            raise ValueError(f"max_empty={max_empty!r} is outside 0 to 1: it is a ratio of the rows")
        if whole_number("context_negatives", context_negatives, least=-1) < 0:
            raise ValueError(f"context_negatives={context_negatives!r} is negative: it is a number of sentences")
        self._selection = selection or Selection()
        self._max_empty = max_empty
        self._context_negatives = context_negatives
        # Those of all rows, including rows that are not selected.
        self._languages: set[str] = set()
        self._datasets: set[str] = set()
        self._items: list[Item] = []
        self._numbers: dict[tuple[str, str, bool], int] = {}
        # Item number -> its negatives that were taken from a context.
        self._from_context: dict[int, set[str]] = {}
        # Item numbers, and keys that join these items to groups.
        self._linked: list[int] = []
        self._keys: list[str] = []

    def read(
        self,
        source: str,
        rows: Iterable[tuple[str, Any]],
        *,
        fields: Mapping[str, str] | None = None,
        builder: Builder | None = None,
    ) -> None:
        """Add the rows of a file or dataset.

        Args:
            source: Name of the file or dataset, for errors.
            rows: The location of each row, for errors, and the row: a dict with the fields of
                :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_jsonl`.
            fields: Field -> its name in the source, for errors.
            builder: If each row is a separate item: where items go before all rows are read, to save memory.

        Raises:
            ValueError: A row is invalid, or too many rows are empty.
        """
        names, count, empty = fields or {}, 0, []
        for location, row in rows:
            count += 1
            try:
                self._add(row, source)
            except _EmptyTextError as error:
                field = error.args[0]
                empty.append(f"{location}, field {names.get(field, field)!r}")
            except _RowError as error:
                field, problem = error.args
                where = f", field {names.get(field, field)!r}" if field else ""
                raise ValueError(f"{source}, {location}{where}: {problem}") from None
            if builder is not None and len(self._items) == BATCH_SIZE:
                self.move_to(builder)
        if not count:
            warnings.warn(f"{source} has no rows: check that it is the right file", stacklevel=6)
        _report_empty(source, count, empty, self._max_empty)

    def check_selection(self) -> None:
        """Check that every selected language and dataset occurred.

        Raises:
            ValueError: One did not.
        """
        self._selection.check(self._languages, self._datasets)

    def move_to(self, builder: Builder) -> None:
        """Add the items to a builder and forget them."""
        builder.links.groups.add(np.array(self._linked, np.int64) + builder.rows, self._keys)
        self._linked, self._keys = [], []
        self._numbers.clear()
        self._from_context.clear()
        # Popping frees each item as soon as its texts are in Arrow columns.
        self._items.reverse()
        builder.add_items((self._items.pop() for _ in range(len(self._items))), checked=True)

    def _add(self, value: Any, source: str) -> None:
        row = _check_row(value)
        item, context = row.item, row.context
        around: list[str] = []
        if self._context_negatives and context and row.field == "lang":
            ((language, passage),) = item.passages.items()
            around = neighbours(passage, context, self._context_negatives)
            explicit = (item.negatives or {}).get(language, [])
            if explicit or around:
                item = item._replace(negatives={language: [*dict.fromkeys([*explicit, *around])]})
        self._datasets.add(item.dataset)
        self._languages.update(item.queries, item.passages)
        if not self._selection.wants_dataset(item.dataset):
            return
        selected = self._selection.of_item(item)
        if selected is None:
            return
        number = self._numbers.setdefault((item.dataset, item.id, item.translation), len(self._items))
        if number == len(self._items):
            self._items.append(selected)
        else:
            self._items[number] = _merge(self._items[number], selected, row.field)
        if around:
            self._from_context.setdefault(number, set()).update(around)
        self._check_negatives(number)
        if row.group is not None:
            self._link(number, f"\0file\0{source}\0{row.group!r}")
        if context is not None and not is_blank(context):
            self._link(number, text_key(context))

    def _check_negatives(self, number: int) -> None:
        item = self._items[number]
        while (positive := find_own_passage(item)) is not None:
            code, position, text = positive
            if text not in self._from_context.get(number, ()):
                raise _RowError(f"negatives.{code}[{position}]", f"{text!r} is the item's own passage: leave it out")
            # A sentence of the context may equal the passage in another language, if it was left untranslated.
            assert item.negatives is not None
            del item.negatives[code][position]

    def _link(self, number: int, key: str) -> None:
        self._linked.append(number)
        self._keys.append(key)


def _merge(known: Item, new: Item, field: str) -> Item:
    """Add the languages of a row to an item of earlier rows."""
    for known_texts, new_texts in ((known.queries, new.queries), (known.passages, new.passages)):
        for code in new_texts:
            if code in known_texts or known.translation:
                raise _RowError(field, f"{code!r} of id {new.id!r} in set {new.dataset!r} is there a second time")
    known.queries.update(new.queries)
    known.passages.update(new.passages)
    if new.provenance:
        known = known._replace(provenance={**(known.provenance or {}), **new.provenance})
    if not new.negatives:
        return known
    negatives = dict(known.negatives or {})
    for code, texts in new.negatives.items():
        negatives[code] = [*negatives.get(code, ()), *texts]
    return known._replace(negatives=negatives)


def _check_row(row: Any) -> _Row:
    if not isinstance(row, dict):
        raise _RowError(None, f"a JSON {type(row).__name__}, not an object: {_KINDS}")
    dataset, name = intern(_string(row, "set")), _string(row, "id")
    queries, passages, field = _texts(row)
    translation = queries is passages
    negatives, provenance = _negatives(row, field, translation), _provenance(row, field)
    group, context = row.get("group"), row.get("context")
    if group is not None and (not isinstance(group, Integral | str) or isinstance(group, bool)):
        raise _RowError("group", f"{group!r} is neither an int nor a str")
    if isinstance(group, Integral):
        group = int(group)
    if context is not None:
        _check_string(context, "context")
    return _Row(Item(name, None, dataset, queries, passages, translation, negatives, provenance), field, group, context)


def _texts(row: dict[str, Any]) -> tuple[dict[str, str], dict[str, str], str]:
    """Return the queries and passages of a row, one dict if they are translations, and the field of their languages."""
    # datasets.Dataset.to_json writes null for the languages, and the kinds of texts, that a row does not have.
    kinds = {field for field in ("text", "terms", "queries", "passages") if row.get(field) is not None}
    if "text" in kinds:
        texts, field = _by_language(row, "text"), "text"
    elif "terms" in kinds:
        texts, field = _by_language({"terms": _first_forms(row["terms"])}, "terms"), "terms"
    elif kinds:
        queries, passages = _by_language(row, "queries"), _by_language(row, "passages")
        for role, by_language in (("queries", queries), ("passages", passages)):
            if not by_language:
                raise _RowError(role, "no text in any language: an item needs a query and a passage")
        return queries, passages, "queries"
    else:
        question, passage = _string(row, "question"), _string(row, "passage")
        code = _language(_field(row, "lang"), "lang")
        return {code: question}, {code: passage}, "lang"
    if len(texts) < 2:
        raise _RowError(field, f"{len(texts)} language: a translation needs two")
    return texts, texts, field


def _negatives(row: dict[str, Any], field: str, translation: bool) -> dict[str, list[str]] | None:
    value = row.get("negatives")
    if value is None:
        return None
    if translation:
        raise _RowError("negatives", "a translation has none: leave the field out")
    if field == "lang":
        return {_language(row["lang"], "lang"): _list_of_texts(value, "negatives")} if value else None
    if not isinstance(value, dict):
        raise _RowError("negatives", f"{value!r} is not an object of language codes and lists of texts")
    lists = {code: _list_of_texts(texts, f"negatives.{code}") for code, texts in value.items() if texts}
    return _with_canonical_codes(lists, "negatives")


def _provenance(row: dict[str, Any], field: str) -> dict[str, str] | None:
    if row.get("provenance") is None:
        return None
    if field == "lang":
        return {_language(row["lang"], "lang"): _string(row, "provenance")}
    return _by_language(row, "provenance")


def _list_of_texts(value: Any, field: str) -> list[str]:
    if not isinstance(value, list):
        raise _RowError(field, f"{value!r} is not a list of texts")
    return [_text(text, f"{field}[{number}]") for number, text in enumerate(value)]


def _first_forms(terms: Any) -> Any:
    if not isinstance(terms, dict):
        return terms
    terms = {code: forms for code, forms in terms.items() if forms is not None}
    for code, forms in terms.items():
        if not isinstance(forms, list) or not forms:
            raise _RowError(f"terms.{code}", f"{forms!r} is not a list of words")
    return {code: forms[0] for code, forms in terms.items()}


def _by_language(row: dict[str, Any], field: str) -> dict[str, str]:
    value = _field(row, field)
    if not isinstance(value, dict):
        raise _RowError(field, f"{value!r} is not an object of language codes and texts")
    texts = {code: _text(text, f"{field}.{code}") for code, text in value.items() if text is not None}
    return _with_canonical_codes(texts, field)


def _language(code: Any, field: str) -> str:
    try:
        return check_language(code)
    except ValueError as error:
        raise _RowError(field, str(error)) from None


def _with_canonical_codes(texts: dict[str, T], field: str) -> dict[str, T]:
    try:
        return with_canonical_codes(texts)
    except ValueError as error:
        raise _RowError(field, str(error)) from None


def _field(row: dict[str, Any], field: str) -> Any:
    if field not in row:
        raise _RowError(field, f"missing ({_KINDS}, and all have set and id)")
    return row[field]


def _string(row: dict[str, Any], field: str) -> str:
    return _text(_field(row, field), field)


def _text(text: Any, field: str) -> str:
    if is_blank(_check_string(text, field)):
        raise _EmptyTextError(field)
    return text


def _check_string(text: Any, field: str) -> str:
    if not isinstance(text, str):
        raise _RowError(field, f"{text!r} is not a string")
    problem = find_lone_surrogate(text)
    if problem is not None:
        raise _RowError(field, problem)
    return text


def _report_empty(source: str, rows: int, empty: list[str], max_empty: float) -> None:
    if not empty:
        return
    if len(empty) > max_empty * rows:
        raise ValueError(
            f"{source}, {empty[0]}: empty text, as in {len(empty):,} of {rows:,} rows, "
            f"more than the ratio of {max_empty:g} that is skipped: fix them, or allow more (max_empty)"
        )
    listed = "; ".join(empty[:_LISTED_ROWS])
    more = f"; and {len(empty) - _LISTED_ROWS:,} more" if len(empty) > _LISTED_ROWS else ""
    # The seven frames: here, Collector.read, the reader, in_memory or build_store, _read and from_... of ParallelPairs,
    # and the caller, whose line the warning shows.
    warnings.warn(
        f"{source}: skipped {len(empty):,} of {rows:,} rows, which have an empty text: {listed}{more}", stacklevel=7
    )
