"""Systems for the grid besides encoders and functions: run files, and pipelines around an encoder."""

import bz2
import csv
import gzip
import lzma
import math
import os
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.retrieval.frames import vectors_of
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.suggestions import did_you_mean

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_COLUMNS = {"qid": str, "iter": str, "docno": str, "rank": int, "score": float, "name": str}


class Runs:
    """A system whose rankings are in files, one TREC run for each setting.

    Documents that a file does not rank count as not retrieved. Queries of a file that the setting does not have are
    left out.

    Args:
        files: A pattern with ``{doc_lang}``, ``{query_lang}`` or ``{id}``, or a dictionary from dataset IDs to files.
            Files that end in ``.gz``, ``.bz2`` or ``.xz`` are decompressed, and are read in place of a file without
            this ending that is not there; if nothing is in them, nothing was retrieved. The ``doc_lang`` of the pool
            is ``multi``.

    Raises:
        ValueError: A pattern that names one file for all settings, or with an unknown field; an empty dictionary.
        TypeError: Neither a pattern nor a dictionary of paths.

    Example:
        >>> Runs("runs/{doc_lang}.{query_lang}.trec").path("xquad-r/de/en", doc_lang="de", query_lang="en").as_posix()
        'runs/de.en.trec'
    """

    def __init__(self, files: str | os.PathLike | Mapping[str, str | os.PathLike]) -> None:
        self.files: str | dict[str, str | os.PathLike]
        paths = list(files.values()) if isinstance(files, Mapping) else [files]
        for path in paths:
            if not isinstance(path, str | os.PathLike):
                raise TypeError(
                    f"Runs: {short_repr(path)} is {type(path).__name__}, not a path; give a pattern such as "
                    "'runs/{doc_lang}.{query_lang}.trec', or a dictionary from dataset IDs to files"
                )
        if not paths:
            raise ValueError("Runs: the dictionary is empty; give a file for each setting")
        self.files = dict(files) if isinstance(files, Mapping) else os.fspath(files)
        if isinstance(self.files, str):
            names = [self.path("id", doc_lang=f"{number}d", query_lang=f"{number}q") for number in (0, 1)]
            if names[0] == names[1] and "{id}" not in self.files:
                raise ValueError(
                    f"Runs: {self.files!r} is one file for all settings; "
                    "write {doc_lang} and {query_lang}, or {id}, where they differ"
                )

    def path(self, dataset_id: str, *, doc_lang: str, query_lang: str) -> Path:
        """Return the file of a setting, or the compressed file that is there in its place.

        Args:
            dataset_id: Its ir_datasets ID, such as ``xquad-r/de/en``.
            doc_lang: The language of its documents, or ``multi``.
            query_lang: The language of its queries.

        Raises:
            ValueError: The dictionary does not contain this setting, or the pattern has an unknown field.
        """
        if not isinstance(self.files, str):
            if dataset_id not in self.files:
                hint = did_you_mean(dataset_id, self.files)
                raise ValueError(f"Runs: there is no file for {dataset_id!r}, only for {', '.join(self.files)}{hint}")
            return _or_compressed(Path(self.files[dataset_id]))
        try:
            path = Path(self.files.format(id=dataset_id, doc_lang=doc_lang, query_lang=query_lang))
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            raise ValueError(
                f"Runs: {self.files!r} cannot be filled in ({error!r}); its fields are {{id}}, {{doc_lang}} and "
                "{query_lang}"
            ) from error
        return _or_compressed(path)

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
            ValueError: The file is empty, damaged or not a run; the message names the first bad line.
        """
        path = self.path(dataset_id, doc_lang=doc_lang, query_lang=query_lang)
        if not path.is_file():
            problem = "is a folder, not a file" if path.is_dir() else "is not there"
            raise FileNotFoundError(f"Runs: {path} {problem}; {dataset_id} needs a run")
        run = _read_run(path)
        if run is None:
            # The parser of pandas is fast, but does not say which line is wrong.
            number, problem = _first_problem(path)
            raise ValueError(
                f"Runs: {path} is no run of TREC's six columns (qid, Q0, docno, rank, score, name): line {number}: "
                f"{problem}"
            )
        # A compressed file has a checksum: without a line, it says that nothing was retrieved.
        if not len(run) and path.suffix not in _OPENERS:
            raise ValueError(f"Runs: {path} is empty; write the run of {dataset_id} again")
        return run.drop(columns="iter")

    def __repr__(self) -> str:
        return f"Runs({self.files!r})"


def _or_compressed(path: Path) -> Path:
    if path.exists():
        return path
    compressed = (path.with_name(path.name + ending) for ending in _OPENERS)
    return next((file for file in compressed if file.is_file()), path)


def _read_run(path: Path) -> pd.DataFrame | None:
    """Read a run file; None if a line of it is not a result."""
    try:
        with _decompressed(path) as file, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # An id may be NA or contain a quotation mark.
            run = pd.read_csv(
                file, sep=r"\s+", names=list(_COLUMNS), dtype=_COLUMNS, index_col=False, quoting=csv.QUOTE_NONE,
                na_filter=False, encoding="utf-8",
            )  # fmt: skip
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        # Errors of the system have a number, those of decompressors have none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"Runs: {path} cannot be decompressed ({error}); copy it again") from None
    except (ValueError, OverflowError, pd.errors.ParserWarning):
        return None
    # pandas pads lines that are too short, such as the last one of a file that was cut off.
    return None if (run["name"] == "").any() else run


def _first_problem(path: Path) -> tuple[int, str]:
    """Return the number of the first line of a run file that is not a result, and what is wrong with it."""
    number = 0
    with _decompressed(path) as file:
        for number, line in enumerate(file, start=1):
            for problem in _problems(line):
                return number, problem
    return max(number, 1), "the file cannot be parsed"


def _problems(line: bytes) -> Iterator[str]:
    try:
        fields = line.decode("utf-8-sig").split()
    except UnicodeDecodeError as error:
        yield f"byte {error.start} is not UTF-8; save the file as UTF-8"
        return
    shown = line.decode("utf-8-sig").strip()[:80]
    if "\0" in shown:
        yield "it has zero bytes; copy the file again"
    elif fields and len(fields) != len(_COLUMNS):
        yield f"{shown!r} has {len(fields)} fields"
    elif fields:
        for name, value in (("rank", fields[3]), ("score", fields[4])):
            try:
                number = float(value)
            except ValueError:
                yield f"its {name} {value!r} is not a number"
                continue
            if math.isnan(number):
                yield f"its {name} is not a number (NaN)"
            elif name == "rank" and not (number.is_integer() and abs(number) < 2**63):
                yield f"its rank {value!r} is not a whole number"


def _decompressed(path: Path) -> IO[bytes]:
    file: IO[bytes] = _OPENERS.get(path.suffix, open)(path, "rb")  # type: ignore[operator]
    return file


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
    if not isinstance(output, pd.DataFrame):
        raise TypeError(f"VectorPipelines: {pipeline!r} gave a {type(output).__name__}; it must return a DataFrame")
    missing = {id_column, vector_column} - set(output.columns)
    if missing:
        raise ValueError(f"VectorPipelines: {pipeline!r} gives no column {', '.join(sorted(missing))}")
    vectors = output.set_index(id_column)[vector_column]
    if len(vectors) != len(ids) or not vectors.index.is_unique or not vectors.index.isin(ids).all():
        raise ValueError(f"VectorPipelines: {pipeline!r} gave {len(vectors)} rows for {len(ids)}; give one for each")
    if not ids:
        return np.empty((0, 0), np.float32)
    frame = pd.DataFrame({text_column: list(texts), vector_column: vectors.loc[ids].tolist()})
    return vectors_of(frame, vector_column, name=text_column)
