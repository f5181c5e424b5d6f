"""The ir_datasets handlers of a family: documents, queries and qrels of any pair of languages, and of all languages together.

All read from one :class:`Corpus` per family, which keeps each language in memory once it was asked for. With some ten thousand
short documents this is smaller and faster than an index on disk, and cannot go stale.
"""

import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain

from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseDocs, BaseQrels, BaseQueries, GenericQuery
from ir_datasets.formats.trec import TrecQrel
from ir_datasets.indices import DEFAULT_DOCSTORE_OPTIONS
from ir_datasets.indices.base import Docstore, DocstoreOptions
from ir_datasets.util import MetadataComponent, MetadataProvider, PackageDataFile

from pyterrier_hybrid.datasets._registry import MULTI, Document, Family, LanguageData


class Language:
    """One language of a family in memory, with the look-ups that the handlers need, each made at its first use."""

    def __init__(self, lang: str, data: LanguageData) -> None:
        self.docs = data.docs
        self.queries = {
            split: [(query.query_id.removesuffix(f"_{lang}"), query) for query in queries] for split, queries in data.queries.items()
        }
        self.relevant: dict[str | None, dict[str, list[TrecQrel]]] = {}
        for split, answers in data.answers.items():
            by_qid = self.relevant.setdefault(split, {})
            for answer in answers:
                by_qid.setdefault(answer.query_id.removesuffix(f"_{lang}"), []).append(answer)

    @cached_property
    def by_id(self) -> dict[str, Document]:
        """Document id -> document."""
        return {doc.doc_id: doc for doc in self.docs}


class Corpus:
    """A family's languages, each loaded when first asked for and once per home folder."""

    def __init__(self, family: Family, load: Callable[[str], LanguageData], *, counted: bool) -> None:
        self.family = family
        self._load = load
        self._counted = counted
        self._home: str | None = None
        self._languages: dict[str, Language] = {}
        self._lock = threading.RLock()

    def language(self, lang: str) -> Language:
        """The given language, loaded if it is not yet."""
        with self._lock:
            self._follow_home()
            if lang not in self._languages:
                self._languages[lang] = Language(lang, self._load(lang))
            return self._languages[lang]

    def countable(self, langs: Iterable[str]) -> bool:
        """Whether to count the data itself: it is at hand, or nothing else knows the count."""
        with self._lock:
            self._follow_home()
            return not self._counted or all(lang in self._languages for lang in langs)

    def _follow_home(self) -> None:
        home = os.environ.get("IR_DATASETS_HOME")
        if home != self._home:
            self._languages.clear()
            self._home = home


class DocsIter:
    """Documents one after the other; ``it[i]``, ``it[start:stop:step]`` and ir_datasets' fractions ``it[:0.5]`` are quick.

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

    def build(self) -> None:
        """Nothing to do: the store is the documents themselves."""

    def built(self) -> bool:
        """Always true, so that ir_datasets never writes an index."""
        return True

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
    """The documents of one or all languages."""

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
        """The number of documents, or None where the package's own metadata knows it without a download."""
        return len(self.docs_iter()) if self._corpus.countable(self._langs) else None

    def docs_cls(self) -> type[Document]:
        """The class of the documents."""
        return Document

    def docs_lang(self) -> str | None:
        """The language code, None for all languages."""
        return self._langs[0] if len(self._langs) == 1 else None

    def docs_namespace(self) -> str:
        """The name within which document ids are unique."""
        return self._corpus.family.name

    def docs_store(self, field: str = "doc_id", options: DocstoreOptions = DEFAULT_DOCSTORE_OPTIONS) -> DocsStore:
        """Look-up by document id."""
        if field != "doc_id":
            raise ValueError(f"documents of {self._corpus.family.name} are looked up by 'doc_id', not by {field!r}")
        return DocsStore(self, options)


class FamilyQueries(BaseQueries):
    """The queries of one or all languages that have a relevant document in the languages of the documents."""

    def __init__(self, corpus: Corpus, doc_langs: tuple[str, ...], langs: tuple[str, ...], split: str | None) -> None:
        self._corpus = corpus
        self._doc_langs = doc_langs
        self._langs = langs
        self._split = split

    def answerable(self) -> Iterator[tuple[str, GenericQuery]]:
        """Pairs of the id that all languages share, and the query."""
        for lang in self._langs:
            # A query's own language answers it: asking there first means that the other languages of a pool need not be read.
            doc_langs = sorted(self._doc_langs, key=lambda doc_lang: doc_lang != lang)
            for qid, query in self._corpus.language(lang).queries[self._split]:
                if any(qid in self._corpus.language(doc_lang).relevant[self._split] for doc_lang in doc_langs):
                    yield qid, query

    def queries_iter(self) -> Iterator[GenericQuery]:
        """The queries, language by language."""
        return (query for _, query in self.answerable())

    def queries_count(self) -> int | None:
        """The number of queries, or None where the package's own metadata knows it without a download."""
        if self._corpus.countable({*self._doc_langs, *self._langs}):
            return sum(1 for _ in self.answerable())
        return None

    def queries_cls(self) -> type[GenericQuery]:
        """The class of the queries, with two fields so that PyTerrier finds the text."""
        return GenericQuery

    def queries_lang(self) -> str | None:
        """The language code, None for all languages."""
        return self._langs[0] if len(self._langs) == 1 else None

    def queries_namespace(self) -> str:
        """The name within which query ids are unique."""
        return self._corpus.family.name


class FamilyQrels(BaseQrels):
    """The relevant documents of these queries, in each language of the documents; ``iteration`` says which."""

    def __init__(self, corpus: Corpus, doc_langs: tuple[str, ...], queries: FamilyQueries, split: str | None) -> None:
        self._corpus = corpus
        self._doc_langs = doc_langs
        self._queries = queries
        self._split = split

    def qrels_iter(self) -> Iterator[TrecQrel]:
        """The qrels, query by query."""
        relevant = [(lang, self._corpus.language(lang).relevant[self._split]) for lang in self._doc_langs]
        for qid, query in self._queries.answerable():
            for lang, answers in relevant:
                for answer in answers.get(qid, ()):
                    yield TrecQrel(query.query_id, answer.doc_id, answer.relevance, lang)

    def qrels_count(self) -> int | None:
        """The number of qrels, or None where the package's own metadata knows it without a download."""
        if self._corpus.countable({*self._doc_langs, *self._queries._langs}):
            return sum(1 for _ in self.qrels_iter())
        return None

    def qrels_cls(self) -> type[TrecQrel]:
        """The class of the qrels."""
        return TrecQrel

    def qrels_defs(self) -> dict[int, str]:
        """Relevance level -> what it means."""
        return dict(self._corpus.family.qrel_defs)

    def qrels_namespace(self) -> str:
        """The name within which query and document ids are unique."""
        return self._corpus.family.name


class Documentation:
    """What ir_datasets shows about a dataset."""

    def __init__(self, family: Family, subset: str | None = None) -> None:
        self._family = family
        self._subset = subset

    def documentation(self) -> dict[str, str]:
        """The name and description, and on the family itself its licence and BibTeX entry."""
        if self._subset is not None:
            return {"desc": f"<p>{self._subset}</p>", "bibtex": self._family.bibtex}
        return {
            "pretty_name": self._family.title,
            "desc": f"<p>{self._family.description}</p>",
            "licence": self._family.licence,
            "bibtex": self._family.bibtex,
        }


def datasets_of(
    family: Family, load: Callable[[str], LanguageData], metadata: str | None = None
) -> Iterator[tuple[str, Dataset]]:
    """Every ID of a family and its dataset. One documents handler per language is shared by all settings over it."""
    corpus = Corpus(family, load, counted=metadata is not None)
    if metadata is None:
        provider = MetadataProvider(dict)
    else:
        provider = MetadataProvider(MetadataProvider.json_loader(PackageDataFile(f"etc/{metadata}", "pyterrier_hybrid.datasets")))

    def described(dataset_id: str, *parts: object) -> tuple[str, Dataset]:
        dataset = Dataset(*parts)
        return dataset_id, Dataset(MetadataComponent(dataset_id, dataset, provider), dataset)

    langs = {MULTI: family.languages, **{lang: (lang,) for lang in family.languages}}
    docs = {name: FamilyDocs(corpus, of) for name, of in langs.items()}
    yield described(family.docs_id, docs[MULTI], Documentation(family))
    for split in family.splits or (None,):
        for doc_lang, query_lang in family.settings():
            queries = FamilyQueries(corpus, langs[doc_lang], langs[query_lang], split)
            qrels = FamilyQrels(corpus, langs[doc_lang], queries, split)
            subset = f"{family.title}: documents {doc_lang}, queries {query_lang}" + (f", {split} split" if split else "")
            yield described(family.id(doc_lang, query_lang, split), docs[doc_lang], queries, qrels, Documentation(family, subset))
