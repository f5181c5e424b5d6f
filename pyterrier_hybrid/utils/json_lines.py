"""Files of JSON Lines and of text lines, plain or gzipped."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pyterrier_hybrid.utils.inputs import require_file
from pyterrier_hybrid.utils.json_files import parse_json
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

MAX_LINE = 64 * 2**20
"""Maximum number of bytes of a line by default."""


def read_json_lines(path: Path, *, max_line: int = MAX_LINE) -> Iterator[tuple[int, Any]]:
    """Yield the values of a file of JSON Lines with their line numbers from 1, without blank lines.

    A progress bar appears if it takes long.

    Args:
        path: The file, plain or gzipped.
        max_line: Maximum number of bytes of a line.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: With file and line, if a line is not JSON or has text that UTF-8 cannot represent.
    """
    for number, line in _lines(path, max_line, "JSON Lines"):
        if line.isspace():
            continue
        try:
            value = _parse(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        yield number, value


def read_text_lines(path: Path, *, max_line: int = MAX_LINE) -> Iterator[str]:
    """Yield the lines of a text file without line ends and surrounding spaces, blank ones included.

    A progress bar appears if it takes long.

    Args:
        path: The file, plain or gzipped, in UTF-8.
        max_line: Maximum number of bytes of a line.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: With file and line, if a line is not UTF-8.
    """
    for number, line in _lines(path, max_line, "text with one sentence per line"):
        try:
            yield line.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}, line {number}: byte {error.start + 1} is not UTF-8: convert the file to UTF-8"
            ) from None


def _parse(line: bytes) -> Any:
    try:
        return parse_json(line.rstrip())
    except json.JSONDecodeError as error:
        raise ValueError(f"not a JSON object: {error.msg} at column {error.colno}") from None


def _lines(path: Path, max_line: int, content: str) -> Iterator[tuple[int, bytes]]:
    require_file(path)
    with (
        path.open("rb") as raw,
        progress_bar(desc=path.name, total=path.stat().st_size, unit="B", unit_scale=True, delay=BAR_DELAY) as bar,
    ):
        gzipped = raw.peek(2)[:2] == b"\x1f\x8b"
        lines = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if gzipped else raw
        number = 0
        try:
            # A line is read up to the limit, since a gzipped file of 1 MB can have a line of 1 GB.
            for number, line in enumerate(iter(partial(lines.readline, max_line + 1), b""), start=1):
                if len(line) > max_line:
                    raise ValueError(
                        f"{path}, line {number}: it has more than {max_line:,} bytes, so this is hardly {content}; "
                        "if it is, allow longer lines (max_line)"
                    )
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if number % 1000 == 0:
                    bar.update(raw.tell() - bar.n)
                yield number, line
            bar.update(raw.tell() - bar.n)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}, after line {number}: damaged gzip file ({error}): fetch it again") from error
