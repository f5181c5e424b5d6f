"""The documents of a family: iteration, slices and look-up."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain

from ir_datasets.formats import BaseDocs
from ir_datasets.indices import DEFAULT_DOCSTORE_OPTIONS
from ir_datasets.indices.base import Docstore, DocstoreOptions

from pyterrier_hybrid.datasets.base import PAIR, Document
from pyterrier_hybrid.datasets.irds.data import FamilyData


class DocsIter:
    """An iterator with indices, slices and ir_datasets' fractions: ``it[i]``, ``it[start:stop:step]``, ``it[:0.5]``.

    Positions are relative to the next document, as in ir_datasets.

    Args:
        docs: The documents.
        positions: The positions to iterate over; None: all.
    """

    def __init__(self, docs: list[Document], positions: range | None = None) -> None:
        self._docs = docs
        self._positions = range(len(docs)) if positions is None else positions

    def __iter__(self) -> "DocsIter":
        return self

    def __next__(self) -> Document:
        if not self._positions:
            raise StopIteration
        doc = self._docs[self._positions[0]]
        self._positions = self._positions[1:]
        return doc

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, key: int | slice) -> "Document | DocsIter":
        if isinstance(key, slice):
            start, stop = (self._position(bound) for bound in (key.start, key.stop))
            return DocsIter(self._docs, self._positions[start : stop : key.step])
        return self._docs[self._positions[key]]

    def _position(self, bound: int | float | None) -> int | None:
        if not isinstance(bound, float):
            return bound
        if not 0.0 <= bound <= 1.0:
            raise ValueError(f"a fraction of the documents must lie in [0, 1], not {bound}")
        return math.floor(bound * len(self._positions))


class DocsStore(Docstore):
    """Look-up of documents by ID, in memory.

    Args:
        docs: The documents.
        options: Options of ir_datasets.
    """

    def __init__(self, docs: "FamilyDocs", options: DocstoreOptions = DEFAULT_DOCSTORE_OPTIONS) -> None:
        super().__init__(Document, "doc_id", options)
        self._docs = docs

    def get_many_iter(self, doc_ids: Iterable[str]) -> Iterator[Document]:
        """Yield the documents with some IDs, in this order; unknown IDs are skipped.

        Args:
            doc_ids: The IDs.
        """
        for doc_id in doc_ids:
            doc = self._docs.find(doc_id)
            if doc is not None:
                yield doc

    def count(self) -> int:
        """Return the number of documents."""
        return len(self)

    def __len__(self) -> int:
        return len(self._docs.docs_iter())

    def __iter__(self) -> DocsIter:
        return self._docs.docs_iter()

    def __getitem__(self, key: int | slice) -> Document | DocsIter:
        return self._docs.docs_iter()[key]


class FamilyDocs(BaseDocs):
    """The documents of one language or side of a pair, or of all of them.

    Args:
        data: The data of the family.
        langs: The languages or sides of pairs.
    """

    def __init__(self, data: FamilyData, langs: tuple[str, ...]) -> None:
        self._data = data
        self._langs = langs

    def docs_iter(self) -> DocsIter:
        """Return an iterator over the documents, language by language."""
        return DocsIter(list(chain.from_iterable(self._data.language(lang).docs for lang in self._langs)))

    def find(self, doc_id: str) -> Document | None:
        """Return a document, or None if there is none; only the language of the document is loaded.

        Args:
            doc_id: Its ID.
        """
        lang = doc_id.split("_", 1)[0]
        return self._data.language(lang).by_id.get(doc_id) if lang in self._langs else None

    def docs_count(self) -> int | None:
        """Return the number of documents; None if it is in the metadata."""
        return None if self._data.counted else len(self.docs_iter())

    def docs_cls(self) -> type[Document]:
        """Return the class of the documents."""
        return Document

    def docs_lang(self) -> str | None:
        """Return the language code; None for several languages."""
        return self._langs[0].split(PAIR)[0] if len(self._langs) == 1 else None

    def docs_namespace(self) -> str:
        """Return the name of the namespace of document IDs."""
        return self._data.family.name

    def docs_store(self, field: str = "doc_id", options: DocstoreOptions = DEFAULT_DOCSTORE_OPTIONS) -> DocsStore:
        """Return the look-up by document ID.

        Args:
            field: ``"doc_id"``; look-up by other fields is not supported.
            options: Options of ir_datasets.

        Raises:
            ValueError: It is another field.
        """
        if field != "doc_id":
            raise ValueError(f"documents of {self._data.family.name} are looked up by 'doc_id', not by {field!r}")
        return DocsStore(self, options)
