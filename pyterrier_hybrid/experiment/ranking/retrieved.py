"""Ranks of relevant documents in what a transformer retrieved or a file of runs holds."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.counting import count_ranks
from pyterrier_hybrid.experiment.settings import Corpus, Setting

# Results that are held at once: a row of a run takes about 100 bytes.
RUN_ROWS = 2**21

Retrieve = Callable[[pd.DataFrame], pd.DataFrame]
"""From topics (qid, query, lang) to results (qid, docno, score)."""


def rank_bm25(place: str, corpus: Corpus, settings: dict[int, Setting]) -> Iterator[tuple[int, Ranks]]:
    """The ranks under BM25 of the settings over one corpus, by their indexes."""
    from pyterrier_hybrid.retrieval import BM25Index

    with tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-", ignore_cleanup_errors=True) as folder:
        index = BM25Index(Path(folder) / "index")
        index.indexer().index(corpus.get_corpus_iter())
        retriever = index.retriever(num_results=len(corpus))
        for at, setting in settings.items():
            yield at, rank_retrieved(place, retriever.transform, corpus, setting)


def rank_function(
    place: str, function: Callable[[Corpus], Any], corpus: Corpus, settings: dict[int, Setting]
) -> Iterator[tuple[int, Ranks]]:
    """The ranks under the transformer that a function makes for a corpus.

    Raises:
        TypeError: The function returns something else.
    """
    retriever = function(corpus)
    if not hasattr(retriever, "transform"):
        raise TypeError(
            f"{place}: for the corpus {corpus.id} the function returned a {type(retriever).__name__}; "
            "it must return a PyTerrier transformer that retrieves."
        )
    for at, setting in settings.items():
        yield at, rank_retrieved(place, retriever.transform, corpus, setting)


def rank_retrieved(place: str, retrieve: Retrieve, corpus: Corpus, setting: Setting) -> Ranks:
    """The ranks of a setting's relevant documents in retrieved results.

    Args:
        place: Where the system is, for errors.
        retrieve: Gives the results of some topics.
        corpus: The documents.
        setting: The queries and what is relevant to them.

    Returns:
        The ranks; 0 for what was not retrieved.

    Raises:
        ValueError: Results without a needed column, of queries or documents that are not there, with a score that is
            not finite, or with a document twice.
    """
    place = f"{place} on {corpus.id} with queries in {setting.query_lang}"
    docnos = pd.Index(list(corpus.column), dtype=object)
    size = max(1, RUN_ROWS // len(corpus))
    ranks = []
    for start in range(0, len(setting.qids), size):
        part = slice(start, start + size)
        topics = setting.topics(part)
        scores = scores_of(place, retrieve(topics), topics, docnos)
        low, high = np.searchsorted(setting.query, [start, start + size])
        ranks.append(count_ranks(scores, setting.query[low:high] - start, setting.column[low:high]))
    rank, msmarco_rank = np.concatenate(ranks, axis=1)
    return Ranks(setting.query, setting.relevance, rank, msmarco_rank, len(setting.qids), len(corpus))


def scores_of(place: str, results: pd.DataFrame, topics: pd.DataFrame, docnos: pd.Index) -> np.ndarray:
    """float32 [topics, documents], -inf where nothing was retrieved."""
    missing = {"qid", "docno", "score"} - set(results.columns)
    if missing:
        raise ValueError(f"{place}: the results have no column {', '.join(sorted(missing))}.")
    row = pd.Index(topics["qid"], dtype=object).get_indexer(results["qid"].astype(object))
    column = docnos.get_indexer(results["docno"].astype(object))
    values = results["score"].to_numpy(np.float64)
    for wrong, field, why in (
        (row < 0, "qid", "was not asked for"),
        (column < 0, "docno", "is not in the corpus"),
        (~np.isfinite(values), "score", "is not a finite number"),
    ):
        if wrong.any():
            (found,) = results[field].iloc[[int(wrong.argmax())]].tolist()
            raise ValueError(f"{place}: the results hold {field} {found!r}, which {why}.")
    scores = np.full((len(topics), len(docnos)), -np.inf)
    scores[row, column] = values
    if np.count_nonzero(np.isfinite(scores)) < len(results):
        at = int(results.duplicated(["qid", "docno"]).to_numpy().argmax())
        raise ValueError(f"{place}: document {results['docno'].iloc[at]!r} occurs twice in one ranking.")
    # trec_eval holds scores in single precision: what differs only beyond it is a tie there.
    with np.errstate(over="ignore"):
        return scores.astype(np.float32)
