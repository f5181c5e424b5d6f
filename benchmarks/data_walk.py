"""The walk of pt_docs/howto/from-english-pairs.md with real pairs and models: its figures.

    python benchmarks/data_walk.py SQUAD_TRAIN.jsonl.gz FOLDER --encoder E5

1,000 question-sentence pairs are translated into Portuguese by the model of ``benchmarks/translation.py``. E5 is a
folder with multilingual-e5-small. Everything is written to FOLDER. To run it again, remove FOLDER/mined and
FOLDER/encoder; translations and vectors are kept.
"""

import argparse
import json
import time
from pathlib import Path

from translation import Bergamot, sample

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel.translation import read_answers


def main() -> None:
    """Take all steps, and print what each of them reports and the time since the start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    folder, began = options.folder, time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)

    def say(step: str, value: object) -> None:
        print(f"[{time.monotonic() - began:.0f} s] {step}\n{value}", flush=True)

    source = folder / "english.jsonl"
    rows = sample(options.file, options.count)
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    translated = ph.translate(
        ph.ParallelPairs.from_jsonl(source), ["pt"], translator=Bergamot(), folder=folder / "translated",
        answers=read_answers(source), round_trip=0.2,
    )  # fmt: skip
    say("translated", translated.report.table().to_string())
    pairs, held_out = translated.split(0.2)
    say("split", f"{pairs}\n{held_out}")
    start = ph.DenseEncoder(options.encoder, max_length=64)
    mined = ph.mine_negatives(
        pairs, start, count=1, relative_margin=0.05, cache=folder / "vectors", folder=folder / "mined"
    )
    say("mined", mined.report)
    leaks = ph.find_leaks(mined, ["xquad-r", "mlqa-r"])
    clean = leaks.remove(mined)
    say("checked", leaks)
    encoder = ph.train(
        start, clean, ph.HybridSampler(alpha=0.5), hard_negatives=1, batch_size=32, max_steps=40, learning_rate=3e-5,
        freeze_token_embeddings=True, output=folder / "encoder",
    )  # fmt: skip
    say("trained", f"{encoder.training['seconds']} s")
    systems = {"BM25": "bm25", "start": start, "trained": encoder}
    results = ph.LanguageExperiment(systems, held_out, baseline="start", cache=folder / "ranks")
    say("compared", results.table())
    print(results.settings.to_string())


if __name__ == "__main__":
    main()
