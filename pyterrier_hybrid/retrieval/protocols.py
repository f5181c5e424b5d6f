"""Protocols of encoders: the methods that the package expects, also of encoders that it did not make."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard

import numpy as np


class Encoder(Protocol):
    """An encoder of texts as vectors whose inner products are scores.

    An encoder may also have a ``fingerprint``, a string that changes with its vectors and is the key of cached results.

    Example:
        >>> class Lengths:
        ...     def encode_queries(self, texts):
        ...         return np.array([[len(text)] for text in texts], np.float32)
        ...
        ...     encode_documents = encode_queries
        >>> is_encoder(Lengths())
        True
    """

    def encode_queries(self, texts: Sequence[str], /) -> np.ndarray:
        """Encode queries: float32 ``[n, dim]``."""
        ...

    def encode_documents(self, texts: Sequence[str], /) -> np.ndarray:
        """Encode documents: float32 ``[n, dim]``."""
        ...


class LanguageAwareEncoder(Protocol):
    """An encoder that also needs the language of each text, such as a debiased encoder."""

    @property
    def wants_languages(self) -> bool:
        """True; encoders without this attribute do not take languages."""
        ...

    def encode_queries(self, texts: Sequence[str], langs: Sequence[str], /) -> np.ndarray:
        """Encode queries, each in its language: float32 ``[n, dim]``."""
        ...

    def encode_documents(self, texts: Sequence[str], langs: Sequence[str], /) -> np.ndarray:
        """Encode documents, each in its language: float32 ``[n, dim]``."""
        ...


def is_encoder(system: Any) -> TypeGuard[Encoder]:
    """Whether a system encodes queries and documents.

    Unlike ``isinstance`` with a protocol in Python 3.12, it finds methods that ``__getattr__`` delegates.

    Example:
        >>> is_encoder("bm25")
        False
    """
    return hasattr(system, "encode_queries") and hasattr(system, "encode_documents")


def is_corpus_function(system: Any) -> bool:
    """Whether a system is a function from a corpus to a pipeline.

    Transformers of PyTerrier and models of PyTorch can be called too, but not with a corpus.

    Example:
        >>> import pyterrier as pt
        >>> is_corpus_function(lambda corpus: pt.Transformer.identity()), is_corpus_function(pt.Transformer.identity())
        (True, False)
    """
    return callable(system) and not hasattr(system, "transform") and not hasattr(system, "forward")


def unknown_system(location: str, system: Any) -> TypeError:
    """Return the error about a system that is neither ``"bm25"``, an encoder nor a function of a corpus.

    Args:
        location: Where it was given, such as ``systems['mine']``.
        system: The system.
    """
    kind = type(system).__name__
    if hasattr(system, "encode") or hasattr(system, "forward"):
        return TypeError(
            f"{location}: a {kind} is a model without encode_queries and encode_documents; open it by its name, or by "
            "the folder that it is saved in: ph.DenseEncoder(...)"
        )
    return TypeError(
        f"{location}: a {kind} is not an encoder (encode_queries, encode_documents), 'bm25' or a function from a "
        "corpus to a transformer; wrap a pipeline as lambda corpus: pipeline"
    )


def wants_languages(encoder: Any) -> TypeGuard[LanguageAwareEncoder]:
    """Whether an encoder takes the languages of the texts as a second argument.

    Example:
        >>> wants_languages(object())
        False
    """
    return bool(getattr(encoder, "wants_languages", False))


def fingerprint_of(system: Any) -> str | None:
    """Return the fingerprint of an encoder or a retriever, or None if it has none and must not be cached.

    Example:
        >>> fingerprint_of(object()) is None
        True
    """
    return getattr(system, "fingerprint", None)
