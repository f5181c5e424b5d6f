"""Folder of a store: texts in Arrow files, arrays in NumPy files, and a description of both in store.json.

The files are mapped into memory, so that opening a store reads little but the description.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
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
from pyterrier_hybrid.utils.arrays import read_npy
from pyterrier_hybrid.utils.checksums import checksum
from pyterrier_hybrid.utils.files import read_whole, whole_folder

DESCRIPTION = "store.json"
_FORMAT, _VERSION = "pyterrier_hybrid pairs", 1
# Larger files of texts, in bytes, would take seconds to read: only verify_store compares them with their checksums.
_CHECKED_AT_OPENING = 2**28
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
        "checksums": {path.name: checksum(path) for path in sorted(folder.iterdir())},
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
    return read_whole(folder, DESCRIPTION, lambda: _open(folder))


def _open(folder: Path) -> tuple[Store, str]:
    facts = _read_description(folder)
    for name, size in facts["files"].items():
        actual = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if actual != size:
            raise ValueError(
                f"{folder / name} has {actual:,} bytes and should have {size:,}: "
                "the store is damaged, copy or build it again"
            )
    small = [name for name, size in facts["files"].items() if name.endswith(".npy") or size <= _CHECKED_AT_OPENING]
    _check_contents(folder, facts, small)
    try:
        return _map_store(folder, facts), facts["fingerprint"]
    except Exception as error:
        # One message, whatever NumPy and Arrow raise for a damaged file, from SyntaxError to MemoryError.
        raise ValueError(f"{folder} is damaged: {error}; copy the store or build it again") from None


def _map_store(folder: Path, facts: dict[str, Any]) -> Store:
    # An empty array cannot be mapped.
    mapped = facts["items"] > 0
    blocks = Blocks(*(_load(folder, f"block_{name}", mapped=mapped and name == "items") for name in Blocks._fields))
    try:
        texts = _map_texts([folder / name for name in facts["files"] if name.endswith(".arrow")])
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{folder} is damaged ({error}): copy or build the store again") from error
    store = Store(
        texts,
        SortedItems(facts["languages"], facts["datasets"], blocks),
        _load(folder, "groups", mapped=mapped),
        _load(folder, "passage_groups", mapped=mapped),
    )
    sizes = {len(store.groups), len(store.passage_groups), len(blocks.items), len(texts), facts["items"]}
    if len(sizes) > 1:
        raise ValueError(f"its files have different numbers of items: {', '.join(map(str, sorted(sizes)))}")
    return store


def verify_store(folder: Path) -> None:
    """Compare all files of a folder with their checksums.

    Raises:
        FileNotFoundError: There is no store in the folder.
        ValueError: The store is damaged, or has another format version.
    """

    def verify() -> None:
        open_store(folder)
        facts = _read_description(folder)
        _check_contents(folder, facts, facts["files"])

    read_whole(folder, DESCRIPTION, verify)


def _check_contents(folder: Path, facts: dict[str, Any], names: Iterable[str]) -> None:
    # Stores of earlier versions have no checksums.
    checksums = facts.get("checksums", {})
    for name in names:
        if name in checksums and checksum(folder / name) != checksums[name]:
            raise ValueError(f"{folder / name} does not fit its checksum: the store is damaged, copy or build it again")


def _load(folder: Path, name: str, *, mapped: bool) -> np.ndarray:
    return np.asarray(read_npy(folder / f"{name}.npy", mapped=mapped))


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
