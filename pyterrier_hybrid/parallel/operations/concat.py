"""Two stores as one."""

import numpy as np

from pyterrier_hybrid.parallel.store.blocks import sort_by_kind
from pyterrier_hybrid.parallel.store.build import Parts, check_names, name_hashes
from pyterrier_hybrid.parallel.store.groups import TextLinks
from pyterrier_hybrid.parallel.store.texts import Texts

Store = tuple[Texts, np.ndarray | None, Parts]


def joined(one: Store, other: Store) -> tuple[Texts, Parts, np.ndarray | None]:
    """Return texts, parts and row numbers of two stores one after the other; nothing but row numbers is copied.

    Raises:
        ValueError: If both have an item of the same name.
    """
    links, names, first = TextLinks(), [np.zeros(0, np.uint64)], 0
    for texts, rows, parts in (one, other):
        for linked, groups in ((links.groups, parts.groups), (links.passages, parts.passage_groups)):
            # Numbers of groups among 64-bit hashes of texts: chance is no concern.
            linked.add(np.arange(first, first + len(groups)), (groups + first).astype(np.uint64))
        for batch in texts.pieces(rows):
            links.add(first, batch)
            names.append(name_hashes(batch))
            first += batch.num_rows
    rows = None
    if one[1] is not None or other[1] is not None:
        numbers = [np.arange(len(texts)) if rows is None else rows for texts, rows, _ in (one, other)]
        rows = np.concatenate([numbers[0], numbers[1] + len(one[0])])
    texts = one[0] + other[0]
    check_names(np.concatenate(names), texts, rows)
    kinds = [kind for _, _, parts in (one, other) for kind in parts.sorted_items.kinds]
    kind_of_item = [parts.sorted_items.kind_of_item for _, _, parts in (one, other)]
    kind_of_item[1] += len(one[2].sorted_items.kinds)
    sorted_items = sort_by_kind(kinds, np.concatenate(kind_of_item))
    return texts, Parts(sorted_items, links.groups.groups(first), links.passages.groups(first)), rows
