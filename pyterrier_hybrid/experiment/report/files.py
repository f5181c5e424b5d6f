"""Writing the files of results, each whole or not at all."""

import os
from collections.abc import Mapping
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
