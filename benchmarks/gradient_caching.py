"""Peak memory and time of one training step with and without gradient caching, by batch size.

    python benchmarks/gradient_caching.py MODEL PAIRS... [--small 64] [--large 4096] [--plain-limit 256]

Each measurement runs in a process of its own. Batches larger than `--plain-limit` are run with caching only.
"""

import argparse
import multiprocessing
import resource
import time

import torch

import pyterrier_hybrid as ph
from pyterrier_hybrid.training import InfoNCE
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.model import ContrastiveModel, bfloat16_is_fast
from pyterrier_hybrid.training.loop.tokens import Texts


def measure(model: str, files: list[str], batch_size: int, cached: bool, results: multiprocessing.Queue) -> None:
    """Run one step, and send its seconds and the rise of peak memory over that of the loaded model, in MB."""
    encoder = ph.DenseEncoder(model, max_length=96, device="cpu")
    pairs = ph.ParallelPairs.from_jsonl(*files)
    plan = ph.CrossSampler().plan(pairs, batch_size=batch_size)
    batch = PlannedBatches(plan, pairs, Texts(pairs, encoder), length=1)[0]
    del batch["t"]
    module = encoder.copy_module().train()
    module.backbone.token_embeddings.requires_grad_(False)
    step = ContrastiveModel(module, InfoNCE(), chunk_size=16, recompute=cached)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16_is_fast(torch.device("cpu"))):
        loss = step(**batch)
    loss.backward()
    seconds = time.perf_counter() - started
    results.put((seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def main() -> None:
    """Measure all batch sizes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder or a name on the Hugging Face hub")
    parser.add_argument("pairs", nargs="+", help="JSON Lines files of training pairs")
    parser.add_argument("--small", type=int, default=64, help="the smallest batch size (64)")
    parser.add_argument("--large", type=int, default=4096, help="the largest batch size (4096)")
    parser.add_argument("--plain-limit", type=int, default=256, help="the largest batch size without caching (256)")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    sizes = sorted({options.small, min(4 * options.small, options.large), options.large})
    for size in sizes:
        for cached in (False, True):
            if not cached and size > options.plain_limit:
                continue
            results = context.Queue()
            process = context.Process(target=measure, args=(options.model, options.pairs, size, cached, results))
            process.start()
            seconds, megabytes = results.get()
            process.join()
            name = f"batch of {size:,} pairs, {'with' if cached else 'without'} caching"
            print(f"{name:40} {megabytes:8.0f} MB  {seconds:7.1f} s  {1000 * seconds / size:6.1f} ms/pair", flush=True)


if __name__ == "__main__":
    main()
