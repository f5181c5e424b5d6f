"""The ratio margin: how much closer two texts are to each other than to their nearest neighbours."""

import numpy as np


def l2_normalised(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1; a vector of zeros stays one.

    Example:
        >>> l2_normalised(np.array([[3.0, 4.0]], np.float32)).tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(norms, np.finfo(np.float32).tiny)


def ratio_margin(cosines: np.ndarray, mean_one: np.ndarray, mean_other: np.ndarray) -> np.ndarray:
    """Return the ratio margin of pairs of texts (arXiv 1811.01136, section 3).

    It is the cosine of both, divided by the mean cosine of each with its nearest neighbours on the other side. It
    corrects for texts that are close to all others. Where the neighbours are not close at all (a mean of 0 or less),
    a ratio says nothing, and the margin is 1.

    Args:
        cosines: Cosine of the two texts of each pair.
        mean_one: Mean cosine of the first text with its nearest neighbours.
        mean_other: Mean cosine of the second text with its nearest neighbours.

    Returns:
        float64, in the shape of the three arrays after broadcasting.

    Example:
        >>> ratio_margin(np.array([0.9, -0.5]), np.array([0.5, -0.1]), np.array([0.7, -0.3])).round(3).tolist()
        [1.5, 1.0]
    """
    expected = (mean_one.astype(np.float64) + mean_other) / 2
    has_neighbours = expected > 1e-12
    return np.where(has_neighbours, cosines / np.where(has_neighbours, expected, 1), 1.0)


def margin_scores(one: np.ndarray, other: np.ndarray, *, neighbours: int = 4) -> np.ndarray:
    """Return the :func:`ratio_margin` of each row of one matrix with the same row of another.

    The nearest neighbours of each row are rows of the other matrix, found by comparing all with all.

    Args:
        one: Vectors, float32 ``[n, dim]``.
        other: Vectors, float32 ``[n, dim]``.
        neighbours: Number of nearest neighbours; with fewer rows, all of them.

    Returns:
        float32 ``[n]``.

    Example:
        >>> one = np.array([[1, 0], [0, 1]], np.float32)
        >>> margin_scores(one, one, neighbours=2).tolist()
        [2.0, 2.0]
    """
    one, other = l2_normalised(one), l2_normalised(other)
    count = min(neighbours, len(one))
    if not count:
        return np.zeros(0, np.float32)
    means = [np.zeros(len(one), np.float32), np.zeros(len(one), np.float32)]
    for mean, queries, keys in ((means[0], one, other), (means[1], other, one)):
        for start in range(0, len(queries), 1024):
            cosines = queries[start : start + 1024] @ keys.T
            nearest = np.partition(cosines, cosines.shape[1] - count, axis=1)[:, cosines.shape[1] - count :]
            mean[start : start + 1024] = nearest.mean(axis=1)
    return ratio_margin(np.einsum("nd,nd->n", one, other), *means).astype(np.float32)
