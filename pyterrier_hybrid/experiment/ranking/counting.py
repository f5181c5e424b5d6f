"""Ranks counted in score matrices: how many documents are before a relevant one, without sorting."""

import numpy as np

from pyterrier_hybrid.experiment.measures.ranks import place_in_group

# Comparisons that are held at once, 1 byte each: what stays in a processor's cache.
_CELLS = 2**21


def count_ranks(
    scores: np.ndarray,
    row: np.ndarray,
    column: np.ndarray,
    *,
    corpora: np.ndarray | None = None,
    corpus: np.ndarray | None = None,
) -> np.ndarray:
    """Ranks of chosen documents in the rows of a score matrix: 1 + the number of documents of a corpus before each one.

    The score of a document is compared with all others of its row once, whatever the number of corpora in which it is
    ranked: the outcome is kept as one bit per document, and a corpus counts the bits of its own documents.

    Args:
        scores: [queries, documents], the columns in ascending order of docno; -inf: not retrieved.
        row: int64 [pairs], ascending: the row of each pair of query and document.
        column: int64 [pairs]: its column.
        corpora: bool [corpora, documents]: the documents of each corpus; default: one corpus, which has all.
        corpus: int64 [pairs]: the corpus in which the pair is ranked, which has the document; default: the first.

    Returns:
        int64 [2, pairs], 0 where a document was not retrieved. Of equal scores the larger docno is first in the one row
        (trec_eval), the smaller docno in the other (MS MARCO).

    >>> count_ranks(np.array([[0.5, 0.9, 0.5]]), np.array([0, 0]), np.array([0, 2]))
    array([[3, 2],
           [2, 3]])
    >>> count_ranks(np.array([[0.5, 0.9, 0.5]]), np.array([0]), np.array([0]), corpora=np.array([[True, False, True]]))
    array([[2],
           [1]])
    """
    width = scores.shape[1]
    corpora = np.ones((1, width), bool) if corpora is None else corpora
    corpus = np.zeros(len(row), np.int64) if corpus is None else corpus
    # A document that is relevant in its language and in the pool is one cell.
    cells, cell = np.unique(row * width + column, return_inverse=True)
    cell_row, cell_column = np.divmod(cells, width)
    own = scores[cell_row, cell_column]
    own[np.isneginf(own)] = np.nan
    place = place_in_group(cell_row)
    padded = -(-width // 64) * 64
    masks = np.zeros((len(corpora), padded), bool)
    masks[:, :width] = corpora
    masks, partial = _words(masks), ~corpora.all(axis=1)
    window = _window(masks, partial)
    seen = np.take_along_axis(masks, window, axis=1)
    ranks = np.zeros((2, len(row)), np.int64)
    buffer = np.empty((0, padded), bool)
    # A few rows at a time, which stay in the processor's cache while they are compared with all of their values.
    size = max(1, _CELLS * len(scores) // max(1, len(cells) * padded))
    for start in range(0, len(scores), size):
        rows = scores[start : start + size, None, :]
        low, high = np.searchsorted(cell_row, [start, start + size])
        if low == high:
            continue
        inside, slot = cell_row[low:high] - start, place[low:high]
        values = np.full((len(rows), int(slot.max()) + 1, 1), np.nan, scores.dtype)
        values[inside, slot, 0] = own[low:high]
        if len(buffer) < values.size:
            buffer = np.empty((values.size, padded), bool)
            buffer[:, width:] = False
        bits = buffer[: values.size]
        compared = bits.reshape(*values.shape[:2], padded)[:, :, :width]
        first, last = np.searchsorted(row, [start, start + size])
        of_pair = (inside * values.shape[1] + slot)[cell[first:last] - low]
        np.greater(rows, values, out=compared)
        above = _words(bits)
        better = _ones(above)[of_pair]
        some = np.flatnonzero(partial[corpus[first:last]])
        part = corpus[first + some]
        better[some] = _ones(above[of_pair[some][:, None], window[part]] & seen[part])
        ranks[:, first:last] = 1 + better
        np.equal(rows, values, out=compared)
        compared[inside, slot, cell_column[low:high]] = False
        # Ties are rare, and the largest of words is found faster than their number of bits.
        if bits.view(np.uint64).max():
            equal = _words(bits)[of_pair] & masks[corpus[first:last]]
            tied = np.flatnonzero(_ones(equal))
            ranks[:, first + tied] += _around(equal[tied], column[first + tied])
    return np.where(np.isnan(own)[cell], 0, ranks)


def _around(equal: np.ndarray, column: np.ndarray) -> np.ndarray:
    """How many others of an equal score are after a column, and how many before it: int64 [2, pairs]."""
    word, bit = np.divmod(column, 64)
    masks = np.where(np.arange(equal.shape[1]) > word[:, None], np.uint64(2**64 - 1), np.uint64(0))
    masks[np.arange(len(word)), word] = _words(np.triu(np.ones((64, 64), bool), 1))[bit, 0]
    after = _ones(equal & masks)
    return np.stack([after, _ones(equal) - after])


def _window(masks: np.ndarray, partial: np.ndarray) -> np.ndarray:
    """int64 [corpora, words]: a few words side by side that hold all documents of a partial corpus.

    The documents of one language stand together where docnos begin with it: counting them needs few words then.
    """
    held = masks != 0
    first = held.argmax(axis=1)
    length = int((masks.shape[1] - held[:, ::-1].argmax(axis=1) - first)[partial].max(initial=0))
    return np.minimum(first, masks.shape[1] - length)[:, None] + np.arange(length)


def _words(bits: np.ndarray) -> np.ndarray:
    """uint64 [rows, cells / 64]: one bit for each cell."""
    return np.packbits(bits, axis=1).view(np.uint64)


def _ones(words: np.ndarray) -> np.ndarray:
    """int64 [rows]: the number of bits that are set."""
    return np.bitwise_count(words).sum(axis=1, dtype=np.int64)
