"""The ``shift`` command."""

import json

import pandas as pd
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli.compare.ready import ReadyRows

SMALL = ["--source", "atlas", "--eval-languages", "de", "en", "--kinds", "mono", "--measures", "AP"]


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    texts = ph.ParallelPairs.from_irds("atlas/train").texts(limit=300)
    for seed in (0, 1):
        ph.DenseEncoder.from_scratch(texts, dim=8, vocab_size=500, seed=seed, verbose=False).save(folder / f"{seed}")
    return folder


def test_seeds_pairs_and_queries(encoders, pairs_file, tmp_path):
    chosen = tmp_path / "qids.txt"
    qids = [f"{i}_{lang}" for i in range(20) for lang in ("de", "en")]
    chosen.write_text("\n".join(qids))
    output = run(
        "shift", *SMALL, "--target", "atlas/train", f"some={pairs_file}", "--queries", f"some={chosen}",
        "--system", f"new={encoders / '0'}", f"new={encoders / '1'}", "--fuse", "--feedback",
        "--baseline", "BM25", "--output", tmp_path / "out",
    )  # fmt: skip
    assert "has no query '" in output and "2 of the 40 chosen ones" in output
    assert "atlas/train: BM25" in output and "some: new" in output and "Kendall's tau" in output
    drops = pd.read_csv(tmp_path / "out" / "drops.csv")
    rows = ["BM25", "new", "new + feedback", "BM25 + new"]
    assert drops[["target", "system"]].drop_duplicates().values.tolist() == [
        [target, row] for target in ("atlas/train", "some") for row in rows
    ]
    means = drops.groupby("system")["shifted"].mean()
    assert means.nunique() == len(rows) and means["BM25 + new"] > means["new"]
    # Two of these items have no German texts.
    assert drops[drops["target"] == "some"]["queries"].tolist() == [18, 20] * len(rows)
    assert drops[drops["system"] == "new"]["p_corrected"].notna().all()
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["options"]["queries"] == [["some", str(chosen)]] and len(record["systems"]["new"]) == 2
    assert record["rows"] == rows and list(record["systems"]) == rows[:2]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"table.md", "table.tex", "report.html", "shift-mono.png", "heatmap-some.png"} <= names
    assert "unfinished" not in names


def test_rows_of_run_files_are_not_derived_from(encoders):
    options = {"system": [("runs", "{id}.res"), ("new", str(encoders / "0"))], "no_bm25": False, "baseline": "runs",
               "feedback": True, "fuse": "min-max", "dtype": "float32", "max_length": 3}  # fmt: skip
    rows = ReadyRows.read(options)
    assert rows.names == ["BM25", "runs", "new", "new + feedback", "BM25 + new"]
    systems = rows.load(options)
    assert isinstance(systems["runs"], ph.experiment.Runs)
    whole, cut = (ph.DenseEncoder(encoders / "0", max_length=length) for length in (None, 3))
    assert systems["new"].fingerprint == cut.fingerprint != whole.fingerprint


def test_an_interrupted_experiment_resumes(tmp_path, monkeypatch):
    command = ["shift", *SMALL, "--target", "atlas/train", "--output", tmp_path / "out"]
    save = ph.experiment.ShiftResults.save

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ph.experiment.ShiftResults, "save", interrupted)
    assert f"rerun the same command with --output {tmp_path / 'out'} to resume" in run(*command, code=130)
    monkeypatch.setattr(ph.experiment.ShiftResults, "save", save)
    refused = run(*command, "--no-bm25", "--system", "BM25=none", code=1)
    assert "none" in refused
    assert "resuming " in run(*command)
    assert (tmp_path / "out" / "run.json").exists() and not (tmp_path / "out" / "unfinished").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "mlqa"], "no family 'mlqa'"),
        ([], "Missing option '--target'"),
        (["--target", "x=none.jsonl"], "none.jsonl"),
        (["--target", "atlas/train", "atlas/train"], "atlas/train is given twice"),
        (["--target", "atlas/train", "--baseline", "BM26"], "there is no row 'BM26', only BM25 (did you mean"),
        (["--target", "atlas/train", "--no-bm25"], "there is nothing to evaluate: pass --system NAME=MODEL"),
        (["--target", "atlas/train", "--system", "BM25=folder"], "two rows would be called 'BM25'"),
        (["--target", "atlas/train", "--no-bm25", "--system", "x=folder", "--fuse"], "--fuse needs BM25"),
        (["--target", "atlas/train", "--queries", "x=none"], "'x=none' is not NAME=FILE"),
        (["--target", "atlas/train", "--queries", f"atlas/train={__file__}"], "for --queries atlas/train="),
        (["--target", "atlas/train", "--eval-languages", "fr"], "for --eval-languages: atlas has no 'fr'"),
    ],
)
def test_bad_usage(arguments, message, tmp_path):
    output = tmp_path / "out"
    code = 1 if "x=none.jsonl" in arguments else 2
    assert message in run("shift", "--source", "atlas", *arguments, "--output", output, code=code)
    assert not output.exists()
