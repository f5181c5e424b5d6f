"""Fixtures of the command's tests: a small file of pairs, and a working folder with it."""

import os
import shutil
from pathlib import Path

import pytest

import pyterrier_hybrid as ph


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory):
    """A file of pairs: atlas in two languages."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    ph.ParallelPairs.from_irds("atlas/train").filter(languages=["de", "en"]).to_jsonl(path)
    return path


@pytest.fixture(scope="module")
def pairs_in_the_working_folder(tmp_path_factory, pairs_file):
    """A working folder with ``pairs.jsonl``."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(pairs_file, folder)
    before = Path.cwd()
    os.chdir(folder)
    yield
    os.chdir(before)
