"""Texts that a leak check compares: those of evaluation sets and of training pairs."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.datasets import Family, families, register
from pyterrier_hybrid.datasets.base import MULTI
from pyterrier_hybrid.datasets.download import download_errors
from pyterrier_hybrid.datasets.ids import find_id
from pyterrier_hybrid.datasets.own import OwnFamily
from pyterrier_hybrid.datasets.records import text_of
from pyterrier_hybrid.parallel.store.texts import role_and_language
from pyterrier_hybrid.utils.suggestions import did_you_mean


class Source(NamedTuple):
    """Source of an evaluation text.

    Attributes:
        evaluation: Name of the evaluation set.
        evaluation_id: ID of the document or query.
        evaluation_role: ``document`` or ``query``.
    """

    evaluation: str
    evaluation_id: str
    evaluation_role: str


class TrainingTexts(NamedTuple):
    """Training texts of one role in one language.

    Attributes:
        role: ``query``, ``passage``, ``text`` (of a translation) or ``negative``.
        language: The language code.
        rows: Row of each text in its batch, int64 [n].
        texts: The texts.
    """

    role: str
    language: str
    rows: np.ndarray
    texts: list[str]


def evaluation_sets(names: str | Iterable[str]) -> dict[str, list[Any]]:
    """Look up evaluation sets; nothing is downloaded.

    Args:
        names: Families of this package, meaning all their languages, or ir_datasets IDs.

    Returns:
        For each name, the datasets that together have all its documents and queries; some may occur repeatedly.

    Raises:
        ValueError: A set does not exist, or has neither documents nor queries.

    Example:
        >>> [len(parts) for parts in evaluation_sets(["xquad-r", "mlqa-r/de/ar"]).values()]
        [11, 1]
    """
    import ir_datasets

    register()
    known = {family.name: family for family in families()}
    sets = {}
    for named in [names] if isinstance(names, str) else names:
        name = find_id(named) or named
        try:
            sets[name] = [ir_datasets.load(part) for part in (_ids(known[name]) if name in known else [name])]
        except KeyError as error:
            # A family's own error lists its IDs.
            problem = str(error.args[0]) if name.split("/")[0] in known else f"ir_datasets has no dataset {name!r}"
            hint = did_you_mean(name, known)
            raise ValueError(f"{problem}; a whole family is one of {', '.join(known)}{hint}") from None
        if not any(part.has(what) for part in sets[name] for what in ("docs", "queries")):
            raise ValueError(f"{name} has neither documents nor queries: choose a part of it that has")
    if not sets:
        raise ValueError("no evaluation set is named: give one, such as xquad-r")
    return sets


def evaluation_texts(names: str | Iterable[str | OwnFamily]) -> tuple[list[Source], list[str]]:
    """Return the distinct documents and queries of evaluation sets, and their sources.

    Args:
        names: As for :func:`evaluation_sets`, or collections of one's own.
    """
    chosen = [names] if isinstance(names, str) else list(names)
    texts: dict[tuple[Source, str], None] = {}
    for own in chosen:
        if isinstance(own, OwnFamily):
            for document in own.documents():
                texts[Source(own.name, document.doc_id, "document"), document.text] = None
            for asked in own.asked:
                texts[Source(own.name, f"{asked.qid}_{asked.lang}", "query"), asked.text] = None
    listed = [name for name in chosen if isinstance(name, str)]
    for name, parts in (evaluation_sets(listed) if listed or not chosen else {}).items():
        with download_errors(name):
            for part in parts:
                if part.has("docs"):
                    for document in part.docs_iter():
                        texts[Source(name, document.doc_id, "document"), text_of(document)] = None
                if part.has("queries"):
                    for query in part.queries_iter():
                        texts[Source(name, query.query_id, "query"), text_of(query)] = None
    return [source for source, _ in texts], [text for _, text in texts]


def training_texts(batch: pa.RecordBatch) -> Iterator[TrainingTexts]:
    """Yield the texts of a store's record batch, column by column."""
    translation = batch.column("translation").to_numpy(zero_copy_only=False)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        split = role_and_language(name)
        if split is None:
            continue
        role, language = split
        if role == "provenance":
            continue
        if role == "negatives":
            sizes = pc.list_value_length(column).fill_null(0).to_numpy()
            rows = np.repeat(np.arange(len(sizes)), sizes)
            yield TrainingTexts("negative", language, rows, column.flatten().to_pylist())
            continue
        valid = column.is_valid().to_numpy(zero_copy_only=False)
        for text_role, chosen in ((role, valid & ~translation), ("text", valid & translation)):
            rows = np.flatnonzero(chosen)
            if len(rows):
                yield TrainingTexts(text_role, language, rows, column.take(rows).to_pylist())


def _ids(family: Family) -> list[str]:
    """Return the IDs that together have all documents and queries of a family.

    That is one for each language, or both directions of each pair with a pivot language.
    """
    return [
        family.id(document_language, query_language)
        for document_language, query_language in family.settings()
        if family.pivot is not None or document_language == query_language != MULTI
    ]
