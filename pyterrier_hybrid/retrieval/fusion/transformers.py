"""Rankings of several retrievers made one: by reciprocal ranks, or by normalised scores."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.ranking import order_results

NORMALIZATIONS = ("min-max", "z-score", "none")


Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Results as arrays: the query's row, the document's number (ascending as the docnos are) and the score of each."""


class _Fusion(pt.Transformer):
    """What fusions have in common: they run all retrievers, join what these found, and order it."""

    def __init__(self, *retrievers: pt.Transformer, num_results: int) -> None:
        super().__init__()
        if not retrievers:
            raise ValueError(f"{type(self).__name__}: no retriever was given")
        for number, retriever in enumerate(retrievers):
            if not isinstance(retriever, pt.Transformer):
                raise TypeError(
                    f"{type(self).__name__}: retriever {number} is a {type(retriever).__name__}, not a transformer"
                )
        if num_results < 1:
            raise ValueError(f"num_results={num_results}: it must be at least 1")
        self.retrievers = retrievers
        self.num_results = num_results

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Retrieve and fuse.

        Args:
            inp: queries with ``qid``, or documents of queries with ``qid`` and ``docno`` where all retrievers re-rank;
                and all columns that these need.

        Returns:
            The columns that came in, and ``docno``, ``score``, ``rank``; queries in their order, and the documents of
            each by score and, where scores are equal in single precision, by docno downwards, as trec_eval does.

        Raises:
            ValueError: a query comes in twice, or a retriever gives a score that is not finite or a query that was not
                asked for.
        """
        pt.validate.columns(inp, includes=["qid"], context=self)
        results = [retriever.transform(inp) for retriever in self.retrievers]
        for number, result in enumerate(results):
            self._check(number, result)
        names = inp.drop(columns=["score", "rank"], errors="ignore").reset_index(drop=True)
        keys = ["qid", "docno"] if "docno" in names else ["qid"]
        repeated = names.duplicated(keys)
        if repeated.any():
            raise ValueError(f"{' and '.join(keys)} {names.loc[repeated.idxmax(), keys].tolist()} come in twice")
        queries = pd.Index(names["qid"].unique(), dtype=object)
        docnos = pd.Index(sorted(set().union(*(result["docno"].unique() for result in results))), dtype=object)
        found = []
        for result in results:
            row = queries.get_indexer(result["qid"].astype(object))
            if (row < 0).any():
                qid = result["qid"].iloc[int(row.argmin())]
                raise ValueError(f"retrievers found documents for qid {qid!r}, which is not among the queries")
            document = docnos.get_indexer(result["docno"].astype(object))
            found.append((row, document, result["score"].to_numpy(float)))
        row, document, score = self.fuse(found)
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        added = {"docno": docnos.to_numpy()[document], "score": score, "rank": rank}
        if "docno" not in names:
            return names.iloc[row].reset_index(drop=True).assign(**added)
        fused = pd.DataFrame({"qid": queries.to_numpy()[row], **added})
        return fused.merge(names, on=keys, how="left")[[*names.columns, "score", "rank"]]

    def _check(self, number: int, result: pd.DataFrame) -> None:
        pt.validate.result_frame(result, extra_columns=["score"], context=self.retrievers[number])
        finite = np.isfinite(result["score"].to_numpy(float))
        if not finite.all():
            row = result.iloc[int(finite.argmin())]
            raise ValueError(
                f"retriever {number} gives {row['docno']!r} for qid {row['qid']!r} the score {row['score']}: "
                "it must be finite"
            )

    def fuse(self, found: Sequence[Found]) -> Found:
        """Fuse results that are arrays.

        Args:
            found: those of each retriever, in any order; of a document that is there twice, the best counts.

        Returns:
            The fused results, by row and by score, where scores are equal in single precision the larger document
            first; of each row the first ``num_results``.
        """
        width = 1 + max((int(document.max()) for _, document, _ in found if len(document)), default=0)
        best = [_best(*one, width) for one in found]
        keys = [row * width + document for row, document, _ in best]
        pairs = np.unique(np.concatenate(keys))
        row = pairs // width
        values = np.empty((len(best), len(pairs)))
        for number, (own, _, score) in enumerate(best):
            value, missing = self._values(number, own, score)
            values[number] = 0.0 if missing is None else _by_row(own, missing, row)
            values[number, np.searchsorted(pairs, keys[number])] = value
        # Sums of the same numbers must not differ by their order, or ties would be broken by noise.
        row, document, score = _ordered(row, pairs % width, _single(np.sort(values, axis=0).sum(axis=0)))
        kept = np.arange(len(row)) - np.searchsorted(row, row) < self.num_results
        return row[kept], document[kept], score[kept]

    def fuse_matrix(self, found: Sequence[Found], rows: int, width: int) -> np.ndarray:
        """What :meth:`fuse` does, into a matrix, which is quicker where a retriever finds much of what there is.

        Args:
            found: those of each retriever, by row and best first, each document once.
            rows: the number of queries.
            width: the number of documents.

        Returns:
            float32 ``[rows, width]``: scores; -inf for what is not among the first ``num_results``.
        """
        values = np.zeros((len(found), rows, width))
        known = np.zeros((rows, width), bool)
        for number, (row, document, score) in enumerate(found):
            value, missing = self._values(number, row, _single(score))
            if missing is not None:
                values[number] = _by_row(row, missing, np.arange(rows))[:, None]
            values[number, row, document] = value
            known[row, document] = True
        # Of two numbers the order does not matter.
        fused = (np.sort(values, axis=0) if len(values) > 2 else values).sum(axis=0).astype(np.float32)
        fused[~known] = -np.inf
        fused[~best_cells(fused, self.num_results)] = -np.inf
        return fused

    def _values(self, number: int, row: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """What each result of a retriever adds to the score of its document, from results by row and best first.

        Also, for each result, what documents get that are not among the results of its row; None: nothing.
        """
        raise NotImplementedError

    def fuse_rank_cutoff(self, k: int) -> "pt.Transformer | None":
        """Keep no more than a following cutoff does; the retrievers still search as deep."""
        return self._again(k) if k < self.num_results else None

    def _again(self, num_results: int) -> "pt.Transformer":
        raise NotImplementedError

    def _settings(self) -> tuple:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other) and self.retrievers == other.retrievers and self._settings() == other._settings()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.retrievers, self._settings()))


class ReciprocalRankFusion(_Fusion):
    """Adds ``1 / (k + rank)`` over the retrievers, with ranks from 1 (Cormack et al., SIGIR 2009).

    Scores are not compared, so that BM25 and inner products need no common scale. A document that a retriever did not
    find gets nothing from it.

    Args:
        *retrievers: transformers from queries to results. How deep they search is theirs to say.
        k: how little the first ranks stand out; 60 in the paper.
        num_results: results per query, at most.

    >>> import pandas as pd, pyterrier as pt
    >>> one = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["a", "b"], "score": [9.0, 8.0]}))
    >>> two = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["b", "c"], "score": [0.3, 0.2]}))
    >>> fused = ReciprocalRankFusion(one, two).transform(pd.DataFrame({"qid": ["1"], "query": ["x"]}))
    >>> fused["docno"].tolist(), fused["score"].round(4).tolist()
    (['b', 'a', 'c'], [0.0325, 0.0164, 0.0161])
    """

    schematic = {"label": "Reciprocal rank fusion", "help_url": None, "inner_pipelines_mode": "combine"}

    def __init__(self, *retrievers: pt.Transformer, k: float = 60, num_results: int = 1000) -> None:
        """Fuse ``retrievers``."""
        super().__init__(*retrievers, num_results=num_results)
        if not 0 <= k < float("inf"):
            raise ValueError(f"k={k}: it must be at least 0 and finite")
        self.k = k

    def _values(self, number: int, row: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, None]:
        return 1 / (self.k + 1 + np.arange(len(row)) - np.searchsorted(row, row)), None

    def _again(self, num_results: int) -> "ReciprocalRankFusion":
        return ReciprocalRankFusion(*self.retrievers, k=self.k, num_results=num_results)

    def _settings(self) -> tuple:
        return self.k, self.num_results

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.retrievers))
        return f"ReciprocalRankFusion({inner}, k={self.k}, num_results={self.num_results})"


class ScoreFusion(_Fusion):
    """Adds the normalised scores of several retrievers, each with its weight (Fox and Shaw 1994; arXiv 2210.11934).

    Scores are normalised over the results of one retriever for one query:

    ===========  ==========================================================  ==============================
    name         a result counts                                             a document that was not found
    ===========  ==========================================================  ==============================
    `min-max`    0 for the worst to 1 for the best; 1 if all are equal       0
    `z-score`    standard deviations above the mean; 0 if all are equal      as much as the worst result
    `none`       its score                                                   0
    ===========  ==========================================================  ==============================

    A retriever that found nothing for a query adds nothing.

    Args:
        *retrievers: transformers from queries to results. How deep they search is theirs to say, and what is the worst
            result depends on it.
        weights: of each retriever, 0 or more. Default: 1 for each.
        normalization: ``min-max``, ``z-score`` or ``none``.
        num_results: results per query, at most.

    >>> import pandas as pd, pyterrier as pt
    >>> one = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["a", "b", "c"], "score": [9.0, 8.0, 5.0]}))
    >>> two = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["b", "d"], "score": [0.3, 0.2]}))
    >>> fused = ScoreFusion(one, two, weights=[1, 0.5]).transform(pd.DataFrame({"qid": ["1"], "query": ["x"]}))
    >>> fused["docno"].tolist(), fused["score"].tolist()
    (['b', 'a', 'd', 'c'], [1.25, 1.0, 0.0, 0.0])
    """

    schematic = {"label": "Score fusion", "help_url": None, "inner_pipelines_mode": "combine"}

    def __init__(
        self,
        *retrievers: pt.Transformer,
        weights: Sequence[float] | None = None,
        normalization: str = "min-max",
        num_results: int = 1000,
    ) -> None:
        """Fuse ``retrievers``."""
        super().__init__(*retrievers, num_results=num_results)
        if normalization not in NORMALIZATIONS:
            raise ValueError(f"normalization={normalization!r} is unknown: choose one of {', '.join(NORMALIZATIONS)}")
        self.weights = tuple(weights) if weights is not None else (1.0,) * len(retrievers)
        if len(self.weights) != len(retrievers):
            raise ValueError(f"weights={list(self.weights)}: {len(retrievers)} retrievers need as many weights")
        if not all(0 <= weight < float("inf") for weight in self.weights) or not any(self.weights):
            raise ValueError(f"weights={list(self.weights)}: they must be 0 or more and finite, and one above 0")
        self.normalization = normalization

    def _values(self, number: int, row: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        weight = self.weights[number]
        if self.normalization == "none" or not len(row):
            return weight * score, None
        # Results are ordered by score.
        first, end = np.searchsorted(row, row), np.searchsorted(row, row, side="right")
        most, least = score[first], score[end - 1]
        equal = most == least
        if self.normalization == "min-max":
            return weight * np.where(equal, 1.0, (score - least) / np.where(equal, 1.0, most - least)), None
        starts = np.unique(first)
        sizes = end - first
        mean = np.repeat(np.add.reduceat(score, starts), sizes[starts]) / sizes
        variance = np.repeat(np.add.reduceat((score - mean) ** 2, starts), sizes[starts]) / sizes
        value = weight * np.where(equal, 0.0, (score - mean) / np.sqrt(np.where(equal, 1.0, variance)))
        return value, value[end - 1]

    def _again(self, num_results: int) -> "ScoreFusion":
        return ScoreFusion(
            *self.retrievers, weights=self.weights, normalization=self.normalization, num_results=num_results
        )

    def _settings(self) -> tuple:
        return self.weights, self.normalization, self.num_results

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.retrievers))
        return (
            f"ScoreFusion({inner}, weights={self.weights}, normalization={self.normalization!r}, "
            f"num_results={self.num_results})"
        )


def best_cells(scores: np.ndarray, depth: int) -> np.ndarray:
    """Which cells of a matrix are among the first of their row; of equal ones the last column comes first.

    >>> best_cells(np.array([[0.5, 0.9, 0.5]]), 2).tolist()
    [[False, True, True]]
    """
    width = scores.shape[1]
    if width <= depth:
        return np.ones(scores.shape, bool)
    least = np.partition(scores, width - depth, axis=1)[:, width - depth, None]
    best = scores >= least
    for row in np.flatnonzero(np.count_nonzero(best, axis=1) > depth):
        surplus = np.count_nonzero(best[row]) - depth
        best[row, np.flatnonzero(scores[row] == least[row])[:surplus]] = False
    return best


def ordered_cells(scores: np.ndarray, depth: int) -> Found:
    """The first cells of each row of a matrix as results, without those that are -inf.

    >>> row, column, score = ordered_cells(np.array([[0.5, 0.9, 0.5], [-np.inf, 0.1, -np.inf]]), 2)
    >>> row.tolist(), column.tolist(), score.tolist()
    ([0, 0, 1], [1, 2, 1], [0.9, 0.5, 0.1])
    """
    depth = min(depth, scores.shape[1])
    column = np.nonzero(best_cells(scores, depth))[1].reshape(len(scores), depth)[:, ::-1]
    own = np.take_along_axis(scores, column, axis=1)
    # Stable: what was last is first among equal ones.
    order = np.argsort(-own, axis=1, kind="stable")
    column, own = (np.take_along_axis(array, order, axis=1).ravel() for array in (column, own))
    row = np.repeat(np.arange(len(scores)), depth)
    kept = ~np.isneginf(own)
    return row[kept], column[kept], own[kept]


def _best(row: np.ndarray, document: np.ndarray, score: np.ndarray, width: int) -> Found:
    """Each document of a row once, at its best, in the order of all rankings here."""
    row, document, score = _ordered(row, document, _single(score))
    _, first = np.unique(row * width + document, return_index=True)
    if len(first) < len(row):
        kept = np.sort(first)
        row, document, score = row[kept], document[kept], score[kept]
    return row, document, score


def _ordered(row: np.ndarray, document: np.ndarray, score: np.ndarray) -> Found:
    order = order_results(row, score, lambda tied: document[tied])
    return row[order], document[order], score[order]


def _by_row(own: np.ndarray, value: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The value of a row's results for each of the wanted rows; 0 for those without results."""
    if not len(own):
        return np.zeros(len(row))
    at = np.searchsorted(own, row)
    there = (at < len(own)) & (own[np.minimum(at, len(own) - 1)] == row)
    return np.where(there, value[np.minimum(at, len(own) - 1)], 0.0)


def _single(scores: np.ndarray) -> np.ndarray:
    """Scores in the precision in which trec_eval compares them."""
    return np.asarray(scores, np.float32).astype(float)
