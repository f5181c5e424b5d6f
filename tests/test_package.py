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


@pytest.mark.processes
@pytest.mark.parametrize(
    "name",
    ["datasets.family", "experiment.Corpus", "parallel.Item", "recipe.Recipe", "retrieval.analyzer",
     "training.HybridSampler"],
)  # fmt: skip
def test_rooms_are_there_before_anything_else_was_used(name):
    room, inner = name.split(".")
    code = f"import pyterrier_hybrid as ph; print({room!r} in dir(ph), ph.{name}.__name__)"
    assert run(code) == ["True", inner]


@pytest.mark.parametrize("name", ph.__all__)
def test_public_names_exist_and_are_documented(name):
    assert getattr(ph, name).__doc__
    assert name in dir(ph)


def test_unknown_names_are_not_attributes():
    with pytest.raises(AttributeError, match="Encoder"):
        ph.Encoder  # noqa: B018


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Typing", "perturbation.Typing"),
        ("Item", "parallel.Item"),
        ("corpus", "experiment.Corpus"),
        ("InfoNCE", "training.InfoNCE"),
        ("retrival", "retrieval"),
        ("LanguageExperimnt", "LanguageExperiment"),
    ],
)
def test_names_of_rooms_are_suggested(name, meant):
    with pytest.raises(AttributeError, match=rf"no attribute '{name}' \(did you mean '{meant}'\?\)"):
        getattr(ph, name)


@pytest.mark.processes
def test_a_suggestion_loads_nothing_heavy():
    heavy = "{'torch', 'numpy', 'pandas'}"
    code = f"import sys, pyterrier_hybrid as ph; hasattr(ph, 'Typing'); print(*({heavy} & set(sys.modules)))"
    assert run(code) == []
