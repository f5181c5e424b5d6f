"""The items of a store sorted into blocks that are alike, so that samplers never look at the items one by one."""

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
