"""JSON Lines: reader and writer of pairs, and the lines of any such file."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.selection import Selection
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.parallel.store.texts import batch_to_items
from pyterrier_hybrid.utils.files import paths_of, whole_file
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar


def read_jsonl(
    builder: Builder, *, files: Sequence[str | Path], selection: Selection, context_negatives: int, max_empty: float
) -> None:
    """Read pairs; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_jsonl`."""
    paths = paths_of(files)
    collector = Collector(selection, max_empty=max_empty, context_negatives=context_negatives)
    for path in paths:
        collector.read(str(path), ((f"line {number}", value) for number, value in read_json_lines(path)))
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
                file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
            first += batch.num_rows
            bar.update(batch.num_rows)


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the values of a file of JSON Lines with their line numbers from 1, without blank lines.

    A progress bar appears if it takes long.

    Args:
        path: The file, plain or gzipped.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: With file and line, if a line is not JSON or has text that UTF-8 cannot represent.
    """
    for number, line in _lines(path):
        try:
            value = _parse(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        yield number, value


def _parse(line: bytes) -> Any:
    try:
        value = json.loads(line.decode().rstrip())
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}: save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not a JSON object: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON object that can be read: {error}") from None
    if b"\\ud" in line.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("an escape \\ud... is half a character: write the text as UTF-8 instead") from None
    return value


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    with (
        path.open("rb") as raw,
        progress_bar(desc=path.name, total=path.stat().st_size, unit="B", unit_scale=True, delay=BAR_DELAY) as bar,
    ):
        gzipped = raw.peek(2)[:2] == b"\x1f\x8b"
        lines = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if gzipped else raw
        number = 0
        try:
            for number, line in enumerate(lines, start=1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if number % 1000 == 0:
                    bar.update(raw.tell() - bar.n)
                if not line.isspace():
                    yield number, line
            bar.update(raw.tell() - bar.n)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}, after line {number}: damaged gzip file ({error}): fetch it again") from error
