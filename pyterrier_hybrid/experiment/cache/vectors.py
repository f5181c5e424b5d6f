"""The vectors of texts: each text is encoded once for all systems that share an encoder, and cached in a folder."""

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Protocol, TypeGuard

import numpy as np
from more_itertools import chunked

from pyterrier_hybrid.experiment.errors import OutputError, located
from pyterrier_hybrid.retrieval.protocols import fingerprint_of, wants_languages
from pyterrier_hybrid.retrieval.vectors import find_unusable
from pyterrier_hybrid.utils.arrays import read_npy
from pyterrier_hybrid.utils.checksums import FileFacts, check_contents, file_facts
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, write_json

# Number of texts that are encoded and stored at a time: an interrupted run loses at most this many.
_CHUNK = 4096
_HASH_BYTES = 16
_HASHES, _VECTORS, _CHECKSUMS = "hashes.npy", "vectors.npy", "checksums.json"

Role = Literal["queries", "documents"]


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
            return _stacked(map(vectors_of, chunked(items, _CHUNK)), len(items))
        shards = Shards(self._folder / _folder_name(fingerprint) / role)
        keys = [text_hash(*item) if with_languages else text_hash(item) for item in items]
        missing = [number for number, key in enumerate(keys) if key not in shards]
        for part in chunked(missing, _CHUNK):
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


def _folder_name(fingerprint: str) -> str:
    """Return the fingerprint, or its hash if it cannot name a folder."""
    return fingerprint if re.fullmatch(r"[0-9a-f]{8,64}", fingerprint) else hash_json(fingerprint)


def text_hash(text: str, lang: str | None = None) -> bytes:
    """Hash a text, or a text in a language.

    Example:
        >>> text_hash("a text") == text_hash("a text"), text_hash("a text") == text_hash("a text", "en")
        (True, False)
    """
    digest = hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES)
    if lang is not None:
        digest.update(b"\0" + lang.encode())
    return digest.digest()


@contextmanager
def _damage_named(shard: Path) -> Iterator[None]:
    # Metadata that are damaged themselves may be JSON of any form.
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"cache: {shard} is damaged ({error}); remove this folder") from error


class Shards:
    """The vectors of one encoder's queries or documents.

    Each shard is a folder with the hashes and the vectors of some texts, which appears whole or not at all and never
    changes. It is named by a hash of its texts, so two processes that add the same texts make one shard. Vectors are
    memory-mapped.

    Args:
        folder: The folder of the shards, made when the first one is added.

    Raises:
        ValueError: A shard is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._vectors: list[np.ndarray] = []
        # Shards whose vectors were not yet compared with their checksum, and what should be in their files.
        self._unchecked: dict[int, tuple[Path, dict[str, FileFacts]]] = {}
        # The shard and the row of each vector.
        self._rows: dict[bytes, tuple[int, int]] = {}
        for shard in sorted(folder.glob("[!.]*")) if folder.exists() else ():
            self._open(shard)

    def __contains__(self, key: bytes) -> bool:
        return key in self._rows

    def add(self, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        """Write a shard.

        Args:
            keys: Hashes from :func:`text_hash`.
            vectors: float32 ``[keys, dim]``.
        """
        joined = b"".join(keys)
        shard = self._folder / hashlib.blake2b(joined, digest_size=_HASH_BYTES).hexdigest()
        # Another process may have added the same shard meanwhile.
        with suppress(FileExistsError), whole_folder(shard) as unfinished:
            np.save(unfinished / _HASHES, np.frombuffer(joined, np.uint8).reshape(-1, _HASH_BYTES))
            np.save(unfinished / _VECTORS, vectors)
            write_json(unfinished / _CHECKSUMS, file_facts(unfinished))
        self._open(shard)

    def read(self, keys: Sequence[bytes]) -> np.ndarray:
        """Return the vectors of stored keys: float32 ``[keys, dim]``."""
        rows = np.array([self._rows[key] for key in keys], np.int64).reshape(-1, 2)
        vectors = np.empty((len(keys), self._vectors[0].shape[1] if self._vectors else 0), np.float32)
        for number, shard in enumerate(self._vectors):
            in_shard = np.flatnonzero(rows[:, 0] == number)
            if len(in_shard):
                self._check(number)
            vectors[in_shard] = shard[rows[in_shard, 1]]
        return vectors

    def _check(self, number: int) -> None:
        """Compare the vectors of a shard with their checksum, once."""
        if number in self._unchecked:
            shard, facts = self._unchecked[number]
            with _damage_named(shard):
                check_contents(shard, facts, [_VECTORS])
            del self._unchecked[number]

    def _open(self, shard: Path) -> None:
        try:
            hashes, vectors = read_npy(shard / _HASHES), read_npy(shard / _VECTORS, mapped=True)
        except (OSError, ValueError) as error:
            raise ValueError(f"cache: {shard} cannot be read ({error}); remove this folder") from error
        dim = self._vectors[0].shape[1] if self._vectors else vectors.shape[-1]
        if hashes.shape != (len(vectors), _HASH_BYTES) or vectors.dtype != np.float32 or vectors.shape[1:] != (dim,):
            raise ValueError(
                f"cache: {shard} holds {hashes.shape} hashes and {vectors.dtype} vectors {vectors.shape}, "
                f"not float32 [texts, {dim}] for as many texts; remove this folder"
            )
        number = len(self._vectors)
        self._vectors.append(vectors)
        with _damage_named(shard):
            # Shards of earlier versions have no checksums.
            facts = read_json(shard / _CHECKSUMS, default={})
            if facts:
                check_contents(shard, facts, [_HASHES])
                self._unchecked[number] = shard, facts
        for row, key in enumerate(hashes):
            self._rows.setdefault(key.tobytes(), (number, row))
