"""PyTerrier transformers of an encoder."""

from collections.abc import Iterable
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.frames import hint_if_missing, texts_of
from pyterrier_hybrid.retrieval.protocols import Encoder
from pyterrier_hybrid.utils.checks import list_of_names
from pyterrier_hybrid.utils.parameters import CheckedTransformer


class _EncoderTransformer(CheckedTransformer):
    """Base class: equal only if the encoder object is the same one, because equal settings don't mean equal weights."""

    # The encoder's method that makes this transformer.
    factory: ClassVar[str]

    def __init__(self, encoder: Encoder, **options: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self._options = options

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _EncoderTransformer)
            and type(self) is type(other)
            and self.encoder is other.encoder
            and self._options == other._options
        )

    def __hash__(self) -> int:
        return hash((type(self), id(self.encoder), tuple(sorted(self._options.items()))))

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"{self.encoder!r}.{self.factory}({options})"

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return an empty dictionary, because the encoder is not a transformer."""
        return {}


class QueryEncoder(_EncoderTransformer):
    """Adds ``query_vec`` (float32 ``[dim]``) to frames with ``query``."""

    schematic = {"label": "Query encoder", "help_url": None}
    factory = "query_encoder"
    # For inspection: it needs the query alone, but what follows in a pipeline needs more, which it passes on.
    transform_inputs: ClassVar[list[list[str]]] = [["qid", "query"], ["qid", "query", "lang"], ["query"]]

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Encode the queries of a frame."""
        pt.validate.columns(inp, includes=["query"], context=self)
        return inp.assign(query_vec=_column(self.encoder.encode_queries(texts_of(inp, "query")), inp))


class DocEncoder(_EncoderTransformer):
    """Adds ``doc_vec`` (float32 ``[dim]``) to frames with one or more text columns, which are joined by spaces."""

    schematic = {"label": "Document encoder", "help_url": None}
    factory = "doc_encoder"

    def __init__(self, encoder: Encoder, *, text_field: str | Iterable[str] = "text") -> None:
        text_field = text_field if isinstance(text_field, str) else tuple(list_of_names("text_field", text_field))
        if not text_field:
            raise ValueError(f"text_field={text_field!r}: name at least one column of texts")
        super().__init__(encoder, text_field=text_field)
        self.text_field = text_field

    def _fields(self) -> list[str]:
        return [self.text_field] if isinstance(self.text_field, str) else list(self.text_field)

    def transform_inputs(self) -> list[list[str]]:
        """Return the columns of the documents, for inspection: first those that an index after it needs."""
        fields = self._fields()
        return [["docno", *fields], ["docno", *fields, "lang"], fields]

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Encode the documents of a frame."""
        fields = self._fields()
        hint = "index dicts or a frame with docno and text, or name other columns in text_field="
        with hint_if_missing(fields[0], hint):
            pt.validate.columns(inp, includes=fields, context=self)
        rows = zip(*(texts_of(inp, field) for field in fields), strict=True)
        vectors = self.encoder.encode_documents([" ".join(filter(None, texts)) for texts in rows])
        return inp.assign(doc_vec=_column(vectors, inp))

    def fuse_rank_cutoff(self, k: int) -> pt.Transformer:
        """Apply a rank cutoff that follows before encoding instead."""
        return pt.RankCutoff(k) >> self


class TextScorer(_EncoderTransformer):
    """Scores documents by the inner product with their query; uses ``query_vec`` and ``doc_vec`` if present."""

    schematic = {"label": "Dense scorer", "help_url": None}
    factory = "text_scorer"

    def __init__(self, encoder: Encoder, *, text_field: str = "text") -> None:
        if not isinstance(text_field, str) or not text_field:
            raise ValueError(f"text_field={text_field!r}: name the column of the texts, such as 'text'")
        super().__init__(encoder, text_field=text_field)
        self.text_field = text_field

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add ``score`` and ``rank``."""
        query = "query_vec" if "query_vec" in inp.columns else "query"
        document = "doc_vec" if "doc_vec" in inp.columns else self.text_field
        hint = "put `index.text_loader() >>` in front, of an index that stores texts"
        with hint_if_missing(self.text_field, hint), pt.validate.any(inp, context=self) as frame:
            for columns in product(("query", "query_vec"), (self.text_field, "doc_vec")):
                frame.result_frame(extra_columns=list(columns))
        if not len(inp):
            return inp.assign(score=pd.Series(dtype=float), rank=pd.Series(dtype=int))
        if query == "query_vec":
            queries = np.stack(inp[query].tolist())
        else:
            queries = self.encoder.encode_queries(texts_of(inp, query))
        if document == "doc_vec":
            documents = np.stack(inp[document].tolist())
        else:
            documents = self.encoder.encode_documents(texts_of(inp, document))
        return pt.model.add_ranks(inp.assign(score=np.einsum("nd,nd->n", queries, documents).astype(float)))


def _column(vectors: np.ndarray, frame: pd.DataFrame) -> pd.Series:
    return pd.Series(list(vectors), index=frame.index, dtype=object)
