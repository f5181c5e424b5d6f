"""Reader of files in the format of SQuAD."""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.text.sentences import sentence_ends
from pyterrier_hybrid.utils.files import paths_of

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
            unanswered: list[str] = []
            collector.read(str(path), _rows(path, code, name, unit, unanswered))
            if unanswered:
                warnings.warn(
                    f"{path}: skipped {len(unanswered):,} questions without an answer, the first at {unanswered[0]}",
                    stacklevel=5,
                )
    collector.move_to(builder)


def _files_by_language(template: str, lang: str | None, languages: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
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


def _rows(
    path: Path, lang: str, dataset: str, unit: Unit, unanswered: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the location and row of each question; locations of those without an answer go to ``unanswered``."""
    for a, article in enumerate(_list(_content(path, lang), "data", str(path))):
        for p, paragraph in enumerate(_list(article, "paragraphs", f"{path}, data[{a}]")):
            for q, question in enumerate(_list(paragraph, "qas", f"{path}, data[{a}].paragraphs[{p}]")):
                location = f"data[{a}].paragraphs[{p}].qas[{q}]"
                answers = [] if _is_impossible(question) else _list(question, "answers", f"{path}, {location}")
                if not answers:
                    unanswered.append(location)
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
                    row["passage"] = _answer_sentence(context, answers[0], f"{path}, {location}.answers[0]")
                yield location, row


def _content(path: Path, lang: str) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file, for the language {lang!r}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON: {error.msg} at column {error.colno}") from None


def _is_impossible(question: Any) -> bool:
    return isinstance(question, dict) and bool(question.get("is_impossible"))


def _list(value: Any, field: str, location: str) -> list[Any]:
    values = value.get(field) if isinstance(value, dict) else None
    if not isinstance(values, list):
        raise ValueError(f"{location}: no list {field!r}, so this is not a SQuAD file (data, paragraphs, qas, answers)")
    return values


def _answer_sentence(context: str, answer: Any, location: str) -> str:
    """Return the sentence in which an answer begins."""
    start = answer.get("answer_start") if isinstance(answer, dict) else None
    if not isinstance(start, int) or not 0 <= start < len(context):
        raise ValueError(f"{location}: answer_start is {start!r}, which is not a position in the context")
    begin = 0
    for end in sentence_ends(context):
        if start < end:
            return context[begin:end].strip()
        begin = end
    return context[begin:].strip()
