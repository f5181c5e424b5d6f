"""Time, memory and recall of dense indexes of a million vectors.

    python benchmarks/index.py [--count 1000000] [--dim 384] [--kinds exact hnsw ivf ivfpq] [--folder DIRECTORY]

Vectors and queries are drawn around random centres and L2-normalised. Each kind is built and then searched in a new
process, with one thread by default. Own memory is the peak of a process's memory without the pages of mapped files (on
Linux; elsewhere with them).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

KINDS = ("exact", "hnsw", "ivf", "ivfpq")
LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
QUERIES = 200
DEPTH = 100
BLOCK = 50_000


def main() -> None:
    """Make the vectors, then build and search an index of each kind in new processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="number of vectors")
    parser.add_argument("--dim", type=int, default=384, help="dimension of the vectors")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, help="kinds of index")
    parser.add_argument("--threads", type=int, default=1, help="number of threads (1)")
    parser.add_argument(
        "--options", type=json.loads, default={}, help='options of the indexer as JSON, such as {"neighbours": 16}'
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="folder for temporary files")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, kind = options.step
        {"build": build, "search": search}[step](options.folder, kind, options)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as home:
        draw(Path(home) / "vectors.npy", options.count, options.dim, seed=1)
        draw(Path(home) / "queries.npy", QUERIES, options.dim, seed=2)
        print(f"{options.count:,} vectors of {options.dim} dimensions, {options.threads} threads", flush=True)
        for kind in options.kinds:
            for step in ("build", "search"):
                again = ["--folder", home, "--threads", str(options.threads), "--options", json.dumps(options.options)]
                subprocess.run([sys.executable, __file__, *again, "--step", step, kind], check=True)


def draw(path: Path, count: int, dim: int, *, seed: int) -> None:
    """Write L2-normalised vectors around centres that do not depend on the seed."""
    centres = np.random.default_rng(0).normal(size=(5000, dim)).astype(np.float32)
    rng = np.random.default_rng(seed)
    array = np.lib.format.open_memmap(path, "w+", np.float32, (count, dim))
    for start in range(0, count, BLOCK):
        block = centres[rng.integers(len(centres), size=min(BLOCK, count - start))]
        block = block + rng.standard_normal(block.shape, np.float32)
        array[start : start + BLOCK] = block / np.linalg.norm(block, axis=1, keepdims=True)
    array.flush()


def build(home: Path, kind: str, options: argparse.Namespace) -> None:
    """Build one index."""
    from pyterrier_hybrid import FaissIndex

    vectors = home / "vectors.npy"
    docnos = map("d{}".format, range(len(np.load(vectors, mmap_mode="r"))))
    with measured() as cost:
        index = FaissIndex.from_npy(
            home / kind,
            vectors,
            docnos,
            lambda docno: LANGUAGES[int(docno[1:]) % len(LANGUAGES)],
            kind=kind,
            threads=options.threads,
            **options.options,
        )
    size = sum(path.stat().st_size for path in index.path.iterdir())
    print(f"{kind}: built in {cost}, {size / 1e6:,.0f} MB on disk, {index.parameters}", flush=True)


def search(home: Path, kind: str, options: argparse.Namespace) -> None:
    """Search one index."""
    import faiss
    import pandas as pd

    from pyterrier_hybrid import FaissIndex

    faiss.omp_set_num_threads(options.threads)
    vectors = np.load(home / "queries.npy")
    topics = pd.DataFrame({"qid": [str(number) for number in range(len(vectors))], "query_vec": list(vectors)})
    index = FaissIndex(home / kind)
    with measured() as cost:
        len(index)
    print(f"  opened in {cost}", flush=True)
    for lang in (None, "de"):
        retriever = index.retriever(DEPTH, lang)
        retriever.transform(topics[:20])
        with measured() as cost:
            retriever.transform(topics)
        recalls = {} if kind == "exact" else {k: round(index.recall(vectors, k=k, lang=lang), 3) for k in (10, DEPTH)}
        milliseconds = 1000 * cost.seconds / len(vectors)
        print(f"  lang={lang}: {milliseconds:.1f} ms a query ({cost}), recall {recalls or 'is 1'}", flush=True)


class Cost:
    """The seconds of a block, and the peak of the process's own memory in MB."""

    seconds = 0.0
    peak = 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.peak:,.0f} MB of own memory"


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the cost of a `with` block."""
    cost, done = Cost(), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            cost.peak = max(cost.peak, own_memory())

    cost.peak = own_memory()
    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - start
        done.set()
        watcher.join()
        cost.peak = max(cost.peak, own_memory())


def own_memory() -> float:
    """Return the resident memory of this process in MB, on Linux without the pages of mapped files."""
    import psutil

    memory = psutil.Process().memory_info()
    return (memory.rss - getattr(memory, "shared", 0)) / 1e6


if __name__ == "__main__":
    main()
