"""The documents of a family: iterated, sliced and looked up."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain

from ir_datasets.formats import BaseDocs
from ir_datasets.indices import DEFAULT_DOCSTORE_OPTIONS
from ir_datasets.indices.base import Docstore, DocstoreOptions

from pyterrier_hybrid.datasets.base import PAIR, Document
from pyterrier_hybrid.datasets.irds.corpus import Corpus


class DocsIter:
    """Documents one by one, or at once: ``it[i]``, ``it[start:stop:step]``, ir_datasets' fractions ``it[:0.5]``.

    Positions count from the next document on, as in ir_datasets.
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
    """Look-up of documents by id, in memory."""

    def __init__(self, docs: "FamilyDocs", options: DocstoreOptions = DEFAULT_DOCSTORE_OPTIONS) -> None:
        super().__init__(Document, "doc_id", options)
        self._docs = docs

    def get_many_iter(self, doc_ids: Iterable[str]) -> Iterator[Document]:
        """Those of the given documents that exist, in the given order."""
        for doc_id in doc_ids:
            doc = self._docs.find(doc_id)
            if doc is not None:
                yield doc

    def count(self) -> int:
        """The number of documents."""
        return len(self)

    def __len__(self) -> int:
        return len(self._docs.docs_iter())

    def __iter__(self) -> DocsIter:
        return self._docs.docs_iter()

    def __getitem__(self, key: int | slice) -> Document | DocsIter:
        return self._docs.docs_iter()[key]


class FamilyDocs(BaseDocs):
    """The documents of one or all languages, or of one or all sides of pairs."""

    def __init__(self, corpus: Corpus, langs: tuple[str, ...]) -> None:
        self._corpus = corpus
        self._langs = langs

    def docs_iter(self) -> DocsIter:
        """The documents, language by language."""
        return DocsIter(list(chain.from_iterable(self._corpus.language(lang).docs for lang in self._langs)))

    def find(self, doc_id: str) -> Document | None:
        """The document with the given id. Reads no other language than that of the document."""
        lang = doc_id.split("_", 1)[0]
        return self._corpus.language(lang).by_id.get(doc_id) if lang in self._langs else None

    def docs_count(self) -> int | None:
        """The number of documents, or None where the metadata has it."""
        return None if self._corpus.counted else len(self.docs_iter())

    def docs_cls(self) -> type[Document]:
        """The class of the documents."""
        return Document

    def docs_lang(self) -> str | None:
        """The language code, None for all languages."""
        return self._langs[0].split(PAIR)[0] if len(self._langs) == 1 else None

    def docs_namespace(self) -> str:
        """The name within which document ids are unique."""
        return self._corpus.family.name

    def docs_store(self, field: str = "doc_id", options: DocstoreOptions = DEFAULT_DOCSTORE_OPTIONS) -> DocsStore:
        """Look-up by document id."""
        if field != "doc_id":
            raise ValueError(f"documents of {self._corpus.family.name} are looked up by 'doc_id', not by {field!r}")
        return DocsStore(self, options)
