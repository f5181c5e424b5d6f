"""The ranks of the relevant documents under one system: an encoder, BM25, or any retrieval transformer."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment._ranks import Ranks, count_ranks
from pyterrier_hybrid.experiment._settings import Corpus, Setting

# Scores that are held at once: a matrix of single precision takes 4 bytes for each, a row of a run about 100.
MATRIX_CELLS = 2**24
RUN_ROWS = 2**21


def check_systems(systems: Any) -> None:
    """Checks what was given as the systems of an experiment before anything is computed.

    Args:
        systems: A dictionary from names to encoders, ``"bm25"`` or functions from a corpus to a transformer.

    Raises:
        TypeError: Not a dictionary, or a system that cannot be run.
        ValueError: No system, or an unknown name of one.
    """
    if not isinstance(systems, dict):
        raise TypeError(f"systems: give a dictionary {{name: system}}, not {type(systems).__name__}.")
    if not systems:
        raise ValueError("systems: no system was given; give at least one, such as {'BM25': 'bm25'}.")
    for name, system in systems.items():
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"systems: the name {name!r} must be a string that is not empty.")
        if isinstance(system, str):
            if system != "bm25":
                raise ValueError(
                    f"systems[{name!r}]: {system!r} is unknown; the valid string is 'bm25', "
                    "an encoder is given as an object: DenseEncoder(...)."
                )
        elif not is_encoder(system) and (not callable(system) or hasattr(system, "transform")):
            raise TypeError(
                f"systems[{name!r}]: a {type(system).__name__} is not an encoder (encode_queries, encode_documents), "
                "'bm25' or a function from a corpus to a transformer; wrap a pipeline as lambda corpus: pipeline."
            )


def is_encoder(system: Any) -> bool:
    """Whether the system turns texts into vectors whose inner products are its scores."""
    return hasattr(system, "encode_queries") and hasattr(system, "encode_documents")


def rank_settings(
    name: str, system: Any, corpora: dict[str, Corpus], settings: Sequence[Setting]
) -> Iterator[tuple[int, Ranks]]:
    """The ranks of the relevant documents of every setting under one system.

    Args:
        name: The system's name for errors.
        system: An encoder, ``"bm25"`` or a function from a corpus to a transformer.
        corpora: The corpora by language.
        settings: The settings.

    Yields:
        The index of the setting and its ranks, corpus by corpus, so that one index is open at a time.
    """
    by_corpus = [
        (corpus, [at for at, setting in enumerate(settings) if setting.doc_lang == lang])
        for lang, corpus in corpora.items()
    ]
    by_corpus = [(corpus, members) for corpus, members in by_corpus if members]
    if is_encoder(system):
        yield from _rank_dense(name, system, by_corpus, settings)
        return
    for corpus, members in by_corpus:
        with tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-", ignore_cleanup_errors=True) as folder:
            retriever = _bm25(corpus, Path(folder)) if system == "bm25" else _build(name, system, corpus)
            for at in members:
                yield at, _rank_retrieved(name, retriever, corpus, settings[at])


def _rank_dense(
    name: str, encoder: Any, by_corpus: list[tuple[Corpus, list[int]]], settings: Sequence[Setting]
) -> Iterator[tuple[int, Ranks]]:
    query_row = _rows(text for setting in settings for text in setting.texts)
    document_row = _rows(document.text for corpus, _ in by_corpus for document in corpus.documents)
    queries = _encode(f"systems[{name!r}].encode_queries", encoder.encode_queries, list(query_row))
    documents = _encode(f"systems[{name!r}].encode_documents", encoder.encode_documents, list(document_row))
    if queries.shape[1] != documents.shape[1]:
        raise ValueError(
            f"systems[{name!r}]: queries have {queries.shape[1]} dimensions and documents {documents.shape[1]}; "
            "both must come from one vector space."
        )
    # BLAS may round the same inner product differently in different places of a matrix; a vector that occurs twice
    # must have one score, or real ties would be broken by noise.
    same = _rows(vector.tobytes() for vector in documents)
    first = np.fromiter((same[vector.tobytes()] for vector in documents), np.int64, len(documents))
    distinct = documents[np.unique(first, return_index=True)[1]]
    for corpus, members in by_corpus:
        rows = np.array([first[document_row[corpus.documents[at].text]] for at in corpus.order])
        used, column = np.unique(rows, return_inverse=True)
        vectors = np.ascontiguousarray(distinct[used].T)
        for at in members:
            setting = settings[at]
            asked = np.array([query_row[text] for text in setting.texts])
            score = partial(_inner_products, queries, asked, vectors, column)
            yield at, _rank_blocks(setting, len(corpus), score, MATRIX_CELLS)


def _inner_products(
    queries: np.ndarray, asked: np.ndarray, vectors: np.ndarray, column: np.ndarray, part: slice
) -> np.ndarray:
    """Scores of a part of the asked queries: products with the distinct vectors, spread over all documents."""
    return (queries[asked[part]] @ vectors)[:, column]


def _rows(items: Iterator[Any]) -> dict[Any, int]:
    """A number for each distinct item, in the order of first sight."""
    rows: dict[Any, int] = {}
    for item in items:
        rows.setdefault(item, len(rows))
    return rows


def _encode(place: str, encode: Callable[[list[str]], Any], texts: list[str]) -> np.ndarray:
    vectors = np.ascontiguousarray(encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(f"{place}: {len(texts)} texts gave an array of shape {vectors.shape}; expected one row each.")
    if not np.isfinite(vectors).all():
        text = texts[int((~np.isfinite(vectors)).any(axis=1).argmax())]
        raise ValueError(f"{place}: the vector of {text!r} has a value that is not finite; check the model's weights.")
    return vectors


def _bm25(corpus: Corpus, folder: Path) -> Any:
    from pyterrier_hybrid.retrieval import BM25Index

    index = BM25Index(folder / "index")
    index.indexer().index(corpus.get_corpus_iter())
    return index.retriever(num_results=len(corpus))


def _build(name: str, function: Callable[[Corpus], Any], corpus: Corpus) -> Any:
    retriever = function(corpus)
    if not hasattr(retriever, "transform"):
        raise TypeError(
            f"systems[{name!r}]: for the corpus {corpus.id} the function returned a {type(retriever).__name__}; "
            "it must return a PyTerrier transformer that retrieves."
        )
    return retriever


def _rank_retrieved(name: str, retriever: Any, corpus: Corpus, setting: Setting) -> Ranks:
    place = f"systems[{name!r}] on {corpus.id} with queries in {setting.query_lang}"
    docnos = pd.Index(list(corpus.column), dtype=object)

    def score(part: slice) -> np.ndarray:
        topics = pd.DataFrame({"qid": setting.qids[part], "query": setting.texts[part]}).assign(lang=setting.query_lang)
        results = retriever.transform(topics)
        missing = {"qid", "docno", "score"} - set(results.columns)
        if missing:
            raise ValueError(f"{place}: the results have no column {', '.join(sorted(missing))}.")
        row = pd.Index(topics["qid"], dtype=object).get_indexer(results["qid"].astype(object))
        column = docnos.get_indexer(results["docno"].astype(object))
        values = results["score"].to_numpy(np.float64)
        _check_results(place, results, row, column, values)
        scores = np.full((len(topics), len(corpus)), -np.inf)
        scores[row, column] = values
        if np.count_nonzero(np.isfinite(scores)) < len(results):
            at = int(results.duplicated(["qid", "docno"]).to_numpy().argmax())
            raise ValueError(f"{place}: document {results['docno'].iloc[at]!r} occurs twice in one ranking.")
        return scores

    return _rank_blocks(setting, len(corpus), score, RUN_ROWS)


def _check_results(place: str, results: pd.DataFrame, row: np.ndarray, column: np.ndarray, values: np.ndarray) -> None:
    for wrong, field, why in (
        (row < 0, "qid", "was not asked for"),
        (column < 0, "docno", "is not in the corpus"),
        (~np.isfinite(values), "score", "is not a finite number"),
    ):
        if wrong.any():
            (found,) = results[field].iloc[[int(wrong.argmax())]].tolist()
            raise ValueError(f"{place}: the results hold {field} {found!r}, which {why}.")


def _rank_blocks(setting: Setting, depth: int, score: Callable[[slice], np.ndarray], cells: int) -> Ranks:
    """Ranks of a setting, a block of queries at a time. Score columns are in ascending order of docno."""
    size = max(1, cells // depth)
    ranks = []
    for start in range(0, len(setting.qids), size):
        scores = score(slice(start, start + size))
        low, high = np.searchsorted(setting.query, [start, start + size])
        # trec_eval holds scores in single precision: what differs only beyond it is a tie there.
        with np.errstate(over="ignore"):
            scores = scores.astype(np.float32, copy=False)
        ranks.append(count_ranks(scores, setting.query[low:high] - start, setting.column[low:high]))
    rank, msmarco_rank = (np.concatenate(parts) for parts in zip(*ranks, strict=True))
    return Ranks(
        query=setting.query,
        relevance=setting.relevance,
        rank=rank,
        msmarco_rank=msmarco_rank,
        queries=len(setting.qids),
        depth=depth,
    )
