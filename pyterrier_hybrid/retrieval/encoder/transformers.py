"""The PyTerrier transformers of a dense encoder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyterrier as pt

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.encoder.dense import DenseEncoder


def check_texts(texts: Sequence[str], what: str) -> None:
    """Check that what is to be encoded is a sequence of texts.

    Raises:
        TypeError: it is a single text, or one of them is not a string; the message names it.
    """
    if isinstance(texts, str):
        raise TypeError(f"{what} is a str: pass a list of texts")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"{what}[{index}] is {text!r}, a {type(text).__name__}: every text must be a str")


def texts_of(frame: pd.DataFrame, column: str) -> list[str]:
    """The column's texts.

    Raises:
        TypeError: a value is not a string; the message names the column and the row.
    """
    texts = frame[column].tolist()
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"column {column!r}, row {row}: {text!r} is a {type(text).__name__}, expected a str")
    return texts


def vectors_of(frame: pd.DataFrame, column: str, *, name: str) -> np.ndarray:
    """The column's vectors, float32 ``[n, dim]``; the frame is not empty.

    Args:
        frame: rows.
        column: of the vectors.
        name: the column that names a row in errors.

    Raises:
        ValueError: vectors are not all of one length, or one has a value that is not finite.
    """
    vectors = [np.asarray(vector, np.float32) for vector in frame[column]]
    for row, vector in enumerate(vectors):
        if vector.ndim != 1 or vector.shape != vectors[0].shape:
            first, own = frame[name].iloc[0], frame[name].iloc[row]
            raise ValueError(f"{column} of {own!r} has the shape {vector.shape}, that of {first!r} {vectors[0].shape}")
    stacked = np.stack(vectors)
    finite = np.isfinite(stacked).all(axis=1)
    if not finite.all():
        raise ValueError(f"{column} of {frame[name].iloc[int(finite.argmin())]!r} has a value that is not finite")
    return stacked


class _EncoderTransformer(pt.Transformer):
    """Equal to another only if both use the very same encoder object, since equal settings say nothing of weights."""

    def __init__(self, encoder: "DenseEncoder", **options: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self._options = options

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.encoder is other.encoder and self._options == other._options

    def __hash__(self) -> int:
        return hash((type(self), id(self.encoder), tuple(sorted(self._options.items()))))

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"{self.encoder!r}.{self._factory}({options})"

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """None: the encoder is not a transformer."""
        return {}


class QueryEncoder(_EncoderTransformer):
    """Adds ``query_vec`` (float32 ``[dim]``) to frames with ``query``."""

    schematic = {"label": "Query encoder", "help_url": None}
    _factory = "query_encoder"

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Encode the queries of a frame, each text once."""
        pt.validate.columns(inp, includes=["query"], context=self)
        return inp.assign(query_vec=_vectors(self.encoder.encode_queries(texts_of(inp, "query")), inp))


class DocEncoder(_EncoderTransformer):
    """Adds ``doc_vec`` (float32 ``[dim]``) to frames with a text column."""

    schematic = {"label": "Document encoder", "help_url": None}
    _factory = "doc_encoder"

    def __init__(self, encoder: "DenseEncoder", *, text_field: str | Sequence[str] = "text") -> None:
        text_field = text_field if isinstance(text_field, str) else tuple(text_field)
        super().__init__(encoder, text_field=text_field)
        self.text_field = text_field

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Encode the documents of a frame, each text once."""
        fields = (self.text_field,) if isinstance(self.text_field, str) else self.text_field
        pt.validate.columns(inp, includes=list(fields), context=self)
        parts = zip(*(texts_of(inp, field) for field in fields), strict=True)
        vectors = self.encoder.encode_documents([" ".join(filter(None, texts)) for texts in parts])
        return inp.assign(doc_vec=_vectors(vectors, inp))

    def fuse_rank_cutoff(self, k: int) -> pt.Transformer:
        """Encode only the documents that a following cutoff keeps."""
        return pt.RankCutoff(k) >> self


class TextScorer(_EncoderTransformer):
    """Scores documents by the inner product with their query; takes ``query_vec`` and ``doc_vec`` where given."""

    schematic = {"label": "Dense scorer", "help_url": None}
    _factory = "text_scorer"

    def __init__(self, encoder: "DenseEncoder", *, text_field: str = "text") -> None:
        super().__init__(encoder, text_field=text_field)
        self.text_field = text_field

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add ``score`` and ``rank``."""
        query = "query_vec" if "query_vec" in inp.columns else "query"
        document = "doc_vec" if "doc_vec" in inp.columns else self.text_field
        pt.validate.result_frame(inp, extra_columns=[query, document], context=self)
        if not len(inp):
            return inp.assign(score=pd.Series(dtype=float), rank=pd.Series(dtype=int))
        queries = np.stack(inp[query]) if query == "query_vec" else self.encoder.encode_queries(texts_of(inp, query))
        if document == "doc_vec":
            documents = np.stack(inp[document])
        else:
            documents = self.encoder.encode_documents(texts_of(inp, document))
        return pt.model.add_ranks(inp.assign(score=np.einsum("nd,nd->n", queries, documents).astype(float)))


def _vectors(vectors: np.ndarray, frame: pd.DataFrame) -> pd.Series:
    return pd.Series(list(vectors), index=frame.index, dtype=object)
