"""The folder of a BM25 index: its layout, and opening it.

``parts/`` has an engine's index of all documents and, if there are several languages, one for each of them. The
metadata list all files with their sizes and checksums, and have a build ID: an index that replaces another one has
another.
"""

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.retrieval.bm25.engines import ENGINES, Search, choose_engine
from pyterrier_hybrid.retrieval.stored_texts import TEXTS, StoredTexts
from pyterrier_hybrid.text.analysis import analyzer
from pyterrier_hybrid.utils.checksums import check_contents, check_sizes, unsealed
from pyterrier_hybrid.utils.files import generation, put_back
from pyterrier_hybrid.utils.json_files import read_json

META = "pt_meta.json"
DOCUMENTS = "documents.json"
NUMBERS = "numbers.npy"
ALL_LANGUAGES = "_all"
"""Name of the part with all documents, unlike any language code."""

_REBUILD = "build it anew with .indexer(overwrite=True).index(documents)"


class ReplacedError(Exception):
    """The folder holds another index than the one that is open."""


@dataclass(frozen=True)
class Part:
    """An open part of an index: all documents, or those of one language.

    Attributes:
        search: The engine's search function.
        numbers: int64 ``[n]``: Number of each document of the part in the whole collection.
    """

    search: Search
    numbers: np.ndarray


class OpenIndex:
    """An index that is open for searches, by several threads at a time.

    Attributes:
        engine: Name of the engine that built the index.
        languages: Languages of the documents, sorted.
        docnos: Object array ``[n]``: Docno of every document.
        langs: Language of every document.
        docno_ranks: int64 ``[n]``: Rank of every document in the ascending order of docnos.
    """

    def __init__(self, path: Path, *, artifact_format: str) -> None:
        """Read which documents an index has, and compare the sizes of its files.

        Args:
            path: Folder of the index.
            artifact_format: The artifact format that it must have.

        Raises:
            FileNotFoundError: The index does not exist.
            ReplacedError: Another process has replaced the index meanwhile.
            ValueError: The folder is damaged or holds another artifact, or its texts were analysed in another way than
                now.
        """
        self._path = path
        self._generation = generation(path, META)
        self._meta = read_meta(path, artifact_format=artifact_format)
        self._parts: dict[tuple[str, float, float], Part | None] = {}
        self._texts: StoredTexts | None = None
        self._lock = threading.Lock()
        self.engine: str = self._meta["engine"]
        self.languages: tuple[str, ...] = tuple(self._meta["languages"])
        with _Reading(self):
            check_sizes(path, self._meta["files"])
            check_contents(path, self._meta["files"], [DOCUMENTS])
            documents = read_json(path / DOCUMENTS)
            self.docnos = np.array(documents["docno"], dtype=np.object_)
            self.langs: list[str] = documents["lang"]
        self.docno_ranks = np.empty(len(self.docnos), np.int64)
        self.docno_ranks[np.argsort(self.docnos)] = np.arange(len(self.docnos))

    def part(self, name: str, *, k1: float, b: float) -> Part | None:
        """Return a part for searches with these parameters; ``None`` if none of its documents has a term.

        Args:
            name: A language, or :data:`ALL_LANGUAGES`.
            k1: Saturation of a term's count.
            b: Normalisation by a document's length.

        Raises:
            ReplacedError: Another process has replaced the index.
            ValueError: The part is damaged.
        """
        key = (name, k1, b)
        with self._lock:
            if key not in self._parts:
                self._parts[key] = self._open_part(name, k1, b)
            return self._parts[key]

    @cached_property
    def positions(self) -> dict[str, int]:
        """Docno -> position."""
        return {docno: position for position, docno in enumerate(self.docnos)}

    @property
    def keeps_texts(self) -> bool:
        """Whether the index was built with ``store_text=True``."""
        return TEXTS in self._meta["files"]

    def take_texts(self, positions: np.ndarray) -> list[str]:
        """Return the texts of documents of an index that keeps them.

        Args:
            positions: int64 ``[n]``.

        Raises:
            ReplacedError: Another process has replaced the index.
            ValueError: The file is damaged.
        """
        with self._lock:
            if self._texts is None:
                with _Reading(self):
                    self._texts = StoredTexts(self._path / TEXTS, self._meta["files"][TEXTS], len(self.docnos))
        try:
            return self._texts.take(positions)
        except (ValueError, pa.ArrowException) as error:
            raise damaged(self._path, error) from error

    def verify(self) -> None:
        """Compare all files with their checksums.

        Raises:
            ReplacedError: Another process has replaced the index.
            ValueError: A file is damaged.
        """
        with _Reading(self):
            check_contents(self._path, self._meta["files"])

    def _open_part(self, name: str, k1: float, b: float) -> Part | None:
        folder = part_folder(Path(), name)
        files = [file for file in self._meta["files"] if Path(file).is_relative_to(folder)]
        if not files:
            return None
        engine = ENGINES[choose_engine(self.engine)]
        with _Reading(self):
            mapped = getattr(engine, "MAPPED", ())
            check_contents(self._path, self._meta["files"], [file for file in files if Path(file).name not in mapped])
            numbers = np.load(self._path / folder / NUMBERS, allow_pickle=False)
            return Part(engine.open_index(self._path / folder / "engine", k1=k1, b=b), numbers)


class _Reading:
    """Reads files of an open index: raises what is wrong with them, or that they are no longer those of this index."""

    def __init__(self, opened: OpenIndex) -> None:
        self.opened = opened

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        opened = self.opened
        if error is not None and not isinstance(error, Exception):
            return
        put_back(opened._path)
        if generation(opened._path, META) != opened._generation:
            raise ReplacedError from error
        # What the system or an installation lacks is no damage. Anything else is: numpy alone has a dozen errors.
        if error is not None and not isinstance(error, (OSError, ImportError, RuntimeError, MemoryError)):
            raise damaged(opened._path, error) from error


def damaged(path: Path, problem: object) -> ValueError:
    """Return the error of a damaged index."""
    return ValueError(f"the index at {path} is damaged: {problem}; copy it again, or {_REBUILD}")


def part_folder(path: Path, part: str) -> Path:
    """Folder of a part: of a language, or of :data:`ALL_LANGUAGES`."""
    return path / "parts" / part


def read_meta(path: Path, *, artifact_format: str) -> dict[str, Any]:
    """Read the metadata of an index.

    Args:
        path: Folder of the index.
        artifact_format: The artifact format that it must have.

    Raises:
        FileNotFoundError: The index does not exist.
        ValueError: They are damaged or those of another artifact, or the texts were analysed differently than now.
    """
    put_back(path)
    if not (path / META).exists():
        raise FileNotFoundError(f"there is no index at {path}: build it with .indexer().index(documents)")
    try:
        meta = read_json(path / META)
    except ValueError as error:
        raise damaged(path, error) from error
    if not isinstance(meta, dict):
        raise damaged(path, f"{META} is not an object")
    if meta.get("format") != artifact_format:
        raise ValueError(f"{path} holds {meta.get('format')!r}, not a {artifact_format!r} index")
    languages = meta.get("languages")
    for lang, signature in languages.items() if isinstance(languages, dict) else ():
        if signature != _signature(lang):
            raise ValueError(
                f"{path} was made with another analysis of {lang!r} ({signature}) than the installed one "
                f"({_signature(lang)}): {_REBUILD}, or install that version"
            )
    if "files" not in meta and "checksum" not in meta:
        raise ValueError(f"{path} was built by an earlier version of this package: {_REBUILD}")
    try:
        return unsealed(meta)
    except ValueError as error:
        raise damaged(path, f"{META}: {error}") from error


def _signature(lang: str) -> str | None:
    try:
        return analyzer(lang).signature
    except ValueError:
        return None
