"""Base class of the debiasing methods."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, cast

import numpy as np
import pandas as pd
import pyterrier as pt
from numpy.typing import ArrayLike
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from pyterrier_hybrid.retrieval.debias.encoder import DebiasedEncoder, check_encoder
from pyterrier_hybrid.retrieval.debias.sample import Sample, is_pairs, sample_pairs, sample_rows
from pyterrier_hybrid.retrieval.debias.transformers import Debiaser, UnchangedIndexRetriever
from pyterrier_hybrid.retrieval.protocols import Encoder
from pyterrier_hybrid.retrieval.vectors import find_unusable
from pyterrier_hybrid.text.languages import canonical_language, same_language
from pyterrier_hybrid.utils.checks import true_or_false, whole_number
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.json_files import read_json, write_json
from pyterrier_hybrid.utils.safetensors_files import refuse_lfs_pointer

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval.index import FaissIndex

Texts = Iterable[Mapping[str, Any]] | pd.DataFrame
_Method = TypeVar("_Method", bound="Debias")

_ROLES = ("documents", "queries")
_SETTINGS_FILE = "debias.json"
_BIAS_FILE = "debias.safetensors"
# Number of rows that are converted to double precision at a time.
_BLOCK = 2**15
# Vectors of bfloat16 encoders have a norm of 1 only roughly.
_UNIT_TOLERANCE = 0.01
# Number of languages that the repr of a fitted method lists.
_SHOWN = 5
# If less than this fraction of a vector's norm remains, the rest is rounding error.
_ROUNDING = 1e-6


class VectorsByLanguage(NamedTuple):
    """Vectors that the bias is estimated from.

    Attributes:
        vectors: ``[n, dim]``.
        langs: The language of each vector.
        items: Ids that translations share; ``None`` if unknown.
    """

    vectors: ArrayLike
    langs: Sequence[str]
    items: Sequence[Hashable] | None = None


class Debias(ABC):
    """A method against language bias: estimates the bias of each language and removes it from vectors.

    The biases of documents and of queries are estimated separately, since their prefixes and lengths differ. A language
    that has only documents or only queries gets the same bias for both.

    Args:
        normalize: Whether to L2-normalise debiased vectors. Default: yes if the vectors it was fitted on were
            L2-normalised. A vector that is removed entirely becomes zero.

    Example:
        >>> from pyterrier_hybrid.retrieval import Centring
        >>> debias = Centring().fit_vectors([[3.0, 0.0], [1.0, 0.0], [0.0, 5.0]], ["de", "de", "en"])
        >>> debias.documents([[3.0, 1.0], [3.0, 1.0]], ["de", "en"]).tolist()
        [[1.0, 1.0], [3.0, -4.0]]
    """

    # The vectors that the method changes.
    _roles: ClassVar[tuple[str, ...]] = _ROLES
    _methods: ClassVar[dict[str, type["Debias"]]] = {}

    def __init_subclass__(cls) -> None:
        """Register the method for :meth:`load`."""
        super().__init_subclass__()
        Debias._methods[cls.__name__] = cls

    def __init__(self, *, normalize: bool | None = None) -> None:
        self.normalize = None if normalize is None else true_or_false("normalize", normalize)
        self._normalizes = bool(normalize)
        # By role and language; empty until fitted.
        self._biases: dict[str, dict[str, np.ndarray]] = {}

    @abstractmethod
    def _estimate(
        self, vectors: np.ndarray, langs: np.ndarray, items: Sequence[Hashable] | None
    ) -> dict[str, np.ndarray]:
        """Estimate the bias of each language from float64 vectors ``[n, dim]``."""

    @abstractmethod
    def _remove(self, vectors: np.ndarray, bias: np.ndarray) -> np.ndarray:
        """Remove the bias from float64 vectors ``[n, dim]`` of one language.

        Each row must be bit-identical whatever the other rows are, so that ties remain ties: do not use BLAS.
        """

    @abstractmethod
    def _fold(self, queries: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Implement :meth:`fold_into_queries` for the documents' bias."""

    @property
    def _options(self) -> dict[str, Any]:
        return {"normalize": self.normalize}

    def fit(
        self: _Method,
        encoder: Encoder,
        documents: "Texts | ParallelPairs",
        queries: "Texts | ParallelPairs | None" = None,
        *,
        limit: int | None = 2000,
        seed: int = 0,
    ) -> _Method:
        """Estimate the bias of each language from texts.

        If you fit on a corpus that you also evaluate on, report it: no relevance judgements are used, but the corpus is
        part of the evaluation. Pairs from elsewhere are not.

        Args:
            encoder: The encoder, such as a :class:`~pyterrier_hybrid.DenseEncoder`.
            documents: Dictionaries or a frame with ``text`` and ``lang``; or :class:`~pyterrier_hybrid.ParallelPairs`,
                whose passages are documents and whose queries are queries.
            queries: Queries in the same form; their text may also be called ``query``. Default: the queries of the
                pairs; without pairs, queries are assumed to have the bias of documents.
            limit: Maximum number of texts per language and role, drawn at random; ``None`` for all. The mean of n
                L2-normalised vectors is off by at most 1 / sqrt(n) on average: .02 for 2,000.
            seed: Seed of the draw.

        Returns:
            The fitted method itself.

        Raises:
            ValueError: There are no texts, or one has no language.
            TypeError: A text is not a string, or the encoder is already debiased.

        Example:
            >>> from pyterrier_hybrid import DenseEncoder
            >>> from pyterrier_hybrid.retrieval import Centring
            >>> texts = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}]
            >>> encoder = DenseEncoder.from_scratch([row["text"] for row in texts], dim=8, vocab_size=40)
            >>> Centring().fit(encoder, texts).languages
            ['de', 'en']
        """
        check_encoder(encoder)
        if limit is not None and whole_number("limit", limit, least=0) < 1:
            raise ValueError(f"limit={limit}: it must be at least 1, or None for all texts")
        seed = whole_number("seed", seed, least=0)
        if queries is not None and "queries" not in self._roles:
            raise ValueError(f"{type(self).__name__} leaves queries as they are: fit it without queries")
        if queries is None and is_pairs(documents):
            queries = documents
        sources = {"documents": documents, "queries": queries}
        encoded = {}
        for role in self._roles:
            source = sources[role]
            if source is None:
                continue
            texts, langs, items = self._sample(source, role, limit=limit, seed=seed)
            encode = encoder.encode_documents if role == "documents" else encoder.encode_queries
            encoded[role] = VectorsByLanguage(encode(texts) if texts else np.zeros((0, 0)), langs, items)
        return self._fit(encoded)

    def _sample(self, source: Any, role: str, *, limit: int | None, seed: int) -> Sample:
        if is_pairs(source):
            return sample_pairs(source, role, limit=limit, seed=seed)
        return sample_rows(source, role, limit=limit, seed=seed)

    def _fit(self: _Method, vectors_by_role: Mapping[str, VectorsByLanguage]) -> _Method:
        estimated, normalized = {}, True
        for role, (vectors, langs, items) in vectors_by_role.items():
            langs = list(langs)
            matrix = _finite_matrix(vectors, langs, role)
            langs = [canonical_language(lang) for lang in langs]
            if not len(matrix):
                raise ValueError(f"there are no {role} to fit {self._call} on")
            normalized = normalized and _are_normalized(matrix)
            estimated[role] = self._estimate(matrix, np.asarray(langs, dtype=object), items)
        dims = {bias.shape[-1] for biases in estimated.values() for bias in biases.values()}
        if len(dims) > 1:
            raise ValueError(f"documents and queries have vectors of {sorted(dims)} values: use one encoder for both")
        other_role = {lang: bias for biases in estimated.values() for lang, bias in biases.items()}
        for role in self._roles:
            biases = {**other_role, **estimated.get(role, {})}
            self._biases[role] = {lang: biases[lang].astype(np.float32) for lang in sorted(biases)}
        self._normalizes = normalized if self.normalize is None else self.normalize
        return self

    @property
    def languages(self) -> list[str]:
        """Languages that the method was fitted on, sorted; empty before fitting."""
        return list(self._biases.get("documents", {}))

    @property
    def normalizes(self) -> bool:
        """Whether debiased vectors are L2-normalised: ``normalize``, or else decided by fitting."""
        return self._normalizes

    @property
    def fingerprint(self) -> str:
        """A hash of everything that debiased vectors depend on: method, options and estimated biases."""
        state = hashlib.sha256(json.dumps([type(self).__name__, self._options, self._normalizes]).encode())
        for role, biases in sorted(self._biases.items()):
            for lang, bias in biases.items():
                state.update(f"{role}.{lang}{bias.shape}".encode() + bias.tobytes())
        return state.hexdigest()[:32]

    def documents(self, vectors: ArrayLike, langs: Sequence[str] | str) -> np.ndarray:
        """Debias document vectors.

        Args:
            vectors: ``[n, dim]``.
            langs: The language of each vector, or one for all.

        Returns:
            float32 ``[n, dim]``.

        Raises:
            ValueError: The method was not fitted on one of the languages, or shapes differ.
            RuntimeError: The method was not fitted.

        Example:
            >>> from pyterrier_hybrid.retrieval import Centring
            >>> debias = Centring().fit_vectors([[1.0, 0.0], [0.0, 2.0]], ["de", "en"])
            >>> debias.documents([[1.0, 1.0]], "fr")
            Traceback (most recent call last):
            ...
            ValueError: documents[0] is in 'fr', but Centring() was fitted on de, en: fit it on texts in 'fr' as well
        """
        return self._debias("documents", vectors, langs)

    def queries(self, vectors: ArrayLike, langs: Sequence[str] | str) -> np.ndarray:
        """Debias query vectors; see :meth:`documents`."""
        return self._debias("queries", vectors, langs)

    def _debias(self, role: str, vectors: ArrayLike, langs: Sequence[str] | str) -> np.ndarray:
        biases = self._fitted_biases()[role]
        vectors = _as_array(vectors, np.float32)
        langs = [langs] * len(vectors) if isinstance(langs, str) else list(langs)
        langs = self._check(vectors, langs, role, biases)
        result = np.empty_like(vectors)
        for start in range(0, len(vectors), _BLOCK):
            block = vectors[start : start + _BLOCK].astype(np.float64)
            codes, names = pd.factorize(np.asarray(langs[start : start + _BLOCK], dtype=object))
            for code, lang in enumerate(names):
                rows = np.flatnonzero(codes == code)
                before = block[rows]
                after = self._remove(before, biases[lang].astype(np.float64))
                result[start + rows] = _normalized(after, _norms(before)) if self._normalizes else after
        return result

    def _check(
        self, vectors: np.ndarray, langs: Sequence[str], role: str, biases: Mapping[str, np.ndarray]
    ) -> list[str]:
        """Check vectors and their languages, and return the languages as they are named here."""
        _check_shape(vectors, langs, role)
        langs = [same_language(lang, biases) for lang in langs]
        dim = next(iter(biases.values())).shape[-1]
        if vectors.shape[1] != dim:
            raise ValueError(
                f"the {role} have {vectors.shape[1]} values, but {self._call} was fitted on vectors of {dim}: "
                "fit it on vectors of the same encoder"
            )
        for row, lang in enumerate(langs):
            if lang not in biases:
                raise ValueError(
                    f"{role}[{row}] is in {lang!r}, but {self._call} was fitted on {', '.join(biases)}: "
                    f"fit it on texts in {lang!r} as well"
                )
        return langs

    def check_fitted(self) -> None:
        """Check that it was fitted.

        Raises:
            RuntimeError: It was not.
        """
        self._fitted_biases()

    def _fitted_biases(self) -> dict[str, dict[str, np.ndarray]]:
        if not self._biases:
            raise RuntimeError(f"{self!r} is not fitted: call its fit(encoder, texts) first")
        return self._biases

    def fold_into_queries(self, queries: np.ndarray, lang: str) -> tuple[np.ndarray, np.ndarray]:
        """Return query vectors and constants that score unchanged documents as if these were debiased.

        Args:
            queries: Debiased query vectors, ``[n, dim]``.
            lang: Language of the documents.

        Returns:
            Vectors ``[n, dim]`` and constants ``[n]``. For a query q and a document d, the inner product of its vector
            and d, plus its constant, is the inner product of q and the debiased d (before L2-normalisation).
        """
        queries = np.asarray(queries, np.float64)
        biases = self._fitted_biases()["documents"]
        self._check(queries, [lang] * len(queries), "documents", biases)
        return self._fold(queries, biases[same_language(lang, biases)].astype(np.float64))

    # Alias for existing code.
    turned = fold_into_queries

    def applied_to(self, encoder: Encoder) -> DebiasedEncoder:
        """Return an encoder whose vectors are debiased, for pipelines and a ``LanguageExperiment``.

        Args:
            encoder: The original encoder.

        Example:
            >>> from pyterrier_hybrid import DenseEncoder
            >>> from pyterrier_hybrid.retrieval import Centring
            >>> encoder = DenseEncoder.from_scratch(["ein Haus", "a house"], dim=8, vocab_size=40)
            >>> texts = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}]
            >>> Centring().fit(encoder, texts).applied_to(encoder).encode_queries(["a house"], ["en"]).shape
            (1, 8)
        """
        return DebiasedEncoder(encoder, self)

    def query_debiaser(self, lang: str | None = None, *, lang_field: str = "lang") -> pt.Transformer:
        """Return a transformer that debiases ``query_vec``.

        Args:
            lang: Language of all queries. Default: read ``lang_field``.
            lang_field: Column with the language of each query.

        Example:
            >>> from pyterrier_hybrid.retrieval import Centring
            >>> import pandas as pd
            >>> frame = pd.DataFrame({"qid": ["1"], "query_vec": [[3.0, 1.0]]})
            >>> debias = Centring().fit_vectors([[1.0, 0.0]], ["de"], queries=[[2.0, 1.0]], query_langs=["de"])
            >>> debias.query_debiaser("de").transform(frame)["query_vec"][0].tolist()
            [1.0, 0.0]
        """
        self.check_fitted()
        return Debiaser(self, "queries", lang=lang, lang_field=lang_field)

    def doc_debiaser(self, lang: str | None = None, *, lang_field: str = "lang") -> pt.Transformer:
        """Return a transformer that debiases ``doc_vec``.

        ``encoder.doc_encoder() >> debias.doc_debiaser() >> index.indexer()`` writes a debiased index.

        Args:
            lang: Language of all documents. Default: read ``lang_field``.
            lang_field: Column with the language of each document.
        """
        self.check_fitted()
        return Debiaser(self, "documents", lang=lang, lang_field=lang_field)

    def rewrite(self, index: "FaissIndex", path: str | Path, **options: Any) -> "FaissIndex":
        """Write a new index with the debiased vectors of an existing one.

        Args:
            index: The existing index; each of its documents needs a language.
            path: Folder of the new index, which is written atomically.
            **options: Options of :meth:`FaissIndex.indexer`, such as ``overwrite`` and ``kind``. Default: an exact
                index.

        Returns:
            The new index.

        Raises:
            FileExistsError: ``path`` already exists.
            ValueError: A document has no language, or one that the method was not fitted on.
        """
        from pyterrier_hybrid.retrieval.index import FaissIndex

        # PyTerrier annotates `>>` as a Transformer, also where the last stage is an indexer.
        pipeline = cast(pt.Indexer, self.doc_debiaser() >> FaissIndex(path).indexer(**options))
        return pipeline.index(index.documents())

    def retriever(
        self,
        index: "FaissIndex",
        num_results: int = 1000,
        lang: str | Sequence[str] | None = None,
        *,
        keep_query_vec: bool = False,
    ) -> pt.Transformer:
        """Return a retriever that scores the documents of an unchanged index as if they were debiased.

        Removing the bias is linear, so for documents in one language, changed queries and a constant give the same
        scores. Each language is searched separately and the results are merged. This is as exact as the index itself.
        L2-normalised debiased documents need :meth:`rewrite` instead. Debias the queries first:
        ``encoder.query_encoder() >> debias.query_debiaser() >> debias.retriever(index)``.

        Args:
            index: The index; documents without a language are never found.
            num_results: Maximum number of results per query.
            lang: Search only documents in this language or these languages. Default: all.
            keep_query_vec: Leave ``query_vec`` in the results.

        Raises:
            ValueError: Debiased vectors are L2-normalised, which cannot be done at query time.
        """
        self.check_fitted()
        return UnchangedIndexRetriever(self, index, num_results=num_results, lang=lang, keep_query_vec=keep_query_vec)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Save the fitted method in a folder, atomically; :meth:`load` reads it.

        Args:
            folder: The folder.
            overwrite: Replace an existing folder.

        Returns:
            The folder.

        Raises:
            FileExistsError: The folder already exists and ``overwrite`` is false.

        Example:
            >>> import tempfile
            >>> from pyterrier_hybrid.retrieval import Centring
            >>> debias = Centring().fit_vectors([[1.0, 0.0]], ["de"])
            >>> with tempfile.TemporaryDirectory() as home:
            ...     Debias.load(debias.save(home + "/centring")).fingerprint == debias.fingerprint
            True
        """
        settings = {"method": type(self).__name__, "options": self._options, "normalizing": self._normalizes}
        settings["fingerprint"] = self.fingerprint
        biases = self._fitted_biases()
        tensors = {f"{role}.{lang}": bias for role in biases for lang, bias in biases[role].items()}
        with whole_folder(folder, overwrite=overwrite) as unfinished:
            write_json(unfinished / _SETTINGS_FILE, settings)
            save_file(tensors, unfinished / _BIAS_FILE)
        return Path(folder)

    @classmethod
    def load(cls: type[_Method], folder: str | Path) -> _Method:
        """Load a fitted method that :meth:`save` wrote.

        Args:
            folder: The folder.

        Raises:
            FileNotFoundError: One of its files does not exist.
            ValueError: The folder is damaged, or holds another method than this class.
        """
        folder = Path(folder)
        for name in (_SETTINGS_FILE, _BIAS_FILE):
            if not (folder / name).exists():
                raise FileNotFoundError(f"{folder} has no {name}: pass a folder that save(folder) wrote")
        biases: dict[str, dict[str, np.ndarray]] = {}
        try:
            settings = read_json(folder / _SETTINGS_FILE, kind=dict)
            refuse_lfs_pointer(folder / _BIAS_FILE)
            for name, bias in sorted(load_file(folder / _BIAS_FILE).items()):
                role, lang = name.split(".", 1)
                biases.setdefault(role, {})[lang] = bias
            name, options, normalizes = settings["method"], settings["options"], settings["normalizing"]
        except (SafetensorError, ValueError, KeyError) as error:
            raise ValueError(f"{folder} is damaged ({type(error).__name__}: {error}): save it again") from error
        method = cls._methods.get(name) if isinstance(name, str) else None
        if method is None or not issubclass(method, cls):
            raise ValueError(f"{folder} holds {name!r}, which is not {cls.__name__}: load it with its own class")
        try:
            debias = method(**options)
            debias._normalizes = true_or_false("normalizing", normalizes)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{folder / _SETTINGS_FILE} is damaged ({error}): save it again") from error
        debias._biases = biases
        # Folders that were saved by earlier versions have none.
        if {*biases} != {*method._roles} or settings.get("fingerprint") not in (None, debias.fingerprint):
            raise ValueError(f"{folder} is damaged: its files do not belong together; save it again")
        return debias

    @property
    def _call(self) -> str:
        """The call that makes this method, unfitted."""
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"{type(self).__name__}({options})"

    def __repr__(self) -> str:
        if not self._biases:
            return self._call
        langs = self.languages
        return f"{self._call}.fit(<{', '.join(langs) if len(langs) <= _SHOWN else f'{len(langs)} languages'}>)"


def _as_array(vectors: Any, dtype: type) -> np.ndarray:
    """Return vectors as an array; an iterator is read."""
    if isinstance(vectors, Iterator):
        vectors = list(vectors)
    return np.asarray(vectors, dtype)


def _check_shape(vectors: np.ndarray, langs: Sequence[str], role: str) -> None:
    if vectors.ndim != 2:
        raise ValueError(f"{role} is an array of shape {vectors.shape}, expected [n, dim]: one row per vector")
    if len(vectors) != len(langs):
        raise ValueError(f"{len(vectors)} vectors of {role}, but {len(langs)} languages: pass one for each vector")
    for row, lang in enumerate(langs):
        if not isinstance(lang, str):
            raise ValueError(f"{role}[{row}] has no language but {lang!r}: every vector needs one, as a str")


def _finite_matrix(vectors: ArrayLike, langs: Sequence[str], role: str) -> np.ndarray:
    """Return float64 vectors, checked."""
    vectors = _as_array(vectors, np.float64)
    _check_shape(vectors, langs, role)
    unusable = find_unusable(vectors)
    if unusable:
        raise ValueError(f"the vector of {role}[{unusable[0]}] {unusable[1]}; check the encoder")
    return vectors


def _norms(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt((vectors * vectors).sum(axis=1))


def _are_normalized(vectors: np.ndarray) -> bool:
    """Return whether all vectors except zero vectors are L2-normalised."""
    norms = _norms(vectors)
    return bool((np.abs(norms[norms > 0] - 1) < _UNIT_TOLERANCE).all())


def _normalized(vectors: np.ndarray, norms_before: np.ndarray) -> np.ndarray:
    """L2-normalise vectors; those that lost nearly all of their former norm become zero.

    Example:
        >>> _normalized(np.array([[0.0, 2.0], [1e-9, 0.0]]), np.array([1.0, 1.0])).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    norms = _norms(vectors)
    gone = norms <= _ROUNDING * norms_before
    return np.where(gone[:, None], 0.0, vectors / np.where(gone, 1.0, norms)[:, None])
