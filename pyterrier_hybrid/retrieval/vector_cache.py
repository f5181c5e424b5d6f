"""Vectors of texts in a folder: each text is encoded once, and vectors are memory-mapped."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from more_itertools import chunked

from pyterrier_hybrid.retrieval.protocols import fingerprint_of, wants_languages
from pyterrier_hybrid.retrieval.vectors import find_unusable
from pyterrier_hybrid.utils.arrays import read_npy
from pyterrier_hybrid.utils.checksums import FileFacts, check_contents, file_facts
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, write_json
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

CHUNK = 4096
"""Number of texts that are encoded and stored at a time: an interrupted run loses at most this many."""

_HASH_BYTES = 16
_HASHES, _VECTORS, _CHECKSUMS = "hashes.npy", "vectors.npy", "checksums.json"

Role = Literal["queries", "documents"]


def folder_name(fingerprint: str) -> str:
    """Return a fingerprint as the name of a folder: itself, or its hash if it cannot be one."""
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


class VectorCache:
    """Vectors of one encoder's queries or documents in a folder, each text encoded once.

    An interrupted run resumes with the missing texts. Several encoders may share the folder.

    Args:
        encoder: The encoder.
        role: ``queries`` or ``documents``.
        folder: The folder.
        verbose: Show a progress bar while encoding.

    Raises:
        ValueError: A part of the cache is damaged.

    Example:
        >>> import tempfile
        >>> import pyterrier_hybrid as ph
        >>> encoder = ph.DenseEncoder.from_scratch(["a river"], dim=8, vocab_size=40)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cache = VectorCache(encoder, "documents", Path(folder))
        ...     cache.add(["a river", "a river"], ["en", "en"])
        ...     cache.read(["a river"], ["en"]).shape
        (1, 8)
    """

    def __init__(self, encoder: Any, role: Role, folder: Path, *, verbose: bool = False) -> None:
        self.encoder, self.role, self.verbose = encoder, role, verbose
        fingerprint = fingerprint_of(encoder)
        # Without a fingerprint, nobody else may find the vectors, and the folder is the caller's own.
        name = "unknown" if fingerprint is None else folder_name(fingerprint)
        self._shards = Shards(folder / name / role)
        self._with_languages = wants_languages(encoder)

    def add(self, texts: Sequence[str], langs: Sequence[str]) -> None:
        """Encode the texts that are missing.

        Args:
            texts: The texts.
            langs: Their languages, for encoders that want them.

        Raises:
            ValueError: The encoder does not return one finite vector for each text.
        """
        missing: dict[bytes, tuple[str, str]] = {}
        for key, item in zip(self._keys(texts, langs), zip(texts, langs, strict=True), strict=True):
            if key not in self._shards:
                missing.setdefault(key, item)
        bar = progress_bar(
            total=len(missing), desc=f"encoding {self.role}", unit="text", delay=BAR_DELAY, leave=False,
            disable=not self.verbose or len(missing) <= CHUNK,
        )  # fmt: skip
        with bar:
            for part in chunked(missing.items(), CHUNK):
                keys, items = zip(*part, strict=True)
                self._shards.add(keys, encode(self.encoder, self.role, *zip(*items, strict=True)))
                bar.update(len(part))

    def read(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts that were added: float32 ``[texts, dim]``."""
        return self._shards.read(self._keys(texts, langs))

    def of(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts, encoding those that are missing: float32 ``[texts, dim]``."""
        self.add(texts, langs)
        return self.read(texts, langs)

    def _keys(self, texts: Sequence[str], langs: Sequence[str]) -> list[bytes]:
        if self._with_languages:
            return [text_hash(text, lang) for text, lang in zip(texts, langs, strict=True)]
        return [text_hash(text) for text in texts]


def encode(encoder: Any, role: Role, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
    """Encode texts and check the result.

    Args:
        encoder: The encoder.
        role: ``queries`` or ``documents``.
        texts: The texts.
        langs: Their languages, for encoders that want them.

    Returns:
        float32 ``[texts, dim]``.

    Raises:
        ValueError: The encoder does not return one finite vector for each text.
    """
    arguments = (list(texts), list(langs)) if wants_languages(encoder) else (list(texts),)
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray(getattr(encoder, f"encode_{role}")(*arguments), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(
            f"{encoder!r}: encode_{role} of {len(texts)} texts gave an array of shape {vectors.shape}; expected one "
            "row each"
        )
    unusable = find_unusable(vectors)
    if unusable:
        raise ValueError(f"{encoder!r}: the vector of {texts[unusable[0]]!r} {unusable[1]}; check the model's weights")
    return vectors
