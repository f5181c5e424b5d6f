"""Reader of files in the format of SQuAD."""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.text.normalisation import is_blank
from pyterrier_hybrid.text.sentences import sentence_ends
from pyterrier_hybrid.utils.inputs import PLACEHOLDER, paths_of, require_file
from pyterrier_hybrid.utils.json_files import parse_json

# Pipes and devices are read up to this size; MLQA's largest file has 90 MB.
_MAX_PIPE = 2**30

# Problems of questions, for warnings.
_UNANSWERED = "skipped {} without an answer"
_NOT_FOUND = "skipped {} whose answer is not in the paragraph"
_MOVED = "{} have an answer_start where their answer is not, so its nearest occurrence was taken"

Unit = Literal["passage", "sentence"]


def read_squad(
    builder: Builder,
    *,
    files: Sequence[str | Path],
    lang: str | None,
    languages: Sequence[str] | None,
    dataset: str | None,
    unit: Unit,
    context_negatives: int,
    max_empty: float,
) -> None:
    """Read pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_squad`."""
    templates = paths_of(files)
    if unit not in ("passage", "sentence"):
        raise ValueError(f"unit={unit!r} is unknown: choose 'passage' or 'sentence'")
    if context_negatives and unit == "passage":
        raise ValueError(
            f"context_negatives={context_negatives} with unit='passage': the passage is the whole paragraph, which "
            "leaves no other sentence; pass unit='sentence'"
        )
    collector = Collector(max_empty=max_empty, context_negatives=context_negatives)
    for template in templates:
        name = dataset or re.sub(r"[._-]?\{lang\}[._-]?", "", template.stem) or template.parent.name
        for code, path in _files_by_language(str(template), lang, languages):
            doubtful: dict[str, list[str]] = {}
            collector.read(str(path), _rows(path, code, name, unit, doubtful))
            for problem, locations in doubtful.items():
                warnings.warn(
                    f"{path}: {problem.format(f'{len(locations):,} questions')}, the first at {locations[0]}",
                    stacklevel=5,
                )
    collector.move_to(builder)


def _files_by_language(template: str, lang: str | None, languages: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
    if isinstance(languages, str):
        raise TypeError(f"languages={languages!r} is a string: pass a list, such as [{languages!r}]")
    if PLACEHOLDER in template:
        if not languages or lang is not None:
            raise ValueError(f"{template} has a place for languages: pass languages=['de', ...], and no lang")
        for code in languages:
            yield code, Path(template.replace(PLACEHOLDER, code))
    elif lang is None or languages is not None:
        raise ValueError(f"{template} does not say its language: pass lang='en', or put {PLACEHOLDER} into the path")
    else:
        yield lang, Path(template)


def _rows(
    path: Path, lang: str, dataset: str, unit: Unit, doubtful: dict[str, list[str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the location and row of each question, and collect locations by problem in ``doubtful``."""
    for a, article in enumerate(_list(_content(path, lang), "data", str(path))):
        for p, paragraph in enumerate(_list(article, "paragraphs", f"{path}, data[{a}]")):
            for q, question in enumerate(_list(paragraph, "qas", f"{path}, data[{a}].paragraphs[{p}]")):
                location = f"data[{a}].paragraphs[{p}].qas[{q}]"
                answers = [] if _is_impossible(question) else _list(question, "answers", f"{path}, {location}")
                if not answers:
                    doubtful.setdefault(_UNANSWERED, []).append(location)
                    continue
                context = paragraph.get("context")
                row = {"set": dataset, "lang": lang, "context": context, "passage": context}
                for field in ("id", "question"):
                    if field not in question:
                        raise ValueError(f"{path}, {location}: no {field!r}, so this is not a SQuAD file")
                    row[field] = question[field]
                # Some files have whole numbers as IDs.
                if isinstance(row["id"], int):
                    row["id"] = str(row["id"])
                if unit == "sentence" and isinstance(context, str):
                    start, is_off = _answer_start(context, answers[0], f"{path}, {location}.answers[0]")
                    if is_off:
                        doubtful.setdefault(_NOT_FOUND if start is None else _MOVED, []).append(location)
                    if start is None:
                        continue
                    row["passage"] = _sentence_at(context, start)
                yield location, row


def _content(path: Path, lang: str) -> Any:
    try:
        require_file(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}, for the language {lang!r}") from None
    with path.open("rb") as file:
        data = file.read() if path.is_file() else file.read(_MAX_PIPE + 1)
    if not path.is_file() and len(data) > _MAX_PIPE:
        raise ValueError(f"{path} has more than {_MAX_PIPE:,} bytes and is not a regular file: copy its data into one")
    if data.startswith(b"\x1f\x8b"):
        raise ValueError(f"{path} is gzipped: unpack it first")
    try:
        return parse_json(data)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON: {error.msg} at column {error.colno}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _is_impossible(question: Any) -> bool:
    return isinstance(question, dict) and bool(question.get("is_impossible"))


def _list(value: Any, field: str, location: str) -> list[Any]:
    values = value.get(field) if isinstance(value, dict) else None
    if not isinstance(values, list):
        raise ValueError(f"{location}: no list {field!r}, so this is not a SQuAD file (data, paragraphs, qas, answers)")
    return values


def _answer_start(context: str, answer: Any, location: str) -> tuple[int | None, bool]:
    """Return where an answer begins, ``None`` if it is not in the context, and whether its ``answer_start`` is off.

    Translated files often keep the offset of the original, and others count bytes or UTF-16 units: then the answer is
    where its text occurs nearest to the offset.
    """
    start = answer.get("answer_start") if isinstance(answer, dict) else None
    text = answer.get("text") if isinstance(answer, dict) else None
    is_position = isinstance(start, int) and not isinstance(start, bool) and 0 <= start < len(context)
    if not isinstance(text, str) or is_blank(text):
        if not is_position:
            raise ValueError(f"{location}: answer_start is {start!r}, which is not a position in the context")
        return start, False
    if is_position and context.startswith(text, start):
        return start, False
    for found in (re.finditer(re.escape(text.strip()), context, flags) for flags in (0, re.IGNORECASE)):
        starts = [match.start() for match in found]
        if starts:
            near = start if isinstance(start, int) else 0
            return min(starts, key=lambda begin: abs(begin - near)), True
    return None, True


def _sentence_at(context: str, start: int) -> str:
    """Return the sentence with the character at a position."""
    begin = 0
    for end in sentence_ends(context):
        if start < end:
            return context[begin:end].strip()
        begin = end
    return context[begin:].strip()
