"""Ranks of relevant documents under fusions: what each system finds, as arrays that never become a run."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.cache.vectors import Vectors, is_encoder
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.counting import count_ranks
from pyterrier_hybrid.experiment.ranking.dense import Searched, encode
from pyterrier_hybrid.experiment.ranking.retrieved import RUN_ROWS, scores_of
from pyterrier_hybrid.experiment.settings import Corpus, Setting

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval import BM25Index
    from pyterrier_hybrid.retrieval.fusion import Found, Fusion

Search = Callable[[Setting, slice], "Found"]
"""From a setting and some of its queries to results by query, best first."""

# Fusions of BM25 with one encoder after the other share its indexes, which go with their corpora.
_INDEXES: "weakref.WeakKeyDictionary[Corpus, BM25Index]" = weakref.WeakKeyDictionary()


def rank_fused(
    place: str,
    fusion: "Fusion",
    corpora: dict[str, Corpus],
    settings: Sequence[Setting],
    vectors: Vectors,
    wanted: set[int],
) -> Iterator[tuple[int, Ranks]]:
    """The ranks under a fusion, corpus by corpus, as its transformer would rank.

    Args:
        place: Where the fusion is, for errors.
        fusion: The fusion.
        corpora: The corpora by name.
        settings: The settings of the experiment.
        vectors: Where the vectors of texts come from.
        wanted: The indexes of the settings that are to be ranked.

    Yields:
        The index of a wanted setting, and its ranks.
    """
    import pyterrier as pt

    combined = fusion.combine(*(pt.Transformer.identity() for _ in fusion.systems))
    makers = [_maker(place, fusion, system, corpora, settings, vectors) for system in fusion.systems]
    for name, corpus in corpora.items():
        own = {at: settings[at] for at in sorted(wanted) if settings[at].corpus == name}
        searches = [make(name) for make in makers] if own else []
        size = max(1, RUN_ROWS // len(corpus))
        for at, setting in own.items():
            ranks = []
            for start in range(0, len(setting.qids), size):
                part = slice(start, min(start + size, len(setting.qids)))
                found = [search(setting, part) for search in searches]
                scores = combined.fuse_matrix(found, part.stop - part.start, len(corpus))
                pairs = slice(*np.searchsorted(setting.query, [part.start, part.stop]))
                ranks.append(count_ranks(scores, setting.query[pairs] - start, setting.column[pairs]))
            yield (
                at,
                Ranks(setting.query, setting.relevance, *np.concatenate(ranks, axis=1), len(setting.qids), len(corpus)),
            )


def _maker(
    place: str,
    fusion: "Fusion",
    system: Any,
    corpora: dict[str, Corpus],
    settings: Sequence[Setting],
    vectors: Vectors,
) -> Callable[[str], Search]:
    """What makes the search of one system over a corpus, by the corpus's name."""
    from pyterrier_hybrid.retrieval.fusion import ordered_cells

    if system == "bm25":
        return lambda name: _bm25(corpora[name], fusion.depth)
    if is_encoder(system):
        encoded = encode(place, system, corpora, settings, vectors)

        def dense(name: str) -> Search:
            searched = Searched.of(encoded.document_vectors[encoded.documents.columns[name]], RUN_ROWS)

            def search(setting: Setting, part: slice) -> "Found":
                queries = encoded.queries(setting)[part]
                found = [(start, *ordered_cells(scores, fusion.depth)) for start, scores in searched.blocks(queries)]
                row, column, score = zip(*((row + start, *rest) for start, row, *rest in found), strict=True)
                return np.concatenate(row), np.concatenate(column), np.concatenate(score)

            return search

        return dense

    def function(name: str) -> Search:
        corpus, retriever = corpora[name], system(corpora[name])
        docnos = pd.Index(list(corpus.column), dtype=object)

        def search(setting: Setting, part: slice) -> "Found":
            topics = setting.topics(part)
            scores = scores_of(place, retriever.transform(topics), topics, docnos)
            return ordered_cells(scores, len(docnos))

        return search

    return function


def _bm25(corpus: Corpus, depth: int) -> Search:
    from pyterrier_hybrid.retrieval.corpus_index import bm25_index

    if corpus not in _INDEXES:
        _INDEXES[corpus] = bm25_index(corpus)
    retriever = _INDEXES[corpus].retriever(depth)
    column = np.empty(len(corpus), np.int64)
    column[corpus.order] = np.arange(len(corpus))

    def search(setting: Setting, part: slice) -> "Found":
        row, document, score, _ = retriever.search_arrays(setting.topics(part))
        return row, column[document], score

    return search
