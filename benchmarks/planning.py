"""Seconds and memory to plan 1,000 batches of 100 from 40 million items, against shuffling all of them.

python benchmarks/planning.py [--items 40000000] [--languages 14] [--batches 1000] [--batch-size 100]

The store is a made-up one of memory-mapped arrays: six datasets of very different sizes, 40 sets of languages, groups
of three items. Each line is measured in a process of its own; memory is how far its peak rises over what it was before
planning, mapped pages of the store included. ``shuffle`` is what ``torch.utils.data.RandomSampler`` does.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from pyterrier_hybrid.parallel.store.blocks import Blocks
from pyterrier_hybrid.training import (
    CrossSampler,
    HybridSampler,
    MixedSampler,
    MonoSampler,
    MultiPositiveSampler,
    TranslateTrainSampler,
)

SHARES = [0.6, 0.2, 0.1, 0.07, 0.02, 0.01]
PATTERNS = 40
SAMPLERS = {
    "X-X-mono": MonoSampler(),
    "X-Y": CrossSampler(),
    "Hybrid": HybridSampler(0.5),
    "Hybrid, T = 3, datasets in turn": HybridSampler(0.5, language_weights=3, dataset_mixing="round-robin"),
    "X-X": MixedSampler(),
    "Translate-train": TranslateTrainSampler("l01", query_languages=["l00"]),
    "Multi-positive": MultiPositiveSampler(),
}


def build(folder: Path, items: int, languages: int) -> None:
    """Write a store, a part at a time."""
    rng = np.random.default_rng(0)
    ends = np.cumsum([round(items * share) for share in SHARES])
    ends[-1] = items
    has_query = rng.random((len(SHARES), PATTERNS, languages)) < 0.7
    has_query[:, 0] = True
    numbers = np.lib.format.open_memmap(folder / "items.npy", "w+", np.int32, (items,))
    starts = [0]
    for first, end in zip([0, *ends], ends, strict=False):
        for pattern in range(PATTERNS):
            block = np.arange(first + pattern, end, PATTERNS, np.int32)
            numbers[starts[-1] : starts[-1] + len(block)] = block
            starts.append(starts[-1] + len(block))
    groups = np.lib.format.open_memmap(folder / "groups.npy", "w+", np.int64, (items,))
    for first in range(0, items, 1 << 20):
        part = np.arange(first, min(first + (1 << 20), items))
        groups[part[0] : part[-1] + 1] = part // 3 * 1_000_003 - 10**15
    np.save(folder / "starts.npy", np.array(starts))
    np.save(folder / "has_query.npy", has_query.reshape(-1, languages))


def load(folder: Path) -> SimpleNamespace:
    """Open the store, memory-mapped."""
    has_query = np.load(folder / "has_query.npy")
    blocks = Blocks(
        items=np.load(folder / "items.npy", mmap_mode="r"),
        starts=np.load(folder / "starts.npy"),
        dataset_ids=np.repeat(np.arange(len(SHARES), dtype=np.int32), PATTERNS),
        has_query=has_query,
        has_passage=has_query,
        is_translation=np.zeros(len(has_query), bool),
    )
    return SimpleNamespace(
        languages=[f"l{number:02}" for number in range(has_query.shape[1])],
        datasets=[f"dataset-{number}" for number in range(len(SHARES))],
        groups=np.load(folder / "groups.npy", mmap_mode="r"),
        blocks=blocks,
    )


def plan(name: str, folder: Path, batches: int, batch_size: int) -> None:
    """Plan and make the batches of one sampler."""
    bound = SAMPLERS[name].plan(load(folder), batch_size=batch_size, seed=1)
    for step in range(batches):
        bound.batch(step)


def shuffle(name: str, folder: Path, batches: int, batch_size: int) -> None:
    """Shuffle all items and cut the batches off, as RandomSampler and BatchSampler do."""
    from torch.utils.data import BatchSampler, RandomSampler

    drawn = iter(BatchSampler(RandomSampler(range(len(load(folder).groups))), batch_size, drop_last=True))
    for _ in range(batches):
        next(drawn)


def peak() -> float:
    """The most memory that this process has had, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


def measured(send: Callable, work: Callable, *arguments: object) -> None:
    """Do the work and send its seconds and MB."""
    if work is shuffle:
        import torch  # noqa: F401
    before, start = peak(), time.perf_counter()
    work(*arguments)
    send((time.perf_counter() - start, peak() - before))


def main() -> None:
    """Build the store and measure all samplers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=40_000_000)
    parser.add_argument("--languages", type=int, default=14)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=100)
    options = parser.parse_args()
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Not in this process: what follows would inherit its peak.
        process = context.Process(target=build, args=(folder, options.items, options.languages))
        process.start()
        process.join()
        results = {}
        for name, work in [("shuffle", shuffle), *((name, plan) for name in SAMPLERS)]:
            receive, send = context.Pipe(duplex=False)
            arguments = (send.send, work, name, folder, options.batches, options.batch_size)
            process = context.Process(target=measured, args=arguments)
            process.start()
            # Else a process that fails would be waited for.
            send.close()
            results[name] = receive.recv()
            process.join()
        mapped = sum((folder / name).stat().st_size for name in ("items.npy", "groups.npy")) / 1e6
    batches = f"{options.batches:,} batches of {options.batch_size}"
    print(f"{batches}, {options.items:,} items, {options.languages} languages")
    print(f"The store's own arrays, whose pages count as they are touched: {mapped:.0f} MB")
    for name, (seconds, memory) in results.items():
        times, less = (base / own for base, own in zip(results["shuffle"], (seconds, memory), strict=True))
        print(f"{name:32} {seconds:6.2f} s  {memory:7.0f} MB  {times:5.1f}x as fast  {less:5.1f}x less memory")


if __name__ == "__main__":
    main()
