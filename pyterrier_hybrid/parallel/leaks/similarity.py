"""Similar texts of two collections: pairs whose sets of letter 5-grams have a Jaccard similarity above a threshold.

This is an exact similarity join by prefix filtering (Chaudhuri, Ganti and Kaushik, ICDE 2006; Xiao et al., WWW 2008,
section 4). All grams are ordered from rare to frequent. If two texts are similar enough, they share one of their first,
rare grams, the *prefix*, whose length follows from the threshold and the number of grams; and the number of grams that
they share there limits how many they can share in all. So few pairs are compared, and no similar pair is missed.

Grams are compared by 32-bit hashes. Two different grams of a pair of texts with 100 grams each have the same hash once
in 400,000 pairs, which then changes the similarity by one gram.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from more_itertools import constrained_batches

from pyterrier_hybrid.text.letters import letters_of

GRAM = 5
"""Letters of a gram."""

MIN_LETTERS = 12
"""Minimum number of letters of a text: shorter ones have too few grams, and are words rather than sentences."""

# Portions that are processed at a time, to limit memory: characters of texts, and candidates.
_CHARACTERS = 2**19
_CANDIDATES = 2**20
_BASE = np.uint64(0x9E3779B97F4A7C15)
# Bits of the sort keys: the hash is at the end, and above it the frequency, up to a maximum.
_HASH_BITS = np.uint64(32)
_MAX_FREQUENCY = 2**10 - 1
_TEXT_SHIFT = np.uint64(42)


class Similar(NamedTuple):
    """Pairs of a text and a known text that are similar; all fields are arrays [pairs].

    Attributes:
        text: Position of the text, int64.
        known: Position of the known text, int64.
        similarity: Jaccard similarity of their grams, float64.
    """

    text: np.ndarray
    known: np.ndarray
    similarity: np.ndarray


class _Grams(NamedTuple):
    """The distinct grams of texts, those of each text from rare to frequent.

    Attributes:
        hashes: The hashes, uint32.
        starts: Start of each text, int64 [texts + 1].
        prefixes: Number of grams in the prefix of each text, int64 [texts].
        last: Position of the last gram of each text's prefix in the order of all grams, uint64 [texts].
    """

    hashes: np.ndarray
    starts: np.ndarray
    prefixes: np.ndarray
    last: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Number of grams of each text, int64 [texts]."""
        return np.diff(self.starts)

    def in_prefixes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of all grams in prefixes, and their texts, int64."""
        text = np.repeat(np.arange(len(self.prefixes)), self.prefixes)
        return _ranges(self.starts[:-1], self.prefixes), text


class KnownGrams:
    """Index of texts that finds similar ones among other texts.

    Args:
        texts: The known texts.
        min_similarity: Minimum Jaccard similarity, above 0; the lower, the slower.

    Example:
        >>> known = KnownGrams(["Which city is the capital of Italy?", "Yes."], min_similarity=0.6)
        >>> similar = known.similar(["What city is the capital of Italy?", "Which city is the capital of Peru?"])
        >>> similar.text.tolist(), similar.similarity.round(2).tolist()
        ([0, 1], [0.68, 0.68])
    """

    def __init__(self, texts: Sequence[str], *, min_similarity: float) -> None:
        self._min = min_similarity
        hashes, text = _hashes(texts)
        self._bits = min(max(16, len(hashes).bit_length() + 1), 24)
        frequency = np.bincount(self._bucket(hashes), minlength=2**self._bits)
        self._frequency = np.minimum(frequency, _MAX_FREQUENCY).astype(np.uint16)
        self._grams = self._ordered(hashes, text, len(texts))
        indexed, number = self._grams.in_prefixes()
        bucket = self._bucket(self._grams.hashes[indexed])
        order = np.argsort(bucket, kind="stable")
        self._posted_hashes, self._posted_texts = self._grams.hashes[indexed[order]], number[order]
        self._first = np.zeros(2**self._bits + 1, np.int32)
        np.cumsum(np.bincount(bucket, minlength=2**self._bits), out=self._first[1:])

    def similar(self, texts: Sequence[str]) -> Similar:
        """Return the pairs of a text and a known text that are similar.

        Args:
            texts: The texts; ``text`` of the result is a position among them.
        """
        first, none = 0, np.zeros(0, np.int64)
        parts = [Similar(none, none, np.zeros(0))]
        for portion in constrained_batches(texts, _CHARACTERS, strict=False):
            similar = self._similar(portion)
            parts.append(similar._replace(text=first + similar.text))
            first += len(portion)
        return Similar(*map(np.concatenate, zip(*parts, strict=True)))

    def _similar(self, texts: Sequence[str]) -> Similar:
        hashes, text = _hashes(texts)
        grams, known_grams = self._ordered(hashes, text, len(texts)), self._grams
        probes, number = grams.in_prefixes()
        bucket = self._bucket(grams.hashes[probes])
        counts = self._first[bucket + 1] - self._first[bucket]
        sizes, known_sizes = grams.sizes, known_grams.sizes
        pairs = [np.zeros(0, np.int64)]
        for part in _portions(counts, _CANDIDATES):
            posting = _ranges(self._first[bucket[part]], counts[part])
            probe = np.repeat(part, counts[part])
            same = self._posted_hashes[posting] == grams.hashes[probes[probe]]
            text, known = number[probe[same]], self._posted_texts[posting[same]]
            size, known_size = sizes[text], known_sizes[known]
            possible = np.minimum(size, known_size) >= self._needed(size + known_size)
            pairs.append(text[possible] * len(known_sizes) + known[possible])
        pair, in_prefixes = np.unique(np.concatenate(pairs), return_counts=True)
        text, known = np.divmod(pair, max(1, len(known_sizes)))
        total = sizes[text] + known_sizes[known]
        # All grams that are shared up to the end of the prefix that ends first are in both prefixes.
        beyond = np.where(
            grams.last[text] <= known_grams.last[known],
            sizes[text] - grams.prefixes[text],
            known_sizes[known] - known_grams.prefixes[known],
        )
        possible = in_prefixes + beyond >= self._needed(total)
        text, known, total = text[possible], known[possible], total[possible]
        shared = self._shared(grams, text, known)
        kept = shared >= self._needed(total)
        return Similar(text[kept], known[kept], shared[kept] / (total - shared)[kept])

    def _needed(self, total: np.ndarray) -> np.ndarray:
        """Return how many grams similar texts share that have ``total`` grams together."""
        return np.ceil(self._min / (1 + self._min) * total - 1e-9)

    def _shared(self, grams: _Grams, text: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return the number of grams that each pair shares, int64."""
        shared = [np.zeros(0, np.int64)]
        for part in _portions(grams.sizes[text] + self._grams.sizes[known], _CANDIDATES):
            keys = []
            for side, chosen in ((grams, text[part]), (self._grams, known[part])):
                sizes = side.sizes[chosen]
                pair = np.repeat(np.arange(len(part), dtype=np.uint64), sizes)
                keys.append(pair << _HASH_BITS | side.hashes[_ranges(side.starts[chosen], sizes)])
            both = np.sort(np.concatenate(keys))
            equal = both[1:][both[1:] == both[:-1]] >> _HASH_BITS
            shared.append(np.bincount(equal.astype(np.int64), minlength=len(part)))
        return np.concatenate(shared)

    def _bucket(self, hashes: np.ndarray) -> np.ndarray:
        """Return the highest bits of 32-bit hashes."""
        return hashes >> hashes.dtype.type(32 - self._bits)

    def _ordered(self, hashes: np.ndarray, text: np.ndarray, count: int) -> _Grams:
        """Sort the grams of each text by their frequency among known texts, and equally frequent ones by hash."""
        frequency = self._frequency[self._bucket(hashes)].astype(np.uint64)
        keys = np.sort(text << _TEXT_SHIFT | frequency << _HASH_BITS | hashes)
        keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
        starts = np.searchsorted(keys, np.arange(count + 1, dtype=np.uint64) << _TEXT_SHIFT)
        sizes = np.diff(starts)
        # Of two similar texts, each shares at least this ratio of its grams: one of the others and this one is shared.
        prefixes = np.where(sizes > 0, sizes - np.ceil(self._min * sizes - 1e-9).astype(np.int64) + 1, 0)
        last = np.zeros(count, np.uint64)
        last[sizes > 0] = keys[(starts[:-1] + prefixes - 1)[sizes > 0]] & (np.uint64(1) << _TEXT_SHIFT) - np.uint64(1)
        return _Grams(keys.astype(np.uint32), starts, prefixes, last)


def _hashes(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hash of every gram, below 2**32, and the number of its text, uint64, without texts that are short."""
    letters, starts = letters_of(texts)
    hashes = np.zeros(max(0, len(letters) - GRAM + 1), np.uint64)
    for offset in range(GRAM):
        hashes *= _BASE
        hashes += letters[offset : offset + len(hashes)]
    hashes ^= hashes >> np.uint64(29)
    hashes *= _BASE
    sizes = np.diff(starts) - 1
    counts = np.where(sizes >= MIN_LETTERS, sizes - GRAM + 1, 0)
    return hashes[_ranges(starts[:-1], counts)] >> _HASH_BITS, np.repeat(np.arange(len(texts), dtype=np.uint64), counts)


def _ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the positions of consecutive ranges, one range after another, int64."""
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum())) + np.repeat(starts - ends + sizes, sizes)


def _portions(sizes: np.ndarray, limit: int) -> list[np.ndarray]:
    """Return consecutive positions in portions whose sizes sum up to about the limit."""
    number = np.cumsum(sizes) // limit
    return [part for part in np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(number)) + 1) if len(part)]
