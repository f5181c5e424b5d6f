"""Atomic writes and locks: an output is written under a temporary name and renamed when it is complete."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def whole_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Write a folder atomically: it appears at ``path`` when the block ends, and not at all if the block raises.

    Args:
        path: The final folder.
        overwrite: Replace an existing folder.

    Yields:
        A temporary folder beside it, to write into.

    Raises:
        FileExistsError: ``path`` already exists and ``overwrite`` is false.

    Example:
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
        # Another process may have written the same folder meanwhile.
        _check_free(path, overwrite)
        old = set_aside(path)
        os.replace(unfinished, path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def set_aside(path: Path) -> Path:
    """Move a file or folder, if it exists, into a new temporary folder beside it.

    A process that is killed while it deletes that folder leaves nothing half-deleted at ``path``.

    Args:
        path: The file or folder.

    Returns:
        The temporary folder, which the caller deletes.
    """
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    if os.path.lexists(path):
        os.replace(path, old / path.name)
    return old


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write a file atomically: it appears at ``path`` when the block ends, and not at all if the block raises.

    Args:
        path: The final file; its folder is created if needed.

    Yields:
        A temporary path beside it, with the same suffix, since many writers choose the format by the suffix.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     with whole_file(Path(home) / "table.csv") as file:
        ...         _ = file.write_text("a,b")
        ...     [path.name for path in Path(home).iterdir()]
        ['table.csv']
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
def locked(path: str | Path, problem: str) -> Iterator[None]:
    """Hold a lock until the block ends or the process dies; if another process holds it, fail at once.

    Args:
        path: The lock file; its folder is created if needed.
        problem: The error message if another process holds the lock.

    Raises:
        ValueError: Another process holds the lock.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home, locked(Path(home) / "lock", "wait for the other process"):
        ...     pass
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, mode=0o666, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ValueError(problem) from None
    try:
        yield
    finally:
        lock.release()


def paths_of(files: Sequence[str | Path]) -> list[Path]:
    """Return the paths of input files, of which there must be at least one.

    Args:
        files: The files.

    Raises:
        ValueError: ``files`` is empty.

    Example:
        >>> paths_of([])
        Traceback (most recent call last):
        ...
        ValueError: no file given: pass at least one path
    """
    if not files:
        raise ValueError("no file given: pass at least one path")
    return [Path(file) for file in files]


def _check_free(path: Path, overwrite: bool) -> None:
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(f"{path} exists: choose another place, remove it first, or ask to overwrite it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
