"""Stores in which some languages are rarer."""

from collections.abc import Mapping, Sequence

import numpy as np

from pyterrier_hybrid.parallel.store.blocks import Kind, SortedItems
from pyterrier_hybrid.parallel.store.texts import Texts


def unbalanced(
    sorted_items: SortedItems, texts: Texts, rows: np.ndarray | None, shares: Mapping[str, float], seed: int
) -> tuple[Texts, Sequence[Kind], np.ndarray, np.ndarray]:
    """Drop texts; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.imbalance`.

    Returns:
        The texts, kinds, the kind of each item (int64 [n]) and which items still have a pair (bool [n]).
    """
    kinds, kind_of_item = sorted_items.kinds, sorted_items.kind_of_item.astype(np.int64)
    for language, share in shares.items():
        if language not in sorted_items.languages:
            raise ValueError(f"shares names {language!r}, but there is only: {', '.join(sorted_items.languages)}")
        if not 0 <= share <= 1:
            raise ValueError(f"shares[{language!r}]={share!r} is outside 0 to 1: it is a share of the items")
        has_it = np.array([language in kind.queries | kind.passages for kind in kinds], bool)
        items = np.flatnonzero(has_it[kind_of_item])
        # One order for each seed and language, of which any share is a beginning.
        order = np.random.default_rng([seed, *language.encode()]).permutation(len(items))
        lost = items[order[round(share * len(items)) :]]
        # Without the language, its negatives go even where an item has neither query nor passage in it.
        dropped = np.full(len(texts), share == 0)
        dropped[lost if rows is None else rows[lost]] = True
        texts = texts.without(language, dropped)
        # The kinds without the language come after those with it.
        kind_of_item[lost] += len(kinds)
        left = frozenset([language])
        kinds = [*kinds, *(kind._replace(queries=kind.queries - left, passages=kind.passages - left) for kind in kinds)]
        used, kind_of_item = np.unique(kind_of_item, return_inverse=True)
        kinds = [kinds[number] for number in used.tolist()]
    has_pair = np.array([kind.has_pair for kind in kinds], bool)
    return texts, kinds, kind_of_item, has_pair[kind_of_item]
