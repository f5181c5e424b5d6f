"""Presets: how well-known models are meant to be used, according to their papers and cards."""

import re
import warnings
from pathlib import Path
from typing import Any

XLMR = {"pooling": "mean", "query_prefix": "Query: ", "document_prefix": "Passage: ", "normalize": True}
LABSE = {"query_prefix": "", "document_prefix": ""}
MDPR = {"pooling": "cls", "query_prefix": "", "document_prefix": "", "normalize": False, "max_length": 256}
# Model cards of intfloat/multilingual-e5-small, -base and -large: every text gets one of the prefixes, in any language;
# vectors are the mean of the tokens', L2-normalised.
ME5 = {"pooling": "mean", "query_prefix": "query: ", "document_prefix": "passage: ", "normalize": True}
# arXiv 2402.03216: the dense vector is that of the first token, L2-normalised. Unlike BGE, it needs no instruction for
# queries, as the FAQ of its page says: research/BGE_M3 of github.com/FlagOpen/FlagEmbedding.
BGE_M3 = {"pooling": "cls", "query_prefix": "", "document_prefix": "", "normalize": True}

SHORT_NAMES = {
    "xlmr": "FacebookAI/xlm-roberta-base",
    "labse": "sentence-transformers/LaBSE",
    "mdpr": "castorini/mdpr-tied-pft-msmarco",
    "me5": "intfloat/multilingual-e5-small",
    "me5-base": "intfloat/multilingual-e5-base",
    "me5-large": "intfloat/multilingual-e5-large",
    "bge-m3": "BAAI/bge-m3",
}
"""Short names of models with a preset, and their names on the Hugging Face hub."""

# Without XLM-R, which is not a retriever: its preset is from a paper that trains it to be one.
_BY_NAME: dict[str, dict[str, Any]] = {
    SHORT_NAMES["labse"]: LABSE,
    SHORT_NAMES["mdpr"]: MDPR,
    SHORT_NAMES["bge-m3"]: BGE_M3,
    **{SHORT_NAMES[size]: ME5 for size in ("me5", "me5-base", "me5-large")},
}

# Families whose models were trained with prefixes: E5 (arXiv 2212.03533 and 2402.05672; not those that take
# instructions), Nomic Embed (arXiv 2402.01613).
_TRAINED_WITH = (
    (re.compile(r"(^|[-_/])e5-(small|base|large)(?!.*instruct)", re.IGNORECASE), ("query: ", "passage: ")),
    (re.compile(r"(^|[-_/])nomic-embed-text", re.IGNORECASE), ("search_query: ", "search_document: ")),
)
_warned: set[str] = set()


def preset_of(model: str | Path) -> dict[str, Any]:
    """Return the preset of a short name or a model on the Hugging Face hub, or an empty dictionary.

    Example:
        >>> preset_of("intfloat/multilingual-e5-base")["query_prefix"], preset_of("my/model")
        ('query: ', {})
        >>> preset_of("xlmr")["query_prefix"], preset_of("FacebookAI/xlm-roberta-base")
        ('Query: ', {})
    """
    if is_short_name(model):
        return XLMR if model == "xlmr" else _BY_NAME[SHORT_NAMES[str(model)]]
    return _BY_NAME.get(str(model), {})


def is_short_name(model: str | Path) -> bool:
    """Return whether a name is a short name and not a folder.

    Example:
        >>> is_short_name("labse"), is_short_name("sentence-transformers/LaBSE")
        (True, False)
    """
    return isinstance(model, str) and model in SHORT_NAMES and not Path(model).is_dir()


def warn_without_prefixes(model: str | Path, *prefixes: str | None) -> None:
    """Warn once of a model that is used without the prefixes that it was trained with.

    Args:
        model: Its name or folder.
        *prefixes: The prefix of queries and that of documents; ``None``: neither the user nor the model's files say
            anything, so there is none.

    Warns:
        UserWarning: The name is one of a family that was trained with prefixes, and there are none.
    """
    name = str(model).rstrip("/")
    if any(prefix is not None for prefix in prefixes) or name in _warned:
        return
    # In the cache of the hub, models--USER--NAME/snapshots/COMMIT.
    folder = Path(name).parents[1].name.rpartition("--")[2] if "/snapshots/" in name else Path(name).name
    for pattern, (query, document) in _TRAINED_WITH:
        if pattern.search(folder):
            _warned.add(name)
            warnings.warn(
                f"{name} looks like a model that was trained with prefixes and is used without: pass "
                f"query_prefix={query!r} and document_prefix={document!r}, or empty ones to go without",
                stacklevel=3,
            )
