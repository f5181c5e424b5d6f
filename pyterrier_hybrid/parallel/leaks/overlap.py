"""Which stretches two collections of texts share.

All windows of ``SEED`` letters of the known texts are hashed and sorted. Of other texts only every ``_STRIDE``-th
window is looked up, since a stretch of ``SHORTEST`` letters covers one of them wherever it begins. What is found is
compared letter by letter, so that equal hashes of different windows cost time and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from more_itertools import constrained_batches

from pyterrier_hybrid.text.letters import letters_of

SHORTEST = 24
"""Shared stretches of fewer letters are chance: about five words, or eight Chinese characters."""

SEED = 16
_STRIDE = SHORTEST - SEED + 1
# A stretch reaches so far beyond the window that is found, on both sides together.
_BEYOND = SHORTEST - SEED
_BASE = np.uint64(0x9E3779B97F4A7C15)

# So much is looked at a time: characters of texts, windows, and letters.
_CHARACTERS = 2**19
_WINDOWS = 2**16
_LETTERS = 2**21


class Overlaps(NamedTuple):
    """Pairs of a text and a known text that have something in common; all fields are arrays [pairs].

    Attributes:
        text: The position of the text, int64.
        known: The position of the known text, int64.
        longest: The letters of the longest shared stretch, int64.
        shared: The letters in shared stretches, of the text where there are fewer, since one may repeat itself, int64.
        containment: The same as a share of the shorter text, float64.
        equal: Whether all letters are the same, bool.
        start: Where the longest stretch begins in the text, in letters, int64.
    """

    text: np.ndarray
    known: np.ndarray
    longest: np.ndarray
    shared: np.ndarray
    containment: np.ndarray
    equal: np.ndarray
    start: np.ndarray


class _Diagonals(NamedTuple):
    """Letter ``n`` of a text is compared with letter ``n + shift`` of a known text; arrays [k], sorted."""

    text: np.ndarray
    known: np.ndarray
    shift: np.ndarray


class KnownTexts:
    """Texts to find again.

    Args:
        texts: The texts.

    >>> known = KnownTexts(["Rome is the old capital of Italy."])
    >>> found = known.overlaps(["Is Rome a city?", "“ROME is the old capital of Italy”"])
    >>> found.text.tolist(), found.longest.tolist()
    ([1], [26])
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._letters, self._starts = letters_of(texts)
        # Texts end with another number here than there, so that no stretch goes over an end.
        self._letters[self._letters == 0] = 1
        self._letters = np.concatenate([self._letters, np.ones(SHORTEST, np.uint32)])
        ends = np.concatenate([[0], np.cumsum(self._letters == 1)])
        inside = np.flatnonzero(ends[SEED:] == ends[:-SEED])
        hashes = _window_hashes(self._letters, 1)[inside]
        self._positions = inside[np.argsort(hashes, kind="stable")]
        self._hashes, counts = np.unique(hashes, return_counts=True)
        self._first = np.concatenate([[0], np.cumsum(counts)])
        # Most windows are in no known text, which one look into a small table tells.
        bits = min(max(16, len(hashes).bit_length() + 3), 28)
        self._shift = np.uint64(64 - bits)
        self._maybe = np.zeros(2**bits, bool)
        self._maybe[self._hashes >> self._shift] = True
        self._short: dict[bytes, list[int]] = defaultdict(list)
        for number in np.flatnonzero(np.diff(self._starts) - 1 < SHORTEST).tolist():
            text = self._letters[self._starts[number] : self._starts[number + 1] - 1]
            if len(text):
                self._short[text.tobytes()].append(number)

    def overlaps(self, texts: Sequence[str]) -> Overlaps:
        """Return what texts share with known ones: all letters, or a stretch of :data:`SHORTEST` or more.

        Args:
            texts: The texts; ``text`` is a position among them.
        """
        first, found = 0, [_no_overlaps()]
        for portion in constrained_batches(texts, _CHARACTERS, strict=False):
            letters, starts = letters_of(portion)
            for overlaps in (self._short_texts(letters, starts), self._stretches(letters, starts)):
                found.append(overlaps._replace(text=first + overlaps.text))
            first += len(portion)
        return Overlaps(*map(np.concatenate, zip(*found, strict=True)))

    def _short_texts(self, letters: np.ndarray, starts: np.ndarray) -> Overlaps:
        pairs = []
        for number in np.flatnonzero(np.diff(starts) - 1 < SHORTEST).tolist():
            text = letters[starts[number] : starts[number + 1] - 1]
            pairs += [(number, known, len(text)) for known in self._short.get(text.tobytes(), ())]
        text, known, size = np.array(pairs, np.int64).reshape(-1, 3).T
        ones = np.ones(len(pairs))
        return Overlaps(text, known, size, size, ones, ones > 0, np.zeros(len(pairs), np.int64))

    def _stretches(self, letters: np.ndarray, starts: np.ndarray) -> Overlaps:
        windows, known_windows = self._shared_windows(letters)
        text = np.searchsorted(starts, windows, side="right") - 1
        known = np.searchsorted(self._starts, known_windows, side="right") - 1
        shift = (known_windows - self._starts[known]) - (windows - starts[text])
        diagonals = _Diagonals(*np.unique(np.stack([text, known, shift]), axis=1))
        sizes, known_sizes = np.diff(starts) - 1, np.diff(self._starts) - 1
        begins = np.maximum(0, -diagonals.shift)
        ends = np.minimum(sizes[diagonals.text], known_sizes[diagonals.known] - diagonals.shift)
        found = [np.zeros((3, 0), np.int64)]
        for part in _portions(ends - begins, _LETTERS):
            lengths = (ends - begins)[part]
            # One place more than there are letters, where nothing is the same, ends each diagonal.
            owner = np.repeat(part, lengths + 1)
            place = np.arange(len(owner)) - np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths + 1) + begins[owner]
            ours = starts[diagonals.text[owner]] + place
            theirs = self._starts[diagonals.known[owner]] + place + diagonals.shift[owner]
            same = letters[ours] == self._letters[theirs]
            same[np.cumsum(lengths + 1) - 1] = False
            edges = np.flatnonzero(np.diff(same, prepend=False)).reshape(-1, 2)
            edges = edges[edges[:, 1] - edges[:, 0] >= SHORTEST]
            found.append(np.stack([owner[edges[:, 0]], place[edges[:, 0]], edges[:, 1] - edges[:, 0]]))
        diagonal, begin, length = np.concatenate(found, axis=1)
        return _summed(_Diagonals(*(column[diagonal] for column in diagonals)), begin, length, sizes, known_sizes)

    def _shared_windows(self, letters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where windows are in the letters and in the known ones that lie in a shared stretch, int64 [k]."""
        hashes = _window_hashes(letters, _STRIDE)
        windows = np.flatnonzero(self._maybe[hashes >> self._shift])
        numbers = np.searchsorted(self._hashes, hashes[windows])
        inside = numbers < len(self._hashes)
        windows, numbers = windows[inside], numbers[inside]
        same = self._hashes[numbers] == hashes[windows]
        windows, numbers = windows[same], numbers[same]
        first = self._first[numbers]
        counts = self._first[numbers + 1] - first
        ours = np.concatenate([np.zeros(_BEYOND, np.uint32), letters, np.zeros(SHORTEST, np.uint32)])
        theirs = np.concatenate([np.ones(_BEYOND, np.uint32), self._letters])
        offsets = np.arange(SHORTEST + _BEYOND)
        found = [(np.zeros(0, np.int64),) * 2]
        for part in _portions(counts, _WINDOWS):
            total = np.cumsum(counts[part])
            place = np.repeat(windows[part] * _STRIDE, counts[part])
            known = self._positions[np.repeat(first[part] - total + counts[part], counts[part]) + np.arange(total[-1])]
            same = ours[place[:, None] + offsets] == theirs[known[:, None] + offsets]
            before = np.logical_and.accumulate(same[:, :_BEYOND][:, ::-1], axis=1).sum(axis=1)
            after = np.logical_and.accumulate(same[:, _BEYOND:], axis=1).sum(axis=1)
            long = (after >= SEED) & (before + after >= SHORTEST)
            found.append((place[long], known[long]))
        return tuple(map(np.concatenate, zip(*found, strict=True)))


def _summed(
    runs: _Diagonals, begin: np.ndarray, length: np.ndarray, sizes: np.ndarray, known_sizes: np.ndarray
) -> Overlaps:
    """Put the stretches of each pair of texts together.

    Args:
        runs: The diagonal of each stretch.
        begin: Where it begins in the text.
        length: Its letters.
        sizes: The letters of each text.
        known_sizes: The same of the known texts.
    """
    if not len(begin):
        return _no_overlaps()
    new = np.diff(runs.text, prepend=-1) | np.diff(runs.known, prepend=-1)
    pair, firsts = np.cumsum(new != 0) - 1, np.flatnonzero(new)
    text, known = runs.text[firsts], runs.known[firsts]
    best = np.lexsort((begin, -length, pair))[firsts]
    covered = (_covered(pair, place, length) for place in (begin, begin + runs.shift))
    shared, shorter = np.minimum(*covered), np.minimum(sizes[text], known_sizes[known])
    equal = (length[best] == sizes[text]) & (length[best] == known_sizes[known])
    return Overlaps(text, known, length[best], shared, shared / shorter, equal, begin[best])


def _covered(pair: np.ndarray, begin: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return how many places of each pair lie in one of its stretches or more, int64."""
    # Pair after pair on one line, stretches in order: each adds what is beyond all before it.
    line = pair * (int((begin + length).max()) + 1)
    order = np.argsort(line + begin, kind="stable")
    starts, ends = (line + begin)[order], (line + begin + length)[order]
    before = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]])
    gain = np.maximum(0, ends - np.maximum(starts, before))
    return np.bincount(pair[order], gain).astype(np.int64)


def _portions(sizes: np.ndarray, limit: int) -> Iterator[np.ndarray]:
    """Yield the positions of some sizes that are about as much as the limit together."""
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
    # The highest bits are what the small table is asked for.
    hashes ^= hashes >> np.uint64(29)
    hashes *= _BASE
    return hashes


def _no_overlaps() -> Overlaps:
    none = np.zeros(0, np.int64)
    return Overlaps(none, none, none, none, np.zeros(0), np.zeros(0, bool), none)
