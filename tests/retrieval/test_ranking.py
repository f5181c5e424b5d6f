"""The order of results: against a full sort, and at cutoffs within ties."""

import numpy as np
import pytest

from pyterrier_hybrid.retrieval.ranking import Results, order_results, search_to_cutoff


@pytest.mark.parametrize("levels", [[-1.5, -0.0, 0.0, 0.25, 3e-40, np.inf, -np.inf], np.linspace(-1, 1, 10_001), [0.5]])
def test_results_are_ordered_as_by_a_full_sort(levels):
    rng = np.random.default_rng(0)
    row = rng.integers(0, 5, 2000)
    score = rng.choice(np.asarray(levels, np.float32), 2000)
    document = rng.permutation(2000)
    order = order_results(row, score, lambda tied: document[tied])
    assert order.tolist() == np.lexsort((-document, -score, row)).tolist()


def test_no_results_are_ordered():
    assert len(order_results(np.empty(0, np.int64), np.empty(0), lambda tied: tied)) == 0


def test_keys_are_only_computed_for_ties():
    seen = []

    def tie_key(tied):
        seen.extend(tied.tolist())
        return tied

    order = order_results(np.array([0, 0, 0, 1]), np.array([0.5, 0.9, 0.5, 0.5]), tie_key)
    assert order.tolist() == [1, 2, 0, 3]
    assert sorted(seen) == [0, 2]


class CarelessEngine:
    """Returns the first documents of each query, choosing randomly among tied ones."""

    def __init__(self, scores):
        self.scores = scores
        self.rng = np.random.default_rng(0)
        self.depths = []

    def __call__(self, rows, depth):
        self.depths.append(depth)
        query, document, score = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
        for index, row in enumerate(rows):
            shuffled = self.rng.permutation(np.flatnonzero(self.scores[row]))
            best = shuffled[np.argsort(-self.scores[row][shuffled], kind="stable")][:depth]
            query.append(np.full(len(best), index))
            document.append(best)
            score.append(self.scores[row][best])
        query, document, score = map(np.concatenate, (query, document, score))
        order = order_results(query, score, lambda tied: document[tied])
        return query[order], document[order], score[order]


@pytest.mark.parametrize("num_results", [1, 3, 10, 50, 80])
def test_ties_at_the_cutoff_are_not_left_to_the_engine(num_results):
    scores = np.random.default_rng(1).choice([0, 1, 1, 1, 2], (40, 50))
    scores[3], scores[4] = 0, 1
    rows = np.arange(40)[::2]
    found = search_to_cutoff(CarelessEngine(scores), rows, num_results, 50)
    expected = []
    for row in rows:
        matching = sorted(
            np.flatnonzero(scores[row]), key=lambda document, row=row: (-scores[row, document], -document)
        )
        expected += [(row, document, scores[row, document], rank) for rank, document in enumerate(matching)][
            :num_results
        ]
    expected.sort(key=lambda result: (result[0], result[3]))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


def test_only_tied_queries_are_searched_deeper():
    engine = CarelessEngine(np.array([[5, 4, 3, 2, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 0]]))
    assert len(search_to_cutoff(engine, np.arange(2), 2, 8).row) == 4
    assert engine.depths == [3, 6, 8]


def test_no_query_has_no_results():
    found = search_to_cutoff(CarelessEngine(np.ones((1, 1))), np.empty(0, np.int64), 3, 1)
    assert [column.dtype for column in found] == [column.dtype for column in Results.empty()]
    assert [len(column) for column in found] == [0] * 4
