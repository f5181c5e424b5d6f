"""Texts tokenised once, into flat arrays on disk that are memory-mapped."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pyterrier_hybrid.training.loop.batches import Texts
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.progress import progress_bar

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder

_AT_A_TIME = 20_000
_FORMAT = 1


class CachedTexts(Texts):
    """Token ids from a cache, which is made if it is not there.

    The cache is keyed by content: the texts, the tokenizer, the prefixes and the length that texts are cut to. For
    every role and language there is a flat array of token ids, and an array of the places where the texts start.

    Args:
        pairs: the texts.
        encoder: its tokenizer and prefixes.
        folder: of all caches.
        verbose: show a progress bar while tokenising.
    """

    def __init__(self, pairs: "ParallelPairs", encoder: "DenseEncoder", folder: str | Path, *, verbose: bool) -> None:
        super().__init__(pairs, encoder)
        path = Path(folder) / cache_key(pairs, encoder)
        if not path.exists():
            _tokenize(pairs, encoder, path, verbose=verbose)
        self._starts: dict[tuple[str, str], np.ndarray] = {}
        self._tokens: dict[tuple[str, str], np.ndarray] = {}
        for role in ("query", "passage"):
            for language in pairs.languages:
                starts = np.load(path / f"{role}.{language}.starts.npy", mmap_mode="r")
                tokens = path / f"{role}.{language}.tokens"
                # An empty file cannot be mapped.
                known = np.memmap(tokens, np.int32, "r") if tokens.stat().st_size else np.zeros(0, np.int32)
                if len(starts) != len(pairs) + 1 or len(known) != starts[-1]:
                    raise ValueError(f"the token cache {path} is damaged at {tokens.name}: remove that folder")
                self._starts[role, language], self._tokens[role, language] = starts, known

    def queries(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Token ids of the queries of some items, each in a language."""
        return [self._ids("query", *row) for row in rows]

    def passages(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Token ids of the passages of some items, each in a language."""
        return [self._ids("passage", *row) for row in rows]

    def _ids(self, role: str, item: int, language: str) -> list[int]:
        starts = self._starts[role, language]
        return self._tokens[role, language][starts[item] : starts[item + 1]].tolist()


def cache_key(pairs: "ParallelPairs", encoder: "DenseEncoder") -> str:
    """The name of the cache of some texts and a tokenizer: a hash of their content."""
    key = [_FORMAT, pairs.fingerprint, encoder.tokenizer_fingerprint]
    key += [encoder.query_prefix, encoder.document_prefix, encoder.max_length]
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]


def _tokenize(pairs: "ParallelPairs", encoder: "DenseEncoder", path: Path, *, verbose: bool) -> None:
    columns = [(role, language) for role in ("query", "passage") for language in pairs.languages]
    total = int(pairs.has_query.sum() + pairs.has_passage.sum())
    with (
        # Another process may have been quicker.
        suppress(FileExistsError),
        whole_folder(path) as unfinished,
        progress_bar(total=total, desc="tokenizing", unit="text", delay=2, disable=not verbose) as bar,
    ):
        for role, language in columns:
            has, text, prefix = {
                "query": (pairs.has_query, pairs.query, encoder.query_prefix),
                "passage": (pairs.has_passage, pairs.passage, encoder.document_prefix),
            }[role]
            items = np.flatnonzero(has[:, pairs.languages.index(language)])
            lengths = np.zeros(len(pairs) + 1, np.int64)
            with (unfinished / f"{role}.{language}.tokens").open("wb") as file:
                for some in _batched(items.tolist()):
                    ids = encoder.tokenize([prefix + text(item, language) for item in some])
                    lengths[np.array(some) + 1] = [len(tokens) for tokens in ids]
                    file.write(np.array([token for tokens in ids for token in tokens], np.int32).tobytes())
                    bar.update(len(some))
            np.save(unfinished / f"{role}.{language}.starts.npy", np.cumsum(lengths))


def _batched(items: list[int]) -> Iterator[list[int]]:
    rest = iter(items)
    while some := list(islice(rest, _AT_A_TIME)):
        yield some
