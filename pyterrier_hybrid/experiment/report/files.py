"""Writing the files of results, each whole or not at all."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from pyterrier_hybrid.experiment.report.formats import TextFormat
from pyterrier_hybrid.utils.files import whole_file


def csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def table_files(table: Callable[[TextFormat], str]) -> dict[str, str]:
    """Return a table as files in three formats.

    Args:
        table: Returns the table in a format: csv, markdown or latex.
    """
    return {
        "table.csv": table("csv"),
        "table.md": table("markdown") + "\n",
        "table.tex": table("latex") + "\n",
    }


def write_file(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write a file, whole or not at all, and return its path.

    Args:
        path: The file; an existing one is replaced.
        content: The content; text is written as UTF-8.
    """
    with whole_file(Path(path)) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
    return Path(path)


def write_files(
    folder: str | os.PathLike[str], contents: Mapping[str, bytes | str], *, optional: Iterable[str] = ()
) -> list[Path]:
    """Write files, each whole or not at all, and return their paths.

    Args:
        folder: The folder, which is created if needed; existing files of these names are replaced.
        contents: The content of each file by its name; text is written as UTF-8.
        optional: Patterns of files that some results have and others lack: those of earlier results are removed first.
    """
    folder = Path(folder)
    for pattern in optional:
        for path in folder.glob(pattern):
            path.unlink()
    return [write_file(folder / name, content) for name, content in contents.items()]
