"""``pyterrier-hybrid pairs translate``."""

import json

from cli_helpers import run
from translation_helpers import make_nllb

import pyterrier_hybrid as ph


def test_pairs_are_translated(tmp_path, write):
    model = make_nllb(tmp_path / "model")
    row = {"set": "toy", "id": "1", "lang": "en", "question": "where is the red house ?", "passage": "the dog is blue"}
    pairs = write(row | {"answer": "blue"})
    options = ["--to", "de", "es", "--model", model, "--beams", 1, "--max-length", 20, "--answers", pairs]
    options += ["--output", tmp_path / "out"]
    output = run("pairs", "translate", pairs, *options)
    assert "1 item written to" in output and "wrong script" in output
    assert "texts  kept" in output
    rejected = [json.loads(line) for line in (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()]
    # What a model of random weights says is no translation.
    assert {row["target"] for row in rejected} == {"de", "es"}
    assert ph.ParallelPairs.open(tmp_path / "out" / "pairs").item(0).queries["en"] == row["question"]
    assert "1 item written to" in run("pairs", "translate", pairs, *options)
    other = ["--to", "de", "--model", model, "--beams", 1, "--output", tmp_path / "out"]
    assert "holds a translation with" in run("pairs", "translate", pairs, *other, code=1)


def test_bad_options(tmp_path, write):
    pairs = write({"set": "toy", "id": "1", "lang": "en", "question": "where?", "passage": "there"})
    base = ["pairs", "translate", pairs, "--output", tmp_path / "out"]
    assert "Missing option '--to'" in run(*base, code=2)
    assert "is neither a folder nor a model" in run(*base, "--to", "de", "--model", "no/such", code=1)
    problem = run(*base, "--to", "de", "--backend", "ctranslate2", "--dtype", "bfloat16", code=2)
    assert "--dtype is an option of transformers" in problem
