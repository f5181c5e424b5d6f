"""Rankings of several retrievers made one: by reciprocal ranks, or by normalised scores."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyterrier as pt

NORMALIZATIONS = ("min-max", "z-score", "none")


class _Fusion(pt.Transformer):
    """What fusions have in common: they run all retrievers, join what these found, and order it."""

    def __init__(self, *retrievers: pt.Transformer, num_results: int) -> None:
        super().__init__()
        if not retrievers:
            raise ValueError(f"{type(self).__name__}: no retriever was given")
        for number, retriever in enumerate(retrievers):
            if not isinstance(retriever, pt.Transformer):
                raise TypeError(
                    f"{type(self).__name__}: retriever {number} is a {type(retriever).__name__}, not a transformer"
                )
        if num_results < 1:
            raise ValueError(f"num_results={num_results}: it must be at least 1")
        self.retrievers = retrievers
        self.num_results = num_results

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Retrieve and fuse.

        Args:
            inp: queries with ``qid``, or documents of queries with ``qid`` and ``docno`` where all retrievers re-rank;
                and all columns that these need.

        Returns:
            The columns that came in, and ``docno``, ``score``, ``rank``; queries in their order, and the documents of
            each by score and, where scores are equal in single precision, by docno downwards, as trec_eval does.

        Raises:
            ValueError: a query comes in twice, or a retriever gives a score that is not finite or a query that was not
                asked for.
        """
        pt.validate.columns(inp, includes=["qid"], context=self)
        found = [self._best(number, retriever.transform(inp)) for number, retriever in enumerate(self.retrievers)]
        names = inp.drop(columns=["score", "rank"], errors="ignore").reset_index(drop=True)
        keys = ["qid", "docno"] if "docno" in names else ["qid"]
        repeated = names.duplicated(keys)
        if repeated.any():
            raise ValueError(f"{' and '.join(keys)} {names.loc[repeated.idxmax(), keys].tolist()} come in twice")
        results = pd.concat(found, ignore_index=True)
        queries = pd.Index(names["qid"].unique(), dtype=object)
        query = queries.get_indexer(results["qid"].astype(object))
        if (query < 0).any():
            qid = results["qid"].iloc[int(query.argmin())]
            raise ValueError(f"retrievers found documents for qid {qid!r}, which is not among the queries")
        fused = self._join(results, query)
        return fused.merge(names, on=keys, how="left")[[*dict.fromkeys([*names.columns, "docno"]), "score", "rank"]]

    def _best(self, number: int, results: pd.DataFrame) -> pd.DataFrame:
        """Each document of a query once, at its best, in the order of all rankings here."""
        pt.validate.result_frame(results, extra_columns=["score"], context=self.retrievers[number])
        results = results[["qid", "docno", "score"]].assign(system=number)
        finite = np.isfinite(results["score"].to_numpy(float))
        if not finite.all():
            row = results.iloc[int(finite.argmin())]
            raise ValueError(
                f"retriever {number} gives {row['docno']!r} for qid {row['qid']!r} the score {row['score']}: "
                "it must be finite"
            )
        results = results.assign(score=_single(results["score"]))
        results = results.sort_values(["qid", "score", "docno"], ascending=[True, False, False], kind="stable")
        results = results.drop_duplicates(["qid", "docno"])
        return results.assign(value=self._values(number, results))

    def _join(self, results: pd.DataFrame, query: np.ndarray) -> pd.DataFrame:
        """One row a document: the values of all systems, or what a system adds to documents that it did not find."""
        results = results.assign(query=query)
        pairs = results.groupby(["query", "docno"], sort=False).ngroup().to_numpy()
        first = results.drop_duplicates(["query", "docno"])[["query", "qid", "docno"]].reset_index(drop=True)
        values = np.empty((len(first), len(self.retrievers)))
        for number in range(len(self.retrievers)):
            values[:, number] = self._missing(number, results, first["query"].to_numpy())
        values[pairs, results["system"]] = results["value"]
        # Sums of the same numbers must not differ by their order, or ties would be broken by noise.
        first["score"] = _single(np.sort(values, axis=1).sum(axis=1))
        first = first.sort_values(["query", "score", "docno"], ascending=[True, False, False], kind="stable")
        first["rank"] = first.groupby("query").cumcount()
        return first[first["rank"] < self.num_results].drop(columns="query")

    def _values(self, number: int, results: pd.DataFrame) -> pd.Series:
        """What each result of a system, best first, adds to the score of its document."""
        raise NotImplementedError

    def _missing(self, number: int, results: pd.DataFrame, query: np.ndarray) -> np.ndarray | float:
        """What a system adds to documents of these queries that it did not find."""
        return 0.0

    def fuse_rank_cutoff(self, k: int) -> "pt.Transformer | None":
        """Keep no more than a following cutoff does; the retrievers still search as deep."""
        return self._again(k) if k < self.num_results else None

    def _again(self, num_results: int) -> "pt.Transformer":
        raise NotImplementedError

    def _settings(self) -> tuple:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and self.retrievers == other.retrievers
            and self._settings() == other._settings()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.retrievers, self._settings()))


class ReciprocalRankFusion(_Fusion):
    """Adds ``1 / (k + rank)`` over the retrievers, with ranks from 1 (Cormack et al., SIGIR 2009).

    Scores are not compared, so that BM25 and inner products need no common scale. A document that a retriever did not
    find gets nothing from it.

    Args:
        *retrievers: transformers from queries to results. How deep they search is theirs to say.
        k: how little the first ranks stand out; 60 in the paper.
        num_results: results per query, at most.

    >>> import pandas as pd, pyterrier as pt
    >>> one = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["a", "b"], "score": [9.0, 8.0]}))
    >>> two = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["b", "c"], "score": [0.3, 0.2]}))
    >>> fused = ReciprocalRankFusion(one, two).transform(pd.DataFrame({"qid": ["1"], "query": ["x"]}))
    >>> fused["docno"].tolist(), fused["score"].round(4).tolist()
    (['b', 'a', 'c'], [0.0325, 0.0164, 0.0161])
    """

    schematic = {"label": "Reciprocal rank fusion", "help_url": None, "inner_pipelines_mode": "combine"}

    def __init__(self, *retrievers: pt.Transformer, k: float = 60, num_results: int = 1000) -> None:
        """Fuse ``retrievers``."""
        super().__init__(*retrievers, num_results=num_results)
        if not 0 <= k < float("inf"):
            raise ValueError(f"k={k}: it must be at least 0 and finite")
        self.k = k

    def _values(self, number: int, results: pd.DataFrame) -> pd.Series:
        return 1 / (self.k + 1 + results.groupby("qid").cumcount())

    def _again(self, num_results: int) -> "ReciprocalRankFusion":
        return ReciprocalRankFusion(*self.retrievers, k=self.k, num_results=num_results)

    def _settings(self) -> tuple:
        return self.k, self.num_results

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.retrievers))
        return f"ReciprocalRankFusion({inner}, k={self.k}, num_results={self.num_results})"


class ScoreFusion(_Fusion):
    """Adds the normalised scores of several retrievers, each with its weight (Fox and Shaw 1994; arXiv 2210.11934).

    Scores are normalised over the results of one retriever for one query:

    ===========  ==========================================================  ==============================
    name         a result counts                                             a document that was not found
    ===========  ==========================================================  ==============================
    `min-max`    0 for the worst to 1 for the best; 1 if all are equal       0
    `z-score`    standard deviations above the mean; 0 if all are equal      as much as the worst result
    `none`       its score                                                   0
    ===========  ==========================================================  ==============================

    A retriever that found nothing for a query adds nothing.

    Args:
        *retrievers: transformers from queries to results. How deep they search is theirs to say, and what is the worst
            result depends on it.
        weights: of each retriever, 0 or more. Default: 1 for each.
        normalization: ``min-max``, ``z-score`` or ``none``.
        num_results: results per query, at most.

    >>> import pandas as pd, pyterrier as pt
    >>> one = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["a", "b", "c"], "score": [9.0, 8.0, 5.0]}))
    >>> two = pt.Transformer.from_df(pd.DataFrame({"qid": "1", "docno": ["b", "d"], "score": [0.3, 0.2]}))
    >>> fused = ScoreFusion(one, two, weights=[1, 0.5]).transform(pd.DataFrame({"qid": ["1"], "query": ["x"]}))
    >>> fused["docno"].tolist(), fused["score"].tolist()
    (['b', 'a', 'd', 'c'], [1.25, 1.0, 0.0, 0.0])
    """

    schematic = {"label": "Score fusion", "help_url": None, "inner_pipelines_mode": "combine"}

    def __init__(
        self,
        *retrievers: pt.Transformer,
        weights: Sequence[float] | None = None,
        normalization: str = "min-max",
        num_results: int = 1000,
    ) -> None:
        """Fuse ``retrievers``."""
        super().__init__(*retrievers, num_results=num_results)
        if normalization not in NORMALIZATIONS:
            raise ValueError(f"normalization={normalization!r} is unknown: choose one of {', '.join(NORMALIZATIONS)}")
        self.weights = tuple(weights) if weights is not None else (1.0,) * len(retrievers)
        if len(self.weights) != len(retrievers):
            raise ValueError(f"weights={list(self.weights)}: {len(retrievers)} retrievers need as many weights")
        if not all(0 <= weight < float("inf") for weight in self.weights) or not any(self.weights):
            raise ValueError(f"weights={list(self.weights)}: they must be 0 or more and finite, and one above 0")
        self.normalization = normalization

    def _values(self, number: int, results: pd.DataFrame) -> pd.Series:
        score = results["score"]
        if self.normalization != "none" and len(results):
            of_query = score.groupby(results["qid"])
            if self.normalization == "min-max":
                least, span = of_query.transform("min"), of_query.transform("max") - of_query.transform("min")
                score = ((score - least) / span.where(span > 0)).fillna(1.0)
            else:
                deviation = of_query.transform("std", ddof=0)
                equal = of_query.transform("min") == of_query.transform("max")
                score = ((score - of_query.transform("mean")) / deviation.where(~equal)).fillna(0.0)
        return self.weights[number] * score

    def _missing(self, number: int, results: pd.DataFrame, query: np.ndarray) -> np.ndarray | float:
        if self.normalization != "z-score":
            return 0.0
        mine = results[results["system"] == number]
        least = mine.groupby("query")["value"].min()
        return least.reindex(query).fillna(0.0).to_numpy()

    def _again(self, num_results: int) -> "ScoreFusion":
        return ScoreFusion(
            *self.retrievers, weights=self.weights, normalization=self.normalization, num_results=num_results
        )

    def _settings(self) -> tuple:
        return self.weights, self.normalization, self.num_results

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.retrievers))
        return (
            f"ScoreFusion({inner}, weights={self.weights}, normalization={self.normalization!r}, "
            f"num_results={self.num_results})"
        )


def _single(scores: pd.Series | np.ndarray) -> np.ndarray:
    """Scores in the precision in which trec_eval compares them."""
    return np.asarray(scores, np.float32).astype(float)
