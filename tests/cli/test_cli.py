"""The command: its files, its table, its errors."""

import json

import pandas as pd
import pytest
import torch
from cli_helpers import run
from transformers import BertConfig, BertModel, BertTokenizerFast

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli import MDPR

SMALL = ["--steps", "3", "--dim", "16", "--vocab-size", "2000", "--batch-size", "16"]


@pytest.fixture(scope="module")
def tiny_mdpr(tmp_path_factory):
    """A random checkpoint of mDPR's form: BERT with a pooler, WordPiece, no sentence-transformers files."""
    folder = tmp_path_factory.mktemp("mdpr")
    words = "[PAD] [UNK] [CLS] [SEP] [MASK]".split() + list("abcdefghijklmnopqrstuvwxyz")
    words += [f"##{letter}" for letter in "aeinrst"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "result"
    return folder, run("compare", *SMALL, "--output", folder)


@pytest.mark.slow
def test_compare_writes_everything_and_prints_the_table(compared):
    folder, output = compared
    names = ["BM25", "X-X-mono", "X-Y", "Hybrid"]
    expected = {"means.csv", "settings.csv", "table.csv", "table.md", "table.tex", "report.html", "run.json", "models"}
    expected |= {"classes.csv", "ranks.csv", "limits.csv", "differences.csv", "document-languages.csv", "results.json"}
    pictures = {f"heatmap-{name}.{ending}" for name in names for ending in ("png", "svg")}
    assert {path.name for path in folder.iterdir()} == expected | pictures
    assert {path.name for path in (folder / "models").iterdir()} == set(names[1:])
    means = pd.read_csv(folder / "means.csv")
    assert list(means.columns) == ["system", "kind", "measure", "value"]
    assert list(means.system.unique()) == names
    assert set(zip(means.measure, means.kind, strict=True)) == {
        *((measure, kind) for measure in ("AP", "R@1", "R@10") for kind in ("mono", "cross", "multi")),
        ("RankDistance", "multi"),
    }
    settings = pd.read_csv(folder / "settings.csv")
    assert len(settings[(settings.system == "Hybrid") & (settings.measure == "AP")]) == 11 + 110 + 11
    for name in names:
        value = means.set_index(["system", "measure", "kind"]).value[name, "AP", "mono"]
        assert any(line.startswith(name) and f"{value:.3f}" in line for line in output.splitlines())
    assert "R@1 Mul. at most .091" in output
    assert output.index("mDPR was left out") > output.index("BM25  ") and "--mdpr" in output
    note = ph.datasets.family("atlas").note
    assert note in output and note in (folder / "report.html").read_text()


@pytest.mark.slow
def test_compare_records_what_it_did(compared):
    folder, _ = compared
    record = json.loads((folder / "run.json").read_text())
    assert record["options"]["steps"] == 3
    assert record["systems"]["X-Y"]["sampler"].startswith("CrossSampler(")
    assert {"torch", "pyterrier", "python"} <= set(record["versions"])
    assert record["versions"]["atlas"] == ph.datasets.family("atlas").version


@pytest.mark.slow
def test_compared_models_share_their_start_and_open_again(compared):
    folder, _ = compared
    records = [json.loads((path / "training.json").read_text()) for path in (folder / "models").iterdir()]
    assert len({json.dumps([record["start"], record["seed"], record["steps"]]) for record in records}) == 1
    assert ph.DenseEncoder(folder / "models" / "Hybrid").encode_queries(["a"]).shape == (1, 16)


@pytest.mark.slow
def test_mdpr_by_folder(tmp_path, tiny_mdpr):
    run("compare", "--no-train", "--encoder", tiny_mdpr, "--mdpr", tiny_mdpr, "--no-bm25", "--output", tmp_path / "r")
    means = pd.read_csv(tmp_path / "r" / "means.csv")
    assert list(means.system.unique()) == ["mDPR", tiny_mdpr.name]
    # Another pooling and other scores are another system.
    ap = means[(means.measure == "AP") & (means.kind == "mono")].value
    assert ap.iloc[0] != ap.iloc[1]


def test_requested_mdpr_that_is_not_available_is_an_error(tmp_path):
    output = run("compare", *SMALL, "--no-bm25", "--mdpr", "--output", tmp_path / "r", code=1)
    assert output.count("\n") == 1 and MDPR in output
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_options_with_several_values(tmp_path, pairs_file):
    output = run(
        "compare", "--samplers", "X-Y", "hybrid", "--pairs", pairs_file, "--languages", "de", "en", "--alpha", "0.25",
        "--weight", "atlas/*=2", *SMALL, "--no-bm25", "--no-mdpr", "--output", tmp_path / "r",
    )  # fmt: skip
    assert "left out" not in output
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert list(record["systems"]) == ["X-Y", "Hybrid"]
    assert "alpha=0.25" in record["systems"]["Hybrid"]["sampler"]
    assert record["systems"]["X-Y"]["languages"] == ["de", "en"]


def test_train_holds_out_pairs(tmp_path, pairs_file):
    run("train", "--pairs", pairs_file, "--hold-out", "0.1", *SMALL, "--sampler", "mono", "--output", tmp_path / "m")
    record = json.loads((tmp_path / "m" / "training.json").read_text())
    assert record["sampler"].startswith("MonoSampler")
    assert any("eval_loss" in entry for entry in record["log"])


def test_train_checks_for_leaks(tmp_path, pairs_file):
    command = ["train", "--pairs", pairs_file, *SMALL, "--output"]
    output = run(*command, tmp_path / "one")
    assert (
        "not checked for texts of any evaluation set: results may not be zero-shot; --without-leaks xquad-r" in output
    )
    assert json.loads((tmp_path / "one" / "leaks.json").read_text()) == []
    assert "No leak check was recorded" in (tmp_path / "one" / "README.md").read_text()
    output = run(*command, tmp_path / "two", "--without-leaks", "atlas/el/test", "atlas/hi/test")
    assert "not checked" not in output
    (check,) = json.loads((tmp_path / "two" / "leaks.json").read_text())
    assert check["evaluation"] == ["atlas/el/test", "atlas/hi/test"] and check["options"]["min_similarity"] == 0.6
    assert "Checked for texts of atlas/el/test, atlas/hi/test: " in (tmp_path / "two" / "README.md").read_text()


@pytest.mark.parametrize(
    ("sources", "checked", "datasets", "message"),
    [
        (["atlas/train"], [], None, ""),
        (["atlas/train"], [], ["atlas"], ""),
        (["atlas/train"], [], ["atlas", "xquad-r"], "texts of xquad-r: results may not be zero-shot; --without"),
        (["a.jsonl"], [], ["xquad-r", "atlas"], "texts of xquad-r, atlas: "),
        (["a.jsonl"], ["xquad-r"], ["xquad-r", "mlqa-r"], "mlqa-r: results may not be zero-shot; --without-leaks m"),
        (["a.jsonl"], ["xquad-r"], ["xquad-r"], ""),
        (["a.jsonl"], ["xquad-r"], None, ""),
        (["a.jsonl"], [], ["miracl"], "texts of miracl: results may not be zero-shot\n"),
        (["xquad-r"], [], None, "texts of any evaluation set: "),
    ],
)  # fmt: skip
def test_a_warning_without_a_leak_check(sources, checked, datasets, message, capsys):
    from pyterrier_hybrid.cli.recipes import warn_of_leaks
    from pyterrier_hybrid.recipe import Recipe

    pairs = {"sources": sources, **({"without_leaks": checked} if checked else {})}
    warn_of_leaks(Recipe(name="a", encoder="model", pairs=pairs), datasets)
    assert (message in capsys.readouterr().err) if message else (not capsys.readouterr().err)


def test_a_warning_about_a_collection_of_ones_own(capsys):
    from pyterrier_hybrid.cli.recipes import warn_of_leaks
    from pyterrier_hybrid.recipe import Recipe

    query = {"qid": "1", "query": "Rom?", "lang": "de", "docno": "r"}
    own = ph.family_from([{"docno": "r", "text": "Rom", "lang": "de"}], [query])
    warn_of_leaks(Recipe(name="a", encoder="model", pairs={"sources": ["a.jsonl"]}), ["own"], own=own)
    assert "texts of own: " in (warned := capsys.readouterr().err) and "ph.find_leaks(pairs, [family])" in warned


def test_train_a_transformer_and_continue_from_it(tmp_path, pairs_file):
    run("train", "--pairs", pairs_file, "--encoder", "transformer", *SMALL, "--output", tmp_path / "one")
    run("train", "--pairs", "atlas/train", "--encoder", tmp_path / "one", *SMALL, "--output", tmp_path / ".two")
    assert ph.DenseEncoder(tmp_path / ".two").dim == 16


def test_datasets():
    lines = run("datasets").splitlines()
    assert [line.split()[:4] for line in lines[:3]] == [
        ["xquad-r", "134", "IDs", "13,014"], ["mlqa-r", "58", "IDs", "20,534"], ["atlas", "267", "IDs", "10,956"],
    ]  # fmt: skip
    assert "miracl" in [line.split()[0] for line in lines]
    assert "xquad-r/multi/ar" in run("datasets", "xquad-r").splitlines()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["compare", "--dataset", "squad"], "xquad-r, mlqa-r, atlas"),
        (["compare", "--dataset", "xquad-r"], "--pairs"),
        (["compare", "--samplers", "random"], "mono, cross, hybrid"),
        (["compare", "--alpha", "1.5"], "1.5"),
        (["compare", "--no-train", "--no-bm25"], "--encoder"),
        (["compare", "--no-train", "--encoder", "static"], "--encoder"),
        (["compare", "--output", "."], "exists"),
        (["compare", "--steps", "many"], "many"),
        (["compare", "--weight", "x"], "PATTERN=NUMBER"),
        (["compare", "--mdpr", "--no-mdpr"], "exclude"),
        (["compare", "--hold-out", "0.1", "--validate-on", "x*"], "exclude"),
        (["train", "--output", "m"], "--pairs"),
        (["train", "--pairs", "atlas/train"], "--output"),
        (["datasets", "squad"], "xquad-r, mlqa-r, atlas"),
        (["fly"], "fly"),
    ],
)
def test_bad_usage(tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    output = run(*args, code=2)
    assert len(output.splitlines()) == 1
    assert message in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"set": "a", "id": "1", "lang": "de", "question": "Was?"}', "line 2, field 'passage'"),
        ('{"set": "a", "id": "1", "lang": "xx", "question": "Was?", "passage": "Das."}', "line 2, field 'lang'"),
        ("{", "line 2: not a JSON object"),
    ],
)
def test_a_broken_pair_file_is_one_line_of_error(tmp_path, pairs_file, content, message):
    path = tmp_path / "broken.jsonl"
    path.write_text(pairs_file.read_text().splitlines()[0] + "\n" + content + "\n")
    output = run("train", "--pairs", path, *SMALL, "--output", tmp_path / "m", code=1)
    assert len(output.splitlines()) == 1
    assert str(path) in output and message in output
    assert not (tmp_path / "m").exists()


def test_without_a_command_it_shows_its_help():
    assert "compare" in run(code=2)
    assert "--samplers" in run("compare", "--help")


def test_interruption_is_one_line(monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyterrier_hybrid.datasets.family", interrupted)
    assert run("datasets", "atlas", code=130).strip() == "Interrupted"


def test_a_missing_file_or_model_is_one_line_of_error(tmp_path, pairs_file):
    assert "nowhere.jsonl" in run("train", "--pairs", "nowhere.jsonl", "--output", tmp_path / "m", code=1)
    output = run("train", "--pairs", pairs_file, "--encoder", tmp_path / "no", "--output", tmp_path / "m", code=1)
    assert len(output.splitlines()) == 1 and "not a folder" in output
