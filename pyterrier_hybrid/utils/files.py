"""Atomic writes and locks: an output is written under a temporary name and renamed when it is complete.

Every temporary file or folder ``name`` has a lock file ``name.lock`` beside it, held as long as its owner lives. So the
next writer can remove what killed ones left behind, and nothing else.
"""

import ctypes
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

_Content = TypeVar("_Content")

_TEMPORARY = re.compile(
    r"\.(?P<folder>.+)\.[^.]+\.unfinished|\.(?P<old>.+)\.[^.]+\.old|\.unfinished-[0-9a-f]{12}-(?P<file>.+)", re.DOTALL
)
_LOCK = ".lock"
# Seconds for which readers wait while a folder is replaced in two steps.
_PATIENCE = 2.0
# How often a folder is read that keeps changing.
_READS = 50


@contextmanager
def whole_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Write a folder atomically: it appears at ``path`` when the block ends, and not at all if the block raises.

    An existing folder is exchanged in one step where the system can. Elsewhere it is moved aside and, if the writer is
    killed before the new folder has its place, put back by the next reader or writer.

    Args:
        path: The final folder. If it is a link, what it points to is written.
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
    _check_free(Path(path), overwrite)
    path = _target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    # An interrupted writer's predecessor may have been put back.
    _check_free(path, overwrite)
    with _owned(path, ".{name}.{token}.unfinished") as unfinished:
        unfinished.mkdir()
        yield unfinished
        mask = _umask()
        for file in unfinished.rglob("*"):
            # safetensors 0.8 writes files that only their owner can read, whatever the umask.
            if file.is_file() and not file.is_symlink():
                file.chmod(file.stat().st_mode | 0o666 & ~mask)
        # Another process may have written the same folder meanwhile.
        _check_free(path, overwrite)
        _replace_folder(unfinished, path)


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write a file atomically: it appears at ``path`` when the block ends, and not at all if the block raises.

    Args:
        path: The final file; its folder is created if needed. If it is a link, what it points to is written.

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
    path = _target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    with _owned(path, ".unfinished-{token}-{name}") as unfinished:
        yield unfinished
        os.replace(unfinished, path)


def check_new_folder(path: str | Path) -> None:
    """Check that a folder does not exist and could be written, before the work that it is meant for begins.

    Args:
        path: The folder.

    Raises:
        FileExistsError: It already exists.
        OSError: It cannot be written there.

    Example:
        >>> check_new_folder("/dev/null/encoder")
        Traceback (most recent call last):
        ...
        NotADirectoryError: /dev/null/encoder cannot be written: /dev/null is not a folder; choose another output
    """
    path = Path(path)
    if os.path.lexists(path):
        raise FileExistsError(f"the output folder {path}/ exists: choose another one, or remove it first")
    existing = next((parent for parent in path.absolute().parents if os.path.lexists(parent)), path.absolute().parent)
    if not existing.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {existing} is not a folder; choose another output")
    try:
        # With the longest name that a part of it will have.
        os.rmdir(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".unfinished.lock", dir=existing))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        kind = type(error) if isinstance(error, OSError) else OSError
        raise kind(f"{path} cannot be written: {reason} ({existing}); choose another output") from None


@contextmanager
def scratch_folder(name: str, *, parent: str | Path | None = None) -> Iterator[Path]:
    """Make a temporary folder, removed when the block ends or, after a kill, when the next one is made.

    Args:
        name: What it is for; folders of the same purpose have the same name.
        parent: Where it is made; default: the system's folder for temporary files.

    Yields:
        The empty folder.

    Example:
        >>> with scratch_folder("example") as folder:
        ...     folder.is_dir()
        True
        >>> folder.exists()
        False
    """
    path = _target(Path(parent or tempfile.gettempdir()) / f"pyterrier-hybrid-{name}")
    sweep(path)
    with _owned(path, ".{name}.{token}.unfinished") as folder:
        folder.mkdir(mode=0o700)
        yield folder


def remove_whole(path: str | Path) -> None:
    """Delete a file or folder, if it exists. A process that is killed meanwhile leaves nothing half-deleted there.

    Args:
        path: The file or folder; of a link, also what it points to.
    """
    target = _target(path)
    if not os.path.lexists(path):
        return
    sweep(target)
    with _owned(target, ".{name}.{token}.unfinished") as unfinished:
        if os.path.lexists(target):
            os.replace(target, unfinished)
        if os.path.islink(path):
            os.unlink(path)


def sweep(path: str | Path) -> None:
    """Remove what killed writers left beside a file or folder, and put it back if they had moved it aside.

    Args:
        path: The file or folder, which need not exist.
    """
    path = _target(path)
    with suppress(OSError):
        names = {name.removesuffix(_LOCK): name.endswith(_LOCK) for name in sorted(os.listdir(path.parent))}
        for name, has_lock in names.items():
            match = _TEMPORARY.fullmatch(name)
            target = match and path.with_name(match["folder"] or match["old"] or match["file"])
            # Those without a lock are of an earlier version: only writers of the same path can know that it is theirs.
            if target and (has_lock or target == path):
                with suppress(OSError, NotImplementedError):
                    _sweep_one(path.with_name(name), target)


def put_back(path: str | Path) -> None:
    """Wait while a file or folder is being replaced, and put it back if the writer was killed before it was.

    Args:
        path: The file or folder; nothing happens if it exists.
    """
    path = _target(path)
    end = time.monotonic() + _PATIENCE
    while not path.exists() and time.monotonic() < end and _is_aside(path):
        sweep(path)
        time.sleep(0.01)


def read_whole(path: str | Path, metadata: str, read: Callable[[], _Content]) -> _Content:
    """Read a folder that another process may replace meanwhile: all that is read is of one generation.

    The folder is read again if its metadata are other ones afterwards, or if it was replaced while the reading failed.

    Args:
        path: The folder, written by :func:`whole_folder`.
        metadata: Name of a file of it that differs whenever another file does, such as one with their checksums.
        read: Opens all that is needed later, and returns it.
    """
    path = Path(path)
    for _ in range(_READS):
        put_back(path)
        before = generation(path, metadata)
        try:
            content = read()
        except Exception:
            if generation(path, metadata) == before:
                raise
        else:
            if generation(path, metadata) == before:
                return content
    raise ValueError(f"{path} was replaced {_READS} times while it was read: wait until its writers are done")


def generation(path: str | Path, metadata: str) -> tuple[int | bytes, ...] | None:
    """Return what tells a folder from those that replace it; ``None`` if it does not exist.

    Args:
        path: The folder.
        metadata: As in :func:`read_whole`.
    """
    try:
        folder, file = os.stat(path), os.stat(Path(path) / metadata)
        content = (Path(path) / metadata).read_bytes()
    except OSError:
        return None
    # Times as well: a folder that is replaced twice can have its first content again, and its first inode number.
    return folder.st_dev, folder.st_ino, folder.st_ctime_ns, file.st_mtime_ns, file.st_ctime_ns, content


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Keep other writers away from a file or folder, so that none of them builds on what this one replaces.

    Args:
        path: What is written; of a link, what it points to.

    Raises:
        ValueError: Another process or thread is writing it.
    """
    path = _target(path)
    problem = f"{path} is being written by another process or thread: wait for it, then do this again"
    with locked(path.with_name(f".{path.name}{_LOCK}"), problem, remove=True):
        yield


@contextmanager
def locked(path: str | Path, problem: str, *, remove: bool = False) -> Iterator[None]:
    """Hold a lock until the block ends or the process dies; do not wait for it.

    Args:
        path: The lock file; its folder is created if needed.
        problem: The error message if another process holds the lock.
        remove: Delete the lock file at the end.

    Raises:
        ValueError: Another process holds the lock.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home, locked(Path(home) / "lock", "wait for the other process"):
        ...     pass
    """
    path = Path(path)
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _try_lock(path)
        if lock is None:
            raise ValueError(problem)
        # Its last holder may have deleted the file after it was opened here.
        if path.exists():
            break
        lock.release()
    try:
        yield
    finally:
        if remove:
            # While it is held: nobody else can have it. Windows does not delete open files.
            with suppress(OSError):
                path.unlink()
        lock.release()


def is_folder_name(name: str, *, windows: bool = os.name == "nt") -> bool:
    r"""Return whether a name can be that of a new visible folder.

    Args:
        name: The name.
        windows: Whether the system is Windows, which reserves more characters, and names such as ``con``.

    Example:
        >>> is_folder_name("a name"), is_folder_name("a/b"), is_folder_name(".a"), is_folder_name("a\n")
        (True, False, False, False)
        >>> is_folder_name("a:b", windows=False), is_folder_name("a:b", windows=True)
        (True, False)
    """
    if not name or name.startswith(".") or len(name.encode(errors="replace")) > 200:
        return False
    if re.search(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", name):
        return False
    reserved = r'(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*[<>:"|?*].*|.*[. ]'
    return not (windows and re.fullmatch(reserved, name, re.IGNORECASE))


def _target(path: str | Path) -> Path:
    """The path itself, or what a link points to."""
    return Path(os.path.realpath(path))


def _try_lock(path: Path) -> FileLock | None:
    """Hold a lock file, or return ``None`` if another one does."""
    lock = FileLock(path, mode=0o666, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return None
    return lock


@contextmanager
def _owned(path: Path, pattern: str) -> Iterator[Path]:
    """Hold the lock of a new temporary name, and delete at the end what it then names."""
    with ExitStack() as stack:
        while True:
            temporary = path.with_name(pattern.format(name=path.name, token=secrets.token_hex(6)))
            lock_path = temporary.with_name(temporary.name + _LOCK)
            lock = _try_lock(lock_path)
            if lock is None:
                continue
            stack.callback(lock.release)
            # Another process may have taken it for a leftover before it was locked.
            if lock_path.exists():
                break
        try:
            yield temporary
        finally:
            # The lock goes last: what is left has one.
            _discard(temporary, path)
            with suppress(OSError):
                lock_path.unlink()


def _sweep_one(temporary: Path, target: Path) -> None:
    lock_path = temporary.with_name(temporary.name + _LOCK)
    for path in (temporary, lock_path):
        # Those of other users, as in /tmp, are theirs.
        if os.path.lexists(path) and hasattr(os, "getuid") and path.lstat().st_uid != os.getuid():
            return
    lock = _try_lock(lock_path)
    if lock is not None:
        try:
            _discard(temporary, target)
            lock_path.unlink()
        finally:
            lock.release()


def _discard(temporary: Path, target: Path) -> None:
    """Delete a temporary file or folder, but put back what was moved aside into it and not replaced."""
    if temporary.name.endswith(".old") and not os.path.lexists(target):
        with suppress(FileNotFoundError):
            os.rename(temporary / target.name, target)
    if temporary.is_dir() and not temporary.is_symlink():
        shutil.rmtree(temporary, ignore_errors=True)
    else:
        temporary.unlink(missing_ok=True)


def _is_aside(path: Path) -> bool:
    with suppress(OSError):
        return any(
            (match := _TEMPORARY.fullmatch(name.removesuffix(_LOCK))) and match["old"] == path.name
            for name in os.listdir(path.parent)
        )
    return False


def _replace_folder(new: Path, path: Path) -> None:
    if os.path.lexists(path) and _exchange(new, path):
        return
    with _owned(path, ".{name}.{token}.old") as old:
        if os.path.lexists(path):
            old.mkdir()
            os.replace(path, old / path.name)
        os.replace(new, path)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two paths in one step, if the system can: Linux, and not on every file system."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    at_working_folder, exchange = -100, 2
    return rename(at_working_folder, os.fsencode(one), at_working_folder, os.fsencode(other), exchange) == 0


def _check_free(path: Path, overwrite: bool) -> None:
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(f"{path} exists: choose another place, remove it first, or ask to overwrite it")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def file_names(titles: Iterable[str]) -> list[str]:
    """Return a safe file name for each title: letters, digits, dots and dashes, distinct even if case is ignored.

    Args:
        titles: The titles, such as names of systems.

    Example:
        >>> file_names(["BM25 + X-Y", "bm25/x-y"])
        ['BM25-X-Y', 'bm25-x-y-2']
    """
    names: list[str] = []
    for title in titles:
        # File systems limit the number of bytes, not of characters.
        stem = re.sub(r"[^\w.-]+", "-", title).strip("-.").encode()[:80].decode(errors="ignore") or "unnamed"
        name, number = stem, 2
        while name.lower() in [taken.lower() for taken in names]:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
