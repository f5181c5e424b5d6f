"""The folder of a dense index: its layout, writing it in one pass, and opening it with memory maps."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.retrieval.stored_texts import TEXTS, StoredTexts, no_texts, unknown_docno
from pyterrier_hybrid.utils.arrays import read_npy
from pyterrier_hybrid.utils.checksums import (
    FileFacts,
    check_contents,
    check_sizes,
    checksum,
    file_facts,
    sealed,
    unsealed,
)
from pyterrier_hybrid.utils.files import put_back, read_whole
from pyterrier_hybrid.utils.json_files import read_json, write_json

META = "pt_meta.json"
DOCUMENTS = "documents.arrow"
VECTORS = "vectors.npy"
FAISS = "search.faiss"

# What metadata say at least of how an index was built.
_PARAMETERS = {
    "exact": (),
    "hnsw": ("neighbours", "ef_construction"),
    "ivf": ("lists",),
    "ivfpq": ("lists", "code_size", "bits"),
}
# Metadata of indexes that were written before there were checksums.
_KEYS_WITHOUT_CHECKSUMS = {"type", "format", "package_hint", "kind", "count", "dim", "parameters"}

NativeIndex = Any
"""An index of faiss, whose type stubs lack the type that ``read_index`` returns and most attributes."""


@dataclass
class OpenIndex:
    """An open index; large arrays stay in the files until they are read.

    Attributes:
        path: Its folder.
        kind: ``exact``, ``hnsw``, ``ivf`` or ``ivfpq``.
        dim: Dimension of the vectors.
        docnos: Docno of every document.
        languages: Languages that occur, sorted.
        lang_codes: int16 ``[n]``: Index into ``languages`` of each document; -1 without a language.
        parameters: Options that the index was built with; empty for exact indexes.
        matrix: float32 ``[n, dim]``: The vectors, if they are stored uncompressed and in order.
        native: The faiss index; ``None`` for exact indexes.
        texts: The texts, if the index keeps them.
    """

    path: Path
    kind: str
    dim: int
    docnos: pa.LargeStringArray
    languages: list[str]
    lang_codes: np.ndarray
    parameters: dict[str, Any] = field(default_factory=dict)
    matrix: np.ndarray | None = None
    native: NativeIndex = None
    texts: StoredTexts | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.docnos)

    @property
    def lossless(self) -> bool:
        """Whether the original vectors can be read back."""
        return self.kind != "ivfpq" or self.matrix is not None

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors are stored in a separate file."""
        return self.kind == "exact" or (self.kind == "ivfpq" and self.lossless)

    def vectors(self, positions: np.ndarray) -> np.ndarray:
        """Read vectors: float32 ``[len(positions), dim]``; approximations if the index is not lossless."""
        if self.matrix is not None:
            return self.matrix[positions]
        with _damage_reported(self.path):
            with self._lock:
                # Costs eight bytes a document, and exact searches do not need it.
                if self.native.direct_map.no():
                    self.native.make_direct_map()
            return self.native.reconstruct_batch(np.ascontiguousarray(positions, np.int64))

    def langs(self, start: int, stop: int) -> list[str | None]:
        """Return the languages of the documents from ``start`` to ``stop``."""
        return self.langs_at(np.arange(start, stop))

    def langs_at(self, positions: np.ndarray) -> list[str | None]:
        """Return the languages of documents by their positions."""
        return [self.languages[code] if code >= 0 else None for code in self.lang_codes[positions].tolist()]

    def take_texts(self, positions: np.ndarray) -> list[str]:
        """Read texts.

        Raises:
            ValueError: The index keeps no texts, or they are damaged.
        """
        if self.texts is None:
            raise no_texts(self.path)
        with _damage_reported(self.path):
            return self.texts.take(positions)

    def positions(self, docnos: Sequence[str]) -> np.ndarray:
        """Look up the positions of documents: int64 ``[len(docnos)]``; -1 for docnos that are not in the index."""
        names = pa.array(docnos, pa.large_string())
        wanted = pc.unique(names)
        # Usually few of millions of docnos are looked up: hashing only these is ten times as fast as hashing all.
        index_in_wanted = pc.index_in(self.docnos, value_set=wanted)
        found = np.flatnonzero(index_in_wanted.is_valid().to_numpy(zero_copy_only=False))
        position = np.full(len(wanted), -1)
        position[index_in_wanted.take(pa.array(found)).to_numpy()] = found
        return position[pc.index_in(names, value_set=wanted).to_numpy()]

    def known_positions(self, docnos: Sequence[str]) -> np.ndarray:
        """Look up positions as :meth:`positions` does; a docno that is not in the index is a ValueError."""
        positions = self.positions(docnos)
        if (positions < 0).any():
            raise unknown_docno(self.path, docnos, positions)
        return positions

    def texts_and_langs(self, docnos: Sequence[str]) -> tuple[list[str], list[str | None] | None]:
        """Return the texts of documents and, if the index has languages, their languages.

        Raises:
            ValueError: The index keeps no texts, they are damaged, or a docno is not in it.
        """
        positions = self.known_positions(docnos)
        return self.take_texts(positions), self.langs_at(positions) if self.languages else None


def open_index(path: Path, *, artifact_format: str, mapped: bool = True) -> OpenIndex:
    """Open an index.

    Args:
        path: Its folder.
        artifact_format: The artifact format that it must have.
        mapped: Map the faiss file into memory; documents cannot be added to a mapped index.

    Raises:
        FileNotFoundError: The index does not exist.
        ValueError: The folder holds another artifact, or is damaged.
    """
    return read_whole(path, META, lambda: _open(path, artifact_format, mapped))


def is_built(path: Path) -> bool:
    """Whether there is an index in a folder."""
    put_back(path)
    return (path / META).exists()


def verify_index(path: Path, *, artifact_format: str) -> None:
    """Compare all files of an index with their checksums.

    Args:
        path: Its folder.
        artifact_format: The artifact format that it must have.

    Raises:
        FileNotFoundError: The index does not exist.
        ValueError: The folder holds another artifact, or is damaged.
    """

    def verify() -> None:
        _open(path, artifact_format, mapped=True)
        with _damage_reported(path):
            check_contents(path, _facts(_read_meta(path, artifact_format)))

    read_whole(path, META, verify)


def write_meta(folder: Path, meta: Mapping[str, Any], native: NativeIndex) -> None:
    """Write the metadata, with checksums of all other files.

    Args:
        folder: Folder of the index, otherwise complete.
        meta: What :func:`open_index` needs.
        native: The faiss index; ``None``: there is none.
    """
    meta = {**meta, "files": file_facts(folder)}
    if native is not None:
        # Behind it are only vectors or codes and numbers of documents, which searches do not follow blindly.
        code_size = 4 * meta["dim"] if meta["kind"] == "hnsw" else native.code_size + 8
        size = meta["files"][FAISS]["bytes"] - meta["count"] * code_size
        meta["structure"] = FileFacts(bytes=size, blake2b=checksum(folder / FAISS, stop=size))
    write_json(folder / META, sealed(meta))


def _read_meta(path: Path, artifact_format: str) -> dict[str, Any]:
    if not (path / META).exists():
        raise FileNotFoundError(f"there is no index at {path}: build it with .indexer().index(documents)")
    with _damage_reported(path):
        meta = read_json(path / META)
        found_format = meta.get("format")
    if found_format != artifact_format:
        raise ValueError(f"{path} holds {found_format!r}, not a {artifact_format!r} index")
    with _damage_reported(path):
        if set(meta) != _KEYS_WITHOUT_CHECKSUMS:
            try:
                meta = unsealed(meta)
            except ValueError as error:
                raise ValueError(f"{META}: {error}") from error
    return meta


def _facts(meta: Mapping[str, Any]) -> Mapping[str, FileFacts]:
    return meta.get("files", {})


def _check_before_reading(path: Path, meta: Mapping[str, Any]) -> None:
    """Check sizes, and the content of what is small and steers native code."""
    missing = [name for name in _PARAMETERS[meta["kind"]] if not isinstance(meta["parameters"].get(name), int)]
    if missing:
        raise ValueError(f"{META} has no number {' and no '.join(missing)}")
    kept = meta["kind"] == "exact" or (meta["kind"] == "ivfpq" and meta["parameters"].get("keep_vectors") is not False)
    if kept and not (path / VECTORS).exists():
        raise ValueError(f"{VECTORS} is missing")
    facts = _facts(meta)
    check_sizes(path, facts)
    check_contents(path, {name: facts[name] for name in (DOCUMENTS,) if name in facts})
    if "structure" in meta:
        structure = meta["structure"]
        if checksum(path / FAISS, stop=structure["bytes"]) != structure["blake2b"]:
            raise ValueError(f"{FAISS} does not fit its checksum")


def _open(path: Path, artifact_format: str, mapped: bool) -> OpenIndex:
    meta = _read_meta(path, artifact_format)
    with _damage_reported(path):
        _check_before_reading(path, meta)
        docnos, languages, lang_codes = _read_documents(path / DOCUMENTS)
        index = OpenIndex(path, meta["kind"], meta["dim"], docnos, languages, lang_codes, meta["parameters"])
        counts = {"docnos": len(docnos), META: meta["count"]}
        if index.kind != "exact":
            try:
                index.native = _read_faiss(path / FAISS, index.kind, mapped)
            except MemoryError as error:
                # Without a checksum, one changed bit can make a small file ask for more memory than any machine has.
                if "structure" in meta:
                    raise
                raise ValueError(f"{FAISS} asks for more memory than there is") from error
            counts[FAISS] = index.native.ntotal
            if index.native.d != index.dim:
                raise ValueError(f"{index.dim} dimensions in {META}, {index.native.d} in {FAISS}")
        if (path / VECTORS).exists() or index.kind == "exact":
            index.matrix = read_npy(path / VECTORS, mapped=True)
            if index.matrix.dtype != np.float32 or not index.matrix.flags.c_contiguous:
                raise ValueError(f"{VECTORS} holds {index.matrix.dtype}, not rows of float32")
            counts[VECTORS] = len(index.matrix)
        elif index.kind == "hnsw":
            index.matrix = _flat_vectors(faiss.downcast_index(index.native.storage))
        if TEXTS in _facts(meta):
            index.texts = StoredTexts(path / TEXTS, _facts(meta)[TEXTS], len(docnos))
        if len(set(counts.values())) > 1:
            raise ValueError(", ".join(f"{count} in {name}" for name, count in counts.items()))
        if index.matrix is not None and index.matrix.shape[1:] != (index.dim,):
            raise ValueError(f"{index.dim} dimensions in {META}, vectors of the shape {index.matrix.shape}")
    return index


def write_documents(folder: Path, docnos: Sequence[str], langs: Sequence[str | None]) -> None:
    """Write docnos and languages."""
    columns = {
        "docno": pa.array(docnos, pa.large_string()),
        "lang": pa.array(langs, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
    }
    table = pa.table(columns)
    with pa.OSFile(str(folder / DOCUMENTS), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


class VectorFile:
    """A .npy file of float32 rows, written row by row; their number need not be known before the end."""

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self.path = path
        self.dim: int | None = None
        self.count = 0
        self._file = open(path, "w+b")  # noqa: SIM115 - closed by finish() or close()

    def append(self, vectors: np.ndarray) -> None:
        """Write rows ``[n, dim]``; all calls have the same ``dim``."""
        if self.dim is None:
            self.dim = vectors.shape[1]
            self._write_header()
        self.count += len(vectors)
        self._file.write(np.ascontiguousarray(vectors, "<f4").tobytes())

    def finish(self) -> np.ndarray:
        """Complete the file and map it: float32 ``[n, dim]``."""
        self._file.seek(0)
        self._write_header()
        self.close()
        return np.load(self.path, mmap_mode="r", allow_pickle=False)

    def close(self) -> None:
        """Close the file, complete or not."""
        self._file.close()

    def _write_header(self) -> None:
        # numpy pads headers so that the first axis may grow.
        header = {"descr": "<f4", "fortran_order": False, "shape": (self.count, self.dim)}
        np.lib.format.write_array_header_1_0(self._file, header)


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    # For files that they cannot read, faiss raises RuntimeError, numpy ValueError and EOFError, Arrow its own errors.
    try:
        yield
    except (
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
        KeyError,
        TypeError,
        AttributeError,
        pa.ArrowException,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path} is damaged: {reason}: build it anew") from error


def _read_documents(path: Path) -> tuple[pa.LargeStringArray, list[str], np.ndarray]:
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    table.validate(full=True)
    docnos, langs = (_contiguous(table[name]) for name in ("docno", "lang"))
    return docnos, *_sorted_languages(langs)


def _contiguous(column: pa.ChunkedArray) -> pa.Array:
    # Depending on the type and the number of chunks, Arrow returns an array or a single chunk.
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def _sorted_languages(langs: pa.DictionaryArray) -> tuple[list[str], np.ndarray]:
    """Return the languages in alphabetical order, and the code of each document's language in that order."""
    names = langs.dictionary.to_pylist()
    languages = sorted(names)
    # Documents without a language get the index -1, and so the last element, which is the code -1.
    new_code = np.array([languages.index(name) for name in names] + [-1], np.int16)
    return languages, new_code[langs.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def _read_faiss(path: Path, kind: str, mapped: bool) -> NativeIndex:
    if not path.exists():
        raise ValueError(f"{path.name} is missing")
    flags = 0
    if mapped:
        flags = faiss.IO_FLAG_MMAP_IFC if kind == "hnsw" else faiss.IO_FLAG_MMAP
    return faiss.read_index(str(path), flags)


def _flat_vectors(storage: NativeIndex) -> np.ndarray:
    """Return the vectors of a flat faiss index without copying: the index must outlive them."""
    return faiss.rev_swig_ptr(storage.get_xb(), storage.ntotal * storage.d).reshape(storage.ntotal, storage.d)
