"""What all methods against language bias have in common."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import pandas as pd

from pyterrier_hybrid.retrieval.debias.encoder import check_encoder
from pyterrier_hybrid.retrieval.debias.files import read, write
from pyterrier_hybrid.retrieval.debias.pipelines import Pipelines
from pyterrier_hybrid.retrieval.debias.sample import Sample, is_pairs, sample_pairs, sample_rows
from pyterrier_hybrid.retrieval.debias.vectors import check_rows, finite_matrix, have_length_one, lengths, scaled
from pyterrier_hybrid.utils.files import whole_folder

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

Texts = Iterable[Mapping[str, Any]] | pd.DataFrame
_Fitted = TypeVar("_Fitted", bound="Debias")
_ROLES = ("documents", "queries")
# Rows that are computed on in double precision at a time.
_BLOCK = 2**15


class Debias(Pipelines, ABC):
    """What the methods have in common: fitting, application to vectors, transformers, files.

    Bias is estimated for documents and queries apart, since they have other prefixes and lengths. A language that has
    texts of one kind only is taken to have the same bias in the other.

    Args:
        normalize: bring vectors back to length 1 afterwards; by default if those it was fitted on have that length. A
            vector of which nothing is left becomes zero.

    >>> from pyterrier_hybrid.retrieval import Centring
    >>> debias = Centring().fit_vectors([[3.0, 0.0], [1.0, 0.0], [0.0, 5.0]], ["de", "de", "en"])
    >>> debias.documents([[3.0, 1.0], [3.0, 1.0]], ["de", "en"]).tolist()
    [[1.0, 1.0], [3.0, -4.0]]
    """

    # The kinds of vectors that the method changes.
    _roles: ClassVar[tuple[str, ...]] = _ROLES
    _methods: ClassVar[dict[str, type["Debias"]]] = {}

    def __init_subclass__(cls) -> None:
        """Let :meth:`load` know the method."""
        Debias._methods[cls.__name__] = cls

    def __init__(self, *, normalize: bool | None = None) -> None:
        """Set the options; :meth:`fit` does the rest."""
        self.normalize = normalize
        self._normalizing = bool(normalize)
        self._tables: dict[str, dict[str, np.ndarray]] = {}

    @abstractmethod
    def _learn(self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None) -> dict[str, np.ndarray]:
        """What is to be removed from the vectors of each language, from float64 ``[n, dim]``."""

    @abstractmethod
    def _remove(self, vectors: np.ndarray, table: np.ndarray) -> np.ndarray:
        """Vectors of one language, float64 ``[n, dim]``, without its bias.

        Each row must come out the same to the last bit whatever rows are beside it, so that ties stay ties: no BLAS.
        """

    @abstractmethod
    def _turned(self, queries: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Queries ``[n, dim]`` and constants ``[n]`` that score unchanged documents as ``queries`` do debiased ones."""

    @property
    def _options(self) -> dict[str, Any]:
        return {"normalize": self.normalize}

    def fit(
        self: _Fitted,
        encoder: Any,
        documents: "Texts | ParallelPairs",
        queries: "Texts | ParallelPairs | None" = None,
        *,
        limit: int | None = 2000,
        seed: int = 0,
    ) -> _Fitted:
        """Estimate the bias of each language from texts.

        A corpus that is evaluated on is part of the evaluation, though no judgement of relevance is looked at: report
        it. Pairs from elsewhere are not.

        Args:
            encoder: what makes the vectors, such as a :class:`~pyterrier_hybrid.DenseEncoder`.
            documents: dicts or a frame with ``text`` and ``lang``; or :class:`~pyterrier_hybrid.ParallelPairs`, of
                which the passages are documents and the queries queries.
            queries: the same for queries, whose text may also be called ``query``. By default those of the pairs; with
                a corpus, none: then queries are taken to have the bias of documents.
            limit: texts per language and kind, at most, drawn at random; ``None`` for all. Of vectors of length 1, the
                mean of n is off by no more than 1 / sqrt(n) on average: .02 for 2,000.
            seed: which ones.

        Returns:
            Itself, fitted.

        Raises:
            ValueError: there is no text, or one has no language.
            TypeError: a text is no string, or the encoder is debiased already.

        >>> from pyterrier_hybrid import DenseEncoder
        >>> from pyterrier_hybrid.retrieval import Centring
        >>> texts = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}]
        >>> encoder = DenseEncoder.from_scratch([row["text"] for row in texts], dim=8, vocab_size=40)
        >>> Centring().fit(encoder, texts).languages
        ['de', 'en']
        """
        check_encoder(encoder)
        if limit is not None and limit < 1:
            raise ValueError(f"limit={limit}: it must be at least 1, or None for all texts")
        if queries is not None and "queries" not in self._roles:
            raise ValueError(f"{type(self).__name__} leaves queries as they are: fit it without queries")
        if queries is None and is_pairs(documents):
            queries = documents
        given = {"documents": documents, "queries": queries}
        learned = {}
        for role in self._roles:
            if given[role] is None:
                continue
            texts, langs, items = self._sample(given[role], role, limit=limit, seed=seed)
            encode = encoder.encode_documents if role == "documents" else encoder.encode_queries
            learned[role] = (encode(texts) if texts else np.zeros((0, 0)), langs, items)
        return self._fit(learned)

    def fit_vectors(
        self: _Fitted,
        documents: Any,
        langs: Sequence[str],
        *,
        queries: Any = None,
        query_langs: Sequence[str] | None = None,
    ) -> _Fitted:
        """Estimate the bias of each language from vectors, such as those that ``FaissIndex.documents()`` yields.

        Args:
            documents: their vectors, ``[n, dim]``.
            langs: their languages, ``[n]``.
            queries: vectors of queries, if there are any.
            query_langs: their languages.

        Returns:
            Itself, fitted.

        Raises:
            ValueError: there is no vector, or shapes differ.

        >>> from pyterrier_hybrid.retrieval import LIR
        >>> LIR().fit_vectors([[2.0, 0.0], [2.0, 1.0]], ["de", "de"]).languages
        ['de']
        """
        learned = {"documents": (documents, langs, None)}
        if queries is not None:
            learned["queries"] = (queries, () if query_langs is None else query_langs, None)
        return self._fit(learned)

    def _sample(self, source: Any, role: str, *, limit: int | None, seed: int) -> Sample:
        if is_pairs(source):
            return sample_pairs(source, role, limit=limit, seed=seed)
        return sample_rows(source, role, limit=limit, seed=seed)

    def _fit(self: _Fitted, learned: dict[str, tuple]) -> _Fitted:
        tables, unit = {}, True
        for role, (given, langs, items) in learned.items():
            vectors = finite_matrix(given, langs, role)
            if not len(vectors):
                raise ValueError(f"there are no {role} to fit {self!r} on")
            unit = unit and have_length_one(vectors)
            tables[role] = self._learn(vectors, np.asarray(langs, dtype=object), items)
        dims = {table.shape[-1] for role in tables.values() for table in role.values()}
        if len(dims) > 1:
            raise ValueError(f"documents and queries have vectors of {sorted(dims)} values: encode both by one encoder")
        everything = {lang: table for role in reversed(_ROLES) for lang, table in tables.get(role, {}).items()}
        for role in self._roles:
            of_role = {**everything, **tables.get(role, {})}
            self._tables[role] = {lang: of_role[lang].astype(np.float32) for lang in sorted(of_role)}
        self._normalizing = unit if self.normalize is None else self.normalize
        return self

    @property
    def languages(self) -> list[str]:
        """The languages that it was fitted on, sorted; empty before that."""
        return list(self._tables.get("documents", {}))

    @property
    def normalizes(self) -> bool:
        """Whether vectors are brought to length 1, as ``normalize`` says or those it was fitted on."""
        return self._normalizing

    @property
    def fingerprint(self) -> str:
        """A hash of all that the result depends on: method, options, and what was estimated."""
        state = hashlib.sha256(json.dumps([type(self).__name__, self._options, self._normalizing]).encode())
        for role, tables in sorted(self._tables.items()):
            for lang, table in tables.items():
                state.update(f"{role}.{lang}{table.shape}".encode() + table.tobytes())
        return state.hexdigest()[:32]

    def documents(self, vectors: Any, langs: Sequence[str] | str) -> np.ndarray:
        """Debiased vectors of documents.

        Args:
            vectors: ``[n, dim]``.
            langs: the language of each, or one for all.

        Returns:
            float32 ``[n, dim]``.

        Raises:
            ValueError: a language was not seen when it was fitted, or shapes differ.
            RuntimeError: it was not fitted.

        >>> from pyterrier_hybrid.retrieval import Centring
        >>> debias = Centring().fit_vectors([[1.0, 0.0], [0.0, 2.0]], ["de", "en"])
        >>> debias.documents([[1.0, 1.0]], "fr")
        Traceback (most recent call last):
        ...
        ValueError: documents[0] is in 'fr', but Centring() was fitted on de, en: fit it on texts in 'fr' as well
        """
        return self._apply("documents", vectors, langs)

    def queries(self, vectors: Any, langs: Sequence[str] | str) -> np.ndarray:
        """Debiased vectors of queries; see :meth:`documents`."""
        return self._apply("queries", vectors, langs)

    def _apply(self, role: str, vectors: Any, langs: Sequence[str] | str) -> np.ndarray:
        tables = self._fitted()[role]
        given = np.asarray(vectors, np.float32)
        langs = [langs] * len(given) if isinstance(langs, str) else list(langs)
        self._check(given, langs, role, tables)
        result = np.empty_like(given)
        for start in range(0, len(given), _BLOCK):
            block = given[start : start + _BLOCK].astype(np.float64)
            codes, names = pd.factorize(np.asarray(langs[start : start + _BLOCK], dtype=object))
            for code, lang in enumerate(names):
                rows = np.flatnonzero(codes == code)
                before = block[rows]
                after = self._remove(before, tables[lang].astype(np.float64))
                result[start + rows] = scaled(after, lengths(before)) if self._normalizing else after
        return result

    def _check(self, vectors: np.ndarray, langs: Sequence[str], role: str, tables: dict[str, np.ndarray]) -> None:
        check_rows(vectors, langs, role)
        dim = next(iter(tables.values())).shape[-1]
        if vectors.shape[1] != dim:
            raise ValueError(
                f"the {role} have {vectors.shape[1]} values, but {self!r} was fitted on vectors of {dim}: "
                "fit it on vectors of the same encoder"
            )
        for row, lang in enumerate(langs):
            if lang not in tables:
                raise ValueError(
                    f"{role}[{row}] is in {lang!r}, but {self!r} was fitted on {', '.join(tables)}: "
                    f"fit it on texts in {lang!r} as well"
                )

    def turned(self, queries: np.ndarray, lang: str) -> tuple[np.ndarray, np.ndarray]:
        """Queries and constants that score unchanged documents in a language as ``queries`` score debiased ones.

        Args:
            queries: debiased vectors, ``[n, dim]``.
            lang: the documents' language.

        Returns:
            Vectors ``[n, dim]`` and constants ``[n]``: for each query q and document d, the product of the vector with
            d plus the constant is that of q with the debiased d, before it is brought to length 1.
        """
        queries = np.asarray(queries, np.float64)
        self._check(queries, [lang] * len(queries), "documents", self._fitted()["documents"])
        return self._turned(queries, self._tables["documents"][lang].astype(np.float64))

    def _fitted(self) -> dict[str, dict[str, np.ndarray]]:
        if not self._tables:
            raise RuntimeError(f"{self!r} is not fitted: call its fit(encoder, texts) first")
        return self._tables

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write it into a folder, whole or not at all; :meth:`load` reads it.

        Args:
            folder: its place.
            overwrite: replace a folder that is there already.

        Returns:
            The folder.

        Raises:
            FileExistsError: it is there and ``overwrite`` is false.

        >>> import tempfile
        >>> from pyterrier_hybrid.retrieval import Centring
        >>> debias = Centring().fit_vectors([[1.0, 0.0]], ["de"])
        >>> with tempfile.TemporaryDirectory() as home:
        ...     Debias.load(debias.save(home + "/centring")).fingerprint == debias.fingerprint
        True
        """
        with whole_folder(folder, overwrite=overwrite) as unfinished:
            write(unfinished, type(self).__name__, self._options, self._normalizing, self._fitted())
        return Path(folder)

    @classmethod
    def load(cls: type[_Fitted], folder: str | Path) -> _Fitted:
        """Read what :meth:`save` wrote.

        Raises:
            FileNotFoundError: there is nothing of the kind.
            ValueError: it is damaged, or of another method than this class.
        """
        method, options, normalizing, tables = read(Path(folder))
        known = cls._methods.get(method)
        if known is None or not issubclass(known, cls):
            raise ValueError(f"{folder} holds {method!r}, which is not {cls.__name__}: load it by the class it is of")
        debias = known(**options)
        debias._normalizing, debias._tables = normalizing, tables
        return debias

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"{type(self).__name__}({options})"
