"""Where the documents of a dense index come from: dicts, arrays, other indexes, pyterrier_dr."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import more_itertools
import numpy as np

from pyterrier_hybrid.retrieval.index.files import META, Stored

BLOCK = 4096

Block = tuple[Sequence[str], Sequence[str | None], np.ndarray]
"""Some documents: their docnos, languages and vectors ``[n, dim]``."""

Langs = Iterable[str | None] | Callable[[str], str | None] | None
"""Languages: one a document, or a function of its docno, or none."""


def document_blocks(documents: Iterable[Mapping[str, Any]]) -> Iterator[Block]:
    """Documents as indexers get them.

    Raises:
        ValueError: one has no docno or no doc_vec, or a doc_vec of another shape than the first one.
    """
    count, dim = 0, None
    for some in more_itertools.chunked(documents, BLOCK):
        for number, document in enumerate(some, start=count):
            missing = [column for column in ("docno", "doc_vec") if column not in document]
            if missing:
                raise ValueError(f"document {number} has no {' and no '.join(missing)}, only {sorted(document)}")
        vectors = [np.asarray(document["doc_vec"], dtype=np.float32) for document in some]
        dim = dim or vectors[0].shape
        for document, vector in zip(some, vectors, strict=True):
            if vector.shape != dim or vector.ndim != 1:
                expected = dim if len(dim) == 1 else "one row of numbers"
                raise ValueError(f"doc_vec of {document['docno']!r} has the shape {vector.shape}, expected {expected}")
        count += len(some)
        yield [document["docno"] for document in some], [document.get("lang") for document in some], np.stack(vectors)


def stored_blocks(stored: Stored) -> Iterator[Block]:
    """The documents of an index."""
    for start in range(0, len(stored), BLOCK):
        stop = min(start + BLOCK, len(stored))
        docnos = stored.docnos.slice(start, stop - start).to_pylist()
        yield docnos, stored.langs(start, stop), stored.rows(np.arange(start, stop))


def array_blocks(
    place: str,
    vectors: np.ndarray,
    docnos: Iterable[str],
    langs: Langs,
) -> Iterator[Block]:
    """The documents of an array, with their docnos and languages.

    Args:
        place: the array's name for errors.
        vectors: ``[n, dim]``, of any type of number.
        docnos: one a row.
        langs: one a row, a function of the docno, or none.
    """
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise ValueError(f"{place} is {vectors.dtype} of the shape {vectors.shape}, expected numbers [n, dim]")
    names = iter(docnos)
    codes = None if langs is None or callable(langs) else iter(langs)
    for start in range(0, len(vectors), BLOCK):
        block = np.asarray(vectors[start : start + BLOCK], np.float32)
        these = more_itertools.take(len(block), names)
        if codes is not None:
            tongues = more_itertools.take(len(block), codes)
        else:
            tongues = [langs(docno) if langs else None for docno in these]
        for what, values in (("docnos", these), ("langs", tongues)):
            if len(values) < len(block):
                raise ValueError(f"{place} has {len(vectors)} vectors, but there are only {start + len(values)} {what}")
        yield these, tongues, block
    for what, rest in (("docnos", names), ("langs", codes or iter(()))):
        if next(rest, None) is not None:
            raise ValueError(f"{place} has {len(vectors)} vectors, but there are more {what}")


def open_npy(path: str | Path) -> np.ndarray:
    """An array of a .npy file, mapped."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is not a .npy file of numbers: {error}") from error


def flex_blocks(folder: str | Path, langs: Langs) -> Iterator[Block]:
    """The documents of a FlexIndex of pyterrier_dr, read without that package.

    Its folder has ``vecs.f4``, the vectors as raw float32, and ``docnos.npids``, a file of the npids package.
    """
    folder = Path(folder)
    if not (folder / META).exists():
        raise FileNotFoundError(f"there is no FlexIndex at {folder}: it has no {META}")
    meta = json.loads((folder / META).read_text(encoding="utf-8"))
    if meta.get("format") != "flex":
        raise ValueError(f"{folder} holds {meta.get('format')!r}, not a 'flex' index of pyterrier_dr")
    try:
        from npids import Lookup
    except ImportError as error:
        raise ImportError("the docnos of a FlexIndex are read by npids: pip install npids") from error
    shape = meta["doc_count"], meta["vec_size"]
    expected, size = 4 * shape[0] * shape[1], (folder / "vecs.f4").stat().st_size
    if size != expected:
        raise ValueError(f"{folder / 'vecs.f4'} is damaged: {size} bytes, expected {expected}")
    vectors = np.memmap(folder / "vecs.f4", np.dtype("<f4"), "r", shape=shape)
    with Lookup(folder / "docnos.npids") as names:
        docnos = (docno for start in range(0, len(names), BLOCK) for docno in _some(names, start))
        yield from array_blocks(str(folder / "vecs.f4"), vectors, docnos, langs)


def _some(names: Any, start: int) -> list[str]:
    return names.fwd[list(range(start, min(start + BLOCK, len(names))))]
