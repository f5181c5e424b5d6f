"""The long version of the fault tests: damage, kills and races, drawn at random from a seed that is printed.

    python tests/faults/stress.py                      # every part, 20 tries each, about five minutes
    python tests/faults/stress.py --tries 500 --seed 7
    python tests/faults/stress.py --only damage kills

- damage: files of every format that the package reads are cut, overwritten or emptied. A reader must return what the
  undamaged file holds, or raise one clear error: an OSError, TypeError or ValueError that names the file. A text file
  may also say something else after a change. Nothing may end the interpreter.
- kills: a process that writes is killed at a random moment. What it replaced must be whole, old or new, and the next
  writer must leave nothing of it behind.
- races: processes search an index while another one replaces it. Each search must give the results of one generation.

Exits with 1 if anything else happened.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import pyterrier_hybrid as ph

CLEAR = (OSError, TypeError, ValueError)
WORDS = "sun moon star tree leaf root fish bird stone river cloud rain".split()


def rows(number: int = 12) -> list[dict[str, str]]:
    """Rows of a pair file in two languages."""
    return [
        {
            "set": "toy",
            "id": str(n),
            "lang": lang,
            "question": f"{lang} question {n}?",
            "passage": f"{lang} answer {n}.",
        }
        for n in range(number)
        for lang in ("de", "en")
    ]


def documents(generation: int) -> list[dict[str, Any]]:
    """Documents whose names and vectors tell their generation."""
    rng = np.random.default_rng(generation)
    return [
        {
            "docno": f"g{generation}-{n}",
            "text": f"{WORDS[n % 12]} {WORDS[(n + generation) % 12]} generation{generation}",
            "lang": ("de", "en")[n % 2],
            "doc_vec": rng.normal(size=8).astype(np.float32),
        }
        for n in range(60)
    ]


def digest(value: Any) -> str:
    """Hash anything that has a stable repr."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def searched(frame: pd.DataFrame) -> str:
    """Hash results."""
    return digest(list(zip(frame["qid"], frame["docno"], frame["score"].round(4), strict=True)))


QUERY_VECTORS = pd.DataFrame(
    {"qid": ["1", "2"], "query": ["a", "b"], "query_vec": list(np.random.default_rng(9).normal(size=(2, 8)))}
)
QUERIES = pd.DataFrame({"qid": ["1", "2"], "query": ["sun river", "bird rain tree"], "lang": ["de", "en"]})


def write_faiss(path: Path, generation: int = 0, kind: str = "exact") -> None:
    """Write or overwrite an index."""
    ph.FaissIndex(path).indexer(kind=kind, overwrite=True).index(documents(generation))


def read_faiss(path: Path) -> str:
    """Check and search an index."""
    index = ph.FaissIndex(path)
    index.verify()
    return searched(index.retriever(5).transform(QUERY_VECTORS))


def write_bm25(path: Path, generation: int = 0) -> None:
    """Write or overwrite an index."""
    ph.BM25Index(path).indexer(overwrite=True).index(documents(generation))


def read_bm25(path: Path) -> str:
    """Check and search an index."""
    index = ph.BM25Index(path)
    index.verify()
    return searched(index.retriever(5).transform(QUERIES))


def write_store(path: Path, generation: int = 0) -> None:
    """Write a folder of pairs."""
    file = path.with_suffix(".jsonl")
    write_jsonl(file, generation)
    ph.ParallelPairs.from_jsonl(file).save(path)


def write_jsonl(path: Path, generation: int = 0) -> None:
    """Write a pair file."""
    path.write_text("\n".join(map(json.dumps, rows(12 + generation))) + "\n", encoding="utf-8")


def write_parquet(path: Path) -> None:
    """Write a Parquet file of pairs."""
    write_jsonl(path.with_suffix(".jsonl"))
    ph.ParallelPairs.from_jsonl(path.with_suffix(".jsonl")).to_parquet(path)


def write_squad(path: Path) -> None:
    """Write a SQuAD file."""
    context = "Rome is in Italy. It is old. It is large."
    answers = [{"text": "Italy", "answer_start": 11}]
    paragraph = {"context": context, "qas": [{"id": "1", "question": "Where is Rome?", "answers": answers}]}
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}), encoding="utf-8")


def write_lexicon(path: Path) -> None:
    """Write a lexicon."""
    lines = [{"set": "toy", "id": str(n), "terms": {"de": [f"wort{n}"], "en": [f"word{n}"]}} for n in range(9)]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")


def write_run(path: Path) -> None:
    """Write a TREC run."""
    path.write_text("".join(f"q{n} Q0 d{m} {m} {9 - m} run\n" for n in range(3) for m in range(4)), encoding="utf-8")


def read_run(path: Path) -> str:
    """Read a run."""
    from pyterrier_hybrid.experiment import Runs

    return digest(Runs({"x": path}).read("x", doc_lang="de", query_lang="de").to_csv())


def write_recipe(path: Path) -> None:
    """Write a recipe."""
    path.write_text(
        "name: toy\nencoder: {from_scratch: static, dim: 8}\npairs: {sources: [{irds: atlas/train}]}\n"
        "sampler: {name: hybrid, alpha: 0.5}\ntraining: {max_steps: 2, batch_size: 8}\nseed: 0\n",
        encoding="utf-8",
    )


def write_encoder(path: Path) -> None:
    """Save a small encoder."""
    texts = [row["passage"] for row in rows()]
    ph.DenseEncoder.from_scratch(texts, architecture="transformer", dim=8, layers=1, heads=2, vocab_size=60).save(path)


# Name -> writer, reader, and whether any difference to the undamaged file must be noticed.
FORMATS: dict[str, tuple[Callable[[Path], None], Callable[[Path], str], bool]] = {
    "faiss.exact": (write_faiss, read_faiss, True),
    "faiss.hnsw": (lambda path: write_faiss(path, kind="hnsw"), read_faiss, True),
    "faiss.ivf": (lambda path: write_faiss(path, kind="ivf"), read_faiss, True),
    "bm25": (write_bm25, read_bm25, True),
    "store": (write_store, lambda path: ph.ParallelPairs.open(path).fingerprint, False),
    "encoder": (write_encoder, lambda path: digest(ph.DenseEncoder(str(path)).encode_queries(["a b"]).tolist()), False),
    "pairs.jsonl": (write_jsonl, lambda path: ph.ParallelPairs.from_jsonl(path).fingerprint, False),
    "pairs.parquet": (write_parquet, lambda path: ph.ParallelPairs.from_parquet(path).fingerprint, False),
    "squad.json": (write_squad, lambda path: ph.ParallelPairs.from_squad(path, lang="en").fingerprint, False),
    "lexicon.jsonl": (write_lexicon, lambda path: digest(ph.Lexicon.from_jsonl(path)), False),
    "run.res": (write_run, read_run, False),
    "recipe.yaml": (write_recipe, lambda path: digest(ph.Recipe.from_file(path)), False),
}


def damage(path: Path, rng: random.Random) -> str:
    """Damage a file at random; return how."""
    content = bytearray(path.read_bytes())
    kind = rng.choice(["flip", "flip", "cut", "empty", "zeros", "insert", "pointer"])
    if kind == "flip" and content:
        for _ in range(rng.choice([1, 1, 8])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del content[rng.randrange(len(content) + 1) :]
    elif kind == "empty":
        content.clear()
    elif kind == "zeros" and content:
        start = rng.randrange(len(content))
        content[start : start + 64] = bytes(len(content[start : start + 64]))
    elif kind == "insert":
        at = rng.randrange(len(content) + 1)
        content[at:at] = rng.randbytes(rng.choice([1, 40]))
    elif kind == "pointer":
        content[:] = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    path.write_bytes(content)
    return f"{kind} {path.name}"


def try_damage(name: str, seed: int, tries: int, home: Path) -> None:
    """Damage one format again and again, in this process; print a line before and after each try."""
    write, read, strict = FORMATS[name]
    whole = home / f"whole-{name}"
    write(whole)
    expected = read(whole)
    for number in range(tries):
        rng = random.Random(f"{seed}-{name}-{number}")
        copy = home / "copies" / f"{number}-{name}"
        copy.parent.mkdir(exist_ok=True)
        (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file()) if copy.is_dir() else [copy]
        what = damage(rng.choice(files), rng)
        print(json.dumps({"try": number, "what": what}), flush=True)
        try:
            outcome = "same" if read(copy) == expected else "SILENTLY OTHER" if strict else "other text"
        except CLEAR as error:
            outcome = "refused" if copy.name in str(error) else f"NO NAME: {type(error).__name__}: {error}"
        except Exception as error:
            outcome = f"RAW: {type(error).__name__}: {error}"
        print(json.dumps({"outcome": outcome[:200]}), flush=True)
        shutil.rmtree(copy, ignore_errors=True) if copy.is_dir() else copy.unlink()


def child(*arguments: str, **options: Any) -> subprocess.Popen:
    """Start this file as a process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, __file__, *arguments], env=environment, text=True, **options)


def run_damage(seed: int, tries: int) -> list[str]:
    """Damage every format in a process of its own."""
    faults = []
    for name in FORMATS:
        with tempfile.TemporaryDirectory() as home:
            process = child(
                "--child", "damage", name, home, "--seed", str(seed), "--tries", str(tries), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )  # fmt: skip
            out, err = process.communicate()
        lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        outcomes = Counter()
        for before, after in zip(lines[::2], [*lines[1::2], {}], strict=False):
            outcome = after.get("outcome", f"CRASH: exit code {process.returncode}")
            outcomes[outcome.split(":")[0]] += 1
            if outcome[:2].isupper():
                faults.append(f"damage {name}, try {before['try']} ({before['what']}): {outcome}")
        if len(lines) < 2 * tries:
            faults.append(f"damage {name}: exit code {process.returncode}: {err.strip().splitlines()[-1:]}")
        print(f"  {name:14} {dict(outcomes)}", flush=True)
    return faults


WRITERS: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], str]]] = {
    "faiss": (write_faiss, read_faiss),
    "bm25": (write_bm25, read_bm25),
}


def write_for_ever(name: str, path: Path) -> None:
    """Overwrite an index with two generations in turn."""
    for number in range(10**6):
        WRITERS[name][0](path, number % 2)
        print(number, flush=True)


def run_kills(seed: int, tries: int) -> list[str]:
    """Kill writers at random moments."""
    faults = []
    for name, (write, read) in WRITERS.items():
        rng, survived = random.Random(f"{seed}-{name}"), 0
        with tempfile.TemporaryDirectory() as home:
            path = Path(home) / "index"
            generations = set()
            for generation in (0, 1):
                write(path, generation)
                generations.add(read(path))
            for number in range(tries):
                process = child("--child", "write", name, str(path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                process.stdout.readline()
                time.sleep(rng.random() * 0.3)
                process.send_signal(signal.SIGKILL)
                process.communicate()
                try:
                    whole = read(path) in generations
                    write(path, number % 2)
                    left = sorted(file.name for file in Path(home).iterdir() if file.name != "index")
                except CLEAR as error:
                    whole, left = False, [str(error)]
                survived += whole and not left
                if not whole or left:
                    faults.append(f"kill {name}, try {number}: whole={whole}, left behind: {left}")
        print(f"  {name:14} {survived} of {tries} kills survived", flush=True)
    return faults


def run_races(seed: int, tries: int) -> list[str]:
    """Search while another process overwrites."""
    faults = []
    for name, (write, read) in WRITERS.items():
        with tempfile.TemporaryDirectory() as home:
            path = Path(home) / "index"
            generations = set()
            for generation in (0, 1):
                write(path, generation)
                generations.add(read(path))
            process = child("--child", "write", name, str(path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            process.stdout.readline()
            searches = 0
            end = time.monotonic() + max(2.0, 0.1 * tries)
            while time.monotonic() < end:
                try:
                    found = searched(
                        ph.FaissIndex(path).retriever(5).transform(QUERY_VECTORS)
                        if name == "faiss"
                        else ph.BM25Index(path).retriever(5).transform(QUERIES)
                    )
                    if found not in generations:
                        faults.append(f"race {name}, search {searches}: results of no generation")
                except CLEAR as error:
                    faults.append(f"race {name}, search {searches}: {type(error).__name__}: {error}")
                searches += 1
            process.kill()
            process.communicate()
        print(f"  {name:14} {searches} searches, {sum(f.startswith(f'race {name}') for f in faults)} wrong", flush=True)
    return faults


PARTS = {"damage": run_damage, "kills": run_kills, "races": run_races}


def main() -> None:
    """Run the parts and report what had no clear answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run")
    parser.add_argument("--tries", type=int, default=20, help="tries of each format, and kills of each writer")
    parser.add_argument("--seed", type=int, default=None, help="seed; by default a new one")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child and options.child[0] == "damage":
        try_damage(options.child[1], options.seed, options.tries, Path(options.child[2]))
        return
    if options.child:
        write_for_ever(options.child[1], Path(options.child[2]))
        return
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**31)
    print(f"seed {seed}")
    faults = []
    for part in options.only:
        print(part)
        faults += PARTS[part](seed, options.tries)
    print(f"{len(faults)} without a clear answer")
    for fault in faults:
        print(f"  {fault}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
