"""Model cards: valid front matter, everything that the training recorded, and nothing else."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import yaml

import pyterrier_hybrid as ph
from pyterrier_hybrid.retrieval.encoder.card import model_card, public_name, without_paths
from pyterrier_hybrid.retrieval.encoder.hub import is_hub_name

CITE = (Path(__file__).parents[2] / "pyterrier_hybrid" / "pt_docs" / "cite.md").read_text(encoding="utf-8")
TEXTS = ["the capital of France", "die Hauptstadt von Frankreich"]
TRAINING = {
    "start": "intfloat/multilingual-e5-small", "sampler": "HybridSampler(alpha=0.5)", "items": 12345,
    "languages": ["de", "en", "zh-Hant"], "datasets": {"mmarco/v2": 12000, "my own | pairs": 345}, "pairs": "ab12",
    "batch_size": 100, "max_steps": 600, "steps": 300, "learning_rate": 3e-5, "temperature": 0.02, "seed": 7,
    "dropout": None, "arguments": {}, "best_step": 200, "torch": "2.15.0", "something_new": [1, 2],
    "log": [
        {"eval_loss": 4.5, "eval_runtime": 1.0, "step": 0}, {"loss": 3.25, "grad_norm": 9.0, "epoch": 0.1, "step": 100},
        {"eval_loss": 1.5, "eval_runtime": 1.0, "step": 200}, {"loss": 0.5, "loss_mono": 0.75, "step": 300},
        {"eval_loss": 1.75, "step": 300}, {"train_runtime": 60.0, "step": 300},
    ],
}  # fmt: skip


@pytest.fixture
def encoder():
    return ph.DenseEncoder.from_scratch(TEXTS, dim=8, vocab_size=60, verbose=False)


def front(card):
    return yaml.safe_load(re.match(r"---\n(.*?)\n---\n", card, flags=re.DOTALL)[1])


@pytest.fixture
def card(encoder):
    encoder.training = TRAINING
    return model_card(encoder, "me/mine", licence="CC-BY-SA-4.0", results="| AP |\n|--:|\n| .5 |")


def test_front_matter(card):
    fields = front(card)
    assert fields == {
        "base_model": "intfloat/multilingual-e5-small",
        "language": ["de", "en"],
        "library_name": "sentence-transformers",
        "license": "cc-by-sa-4.0",
        "pipeline_tag": "sentence-similarity",
        "tags": fields["tags"],
    }
    assert {"pyterrier_hybrid", "pyterrier", "sentence-transformers", "multilingual"} <= set(fields["tags"])
    assert huggingface_hub.ModelCard(card).data.to_dict() == fields


def test_everything_about_the_training_is_shown(card):
    for line in [
        "# me/mine", "starting from `intfloat/multilingual-e5-small`.", "12,345 training items.",
        "Languages: de, en, zh-Hant.", "| mmarco/v2 | 12,000 |", r"| my own \| pairs | 345 |",
        "Fingerprint of the pairs: `ab12`.", "| `sampler` | HybridSampler(alpha=0.5) |", "| `batch_size` | 100 |",
        "| `learning_rate` | 3e-05 |", "| `temperature` | 0.02 |", "| `seed` | 7 |", "| `torch` | 2.15.0 |",
        "| `something_new` | [1, 2] |", "- at the end (step 300): `loss` 0.5, `loss_mono` 0.75",
        "- first validation (step 0): `eval_loss` 4.5",
        "- best validation (step 200), whose weights were kept: `eval_loss` 1.5", "| .5 |",
        "The weights are under: CC-BY-SA-4.0.",
    ]:  # fmt: skip
        assert line in card.splitlines(), line
    assert "dropout" not in card
    assert "grad_norm" not in card


def test_citation_equals_that_of_the_documentation(card):
    paper = re.search(r"```bibtex\n(@misc.*?2408\.10536.*?)\n```", card, flags=re.DOTALL)[1]
    assert paper in CITE


def test_headings_and_blank_lines(card):
    headings = re.findall(r"^## (.+)$", card, flags=re.MULTILINE)
    assert headings == ["Use", "Data", "Training", "Results", "Limits", "Licence", "Citation"]
    assert "\n\n\n" not in card
    for line in re.finditer(r"^(#+ .*|\|.*|- .*)$", card, flags=re.MULTILINE):
        before = card[: line.start()].splitlines()[-1]
        assert before == "" or before[0] == line[0][0] or line.start() < card.index("# me/mine")


def test_incomplete_trainings(encoder):
    """Missing, empty and unexpected fields are left out."""
    for training in (
        {"sampler": "MonoSampler()"},
        {"sampler": {"name": "hybrid", "alpha": 0.25}, "start": "x", "log": None, "datasets": ["one", "two"]},
        {"sampler": "s", "log": [{"loss": 1.0}, "text"], "languages": [], "datasets": {"a": {"items": 3}}},
    ):
        encoder.training = training
        card = model_card(encoder, "name")
        assert front(card)["library_name"] == "sentence-transformers"
        assert "None" not in card
        if isinstance(training["sampler"], dict):
            assert '| `sampler` | {"name": "hybrid", "alpha": 0.25} |' in card


def test_matryoshka_dimensions(encoder):
    encoder.training = {**TRAINING, "dimensions": [4, 8]}
    card = model_card(encoder, "me/mine")
    assert "the first 4 dimensions can be used alone" in card
    assert '`ph.DenseEncoder("me/mine", truncate_dim=4)` or\n`SentenceTransformer("me/mine", truncate_dim=4)`' in card
    use = card[card.index("## Use") : card.index("## Data")]
    assert use.count('("me/mine")  # with truncate_dim=4 for shorter vectors') == 2
    assert '("me/mine")\n' in model_card(_plain(encoder), "me/mine")


def _plain(encoder):
    encoder.training = {**TRAINING, "learned_temperature": 0.031}
    return encoder


CHECK = {
    "evaluation": ["xquad-r", "mlqa-r"], "items": 12358, "exact": 3, "near": 10, "options": {"min_shared": 40},
    "pairs": "cd34", "removed": 13, "leaks": [{"dataset": "mine", "id": "/1", "kind": "exact"}],
}  # fmt: skip


def test_leak_checks(encoder, tmp_path):
    encoder.training = {**TRAINING, "leak_checks": [CHECK]}
    folder = encoder.save(tmp_path / "checked")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "Checked for texts of xquad-r, mlqa-r: 13 of 12,358 items were left out\n(3 with an exact match, 10" in card
    assert "`leak_checks`" not in card
    assert json.loads((folder / "leaks.json").read_text(encoding="utf-8")) == [CHECK]
    assert "leak_checks" not in json.loads((folder / "training.json").read_text(encoding="utf-8"))
    again = ph.DenseEncoder(folder)
    assert again.training["leak_checks"] == [CHECK]
    assert (again.save(tmp_path / "again") / "leaks.json").read_bytes() == (folder / "leaks.json").read_bytes()


def test_a_training_without_a_leak_check_says_so(encoder, card):
    encoder.training = {**TRAINING, "leak_checks": []}
    assert "No leak check was recorded: the training data may" in model_card(encoder, "me/mine")
    # Trainings of earlier versions did not record whether there was one.
    assert "leak check" not in card


def test_a_learned_temperature(encoder):
    assert "| `learned_temperature` | 0.031 |" in model_card(_plain(encoder), "me/mine")


def test_untrained(encoder, tmp_path):
    card = (encoder.save(tmp_path / "new") / "README.md").read_text(encoding="utf-8")
    assert "Its weights are random: it has not been trained" in card
    assert re.findall(r"^## (.+)$", card, flags=re.MULTILINE) == ["Use", "Limits", "Licence"]
    assert not (tmp_path / "new" / "training.json").exists()
    again = ph.DenseEncoder(tmp_path / "new")
    card = (again.save(tmp_path / "copy") / "README.md").read_text(encoding="utf-8")
    assert "It was saved by pyterrier_hybrid from `new` and not trained further" in card
    assert str(tmp_path) not in card
    assert not {"license", "base_model", "language", "datasets"} & set(front(card))


def test_licences(encoder):
    assert "license" not in front(model_card(encoder, "x"))
    fields = front(model_card(encoder, "x", licence="The Licence of Our Lab, v2"))
    assert (fields["license"], fields["license_name"]) == ("other", "the-licence-of-our-lab-v2")


def test_results(encoder):
    table = "| | AP |\n|:--|--:|\n| mine | .5 |"
    results = SimpleNamespace(table=lambda style: {"markdown": table}[style], dataset="atlas", languages=["de", "en"])
    card = model_card(encoder, "x", results=results)
    assert "On `atlas`, means over its monolingual, cross-lingual and multilingual settings (de, en):" in card
    assert table in card
    with pytest.raises(TypeError, match="results is a int"):
        model_card(encoder, "x", results=3)


def test_failed_save_leaves_no_folder(encoder, tmp_path):
    with pytest.raises(TypeError, match="results"):
        encoder.save(tmp_path / "mine", results=3)
    assert list(tmp_path.iterdir()) == []


def test_hub_names_and_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "mine").mkdir(parents=True)
    assert is_hub_name("intfloat/multilingual-e5-small")
    for name in ("models/mine", "from_scratch:static", "/models/mine", "./mine", "a/b/c", "mine"):
        assert not is_hub_name(name)
    assert public_name("models/mine+CrossSampler()") == "mine+CrossSampler()"
    assert public_name("intfloat/e5+CrossSampler()") == "intfloat/e5+CrossSampler()"
    assert public_name("from_scratch:static") == "from_scratch:static"


def test_without_paths():
    assert without_paths(
        {"start": "../models/mine", "n": 1, "arguments": {"logging_dir": "/home/me/runs", "hub_token": "hf_secret"},
         "log": [{"note": "~/data/pairs.jsonl", "share": "a/b"}]}
    ) == {"start": "mine", "n": 1, "arguments": {"logging_dir": "runs"},
          "log": [{"note": "pairs.jsonl", "share": "a/b"}]}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An encoder loaded from a folder, trained on atlas and saved; then loaded and saved again."""
    home = tmp_path_factory.mktemp("trained")
    pairs = ph.ParallelPairs.from_irds("atlas/train")
    start = ph.DenseEncoder.from_scratch(pairs.texts(limit=300), dim=8, vocab_size=800, verbose=False)
    start = ph.DenseEncoder(start.save(home / "start"), verbose=False)
    ph.train(start, pairs, ph.HybridSampler(alpha=0.25), batch_size=8, max_steps=2, verbose=False, output=home / "out")
    ph.DenseEncoder(home / "out").save(home / "again", licence="mit")
    return home


@pytest.mark.parametrize("name", ["out", "again"])
def test_a_trained_encoder(trained, name):
    card = (trained / name / "README.md").read_text(encoding="utf-8")
    assert front(card)["language"] == ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"]
    assert "starting from `start`." in card
    assert "alpha=0.25" in card
    assert "| `batch_size` | 8 |" in card
    assert re.search(r"- at the end \(step 2\): `loss` \d", card)
    assert str(trained) not in card
    assert "base_model" not in front(card)
    assert ph.DenseEncoder(trained / name).training["steps"] == 2


def test_examples_of_the_card_run(trained, tmp_path, monkeypatch):
    pytest.importorskip("sentence_transformers")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "again").symlink_to(trained / "again")
    card = (trained / "again" / "README.md").read_text(encoding="utf-8")
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert set(names["search"].search("Where is Rome").docno) == {"d1", "d2"}
    assert names["model"].similarity(names["queries"], names["documents"]).shape == (1, 2)


def test_training_of_another_program(encoder, tmp_path):
    folder = encoder.save(tmp_path / "other")
    (folder / "training.json").write_text('{"epochs": 3}')
    assert ph.DenseEncoder(folder).training is None
