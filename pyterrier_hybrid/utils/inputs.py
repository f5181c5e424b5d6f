"""Input files: their paths, and checks before they are read."""

import difflib
import glob
from collections.abc import Sequence
from pathlib import Path

from pyterrier_hybrid.utils.formatting import short_repr

_LFS_POINTER = b"version https://git-lfs"

PLACEHOLDER = "{lang}"
"""Stands for a language in the path of a file."""


def paths_of(files: Sequence[str | Path]) -> list[Path]:
    """Return the paths of input files, of which there must be at least one.

    Args:
        files: The files. A pattern such as ``pairs-*.jsonl`` stands for the files that match it, sorted.

    Raises:
        TypeError: A path is neither a string nor a path.
        ValueError: ``files`` is empty.
        FileNotFoundError: No file matches a pattern.

    Example:
        >>> paths_of([])
        Traceback (most recent call last):
        ...
        ValueError: no file given: pass at least one path
    """
    if not files:
        raise ValueError("no file given: pass at least one path")
    paths = []
    for file in files:
        if not isinstance(file, str | Path):
            mend = (
                "write its rows to a file"
                if hasattr(file, "iterrows")
                else "pass the files one by one, as in f(*files)"
            )
            raise TypeError(f"{short_repr(file)} is {type(file).__name__}, not a path: {mend}")
        paths += _expand(file)
    return paths


def require_file(path: Path, *, seekable: bool = False) -> None:
    """Check that a path is a file that can be read, and has data.

    Args:
        path: The file.
        seekable: Whether it must be a regular file, and not a pipe or device.

    Raises:
        FileNotFoundError: There is no such file; the message names similar ones.
        ValueError: It is a folder or a git-lfs pointer; or it must be a regular file with data and is not.
    """
    if not path.exists():
        close = difflib.get_close_matches(path.name, _names(path.parent), n=1, cutoff=0.8)
        hint = f"; did you mean {path.parent / close[0]}?" if close else ""
        raise FileNotFoundError(f"{path}: there is no such file{hint}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file: name the files in it")
    # Nothing is read ahead from pipes, which cannot be read twice.
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(len(_LFS_POINTER))
        if start == _LFS_POINTER:
            raise ValueError(f"{path} is a pointer to a file in git-lfs, not the file: run 'git lfs pull' to fetch it")
        if seekable and not start:
            raise ValueError(f"{path} is empty: fetch or write it again")
    elif seekable:
        raise ValueError(f"{path} is not a regular file: copy its data into one")


def _expand(file: str | Path) -> list[Path]:
    """Return the files that a path stands for: itself, or those that match it as a pattern."""
    path = Path(file)
    if not glob.has_magic(str(file)) or PLACEHOLDER in str(file) or path.exists():
        return [path]
    found = sorted(Path(name) for name in glob.glob(str(file), recursive=True) if Path(name).is_file())
    if not found:
        raise FileNotFoundError(f"{file}: no file matches this pattern")
    return found


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []
