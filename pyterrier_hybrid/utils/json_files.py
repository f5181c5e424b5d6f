"""JSON files, and settings that must not change between two runs in one folder."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pyterrier_hybrid.utils.files import whole_file


def write_json(path: str | Path, value: Any, *, indent: int | None = 2) -> None:
    """Write a value as JSON, atomically.

    Args:
        path: The file; its folder is created if needed.
        value: The value.
        indent: Spaces per level; ``None`` writes large values faster, in one line.

    Raises:
        TypeError: JSON cannot represent the value.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_json(Path(folder) / "settings.json", {"alpha": 0.5})
        ...     read_json(Path(folder) / "settings.json")
        {'alpha': 0.5}
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


_REQUIRED = object()


def read_json(path: str | Path, *, default: Any = _REQUIRED) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        default: Value to return if the file does not exist. Without a default, a missing file is an error.

    Raises:
        FileNotFoundError: The file does not exist, and there is no default.
        ValueError: It is not JSON; the message names the line.

    Example:
        >>> read_json("no/such/file.json")
        Traceback (most recent call last):
        ...
        FileNotFoundError: ...
        >>> read_json("no/such/file.json", default={})
        {}
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        if default is _REQUIRED:
            raise
        return default
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error


def require_same(known: Mapping[str, Any], current: Mapping[str, Any], problem: Callable[[str, Any, Any], str]) -> None:
    """Refuse to continue work that was started with other settings.

    Args:
        known: The settings that it was started with.
        current: The present settings.
        problem: Builds the error message from the name of the first setting that differs, and its known and current
            value (``None``: not set).

    Raises:
        ValueError: A setting differs.

    Example:
        >>> require_same({"seed": 0}, {"seed": 1}, lambda name, known, current: f"{name} was {known}, not {current}")
        Traceback (most recent call last):
        ...
        ValueError: seed was 0, not 1
    """
    for name in sorted({*known, *current}):
        if known.get(name) != current.get(name):
            raise ValueError(problem(name, known.get(name), current.get(name)))
