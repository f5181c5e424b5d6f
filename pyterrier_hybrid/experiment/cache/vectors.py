"""The vectors of texts: each text encoded once, for all systems that share an encoder, and kept in a folder."""

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.cache.shards import Shards, text_hash

# Texts that are encoded at a time: as much as a killed run loses.
_CHUNK = 4096


def is_encoder(system: Any) -> bool:
    """Whether the system turns texts into vectors whose inner products are its scores."""
    return hasattr(system, "encode_queries") and hasattr(system, "encode_documents")


def wants_languages(encoder: Any) -> bool:
    """Whether the encoder is called with the languages of the texts as well."""
    return bool(getattr(encoder, "wants_languages", False))


def innermost(encoder: Any) -> Any:
    """The encoder that computes vectors, below those that only change them."""
    return innermost(encoder.encoder) if _changes_vectors(encoder) else encoder


def encoder_fingerprint(encoder: Any) -> str | None:
    """What an encoder's vectors depend on, as a string; None: the encoder does not say.

    >>> from types import SimpleNamespace
    >>> encoder_fingerprint(SimpleNamespace(fingerprint="0a")), encoder_fingerprint(SimpleNamespace())
    ('0a', None)
    """
    if not _changes_vectors(encoder):
        return getattr(encoder, "fingerprint", None)
    parts = encoder_fingerprint(encoder.encoder), getattr(encoder.debias, "fingerprint", None)
    return None if None in parts else "+".join(parts)


def number_distinct(items: Iterable[Hashable]) -> dict[Any, int]:
    """A number for each distinct item, in the order of first sight.

    >>> number_distinct("abca")
    {'a': 0, 'b': 1, 'c': 2}
    """
    return {item: number for number, item in enumerate(dict.fromkeys(items))}


class Vectors:
    """Vectors by content: kept in memory for the systems of one experiment, and in a folder for all.

    Args:
        folder: Where vectors of encoders with a fingerprint are kept; None: nowhere.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Makes it without looking into the folder."""
        self._folder = folder
        self._memory: dict[tuple[int, str], tuple[dict[Hashable, int], np.ndarray]] = {}

    def of(self, place: str, encoder: Any, role: str, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """The vectors of texts.

        Args:
            place: Where the encoder is, for errors: ``systems['X-Y']``.
            encoder: What :func:`is_encoder` is true of.
            role: ``queries`` or ``documents``.
            texts: The texts; equal ones are encoded once.
            langs: Their languages.

        Returns:
            float32 [texts, dim].

        Raises:
            ValueError: The encoder returns something else than one finite vector for each text.
        """
        if _changes_vectors(encoder):
            inner = self.of(f"{place}.encoder", encoder.encoder, role, texts, langs)
            changed = getattr(encoder.debias, role)(inner, list(langs))
            return checked(f"{place}.debias.{role}", changed, texts)
        keys = number_distinct(zip(texts, langs, strict=True) if wants_languages(encoder) else texts)
        known = self._memory.get((id(encoder), role))
        if known is None or known[0] != keys:
            known = keys, self._encode(place, encoder, role, keys)
            self._memory[id(encoder), role] = known
        if len(keys) == len(texts):
            return known[1]
        asked = zip(texts, langs, strict=True) if wants_languages(encoder) else texts
        return known[1][[keys[key] for key in asked]]

    def keep_only(self, encoders: Iterable[Any]) -> None:
        """Forgets the vectors of all encoders but these in memory."""
        kept = {id(encoder) for encoder in encoders}
        self._memory = {key: value for key, value in self._memory.items() if key[0] in kept}

    def _encode(self, place: str, encoder: Any, role: str, keys: Iterable[Any]) -> np.ndarray:
        place = f"{place}.encode_{role}"
        keys = list(keys)
        encode: Callable[..., Any] = getattr(encoder, f"encode_{role}")

        def vectors(part: list[Any]) -> np.ndarray:
            arguments = map(list, zip(*part, strict=True)) if wants_languages(encoder) else (part,)
            return checked(place, encode(*arguments), part)

        fingerprint = None if self._folder is None else encoder_fingerprint(encoder)
        if fingerprint is None:
            return _stacked(map(vectors, _chunks(keys)), len(keys))
        shards = Shards(self._folder / _folder_name(fingerprint) / role)
        hashes = [text_hash(*key) if wants_languages(encoder) else text_hash(key) for key in keys]
        missing = [number for number, key in enumerate(hashes) if key not in shards]
        for part in _chunks(missing):
            shards.add([hashes[number] for number in part], vectors([keys[number] for number in part]))
        return shards.read(hashes)


def checked(place: str, vectors: Any, texts: Sequence[Any]) -> np.ndarray:
    """Vectors as float32 [texts, dim], if they are that and finite.

    Raises:
        ValueError: They are not.
    """
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(f"{place}: {len(texts)} texts gave an array of shape {vectors.shape}; expected one row each.")
    if not np.isfinite(vectors).all():
        text = texts[int((~np.isfinite(vectors)).any(axis=1).argmax())]
        raise ValueError(f"{place}: the vector of {text!r} has a value that is not finite; check the model's weights.")
    return vectors


def _changes_vectors(encoder: Any) -> bool:
    return wants_languages(encoder) and hasattr(encoder, "encoder") and hasattr(encoder, "debias")


def _stacked(parts: Iterable[np.ndarray], rows: int) -> np.ndarray:
    """The parts as one array; concatenating them would need twice the memory."""
    stacked, end = np.empty((rows, 0), np.float32), 0
    for part in parts:
        if end == 0:
            stacked = np.empty((rows, part.shape[1]), np.float32)
        start, end = end, end + len(part)
        stacked[start:end] = part
    return stacked


def _chunks(items: list[Any]) -> list[list[Any]]:
    return [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]


def _folder_name(fingerprint: str) -> str:
    if re.fullmatch(r"[0-9a-f]{8,64}", fingerprint):
        return fingerprint
    return hashlib.blake2b(fingerprint.encode(), digest_size=16).hexdigest()
