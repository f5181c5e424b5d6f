"""Which items must not meet in a batch: those that share a text are false negatives of each other."""

from array import array
from collections.abc import Hashable, Iterable

import numpy as np

from pyterrier_hybrid.parallel._rows import Item

# Words have several senses: "bar" and "line" would join a third of a dictionary into one group. Shorter texts of
# translation items link nothing; two real sentences share more than that.
_SHORTEST_SENTENCE = 12


class Links:
    """Keys that items have; items with a key in common, directly or over others, are one group.

    >>> links = Links()
    >>> for item, key in [(0, "a"), (1, "b"), (2, "b"), (3, "c"), (2, "c")]:
    ...     links.add(item, key)
    >>> links.groups(5).tolist()
    [0, 1, 1, 1, 2]
    """

    def __init__(self) -> None:
        self._items, self._keys = array("q"), array("q")

    def add(self, item: int, key: Hashable) -> None:
        """Give an item a key. Equal hashes count as equal keys: with 64 bits, chance is no concern."""
        self._items.append(item)
        self._keys.append(hash(key))

    def add_texts(self, items: Iterable[Item]) -> None:
        """Give every item its queries and passages as keys, and its group, if it has one."""
        for number, item in enumerate(items):
            if item.group is not None:
                self.add(number, ("group", item.group))
            if item.translation:
                for text in item.queries.values():
                    key = text_key(text)
                    if len(key) >= _SHORTEST_SENTENCE:
                        self.add(number, key)
            else:
                for texts in (item.queries, item.passages):
                    for text in texts.values():
                        self.add(number, text_key(text))

    def groups(self, count: int) -> np.ndarray:
        """Return the group of each of ``count`` items, int64 [count], numbered from 0 by first appearance."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        if not count:
            return np.zeros(0, np.int64)
        keys, key = np.unique(np.array(self._keys, np.int64), return_inverse=True)
        size = count + len(keys)
        edges = coo_matrix((np.ones(len(key), bool), (np.array(self._items), count + key)), shape=(size, size))
        return renumbered(connected_components(edges, directed=False)[1][:count])


def text_key(text: str) -> str:
    r"""What two texts have in common that differ in case and spaces only.

    >>> text_key(" Learning\nObjectives")
    'learning objectives'
    """
    return " ".join(text.casefold().split())


def renumbered(labels: np.ndarray) -> np.ndarray:
    """Number labels from 0 by first appearance, int64.

    >>> renumbered(np.array([7, 3, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
