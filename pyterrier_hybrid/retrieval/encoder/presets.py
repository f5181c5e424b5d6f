"""Presets: how well-known models are meant to be used, according to their papers and cards."""

from pathlib import Path
from typing import Any

XLMR = {"pooling": "mean", "query_prefix": "Query: ", "document_prefix": "Passage: ", "normalize": True}
LABSE = {"query_prefix": "", "document_prefix": ""}
MDPR = {"pooling": "cls", "query_prefix": "", "document_prefix": "", "normalize": False, "max_length": 256}
ME5 = {"pooling": "mean", "query_prefix": "query: ", "document_prefix": "passage: ", "normalize": True}

# Without XLM-R, which is not a retriever: its preset is from a paper that trains it to be one.
_BY_NAME: dict[str, dict[str, Any]] = {
    "castorini/mdpr-tied-pft-msmarco": MDPR,
    "sentence-transformers/LaBSE": LABSE,
    **{f"intfloat/multilingual-e5-{size}": ME5 for size in ("small", "base", "large")},
}


def preset_of(model: str | Path) -> dict[str, Any]:
    """Return the preset of a model on the Hugging Face hub, or an empty dictionary.

    Example:
        >>> preset_of("intfloat/multilingual-e5-base")["query_prefix"], preset_of("my/model")
        ('query: ', {})
    """
    return _BY_NAME.get(str(model), {})
