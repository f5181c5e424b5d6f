"""Ranks in a folder, found by the content that they follow from."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.utils.files import whole_file

# What was stored by code that ranked otherwise is not found.
_VERSION = 1


class StoredRanks:
    """The ranks of one system, by the content of the system, the corpus, the queries and their qrels.

    Every measure follows from ranks, so that further measures need no further computation. One file per setting, which
    appears whole or not at all: what a killed experiment had finished is there.

    Args:
        folder: Where the ranks are; None: nowhere.
        content: Says what the system's ranking of a setting depends on besides texts, as JSON can hold it; None: not
            known, nothing is stored.
    """

    def __init__(self, folder: Path | None, content: Callable[[Corpus, Setting], Any]) -> None:
        """Makes it without looking into the folder."""
        self._folder = folder
        self._content = content

    def read(self, corpus: Corpus, setting: Setting) -> Ranks | None:
        """The stored ranks of a setting, if there are any.

        Raises:
            ValueError: They do not fit the setting.
        """
        path = self._path(corpus, setting)
        if path is None or not path.exists():
            return None
        try:
            stored = np.load(path)
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f"cache: {path} cannot be read ({error}); remove this file.") from error
        if stored.shape != (2, len(setting.query)):
            wanted = 2, len(setting.query)
            raise ValueError(f"cache: {path} holds ranks of shape {stored.shape}, not {wanted}; remove this file.")
        rank, msmarco_rank = stored.astype(np.int64)
        return Ranks(setting.query, setting.relevance, rank, msmarco_rank, len(setting.qids), len(corpus))

    def write(self, corpus: Corpus, setting: Setting, ranks: Ranks) -> None:
        """Keeps the ranks of a setting."""
        path = self._path(corpus, setting)
        if path is not None:
            with whole_file(path) as unfinished:
                np.save(unfinished, np.stack([ranks.rank, ranks.msmarco_rank]).astype(np.int32))

    def _path(self, corpus: Corpus, setting: Setting) -> Path | None:
        content = None if self._folder is None else self._content(corpus, setting)
        if content is None:
            return None
        parts = [_VERSION, content, corpus.fingerprint, setting.fingerprint]
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]
        return self._folder / key[:2] / f"{key[2:]}.npy"
