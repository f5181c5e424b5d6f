"""Systems of the grid that are not encoders, strings or functions: files of runs, and pipelines of vectors."""

import csv
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


class Runs:
    """A system whose rankings are in files, one TREC run for each setting.

    What a file does not rank counts as not found. Queries of a file that the setting does not have are left out.

    Args:
        files: A pattern with ``{doc_lang}``, ``{query_lang}`` or ``{id}``, or a dictionary from dataset IDs to files.
            Files that end in ``.gz`` are decompressed. The pool's `doc_lang` is ``multi``.

    Raises:
        ValueError: A pattern that names one file for all settings, or with an unknown field.

    >>> Runs("runs/{doc_lang}.{query_lang}.trec").path("xquad-r/de/en", doc_lang="de", query_lang="en").as_posix()
    'runs/de.en.trec'
    """

    def __init__(self, files: str | os.PathLike | Mapping[str, str | os.PathLike]) -> None:
        """Names the files; nothing is read until an experiment asks."""
        self.files = dict(files) if isinstance(files, Mapping) else os.fspath(files)
        if isinstance(self.files, str):
            names = [self.path("id", doc_lang=f"{at}d", query_lang=f"{at}q") for at in (0, 1)]
            if names[0] == names[1] and "{id}" not in self.files:
                raise ValueError(
                    f"Runs: {self.files!r} is one file for all settings; "
                    "write {doc_lang} and {query_lang}, or {id}, where they differ."
                )

    def path(self, dataset_id: str, *, doc_lang: str, query_lang: str) -> Path:
        """The file of a setting.

        Args:
            dataset_id: Its ir_datasets ID, such as ``xquad-r/de/en``.
            doc_lang: The language of its documents, or ``multi``.
            query_lang: The language of its queries.

        Raises:
            ValueError: The dictionary does not name this setting, or the pattern has an unknown field.
        """
        if not isinstance(self.files, str):
            if dataset_id not in self.files:
                raise ValueError(f"Runs: there is no file for {dataset_id!r}, only for {', '.join(self.files)}.")
            return Path(self.files[dataset_id])
        try:
            return Path(self.files.format(id=dataset_id, doc_lang=doc_lang, query_lang=query_lang))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"Runs: {self.files!r} cannot be filled in ({error!r}); its fields are {{id}}, {{doc_lang}} and "
                "{query_lang}."
            ) from error

    def read(self, dataset_id: str, *, doc_lang: str, query_lang: str) -> pd.DataFrame:
        """The run of a setting: columns qid, docno, score and others.

        Raises:
            FileNotFoundError: The file is not there.
            ValueError: It is no run.
        """
        path = self.path(dataset_id, doc_lang=doc_lang, query_lang=query_lang)
        if not path.exists():
            raise FileNotFoundError(f"Runs: {path} is not there; {dataset_id} needs a run.")
        names = {"qid": str, "iter": str, "docno": str, "rank": int, "score": float, "name": str}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                # An id may be NA or have a quotation mark.
                found = pd.read_csv(
                    path, sep=r"\s+", names=list(names), dtype=names, index_col=False, quoting=csv.QUOTE_NONE,
                    na_filter=False,
                )  # fmt: skip
        except (ValueError, pd.errors.ParserWarning) as error:
            raise ValueError(
                f"Runs: {path} is no run of TREC's six columns (qid, Q0, docno, rank, score, name): {error}"
            ) from None
        return found.drop(columns="iter")

    def __repr__(self) -> str:
        return f"Runs({self.files!r})"


class VectorPipelines:
    """A system of two pipelines: one that adds ``query_vec`` to queries, one that adds ``doc_vec`` to documents.

    It is for what stands around an encoder: query expansion before it, a change of vectors after it. Scores are inner
    products; the grid computes exact ranks from them as it does for an encoder.

    Args:
        queries: A PyTerrier transformer that is given qid, query and lang.
        documents: A PyTerrier transformer that is given docno, text and lang.

    Raises:
        TypeError: One of the two is not a transformer.

    >>> import pyterrier as pt
    >>> from pyterrier_hybrid import DenseEncoder
    >>> encoder = DenseEncoder.from_scratch(["ein Haus", "a house"], dim=8, vocab_size=40)
    >>> lower = pt.apply.query(lambda row: row["query"].lower())
    >>> system = VectorPipelines(lower >> encoder.query_encoder(), encoder.doc_encoder())
    >>> system.encode_queries(["A HOUSE"], ["en"]).shape
    (1, 8)
    """

    wants_languages = True

    def __init__(self, queries: Any, documents: Any) -> None:
        """Takes the pipelines."""
        for name, pipeline in (("queries", queries), ("documents", documents)):
            if not hasattr(pipeline, "transform"):
                raise TypeError(f"VectorPipelines: {name} is a {type(pipeline).__name__}, not a PyTerrier transformer.")
        self.queries = queries
        self.documents = documents

    def encode_queries(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Vectors of queries: float32 ``[n, dim]``."""
        return _vectors(self.queries, "qid", "query", "query_vec", texts, langs)

    def encode_documents(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Vectors of documents: float32 ``[n, dim]``."""
        return _vectors(self.documents, "docno", "text", "doc_vec", texts, langs)

    def __repr__(self) -> str:
        return f"VectorPipelines({self.queries!r}, {self.documents!r})"


def _vectors(pipeline: Any, key: str, text: str, result: str, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
    names = [str(number) for number in range(len(texts))]
    found = pipeline.transform(pd.DataFrame({key: names, text: list(texts), "lang": list(langs)}))
    missing = {key, result} - set(found.columns)
    if missing:
        raise ValueError(f"VectorPipelines: {pipeline!r} gives no column {', '.join(sorted(missing))}.")
    found = found.set_index(key)[result]
    if len(found) != len(names) or not found.index.is_unique or not found.index.isin(names).all():
        raise ValueError(f"VectorPipelines: {pipeline!r} gave {len(found)} rows for {len(names)}; give one for each.")
    return np.stack(found.loc[names].tolist()).astype(np.float32)
