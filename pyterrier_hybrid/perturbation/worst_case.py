"""The worst variant of a query for an encoder, searched greedily."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, ClassVar

import numpy as np
import pyterrier as pt
from more_itertools import chunked

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.registry import PerturbationConfig, perturbations_from
from pyterrier_hybrid.retrieval.protocols import (
    Encoder,
    LanguageAwareEncoder,
    fingerprint_of,
    is_encoder,
    wants_languages,
)
from pyterrier_hybrid.retrieval.vectors import find_unusable
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.utils.checks import list_of, list_of_texts, whole_number
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.hashing import hash_json

# Candidates whose similarities differ by less count as equal, and the first one is taken. Vectors depend in their last
# digits on the texts that are encoded with them, and many variants have equal vectors, as with an uncased tokenizer.
_TOLERANCE = 1e-5
# A search ends after this number of rounds without a new variant: mild operators leave some texts alone by chance.
_PATIENCE = 3
# More draws than a search needs, so that those of two draws of a search are different ones.
_MAX_DRAWS = 1_000_000
# Maximum number of texts whose vectors are in memory.
_TEXTS_PER_CALL = 16_384


class WorstCase(Perturbation):
    """The variant of each query that hurts an encoder most, found by a greedy search.

    The search is black-box: it calls ``encode_queries`` only, and ``encode_documents`` for ``passages``. In each round,
    every operator is applied, in ``draws`` new draws, to the worst variant so far, and the worst of these candidates is
    kept if it is worse. The search of a query ends when its budget is used or the operators give no new variants. All
    queries are searched together: the candidates of one round are encoded in one call, equal ones once.

    *Worse* means a lower similarity. By default it is the cosine of the vectors of the variant and the original query.
    With ``passages``, it is the inner product of the L2-normalised vector of the variant and the vector of the relevant
    passage, the highest one if there are several. The norm of a query's vector is left out, because it does not change
    the ranking of the documents.

    The cosine needs no judgements, but measures the movement of a vector, which is not always a loss: a vector may
    also move towards the relevant passage. And since a greedy search need not find the worst variant, an encoder may be
    less robust than the result suggests, never more. A larger budget continues the search of a smaller one, so it
    never finds a less harmful variant.

    The search follows PolyGloss of *Code-Mixing on Sesame Street* (arXiv 2103.09593) with a beam of one: black box,
    each change on top of the changes that hurt most before, and the idea that such variants bound from below how well
    a model does on the real ones. It differs in what it changes (any operators instead of words through a dictionary),
    in what it lowers (a similarity, as queries have no labels), and in its end (a budget instead of the last word).
    Limits of edit distance to the original text are among the constraints of Morris et al. (arXiv 2004.14174).

    Args:
        encoder: The encoder to attack.
        operators: The perturbations, or their names or configs as in
            :func:`~pyterrier_hybrid.perturbation.perturbation_from`. Each has its own severity, per round; changes add
            up over the rounds. If a round has more candidates than the budget allows, operators that come first are
            preferred.
        budget: Maximum number of variants of a query that are encoded. The query itself and its passages don't count.
        draws: Number of draws of each operator in a round.
        passages: The relevant passage or passages of each query, by the text of the query.
        **options: See :class:`~pyterrier_hybrid.perturbation.Perturbation`. ``severity`` is the largest allowed edit
            distance (Levenshtein, in characters) between the variant and the query, as a ratio of the query's length;
            1, the default, sets no limit, and 0 allows no change. ``seed`` and ``draw`` shift those of the operators.

    Raises:
        TypeError: ``encoder`` is not an encoder, or an option has the wrong type.
        ValueError: There are no operators, an option is out of range, or ``passages`` are given for an encoder that
            needs the language of each text.

    Example:
        >>> from pyterrier_hybrid.perturbation import Case
        >>> class Capitals:  # an encoder that mostly sees capital letters
        ...     def encode_queries(self, texts):
        ...         return np.array([[sum(map(str.isupper, text)), 1] for text in texts], np.float32)
        ...
        ...     encode_documents = encode_queries
        >>> worst = WorstCase(Capitals(), [Case(to="upper"), Case(to="lower")], budget=10)
        >>> worst.perturb("Wo ist Rom?", "de")
        'wo ist rom?'
    """

    graded: ClassVar[bool] = False

    def __init__(
        self,
        encoder: Encoder | LanguageAwareEncoder,
        operators: PerturbationConfig | Iterable[PerturbationConfig],
        *,
        budget: int = 100,
        draws: int = 4,
        passages: Mapping[str, str | Sequence[str]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if not is_encoder(encoder):
            raise TypeError(
                f"encoder={short_repr(encoder)}: it must have the methods encode_queries and encode_documents"
            )
        self.encoder = encoder
        self.operators = perturbations_from("operators", operators)
        self.budget = whole_number("budget", budget)
        self.draws = whole_number("draws", draws)
        self.passages = None if passages is None else _passages(passages)
        if self.passages is not None and wants_languages(encoder):
            raise ValueError("passages are not possible with an encoder that needs the language of each text")
        self._hash_of_passages = hash_json(self.passages)

    def supports(self, lang: str) -> bool:
        """Whether one of the operators supports the language."""
        return any(operator.supports(lang) for operator in self.operators)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorstCase) or self._key() != other._key():
            return False
        fingerprint = fingerprint_of(self.encoder)
        return self.encoder is other.encoder or (
            fingerprint is not None and fingerprint == fingerprint_of(other.encoder)
        )

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return *super()._key(), self.operators, self.budget, self.draws, self._hash_of_passages

    def __repr__(self) -> str:
        lang = "" if self.lang is None else f", lang={self.lang!r}"
        return (
            f"{self.name}({self.encoder!r}, {list(self.operators)!r}, budget={self.budget}, draws={self.draws}, "
            f"severity={self.severity:g}, seed={self.seed}, draw={self.draw}{lang})"
        )

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return an empty dictionary, because the operators are not run in a fixed order."""
        return {}

    def perturb_text(self, text: str, lang: str, generator: Random) -> str:
        """Search the worst variant of one text; the generator is not used, as operators draw for themselves."""
        return self.perturb_all([text], [lang])[0]

    def perturb_all(self, texts: Sequence[str], langs: Sequence[str]) -> list[str]:
        """Search the worst variant of each text; see :meth:`~pyterrier_hybrid.perturbation.Perturbation.perturb`.

        Raises:
            ValueError: ``passages`` lacks a query, or a vector is not finite.
        """
        keys = list(zip(texts, langs, strict=True))
        if not self.severity:
            return list(texts)
        supported = {lang: self.supports(check_language(lang).split("-")[0]) for lang in dict.fromkeys(langs)}
        searches = self._start([key for key in dict.fromkeys(keys) if supported[key[1]]])
        active = list(searches.values())
        first_draw = self.draw * _MAX_DRAWS
        while active:
            self._add_candidates(active, range(first_draw, first_draw + self.draws))
            self._score_candidates(active)
            active = [search for search in active if search.end_round()]
            first_draw += self.draws
        return [searches[key].worst if key in searches else key[0] for key in keys]

    def _start(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], "_Search"]:
        """Encode queries, and what their variants are compared with."""
        searches = {}
        for part in chunked(keys, _TEXTS_PER_CALL):
            vectors = self._encode(part)
            targets = vectors[:, None] if self.passages is None else self._encode_passages([text for text, _ in part])
            for (query, lang), vector, compared in zip(part, vectors, targets, strict=True):
                searches[query, lang] = _Search(query, lang, self.budget, compared, vector)
        return searches

    def _encode_passages(self, queries: Sequence[str]) -> list[np.ndarray]:
        passages = self.passages or {}
        for query in queries:
            if query not in passages:
                raise ValueError(f"passages has none for the query {query!r}: give a relevant passage for each query")
        distinct = list(dict.fromkeys(text for query in queries for text in passages[query]))
        vectors = _checked(self.encoder.encode_documents(distinct), distinct)
        row = {text: number for number, text in enumerate(distinct)}
        return [vectors[[row[text] for text in passages[query]]] for query in queries]

    def _add_candidates(self, searches: list["_Search"], draws: range) -> None:
        """Give each search its candidates of a round, not more than its budget allows."""
        for draw in draws:
            for operator in self.operators:
                operator = operator.at(seed=operator.seed + self.seed, draw=operator.draw + draw)
                open_searches = [search for search in searches if len(search.candidates) < search.left]
                variants = operator.perturb_all(
                    [search.worst for search in open_searches], [search.lang for search in open_searches]
                )
                for search, variant in zip(open_searches, variants, strict=True):
                    if variant not in search.seen and self._is_allowed(search.query, variant):
                        search.seen.add(variant)
                        search.candidates.append(variant)

    def _is_allowed(self, query: str, variant: str) -> bool:
        limit = self.severity * len(query)
        return self.severity == 1 or (
            abs(len(query) - len(variant)) <= limit and edit_distance(query, variant) <= limit
        )

    def _score_candidates(self, searches: list["_Search"]) -> None:
        wanted: dict[tuple[str, str], list[_Search]] = {}
        by_language = wants_languages(self.encoder)
        for search in searches:
            for text in search.candidates:
                wanted.setdefault((text, search.lang if by_language else ""), []).append(search)
        for part in chunked(wanted, _TEXTS_PER_CALL):
            for key, vector in zip(part, self._encode(part), strict=True):
                for search in wanted[key]:
                    search.scores[key[0]] = search.similarity(vector)

    def _encode(self, keys: Sequence[tuple[str, str]]) -> np.ndarray:
        """Return the L2-normalised vectors of queries in languages, float32 [n, dim]; zeros stay zeros."""
        texts = [text for text, _ in keys]
        if wants_languages(self.encoder):
            vectors = self.encoder.encode_queries(texts, [lang for _, lang in keys])
        else:
            vectors = self.encoder.encode_queries(texts)
        vectors = _checked(vectors, texts)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms == 0, 1, norms)


class _Search:
    """The search for the worst variant of one query.

    Args:
        query: The original query.
        lang: Its language.
        budget: Maximum number of variants.
        targets: Vectors of the texts that variants are compared with, float32 [targets, dim].
        vector: The vector of the query.

    Attributes:
        worst: The worst variant so far.
        left: Number of variants that may still be encoded.
        seen: All variants so far.
        candidates: Those of the current round.
        scores: Their similarities.
    """

    def __init__(self, query: str, lang: str, budget: int, targets: np.ndarray, vector: np.ndarray) -> None:
        self.query, self.lang, self.left, self._targets = query, lang, budget, targets
        self.worst, self.seen = query, {query}
        self.candidates: list[str] = []
        self.scores: dict[str, float] = {}
        self._patience = _PATIENCE
        self._score = self.similarity(vector)
        self._tolerance = _TOLERANCE * float(np.linalg.norm(targets, axis=1).max())

    def similarity(self, vector: np.ndarray) -> float:
        """Return the similarity of a variant with some vector."""
        return float((self._targets @ vector).max())

    def end_round(self) -> bool:
        """Keep the worst variant; say whether there is another round."""
        candidates, scores = self.candidates, self.scores
        self.candidates, self.scores = [], {}
        self.left -= len(candidates)
        self._patience = _PATIENCE if candidates else self._patience - 1
        lowest = min(scores.values(), default=self._score)
        if lowest < self._score - self._tolerance:
            self.worst = next(text for text in candidates if scores[text] <= lowest + self._tolerance)
            self._score = scores[self.worst]
        return self.left > 0 and self._patience > 0


def edit_distance(one: str, other: str) -> int:
    """Return the Levenshtein distance: the smallest number of insertions, deletions and replacements of characters.

    Example:
        >>> edit_distance("kitten", "sitting")
        3
    """
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        diagonal, row[0] = row[0], number
        for column, another in enumerate(other, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (character != another)),
            )
    return row[-1]


def _passages(passages: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    if not isinstance(passages, Mapping):
        raise TypeError(f"passages is a {type(passages).__name__}: give a mapping of queries to their passages")
    result = {}
    for query, texts in passages.items():
        result[query] = list_of_texts(f"passages[{query!r}]", list_of(f"passages[{query!r}]", texts))
        if not result[query]:
            raise ValueError(f"passages[{query!r}] is empty: give at least one passage")
    return result


def _checked(vectors: Any, texts: Sequence[str]) -> np.ndarray:
    vectors = np.asarray(vectors, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(f"the encoder returned the shape {vectors.shape} for {len(texts)} texts, not [n, dim]")
    unusable = find_unusable(vectors)
    if unusable:
        raise ValueError(f"the vector of {texts[unusable[0]]!r} {unusable[1]}")
    return vectors
