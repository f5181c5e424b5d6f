"""Duplicates of relevant documents in an evaluation set that are not judged relevant themselves.

A system gives both the same score, so that the order of ties decides whether its result counts as right: with one
relevant document, average precision is 1 or 1/2.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.datasets.download import download_errors
from pyterrier_hybrid.datasets.records import text_of
from pyterrier_hybrid.parallel.leaks.texts import evaluation_sets
from pyterrier_hybrid.text.normalisation import is_blank, text_key
from pyterrier_hybrid.utils.formatting import short_repr

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ["dataset", "query_id", "doc_id", "duplicate_id", "text"]


def find_duplicates(name: str) -> "pd.DataFrame":
    """Find documents with the text of a relevant document that are not judged relevant to its query.

    Texts are equal if their keys are: case, whitespace, invisible characters and Unicode forms make no difference.

    Args:
        name: A family such as ``"xquad-r"``, meaning each language with the queries of that language, or a dataset ID,
            such as ``"xquad-r/multi"`` for the pool of all languages.

    Returns:
        A row for each query, relevant document and duplicate: ``dataset`` (the ID), ``query_id``, ``doc_id``,
        ``duplicate_id`` and the ``text`` of the relevant document.

    Raises:
        TypeError: ``name`` is not a string.
        ValueError: The dataset does not exist, or has no documents or judgements.

    Example:
        >>> len(find_duplicates("atlas/de/test"))
        0
    """
    import pandas as pd

    if not isinstance(name, str):
        raise TypeError(f"name={short_repr(name)} is not a string: pass one family or dataset ID")
    rows: list[tuple[str, str, str, str, str]] = []
    (datasets,) = evaluation_sets(name).values()
    for dataset in datasets:
        dataset_id = dataset.dataset_id()
        if not dataset.has("docs") or not dataset.has("qrels"):
            raise ValueError(f"{dataset_id} has no documents with judgements: choose a part of it that has")
        with download_errors(dataset_id):
            rows += _duplicates(dataset, dataset_id)
    return pd.DataFrame(rows, columns=_COLUMNS)


def _duplicates(dataset: Any, name: str) -> Iterator[tuple[str, str, str, str, str]]:
    relevant: dict[str, dict[str, None]] = defaultdict(dict)
    for qrel in dataset.qrels_iter():
        if qrel.relevance > 0:
            relevant[qrel.query_id][qrel.doc_id] = None
    answers = {doc_id for doc_ids in relevant.values() for doc_id in doc_ids}
    texts: dict[str, str] = {}
    same: dict[str, list[str]] = defaultdict(list)
    for document in dataset.docs_iter():
        text = text_of(document)
        if not is_blank(text):
            same[text_key(text)].append(document.doc_id)
            if document.doc_id in answers:
                texts[document.doc_id] = text
    for query_id, doc_ids in relevant.items():
        for doc_id in doc_ids:
            for other in same[text_key(texts[doc_id])] if doc_id in texts else ():
                if other not in doc_ids:
                    yield name, query_id, doc_id, other, texts[doc_id]
