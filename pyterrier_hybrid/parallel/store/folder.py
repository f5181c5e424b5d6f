"""A store's folder: texts in Arrow files, what planning needs in NumPy files, and store.json that describes both.

Everything is mapped into memory, so that opening reads the description and little else.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pyterrier_hybrid.parallel.store.blocks import Blocks, SortedItems
from pyterrier_hybrid.parallel.store.build import Builder, Parts
from pyterrier_hybrid.parallel.store.fingerprint import Fingerprint
from pyterrier_hybrid.parallel.store.texts import Texts, type_of
from pyterrier_hybrid.utils.files import whole_folder

DESCRIPTION = "store.json"
_FORMAT, _VERSION = "pyterrier_hybrid pairs", 1


class Opened(NamedTuple):
    """What is in a folder.

    Attributes:
        texts: The texts.
        parts: What planning needs.
        fingerprint: The hash of it all.
    """

    texts: Texts
    parts: Parts
    fingerprint: str


class Files:
    """Writes record batches into Arrow files of a folder, a new one as soon as there are new columns.

    A context manager, which closes them.

    Args:
        folder: Where they go.

    Attributes:
        fingerprint: The hash of what was written.
    """

    def __init__(self, folder: Path) -> None:
        self.fingerprint = Fingerprint()
        self._folder = folder
        self._stack = ExitStack()
        self._paths: list[Path] = []
        self._names = ["id", "dataset", "translation"]
        self._datasets: dict[str, int] = {}
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def __enter__(self) -> "Files":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def append(self, batch: pa.RecordBatch) -> None:
        """Write a batch."""
        new = set(batch.schema.names) - set(self._names)
        if new or self._writer is None:
            self._names = self._names[:3] + sorted({*self._names[3:], *new})
            self._begin()
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        columns["dataset"] = self._encoded(columns["dataset"])
        arrays = [columns[name] if name in columns else pa.nulls(batch.num_rows, type_of(name)) for name in self._names]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, names=self._names))
        self.fingerprint.add(batch)

    def finish(self) -> Texts:
        """Close the files and return what is in them."""
        self._stack.close()
        return _texts(self._paths)

    def _begin(self) -> None:
        self._stack.close()
        self._datasets = {}
        self._paths.append(self._folder / f"texts-{len(self._paths):04}.arrow")
        schema = pa.schema([(name, type_of(name)) for name in self._names])
        file = self._stack.enter_context(pa.OSFile(str(self._paths[-1]), "wb"))
        # Datasets are told file by file as they come.
        options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
        self._writer = self._stack.enter_context(pa.ipc.new_file(file, schema, options=options))

    def _encoded(self, datasets: pa.Array) -> pa.Array:
        datasets = datasets.dictionary_encode()
        numbers = np.zeros(len(datasets.dictionary), np.int32)
        codes = datasets.indices.to_numpy()
        for code in np.unique(codes).tolist():
            numbers[code] = self._datasets.setdefault(datasets.dictionary[code].as_py(), len(self._datasets))
        return pa.DictionaryArray.from_arrays(pa.array(numbers[codes]), pa.array(list(self._datasets), pa.string()))


def build_store(folder: Path, fill: Callable[[Builder], None], *, overwrite: bool) -> None:
    """Make a store in a folder, whole or not at all.

    Args:
        folder: Its place.
        fill: Adds its rows to a builder.
        overwrite: Replace a folder that is there already.
    """
    with whole_folder(folder, overwrite=overwrite) as unfinished, Files(unfinished) as files:
        builder = Builder(files)
        fill(builder)
        parts = builder.finish(files.finish())
        write_description(unfinished, parts, files.fingerprint.hexdigest(parts.groups))


def write_description(folder: Path, parts: Parts, fingerprint: str) -> None:
    """Write all of a store but its texts, which are in the folder already."""
    languages, datasets, blocks = parts.sorted_items
    arrays = {"groups": parts.groups, "passage_groups": parts.passage_groups}
    arrays |= {f"block_{name}": array for name, array in blocks._asdict().items()}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    facts = {
        "format": _FORMAT,
        "version": _VERSION,
        "items": len(parts.groups),
        "languages": languages,
        "datasets": datasets,
        "fingerprint": fingerprint,
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    }
    described = json.dumps({**facts, "checksum": _checksum(facts)}, ensure_ascii=False, indent=1)
    (folder / DESCRIPTION).write_text(described + "\n", encoding="utf-8")


def open_store(folder: Path) -> Opened:
    """Open a folder.

    Raises:
        FileNotFoundError: If there is no store.
        ValueError: If it is damaged, or of another format version.
    """
    facts = _facts(folder)
    for name, size in facts["files"].items():
        found = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if found != size:
            raise ValueError(
                f"{folder / name} has {found:,} bytes and should have {size:,}: "
                "the store is damaged, copy or build it again"
            )
    count = facts["items"]
    array = _array_reader(folder, count)
    blocks = Blocks(*(array(f"block_{name}", mapped=name == "items") for name in Blocks._fields))
    parts = Parts(
        SortedItems(facts["languages"], facts["datasets"], blocks),
        array("groups", mapped=True),
        array("passage_groups", mapped=True),
    )
    paths = [folder / name for name in facts["files"] if name.endswith(".arrow")]
    return Opened(_texts(paths), parts, facts["fingerprint"])


def _array_reader(folder: Path, count: int) -> Callable[..., np.ndarray]:
    def read(name: str, *, mapped: bool) -> np.ndarray:
        # An empty array cannot be mapped.
        mode = "r" if mapped and count else None
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode=mode, allow_pickle=False))

    return read


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise FileNotFoundError(f"{folder} has no {DESCRIPTION}: choose a folder that pairs were saved in")
    try:
        facts = json.loads(path.read_bytes())
        checksum = facts.pop("checksum")
        form, version = facts["format"], facts["version"]
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error!r}): copy or build the store again") from None
    if (form, version) != (_FORMAT, _VERSION):
        raise ValueError(
            f"{path} says {form!r} version {version!r}, and this release reads {_FORMAT!r} version {_VERSION}: "
            "build the store again with this release"
        )
    if checksum != _checksum(facts):
        raise ValueError(f"{path} does not fit its checksum: it was changed or damaged, copy or build the store again")
    return facts


def _checksum(facts: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()


def _texts(paths: list[Path]) -> Texts:
    batches = []
    for path in paths:
        with pa.ipc.open_file(pa.memory_map(str(path))) as reader:
            batches += [reader.get_batch(number) for number in range(reader.num_record_batches)]
    return Texts(batches)
