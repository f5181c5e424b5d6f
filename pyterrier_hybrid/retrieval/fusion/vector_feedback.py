"""Pseudo-relevance feedback on vectors: a query is moved towards its first documents."""

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.corpus_index import CachedEncoder, Corpus, dense_index
from pyterrier_hybrid.retrieval.frames import hint_if_missing, not_encoded, vectors_of
from pyterrier_hybrid.retrieval.protocols import Encoder, LanguageAwareEncoder, fingerprint_of, is_encoder
from pyterrier_hybrid.utils.checks import finite_number, whole_number
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.parameters import CheckedTransformer


class VectorFeedback(CheckedTransformer):
    """Moves each ``query_vec`` towards the first documents that were retrieved for it.

    In a pool of many languages, the first document is usually in the query's language, and its translations are closer
    to it than to the query: a second search with the moved query finds them. Within one language it changes little. In
    a pipeline, the first search keeps the vectors of the queries::

        index.retriever(10, keep_query_vec=True) >> index.vec_loader() >> VectorFeedback() >> index.retriever()

    The new vector is ``query_vec + weight * sum(p * doc_vec)``, scaled to the norm of ``query_vec``, so that cosine
    scores remain cosines. The probabilities ``p`` are a softmax of the inner products divided by ``temperature``, so
    that irrelevant documents count little. With equal probabilities, this is the vector feedback of Li et al. (arXiv
    2108.11044), ``VectorPrf`` in pyterrier_dr. The defaults were tuned for L2-normalised vectors on held-out pairs,
    where a weight of 1 was better in a pool and worse within a language (``pt_docs/results.md``).

    Args:
        k: Number of documents per query, from the top of its ranking.
        weight: Weight of the documents; the query has weight 1.
        temperature: Softmax temperature: the lower, the more the closest documents dominate. Scale it with the inner
            products if vectors are not L2-normalised.

    Raises:
        TypeError: ``k`` is not a whole number, or another option is not a number.
        ValueError: ``k`` is below 1, ``weight`` is negative, or ``temperature`` is not positive.

    Example:
        >>> import pandas as pd
        >>> results = pd.DataFrame({"qid": "1", "query": "x", "docno": ["a", "b"], "score": [0.8, 0.0], "rank": [0, 1],
        ...     "query_vec": [[1.0, 0.0]] * 2, "doc_vec": [[0.8, 0.6], [0.0, 1.0]]})
        >>> print(VectorFeedback()(results)["query_vec"][0].round(3))
        [0.978 0.21 ]
    """

    schematic = {"label": "Vector feedback", "help_url": None}

    def __init__(self, *, k: int = 10, weight: float = 0.5, temperature: float = 0.01) -> None:
        super().__init__()
        self.k = whole_number("k", k)
        self.weight = finite_number("weight", weight)
        self.temperature = finite_number("temperature", temperature)
        if not self.temperature:
            raise ValueError(f"temperature={temperature}: it must be above 0")

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Move the queries.

        Args:
            inp: Results with ``qid``, ``query_vec`` (``[dim]``), ``docno``, ``doc_vec`` (``[dim]``) and ``score``. A
                query without results is not in this frame, so the second search finds nothing for it either.

        Returns:
            One row per query, in the order of the first results: the columns of the queries (``qid``, ``query`` and
            others that begin with ``query``) with the new ``query_vec`` (float32). ``lang`` is dropped, because
            in results it may be the language of the document.

        Raises:
            ValueError: Vectors differ in dimension or have a value that is not finite, or two queries have the same
                ``qid``.
        """
        with (
            not_encoded("doc_vec", "index.vec_loader()"),
            hint_if_missing("query_vec", "let the first search keep it, with index.retriever(keep_query_vec=True)"),
        ):
            pt.validate.result_frame(inp, extra_columns=["query_vec", "doc_vec", "score"], context=self)
        query_columns = pt.model.query_columns(inp)
        columns = [name for name in inp.columns if name in query_columns]
        queries = inp.drop_duplicates("qid")[columns].reset_index(drop=True)
        if "query" in inp and (repeated := inp.groupby("qid", sort=False)["query"].nunique().gt(1)).any():
            raise ValueError(f"qid {repeated.idxmax()!r} is that of several queries: give each query a different one")
        if not len(inp):
            return queries
        ranking = inp.sort_values(["score", "docno"], ascending=False, kind="stable")
        rank = ranking.groupby("qid", sort=False).cumcount().to_numpy()
        ranking, rank = ranking[rank < self.k], rank[rank < self.k]
        row = pd.Index(queries["qid"]).get_indexer(ranking["qid"])
        query_vectors = vectors_of(queries, "query_vec", name="qid")
        document_vectors = vectors_of(ranking, "doc_vec", name="docno")
        if query_vectors.shape[1] != document_vectors.shape[1]:
            raise ValueError(
                f"query_vec has {query_vectors.shape[1]} values and doc_vec {document_vectors.shape[1]}: use vectors "
                "of the same encoder"
            )
        documents = np.zeros((len(queries), rank.max() + 1, query_vectors.shape[1]), np.float32)
        documents[row, rank] = document_vectors
        retrieved = np.zeros(documents.shape[:2], bool)
        retrieved[row, rank] = True
        moved = self.move(query_vectors, documents, retrieved)
        return queries.assign(query_vec=pd.Series(list(moved), dtype=object))

    def move(self, queries: np.ndarray, documents: np.ndarray, there: np.ndarray | None = None) -> np.ndarray:
        """Move query vectors.

        Args:
            queries: float32 ``[n, dim]``.
            documents: float32 ``[n, k, dim]``, the first documents of each query.
            there: bool ``[n, k]``, false for padding; at least one document per query is true. Default: no padding.

        Returns:
            float32 ``[n, dim]``.
        """
        scores = np.einsum("nd,nkd->nk", queries, documents, dtype=np.float64) / self.temperature
        if there is not None:
            scores[~there] = -np.inf
        probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        moved = queries + self.weight * np.einsum("nk,nkd->nd", probabilities, documents, dtype=np.float64)
        norms = np.linalg.norm(queries, axis=1, keepdims=True)
        moved_norms = np.linalg.norm(moved, axis=1, keepdims=True)
        # A zero vector stays zero.
        scale = np.divide(norms, moved_norms, out=np.zeros_like(moved_norms), where=moved_norms > 0)
        return (moved * scale).astype(np.float32)

    def _options(self) -> tuple[int, float, float]:
        return self.k, self.weight, self.temperature

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VectorFeedback) and self._options() == other._options()

    def __hash__(self) -> int:
        return hash((VectorFeedback, self._options()))

    def __repr__(self) -> str:
        return f"VectorFeedback(k={self.k}, weight={self.weight}, temperature={self.temperature})"


class Feedback:
    """A function from a corpus to a search with feedback over it; made by :func:`feedback`.

    Attributes:
        encoder: The encoder.
        transformer: Moves the queries.
        num_results: Maximum number of results per query.
    """

    def __init__(
        self, encoder: Encoder | LanguageAwareEncoder, transformer: VectorFeedback, *, num_results: int
    ) -> None:
        self.encoder = encoder
        self.transformer = transformer
        self.num_results = num_results
        self._cached = CachedEncoder(encoder)

    def __call__(self, corpus: Corpus) -> pt.Transformer:
        """Return the search over a corpus; its index is temporary and deleted with it."""
        index = dense_index(corpus, self._cached)
        search = index.retriever(self.transformer.k, keep_query_vec=True)
        first = self._cached.query_encoder() >> search >> index.vec_loader()
        return first >> self.transformer >> index.retriever(self.num_results)

    @property
    def fingerprint(self) -> str | None:
        """A hash of everything that rankings depend on; ``None`` if the encoder has no fingerprint."""
        encoder = fingerprint_of(self.encoder)
        if encoder is None:
            return None
        return hash_json(["feedback", encoder, self.transformer._options(), self.num_results])

    def __repr__(self) -> str:
        return f"feedback({self.encoder!r}, {repr(self.transformer).partition('(')[2]}"


def feedback(
    encoder: Encoder | LanguageAwareEncoder,
    *,
    k: int = 10,
    weight: float = 0.5,
    temperature: float = 0.01,
    num_results: int = 1000,
) -> Feedback:
    """Search any corpus with :class:`VectorFeedback`, as a system for an experiment.

    ``ph.LanguageExperiment({"Hybrid + feedback": ph.feedback(encoder)}, "xquad-r")`` evaluates it over full rankings,
    and ``ph.feedback(encoder)(corpus)`` is a retriever over your own corpus.

    Args:
        encoder: The encoder, which may be a :class:`~pyterrier_hybrid.DebiasedEncoder`.
        k: Number of documents per query, see :class:`VectorFeedback`.
        weight: Weight of the documents, see :class:`VectorFeedback`.
        temperature: Softmax temperature, see :class:`VectorFeedback`.
        num_results: Maximum number of results per query, of a retriever and in :func:`fuse`; an experiment on feedback
            alone ranks all documents.

    Returns:
        A function of an object with ``get_corpus_iter()``, which yields dictionaries with ``docno`` and ``text``, and
        ``lang`` if the encoder is debiased.

    Raises:
        TypeError: ``encoder`` is not an encoder, or a number is not whole.
        ValueError: An option is out of range.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> class Corpus:
        ...     def get_corpus_iter(self):
        ...         yield {"docno": "1", "text": "two houses"}
        ...         yield {"docno": "2", "text": "a river"}
        >>> encoder = ph.DenseEncoder.from_scratch(["two houses", "a river"], dim=8, vocab_size=40)
        >>> ph.feedback(encoder)(Corpus()).search("two houses")["docno"].tolist()
        ['1', '2']
    """
    if not is_encoder(encoder):
        raise TypeError(f"feedback: a {type(encoder).__name__} is no encoder (encode_queries, encode_documents)")
    transformer = VectorFeedback(k=k, weight=weight, temperature=temperature)
    return Feedback(encoder, transformer, num_results=whole_number("num_results", num_results))
