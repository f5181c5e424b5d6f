"""Check that the working tree gives bit-equal results to another revision.

    python benchmarks/same_results.py REVISION
    python benchmarks/same_results.py REVISION --only training grid
    python benchmarks/same_results.py --hashes          # only this tree, as JSON

Both trees run the same code with the same seeds: planning, training, encoding, indexing, search, BM25, fusion,
feedback, debiasing and the grid, all on the built-in set. Each result is reduced to a SHA-256, and the table says which
hashes differ; the exit code is 1 if any do. Needs no download and no GPU. A check uses public names only, so it also
runs on trees whose private modules are arranged differently. To add a check, write a function below with `@check`.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ["ar", "de", "en", "zh"]
CHECKS: dict[str, Callable[[], Iterator[tuple[str, Any]]]] = {}


def check(function: Callable[[], Iterator[tuple[str, Any]]]) -> Callable[[], Iterator[tuple[str, Any]]]:
    """Register a check: a generator of (name, value), where a value is an array, a frame, a folder or plain data."""
    CHECKS[function.__name__] = function
    return function


# Hashes


def digest(value: Any) -> str:
    """Return the SHA-256 of a value, which is equal for bit-equal values.

    >>> digest([1, 2.5]) == digest((1, 2.5)), digest(0.1 + 0.2) == digest(0.3)
    (True, False)
    """
    state = hashlib.sha256()
    _update(state, value)
    return state.hexdigest()


def _update(state: Any, value: Any) -> None:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray) and value.dtype != object:
        state.update(f"array {value.dtype.str} {value.shape} ".encode())
        state.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, pd.DataFrame):
        _update(state, {"columns": {str(name): value[name].tolist() for name in value.columns}})
    elif isinstance(value, dict):
        state.update(f"dict {len(value)} ".encode())
        for key, part in value.items():
            _update(state, [key, part])
    elif isinstance(value, list | tuple | np.ndarray):
        state.update(f"list {len(value)} ".encode())
        for part in value:
            _update(state, part)
    elif isinstance(value, Path):
        for path in sorted(path for path in value.rglob("*") if path.is_file()):
            _update(state, [path.relative_to(value).as_posix(), path.read_bytes()])
    elif isinstance(value, bytes):
        state.update(f"bytes {len(value)} ".encode() + value)
    elif value is None or isinstance(value, bool | int | str):
        text = repr(value).encode()
        state.update(f"{type(value).__name__} {len(text)} ".encode() + text)
    elif isinstance(value, float):
        state.update(f"float {value.hex()} ".encode())
    else:
        raise TypeError(f"value={value!r}: a {type(value).__name__} cannot be hashed; convert it to an array or a list")


# Inputs of several checks


@cache
def training_pairs() -> Any:
    """Return the built-in training pairs."""
    import pyterrier_hybrid as ph

    return ph.ParallelPairs.from_irds("atlas/train")


@cache
def pairs_with_negatives() -> Any:
    """Return some of the built-in pairs, with two passages of other items as hard negatives of each."""
    from pyterrier_hybrid.parallel import Item, ParallelPairs

    pairs = training_pairs()
    items = []
    for number in range(300):
        item, others = pairs.item(number), [pairs.item((number + offset) % len(pairs)) for offset in (301, 402)]
        queries = {lang: item.queries[lang] for lang in LANGUAGES if lang in item.queries}
        passages = {lang: item.passages[lang] for lang in LANGUAGES if lang in item.passages}
        negatives = {lang: [other.passages[lang] for other in others if lang in other.passages] for lang in passages}
        items.append(Item(item.id, item.group, item.dataset, queries, passages, negatives=negatives))
    return ParallelPairs(items)


@cache
def static_start() -> Any:
    """Return a new static encoder."""
    import pyterrier_hybrid as ph

    return ph.DenseEncoder.from_scratch(training_pairs().texts(limit=5000), dim=64, vocab_size=3000, verbose=False)


@cache
def transformer_start() -> Any:
    """Return a new transformer with one layer."""
    import pyterrier_hybrid as ph

    texts = training_pairs().texts(limit=5000)
    options = {"dim": 32, "layers": 1, "vocab_size": 2000, "verbose": False}
    return ph.DenseEncoder.from_scratch(texts, architecture="transformer", **options)


@cache
def encoder() -> Any:
    """Return a static encoder after a short training."""
    import pyterrier_hybrid as ph

    options = {"batch_size": 64, "max_steps": 100, "learning_rate": 5e-3, "temperature": 0.05, "verbose": False}
    return ph.train(static_start(), training_pairs(), ph.HybridSampler(), **options)


@cache
def documents() -> list[dict[str, Any]]:
    """Documents of the chosen languages, with text and language."""
    import ir_datasets

    ids = [f"atlas/{lang}/test" for lang in LANGUAGES]
    return [
        {"docno": doc.doc_id, "text": doc.default_text(), "lang": lang}
        for lang, name in zip(LANGUAGES, ids, strict=True)
        for doc in ir_datasets.load(name).docs_iter()
    ]


@cache
def topics() -> Any:
    """Twenty queries of each language, with the column ``lang``."""
    import ir_datasets
    import pandas as pd

    rows = []
    for lang in LANGUAGES:
        queries = list(ir_datasets.load(f"atlas/{lang}/test").queries_iter())[:20]
        rows += [{"qid": query.query_id, "query": query.text, "lang": lang} for query in queries]
    return pd.DataFrame(rows)


class Corpus:
    """The documents as a corpus."""

    def get_corpus_iter(self) -> Iterator[dict[str, Any]]:
        """Iterate over copies, since indexers may change what they are given."""
        return (dict(row) for row in documents())


def ranking(frame: Any) -> list[Any]:
    """What a search says: queries, documents, scores and ranks, in order."""
    return [frame[column].tolist() for column in ("qid", "docno", "score", "rank")]


# Checks


@check
def datasets() -> Iterator[tuple[str, Any]]:
    """Documents, queries and qrels of the built-in set."""
    import ir_datasets

    from pyterrier_hybrid.datasets import families

    for split in ("train", "test"):
        dataset = ir_datasets.load(f"atlas/multi/{split}")
        yield f"docs of {split}", [list(doc) for doc in dataset.docs_iter()]
        yield f"queries of {split}", [list(query) for query in dataset.queries_iter()]
        yield f"qrels of {split}", [list(qrel) for qrel in dataset.qrels_iter()]
    yield "families", [[family.name, list(family.languages)] for family in families()]


@check
def pairs() -> Iterator[tuple[str, Any]]:
    """Pair stores: fingerprints, folders, and what is made from a store."""
    import pyterrier_hybrid as ph

    store = training_pairs()
    yield "fingerprint", store.fingerprint
    yield "fingerprint with negatives", pairs_with_negatives().fingerprint
    yield "statistics", store.statistics()
    with tempfile.TemporaryDirectory() as folder:
        small = store.filter(languages=["de", "en"])
        small.save(Path(folder) / "saved")
        yield "saved folder", Path(folder) / "saved"
        small.to_jsonl(Path(folder) / "pairs.jsonl")
        yield "JSON Lines", (Path(folder) / "pairs.jsonl").read_bytes()
        yield "JSON Lines read again", ph.ParallelPairs.from_jsonl(Path(folder) / "pairs.jsonl").fingerprint
    yield "split", [part.fingerprint for part in store.split(0.1, seed=3)]
    yield "imbalance", store.imbalance({"de": 0.2, "zh": 0.5}, seed=1).fingerprint
    yield "sum", sum(reversed(store.split(0.3)), start=ph.ParallelPairs()).fingerprint
    lexicon = ph.Lexicon([{"de": ["Land"], "en": ["country"]}, {"de": ["Sprache"], "en": ["language"]}])
    yield "code-switching", ph.code_switch(store.filter(languages=["en"]), lexicon, seed=2).fingerprint
    yield "leaks", ph.find_leaks(store.filter(languages=["de", "en"]), ["atlas"]).frame


@check
def batches() -> Iterator[tuple[str, Any]]:
    """Ten batches of every sampler."""
    import pyterrier_hybrid as ph

    english = ph.MonoSampler(languages=["en"])
    samplers = {
        "mono": ph.MonoSampler(),
        "mono, English": english,
        "cross": ph.CrossSampler(),
        "cross, weighted": ph.CrossSampler(languages=["de", "en", "zh"], dataset_weights={"atlas*": 0.5}),
        "hybrid": ph.HybridSampler(),
        "hybrid, linear alpha": ph.HybridSampler(ph.LinearAlpha(1.0, 0.0, steps=10)),
        "hybrid, cosine alpha": ph.HybridSampler(ph.CosineAlpha(1.0, 0.0, steps=10)),
        "mixed": ph.MixedSampler(),
        "translate-train": ph.TranslateTrainSampler("de"),
        "length-grouped": ph.LengthGroupedSampler(english),
        "multi-positive": ph.MultiPositiveSampler(ph.CrossSampler(languages=["de", "el", "en"])),
    }
    for name, sampler in samplers.items():
        plan = sampler.plan(training_pairs(), batch_size=21, seed=5)
        yield name, [plan.batch(step) for step in (*range(9), 1000)]


@check
def training() -> Iterator[tuple[str, Any]]:
    """Losses and weights of short trainings."""
    import pyterrier_hybrid as ph

    held_out = training_pairs().split(200, seed=1)[1]
    runs = {
        "static, mono": (static_start, training_pairs, ph.MonoSampler(), {}),
        "static, cross": (static_start, training_pairs, ph.CrossSampler(), {}),
        "static, hybrid": (static_start, training_pairs, ph.HybridSampler(), {}),
        "transformer, mono": (transformer_start, training_pairs, ph.MonoSampler(), {}),
        "transformer, cross": (transformer_start, training_pairs, ph.CrossSampler(), {}),
        "transformer, hybrid": (transformer_start, training_pairs, ph.HybridSampler(0.4), {}),
        "hard negatives": (transformer_start, pairs_with_negatives, ph.HybridSampler(), {"hard_negatives": 2}),
        "held-out validation": (
            static_start, training_pairs, ph.HybridSampler(),
            {"validation": held_out, "validation_batches": 3, "eval_steps": 4},
        ),
        "validation by search": (
            static_start, training_pairs, ph.HybridSampler(),
            {"validation": ph.LanguageValidation("atlas", languages=["de", "en"]), "eval_steps": 6},
        ),
        "gradient caching": (transformer_start, training_pairs, ph.HybridSampler(), {"gradient_caching": True}),
        "symmetric, Matryoshka, learned temperature": (
            static_start, training_pairs, ph.HybridSampler(),
            {"symmetric": True, "dimensions": (64, 16), "learn_temperature": True, "margin": 0.1},
        ),
        "frozen token embeddings": (
            transformer_start, training_pairs, ph.MixedSampler(), {"freeze_token_embeddings": True},
        ),
    }  # fmt: skip
    for name, (start, pairs_of, sampler, options) in runs.items():
        learning_rate = 5e-3 if start is static_start else 5e-4
        trained = ph.train(
            start(), pairs_of(), sampler, batch_size=32, max_steps=12, learning_rate=learning_rate, temperature=0.05,
            logging_steps=1, seed=7, bf16=False, verbose=False, **options,
        )  # fmt: skip
        yield f"{name}: losses", [_measured(row) for row in trained.training["log"]]
        yield f"{name}: weights", _weights(trained)


def _measured(row: dict[str, Any]) -> list[Any]:
    names = ("step", "loss", "grad_norm", "learning_rate", "eval_loss", "eval_mean")
    return [[name, row[name]] for name in names if name in row]


def _weights(model: Any) -> dict[str, Any]:
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        found = sorted((Path(folder) / "model").rglob("*.safetensors"))
        return {path.relative_to(folder).as_posix(): dict(sorted(load_file(path).items())) for path in found}


@check
def recipe() -> Iterator[tuple[str, Any]]:
    """A recipe that trains for a few steps."""
    import pyterrier_hybrid as ph

    changed = ph.Recipe(
        name="atlas",
        encoder={"from_scratch": "static", "dim": 256, "vocab_size": 16000},
        pairs={"sources": ["atlas/train"]},
        sampler={"name": "hybrid", "alpha": 0.5},
        training={"batch_size": 32, "max_steps": 6, "learning_rate": 5e-3, "temperature": 0.05},
    )
    yield "YAML", changed.to_yaml()
    yield "sampler", repr(changed.make_sampler())
    with tempfile.TemporaryDirectory() as folder:
        yield "weights", _weights(changed.train(output=Path(folder) / "encoder", verbose=False))
        yield "recipe beside the encoder", (Path(folder) / "encoder" / "recipe.yaml").read_bytes()


@check
def encoding() -> Iterator[tuple[str, Any]]:
    """Vectors and tokens of queries and documents."""
    texts, queries = [row["text"] for row in documents()[:1000]], topics()["query"].tolist()
    for name, model in (("static", encoder()), ("transformer", transformer_start())):
        yield f"{name}: queries", model.encode_queries(queries)
        yield f"{name}: documents", model.encode_documents(texts)
        yield f"{name}: tokens", model.tokenize(texts)
        yield f"{name}: fingerprint", model.fingerprint
    scored = encoder().text_scorer().transform(topics().assign(docno="x", text=texts[0]))
    yield "text scorer", ranking(scored)


@check
def index() -> Iterator[tuple[str, Any]]:
    """FaissIndex: search with every kind of index, in one language and in all."""
    import pyterrier_hybrid as ph

    queries = encoder().query_encoder().transform(topics())
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("exact", "hnsw", "ivf", "ivfpq"):
            store = ph.FaissIndex(Path(folder) / kind)
            (encoder().doc_encoder() >> store.indexer(kind=kind)).index(Corpus().get_corpus_iter())
            yield f"{kind}: all languages", ranking(store.retriever(50).transform(queries))
            yield f"{kind}: German", ranking(store.retriever(20, lang="de").transform(queries))
            yield f"{kind}: recall", store.recall(50)


@check
def bm25() -> Iterator[tuple[str, Any]]:
    """BM25 with the default engine, and the analysis of texts."""
    import pyterrier_hybrid as ph
    from pyterrier_hybrid.retrieval import analyzer

    for lang in LANGUAGES:
        texts = [row["text"] for row in documents() if row["lang"] == lang][:100]
        yield f"terms of {lang}", [list(analyzer(lang)(text)) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        store = ph.BM25Index(Path(folder) / "bm25")
        store.indexer().index(Corpus().get_corpus_iter())
        yield "all languages", ranking(store.retriever(100).transform(topics()))
        yield "German", ranking(store.retriever(100, lang="de").transform(topics()))
        yield "k1 and b", ranking(store.retriever(50, k1=1.5, b=0.75).transform(topics()))


@check
def fusion() -> Iterator[tuple[str, Any]]:
    """Rankings of fused systems and of searches with feedback."""
    import pyterrier_hybrid as ph

    systems = {
        "reciprocal rank": ph.fuse("bm25", encoder()),
        "min-max scores": ph.fuse("bm25", encoder(), by="min-max", weights=[0.3, 0.7]),
        "z-scores": ph.fuse("bm25", encoder(), by="z-score"),
        "feedback": ph.feedback(encoder(), num_results=100),
        "fused with feedback": ph.fuse("bm25", ph.feedback(encoder(), k=5, weight=0.3)),
    }
    for name, system in systems.items():
        yield name, ranking(system(Corpus()).transform(topics()))
    with tempfile.TemporaryDirectory() as folder:
        store = ph.FaissIndex(Path(folder) / "index")
        (encoder().doc_encoder() >> store.indexer()).index(Corpus().get_corpus_iter())
        first = encoder().query_encoder() >> store.retriever(10, keep_query_vec=True) >> store.vec_loader()
        yield (
            "feedback in a pipeline",
            ranking((first >> ph.VectorFeedback() >> store.retriever(50)).transform(topics())),
        )


@check
def debias() -> Iterator[tuple[str, Any]]:
    """Vectors and rankings without language bias."""
    import pyterrier_hybrid as ph

    texts = [row["text"] for row in documents()]
    langs = [row["lang"] for row in documents()]
    for name, method in (("centring", ph.Centring()), ("LIR", ph.LIR(2)), ("SHIFT", ph.SHIFT("en"))):
        fitted = method.fit(encoder(), training_pairs().filter(languages=LANGUAGES), limit=500)
        debiased = ph.DebiasedEncoder(encoder(), fitted)
        yield f"{name}: documents", debiased.encode_documents(texts, langs)
        yield f"{name}: queries", debiased.encode_queries(topics()["query"].tolist(), topics()["lang"].tolist())
        yield f"{name}: fingerprint", fitted.fingerprint
        with tempfile.TemporaryDirectory() as folder:
            store = ph.FaissIndex(Path(folder) / "index")
            (debiased.doc_encoder() >> store.indexer()).index(Corpus().get_corpus_iter())
            yield f"{name}: ranking", ranking((debiased.query_encoder() >> store.retriever(50)).transform(topics()))


@check
def grid() -> Iterator[tuple[str, Any]]:
    """The frames of a language experiment with every kind of system."""
    import pyterrier_hybrid as ph

    shift = ph.SHIFT("en").fit(encoder(), training_pairs().filter(languages=LANGUAGES), limit=500)
    debiased = ph.DebiasedEncoder(encoder(), shift)
    systems = {
        "BM25": "bm25",
        "start": static_start(),
        "encoder": encoder(),
        "fused": ph.fuse("bm25", encoder()),
        "feedback": ph.feedback(encoder()),
        "debiased": debiased,
        "seeds": [encoder(), static_start()],
    }
    options = {"languages": ["de", "en", "zh"], "baseline": "encoder"}
    measures = ["AP", "R@1", "nDCG@10", "RR", "RankDistance"]
    results = ph.LanguageExperiment(systems, "atlas", measures=measures, confidence=0.95, perquery=True, **options)
    yield "settings", results.settings
    yield "means", results.means
    for form in ("markdown", "latex", "csv"):
        yield f"table, {form}", results.table(form)


# Two trees


def hashes(only: list[str] | None) -> dict[str, str | None]:
    """Return the hash of every result of the imported tree, or None for a check that raised an exception."""
    import torch

    torch.set_num_threads(1)
    found = {}
    for name in only or CHECKS:
        try:
            for part, value in CHECKS[name]():
                found[f"{name}: {part}"] = digest(value)
        except Exception:
            # The other checks should still run.
            traceback.print_exc()
            found[f"{name}: failed"] = None
    return found


def run(tree: Path, only: list[str] | None) -> dict[str, str | None]:
    """Return the hashes of a tree, from a process with empty home folders, so that no cache is shared."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree), "IR_DATASETS_HOME": f"{home}/ir_datasets", "PYTERRIER_HOME": f"{home}/pyterrier",
            "HF_HOME": f"{home}/huggingface", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg",
        }  # fmt: skip
        command = [sys.executable, __file__, "--hashes", "--tree", str(tree), *(["--only", *only] if only else [])]
        process = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True)
    if process.returncode or "Traceback" in process.stderr:
        print(f"{tree}:\n{process.stderr}", file=sys.stderr)
    return json.loads(process.stdout) if process.returncode == 0 else {}


def check_out(revision: str, folder: Path) -> Path:
    """Write the files of a revision into a folder, and return the tree."""
    archive = folder / "tree.tar"
    subprocess.run(["git", "archive", "--output", str(archive), revision], cwd=ROOT, check=True)
    with tarfile.open(archive) as files:
        files.extractall(folder / "tree", filter="data")
    archive.unlink()
    return folder / "tree"


def compare(revision: str, only: list[str] | None) -> bool:
    """Run both trees side by side, print the table, and return whether all results are equal."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        old, new = pool.map(run, (check_out(revision, Path(folder)), ROOT), (only, only))
    names = list(old | new)
    width = max(map(len, names), default=0)
    print(f"{'result':{width}}  {revision} and the working tree")
    different = 0
    for name in names:
        equal = old.get(name) is not None and old.get(name) == new.get(name)
        different += not equal
        print(f"{name:{width}}  {'equal' if equal else 'different'}")
    print(f"{len(names) - different} equal, {different} different")
    return bool(old and new) and different == 0


def main() -> None:
    """Compare two trees, or print the hashes of one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", nargs="?", help="a commit, branch or tag")
    parser.add_argument("--only", nargs="+", choices=CHECKS, help="run only these checks")
    parser.add_argument("--hashes", action="store_true", help="print the hashes of one tree as JSON")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree that --hashes expects to import")
    options = parser.parse_args()
    if not options.hashes:
        if options.revision is None:
            parser.error("give a revision to compare with, or --hashes")
        sys.exit(0 if compare(options.revision, options.only) else 1)
    import pyterrier_hybrid

    imported = Path(pyterrier_hybrid.__file__).resolve()
    if not imported.is_relative_to(options.tree.resolve()):
        sys.exit(f"pyterrier_hybrid is imported from {imported}, not from {options.tree}: set PYTHONPATH to the tree")
    print(json.dumps(hashes(options.only), indent=1))


if __name__ == "__main__":
    main()
