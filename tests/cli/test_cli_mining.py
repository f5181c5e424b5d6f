"""The commands of mining and distillation."""

import gzip

import pandas as pd
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph


@pytest.fixture(scope="module")
def encoder(tmp_path_factory, pairs_file):
    folder = tmp_path_factory.mktemp("encoder") / "encoder"
    texts = ph.ParallelPairs.from_jsonl(pairs_file).texts(limit=300)
    ph.DenseEncoder.from_scratch(texts, dim=16, vocab_size=300, verbose=False).save(folder)
    return folder


def test_pairs_mine(tmp_path, pairs_file, encoder):
    options = ["--encoder", encoder, "--guide", encoder, "--count", "2", "--ranks", "1", "30", "--margin", "-0.5"]
    output = run("pairs", "mine", pairs_file, *options, "--languages", "de", "en", "--output", tmp_path / "mined.jsonl",
                 "--csv", tmp_path / "counts.csv")  # fmt: skip
    assert "items written to" in output
    pairs = ph.ParallelPairs.from_jsonl(pairs_file)
    expected = ph.mine_negatives(
        pairs, ph.DenseEncoder(encoder), count=2, ranks=(1, 30), margin=-0.5, guide=ph.DenseEncoder(encoder),
        verbose=False,
    )  # fmt: skip
    assert ph.ParallelPairs.from_jsonl(tmp_path / "mined.jsonl").fingerprint == expected.fingerprint
    assert expected.has_negatives
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "counts.csv"), expected.report.table())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ranks", "5", "5"], "ranks[1]=5: it must be at least 6"),
        (["--query-languages", "fr"], "query_languages names 'fr'"),
        (["--corpus", "no-such-id"], "is no ir_datasets ID"),
    ],
)
def test_bad_mining(tmp_path, pairs_file, encoder, options, message):
    output = run("pairs", "mine", pairs_file, "--encoder", encoder, *options, "--output", tmp_path / "m", code=1)
    assert message in output
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["stats", "atlas/train", "--csv"],
        ["leaks", "atlas/train", "--dataset", "atlas/de/test", "--output"],
        ["mine", "atlas/train", "--encoder", "e", "--output", "m", "--csv"],
        ["bitext", "pairs.csv", "pairs.csv", "--langs", "de", "en", "--encoder", "e", "--output", "m", "--csv"],
    ],
)
def test_existing_tables_are_not_replaced(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").write_text("mine")
    assert f"{command[-1]}: pairs.csv already exists: choose another one" in run("pairs", *command, "pairs.csv", code=2)
    assert (tmp_path / "pairs.csv").read_text() == "mine"


def test_pairs_bitext(tmp_path, encoder):
    one = ["red house", "", "blue tree", "green dog"]
    (tmp_path / "de.txt").write_text("\n".join(one) + "\n", encoding="utf-8")
    (tmp_path / "en.txt.gz").write_bytes(gzip.compress("green dog\r\nred house\r\nblue tree".encode()))
    command = [
        "pairs",
        "bitext",
        tmp_path / "de.txt",
        tmp_path / "en.txt.gz",
        "--langs",
        "de",
        "en",
        "--encoder",
        encoder,
    ]
    output = run(*command, "--neighbours", "2", "--set", "found", "--output", tmp_path / "found.jsonl",
                 "--csv", tmp_path / "scores.csv")  # fmt: skip
    assert "3 pairs of 4 and 3 sentences" in output
    pairs = ph.ParallelPairs.from_jsonl(tmp_path / "found.jsonl")
    assert pairs.datasets == ["found"] and pairs.is_translation.all()
    assert {pairs.query(i, "de") for i in range(3)} == {"red house", "blue tree", "green dog"}
    assert all(pairs.query(i, "de") == pairs.query(i, "en") for i in range(3))
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert sorted(zip(scores.row_a, scores.row_b, strict=True)) == [(0, 1), (2, 2), (3, 0)]
    output = run(*command, "--min-margin", "9", "--output", tmp_path / "none.jsonl", code=1)
    assert "no pair has a margin of 9.0 or more: try a lower --min-margin" in output
    (tmp_path / "de.txt").write_bytes(b"fine\n\xff\xfe\n")
    output = run(*command, "--output", tmp_path / "none.jsonl", code=1)
    assert "de.txt, line 2: byte 1 is not UTF-8: convert the file to UTF-8" in output
    command[command.index("de")] = "en"
    assert "--langs names en twice" in run(*command, "--output", tmp_path / "none.jsonl", code=1)
    assert not (tmp_path / "none.jsonl").exists()


def test_an_interrupted_mining_says_how_to_resume(tmp_path, pairs_file, encoder, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyterrier_hybrid.mine_negatives", interrupt)
    command = ["pairs", "mine", pairs_file, "--encoder", encoder, "--output", tmp_path / "m"]
    assert "Interrupted: with --cache FOLDER, a rerun resumes" in run(*command, code=130)
    output = run(*command, "--cache", tmp_path / "vectors", code=130)
    assert "Interrupted: rerun the same command to resume" in output


def test_a_teacher_and_a_guide(tmp_path, pairs_file, encoder):
    small = ["--steps", "2", "--dim", "16", "--vocab-size", "300", "--batch-size", "8"]
    run("train", "--pairs", pairs_file, *small, "--teacher", encoder, "--guide", encoder, "--output", tmp_path / "m")
    recipe = ph.Recipe.from_file(tmp_path / "m" / "recipe.yaml")
    assert recipe.training["distill"] == 1.0
    assert (recipe.folder / recipe.training["teacher"]["model"]).resolve() == encoder.resolve()
    trained = ph.DenseEncoder(tmp_path / "m").training
    assert (trained["teacher"], trained["distill"], trained["false_negative_margin"]) == ("encoder", 1.0, 0.0)
    again = recipe.train(output=tmp_path / "again", verbose=False)
    assert again.training["log"][0]["loss"] == trained["log"][0]["loss"]
