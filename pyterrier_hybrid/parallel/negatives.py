"""What the mining of hard negatives asks of a store: its passages, which texts are answers, and a new store."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.answers import Answers
from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.pairs import ParallelPairs
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.parallel.store.groups import hash_texts, text_hashes
from pyterrier_hybrid.text.normalisation import text_key

ANSWER_MASKS = ("document", "passage")
"""Which texts are never negatives of a query; see :class:`AnswerGroups`."""


def distinct_passages(pairs: ParallelPairs, lang: str) -> pa.Array:
    """Return the distinct passages in a language, without translated sentences, which answer nothing.

    Args:
        pairs: The pairs.
        lang: The language code, one of ``pairs.languages``.

    Returns:
        Strings, in the order in which they first occur.

    Example:
        >>> items = [Item(str(n), None, "toy", {"en": f"What is {n}?"}, {"en": "A number."}) for n in range(3)]
        >>> distinct_passages(ParallelPairs(items), "en").to_pylist()
        ['A number.']
    """
    name = f"passage.{lang}"
    columns = [
        batch.column(name).drop_null().cast(pa.large_string())
        for batch in pairs._store.batches([name])
        if name in batch.schema.names
    ]
    return pc.unique(pa.chunked_array(columns, pa.large_string()))


class AnswerGroups:
    """Tells which texts are known answers to the query of an item: copies and translations of its passages.

    Args:
        pairs: The pairs.
        mask: "document": texts of all items of the item's group are answers, that is, of items that share a query, a
            passage or a given group (such as the paragraph) with it, directly or indirectly. "passage": only passages
            of items with the same query, and their copies and translations.

    Example:
        >>> items = [Item(str(n), "page", "toy", {"en": f"What is {n}?"}, {"en": f"A number, {n}."}) for n in (1, 2)]
        >>> answers = AnswerGroups(ParallelPairs(items), "passage")
        >>> answers.of_texts(["a number, 1.", "A letter."]).tolist()
        [0, -1]
        >>> answers.of_item(0)
        [0]
    """

    def __init__(self, pairs: ParallelPairs, mask: str = "document") -> None:
        if mask not in ANSWER_MASKS:
            raise ValueError(f"mask={mask!r} is unknown: choose one of {', '.join(ANSWER_MASKS)}")
        self._groups = pairs.groups if mask == "document" else pairs.passage_groups
        self._answers = Answers(pairs) if mask == "passage" else None
        hashes, groups, first = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
        for batch in pairs._store.batches():
            for role, rows, keys, is_translation in text_hashes(batch):
                is_passage = is_translation | (role == "passage")
                hashes.append(keys[is_passage])
                groups.append(self._groups[first + rows[is_passage]])
            first += batch.num_rows
        # Items with the same passage are one group, so each text has one.
        self._hashes, position = np.unique(np.concatenate(hashes), return_index=True)
        self._group_of_hash = np.concatenate(groups)[position]

    def of_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the group whose queries each text answers, int64 [n]; -1: none that is known."""
        found = np.full(len(texts), -1, np.int64)
        if len(self._hashes) and len(texts):
            hashes = hash_texts([text_key(text) for text in texts])
            position = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
            known = self._hashes[position] == hashes
            found[known] = self._group_of_hash[position[known]]
        return found

    def of_item(self, item: int) -> list[int]:
        """Return the groups whose texts answer the query of an item."""
        if self._answers is None:
            return [int(self._groups[item])]
        return sorted({int(self._groups[other]) for other in self._answers.items(item)})


def with_negatives(
    pairs: ParallelPairs,
    negatives_of: Callable[[int], dict[str, list[str]]],
    *,
    keep: bool,
    folder: str | Path | None = None,
) -> ParallelPairs:
    """Return the same items with other hard negatives; their groups stay the same.

    Args:
        pairs: The pairs.
        negatives_of: A function from the number of an item to its negatives by language, which are valid texts.
        keep: Keep the negatives that the items have, before the new ones.
        folder: Write the store into this folder, and open it; default: keep it in memory.

    Raises:
        FileExistsError: The folder already exists.

    Example:
        >>> pairs = ParallelPairs([Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["You."]})])
        >>> with_negatives(pairs, lambda item: {"en": ["They.", "you."]}, keep=True).negatives(0, "en")
        ['You.', 'They.']
    """

    def items() -> Iterator[Item]:
        for number, item in enumerate(pairs):
            merged = {code: list(texts) for code, texts in (item.negatives or {}).items()} if keep else {}
            for code, texts in negatives_of(number).items():
                known = {text_key(text) for text in merged.get(code, ())}
                new = [text for text in texts if text_key(text) not in known]
                if new:
                    merged[code] = [*merged.get(code, ()), *new]
            yield item._replace(negatives=merged or None)

    def fill(builder: Builder) -> None:
        builder.add_items(items(), checked=True)

    return ParallelPairs._read(fill, folder)
