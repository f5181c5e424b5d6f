"""The texts that the bias of each language is estimated on."""

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

# What holds the text of a document or a query, the first that is there.
_FIELDS = {"documents": ("text",), "queries": ("query", "text")}


class Sample(NamedTuple):
    """Texts in several languages.

    Attributes:
        texts: the texts.
        langs: the language of each.
        items: what each says, equal for translations of each other; ``None`` if that is not known.
    """

    texts: list[str]
    langs: list[str]
    items: list[Hashable] | None


def is_pairs(source: object) -> bool:
    """Whether this is a pair store; asked without importing the package of the pairs, which needs Arrow."""
    return hasattr(source, "has_passage") and hasattr(source, "blocks")


def sample_pairs(
    pairs: "ParallelPairs", role: str, *, limit: int | None, seed: int, source: str | None = None
) -> Sample:
    """Draw texts of each language from a pair store.

    All languages go through the items in one order, so that what they have in common they share: means of the same
    content differ by the language alone.

    Args:
        pairs: the store.
        role: "documents" for its passages, "queries" for its queries.
        limit: texts per language, at most; ``None`` for all.
        seed: of the order.
        source: draw items that have a text in this language as well; of it, all that go with the others.

    Raises:
        ValueError: ``source`` is not a language of the store.
    """
    if source is not None and source not in pairs.languages:
        raise ValueError(f"source={source!r} is not a language of the pairs: they have {', '.join(pairs.languages)}")
    blocks = pairs.blocks
    has = blocks.has_passage if role == "documents" else blocks.has_query
    block_of = np.empty(len(pairs), np.int32)
    block_of[blocks.items] = np.repeat(np.arange(len(blocks.starts) - 1), np.diff(blocks.starts))
    order = np.random.default_rng(seed).permutation(len(pairs))
    block_of = block_of[order]
    chosen = {}
    for column, lang in enumerate(pairs.languages):
        wanted = has[:, column]
        if source is not None:
            wanted = wanted & has[:, pairs.languages.index(source)]
        if lang != source:
            chosen[lang] = order[wanted[block_of]][:limit]
    if source is not None:
        chosen[source] = np.unique(np.concatenate([np.zeros(0, np.int64), *chosen.values()]))
    text_of = pairs.passage if role == "documents" else pairs.query
    rows = [(text_of(item, lang), lang, item) for lang, items in chosen.items() for item in items.tolist()]
    return Sample([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])


def sample_rows(rows: Iterable[Mapping[str, Any]] | pd.DataFrame, role: str, *, limit: int | None, seed: int) -> Sample:
    """Draw texts of each language, every one with the same chance, from a corpus that need not fit into memory.

    Args:
        rows: dicts, or a frame, with ``lang`` and ``text``; those of queries may call it ``query``.
        role: "documents" or "queries", for the field and for errors.
        limit: texts per language, at most; ``None`` for all.
        seed: of the draw.

    Raises:
        TypeError: ``rows`` is not made of dicts, or a text or a language is no string.
        ValueError: a row has no text or no language.
    """
    if isinstance(rows, pd.DataFrame):
        rows = rows.to_dict("records")
    rng = np.random.default_rng(seed)
    kept: dict[str, list[str]] = {}
    seen: dict[str, int] = {}
    for number, row in enumerate(rows):
        text, lang = _text_and_lang(row, role, number)
        texts = kept.setdefault(lang, [])
        seen[lang] = seen.get(lang, 0) + 1
        if limit is None or len(texts) < limit:
            texts.append(text)
        elif (place := int(rng.integers(seen[lang]))) < limit:
            texts[place] = text
    return Sample(
        [text for texts in kept.values() for text in texts],
        [lang for lang, texts in kept.items() for _ in texts],
        None,
    )


def _text_and_lang(row: Mapping[str, Any], role: str, number: int) -> tuple[str, str]:
    if not isinstance(row, Mapping):
        raise TypeError(
            f"{role}[{number}] is a {type(row).__name__}: pass dicts with 'text' and 'lang', a frame, or ParallelPairs"
        )
    field = next((name for name in _FIELDS[role] if name in row), None)
    for name in (field, "lang"):
        if name not in row:
            wanted = "lang" if field else " or ".join(map(repr, _FIELDS[role]))
            raise ValueError(f"{role}[{number}] has no {wanted}, only {sorted(row)}: every text must say its language")
        if not isinstance(row[name], str):
            raise TypeError(f"{role}[{number}]: {name} is {row[name]!r}, a {type(row[name]).__name__}, expected a str")
    return row[field], row["lang"]
