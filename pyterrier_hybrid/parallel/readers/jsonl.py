"""JSON Lines: reader and writer of pairs, and the lines of any such file."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.selection import Selection
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.parallel.store.texts import batch_to_items
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.inputs import paths_of, require_file
from pyterrier_hybrid.utils.json_files import parse_json
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

MAX_LINE = 64 * 2**20
"""Maximum number of bytes of a line by default."""


def read_jsonl(
    builder: Builder,
    *,
    files: Sequence[str | Path],
    selection: Selection,
    context_negatives: int,
    max_empty: float,
    max_line: int,
) -> None:
    """Read pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_jsonl`."""
    max_line = whole_number("max_line", max_line)
    paths = paths_of(files)
    collector = Collector(selection, max_empty=max_empty, context_negatives=context_negatives)
    for path in paths:
        collector.read(
            str(path), ((f"line {number}", value) for number, value in read_json_lines(path, max_line=max_line))
        )
    collector.check_selection()
    collector.move_to(builder)


def write_jsonl(path: Path, store: Store) -> None:
    """Write pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.to_jsonl`."""
    with (
        whole_file(path) as unfinished,
        unfinished.open("wb") as raw,
        ExitStack() as stack,
        progress_bar(desc=path.name, total=len(store), unit="items", delay=BAR_DELAY) as bar,
    ):
        file: io.BufferedIOBase = raw
        if path.suffix == ".gz":
            # Without name and time in its header, equal stores are equal files.
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
        first = 0
        for batch in store.batches():
            for item in batch_to_items(batch, store.groups[first : first + batch.num_rows].tolist()):
                row: dict[str, Any] = {"set": item.dataset, "id": item.id, "group": item.group}
                if item.translation:
                    row["text"] = item.queries
                else:
                    row |= {"queries": item.queries, "passages": item.passages}
                if item.negatives:
                    row["negatives"] = item.negatives
                if item.provenance:
                    row["provenance"] = item.provenance
                file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
            first += batch.num_rows
            bar.update(batch.num_rows)


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
    for number, line in _lines(path, max_line):
        try:
            value = _parse(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        yield number, value


def _parse(line: bytes) -> Any:
    try:
        return parse_json(line.rstrip())
    except json.JSONDecodeError as error:
        raise ValueError(f"not a JSON object: {error.msg} at column {error.colno}") from None


def _lines(path: Path, max_line: int) -> Iterator[tuple[int, bytes]]:
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
                        f"{path}, line {number}: it has more than {max_line:,} bytes, so this is hardly JSON Lines; "
                        "if it is, allow longer lines (max_line)"
                    )
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if number % 1000 == 0:
                    bar.update(raw.tell() - bar.n)
                if not line.isspace():
                    yield number, line
            bar.update(raw.tell() - bar.n)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}, after line {number}: damaged gzip file ({error}): fetch it again") from error
