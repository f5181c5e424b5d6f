"""Time to open, read at random, split and filter a pair store of millions of items.

    python benchmarks/pairs.py [--items 40000000] [--folder DIRECTORY]

The store is made in a temporary folder and removed afterwards. It has two languages, texts of 10 characters, and 100
bytes per item. It is written directly from arrays, because writing is not what is measured.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.parallel.store.blocks import BlockKey, sort_by_key
from pyterrier_hybrid.parallel.store.folder import Files, write_description
from pyterrier_hybrid.parallel.store.store import Store

BYTES_PER_ITEM = 100
LANGUAGES = ("de", "en")
BATCH = 2**18


def main() -> None:
    """Make the store, then open it in a new process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=40_000_000, help="number of items")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="folder for temporary files")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        measure(options.open)
        return
    needed, free = options.items * BYTES_PER_ITEM, shutil.disk_usage(options.folder).free
    if free < 2 * needed:
        parser.error(f"{options.folder} has {free / 1e9:.1f} GB left; {2 * needed / 1e9:.1f} GB are needed")
    with tempfile.TemporaryDirectory(dir=options.folder) as home:
        start = time.perf_counter()
        make(Path(home), options.items)
        size = sum(path.stat().st_size for path in Path(home).iterdir())
        print(f"{options.items:,} items, {size / 1e9:.1f} GB, written in {time.perf_counter() - start:.0f} s")
        subprocess.run([sys.executable, __file__, "--open", home], check=True)


def make(folder: Path, count: int) -> None:
    """Write a store in which every item is a group of its own."""
    with Files(folder) as files:
        for first in range(0, count, BATCH):
            files.append(batch(np.arange(first, min(first + BATCH, count))))
    groups = np.arange(count)
    key = BlockKey("toy", frozenset(LANGUAGES), frozenset(LANGUAGES), False)
    store = Store(files.finish(), sort_by_key([key], np.zeros(count, np.int32)), groups, groups)
    write_description(folder, store, files.fingerprint.hexdigest(groups))


def batch(numbers: np.ndarray) -> pa.RecordBatch:
    """Return rows with texts such as q00000017d."""
    zeros = pa.array(np.zeros(len(numbers), np.int32))
    columns = {"id": strings(numbers, "i"), "dataset": pa.DictionaryArray.from_arrays(zeros, pa.array(["toy"]))}
    columns["translation"] = pa.array(np.zeros(len(numbers), bool))
    for role in ("passage", "query"):
        columns |= {f"{role}.{code}": strings(numbers, role[0], code[0]) for code in LANGUAGES}
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def strings(numbers: np.ndarray, before: str, after: str = "") -> pa.Array:
    """Return numbers as texts, between two letters."""
    digits = numbers[:, None] // 10 ** np.arange(7, -1, -1) % 10 + ord("0")
    ends = [np.full((len(numbers), 1), ord(letter)) for letter in (before, after) if letter]
    data = np.concatenate([ends[0], digits, *ends[1:]], axis=1).astype(np.uint8)
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * data.shape[1]
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(data.tobytes()))


def memory() -> float:
    """Return the resident memory of this process in MB, including pages of mapped files."""
    return psutil.Process().memory_info().rss / 1e6


def measure(folder: Path) -> None:
    """Time the operations on a store."""
    before, start = memory(), time.perf_counter()
    pairs = ParallelPairs.open(folder)
    print(f"opened in {time.perf_counter() - start:.2f} s, with {memory() - before:.0f} MB more memory")
    rng = np.random.default_rng(0)
    micros = []
    for _ in range(200):
        items = rng.integers(len(pairs), size=100).tolist()
        start = time.perf_counter()
        for item in items:
            assert pairs.query(item, "de")[1:9] == pairs.passage(item, "en")[1:9] == f"{item:08}"
        micros.append((time.perf_counter() - start) * 1e6)
    print(f"read 100 random pairs in {np.median(micros):.0f} µs (median of 200 rounds)")
    start = time.perf_counter()
    train, held = pairs.split(1000)
    print(f"split off {len(held):,} items in {time.perf_counter() - start:.1f} s, {memory():.0f} MB now")
    start = time.perf_counter()
    german = pairs.filter(languages=["de"])
    print(f"filtered {len(german):,} items by language in {time.perf_counter() - start:.1f} s, {memory():.0f} MB now")


if __name__ == "__main__":
    main()
