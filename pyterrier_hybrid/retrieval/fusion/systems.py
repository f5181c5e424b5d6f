"""Fusion over a corpus in one call: BM25 and encoders, indexed where and when they are needed."""

import hashlib
import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.frames import texts_of
from pyterrier_hybrid.retrieval.fusion.transformers import NORMALIZATIONS, ReciprocalRankFusion, ScoreFusion
from pyterrier_hybrid.utils.checks import whole_number

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.bm25 import BM25Index
    from pyterrier_hybrid.retrieval.index import FaissIndex

Index = TypeVar("Index", bound=pt.Artifact)


class Fusion:
    """A function from a corpus to the fusion of several systems over it; made by :func:`fuse`.

    Attributes:
        systems: What is fused.
        depth: Results of each of them per query.
    """

    def __init__(self, systems: Sequence[Any], combine: Callable[..., pt.Transformer], *, depth: int) -> None:
        """Take the systems, and what makes a transformer of their retrievers."""
        self.systems = tuple(systems)
        self.combine = combine
        self.depth = depth
        self._builders = [_builder(number, system, depth) for number, system in enumerate(systems)]

    def __call__(self, corpus: Any) -> pt.Transformer:
        """The fusion over a corpus."""
        return self.combine(*(build(corpus) for build in self._builders))

    @property
    def fingerprint(self) -> str | None:
        """A hash of all that results depend on beside BM25's analysis; ``None`` if a system has none."""
        parts = [system if system == "bm25" else getattr(system, "fingerprint", None) for system in self.systems]
        if None in parts:
            return None
        plain = self.combine(*(pt.Transformer.identity() for _ in parts))
        # Numpy's numbers are none of JSON's.
        said = json.dumps([type(plain).__name__, plain._settings(), self.depth, parts], default=float)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        return f"fuse({', '.join(map(repr, self.systems))})"


def fuse(
    *systems: Any,
    by: str = "reciprocal-rank",
    weights: Sequence[float] | None = None,
    k: float = 60,
    depth: int = 1000,
    num_results: int = 1000,
) -> Fusion:
    """A function from a corpus to the fusion of several systems over it, as an experiment takes one.

    ``ph.LanguageExperiment({"BM25 + dense": ph.fuse("bm25", encoder)}, "xquad-r")`` evaluates one, and
    ``ph.fuse("bm25", encoder)(corpus)`` is a retriever over a corpus of your own. Indexes are temporary and go with the
    retriever; an encoder encodes each text once for all corpora.

    Args:
        *systems: ``"bm25"``, an encoder, or a function from a corpus to a transformer that retrieves from it.
        by: ``reciprocal-rank``, or a normalisation of :class:`ScoreFusion`: ``min-max``, ``z-score``, ``none``.
        weights: of the systems, for :class:`ScoreFusion`.
        k: of :class:`ReciprocalRankFusion`.
        depth: results of each system per query that are fused, of BM25 and encoders.
        num_results: results per query, at most.

    Returns:
        A function of an object with ``get_corpus_iter()``, which yields dicts with ``docno``, ``text`` and, for BM25,
        ``lang``.

    Raises:
        ValueError: no system, an unknown one, an unknown way to fuse, or options that do not fit.
        TypeError: a system that is none of these, or a number that is not whole.

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
    if by == "reciprocal-rank":
        combine = partial(ReciprocalRankFusion, k=k, num_results=num_results)
    else:
        combine = partial(ScoreFusion, weights=weights, normalization=by, num_results=num_results)
    # What is wrong with the other options shows here, and not after hours of indexing.
    combine(*(pt.Transformer.identity() for _ in systems))
    return Fusion(systems, combine, depth=depth)


def _builder(number: int, system: Any, depth: int) -> Callable[[Any], pt.Transformer]:
    if isinstance(system, str):
        if system != "bm25":
            raise ValueError(f"fuse: system {number} is {system!r}; the only name is 'bm25'")
        return lambda corpus: bm25_index(corpus).retriever(depth)
    if hasattr(system, "encode_queries") and hasattr(system, "encode_documents"):
        memory = Memory(system)
        return lambda corpus: Queries(memory) >> dense_index(corpus, memory).retriever(depth)
    if callable(system) and not hasattr(system, "transform"):
        return system
    raise TypeError(
        f"fuse: system {number} is a {type(system).__name__}, not 'bm25', an encoder or a function from a corpus to a "
        "transformer; wrap a pipeline as lambda corpus: pipeline"
    )


def bm25_index(corpus: Any) -> "BM25Index":
    """A BM25 index of a corpus, whose folder goes when nothing uses it any more."""
    from pyterrier_hybrid.retrieval.bm25 import BM25Index

    return _temporary(BM25Index).indexer().index(corpus.get_corpus_iter())


def dense_index(corpus: Any, memory: "Memory") -> "FaissIndex":
    """An exact index of a corpus, whose folder goes when nothing uses it any more."""
    from pyterrier_hybrid.retrieval.index import FaissIndex
    from pyterrier_hybrid.retrieval.index.sources import array_blocks

    documents = list(corpus.get_corpus_iter())
    if not documents:
        raise ValueError("the corpus has no documents")
    for number, document in enumerate(documents):
        if "text" not in document:
            raise ValueError(f"document {number} has no text; its fields are {', '.join(document)}")
    langs = [document.get("lang") for document in documents]
    vectors = memory.vectors("documents", [document["text"] for document in documents], langs)
    blocks = array_blocks("the corpus", vectors, [document["docno"] for document in documents], langs)
    return _temporary(FaissIndex).indexer().index_blocks(blocks)


def _temporary(kind: Callable[[Path], Index]) -> Index:
    """An index whose folder goes when nothing uses it any more."""
    folder = Path(tempfile.mkdtemp(prefix="pyterrier-hybrid-"))
    index = kind(folder / "index")
    weakref.finalize(index, shutil.rmtree, folder, ignore_errors=True)
    return index


class Memory:
    """An encoder that encodes each text once; one that wants languages, each text once a language."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder
        self.wants_languages = getattr(encoder, "wants_languages", False)
        self._known: dict[str, dict[Any, np.ndarray]] = {"queries": {}, "documents": {}}

    def vectors(self, role: str, texts: Sequence[str], langs: Sequence[str | None]) -> np.ndarray:
        """The vectors of ``queries`` or ``documents``."""
        known = self._known[role]
        keys = list(zip(texts, langs, strict=True)) if self.wants_languages else list(texts)
        new = list(dict.fromkeys(key for key in keys if key not in known))
        if new:
            given = [list(column) for column in zip(*new, strict=True)] if self.wants_languages else [new]
            encode = getattr(self.encoder, f"encode_{role}")
            known.update(zip(new, np.asarray(encode(*given), np.float32), strict=True))
        return np.stack([known[key] for key in keys])


class Queries(pt.Transformer):
    """Adds ``query_vec``, from what is remembered."""

    schematic = {"label": "Query encoder", "help_url": None}

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self.memory = memory

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add what earlier stages of the pipeline computed for these queries."""
        columns = ["query", "lang"] if self.memory.wants_languages else ["query"]
        pt.validate.columns(inp, includes=columns, context=self)
        if not len(inp):
            return inp.assign(query_vec=pd.Series(dtype=object))
        langs = inp["lang"].tolist() if "lang" in inp else [None] * len(inp)
        vectors = self.memory.vectors("queries", texts_of(inp, "query"), langs)
        return inp.assign(query_vec=pd.Series(list(vectors), index=inp.index, dtype=object))

    def __repr__(self) -> str:
        return f"{self.memory.encoder!r}.query_encoder()"
