"""An encoder whose vectors are debiased."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    import pyterrier as pt

    from pyterrier_hybrid.retrieval.debias.base import Debias


class DebiasedEncoder:
    """An encoder and what removes the language bias of its vectors: a system of the language grid.

    The language of every text must be said, since that is what is removed. In a
    :class:`~pyterrier_hybrid.LanguageExperiment` it is the one of the setting's queries and of each document.

    Args:
        encoder: the encoder as it is.
        debias: a fitted method, such as :class:`~pyterrier_hybrid.retrieval.debias.Centring`.

    Raises:
        TypeError: ``encoder`` has no ``encode_queries`` and ``encode_documents``, or is debiased already.

    >>> from pyterrier_hybrid import DenseEncoder
    >>> from pyterrier_hybrid.retrieval import Centring
    >>> encoder = DenseEncoder.from_scratch(["ein Haus", "a house"], dim=8, vocab_size=40)
    >>> texts = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}]
    >>> debiased = DebiasedEncoder(encoder, Centring().fit(encoder, texts))
    >>> debiased.encode_documents(["a house", "Haus"], ["en", "de"]).shape
    (2, 8)
    """

    wants_languages: ClassVar[bool] = True

    def __init__(self, encoder: Any, debias: "Debias") -> None:
        """Keep both; nothing is computed yet."""
        check_encoder(encoder)
        self.encoder = encoder
        self.debias = debias

    def encode_queries(self, texts: Sequence[str], langs: Sequence[str] | str) -> np.ndarray:
        """Debiased vectors of queries, float32 ``[n, dim]``; ``langs``: the language of each, or one for all."""
        return self.debias.queries(self.encoder.encode_queries(texts), langs)

    def encode_documents(self, texts: Sequence[str], langs: Sequence[str] | str) -> np.ndarray:
        """Debiased vectors of documents, float32 ``[n, dim]``; ``langs``: the language of each, or one for all."""
        return self.debias.documents(self.encoder.encode_documents(texts), langs)

    def query_encoder(self, lang: str | None = None, *, lang_field: str = "lang") -> "pt.Transformer":
        """A transformer that adds ``query_vec`` to frames with ``query`` and ``lang``.

        Args:
            lang: the language of all queries; then no column is read.
            lang_field: the column of their language.
        """
        return self.encoder.query_encoder() >> self.debias.query_debiaser(lang, lang_field=lang_field)

    def doc_encoder(
        self, lang: str | None = None, *, text_field: str = "text", lang_field: str = "lang"
    ) -> "pt.Transformer":
        """A transformer that adds ``doc_vec`` to frames with ``text`` and ``lang``.

        Args:
            lang: the language of all documents; then no column is read.
            text_field: the column of the texts.
            lang_field: the column of their language.
        """
        debiaser = self.debias.doc_debiaser(lang, lang_field=lang_field)
        return self.encoder.doc_encoder(text_field=text_field) >> debiaser

    @property
    def fingerprint(self) -> str:
        """A hash of all that vectors depend on: the encoder's own, and that of what is removed."""
        return hashlib.sha256(f"{self.encoder.fingerprint} {self.debias.fingerprint}".encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        return f"DebiasedEncoder({self.encoder!r}, {self.debias!r})"


def check_encoder(encoder: object) -> None:
    """Check that an object makes vectors of texts alone.

    Raises:
        TypeError: it is no encoder, or is debiased already.
    """
    if not (hasattr(encoder, "encode_queries") and hasattr(encoder, "encode_documents")):
        raise TypeError(f"a {type(encoder).__name__} is no encoder: it needs encode_queries and encode_documents")
    if getattr(encoder, "wants_languages", False):
        raise TypeError(f"{encoder!r} is debiased already: pass the encoder inside it, its attribute encoder")
