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


class _KeyTwice(Exception):  # noqa: N818  # never leaves this module
    """An object has a key twice, so one of the values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _KeyTwice(next(key for number, key in enumerate(keys) if key in keys[:number]))
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def parse_json(data: bytes) -> Any:
    """Parse JSON that others wrote, and refuse what would lose or spoil something.

    Args:
        data: The text in UTF-8, with or without a byte order mark.

    Raises:
        ValueError: It is not UTF-8, not JSON, has a key twice in one object, or text with half a character.

    Example:
        >>> parse_json(b'{"a": 1, "a": 2}')
        Traceback (most recent call last):
        ...
        ValueError: the key 'a' is there twice in one object: leave one out
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    try:
        value = _DECODER.decode(text)
    except _KeyTwice as error:
        raise ValueError(f"the key {error.args[0]!r} is there twice in one object: leave one out") from None
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON object that can be read: {error}") from None
    if b"\\ud" in data.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("an escape \\ud... is half a character: write the text as UTF-8 instead") from None
    return value


_REQUIRED = object()


def read_json(path: str | Path, *, default: Any = _REQUIRED, kind: type | None = None) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        default: Value to return if the file does not exist. Without a default, a missing file is an error.
        kind: The type that the value must have, ``dict`` or ``list``; ``None`` for any.

    Raises:
        FileNotFoundError: The file does not exist, and there is no default.
        ValueError: It is not JSON, and the message names the line; or it holds another kind of value.

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
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not JSON (not UTF-8 at byte {error.start}); write or copy it again") from error
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:  # a number of more than 4,300 digits is a ValueError
        raise ValueError(f"{path}: not JSON that can be read ({error})") from error
    if kind is not None and not isinstance(value, kind):
        raise ValueError(f"{path}: holds a {type(value).__name__}, expected a {kind.__name__}")
    return value


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
