"""Samples of texts to estimate the bias of each language from."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import numpy as np
import pandas as pd

from pyterrier_hybrid.retrieval.documents import documents_of
from pyterrier_hybrid.text.languages import canonical_language

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

# Fields that may hold the text of a document or a query, by priority.
_TEXT_FIELDS = {"documents": ("text",), "queries": ("query", "text")}


class Sample(NamedTuple):
    """Texts in several languages.

    Attributes:
        texts: The texts.
        langs: The language of each text.
        items: Ids that translations share; ``None`` if unknown.
    """

    texts: list[str]
    langs: list[str]
    items: list[Hashable] | None


def is_pairs(source: object) -> TypeGuard["ParallelPairs"]:
    """Return whether an object is a pair store."""
    from pyterrier_hybrid.parallel import ParallelPairs

    return isinstance(source, ParallelPairs)


def sample_pairs(
    pairs: "ParallelPairs", role: str, *, limit: int | None, seed: int, source: str | None = None
) -> Sample:
    """Draw texts in each language from a pair store.

    All languages draw items in the same order, so they share as many items as possible, and their means differ by
    language rather than content.

    Args:
        pairs: The pair store.
        role: ``documents`` for its passages, ``queries`` for its queries.
        limit: Maximum number of texts per language; ``None`` for all.
        seed: Seed of the order.
        source: Draw only items that also have a text in this language, and add those texts.

    Raises:
        ValueError: ``source`` is not a language of the pairs.
    """
    if source is not None and source not in pairs.languages:
        raise ValueError(f"source={source!r} is not a language of the pairs: they have {', '.join(pairs.languages)}")
    blocks = pairs.blocks
    has_text = blocks.has_passage if role == "documents" else blocks.has_query
    block_of = np.empty(len(pairs), np.int32)
    block_of[blocks.items] = np.repeat(np.arange(len(blocks.starts) - 1), np.diff(blocks.starts))
    order = np.random.default_rng(seed).permutation(len(pairs))
    block_of = block_of[order]
    items_by_lang = {}
    for column, lang in enumerate(pairs.languages):
        eligible = has_text[:, column]
        if source is not None:
            eligible = eligible & has_text[:, pairs.languages.index(source)]
        if lang != source:
            items_by_lang[lang] = order[eligible[block_of]][:limit]
    if source is not None:
        items_by_lang[source] = np.unique(np.concatenate([np.zeros(0, np.int64), *items_by_lang.values()]))
    text_of = pairs.passage if role == "documents" else pairs.query
    rows = [(text_of(item, lang), lang, item) for lang, items in items_by_lang.items() for item in items.tolist()]
    return Sample([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def sample_rows(rows: Iterable[Mapping[str, Any]] | pd.DataFrame, role: str, *, limit: int | None, seed: int) -> Sample:
    """Draw texts in each language uniformly from a corpus, which need not fit in memory (reservoir sampling).

    Args:
        rows: Dictionaries or a frame with ``lang`` and ``text``; queries may have ``query`` instead of ``text``.
        role: ``documents`` or ``queries``.
        limit: Maximum number of texts per language; ``None`` for all.
        seed: Seed of the draw.

    Raises:
        TypeError: A row is not a dictionary, or a text or a language is not a string.
        ValueError: A row has no text or no language.
    """
    records = documents_of(role, rows, fields=f"{_TEXT_FIELDS[role][0]} and lang")
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[str]] = {}
    seen: dict[str, int] = {}
    for number, row in enumerate(records):
        text, lang = _text_and_lang(row, role, number)
        texts = drawn.setdefault(lang, [])
        seen[lang] = seen.get(lang, 0) + 1
        if limit is None or len(texts) < limit:
            texts.append(text)
        elif (slot := int(rng.integers(seen[lang]))) < limit:
            texts[slot] = text
    return Sample(
        [text for texts in drawn.values() for text in texts],
        [lang for lang, texts in drawn.items() for _ in texts],
        None,
    )


def _text_and_lang(row: Mapping[Any, Any], role: str, number: int) -> tuple[str, str]:
    if not isinstance(row, Mapping):
        raise TypeError(
            f"{role}[{number}] is a {type(row).__name__}: pass dicts with 'text' and 'lang', a frame, or ParallelPairs"
        )
    fields = _TEXT_FIELDS[role]
    field = next((name for name in fields if name in row), None)
    if field is None or "lang" not in row:
        missing = " or ".join(map(repr, fields)) if field is None else "lang"
        only = ", ".join(map(str, row))
        raise ValueError(f"{role}[{number}] has no {missing}, only {only}: every text needs its language")
    for name in (field, "lang"):
        if not isinstance(row[name], str):
            raise TypeError(f"{role}[{number}]: {name} is {row[name]!r}, a {type(row[name]).__name__}, expected a str")
    return row[field], canonical_language(row["lang"])
