"""Outputs that appear whole or not at all: written beside their place, then renamed."""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into that becomes ``path`` when the block ends, and disappears if the block raises.

    Args:
        path: the folder's final place.
        overwrite: replace a folder that is there already.

    Raises:
        FileExistsError: ``path`` is there already and ``overwrite`` is false.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     with whole_folder(Path(home) / "result") as folder:
    ...         _ = (folder / "table.csv").write_text("a,b")
    ...     [path.name for path in Path(home).iterdir()]
    ['result']
    """
    path = Path(path)
    _check_free(path, overwrite)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".unfinished", dir=path.parent))
    try:
        mask = _umask()
        unfinished.chmod(0o777 & ~mask)
        yield unfinished
        for file in unfinished.rglob("*"):
            # safetensors 0.8 writes files that only their owner can read, whatever the umask.
            if file.is_file() and not file.is_symlink():
                file.chmod(file.stat().st_mode | 0o666 & ~mask)
        # Another process may have finished the same meanwhile.
        _check_free(path, overwrite)
        old = set_aside(path)
        os.replace(unfinished, path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def set_aside(path: Path) -> Path:
    """Move what is there, if anything, into a folder to delete, so that a kill leaves no part of it in place."""
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    if os.path.lexists(path):
        os.replace(path, old / path.name)
    return old


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A file name to write to that becomes ``path`` when the block ends, and disappears if the block raises.

    The name keeps the suffix of ``path``, since many writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".unfinished-{secrets.token_hex(6)}-{path.name}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, problem: str) -> Iterator[None]:
    """Keep other processes from what a lock file stands for, until the block ends or the process dies.

    Args:
        path: The file.
        problem: What to say where another process has it.

    Raises:
        ValueError: Another process has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(problem) from None
        yield


def _check_free(path: Path, overwrite: bool) -> None:
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(f"{path} exists: choose another place, remove it first, or ask to overwrite it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
