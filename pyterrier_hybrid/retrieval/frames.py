"""Columns of PyTerrier frames as checked lists and arrays."""

import numpy as np
import pandas as pd


def texts_of(frame: pd.DataFrame, column: str) -> list[str]:
    """Return a column of texts as a list.

    Args:
        frame: Any frame with the column.
        column: Name of the column.

    Raises:
        TypeError: A value is not a string; the message names the column and the row.

    Example:
        >>> texts_of(pd.DataFrame({"query": ["one", 2]}), "query")
        Traceback (most recent call last):
        ...
        TypeError: column 'query', row 1: 2 is a int, expected a str
    """
    texts = frame[column].tolist()
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"column {column!r}, row {row}: {text!r} is a {type(text).__name__}, expected a str")
    return texts


def vectors_of(frame: pd.DataFrame, column: str, *, name: str) -> np.ndarray:
    """Return a column of vectors as a matrix.

    Args:
        frame: A frame with at least one row.
        column: Name of the column of vectors.
        name: Column that identifies a row in error messages, such as ``docno``.

    Returns:
        float32 ``[n, dim]``.

    Raises:
        ValueError: The vectors differ in dimension, or one has a value that is not finite.

    Example:
        >>> vectors_of(pd.DataFrame({"docno": ["a"], "doc_vec": [[0.5, 1]]}), "doc_vec", name="docno")
        array([[0.5, 1. ]], dtype=float32)
    """
    vectors = [np.asarray(vector, np.float32) for vector in frame[column]]
    expected = vectors[0].shape
    for row, vector in enumerate(vectors):
        if vector.ndim != 1 or vector.shape != expected:
            first, other = frame[name].iloc[0], frame[name].iloc[row]
            raise ValueError(f"{column} of {other!r} has the shape {vector.shape}, that of {first!r} has {expected}")
    matrix = np.stack(vectors)
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise ValueError(f"{column} of {frame[name].iloc[int(finite.argmin())]!r} has a value that is not finite")
    return matrix
