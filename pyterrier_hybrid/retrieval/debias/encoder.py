"""An encoder with its language bias removed."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from pyterrier_hybrid.retrieval.protocols import Encoder, fingerprint_of, is_encoder, wants_languages
from pyterrier_hybrid.utils.checks import list_of_texts

if TYPE_CHECKING:
    import pyterrier as pt

    from pyterrier_hybrid.retrieval.debias.transformers import FittedMethod
    from pyterrier_hybrid.retrieval.encoder import DenseEncoder


class DebiasedEncoder:
    """An encoder whose vectors are debiased; a system for a :class:`~pyterrier_hybrid.LanguageExperiment`.

    The bias that is removed depends on the language, so every text needs one. In an experiment, queries have the
    language of the setting, and documents their own.

    Args:
        encoder: The original encoder.
        debias: A fitted method, such as :class:`~pyterrier_hybrid.retrieval.debias.Centring`.

    Raises:
        TypeError: ``encoder`` has no ``encode_queries`` and ``encode_documents``, or is already debiased.
        RuntimeError: ``debias`` is not fitted.

    Example:
        >>> from pyterrier_hybrid import DenseEncoder
        >>> from pyterrier_hybrid.retrieval import Centring
        >>> encoder = DenseEncoder.from_scratch(["ein Haus", "a house"], dim=8, vocab_size=40)
        >>> texts = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}]
        >>> debiased = DebiasedEncoder(encoder, Centring().fit(encoder, texts))
        >>> debiased.encode_documents(["a house", "Haus"], ["en", "de"]).shape
        (2, 8)
    """

    wants_languages: ClassVar[bool] = True

    def __init__(self, encoder: Encoder, debias: "FittedMethod") -> None:
        check_encoder(encoder)
        # Before anything is encoded; the methods of others may not know.
        check_fitted = getattr(debias, "check_fitted", None)
        if check_fitted is not None:
            check_fitted()
        self.encoder = encoder
        self.debias = debias

    def encode_queries(self, texts: Iterable[str], langs: Iterable[str] | str) -> np.ndarray:
        """Encode and debias queries.

        Args:
            texts: The queries.
            langs: The language of each query, or one for all.

        Returns:
            float32 ``[n, dim]``.
        """
        texts, langs = _texts_and_langs("queries", texts, langs)
        return self.debias.queries(self.encoder.encode_queries(texts), langs)

    def encode_documents(self, texts: Iterable[str], langs: Iterable[str] | str) -> np.ndarray:
        """Encode and debias documents.

        Args:
            texts: The documents.
            langs: The language of each document, or one for all.

        Returns:
            float32 ``[n, dim]``.
        """
        texts, langs = _texts_and_langs("documents", texts, langs)
        return self.debias.documents(self.encoder.encode_documents(texts), langs)

    def query_encoder(self, lang: str | None = None, *, lang_field: str = "lang") -> "pt.Transformer":
        """Return a transformer that adds ``query_vec`` to frames with ``query``; needs a ``DenseEncoder``.

        Args:
            lang: Language of all queries. Default: read ``lang_field``.
            lang_field: Column with the language of each query.
        """
        from pyterrier_hybrid.retrieval.debias.transformers import Debiaser

        return self._dense.query_encoder() >> Debiaser(self.debias, "queries", lang=lang, lang_field=lang_field)

    def doc_encoder(
        self, lang: str | None = None, *, text_field: str = "text", lang_field: str = "lang"
    ) -> "pt.Transformer":
        """Return a transformer that adds ``doc_vec`` to frames with a text column; needs a ``DenseEncoder``.

        Args:
            lang: Language of all documents. Default: read ``lang_field``.
            text_field: Column with the texts.
            lang_field: Column with the language of each document.
        """
        from pyterrier_hybrid.retrieval.debias.transformers import Debiaser

        debiaser = Debiaser(self.debias, "documents", lang=lang, lang_field=lang_field)
        return self._dense.doc_encoder(text_field=text_field) >> debiaser

    @property
    def _dense(self) -> "DenseEncoder":
        # Any encoder that makes transformers will do, but the protocol does not require this.
        return cast("DenseEncoder", self.encoder)

    @property
    def fingerprint(self) -> str | None:
        """A hash of everything that the vectors depend on; ``None`` if the original encoder has no fingerprint."""
        original = fingerprint_of(self.encoder)
        if original is None:
            return None
        return hashlib.sha256(f"{original} {self.debias.fingerprint}".encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        return f"DebiasedEncoder({self.encoder!r}, {self.debias!r})"


def _texts_and_langs(role: str, texts: Iterable[str], langs: Iterable[str] | str) -> tuple[list[str], Sequence[str]]:
    """Return texts and a language for each, checked before the texts are encoded."""
    texts = list_of_texts(role, texts)
    if isinstance(langs, str):
        return texts, langs
    langs = list(langs)
    if len(langs) != len(texts):
        raise ValueError(f"{len(texts)} {role}, but {len(langs)} languages: pass one for each text, or one for all")
    return texts, langs


def check_encoder(encoder: object) -> None:
    """Check that an object encodes texts without their languages.

    Raises:
        TypeError: It is not an encoder, or is already debiased.
    """
    if not is_encoder(encoder):
        raise TypeError(f"a {type(encoder).__name__} is no encoder: it needs encode_queries and encode_documents")
    if wants_languages(encoder):
        raise TypeError(f"{encoder!r} is debiased already: pass the encoder inside it (its attribute encoder)")
