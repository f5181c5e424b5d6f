"""The package as a whole: light to import, all public names."""

import subprocess
import sys

import pytest

import pyterrier_hybrid as ph


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.processes
def test_importing_loads_nothing_heavy():
    heavy = "{'torch', 'transformers', 'faiss', 'pandas', 'pyterrier', 'ir_datasets', 'matplotlib'}"
    assert run(f"import sys, pyterrier_hybrid; print(*({heavy} & set(sys.modules)))") == []


@pytest.mark.processes
def test_planning_and_bm25_need_no_torch():
    names = "ph.HybridSampler, ph.ParallelPairs, ph.BM25Index"
    assert run(f"import sys, pyterrier_hybrid as ph; {names}; print('torch' in sys.modules)") == ["False"]


@pytest.mark.parametrize("name", ph.__all__)
def test_public_names_exist_and_are_documented(name):
    assert getattr(ph, name).__doc__
    assert name in dir(ph)


def test_unknown_names_are_not_attributes():
    with pytest.raises(AttributeError, match="Encoder"):
        ph.Encoder  # noqa: B018
