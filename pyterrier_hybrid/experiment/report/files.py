"""Files of results: their names, and writing them whole or not at all."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyterrier_hybrid.utils.files import whole_file


def write_files(folder: str | os.PathLike[str], contents: Mapping[str, bytes | str]) -> list[Path]:
    """Write files, each whole or not at all, and return their paths.

    Args:
        folder: The folder, which is created if needed; existing files of these names are replaced.
        contents: The content of each file by its name; text is written as UTF-8.
    """
    folder = Path(folder)
    for name, content in contents.items():
        with whole_file(folder / name) as unfinished:
            unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
    return [folder / name for name in contents]


def file_names(systems: Iterable[str]) -> list[str]:
    """Return a safe file name for each system: letters, digits, dots and dashes, distinct even if case is ignored.

    Args:
        systems: The names of the systems.

    Example:
        >>> file_names(["BM25 + X-Y", "bm25/x-y"])
        ['BM25-X-Y', 'bm25-x-y-2']
    """
    names: list[str] = []
    for system in systems:
        # File systems limit the number of bytes, not of characters.
        stem = re.sub(r"[^\w.-]+", "-", system).strip("-.").encode()[:80].decode(errors="ignore") or "system"
        name, number = stem, 2
        while name.lower() in [taken.lower() for taken in names]:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
