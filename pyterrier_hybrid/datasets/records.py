"""The text of documents and queries of ir_datasets, also of those that do not say what it is."""

import typing
from typing import Any

# Fields of strings that say something about a record and are not its text, besides IDs and addresses.
_NOT_TEXT = frozenset(
    {"language", "lang", "path", "phash", "author", "author_organization", "author_role", "source_title"}
)


def text_of(record: Any) -> str:
    r"""Return the text of a document or query.

    It is its ``default_text()``. A few classes of ir_datasets have none; of these it is their field ``text``, otherwise
    all their text fields, such as title, summary and description of a clinical trial, one below the other.

    Args:
        record: A document or query of ir_datasets.

    Raises:
        ValueError: The record has no text.

    Example:
        >>> from typing import NamedTuple
        >>> class Trial(NamedTuple):
        ...     doc_id: str
        ...     title: str
        ...     summary: str
        ...     url: str
        >>> text_of(Trial("1", "A trial", "Of a drug.", "https://example.org"))
        'A trial\nOf a drug.'
    """
    if hasattr(record, "default_text"):
        return record.default_text()
    names = text_fields(type(record))
    if not names:
        raise ValueError(f"{type(record).__name__} has no text that can be searched, only {', '.join(record._fields)}")
    return "\n".join(text for name in names if (text := getattr(record, name)))


def has_text(kind: type) -> bool:
    """Return whether the records of a class have a text.

    Args:
        kind: A class of documents or queries of ir_datasets.
    """
    return hasattr(kind, "default_text") or bool(text_fields(kind))


def text_fields(kind: type) -> list[str]:
    """Return the names of the fields that the text of a record without ``default_text()`` is made of.

    Args:
        kind: A class of documents or queries.

    Example:
        >>> from ir_datasets.datasets.clinicaltrials import ClinicalTrialsDoc
        >>> text_fields(ClinicalTrialsDoc)
        ['title', 'condition', 'summary', 'detailed_description', 'eligibility']
    """
    names = [name for name, annotation in typing.get_type_hints(kind).items() if annotation is str]
    if "text" in names:
        return ["text"]
    return [name for name in names if name not in _NOT_TEXT and not name.endswith(("_id", "url"))]
