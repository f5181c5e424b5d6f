"""Recipe files: their fields, the errors of wrong ones, and those that come with the package."""

import dataclasses
import json
from pathlib import Path

import pytest
import yaml

import pyterrier_hybrid as ph
from pyterrier_hybrid.recipe.library import recipe_names
from pyterrier_hybrid.recipe.yaml import read_yaml, write_yaml
from pyterrier_hybrid.training.sampling import sampler_from

SMALL = """
name: small
encoder: {from_scratch: static, dim: 8, vocab_size: 300, texts: 500}
pairs:
  sources: [pairs.jsonl]
training: {batch_size: 8, max_steps: 2, learning_rate: 5e-3}
"""


@pytest.fixture(scope="module")
def pairs():
    return ph.ParallelPairs.from_irds("atlas/train").filter(languages=["de", "en"])


@pytest.fixture
def folder(tmp_path, pairs, monkeypatch):
    """A folder with a recipe and its pairs, which is not the working folder."""
    (tmp_path / "home").mkdir()
    pairs.to_jsonl(tmp_path / "home" / "pairs.jsonl")
    (tmp_path / "home" / "small.yaml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_plain_scalars(tmp_path):
    text = "[no, on, 3e-5, 1E3, 16_000, 010, -0.5, .5, true, null, ~, 12:30, 1.2.3, e5, '3', 2024-01-01]"
    value, _ = read_yaml(written(tmp_path / "x.yaml", text))
    assert value == [
        "no", "on", 3e-5, 1e3, 16000, 10, -0.5, 0.5, True, None, None, "12:30", "1.2.3", "e5", "3", "2024-01-01",
    ]  # fmt: skip
    assert list(map(type, value[2:6])) == [float, float, int, int]


@pytest.mark.parametrize(
    "value", ["no", "yes", "1e3", "010", "true", "", "~", "3", "*-para", "a: b", "né", "12:30", " x"]
)
def test_strings_survive_both_versions_of_yaml(tmp_path, value):
    text = write_yaml({"key": value})
    assert read_yaml(written(tmp_path / "x.yaml", text))[0] == {"key": value}
    assert yaml.safe_load(text) == {"key": value}


def test_aliases_and_merges(tmp_path):
    text = "a: &nine [ar, de]\nb: *nine\nc: &base {x: 1, y: 2}\nd: {<<: *base, y: 3}"
    value, places = read_yaml(written(tmp_path / "x.yaml", text))
    assert value == {"a": ["ar", "de"], "b": ["ar", "de"], "c": {"x": 1, "y": 2}, "d": {"x": 1, "y": 3}}
    assert places["d", "y"] == (4, 16)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nname: b", "line 2, column 1: the key 'name' occurs twice"),
        ("name: [a", "line 1, column 9: while parsing a flow sequence"),
        ("1: a", "line 1, column 1: the key 1 is not a string"),
        ("name: !!python/object:os.system x", "line 1, column 7: could not determine a constructor"),
        ("name: &a [*a]", "an alias of a value that contains it"),
        ("name: \x07", "x.yaml: "),
        ("", "null is not a mapping"),
        ("just text", "'just text' is not a mapping"),
        ("name: a", "'encoder' is missing"),
        (SMALL + "sede: 1", "line 7, column 1, field 'sede': unknown: did you mean seed?"),
        (SMALL.replace("dim: 8", "dim: wide"), "line 3, column 33, field 'encoder.dim': 'wide' is not an integer"),
        (SMALL.replace("static", "statik"), "field 'encoder.from_scratch': 'statik' is not 'static' or 'transformer'"),
        (SMALL.replace("from_scratch: static", "model: x"), "field 'encoder.dim': unknown"),
        (SMALL.replace("[pairs.jsonl]", "[]"), "line 5, column 3, field 'pairs.sources': give a list"),
        (SMALL.replace("pairs.jsonl", "{jsonl: a, irds: b}"), "line 5, column 13, field 'pairs.sources[0]': a source"),
        (SMALL.replace("pairs.jsonl", "{lines: a}"), "give a string, or a mapping with one of jsonl, parquet, squad,"),
        (SMALL.replace("pairs.jsonl", "{jsonl: a, langs: [de]}"), "field 'pairs.sources[0].langs': unknown"),
        (SMALL + "sampler: {name: hybird}", "line 7, column 1, field 'sampler': there is no sampler named 'hybird'"),
        (SMALL + "sampler: {name: hybrid, alpha: 2}", "field 'sampler': alpha=2 is outside 0 to 1"),
        (SMALL.replace("max_steps: 2", "max_steps: 2.5"), "field 'training.max_steps': 2.5 is not an integer"),
        (SMALL.replace("max_steps: 2", "bf16: yes"), "field 'training.bf16': 'yes' is not true or false or null"),
        (SMALL.replace("max_steps", "max-steps"), "field 'training.max-steps': unknown: did you mean max_steps?"),
        (SMALL.replace("max_steps: 2", "output: a"), "field 'training.output': unknown"),
        (SMALL.replace("max_steps: 2", "push_to_hub: true"), "field 'training.push_to_hub': not for a training"),
        (SMALL.replace("max_steps: 2", "output_dir: a"), "line 6, column 27, field 'training.output_dir': not for a"),
        (SMALL.replace("from_scratch", "from_scrach"), "'encoder.from_scrach': unknown: did you mean from_scratch?"),
        (SMALL + "sampler: {name: hybrid, alhpa: 1}", "hybrid has no field 'alhpa': did you mean alpha?"),
        (SMALL + "validation: {experiment: {dataset: atlas}}", "as in {experiment: atlas, languages: [de, en]}"),
        (SMALL.replace("max_steps: 2", "hub_token: a"), "field 'training.hub_token': not for a training"),
        (SMALL + "validation: {share: 1}", "line 7, column 1, field 'validation': give one of hold_out, datasets"),
        (SMALL + "validation: {hold_out: a}", "field 'validation.hold_out': 'a' is not a number"),
        (SMALL + "seed: -1", "field 'seed': -1 is not a seed: give a number from 0 to 4294967295"),
        (SMALL + "seed: 4294967296", "field 'seed': 4294967296 is not a seed"),
        (SMALL.replace("name: small", "name: a/b"), "line 2, column 1, field 'name': 'a/b' is not a folder name"),
    ],
)  # fmt: skip
def test_errors_name_line_column_and_field(tmp_path, text, message):
    path = written(tmp_path / "x.yaml", text)
    with pytest.raises(ValueError, match="x.yaml") as error:
        ph.Recipe.from_file(path)
    assert message in str(error.value)


def test_a_recipe_made_in_python_is_checked_too():
    with pytest.raises(ValueError, match=r"field 'encoder.poling': unknown: did you mean pooling\?"):
        ph.Recipe(name="a", encoder={"model": "x", "poling": "cls"}, pairs={"sources": ["atlas/train"]})


def test_values_get_the_types_of_the_signatures():
    recipe = ph.Recipe(
        name="a", encoder="x", pairs={"sources": ["atlas/train"]},
        training={"max_steps": 1e3, "learning_rate": 1, "gradient_accumulation_steps": 4, "report_to": "tensorboard"},
    )  # fmt: skip
    assert recipe.training["max_steps"] == 1000 and isinstance(recipe.training["max_steps"], int)
    assert isinstance(recipe.training["learning_rate"], float)
    assert recipe.encoder == {"model": "x"} and recipe.pairs == {"sources": [{"irds": "atlas/train"}]}


def test_a_recipe_copies_its_values():
    training = {"max_steps": 2}
    recipe = ph.Recipe(name="a", encoder="x", pairs={"sources": ["atlas/train"]}, training=training)
    training["max_steps"] = 3
    assert recipe.training == {"max_steps": 2}
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 1


@pytest.mark.parametrize(
    ("encoder", "rate", "temperature"),
    [({"from_scratch": "static"}, 5e-3, 0.05), ({"from_scratch": "transformer"}, 5e-4, 0.05), ("x", 3e-5, 0.02)],
)
def test_defaults_depend_on_the_encoder(encoder, rate, temperature):
    recipe = ph.Recipe(name="a", encoder=encoder, pairs={"sources": ["atlas/train"]}, training={"max_steps": 7})
    assert recipe.training_options() == {"max_steps": 7, "learning_rate": rate, "temperature": temperature}
    assert yaml.safe_load(recipe.to_yaml())["training"] == recipe.training_options()
    assert recipe.override(encoder="y").training_options()["learning_rate"] == 3e-5


def test_a_recipe_without_training_trains_with_the_defaults(folder):
    written(folder / "bare.yaml", SMALL.replace("training: {batch_size: 8, max_steps: 2, learning_rate: 5e-3}", ""))
    trained = ph.Recipe.from_file(folder / "bare.yaml").train(verbose=False, max_steps=1, batch_size=8)
    assert (trained.training["learning_rate"], trained.training["temperature"]) == (5e-3, 0.05)


def test_a_token_cache_is_relative_to_the_recipe(folder):
    written(folder / "small.yaml", SMALL.replace("max_steps: 2", "max_steps: 2, token_cache: tokens"))
    ph.Recipe.from_file(folder / "small.yaml").train(output="deep/er", verbose=False)
    assert list((folder / "tokens").iterdir())
    assert ph.Recipe.from_file("deep/er/recipe.yaml").training["token_cache"] == "../../home/tokens"


def test_a_teacher_is_a_model(folder, pairs):
    ph.DenseEncoder.from_scratch(pairs.texts(limit=200), dim=4, vocab_size=300, verbose=False).save(folder / "teacher")
    options = "max_steps: 2, teacher: teacher, distill_similarities: 0.5, vector_cache: vectors"
    written(folder / "small.yaml", SMALL.replace("max_steps: 2", options))
    trained = ph.Recipe.from_file(folder / "small.yaml").train(output="deep/er", verbose=False)
    assert trained.training["distill_similarities"] == 0.5
    assert list((folder / "vectors").iterdir())
    kept = ph.Recipe.from_file("deep/er/recipe.yaml").training
    assert (kept["teacher"], kept["vector_cache"]) == ({"model": "../../home/teacher"}, "../../home/vectors")
    written(folder / "small.yaml", SMALL.replace("max_steps: 2", "guide: {modle: teacher}"))
    with pytest.raises(ValueError, match=r"line 6.*'training.guide.modle': unknown: did you mean model"):
        ph.Recipe.from_file(folder / "small.yaml")


def test_a_missing_source_is_an_error_with_line_and_column(folder):
    for name in ("./nothere.jsonl", "nothere*.jsonl"):
        written(folder / "small.yaml", SMALL.replace("pairs.jsonl", f"pairs.jsonl, {name}"))
        recipe = ph.Recipe.from_file(folder / "small.yaml").override(seed=1)
        with pytest.raises(FileNotFoundError, match=r"small.yaml, line 5, column 26: .*nothere"):
            recipe.load_pairs()


def test_sources_that_share_an_item_are_named(folder, pairs):
    pairs.save(folder / "store")
    written(folder / "small.yaml", SMALL.replace("pairs.jsonl", "pairs.jsonl, store: store").replace("[", "[{jsonl: ")
            .replace(", store: store]", "}, {store: store}]"))  # fmt: skip
    with pytest.raises(ValueError, match=r"home/store has an item of .*pairs.jsonl again: 2 items of dataset"):
        ph.Recipe.from_file(folder / "small.yaml").load_pairs()


def test_training_from_a_file_in_another_folder(folder):
    trained = ph.Recipe.from_file(folder / "small.yaml").train(verbose=False)
    assert trained.dim == 8 and trained.training["steps"] == 2
    assert json.loads((folder.parent / "small" / "training.json").read_text())["sampler"] == "HybridSampler(alpha=0.5)"


def test_the_saved_recipe_trains_the_same_encoder(folder):
    first = ph.Recipe.from_file(folder / "small.yaml").train(output="deep/er/one", max_steps=3, seed=5, verbose=False)
    kept = ph.Recipe.from_file("deep/er/one/recipe.yaml")
    assert kept.pairs["sources"] == [{"jsonl": ["../../../home/pairs.jsonl"]}]
    assert (kept.seed, kept.training["max_steps"]) == (5, 3)
    again = kept.train(output="two", verbose=False)
    assert (again.encode_queries(["Rom?"]) == first.encode_queries(["Rom?"])).all()


def test_a_model_folder_is_relative_to_the_recipe(folder):
    ph.Recipe.from_file(folder / "small.yaml").train(output=folder / "start", verbose=False)
    text = SMALL.replace("{from_scratch: static, dim: 8, vocab_size: 300, texts: 500}", "{model: start}")
    recipe = ph.Recipe.from_file(written(folder / "more.yaml", text))
    assert recipe.train(verbose=False, max_steps=1).dim == 8
    assert ph.Recipe.from_file("small/recipe.yaml").encoder == {"model": "../home/start"}


def test_an_existing_output_is_refused_before_anything_is_read(folder):
    (folder.parent / "small").mkdir()
    (folder / "pairs.jsonl").unlink()
    with pytest.raises(FileExistsError, match="output folder small/ exists"):
        ph.Recipe.from_file(folder / "small.yaml").train()


def test_missing_files_are_found_before_any_is_read(folder, monkeypatch):
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    monkeypatch.setattr("pyterrier_hybrid.parallel.readers.irds.read_irds", None)
    for name, problem in (("no.jsonl", "there is no such file"), ("no*.jsonl", "no file matches")):
        missing = recipe.override(pairs={"sources": ["atlas/train", name]})
        with pytest.raises(FileNotFoundError, match=problem):
            missing.load_pairs()


def test_patterns_sources_and_filters(folder, pairs):
    pairs.filter(languages=["de"]).to_jsonl(folder / "more.jsonl.gz")
    pairs.save(folder / "store")
    pairs.to_parquet(folder / "pairs.parquet")
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    chosen = {"jsonl": ["pairs.jsonl"], "languages": ["de", "en"]}
    for source in ("*.jsonl", {"store": "store"}, "pairs.parquet", chosen):
        loaded, validation = recipe.override(pairs={"sources": [source]}).load_pairs()
        assert (len(loaded), loaded.languages, validation) == (len(pairs), pairs.languages, None)
    loaded, _ = recipe.override(pairs={"sources": ["pairs.jsonl"], "languages": ["en"]}).load_pairs()
    assert loaded.languages == ["en"]
    loaded, _ = recipe.override(pairs={"sources": ["pairs.jsonl"], "imbalance": {"de": 0.5}}).load_pairs()
    thinned, whole = (store.has_query[:, store.languages.index("de")].sum() for store in (loaded, pairs))
    assert thinned == pytest.approx(0.5 * whole, abs=1)


def test_code_switching(folder, pairs, tmp_path):
    words = {"terms": {"de": ["Aussicht", "Museum"], "en": ["museum"]}}
    (folder / "words.jsonl").write_text(json.dumps(words))
    rows = [
        {"set": "toy", "id": str(n), "lang": "en", "question": f"Which museum is {n}?", "passage": f"Number {n}."}
        for n in range(40)
    ]
    (folder / "toy.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe = ph.Recipe.from_file(folder / "small.yaml").override(
        pairs={"sources": ["toy.jsonl"], "code_switching": {"lexicon": "words.jsonl", "share": 0.25, "words": 1}},
        validation={"hold_out": 0.5},
    )
    learned, held = recipe.load_pairs()
    queries = [[part.query(i, "en") for i in range(len(part))] for part in (learned, held)]
    assert [sum("Aussicht" in query for query in part) for part in queries] == [5, 0]
    assert recipe.override(seed=1).load_pairs()[0].fingerprint != learned.fingerprint
    # A recipe saved in another folder has paths relative to that one.
    (tmp_path / "kept").mkdir()
    recipe.save(tmp_path / "kept" / "recipe.yaml")
    assert ph.Recipe.from_file(tmp_path / "kept" / "recipe.yaml").load_pairs()[0].fingerprint == learned.fingerprint
    (folder / "words.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"words\.jsonl: there is no such file"):
        recipe.load_pairs()


@pytest.mark.parametrize(
    ("switching", "message"),
    [
        ({}, "field 'pairs.code_switching': 'lexicon' is missing"),
        ({"lexicon": "w", "share": 2}, r"field 'pairs.code_switching.share': 2.0 is outside 0 to 1"),
        ({"lexicon": "w", "word": 1}, "did you mean words"),
        ({"lexicon": 3}, "field 'pairs.code_switching.lexicon'"),
        ("words.jsonl", "field 'pairs.code_switching'"),
    ],
)
def test_bad_code_switching(switching, message):
    with pytest.raises(ValueError, match=message):
        ph.Recipe(name="a", encoder="m", pairs={"sources": ["atlas/train"], "code_switching": switching})


def test_files_of_several_languages_are_one_source(folder, pairs):
    for language in ("de", "en"):
        row = {"set": "toy", "id": "1", "lang": language, "question": f"{language}?", "passage": f"{language}!"}
        (folder / f"toy.{language}.jsonl").write_text(json.dumps(row))
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    recipe = recipe.override(pairs={"sources": ["toy.de.jsonl", "toy.en.jsonl"]})
    assert recipe.pairs["sources"] == [{"jsonl": ["toy.de.jsonl", "toy.en.jsonl"]}]
    loaded, _ = recipe.load_pairs()
    assert (len(loaded), loaded.languages) == (1, ["de", "en"])


def test_pairs_saved_in_a_folder_are_opened_again(folder, pairs):
    pairs.to_parquet(folder / "pairs.parquet")
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    recipe = recipe.override(pairs={"sources": [{"parquet": "pairs.parquet", "folder": "kept/store"}]})
    assert len(recipe.load_pairs()[0]) == len(pairs)
    (folder / "pairs.parquet").unlink()
    assert len(recipe.load_pairs()[0]) == len(pairs)
    recipe.save("deep/recipe.yaml")
    source = {"parquet": ["../home/pairs.parquet"], "folder": "../home/kept/store"}
    assert ph.Recipe.from_file("deep/recipe.yaml").pairs == {"sources": [source]}


def test_a_number_of_held_out_groups_is_whole(folder):
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    assert recipe.override(validation={"hold_out": 5.0}).validation == {"hold_out": 5}
    for value in (5.5, -1.0):
        with pytest.raises(ValueError, match=rf"field 'validation.hold_out': {value} is neither a ratio"):
            recipe.override(validation={"hold_out": value})


def test_a_folder_of_pairs_belongs_to_one_source(folder, pairs):
    for name, lang in (("one", "de"), ("two", "en")):
        pairs.filter(languages=[lang]).to_parquet(folder / f"{name}.parquet")
    one = {"parquet": "one.parquet", "folder": "kept"}
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    for source in (one, {"irds": "atlas/train", "folder": "atlas"}):
        recipe.override(pairs={"sources": [source]}).load_pairs()
    for source, problem in (
        ({**one, "parquet": "two.parquet"}, r"of a source with parquet=\['../one.parquet'\], not \['../two.parquet'\]"),
        ({**one, "folder": "atlas"}, "atlas holds the pairs of a source with irds='atlas/train', not None"),
    ):
        with pytest.raises(ValueError, match=problem):
            recipe.override(pairs={"sources": [source]}).load_pairs()
    # What was read before an error is remembered too.
    (folder / "bad.jsonl").write_text("{")
    with pytest.raises(ValueError, match=r"bad.jsonl, line 1"):
        recipe.override(pairs={"sources": [{**one, "folder": "early"}, "bad.jsonl"]}).load_pairs()
    with pytest.raises(ValueError, match="early holds the pairs of"):
        recipe.override(pairs={"sources": [{"parquet": "two.parquet", "folder": "early"}]}).load_pairs()
    # Moved together, and called from elsewhere, it is the same source.
    folder.rename(folder.parent / "moved")
    again = ph.Recipe.from_file("moved/small.yaml").override(pairs={"sources": [one]})
    assert again.load_pairs()[0].languages == ["de"]


def test_sources_are_relative_to_the_recipe(folder, pairs):
    pairs.save(folder / "saved")
    Path("atlas/train").mkdir(parents=True)  # in the working folder, which recipes ignore
    for text, meant in (("saved", {"store": "saved"}), ("atlas/train", {"irds": "atlas/train"})):
        recipe = ph.Recipe.from_file(written(folder / "other.yaml", SMALL.replace("pairs.jsonl", text)))
        assert recipe.pairs["sources"] == [meant]


def test_a_pattern_in_a_folder_with_brackets(folder):
    folder = folder.rename(folder.parent / "d [1]")
    recipe = ph.Recipe.from_file(written(folder / "small.yaml", SMALL.replace("pairs.jsonl", '"*.jsonl"')))
    assert len(recipe.load_pairs()[0])


def test_a_model_in_the_working_folder_is_not_taken(folder):
    ph.Recipe.from_file(folder / "small.yaml").train(output="start", verbose=False)
    text = SMALL.replace("{from_scratch: static, dim: 8, vocab_size: 300, texts: 500}", "{model: start}")
    recipe = ph.Recipe.from_file(written(folder / "more.yaml", text))
    with pytest.raises(FileNotFoundError, match=r"working folder, write encoder: \{model: ../start\}"):
        recipe.train(verbose=False)


def test_validation(folder, pairs):
    recipe = ph.Recipe.from_file(folder / "small.yaml")
    train, held = recipe.override(validation={"hold_out": 0.1}).load_pairs()
    assert len(train) + len(held) == len(pairs) and len(held) == round(0.1 * len(pairs))
    pairs.filter(languages=["en"]).to_jsonl(folder / "other.jsonl")
    renamed = (folder / "other.jsonl").read_text().replace('"atlas/train"', '"other"')
    (folder / "other.jsonl").write_text(renamed)
    both = recipe.override(pairs={"sources": ["pairs.jsonl", "other.jsonl"]}, validation={"datasets": ["oth*"]})
    train, held = both.load_pairs()
    assert (train.datasets, held.datasets) == (["atlas/train"], ["other"])
    judged = recipe.override(validation={"experiment": "atlas", "kinds": ["mono"], "languages": ["de", "en"]})
    assert judged.load_pairs()[1] == ph.LanguageValidation("atlas", kinds=["mono"], languages=["de", "en"])
    searched = recipe.override(validation={"hold_out": 0.1, "measure": "RR", "kinds": ["cross"]})
    _, held = recipe.override(validation={"hold_out": 0.1}).load_pairs()
    assert searched.load_pairs()[1] == ph.LanguageValidation(held, measure="RR", kinds=["cross"])
    named = both.override(validation={"datasets": ["oth*"], "languages": ["en"], "kinds": ["mono"]})
    assert named.load_pairs()[1] == ph.LanguageValidation(both.load_pairs()[1], languages=["en"], kinds=["mono"])
    assert searched.load_pairs()[1] != ph.LanguageValidation(pairs, measure="RR", kinds=["cross"])


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_of_the_package(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()  # as the output folder of an earlier training
    recipe = ph.Recipe.from_file(name)
    # The output folder has this name by default: one for each recipe.
    assert recipe.name == name
    assert recipe.folder == Path()
    assert sampler_from(recipe.make_sampler().to_config()) == recipe.make_sampler()
    recipe.save(tmp_path / "recipe.yaml")
    assert ph.Recipe.from_file(tmp_path / "recipe.yaml").training == recipe.training


def test_the_paper_recipes_have_the_settings_of_the_paper():
    for name in ("paper-xlmr", "paper-labse"):
        recipe = ph.Recipe.from_file(name)
        assert recipe.pairs["languages"] == "ar de en es hi ru th tr zh".split()
        assert (recipe.encoder["query_prefix"], recipe.encoder["document_prefix"]) == ("Query: ", "Passage: ")
        settings = ("learning_rate", "weight_decay", "batch_size")
        assert [recipe.training[setting] for setting in settings] == [3e-5, 1e-2, 100]
        assert recipe.sampler["alpha"] == 0.5 and recipe.validation == {"datasets": ["squadshifts-*"]}


def test_the_atlas_recipe_can_be_planned():
    recipe = ph.Recipe.from_file("atlas")
    pairs, _ = recipe.load_pairs()
    plan = recipe.make_sampler().plan(pairs, batch_size=recipe.training["batch_size"], seed=recipe.seed)
    assert len(plan.batch(recipe.training["max_steps"] - 1)) == 100
