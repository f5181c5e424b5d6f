"""Columns of PyTerrier frames as checked lists and arrays."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.vectors import as_vector, find_unusable
from pyterrier_hybrid.utils.checks import check_text


def texts_of(frame: pd.DataFrame, column: str) -> list[str]:
    """Return a column of texts as a list.

    Args:
        frame: Any frame with the column.
        column: Name of the column.

    Raises:
        TypeError: A value is not a string; the message names the column and the row.
        ValueError: A text is not valid Unicode.

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
        check_text(f"column {column!r}, row {row}", text)
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
        ValueError: The vectors differ in dimension, or one is not a row of numbers whose squares are finite.

    Example:
        >>> vectors_of(pd.DataFrame({"docno": ["a"], "doc_vec": [[0.5, 1]]}), "doc_vec", name="docno")
        array([[0.5, 1. ]], dtype=float32)
    """
    names = frame[name].tolist()
    vectors = [as_vector(vector, f"{column} of {names[row]!r}") for row, vector in enumerate(frame[column])]
    expected = vectors[0].shape
    for row, vector in enumerate(vectors):
        if vector.shape != expected:
            raise ValueError(
                f"{column} of {names[row]!r} has the shape {vector.shape}, that of {names[0]!r} has {expected}"
            )
    matrix = np.stack(vectors)
    unusable = find_unusable(matrix)
    if unusable:
        raise ValueError(f"{column} of {names[unusable[0]]!r} {unusable[1]}")
    return matrix


@contextmanager
def hint_if_missing(column: str, hint: str) -> Iterator[None]:
    """Say what to do if PyTerrier's check of columns misses one.

    Args:
        column: The column.
        hint: What to do.

    Raises:
        pt.validate.InputValidationError: As in the block, with that hint.
    """
    try:
        yield
    except pt.validate.InputValidationError as error:
        if not any(column in mode.missing_columns for mode in error.modes):
            raise
        raise pt.validate.InputValidationError(f"{error.args[0]} {column} is missing: {hint}.", error.modes) from None


@contextmanager
def not_encoded(column: str, encoder: str) -> Iterator[None]:
    """Say what adds a column of vectors, if PyTerrier's check of columns misses it.

    Args:
        column: The column, such as ``query_vec``.
        encoder: What adds it, such as ``encoder.query_encoder()``.

    Raises:
        pt.validate.InputValidationError: As in the block, with that hint.
    """
    with hint_if_missing(column, f"put `{encoder} >>` in front"):
        yield
