"""Filter of translations that an encoder does not find closer to their original than to other texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyterrier_hybrid.parallel.margin import margin_scores
from pyterrier_hybrid.parallel.translation.filters import Candidate
from pyterrier_hybrid.utils.checks import finite_number, whole_number
from pyterrier_hybrid.utils.formatting import short_repr


class Disagreement:
    """Rejects translations with a low margin score between original and translation.

    Args:
        encoder: An encoder of both languages with ``encode_queries`` and ``encode_documents``, such as
            :class:`~pyterrier_hybrid.DenseEncoder`. Queries are compared as queries, other texts as documents.
        min_margin: Minimum margin score (:func:`~pyterrier_hybrid.parallel.margin.margin_scores`). 1 is a translation
            that is as close as its neighbours are; CCMatrix (arXiv 1911.04944) keeps what has 1.06, with LASER.
        neighbours: Number of neighbours.
        block: Number of translations among which neighbours are searched.
    """

    name = "agreement"

    def __init__(self, encoder: Any, min_margin: float = 1.0, *, neighbours: int = 4, block: int = 8192) -> None:
        for method in ("encode_queries", "encode_documents"):
            if not callable(getattr(encoder, method, None)):
                raise TypeError(
                    f"encoder={short_repr(encoder)} has no method {method}: pass a DenseEncoder, or one like it"
                )
        self._encoder = encoder
        self.min_margin = finite_number("min_margin", min_margin)
        self.neighbours, self.block = whole_number("neighbours", neighbours), whole_number("block", block, least=2)

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`~pyterrier_hybrid.parallel.translation.filters.Filter`."""
        results: list[str | None] = [None] * len(candidates)
        for is_query in (True, False):
            numbers = [n for n, candidate in enumerate(candidates) if (candidate.role == "query") == is_query]
            encode = "encode_queries" if is_query else "encode_documents"
            distinct = list(dict.fromkeys((candidates[n].text, candidates[n].translation) for n in numbers))
            scores: dict[tuple[str, str], float] = {}
            for start in range(0, len(distinct), self.block):
                part = distinct[start : start + self.block]
                originals = self._encode(encode, [text for text, _ in part], source)
                translations = self._encode(encode, [translation for _, translation in part], target)
                values = margin_scores(originals, translations, neighbours=self.neighbours)
                scores.update(zip(part, values.tolist(), strict=True))
            for n in numbers:
                score = scores[candidates[n].text, candidates[n].translation]
                results[n] = f"margin {score:.2f}" if score < self.min_margin else None
        return results

    def _encode(self, method: str, texts: list[str], lang: str) -> np.ndarray:
        encode = getattr(self._encoder, method)
        arguments = ([lang] * len(texts),) if getattr(self._encoder, "wants_languages", False) else ()
        return np.asarray(encode(texts, *arguments), np.float32)
