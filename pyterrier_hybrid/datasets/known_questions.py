"""The questions of a dataset by their texts, to say whether a result is right."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from pyterrier_hybrid.datasets.base import MULTI, Family
from pyterrier_hybrid.datasets.own import OwnFamily
from pyterrier_hybrid.text.normalisation import text_key


class _Questions(NamedTuple):
    """The questions of a dataset by their texts.

    Attributes:
        levels: Key of a text -> document -> relevance level.
        ids: Key of a text -> ID of the question, without its language.
        texts: ID of a question -> language -> text.
        by_lang: Language -> IDs of its questions.
    """

    levels: dict[str, dict[str, int]]
    ids: dict[str, str]
    texts: dict[str, dict[str, str]]
    by_lang: dict[str, list[str]]


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
        >>> questions.translations(text)["de"] == text, len(questions.translations(text))
        (True, 11)
    """

    def __init__(self, family: Any) -> None:
        self._family = family
        self.complete = isinstance(family, Family)

    def find(self, question: str) -> dict[str, int] | None:
        """Return docno -> relevance level of a question; ``None`` if the dataset does not have it.

        Args:
            question: The text; case, white space and invisible characters make no difference.
        """
        return self._questions.levels.get(text_key(question))

    def mark(self, levels: Mapping[str, int], docno: str) -> str:
        """Return whether a document answers a question: ``right``, ``wrong``, or ``?`` if nobody has judged it.

        Args:
            levels: The levels of the question, from :meth:`find`.
            docno: The document.
        """
        if levels.get(docno, 0) > 0:
            return "right"
        return "wrong" if self.complete or docno in levels else "?"

    def translations(self, question: str) -> dict[str, str]:
        """Return language -> text of a question, including itself; empty if the dataset does not have it.

        Args:
            question: The text, as for :meth:`find`.
        """
        identity = self._questions.ids.get(text_key(question))
        return {} if identity is None else dict(self._questions.texts[identity])

    def examples(self) -> dict[str, str]:
        """Return language -> a question, another one in each language if there are enough."""
        by_lang = self._questions.by_lang
        texts = self._questions.texts
        # Neighbours are often about the same text.
        return {
            lang: texts[ids[position * len(ids) // len(by_lang)]][lang]
            for position, (lang, ids) in enumerate(by_lang.items())
        }

    @cached_property
    def _questions(self) -> _Questions:
        settings = list(self._family.settings())
        pools = [setting for setting in settings if setting[0] == MULTI and setting[1] != MULTI]
        # Other datasets may give one ID to different questions of several languages.
        shared = isinstance(self._family, Family | OwnFamily)
        questions = _Questions({}, {}, {}, {})
        for doc_lang, lang in pools or settings:
            dataset = self._family.load(doc_lang, lang)
            of_query = {}
            for query in dataset.queries_iter():
                key = text_key(query.text)
                # Questions with one text, which mean the same in several languages or ask the same twice, are one.
                of_query[query.query_id] = questions.levels.setdefault(key, {})
                identity = query.query_id.removesuffix(f"_{lang}") if shared else f"{query.query_id}_{lang}"
                questions.ids.setdefault(key, identity)
                texts = questions.texts.setdefault(identity, {})
                if lang not in texts:
                    texts[lang] = query.text
                    questions.by_lang.setdefault(lang, []).append(identity)
            for qrel in dataset.qrels_iter():
                judged = of_query[qrel.query_id]
                judged[qrel.doc_id] = max(qrel.relevance, judged.get(qrel.doc_id, 0))
        return questions
