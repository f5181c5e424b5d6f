"""Comparisons that were killed resume when the same command is given again, and end with the same figures."""

import fcntl
import json

import compare_job
import pandas as pd
import pytest
from cli_helpers import run
from process_helpers import run_job

COMPARE = [
    "compare", "--pairs", "pairs.jsonl", "--steps", "4", "--save-steps", "2", "--dim", "8", "--vocab-size", "1000",
    "--batch-size", "8", "--samplers", "cross", "hybrid", "--eval-languages", "de", "en", "--kinds", "mono",
    "--no-mdpr", "--fuse", "--output",
]  # fmt: skip


pytestmark = pytest.mark.usefixtures("pairs_in_the_working_folder")


def killed(event, number, *args):
    code, output = run_job(compare_job.compare, event, number, *args)
    assert code == -9, output
    return output


@pytest.mark.slow
@pytest.mark.processes
def test_killed_in_training_and_in_evaluation_is_as_if_it_was_not(tmp_path, monkeypatch):
    folder, whole = tmp_path / "killed" / "r", tmp_path / "whole" / "r"
    # The second training dies in its fourth step, after a checkpoint.
    killed("step", 8, *COMPARE, folder)
    assert (folder / "models" / "X-Y").exists() and not (folder / "models" / "Hybrid").exists()
    assert not (folder / "means.csv").exists()
    output = killed("setting", 5, *COMPARE, folder)
    assert "resuming " in output and "resuming at step 2 of 4" in output
    assert (folder / "models" / "Hybrid").exists()
    assert sum(1 for _ in (folder / "unfinished" / "cache" / "ranks").rglob("*.npy")) == 4
    monkeypatch.setattr("transformers.Trainer.train", lambda *_, **__: pytest.fail("it was trained again"))
    run(*COMPARE, folder)
    monkeypatch.undo()
    run(*COMPARE, whole)
    names = [{path.name for path in place.iterdir()} for place in (folder, whole)]
    assert names[0] == names[1] and "unfinished" not in names[0]
    assert {path.name for path in (folder / "models").iterdir()} == {"X-Y", "Hybrid"}
    for name in ("settings.csv", "models/Hybrid/0_StaticEmbedding/model.safetensors", "models/Hybrid/recipe.yaml"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert "exists" in run(*COMPARE, folder, code=2)


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """A comparison that was interrupted after its first training."""
    folder = tmp_path / "begun"
    with monkeypatch.context() as patched:
        patched.setattr("pyterrier_hybrid.LanguageExperiment", _interrupt)
        output = run(*COMPARE, folder, code=130)
    assert output.splitlines()[-1] == f"Interrupted: rerun the same command with --output {folder} to resume"
    return folder


def _interrupt(*_, **__):
    raise KeyboardInterrupt


def test_other_options_are_refused(begun):
    other = [arg if arg != "4" else "6" for arg in COMPARE]
    output = run(*other, begun, code=1)
    assert len(output.splitlines()) == 1
    assert "begun holds an unfinished comparison with steps '4', not '6': give the same options to resume" in output
    output = run(*COMPARE, begun, "--debias", "lir", "centring", code=1)
    assert "with debias '', not 'lir centring'" in output
    (begun.parent / "a.yaml").write_text("name: a\nencoder: {from_scratch: static}\npairs: {sources: [pairs.jsonl]}\n")
    assert "with another recipe: give the same options" in run(*COMPARE, begun, begun.parent / "a.yaml", code=1)


def test_other_documents_are_refused(tmp_path, monkeypatch):
    document, query = {"docno": "r1", "text": "Rom", "lang": "de"}, {"qid": "1", "query": "Rom?", "lang": "de"}
    for number in (1, 2):
        (tmp_path / f"docs{number}.jsonl").write_text(json.dumps(document) + "\n")
        (tmp_path / f"queries{number}.jsonl").write_text(json.dumps(query | {"docno": "r1"}) + "\n")
    options = [arg for arg in COMPARE[:-1] if arg not in ("--eval-languages", "de", "en")]

    def command(number):
        files = ["--corpus", tmp_path / f"docs{number}.jsonl", "--queries", tmp_path / f"queries{number}.jsonl"]
        return [*options, *files, "--output", tmp_path / "r"]

    with monkeypatch.context() as patched:
        patched.setattr("pyterrier_hybrid.LanguageExperiment", _interrupt)
        run(*command(1), code=130)
    (tmp_path / "docs1.jsonl").write_text(json.dumps(document | {"text": "Roma"}) + "\n")
    assert "comparison with other documents, queries or judgements in its files" in run(*command(1), code=1)
    # Two long paths are not printed.
    refused = run(*command(2), code=1)
    assert f"with corpus '{tmp_path}/docs1.jsonl', not" in refused or "with another corpus: give the same" in refused


def test_other_pairs_are_refused(begun):
    path = begun / "models" / "X-Y" / "training.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "pairs": "others"}))
    assert "X-Y was trained on other pairs than these" in run(*COMPARE, begun, code=1)


@pytest.mark.slow
def test_what_a_kill_left_beside_a_model_is_tidied_up(begun):
    """Between its folder and its recipe, and before its checkpoints went."""
    (begun / "models" / "X-Y" / "recipe.yaml").unlink()
    (begun / "models" / "X-Y.checkpoints" / "checkpoint-4").mkdir(parents=True)
    run(*COMPARE, begun)
    assert (begun / "models" / "X-Y" / "recipe.yaml").exists()
    assert {path.name for path in (begun / "models").iterdir()} == {"X-Y", "Hybrid"}
    assert list(pd.read_csv(begun / "means.csv").system.unique())[:3] == ["BM25", "X-Y", "Hybrid"]


def test_two_processes_do_not_share_a_folder(begun):
    with open(begun / "unfinished" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is being written by another process" in run(*COMPARE, begun, code=1)
    assert (begun / "models" / "Hybrid").exists()


@pytest.mark.slow
def test_nothing_made_nothing_left(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("pyterrier_hybrid.Recipe.load_pairs", _interrupt)
        assert run(*COMPARE, tmp_path / "r", code=130).splitlines()[-1] == "Interrupted"
    assert not (tmp_path / "r").exists()
    # A kill may leave the options alone: these bind nobody.
    (tmp_path / "r" / "unfinished").mkdir(parents=True)
    (tmp_path / "r" / "unfinished" / "options.json").write_text('{"steps": 9}')
    run(*COMPARE, tmp_path / "r")
