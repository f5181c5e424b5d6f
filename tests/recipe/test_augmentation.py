"""Recipes with perturbed training queries."""

import json
from pathlib import Path

import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.perturbation import perturb_pairs

RECIPE = """
name: noisy
encoder: {from_scratch: static, dim: 8, vocab_size: 100}
pairs:
  sources: [toy.jsonl]
  augmentation: {operators: [{name: case, to: upper}], share: 0.25}
training: {batch_size: 8, max_steps: 2, learning_rate: 5e-3}
validation: {hold_out: 0.5}
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """A recipe with forty questions in German and English."""
    rows = [
        {"set": "toy", "id": str(n), "lang": lang, "question": f"{question} {n}?", "passage": f"{passage} {n}."}
        for n in range(40)
        for lang, question, passage in (("de", "Wo ist", "Nummer"), ("en", "where is", "number"))
    ]
    (tmp_path / "toy.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "noisy.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "noisy.yaml"


def queries(pairs):
    return [pairs.query(i, language) for language in pairs.languages for i in range(len(pairs))]


def test_training_queries_are_perturbed_and_held_out_ones_are_not(recipe):
    loaded = ph.Recipe.from_file(recipe)
    learned, held = loaded.load_pairs()
    assert [sum(map(str.isupper, queries(part))) for part in (learned, held)] == [2 * 5, 0]
    clean = loaded.override(pairs={"sources": ["toy.jsonl"]}).load_pairs()
    assert held.fingerprint == clean[1].fingerprint
    assert (
        learned.fingerprint
        == perturb_pairs(clean[0], loaded.pairs["augmentation"]["operators"], share=0.25).fingerprint
    )
    assert learned.groups.tolist() == clean[0].groups.tolist()
    # Held-out pairs that are searched are the same.
    searched = loaded.override(validation={"hold_out": 0.5, "measure": "RR"}).load_pairs()[1]
    assert searched == ph.LanguageValidation(clean[1], measure="RR")


def test_held_out_datasets_are_clean(recipe):
    rows = Path("toy.jsonl").read_text()
    Path("other.jsonl").write_text(rows.replace('"toy"', '"other"').replace(" ist", " war").replace(" is", " was"))
    loaded = ph.Recipe.from_file(recipe)
    both = {**loaded.pairs, "sources": ["toy.jsonl", "other.jsonl"]}
    learned, held = loaded.override(pairs=both, validation={"datasets": ["other"]}).load_pairs()
    assert sum(map(str.isupper, queries(learned))) == 2 * 10 and not any(map(str.isupper, queries(held)))


def test_seeds(recipe):
    loaded = ph.Recipe.from_file(recipe).override(validation=None)
    pairs = {**loaded.pairs, "augmentation": {**loaded.pairs["augmentation"], "seed": 3}}
    one, other, fixed, same = (
        part.load_pairs()[0].fingerprint
        for part in (
            loaded,
            loaded.override(seed=3),
            loaded.override(pairs=pairs),
            loaded.override(pairs=pairs, seed=3),
        )
    )
    assert one != other == fixed == same


@pytest.mark.parametrize(
    ("short", "operators"),
    [
        ("case", [{"name": "case"}]),
        ("[case, {name: Case, to: upper}]", [{"name": "case"}, {"name": "Case", "to": "upper"}]),
        ("{operators: case}", [{"name": "case"}]),
        ("{operators: {name: case, severity: 1}}", [{"name": "case", "severity": 1}]),
    ],
)
def test_short_forms_and_saved_recipes(recipe, short, operators):
    recipe.write_text(RECIPE.replace("{operators: [{name: case, to: upper}], share: 0.25}", short))
    loaded = ph.Recipe.from_file(recipe)
    assert loaded.pairs["augmentation"] == {"operators": operators}
    loaded.save("deep/recipe.yaml")
    again = ph.Recipe.from_file("deep/recipe.yaml")
    assert again.pairs["augmentation"] == loaded.pairs["augmentation"]
    assert again.load_pairs()[0].fingerprint == loaded.load_pairs()[0].fingerprint


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        ("{share: 1}", "line 6, column 3, field 'pairs.augmentation': 'operators' is missing"),
        ("[case, caze]", r"line 6, column 3, field 'pairs.augmentation.operators\[1\]': .*did you mean 'case'"),
        ("[{name: case, too: upper}]", r"operators\[0\]': perturbation Case: .*'too'"),
        ("[{name: case, to: up}]", r"operators\[0\]': to='up' is unknown"),
        ("[{name: case, severity: 2}]", r"operators\[0\]': severity=2"),
        ("[3]", r"operators\[0\]': 3 is a int, .*: give a name"),
        ("{operators: []}", "field 'pairs.augmentation.operators': give one or several perturbations"),
        ("{operators: 3}", "field 'pairs.augmentation.operators': give one or several perturbations"),
        ("{operators: case, share: 2}", "line 6, column 35, field 'pairs.augmentation.share': 2.0 is outside 0 to 1"),
        ("{operators: case, share: half}", "field 'pairs.augmentation.share': 'half' is not a number"),
        ("{operators: case, seed: -1}", "field 'pairs.augmentation.seed': -1 is not a seed"),
        ("{operators: case, sed: 1}", "field 'pairs.augmentation.sed': unknown: did you mean seed?"),
        ("3", "field 'pairs.augmentation': 3 is not a mapping"),
    ],
)  # fmt: skip
def test_wrong_augmentation(recipe, augmentation, message):
    recipe.write_text(RECIPE.replace("{operators: [{name: case, to: upper}], share: 0.25}", augmentation))
    with pytest.raises(ValueError, match=message):
        ph.Recipe.from_file(recipe)


def test_the_saved_recipe_trains_the_same_encoder(recipe):
    first = ph.Recipe.from_file(recipe).train(output="deep/one", verbose=False)
    again = ph.Recipe.from_file("deep/one/recipe.yaml").train(output="two", verbose=False)
    assert (first.encode_queries(["Wo ist 3?"]) == again.encode_queries(["Wo ist 3?"])).all()
    trained = [json.loads(Path(f"{folder}/training.json").read_text())["pairs"] for folder in ("deep/one", "two")]
    assert trained == [ph.Recipe.from_file(recipe).load_pairs()[0].fingerprint] * 2
