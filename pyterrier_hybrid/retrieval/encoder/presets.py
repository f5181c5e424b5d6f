"""How well-known models are meant to be used, where their files don't say it but their papers and cards do."""

from pathlib import Path
from typing import Any

XLMR = {"pooling": "mean", "query_prefix": "Query: ", "document_prefix": "Passage: ", "normalize": True}
LABSE = {"query_prefix": "", "document_prefix": ""}
MDPR = {"pooling": "cls", "query_prefix": "", "document_prefix": "", "normalize": False, "max_length": 256}
ME5 = {"pooling": "mean", "query_prefix": "query: ", "document_prefix": "passage: ", "normalize": True}

# XLM-R is no retriever: its prefixes are those of a paper that makes one of it.
_BY_NAME = {
    "castorini/mdpr-tied-pft-msmarco": MDPR,
    "sentence-transformers/LaBSE": LABSE,
    **{f"intfloat/multilingual-e5-{size}": ME5 for size in ("small", "base", "large")},
}


def options_of(model: str | Path) -> dict[str, Any]:
    """The options of a model that is named as on the Hugging Face hub; none for others.

    >>> options_of("intfloat/multilingual-e5-base")["query_prefix"], options_of("my/model")
    ('query: ', {})
    """
    return dict(_BY_NAME.get(str(model), {}))
