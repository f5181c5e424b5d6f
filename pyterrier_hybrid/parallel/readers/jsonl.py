"""JSON Lines: reader and writer of pairs."""

import gzip
import io
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pyterrier_hybrid.parallel.readers.collect import Collector
from pyterrier_hybrid.parallel.selection import Selection
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.inputs import paths_of
from pyterrier_hybrid.utils.json_lines import read_json_lines
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar


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
        for item in store.items():
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
            bar.update()
