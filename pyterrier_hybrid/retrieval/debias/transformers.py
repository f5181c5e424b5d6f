"""PyTerrier transformers that remove language bias."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import pyterrier as pt
from numpy.typing import ArrayLike

from pyterrier_hybrid.retrieval.frames import hint_if_missing, not_encoded
from pyterrier_hybrid.text.languages import canonical_language, optional_language
from pyterrier_hybrid.utils.checks import list_of, list_of_names, one_of, true_or_false, whole_number
from pyterrier_hybrid.utils.parameters import CheckedTransformer

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.index import FaissIndex

_VECTOR_COLUMNS = {"documents": "doc_vec", "queries": "query_vec"}
_ROW = "_debias_row"
_CONSTANT = "_debias_constant"


class FittedMethod(Protocol):
    """A fitted debiasing method; see :class:`~pyterrier_hybrid.retrieval.debias.Debias`."""

    @property
    def normalizes(self) -> bool:
        """Whether debiased vectors are L2-normalised."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of everything that debiased vectors depend on."""
        ...

    def documents(self, vectors: ArrayLike, langs: Sequence[str] | str) -> np.ndarray:
        """Debias document vectors."""
        ...

    def queries(self, vectors: ArrayLike, langs: Sequence[str] | str) -> np.ndarray:
        """Debias query vectors."""
        ...

    def fold_into_queries(self, queries: np.ndarray, lang: str) -> tuple[np.ndarray, np.ndarray]:
        """Return query vectors and constants that score unchanged documents as if they were debiased."""
        ...


class _DebiasTransformer(CheckedTransformer):
    """Base class. Transformers are equal only if they share the fitted object: options do not determine a fit."""

    def __init__(self, debias: FittedMethod, *options: Any) -> None:
        super().__init__()
        self.debias = debias
        self._key = (id(debias), *options)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _DebiasTransformer) and type(self) is type(other) and self._key == other._key

    def __hash__(self) -> int:
        return hash((type(self), self._key))

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return an empty dictionary, because the fitted method is not a transformer."""
        return {}


class Debiaser(_DebiasTransformer):
    """Debiases ``query_vec`` or ``doc_vec``.

    Args:
        debias: The fitted method.
        role: ``queries`` or ``documents``.
        lang: Language of all vectors. Default: read ``lang_field``.
        lang_field: Column with the language of each vector.
    """

    schematic = {"label": "Debias", "help_url": None}

    def __init__(self, debias: FittedMethod, role: str, *, lang: str | None, lang_field: str) -> None:
        lang = optional_language("lang", lang)
        super().__init__(debias, role, lang, lang_field)
        self.role = one_of("role", role, _VECTOR_COLUMNS)
        self.lang = lang
        self.lang_field = lang_field

    def _columns(self) -> list[str]:
        column = _VECTOR_COLUMNS[self.role]
        return [column] if self.lang is not None else [column, self.lang_field]

    def transform_inputs(self) -> list[list[str]]:
        """Return the columns of the vectors, for inspection: first those that an index after it needs."""
        return [["qid" if self.role == "queries" else "docno", *self._columns()], self._columns()]

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Debias the vectors of a frame.

        Args:
            inp: Rows with ``query_vec`` or ``doc_vec``, and ``lang_field`` unless all vectors are in ``lang``.

        Raises:
            ValueError: A row has no language, or one that the method was not fitted on.
        """
        column = _VECTOR_COLUMNS[self.role]
        with (
            not_encoded(column, f"encoder.{'query' if self.role == 'queries' else 'doc'}_encoder()"),
            hint_if_missing(self.lang_field, "give lang=, the language of all of them"),
        ):
            pt.validate.columns(inp, includes=self._columns(), context=self)
        if not len(inp):
            return inp.copy()
        langs = self.lang if self.lang is not None else self._langs(inp)
        debias = self.debias.queries if self.role == "queries" else self.debias.documents
        vectors = debias(np.stack(inp[column].tolist()), langs)
        return inp.assign(**{column: pd.Series(list(vectors), index=inp.index, dtype=object)})

    def _langs(self, inp: pd.DataFrame) -> list[str]:
        missing = inp[self.lang_field].isna().to_numpy()
        if missing.any():
            row = int(missing.argmax())
            id_column = next((name for name in ("docno", "qid") if name in inp.columns), None)
            name = repr(inp[id_column].iloc[row]) if id_column else f"row {row}"
            raise ValueError(
                f"{name} has no language (column {self.lang_field!r}): {self!r} needs one for every vector"
            )
        return inp[self.lang_field].tolist()

    def __repr__(self) -> str:
        factory = "query_debiaser" if self.role == "queries" else "doc_debiaser"
        argument = f"lang_field={self.lang_field!r}" if self.lang is None else repr(self.lang)
        return f"{self.debias!r}.{factory}({argument})"


class UnchangedIndexRetriever(_DebiasTransformer):
    """Scores the documents of an unchanged index as if they were debiased.

    Args:
        debias: The fitted method.
        index: The index.
        num_results: Maximum number of results per query.
        lang: Search only documents in this language or these languages. Default: all.
        keep_query_vec: Leave ``query_vec`` in the results.

    Raises:
        TypeError: ``num_results`` is not a whole number, or ``keep_query_vec`` not a bool.
        ValueError: ``num_results`` is below 1, or the method L2-normalises vectors.
    """

    schematic = {"label": "Debiased retriever", "help_url": None}

    def __init__(
        self,
        debias: FittedMethod,
        index: "FaissIndex",
        *,
        num_results: int,
        lang: str | Sequence[str] | None,
        keep_query_vec: bool = False,
    ) -> None:
        num_results = whole_number("num_results", num_results)
        langs = None
        if lang is not None:
            names = list_of_names("lang", list_of("lang", lang))
            langs = tuple(dict.fromkeys(map(canonical_language, names)))
        keep_query_vec = true_or_false("keep_query_vec", keep_query_vec)
        super().__init__(debias, index.path, num_results, langs, keep_query_vec)
        if debias.normalizes:
            raise ValueError(
                f"{debias!r} brings documents to length 1, which cannot be done at query time: write a debiased index "
                "with rewrite(index, path), or fit with normalize=False"
            )
        self.index = index
        self.num_results = num_results
        self.lang = langs
        self.keep_query_vec = keep_query_vec

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search with debiased queries.

        Args:
            inp: Queries with ``qid`` and ``query_vec``.

        Returns:
            The columns of the queries, and ``docno``, ``score`` and ``rank``. Equal scores are ordered by descending
            docno, as in trec_eval.

        Raises:
            ValueError: There is no language to search, or the method was not fitted on one of them.
        """
        with not_encoded("query_vec", "encoder.query_encoder()"):
            pt.validate.query_frame(inp, extra_columns=["query_vec"], context=self)
        if not len(inp):
            return self.index.retriever(num_results=1, keep_query_vec=self.keep_query_vec).transform(inp)
        langs = self.index.languages if self.lang is None else self.lang
        if not langs:
            raise ValueError(f"{self.index!r}: no language to search; its documents must be indexed with their lang")
        queries = np.stack(inp["query_vec"].tolist()).astype(np.float64)
        parts = []
        for lang in langs:
            vectors, constants = self.debias.fold_into_queries(queries, lang)
            folded = inp.assign(
                **{
                    "query_vec": pd.Series(list(vectors), index=inp.index, dtype=object),
                    _ROW: np.arange(len(inp)),
                    _CONSTANT: constants,
                }
            )
            results = self.index.retriever(num_results=self.num_results, lang=lang).transform(folded)
            parts.append(results.assign(score=results["score"] + results[_CONSTANT]))
        results = pd.concat(parts, ignore_index=True)
        results = results.sort_values([_ROW, "score", "docno"], ascending=[True, False, False], ignore_index=True)
        results = results.groupby(_ROW, sort=False).head(self.num_results).reset_index(drop=True)
        results["rank"] = results.groupby(_ROW, sort=False).cumcount()
        if self.keep_query_vec:
            query_vectors = pd.Series(list(inp["query_vec"]), dtype=object)
            results["query_vec"] = query_vectors.iloc[results[_ROW]].to_numpy()
        return results.drop(columns=[_ROW, _CONSTANT])

    def fuse_rank_cutoff(self, k: int) -> "UnchangedIndexRetriever | None":
        """Search no deeper than a following cutoff keeps."""
        if k >= self.num_results:
            return None
        return UnchangedIndexRetriever(
            self.debias, self.index, num_results=k, lang=self.lang, keep_query_vec=self.keep_query_vec
        )

    def __repr__(self) -> str:
        kept = ", keep_query_vec=True" if self.keep_query_vec else ""
        return f"{self.debias!r}.retriever({self.index!r}, num_results={self.num_results}, lang={self.lang!r}{kept})"
