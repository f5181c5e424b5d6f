"""Pseudo-relevance feedback on vectors: a query moved towards the documents that it found first."""

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.frames import vectors_of
from pyterrier_hybrid.retrieval.fusion.systems import Memory, Queries, dense_index
from pyterrier_hybrid.utils.checks import whole_number


class VectorFeedback(pt.Transformer):
    """Moves each ``query_vec`` towards the first documents that were found for it.

    In a pool of many languages the first document is mostly one in the query's own language, and its translations are
    nearer to it than to the query: a second search with the moved query finds them. Within one language it changes
    little. In a pipeline: ``index.retriever(10) >> index.vec_loader() >> VectorFeedback() >> index.retriever()``.

    The new vector is ``query_vec + weight * sum(share * doc_vec)`` brought to the old length, so that scores stay
    cosines where they were. Shares are the softmax of inner products divided by ``temperature``, so that what was found
    by chance counts little. Without shares this is the vector feedback of Li et al. (arXiv 2108.11044), in pyterrier_dr
    ``VectorPrf``. The defaults were chosen for vectors of length 1 on held-out pairs, where a weight of 1 found more in
    a pool and less within a language (``docs/results.md``).

    Args:
        k: documents of each query, the first of its ranking.
        weight: of the documents; the query's is 1.
        temperature: differences of inner products that matter: less counts the nearest alone, more counts all alike.
            Where vectors are longer than 1, so are these differences.

    Raises:
        TypeError: ``k`` is no whole number.
        ValueError: ``k`` is below 1, ``weight`` is negative, or ``temperature`` is not positive.

    >>> import pandas as pd
    >>> found = pd.DataFrame({"qid": "1", "query": "x", "docno": ["a", "b"], "score": [0.8, 0.0], "rank": [0, 1],
    ...     "query_vec": [[1.0, 0.0]] * 2, "doc_vec": [[0.8, 0.6], [0.0, 1.0]]})
    >>> print(VectorFeedback()(found)["query_vec"][0].round(3))
    [0.978 0.21 ]
    """

    schematic = {"label": "Vector feedback", "help_url": None}

    def __init__(self, *, k: int = 10, weight: float = 0.5, temperature: float = 0.01) -> None:
        """Keep the settings."""
        super().__init__()
        self.k = whole_number("k", k)
        if not 0 <= weight < float("inf"):
            raise ValueError(f"weight={weight}: it must be at least 0 and finite")
        if not 0 < temperature < float("inf"):
            raise ValueError(f"temperature={temperature}: it must be positive and finite")
        self.weight, self.temperature = float(weight), float(temperature)

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Move the queries.

        Args:
            inp: results with ``qid``, ``query_vec`` (``[dim]``), ``docno``, ``doc_vec`` (``[dim]``) and ``score``. A
                query without results cannot be seen here, and gets none in the second search either.

        Returns:
            The columns of the queries (``qid``, ``query`` and others that begin so), one row each in the order of their
            first results, with the new ``query_vec`` (float32). ``lang`` is not kept: of results it may be the
            document's.

        Raises:
            ValueError: vectors are not all of one length, or have a value that is not finite; or a ``qid`` is that of
                several queries.
        """
        pt.validate.result_frame(inp, extra_columns=["query_vec", "doc_vec", "score"], context=self)
        own = pt.model.query_columns(inp)
        columns = [name for name in inp.columns if name in own]
        queries = inp.drop_duplicates("qid")[columns].reset_index(drop=True)
        if "query" in inp and (twice := inp.groupby("qid", sort=False)["query"].nunique().gt(1)).any():
            raise ValueError(f"qid {twice.idxmax()!r} is that of several queries: give each its own")
        if not len(inp):
            return queries
        ordered = inp.sort_values(["score", "docno"], ascending=False, kind="stable")
        row = pd.Index(queries["qid"]).get_indexer(ordered["qid"])
        place = ordered.groupby("qid", sort=False).cumcount().to_numpy()
        row, place, kept = row[place < self.k], place[place < self.k], ordered[place < self.k]
        query_vectors = vectors_of(queries, "query_vec", name="qid")
        document_vectors = vectors_of(kept, "doc_vec", name="docno")
        if query_vectors.shape[1] != document_vectors.shape[1]:
            raise ValueError(
                f"query_vec has {query_vectors.shape[1]} values and doc_vec {document_vectors.shape[1]}: both must "
                "come from the same encoder"
            )
        found = np.zeros((len(queries), place.max() + 1, query_vectors.shape[1]), np.float32)
        found[row, place] = document_vectors
        there = np.zeros(found.shape[:2], bool)
        there[row, place] = True
        moved = self.move(query_vectors, found, there)
        return queries.assign(query_vec=pd.Series(list(moved), dtype=object))

    def move(self, queries: np.ndarray, documents: np.ndarray, there: np.ndarray | None = None) -> np.ndarray:
        """Move vectors.

        Args:
            queries: float32 ``[n, dim]``.
            documents: float32 ``[n, found, dim]``, the first documents of each query; all of them count.
            there: bool ``[n, found]``, which of these are documents; by default all. Each query has one at least.

        Returns:
            float32 ``[n, dim]``.
        """
        scores = np.einsum("nd,nkd->nk", queries, documents, dtype=np.float64) / self.temperature
        if there is not None:
            scores[~there] = -np.inf
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        moved = queries + self.weight * np.einsum("nk,nkd->nd", shares, documents, dtype=np.float64)
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        own = np.linalg.norm(queries, axis=1, keepdims=True)
        # A vector without direction stays so.
        return (moved * np.divide(own, length, out=np.zeros_like(length), where=length > 0)).astype(np.float32)

    def _settings(self) -> tuple:
        return self.k, self.weight, self.temperature

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VectorFeedback) and self._settings() == other._settings()

    def __hash__(self) -> int:
        return hash((VectorFeedback, self._settings()))

    def __repr__(self) -> str:
        return f"VectorFeedback(k={self.k}, weight={self.weight}, temperature={self.temperature})"


class Feedback:
    """A function from a corpus to a search with feedback over it; made by :func:`feedback`.

    Attributes:
        encoder: The encoder.
        transformer: What moves the queries.
        num_results: Results per query, at most.
    """

    def __init__(self, encoder: Any, transformer: VectorFeedback, *, num_results: int) -> None:
        """Take the encoder and the transformer."""
        self.encoder = encoder
        self.transformer = transformer
        self.num_results = num_results
        self._memory = Memory(encoder)

    def __call__(self, corpus: Any) -> pt.Transformer:
        """The search over a corpus, whose index is temporary and goes with it."""
        index = dense_index(corpus, self._memory)
        first = Queries(self._memory) >> index.retriever(self.transformer.k) >> index.vec_loader()
        return first >> self.transformer >> index.retriever(self.num_results)

    @property
    def fingerprint(self) -> str | None:
        """A hash of all that rankings depend on; ``None`` if the encoder has none."""
        own = getattr(self.encoder, "fingerprint", None)
        if own is None:
            return None
        said = json.dumps(["feedback", own, self.transformer._settings(), self.num_results])
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        return f"feedback({self.encoder!r}, {repr(self.transformer).partition('(')[2]}"


def feedback(
    encoder: Any, *, k: int = 10, weight: float = 0.5, temperature: float = 0.01, num_results: int = 1000
) -> Feedback:
    """A function from a corpus to a search with :class:`VectorFeedback`, as an experiment takes one.

    ``ph.LanguageExperiment({"Hybrid + feedback": ph.feedback(encoder)}, "xquad-r")`` evaluates one over full rankings,
    and ``ph.feedback(encoder)(corpus)`` is a retriever over a corpus of your own.

    Args:
        encoder: an encoder, also a :class:`~pyterrier_hybrid.DebiasedEncoder`.
        k: of :class:`VectorFeedback`, as are the next two.
        weight: of the documents.
        temperature: of their shares.
        num_results: results per query, at most, of a retriever and in :func:`fuse`; an experiment on feedback alone
            ranks everything.

    Returns:
        A function of an object with ``get_corpus_iter()``, which yields dicts with ``docno`` and ``text``, and ``lang``
        where the encoder is debiased.

    Raises:
        TypeError: ``encoder`` is none, or as :class:`VectorFeedback` does.
        ValueError: as :class:`VectorFeedback` does, or ``num_results`` is below 1.

    >>> import pyterrier_hybrid as ph
    >>> class Corpus:
    ...     def get_corpus_iter(self):
    ...         yield {"docno": "1", "text": "two houses"}
    ...         yield {"docno": "2", "text": "a river"}
    >>> encoder = ph.DenseEncoder.from_scratch(["two houses", "a river"], dim=8, vocab_size=40)
    >>> ph.feedback(encoder)(Corpus()).search("two houses")["docno"].tolist()
    ['1', '2']
    """
    if not (hasattr(encoder, "encode_queries") and hasattr(encoder, "encode_documents")):
        raise TypeError(f"feedback: a {type(encoder).__name__} is no encoder (encode_queries, encode_documents)")
    transformer = VectorFeedback(k=k, weight=weight, temperature=temperature)
    return Feedback(encoder, transformer, num_results=whole_number("num_results", num_results))
