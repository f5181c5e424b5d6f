"""Which items must not meet in a batch: those that share a text are false negatives of each other."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.item import text_key

# Words have several senses: "bar" and "line" would join a third of a dictionary into one group. Shorter texts of
# translation items link nothing; two real sentences share more than that.
_SHORTEST_SENTENCE = 12


class Links:
    """Keys that items have; items with a key in common, directly or over others, are one group.

    >>> links = Links()
    >>> links.add([0, 1, 2, 3, 2], ["a", "b", "b", "c", "c"])
    >>> links.groups(5).tolist()
    [0, 1, 1, 1, 2]
    """

    def __init__(self) -> None:
        self._items: list[np.ndarray] = []
        self._keys: list[np.ndarray] = []

    def add(self, items: np.ndarray | Sequence[int], keys: np.ndarray | Sequence[str]) -> None:
        """Give items their keys, one each.

        Args:
            items: Item numbers, int [k].
            keys: Strings, or hashes as :func:`hashes` makes them. Equal hashes count as equal keys: with 64 bits,
                chance is no concern.
        """
        self._items.append(np.asarray(items, np.int32))
        self._keys.append(keys if isinstance(keys, np.ndarray) else hashes(keys))

    def groups(self, count: int) -> np.ndarray:
        """Return the group of each of ``count`` items, int64 [count], numbered from 0 by first appearance."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        if not count:
            return np.zeros(0, np.int64)
        keys = np.concatenate([np.zeros(0, np.uint64), *self._keys])
        order = np.argsort(keys)
        ordered = keys[order]
        shared = np.flatnonzero(ordered[1:] == ordered[:-1])
        del keys, ordered  # as long as all texts are many
        items = np.concatenate([np.zeros(0, np.int32), *self._items])
        ends = items[order[shared]], items[order[shared + 1]]
        edges = coo_matrix((np.ones(len(shared), bool), ends), shape=(count, count))
        return renumbered(connected_components(edges, directed=False)[1])


class TextLinks:
    """The groups of a store's items, and the finer ones of items that share a passage.

    Attributes:
        groups: Links by query, passage and whatever else is added.
        passages: Links by passage.
    """

    def __init__(self) -> None:
        self.groups, self.passages = Links(), Links()

    def add(self, first: int, batch: pa.RecordBatch) -> None:
        """Give the items of a batch their queries and passages as keys.

        Args:
            first: The number of the batch's first item.
            batch: Its columns are those of :mod:`pyterrier_hybrid.parallel.store.texts`.
        """
        translation = batch.column("translation").to_numpy(zero_copy_only=False)
        for name in batch.schema.names:
            role = name.partition(".")[0]
            if role not in ("query", "passage"):
                continue
            column = batch.column(name)
            rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
            keys = [text_key(text) for text in column.drop_null().to_pylist()]
            numbers = hashes(keys)
            long_enough = np.fromiter(map(len, keys), np.int64, len(keys)) >= _SHORTEST_SENTENCE
            counts = ~translation[rows] | long_enough
            self.groups.add(first + rows[counts], numbers[counts])
            # The texts of translations are kept as queries, and are passages as well.
            counts &= translation[rows] | (role == "passage")
            self.passages.add(first + rows[counts], numbers[counts])


def hashes(texts: Sequence[str]) -> np.ndarray:
    """Return 64-bit hashes that are the same in every process, uint64 [n].

    >>> int(hashes(["rome"])[0] - hashes(["rome"])[0])
    0
    """
    from pandas.util import hash_array

    objects = np.empty(len(texts), object)
    objects[:] = texts
    return hash_array(objects, categorize=False)


def renumbered(labels: np.ndarray) -> np.ndarray:
    """Number labels from 0 by first appearance, int64.

    Args:
        labels: Integers from 0, int [n].

    >>> renumbered(np.array([7, 3, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    if not len(labels):
        return np.zeros(0, np.int64)
    places = np.arange(len(labels))
    first = np.full(labels.max() + 1, len(labels))
    np.minimum.at(first, labels, places)
    number = np.cumsum(first[labels] == places) - 1
    return number[first[labels]]
