"""Scores from frames of results, of a transformer or a run file."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.errors import OutputError, OutputTypeError, located
from pyterrier_hybrid.experiment.settings import Corpus, Setting

RUN_ROWS = 2**21
"""Maximum number of results in memory at a time: a row of a run takes about 100 bytes."""

Retrieve = Callable[[pd.DataFrame], pd.DataFrame]
"""Function from topics (qid, query, lang) to results (qid, docno, score)."""


def score_retrieved(retrieve: Retrieve, corpus: Corpus, setting: Setting) -> Iterator[tuple[int, np.ndarray]]:
    """Turn retrieved results into scores, some queries at a time.

    Args:
        retrieve: Function from topics to results.
        corpus: The documents.
        setting: The queries and their relevant documents.

    Yields:
        Blocks, as :meth:`~pyterrier_hybrid.experiment.ranking.base.Ranker.score` describes them.

    Raises:
        OutputError: Results without a needed column, with an unknown query or document, with a score that is not
            finite, or with a document twice.
    """
    docnos = pd.Index(list(corpus.column), dtype=object)
    size = max(1, RUN_ROWS // len(corpus))
    for start in range(0, len(setting.qids), size):
        topics = setting.topics(slice(start, start + size))
        with located(f" on {corpus.id} with queries in {setting.query_lang}"):
            scores = score_matrix(retrieve(topics), topics, docnos)
        yield start, scores


def score_matrix(results: pd.DataFrame, topics: pd.DataFrame, docnos: pd.Index) -> np.ndarray:
    """Turn results into scores: float32 ``[topics, docnos]``, -inf where nothing was retrieved.

    Raises:
        OutputError: As :func:`score_retrieved`.
    """
    if not isinstance(results, pd.DataFrame):
        raise OutputTypeError(f"the results are a {type(results).__name__}; a transformer must return a DataFrame")
    missing = {"qid", "docno", "score"} - set(results.columns)
    if missing:
        raise OutputError(f"the results have no column {', '.join(sorted(missing))}")
    row = pd.Index(topics["qid"], dtype=object).get_indexer(_ids(results["qid"]))
    column = docnos.get_indexer(_ids(results["docno"]))
    try:
        values = results["score"].to_numpy(np.float64)
    except (ValueError, TypeError) as error:
        raise OutputError(f"the results contain a score that is not a number ({error})") from None
    for wrong, name, problem in (
        (row < 0, "qid", "was not asked for"),
        (column < 0, "docno", "is not in the corpus"),
        (~np.isfinite(values), "score", "is not a finite number"),
    ):
        if wrong.any():
            (value,) = results[name].iloc[[int(wrong.argmax())]].tolist()
            raise OutputError(f"the results contain {name} {value!r}, which {problem}")
    scores = np.full((len(topics), len(docnos)), -np.inf)
    scores[row, column] = values
    if np.count_nonzero(np.isfinite(scores)) < len(results):
        duplicate = int(results.duplicated(["qid", "docno"]).to_numpy().argmax())
        raise OutputError(f"document {results['docno'].iloc[duplicate]!r} occurs twice in one ranking")
    # trec_eval stores scores in single precision: scores that differ only beyond it are ties there.
    with np.errstate(over="ignore"):
        rounded = scores.astype(np.float32)
    # A score below the smallest single-precision number is the last of the ranking, but was retrieved.
    rounded[np.isneginf(rounded) & np.isfinite(scores)] = np.finfo(np.float32).min
    return rounded


def _ids(column: pd.Series) -> pd.Index:
    # Datasets that are read with numbers as IDs have strings, but a system may have kept the numbers.
    return pd.Index(column.astype(str if pd.api.types.is_integer_dtype(column) else object), dtype=object)
