"""The debiasing methods: Centring, LIR and SHIFT."""

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from pyterrier_hybrid.retrieval.debias.base import Debias, VectorsByLanguage
from pyterrier_hybrid.retrieval.debias.sample import Sample, is_pairs, sample_pairs
from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.utils.checks import finite_number, whole_number

_Method = TypeVar("_Method", bound="_MonolingualDebias")


class _MonolingualDebias(Debias):
    """A method that needs no translations: it estimates the bias of a language from texts in that language."""

    def fit_vectors(
        self: _Method,
        documents: ArrayLike,
        langs: Sequence[str],
        *,
        queries: ArrayLike | None = None,
        query_langs: Sequence[str] | None = None,
    ) -> _Method:
        """Estimate the bias of each language from vectors, such as those of ``FaissIndex.documents()``.

        Args:
            documents: Document vectors, ``[n, dim]``.
            langs: The language of each document.
            queries: Query vectors, ``[m, dim]``. Default: queries are assumed to have the bias of documents.
            query_langs: The language of each query.

        Returns:
            The fitted method itself.

        Raises:
            ValueError: There are no vectors, or shapes differ.

        Example:
            >>> from pyterrier_hybrid.retrieval import LIR
            >>> LIR().fit_vectors([[2.0, 0.0], [2.0, 1.0]], ["de", "de"]).languages
            ['de']
        """
        vectors = {"documents": VectorsByLanguage(documents, langs)}
        if queries is not None:
            vectors["queries"] = VectorsByLanguage(queries, () if query_langs is None else query_langs)
        return self._fit(vectors)


class Centring(_MonolingualDebias):
    """Subtracts the mean of its language from each vector.

    Libovický et al. 2020, "On the language neutrality of pre-trained multilingual representations", arXiv 2004.05160.
    There is nothing to tune.

    Args:
        normalize: Whether to L2-normalise debiased vectors. Default: yes if the vectors it was fitted on were
            L2-normalised.

    Example:
        >>> debias = Centring().fit_vectors([[3.0, 0.0], [1.0, 0.0], [0.0, 5.0]], ["de", "de", "en"])
        >>> debias.documents([[3.0, 1.0], [3.0, 1.0]], ["de", "en"]).tolist()
        [[1.0, 1.0], [3.0, -4.0]]
    """

    def _estimate(
        self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None
    ) -> dict[str, np.ndarray]:
        return {lang: vectors[langs == lang].mean(axis=0) for lang in set(langs.tolist())}

    def _remove(self, vectors: np.ndarray, bias: np.ndarray) -> np.ndarray:
        return vectors - bias

    def _fold(self, queries: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return queries, -(queries @ bias)


class LIR(_MonolingualDebias):
    """Language Information Removal: projects each vector off the principal directions of its language.

    These are the first right singular vectors of the uncentred matrix of the language's vectors (Yang et al. 2021, "A
    simple and effective method to eliminate the self language bias in multilingual representations", arXiv 2109.04727).
    The authors encode 10,000 Wikipedia sentences per language as queries, and use them for queries and documents alike;
    here documents and queries have separate directions.

    Args:
        components: Number of directions; the authors' code uses 1 or 2. The first is close to the mean, the others may
            also carry differences in content.
        normalize: Whether to L2-normalise debiased vectors. Default: yes if the vectors it was fitted on were
            L2-normalised.

    Raises:
        TypeError: ``components`` is not a whole number.
        ValueError: ``components`` is below 1. When fitting: it is not smaller than the dimension, or larger than the
            number of texts in a language.

    Example:
        >>> debias = LIR().fit_vectors([[2.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], ["de", "de", "en"])
        >>> debias.documents([[3.0, 1.0], [3.0, 1.0]], ["de", "en"]).tolist()
        [[0.0, 1.0], [3.0, 0.0]]
    """

    def __init__(self, components: int = 1, *, normalize: bool | None = None) -> None:
        super().__init__(normalize=normalize)
        self.components = whole_number("components", components)

    @property
    def _options(self) -> dict[str, Any]:
        return {"components": self.components, **super()._options}

    def _estimate(
        self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None
    ) -> dict[str, np.ndarray]:
        if self.components >= vectors.shape[1]:
            raise ValueError(
                f"components={self.components}: vectors of {vectors.shape[1]} values would lose all of them; use fewer"
            )
        directions_by_lang = {}
        for lang in sorted(set(langs.tolist())):
            of_lang = vectors[langs == lang]
            if len(of_lang) < self.components:
                raise ValueError(
                    f"components={self.components}, but there are only {len(of_lang)} texts in {lang!r}: "
                    "fit it on more texts, or use fewer components"
                )
            _, singular_values, directions = np.linalg.svd(of_lang, full_matrices=False)
            # Directions beyond the rank of the matrix are arbitrary, and duplicate texts do not increase the rank.
            tolerance = singular_values[0] * max(of_lang.shape) * np.finfo(np.float64).eps
            rank = int((singular_values > tolerance).sum())
            directions_by_lang[lang] = directions[: min(self.components, rank)]
        return directions_by_lang

    def _remove(self, vectors: np.ndarray, bias: np.ndarray) -> np.ndarray:
        for direction in bias:
            vectors = vectors - (vectors * direction).sum(axis=1, keepdims=True) * direction
        return vectors

    def _fold(self, queries: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._remove(queries, bias), np.zeros(len(queries))


class SHIFT(Debias):
    """Moves documents towards their translations into a source language; queries are left unchanged.

    For a document in language l, it subtracts ``alpha`` times the mean of f(text in l) - f(same text in the source
    language) over translations, where f encodes documents (Jang et al. 2026, "SHIFT: Semantic Harmonization via
    Index-side Feature Transformation for multilingual information retrieval", arXiv 2606.18801, equation 1 and
    algorithm 1). The authors use 533,000 passages of mMARCO and vectors before L2-normalisation; to do the same,
    pass ``DenseEncoder(..., normalize=False)`` and ``normalize=True``. Unlike their code, this class refuses documents
    in a language that it was not fitted on.

    Args:
        source: Language that documents are moved to.
        alpha: Size of the move, above 0. The authors tune it for each encoder, from .1 to 1; their example for
            multilingual E5-large is .6.
        normalize: Whether to L2-normalise debiased vectors. Default: yes if the vectors it was fitted on were
            L2-normalised.

    Raises:
        ValueError: ``alpha`` is not above 0.

    Example:
        >>> debias = SHIFT("en", normalize=False)
        >>> _ = debias.fit_vectors([[1.0, 3.0], [1.0, 1.0]], ["de", "en"], items=["a", "a"])
        >>> debias.documents([[5.0, 5.0], [5.0, 5.0]], ["de", "en"]).tolist()
        [[5.0, 3.0], [5.0, 5.0]]
    """

    _roles = ("documents",)

    def __init__(self, source: str = "en", *, alpha: float = 1.0, normalize: bool | None = None) -> None:
        super().__init__(normalize=normalize)
        self.source = canonical_language(source)
        self.alpha = finite_number("alpha", alpha)
        if not self.alpha:
            raise ValueError(f"alpha={alpha}: it must be above 0")

    @property
    def _options(self) -> dict[str, Any]:
        return {"source": self.source, "alpha": self.alpha, **super()._options}

    def fit_vectors(self, documents: ArrayLike, langs: Sequence[str], *, items: Sequence[Hashable]) -> "SHIFT":
        """Estimate the bias of each language from vectors of translations.

        Args:
            documents: Document vectors, ``[n, dim]``.
            langs: The language of each document.
            items: An id for each document that its translations share.

        Returns:
            The fitted method itself.

        Raises:
            ValueError: No document has a translation in the source language, or shapes differ.
        """
        return self._fit({"documents": VectorsByLanguage(documents, langs, items)})

    def queries(self, vectors: ArrayLike, langs: Sequence[str] | str) -> np.ndarray:
        """Return the query vectors unchanged.

        Args:
            vectors: ``[n, dim]``.
            langs: Ignored.

        Returns:
            float32 ``[n, dim]``.

        Raises:
            RuntimeError: The method was not fitted.
        """
        self._fitted_biases()
        return np.array(vectors, dtype=np.float32)

    def _sample(self, source: Any, role: str, *, limit: int | None, seed: int) -> Sample:
        if not is_pairs(source):
            raise TypeError(
                f"{self._call} is fitted on translations, not on a {type(source).__name__}: pass ParallelPairs, "
                "or vectors to fit_vectors"
            )
        return sample_pairs(source, role, limit=limit, seed=seed, source=self.source)

    def _estimate(
        self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None
    ) -> dict[str, np.ndarray]:
        # A pandas Series would be indexed by label.
        items = [] if items is None else list(items)
        if len(items) != len(vectors):
            raise ValueError(f"{len(vectors)} vectors, but {len(items)} items: pass one for each vector")
        source_rows = {items[row]: row for row in np.flatnonzero(langs == self.source).tolist()}
        shifts = {self.source: np.zeros(vectors.shape[1])}
        for lang in sorted({*langs.tolist()} - {self.source}):
            rows = [row for row in np.flatnonzero(langs == lang).tolist() if items[row] in source_rows]
            if rows:
                shifts[lang] = (vectors[rows] - vectors[[source_rows[items[row]] for row in rows]]).mean(axis=0)
        if len(shifts) == 1:
            raise ValueError(f"no text is there in {self.source!r} as well as another language: pass translations")
        return shifts

    def _remove(self, vectors: np.ndarray, bias: np.ndarray) -> np.ndarray:
        return vectors - self.alpha * bias

    def _fold(self, queries: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return queries, -self.alpha * (queries @ bias)
