"""Files and folders under kills, failures, races and links: what was there stays, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from pyterrier_hybrid.utils import files
from pyterrier_hybrid.utils.files import put_back, read_whole, scratch_folder, whole_file, whole_folder, writing

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from pyterrier_hybrid.utils import files
kind, path, moment, exchange = sys.argv[1:]
if exchange == "no":
    files._exchange = lambda one, other: False
steps = iter(range(100))
def step(call):
    def wrapped(*args, **options):
        if next(steps) == int(moment):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **options)
    return wrapped
for module, name in ((os, "replace"), (os, "rename"), (os, "listdir"), (files.shutil, "rmtree"), (files, "_discard"),
                     (files, "_try_lock"), (files, "_replace_folder")):
    setattr(module, name, step(getattr(module, name)))
if kind == "folder":
    with files.whole_folder(path, overwrite=True) as folder:
        (folder / "file").write_text("new")
        step(list)()
elif kind == "file":
    with files.whole_file(path) as file:
        file.write_text("new")
        step(list)()
else:
    with files.scratch_folder("faults") as folder:
        (folder / "file").write_text("new")
        step(list)()
print("done", next(steps))
"""


def write_and_die(kind, path, moment, exchange="yes"):
    """Whether the process was killed at its ``moment``-th step."""
    command = [sys.executable, "-c", WRITE_AND_DIE, kind, str(path), str(moment), exchange]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def content(path):
    return (path / "file" if path.is_dir() else path).read_text()


@pytest.mark.processes
@pytest.mark.parametrize(("kind", "exchange"), [("folder", "yes"), ("folder", "no"), ("file", "yes")])
def test_a_writer_killed_at_any_step_loses_nothing_and_the_next_one_leaves_nothing(tmp_path, kind, exchange):
    moment, killed = 0, True
    while killed:
        home = tmp_path / str(moment)
        home.mkdir()
        path = home / "result.x"
        with whole_folder(path) if kind == "folder" else whole_file(path) as unfinished:
            (unfinished / "file" if kind == "folder" else unfinished).write_text("old")
        killed = write_and_die(kind, path, moment, exchange)
        put_back(path)
        assert content(path) in ("old", "new"), moment
        with whole_folder(path, overwrite=True) if kind == "folder" else whole_file(path) as unfinished:
            (unfinished / "file" if kind == "folder" else unfinished).write_text("next")
        assert [file.name for file in home.iterdir()] == ["result.x"], moment
        assert content(path) == "next"
        moment += 1
    assert moment > 5


@pytest.mark.processes
def test_temporary_folders_of_killed_processes_are_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for moment in range(4):
        assert write_and_die("scratch", "-", moment)
    assert list(tmp_path.iterdir())
    with scratch_folder("faults") as living, scratch_folder("faults") as other:
        assert living.exists() and other.exists()
    assert not list(tmp_path.iterdir())


def test_what_earlier_versions_left_of_the_same_path_is_removed_and_put_back(tmp_path):
    (tmp_path / ".result.abcdefgh.old" / "result").mkdir(parents=True)
    (tmp_path / ".result.abcdefgh.old" / "result" / "file").write_text("old")
    (tmp_path / ".result.12345678.unfinished").mkdir()
    (tmp_path / ".other.12345678.unfinished").mkdir()
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "result"):
        pytest.fail("the old one was not put back")
    assert content(tmp_path / "result") == "old"
    # It may be that of a process which is at work.
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.12345678.unfinished", "result"]


def test_the_work_of_living_writers_is_never_swept(tmp_path):
    with whole_folder(tmp_path / "result", overwrite=True) as mine:
        (mine / "file").write_text("mine")
        with whole_file(tmp_path / "other") as file:
            file.write_text("other")
            with whole_folder(tmp_path / "result", overwrite=True) as theirs:
                (theirs / "file").write_text("theirs")
            assert content(tmp_path / "result") == "theirs"
    assert content(tmp_path / "result") == "mine"
    assert content(tmp_path / "other") == "other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "result"]


def test_a_replacement_that_fails_keeps_the_old_folder(tmp_path, monkeypatch):
    with whole_folder(tmp_path / "result") as folder:
        (folder / "file").write_text("old")
    replace = os.replace

    def failing(source, target):
        if Path(target) == tmp_path / "result":
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    with pytest.raises(OSError, match="disk full"), whole_folder(tmp_path / "result", overwrite=True) as folder:
        (folder / "file").write_text("new")
    assert content(tmp_path / "result") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_a_link_stays_and_its_target_is_written(tmp_path):
    target = tmp_path / "disk" / "result"
    with whole_folder(target) as folder:
        (folder / "file").write_text("old")
    (tmp_path / "link").symlink_to(target, target_is_directory=True)
    (tmp_path / "again").symlink_to("link", target_is_directory=True)
    with whole_folder(tmp_path / "again", overwrite=True) as folder:
        assert folder.parent == target.parent, "a rename must not leave the disk"
        (folder / "file").write_text("new")
    (tmp_path / "file").symlink_to(target / "file")
    assert content(target) == "new"
    with whole_file(tmp_path / "file") as file:
        file.write_text("newest")
    assert content(target) == "newest"
    assert all((tmp_path / name).is_symlink() for name in ("link", "again", "file"))
    assert [path.name for path in target.parent.iterdir()] == ["result"]


def test_a_second_writer_is_refused_also_by_way_of_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "result")
    with writing(tmp_path / "result"):
        for path in (tmp_path / "result", tmp_path / "link"):
            with pytest.raises(ValueError, match="result is being written by another process or thread"), writing(path):
                pytest.fail("two writers")
    with writing(tmp_path / "link"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("exchange", [True, False])
def test_readers_see_one_generation(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    path, done = tmp_path / "result", threading.Event()
    names = [f"part{number}" for number in range(5)]

    def write(value):
        with whole_folder(path, overwrite=True) as folder:
            for name in names:
                (folder / name).write_text(str(value))

    def write_often():
        for value in range(60):
            write(value)
            threading.Event().wait(0.003)
        done.set()

    def read():
        values = []
        for name in names:
            values.append((path / name).read_text())
            threading.Event().wait(0.0001)
        return values

    write("first")
    writer = threading.Thread(target=write_often)
    writer.start()
    count = 0
    while not done.is_set():
        values = read_whole(path, names[0], read)
        assert len(set(values)) == 1
        count += 1
    writer.join()
    assert count > 3


def test_an_error_of_reading_is_not_hidden(tmp_path):
    with whole_folder(tmp_path / "result") as folder:
        (folder / "file").write_text("x")
    with pytest.raises(KeyError):
        read_whole(tmp_path / "result", "file", lambda: {}["missing"])


def test_a_folder_that_is_replaced_twice_is_read_again(tmp_path, monkeypatch):
    """The second replacement can have the first content and the inode number of the first folder."""
    path, real = tmp_path / "result", os.stat

    def write(content):
        with whole_folder(path, overwrite=True) as folder:
            (folder / "meta").write_text(content)
            (folder / "data").write_text(content)

    class Stat:
        st_ino = 1

        def __init__(self, state):
            self.state = state

        def __getattr__(self, name):
            return getattr(self.state, name)

    write("one")
    reads = []

    def read():
        meta = (path / "meta").read_text()
        if not reads:
            write("two")
        data = (path / "data").read_text()
        if not reads:
            write("one")
        reads.append((meta, data))
        return meta, data

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "stat", lambda *args, **options: Stat(real(*args, **options)))
        content = read_whole(path, "meta", read)
    assert content == ("one", "one")
    assert reads[0] == ("one", "two")
