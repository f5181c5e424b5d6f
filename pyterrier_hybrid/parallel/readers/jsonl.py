"""The reader of JSON Lines."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyterrier_hybrid.parallel.item import BAR_AFTER
from pyterrier_hybrid.parallel.operations.select import Choice
from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.utils.progress import progress_bar


def read_jsonl(
    builder: Builder, *, files: Sequence[str | Path], choice: Choice, context_negatives: int, max_empty: float
) -> None:
    """Read pair files; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_jsonl`."""
    if not files:
        raise ValueError("no file given: pass the path of at least one")
    collector = Collector(choice, max_empty=max_empty, context_negatives=context_negatives)
    for path in map(Path, files):
        collector.read(str(path), ((f"line {number}", line) for number, line in lines_of(path)))
    collector.check()
    collector.move_to(builder)


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers from 1, without blank ones, and show a bar when that takes long."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    with (
        path.open("rb") as raw,
        progress_bar(desc=path.name, total=path.stat().st_size, unit="B", unit_scale=True, delay=BAR_AFTER) as bar,
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
