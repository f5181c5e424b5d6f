"""Nearest texts by the inner products of an encoder's vectors, in bounded memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.margin import l2_normalised
from pyterrier_hybrid.retrieval.index.build import write_index
from pyterrier_hybrid.retrieval.index.files import OpenIndex, open_index
from pyterrier_hybrid.retrieval.index.kinds import BuildOptions
from pyterrier_hybrid.retrieval.index.search import search
from pyterrier_hybrid.retrieval.index.sources import Block
from pyterrier_hybrid.retrieval.protocols import fingerprint_of, is_encoder
from pyterrier_hybrid.retrieval.vector_cache import CHUNK, VectorCache
from pyterrier_hybrid.utils.files import scratch_folder, whole_folder
from pyterrier_hybrid.utils.formatting import short_repr

_FORMAT = "hybrid_faiss"
_ARTIFACT = {"type": "dense_index", "format": _FORMAT, "package_hint": "pyterrier_hybrid"}


class NearestTexts:
    """An index of texts in a folder; vectors are mapped from its files.

    Args:
        texts: At least one text.
        langs: Their languages.
        vectors: The cache that encodes them.
        folder: A new folder for the index.
        options: Kind of the index.
        normalize: L2-normalise the vectors.
    """

    def __init__(
        self,
        texts: "Sequence[str] | pa.Array",
        langs: Sequence[str],
        vectors: VectorCache,
        folder: Path,
        options: BuildOptions,
        *,
        normalize: bool = False,
    ) -> None:
        def blocks() -> Iterator[Block]:
            for start in range(0, len(texts), CHUNK):
                part = texts[start : start + CHUNK]
                some = part.to_pylist() if isinstance(part, pa.Array) else list(part)
                block = vectors.of(some, langs[start : start + CHUNK])
                # Equal scores are ordered by descending docno: the earlier text comes first.
                docnos = [f"{len(texts) - number:012d}" for number in range(start, start + len(some))]
                yield Block(docnos, [None] * len(some), l2_normalised(block) if normalize else block)

        with whole_folder(folder) as unfinished:
            write_index(unfinished, blocks(), options, None, _ARTIFACT)
        self.index: OpenIndex = open_index(folder, artifact_format=_FORMAT)

    def __len__(self) -> int:
        return len(self.index)

    def search(self, queries: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the texts with the largest inner products.

        Args:
            queries: float32 ``[n, dim]``.
            depth: Number of texts per query, at most as many as there are.

        Returns:
            Positions of the texts, int64 ``[n, depth]``, best first, and their scores, float32 ``[n, depth]``.
        """
        results = search(self.index, queries, depth)
        shape = len(queries), depth
        return results.document.reshape(shape), results.score.reshape(shape).astype(np.float32)

    def vectors(self, positions: np.ndarray) -> np.ndarray:
        """Return the vectors of some texts, float32 ``[n, dim]``."""
        return self.index.vectors(positions)


def scores_of_pairs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the inner product of each row of one array with the same row of another, float32 ``[n]``.

    Example:
        >>> scores_of_pairs(np.eye(2, dtype=np.float32), np.ones((2, 2), np.float32)).tolist()
        [1.0, 1.0]
    """
    return np.einsum("nd,nd->n", one.astype(np.float64), other.astype(np.float64)).astype(np.float32)


class Caches:
    """The vectors of an encoder's queries and documents.

    Args:
        encoder: The encoder.
        folder: A folder for the vectors of encoders with a fingerprint; ``None``: ``scratch``.
        scratch: A temporary folder for the vectors of this encoder.
        verbose: Show progress bars.
    """

    def __init__(self, encoder: Any, folder: Path | None, scratch: Path, *, verbose: bool) -> None:
        # Without a fingerprint, another run would take the vectors of another encoder.
        home = scratch if folder is None or fingerprint_of(encoder) is None else folder
        self.queries = VectorCache(encoder, "queries", home, verbose=verbose)
        self.documents = VectorCache(encoder, "documents", home, verbose=verbose)


@contextmanager
def mining_folder(cache: Path | None) -> Iterator[Path]:
    """Make a folder for the indexes of one mining, removed when the block ends or, after a kill, by the next one.

    Args:
        cache: The folder that it is made in; ``None``: the system's folder for temporary files.
    """
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
    with scratch_folder("mining", parent=cache) as folder:
        yield folder


def check_encoder(name: str, encoder: Any) -> None:
    """Check that a value is an encoder.

    Raises:
        TypeError: It is something else.

    Example:
        >>> check_encoder("encoder", "e5")
        Traceback (most recent call last):
        ...
        TypeError: encoder is 'e5': pass an encoder, such as DenseEncoder(folder)
    """
    if isinstance(encoder, type) or not is_encoder(encoder):
        raise TypeError(f"{name} is {short_repr(encoder)}: pass an encoder, such as DenseEncoder(folder)")
