"""The kinds of faiss index that a dense index can have, and what is chosen when one is built."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import faiss
import numpy as np

KINDS = ("exact", "hnsw", "ivf", "ivfpq")
# faiss asks for 39 training vectors a centroid; more hardly move it.
_PER_CENTROID = 40
_PER_CODE = 4
# The fewest dimensions that share a byte of a product quantiser.
_DIMENSIONS_PER_BYTE = 4
_BLOCK = 65536
_OF_KIND = {
    "neighbours": ("hnsw",),
    "ef_construction": ("hnsw",),
    "lists": ("ivf", "ivfpq"),
    "code_size": ("ivfpq",),
    "keep_vectors": ("ivfpq",),
}


@dataclass(frozen=True)
class Choices:
    """How an index is built: see :meth:`~pyterrier_hybrid.FaissIndex.indexer`; ``None`` takes the default."""

    kind: str = "exact"
    neighbours: int | None = None
    ef_construction: int | None = None
    lists: int | None = None
    code_size: int | None = None
    keep_vectors: bool | None = None
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind={self.kind!r} is unknown: choose one of {', '.join(KINDS)}")
        for name, kinds in _OF_KIND.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ValueError(f"{name}= is an option of {' and '.join(kinds)}: leave it out for kind={self.kind!r}")
        for name, least in (("neighbours", 2), ("ef_construction", 1), ("lists", 1), ("code_size", 1), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}={value}: it must be at least {least}")

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors themselves are a file of the index."""
        return self.kind == "exact" or (self.kind == "ivfpq" and self.keep_vectors is not False)

    def with_defaults(self, count: int, dim: int) -> dict[str, Any]:
        """What an index of this many vectors is built with, as numbers."""
        values = {name: value for name, value in asdict(self).items() if name != "kind" and value is not None}
        if self.kind == "exact":
            return {}
        if self.kind == "hnsw":
            return {"neighbours": 32, "ef_construction": 100} | values
        lists = min(round(4 * math.sqrt(count)), count // _PER_CENTROID)
        values = {"lists": max(1, lists)} | values
        if values["lists"] > count:
            raise ValueError(f"lists={values['lists']}: there are only {count} documents to put into them")
        if self.kind == "ivfpq":
            sizes = [size for size in range(1, dim + 1) if dim % size == 0]
            values = {"code_size": max(s for s in sizes if s == 1 or s * _DIMENSIONS_PER_BYTE <= dim)} | values
            if values["code_size"] not in sizes:
                raise ValueError(f"code_size={values['code_size']}: it must divide the {dim} dimensions of the vectors")
            if count < 2:
                raise ValueError("kind='ivfpq' needs at least 2 documents to learn from: choose kind='exact'")
            # Few vectors cannot say what all 256 values of a byte should stand for.
            values["bits"] = max(1, min(8, int(math.log2(count / _PER_CODE))))
        return values


def build(kind: str, vectors: np.ndarray, parameters: dict[str, Any]) -> faiss.Index:
    """A faiss index of all vectors.

    Args:
        kind: ``hnsw``, ``ivf`` or ``ivfpq``.
        vectors: float32 ``[n, dim]``, which may be mapped from a file.
        parameters: of :meth:`Choices.with_defaults`.
    """
    count, dim = vectors.shape
    with _threads(parameters["threads"]):
        if kind == "hnsw":
            index = faiss.index_factory(dim, f"HNSW{parameters['neighbours']},Flat", faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = parameters["ef_construction"]
        else:
            # "np": without polysemous codes, which are not searched for here and take most of the time to train.
            code = "Flat" if kind == "ivf" else f"PQ{parameters['code_size']}x{parameters['bits']}np"
            index = faiss.index_factory(dim, f"IVF{parameters['lists']},{code}", faiss.METRIC_INNER_PRODUCT)
            for clustering in [index.cp] + ([index.pq.cp] if kind == "ivfpq" else []):
                clustering.seed = parameters["seed"]
                # faiss warns of few vectors on the standard output; the defaults above see to there being enough.
                clustering.min_points_per_centroid = 1
            wanted = _PER_CENTROID * max(parameters["lists"], 2 ** parameters.get("bits", 0))
            index.train(_sample(vectors, wanted, parameters["seed"]))
        _add(index, vectors)
    return index


def extend(index: faiss.Index, vectors: np.ndarray, *, threads: int) -> None:
    """Add vectors; what was learned from the first ones stays."""
    with _threads(threads):
        _add(index, vectors)


def _add(index: faiss.Index, vectors: np.ndarray) -> None:
    for start in range(0, len(vectors), _BLOCK):
        index.add(np.ascontiguousarray(vectors[start : start + _BLOCK]))


def _sample(vectors: np.ndarray, wanted: int, seed: int) -> np.ndarray:
    if wanted >= len(vectors):
        return np.ascontiguousarray(vectors)
    rows = np.random.default_rng(seed).choice(len(vectors), wanted, replace=False)
    return np.ascontiguousarray(vectors[np.sort(rows)])


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
