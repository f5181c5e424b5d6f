"""The command with recipes, pairs and sweeps."""

import json
import shutil

import pandas as pd
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli.recipes import with_sampler
from pyterrier_hybrid.training.loop.checkpoints import Checkpoints

SMALL = """
name: small
encoder: {from_scratch: static, dim: 8, vocab_size: 300, texts: 500}
pairs: {sources: [pairs.jsonl]}
sampler: {name: hybrid, alpha: 0.25, dataset_weights: {"atlas*": 2}}
training: {batch_size: 8, max_steps: 2, learning_rate: 5e-3}
"""


@pytest.fixture
def recipe(tmp_path, pairs_file, monkeypatch):
    """A recipe with its pairs in a folder that is not the working one."""
    (tmp_path / "home").mkdir()
    shutil.copy(pairs_file, tmp_path / "home")
    (tmp_path / "home" / "small.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home" / "small.yaml"


def kept(folder="small"):
    return ph.Recipe.from_file(f"{folder}/recipe.yaml")


def test_train_with_a_recipe(recipe):
    assert "written to small/ after 2 steps" in run("train", recipe)
    assert kept().pairs == {"sources": [{"jsonl": ["../home/pairs.jsonl"]}]}
    record = json.loads(open("small/training.json").read())
    assert record["sampler"] == "HybridSampler(alpha=0.25, dataset_weights={'atlas*': 2})"
    assert len(run("train", recipe, code=1).splitlines()) == 1


def test_other_held_out_pairs_are_searched_as_in_the_recipe(recipe):
    asked = "validation: {hold_out: 0.5, measure: RR, kinds: [mono]}\n"
    with open(recipe, "a") as file:
        file.write(asked)
    run("train", recipe, "--output", "other", "--steps", 1, "--hold-out", 0.2)
    assert kept("other").validation == {"hold_out": 0.2, "measure": "RR", "kinds": ["mono"]}
    judged = [row for row in ph.DenseEncoder("other").training["log"] if "eval_mean" in row]
    assert judged and all(row["eval_mean"] == row["eval_mono"] for row in judged)


@pytest.mark.parametrize("option", ["exclude", "validate-on"])
def test_options_that_leave_no_pairs_are_named(recipe, option):
    output = run("train", recipe, f"--{option}", "atlas/*", "--output", "other", code=1)
    assert f"{option.replace('-', '_')}=['atlas/*']: no pairs are left to train on" in output
    assert not (recipe.parents[1] / "other").exists()


def test_options_override_the_recipe(recipe):
    run(
        "train", recipe, "--output", "other", "--steps", 1, "--alpha", 0, "--seed", 7, "--languages", "de", "en",
        "--hold-out", 0.2, "--batch-size", 4, "--weight", "atlas/*=3", "--symmetric", "--margin", 0.1,
        "--chunk-size", 4, "--dim", 4, "--save-steps", 0, "--gradient-caching", "--pairs", "atlas/train",
    )  # fmt: skip
    assert ph.DenseEncoder("other").dim == 4
    changed = kept("other")
    assert (changed.name, changed.seed, changed.validation) == ("small", 7, {"hold_out": 0.2})
    assert changed.pairs == {"sources": [{"irds": "atlas/train"}], "languages": ["de", "en"]}
    assert changed.sampler == {"name": "hybrid", "alpha": 0, "dataset_weights": {"atlas/*": 3}}
    assert changed.training == {
        "batch_size": 4, "max_steps": 1, "learning_rate": 5e-3, "symmetric": True, "margin": 0.1, "chunk_size": 4,
        "gradient_caching": True, "save_steps": 0, "temperature": 0.05,
    }  # fmt: skip


def test_files_of_pairs_are_read_with_the_options_of_the_recipe(recipe, tmp_path):
    recipe.write_text(SMALL.replace("[pairs.jsonl]", "[{jsonl: pairs.jsonl, context_negatives: 2}]"))
    run("train", recipe, "--pairs", "home/pairs.jsonl")
    assert kept().pairs["sources"] == [{"jsonl": ["../home/pairs.jsonl"], "context_negatives": 2}]


def test_files_of_pairs_are_relative_to_the_working_folder(recipe, tmp_path):
    (tmp_path / "here.jsonl").write_bytes((tmp_path / "home" / "pairs.jsonl").read_bytes())
    run("train", recipe, "--pairs", "here.jsonl", "--output", "deep/er")
    assert kept("deep/er").pairs == {"sources": [{"jsonl": ["../../here.jsonl"]}]}


def test_another_lexicon(recipe, tmp_path):
    recipe.write_text(SMALL.replace("pairs: {", "pairs: {code_switching: {lexicon: no.jsonl, share: 1}, "))
    (tmp_path / "words.jsonl").write_text('{"terms": {"de": ["Aussicht"], "en": ["museum"]}}')
    errors = run("train", recipe, code=1)
    assert errors.splitlines() == [f"Error: {recipe.parent}/no.jsonl: there is no such file"]
    run("train", recipe, "--lexicon", "words.jsonl")
    assert kept().pairs["code_switching"] == {"lexicon": ["../words.jsonl"], "share": 1.0}
    run("train", recipe, "--lexicon", "words.jsonl", "words.jsonl", "--seed", 1, "--output", "two")
    assert kept("two").pairs["code_switching"]["lexicon"] == ["../words.jsonl", "../words.jsonl"]


def test_another_sampler_keeps_shared_settings(recipe):
    run("train", recipe, "--sampler", "mono")
    assert kept().sampler == {"name": "mono", "dataset_weights": {"atlas*": 2}}
    output = run("train", recipe, "--sampler", "mono", "--alpha", 0.5, "--output", "b", code=2)
    assert "the sampler is mono" in output


SAMPLERS = {
    "mono": "{name: mono}",
    "cross": "{name: X-Y, languages: [de, en]}",
    "hybrid": "{name: hybrid, alpha: {name: linear, start: 1, end: 0.5, steps: 2}}",
    "mixed": "mixed",
    "translate-train": "{name: translate-train, language: de}",
    "length-grouped": "{name: length-grouped, sampler: {name: mono}}",
    "multi-positive": "{name: multi-positive, positives: 2}",
}


@pytest.mark.slow
def test_saved_recipes_keep_every_sampler(recipe):
    from pyterrier_hybrid.training.sampling import SAMPLERS as ALL_SAMPLERS

    assert list(SAMPLERS) == [kind.config_name for kind in ALL_SAMPLERS]
    text = SMALL.replace('{name: hybrid, alpha: 0.25, dataset_weights: {"atlas*": 2}}', "SAMPLER")
    for name, config in SAMPLERS.items():
        recipe.write_text(text.replace("SAMPLER", config))
        wanted = ph.Recipe.from_file(recipe).sampler
        run("train", recipe, "--output", name)
        assert kept(name).sampler == wanted and wanted["name"] == name
        assert ph.DenseEncoder(name).training["sampler"] == repr(kept(name).make_sampler())


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "translate-train"])
def test_every_sampler_by_its_name(recipe, name):
    run("train", recipe, "--sampler", name, "--weight", "atlas/*=3")
    sampler = kept().sampler
    assert sampler["name"] == name
    inner = sampler.get("sampler", sampler)
    assert inner["dataset_weights"] == {"atlas/*": 3}
    assert inner.get("alpha") == {"hybrid": 0.25, "length-grouped": 0.25}.get(name)


def test_a_sampler_that_needs_settings(recipe):
    output = run("train", recipe, "--sampler", "translate-train", code=1)
    assert "translate-train needs the field 'language'" in output
    assert "did you mean hybrid?" in run("train", recipe, "--sampler", "hybird", code=2)


def test_options_change_the_wrapped_sampler():
    around = {"name": "length-grouped", "sampler": "mono", "pool": 2}
    assert with_sampler(around, None, {}) == around
    assert with_sampler(around, None, {"weights": (("a", 2),)})["sampler"] == {
        "name": "mono", "dataset_weights": {"a": 2},
    }  # fmt: skip
    assert with_sampler({"name": "length-grouped"}, "length-grouped", {"alpha": 0.1})["sampler"]["alpha"] == 0.1
    assert with_sampler(around, "cross", {}) == {"name": "cross"}


def test_the_inner_sampler_of_a_recipe_keeps_its_settings():
    parts = {"name": "hybrid", "alpha": 0.4, "mono": {"name": "mono", "languages": ["ar"]}, "cross": "cross"}
    assert with_sampler(parts, "hybrid", {}) == parts
    assert with_sampler(parts, "mono", {}) == {"name": "mono", "languages": ["ar"]}
    assert with_sampler(parts, "cross", {}) == {"name": "cross"}
    assert with_sampler(parts, "cross", {"weights": (("a", 2),)}) == {"name": "cross", "dataset_weights": {"a": 2}}
    assert with_sampler({"name": "hybrid", "alpha": 0.4}, "mono", {}) == {"name": "mono"}


def test_an_existing_folder_with_the_recipes_name_is_an_error(recipe, tmp_path):
    (tmp_path / "small").mkdir()
    output = run("train", recipe, code=1)
    assert "the output folder small/ (from the recipe's name) already exists" in output


def test_an_interrupted_training_says_how_to_resume(recipe, tmp_path, monkeypatch):
    from transformers import Trainer

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "training_step", interrupt)
    assert run("train", recipe, code=130).splitlines()[-1] == "Interrupted before the first checkpoint"
    monkeypatch.setattr(Checkpoints, "last_step", lambda self: 7)
    monkeypatch.setattr("pyterrier_hybrid.Recipe.train", interrupt)
    assert "Interrupted: rerun the same command to resume from step 7" in run("train", recipe, code=130)


@pytest.mark.slow
def test_another_start(recipe):
    run("train", recipe)
    run("train", recipe, "--encoder", "small", "--max-length", 20, "--output", "more")
    assert kept("more").encoder == {"model": "../small", "max_length": 20}
    output = run("train", recipe, "--encoder", "small", "--dim", 4, "--output", "again")
    assert "--dim has no effect" in output


@pytest.mark.slow
def test_a_training_without_a_recipe_saves_one(recipe):
    run("train", "--pairs", "home/pairs.jsonl", "--steps", 2, "--dim", 8, "--vocab-size", 300, "--output", "plain")
    again = kept("plain")
    assert (again.name, again.training["learning_rate"], again.seed) == ("plain", 5e-3, 0)
    again.train(output="copy", verbose=False)
    one, two = (ph.DenseEncoder(name).encode_queries(["Rom"]) for name in ("plain", "copy"))
    assert (one == two).all()


@pytest.mark.slow
def test_the_atlas_recipe_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("train", "atlas", "--steps", 3, "--vocab-size", 2000)
    assert ph.DenseEncoder("atlas").dim == 256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("max_steps: 2", "max_steps: two"), "small.yaml, line 6, column 27, field 'training.max_steps': 'two' is"),
        (("dim: 8", "dims: 8"), "field 'encoder.dims': unknown: did you mean dim?"),
        (("pairs.jsonl", "nowhere.jsonl"), "nowhere.jsonl: there is no such file"),
        (("{name: hybrid,", "{name: hybrid"), "small.yaml, line 5, column"),
    ],
)
def test_a_broken_recipe_is_one_line_of_error(recipe, change, message):
    recipe.write_text(SMALL.replace(*change))
    output = run("train", recipe, code=1)
    assert len(output.splitlines()) == 1 and message in output


@pytest.mark.slow
def test_compare_with_a_recipe(recipe):
    run("compare", recipe, "--samplers", "cross", "X-X", "hybrid", "--alpha", 0.75, "--no-bm25", "--output", "c")
    assert list(pd.read_csv("c/means.csv").system.unique()) == ["X-Y", "X-X", "Hybrid"]
    assert kept("c/models/X-Y").sampler == {"name": "cross", "dataset_weights": {"atlas*": 2}}
    assert kept("c/models/Hybrid").sampler["alpha"] == 0.75


@pytest.mark.slow
def test_sweep(recipe):
    args = ["sweep", recipe, "--alphas", "0", "1", "--seeds", "0", "1", "--output", "s", "--measure", "RR"]
    output = run(*args)
    assert "best alpha" in output and "mono sd" in output
    frame = pd.read_csv("s/sweep.csv")
    assert set(frame.measure) == {"mono", "cross", "multi", "mean"} and len(frame) == 16
    assert run(*args).splitlines()[-1] == output.splitlines()[-1]
    args[args.index("1")] = "0.5"
    assert "with 2 earlier runs in s/, of other alphas or seeds" in run(*args)
    assert pd.read_csv("s/table.csv").alpha.tolist() == [0, 0.5, 1]
    output = run(*args, "--learning-rate", 1e-3, code=1)
    assert "learning_rate was 0.005 and is now 0.001" in output


def test_bad_sweeps(recipe):
    for args, message in (
        (["--dataset", "squad"], "squad"),
        (["--dataset", "xquad-r"], "--pairs"),
        (["--alphas", "2"], "2"),
        (["--alpha", "0.5"], "--alpha"),
        (["--alphas", "0,1"], "separate by spaces, as in 0 1"),
        (["--seeds", "0,1"], "separate by spaces, as in 0 1"),
        (["--seed", "1"], "--seed"),
    ):
        output = run("sweep", *args, code=2)
        assert message in output
        assert len(output.splitlines()) == 1


def test_a_sweep_needs_the_hybrid_sampler(recipe):
    recipe.write_text(SMALL.replace("{name: hybrid, alpha: 0.25,", "{name: mono,"))
    output = run("sweep", recipe, code=1)
    assert len(output.splitlines()) == 1 and "the sampler of" in output and "small.yaml is mono" in output


def test_pairs_stats_of_nothing(recipe, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    assert "no items in empty.jsonl" in run("pairs", "stats", "empty.jsonl", code=1)


def test_pairs_convert_to_an_unknown_format(recipe):
    for name in ("o.csv", "o.jsonl.bz2", "o.json"):
        output = run("pairs", "convert", "home/pairs.jsonl", "--output", name, code=2)
        assert f"{name} ends in none of .jsonl, .jsonl.gz and .parquet" in output


def test_errors_do_not_mention_python(recipe, tmp_path):
    (tmp_path / "blank.jsonl").write_text('{"set": "a", "id": "1", "lang": "de", "question": "", "passage": "x"}')
    (tmp_path / "folder").mkdir()
    for args, message in (
        (["home/pairs.jsonl", "--exclude", "zz*"], "no set to exclude is called 'zz*', there is only: atlas/train"),
        (["home/pairs.jsonl", "--languages", "zz"], "no text is in the language 'zz', there is only: de, en"),
        (["blank.jsonl"], "fix them, or allow more"),
        (["folder"], "choose a folder that pairs were saved in"),
    ):
        assert message in run("pairs", "stats", *args, code=1)


def test_pairs_stats(recipe):
    output = run("pairs", "stats", "home/pairs.jsonl", "--csv", "stats.csv")
    assert [line.split()[:3] for line in output.splitlines()[1:]] == [
        ["atlas/train", "de", "540"], ["atlas/train", "en", "548"],
    ]  # fmt: skip
    assert pd.read_csv("stats.csv")["items"].tolist() == [540, 548]
    assert len(run("pairs", "stats", "atlas/train", "--languages", "de").splitlines()) == 2


@pytest.mark.parametrize("name", ["store", "x.parquet", "x.jsonl", "x.jsonl.gz"])
def test_pairs_convert(recipe, name):
    assert "595 items written" in run("pairs", "convert", "home/pairs.jsonl", "--output", name)
    assert run("pairs", "stats", name) == run("pairs", "stats", "home/pairs.jsonl")
    run("train", "--pairs", name, "--steps", 1, "--batch-size", 4, "--dim", 4, "--vocab-size", 300, "--output", "m")
    assert "exists" in run("pairs", "convert", "atlas/train", "--output", name, code=2)


def test_missing_pairs(recipe):
    for source, message in (
        ("nowhere.jsonl", "nowhere.jsonl: there is no such file"),
        ("./nowhere", "nowhere: there is no such file"),
        ("nowhere*.jsonl", "nowhere*.jsonl: no file matches this pattern"),
        ("nowhere", "nowhere: there is no such file or folder, nor is it a dataset"),
        ("nowhere/train", "--languages"),
    ):
        output = run("pairs", "stats", source, code=1)
        assert len(output.splitlines()) == 1 and message in output
    assert "ir_datasets has no dataset 'nowhere/de'" in run(
        "pairs", "stats", "nowhere/{lang}", "--languages", "de", code=1
    )
