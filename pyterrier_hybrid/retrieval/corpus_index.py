"""Temporary indexes of a corpus, and an encoder that caches its vectors."""

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.documents import check_fields
from pyterrier_hybrid.retrieval.frames import texts_of
from pyterrier_hybrid.retrieval.protocols import Encoder, LanguageAwareEncoder, wants_languages
from pyterrier_hybrid.utils.files import scratch_folder

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.bm25 import BM25Index
    from pyterrier_hybrid.retrieval.index import FaissIndex

_Index = TypeVar("_Index", bound=pt.Artifact)


class Corpus(Protocol):
    """Anything with documents, such as a PyTerrier dataset."""

    def get_corpus_iter(self) -> Iterable[dict[str, Any]]:
        """Iterate over dictionaries with ``docno``, ``text`` and possibly ``lang``."""
        ...


class CachedEncoder:
    """An encoder that encodes each text once, or once per language if it wants languages.

    Args:
        encoder: The encoder.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> encoder = CachedEncoder(ph.DenseEncoder.from_scratch(["a river"], dim=8, vocab_size=40))
        >>> encoder.vectors("queries", ["a river", "a river"], ["en", "en"]).shape
        (2, 8)
    """

    def __init__(self, encoder: Encoder | LanguageAwareEncoder) -> None:
        self.encoder = encoder
        self._vectors: dict[str, dict[Any, np.ndarray]] = {"queries": {}, "documents": {}}
        self._lock = threading.Lock()

    def vectors(self, role: str, texts: Sequence[str], langs: Sequence[Any]) -> np.ndarray:
        """Return the vectors of texts, float32 ``[n, dim]``.

        Args:
            role: ``queries`` or ``documents``.
            texts: At least one text.
            langs: The language of each text; ignored unless the encoder wants languages.
        """
        known = self._vectors[role]
        keys = list(zip(texts, langs, strict=True)) if wants_languages(self.encoder) else list(texts)
        with self._lock:
            new = list(dict.fromkeys(key for key in keys if key not in known))
            if new:
                columns = (
                    [list(column) for column in zip(*new, strict=True)] if wants_languages(self.encoder) else [new]
                )
                encode: Callable[..., np.ndarray] = getattr(self.encoder, f"encode_{role}")
                known.update(zip(new, np.asarray(encode(*columns), np.float32), strict=True))
        return np.stack([known[key] for key in keys])

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the lock, which another process cannot share."""
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def query_encoder(self) -> pt.Transformer:
        """Return a transformer that adds ``query_vec`` to frames with ``query``, and ``lang`` if needed."""
        return _CachedQueryEncoder(self)


class _CachedQueryEncoder(pt.Transformer):
    schematic = {"label": "Query encoder", "help_url": None}

    def __init__(self, encoder: CachedEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def _columns(self) -> list[str]:
        return ["query", "lang"] if wants_languages(self.encoder.encoder) else ["query"]

    def transform_inputs(self) -> list[list[str]]:
        """Return the columns of the queries, for inspection: first those that a search after it needs."""
        return [["qid", *self._columns()], self._columns()]

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add ``query_vec``."""
        pt.validate.columns(inp, includes=self._columns(), context=self)
        if not len(inp):
            return inp.assign(query_vec=pd.Series(dtype=object))
        langs = inp["lang"].tolist() if "lang" in inp else [None] * len(inp)
        vectors = self.encoder.vectors("queries", texts_of(inp, "query"), langs)
        return inp.assign(query_vec=pd.Series(list(vectors), index=inp.index, dtype=object))

    def __repr__(self) -> str:
        return f"{self.encoder.encoder!r}.query_encoder()"


def bm25_index(corpus: Corpus) -> "BM25Index":
    """Return a BM25 index of a corpus; its folder is deleted when the index is no longer used."""
    from pyterrier_hybrid.retrieval.bm25 import BM25Index

    return _temporary_index(BM25Index).indexer().index(corpus.get_corpus_iter())


def dense_index(corpus: Corpus, encoder: CachedEncoder) -> "FaissIndex":
    """Return an exact dense index of a corpus; its folder is deleted when the index is no longer used.

    Args:
        corpus: The corpus.
        encoder: Encodes the documents.

    Raises:
        ValueError: The corpus has no documents, or one has no text.
    """
    from pyterrier_hybrid.retrieval.index import FaissIndex
    from pyterrier_hybrid.retrieval.index.sources import array_blocks

    documents = list(corpus.get_corpus_iter())
    if not documents:
        raise ValueError("the corpus has no documents")
    for number, document in enumerate(documents):
        check_fields(f"document {number}", document, ["docno", "text"])
    langs = [document.get("lang") for document in documents]
    vectors = encoder.vectors("documents", [document["text"] for document in documents], langs)
    blocks = array_blocks("the corpus", vectors, [document["docno"] for document in documents], langs)
    return _temporary_index(FaissIndex).indexer().index_blocks(blocks)


def _temporary_index(kind: Callable[[Path], _Index]) -> _Index:
    stack = ExitStack()
    index = kind(stack.enter_context(scratch_folder("index")) / "index")
    weakref.finalize(index, stack.close)
    return index
