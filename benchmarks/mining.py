"""Mining: speed and result beside sentence-transformers, a million passages, and recall of translation pairs.

    python benchmarks/mining.py negatives SQUAD_TRAIN.jsonl.gz [--pairs 20000] [--repeats 3]
    python benchmarks/mining.py million [--texts 1000000] [--queries 10000] [--kind exact]
    python benchmarks/mining.py bitext PARALLEL_SENTENCES.jsonl.gz --encoder FOLDER [--languages de zh th]

`negatives` mines with the same encoder (a bag of subwords, trained for a minute) from the same pairs, whose queries
and passages are all different, by the settings that both can express. `million` has an encoder that computes a random
vector of each text, so that what is measured is not the encoding. `bitext` hides 1,000 translations of each language
among other sentences.
"""

import argparse
import gzip
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.text.normalisation import text_key


def main() -> None:
    """Run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("negatives")
    part.add_argument("file")
    part.add_argument("--pairs", type=int, default=20_000)
    part.add_argument("--repeats", type=int, default=3)
    part.add_argument("--steps", type=int, default=500, help="steps of the encoder's training")
    part.set_defaults(run=negatives)
    part = parts.add_parser("million")
    part.add_argument("--texts", type=int, default=1_000_000)
    part.add_argument("--queries", type=int, default=10_000)
    part.add_argument("--kind", default="exact")
    part.set_defaults(run=million)
    part = parts.add_parser("bitext")
    part.add_argument("file")
    part.add_argument("--encoder", required=True)
    part.add_argument("--languages", nargs="+", default=["de", "zh", "th"])
    part.add_argument("--pairs", type=int, default=1000)
    part.add_argument("--distractors", type=int, default=2000)
    part.set_defaults(run=bitext)
    options = parser.parse_args()
    options.run(options)


def rows(file: str) -> list[dict]:
    """Read JSON Lines."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def negatives(options: argparse.Namespace) -> None:
    """Mine with both and compare."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    seen: set[str] = set()
    items = []
    for row in rows(options.file):
        keys = {text_key(row["question"]), text_key(row["passage"])}
        if len(keys) == 2 and not keys & seen and len(items) < options.pairs:
            seen |= keys
            items.append(Item(row["id"], None, "squad", {"en": row["question"]}, {"en": row["passage"]}))
    pairs = ph.ParallelPairs(items)
    start = ph.DenseEncoder.from_scratch(pairs.texts(), dim=256, vocab_size=16_000)
    encoder = ph.train(start, pairs, ph.MonoSampler(), max_steps=options.steps, learning_rate=5e-3, temperature=0.05)
    dataset = Dataset.from_dict({
        "query": [pairs.query(i, "en") for i in range(len(pairs))],
        "answer": [pairs.passage(i, "en") for i in range(len(pairs))],
    })  # fmt: skip
    print(f"{len(pairs):,} pairs, static encoder of {encoder.dim} dimensions; medians of {options.repeats}")
    with tempfile.TemporaryDirectory() as home:
        encoder.save(Path(home) / "encoder")
        model = SentenceTransformer(str(Path(home) / "encoder"), device="cpu")
        settings = {
            "top 4 of ranks 0 to 50": ({"ranks": (0, 50)}, {"range_min": 0, "range_max": 50}),
            "top 4 of ranks 10 to 50": ({"ranks": (10, 50)}, {"range_min": 10, "range_max": 50}),
            "relative margin 0.05": ({"ranks": (0, 50), "relative_margin": 0.05},
                                     {"range_max": 50, "relative_margin": 0.05}),
            "margin 0.1": ({"ranks": (0, 50), "margin": 0.1}, {"range_max": 50, "absolute_margin": 0.1}),
        }  # fmt: skip
        for name, (ours, theirs) in settings.items():
            times: dict[str, list[float]] = {"ours": [], "theirs": [], "theirs, faiss": []}
            for _ in range(options.repeats):
                begin = time.perf_counter()
                mined = ph.mine_negatives(pairs, encoder, count=4, verbose=False, **ours)
                times["ours"].append(time.perf_counter() - begin)
                for label, use_faiss in (("theirs", False), ("theirs, faiss", True)):
                    begin = time.perf_counter()
                    found = mine_hard_negatives(
                        dataset, model, num_negatives=4, output_format="labeled-list", use_faiss=use_faiss,
                        verbose=False, batch_size=64, output_scores=False, **theirs,
                    )  # fmt: skip
                    times[label].append(time.perf_counter() - begin)
            column = next(name for name in found.column_names if isinstance(found[0][name], list))
            # Theirs leaves out queries without any negative.
            others = {row["query"]: set(row[column][1:]) for row in found}
            mine = [set(mined.negatives(i, "en")) for i in range(len(pairs))]
            equal = sum(each == others.get(pairs.query(i, "en"), set()) for i, each in enumerate(mine))
            full = [sum(len(each) == 4 for each in sets) for sets in (mine, others.values())]
            seconds = ", ".join(f"{label} {statistics.median(each):.1f} s" for label, each in times.items())
            print(f"{name}: {seconds}; queries with 4: ours {full[0]:,}, theirs {full[1]:,}; equal sets {equal:,}")


class Random:
    """An encoder of random vectors by the number in a text."""

    fingerprint = "random-256"

    def encode_queries(self, texts: list[str]) -> np.ndarray:
        """Draw vectors; the same text always gets the same one."""
        numbers = np.array([int(text.split()[-1].rstrip("?.")) for text in texts])
        seeds = np.random.default_rng(numbers[0]).normal(size=(len(texts), 256)).astype(np.float32)
        return seeds / np.linalg.norm(seeds, axis=1, keepdims=True)

    encode_documents = encode_queries


def million(options: argparse.Namespace) -> None:
    """Mine from a large corpus and print the time and the memory."""
    pairs = ph.ParallelPairs(
        Item(str(n), None, "toy", {"en": f"What is the {n}?"}, {"en": f"This is the {n}."})
        for n in range(options.queries)
    )
    filler = "It is a passage of about the length that passages of a search engine have, one after the other, " * 2
    corpus = ({"text": f"{filler}{n}.", "lang": "en"} for n in range(options.texts))
    begin = time.perf_counter()
    mined = ph.mine_negatives(pairs, Random(), corpus=corpus, kind=options.kind, verbose=False)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.kind}: {options.queries:,} queries, {options.texts:,} texts: {seconds:.0f} s, peak {peak:.1f} GiB")
    print(mined.report)


def bitext(options: argparse.Namespace) -> None:
    """Find translations among distractors and print precision and recall by threshold."""
    groups = [row["text"] for row in rows(options.file) if row["set"] == "tatoeba"]
    encoder = ph.DenseEncoder(options.encoder, max_length=128, dtype="bfloat16", verbose=False)
    for lang in options.languages:
        rng = np.random.default_rng(0)
        known = [text for text in groups if lang in text and "en" in text]
        drawn = rng.permutation(len(known))[: options.pairs]
        one, other = ([known[n][code] for n in drawn] for code in (lang, "en"))
        # Distractors: sentences without a translation on the other side.
        taken = set(other)
        spare = [text["en"] for text in groups if lang not in text and text["en"] not in taken]
        other += [spare[n] for n in rng.permutation(len(spare))[: options.distractors]]
        left = [known[n][lang] for n in rng.permutation(len(known)) if n not in set(drawn.tolist())]
        one += left[: options.distractors]
        truth = {(one[n], other[n]) for n in range(len(drawn))}
        for retrieval in ("forward", "backward", "intersection", "max"):
            begin = time.perf_counter()
            found = ph.mine_bitext(
                one, other, encoder, retrieval=retrieval, min_margin=0, cache="/tmp/mining-vectors", verbose=False
            ).frame
            seconds = time.perf_counter() - begin
            right = np.array([pair in truth for pair in zip(found.text_a, found.text_b, strict=True)])
            hits = np.cumsum(right)
            precision, recall = hits / np.arange(1, len(hits) + 1), hits / len(truth)
            f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
            best = int(f1.argmax())
            fixed = int((found.score >= 1.06).sum())
            at_fixed = f"{precision[fixed - 1]:.3f}/{recall[fixed - 1]:.3f}" if fixed else "-"
            print(
                f"{lang}-en {retrieval}: {len(truth):,} pairs among {len(one):,} x {len(other):,}, {seconds:.1f} s: "
                f"precision/recall at 1.06 {at_fixed}, at the best threshold {found.score[best]:.3f} "
                f"{precision[best]:.3f}/{recall[best]:.3f}, F1 {f1[best]:.3f}"
            )


if __name__ == "__main__":
    main()
