"""How :class:`FaissIndex` is built and added to: documents checked, their vectors spooled, an index made of them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.index.files import (
    SEARCH,
    VECTORS,
    Stored,
    VectorFile,
    open_index,
    write_documents,
    write_meta,
)
from pyterrier_hybrid.retrieval.index.kinds import Choices, build, extend
from pyterrier_hybrid.retrieval.index.sources import Block, document_blocks, stored_blocks
from pyterrier_hybrid.utils.files import whole_folder

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.index.faiss_index import FaissIndex


class FaissIndexer(pt.Indexer):
    """Builds an index, or adds to one; made by :meth:`FaissIndex.indexer`."""

    schematic = {"label": "Faiss indexer", "help_url": None}

    def __init__(self, index: "FaissIndex", choices: Choices, *, mode: str) -> None:
        """Write ``index``."""
        super().__init__()
        self.index_ref = index
        self.choices = choices
        self.mode = mode

    def index_inputs(self) -> list[list[str]]:
        """The columns of documents, for inspection."""
        return [["docno", "doc_vec", "lang"], ["docno", "doc_vec"]]

    def index(self, inp: Iterable[Mapping[str, Any]] | pd.DataFrame) -> "FaissIndex":
        """Write the index, whole or not at all.

        Args:
            inp: documents as dicts or a frame, with ``docno`` (str), ``doc_vec`` (``[dim]``) and, optionally, ``lang``.

        Returns:
            The index.

        Raises:
            FileExistsError: the index is there already.
            FileNotFoundError: the index that is to be added to is not there.
            ValueError: there is no document, a docno comes twice, or a vector has another dimension or is not finite.
            TypeError: a docno or a language is not a string.
        """
        documents = inp.to_dict("records") if isinstance(inp, pd.DataFrame) else inp
        return self.index_blocks(document_blocks(documents))

    def index_blocks(self, blocks: Iterable[Block]) -> "FaissIndex":
        """As :meth:`index`, from whole arrays."""
        path = self.index_ref.path
        base = None
        if self.mode == "append":
            base = open_index(path, artifact_format=self.index_ref.ARTIFACT_FORMAT, mapped=False)
        elif path.exists() and self.mode != "overwrite":
            raise FileExistsError(f"{path} exists: choose another folder, or pass overwrite=True to indexer()")
        with whole_folder(path, overwrite=self.mode != "create") as folder:
            _write(folder, blocks, self.choices, base, type(self.index_ref))
        self.index_ref.forget()
        return self.index_ref

    def __repr__(self) -> str:
        return f"{self.index_ref!r}.indexer(kind={self.choices.kind!r}, mode={self.mode!r})"


class _Names:
    """Docnos and languages, checked as they come."""

    def __init__(self, base: Stored | None) -> None:
        known = base.docnos.to_pylist() if base else []
        self.docnos = {docno: number for number, docno in enumerate(known)}
        self.langs = base.langs(0, len(base)) if base else []

    def add(self, docnos: Sequence[str], langs: Sequence[str | None]) -> None:
        for docno, lang in zip(docnos, langs, strict=True):
            if not isinstance(docno, str):
                raise TypeError(f"docno {docno!r} is a {type(docno).__name__}: ids must be str")
            if docno in self.docnos:
                raise ValueError(f"docno {docno!r} comes twice: documents {self.docnos[docno]} and {len(self.docnos)}")
            if lang is not None and lang != lang:
                lang = None
            if lang is not None and not isinstance(lang, str):
                raise TypeError(f"lang of {docno!r} is {lang!r}, a {type(lang).__name__}: it must be a str")
            self.docnos[docno] = len(self.docnos)
            self.langs.append(lang or None)


def _write(
    folder: Path, blocks: Iterable[Block], choices: Choices, base: Stored | None, kind_of: type["FaissIndex"]
) -> None:
    names = _Names(base)
    kind = base.kind if base else choices.kind
    keeps = base.keeps_vectors if base else choices.keeps_vectors
    old = len(base) if base else 0
    spool = VectorFile(folder / VECTORS)
    try:
        # Vectors that are a file of the index are written anew; others are in faiss's own file already.
        for _, _, vectors in stored_blocks(base) if base and keeps else ():
            spool.append(vectors)
        for docnos, langs, vectors in blocks:
            names.add(docnos, langs)
            _check(docnos, vectors, base.dim if base else spool.dim)
            spool.append(vectors)
        if not names.docnos:
            raise ValueError("there is no document to index")
        if spool.dim is None:
            spool.append(np.empty((0, base.dim), np.float32))
        vectors = spool.finish()
    finally:
        spool.close()
    parameters = base.parameters if base else choices.with_defaults(len(vectors), vectors.shape[1])
    if kind != "exact":
        if base:
            index = base.index
            extend(index, vectors[old:] if keeps else vectors, threads=choices.threads)
        else:
            index = build(kind, vectors, parameters)
        faiss.write_index(index, str(folder / SEARCH))
    dim = vectors.shape[1]
    del vectors
    if not keeps:
        (folder / VECTORS).unlink()
    write_documents(folder, list(names.docnos), names.langs)
    write_meta(
        folder,
        type=kind_of.ARTIFACT_TYPE,
        format=kind_of.ARTIFACT_FORMAT,
        package_hint=kind_of.ARTIFACT_PACKAGE_HINT,
        kind=kind,
        count=len(names.docnos),
        dim=dim,
        parameters=parameters,
    )


def _check(docnos: Sequence[str], vectors: np.ndarray, dim: int | None) -> None:
    if dim is not None and vectors.shape[1] != dim:
        raise ValueError(f"doc_vec of {docnos[0]!r} has the shape {vectors.shape[1:]}, expected ({dim},)")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise ValueError(f"doc_vec of {docnos[int(finite.argmin())]!r} has a value that is not a finite number")
