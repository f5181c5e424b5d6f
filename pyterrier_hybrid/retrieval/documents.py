"""Documents as dicts, as indexers and fits take them, checked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from pyterrier_hybrid.utils.checks import check_text
from pyterrier_hybrid.utils.formatting import short_repr


def documents_of(name: str, documents: Any, *, fields: str) -> Iterable[Mapping[Any, Any]]:
    """Return documents as an iterable of dicts; what it holds is not checked yet.

    Args:
        name: Name of the argument, for the error message.
        documents: Dicts or a frame.
        fields: The fields that documents need, for the error message.

    Raises:
        TypeError: It is something else: a single document, text or number.

    Example:
        >>> documents_of("documents", {"docno": "1", "text": "a river"}, fields="docno and text")
        Traceback (most recent call last):
        ...
        TypeError: documents is a dict: pass a list of dicts with docno and text, or a frame
    """
    if isinstance(documents, pd.DataFrame):
        return documents.to_dict("records")
    # Iterating over a single document or text would give its keys or letters.
    if isinstance(documents, (Mapping, str, bytes)) or not isinstance(documents, Iterable):
        raise TypeError(f"{name} is a {type(documents).__name__}: pass a list of dicts with {fields}, or a frame")
    return documents


def check_fields(name: str, document: Any, fields: Sequence[str], *, hint: str = "") -> None:
    """Check that a document is a dict with some fields.

    Args:
        name: What the document is, for the error message, such as ``document 3``.
        document: The document.
        fields: Names of the fields.
        hint: What to do if one is missing.

    Raises:
        TypeError: It is not a dict.
        ValueError: It lacks a field.

    Example:
        >>> check_fields("document 3", "a river", ["docno", "text"])
        Traceback (most recent call last):
        ...
        TypeError: document 3 is a str: pass dicts with docno and text
        >>> check_fields("document 3", {"docno": "1"}, ["docno", "text"])
        Traceback (most recent call last):
        ...
        ValueError: document 3 has no text, only docno
    """
    if not isinstance(document, Mapping):
        raise TypeError(f"{name} is a {type(document).__name__}: pass dicts with {' and '.join(fields)}")
    missing = [field for field in fields if field not in document]
    if missing:
        only = ", ".join(map(str, document)) or "an empty dict"
        raise ValueError(f"{name} has no {' and no '.join(missing)}, only {only}{hint}")


def checked_text(document: Mapping[Any, Any], number: int) -> str:
    """Return the text of a document that is indexed with its text.

    Args:
        document: The document.
        number: Its number, for errors.

    Raises:
        ValueError: It has no text, or one that is not valid Unicode.
        TypeError: Its text is not a string.
    """
    check_fields(f"document {number}", document, ["text"], hint="; or pass store_text=False")
    text = document["text"]
    if not isinstance(text, str):
        raise TypeError(f"document {number}: text {short_repr(text)} is a {type(text).__name__}, it must be a str")
    check_text(f"text of document {number}", text)
    return text
