"""Vectors in a folder, found by the hash of the text that they were made from; vectors are only ever added."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from pyterrier_hybrid.utils.files import whole_folder

_HASH_BYTES = 16
_HASHES, _VECTORS = "hashes.npy", "vectors.npy"


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
        # Another process may have been faster.
        with suppress(FileExistsError), whole_folder(shard) as unfinished:
            np.save(unfinished / _HASHES, np.frombuffer(joined, np.uint8).reshape(-1, _HASH_BYTES))
            np.save(unfinished / _VECTORS, vectors)
        self._open(shard)

    def read(self, keys: Sequence[bytes]) -> np.ndarray:
        """Return the vectors of stored keys: float32 ``[keys, dim]``."""
        rows = np.array([self._rows[key] for key in keys], np.int64).reshape(-1, 2)
        vectors = np.empty((len(keys), self._vectors[0].shape[1] if self._vectors else 0), np.float32)
        for number, shard in enumerate(self._vectors):
            in_shard = np.flatnonzero(rows[:, 0] == number)
            vectors[in_shard] = shard[rows[in_shard, 1]]
        return vectors

    def _open(self, shard: Path) -> None:
        try:
            hashes = np.load(shard / _HASHES)
            vectors = np.load(shard / _VECTORS, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f"cache: {shard} cannot be read ({error}); remove this folder") from error
        dim = self._vectors[0].shape[1] if self._vectors else vectors.shape[-1]
        if hashes.shape != (len(vectors), _HASH_BYTES) or vectors.dtype != np.float32 or vectors.shape[1:] != (dim,):
            raise ValueError(
                f"cache: {shard} holds {hashes.shape} hashes and {vectors.dtype} vectors {vectors.shape}, "
                f"not float32 [texts, {dim}] for as many texts; remove this folder"
            )
        number = len(self._vectors)
        self._vectors.append(vectors)
        for row, key in enumerate(hashes):
            self._rows.setdefault(key.tobytes(), (number, row))
