"""The texts that negatives are mined from."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from more_itertools import chunked

from pyterrier_hybrid.datasets.ids import find_id
from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.parallel.negatives import distinct_passages
from pyterrier_hybrid.text.languages import canonical_language, same_language
from pyterrier_hybrid.text.normalisation import is_blank
from pyterrier_hybrid.utils.checks import check_text

Collection = dict[str, pa.Array]
"""Distinct texts by language."""

_BATCH = 65_536


def collection_of(pairs: ParallelPairs, corpus: Any) -> Collection:
    """Return the texts that negatives are mined from.

    Args:
        pairs: The pairs.
        corpus: ``None``: their passages. Or an ir_datasets ID, a frame or an iterable of dicts with ``text`` and
            ``lang``, or texts. Where documents have no language, it is that of the passages, if they have only one.

    Raises:
        TypeError: The corpus, or a text, is of a wrong type.
        ValueError: There is no text, or the language of a text is not known.

    Example:
        >>> from pyterrier_hybrid.parallel import Item
        >>> pairs = ParallelPairs([Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."})])
        >>> {code: texts.to_pylist() for code, texts in collection_of(pairs, ["You.", "Me.", "You."]).items()}
        {'en': ['You.', 'Me.']}
    """
    if corpus is None:
        collection = {code: distinct_passages(pairs, code) for code in pairs.languages}
        return {code: texts for code, texts in collection.items() if len(texts)}
    parts: dict[str, list[pa.Array]] = {}
    default = _only_language(pairs)
    for batch in chunked(_documents(corpus), _BATCH):
        by_language: dict[str, list[str]] = {}
        for number, text, lang in batch:
            location = f"corpus[{number}]"
            check_text(location, text)
            if not isinstance(lang, str):
                if default is None:
                    raise ValueError(
                        f"{location} has no language, and the passages are in several: pass a frame or dicts with "
                        "text and lang"
                    )
                lang = default
            if not is_blank(text):
                by_language.setdefault(same_language(canonical_language(lang), pairs.languages), []).append(text)
        for code, texts in by_language.items():
            parts.setdefault(code, []).append(pc.unique(pa.array(texts, pa.large_string())))
    if not parts:
        raise ValueError("corpus has no text: pass texts, a frame with text and lang, or an ir_datasets ID")
    return {code: pc.unique(pa.chunked_array(arrays)) for code, arrays in sorted(parts.items())}


def _only_language(pairs: ParallelPairs) -> str | None:
    codes = [code for column, code in enumerate(pairs.languages) if pairs.has_passage[:, column].any()]
    return codes[0] if len(codes) == 1 else None


def _documents(corpus: Any) -> Iterator[tuple[int, Any, Any]]:
    """Yield the number, text and language of each document."""
    dataset_id = find_id(corpus)
    if dataset_id is not None:
        yield from _irds_documents(dataset_id)
    elif isinstance(corpus, pd.DataFrame):
        if "text" not in corpus:
            raise ValueError(f"corpus has the columns {', '.join(map(str, corpus))}, but no column text")
        langs = corpus["lang"] if "lang" in corpus else [None] * len(corpus)
        yield from zip(range(len(corpus)), corpus["text"], langs, strict=True)
    elif isinstance(corpus, Iterable) and not isinstance(corpus, Mapping | bytes):
        for number, document in enumerate(corpus):
            if isinstance(document, Mapping):
                if "text" not in document:
                    raise ValueError(f"corpus[{number}] has no text, only {', '.join(map(str, document))}")
                yield number, document["text"], document.get("lang")
            else:
                yield number, document, None
    else:
        raise TypeError(f"corpus is a {type(corpus).__name__}: pass texts, a frame, dicts, or an ir_datasets ID")


def _irds_documents(name: str) -> Iterator[tuple[int, Any, Any]]:
    import ir_datasets

    from pyterrier_hybrid.datasets.records import text_of

    try:
        dataset = ir_datasets.load(name)
    except KeyError:
        raise ValueError(
            f"corpus={name!r} is no ir_datasets ID: for one text, pass a list; for a file, its texts"
        ) from None
    if not dataset.has_docs():
        raise ValueError(f"corpus={name!r} has no documents: name an ID that has some")
    lang = dataset.docs_lang()
    for number, document in enumerate(dataset.docs_iter()):
        yield number, text_of(document), getattr(document, "lang", None) or lang
