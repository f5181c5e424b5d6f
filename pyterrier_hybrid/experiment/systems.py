"""Systems for the grid besides encoders and functions: run files, and pipelines around an encoder."""

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

    Documents that a file does not rank count as not retrieved. Queries of a file that the setting does not have are
    left out.

    Args:
        files: A pattern with ``{doc_lang}``, ``{query_lang}`` or ``{id}``, or a dictionary from dataset IDs to files.
            Files that end in ``.gz`` are decompressed. The ``doc_lang`` of the pool is ``multi``.

    Raises:
        ValueError: A pattern that names one file for all settings, or with an unknown field.

    Example:
        >>> Runs("runs/{doc_lang}.{query_lang}.trec").path("xquad-r/de/en", doc_lang="de", query_lang="en").as_posix()
        'runs/de.en.trec'
    """

    def __init__(self, files: str | os.PathLike | Mapping[str, str | os.PathLike]) -> None:
        self.files: str | dict[str, str | os.PathLike]
        self.files = dict(files) if isinstance(files, Mapping) else os.fspath(files)
        if isinstance(self.files, str):
            names = [self.path("id", doc_lang=f"{number}d", query_lang=f"{number}q") for number in (0, 1)]
            if names[0] == names[1] and "{id}" not in self.files:
                raise ValueError(
                    f"Runs: {self.files!r} is one file for all settings; "
                    "write {doc_lang} and {query_lang}, or {id}, where they differ"
                )

    def path(self, dataset_id: str, *, doc_lang: str, query_lang: str) -> Path:
        """Return the file of a setting.

        Args:
            dataset_id: Its ir_datasets ID, such as ``xquad-r/de/en``.
            doc_lang: The language of its documents, or ``multi``.
            query_lang: The language of its queries.

        Raises:
            ValueError: The dictionary does not contain this setting, or the pattern has an unknown field.
        """
        if not isinstance(self.files, str):
            if dataset_id not in self.files:
                raise ValueError(f"Runs: there is no file for {dataset_id!r}, only for {', '.join(self.files)}")
            return Path(self.files[dataset_id])
        try:
            return Path(self.files.format(id=dataset_id, doc_lang=doc_lang, query_lang=query_lang))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"Runs: {self.files!r} cannot be filled in ({error!r}); its fields are {{id}}, {{doc_lang}} and "
                "{query_lang}"
            ) from error

    def read(self, dataset_id: str, *, doc_lang: str, query_lang: str) -> pd.DataFrame:
        """Read the run of a setting.

        Args:
            dataset_id: Its ir_datasets ID.
            doc_lang: The language of its documents, or ``multi``.
            query_lang: The language of its queries.

        Returns:
            Columns qid, docno, rank, score, name.

        Raises:
            FileNotFoundError: The file does not exist.
            ValueError: The file is not a run.
        """
        path = self.path(dataset_id, doc_lang=doc_lang, query_lang=query_lang)
        if not path.exists():
            raise FileNotFoundError(f"Runs: {path} is not there; {dataset_id} needs a run")
        columns = {"qid": str, "iter": str, "docno": str, "rank": int, "score": float, "name": str}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                # IDs may be "NA" or contain quotation marks.
                run = pd.read_csv(
                    path, sep=r"\s+", names=list(columns), dtype=columns, index_col=False, quoting=csv.QUOTE_NONE,
                    na_filter=False,
                )  # fmt: skip
        except (ValueError, pd.errors.ParserWarning) as error:
            raise ValueError(
                f"Runs: {path} is no run of TREC's six columns (qid, Q0, docno, rank, score, name): {error}"
            ) from None
        return run.drop(columns="iter")

    def __repr__(self) -> str:
        return f"Runs({self.files!r})"


class VectorPipelines:
    """A system of two pipelines: one that adds ``query_vec`` to queries, one that adds ``doc_vec`` to documents.

    Use it for steps around an encoder, such as query expansion before it or a change of vectors after it. Scores are
    inner products; the grid computes exact ranks from them as it does for an encoder.

    Args:
        queries: A PyTerrier transformer that is given qid, query and lang.
        documents: A PyTerrier transformer that is given docno, text and lang.

    Raises:
        TypeError: One of the two is not a transformer.

    Example:
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
        for name, pipeline in (("queries", queries), ("documents", documents)):
            if not hasattr(pipeline, "transform"):
                raise TypeError(f"VectorPipelines: {name} is a {type(pipeline).__name__}, not a PyTerrier transformer")
        self.queries = queries
        self.documents = documents

    def encode_queries(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Encode queries, each in its language: float32 ``[n, dim]``."""
        return _vectors(self.queries, "qid", "query", "query_vec", texts, langs)

    def encode_documents(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        """Encode documents, each in its language: float32 ``[n, dim]``."""
        return _vectors(self.documents, "docno", "text", "doc_vec", texts, langs)

    def __repr__(self) -> str:
        return f"VectorPipelines({self.queries!r}, {self.documents!r})"


def _vectors(
    pipeline: Any, id_column: str, text_column: str, vector_column: str, texts: Sequence[str], langs: Sequence[str]
) -> np.ndarray:
    ids = [str(number) for number in range(len(texts))]
    output = pipeline.transform(pd.DataFrame({id_column: ids, text_column: list(texts), "lang": list(langs)}))
    missing = {id_column, vector_column} - set(output.columns)
    if missing:
        raise ValueError(f"VectorPipelines: {pipeline!r} gives no column {', '.join(sorted(missing))}")
    vectors = output.set_index(id_column)[vector_column]
    if len(vectors) != len(ids) or not vectors.index.is_unique or not vectors.index.isin(ids).all():
        raise ValueError(f"VectorPipelines: {pipeline!r} gave {len(vectors)} rows for {len(ids)}; give one for each")
    return np.stack(vectors.loc[ids].tolist()).astype(np.float32)
