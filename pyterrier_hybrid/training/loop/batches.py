"""The batches of a plan as token ids."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset

from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.training.sampling.plans import Plan, Triple

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder

MASKS = ("document", "passage", "item")

# One more stream of random numbers beside those of the plans.
_NEGATIVES = 100


class TokenIds(Sequence):
    """Token ids of some texts; as neither list nor tuple, they are not searched for tensors number by number.

    >>> [*TokenIds([[1, 2], [3]])]
    [[1, 2], [3]]
    """

    def __init__(self, ids: list[list[int]]) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, place: int) -> list[int]:
        return self._ids[place]


class Texts:
    """Token ids of queries and passages, tokenised when they are asked for.

    Args:
        pairs: the texts.
        encoder: its tokenizer and prefixes.
    """

    def __init__(self, pairs: "ParallelPairs", encoder: "DenseEncoder") -> None:
        self.pairs, self.encoder = pairs, encoder

    def queries(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Token ids of the queries of some items, each in a language."""
        prefix = self.encoder.query_prefix
        return self.encoder.tokenize([prefix + self.pairs.query(item, language) for item, language in rows])

    def passages(self, rows: Sequence[tuple[int, str]]) -> list[list[int]]:
        """Token ids of the passages of some items, each in a language."""
        prefix = self.encoder.document_prefix
        return self.encoder.tokenize([prefix + self.pairs.passage(item, language) for item, language in rows])

    def negatives(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of hard negatives."""
        return self.encoder.tokenize([self.encoder.document_prefix + text for text in texts])


class PlannedBatches(Dataset):
    """Batch ``t`` of a plan, tokenised: in each process its own part of the texts, and the groups of all.

    Args:
        plan: which texts meet.
        pairs: the store that was planned over.
        texts: their token ids.
        length: number of batches.
        mask: which passages are no negatives of a query: those of its document or group, those of items that share a
            passage, or those of the same item only.
        hard_negatives: how many of an item's hard negatives join its batch, drawn anew each time.
        rank: this process.
        world_size: number of processes.
    """

    def __init__(
        self,
        plan: Plan,
        pairs: "ParallelPairs",
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
        if plan.batch_size % world_size:
            raise ValueError(
                f"batch_size={plan.batch_size} does not divide into {world_size} processes: choose a multiple of it"
            )
        self.plan, self.pairs, self.texts, self.length = plan, pairs, texts, length
        self.hard_negatives, self.rank, self.world_size = hard_negatives, rank, world_size
        self.mask = mask

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, t: int) -> dict[str, Any]:
        batch = self.plan.batch(t)
        part = len(batch) // self.world_size
        mine = range(self.rank * part, (self.rank + 1) * part)
        negatives = self._negatives(batch, t)
        return {
            "query_ids": TokenIds(self.texts.queries([batch[row][:2] for row in mine])),
            "passage_ids": TokenIds(self.texts.passages([(batch[row][0], batch[row][2]) for row in mine])),
            "negative_ids": TokenIds(self.texts.negatives([text for row, text in negatives if row in mine])),
            "groups": torch.tensor([self._group(item) for item, _, _ in batch]),
            "negative_rows": torch.tensor([row for row, _ in negatives], dtype=torch.long),
            "t": t,
        }

    def _group(self, item: int) -> int:
        if self.mask == "item":
            return item
        return int((self.pairs.groups if self.mask == "document" else self.pairs.passage_groups)[item])

    def _negatives(self, batch: Sequence[Triple], t: int) -> list[tuple[int, str]]:
        """The hard negatives of a whole batch with their rows; every process draws the same ones."""
        if not self.hard_negatives:
            return []
        rng = np.random.default_rng([self.plan.seed, t, _NEGATIVES])
        given = {row: self.pairs.negatives(item, language) for row, (item, _, language) in enumerate(batch)}
        given = {row: texts for row, texts in given.items() if texts}
        # Among mined negatives there are passages of other items, which answer these items' queries in any language.
        places = {batch[row][2]: self.pairs.languages.index(batch[row][2]) for row in given}
        right = {
            text_key(self.pairs.passage(item, language))
            for item, _, _ in batch
            for language, place in places.items()
            if self.pairs.has_passage[item, place]
        }
        drawn = []
        for row, texts in given.items():
            texts = [text for text in texts if text_key(text) not in right]
            if len(texts) > self.hard_negatives:
                texts = [texts[n] for n in np.sort(rng.choice(len(texts), self.hard_negatives, replace=False)).tolist()]
            drawn.extend((row, text) for text in texts)
        return drawn

    def names(self, t: int, limit: int = 5) -> str:
        """Dataset, id and languages of the first pairs of a batch, for a message."""
        batch = self.plan.batch(t)
        named = []
        for number, query_language, passage_language in batch[:limit]:
            item = self.pairs.item(number)
            named.append(f"{item.dataset}/{item.id} ({query_language}-{passage_language})")
        more = f" and {len(batch) - limit} more" if len(batch) > limit else ""
        return ", ".join(named) + more
