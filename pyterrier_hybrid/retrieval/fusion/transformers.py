"""Transformers that fuse the rankings of several retrievers, by reciprocal ranks or by normalised scores."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.ranking import order_results
from pyterrier_hybrid.utils.checks import finite_number, whole_number
from pyterrier_hybrid.utils.parameters import CheckedTransformer

NORMALIZATIONS = ("min-max", "z-score", "none")
"""The normalisations of :class:`ScoreFusion`."""

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Results as arrays: row of the query, number of the document (in ascending order of docnos), and score."""


class FusionTransformer(CheckedTransformer, ABC):
    """Base class: runs all retrievers, fuses their results and sorts them.

    Args:
        *retrievers: Transformers from queries to results. Each retriever sets its own depth.
        num_results: Maximum number of results per query.

    Raises:
        TypeError: A retriever is not a transformer, or ``num_results`` is not a whole number.
        ValueError: There are no retrievers, or ``num_results`` is below 1.
    """

    def __init__(self, *retrievers: pt.Transformer, num_results: int) -> None:
        super().__init__()
        if not retrievers:
            raise ValueError(f"{type(self).__name__}: no retriever was given")
        for number, retriever in enumerate(retrievers):
            if not isinstance(retriever, pt.Transformer):
                hint = "; give them one by one" if isinstance(retriever, list | tuple) else ""
                raise TypeError(
                    f"{type(self).__name__}: retriever {number} is a {type(retriever).__name__}, "
                    f"not a transformer{hint}"
                )
        self.retrievers = retrievers
        self.num_results = whole_number("num_results", num_results)

    @property
    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Keyword arguments for the same fusion of other retrievers."""

    @abstractmethod
    def _contributions(self, number: int, row: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return what each result of a retriever adds to the score of its document.

        Args:
            number: Number of the retriever.
            row: Row of the query of each result, ascending.
            score: Score of each result, best first within a row.

        Returns:
            The contribution of each result, and, also for each result, the contribution of documents that were not
            retrieved for its row (``None``: 0).
        """

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Retrieve and fuse.

        Args:
            inp: Queries with ``qid``, or candidate documents with ``qid`` and ``docno`` if all retrievers are
                re-rankers; and all columns that the retrievers need.

        Returns:
            The input columns, ``docno``, ``score`` and ``rank``. Queries keep their order; their documents are sorted
            by score, and by descending docno where scores are equal in single precision, as in trec_eval.

        Raises:
            ValueError: A query occurs twice, or a retriever returns an unknown query or a score that is not finite.
        """
        pt.validate.columns(inp, includes=["qid"], context=self)
        frames = [retriever.transform(inp) for retriever in self.retrievers]
        for number, frame in enumerate(frames):
            self._check(number, frame)
        inputs = inp.drop(columns=["score", "rank"], errors="ignore").reset_index(drop=True)
        keys = ["qid", "docno"] if "docno" in inputs else ["qid"]
        repeated = inputs.duplicated(keys)
        if repeated.any():
            raise ValueError(f"{' and '.join(keys)} {inputs.loc[repeated.idxmax(), keys].tolist()} come in twice")
        qids = pd.Index(inputs["qid"].unique(), dtype=object)
        docnos = pd.Index(sorted(set().union(*(frame["docno"].unique() for frame in frames))), dtype=object)
        results = []
        for frame in frames:
            row = qids.get_indexer(frame["qid"].astype(object))
            if (row < 0).any():
                qid = frame["qid"].iloc[int(row.argmin())]
                raise ValueError(f"retrievers found documents for qid {qid!r}, which is not among the queries")
            document = docnos.get_indexer(frame["docno"].astype(object))
            results.append((row, document, frame["score"].to_numpy(float)))
        row, document, score = self.fuse(results)
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        added = {"docno": docnos.to_numpy()[document], "score": score, "rank": rank}
        if "docno" not in inputs:
            return inputs.iloc[row].reset_index(drop=True).assign(**added)
        fused = pd.DataFrame({"qid": qids.to_numpy()[row], **added})
        return fused.merge(inputs, on=keys, how="left")[[*inputs.columns, "score", "rank"]]

    def transform_inputs(self) -> list[list[str]]:
        """Return the columns that all retrievers need, for inspection."""
        needed = [(pt.inspect.transformer_inputs(retriever) or [[]])[0] for retriever in self.retrievers]
        return [list(dict.fromkeys(["qid", *chain.from_iterable(needed)]))]

    def _check(self, number: int, frame: pd.DataFrame) -> None:
        pt.validate.result_frame(frame, extra_columns=["score"], context=self.retrievers[number])
        finite = np.isfinite(frame["score"].to_numpy(float))
        if not finite.all():
            result = frame.iloc[int(finite.argmin())]
            raise ValueError(
                f"retriever {number} gives {result['docno']!r} for qid {result['qid']!r} the score {result['score']}: "
                "it must be finite"
            )

    def fuse(self, found: Sequence[Found]) -> Found:
        """Fuse results given as arrays.

        Args:
            found: The results of each retriever, in any order. If a document occurs twice, its best score counts.

        Returns:
            The first ``num_results`` fused results of each row, sorted by row and score; where scores are equal in
            single precision, by descending document.
        """
        width = 1 + max((int(document.max()) for _, document, _ in found if len(document)), default=0)
        ranked = [_best_of_each_document(*results, width) for results in found]
        cells = [row * width + document for row, document, _ in ranked]
        all_cells = np.unique(np.concatenate(cells))
        values = np.empty((len(ranked), len(all_cells)))
        for number, (row, _, score) in enumerate(ranked):
            contribution, if_missing = self._contributions(number, row, score)
            values[number] = 0.0 if if_missing is None else _value_per_row(row, if_missing, all_cells // width)
            values[number, np.searchsorted(all_cells, cells[number])] = contribution
        # Sorted, so that the order of the retrievers cannot change a sum by rounding and thereby break a tie.
        total = np.sort(values, axis=0).sum(axis=0)
        row, document, score = _ordered(all_cells // width, all_cells % width, _single_precision(total))
        keep = np.arange(len(row)) - np.searchsorted(row, row) < self.num_results
        return row[keep], document[keep], score[keep]

    def fuse_matrix(self, found: Sequence[Found], rows: int, width: int) -> np.ndarray:
        """Fuse as :meth:`fuse` does, into a matrix: faster if retrievers return a large part of the corpus.

        Args:
            found: The results of each retriever, by row and best first, without duplicates.
            rows: Number of queries.
            width: Number of documents.

        Returns:
            Scores, float32 ``[rows, width]``; -inf for documents that are not among the first ``num_results``.
        """
        values = np.zeros((len(found), rows, width))
        retrieved = np.zeros((rows, width), bool)
        for number, (row, document, score) in enumerate(found):
            contribution, if_missing = self._contributions(number, row, _single_precision(score))
            if if_missing is not None:
                values[number] = _value_per_row(row, if_missing, np.arange(rows))[:, None]
            values[number, row, document] = contribution
            retrieved[row, document] = True
        # Sorted as in fuse, but the order of two summands does not matter.
        fused = (np.sort(values, axis=0) if len(values) > 2 else values).sum(axis=0).astype(np.float32)
        fused[~retrieved] = -np.inf
        fused[~best_cells(fused, self.num_results)] = -np.inf
        return fused

    def fuse_rank_cutoff(self, k: int) -> pt.Transformer | None:
        """Return no more results than a following cutoff keeps; the retrievers keep their depth."""
        return type(self)(*self.retrievers, **{**self.options, "num_results": k}) if k < self.num_results else None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, FusionTransformer)
            and type(self) is type(other)
            and self.retrievers == other.retrievers
            and self.options == other.options
        )

    def __hash__(self) -> int:
        return hash((type(self), self.retrievers, *self.options.values()))

    def __repr__(self) -> str:
        arguments = [*map(repr, self.retrievers), *(f"{name}={value!r}" for name, value in self.options.items())]
        return f"{type(self).__name__}({', '.join(arguments)})"


class ReciprocalRankFusion(FusionTransformer):
    """Sums ``1 / (k + rank)`` over the retrievers, with ranks from 1 (Cormack et al., SIGIR 2009).

    Scores are not compared, so BM25 scores and inner products need no common scale. A retriever adds nothing to the
    score of a document that it did not return.

    Args:
        *retrievers: Transformers from queries to results. Each retriever sets its own depth.
        k: Smoothing constant: the larger it is, the less the first ranks stand out. 60 in the paper.
        num_results: Maximum number of results per query.

    Raises:
        TypeError: A retriever is not a transformer, or an option is not a number.
        ValueError: There are no retrievers, ``k`` is negative, or ``num_results`` is below 1.

    Example:
        >>> import pandas as pd, pyterrier as pt
        >>> one = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["a", "b"], "score": [9.0, 8.0]}))
        >>> two = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["b", "c"], "score": [0.3, 0.2]}))
        >>> fused = ReciprocalRankFusion(one, two).transform(pd.DataFrame({"qid": ["1"], "query": ["x"]}))
        >>> fused["docno"].tolist(), fused["score"].round(4).tolist()
        (['b', 'a', 'c'], [0.0325, 0.0164, 0.0161])
    """

    schematic = {"label": "Reciprocal rank fusion", "help_url": None, "inner_pipelines_mode": "combine"}

    def __init__(self, *retrievers: pt.Transformer, k: float = 60, num_results: int = 1000) -> None:
        super().__init__(*retrievers, num_results=num_results)
        self.k = finite_number("k", k)

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments that make the same fusion of other retrievers."""
        return {"k": self.k, "num_results": self.num_results}

    def _contributions(self, number: int, row: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, None]:
        return 1 / (self.k + 1 + np.arange(len(row)) - np.searchsorted(row, row)), None


class ScoreFusion(FusionTransformer):
    """Sums the normalised and weighted scores of several retrievers (Fox and Shaw 1994; arXiv 2210.11934).

    Scores are normalised over the results of one retriever for one query:

    ===========  ==========================================================  ==============================
    name         contribution of a result                                    of a document not retrieved
    ===========  ==========================================================  ==============================
    `min-max`    0 for the worst to 1 for the best; 1 if all are equal       0
    `z-score`    standard deviations above the mean; 0 if all are equal      that of the worst result
    `none`       its score                                                   0
    ===========  ==========================================================  ==============================

    A retriever without results for a query contributes nothing to it.

    Args:
        *retrievers: Transformers from queries to results. Each retriever sets its own depth, which determines its worst
            result.
        weights: Weight of each retriever, at least 0. Default: 1 for each.
        normalization: ``min-max``, ``z-score`` or ``none``.
        num_results: Maximum number of results per query.

    Raises:
        TypeError: A retriever is not a transformer, or an option is not a number.
        ValueError: There are no retrievers, or an option is out of range.

    Example:
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
        weights: Iterable[float] | None = None,
        normalization: str = "min-max",
        num_results: int = 1000,
    ) -> None:
        super().__init__(*retrievers, num_results=num_results)
        if normalization not in NORMALIZATIONS:
            raise ValueError(f"normalization={normalization!r} is unknown: choose one of {', '.join(NORMALIZATIONS)}")
        weights = [1.0] * len(retrievers) if weights is None else weights
        if not isinstance(weights, Iterable):
            raise TypeError(f"weights={weights!r}: pass one weight for each retriever, such as (0.5, 0.5)")
        self.weights = tuple(finite_number("weights", weight) for weight in weights)
        if len(self.weights) != len(retrievers):
            raise ValueError(f"weights={list(self.weights)}: {len(retrievers)} retrievers need as many weights")
        if not any(self.weights):
            raise ValueError(f"weights={list(self.weights)}: all are 0; make at least one above 0")
        self.normalization = normalization

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments that make the same fusion of other retrievers."""
        return {"weights": self.weights, "normalization": self.normalization, "num_results": self.num_results}

    def _contributions(self, number: int, row: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        weight = self.weights[number]
        if self.normalization == "none" or not len(row):
            return weight * score, None
        first, end = np.searchsorted(row, row), np.searchsorted(row, row, side="right")
        best, worst = score[first], score[end - 1]
        equal = best == worst
        if self.normalization == "min-max":
            return weight * np.where(equal, 1.0, (score - worst) / np.where(equal, 1.0, best - worst)), None
        starts = np.unique(first)
        sizes = end - first
        mean = np.repeat(np.add.reduceat(score, starts), sizes[starts]) / sizes
        variance = np.repeat(np.add.reduceat((score - mean) ** 2, starts), sizes[starts]) / sizes
        contribution = weight * np.where(equal, 0.0, (score - mean) / np.sqrt(np.where(equal, 1.0, variance)))
        return contribution, contribution[end - 1]


def best_cells(scores: np.ndarray, depth: int) -> np.ndarray:
    """Mark the first cells of each row of a matrix; of equal scores, the last column comes first.

    Args:
        scores: ``[rows, columns]``.
        depth: Number of cells per row.

    Returns:
        bool ``[rows, columns]``.

    Example:
        >>> best_cells(np.array([[0.5, 0.9, 0.5]]), 2).tolist()
        [[False, True, True]]
    """
    width = scores.shape[1]
    if width <= depth:
        return np.ones(scores.shape, bool)
    cutoff = np.partition(scores, width - depth, axis=1)[:, width - depth, None]
    best = scores >= cutoff
    for row in np.flatnonzero(np.count_nonzero(best, axis=1) > depth):
        surplus = np.count_nonzero(best[row]) - depth
        best[row, np.flatnonzero(scores[row] == cutoff[row])[:surplus]] = False
    return best


def ordered_cells(scores: np.ndarray, depth: int) -> Found:
    """Return the first cells of each row of a matrix as results, without those that are -inf.

    Args:
        scores: ``[rows, columns]``.
        depth: Number of cells per row.

    Example:
        >>> row, column, score = ordered_cells(np.array([[0.5, 0.9, 0.5], [-np.inf, 0.1, -np.inf]]), 2)
        >>> row.tolist(), column.tolist(), score.tolist()
        ([0, 0, 1], [1, 2, 1], [0.9, 0.5, 0.1])
    """
    depth = min(depth, scores.shape[1])
    # From the last column to the first, so that a stable sort keeps the last column first among equal scores.
    column = np.nonzero(best_cells(scores, depth))[1].reshape(len(scores), depth)[:, ::-1]
    score = np.take_along_axis(scores, column, axis=1)
    order = np.argsort(-score, axis=1, kind="stable")
    column, score = (np.take_along_axis(array, order, axis=1).ravel() for array in (column, score))
    row = np.repeat(np.arange(len(scores)), depth)
    keep = ~np.isneginf(score)
    return row[keep], column[keep], score[keep]


def _best_of_each_document(row: np.ndarray, document: np.ndarray, score: np.ndarray, width: int) -> Found:
    """Sort results and keep each document of a row once, with its best score."""
    row, document, score = _ordered(row, document, _single_precision(score))
    _, first = np.unique(row * width + document, return_index=True)
    if len(first) < len(row):
        keep = np.sort(first)
        row, document, score = row[keep], document[keep], score[keep]
    return row, document, score


def _ordered(row: np.ndarray, document: np.ndarray, score: np.ndarray) -> Found:
    order = order_results(row, score, lambda tied: document[tied])
    return row[order], document[order], score[order]


def _value_per_row(row: np.ndarray, value: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Look up the first value of each wanted row; 0 for rows without results."""
    if not len(row):
        return np.zeros(len(wanted))
    position = np.minimum(np.searchsorted(row, wanted), len(row) - 1)
    return np.where(row[position] == wanted, value[position], 0.0)


def _single_precision(scores: np.ndarray) -> np.ndarray:
    """Round scores to the precision in which trec_eval compares them."""
    return np.asarray(scores, np.float32).astype(float)
