"""Operations on stores: parts and sums of them, distinct texts, and statistics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.selection import Selection
from pyterrier_hybrid.parallel.store.blocks import sort_by_key
from pyterrier_hybrid.parallel.store.build import check_unique_ids, hash_ids
from pyterrier_hybrid.parallel.store.groups import TextLinks, hash_texts
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import real_number, whole_number
from pyterrier_hybrid.utils.formatting import counted

if TYPE_CHECKING:
    import pandas as pd

Change: TypeAlias = Callable[[list[str], list[int]], list[str]]
"""A function of queries and the numbers of their items that returns the changed queries."""


def split(store: Store, held_out: float, seed: int) -> tuple[Store, Store]:
    """Split a store by groups; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.split`."""
    seed = whole_number("seed", seed, least=0)
    real_number("held_out", held_out)
    if not held_out >= 0 or (held_out > 1 and held_out % 1 != 0):
        raise ValueError(f"held_out={held_out!r} is neither a whole number of groups nor a ratio between 0 and 1")
    total = _group_count(store)
    number = round(held_out * total) if held_out < 1 else int(held_out)
    if not 0 < number < total:
        raise ValueError(
            f"held_out={held_out!r} means {number:,} of {total:,} groups, which leaves a part empty: "
            "pass a ratio between 0 and 1 or a smaller number of groups"
        )
    chosen = np.zeros(total, bool)
    chosen[np.random.default_rng(seed).permutation(total)[:number]] = True
    held = chosen[store.groups]
    return store.part(~held), store.part(held)


def select(store: Store, selection: Selection) -> Store:
    """Keep selected texts; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.filter`."""
    languages, datasets, _ = store.sorted_items
    selection.check(languages, datasets)
    keys = [selection.of_key(key) for key in store.sorted_items.keys]
    wanted = np.array([selection.wants_dataset(key.dataset) and key.has_pair for key in keys], bool)
    # Negatives may be in other languages than the blocks, so the blocks do not tell which columns are dropped.
    texts = store.texts.of_languages(selection.wants_language)
    return store.part(wanted[store.sorted_items.block_of_item], texts=texts, keys=keys)


def imbalance(store: Store, ratios: Mapping[str, float], seed: int) -> Store:
    """Drop texts of some languages; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.imbalance`."""
    languages, texts = store.sorted_items.languages, store.texts
    keys, key_of_item = store.sorted_items.keys, store.sorted_items.block_of_item.astype(np.int64)
    for code, ratio in ratios.items():
        language = same_language(code, languages)
        if language not in languages:
            raise ValueError(f"shares names {language!r}, but there is only: {', '.join(languages)}")
        if not 0 <= real_number(f"shares[{code!r}]", ratio) <= 1:
            raise ValueError(f"shares[{language!r}]={ratio!r} is outside 0 to 1: it is a ratio of the items")
        has_language = np.array([language in key.queries | key.passages for key in keys], bool)
        items = np.flatnonzero(has_language[key_of_item])
        # Each seed and language has one order of the items, so that a smaller ratio keeps some of a larger one's.
        order = np.random.default_rng([seed, *language.encode()]).permutation(len(items))
        lost = items[order[round(ratio * len(items)) :]]
        # If the language is dropped, its negatives are dropped too, even for items without a query or passage in it.
        dropped = np.full(len(texts), ratio == 0)
        dropped[lost if store.rows is None else store.rows[lost]] = True
        texts = texts.without(language, dropped)
        # The second half of the keys are those of the first half without the language.
        key_of_item[lost] += len(keys)
        removed = frozenset([language])
        keys += [key._replace(queries=key.queries - removed, passages=key.passages - removed) for key in keys]
        used, key_of_item = np.unique(key_of_item, return_inverse=True)
        keys = [keys[number] for number in used.tolist()]
    has_pair = np.array([key.has_pair for key in keys], bool)
    part = store.part(has_pair[key_of_item], texts=texts, keys=keys, key_of_item=key_of_item)
    # Dropped texts are still in the buffers of the batches. With row numbers, rows are copied without them when saved.
    return replace(part, rows=part.all_rows())


def change_queries(
    store: Store, language: str, changes: Sequence[Change], ratio: float, seed: int, only: np.ndarray | None
) -> Store:
    """Change some queries; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.change_queries`."""
    seed = whole_number("seed", seed, least=0)
    if not 0 <= real_number("share", ratio) <= 1:
        raise ValueError(f"share={ratio!r} is outside 0 to 1: it is a ratio of the queries")
    languages, _, blocks = store.sorted_items
    language = same_language(language, languages)
    if language not in languages:
        raise ValueError(f"language={language!r}: there is only {', '.join(languages)}")
    can_change = blocks.has_query[:, languages.index(language)] & ~blocks.is_translation
    candidates = can_change[store.sorted_items.block_of_item]
    items = np.flatnonzero(candidates if only is None else candidates & only)
    # Each seed and language has one order of the queries, so that a larger ratio only adds queries.
    rng = np.random.default_rng([seed, *language.encode()])
    items = rng.permutation(items)[: round(ratio * len(items))]
    drawn = rng.integers(len(changes), size=len(items))
    rows = items if store.rows is None else store.rows[items]
    order = np.argsort(rows)
    items, drawn = items[order], drawn[order]

    def change(texts: list[str], positions: slice) -> list[str]:
        numbers, kinds = items[positions].tolist(), drawn[positions]
        for kind in np.unique(kinds).tolist():
            chosen = np.flatnonzero(kinds == kind).tolist()
            changed = changes[kind]([texts[n] for n in chosen], [numbers[n] for n in chosen])
            for n, text in zip(chosen, changed, strict=True):
                texts[n] = text
        return texts

    return replace(store, texts=store.texts.replace(f"query.{language}", rows[order], change))


def concat(one: Store, other: Store) -> Store:
    """Return a store of the items of two, one after the other. Only row numbers are copied.

    Raises:
        ValueError: Both have an item with the same dataset and ID.
    """
    stores = (one, other)
    links, id_hashes, first = TextLinks(), [np.zeros(0, np.uint64)], 0
    for store in stores:
        for linked, groups in ((links.groups, store.groups), (links.passages, store.passage_groups)):
            # Group numbers among 64-bit hashes of texts: collisions are negligible.
            linked.add(np.arange(first, first + len(groups)), (groups + first).astype(np.uint64))
        for batch in store.batches():
            links.add(first, batch)
            id_hashes.append(hash_ids(batch))
            first += batch.num_rows
    rows = None
    if one.rows is not None or other.rows is not None:
        rows = np.concatenate([one.all_rows(), other.all_rows() + len(one.texts)])
    texts = one.texts + other.texts
    check_unique_ids(np.concatenate(id_hashes), texts, rows)
    keys = [key for store in stores for key in store.sorted_items.keys]
    blocks = [one.sorted_items.block_of_item, other.sorted_items.block_of_item + len(one.sorted_items.keys)]
    return Store(
        texts, sort_by_key(keys, np.concatenate(blocks)), links.groups.groups(first), links.passages.groups(first), rows
    )


def distinct(store: Store, limit: int | None, seed: int) -> list[str]:
    """Return distinct texts; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.texts`."""
    if limit is not None:
        limit = whole_number("limit", limit, least=0)
    # Texts are numbered first; only those that are drawn are looked up.
    numbers = {code: _first_occurrences(store, code) for code in store.sorted_items.languages}
    if limit is not None:
        rng, remaining = np.random.default_rng(seed), limit
        # In ascending order of size, so that larger languages make up for what smaller ones lack.
        for done, code in enumerate(sorted(numbers, key=lambda code: (len(numbers[code]), code))):
            size = min(remaining // (len(numbers) - done), len(numbers[code]))
            numbers[code] = numbers[code][np.sort(rng.choice(len(numbers[code]), size=size, replace=False))]
            remaining -= size
    return [text for code, drawn in numbers.items() for text in _look_up(store, code, drawn)]


def statistics(store: Store) -> "pd.DataFrame":
    """Count items and texts; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.statistics`."""
    import pandas as pd

    sorted_items = store.sorted_items
    blocks, keys = sorted_items.blocks, sorted_items.keys
    characters = _count_characters(store)
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
            cross = [b for b in chosen if _is_cross_lingual(keys[b].queries, keys[b].passages, language)]
            queries, passages = (int(sizes[chosen][has[chosen]].sum()) for has in (has_query, has_passage))
            table.append({
                "dataset": name,
                "language": language,
                "items": count,
                "queries": queries,
                "passages": passages,
                "groups": len(np.unique(store.groups[items])),
                "query_chars": characters[0, dataset, column] / queries if queries else np.nan,
                "passage_chars": characters[1, dataset, column] / passages if passages else np.nan,
                "cross": sizes[cross].sum() / count if cross else 0.0,
            })  # fmt: skip
    columns = ["dataset", "language", "items", "queries", "passages", "groups", "query_chars", "passage_chars", "cross"]
    return pd.DataFrame(table, columns=columns)


def summary(store: Store) -> str:
    """Return what ``repr`` shows: counts, languages, and a line with the number of items of each dataset."""
    languages, datasets, blocks = store.sorted_items
    counts = [counted(len(store), "item"), counted(_group_count(store), "group")]
    if languages:
        counts.append(f"{counted(len(languages), 'language')}: {' '.join(languages)}")
    width = max(map(len, datasets), default=0)
    sizes = np.zeros(len(datasets), np.int64)
    np.add.at(sizes, blocks.dataset_ids, np.diff(blocks.starts))
    lines = [f"  {name:{width}}  {size:,}" for name, size in zip(datasets, sizes.tolist(), strict=True)]
    return "\n".join([f"ParallelPairs({', '.join(counts)})", *lines])


def _group_count(store: Store) -> int:
    return int(store.groups.max()) + 1 if len(store) else 0


def _is_cross_lingual(queries: frozenset[str], passages: frozenset[str], language: str) -> bool:
    only = frozenset([language])
    return (language in queries and bool(passages - only)) or (language in passages and bool(queries - only))


def _count_characters(store: Store) -> np.ndarray:
    """Return the number of characters of all queries and passages, int64 [2, datasets, languages]."""
    sorted_items = store.sorted_items
    dataset_ids = sorted_items.blocks.dataset_ids[sorted_items.block_of_item]
    total = np.zeros((2, len(sorted_items.datasets), len(sorted_items.languages)), np.int64)
    first = 0
    for batch in store.batches():
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


def _first_occurrences(store: Store, language: str) -> np.ndarray:
    """Return the number of each distinct text of a language: 2 · item for a query, 2 · item + 1 for a passage."""
    numbers, hashes, first = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)], 0
    columns = (f"query.{language}", f"passage.{language}")
    for batch in store.batches(columns):
        for role, name in enumerate(columns):
            if name in batch.schema.names:
                column = batch.column(name)
                valid = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
                numbers.append(2 * (first + valid) + role)
                hashes.append(hash_texts(column.drop_null().to_pylist()))
        first += batch.num_rows
    number = np.concatenate(numbers)
    order = np.argsort(number)
    return np.sort(number[order][np.unique(np.concatenate(hashes)[order], return_index=True)[1]])


def _look_up(store: Store, language: str, numbers: np.ndarray) -> list[str]:
    """Return the texts with some numbers of :func:`_first_occurrences`."""
    texts = np.empty(len(numbers), object)
    for role, name in enumerate((f"query.{language}", f"passage.{language}")):
        positions = np.flatnonzero(numbers % 2 == role)
        items = numbers[positions] // 2
        values: list[str] = []
        for batch in store.texts.read(items if store.rows is None else store.rows[items], [name]):
            values += batch.column(name).to_pylist()
        texts[positions] = values
    return texts.tolist()
