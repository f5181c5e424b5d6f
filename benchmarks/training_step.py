"""Time of a training step, and how much each of the optimisations of ``ph.train`` saves.

    python benchmarks/training_step.py MODEL PAIRS... [--batch-size 64] [--batches 4]

The first variant is a plain loop: float32, all texts in one chunk, every parameter trained by unfused AdamW. Then the
optimisations are added one after the other, and finally each one is left out or changed.
"""

import argparse
import statistics
import time
from typing import NamedTuple

import torch

import pyterrier_hybrid as ph
from pyterrier_hybrid.training import InfoNCE
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.model import ContrastiveModel, bfloat16_is_fast
from pyterrier_hybrid.training.loop.tokens import Texts


class Variant(NamedTuple):
    """The optimisations that are on; the names in the table are options of ``ph.train``."""

    chunk_size: int | None = None
    bf16: bool = False
    look_up_once: bool = False
    fused: bool = False
    freeze_token_embeddings: bool = False
    gradient_caching: bool = False


FULL = Variant(chunk_size=16, bf16=True, look_up_once=True, fused=True)
VARIANTS = {
    "plain": Variant(),
    "+ chunk_size=16": Variant(chunk_size=16),
    "+ bf16": Variant(chunk_size=16, bf16=True),
    "+ look_up_once": Variant(chunk_size=16, bf16=True, look_up_once=True),
    '+ optim="adamw_torch_fused": the defaults': FULL,
    "the defaults without chunks": FULL._replace(chunk_size=None),
    "the defaults, chunk_size=32": FULL._replace(chunk_size=32),
    "the defaults without bf16": FULL._replace(bf16=False),
    "the defaults without look_up_once": FULL._replace(look_up_once=False),
    "the defaults and freeze_token_embeddings": FULL._replace(freeze_token_embeddings=True),
    "the defaults and gradient_caching": FULL._replace(gradient_caching=True),
}


class Step:
    """One training step of a variant."""

    def __init__(self, encoder: ph.DenseEncoder, variant: Variant) -> None:
        """Build the model and its optimiser."""
        module = encoder.copy_module().train()
        module.backbone.token_embeddings.requires_grad_(not variant.freeze_token_embeddings)
        self.model = ContrastiveModel(
            module, InfoNCE(), chunk_size=variant.chunk_size, recompute=variant.gradient_caching,
            look_up_once=variant.look_up_once,
        )  # fmt: skip
        trained = [value for value in self.model.parameters() if value.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-9, fused=variant.fused, foreach=False)
        self.bf16 = variant.bf16

    def __call__(self, batch: dict) -> float:
        """Run the step, and return its seconds."""
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            loss = self.model(**{name: value for name, value in batch.items() if name != "t"})
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return time.perf_counter() - started


def main() -> None:
    """Time the variants in turn on the same batches, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder or a name on the Hugging Face hub")
    parser.add_argument("pairs", nargs="+", help="JSON Lines files of training pairs")
    parser.add_argument("--batch-size", type=int, default=64, help="pairs per batch (64)")
    parser.add_argument("--batches", type=int, default=4, help="number of batches (4)")
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    encoder = ph.DenseEncoder(options.model, max_length=96, device="cpu")
    pairs = ph.ParallelPairs.from_jsonl(*options.pairs)
    batches = PlannedBatches(
        ph.CrossSampler().plan(pairs, batch_size=options.batch_size), pairs, Texts(pairs, encoder),
        length=options.batches,
    )  # fmt: skip
    fast = bfloat16_is_fast(torch.device("cpu"))
    seconds: dict[str, list[float]] = {name: [] for name, variant in VARIANTS.items() if fast or not variant.bf16}
    for t in range(options.batches):
        batch = batches[t]
        for name in seconds:
            step = Step(encoder, VARIANTS[name])
            if VARIANTS[name].fused or t == 0:
                step.optimizer.step()
            seconds[name].append(step(batch))
            del step
    first = statistics.median(seconds["plain"])
    print(f"{options.batches} batches of {options.batch_size} pairs, {torch.get_num_threads()} threads")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:42} {median:6.2f} s  {first / median:5.2f}x")


if __name__ == "__main__":
    main()
