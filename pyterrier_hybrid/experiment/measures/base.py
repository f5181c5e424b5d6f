"""Base class of the measures that this package adds to ir_measures."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from ir_measures import Measure, Metric

from pyterrier_hybrid.experiment.measures.ranks import PoolLanguages, Ranks, index_in_group
from pyterrier_hybrid.text.languages import primary_language


class RankMeasure(Measure):
    """A measure computed from the ranks of the relevant documents: by the grid from exact ranks, otherwise from runs.

    A new measure is a subclass in a file of its own, with ``from_ranks`` and the attributes of
    :class:`ir_measures.measures.Measure`, and a line in ``supported.OWN_MEASURES``. As in ir_measures, the public name
    is an instance, so that both ``RankDistance @ 100`` and ``RankDistance(cutoff=100)`` are measures.

    Attributes:
        lower_is_better: Whether small values are good.
        kinds: The kinds of settings that it is reported for.
        needs_languages: Whether it needs the languages of queries and documents (:attr:`Ranks.languages`).
        needs_first_results: Whether it also needs the languages of the first results.
        needs_translations: Whether it needs the queries of all languages at once.
        decimals: Number of decimals that tables print.
    """

    lower_is_better: ClassVar[bool] = False
    kinds: ClassVar[tuple[str, ...]] = ("mono", "cross", "multi")
    needs_languages: ClassVar[bool] = False
    needs_first_results: ClassVar[bool] = False
    needs_translations: ClassVar[bool] = False
    decimals: Any = 3

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
            ValueError: A score is missing, or a document occurs twice in one ranking; an ID has no language that the
                measure needs.
        """
        qids = pd.Index(qrels["query_id"].unique())
        relevant = qrels[qrels["relevance"] >= 1].drop_duplicates(["query_id", "doc_id"])
        query = qids.get_indexer(pd.Index(relevant["query_id"]))
        relevant, query = relevant.iloc[np.argsort(query, kind="stable")], np.sort(query)
        ranked = _ranks_in_run(relevant, run, self.NAME)
        languages = None
        if self.needs_languages:
            first = ranked.first.reindex(qids) if self.needs_first_results else None
            languages = _pool_languages(self.NAME, qids, relevant["doc_id"], first)
        # A run is ranked with one order of ties: trec_eval's.
        relevance = relevant["relevance"].to_numpy()
        ranks = Ranks(query, relevance, ranked.rank, ranked.rank, len(qids), ranked.longest, languages)
        for qid, value in zip(qids, self.from_ranks(ranks).tolist(), strict=True):
            yield Metric(query_id=qid, measure=self, value=value)


def cutoff_params(measure: str, cutoff: Any) -> dict[str, Any]:
    """Check the cutoff of a measure and return it as parameters; without a cutoff, there are none.

    A parameter with its default value is left out, so that ``MaxRank(cutoff=None)`` equals ``MaxRank``.

    Args:
        measure: The measure's name, for errors.
        cutoff: The cutoff, or None.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is below 1.

    Example:
        >>> cutoff_params("MaxRank", 10), cutoff_params("MaxRank", None)
        ({'cutoff': 10}, {})
    """
    if cutoff is None:
        return {}
    if isinstance(cutoff, bool) or not isinstance(cutoff, int | np.integer):
        raise TypeError(f"{measure}: cutoff={cutoff!r} must be a whole number such as 1000, or None")
    if cutoff < 1:
        raise ValueError(f"{measure}: cutoff={cutoff!r} must be 1 or more")
    return {"cutoff": int(cutoff)}


def _pool_languages(
    measure: str | None, qids: Iterable[str], docnos: Iterable[str], first: Iterable[Any] | None
) -> PoolLanguages:
    """Read questions and languages from IDs.

    Args:
        measure: The measure's name, for errors.
        qids: The queries.
        docnos: The relevant document of each pair.
        first: The first result of each query, NaN if there is none; None: they are not needed.
    """

    def check(lang: str, kind: str, name: str, form: str) -> str:
        if primary_language(lang) is None:
            raise ValueError(
                f"{measure}: {kind} {name!r} does not tell its language; it must be {form}, where lang is a code such "
                "as 'de'"
            )
        return lang

    @cache
    def document_lang(docno: Any) -> str:
        return check(docno.partition("_")[0], "docno", docno, "{lang}_{rest}") if isinstance(docno, str) else ""

    def strings(values: Iterable[str]) -> np.ndarray:
        return np.array(list(values), dtype=object)

    return PoolLanguages(
        strings(qid.rpartition("_")[0] for qid in qids),
        strings(check(qid.rpartition("_")[2], "qid", qid, "{question}_{lang}") for qid in qids),
        strings(docnos),
        strings(map(document_lang, docnos)),
        None if first is None else strings(map(document_lang, first)),
    )


class _RankedRun(NamedTuple):
    """A run, ranked.

    Attributes:
        rank: int64: the rank of each relevant document; 0: not retrieved.
        longest: The length of the longest ranking.
        first: The docno of the first result by qid.
    """

    rank: np.ndarray
    longest: int
    first: pd.Series


def _ranks_in_run(relevant: pd.DataFrame, run: pd.DataFrame, measure: str | None) -> _RankedRun:
    """Rank a run, with ties as in trec_eval, and find each row of ``relevant`` in it."""
    if not len(run):
        return _RankedRun(np.zeros(len(relevant), np.int64), 0, pd.Series([], dtype=object))
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
    first = order[rank[order] == 1]
    return _RankedRun(
        np.where(row_in_run < 0, 0, rank[row_in_run]),
        int(np.bincount(query).max()),
        pd.Series(docnos[docno[first]], index=qids[query[first]], dtype=object),
    )
