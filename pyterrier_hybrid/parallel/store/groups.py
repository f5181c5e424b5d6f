"""Groups: items that share a text are false negatives of each other, and must not be in one batch."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.text.normalisation import text_key

# Words have several senses: "bar" and "line" would join a third of a dictionary into one group. Shorter texts of
# translations therefore link nothing.
_MIN_TRANSLATION_LENGTH = 12


class Links:
    """Keys of items. Items that share a key, directly or through other items, are one group.

    Example:
        >>> links = Links()
        >>> links.add([0, 1, 2, 3, 2], ["a", "b", "b", "c", "c"])
        >>> links.groups(5).tolist()
        [0, 1, 1, 1, 2]
    """

    def __init__(self) -> None:
        self._items: list[np.ndarray] = []
        self._keys: list[np.ndarray] = []

    def add(self, items: np.ndarray | Sequence[int], keys: np.ndarray | Sequence[str]) -> None:
        """Add one key to each of some items.

        Args:
            items: Item numbers, int [k].
            keys: Strings, or their :func:`hash_texts`. Equal hashes count as equal keys, since collisions of 64-bit
                hashes are negligible.
        """
        self._items.append(np.asarray(items, np.int32))
        self._keys.append(keys if isinstance(keys, np.ndarray) else hash_texts(keys))

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
        del keys, ordered  # They have one entry for each text, which takes much memory.
        items = np.concatenate([np.zeros(0, np.int32), *self._items])
        ends = items[order[shared]], items[order[shared + 1]]
        edges = coo_matrix((np.ones(len(shared), bool), ends), shape=(count, count))
        return renumber(connected_components(edges, directed=False)[1])


class TextLinks:
    """Links between the items of a store.

    Attributes:
        groups: Links by queries, passages and further keys, for :attr:`ParallelPairs.groups`.
        passages: Links by passages alone, for :attr:`ParallelPairs.passage_groups`.
    """

    def __init__(self) -> None:
        self.groups, self.passages = Links(), Links()

    def add(self, first: int, batch: pa.RecordBatch) -> None:
        """Link the items of a record batch by their queries and passages.

        Args:
            first: Number of the batch's first item.
            batch: Rows with the columns of :mod:`pyterrier_hybrid.parallel.store.texts`.
        """
        for role, rows, hashes, is_translation in text_hashes(batch):
            self.groups.add(first + rows, hashes)
            # Translations are stored as queries, but are passages as well.
            is_passage = is_translation | (role == "passage")
            self.passages.add(first + rows[is_passage], hashes[is_passage])


def query_groups(batches: Iterable[pa.RecordBatch], count: int) -> np.ndarray:
    """Return groups of items that share a query in any language, directly or through other items.

    Args:
        batches: The items, with their columns ``translation`` and ``query.*``.
        count: Number of items.

    Returns:
        The group of each item, int64 [count].
    """
    links, first = Links(), 0
    for batch in batches:
        for role, rows, hashes, _ in text_hashes(batch):
            if role == "query":
                links.add(first + rows, hashes)
        first += batch.num_rows
    return links.groups(count)


def text_hashes(batch: pa.RecordBatch) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the role, rows, hashes of keys, and whether they are of translations, of the texts that link items."""
    translation = batch.column("translation").to_numpy(zero_copy_only=False)
    for name in batch.schema.names:
        role = name.partition(".")[0]
        if role not in ("query", "passage"):
            continue
        column = batch.column(name)
        rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
        keys = [text_key(text) for text in column.drop_null().to_pylist()]
        hashes = hash_texts(keys)
        long_enough = np.fromiter(map(len, keys), np.int64, len(keys)) >= _MIN_TRANSLATION_LENGTH
        linked = ~translation[rows] | long_enough
        yield role, rows[linked], hashes[linked], translation[rows[linked]]


def hash_texts(texts: Sequence[str]) -> np.ndarray:
    """Return 64-bit hashes that are the same in every process, uint64 [n].

    Example:
        >>> int(hash_texts(["rome"])[0] - hash_texts(["rome"])[0])
        0
    """
    from pandas.util import hash_array

    objects = np.empty(len(texts), object)
    objects[:] = texts
    return hash_array(objects, categorize=False)


def renumber(labels: np.ndarray) -> np.ndarray:
    """Number labels from 0 by first appearance, int64.

    Args:
        labels: Non-negative integers, int [n].

    Example:
        >>> renumber(np.array([7, 3, 7, 5])).tolist()
        [0, 1, 0, 2]
    """
    if not len(labels):
        return np.zeros(0, np.int64)
    positions = np.arange(len(labels))
    first = np.full(labels.max() + 1, len(labels))
    np.minimum.at(first, labels, positions)
    number = np.cumsum(first[labels] == positions) - 1
    return number[first[labels]]
