"""Different texts of a store, without a copy of them all."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.store.groups import hashes
from pyterrier_hybrid.parallel.store.texts import Texts


def different_texts(
    texts: Texts, rows: np.ndarray | None, languages: Sequence[str], *, limit: int | None, seed: int
) -> list[str]:
    """Return different texts; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.texts`."""
    # Texts are numbered by row, queries before passages, and looked up once it is known which ones are wanted.
    numbers = {code: _first_places(texts, rows, code) for code in languages}
    if limit is not None:
        rng, left = np.random.default_rng(seed), limit
        # From the smallest language on, what one cannot give is shared by those that have more.
        for place, code in enumerate(sorted(numbers, key=lambda code: (len(numbers[code]), code))):
            share = min(left // (len(numbers) - place), len(numbers[code]))
            numbers[code] = numbers[code][np.sort(rng.choice(len(numbers[code]), size=share, replace=False))]
            left -= share
    return [text for code, wanted in numbers.items() for text in _looked_up(texts, rows, code, wanted)]


def _first_places(texts: Texts, rows: np.ndarray | None, language: str) -> np.ndarray:
    places, keys, first = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)], 0
    names = (f"query.{language}", f"passage.{language}")
    for batch in texts.pieces(rows, names):
        for role, name in enumerate(names):
            if name in batch.schema.names:
                column = batch.column(name)
                valid = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
                places.append(2 * (first + valid) + role)
                keys.append(hashes(column.drop_null().to_pylist()))
        first += batch.num_rows
    place = np.concatenate(places)
    order = np.argsort(place)
    return np.sort(place[order][np.unique(np.concatenate(keys)[order], return_index=True)[1]])


def _looked_up(texts: Texts, rows: np.ndarray | None, language: str, places: np.ndarray) -> list[str]:
    found = np.empty(len(places), object)
    for role, name in enumerate((f"query.{language}", f"passage.{language}")):
        of_role = np.flatnonzero(places % 2 == role)
        wanted = places[of_role] // 2
        values: list[pa.Array] = []
        for batch in texts.pieces(wanted if rows is None else rows[wanted], [name]):
            values += batch.column(name).to_pylist()
        found[of_role] = values
    return found.tolist()
