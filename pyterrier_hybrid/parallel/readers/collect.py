"""Rows of files and datasets gathered into items."""

import json
import warnings
from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any

import numpy as np

from pyterrier_hybrid.parallel.item import Item, check_language, has_pair, is_blank, own_negative, text_key
from pyterrier_hybrid.parallel.operations.select import Choice
from pyterrier_hybrid.parallel.store.build import BATCH_SIZE, Builder
from pyterrier_hybrid.text.sentences import neighbours

_KINDS = "a row has lang, question and passage, or text, or terms, or queries and passages"
_NAMED_PLACES = 10


class EmptyTextError(ValueError):
    """A row has an empty text; the argument is the field."""


class RowError(ValueError):
    """A row is invalid; the arguments are the field and what is wrong with it."""


class Collector:
    """Gathers rows into items.

    Args:
        choice: Which rows and texts are wanted.
        max_empty: Rows with an empty text are skipped up to this share of a source's rows.
        context_negatives: How many sentences of a row's context become hard negatives of its question.

    Attributes:
        languages: What occurs, wanted or not.
        datasets: The same.
    """

    def __init__(self, choice: Choice, *, max_empty: float, context_negatives: int = 0) -> None:
        if not 0 <= max_empty <= 1:
            raise ValueError(f"max_empty={max_empty!r} is outside 0 to 1: it is a share of the rows")
        if context_negatives < 0:
            raise ValueError(f"context_negatives={context_negatives!r} is negative: it is a number of sentences")
        self._context_negatives = context_negatives
        self._max_empty = max_empty
        self.languages: set[str] = set()
        self.datasets: set[str] = set()
        self._choice = choice
        self._items: list[Item] = []
        self._numbers: dict[tuple[str, str, bool], int] = {}
        # By the number of an item: those of its negatives that nobody wrote down.
        self._around: dict[int, set[str]] = {}
        self._linked: list[int] = []
        self._keys: list[str] = []

    def read(
        self,
        source: str,
        rows: Iterable[tuple[str, bytes | dict[str, Any]]],
        *,
        fields: Mapping[str, str] | None = None,
        builder: Builder | None = None,
    ) -> None:
        """Gather the rows of a source.

        Args:
            source: Its name.
            rows: Places and rows, JSON or parsed.
            fields: What errors call some fields.
            builder: Where items go meanwhile, if every row is an item of its own; default: with :meth:`move_to`.

        Raises:
            ValueError: If a row is not valid or too many are empty.
        """
        known, count, empty = fields or {}, 0, []
        for place, row in rows:
            count += 1
            try:
                self._add(_parsed(row) if isinstance(row, bytes) else row, source)
            except EmptyTextError as error:
                field = error.args[0]
                empty.append(f"{place}, field {known.get(field, field)!r}")
            except RowError as error:
                field, problem = error.args
                where = f", field {known.get(field, field)!r}" if field else ""
                raise ValueError(f"{source}, {place}{where}: {problem}") from None
            if builder is not None and len(self._items) == BATCH_SIZE:
                self.move_to(builder)
        _report_empty(source, count, empty, self._max_empty)

    def check(self) -> None:
        """Check that what is wanted occurred.

        Raises:
            ValueError: If not.
        """
        self._choice.check(self.languages, self.datasets)

    def move_to(self, builder: Builder) -> None:
        """Hand the items over, each of which is let go as soon as its texts are in Arrow columns."""
        builder.links.groups.add(np.array(self._linked, np.int64) + builder.rows, self._keys)
        self._linked, self._keys = [], []
        self._numbers.clear()
        self._around.clear()
        self._items.reverse()
        builder.add_items((self._items.pop() for _ in range(len(self._items))), checked=True)

    def _add(self, row: dict[str, Any], source: str) -> None:
        dataset, name = intern(_string(row, "set")), _string(row, "id")
        queries, passages, field = _texts(row)
        negatives = _negatives(row, None if queries is passages else row["lang"] if field == "lang" else "")
        group, context = row.get("group"), row.get("context")
        if group is not None and (not isinstance(group, int | str) or isinstance(group, bool)):
            raise RowError("group", f"{group!r} is neither an int nor a str")
        if context is not None and not isinstance(context, str):
            raise RowError("context", f"{context!r} is not a string")
        around: list[str] = []
        if self._context_negatives and context and field == "lang":
            lang = row["lang"]
            around = neighbours(passages[lang], context, self._context_negatives)
            given = negatives[lang] if negatives else []
            negatives = {lang: [*dict.fromkeys([*given, *around])]} if given or around else None
        self.datasets.add(dataset)
        self.languages.update(queries, passages)
        if not self._choice.wants(dataset):
            return
        item = self._choice.of(Item(name, None, dataset, queries, passages, queries is passages, negatives))
        if item is None:
            return
        number = self._numbers.setdefault((dataset, name, item.translation), len(self._items))
        if number == len(self._items):
            self._items.append(item)
        else:
            item = self._items[number] = self._extended(self._items[number], item, field)
        if around:
            self._around.setdefault(number, set()).update(around)
        while (found := own_negative(item)) is not None:
            code, place = found
            text = item.negatives[code][place]
            if text in self._around.get(number, ()):
                # A sentence of the context is also the passage in another language, as where it was left untranslated.
                del item.negatives[code][place]
                continue
            raise RowError(f"negatives.{code}[{place}]", f"{text!r} is the item's own passage: leave it out")
        if group is not None:
            self._linked.append(number)
            self._keys.append(f"\0file\0{source}\0{group!r}")
        if context is not None and not is_blank(context):
            self._linked.append(number)
            self._keys.append(text_key(context))

    def _extended(self, known: Item, item: Item, field: str) -> Item:
        for texts, more in ((known.queries, item.queries), (known.passages, item.passages)):
            for code in more:
                if code in texts or known.translation:
                    raise RowError(field, f"{code!r} of id {item.id!r} in set {item.dataset!r} is there a second time")
        known.queries.update(item.queries)
        known.passages.update(item.passages)
        if not item.negatives:
            return known
        negatives = dict(known.negatives or {})
        for code, texts in item.negatives.items():
            negatives[code] = [*negatives.get(code, ()), *texts]
        return known._replace(negatives=negatives)


def _parsed(line: bytes) -> dict[str, Any]:
    row = json_of(line)
    if not isinstance(row, dict):
        raise RowError(None, f"a JSON {type(row).__name__}, not an object: {_KINDS}")
    return row


def json_of(line: bytes) -> Any:
    """What a line of JSON Lines says.

    Raises:
        RowError: It is no JSON, or not to be written again.
    """
    try:
        row = json.loads(line.decode().rstrip())
    except UnicodeDecodeError as error:
        raise RowError(None, f"not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise RowError(None, f"not a JSON object: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise RowError(None, f"not a JSON object that can be read: {error}") from None
    if b"\\ud" in line.lower():
        try:
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise RowError(None, "an escape \\ud... is half a character: write the text as UTF-8 instead") from None
    return row


def _texts(row: dict[str, Any]) -> tuple[dict[str, str], dict[str, str], str]:
    """Return the queries and passages of a row, one dict if they are translations, and the field of their languages."""
    if "text" in row:
        texts = _by_language(row, "text")
    elif "terms" in row:
        texts = _by_language({"terms": _first_forms(row["terms"])}, "terms")
    elif "queries" in row or "passages" in row:
        queries, passages = _by_language(row, "queries"), _by_language(row, "passages")
        for field, given in (("queries", queries), ("passages", passages)):
            if not given:
                raise RowError(field, "no text in any language: an item needs a query and a passage")
        return queries, passages, "queries"
    else:
        question, passage = _string(row, "question"), _string(row, "passage")
        code = _language(_field(row, "lang"), "lang")
        return {code: question}, {code: passage}, "lang"
    field = "text" if "text" in row else "terms"
    if not has_pair(Item("", None, "", texts, texts, translation=True)):
        raise RowError(field, f"{len(texts)} language: a translation needs two")
    return texts, texts, field


def _negatives(row: dict[str, Any], language: str | None) -> dict[str, list[str]] | None:
    """Return the negatives of a row.

    Args:
        row: The row.
        language: The one language of its texts, "" if it has several, ``None`` if it is a translation.
    """
    given = row.get("negatives")
    if given is None:
        return None
    if language is None:
        raise RowError("negatives", "a translation has none: leave the field out")
    if language:
        return {language: _texts_of(given, "negatives")} if given else None
    if not isinstance(given, dict):
        raise RowError("negatives", f"{given!r} is not an object of language codes and lists of texts")
    return {
        _language(code, "negatives"): _texts_of(texts, f"negatives.{code}") for code, texts in given.items() if texts
    }


def _texts_of(given: Any, field: str) -> list[str]:
    if not isinstance(given, list):
        raise RowError(field, f"{given!r} is not a list of texts")
    return [_text(text, f"{field}[{number}]") for number, text in enumerate(given)]


def _first_forms(terms: Any) -> Any:
    if not isinstance(terms, dict):
        return terms
    for code, forms in terms.items():
        if not isinstance(forms, list) or not forms:
            raise RowError(f"terms.{code}", f"{forms!r} is not a list of words")
    return {code: forms[0] for code, forms in terms.items()}


def _by_language(row: dict[str, Any], field: str) -> dict[str, str]:
    given = _field(row, field)
    if not isinstance(given, dict):
        raise RowError(field, f"{given!r} is not an object of language codes and texts")
    return {_language(code, field): _text(text, f"{field}.{code}") for code, text in given.items()}


def _language(code: Any, field: str) -> str:
    try:
        return intern(check_language(code))
    except ValueError as error:
        raise RowError(field, str(error)) from None


def _field(row: dict[str, Any], field: str) -> Any:
    if field not in row:
        raise RowError(field, f"missing ({_KINDS}, and all have set and id)")
    return row[field]


def _string(row: dict[str, Any], field: str) -> str:
    return _text(_field(row, field), field)


def _text(text: Any, field: str) -> str:
    if not isinstance(text, str):
        raise RowError(field, f"{text!r} is not a string")
    if is_blank(text):
        raise EmptyTextError(field)
    return text


def _report_empty(source: str, rows: int, empty: list[str], max_empty: float) -> None:
    if not empty:
        return
    if len(empty) > max_empty * rows:
        raise ValueError(
            f"{source}, {empty[0]}: empty text, as in {len(empty):,} of {rows:,} rows, "
            f"more than the share of {max_empty:g} that is skipped: mend them, or allow more (max_empty)"
        )
    places = "; ".join(empty[:_NAMED_PLACES])
    more = f"; and {len(empty) - _NAMED_PLACES:,} more" if len(empty) > _NAMED_PLACES else ""
    warnings.warn(
        f"{source}: skipped {len(empty):,} of {rows:,} rows, which have an empty text: {places}{more}", stacklevel=7
    )
