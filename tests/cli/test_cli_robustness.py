"""The `robustness` command: its files, seeds, sampled questions, resuming, errors."""

import json

import pandas as pd
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph

SMALL = ["--questions", 6, "--eval-languages", "de", "en", "zh", "--draws", 2, "--perturbation", "case"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for seed in (0, 1):
        ph.DenseEncoder.from_scratch(["Wo ist Rom?", "Rom"], dim=8, vocab_size=40, seed=seed).save(folder / f"s{seed}")
    return folder


def test_files_and_table(models, tmp_path):
    output = tmp_path / "out"
    printed = run(
        "robustness", "--system", f"tiny={models / 's0'}", f"tiny={models / 's1'}", *SMALL, "--fuse",
        "--baseline", "BM25", "--output", output,
    )  # fmt: skip
    assert "atlas: relative drops of AP" in printed and "Case means nothing in zh" in printed
    names = {path.name for path in output.iterdir()}
    assert names == {
        "drops.csv", "means.csv", "classes.csv", "undefined.csv", "table.csv", "table.md", "table.tex",
        "report.html", "run.json", "robustness.png", "heatmap-BM25.png", "heatmap-tiny.png", "heatmap-BM25-tiny.png",
    }  # fmt: skip
    drops = pd.read_csv(output / "drops.csv")
    assert set(drops["system"]) == {"BM25", "tiny", "BM25 + tiny"}
    assert (drops["queries"] == 6).all() and "p_corrected" in drops
    assert drops.loc[drops["query_lang"] == "zh", "drop"].isna().all()
    assert pd.read_csv(output / "means.csv").set_index("system").loc["tiny", "seeds"].eq(2).all()
    record = json.loads((output / "run.json").read_text())
    assert record["options"]["questions"] == 6 and len(record["systems"]["tiny"]) == 2
    page = (output / "report.html").read_text()
    assert "A sample of 6 questions" in page and "Case (zh)" in page and "&#39;" not in page.split("<style>")[0]
    run("robustness", *SMALL, "--output", output, code=2)


def test_a_stopped_study_resumes(models, tmp_path, monkeypatch):
    output = tmp_path / "out"
    arguments = [
        "robustness",
        "--system",
        f"tiny={models / 's0'}",
        *SMALL,
        "--kinds",
        "mono",
        "--no-bm25",
        "--output",
        output,
    ]
    from pyterrier_hybrid.experiment.robustness import RobustnessResults

    save = RobustnessResults.save

    def stopped(self, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(RobustnessResults, "save", stopped)
    assert "to resume" in run(*arguments, code=130)
    monkeypatch.setattr(RobustnessResults, "save", save)
    monkeypatch.setattr(ph.DenseEncoder, "encode_queries", None)
    assert "resuming " in run(*arguments)
    assert not (output / "unfinished").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perturbation", "cas"], "unknown perturbation 'cas'"),
        (["--perturbation", "codeswitch"], "it needs lexicon, as in codeswitch:lexicon=FILE"),
        (["--perturbation", "case:upper"], "write options as in case:to=upper"),
        (["--severity", "0.1,0.2"], "separate by spaces"),
        (["--dataset", "atlsa"], "atlsa"),
        (["--no-bm25"], "nothing to evaluate"),
        (["--system", "r={doc_lang}.{query_lang}"], "runs cannot be perturbed"),
        (["--system", "BM25=folder"], "two rows would be called 'BM25'"),
        (["--test", "t-test"], "--test is the test against --baseline: add --baseline ROW"),
        (["--baseline", "X"], "there is no row 'X'"),
        (["--eval-languages", "fr"], "for --eval-languages: atlas has no 'fr'"),
    ],
)
def test_errors(arguments, message, tmp_path):
    assert message in run("robustness", *arguments, "--output", tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()
