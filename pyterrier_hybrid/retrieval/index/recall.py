"""How much of an exact search an approximate one finds."""

import numpy as np

from pyterrier_hybrid.retrieval.index.files import Stored
from pyterrier_hybrid.retrieval.index.search import Effort, Selection, exactly, ranked, search


def recall(stored: Stored, queries: np.ndarray | int, *, k: int, lang: str | None, effort: Effort, seed: int) -> float:
    """See :meth:`~pyterrier_hybrid.FaissIndex.recall`."""
    if k < 1:
        raise ValueError(f"k={k}: it must be at least 1")
    selection = Selection(stored, lang)
    nearest = exactly(stored, selection.selector)
    if isinstance(queries, int | np.integer):
        if queries < 1:
            raise ValueError(f"queries={queries}: at least 1 document must be drawn")
        itself = np.random.default_rng(seed).permutation(len(stored))[:queries]
        queries, depth = stored.rows(itself), k + 1
    else:
        itself, depth = np.full(len(queries), -1), k
    vectors = np.ascontiguousarray(queries, np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != stored.dim or not len(vectors):
        raise ValueError(f"queries have the shape {vectors.shape}, expected (n, {stored.dim}) with n of at least 1")
    truth = ranked(stored, vectors, depth, selection.available, nearest)
    found = search(stored, vectors, depth, lang=lang, effort=effort)
    place, position, score = _without(itself, truth, k)
    least = np.full(len(vectors), np.inf)
    np.minimum.at(least, place, score)
    wanted = np.bincount(place, minlength=len(vectors))
    place, position, _ = _without(itself, found, k)
    # Scores of codes say nothing of the vectors'.
    score = np.concatenate(
        [
            np.einsum("nd,nd->n", vectors[place[part]], stored.rows(position[part]))
            for part in np.array_split(np.arange(len(place)), max(1, len(place) * stored.dim // 2**22))
        ]
    )
    near = score >= least[place] - 1e-5 * np.abs(least[place])
    hits = np.minimum(np.bincount(place[near], minlength=len(vectors)), wanted)
    asked = wanted > 0
    return float((hits[asked] / wanted[asked]).mean()) if asked.any() else 1.0


def _without(
    itself: np.ndarray, results: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best ``k`` results of each row that are not the query itself."""
    place, position, score, _ = results
    keep = position != itself[place]
    place, position, score = place[keep], position[keep], score[keep]
    rank = np.arange(len(place)) - np.searchsorted(place, place)
    return place[rank < k], position[rank < k], score[rank < k]
