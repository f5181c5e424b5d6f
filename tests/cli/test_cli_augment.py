"""Training on noise with the command."""

import shutil

from cli_helpers import run

import pyterrier_hybrid as ph

SMALL = """
name: small
encoder: {from_scratch: static, dim: 8, vocab_size: 300, texts: 500}
pairs: {sources: [pairs.jsonl], augmentation: {operators: [case], share: 0.25}}
training: {batch_size: 8, max_steps: 2, learning_rate: 5e-3}
"""


def test_other_perturbations_keep_the_share_of_the_recipe(tmp_path, pairs_file, monkeypatch):
    shutil.copy(pairs_file, tmp_path / "pairs.jsonl")
    (tmp_path / "small.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    run("train", "small.yaml")
    assert ph.Recipe.from_file("small/recipe.yaml").pairs["augmentation"] == {
        "operators": [{"name": "case"}],
        "share": 0.25,
    }
    run("train", "small.yaml", "--augment", "case", "Case", "--output", "other")
    names = {"operators": [{"name": "case"}, {"name": "Case"}], "share": 0.25}
    assert ph.Recipe.from_file("other/recipe.yaml").pairs["augmentation"] == names
    run("train", "--pairs", "pairs.jsonl", "--augment", "case", "--steps", 1, "--batch-size", 8, "--output", "third")
    assert ph.Recipe.from_file("third/recipe.yaml").pairs["augmentation"] == {"operators": [{"name": "case"}]}
    error = run("train", "small.yaml", "--augment", "caze", "--output", "no", code=1)
    assert "field 'pairs.augmentation.operators[0]'" in error and "did you mean 'case'" in error
