"""The model that is optimised: an encoder's module with the loss on the vectors of all processes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import distributed, nn

from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel
from pyterrier_hybrid.training.distillation import Distillation
from pyterrier_hybrid.training.losses import InfoNCE


class ContrastiveModel(nn.Module):
    """An encoder's module and the loss on its vectors, as one module.

    In several processes, each computes the vectors of its part of the batch and the loss of the whole batch, in which
    only its own vectors have a gradient. That gradient, multiplied by the number of processes and averaged over them as
    DistributedDataParallel does, is the gradient of a single process.

    Args:
        encoder: The module that turns token ids into vectors.
        loss: The loss, called with the vectors of the whole batch.
        chunk_size: Number of texts encoded at a time, see :class:`EmbeddingModel`; ``None``: all at once.
        recompute: Gradient caching (GradCache, arXiv 2101.06983): keep only the vectors, and compute each chunk again,
            with the same dropout, when its gradient is needed.
        look_up_once: Look up the tokens of all chunks together.
        distillation: A further loss on the vectors of the whole batch, for batches that have a teacher's vectors.
    """

    def __init__(
        self,
        encoder: EmbeddingModel,
        loss: InfoNCE,
        *,
        chunk_size: int | None,
        recompute: bool,
        look_up_once: bool = True,
        distillation: Distillation | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.loss, self.distillation = encoder, loss, distillation
        self.chunk_size, self.recompute, self.look_up_once = chunk_size, recompute, look_up_once

    # The overridden method is overloaded in torch; one signature covers both.
    def state_dict(self, *args: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return the weights by name; if tensors share memory (T5's token embeddings), only the first of them."""
        state = super().state_dict(*args, **options)
        first = {value.data_ptr(): name for name, value in reversed(state.items()) if value.numel()}
        for name in [name for name, value in state.items() if value.numel() and first[value.data_ptr()] != name]:
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
        guide_scores: torch.Tensor | None = None,
        teacher: Mapping[str, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Compute the loss of a batch.

        Args:
            query_ids: Token ids of this process's queries.
            passage_ids: Token ids of their passages.
            negative_ids: Token ids of their hard negatives.
            groups: The groups of the whole batch, int64 ``[batch_size]``.
            negative_rows: For every hard negative of the whole batch, its row in the batch: int64, ascending.
            guide_scores: See :meth:`InfoNCE.forward`.
            teacher: See :meth:`Distillation.forward`.

        Returns:
            A scalar.
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
            sizes = torch.bincount(negative_rows // counts[0], minlength=distributed.get_world_size())
            negatives = gather(negatives, sizes=sizes.tolist())
        # Scores of cosines need more than bfloat16's three digits.
        with torch.autocast(vectors.device.type, enabled=False):
            loss = self.loss(
                queries,
                passages,
                groups,
                negatives=negatives,
                negative_rows=negative_rows,
                guide_scores=None if guide_scores is None else guide_scores.to(vectors),
            )
            if self.distillation is None or teacher is None:
                return loss
            teacher = {
                name: values.to(vectors if values.is_floating_point() else vectors.device)
                for name, values in teacher.items()
            }
            return loss + self.distillation(queries, passages, teacher, temperature=self.loss.temperature)


def gather(vectors: torch.Tensor, *, sizes: Sequence[int] | None = None) -> torch.Tensor:
    """Concatenate the vectors of all processes by rank; only those of this process have a gradient.

    The gradient is multiplied by the number of processes, since it is averaged over them later.

    Args:
        vectors: This process's vectors, ``[n, dim]``.
        sizes: Number of vectors of each process; by default, all have as many as this one.

    Returns:
        ``[sum of sizes, dim]``.
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


def trainable_copy(
    encoder: DenseEncoder, *, dropout: float | None, freeze_token_embeddings: bool, recompute_layers: bool = False
) -> EmbeddingModel:
    """Copy an encoder's module for training.

    Args:
        encoder: The encoder, which is not changed.
        dropout: Dropout probability; ``None`` keeps the encoder's.
        freeze_token_embeddings: Do not train the token embeddings.
        recompute_layers: Whether :func:`recomputing_layers` must be possible.

    Raises:
        ValueError: Nothing is left to train, or there are no layers to compute again.
    """
    module = encoder.copy_module()
    module.requires_grad_(True)
    if dropout is not None:
        for layer in module.modules():
            if isinstance(layer, nn.Dropout):
                layer.p = dropout
    if freeze_token_embeddings:
        module.backbone.token_embeddings.requires_grad_(False)
        if not any(parameter.requires_grad for parameter in module.parameters()):
            raise ValueError("freeze_token_embeddings=True leaves a static encoder nothing to learn: leave it out")
    if recompute_layers:
        _check_recomputable(module)
    return module


def _check_recomputable(module: EmbeddingModel) -> None:
    model = getattr(module.backbone, "model", None)
    if not getattr(model, "supports_gradient_checkpointing", False):
        raise ValueError(
            f"gradient_checkpointing=True: a {module.backbone.model_type} encoder has no layers that can be computed "
            "again; leave it out"
        )


@contextmanager
def recomputing_layers(module: EmbeddingModel, *, enabled: bool) -> Iterator[None]:
    """Compute the activations of every layer again when the gradient needs them, until the block ends.

    Args:
        module: The encoder's module.
        enabled: Whether to do so.
    """
    if not enabled:
        yield
        return
    model: Any = module.backbone.model
    # A later version of transformers 5 renamed these two.
    name = "activation_checkpointing" if hasattr(model, "activation_checkpointing_enable") else "gradient_checkpointing"
    # Of language models; both together make transformers warn.
    use_cache = getattr(model.config, "use_cache", None)
    if use_cache:
        model.config.use_cache = False
    getattr(model, f"{name}_enable")({"use_reentrant": False})
    try:
        yield
    finally:
        getattr(model, f"{name}_disable")()
        if use_cache:
            model.config.use_cache = use_cache


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether a device has bfloat16 arithmetic; if it is only emulated, it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))
    return False
