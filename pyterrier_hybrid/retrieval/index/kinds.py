"""The kinds of dense index: their options and defaults, and how faiss builds them."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import faiss
import numpy as np

from pyterrier_hybrid.retrieval.index.files import NativeIndex
from pyterrier_hybrid.utils.checks import true_or_false, whole_number

KINDS = ("exact", "hnsw", "ivf", "ivfpq")

_KINDS_OF_OPTION = {
    "neighbours": ("hnsw",),
    "ef_construction": ("hnsw",),
    "lists": ("ivf", "ivfpq"),
    "code_size": ("ivfpq",),
    "keep_vectors": ("ivfpq",),
}
_SMALLEST = {"neighbours": 2, "ef_construction": 1, "lists": 1, "code_size": 1, "threads": 1, "seed": 0}
# Seeds of faiss are 32-bit integers.
_LARGEST_SEED = 2**31 - 1

# Training vectors for each cluster: faiss asks for 39, and more hardly change the result.
_VECTORS_PER_CLUSTER = 40
# Training vectors for each of the (at most 256) values of a code's byte.
_VECTORS_PER_CODE_VALUE = 4
# Minimum number of dimensions per byte of a code, by default.
_DIMENSIONS_PER_BYTE = 4
_VECTORS_PER_CALL = 65536


@dataclass(frozen=True)
class BuildOptions:
    """Options of a new index, see :meth:`~pyterrier_hybrid.FaissIndex.indexer`; ``None``: the default of the kind."""

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
        for name, kinds in _KINDS_OF_OPTION.items():
            if getattr(self, name) is not None and self.kind not in kinds:
                raise ValueError(f"{name}= is an option of {' and '.join(kinds)}: leave it out for kind={self.kind!r}")
        for name, least in _SMALLEST.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_number(name, getattr(self, name), least=least))
        if self.seed > _LARGEST_SEED:
            raise ValueError(f"seed={self.seed}: it must be at most {_LARGEST_SEED}")
        if self.keep_vectors is not None:
            object.__setattr__(self, "keep_vectors", true_or_false("keep_vectors", self.keep_vectors))

    @property
    def keeps_vectors(self) -> bool:
        """Whether the vectors are stored in a separate file."""
        return self.kind == "exact" or (self.kind == "ivfpq" and self.keep_vectors is not False)

    def parameters(self, count: int, dim: int) -> dict[str, Any]:
        """Return the options with their defaults filled in.

        Args:
            count: Number of vectors.
            dim: Their dimension.

        Raises:
            ValueError: An option does not fit the vectors.
        """
        if self.kind == "exact":
            return {}
        chosen = {name: value for name, value in asdict(self).items() if name != "kind" and value is not None}
        if self.kind == "hnsw":
            return {"neighbours": 32, "ef_construction": 100} | chosen
        lists = min(round(4 * math.sqrt(count)), count // _VECTORS_PER_CLUSTER)
        parameters = {"lists": max(1, lists)} | chosen
        if parameters["lists"] > count:
            raise ValueError(f"lists={parameters['lists']}: there are only {count} documents to put into them")
        if self.kind == "ivfpq":
            divisors = [size for size in range(1, dim + 1) if dim % size == 0]
            code_size = max(size for size in divisors if size == 1 or size * _DIMENSIONS_PER_BYTE <= dim)
            parameters = {"code_size": code_size} | parameters
            if parameters["code_size"] not in divisors:
                raise ValueError(
                    f"code_size={parameters['code_size']}: it must divide the {dim} dimensions of the vectors"
                )
            if count < 2:
                raise ValueError("kind='ivfpq' needs at least 2 documents to learn from: choose kind='exact'")
            # Too few vectors cannot train all 256 values of a byte.
            parameters["bits"] = max(1, min(8, int(math.log2(count / _VECTORS_PER_CODE_VALUE))))
        return parameters


def build(kind: str, vectors: np.ndarray, parameters: dict[str, Any]) -> NativeIndex:
    """Build a faiss index.

    Args:
        kind: ``hnsw``, ``ivf`` or ``ivfpq``.
        vectors: float32 ``[n, dim]``, may be mapped from a file.
        parameters: Result of :meth:`BuildOptions.parameters`.
    """
    index: NativeIndex
    dim = vectors.shape[1]
    with _threads(parameters["threads"]):
        if kind == "hnsw":
            index = faiss.index_factory(dim, f"HNSW{parameters['neighbours']},Flat", faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = parameters["ef_construction"]
        else:
            # "np": no polysemous codes, which take most of the training time and are not used in searches.
            code = "Flat" if kind == "ivf" else f"PQ{parameters['code_size']}x{parameters['bits']}np"
            index = faiss.index_factory(dim, f"IVF{parameters['lists']},{code}", faiss.METRIC_INNER_PRODUCT)
            for clustering in [index.cp] + ([index.pq.cp] if kind == "ivfpq" else []):
                clustering.seed = parameters["seed"]
                # Otherwise faiss prints a warning; the defaults above make sure that there are enough vectors.
                clustering.min_points_per_centroid = 1
            clusters = max(parameters["lists"], 2 ** parameters.get("bits", 0))
            index.train(_sample(vectors, _VECTORS_PER_CLUSTER * clusters, parameters["seed"]))
        _add(index, vectors)
    return index


def extend(index: NativeIndex, vectors: np.ndarray, *, threads: int) -> None:
    """Add vectors to an index; its clusters and codes stay as they were learned from the first vectors."""
    with _threads(threads):
        _add(index, vectors)


def _add(index: NativeIndex, vectors: np.ndarray) -> None:
    for start in range(0, len(vectors), _VECTORS_PER_CALL):
        index.add(np.ascontiguousarray(vectors[start : start + _VECTORS_PER_CALL]))


def _sample(vectors: np.ndarray, count: int, seed: int) -> np.ndarray:
    if count >= len(vectors):
        return np.ascontiguousarray(vectors)
    rows = np.random.default_rng(seed).choice(len(vectors), count, replace=False)
    return np.ascontiguousarray(vectors[np.sort(rows)])


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
