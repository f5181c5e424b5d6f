"""The reader of SQuAD files."""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pyterrier_hybrid.parallel.operations.select import Choice
from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.text.sentences import sentence_ends

_PLACEHOLDER = "{lang}"

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
    """Read SQuAD files; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_squad`."""
    if not files:
        raise ValueError("no file given: pass the path of at least one")
    if unit not in ("passage", "sentence"):
        raise ValueError(f"unit={unit!r} is unknown: choose 'passage' or 'sentence'")
    if context_negatives and unit == "passage":
        raise ValueError(
            f"context_negatives={context_negatives} with unit='passage': the passage is the whole paragraph, which "
            "leaves no other sentence; pass unit='sentence'"
        )
    choice = Choice(languages=None, datasets=None, exclude_datasets=None)
    collector = Collector(choice, max_empty=max_empty, context_negatives=context_negatives)
    for template in map(str, files):
        name = dataset or re.sub(r"[._-]?\{lang\}[._-]?", "", Path(template).stem) or Path(template).parent.name
        for code, path in _paths(template, lang, languages):
            skipped: list[str] = []
            collector.read(str(path), _rows(path, code, name, unit, skipped))
            if skipped:
                warnings.warn(
                    f"{path}: skipped {len(skipped):,} questions without an answer, the first at {skipped[0]}",
                    stacklevel=5,
                )
    collector.move_to(builder)


def _paths(template: str, lang: str | None, languages: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
    if isinstance(languages, str):
        raise TypeError(f"languages={languages!r} is a string: pass a list, such as [{languages!r}]")
    if _PLACEHOLDER in template:
        if not languages or lang is not None:
            raise ValueError(f"{template} has a place for languages: pass languages=['de', ...], and no lang")
        for code in languages:
            yield code, Path(template.replace(_PLACEHOLDER, code))
    elif lang is None or languages is not None:
        raise ValueError(f"{template} does not say its language: pass lang='en', or put {_PLACEHOLDER} into the path")
    else:
        yield lang, Path(template)


def _rows(path: Path, lang: str, dataset: str, unit: Unit, skipped: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file, for the language {lang!r}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON: {error.msg} at column {error.colno}") from None
    for a, article in enumerate(_list(content, "data", str(path))):
        for p, paragraph in enumerate(_list(article, "paragraphs", f"{path}, data[{a}]")):
            place = f"data[{a}].paragraphs[{p}]"
            for q, question in enumerate(_list(paragraph, "qas", f"{path}, {place}")):
                where = f"{place}.qas[{q}]"
                answers = [] if _impossible(question) else _list(question, "answers", f"{path}, {where}")
                if not answers:
                    skipped.append(where)
                    continue
                context = paragraph.get("context")
                row = {"set": dataset, "lang": lang, "context": context, "passage": context}
                for field in ("id", "question"):
                    if field not in question:
                        raise ValueError(f"{path}, {where}: no {field!r}, so this is no SQuAD file")
                    row[field] = question[field]
                # Some files number their questions.
                if isinstance(row["id"], int):
                    row["id"] = str(row["id"])
                if unit == "sentence" and isinstance(context, str):
                    row["passage"] = _sentence(context, answers[0], f"{path}, {where}.answers[0]")
                yield where, row


def _impossible(question: Any) -> bool:
    return isinstance(question, dict) and bool(question.get("is_impossible"))


def _list(value: Any, field: str, place: str) -> list[Any]:
    found = value.get(field) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"{place}: no list {field!r}, so this is no SQuAD file (data, paragraphs, qas, answers)")
    return found


def _sentence(context: str, answer: Any, place: str) -> str:
    start = answer.get("answer_start") if isinstance(answer, dict) else None
    if not isinstance(start, int) or not 0 <= start < len(context):
        raise ValueError(f"{place}: answer_start is {start!r}, which is no place in the context")
    begin = 0
    for end in sentence_ends(context):
        if start < end:
            return context[begin:end].strip()
        begin = end
    return context[begin:].strip()
