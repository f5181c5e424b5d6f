"""Writes a dense index: checks the documents, spools their vectors to a file, and builds a faiss index from it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import faiss
import numpy as np

from pyterrier_hybrid.retrieval.index.files import (
    FAISS,
    VECTORS,
    NativeIndex,
    OpenIndex,
    VectorFile,
    write_documents,
    write_meta,
)
from pyterrier_hybrid.retrieval.index.kinds import BuildOptions, build, extend
from pyterrier_hybrid.retrieval.index.sources import BLOCK, Block, index_blocks
from pyterrier_hybrid.retrieval.stored_texts import TEXTS, TextFile
from pyterrier_hybrid.retrieval.vectors import find_unusable
from pyterrier_hybrid.text.languages import canonical_language


def write_index(
    folder: Path,
    blocks: Iterable[Block],
    options: BuildOptions,
    base: OpenIndex | None,
    artifact: Mapping[str, str],
    *,
    store_text: bool = False,
) -> None:
    """Write an index into an empty folder.

    Args:
        folder: The folder.
        blocks: Documents.
        options: Kind and options of a new index.
        base: An index that the documents are added to; its kind and parameters are kept.
        artifact: Type of the artifact, for PyTerrier's metadata file.
        store_text: Keep the texts; the blocks, and the index that is extended, must have them.

    Raises:
        ValueError: There are no documents, a docno occurs twice, or a vector has another dimension or is not finite.
        TypeError: A docno or a language is not a string.
    """
    names = _Names(base)
    spool = VectorFile(folder / VECTORS)
    text_file = TextFile(folder / TEXTS) if store_text else None
    try:
        keeps_vectors = base.keeps_vectors if base else options.keeps_vectors
        # Without a file of vectors, the vectors of the base are already in its faiss index.
        for block in index_blocks(base) if base and keeps_vectors else ():
            spool.append(block.vectors)
        if base and text_file:
            for start in range(0, len(base), BLOCK):
                text_file.append(base.take_texts(np.arange(start, min(start + BLOCK, len(base)))))
        for block in blocks:
            names.add(block.docnos, block.langs)
            _check_vectors(block.docnos, block.vectors, base.dim if base else spool.dim)
            spool.append(block.vectors)
            if text_file:
                if block.texts is None:
                    raise ValueError("store_text=True needs the texts: index dicts or a frame with text and doc_vec")
                text_file.append(block.texts)
        if not names.docnos:
            raise ValueError("there is no document to index")
        if base and spool.dim is None:
            spool.append(np.empty((0, base.dim), np.float32))
        vectors = spool.finish()
    finally:
        spool.close()
        if text_file:
            text_file.close()
    dim = vectors.shape[1]
    native: NativeIndex = None
    if base:
        kind, parameters, native = base.kind, base.parameters, base.native
        if kind != "exact":
            extend(native, vectors[len(base) :] if keeps_vectors else vectors, threads=options.threads)
    else:
        kind, parameters = options.kind, options.parameters(len(vectors), dim)
        if kind != "exact":
            native = build(kind, vectors, parameters)
    if kind != "exact":
        faiss.write_index(native, str(folder / FAISS))
    # Windows cannot delete a file that is mapped.
    del vectors
    if not keeps_vectors:
        (folder / VECTORS).unlink()
    write_documents(folder, list(names.docnos), names.langs)
    meta = {**artifact, "kind": kind, "count": len(names.docnos), "dim": dim, "parameters": parameters}
    write_meta(folder, meta, native)


class _Names:
    """Docnos and languages, checked as they are added."""

    def __init__(self, base: OpenIndex | None) -> None:
        known: list[str] = base.docnos.to_pylist() if base else []
        self.docnos = {docno: position for position, docno in enumerate(known)}
        self.langs = base.langs(0, len(base)) if base else []

    def add(self, docnos: Sequence[str], langs: Sequence[str | None]) -> None:
        for docno, lang in zip(docnos, langs, strict=True):
            if not isinstance(docno, str):
                raise TypeError(f"docno {docno!r} is a {type(docno).__name__}: ids must be str")
            if docno in self.docnos:
                raise ValueError(f"docno {docno!r} comes twice: documents {self.docnos[docno]} and {len(self.docnos)}")
            if lang is not None and lang != lang:
                # Frames write a missing language as NaN.
                lang = None
            if lang is not None and not isinstance(lang, str):
                raise TypeError(f"lang of {docno!r} is {lang!r}, a {type(lang).__name__}: it must be a str")
            self.docnos[docno] = len(self.docnos)
            self.langs.append(canonical_language(lang) if lang else None)


def _check_vectors(docnos: Sequence[str], vectors: np.ndarray, dim: int | None) -> None:
    if dim is not None and vectors.shape[1] != dim:
        raise ValueError(f"doc_vec of {docnos[0]!r} has the shape {vectors.shape[1:]}, expected ({dim},)")
    unusable = find_unusable(vectors)
    if unusable:
        raise ValueError(f"doc_vec of {docnos[unusable[0]]!r} {unusable[1]}")
