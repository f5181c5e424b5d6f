"""The vectors of texts: each text is encoded once for all systems that share an encoder, and cached in a folder."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import numpy as np
from more_itertools import chunked

from pyterrier_hybrid.experiment.errors import OutputError, located
from pyterrier_hybrid.retrieval.protocols import fingerprint_of, wants_languages
from pyterrier_hybrid.retrieval.vector_cache import CHUNK, Role, Shards, folder_name, text_hash
from pyterrier_hybrid.retrieval.vectors import find_unusable


class _Debias(Protocol):
    """A method that changes vectors by the languages of their texts."""

    def queries(self, vectors: np.ndarray, langs: list[str], /) -> np.ndarray: ...

    def documents(self, vectors: np.ndarray, langs: list[str], /) -> np.ndarray: ...


class _Debiased(Protocol):
    """An encoder that changes the vectors of another one, as :class:`pyterrier_hybrid.retrieval.DebiasedEncoder`."""

    @property
    def encoder(self) -> Any: ...

    @property
    def debias(self) -> _Debias: ...


def _is_debiased(encoder: Any) -> TypeGuard[_Debiased]:
    return wants_languages(encoder) and hasattr(encoder, "encoder") and hasattr(encoder, "debias")


def innermost_encoder(encoder: Any) -> Any:
    """Return the encoder that computes vectors, inside those that only change them."""
    return innermost_encoder(encoder.encoder) if _is_debiased(encoder) else encoder


def number_distinct(items: Iterable[Hashable]) -> dict[Any, int]:
    """Number distinct items in the order in which they first occur.

    Example:
        >>> number_distinct("abca")
        {'a': 0, 'b': 1, 'c': 2}
    """
    return {item: number for number, item in enumerate(dict.fromkeys(items))}


class Vectors:
    """Vectors of texts, kept in memory for the systems of one experiment and in a folder for all experiments.

    Args:
        folder: The folder for the vectors of encoders with a fingerprint; ``None``: vectors are kept in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: dict[tuple[int, Role], tuple[dict[Hashable, int], np.ndarray]] = {}

    def of(self, encoder: Any, role: Role, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts.

        Args:
            encoder: The encoder.
            role: ``queries`` or ``documents``.
            texts: The texts; equal ones are encoded once.
            langs: Their languages.

        Returns:
            float32 ``[texts, dim]``.

        Raises:
            OutputError: The encoder does not return one finite vector for each text.
        """
        if _is_debiased(encoder):
            with located(".encoder"):
                inner = self.of(encoder.encoder, role, texts, langs)
            with located(f".debias.{role}"):
                return _checked(getattr(encoder.debias, role)(inner, list(langs)), texts)
        items: Sequence[Hashable] = list(zip(texts, langs, strict=True)) if wants_languages(encoder) else texts
        rows = number_distinct(items)
        known = self._memory.get((id(encoder), role))
        if known is None or not rows.keys() <= known[0].keys():
            known = rows, self._encode(encoder, role, list(rows))
            self._memory[id(encoder), role] = known
        known_rows, vectors = known
        if len(rows) == len(texts) and known_rows == rows:
            return vectors
        return vectors[[known_rows[item] for item in items]]

    def keep_only(self, encoders: Iterable[Any]) -> None:
        """Drop the vectors of all other encoders from memory."""
        kept = {id(encoder) for encoder in encoders}
        self._memory = {key: value for key, value in self._memory.items() if key[0] in kept}

    def _encode(self, encoder: Any, role: Role, items: list[Any]) -> np.ndarray:
        """Return the vectors of texts, or of (text, language) pairs; those in the folder are not encoded again."""
        with_languages = wants_languages(encoder)
        encode: Callable[..., Any] = getattr(encoder, f"encode_{role}")

        def vectors_of(part: list[Any]) -> np.ndarray:
            arguments = map(list, zip(*part, strict=True)) if with_languages else (part,)
            vectors = encode(*arguments)
            with located(f".encode_{role}"):
                return _checked(vectors, part)

        fingerprint = None if self._folder is None else fingerprint_of(encoder)
        if self._folder is None or fingerprint is None:
            return _stacked(map(vectors_of, chunked(items, CHUNK)), len(items))
        shards = Shards(self._folder / folder_name(fingerprint) / role)
        keys = [text_hash(*item) if with_languages else text_hash(item) for item in items]
        missing = [number for number, key in enumerate(keys) if key not in shards]
        for part in chunked(missing, CHUNK):
            shards.add([keys[number] for number in part], vectors_of([items[number] for number in part]))
        return shards.read(keys)


def _checked(vectors: Any, texts: Sequence[Any]) -> np.ndarray:
    """Vectors as float32 ``[texts, dim]``, if they can be used."""
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise OutputError(f"{len(texts)} texts gave an array of shape {vectors.shape}; expected one row each")
    unusable = find_unusable(vectors)
    if unusable:
        raise OutputError(f"the vector of {texts[unusable[0]]!r} {unusable[1]}; check the model's weights")
    return vectors


def _stacked(parts: Iterable[np.ndarray], rows: int) -> np.ndarray:
    """Copy the parts into one array; concatenating them would need twice the memory."""
    stacked, end = np.empty((rows, 0), np.float32), 0
    for part in parts:
        if end == 0:
            stacked = np.empty((rows, part.shape[1]), np.float32)
        start, end = end, end + len(part)
        stacked[start:end] = part
    return stacked
