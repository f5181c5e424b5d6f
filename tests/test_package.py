"""The package as a whole: light to import, all public names, no leftovers when an output fails."""

import subprocess
import sys

import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.utils.files import whole_file, whole_folder


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_loads_nothing_heavy():
    heavy = "{'torch', 'transformers', 'faiss', 'pandas', 'pyterrier', 'ir_datasets', 'matplotlib'}"
    assert run(f"import sys, pyterrier_hybrid; print(*({heavy} & set(sys.modules)))") == []


def test_planning_and_bm25_need_no_torch():
    names = "ph.HybridSampler, ph.ParallelPairs, ph.BM25Index"
    assert run(f"import sys, pyterrier_hybrid as ph; {names}; print('torch' in sys.modules)") == ["False"]


@pytest.mark.parametrize("name", ph.__all__)
def test_public_names_exist_and_are_documented(name):
    assert getattr(ph, name).__doc__
    assert name in dir(ph)


def test_unknown_names_are_no_attributes():
    with pytest.raises(AttributeError, match="Encoder"):
        ph.Encoder  # noqa: B018


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_an_output_that_fails_leaves_nothing(tmp_path, whole):
    with pytest.raises(KeyboardInterrupt), whole(tmp_path / "result.txt") as unfinished:
        (unfinished / "part" if unfinished.is_dir() else unfinished).write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_appeared_meanwhile_is_not_replaced(tmp_path):
    with pytest.raises(FileExistsError, match="result exists"), whole_folder(tmp_path / "result"):
        (tmp_path / "result").mkdir()
        (tmp_path / "result" / "other").write_text("of another process")
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
    assert (tmp_path / "result" / "other").exists()


def test_a_link_to_nowhere_is_refused_before_the_work(tmp_path):
    (tmp_path / "result").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="result exists"), whole_folder(tmp_path / "result"):
        pytest.fail("the work has begun")


def test_an_output_that_fails_leaves_the_old_one(tmp_path):
    (tmp_path / "result.txt").write_text("old")
    with pytest.raises(OSError, match="disk full"), whole_file(tmp_path / "result.txt") as unfinished:
        unfinished.write_text("half")
        raise OSError("disk full")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
