"""What there is in a store, in numbers."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.store.blocks import SortedItems
from pyterrier_hybrid.parallel.store.texts import Texts

if TYPE_CHECKING:
    import pandas as pd


def statistics(sorted_items: SortedItems, groups: np.ndarray, texts: Texts, rows: np.ndarray | None) -> "pd.DataFrame":
    """Count; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.statistics`."""
    import pandas as pd

    blocks, kinds = sorted_items.blocks, sorted_items.kinds
    characters = _characters(sorted_items, texts, rows)
    table = []
    for dataset, name in enumerate(sorted_items.datasets):
        for column, language in enumerate(sorted_items.languages):
            has_query, has_passage = blocks.has_query[:, column], blocks.has_passage[:, column]
            chosen = np.flatnonzero((blocks.dataset_ids == dataset) & (has_query | has_passage))
            if not len(chosen):
                continue
            sizes = np.diff(blocks.starts)
            count = int(sizes[chosen].sum())
            items = np.concatenate([blocks.items[blocks.starts[b] : blocks.starts[b + 1]] for b in chosen])
            cross = [b for b in chosen if _is_cross(kinds[b].queries, kinds[b].passages, language)]
            queries, passages = (int(sizes[chosen][has[chosen]].sum()) for has in (has_query, has_passage))
            table.append({
                "dataset": name,
                "language": language,
                "items": count,
                "queries": queries,
                "passages": passages,
                "groups": len(np.unique(groups[items])),
                "query_chars": characters[0, dataset, column] / queries if queries else np.nan,
                "passage_chars": characters[1, dataset, column] / passages if passages else np.nan,
                "cross": sizes[cross].sum() / count if cross else 0.0,
            })  # fmt: skip
    columns = ["dataset", "language", "items", "queries", "passages", "groups", "query_chars", "passage_chars", "cross"]
    return pd.DataFrame(table, columns=columns)


def summary(sorted_items: SortedItems, groups: np.ndarray) -> str:
    """Return a store's name, its counts, and a line with the items of each dataset."""
    languages, datasets, blocks = sorted_items
    counts = [_count(len(groups), "item"), _count(int(groups.max()) + 1 if len(groups) else 0, "group")]
    if languages:
        counts.append(f"{_count(len(languages), 'language')}: {' '.join(languages)}")
    width = max(map(len, datasets), default=0)
    sizes = np.zeros(len(datasets), np.int64)
    np.add.at(sizes, blocks.dataset_ids, np.diff(blocks.starts))
    lines = [f"  {name:{width}}  {size:,}" for name, size in zip(datasets, sizes.tolist(), strict=True)]
    return "\n".join([f"ParallelPairs({', '.join(counts)})", *lines])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _is_cross(queries: frozenset[str], passages: frozenset[str], language: str) -> bool:
    other = frozenset([language])
    return (language in queries and bool(passages - other)) or (language in passages and bool(queries - other))


def _characters(sorted_items: SortedItems, texts: Texts, rows: np.ndarray | None) -> np.ndarray:
    """Return the characters of all queries and passages, int64 [2, datasets, languages]."""
    dataset_ids = sorted_items.blocks.dataset_ids[sorted_items.kind_of_item]
    total = np.zeros((2, len(sorted_items.datasets), len(sorted_items.languages)), np.int64)
    first = 0
    for batch in texts.pieces(rows):
        ids = dataset_ids[first : first + batch.num_rows]
        translation = batch.column("translation").to_numpy(zero_copy_only=False)
        for column, language in enumerate(sorted_items.languages):
            for role, name in enumerate((f"query.{language}", f"passage.{language}")):
                if name in batch.schema.names:
                    lengths = pc.utf8_length(batch.column(name)).fill_null(0).to_numpy()
                    np.add.at(total[role, :, column], ids, lengths)
                    if role == 0:
                        np.add.at(total[1, :, column], ids[translation], lengths[translation])
        first += batch.num_rows
    return total
