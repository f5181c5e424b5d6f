"""Vectors of encoders that are not trained, for the loss: a teacher's and a guide's."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval.protocols import Encoder, LanguageAwareEncoder
from pyterrier_hybrid.retrieval.vector_cache import VectorCache
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.training.sampling.plans import Triple

AnyEncoder = Encoder | LanguageAwareEncoder

TEACHER_LANGUAGE = "en"
"""The language that a teacher encodes."""

Text = tuple[str, str]
"""A text and its language."""


class FullBatch(NamedTuple):
    """A batch of a plan with its hard negatives.

    Attributes:
        triples: Item, language of the query and language of the passage of each row.
        negatives: Row and text of each hard negative.
    """

    triples: Sequence[Triple]
    negatives: Sequence[tuple[int, str]]


class FixedVectors(Protocol):
    """Vectors of an encoder that is not trained, for the loss of each batch."""

    def add(self, batches: Sequence[FullBatch]) -> None:
        """Encode the texts of some batches, as far as their vectors are missing."""
        ...

    def inputs(self, batch: FullBatch) -> dict[str, Any]:
        """Return the further inputs of the model for a batch whose texts were added."""
        ...


class _Vectors:
    """The vectors of an encoder's queries and documents, in a folder."""

    def __init__(self, encoder: AnyEncoder, folder: Path, *, verbose: bool) -> None:
        self._queries = VectorCache(encoder, "queries", folder, verbose=verbose)
        self._documents = VectorCache(encoder, "documents", folder, verbose=verbose)

    def add(self, queries: Iterable[Text], documents: Iterable[Text]) -> None:
        self._queries.add(*_columns(dict.fromkeys(queries)))
        self._documents.add(*_columns(dict.fromkeys(documents)))

    def queries(self, texts: Sequence[Text]) -> torch.Tensor:
        return torch.from_numpy(self._queries.read(*_columns(texts)))

    def documents(self, texts: Sequence[Text]) -> torch.Tensor:
        return torch.from_numpy(self._documents.read(*_columns(texts)))


class TeacherVectors:
    """A teacher's vectors of the English texts of each batch, whatever languages the batch has.

    Args:
        encoder: The teacher.
        pairs: The pairs.
        folder: The folder of the vectors.
        verbose: Show a progress bar.
    """

    def __init__(self, encoder: AnyEncoder, pairs: ParallelPairs, folder: Path, *, verbose: bool) -> None:
        self._pairs, self._vectors = pairs, _Vectors(encoder, folder, verbose=verbose)
        self._language = same_language(TEACHER_LANGUAGE, pairs.languages)
        column = pairs.languages.index(self._language)
        self._has_query, self._has_passage = pairs.has_query[:, column], pairs.has_passage[:, column]

    def add(self, batches: Sequence[FullBatch]) -> None:
        """Encode the texts of some batches, as far as their vectors are missing."""
        items = list(dict.fromkeys(item for batch in batches for item, _, _ in batch.triples))
        self._vectors.add(
            [self._query(item) for item in items if self._has_query[item]],
            [self._passage(item) for item in items if self._has_passage[item]],
        )

    def inputs(self, batch: FullBatch) -> dict[str, Any]:
        """Return the vectors, and the rows of the batch that have one."""
        items = [item for item, _, _ in batch.triples]
        query_rows = [row for row, item in enumerate(items) if self._has_query[item]]
        passage_rows = [row for row, item in enumerate(items) if self._has_passage[item]]
        return {
            "teacher": {
                "queries": self._vectors.queries([self._query(items[row]) for row in query_rows]),
                "passages": self._vectors.documents([self._passage(items[row]) for row in passage_rows]),
                "query_rows": torch.tensor(query_rows, dtype=torch.long),
                "passage_rows": torch.tensor(passage_rows, dtype=torch.long),
            }
        }

    def _query(self, item: int) -> Text:
        return self._pairs.query(item, self._language), self._language

    def _passage(self, item: int) -> Text:
        return self._pairs.passage(item, self._language), self._language


class GuideScores:
    """A guide's scores of the queries of each batch with its passages and hard negatives.

    Args:
        encoder: The guide.
        pairs: The pairs.
        folder: The folder of the vectors.
        verbose: Show a progress bar.
    """

    def __init__(self, encoder: AnyEncoder, pairs: ParallelPairs, folder: Path, *, verbose: bool) -> None:
        self._pairs, self._vectors = pairs, _Vectors(encoder, folder, verbose=verbose)

    def add(self, batches: Sequence[FullBatch]) -> None:
        """Encode the texts of some batches, as far as their vectors are missing."""
        self._vectors.add(
            (text for batch in batches for text in self._queries(batch)),
            (text for batch in batches for text in self._candidates(batch)),
        )

    def inputs(self, batch: FullBatch) -> dict[str, Any]:
        """Return the scores."""
        queries = self._vectors.queries(self._queries(batch))
        return {"guide_scores": queries @ self._vectors.documents(self._candidates(batch)).T}

    def _queries(self, batch: FullBatch) -> list[Text]:
        return [(self._pairs.query(item, language), language) for item, language, _ in batch.triples]

    def _candidates(self, batch: FullBatch) -> list[Text]:
        passages = [(self._pairs.passage(item, language), language) for item, _, language in batch.triples]
        return passages + [(text, batch.triples[row][2]) for row, text in batch.negatives]


def check_teacher(pairs: ParallelPairs) -> None:
    """Check that a teacher has something to encode.

    Raises:
        ValueError: No text of the pairs is in English.
    """
    if same_language(TEACHER_LANGUAGE, pairs.languages) not in pairs.languages:
        raise ValueError(
            f"teacher: its vectors of the English texts are the targets, and these pairs are in "
            f"{', '.join(pairs.languages)} only: add English texts, or leave it out"
        )


def _columns(texts: Iterable[Text]) -> tuple[list[str], list[str]]:
    pairs = list(texts)
    return [text for text, _ in pairs], [lang for _, lang in pairs]
