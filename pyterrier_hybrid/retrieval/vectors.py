"""Which vectors can be indexed and searched: one rule for documents, queries and the grid."""

from typing import Any

import numpy as np

LARGEST_NORM = 2.0**62
"""Largest norm of a vector: the squared distance of two such vectors is still finite in single precision."""


def as_vector(value: Any, name: str) -> np.ndarray:
    """Return a value as a vector, float32 ``[dim]``.

    Args:
        value: A row of numbers.
        name: What it is, for the error message.

    Raises:
        ValueError: It is something else.

    Example:
        >>> as_vector("abc", "doc_vec of 'd1'")
        Traceback (most recent call last):
        ...
        ValueError: doc_vec of 'd1' is 'abc', expected one row of numbers
    """
    try:
        if np.iscomplexobj(value):
            raise TypeError("complex numbers")
        # Numbers that single precision cannot hold become infinite, and are refused as that.
        with np.errstate(over="ignore"):
            vector = np.asarray(value, np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        shown = repr(value)
        raise ValueError(
            f"{name} is {shown if len(shown) <= 60 else shown[:57] + '...'}, expected one row of numbers"
        ) from error
    if vector.ndim != 1:
        raise ValueError(f"{name} has the shape {vector.shape}, expected one row of numbers")
    return vector


def find_unusable(vectors: np.ndarray) -> tuple[int, str] | None:
    """Find the first vector that has no values, is not finite, or is so long that its square is not.

    Args:
        vectors: float32 ``[n, dim]``.

    Returns:
        Its row, and what is wrong with it; ``None`` if all vectors can be used.

    Example:
        >>> find_unusable(np.ones((2, 3), np.float32)) is None
        True
        >>> find_unusable(np.array([[1, 0], [1e30, 0]], np.float32))
        (1, 'has the norm 1e+30, whose square single precision cannot hold: normalise it')
    """
    if not len(vectors):
        return None
    if not vectors.shape[1]:
        return 0, "has no values: its dimension is 0"
    with np.errstate(over="ignore", invalid="ignore"):
        usable = np.einsum("nd,nd->n", vectors, vectors) <= LARGEST_NORM**2
    if usable.all():
        return None
    row = int(usable.argmin())
    finite = np.isfinite(vectors[row])
    if not finite.all():
        value = vectors[row][int(finite.argmin())]
        return row, f"has a value that is not finite: {value} is not a finite number"
    norm = np.linalg.norm(vectors[row].astype(np.float64))
    return row, f"has the norm {norm:.3g}, whose square single precision cannot hold: normalise it"
