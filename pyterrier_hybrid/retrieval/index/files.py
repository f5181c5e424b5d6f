"""The folder of a dense index: what is in it, written in one pass and read by mapping it into memory."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa

META = "pt_meta.json"
DOCUMENTS = "documents.arrow"
VECTORS = "vectors.npy"
SEARCH = "search.faiss"
# Indexes were two files before there were kinds: faiss's own, and the documents as JSON.
_OLD_VECTORS = "vectors.faiss"
_OLD_DOCUMENTS = "documents.json"


@dataclass
class Stored:
    """An index that was opened; what is large stays in the files until it is asked for.

    Attributes:
        path: its folder.
        kind: exact, hnsw, ivf or ivfpq.
        dim: values of a vector.
        docnos: of every document.
        languages: that occur, sorted.
        lang: int16 [n]: each document's language by its place in ``languages``; -1 without one.
        parameters: it was built with.
        matrix: float32 [n, dim], where the vectors are there as such.
        index: faiss's own, of kinds that are not exact.
    """

    path: Path
    kind: str
    dim: int
    docnos: pa.LargeStringArray
    languages: list[str]
    lang: np.ndarray
    parameters: dict[str, Any] = field(default_factory=dict)
    matrix: np.ndarray | None = None
    index: faiss.Index | None = None

    def __len__(self) -> int:
        return len(self.docnos)

    @property
    def lossless(self) -> bool:
        """Whether the vectors are known as they were given."""
        return self.kind != "ivfpq" or self.matrix is not None

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors themselves are a file of the index."""
        return self.kind == "exact" or (self.kind == "ivfpq" and self.lossless)

    def rows(self, positions: np.ndarray) -> np.ndarray:
        """The vectors of documents, ``[len(positions), dim]``, approximated if the index is not lossless."""
        if self.matrix is not None:
            return self.matrix[positions]
        return self._readable.reconstruct_batch(np.ascontiguousarray(positions, np.int64))

    def langs(self, start: int, stop: int) -> list[str | None]:
        """The languages of some documents."""
        return [self.languages[code] if code >= 0 else None for code in self.lang[start:stop].tolist()]

    @cached_property
    def _readable(self) -> faiss.Index:
        # Eight bytes a document, which searches do not need.
        self.index.make_direct_map()
        return self.index


def open_index(path: Path, *, artifact_format: str, mapped: bool = True) -> Stored:
    """Opens an index.

    Args:
        path: its folder.
        artifact_format: that it must have.
        mapped: read faiss's file through a memory map, which cannot be added to.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is another artifact, or damaged.
    """
    if not (path / META).exists():
        raise FileNotFoundError(f"there is no index at {path}: build it with .indexer().index(documents)")
    with _intact(path):
        meta = json.loads((path / META).read_text(encoding="utf-8"))
    if meta.get("format") != artifact_format:
        raise ValueError(f"{path} holds {meta.get('format')!r}, not a {artifact_format!r} index")
    with _intact(path):
        if "kind" not in meta:
            return _open_old(path)
        docnos, languages, lang = _read_documents(path / DOCUMENTS)
        stored = Stored(path, meta["kind"], meta["dim"], docnos, languages, lang, meta["parameters"])
        lengths = {"docnos": len(docnos), META: meta["count"]}
        if meta["kind"] != "exact":
            stored.index = _read_faiss(path / SEARCH, meta["kind"], mapped)
            lengths[SEARCH] = stored.index.ntotal
        if (path / VECTORS).exists() or meta["kind"] == "exact":
            stored.matrix = np.load(path / VECTORS, mmap_mode="r", allow_pickle=False)
            lengths[VECTORS] = len(stored.matrix)
        elif meta["kind"] == "hnsw":
            stored.matrix = _vectors_of(faiss.downcast_index(stored.index.storage))
        if len(set(lengths.values())) > 1:
            raise _MismatchError(", ".join(f"{count} in {name}" for name, count in lengths.items()))
        if stored.matrix is not None and stored.matrix.shape[1:] != (stored.dim,):
            raise _MismatchError(f"{stored.dim} dimensions in {META}, vectors of the shape {stored.matrix.shape}")
    return stored


def write_meta(folder: Path, **content: Any) -> None:
    """Writes what is known of an index."""
    (folder / META).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_documents(folder: Path, docnos: Sequence[str], langs: Sequence[str | None]) -> None:
    """Writes docnos and languages."""
    columns = {
        "docno": pa.array(docnos, pa.large_string()),
        "lang": pa.array(langs, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
    }
    table = pa.table(columns)
    with pa.OSFile(str(folder / DOCUMENTS), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


class VectorFile:
    """A .npy file of float32 rows whose number shows only at the end."""

    def __init__(self, path: Path) -> None:
        """Begin the file."""
        self.path = path
        self.dim: int | None = None
        self.count = 0
        self._file = open(path, "w+b")  # noqa: SIM115 - closed by finish()

    def append(self, vectors: np.ndarray) -> None:
        """Write rows, all of one width."""
        if self.dim is None:
            self.dim = vectors.shape[1]
            self._write_header()
        self.count += len(vectors)
        self._file.write(np.ascontiguousarray(vectors, "<f4").tobytes())

    def finish(self) -> np.ndarray:
        """Complete the file, and map it."""
        self._file.seek(0)
        self._write_header()
        self.close()
        return np.load(self.path, mmap_mode="r", allow_pickle=False)

    def close(self) -> None:
        """Let go of the file, complete or not."""
        self._file.close()

    def _write_header(self) -> None:
        # numpy pads headers so that the first axis may grow.
        header = {"descr": "<f4", "fortran_order": False, "shape": (self.count, self.dim)}
        np.lib.format.write_array_header_1_0(self._file, header)


class _MismatchError(ValueError):
    """Files that do not belong together."""


@contextmanager
def _intact(path: Path) -> Iterator[None]:
    # faiss raises RuntimeError for whatever it cannot read, numpy ValueError and EOFError, Arrow its own.
    try:
        yield
    except (RuntimeError, ValueError, EOFError, OSError, KeyError, pa.ArrowException) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path} is damaged: {reason}: build it anew") from error


def _read_documents(path: Path) -> tuple[pa.LargeStringArray, list[str], np.ndarray]:
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    codes = table["lang"].combine_chunks()
    codes = codes.chunk(0) if isinstance(codes, pa.ChunkedArray) else codes
    docnos = table["docno"].combine_chunks()
    docnos = docnos.chunk(0) if isinstance(docnos, pa.ChunkedArray) else docnos
    return docnos, *_sorted_languages(codes)


def _sorted_languages(codes: pa.DictionaryArray) -> tuple[list[str], np.ndarray]:
    names = codes.dictionary.to_pylist()
    languages = sorted(names)
    place = np.array([languages.index(name) for name in names] + [-1], np.int16)
    # A missing language has the code -1, the last of the places.
    return languages, place[codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def _read_faiss(path: Path, kind: str, mapped: bool) -> faiss.Index:
    if not path.exists():
        raise _MismatchError(f"{path.name} is missing")
    flags = 0
    if mapped:
        flags = faiss.IO_FLAG_MMAP_IFC if kind == "hnsw" else faiss.IO_FLAG_MMAP
    return faiss.read_index(str(path), flags)


def _vectors_of(storage: faiss.Index) -> np.ndarray:
    """The vectors of a flat faiss index, which must live as long as they do."""
    return faiss.rev_swig_ptr(storage.get_xb(), storage.ntotal * storage.d).reshape(storage.ntotal, storage.d)


def _open_old(path: Path) -> Stored:
    index = faiss.read_index(str(path / _OLD_VECTORS), faiss.IO_FLAG_MMAP_IFC)
    documents = json.loads((path / _OLD_DOCUMENTS).read_text(encoding="utf-8"))
    if not index.ntotal == len(documents["docno"]) == len(documents["lang"]):
        raise _MismatchError(f"{index.ntotal} vectors, but {len(documents['docno'])} docnos")
    languages, lang = _sorted_languages(pa.array(documents["lang"], pa.string()).dictionary_encode())
    docnos = pa.array(documents["docno"], pa.large_string())
    return Stored(path, "exact", index.d, docnos, languages, lang, matrix=_vectors_of(index), index=index)
