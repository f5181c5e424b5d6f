"""The PyTerrier transformers of a method against language bias."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyterrier as pt

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.debias.base import Debias
    from pyterrier_hybrid.retrieval.index import FaissIndex

_VECTORS = {"documents": "doc_vec", "queries": "query_vec"}
_ROW = "_debias_row"
_CONSTANT = "_debias_constant"


class _DebiasTransformer(pt.Transformer):
    """Equal to another only if both use the very same fitted object, since equal options say nothing of the fit."""

    def __init__(self, debias: "Debias", *options: Any) -> None:
        super().__init__()
        self.debias = debias
        self._key = (id(debias), *options)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key == other._key

    def __hash__(self) -> int:
        return hash((type(self), self._key))

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """None: what is fitted is not a transformer."""
        return {}


class Debiaser(_DebiasTransformer):
    """Debiases ``query_vec`` or ``doc_vec``."""

    schematic = {"label": "Debias", "help_url": None}

    def __init__(self, debias: "Debias", role: str, *, lang: str | None, lang_field: str) -> None:
        """Debias the vectors of ``role``, all in ``lang`` or each in what its ``lang_field`` says."""
        super().__init__(debias, role, lang, lang_field)
        self.role = role
        self.lang = lang
        self.lang_field = lang_field

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Debias the vectors of a frame."""
        column = _VECTORS[self.role]
        needed = [column] if self.lang is not None else [column, self.lang_field]
        pt.validate.columns(inp, includes=needed, context=self)
        if not len(inp):
            return inp.copy()
        langs = self.lang if self.lang is not None else self._langs(inp)
        vectors = getattr(self.debias, self.role)(np.stack(inp[column]), langs)
        return inp.assign(**{column: pd.Series(list(vectors), index=inp.index, dtype=object)})

    def _langs(self, inp: pd.DataFrame) -> list[str]:
        missing = inp[self.lang_field].isna().to_numpy()
        if missing.any():
            column = next((name for name in ("docno", "qid") if name in inp.columns), None)
            row = int(missing.argmax())
            place = repr(inp[column].iloc[row]) if column else f"row {row}"
            raise ValueError(
                f"{place} has no language (column {self.lang_field!r}): {self!r} needs that of every vector"
            )
        return inp[self.lang_field].tolist()

    def __repr__(self) -> str:
        factory = "query_debiaser" if self.role == "queries" else "doc_debiaser"
        given = f"lang_field={self.lang_field!r}" if self.lang is None else repr(self.lang)
        return f"{self.debias!r}.{factory}({given})"


class UnchangedIndexRetriever(_DebiasTransformer):
    """Scores the documents of an unchanged index as if they had been debiased."""

    schematic = {"label": "Debiased retriever", "help_url": None}

    def __init__(
        self, debias: "Debias", index: "FaissIndex", *, num_results: int, lang: str | Sequence[str] | None
    ) -> None:
        """Search ``index``."""
        langs = (lang,) if isinstance(lang, str) else None if lang is None else tuple(dict.fromkeys(lang))
        super().__init__(debias, index.path, num_results, langs)
        if num_results < 1:
            raise ValueError(f"num_results={num_results}: it must be at least 1")
        if debias.normalizes:
            raise ValueError(
                f"{debias!r} brings documents to length 1, which an unchanged index cannot tell: write a debiased one "
                "with rewrite(index, path), or fit it with normalize=False"
            )
        self.index = index
        self.num_results = num_results
        self.langs = langs

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search; results are ordered by score, and by docno downwards where scores are equal, as trec_eval does."""
        pt.validate.query_frame(inp, extra_columns=["query_vec"], context=self)
        if not len(inp):
            return self.index.retriever(num_results=1).transform(inp)
        langs = self.index.languages if self.langs is None else self.langs
        if not langs:
            raise ValueError(f"{self.index!r}: no language to search; its documents must be indexed with their lang")
        queries = np.stack(inp["query_vec"]).astype(np.float64)
        parts = []
        for lang in langs:
            vectors, constants = self.debias.turned(queries, lang)
            asked = inp.assign(
                **{
                    "query_vec": pd.Series(list(vectors), index=inp.index, dtype=object),
                    _ROW: np.arange(len(inp)),
                    _CONSTANT: constants,
                }
            )
            found = self.index.retriever(num_results=self.num_results, lang=lang).transform(asked)
            parts.append(found.assign(score=found["score"] + found[_CONSTANT]))
        results = pd.concat(parts, ignore_index=True)
        results = results.sort_values([_ROW, "score", "docno"], ascending=[True, False, False], ignore_index=True)
        results = results.groupby(_ROW, sort=False).head(self.num_results).reset_index(drop=True)
        results["rank"] = results.groupby(_ROW, sort=False).cumcount()
        given = pd.Series(list(inp["query_vec"]), dtype=object)
        results["query_vec"] = given.iloc[results[_ROW]].to_numpy()
        return results.drop(columns=[_ROW, _CONSTANT])

    def fuse_rank_cutoff(self, k: int) -> "UnchangedIndexRetriever | None":
        """Search no deeper than a following cutoff keeps."""
        if k >= self.num_results:
            return None
        return UnchangedIndexRetriever(self.debias, self.index, num_results=k, lang=self.langs)

    def __repr__(self) -> str:
        return f"{self.debias!r}.retriever({self.index!r}, num_results={self.num_results}, lang={self.langs!r})"
