"""Texts as token ids: tokenised on demand, or once into memory-mapped arrays on disk."""

from collections import UserList
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from more_itertools import chunked

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.utils.checksums import check_contents, file_facts, sealed, unsealed
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.json_files import read_json, write_json
from pyterrier_hybrid.utils.progress import progress_bar

_CHUNK = 20_000
"""Texts tokenised at a time."""

_FORMAT = 2

_FILES = "files.json"
"""The cache's list of its files with their checksums."""


class TokenIds(UserList[list[int]]):
    """Token ids of some texts.

    It is not a ``list``, since the Trainer searches every element of a list for tensors.

    Example:
        >>> [*TokenIds([[1, 2], [3]])]
        [[1, 2], [3]]
    """


class Texts:
    """Token ids of queries and passages, tokenised on demand.

    Args:
        pairs: The pairs whose texts are tokenised.
        encoder: The encoder whose tokenizer and prefixes are used.
    """

    def __init__(self, pairs: ParallelPairs, encoder: DenseEncoder) -> None:
        self.pairs, self.encoder = pairs, encoder

    def queries(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Return token ids of queries.

        Args:
            rows: Items, each with a language.
        """
        prefix = self.encoder.query_prefix
        return self.encoder.tokenize([prefix + self.pairs.query(item, language) for item, language in rows])

    def passages(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Return token ids of passages.

        Args:
            rows: Items, each with a language.
        """
        prefix = self.encoder.document_prefix
        return self.encoder.tokenize([prefix + self.pairs.passage(item, language) for item, language in rows])

    def negatives(self, texts: Sequence[str]) -> list[list[int]]:
        """Return token ids of hard negatives."""
        return self.encoder.tokenize([self.encoder.document_prefix + text for text in texts])


class CachedTexts(Texts):
    """Token ids from a cache, which is written if it does not exist.

    The cache is keyed by content: the texts, the tokenizer, the prefixes and the maximum length. For every role (query
    or passage) and language there is a flat array of token ids, and an array of the offsets where the texts start. All
    files are read once to compare their checksums, which takes about a second per gigabyte.

    Args:
        pairs: The pairs whose texts are tokenised.
        encoder: The encoder whose tokenizer and prefixes are used.
        folder: The folder of all caches.
        verbose: Show a progress bar while tokenising.

    Raises:
        ValueError: The cache is damaged.
    """

    def __init__(self, pairs: ParallelPairs, encoder: DenseEncoder, folder: str | Path, *, verbose: bool) -> None:
        super().__init__(pairs, encoder)
        path = Path(folder) / cache_key(pairs, encoder)
        if not path.exists():
            _write_cache(pairs, encoder, path, verbose=verbose)
        try:
            check_contents(path, unsealed(dict(read_json(path / _FILES))))
        except (ValueError, TypeError, OSError) as error:
            raise ValueError(f"the token cache {path} is damaged ({error}): remove that folder") from None
        self._offsets: dict[tuple[str, str], np.ndarray] = {}
        self._tokens: dict[tuple[str, str], np.ndarray] = {}
        for role in ("query", "passage"):
            for language in pairs.languages:
                offsets = np.load(path / f"{role}.{language}.starts.npy", mmap_mode="r")
                file = path / f"{role}.{language}.tokens"
                # An empty file cannot be mapped.
                tokens = np.memmap(file, np.int32, "r") if file.stat().st_size else np.zeros(0, np.int32)
                self._offsets[role, language], self._tokens[role, language] = offsets, tokens

    def queries(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Return token ids of queries."""
        return [self._ids("query", *row) for row in rows]

    def passages(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Return token ids of passages."""
        return [self._ids("passage", *row) for row in rows]

    def _ids(self, role: str, item: int, language: str) -> list[int]:
        offsets = self._offsets[role, language]
        return self._tokens[role, language][offsets[item] : offsets[item + 1]].tolist()


def cache_key(pairs: ParallelPairs, encoder: DenseEncoder) -> str:
    """Return the name of the cache of these texts and this tokenizer: a hash of their content."""
    return hash_json([
        _FORMAT, pairs.fingerprint, encoder.tokenizer_fingerprint, encoder.query_prefix, encoder.document_prefix,
        encoder.max_length,
    ])  # fmt: skip


def _write_cache(pairs: ParallelPairs, encoder: DenseEncoder, path: Path, *, verbose: bool) -> None:
    roles = {
        "query": (pairs.has_query, pairs.query, encoder.query_prefix),
        "passage": (pairs.has_passage, pairs.passage, encoder.document_prefix),
    }
    total = int(pairs.has_query.sum() + pairs.has_passage.sum())
    with (
        # Another process may have written the same cache in the meantime.
        suppress(FileExistsError),
        whole_folder(path) as unfinished,
        progress_bar(total=total, desc="tokenizing", unit="text", delay=2, disable=not verbose) as bar,
    ):
        for role, (exists, text_of, prefix) in roles.items():
            for column, language in enumerate(pairs.languages):
                lengths = np.zeros(len(pairs) + 1, np.int64)
                with (unfinished / f"{role}.{language}.tokens").open("wb") as file:
                    for items in chunked(np.flatnonzero(exists[:, column]).tolist(), _CHUNK):
                        ids = encoder.tokenize([prefix + text_of(item, language) for item in items])
                        lengths[np.array(items) + 1] = [len(tokens) for tokens in ids]
                        file.write(np.array([token for tokens in ids for token in tokens], np.int32).tobytes())
                        bar.update(len(items))
                np.save(unfinished / f"{role}.{language}.starts.npy", np.cumsum(lengths))
        write_json(unfinished / _FILES, sealed(file_facts(unfinished)))
