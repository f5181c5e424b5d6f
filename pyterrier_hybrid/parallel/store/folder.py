"""Folder of a store: texts in Arrow files, arrays in NumPy files, and a description of both in store.json.

The files are mapped into memory, so that opening a store reads little but the description.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.store.blocks import Blocks, SortedItems
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.parallel.store.fingerprint import Fingerprint
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.parallel.store.texts import Texts, column_type
from pyterrier_hybrid.utils.files import whole_folder

DESCRIPTION = "store.json"
_FORMAT, _VERSION = "pyterrier_hybrid pairs", 1
_FIXED_COLUMNS = ["id", "dataset", "translation"]


class Files:
    """Arrow files in a folder that record batches are written to; new columns begin a new file.

    It is a context manager, which closes the files.

    Args:
        folder: The folder.

    Attributes:
        fingerprint: Hash of what was written.
    """

    def __init__(self, folder: Path) -> None:
        self.fingerprint = Fingerprint()
        self._folder = folder
        self._stack = ExitStack()
        self._paths: list[Path] = []
        self._text_columns: list[str] = []
        self._datasets: dict[str, int] = {}
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def __enter__(self) -> "Files":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def append(self, batch: pa.RecordBatch, /) -> None:
        """Write a batch."""
        new = set(batch.schema.names) - {*_FIXED_COLUMNS, *self._text_columns}
        if new or self._writer is None:
            self._text_columns = sorted({*self._text_columns, *new})
            self._writer = self._new_file()
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        columns["dataset"] = self._encode(columns["dataset"])
        names = _FIXED_COLUMNS + self._text_columns
        arrays = [columns[name] if name in columns else pa.nulls(batch.num_rows, column_type(name)) for name in names]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, names=names))
        self.fingerprint.add(batch)

    def finish(self) -> Texts:
        """Close the files and return their texts."""
        self._stack.close()
        return _map_texts(self._paths)

    def _new_file(self) -> pa.ipc.RecordBatchFileWriter:
        self._stack.close()
        self._datasets = {}
        self._paths.append(self._folder / f"texts-{len(self._paths):04}.arrow")
        schema = pa.schema([(name, column_type(name)) for name in _FIXED_COLUMNS + self._text_columns])
        file = self._stack.enter_context(pa.OSFile(str(self._paths[-1]), "wb"))
        # Names of datasets are appended to a file's dictionary as they occur.
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        return self._stack.enter_context(pa.ipc.new_file(file, schema, options=options))

    def _encode(self, datasets: pa.Array) -> pa.Array:
        """Encode names of datasets with the dictionary of the current file."""
        datasets = datasets.dictionary_encode()
        numbers = np.zeros(len(datasets.dictionary), np.int32)
        codes = datasets.indices.to_numpy()
        for code in np.unique(codes).tolist():
            numbers[code] = self._datasets.setdefault(datasets.dictionary[code].as_py(), len(self._datasets))
        return pa.DictionaryArray.from_arrays(pa.array(numbers[codes]), pa.array(list(self._datasets), pa.string()))


def build_store(folder: Path, fill: Callable[[Builder], None], *, overwrite: bool) -> None:
    """Build a store in a folder, which appears whole or not at all.

    Args:
        folder: The folder.
        fill: Adds the items to a builder.
        overwrite: Replace an existing folder.
    """
    with whole_folder(folder, overwrite=overwrite) as unfinished, Files(unfinished) as files:
        builder = Builder(files)
        fill(builder)
        store = builder.finish(files.finish())
        write_description(unfinished, store, files.fingerprint.hexdigest(store.groups))


def save_store(folder: Path, store: Store, *, overwrite: bool) -> None:
    """Write a store into a folder, which appears whole or not at all.

    Args:
        folder: The folder.
        store: The store.
        overwrite: Replace an existing folder.
    """
    with whole_folder(folder, overwrite=overwrite) as unfinished:
        with Files(unfinished) as files:
            for batch in store.texts.batches if store.rows is None else store.batches():
                files.append(batch)
        write_description(unfinished, store, files.fingerprint.hexdigest(store.groups))


def write_description(folder: Path, store: Store, fingerprint: str) -> None:
    """Write everything of a store but its texts, which are already in the folder."""
    languages, datasets, blocks = store.sorted_items
    arrays = {"groups": store.groups, "passage_groups": store.passage_groups}
    arrays |= {f"block_{name}": array for name, array in blocks._asdict().items()}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    facts = {
        "format": _FORMAT,
        "version": _VERSION,
        "items": len(store),
        "languages": languages,
        "datasets": datasets,
        "fingerprint": fingerprint,
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    }
    description = json.dumps({**facts, "checksum": _checksum(facts)}, ensure_ascii=False, indent=1)
    (folder / DESCRIPTION).write_text(description + "\n", encoding="utf-8")


def open_store(folder: Path) -> tuple[Store, str]:
    """Open a folder.

    Returns:
        The store and its fingerprint.

    Raises:
        FileNotFoundError: There is no store in the folder.
        ValueError: The store is damaged, or has another format version.
    """
    facts = _read_description(folder)
    for name, size in facts["files"].items():
        actual = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if actual != size:
            raise ValueError(
                f"{folder / name} has {actual:,} bytes and should have {size:,}: "
                "the store is damaged, copy or build it again"
            )
    # An empty array cannot be mapped.
    mapped = facts["items"] > 0
    blocks = Blocks(*(_load(folder, f"block_{name}", mapped=mapped and name == "items") for name in Blocks._fields))
    texts = _map_texts([folder / name for name in facts["files"] if name.endswith(".arrow")])
    store = Store(
        texts,
        SortedItems(facts["languages"], facts["datasets"], blocks),
        _load(folder, "groups", mapped=mapped),
        _load(folder, "passage_groups", mapped=mapped),
    )
    return store, facts["fingerprint"]


def _load(folder: Path, name: str, *, mapped: bool) -> np.ndarray:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r" if mapped else None, allow_pickle=False))


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {DESCRIPTION}: choose a folder that pairs were saved in")
    try:
        facts = json.loads(path.read_bytes())
        checksum = facts.pop("checksum")
        name, version = facts["format"], facts["version"]
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error!r}): copy or build the store again") from None
    if (name, version) != (_FORMAT, _VERSION):
        raise ValueError(
            f"{path} says {name!r} version {version!r}, and this release reads {_FORMAT!r} version {_VERSION}: "
            "build the store again with this release"
        )
    if checksum != _checksum(facts):
        raise ValueError(f"{path} does not fit its checksum: it was changed or damaged, copy or build the store again")
    return facts


def _checksum(facts: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()


def _map_texts(paths: list[Path]) -> Texts:
    batches = []
    for path in paths:
        with pa.ipc.open_file(pa.memory_map(str(path))) as reader:
            batches += [reader.get_batch(number) for number in range(reader.num_record_batches)]
    return Texts(batches)
