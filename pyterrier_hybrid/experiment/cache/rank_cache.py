"""Ranks in a folder, stored under a hash of what they depend on."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.utils.arrays import read_npy
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.hashing import hash_json

# Increment it when ranks change, so that those of earlier versions are no longer read.
_VERSION = 1
_DIGEST_BYTES = 16


class StoredRanks:
    """The ranks of one system, stored under a hash of the system, the corpus, the queries and their qrels.

    All measures are computed from ranks, so further measures need no further ranking. There is one file per setting,
    which appears whole or not at all: an interrupted experiment keeps the settings that it finished. The file of a pool
    has, after the ranks, the first results of its queries. Files of earlier versions do not have them: such a pool is
    ranked again.

    Args:
        folder: The folder; ``None``: nothing is stored.
        system_key: Returns, as a JSON value, what the system's ranking of a setting depends on besides the texts;
            ``None`` if that is unknown: nothing is stored.
    """

    def __init__(self, folder: Path | None, system_key: Callable[[Corpus, Setting], Any]) -> None:
        self._folder = folder
        self._system_key = system_key

    def read(self, corpus: Corpus, setting: Setting) -> Ranks | None:
        """Read the ranks of a setting; ``None`` if they are not stored.

        Raises:
            ValueError: The file is damaged, or does not fit the setting.
        """
        path = self._path(corpus, setting)
        if path is None or not path.exists():
            return None
        try:
            ranks = read_npy(path)
            _check_digest(path, ranks)
        except ValueError as error:
            raise ValueError(f"cache: {path} cannot be read ({error}); remove this file") from error
        pairs, is_pool = len(setting.query), setting.kind == "multi"
        # A pool of one language and that language share a file.
        with_first = ranks.shape == (2, pairs + len(setting.qids))
        if not with_first and ranks.shape != (2, pairs):
            raise ValueError(f"cache: {path} holds ranks of shape {ranks.shape}, not {(2, pairs)}; remove this file")
        if is_pool and not with_first:
            return None
        first = ranks[0, pairs:].astype(np.int64) if is_pool else None
        return setting.ranks(ranks[:, :pairs].astype(np.int64), len(corpus), first)

    def write(self, corpus: Corpus, setting: Setting, ranks: Ranks) -> None:
        """Store the ranks of a setting."""
        path = self._path(corpus, setting)
        if path is not None:
            array = np.stack([ranks.rank, ranks.msmarco_rank]).astype(np.int32)
            if ranks.first is not None:
                array = np.concatenate([array, np.stack([ranks.first] * 2)], axis=1, dtype=np.int32)
            with whole_file(path) as unfinished, open(unfinished, "wb") as file:
                np.save(file, array)
                # Behind the array, where readers of .npy files do not look.
                file.write(_digest(array))

    def _path(self, corpus: Corpus, setting: Setting) -> Path | None:
        if self._folder is None:
            return None
        system_key = self._system_key(corpus, setting)
        if system_key is None:
            return None
        key = hash_json([_VERSION, system_key, corpus.fingerprint, setting.fingerprint], length=40)
        return self._folder / key[:2] / f"{key[2:]}.npy"


def _digest(array: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=_DIGEST_BYTES).digest()


def _check_digest(path: Path, array: np.ndarray) -> None:
    with open(path, "rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        digest = file.read()[array.nbytes :]
    # Files of earlier versions end with the array.
    if digest and digest != _digest(array):
        raise ValueError("it does not fit its checksum")
