"""Readers of pair files and of this package's datasets."""

import gzip
import io
import json
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from pyterrier_hybrid.parallel._choice import Choice
from pyterrier_hybrid.parallel._groups import Links, text_key
from pyterrier_hybrid.parallel._rows import BAR_AFTER, Item, check_language, has_pair, is_blank

_KINDS = "a row has lang, question and passage, or text, or terms, or queries and passages"
_NAMED_LINES = 10


class _EmptyTextError(ValueError):
    """A row has an empty text; the argument is the field."""


class _RowError(ValueError):
    """A row is invalid; the arguments are the field and what is wrong with it."""


def read_jsonl(
    files: Sequence[str | Path],
    *,
    languages: Sequence[str] | None,
    datasets: Sequence[str] | None,
    exclude_datasets: Sequence[str] | None,
    max_empty: float,
) -> tuple[list[Item], np.ndarray]:
    """Read pair files; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_jsonl`.

    Returns:
        The items and their groups, int64 [n].
    """
    if not files:
        raise ValueError("no file given: pass the path of at least one")
    if not 0 <= max_empty <= 1:
        raise ValueError(f"max_empty={max_empty!r} is outside 0 to 1: it is a share of the rows")
    choice = Choice(languages=languages, datasets=datasets, exclude_datasets=exclude_datasets)
    collector = _Collector(choice)
    for path in map(Path, files):
        rows, empty = 0, []
        for line_number, line in _lines(path):
            rows += 1
            try:
                collector.add(_parsed(line), path)
            except _EmptyTextError as error:
                empty.append((line_number, error.args[0]))
            except _RowError as error:
                field, problem = error.args
                where = f", field {field!r}" if field else ""
                raise ValueError(f"{path}, line {line_number}{where}: {problem}") from None
        _report_empty(path, rows, empty, max_empty)
    choice.check(collector.languages, collector.datasets)
    return collector.result()


class _Collector:
    """Gathers rows into items."""

    def __init__(self, choice: Choice) -> None:
        self.languages: set[str] = set()
        self.datasets: set[str] = set()
        self._choice = choice
        self._items: list[Item] = []
        self._numbers: dict[tuple[str, str, bool], int] = {}
        self._links = Links()

    def add(self, row: dict[str, Any], path: Path) -> None:
        dataset, name = intern(_string(row, "set")), _string(row, "id")
        queries, passages, field = _texts(row)
        group, context = row.get("group"), row.get("context")
        if group is not None and (not isinstance(group, int | str) or isinstance(group, bool)):
            raise _RowError("group", f"{group!r} is neither an int nor a str")
        if context is not None and not isinstance(context, str):
            raise _RowError("context", f"{context!r} is not a string")
        self.datasets.add(dataset)
        self.languages.update(queries, passages)
        if not self._choice.wants(dataset):
            return
        item = self._choice.of(Item(name, None, dataset, queries, passages, queries is passages))
        if item is None:
            return
        number = self._numbers.setdefault((dataset, name, item.translation), len(self._items))
        if number == len(self._items):
            self._items.append(item)
        else:
            self._extend(self._items[number], item, field)
        if group is not None:
            self._links.add(number, ("file", path, group))
        if context is not None and not is_blank(context):
            self._links.add(number, text_key(context))

    def _extend(self, known: Item, item: Item, field: str) -> None:
        for texts, more in ((known.queries, item.queries), (known.passages, item.passages)):
            for code in more:
                if code in texts or known.translation:
                    raise _RowError(field, f"{code!r} of id {item.id!r} in set {item.dataset!r} is there a second time")
        known.queries.update(item.queries)
        known.passages.update(item.passages)

    def result(self) -> tuple[list[Item], np.ndarray]:
        self._links.add_texts(self._items)
        return self._items, self._links.groups(len(self._items))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise _RowError(None, f"not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise _RowError(None, f"not a JSON object: {error.msg} at column {error.colno}") from None
    if b"\\ud" in line.lower():
        try:
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise _RowError(None, "an escape \\ud... is half a character: write the text as UTF-8 instead") from None
    if not isinstance(row, dict):
        raise _RowError(None, f"a JSON {type(row).__name__}, not an object: {_KINDS}")
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
                raise _RowError(field, "no text in any language: an item needs a query and a passage")
        return queries, passages, "queries"
    else:
        question, passage = _string(row, "question"), _string(row, "passage")
        code = _language(_field(row, "lang"), "lang")
        return {code: question}, {code: passage}, "lang"
    field = "text" if "text" in row else "terms"
    if not has_pair(Item("", None, "", texts, texts, translation=True)):
        raise _RowError(field, f"{len(texts)} language: a translation needs two")
    return texts, texts, field


def _first_forms(terms: Any) -> Any:
    if not isinstance(terms, dict):
        return terms
    for code, forms in terms.items():
        if not isinstance(forms, list) or not forms:
            raise _RowError(f"terms.{code}", f"{forms!r} is not a list of words")
    return {code: forms[0] for code, forms in terms.items()}


def _by_language(row: dict[str, Any], field: str) -> dict[str, str]:
    given = _field(row, field)
    if not isinstance(given, dict):
        raise _RowError(field, f"{given!r} is not an object of language codes and texts")
    return {_language(code, field): _text(text, f"{field}.{code}") for code, text in given.items()}


def _language(code: Any, field: str) -> str:
    try:
        return intern(check_language(code))
    except ValueError as error:
        raise _RowError(field, str(error)) from None


def _field(row: dict[str, Any], field: str) -> Any:
    if field not in row:
        raise _RowError(field, f"missing ({_KINDS}, and all have set and id)")
    return row[field]


def _string(row: dict[str, Any], field: str) -> str:
    return _text(_field(row, field), field)


def _text(text: Any, field: str) -> str:
    if not isinstance(text, str):
        raise _RowError(field, f"{text!r} is not a string")
    if is_blank(text):
        raise _EmptyTextError(field)
    return text


def _report_empty(path: Path, rows: int, empty: list[tuple[int, str]], max_empty: float) -> None:
    if not empty:
        return
    line, field = empty[0]
    if len(empty) > max_empty * rows:
        raise ValueError(
            f"{path}, line {line}, field {field!r}: empty text, as in {len(empty):,} of {rows:,} rows, "
            f"more than max_empty={max_empty:g} of them: mend the file or raise max_empty"
        )
    places = "; ".join(f"line {line}, field {field!r}" for line, field in empty[:_NAMED_LINES])
    more = f"; and {len(empty) - _NAMED_LINES:,} more" if len(empty) > _NAMED_LINES else ""
    warnings.warn(
        f"{path}: skipped {len(empty):,} of {rows:,} rows, which have an empty text: {places}{more}", stacklevel=4
    )


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers from 1, without blank ones, and show a bar when that takes long."""
    from tqdm.auto import tqdm

    with (
        path.open("rb") as raw,
        tqdm(desc=path.name, total=path.stat().st_size, unit="B", unit_scale=True, delay=BAR_AFTER) as bar,
    ):
        gzipped = raw.peek(2)[:2] == b"\x1f\x8b"
        lines = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if gzipped else raw
        number = 0
        try:
            for number, line in enumerate(lines, start=1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if number % 1000 == 0:
                    bar.update(raw.tell() - bar.n)
                if not line.isspace():
                    yield number, line
            bar.update(raw.tell() - bar.n)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}, after line {number}: damaged gzip file ({error}): fetch it again") from error


def read_irds(name: str) -> tuple[list[Item], np.ndarray]:
    """Read a dataset of this package; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_irds`.

    Returns:
        The items and their groups, int64 [n].
    """
    import ir_datasets

    from pyterrier_hybrid.datasets import family, register

    register()
    family_name, _, split = name.partition("/")
    source = family(family_name)
    if (split or None) not in (source.splits or (None,)):
        choices = ", ".join(f"{family_name}/{known}" for known in source.splits) or family_name
        raise ValueError(f"no training data {name!r}: choose {choices}")
    if split != "train":
        warnings.warn(
            f"{name} is evaluation data: results on {family_name} of an encoder trained on it are not zero-shot",
            stacklevel=3,
        )
    items: dict[str, Item] = {}
    for language in source.languages:
        dataset = ir_datasets.load(source.id(language, language, split or None))
        texts = {doc.doc_id: doc.text for doc in dataset.docs_iter()}
        relevant = {qrel.query_id: qrel.doc_id for qrel in dataset.qrels_iter() if qrel.relevance > 0}
        for query in dataset.queries_iter():
            key = query.query_id.removesuffix(f"_{language}")
            item = items.setdefault(key, Item(key, None, name, {}, {}))
            item.queries[language], item.passages[language] = query.text, texts[relevant[query.query_id]]
    # Other documents of the same context are judged not relevant: they are the hardest true negatives there are.
    links = Links()
    links.add_texts(items.values())
    return list(items.values()), links.groups(len(items))
