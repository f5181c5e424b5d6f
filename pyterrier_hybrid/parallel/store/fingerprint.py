"""Content hash of a store."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pyterrier_hybrid.parallel.store.texts import role_and_language


class Fingerprint:
    """Hash of the rows of a store, however they are cut into batches.

    Provenance does not count: the same texts, translated on another day, are the same training data.

    Example:
        >>> from pyterrier_hybrid.parallel.item import Item
        >>> from pyterrier_hybrid.parallel.store.texts import items_to_batch
        >>> fingerprint = Fingerprint()
        >>> fingerprint.add(items_to_batch([Item("1", None, "toy", {"en": "Who?"}, {"de": "Ich."})]))
        >>> fingerprint.hexdigest(np.zeros(1, np.int64))
        '2f902f26ecaa8b3b57962ecf6d988885'
    """

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[str, _StringHash] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows, with the columns of :mod:`pyterrier_hybrid.parallel.store.texts`."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name.startswith("provenance."):
                continue
            parts = {name: column}
            if name == "translation":
                parts[name] = column.cast(pa.uint8()).cast(pa.string())
            elif pa.types.is_dictionary(column.type):
                parts[name] = column.cast(pa.string())
            elif pa.types.is_list(column.type):
                sizes = pc.list_value_length(column)
                parts = {f"{name} sizes": sizes.cast(pa.string()), f"{name} values": column.flatten()}
            for key, part in parts.items():
                if key not in self._columns:
                    self._columns[key] = _StringHash(self._expected_rows(key))
                self._columns[key].add(part)
        self._rows += batch.num_rows
        for key, column_hash in self._columns.items():
            column_hash.add_missing(max(0, self._expected_rows(key) - column_hash.rows))

    def hexdigest(self, groups: np.ndarray) -> str:
        """Return the hash of all rows and of their groups, int64 [n], as 32 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"pairs 1, {self._rows} rows\n".encode())
        for key, column in sorted(self._columns.items()):
            # A column without values must count like a missing column.
            if column.values or role_and_language(key) is None:
                digest.update(f"{key} {column.hexdigest()}\n".encode())
        digest.update(np.ascontiguousarray(groups, "<i8").data)
        return digest.hexdigest()

    def _expected_rows(self, key: str) -> int:
        # Lists do not have one value per row.
        return 0 if key.endswith(" values") else self._rows


class _StringHash:
    """Hash of a column of strings: of their lengths (-1: missing) and of their bytes."""

    def __init__(self, missing: int) -> None:
        self.rows = self.values = 0
        self._lengths, self._bytes = hashlib.blake2b(digest_size=16), hashlib.blake2b(digest_size=16)
        self.add_missing(missing)

    def add_missing(self, rows: int) -> None:
        for start in range(0, rows, 2**20):
            self._lengths.update(np.full(min(2**20, rows - start), -1, "<i4").data)
        self.rows += rows

    def add(self, column: pa.Array) -> None:
        """Add strings or nulls."""
        self._lengths.update(pc.binary_length(column).fill_null(-1).to_numpy().astype("<i4", copy=False))
        valid = column.drop_null() if column.null_count else column
        if len(valid):
            _, offsets, data = valid.buffers()
            ends = np.frombuffer(offsets, np.int32)[[valid.offset, valid.offset + len(valid)]]
            self._bytes.update(memoryview(data)[ends[0] : ends[1]])
        self.rows += len(column)
        self.values += len(valid)

    def hexdigest(self) -> str:
        return self._lengths.hexdigest() + self._bytes.hexdigest()
