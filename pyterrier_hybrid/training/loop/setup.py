"""What a training starts from: a module to change, processes, a folder, a way to validate."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import distributed, nn

from pyterrier_hybrid.training.sampling import HybridSampler, MonoSampler

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder
    from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel


def trainable_module(
    encoder: "DenseEncoder", *, dropout: float | None, freeze_token_embeddings: bool
) -> "EmbeddingModel":
    """A copy of an encoder's model with the parts that shall learn."""
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
    return module


def is_first_process() -> bool:
    """Whether this is the only process or the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def this_process(device: torch.device, arguments: Mapping[str, Any]) -> tuple[int, int]:
    """The rank of this process and the number of processes, as torchrun started them."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return 0, 1
    from accelerate import PartialState

    options = {"timeout": timedelta(seconds=arguments.get("ddp_timeout", 1800))}
    if "ddp_backend" in arguments:
        options["backend"] = arguments["ddp_backend"]
    state = PartialState(cpu=device.type == "cpu", **options)
    return state.process_index, state.num_processes


# See wait_for_all.
_last_meeting: list[Any] = []


def wait_for_all() -> None:
    """Meet the other processes when there is nothing more to do together.

    What was done together is kept, since it holds the Python context that it was started from, and gloo's thread would
    free it whenever it gets to it. Where Python was ending by then, the process aborted ("terminate called without an
    active exception"), and torchrun with it.
    """
    _last_meeting[:] = [distributed.barrier(async_op=True)]
    _last_meeting[0].wait()


@contextmanager
def first_rank_first(*, rank: int, world_size: int) -> Iterator[None]:
    """Let the first process make what the others then find made."""
    if world_size > 1 and rank > 0:
        distributed.barrier()
    yield
    if world_size > 1 and rank == 0:
        distributed.barrier()


def shared_scratch(stack: ExitStack, *, rank: int, world_size: int) -> str:
    """A temporary folder that all processes share."""
    folder = [stack.enter_context(tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-")) if rank == 0 else None]
    if world_size > 1:
        distributed.broadcast_object_list(folder)
    return folder[0]


def balanced_sampler(pairs: "ParallelPairs", batch_size: int) -> HybridSampler:
    """Monolingual batches of the languages that have enough pairs for one, and cross-lingual batches if any."""
    same = pairs.has_query & pairs.has_passage & ~pairs.is_translation[:, None]
    languages = [
        language
        for language, mask in zip(pairs.languages, same.T, strict=True)
        if len(np.unique(pairs.groups[mask])) >= batch_size
    ]
    # Two languages on one side, or one on each: then some query and some passage of an item differ in language.
    either = (pairs.has_query | pairs.has_passage).sum(axis=1) > 1
    cross = len(np.unique(pairs.groups[either])) >= batch_size
    if not languages and not cross:
        raise ValueError(
            f"validation: {len(pairs)} pairs are too few for one batch of batch_size={batch_size} in any language: "
            "hold out more"
        )
    return HybridSampler(
        0.5 if languages and cross else float(not cross), mono=MonoSampler(languages=languages or None)
    )


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself; elsewhere it is emulated and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))
    return False
