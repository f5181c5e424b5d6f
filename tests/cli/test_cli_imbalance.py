"""The ``imbalance`` command."""

import json

import pandas as pd
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph

SMALL = ["--steps", "2", "--dim", "8", "--vocab-size", "1000", "--batch-size", "8", "--kinds", "mono",
         "--eval-languages", "de", "en"]  # fmt: skip


def test_an_interrupted_experiment_resumes(pairs_file, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    command = ["imbalance", *SMALL, "--pairs", pairs_file, "--zipf", 0, 1, "--samplers", "cross", "--output", folder]
    train, trained = ph.train, []

    def counted(*arguments, **options):
        if trained:
            raise KeyboardInterrupt
        trained.append(options["output"].name)
        return train(*arguments, **options)

    monkeypatch.setattr("pyterrier_hybrid.recipe.imbalance.train", counted)
    assert f"rerun the same command with --output {folder} to resume" in run(*command, code=130)
    assert trained == ["s-0-X-Y-seed0"]
    refused = run(*command, "--steps", 3, code=1)
    assert "holds an unfinished comparison with steps '2', not '3'" in refused
    trained.clear()
    monkeypatch.setattr(
        "pyterrier_hybrid.recipe.imbalance.train",
        lambda *arguments, **options: (trained.append(options["output"].name), train(*arguments, **options))[1],
    )
    output = run(*command)
    assert trained == ["s-1-X-Y-seed0"] and "resuming " in output and "s=1: X-Y" in output
    values = pd.read_csv(folder / "values.csv")
    assert values[["condition", "lang"]].values.tolist() == [["s=0", "de"], ["s=0", "en"], ["s=1", "de"], ["s=1", "en"]]
    # The language with more pairs comes first.
    items = ph.ParallelPairs.from_jsonl(pairs_file).has_passage.sum(axis=0)
    expected = [2 / 3, 1 / 3] if items[0] >= items[1] else [1 / 3, 2 / 3]
    assert values["share"].tolist() == pytest.approx([0.5, 0.5, *expected])
    record = json.loads((folder / "run.json").read_text())
    assert record["rows"] == ["X-Y"] and record["options"]["zipf"] == [0, 1]
    assert {path.name for path in (folder / "models").iterdir()} == {"s-0-X-Y-seed0", "s-1-X-Y-seed0"}
    assert not (folder / "unfinished").exists() and (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--zipf", "1", "--share", "de=1"], 2, "--zipf and --share exclude each other"),
        (["--dataset", "xquad-r"], 2, "--dataset xquad-r has no training pairs: pass --pairs"),
        (["--temperatures", "0"], 2, "a temperature must be positive"),
        (["--eval-languages", "fr"], 2, "for --eval-languages: atlas has no 'fr'"),
        (["--temperatures", "unform"], 2, "is none of proportional, uniform"),
        (["--share", "de=0.5", "en=0.1"], 1, "shares: the shares sum to 0.6"),
        (["--zipf", "-1"], 2, "--zipf"),
        (["--samplers", "mono", "--alpha", "0.3"], 2, "--alpha is an option of hybrid, and --samplers has only mono"),
    ],
)
def test_bad_usage(arguments, code, message, pairs_file, tmp_path):
    output = tmp_path / "out"
    pairs = [] if "--dataset" in arguments else ["--pairs", pairs_file]
    assert message in run("imbalance", *SMALL, *pairs, *arguments, "--output", output, code=code)
    assert not output.exists()
