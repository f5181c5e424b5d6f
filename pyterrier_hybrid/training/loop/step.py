"""What one training step computes: the vectors of a batch, gathered from all processes, and their loss."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import distributed, nn

from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel
from pyterrier_hybrid.training.losses import InfoNCE


class ContrastiveModel(nn.Module):
    """An encoder's model and the loss on its vectors, as the one module that is optimised.

    In several processes each computes the vectors of its part of the batch and the loss of the whole batch, in which
    only its own vectors have a gradient. Averaged over the processes, as DistributedDataParallel does, and multiplied
    by their number, that is the gradient of one process.

    Args:
        encoder: turns token ids into vectors.
        loss: the loss, called with the vectors of the whole batch.
        chunk_size: texts computed at a time, see :class:`EmbeddingModel`.
        recompute: gradient caching (GradCache, arXiv 2101.06983): keep only the vectors, and compute each chunk once
            more when its gradient is due, with the same dropout.
        look_up_once: look the tokens of all chunks up together.
    """

    def __init__(
        self,
        encoder: EmbeddingModel,
        loss: InfoNCE,
        *,
        chunk_size: int | None,
        recompute: bool,
        look_up_once: bool = True,
    ) -> None:
        super().__init__()
        self.encoder, self.loss = encoder, loss
        self.chunk_size, self.recompute, self.look_up_once = chunk_size, recompute, look_up_once

    def state_dict(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The weights by name; of tensors that share their memory, as T5's token embeddings do, the first."""
        state = super().state_dict(*args, **options)
        kept = {value.data_ptr(): name for name, value in reversed(state.items()) if value.numel()}
        for name in [name for name, value in state.items() if value.numel() and kept[value.data_ptr()] != name]:
            del state[name]
        return state

    def forward(
        self,
        *,
        query_ids: Sequence[Sequence[int]],
        passage_ids: Sequence[Sequence[int]],
        negative_ids: Sequence[Sequence[int]],
        groups: torch.Tensor,
        negative_rows: torch.Tensor,
    ) -> torch.Tensor:
        """The loss of a batch.

        Args:
            query_ids: token ids of this process's queries.
            passage_ids: token ids of their passages.
            negative_ids: token ids of their hard negatives.
            groups: the groups of the whole batch, int64 ``[batch_size]``.
            negative_rows: the row in the whole batch of every hard negative of the whole batch, int64, ascending.
        """
        counts = [len(query_ids), len(passage_ids), len(negative_ids)]
        vectors = self.encoder(
            [*query_ids, *passage_ids, *negative_ids],
            chunk_size=self.chunk_size,
            recompute=self.recompute,
            look_up_once=self.look_up_once,
        )
        queries, passages, negatives = vectors.split(counts)
        groups, negative_rows = groups.to(vectors.device), negative_rows.to(vectors.device)
        if counts[0] != len(groups):
            queries, passages = gather(queries), gather(passages)
            owners = torch.bincount(negative_rows // counts[0], minlength=distributed.get_world_size())
            negatives = gather(negatives, sizes=owners.tolist())
        # Scores of cosines need more than bfloat16's three digits.
        with torch.autocast(vectors.device.type, enabled=False):
            return self.loss(queries, passages, groups, negatives=negatives, negative_rows=negative_rows)


def gather(vectors: torch.Tensor, *, sizes: Sequence[int] | None = None) -> torch.Tensor:
    """Put together the vectors of all processes, in their order; only this process's own ones have a gradient.

    That gradient is multiplied by the number of processes, which undoes the mean that is taken over them later.

    Args:
        vectors: of this process, ``[n, dim]``.
        sizes: how many vectors each process has; by default all have as many.
    """
    world_size, rank = distributed.get_world_size(), distributed.get_rank()
    sizes = sizes or [len(vectors)] * world_size
    if not any(sizes):
        return vectors
    padded = vectors.new_zeros(max(sizes), vectors.shape[1])
    padded[: len(vectors)] = vectors.detach()
    parts = [torch.empty_like(padded) for _ in sizes]
    distributed.all_gather(parts, padded)
    parts = [part[:size] for part, size in zip(parts, sizes, strict=True)]
    parts[rank] = vectors + (world_size - 1) * (vectors - vectors.detach())
    return torch.cat(parts)
