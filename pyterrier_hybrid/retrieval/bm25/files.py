"""The folder of a BM25 index: its layout, and opening it.

``parts/`` has an engine's index of all documents and, if there are several languages, one for each of them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pyterrier_hybrid.retrieval.bm25.engines import ENGINES, Search, choose_engine
from pyterrier_hybrid.text.analysis import analyzer
from pyterrier_hybrid.utils.json_files import read_json

META = "pt_meta.json"
DOCUMENTS = "documents.json"
NUMBERS = "numbers.npy"
ALL_LANGUAGES = "_all"
"""Name of the part with all documents, unlike any language code."""


@dataclass(frozen=True)
class Collection:
    """The documents of an index.

    Attributes:
        engine: Name of the engine that built the index.
        languages: Languages of the documents, sorted.
        docnos: Object array ``[n]``: Docno of every document.
        docno_ranks: int64 ``[n]``: Rank of every document in the ascending order of docnos.
    """

    engine: str
    languages: tuple[str, ...]
    docnos: np.ndarray
    docno_ranks: np.ndarray


@dataclass(frozen=True)
class Part:
    """An open part of an index: all documents, or those of one language.

    Attributes:
        search: The engine's search function.
        numbers: int64 ``[n]``: Number of each document of the part in the whole collection.
    """

    search: Search
    numbers: np.ndarray


def part_folder(path: Path, part: str) -> Path:
    """Folder of a part: of a language, or of :data:`ALL_LANGUAGES`."""
    return path / "parts" / part


def open_collection(path: Path, *, artifact_format: str) -> Collection:
    """Read the documents and languages of an index.

    Args:
        path: Folder of the index.
        artifact_format: The artifact format that it must have.

    Raises:
        FileNotFoundError: The index does not exist.
        ValueError: The folder holds another artifact, or its texts were analysed differently than they would be now.
    """
    if not (path / META).exists():
        raise FileNotFoundError(f"there is no index at {path}: build it with .indexer().index(documents)")
    meta = read_json(path / META)
    if meta.get("format") != artifact_format:
        raise ValueError(f"{path} holds {meta.get('format')!r}, not a {artifact_format!r} index")
    for lang, signature in meta["languages"].items():
        if signature != analyzer(lang).signature:
            raise ValueError(
                f"{path} was made with another analysis of {lang!r} ({signature}) than the installed one "
                f"({analyzer(lang).signature}): build it anew, or install that version"
            )
    docnos = np.array(read_json(path / DOCUMENTS)["docno"], dtype=np.object_)
    docno_ranks = np.empty(len(docnos), np.int64)
    docno_ranks[np.argsort(docnos)] = np.arange(len(docnos))
    return Collection(meta["engine"], tuple(meta["languages"]), docnos, docno_ranks)


def open_part(path: Path, part: str, *, engine: str, k1: float, b: float) -> Part | None:
    """Open a part of an index for searches; ``None`` if none of its documents has a term."""
    folder = part_folder(path, part)
    if not folder.exists():
        return None
    search = ENGINES[choose_engine(engine)].open_index(folder / "engine", k1=k1, b=b)
    return Part(search, np.load(folder / NUMBERS))
