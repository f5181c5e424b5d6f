"""The commands of mining and distillation."""

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
    output = run("pairs", "mine", pairs_file, *options, "--languages", "de", "en", "--output", tmp_path / "mined.jsonl")
    assert "items written to" in output
    pairs = ph.ParallelPairs.from_jsonl(pairs_file)
    expected = ph.mine_negatives(
        pairs, ph.DenseEncoder(encoder), count=2, ranks=(1, 30), margin=-0.5, guide=ph.DenseEncoder(encoder),
        verbose=False,
    )  # fmt: skip
    assert ph.ParallelPairs.from_jsonl(tmp_path / "mined.jsonl").fingerprint == expected.fingerprint
    assert expected.has_negatives


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
