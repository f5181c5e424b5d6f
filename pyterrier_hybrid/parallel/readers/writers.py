"""Stores as files that other programs read."""

import gzip
import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.item import BAR_AFTER
from pyterrier_hybrid.parallel.store.texts import Texts, items_of, type_of
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.progress import progress_bar


def write_jsonl(path: Path, batches: Iterable[pa.RecordBatch], groups: np.ndarray) -> None:
    """Write JSON Lines; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.to_jsonl`."""
    with (
        whole_file(path) as unfinished,
        unfinished.open("wb") as raw,
        ExitStack() as stack,
        progress_bar(desc=path.name, total=len(groups), unit="items", delay=BAR_AFTER) as bar,
    ):
        file = raw
        if path.suffix == ".gz":
            # Without name and time in its header, equal stores are equal files.
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
        first = 0
        for batch in batches:
            for item in items_of(batch, groups[first : first + batch.num_rows].tolist()):
                row = {"set": item.dataset, "id": item.id, "group": item.group}
                if item.translation:
                    row["text"] = item.queries
                else:
                    row |= {"queries": item.queries, "passages": item.passages}
                if item.negatives:
                    row["negatives"] = item.negatives
                file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
            first += batch.num_rows
            bar.update(batch.num_rows)


def write_parquet(path: Path, texts: Texts, rows: np.ndarray | None, groups: np.ndarray) -> None:
    """Write a Parquet file; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.to_parquet`."""
    import pyarrow.parquet as pq

    fixed = ["id", "dataset", "translation"]
    names = sorted({name for batch in texts.batches for name in batch.schema.names} - set(fixed))
    types = {"id": type_of("id"), "dataset": pa.string(), "translation": pa.bool_(), "group": pa.int64()}
    types |= {name: type_of(name) for name in names}
    with whole_file(path) as unfinished, pq.ParquetWriter(unfinished, pa.schema(types), compression="zstd") as writer:
        first = 0
        for batch in texts.pieces(rows):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns["dataset"] = columns["dataset"].cast(pa.string())
            columns["group"] = pa.array(groups[first : first + batch.num_rows])
            arrays = [columns[name] if name in columns else pa.nulls(batch.num_rows, types[name]) for name in types]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=pa.schema(types)))
            first += batch.num_rows
