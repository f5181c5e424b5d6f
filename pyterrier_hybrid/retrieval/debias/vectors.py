"""Checks and lengths of vectors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

# Those of encoders in bfloat16 have a length of 1 only so far.
_TOLERANCE = 0.01
# What is left of a vector that was all bias is rounding.
_NOTHING = 1e-6


def check_rows(vectors: np.ndarray, langs: Sequence[str], role: str) -> None:
    """Check that there are vectors, with a language each.

    Raises:
        ValueError: it is no matrix, has another number of rows than there are languages, or one of these is no string.
    """
    if vectors.ndim != 2:
        raise ValueError(f"{role} is an array of shape {vectors.shape}, expected [n, dim]: a row for each vector")
    if len(vectors) != len(langs):
        raise ValueError(f"{len(vectors)} vectors of {role}, but {len(langs)} languages: give one for each vector")
    for row, lang in enumerate(langs):
        if not isinstance(lang, str):
            raise ValueError(f"{role}[{row}] has no language but {lang!r}: every vector must have one, as a str")


def finite_matrix(vectors: Any, langs: Sequence[str], role: str) -> np.ndarray:
    """Vectors in double precision.

    Raises:
        ValueError: a value is not finite, or as for :func:`check_rows`.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    check_rows(vectors, langs, role)
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise ValueError(f"the vector of {role}[{int(bad.argmax())}] has a value that is not finite: check the encoder")
    return vectors


def lengths(vectors: np.ndarray) -> np.ndarray:
    """The length of each vector, ``[n]``."""
    return np.sqrt((vectors * vectors).sum(axis=1))


def have_length_one(vectors: np.ndarray) -> bool:
    """Whether all vectors have the length 1, but for those of length 0."""
    found = lengths(vectors)
    return bool((np.abs(found[found > 0] - 1) < _TOLERANCE).all())


def scaled(vectors: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Vectors brought to length 1; zero where next to nothing is left of the length that they had ``before``.

    >>> scaled(np.array([[0.0, 2.0], [1e-9, 0.0]]), np.array([1.0, 1.0])).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    now = lengths(vectors)
    gone = now <= _NOTHING * before
    return np.where(gone[:, None], 0.0, vectors / np.where(gone, 1.0, now)[:, None])
