"""Reading documents, queries and qrels of a collection of one's own, from files, frames or dicts."""

import gzip
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pyterrier_hybrid.datasets.base import MULTI, Document
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank
from pyterrier_hybrid.utils.checks import check_text, plain
from pyterrier_hybrid.utils.inputs import paths_of, require_file
from pyterrier_hybrid.utils.json_lines import read_json_lines

Source = Any
"""A file or a list of files, a frame, a Hugging Face dataset, or dicts."""

_DOCNO = ("docno", "doc_id", "_id", "id")
_QID = ("qid", "query_id", "_id", "id")
_QUERY = ("query", "question", "text")
_LEVEL = ("label", "relevance", "rel")


class OwnDocument(NamedTuple):
    """A document and the group that its translations share.

    Attributes:
        document: The document.
        group: Name of the group; ``None``: there is no field ``group``.
    """

    document: Document
    group: str | None


class OwnQuery(NamedTuple):
    """A query.

    Attributes:
        qid: Its ID, which its translations share.
        text: The text.
        lang: The language.
        items: The docnos of the documents that it was asked about.
        place: Where it stands, for errors.
    """

    qid: str
    text: str
    lang: str
    items: tuple[str, ...]
    place: str


class OwnQrel(NamedTuple):
    """A judgement.

    Attributes:
        qid: The query's ID.
        docno: The document.
        level: 0 for documents that are not relevant.
        place: Where it stands, for errors.
    """

    qid: str
    docno: str
    level: int
    place: str


def read_documents(source: Source, *, lang: str | None = None) -> Iterator[OwnDocument]:
    """Read documents: ``docno`` (or ``doc_id``, ``_id``, ``id``), ``text``, ``lang``, ``title``, ``group``.

    The title, if there is one, is put in front of the text, as ir_datasets does for BEIR.

    Args:
        source: JSON Lines (also gzipped, and several files), a frame, or dicts.
        lang: Language of documents without ``lang``.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: A field is missing or wrong, or a docno comes twice; the message names the file and the line.

    Example:
        >>> next(read_documents([{"docno": 1, "text": "Ein Satz.", "lang": "de"}])).document.doc_id
        '1'
    """
    places: dict[str, str] = {}
    for place, row in _rows(source, "documents"):
        docno = _id(row, _DOCNO, place)
        if docno in places:
            raise ValueError(f"{place}: docno {docno!r} comes twice, first in {places[docno]}; give each its own docno")
        places[docno] = place
        text, title = _text(row, ("text",), place), row.get("title")
        title = title if isinstance(title, str) else ""
        check_text(f"{place}: title", title)
        group = None if _missing(row.get("group")) else str(row["group"])
        full = f"{title}\n{text}" if title else text
        yield OwnDocument(Document(docno, full, _language(row, lang, place), title, ""), group)


def read_queries(source: Source, *, lang: str | None = None) -> list[OwnQuery]:
    """Read queries: ``qid`` (or ``query_id``, ``_id``, ``id``), ``query`` (or ``question``, ``text``), ``lang``.

    ``docno`` names the document, or the list of documents, that a query was asked about.

    Args:
        source: As for :func:`read_documents`.
        lang: Language of queries without ``lang``.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: A field is missing or wrong, or a qid comes twice in one language.
    """
    queries: dict[tuple[str, str], OwnQuery] = {}
    for place, row in _rows(source, "queries"):
        qid, query_lang = _id(row, _QID, place), _language(row, lang, place)
        if (qid, query_lang) in queries:
            first = queries[qid, query_lang].place
            raise ValueError(
                f"{place}: qid {qid!r} comes twice in {query_lang!r}, first in {first}; translations share a qid, "
                "other queries do not"
            )
        # Frames read from Parquet hold lists as arrays.
        items = plain(row.get("docno"))
        items = () if _missing(items) else items if isinstance(items, list | tuple) else (items,)
        text = _text(row, _QUERY, place)
        queries[qid, query_lang] = OwnQuery(qid, text, query_lang, tuple(map(str, items)), place)
    return list(queries.values())


def read_qrels(source: Source) -> Iterator[OwnQrel]:
    """Read judgements: a TREC file (``qid iteration docno level``), or rows with ``qid``, ``docno`` and ``label``.

    Rows may also be JSON Lines, and may have the names of ir_datasets: ``query_id``, ``doc_id``, ``relevance``.

    Args:
        source: A file or several, a frame, or dicts.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: A line is malformed; the message names the file and the line.
    """
    files = _files(source)
    for place, row in _rows(source, "qrels") if files is None else _qrel_rows(files):
        if not any(name in row for name in _LEVEL):
            raise ValueError(f"{place}: there is no label; its fields are {', '.join(map(str, row))}")
        level: Any = next(row[name] for name in _LEVEL if name in row)
        if isinstance(level, str) or _missing(level) or int(level) != level:
            try:
                level = int(level)
            except (TypeError, ValueError):
                raise ValueError(f"{place}: the relevance {level!r} is not a whole number") from None
        yield OwnQrel(_id(row, _QID[:2], place), _id(row, _DOCNO[:2], place), int(level), place)


def _files(source: Source) -> list[Path] | None:
    """Return the paths if a source is a file or several."""
    if isinstance(source, str | Path):
        return paths_of([source])
    if isinstance(source, list | tuple) and source and all(isinstance(file, str | Path) for file in source):
        return paths_of(source)
    return None


def _rows(source: Source, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield rows with their places."""
    files = _files(source)
    if files is not None:
        for file in files:
            for number, row in read_json_lines(file):
                yield f"{file}, line {number}", _object(row, f"{file}, line {number}")
        return
    # Other tables, such as those of Hugging Face datasets, have to_dict too, but give their rows by iteration.
    if hasattr(source, "iterrows"):
        source = source.to_dict("records")
    if not isinstance(source, Iterable) or isinstance(source, Mapping):
        kind = type(source).__name__
        raise TypeError(f"{name}: a {kind} is not a collection of rows; give a file, a frame or an iterable of dicts")
    for number, row in enumerate(source):
        yield f"{name}[{number}]", _object(row, f"{name}[{number}]")


def _qrel_rows(files: Iterable[Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for file in files:
        require_file(file)
        if file.name.removesuffix(".gz").endswith((".jsonl", ".json")):
            yield from _rows(file, "qrels")
            continue
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8-sig") as lines:
            try:
                for number, line in enumerate(lines, start=1):
                    fields = line.split()
                    if fields:
                        yield f"{file}, line {number}", _trec_fields(fields, f"{file}, line {number}")
            except UnicodeDecodeError as error:
                raise ValueError(f"{file}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise ValueError(f"{file}: damaged gzip file ({error}); fetch it again") from None


def _trec_fields(fields: list[str], place: str) -> Mapping[str, Any]:
    if len(fields) != 4:
        raise ValueError(
            f"{place}: {len(fields)} fields instead of the four of TREC's qrels: qid iteration docno level"
        )
    return dict(zip(("qid", "iteration", "docno", "label"), fields, strict=True))


def _object(row: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(row, Mapping):
        raise ValueError(f"{place}: a {type(row).__name__}, expected an object with fields")
    return row


def _missing(value: Any) -> bool:
    """Return whether a value is absent; frames write that as NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _id(row: Mapping[str, Any], names: tuple[str, ...], place: str) -> str:
    name = next((name for name in names if not _missing(row.get(name))), None)
    if name is None:
        raise ValueError(f"{place}: there is no {names[0]}, only {', '.join(map(str, row)) or 'an empty object'}")
    value = str(row[name])
    check_text(f"{place}: {name}", value)
    # TREC files separate fields by spaces.
    if not value or any(character.isspace() for character in value):
        raise ValueError(f"{place}: {name} {value!r} is empty or has white space; choose another ID")
    return value


def _text(row: Mapping[str, Any], names: tuple[str, ...], place: str) -> str:
    text = next((row[name] for name in names if not _missing(row.get(name))), None)
    if not isinstance(text, str):
        fields = ", ".join(map(str, row))
        raise ValueError(f"{place}: there is no {names[0]} that is a string; its fields are {fields}")
    check_text(f"{place}: {names[0]}", text)
    if is_blank(text):
        raise ValueError(f"{place}: {names[0]} is blank: leave the line out, or write a text")
    return text


def _language(row: Mapping[str, Any], default: str | None, place: str) -> str:
    code = default if _missing(row.get("lang")) else row["lang"]
    if code is None:
        raise ValueError(f"{place}: there is no lang; add this field, or give one language for all")
    if code == MULTI:
        raise ValueError(f"{place}: lang is {MULTI!r}, which is the name of the pool; write the text's language")
    try:
        return check_language(code)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
