"""Sizes and checksums of a folder's files: damage is found before native code reads them."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from pyterrier_hybrid.utils.hashing import hash_json

_BLOCK = 1 << 20


class FileFacts(TypedDict):
    """What metadata say of a file."""

    bytes: int
    blake2b: str


def checksum(path: str | Path, *, stop: int | None = None) -> str:
    """Hash the content of a file.

    Args:
        path: The file.
        stop: Hash only so many bytes; default: all.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "a").write_bytes(b"abc")
        ...     _ = (Path(folder) / "b").write_bytes(b"ab")
        ...     checksum(Path(folder) / "a", stop=2) == checksum(Path(folder) / "b")
        True
    """
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        remaining = Path(path).stat().st_size if stop is None else stop
        while block := file.read(min(_BLOCK, remaining)):
            digest.update(block)
            remaining -= len(block)
    return digest.hexdigest()


def file_facts(folder: str | Path) -> dict[str, FileFacts]:
    """Describe all files of a folder, also in its subfolders, for the folder's metadata.

    Args:
        folder: The folder.

    Returns:
        Path within the folder (with ``/``) -> size and checksum, sorted.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): FileFacts(bytes=path.stat().st_size, blake2b=checksum(path))
        for path in files
    }


def check_sizes(folder: str | Path, files: Mapping[str, FileFacts]) -> None:
    """Check that all files are there and have their sizes. This reads no content.

    Args:
        folder: The folder.
        files: Result of :func:`file_facts`.

    Raises:
        ValueError: A file is missing or has another size; the message begins with its name.

    Example:
        >>> check_sizes("no/such/folder", {"docs.txt": {"bytes": 3, "blake2b": "..."}})
        Traceback (most recent call last):
        ...
        ValueError: docs.txt is missing
    """
    for name, facts in files.items():
        try:
            size = (Path(folder) / name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            raise ValueError(f"{name} is missing") from None
        if size != facts["bytes"]:
            raise ValueError(f"{name} has {size:,} bytes and should have {facts['bytes']:,}")


def check_contents(folder: str | Path, files: Mapping[str, FileFacts], names: Iterable[str] | None = None) -> None:
    """Check sizes of all files, and the content of some.

    Args:
        folder: The folder.
        files: Result of :func:`file_facts`.
        names: The files to read; default: all.

    Raises:
        ValueError: A file is missing or has another size or content; the message begins with its name.
    """
    check_sizes(folder, files)
    for name in files if names is None else names:
        if checksum(Path(folder) / name) != files[name]["blake2b"]:
            raise ValueError(f"{name} does not fit its checksum")


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with a checksum of themselves.

    Args:
        facts: What JSON can hold.

    Example:
        >>> unsealed(sealed({"count": 3}))
        {'count': 3}
        >>> unsealed(sealed({"count": 3}) | {"count": 4})
        Traceback (most recent call last):
        ...
        ValueError: it does not fit its checksum
    """
    return {**facts, "checksum": hash_json(facts)}


def unsealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata without their checksum, after comparing it.

    Args:
        facts: Result of :func:`sealed`, or a part of it that was changed.

    Raises:
        ValueError: The checksum is missing, or does not fit.
    """
    content = {name: value for name, value in facts.items() if name != "checksum"}
    if facts.get("checksum") != hash_json(content):
        raise ValueError("it does not fit its checksum")
    return content
