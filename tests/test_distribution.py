"""The distributions: both are built, the wheel from the source distribution, and it is used far from the sources."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from pyterrier_hybrid.utils.extras import EXTRAS

ROOT = Path(__file__).parents[1]
BUILD = "import sys, setuptools.build_meta as build; print(getattr(build, sys.argv[1])(sys.argv[2]))"
pytestmark = pytest.mark.processes


def run(*command, **options):
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The unpacked source distribution."""
    tree, folder = tmp_path_factory.mktemp("tree") / "tree", tmp_path_factory.mktemp("sdist")
    hidden = shutil.ignore_patterns(
        ".git", ".venv", "*.egg-info", "build", "dist", "__pycache__", "compare-*", ".*_cache"
    )
    shutil.copytree(ROOT, tree, ignore=hidden)
    name = run(sys.executable, "-c", BUILD, "build_sdist", folder, cwd=tree).splitlines()[-1]
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder, filter="data")
    return folder / name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The wheel, built from the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    return folder / run(sys.executable, "-c", BUILD, "build_wheel", folder, cwd=source).splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A function that runs a program with the installed wheel, in an empty folder."""
    target, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", target, wheel)
    homes = {name: str(folder) for name in ("IR_DATASETS_HOME", "PYTERRIER_HOME", "HF_HOME")}
    environment = {**os.environ, **homes, "PYTHONPATH": str(target), "HF_HUB_OFFLINE": "1"}

    def use(program, *args):
        program = target / "bin" / program if program == "pyterrier-hybrid" else program
        return run(program, *args, cwd=folder, env=environment)

    use.target, use.folder = target, folder
    return use


def files_below(folder, pattern="*"):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def test_the_wheel_has_all_files_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert names == {f"pyterrier_hybrid/{name}" for name in files_below(ROOT / "pyterrier_hybrid")}
    assert {
        "pyterrier_hybrid/py.typed",
        "pyterrier_hybrid/__init__.pyi",
        "pyterrier_hybrid/recipes/laptop.yaml",
        "pyterrier_hybrid/pt_docs/index.rst",
    } < names


@pytest.mark.parametrize("folder", ["tests", "docs", "notebooks", "benchmarks"])
def test_the_source_distribution_has_tests_and_documentation(source, folder):
    assert files_below(source / folder) == files_below(ROOT / folder)
    assert all((source / name).exists() for name in ("constraints.txt", "CHANGELOG.md", "LICENSE", ".ci/run"))


def test_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
        assert name.replace("METADATA", "licenses/LICENSE") in archive.namelist()
    assert set(metadata.get_all("Provides-Extra")) == {*EXTRAS, "docs", "test", "dev"}
    assert metadata["Description-Content-Type"] == "text/markdown" and metadata["Requires-Python"] == ">=3.10,<3.13"
    # On PyPI, only absolute links lead somewhere.
    assert re.findall(r"\]\((?!https?://)", metadata.get_payload()) == []
    assert "https://arxiv.org/abs/2408.10536" in metadata.get_payload()


def test_the_installed_package(installed):
    code = (
        "import pyterrier as pt, pyterrier_hybrid as ph\n"
        "from importlib.metadata import entry_points\n"
        "print(ph.__file__, ph.Recipe.from_file('laptop').name)\n"
        "print(pt.get_dataset('irds:atlas/de/test').irds_ref().queries_count())\n"
        "print('hybrid' in entry_points(group='pyterrier.modules').names)\n"
    )
    path, recipe, queries, registered = installed(sys.executable, "-c", code).split()
    assert Path(path).is_relative_to(installed.target)
    assert (recipe, registered) == ("laptop", "True") and int(queries) > 0


def test_the_installed_command(installed):
    assert "atlas" in installed("pyterrier-hybrid", "datasets")
    recipes = installed("pyterrier-hybrid", "recipes").splitlines()
    assert len(recipes) == len(files_below(ROOT / "pyterrier_hybrid" / "recipes"))
    installed(
        "pyterrier-hybrid", "train", "atlas", "--languages", "de", "en", "--steps", "2", "--dim", "8", "--vocab-size",
        "300", "--batch-size", "8",
    )  # fmt: skip
    # The recipe of the output has the template's model card beside it.
    assert {"recipe.yaml", "README.md", "modules.json"} < files_below(installed.folder / "atlas")
