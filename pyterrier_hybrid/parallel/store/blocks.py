"""Items sorted into blocks of the same dataset and languages, so that samplers need not look at single items."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pyterrier_hybrid.parallel.item import can_pair


class Blocks(NamedTuple):
    """Items sorted into blocks of the same dataset and the same languages of queries and passages.

    Real data of any size has at most a few thousand blocks, so the items of a language pair are a short list of
    blocks instead of a copy of item numbers.

    Attributes:
        items: Item numbers, block after block, ascending within each block, int32 [n].
        starts: Start of each block in ``items``, followed by the end of the last one, int64 [blocks + 1].
        dataset_ids: Dataset of each block, int32 [blocks].
        has_query: Languages of the queries of each block, bool [blocks, languages].
        has_passage: Languages of the passages of each block, bool [blocks, languages].
        is_translation: Whether the items of each block are translations, bool [blocks].
    """

    items: np.ndarray
    starts: np.ndarray
    dataset_ids: np.ndarray
    has_query: np.ndarray
    has_passage: np.ndarray
    is_translation: np.ndarray


class BlockKey(NamedTuple):
    """What the items of a block have in common.

    Attributes:
        dataset: Their dataset.
        queries: The languages of their queries.
        passages: The languages of their passages; of translations, the same languages.
        translation: Whether they are translations.
    """

    dataset: str
    queries: frozenset[str]
    passages: frozenset[str]
    translation: bool

    @property
    def has_pair(self) -> bool:
        """Whether a pair of a query and a passage can be drawn from the items."""
        return can_pair(self.queries, self.passages, self.translation)


class SortedItems(NamedTuple):
    """Items in blocks, and the names of the languages and datasets that the blocks refer to by number.

    Attributes:
        languages: Codes of all languages, sorted.
        datasets: Names of all datasets, sorted.
        blocks: The items in blocks.
    """

    languages: list[str]
    datasets: list[str]
    blocks: Blocks

    @property
    def keys(self) -> list[BlockKey]:
        """The key of each block."""

        def codes(row: np.ndarray) -> frozenset[str]:
            return frozenset(self.languages[column] for column in np.flatnonzero(row))

        rows = zip(*self.blocks[2:], strict=True)
        return [
            BlockKey(self.datasets[dataset], codes(queries), codes(passages), bool(translation))
            for dataset, queries, passages, translation in rows
        ]

    @property
    def block_of_item(self) -> np.ndarray:
        """The block of each item, int32 [n]."""
        numbers = np.empty(len(self.blocks.items), np.int32)
        numbers[self.blocks.items] = np.repeat(np.arange(len(self.blocks.starts) - 1), np.diff(self.blocks.starts))
        return numbers


def sort_into_blocks(
    dataset_ids: np.ndarray, has_query: np.ndarray, has_passage: np.ndarray, is_translation: np.ndarray
) -> Blocks:
    """Sort items into blocks.

    Args:
        dataset_ids: Dataset of each item, int [n].
        has_query: Languages of each item's queries, bool [n, languages].
        has_passage: Languages of each item's passages, bool [n, languages].
        is_translation: Whether each item is a translation, bool [n].

    Example:
        >>> yes = np.ones((3, 1), bool)
        >>> sort_into_blocks(np.array([1, 0, 1]), yes, yes, np.zeros(3, bool)).items.tolist()
        [1, 0, 2]
    """
    signature = np.packbits(np.concatenate([has_query, has_passage, is_translation[:, None]], axis=1), axis=1)
    # Two bytes are added at a time and the numbers then made consecutive again: equal numbers mean equal bytes so far,
    # and int64 never overflows.
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


def sort_by_key(keys: Sequence[BlockKey], key_of_item: np.ndarray) -> SortedItems:
    """Sort items into blocks by their keys, without an array of items times languages.

    Args:
        keys: Keys. Equal keys become one block, keys without items none.
        key_of_item: Position of each item's key, int [n].

    Example:
        >>> one = BlockKey("b", frozenset(["en"]), frozenset(["de"]), False)
        >>> two = BlockKey("a", frozenset(["en"]), frozenset(), True)
        >>> sort_by_key([one, two], np.array([0, 0, 0])).blocks.starts.tolist()
        [0, 3]
    """
    used = np.flatnonzero(np.bincount(key_of_item, minlength=len(keys))).tolist()
    languages = sorted({code for number in used for code in keys[number].queries | keys[number].passages})
    datasets = sorted({keys[number].dataset for number in used})
    column = {code: number for number, code in enumerate(languages)}
    has_query, has_passage = np.zeros((2, len(used), len(languages)), bool)
    for row, number in enumerate(used):
        has_query[row, [column[code] for code in keys[number].queries]] = True
        has_passage[row, [column[code] for code in keys[number].passages]] = True
    dataset_ids = np.array([datasets.index(keys[number].dataset) for number in used], np.int32)
    is_translation = np.array([keys[number].translation for number in used], bool)
    # The keys are sorted as if each were one item; then the items are sorted by the blocks of their keys.
    blocks = sort_into_blocks(dataset_ids, has_query, has_passage, is_translation)
    block_of_key = np.zeros(len(keys), np.uint16 if len(blocks.starts) < 2**16 else np.int64)
    block_of_key[np.array(used, np.int64)[blocks.items]] = np.repeat(
        np.arange(len(blocks.starts) - 1), np.diff(blocks.starts)
    )
    block_of_item = block_of_key[key_of_item]
    sizes = np.bincount(block_of_item, minlength=len(blocks.starts) - 1)
    items = np.argsort(block_of_item, kind="stable").astype(np.int32)
    return SortedItems(
        languages, datasets, blocks._replace(items=items, starts=np.append(0, np.cumsum(sizes)).astype(np.int64))
    )
