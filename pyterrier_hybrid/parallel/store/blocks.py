"""The items of a store sorted into blocks that are alike, so that samplers never look at the items one by one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Blocks(NamedTuple):
    """Items sorted into blocks: same dataset, same languages of texts.

    Real data has some thousand such blocks at most, whatever its size, so that the items of each of hundreds of
    language pairs are a short list of blocks instead of a copy of the item numbers.

    Attributes:
        items: Item numbers, block after block and ascending within each, int32 [n].
        starts: Where each block starts in ``items``, and the end of the last one, int64 [blocks + 1].
        dataset_ids: The dataset of each block, int32 [blocks].
        has_query: The languages of its items' queries, bool [blocks, languages].
        has_passage: The languages of its items' passages, bool [blocks, languages].
        is_translation: Whether its items are translation groups, bool [blocks].
    """

    items: np.ndarray
    starts: np.ndarray
    dataset_ids: np.ndarray
    has_query: np.ndarray
    has_passage: np.ndarray
    is_translation: np.ndarray


def sort_into_blocks(
    dataset_ids: np.ndarray, has_query: np.ndarray, has_passage: np.ndarray, is_translation: np.ndarray
) -> Blocks:
    """Sort items into blocks.

    Args:
        dataset_ids: Dataset of each item, int [n].
        has_query: Whether an item has a query in a language, bool [n, languages].
        has_passage: Whether it has a passage, bool [n, languages].
        is_translation: Whether it is a translation group, bool [n].

    >>> yes = np.ones((3, 1), bool)
    >>> sort_into_blocks(np.array([1, 0, 1]), yes, yes, np.zeros(3, bool)).items.tolist()
    [1, 0, 2]
    """
    signature = np.packbits(np.concatenate([has_query, has_passage, is_translation[:, None]], axis=1), axis=1)
    # Two bytes at a time, each time renumbered: equal numbers mean equal bytes so far, and int64 never overflows.
    number = np.asarray(dataset_ids, np.int64)
    for column in range(0, signature.shape[1], 2):
        for byte in signature[:, column : column + 2].T:
            number = number * 256 + byte
        number = np.unique(number, return_inverse=True)[1].astype(np.int64)
    items = np.argsort(number, kind="stable").astype(np.int32)
    first = np.flatnonzero(np.diff(number[items], prepend=-1))
    return Blocks(
        items=items,
        starts=np.append(first, len(items)).astype(np.int64),
        dataset_ids=np.asarray(dataset_ids, np.int32)[items[first]],
        has_query=np.asarray(has_query)[items[first]],
        has_passage=np.asarray(has_passage)[items[first]],
        is_translation=np.asarray(is_translation)[items[first]],
    )


class Kind(NamedTuple):
    """What the items of a block have in common.

    Attributes:
        dataset: Their dataset.
        queries: The languages of their queries.
        passages: The languages of their passages; of translations, the same.
        translation: Whether they are translation groups.
    """

    dataset: str
    queries: frozenset[str]
    passages: frozenset[str]
    translation: bool

    @property
    def has_pair(self) -> bool:
        """Whether its items have a query and a passage that may be paired."""
        return len(self.queries) > 1 if self.translation else bool(self.queries) and bool(self.passages)


class SortedItems(NamedTuple):
    """Items in blocks, and the names that the columns and numbers of the blocks stand for.

    Attributes:
        languages: Codes of all languages, sorted.
        datasets: Names of all datasets, sorted.
        blocks: The items.
    """

    languages: list[str]
    datasets: list[str]
    blocks: Blocks

    @property
    def kinds(self) -> list[Kind]:
        """The kind of each block."""

        def codes(row: np.ndarray) -> frozenset[str]:
            return frozenset(self.languages[column] for column in np.flatnonzero(row))

        rows = zip(*self.blocks[2:], strict=True)
        return [Kind(self.datasets[number], codes(q), codes(p), bool(t)) for number, q, p, t in rows]

    @property
    def kind_of_item(self) -> np.ndarray:
        """The block of each item, int32 [n]."""
        number = np.empty(len(self.blocks.items), np.int32)
        number[self.blocks.items] = np.repeat(np.arange(len(self.blocks.starts) - 1), np.diff(self.blocks.starts))
        return number


def sort_by_kind(kinds: Sequence[Kind], kind_of_item: np.ndarray) -> SortedItems:
    """Sort items into blocks by their kinds, without a look at anything as long as items times languages.

    Args:
        kinds: Kinds; equal ones are one block, and those without items none.
        kind_of_item: Position of each item's kind, int [n].

    >>> one, two = Kind("b", frozenset(["en"]), frozenset(["de"]), False), Kind("a", frozenset("en"), frozenset(), True)
    >>> sort_by_kind([one, two], np.array([0, 0, 0])).blocks.starts.tolist()
    [0, 3]
    """
    used = np.flatnonzero(np.bincount(kind_of_item, minlength=len(kinds))).tolist()
    languages = sorted(set().union(*(kinds[number].queries | kinds[number].passages for number in used)))
    datasets = sorted({kinds[number].dataset for number in used})
    column = {code: number for number, code in enumerate(languages)}
    has_query, has_passage = np.zeros((2, len(used), len(languages)), bool)
    for row, number in enumerate(used):
        has_query[row, [column[code] for code in kinds[number].queries]] = True
        has_passage[row, [column[code] for code in kinds[number].passages]] = True
    dataset_ids = np.array([datasets.index(kinds[number].dataset) for number in used], np.int32)
    is_translation = np.array([kinds[number].translation for number in used], bool)
    # The kinds are sorted as if they were items; items then follow their kinds.
    blocks = sort_into_blocks(dataset_ids, has_query, has_passage, is_translation)
    block_of_kind = np.zeros(len(kinds), np.uint16 if len(blocks.starts) < 2**16 else np.int64)
    block_of_kind[np.array(used, np.int64)[blocks.items]] = np.repeat(
        np.arange(len(blocks.starts) - 1), np.diff(blocks.starts)
    )
    block_of_item = block_of_kind[kind_of_item]
    sizes = np.bincount(block_of_item, minlength=len(blocks.starts) - 1)
    items = np.argsort(block_of_item, kind="stable").astype(np.int32)
    return SortedItems(
        languages, datasets, blocks._replace(items=items, starts=np.append(0, np.cumsum(sizes)).astype(np.int64))
    )
