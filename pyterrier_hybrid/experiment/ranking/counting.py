"""Ranks counted in score matrices: the number of documents with higher scores, without sorting."""

import numpy as np

from pyterrier_hybrid.experiment.measures.ranks import index_in_group

# Maximum number of comparisons in memory at a time, 1 byte each: what fits into a processor's cache.
_CELLS = 2**21


def count_ranks(
    scores: np.ndarray,
    row: np.ndarray,
    column: np.ndarray,
    *,
    corpora: np.ndarray | None = None,
    corpus: np.ndarray | None = None,
) -> np.ndarray:
    """Find the ranks of chosen documents in rows of scores: 1 + the number of a corpus's documents with higher scores.

    The score of a document is compared with all others of its row once, however many corpora it is ranked in: the
    result is kept as one bit per document, and a corpus counts the bits of its own documents.

    Args:
        scores: ``[queries, documents]``, the columns in ascending order of docno; -inf: not retrieved.
        row: int64 ``[pairs]``, ascending: the row of each pair of query and document.
        column: int64 ``[pairs]``: its column.
        corpora: bool ``[corpora, documents]``: the documents of each corpus; default: one corpus of all documents.
        corpus: int64 ``[pairs]``: the corpus in which the pair is ranked, which contains the document; default: the
            first.

    Returns:
        int64 ``[2, pairs]``, 0 for documents that were not retrieved. Of equal scores, the larger docno comes first in
        row 0 (as in trec_eval), the smaller docno in row 1 (as in the MS MARCO script).

    Example:
        >>> count_ranks(np.array([[0.5, 0.9, 0.5]]), np.array([0, 0]), np.array([0, 2]))
        array([[3, 2],
               [2, 3]])
        >>> count_ranks(
        ...     np.array([[0.5, 0.9, 0.5]]), np.array([0]), np.array([0]), corpora=np.array([[True, False, True]])
        ... )
        array([[2],
               [1]])
    """
    width = scores.shape[1]
    corpora = np.ones((1, width), bool) if corpora is None else corpora
    corpus = np.zeros(len(row), np.int64) if corpus is None else corpus
    # A document that is relevant in its language and in the pool is one cell.
    cells, cell = np.unique(row * width + column, return_inverse=True)
    cell_row, cell_column = np.divmod(cells, width)
    cell_score = scores[cell_row, cell_column]
    cell_score[np.isneginf(cell_score)] = np.nan
    index_in_row = index_in_group(cell_row)
    padded = -(-width // 64) * 64
    corpus_bits = np.zeros((len(corpora), padded), bool)
    corpus_bits[:, :width] = corpora
    masks = _words(corpus_bits)
    partial: np.ndarray = np.logical_not(corpora.all(axis=1))
    window = _window(masks, partial)
    window_masks = np.take_along_axis(masks, window, axis=1)
    ranks = np.zeros((2, len(row)), np.int64)
    buffer = np.empty((0, padded), bool)
    # A few rows at a time stay in the processor's cache while they are compared with all of their cells' scores.
    size = max(1, _CELLS * len(scores) // max(1, len(cells) * padded))
    for start in range(0, len(scores), size):
        rows = scores[start : start + size, None, :]
        low, high = np.searchsorted(cell_row, [start, start + size])
        if low == high:
            continue
        row_in_block, slot = cell_row[low:high] - start, index_in_row[low:high]
        values = np.full((len(rows), int(slot.max()) + 1, 1), np.nan, scores.dtype)
        values[row_in_block, slot, 0] = cell_score[low:high]
        if len(buffer) < values.size:
            buffer = np.empty((values.size, padded), bool)
            buffer[:, width:] = False
        bits = buffer[: values.size]
        compared = bits.reshape(*values.shape[:2], padded)[:, :, :width]
        first, last = np.searchsorted(row, [start, start + size])
        of_pair = (row_in_block * values.shape[1] + slot)[cell[first:last] - low]
        np.greater(rows, values, out=compared)
        higher = _words(bits)
        count = _count_ones(higher)[of_pair]
        in_partial = np.flatnonzero(partial[corpus[first:last]])
        part = corpus[first + in_partial]
        count[in_partial] = _count_ones(higher[of_pair[in_partial][:, None], window[part]] & window_masks[part])
        ranks[:, first:last] = 1 + count
        np.equal(rows, values, out=compared)
        compared[row_in_block, slot, cell_column[low:high]] = False
        # Ties are rare, and the maximum of the words is computed faster than their number of bits.
        if bits.view(np.uint64).max():
            equal = _words(bits)[of_pair] & masks[corpus[first:last]]
            tied = np.flatnonzero(_count_ones(equal))
            ranks[:, first + tied] += _count_ties(equal[tied], column[first + tied])
    return np.where(np.isnan(cell_score)[cell], 0, ranks)


def first_columns(scores: np.ndarray) -> np.ndarray:
    """Find the first result of each query, with ties broken as in trec_eval.

    Args:
        scores: ``[queries, documents]``, the columns in ascending order of docno; -inf: not retrieved.

    Returns:
        int64 ``[queries]``: columns; -1 if nothing was retrieved.

    Example:
        >>> first_columns(np.array([[0.5, 0.9, 0.9], [-np.inf, -np.inf, -np.inf]]))
        array([ 2, -1])
    """
    last = scores.shape[1] - 1 - scores[:, ::-1].argmax(axis=1)
    return np.where(np.isneginf(scores[np.arange(len(scores)), last]), -1, last)


def _count_ties(equal: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Count the documents of equal score after a column, and before it: int64 ``[2, pairs]``."""
    word, bit = np.divmod(column, 64)
    masks = np.where(np.arange(equal.shape[1]) > word[:, None], np.uint64(2**64 - 1), np.uint64(0))
    masks[np.arange(len(word)), word] = _words(np.triu(np.ones((64, 64), bool), 1))[bit, 0]
    after = _count_ones(equal & masks)
    return np.stack([after, _count_ones(equal) - after])


def _window(masks: np.ndarray, partial: np.ndarray) -> np.ndarray:
    """Find adjacent words that contain all documents of each partial corpus: int64 ``[corpora, words]``.

    If docnos begin with the language, the documents of one language are adjacent, and few words need counting.
    """
    used = masks != 0
    first = used.argmax(axis=1)
    length = int((masks.shape[1] - used[:, ::-1].argmax(axis=1) - first)[partial].max(initial=0))
    return np.minimum(first, masks.shape[1] - length)[:, None] + np.arange(length)


def _words(bits: np.ndarray) -> np.ndarray:
    """Pack one bit per cell: uint64 ``[rows, cells / 64]``."""
    return np.packbits(bits, axis=1).view(np.uint64)


def _count_ones(words: np.ndarray) -> np.ndarray:
    """Count the bits that are set in each row: int64 ``[rows]``."""
    return np.bitwise_count(words).sum(axis=1, dtype=np.int64)
