"""Sentence splitting, and the sentences around a passage as hard negatives."""

import re
from collections.abc import Iterator
from itertools import chain, pairwise, zip_longest

from pyterrier_hybrid.text.normalisation import text_key

# A sentence ends with one of these marks and any closing quotes and brackets. Only scripts with full-width stops put no
# space after them.
_END = re.compile(r"[.!?…؟।॥۔]+[\"'”’)\]»]*\s+|[。！？]+[」』”’）]*\s*")
# Thai has no full stop, but spaces between clauses: longer sentences are split at spaces.
_MAX_CHARACTERS = 200


def sentence_ends(text: str) -> Iterator[int]:
    """Yield the position after each sentence except the last.

    Args:
        text: The text.

    Example:
        >>> list(sentence_ends("Hier. Dort."))
        [6]
    """
    return (end.end() for end in _END.finditer(text))


def neighbours(passage: str, context: str, limit: int) -> list[str]:
    """Return the sentences of a paragraph around a passage, nearest first.

    They are good hard negatives: about the same subject, but without the answer. A piece shorter than a third of the
    passage, such as one that ends with an abbreviation, is joined to the next one.

    Args:
        passage: A part of the paragraph.
        context: The paragraph. If it does not contain the passage, no sentence is returned.
        limit: Maximum number of sentences.

    Example:
        >>> neighbours("Rome is in Italy.", "It is old. Rome is in Italy. It is large. It is warm.", 2)
        ['It is large.', 'It is old.']
    """
    passage = passage.strip()
    start = context.find(passage)
    if start < 0:
        return []
    min_length = max(1, len(passage) // 3)
    after = _split(context[start + len(passage) :], min_length)
    before = _split(context[:start], min_length)[::-1]
    passage_key = text_key(passage)
    nearest_first = chain.from_iterable(zip_longest(after, before))
    distinct = dict.fromkeys(piece for piece in nearest_first if piece and text_key(piece) != passage_key)
    return list(distinct)[:limit]


def _split(text: str, min_length: int) -> list[str]:
    """Split a text into sentences of at least ``min_length`` characters; a shorter last one is left out."""
    bounds = [0, *sentence_ends(text), len(text)]
    sentences = (text[start:stop] for start, stop in pairwise(bounds))
    parts = chain.from_iterable(
        re.findall(r"\S+\s*", sentence) if len(sentence) > _MAX_CHARACTERS else [sentence] for sentence in sentences
    )
    pieces, piece = [], ""
    for part in parts:
        piece += part
        if len(piece.strip()) >= min_length:
            pieces.append(piece.strip())
            piece = ""
    return pieces
