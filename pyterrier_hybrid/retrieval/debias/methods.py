"""Language bias removed without training.

A multilingual encoder tells languages apart: texts of one language lie together, and a query finds what is written in
its own language before what answers it. Each class here estimates that part of the vectors from texts, and takes it
out of the vectors of queries and documents, at any time after they were computed:

- :class:`Centring` subtracts the mean of each language (Libovický et al. 2020, arXiv 2004.05160);
- :class:`LIR` removes the main directions of each language (Yang et al. 2021, arXiv 2109.04727);
- :class:`SHIFT` moves documents to where their translations are (Jang et al. 2026, arXiv 2606.18801).

Documents get into an index debiased when they are indexed (``doc_debiaser``) or from another index (``rewrite``); or
the index stays as it is (``retriever``). In the language grid, ``applied_to(encoder)`` is a system like others.

>>> import pyterrier_hybrid as ph
>>> from pyterrier_hybrid.parallel import Item
>>> from pyterrier_hybrid.retrieval.debias.methods import Centring
>>> pairs = ph.ParallelPairs([Item("1", None, "toy", {"de": "Wo?", "en": "Where?"}, {"de": "Hier.", "en": "Here."})])
>>> encoder = ph.DenseEncoder.from_scratch(pairs.texts(), dim=8, vocab_size=40)
>>> Centring().fit(encoder, pairs).applied_to(encoder).encode_queries(["Where is it?"], ["en"]).shape
(1, 8)
"""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pyterrier_hybrid.retrieval.debias.base import Debias
from pyterrier_hybrid.retrieval.debias.encoder import DebiasedEncoder
from pyterrier_hybrid.retrieval.debias.sample import Sample, is_pairs, sample_pairs

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

__all__ = ["LIR", "SHIFT", "Centring", "Debias", "DebiasedEncoder"]


class Centring(Debias):
    """Subtracts from each vector the mean of its language, so that no language lies apart.

    Libovický et al. 2020, "On the language neutrality of pre-trained multilingual representations", arXiv 2004.05160.
    There is nothing to tune.

    Args:
        normalize: bring vectors back to length 1 afterwards; by default if those it was fitted on have that length.

    >>> debias = Centring().fit_vectors([[3.0, 0.0], [1.0, 0.0], [0.0, 5.0]], ["de", "de", "en"])
    >>> debias.documents([[3.0, 1.0], [3.0, 1.0]], ["de", "en"]).tolist()
    [[1.0, 1.0], [3.0, -4.0]]
    """

    def _learn(self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None) -> dict[str, np.ndarray]:
        return {lang: vectors[langs == lang].mean(axis=0) for lang in set(langs.tolist())}

    def _remove(self, vectors: np.ndarray, table: np.ndarray) -> np.ndarray:
        return vectors - table

    def _turned(self, queries: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return queries, -(queries @ table)


class LIR(Debias):
    """Language Information Removal: removes from each vector its parts in the main directions of its language.

    These are the first right singular vectors of the matrix of the language's vectors, not centred (Yang et al. 2021,
    "A simple and effective method to eliminate the self language bias in multilingual representations", arXiv
    2109.04727). The authors take 10,000 sentences of Wikipedia per language, encoded as queries, for queries and
    documents alike; here documents and queries have directions of their own.

    Args:
        components: the number of directions; the authors' code takes 1 or 2. The first is close to the mean, further
            ones may also hold what texts of one language differ in.
        normalize: bring vectors back to length 1 afterwards; by default if those it was fitted on have that length.

    Raises:
        ValueError: ``components`` is below 1, or in fitting, as large as the vectors or larger than the number of texts
            of a language.

    >>> debias = LIR().fit_vectors([[2.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], ["de", "de", "en"])
    >>> debias.documents([[3.0, 1.0], [3.0, 1.0]], ["de", "en"]).tolist()
    [[0.0, 1.0], [3.0, 0.0]]
    """

    def __init__(self, components: int = 1, *, normalize: bool | None = None) -> None:
        """Set the options; :meth:`fit` does the rest."""
        if components < 1:
            raise ValueError(f"components={components}: it must be at least 1")
        super().__init__(normalize=normalize)
        self.components = components

    @property
    def _options(self) -> dict[str, Any]:
        return {"components": self.components, **super()._options}

    def _learn(self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None) -> dict[str, np.ndarray]:
        if self.components >= vectors.shape[1]:
            raise ValueError(
                f"components={self.components}: vectors of {vectors.shape[1]} values would lose all of them; take fewer"
            )
        tables = {}
        for lang in sorted(set(langs.tolist())):
            of_lang = vectors[langs == lang]
            if len(of_lang) < self.components:
                raise ValueError(
                    f"components={self.components}, but there are only {len(of_lang)} texts in {lang!r}: "
                    "fit it on more, or take fewer components"
                )
            _, sizes, directions = np.linalg.svd(of_lang, full_matrices=False)
            # Directions beyond the rank of the matrix are arbitrary: texts that occur twice span no more than one.
            rank = int((sizes > sizes[0] * max(of_lang.shape) * np.finfo(np.float64).eps).sum())
            tables[lang] = directions[: min(self.components, rank)]
        return tables

    def _remove(self, vectors: np.ndarray, table: np.ndarray) -> np.ndarray:
        for direction in table:
            vectors = vectors - (vectors * direction).sum(axis=1, keepdims=True) * direction
        return vectors

    def _turned(self, queries: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._remove(queries, table), np.zeros(len(queries))


class SHIFT(Debias):
    """Moves documents to where their translations into one source language are; queries stay as they are.

    From a document in language l, ``alpha`` times the mean of f(text in l) - f(same text in the source language) over
    translations is subtracted, f being the encoder for documents (Jang et al. 2026, "SHIFT: Semantic Harmonization via
    Index-side Feature Transformation for multilingual information retrieval", arXiv 2606.18801, equation 1 and
    algorithm 1). The authors take 533,000 passages of mMARCO, and vectors before they are brought to length 1; to do
    the same, apply it to ``DenseEncoder(..., normalize=False)`` with ``normalize=True``. Documents in a language that
    was not seen stay as they are there, and are an error here.

    Args:
        source: the language that documents are moved to.
        alpha: how much of the way, above 0. The authors choose it per encoder, from .1 to 1; their example for
            multilingual E5-large has .6.
        normalize: bring vectors back to length 1 afterwards; by default if those it was fitted on have that length.

    >>> debias = SHIFT("en", normalize=False)
    >>> _ = debias.fit_vectors([[1.0, 3.0], [1.0, 1.0]], ["de", "en"], items=["a", "a"])
    >>> debias.documents([[5.0, 5.0], [5.0, 5.0]], ["de", "en"]).tolist()
    [[5.0, 3.0], [5.0, 5.0]]
    """

    _roles = ("documents",)

    def __init__(self, source: str = "en", *, alpha: float = 1.0, normalize: bool | None = None) -> None:
        """Set the options; :meth:`fit` does the rest."""
        if not alpha > 0:
            raise ValueError(f"alpha={alpha}: it must be above 0")
        super().__init__(normalize=normalize)
        self.source = source
        self.alpha = alpha

    @property
    def _options(self) -> dict[str, Any]:
        return {"source": self.source, "alpha": self.alpha, **super()._options}

    def fit_vectors(self, documents: Any, langs: Sequence[str], *, items: Sequence[Hashable]) -> "SHIFT":
        """Estimate where each language lies from vectors of translations.

        Args:
            documents: their vectors, ``[n, dim]``.
            langs: their languages, ``[n]``.
            items: what each says, ``[n]``: equal for translations of each other.

        Returns:
            Itself, fitted.

        Raises:
            ValueError: no text is also there in the source language, or shapes differ.
        """
        return self._fit({"documents": (documents, langs, items)})

    def queries(self, vectors: Any, langs: Sequence[str] | str) -> np.ndarray:
        """The vectors as they are."""
        self._fitted()
        return np.array(vectors, dtype=np.float32)

    def _sample(self, source: "ParallelPairs", role: str, *, limit: int | None, seed: int) -> Sample:
        if not is_pairs(source):
            raise TypeError(
                f"{self!r} is fitted on translations, not on a {type(source).__name__}: pass ParallelPairs, "
                "or vectors to fit_vectors"
            )
        return sample_pairs(source, role, limit=limit, seed=seed, source=self.source)

    def _learn(self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None) -> dict[str, np.ndarray]:
        # A Series would be looked up by its index.
        items = [] if items is None else list(items)
        if len(items) != len(vectors):
            raise ValueError(f"{len(vectors)} vectors, but {len(items)} items: give one for each vector")
        source = {items[row]: row for row in np.flatnonzero(langs == self.source).tolist()}
        tables = {self.source: np.zeros(vectors.shape[1])}
        for lang in sorted({*langs.tolist()} - {self.source}):
            rows = [row for row in np.flatnonzero(langs == lang).tolist() if items[row] in source]
            if rows:
                tables[lang] = (vectors[rows] - vectors[[source[items[row]] for row in rows]]).mean(axis=0)
        if len(tables) == 1:
            raise ValueError(f"no text is there in {self.source!r} and in another language: pass translations")
        return tables

    def _remove(self, vectors: np.ndarray, table: np.ndarray) -> np.ndarray:
        return vectors - self.alpha * table

    def _turned(self, queries: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return queries, -self.alpha * (queries @ table)
