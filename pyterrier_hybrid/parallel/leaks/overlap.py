"""Shared spans of two collections of texts.

All windows of ``SEED`` letters of the known texts are hashed and sorted. Of other texts, only every ``_STRIDE``-th
window is looked up, since any span of ``MIN_SPAN`` letters contains one of these. Matches are then compared letter by
letter, so hash collisions cost time, but never give wrong results.

Two texts are compared along *diagonals*: letter ``n`` of the text with letter ``n + shift`` of the known text.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from more_itertools import constrained_batches

from pyterrier_hybrid.text.letters import letters_of

MIN_SPAN = 24
"""Minimum length of a shared span in letters: about five words, or eight Chinese characters. Shorter ones are mostly
chance."""

SEED = 16
_STRIDE = MIN_SPAN - SEED + 1
# A shared span has at least this many letters beyond its window, on both sides together.
_BEYOND = MIN_SPAN - SEED
_BASE = np.uint64(0x9E3779B97F4A7C15)

# Portions that are processed at a time, to limit memory: characters of texts, matching windows, and letters.
_CHARACTERS = 2**19
_WINDOWS = 2**16
_LETTERS = 2**21


class Overlaps(NamedTuple):
    """Pairs of a text and a known text that share a span or are equal; all fields are arrays [pairs].

    Attributes:
        text: Position of the text, int64.
        known: Position of the known text, int64.
        longest: Letters of the longest shared span, int64.
        shared: Letters in shared spans, counted in the text or in the known text, whichever has fewer, int64.
        containment: ``shared`` as a ratio of the shorter text, float64.
        equal: Whether all letters are equal, bool.
        start: Start of the longest shared span in the text, in letters, int64.
    """

    text: np.ndarray
    known: np.ndarray
    longest: np.ndarray
    shared: np.ndarray
    containment: np.ndarray
    equal: np.ndarray
    start: np.ndarray


class _Diagonals(NamedTuple):
    """Diagonals of pairs of a text and a known text, sorted; all fields are arrays [k]."""

    text: np.ndarray
    known: np.ndarray
    shift: np.ndarray


class KnownTexts:
    """Index of texts that finds their overlaps with other texts.

    Args:
        texts: The known texts.

    Example:
        >>> known = KnownTexts(["Rome is the old capital of Italy."])
        >>> overlaps = known.overlaps(["Is Rome a city?", "“ROME is the old capital of Italy”"])
        >>> overlaps.text.tolist(), overlaps.longest.tolist()
        ([1], [26])
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._letters, self._starts = letters_of(texts)
        # Known texts end with 1 and other texts with 0, so that no shared span crosses an end.
        self._letters[self._letters == 0] = 1
        self._letters = np.concatenate([self._letters, np.ones(MIN_SPAN, np.uint32)])
        ends = np.concatenate([[0], np.cumsum(self._letters == 1)])
        inside = np.flatnonzero(ends[SEED:] == ends[:-SEED])
        hashes = _window_hashes(self._letters, 1)[inside]
        self._positions = inside[np.argsort(hashes, kind="stable")]
        self._hashes, counts = np.unique(hashes, return_counts=True)
        self._first = np.concatenate([[0], np.cumsum(counts)])
        # A small table of hash prefixes rules out most windows, which are in no known text.
        bits = min(max(16, len(hashes).bit_length() + 3), 28)
        self._shift = np.uint64(64 - bits)
        self._maybe = np.zeros(2**bits, bool)
        self._maybe[self._hashes >> self._shift] = True
        self._short: dict[bytes, list[int]] = defaultdict(list)
        for number in np.flatnonzero(np.diff(self._starts) - 1 < MIN_SPAN).tolist():
            text = self._letters[self._starts[number] : self._starts[number + 1] - 1]
            if len(text):
                self._short[text.tobytes()].append(number)

    def overlaps(self, texts: Sequence[str]) -> Overlaps:
        """Return the pairs of a text and a known text that are equal or share a span of at least :data:`MIN_SPAN`.

        Args:
            texts: The texts; ``text`` of the overlaps is a position among them.
        """
        first, parts = 0, [_no_overlaps()]
        for portion in constrained_batches(texts, _CHARACTERS, strict=False):
            letters, starts = letters_of(portion)
            for overlaps in (self._equal_short_texts(letters, starts), self._shared_spans(letters, starts)):
                parts.append(overlaps._replace(text=first + overlaps.text))
            first += len(portion)
        return Overlaps(*map(np.concatenate, zip(*parts, strict=True)))

    def _equal_short_texts(self, letters: np.ndarray, starts: np.ndarray) -> Overlaps:
        """Return the pairs of equal texts that are shorter than :data:`MIN_SPAN`."""
        pairs: list[tuple[int, int, int]] = []
        for number in np.flatnonzero(np.diff(starts) - 1 < MIN_SPAN).tolist():
            text = letters[starts[number] : starts[number + 1] - 1]
            pairs += [(number, known, len(text)) for known in self._short.get(text.tobytes(), ())]
        text, known, size = np.array(pairs, np.int64).reshape(-1, 3).T
        ones = np.ones(len(pairs))
        return Overlaps(text, known, size, size, ones, ones > 0, np.zeros(len(pairs), np.int64))

    def _shared_spans(self, letters: np.ndarray, starts: np.ndarray) -> Overlaps:
        """Return the pairs that share a span of at least :data:`MIN_SPAN`."""
        windows, known_windows = self._shared_windows(letters)
        text = np.searchsorted(starts, windows, side="right") - 1
        known = np.searchsorted(self._starts, known_windows, side="right") - 1
        shift = (known_windows - self._starts[known]) - (windows - starts[text])
        diagonals = _Diagonals(*np.unique(np.stack([text, known, shift]), axis=1))
        sizes, known_sizes = np.diff(starts) - 1, np.diff(self._starts) - 1
        begins = np.maximum(0, -diagonals.shift)
        ends = np.minimum(sizes[diagonals.text], known_sizes[diagonals.known] - diagonals.shift)
        spans = [np.zeros((3, 0), np.int64)]
        for part in _portions(ends - begins, _LETTERS):
            lengths = (ends - begins)[part]
            # Each diagonal has one more position than letters, where nothing is equal, to end its last span.
            diagonal = np.repeat(part, lengths + 1)
            offset = np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths + 1)
            position = np.arange(len(diagonal)) - offset + begins[diagonal]
            in_text = starts[diagonals.text[diagonal]] + position
            in_known = self._starts[diagonals.known[diagonal]] + position + diagonals.shift[diagonal]
            same = letters[in_text] == self._letters[in_known]
            same[np.cumsum(lengths + 1) - 1] = False
            edges = np.flatnonzero(np.diff(same, prepend=False)).reshape(-1, 2)
            edges = edges[edges[:, 1] - edges[:, 0] >= MIN_SPAN]
            spans.append(np.stack([diagonal[edges[:, 0]], position[edges[:, 0]], edges[:, 1] - edges[:, 0]]))
        diagonal, begin, length = np.concatenate(spans, axis=1)
        return _combine(_Diagonals(*(column[diagonal] for column in diagonals)), begin, length, sizes, known_sizes)

    def _shared_windows(self, letters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of windows inside shared spans, in the letters and in the known letters, int64 [k]."""
        hashes = _window_hashes(letters, _STRIDE)
        windows = np.flatnonzero(self._maybe[hashes >> self._shift])
        numbers = np.searchsorted(self._hashes, hashes[windows])
        inside = numbers < len(self._hashes)
        windows, numbers = windows[inside], numbers[inside]
        same = self._hashes[numbers] == hashes[windows]
        windows, numbers = windows[same], numbers[same]
        first = self._first[numbers]
        counts = self._first[numbers + 1] - first
        padded = np.concatenate([np.zeros(_BEYOND, np.uint32), letters, np.zeros(MIN_SPAN, np.uint32)])
        known_padded = np.concatenate([np.ones(_BEYOND, np.uint32), self._letters])
        offsets = np.arange(MIN_SPAN + _BEYOND)
        positions, known_positions = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for part in _portions(counts, _WINDOWS):
            total = np.cumsum(counts[part])
            position = np.repeat(windows[part] * _STRIDE, counts[part])
            known = self._positions[np.repeat(first[part] - total + counts[part], counts[part]) + np.arange(total[-1])]
            same = padded[position[:, None] + offsets] == known_padded[known[:, None] + offsets]
            before = np.logical_and.accumulate(same[:, :_BEYOND][:, ::-1], axis=1).sum(axis=1)
            after = np.logical_and.accumulate(same[:, _BEYOND:], axis=1).sum(axis=1)
            long = (after >= SEED) & (before + after >= MIN_SPAN)
            positions.append(position[long])
            known_positions.append(known[long])
        return np.concatenate(positions), np.concatenate(known_positions)


def _combine(
    spans: _Diagonals, begin: np.ndarray, length: np.ndarray, sizes: np.ndarray, known_sizes: np.ndarray
) -> Overlaps:
    """Combine the shared spans of each pair of texts.

    Args:
        spans: Diagonal of each span.
        begin: Start of each span in the text.
        length: Letters of each span.
        sizes: Letters of each text.
        known_sizes: Letters of each known text.
    """
    if not len(begin):
        return _no_overlaps()
    new = np.diff(spans.text, prepend=-1) | np.diff(spans.known, prepend=-1)
    pair, firsts = np.cumsum(new != 0) - 1, np.flatnonzero(new)
    text, known = spans.text[firsts], spans.known[firsts]
    best = np.lexsort((begin, -length, pair))[firsts]
    covered = (_covered(pair, start, length) for start in (begin, begin + spans.shift))
    shared, shorter = np.minimum(*covered), np.minimum(sizes[text], known_sizes[known])
    equal = (length[best] == sizes[text]) & (length[best] == known_sizes[known])
    return Overlaps(text, known, length[best], shared, shared / shorter, equal, begin[best])


def _covered(pair: np.ndarray, begin: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the number of letters of each pair that are in at least one of its spans, int64."""
    # Pairs are put one after another on a line, and their spans sorted: each span adds what no earlier one covers.
    line = pair * (int((begin + length).max()) + 1)
    order = np.argsort(line + begin, kind="stable")
    starts, ends = (line + begin)[order], (line + begin + length)[order]
    before = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]])
    gain = np.maximum(0, ends - np.maximum(starts, before))
    return np.bincount(pair[order], gain).astype(np.int64)


def _portions(sizes: np.ndarray, limit: int) -> Iterator[np.ndarray]:
    """Yield consecutive positions in portions whose sizes sum up to about the limit."""
    number = np.cumsum(sizes) // limit
    for part in np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(number)) + 1):
        if len(part):
            yield part


def _window_hashes(letters: np.ndarray, stride: int) -> np.ndarray:
    """Return the hash of every ``stride``-th window, uint64."""
    count = max(0, len(letters) - SEED + 1)
    hashes = np.zeros(-(-count // stride), np.uint64)
    for offset in range(SEED):
        hashes *= _BASE
        hashes += letters[offset : offset + count : stride]
    # Mix the lower bits into the highest ones, which are the index into the small table.
    hashes ^= hashes >> np.uint64(29)
    hashes *= _BASE
    return hashes


def _no_overlaps() -> Overlaps:
    none = np.zeros(0, np.int64)
    return Overlaps(none, none, none, none, np.zeros(0), np.zeros(0, bool), none)
