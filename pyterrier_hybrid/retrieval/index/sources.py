"""Sources of documents for a dense index: dicts, arrays, other indexes, pyterrier_dr."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import more_itertools
import numpy as np

from pyterrier_hybrid.retrieval.documents import check_fields, checked_text
from pyterrier_hybrid.retrieval.index.files import META, OpenIndex
from pyterrier_hybrid.retrieval.stored_texts import no_texts
from pyterrier_hybrid.retrieval.vectors import as_vector
from pyterrier_hybrid.utils.arrays import read_npy
from pyterrier_hybrid.utils.json_files import read_json

BLOCK = 4096
"""Documents per block."""


class Block(NamedTuple):
    """Some documents.

    Attributes:
        docnos: Their docnos.
        langs: Their languages.
        vectors: ``[n, dim]``.
        texts: Their texts, for an index that keeps them.
    """

    docnos: Sequence[str]
    langs: Sequence[str | None]
    vectors: np.ndarray
    texts: Sequence[str] | None = None


Langs = Iterable[str | None] | Callable[[str], str | None] | None
"""Languages of documents: one for each, a function from a docno to its language, or ``None``."""


def document_blocks(documents: Iterable[Mapping[Any, Any]], *, with_text: bool = False) -> Iterator[Block]:
    """Read documents given as dicts, as PyTerrier passes them to indexers.

    Args:
        documents: Dicts with ``docno``, ``doc_vec`` and, optionally, ``lang``.
        with_text: Also read ``text``.

    Raises:
        ValueError: A document has no docno, doc_vec or text, or a doc_vec of another shape than that of the first.
        TypeError: A text is not a string.
    """
    count, shape = 0, None
    for block in more_itertools.chunked(documents, BLOCK):
        for number, document in enumerate(block, start=count):
            hint = "; put `encoder.doc_encoder() >>` in front of the indexer" if "doc_vec" not in document else ""
            check_fields(f"document {number}", document, ["docno", "doc_vec"], hint=hint)
        vectors = [as_vector(document["doc_vec"], f"doc_vec of {document['docno']!r}") for document in block]
        shape = shape or vectors[0].shape
        for document, vector in zip(block, vectors, strict=True):
            if vector.shape != shape:
                raise ValueError(f"doc_vec of {document['docno']!r} has the shape {vector.shape}, expected {shape}")
        texts = [checked_text(document, number) for number, document in enumerate(block, count)] if with_text else None
        count += len(block)
        yield Block(
            [document["docno"] for document in block],
            [document.get("lang") for document in block],
            np.stack(vectors),
            texts,
        )


def index_blocks(index: OpenIndex, *, with_text: bool = False) -> Iterator[Block]:
    """Read the documents of an index.

    Args:
        index: The index.
        with_text: Also read the texts.

    Raises:
        ValueError: The index keeps no texts.
    """
    if with_text and index.texts is None:
        raise no_texts(index.path)
    for start in range(0, len(index), BLOCK):
        stop = min(start + BLOCK, len(index))
        docnos = index.docnos.slice(start, stop - start).to_pylist()
        positions = np.arange(start, stop)
        texts = index.take_texts(positions) if with_text else None
        yield Block(docnos, index.langs(start, stop), index.vectors(positions), texts)


def array_blocks(name: str, vectors: np.ndarray, docnos: Iterable[str], langs: Langs) -> Iterator[Block]:
    """Read documents whose vectors are the rows of an array.

    Args:
        name: Name of the array in error messages.
        vectors: ``[n, dim]``, of any type of number.
        docnos: A docno for each row.
        langs: A language for each row, a function from a docno to its language, or ``None``.

    Raises:
        ValueError: The array has another shape or type, or there are fewer or more docnos or languages than rows.
    """
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise ValueError(f"{name} is {vectors.dtype} of the shape {vectors.shape}, expected numbers [n, dim]")
    remaining_docnos = iter(docnos)
    remaining_langs = None if langs is None or callable(langs) else iter(langs)
    for start in range(0, len(vectors), BLOCK):
        # Numbers that single precision cannot hold become infinite, and are refused as that.
        with np.errstate(over="ignore"):
            block = np.asarray(vectors[start : start + BLOCK], np.float32)
        block_docnos = more_itertools.take(len(block), remaining_docnos)
        block_langs: list[str | None]
        if remaining_langs is not None:
            block_langs = more_itertools.take(len(block), remaining_langs)
        else:
            block_langs = [langs(docno) if callable(langs) else None for docno in block_docnos]
        for column, values in (("docnos", block_docnos), ("langs", block_langs)):
            if len(values) < len(block):
                raise ValueError(
                    f"{name} has {len(vectors)} vectors, but there are only {start + len(values)} {column}"
                )
        yield Block(block_docnos, block_langs, block)
    for column, remaining in (("docnos", remaining_docnos), ("langs", remaining_langs or iter(()))):
        if next(remaining, None) is not None:
            raise ValueError(f"{name} has {len(vectors)} vectors, but there are more {column}")


def open_npy(path: str | Path) -> np.ndarray:
    """Open the array of a .npy file as a memory map.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is not a .npy file of numbers.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    return read_npy(path, mapped=True)


def flex_blocks(folder: str | Path, langs: Langs) -> Iterator[Block]:
    """Read the documents of a pyterrier_dr ``FlexIndex``, without that package.

    Its folder has ``vecs.f4``, the vectors as raw float32, and ``docnos.npids``, a file of the npids package.

    Args:
        folder: Folder of the FlexIndex.
        langs: A language for each document, a function from a docno to its language, or ``None``.

    Raises:
        FileNotFoundError: There is no FlexIndex.
        ImportError: npids is not installed.
        ValueError: The folder holds something else, or is damaged.
    """
    folder = Path(folder)
    if not (folder / META).exists():
        raise FileNotFoundError(f"there is no FlexIndex at {folder}: it has no {META}")
    meta = read_json(folder / META)
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
    with Lookup(folder / "docnos.npids") as lookup:
        blocks = (range(start, min(start + BLOCK, len(lookup))) for start in range(0, len(lookup), BLOCK))
        docnos = (docno for block in blocks for docno in lookup.fwd[list(block)])
        yield from array_blocks(str(folder / "vecs.f4"), vectors, docnos, langs)
