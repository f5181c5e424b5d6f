"""Fusion over a corpus in one call: the corpus is indexed for BM25 and encoders on the fly."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pyterrier as pt

from pyterrier_hybrid.retrieval.corpus_index import CachedEncoder, Corpus, bm25_index, dense_index
from pyterrier_hybrid.retrieval.fusion.transformers import (
    NORMALIZATIONS,
    FusionTransformer,
    ReciprocalRankFusion,
    ScoreFusion,
)
from pyterrier_hybrid.retrieval.protocols import fingerprint_of, is_corpus_function, is_encoder, unknown_system
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.hashing import hash_json


class Fusion:
    """A function from a corpus to the fusion of several systems over it; made by :func:`fuse`.

    Attributes:
        systems: The fused systems.
        combine: Makes a transformer from their retrievers.
        depth: Number of results per query that are fused, of BM25 and encoders.
    """

    def __init__(self, systems: Sequence[Any], combine: Callable[..., FusionTransformer], *, depth: int) -> None:
        self.systems = tuple(systems)
        self.combine = combine
        self.depth = depth
        self._retriever_makers = [_retriever_maker(number, system, depth) for number, system in enumerate(systems)]

    def __call__(self, corpus: Corpus) -> pt.Transformer:
        """Return the fusion over a corpus."""
        return self.combine(*(make(corpus) for make in self._retriever_makers))

    @property
    def fingerprint(self) -> str | None:
        """A hash of all that results depend on except BM25's analysis; ``None`` if a system has no fingerprint."""
        parts = [system if isinstance(system, str) else fingerprint_of(system) for system in self.systems]
        if None in parts:
            return None
        fusion = self.combine(*(pt.Transformer.identity() for _ in parts))
        return hash_json([type(fusion).__name__, list(fusion.options.values()), self.depth, parts])

    def __repr__(self) -> str:
        return f"fuse({', '.join(map(repr, self.systems))})"


def fuse(
    *systems: Any,
    by: str = "reciprocal-rank",
    weights: Iterable[float] | None = None,
    k: float = 60,
    depth: int = 1000,
    num_results: int = 1000,
) -> Fusion:
    """Fuse several systems over any corpus, as a system for an experiment.

    ``ph.LanguageExperiment({"BM25 + dense": ph.fuse("bm25", encoder)}, "xquad-r")`` evaluates a fusion, and
    ``ph.fuse("bm25", encoder)(corpus)`` is a retriever over your own corpus. Its indexes are temporary and are deleted
    with it. An encoder encodes each text once for all corpora.

    Args:
        *systems: ``"bm25"``, an encoder, or a function from a corpus to a retriever.
        by: ``reciprocal-rank``, or a normalisation of :class:`ScoreFusion`: ``min-max``, ``z-score``, ``none``.
        weights: Weight of each system, for :class:`ScoreFusion`.
        k: Smoothing constant, for :class:`ReciprocalRankFusion`.
        depth: Number of results per query that are fused, of BM25 and encoders.
        num_results: Maximum number of results per query.

    Returns:
        A function of an object with ``get_corpus_iter()``, which yields dictionaries with ``docno``, ``text`` and, for
        BM25, ``lang``.

    Raises:
        ValueError: There are no systems, ``by`` or the name of a system is unknown, or an option does not fit.
        TypeError: A system has another type, or a number is not whole.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> class Corpus:
        ...     def get_corpus_iter(self):
        ...         yield {"docno": "1", "text": "two houses", "lang": "en"}
        ...         yield {"docno": "2", "text": "a river", "lang": "en"}
        >>> encoder = ph.DenseEncoder.from_scratch(["two houses", "a river"], dim=8, vocab_size=40)
        >>> ph.fuse("bm25", encoder)(Corpus()).search("house")["docno"].tolist()
        ['1', '2']
    """
    if not systems:
        raise ValueError("fuse: no system was given")
    if by not in ("reciprocal-rank", *NORMALIZATIONS):
        raise ValueError(f"by={by!r} is unknown: choose reciprocal-rank, {', '.join(NORMALIZATIONS)}")
    if by == "reciprocal-rank" and weights is not None:
        raise ValueError("weights= are for fusion by scores: leave them out, or choose by='min-max'")
    depth, num_results = whole_number("depth", depth), whole_number("num_results", num_results)
    combine: Callable[..., FusionTransformer]
    if by == "reciprocal-rank":
        combine = partial(ReciprocalRankFusion, k=k, num_results=num_results)
    else:
        # An iterator would be used up by the first corpus.
        weights = None if weights is None else tuple(weights)
        combine = partial(ScoreFusion, weights=weights, normalization=by, num_results=num_results)
    # Check the other options now, not after hours of indexing.
    combine(*(pt.Transformer.identity() for _ in systems))
    return Fusion(systems, combine, depth=depth)


def _retriever_maker(number: int, system: Any, depth: int) -> Callable[[Corpus], pt.Transformer]:
    if isinstance(system, str):
        if system != "bm25":
            raise ValueError(f"fuse: system {number} is {system!r}; the only name is 'bm25'")
        return lambda corpus: bm25_index(corpus).retriever(depth)
    if is_encoder(system):
        encoder = CachedEncoder(system)
        return lambda corpus: encoder.query_encoder() >> dense_index(corpus, encoder).retriever(depth)
    if is_corpus_function(system):
        return system
    if isinstance(system, list | tuple):
        raise TypeError(f"fuse: system {number} is a {type(system).__name__}; give systems one by one")
    raise unknown_system(f"fuse: system {number}", system)
