"""Ranks of relevant documents under searches with feedback."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyterrier_hybrid.experiment.cache.vectors import Vectors
from pyterrier_hybrid.experiment.measures.ranks import Ranks
from pyterrier_hybrid.experiment.ranking.counting import count_ranks
from pyterrier_hybrid.experiment.ranking.dense import MATRIX_CELLS, Searched, encode
from pyterrier_hybrid.experiment.settings import Corpus, Setting
from pyterrier_hybrid.retrieval.fusion import best_cells

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.fusion import Feedback


def rank_feedback(
    place: str,
    feedback: "Feedback",
    corpora: dict[str, Corpus],
    settings: Sequence[Setting],
    vectors: Vectors,
    wanted: set[int],
) -> Iterator[tuple[int, Ranks]]:
    """The ranks under a search with feedback, corpus by corpus: a query moves differently in each.

    Args:
        place: Where the system is, for errors.
        feedback: The system.
        corpora: The corpora by name.
        settings: The settings of the experiment.
        vectors: Where the vectors of texts come from.
        wanted: The indexes of the settings that are to be ranked.

    Yields:
        The index of a wanted setting, and its ranks.

    Raises:
        ValueError: The encoder's vectors do not fit.
    """
    encoded = encode(place, feedback.encoder, corpora, settings, vectors)
    for name, corpus in corpora.items():
        own = [at for at in sorted(wanted) if settings[at].corpus == name]
        if not own:
            continue
        documents = encoded.document_vectors[encoded.documents.columns[name]]
        searched = Searched.of(documents, max(len(settings[at].qids) for at in own))
        k = min(feedback.transformer.k, len(documents))
        # The vectors of as many documents are held at once as scores.
        size = max(1, MATRIX_CELLS // (k * documents.shape[1]))
        for at in own:
            setting = settings[at]
            queries = encoded.queries(setting)
            first = [np.nonzero(best_cells(scores, k))[1].reshape(-1, k) for _, scores in searched.blocks(queries)]
            found = np.concatenate(first)
            moved = [
                feedback.transformer.move(queries[start : start + size], documents[found[start : start + size]])
                for start in range(0, len(queries), size)
            ]
            ranks = []
            for start, scores in searched.blocks(np.concatenate(moved)):
                pairs = slice(*np.searchsorted(setting.query, [start, start + len(scores)]))
                ranks.append(count_ranks(scores, setting.query[pairs] - start, setting.column[pairs]))
            ranks = np.concatenate(ranks, axis=1)
            yield at, Ranks(setting.query, setting.relevance, *ranks, len(setting.qids), len(corpus))
