"""The batches of a plan as token ids."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from more_itertools import chunked
from torch.utils.data import Dataset

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.parallel.answers import Answers
from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.training.loop.fixed_vectors import FixedVectors, FullBatch
from pyterrier_hybrid.training.loop.tokens import Texts, TokenIds
from pyterrier_hybrid.training.sampling.plans import Plan, Triple

MASKS = ("document", "passage", "item")

_NEGATIVES_STREAM = 100
"""Number of the random stream of hard negatives, different from the streams of plans."""

_ROWS_AT_ONCE = 65_536
"""Number of rows whose texts are encoded together by an encoder that is not trained."""


class PlannedBatches(Dataset[dict[str, Any]]):
    """The batches of a plan, tokenised: this process's part of the texts, and the groups of the whole batch.

    Args:
        plan: The plan.
        pairs: The pairs of the plan.
        texts: The token ids of the pairs.
        length: Number of batches.
        mask: Which passages are not negatives of a query: those of its "document" or group, those of items that share
            a "passage", or those of the same "item" only.
        hard_negatives: Maximum number of hard negatives of each item; they are drawn again for every batch.
        rank: Number of this process.
        world_size: Number of processes.

    Raises:
        ValueError: An unknown mask, or a batch that cannot be divided evenly among the processes.
    """

    def __init__(
        self,
        plan: Plan,
        pairs: ParallelPairs,
        texts: Texts,
        *,
        length: int,
        mask: str = "document",
        hard_negatives: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if mask not in MASKS:
            raise ValueError(f"mask={mask!r} is unknown: choose one of {', '.join(MASKS)}")
        self.plan, self.pairs, self.texts, self.length = plan, pairs, texts, length
        self.mask, self.hard_negatives = mask, hard_negatives
        self.rows = plan.rows_of_rank(rank, world_size)
        self._fixed: list[FixedVectors] = []
        if hard_negatives:
            self._answers = Answers(pairs)

    def add_fixed(self, vectors: FixedVectors) -> None:
        """Add vectors of an encoder that is not trained, and encode what they need for all batches.

        The plan says which texts that is.
        """
        first = self.plan.batch(0)
        for numbers in chunked(range(self.length), max(1, _ROWS_AT_ONCE // len(first))):
            vectors.add([FullBatch(batch := self.plan.batch(t), self._negatives(batch, t)) for t in numbers])
        self._fixed.append(vectors)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, t: int) -> dict[str, Any]:
        batch = self.plan.batch(t)
        negatives = self._negatives(batch, t)
        fixed: dict[str, Any] = {}
        for vectors in self._fixed:
            fixed |= vectors.inputs(FullBatch(batch, negatives))
        return {
            "query_ids": TokenIds(self.texts.queries([batch[row][:2] for row in self.rows])),
            "passage_ids": TokenIds(self.texts.passages([(batch[row][0], batch[row][2]) for row in self.rows])),
            "negative_ids": TokenIds(self.texts.negatives([text for row, text in negatives if row in self.rows])),
            "groups": torch.tensor([self._group(item) for item, _, _ in batch]),
            "negative_rows": torch.tensor([row for row, _ in negatives], dtype=torch.long),
            "t": t,
            **fixed,
        }

    def _group(self, item: int) -> int:
        if self.mask == "item":
            return item
        return int((self.pairs.groups if self.mask == "document" else self.pairs.passage_groups)[item])

    def _negatives(self, batch: Sequence[Triple], t: int) -> list[tuple[int, str]]:
        """Draw the hard negatives of a whole batch, each with its row; every process draws the same ones."""
        if not self.hard_negatives:
            return []
        rng = np.random.default_rng([self.plan.seed, t, _NEGATIVES_STREAM])
        candidates = {row: self.pairs.negatives(item, language) for row, (item, _, language) in enumerate(batch)}
        candidates = {row: texts for row, texts in candidates.items() if texts}
        # Mined negatives include answers to this query, or to another one of the batch, that other items have.
        positives = self._answers.keys([item for item, _, _ in batch]) if candidates else set()
        drawn: list[tuple[int, str]] = []
        for row, texts in candidates.items():
            texts = [text for text in texts if text_key(text) not in positives]
            if len(texts) > self.hard_negatives:
                texts = [texts[n] for n in np.sort(rng.choice(len(texts), self.hard_negatives, replace=False)).tolist()]
            drawn.extend((row, text) for text in texts)
        return drawn

    def have_negatives(self, t: int) -> bool:
        """Whether a batch has pairs of several groups, which are each other's negatives."""
        return len({self._group(item) for item, _, _ in self.plan.batch(t)}) > 1

    def describe(self, t: int, limit: int = 5) -> str:
        """Describe a batch for an error message: dataset, id and languages of its first pairs.

        Args:
            t: Number of the batch.
            limit: Number of pairs.
        """
        batch = self.plan.batch(t)
        names = []
        for number, query_language, passage_language in batch[:limit]:
            item = self.pairs.item(number)
            names.append(f"{item.dataset}/{item.id} ({query_language}-{passage_language})")
        more = f" and {len(batch) - limit} more" if len(batch) > limit else ""
        return ", ".join(names) + more
