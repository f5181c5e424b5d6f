"""Texts that an index keeps of its documents, and the transformer that adds them to results."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyterrier as pt

from pyterrier_hybrid.retrieval.frames import texts_of
from pyterrier_hybrid.utils.checksums import FileFacts

TEXTS = "texts.arrow"
"""File of the texts in the folder of an index, one row per document in the order of the index."""

_BLOCK = 4096
_SCHEMA = pa.schema([("text", pa.large_string())])

Lookup = Callable[[Sequence[str]], tuple[list[str], list[str | None] | None]]
"""Docnos -> their texts and languages; no languages if the index has none."""


class TextFile:
    """Writes the texts of an index, block by block.

    Args:
        path: The new file.
    """

    def __init__(self, path: Path) -> None:
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, _SCHEMA)
        self._pending: list[str] = []

    def append(self, texts: Sequence[str]) -> None:
        """Write the texts of further documents."""
        self._pending += texts
        if len(self._pending) >= _BLOCK:
            self._flush()

    def close(self) -> None:
        """Complete the file."""
        if not self._sink.closed:
            self._flush()
            self._writer.close()
            self._sink.close()

    def _flush(self) -> None:
        self._writer.write_batch(pa.record_batch([pa.array(self._pending, pa.large_string())], schema=_SCHEMA))
        self._pending = []


class StoredTexts:
    """The texts of an index, mapped into memory; several threads may read them.

    Args:
        path: The file.
        facts: Its size and checksum.
        count: Number of documents of the index.
    """

    def __init__(self, path: Path, facts: FileFacts, count: int) -> None:
        self._facts, self._count = facts, count
        # Mapped now, so that these stay the texts of the open index when another one replaces it.
        with pa.memory_map(str(path)) as file:
            self._buffer = file.read_buffer()
        self._texts: pa.ChunkedArray | None = None
        self._lock = threading.Lock()

    def take(self, positions: np.ndarray) -> list[str]:
        """Return the texts of documents.

        Args:
            positions: int64 ``[n]``: their positions in the index.

        Raises:
            ValueError: The file is damaged; its content is compared with the checksum before the first text is read.
        """
        with self._lock:
            if self._texts is None:
                self._texts = self._checked()
        # Arrow's take would first join the blocks of the whole file.
        return [self._texts[position].as_py() for position in positions.tolist()]

    def _checked(self) -> pa.ChunkedArray:
        if hashlib.blake2b(self._buffer, digest_size=16).hexdigest() != self._facts["blake2b"]:
            raise ValueError(f"{TEXTS} does not fit its checksum")
        texts = pa.ipc.open_file(self._buffer).read_all()["text"]
        if len(texts) != self._count:
            raise ValueError(f"{len(texts)} texts in {TEXTS}, but {self._count} documents")
        return texts


class _TextIndex(Protocol):
    """An index that may not have been built yet."""

    path: Path

    def built(self) -> bool: ...


class TextLoader(pt.Transformer):
    """Adds ``text``, and ``lang`` if it is known, to documents of an index; made by its ``text_loader()``."""

    schematic = {"label": "Texts", "help_url": None}

    def __init__(self, index: _TextIndex, lookup: Lookup) -> None:
        """Read from ``index``."""
        super().__init__()
        self.index = index
        self._lookup = lookup

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add ``text`` and, if the index has languages, ``lang``: that of the document, also if there was another one.

        Args:
            inp: Rows with ``docno``.

        Raises:
            TypeError: A docno is not a string.
            ValueError: A docno is not in the index, or the index keeps no texts.
        """
        pt.validate.columns(inp, includes=["docno"], context=self)
        if not len(inp) and not self.index.built():
            # Pipelines are inspected before their indexes are built.
            return inp.assign(text=pd.Series(dtype=object))
        texts, langs = self._lookup(texts_of(inp, "docno"))
        added: dict[str, Any] = {"text": pd.Series(texts, index=inp.index, dtype=object)}
        if langs is not None:
            added["lang"] = pd.Series(langs, index=inp.index, dtype=object)
        return inp.assign(**added)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextLoader) and (type(self.index), self.index.path) == (
            type(other.index),
            other.index.path,
        )

    def __hash__(self) -> int:
        return hash((TextLoader, self.index.path))

    def __repr__(self) -> str:
        return f"{self.index!r}.text_loader()"


def no_texts(path: Path) -> ValueError:
    """Return the error of an index that was built without texts."""
    return ValueError(f"{path} keeps no texts: build it anew with .indexer(store_text=True, overwrite=True)")


def unknown_docno(path: Path, docnos: Sequence[str], positions: np.ndarray) -> ValueError:
    """Return the error about the first docno that has no position."""
    return ValueError(f"docno {docnos[int(positions.argmin())]!r} is not in {path}")
