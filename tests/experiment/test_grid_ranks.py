"""Ranks counted in score matrices equal those of full sorts, in every corpus, for any block size and any ties."""

import numpy as np
import pytest

from pyterrier_hybrid.experiment.ranking import counting
from pyterrier_hybrid.experiment.ranking.counting import count_ranks


def ranks_by_sorting(scores, row, column, corpora, corpus):
    ranks = np.zeros((2, len(row)), np.int64)
    for pair in range(len(row)):
        members = np.flatnonzero(corpora[corpus[pair]])
        own = scores[row[pair], members]
        if np.isneginf(scores[row[pair], column[pair]]):
            continue
        for at, ties in enumerate((-members, members)):
            order = members[np.lexsort((ties, -own))]
            ranks[at, pair] = 1 + np.flatnonzero(order == column[pair]).item()
    return ranks


def case(seed, *, queries=40, documents=150, levels=None, missing=0.0):
    """Scores, 0 to 9 relevant documents a query, and four corpora: a pool, two languages, three documents."""
    random = np.random.default_rng(seed)
    shape = queries, documents
    scores = (random.standard_normal(shape) if levels is None else random.integers(levels, size=shape)).astype(
        np.float32
    )
    scores[random.random(shape) < missing] = -np.inf
    corpora = np.zeros((4, documents), bool)
    corpora[0] = True
    corpora[1, : documents // 2] = True
    corpora[2, documents // 2 :] = True
    corpora[3, random.permutation(documents)[:3]] = True
    pairs = [
        (row, column, corpus)
        for row in range(queries)
        for column in sorted(random.choice(documents, random.integers(10), replace=False))
        for corpus in np.flatnonzero(corpora[:, column])
    ]
    row, column, corpus = np.array(pairs).T
    return scores, row, column, corpora, corpus


@pytest.mark.parametrize("cells", [1, 5000, 2**21])
@pytest.mark.parametrize(
    "options", [{}, {"levels": 5}, {"levels": 2000, "documents": 64}, {"levels": 9, "missing": 0.3}]
)
def test_ranks_equal_those_of_full_sorts(monkeypatch, cells, options):
    monkeypatch.setattr(counting, "_CELLS", cells)
    scores, row, column, corpora, corpus = case(cells, **options)
    found = count_ranks(scores, row, column, corpora=corpora, corpus=corpus)
    np.testing.assert_array_equal(found, ranks_by_sorting(scores, row, column, corpora, corpus))
    pool = corpus == 0
    np.testing.assert_array_equal(count_ranks(scores, row[pool], column[pool]), found[:, pool])
    assert ((found == 0) == np.isneginf(scores[row, column])).all()


def test_queries_without_relevant_documents():
    scores = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert count_ranks(scores, np.array([1, 3]), np.array([0, 2])).tolist() == [[3, 1], [3, 1]]
    assert count_ranks(scores, np.zeros(0, np.int64), np.zeros(0, np.int64)).shape == (2, 0)


def test_scores_that_differ_in_the_last_bit_are_not_tied():
    one = np.float32(1)
    scores = np.array([[one, np.nextafter(one, 2, dtype=np.float32), one, np.nextafter(one, 0, dtype=np.float32)]])
    ranks = count_ranks(scores, np.zeros(4, np.int64), np.arange(4))
    assert ranks.tolist() == [[3, 1, 2, 4], [2, 1, 3, 4]]
