"""Atomic writes and locks."""

import os
import subprocess
import sys

import pytest

from pyterrier_hybrid.utils.files import locked, remove_whole, whole_file, whole_folder
from pyterrier_hybrid.utils.inputs import paths_of

# --- files and folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_an_output_that_fails_leaves_nothing(tmp_path, whole):
    with pytest.raises(KeyboardInterrupt), whole(tmp_path / "result.txt") as unfinished:
        (unfinished / "part" if unfinished.is_dir() else unfinished).write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_parent_folders_are_created(tmp_path, whole):
    with whole(tmp_path / "a" / "b" / "result") as unfinished:
        (unfinished / "part" if unfinished.is_dir() else unfinished).write_text("whole")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["result"]


def test_an_output_that_fails_leaves_the_old_one(tmp_path):
    (tmp_path / "result.txt").write_text("old")
    with pytest.raises(OSError, match="disk full"), whole_file(tmp_path / "result.txt") as unfinished:
        unfinished.write_text("half")
        raise OSError("disk full")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_file_is_replaced_and_has_its_suffix_from_the_start(tmp_path):
    (tmp_path / "result.txt").write_text("old")
    with whole_file(tmp_path / "result.txt") as unfinished:
        assert unfinished.parent == tmp_path and unfinished.suffix == ".txt"
        unfinished.write_text("new")
        assert (tmp_path / "result.txt").read_text() == "old"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_a_folder_is_replaced_only_on_request(tmp_path):
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "old").write_text("old")
    with pytest.raises(FileExistsError, match="result exists"), whole_folder(tmp_path / "result"):
        pytest.fail("the work has begun")
    with whole_folder(tmp_path / "result", overwrite=True) as unfinished:
        (unfinished / "new").write_text("new")
        assert (tmp_path / "result" / "old").exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["result", "new"]


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


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        with whole_folder(tmp_path / "result") as unfinished:
            (unfinished / "private").write_text("written by a library for its owner only")
            (unfinished / "private").chmod(0o600)
    finally:
        os.umask(before)
    assert (tmp_path / "result").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "result" / "private").stat().st_mode & 0o777 == 0o644


def test_what_is_removed_is_gone_as_a_whole(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("old")
    for _ in range(2):
        remove_whole(tmp_path / "folder")
        assert list(tmp_path.iterdir()) == []


def test_paths_of_some_files(tmp_path):
    assert paths_of([str(tmp_path / "a"), tmp_path / "b"]) == [tmp_path / "a", tmp_path / "b"]


# --- locks -----------------------------------------------------------------------------------------------------------

HOLD = """
import sys
from pyterrier_hybrid.utils.files import locked
with locked(sys.argv[1], "busy"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_free_again_after_the_block(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyError), locked(tmp_path / "folder" / "lock", "busy"):
            raise KeyError
    with locked(tmp_path / "folder" / "lock", "busy"):
        pass


@pytest.mark.processes
def test_a_lock_that_another_process_holds_is_an_error_until_that_process_dies(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="wait for the other process"):
            with locked(tmp_path / "lock", "wait for the other process"):
                pytest.fail("two processes hold the lock")
        other.kill()
    with locked(tmp_path / "lock", "wait for the other process"):
        pass
