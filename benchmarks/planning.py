"""Time and memory to plan batches from 40 million items, compared with shuffling all items.

    python benchmarks/planning.py [--items 40000000] [--languages 14] [--batches 1000] [--batch-size 100]

The store is synthetic and consists of memory-mapped arrays: six datasets of very different sizes, 40 sets of languages,
groups of three items. Each line is measured in a process of its own. Memory is the rise of the peak over the memory
before planning, including mapped pages of the store. ``shuffle`` is what ``torch.utils.data.RandomSampler`` does.
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

RATIOS = [0.6, 0.2, 0.1, 0.07, 0.02, 0.01]
PATTERNS = 40
SAMPLERS = {
    "X-X-mono": MonoSampler(),
    "X-Y": CrossSampler(),
    "Hybrid": HybridSampler(0.5),
    "Hybrid, T = 3, round-robin": HybridSampler(0.5, language_weights=3, dataset_mixing="round-robin"),
    "X-X": MixedSampler(),
    "Translate-train": TranslateTrainSampler("l01", query_languages=["l00"]),
    "Multi-positive": MultiPositiveSampler(),
}


def build(folder: Path, items: int, languages: int) -> None:
    """Write a store, one part at a time."""
    rng = np.random.default_rng(0)
    ends = np.cumsum([round(items * ratio) for ratio in RATIOS])
    ends[-1] = items
    has_query = rng.random((len(RATIOS), PATTERNS, languages)) < 0.7
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
        dataset_ids=np.repeat(np.arange(len(RATIOS), dtype=np.int32), PATTERNS),
        has_query=has_query,
        has_passage=has_query,
        is_translation=np.zeros(len(has_query), bool),
    )
    return SimpleNamespace(
        languages=[f"l{number:02}" for number in range(has_query.shape[1])],
        datasets=[f"dataset-{number}" for number in range(len(RATIOS))],
        groups=np.load(folder / "groups.npy", mmap_mode="r"),
        blocks=blocks,
    )


def plan(name: str, folder: Path, batches: int, batch_size: int) -> None:
    """Make the batches of one sampler, including its plan."""
    bound = SAMPLERS[name].plan(load(folder), batch_size=batch_size, seed=1)
    for step in range(batches):
        bound.batch(step)


def shuffle(name: str, folder: Path, batches: int, batch_size: int) -> None:
    """Make batches with torch's RandomSampler and BatchSampler, which shuffle all items first."""
    from torch.utils.data import BatchSampler, RandomSampler

    drawn = iter(BatchSampler(RandomSampler(range(len(load(folder).groups))), batch_size, drop_last=True))
    for _ in range(batches):
        next(drawn)


def peak() -> float:
    """Return the peak memory of this process, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


def measured(send: Callable, work: Callable, *arguments: object) -> None:
    """Run a function, and send its seconds and the rise of peak memory in MB."""
    if work is shuffle:
        import torch  # noqa: F401
    before, start = peak(), time.perf_counter()
    work(*arguments)
    send((time.perf_counter() - start, peak() - before))


def main() -> None:
    """Build the store and measure all samplers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=40_000_000, help="number of items")
    parser.add_argument("--languages", type=int, default=14, help="number of languages")
    parser.add_argument("--batches", type=int, default=1000, help="number of batches")
    parser.add_argument("--batch-size", type=int, default=100, help="pairs per batch")
    options = parser.parse_args()
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own, because the processes below would inherit the peak of this one.
        process = context.Process(target=build, args=(folder, options.items, options.languages))
        process.start()
        process.join()
        results = {}
        for name, work in [("shuffle", shuffle), *((name, plan) for name in SAMPLERS)]:
            receive, send = context.Pipe(duplex=False)
            arguments = (send.send, work, name, folder, options.batches, options.batch_size)
            process = context.Process(target=measured, args=arguments)
            process.start()
            # With this end open, receiving from a process that failed would wait forever.
            send.close()
            results[name] = receive.recv()
            process.join()
        mapped = sum((folder / name).stat().st_size for name in ("items.npy", "groups.npy")) / 1e6
    batches = f"{options.batches:,} batches of {options.batch_size}"
    print(f"{batches}, {options.items:,} items, {options.languages} languages")
    print(f"The store's own arrays, whose pages count once they are read: {mapped:.0f} MB")
    for name, (seconds, memory) in results.items():
        speed_up, savings = (base / value for base, value in zip(results["shuffle"], (seconds, memory), strict=True))
        print(f"{name:32} {seconds:6.2f} s  {memory:7.0f} MB  {speed_up:5.1f}x as fast  {savings:5.1f}x less memory")


if __name__ == "__main__":
    main()
