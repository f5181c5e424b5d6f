"""The commands about the installation: doctor and recipes."""

import pytest
from cli_helpers import run

from pyterrier_hybrid.recipe.library import recipe_file, recipe_names
from pyterrier_hybrid.utils.extras import EXTRAS, install_command


def test_doctor(monkeypatch):
    monkeypatch.setitem(EXTRAS, "thai", EXTRAS["thai"]._replace(modules=("no_such_module",)))
    output = run("doctor", "--timeout", 0)
    assert [line for line in output.splitlines() if not line.startswith(" ")] == [
        "Versions", "Devices", "Caches", "Network", "Optional parts",
    ]  # fmt: skip
    lines = dict(line.split(maxsplit=1) for line in output.splitlines() if line.startswith("  "))
    assert lines["thai"] == "missing: pip install 'pythainlp>=5' (perturbations of Thai words)"
    assert lines["opencc"].startswith("installed") and lines["raw.githubusercontent.com"].startswith("not asked")
    assert "free" in lines["HF_HOME"] and "encoders run on" in lines["default"]


def test_doctor_names_a_host_that_does_not_answer(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("pyterrier_hybrid.cli.doctor.urlopen", refuse)
    assert "not reachable: no route to host" in run("doctor")


@pytest.mark.parametrize("name", EXTRAS)
def test_commands_install_the_requirements_without_their_markers(name):
    command = install_command(name)
    assert command.startswith("pip install '") and ";" not in command and command.endswith("'")


def test_recipes():
    listed = run("recipes").splitlines()
    assert [line.split()[0] for line in listed] == recipe_names()
    assert all(line.endswith(".") for line in listed), "whole sentences"
    assert run("recipes", "laptop") == recipe_file("laptop").read_text(encoding="utf-8")
    assert "did you mean 'laptop'?" in run("recipes", "labtop", code=1)


def test_a_misspelt_recipe():
    output = run("train", "labtop", code=2)
    assert "no recipe of this name (did you mean 'laptop'?)" in output
