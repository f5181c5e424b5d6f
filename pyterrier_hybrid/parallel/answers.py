"""All known answers to the query of an item: its passages, and those of other items with the same query."""

import numpy as np

from pyterrier_hybrid.parallel.pairs import ParallelPairs
from pyterrier_hybrid.parallel.store.groups import query_groups
from pyterrier_hybrid.text.normalisation import text_key


class Answers:
    """Finds the passages that answer the query of an item.

    They are the passages of all items that share a query with it, and the translations of these passages, which may
    belong to further items. A hard negative that copies one of them is a false negative.

    Args:
        pairs: The items.

    Example:
        >>> from pyterrier_hybrid.parallel import Item
        >>> one = Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["You.", "Them."]})
        >>> answers = Answers(ParallelPairs([one, Item("2", None, "toy", {"en": "Who?"}, {"en": "You."})]))
        >>> sorted(answers.keys([0]))
        ['me.', 'you.']
    """

    def __init__(self, pairs: ParallelPairs) -> None:
        self._pairs = pairs
        # Items that share a query or a passage are in one group, so items that are alone in theirs need no lookup.
        groups = pairs.groups
        self._items = np.flatnonzero(np.bincount(groups)[groups] > 1) if len(pairs) else np.zeros(0, np.int64)
        store = pairs._store
        columns = [f"query.{language}" for language in pairs.languages]
        texts = store.texts.read(self._items if store.rows is None else store.rows[self._items], columns)
        self._by_query = _Members(query_groups(texts, len(self._items)))
        self._by_passage = _Members(pairs.passage_groups[self._items])

    def items(self, item: int) -> list[int]:
        """Return the items whose passages answer the query of an item, with the item itself."""
        position = int(np.searchsorted(self._items, item))
        if position == len(self._items) or self._items[position] != item:
            return [item]
        found = self._by_passage.of(self._by_query.of(np.array([position])))
        return self._items[found].tolist()

    def keys(self, items: list[int]) -> set[str]:
        """Return the keys (:func:`~pyterrier_hybrid.text.normalisation.text_key`) of all answers to some items."""
        pairs = self._pairs
        return {
            text_key(pairs.passage(item, pairs.languages[column]))
            for item in {other for item in items for other in self.items(item)}
            for column in np.flatnonzero(pairs.has_passage[item]).tolist()
        }


class _Members:
    """Finds the members of the groups that some positions are in.

    Args:
        groups: Group of each position, int [n].
    """

    def __init__(self, groups: np.ndarray) -> None:
        self._groups = groups
        self._order = np.argsort(groups, kind="stable")
        self._sorted = groups[self._order]

    def of(self, positions: np.ndarray) -> np.ndarray:
        """Return the members of all groups of some positions, int64."""
        wanted = np.unique(self._groups[positions])
        starts, ends = (np.searchsorted(self._sorted, wanted, side=side) for side in ("left", "right"))
        return np.concatenate([self._order[start:end] for start, end in zip(starts, ends, strict=True)])
