"""The questions of a dataset by their texts, to say whether a result is right."""

from functools import cached_property
from typing import Any

from pyterrier_hybrid.datasets.base import MULTI, Family
from pyterrier_hybrid.text.normalisation import text_key


class KnownQuestions:
    """Relevance of documents to the questions of a dataset, in any of its languages.

    The dataset is read at the first look-up.

    Args:
        family: The dataset family.

    Attributes:
        complete: Whether documents without a judgement are not relevant, as in the datasets of this package.

    Example:
        >>> from pyterrier_hybrid.datasets import family
        >>> questions = KnownQuestions(family("atlas"))
        >>> text = next(iter(family("atlas").load("de", "de").queries_iter())).text
        >>> sorted(questions.find(text))[:3] == sorted(questions.find(text + " "))[:3], questions.find("Who?")
        (True, None)
    """

    def __init__(self, family: Any) -> None:
        self._family = family
        self.complete = isinstance(family, Family)

    def find(self, question: str) -> dict[str, int] | None:
        """Return docno -> relevance level of a question; ``None`` if the dataset does not have it.

        Args:
            question: The text; case, white space and invisible characters make no difference.
        """
        return self._levels.get(text_key(question))

    @cached_property
    def _levels(self) -> dict[str, dict[str, int]]:
        settings = list(self._family.settings())
        pools = [setting for setting in settings if setting[0] == MULTI and setting[1] != MULTI]
        levels: dict[str, dict[str, int]] = {}
        for setting in pools or settings:
            dataset = self._family.load(*setting)
            # Questions with one text, which mean the same in several languages or ask the same twice, are one question.
            of_query = {query.query_id: levels.setdefault(text_key(query.text), {}) for query in dataset.queries_iter()}
            for qrel in dataset.qrels_iter():
                judged = of_query[qrel.query_id]
                judged[qrel.doc_id] = max(qrel.relevance, judged.get(qrel.doc_id, 0))
        return levels
