"""Base class of the measures that this package adds to ir_measures."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd
from ir_measures import Measure, Metric

from pyterrier_hybrid.experiment.measures.ranks import Ranks, index_in_group


class RankMeasure(Measure):
    """A measure computed from the ranks of the relevant documents: by the grid from exact ranks, otherwise from runs.

    A new measure is a subclass in a file of its own, with ``from_ranks`` and the attributes of
    :class:`ir_measures.measures.Measure`, and a line in ``supported.OWN_MEASURES``.

    Attributes:
        lower_is_better: Whether small values are good.
        kinds: The kinds of settings that it is reported for.
    """

    lower_is_better: ClassVar[bool] = False
    kinds: ClassVar[tuple[str, ...]] = ("mono", "cross", "multi")

    RUN_INPUTS = ["query_id", "doc_id", "score"]
    QREL_INPUTS = ["query_id", "doc_id", "relevance"]

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``.

        Args:
            ranks: The ranks of the relevant documents.
        """
        raise NotImplementedError

    def runtime_impl(self, qrels: pd.DataFrame, run: pd.DataFrame) -> Iterator[Metric]:
        """Compute the values of all queries of the qrels at once: the interface of ir_measures' runtime provider.

        Documents judged 1 or higher are relevant. Ties are broken as in trec_eval.

        Args:
            qrels: Columns query_id, doc_id, relevance.
            run: Columns query_id, doc_id, score, in any order.

        Yields:
            One metric per query of the qrels, none for other queries.

        Raises:
            ValueError: A score is missing, or a document occurs twice in one ranking.
        """
        qids = pd.Index(qrels["query_id"].unique())
        relevant = qrels[qrels["relevance"] >= 1].drop_duplicates(["query_id", "doc_id"])
        query = qids.get_indexer(pd.Index(relevant["query_id"]))
        relevant, query = relevant.iloc[np.argsort(query, kind="stable")], np.sort(query)
        rank, longest = _ranks_in_run(relevant, run, self.NAME)
        # A run is ranked with one order of ties: trec_eval's.
        ranks = Ranks(query, relevant["relevance"].to_numpy(), rank, rank, len(qids), longest)
        for qid, value in zip(qids, self.from_ranks(ranks).tolist(), strict=True):
            yield Metric(query_id=qid, measure=self, value=value)


def _ranks_in_run(relevant: pd.DataFrame, run: pd.DataFrame, measure: str | None) -> tuple[np.ndarray, int]:
    """Return the rank of each row of ``relevant`` in the run (0: not retrieved), and the longest ranking's length."""
    if not len(run):
        return np.zeros(len(relevant), np.int64), 0
    # pytrec_eval passes scores to trec_eval in single precision: scores that differ only beyond it are ties there.
    with np.errstate(over="ignore"):
        score = run["score"].to_numpy(np.float64).astype(np.float32)
    if np.isnan(score).any():
        qid = run["query_id"].iloc[int(np.isnan(score).argmax())]
        raise ValueError(f"{measure}: the run has a missing score (NaN) for query {qid!r}; drop or fill that row")
    query, qids = pd.factorize(run["query_id"])
    docno, docnos = pd.factorize(run["doc_id"], sort=True)
    # One number for each pair of query and document.
    pair = query.astype(np.int64) * len(docnos) + docno
    duplicated = pd.Series(pair).duplicated().to_numpy()
    if duplicated.any():
        row = run.iloc[int(duplicated.argmax())]
        raise ValueError(
            f"{measure}: the run lists document {row['doc_id']!r} twice for query {row['query_id']!r}; "
            "keep one row of each query and document"
        )
    order = np.lexsort((-docno, -score, query))
    rank = np.empty(len(run), np.int64)
    rank[order] = index_in_group(query[order]) + 1
    relevant_query = pd.Index(qids).get_indexer(pd.Index(relevant["query_id"]))
    relevant_docno = pd.Index(docnos).get_indexer(pd.Index(relevant["doc_id"]))
    unknown = (relevant_query < 0) | (relevant_docno < 0)
    row_in_run = pd.Index(pair).get_indexer(
        pd.Index(np.where(unknown, -1, relevant_query * len(docnos) + relevant_docno))
    )
    return np.where(row_in_run < 0, 0, rank[row_in_run]), int(np.bincount(query).max())
