"""Sentences of a paragraph, and those around a passage as its hard negatives."""

import re
from collections.abc import Iterator
from itertools import chain, zip_longest

from pyterrier_hybrid.text.normalisation import text_key

# Sentences end in these and what closes quotes and brackets; scripts with full-width stops put no space behind them.
_END = re.compile(r"[.!?…؟।॥۔]+[\"'”’)\]»]*\s+|[。！？]+[」』”’）]*\s*")
# Thai has no full stops, but spaces between clauses: what is longer than that is cut there.
_LONG = 200


def sentence_ends(text: str) -> Iterator[int]:
    """Where sentences end, but for the last one.

    >>> list(sentence_ends("Hier. Dort."))
    [6]
    """
    return (end.end() for end in _END.finditer(text))


def neighbours(passage: str, context: str, limit: int) -> list[str]:
    """The sentences of a paragraph around a passage, nearest first: they are about the same and answer something else.

    Pieces of less than a third of the passage's length, as abbreviations leave them, go with the next one.

    Args:
        passage: a part of the paragraph.
        context: the paragraph; of one that does not contain the passage nothing is known.
        limit: how many.

    >>> neighbours("Rome is in Italy.", "It is old. Rome is in Italy. It is large. It is warm.", 2)
    ['It is large.', 'It is old.']
    """
    passage = passage.strip()
    start = context.find(passage)
    if start < 0:
        return []
    least = max(1, len(passage) // 3)
    after = _pieces(context[start + len(passage) :], least)
    before = _pieces(context[:start], least)[::-1]
    own = text_key(passage)
    nearest = chain.from_iterable(zip_longest(after, before))
    found = dict.fromkeys(piece for piece in nearest if piece and text_key(piece) != own)
    return list(found)[:limit]


def _pieces(text: str, least: int) -> list[str]:
    bounds = [0, *sentence_ends(text), len(text)]
    sentences = (text[first:last] for first, last in zip(bounds, bounds[1:], strict=False))
    parts = chain.from_iterable(
        re.findall(r"\S+\s*", sentence) if len(sentence) > _LONG else [sentence] for sentence in sentences
    )
    pieces, held = [], ""
    for part in parts:
        held += part
        if len(held.strip()) >= least:
            pieces.append(held.strip())
            held = ""
    return pieces
