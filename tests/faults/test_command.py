"""Faults of the command and of recipes: full disks, missing options, misspelt names, hostile recipes, other systems."""

import ast
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

import pyterrier_hybrid as ph
from pyterrier_hybrid import retrieval, training
from pyterrier_hybrid.cli import main
from pyterrier_hybrid.cli.options import errors_in_one_line
from pyterrier_hybrid.recipe import Recipe
from pyterrier_hybrid.recipe.yaml import read_yaml
from pyterrier_hybrid.utils.files import is_folder_name
from pyterrier_hybrid.utils.suggestions import closest, did_you_mean_language

BASE = "name: small\nencoder: model\npairs: {sources: [atlas/train]}\n"
PACKAGE = Path(ph.__file__).parent


def run(*args):
    """Run the command and return its exit code and output, which must be one line if it failed."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def recipe(tmp_path):
    def write(text):
        path = tmp_path / "recipe.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return path

    return write


# Errors in one line


class OtherError(Exception):
    """An error of a library, such as safetensors' own."""


def chained():
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError as error:
        raise OtherError("cannot write") from error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "x.bin"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (OtherError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (RuntimeError("[enforce fail] No space left on device"), "the disk is full"),
        (OSError("7488 requested and 3968 written"), "the disk is full"),
        (MemoryError(), "not enough memory"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "Permission denied: '/x': change the permissions"),
        (ConnectionError("x cannot be downloaded"), "x cannot be downloaded"),
        (ValueError("two\nlines"), "two"),
    ],
)
def test_errors_of_the_system_are_one_line_that_says_what_to_do(error, message):
    with pytest.raises(click.ClickException, match=message):
        with errors_in_one_line():
            raise error


def test_full_disk_behind_another_error_and_bugs():
    with pytest.raises(click.ClickException, match="the disk is full"):
        with errors_in_one_line():
            chained()
    for bug in (KeyError("x"), RuntimeError("x"), OtherError("x"), AttributeError("x")):
        with pytest.raises(type(bug)):
            with errors_in_one_line():
                raise bug


@pytest.mark.parametrize("command", ["datasets", "pairs convert atlas/train --output out.jsonl", "compare --no-train"])
def test_full_disk_anywhere_in_a_command(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyterrier_hybrid.datasets.family", full)
    monkeypatch.setattr("pyterrier_hybrid.utils.files.os.replace", full)
    monkeypatch.setattr("pyterrier_hybrid.cli.app.datasets.families", full)
    code, output = run(*command.split())
    assert code == 1 and output.startswith("Error: the disk is full") and output.count("\n") == 1


@pytest.mark.processes
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_does_not_fit():
    program = "from pyterrier_hybrid.cli import main; main(['datasets'])"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr and "Traceback" not in done.stderr


def test_interruption_is_one_line(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyterrier_hybrid.cli.app.datasets.families", interrupt)
    code, output = run("datasets")
    assert code == 130 and output.strip().splitlines()[-1] == "Interrupted" and "Traceback" not in output


# Missing options and misspelt names


@pytest.mark.parametrize("command", ["train", "compare", "sweep"])
@pytest.mark.parametrize("source", ["pairs.jsonl", "pairs.jsonl.gz", "folder", "atlas/train", "missing.parquet"])
def test_forgotten_pairs_option(command, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.jsonl").write_text("{}")
    (tmp_path / "pairs.jsonl.gz").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for sources in ([source], [source, "more.jsonl"]):
        code, output = run(command, *sources, "--output", "out")
        assert code == 2 and f"write --pairs {source}" in output and output.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "suggestion"),
    [
        ("trian", "train"),
        ("pairs stat", "stats"),
        ("train --piars x.jsonl", "--pairs"),
        ("datasets xquad", "xquad-r"),
        ("compare --dataset atlass", "atlas"),
        ("compare --kinds mon", "mono"),
        ("compare --debias centering", "centring"),
        ("compare --fuse reciprocal", "reciprocal-rank"),
        ("compare --test randomization", "randomisation"),
        ("compare --eval-languages de-AT", "de"),
        ("compare --baseline hybrid --no-mdpr", "Hybrid"),
        ("compare --samplers hybird", "hybrid"),
        ("train --dtype bfloat --pairs atlas/train", "bfloat16"),
        ("train --pairs atlsa --output x", "atlas"),
    ],
)
def test_misspelt_words_get_a_suggestion(command, suggestion, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, output = run(*command.split())
    assert code in (1, 2) and output.strip().count("\n") == 0
    assert re.search(rf"[Dd]id you mean '?{suggestion}'?", output), output


@pytest.mark.parametrize(
    ("package", "name", "suggestion"),
    [
        (ph, "DenseEncodr", "DenseEncoder"),
        (ph, "denseencoder", "DenseEncoder"),
        (ph, "HybridSampeler", "HybridSampler"),
        (ph, "LanguageExperimnt", "LanguageExperiment"),
        (retrieval, "FaisIndex", "FaissIndex"),
        (training, "trian", "train"),
    ],
)
def test_misspelt_public_names_get_a_suggestion(package, name, suggestion):
    with pytest.raises(AttributeError, match=rf"has no attribute '{name}' \(did you mean '{suggestion}'\?\)"):
        getattr(package, name)
    with pytest.raises(ImportError):
        exec(f"from {package.__name__} import {name}")


def test_names_that_nothing_is_close_to_get_no_suggestion():
    assert not hasattr(ph, "__wrapped__") and not hasattr(ph, "xyzzy")
    with pytest.raises(AttributeError) as error:
        ph.xyzzy  # noqa: B018
    assert "did you mean" not in str(error.value)
    assert closest("x" * 100_000, ["alpha"]) is None and closest(3, ["alpha"]) is None
    assert did_you_mean_language(None, ["de"]) == ""


# Recipes


def bomb(letters="abcdefghij"):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip(letters, letters[1:], strict=False):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


def merge_bomb(letters="abcdefghij"):
    lines = ["a: &a {x: 1, y: 2}"]
    for before, name in zip(letters, letters[1:], strict=False):
        lines.append(f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(), "line .*, column .*: the file stands for more than 100,000 values"),
        (merge_bomb(), "line .*, column .*: the file stands for more than 100,000 values"),
        ("[" * 100_000, "line 1, column 51: lists and mappings are nested more than 50 deep"),
        ("{a: " * 10_000, "line 1, column .*: lists and mappings are nested more than 50 deep"),
        ("".join(" " * depth + "-\n" for depth in range(500)), "nested more than 50 deep"),
        ("a: " + "x" * 1_000_000, "larger than 300,000 bytes"),
        ("a: &a {<<: *a}", "contains it"),
        ("a: &a [*a]", "contains it"),
        ("a: &a {b: &b {<<: *a}}", "contains it"),
        ("seed: " + "9" * 5000, "line 1, column 7: '9*' cannot be read as int"),
        ("a: !!int x", "line 1, column 4: 'x' cannot be read as int"),
        ("a: !!float x", "line 1, column 4: 'x' cannot be read as float"),
        ("a: !!bool maybe", "line 1, column 4: 'maybe' cannot be read as bool"),
        ("a: !!timestamp x", "line 1, column 4: 'x' cannot be read as timestamp"),
        ("a: !!timestamp 2020-01-01", "line 1, column 4: '2020-01-01' is not a plain value"),
        ("a: !!binary aGk=", "line 1, column 4: .* is not a plain value"),
        ("a: !!set {b}", "line 1, column 4: "),
        ("a: !!omap [b: 1]", "line 1, column 4: "),
        ("a: !!python/object/apply:os.system ['ls']", "line 1, column 4: "),
        ("? [1]\n: 2", "line 1, column 3: "),
        ('a: "\\ud800"', "line 1, column 4: .*half of a surrogate pair"),
        ('"\\udc00": 1', "line 1, column 1: .*half of a surrogate pair"),
        ("a: b\nc: \0", "'.x00' at line 2, column 4, cannot be in a YAML file"),
        (BASE.encode("utf-16"), "line 1: not UTF-8 at byte 0"),
        ("a: b\nc: ä\n".encode("latin-1"), "line 2: not UTF-8 at byte 8"),
        ("a: [1", "line 1, column 6: "),
        ("a: *b", "line 1, column 4: "),
        ("a: 1\na: 2", "line 2, column 1: the key 'a' occurs twice"),
        ("a: 1\n--- \nb: 1", "line 2, column 1: "),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_hostile_and_damaged_recipes(recipe, text, message):
    path = recipe(text)
    with pytest.raises(ValueError, match=message) as error:
        Recipe.from_file(path)
    assert str(error.value).startswith(str(path)) and len(str(error.value)) < 600


def test_every_damage_of_a_recipe_is_a_value_error_that_names_the_file(recipe):
    content = (
        b'name: small\nencoder: {from_scratch: static}\npairs: &p {sources: [atlas/train]}\nx: [*p, 1e3, "a\\n"]\n'
    )
    random = np.random.default_rng(0)
    damaged = [content[:end] for end in range(len(content))]
    for _ in range(300):
        changed = bytearray(content)
        for position in random.integers(0, len(content), 3):
            changed[position] = random.integers(0, 256)
        damaged.append(bytes(changed))
    for text in damaged:
        path = recipe(text)
        try:
            read_yaml(path)
        except ValueError as error:
            assert str(path) in str(error)


def test_device_as_recipe_ends():
    if os.path.exists("/dev/zero"):
        with pytest.raises(ValueError, match="larger than"):
            read_yaml(Path("/dev/zero"))


def test_aliases_and_merges_of_a_normal_size_still_work(recipe):
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, *a]\nd: {<<: [*a, {z: 4}]}\n"
    value, positions = read_yaml(recipe(text))
    assert value == {
        "a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": [{"x": 1, "y": 2}] * 2, "d": {"x": 1, "y": 2, "z": 4},
    }  # fmt: skip
    assert positions["c", 1] == (1, 8) or positions["c", 1][0] in (1, 3)


def make(**fields):
    return Recipe(**{"name": "a", "encoder": "model", "pairs": {"sources": ["atlas/train"]}, **fields})


def test_numpy_values_in_a_recipe_are_those_of_python():
    recipe = make(
        name=np.str_("a"),
        encoder={"from_scratch": "static", "dim": np.int64(8)},
        pairs={"sources": np.array(["atlas/train"]), "languages": np.array(["de", "en"])},
        sampler={"name": "hybrid", "alpha": np.float64(0.5), "dataset_weights": {"x": np.float32(0.5)}},
        training={"learning_rate": np.float64(0.1), "max_steps": np.int32(3), "symmetric": np.bool_(True)},
        validation={"hold_out": np.float64(0.25)},
        seed=np.uint8(3),
    )
    expected = make(
        encoder={"from_scratch": "static", "dim": 8},
        pairs={"sources": ["atlas/train"], "languages": ["de", "en"]},
        sampler={"name": "hybrid", "alpha": 0.5, "dataset_weights": {"x": 0.5}},
        training={"learning_rate": 0.1, "max_steps": 3, "symmetric": True},
        validation={"hold_out": 0.25},
        seed=3,
    )
    assert recipe == expected and recipe.to_yaml() == expected.to_yaml()
    assert type(recipe.seed) is int and type(recipe.training["symmetric"]) is bool


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", lambda: None, 1j])
def test_values_that_no_file_can_hold_are_refused_before_training(value):
    for fields in ({"training": {"max_steps": value}}, {"sampler": {"name": "hybrid", "alpha": value}}):
        with pytest.raises(ValueError, match="field '(training.max_steps|sampler.alpha)': .* give a plain value"):
            make(**fields)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"experiment": "atlass"}, "did you mean 'atlas'"),
        ({"experiment": "atlas", "measure": "ap"}, "did you mean 'AP'"),
        ({"experiment": "atlas", "kinds": ["mon"]}, "did you mean 'mono'"),
        ({"experiment": "atlas", "languages": ["de-AT"]}, "did you mean 'de'"),
        ({"hold_out": 0.1, "measure": "RankDistance"}, "less is better|lower"),
        ({"hold_out": 0.1, "kinds": ["mon"]}, "did you mean 'mono'"),
        ({"holdout": 0.1}, "did you mean hold_out"),
    ],
)
def test_validation_is_checked_before_pairs_are_read(validation, message):
    with pytest.raises(ValueError, match=f"field 'validation.*': .*{message}"):
        make(validation=validation)


@pytest.mark.parametrize(
    ("fields", "suggestion"),
    [
        ({"pairs": {"sources": [{"jsnl": "x"}]}}, "jsonl"),
        ({"pairs": {"source": ["x"]}}, "sources"),
        ({"training": {"max_stps": 1}}, "max_steps"),
        ({"encoder": {"from_scrach": "static"}}, "from_scratch"),
        ({"sampler": "Hybird"}, "hybrid"),
        ({"sampler": {"name": "hybrid", "alfa": 0.5}}, "alpha"),
    ],
)
def test_misspelt_fields_get_a_suggestion(fields, suggestion):
    with pytest.raises(ValueError, match=f"did you mean {suggestion}"):
        make(**fields)


# Other systems


@pytest.mark.parametrize(
    ("name", "linux", "windows"),
    [
        ("a name", True, True), ("ü", True, True), ("a:b", True, False), ("con", True, False), ("NUL.txt", True, False),
        ("a?", True, False), ("a.", True, False), ("a ", True, False), ("console", True, True), ("a/b", False, False),
        ("a\\b", False, False), (".a", False, False), ("..", False, False), ("", False, False), ("a\nb", False, False),
        ("a\0b", False, False), ("\ud800", False, False), ("x" * 300, False, False),
    ],
)  # fmt: skip
def test_folder_names(name, linux, windows):
    assert (is_folder_name(name, windows=False), is_folder_name(name, windows=True)) == (linux, windows)


def test_no_module_imports_what_only_unix_has():
    unix = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "posix", "syslog", "crypt"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            assert not {name.split(".")[0] for name in names} & unix, path


def test_files_are_opened_with_an_encoding():
    """The default encoding is not UTF-8 on every system."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if name in ("read_text", "write_text"):
                    keywords = [keyword.arg for keyword in node.keywords]
                    assert "encoding" in keywords or len(node.args) > (name == "write_text"), (path, node.lineno)
