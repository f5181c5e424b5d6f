"""Whether a ranking prefers documents in the language of the query.

arXiv 2605.07249 (MLAIRE) proposed a language preference rate and a split of the first result into four outcomes. The
exact definitions below are this package's.
"""

from typing import ClassVar

import numpy as np

from pyterrier_hybrid.experiment.measures.base import RankMeasure
from pyterrier_hybrid.experiment.measures.ranks import Ranks


class _LanguagePreference(RankMeasure):
    """How often the answer in the query's language comes first among its parallels: 1 or 0 for each query.

    The relevant documents of a query in a pool are one answer in several languages. The value is 1 if the relevant
    document of the smallest rank is in the language of the query; documents that are not relevant do not matter. It is
    0 if another language comes first, if no relevant document was retrieved, and for a query that has no relevant
    document in its own language. A query whose only relevant document is in its own language has 1 as soon as that is
    retrieved.

    Without any preference, a query with relevant documents in k languages has 1/k on average. Whether more is better
    depends on the use: readers prefer their language, and a ranking without language bias has 1/k. Tables mark the
    highest value as best, as arXiv 2605.07249 does.

    In a run, the languages of queries and documents are read from their IDs: ``{question}_{lang}`` and
    ``{lang}_{rest}``, as all pools of this package have them. Ties are broken as in trec_eval. Documents judged 1 or
    higher are relevant.

    Raises:
        ValueError: While measuring: an ID without a language.

    Example:
        >>> qrels = {"q1_de": {"de_1": 1, "ar_1": 1}, "q1_ar": {"de_1": 1, "ar_1": 1}}
        >>> ranking = {"en_7": 9.0, "de_1": 8.0, "ar_1": 7.0}
        >>> LanguagePreference.calc_aggregate(qrels, {"q1_de": ranking, "q1_ar": ranking})
        0.5
    """

    __name__ = "LanguagePreference"
    NAME = __name__
    PRETTY_NAME = "Language preference"
    SHORT_DESC = "Whether the relevant document in the query's language is the first relevant one."
    SUPPORTED_PARAMS = {}

    kinds = ("multi",)
    needs_languages = True

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``."""
        retrieved = np.flatnonzero(ranks.rank > 0)
        best_first = retrieved[np.lexsort((ranks.rank[retrieved], ranks.query[retrieved]))]
        query, first = np.unique(ranks.query[best_first], return_index=True)
        value = np.zeros(ranks.queries)
        value[query] = ranks.pool.document_lang[best_first[first]] == ranks.pool.query[query]
        return value


class _FirstResult(RankMeasure):
    """One of four outcomes of the first result of a query: 1 or 0.

    Attributes:
        right: Whether the first result is relevant.
        same: Whether it is in the language of the query.
    """

    SUPPORTED_PARAMS = {}

    kinds = ("multi",)
    needs_languages = True
    needs_first_results = True
    right: ClassVar[bool]
    same: ClassVar[bool]

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``."""
        if ranks.pool.first is None:
            raise ValueError(f"{self.NAME}: the system's ranker does not tell the first results of its rankings")
        right = np.zeros(ranks.queries, bool)
        right[ranks.query[ranks.rank == 1]] = True
        same = ranks.pool.first == ranks.pool.query
        outcome = (right == self.right) & (same == self.same) & (ranks.pool.first != "")
        return outcome.astype(np.float64)


class _FirstRightSame(_FirstResult):
    """Whether the first result is relevant and in the language of the query: 1 or 0.

    ``FirstRightSame``, ``FirstRightOther``, ``FirstWrongSame`` and ``FirstWrongOther`` are the four outcomes of the
    first result of a query to a pool of several languages, by right (judged 1 or higher) and wrong, and by the same
    language as the query and another one. For a query with results, exactly one of the four is 1; a query without any
    result has 0 in all. This is the four-way split of arXiv 2605.07249. Languages are read and ties are broken as for
    :class:`LanguagePreference`.

    Raises:
        ValueError: While measuring: an ID without a language.

    Example:
        >>> qrels = {"q1_de": {"de_1": 1, "ar_1": 1}, "q1_ar": {"de_1": 1, "ar_1": 1}}
        >>> run = {"q1_de": {"de_1": 8.0, "ar_1": 7.0}, "q1_ar": {"ar_3": 8.0, "ar_1": 7.0}}
        >>> split = [FirstRightSame, FirstRightOther, FirstWrongSame, FirstWrongOther]
        >>> [measure.calc_aggregate(qrels, run) for measure in split]
        [0.5, 0.0, 0.5, 0.0]
    """

    __name__ = "FirstRightSame"
    NAME = __name__
    PRETTY_NAME = "First result right, same language"
    SHORT_DESC = "Whether the first result is relevant and in the query's language."
    right, same = True, True


class _FirstRightOther(_FirstResult):
    """Whether the first result is relevant and in another language than the query: 1 or 0; see `FirstRightSame`."""

    __name__ = "FirstRightOther"
    NAME = __name__
    PRETTY_NAME = "First result right, other language"
    SHORT_DESC = "Whether the first result is relevant and not in the query's language."
    right, same = True, False


class _FirstWrongSame(_FirstResult):
    """Whether the first result is wrong and in the language of the query: 1 or 0; see `FirstRightSame`."""

    __name__ = "FirstWrongSame"
    NAME = __name__
    PRETTY_NAME = "First result wrong, same language"
    SHORT_DESC = "Whether the first result is not relevant and in the query's language."
    right, same = False, True

    lower_is_better = True


class _FirstWrongOther(_FirstResult):
    """Whether the first result is wrong and in another language than the query: 1 or 0; see `FirstRightSame`."""

    __name__ = "FirstWrongOther"
    NAME = __name__
    PRETTY_NAME = "First result wrong, other language"
    SHORT_DESC = "Whether the first result is not relevant and not in the query's language."
    right, same = False, False

    lower_is_better = True


LanguagePreference = _LanguagePreference()
FirstRightSame = _FirstRightSame()
FirstRightOther = _FirstRightOther()
FirstWrongSame = _FirstWrongSame()
FirstWrongOther = _FirstWrongOther()
