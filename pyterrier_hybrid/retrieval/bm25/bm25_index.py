"""BM25 over texts in many languages, each analysed by the rules of its language."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.bm25.build import Spool, write_index
from pyterrier_hybrid.retrieval.bm25.engines import K1, B, Search, choose_engine
from pyterrier_hybrid.retrieval.bm25.files import ALL_LANGUAGES, META, OpenIndex, ReplacedError, damaged
from pyterrier_hybrid.retrieval.documents import documents_of
from pyterrier_hybrid.retrieval.frames import hint_if_missing
from pyterrier_hybrid.retrieval.ranking import Results, order_results, search_to_cutoff
from pyterrier_hybrid.retrieval.stored_texts import TextLoader, no_texts, unknown_docno
from pyterrier_hybrid.text.analysis import analyzer
from pyterrier_hybrid.text.languages import optional_language, same_language
from pyterrier_hybrid.utils.checks import finite_number, true_or_false, whole_number
from pyterrier_hybrid.utils.files import put_back, scratch_folder, whole_folder, writing
from pyterrier_hybrid.utils.parameters import CheckedTransformer

_T = TypeVar("_T")

# Significant digits of scores. Further digits depend on the order in which an engine adds.
_DIGITS = 5


class BM25Index(pt.Artifact):
    """A BM25 index of documents in one language or many, built and searched by bm25s, PISA or Terrier.

    Every document is analysed in its language (:func:`~pyterrier_hybrid.retrieval.analyzer`), and so is every query.
    The documents of all languages are one collection with common statistics, in which equal terms of two languages
    (names, numbers) are one term. Each language also has its own index: ``retriever(lang="de")`` ranks exactly as an
    index of only the German documents would. Documents without any term are not found and not counted.

    The score of a document is the sum over the query's terms of
    ``qf * idf * (k1 + 1) * tf / (tf + k1 * (1 - b + b * dl / avgdl))``, with
    ``idf = max(1e-6, ln((N - df + 0.5) / (df + 0.5)))``: a term that occurs in more than half of the documents counts
    for almost nothing, but never against a document. Scores are rounded to five significant digits, so that equal
    scores stay equal in single precision and all engines give the same ranking, unless nearly equal scores are rounded
    in different directions.

    Threads may share an index and its retrievers, and both can be pickled. While another process replaces the index, a
    search sees the old one or the new one, whole.

    Args:
        path: Folder of the index; :meth:`indexer` builds it.

    Example:
        >>> import tempfile, pyterrier_hybrid as ph
        >>> docs = [
        ...     {"docno": "en_1", "text": "two houses", "lang": "en"},
        ...     {"docno": "de_1", "text": "zwei Häuser", "lang": "de"},
        ...     {"docno": "de_2", "text": "ein Fluss", "lang": "de"},
        ... ]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     index = ph.BM25Index(folder + "/index").indexer().index(docs)
        ...     index.retriever(query_lang="de").search("Haus")["docno"].tolist()
        ['de_1']
    """

    ARTIFACT_TYPE = "sparse_index"
    ARTIFACT_FORMAT = "hybrid_bm25"
    ARTIFACT_PACKAGE_HINT = "pyterrier_hybrid"

    path: Path

    def __init__(self, path: str | Path) -> None:
        """Set the folder; it is only read when needed."""
        super().__init__(path)
        self._lock = threading.Lock()
        self.forget()

    def built(self) -> bool:
        """Whether the index exists."""
        put_back(self.path)
        return (self.path / META).exists()

    def indexer(
        self, engine: str = "auto", *, lang: str | None = None, overwrite: bool = False, store_text: bool = False
    ) -> "BM25Indexer":
        """Return an indexer of documents with ``docno``, ``text`` and ``lang``.

        Args:
            engine: ``bm25s``, ``pisa`` (an extra; for millions of documents, of which it skips most) or ``terrier`` (an
                extra; needs Java). ``auto`` is bm25s.
            lang: Language of documents without ``lang``.
            overwrite: Replace an existing index.
            store_text: Also keep the texts as they are, for :meth:`text_loader`.

        Raises:
            ValueError: The engine or the language is unknown.
            RuntimeError: The engine cannot be used here; the message says what it needs.
        """
        return BM25Indexer(self, engine=choose_engine(engine), lang=lang, overwrite=overwrite, store_text=store_text)

    def retriever(
        self,
        num_results: int = 1000,
        lang: str | None = None,
        *,
        query_lang: str | None = None,
        k1: float = K1,
        b: float = B,
    ) -> "BM25Retriever":
        """Return a retriever for frames with ``qid``, ``query`` and, optionally, ``lang``: the language of each query.

        Args:
            num_results: Maximum number of results per query.
            lang: Search only the documents in this language, as an index of only these would.
            query_lang: Language of all queries, whatever the frame says. Without it and without a column ``lang``,
                queries are assumed to be in the language of the searched documents, if there is only one.
            k1: Term-frequency saturation, above 0.
            b: Length normalisation, 0 to 1.

        Raises:
            ValueError: A parameter is out of range, or the language is unknown.
        """
        return BM25Retriever(self, num_results=num_results, lang=lang, query_lang=query_lang, k1=k1, b=b)

    def text_loader(self) -> TextLoader:
        """Return a transformer that adds ``text`` and ``lang``, the document's language, to frames with ``docno``.

        The index must have been built with ``store_text=True``.

        Example:
            >>> import tempfile
            >>> docs = [{"docno": "en_1", "text": "two houses", "lang": "en"}]
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     index = BM25Index(folder + "/index").indexer(store_text=True).index(docs)
            ...     (index.retriever() >> index.text_loader()).search("house")["text"].tolist()
            ['two houses']
        """
        return TextLoader(self, self._lookup_texts)

    def _lookup_texts(self, docnos: Sequence[str]) -> tuple[list[str], list[str | None] | None]:
        def lookup(opened: OpenIndex) -> tuple[list[str], list[str | None] | None]:
            if not opened.keeps_texts:
                raise no_texts(self.path)
            positions = np.array([opened.positions.get(docno, -1) for docno in docnos], np.int64)
            if (positions < 0).any():
                raise unknown_docno(self.path, docnos, positions)
            return opened.take_texts(positions), [opened.langs[position] for position in positions.tolist()]

        return _whole_generation(self, lookup)

    @property
    def languages(self) -> list[str]:
        """Languages of the documents, sorted."""
        return list(self._open().languages)

    @property
    def engine(self) -> str:
        """Engine that built the index and searches it: ``bm25s``, ``pisa`` or ``terrier``."""
        return self._open().engine

    def __len__(self) -> int:
        return len(self._open().docnos)

    def __repr__(self) -> str:
        return f"BM25Index({str(self.path)!r})"

    def verify(self) -> None:
        """Read all files and compare them with their checksums. Opening compares only the sizes of large files.

        Raises:
            FileNotFoundError: The index does not exist.
            ValueError: A file is missing or damaged.
        """
        _whole_generation(self, OpenIndex.verify)

    def forget(self) -> None:
        """Close the files; the next search opens the index again."""
        self._opened: OpenIndex | None = None

    def _open(self) -> OpenIndex:
        with self._lock:
            while self._opened is None:
                with suppress(ReplacedError):
                    self._opened = OpenIndex(self.path, artifact_format=self.ARTIFACT_FORMAT)
            return self._opened

    def __getstate__(self) -> dict[str, Any]:
        """Leave out open files: another process opens its own."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_opened", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self.forget()


class BM25Indexer(pt.Indexer):
    """Builds an index; made by :meth:`BM25Index.indexer`."""

    # Without a help_url, drawing a pipeline would fetch an inventory from the network.
    schematic = {"label": "BM25 indexer", "help_url": None}

    def __init__(
        self, index: BM25Index, *, engine: str, lang: str | None, overwrite: bool, store_text: bool = False
    ) -> None:
        """Write to ``index``."""
        super().__init__()
        lang = optional_language("lang", lang)
        if lang is not None:
            analyzer(lang)
        self.index_ref = index
        self.engine = engine
        self.lang = lang
        self.overwrite = overwrite
        self.store_text = true_or_false("store_text", store_text)

    def index_inputs(self) -> list[list[str]]:
        """Return the columns of the documents, for inspection; ``lang`` is optional if the indexer has a language."""
        return [["docno", "text", "lang"]] + ([["docno", "text"]] if self.lang is not None else [])

    # PyTerrier names the parameter iter, and passes no options.
    def index(self, inp: Iterable[Mapping[str, Any]] | pd.DataFrame) -> BM25Index:  # type: ignore[override]
        """Build the index atomically.

        Args:
            inp: Documents as dicts or a frame, with ``docno`` (str), ``text`` and ``lang``, which may be missing if it
                was passed to :meth:`BM25Index.indexer`.

        Returns:
            The index; an empty one if there are no documents.

        Raises:
            FileExistsError: The index already exists.
            ValueError: A document lacks a column, its language is unknown, or its docno occurs twice.
            TypeError: A document is not a dict, or a docno or a text is not a string.
        """
        index = self.index_ref
        if (index.built() or index.path.exists()) and not self.overwrite:
            raise FileExistsError(f"{index.path} exists: choose another folder, or pass overwrite=True to indexer()")
        documents = documents_of("documents", inp, fields="docno, text and lang")
        artifact = {
            "type": index.ARTIFACT_TYPE,
            "format": index.ARTIFACT_FORMAT,
            "package_hint": index.ARTIFACT_PACKAGE_HINT,
        }
        with writing(index.path), scratch_folder("bm25") as scratch:
            spool = Spool(scratch, store_text=self.store_text)
            spool.analyse(documents, lang=self.lang)
            with whole_folder(index.path, overwrite=self.overwrite) as folder:
                write_index(folder, spool, engine=self.engine, artifact=artifact)
        index.forget()
        return index


class BM25Retriever(CheckedTransformer):
    """Ranks documents for each ``query`` by BM25; made by :meth:`BM25Index.retriever`."""

    schematic = {"label": "BM25", "help_url": None}

    def __init__(
        self,
        index: BM25Index,
        *,
        num_results: int = 1000,
        lang: str | None = None,
        query_lang: str | None = None,
        k1: float = K1,
        b: float = B,
    ) -> None:
        """Search ``index``."""
        super().__init__()
        num_results = whole_number("num_results", num_results)
        k1, b = finite_number("k1", k1), finite_number("b", b)
        if k1 == 0:
            raise ValueError(f"k1={k1:g}: it must be above 0")
        if b > 1:
            raise ValueError(f"b={b:g}: it must be from 0 to 1")
        query_lang = optional_language("query_lang", query_lang)
        if query_lang is not None:
            analyzer(query_lang)
        self.index = index
        self.num_results = num_results
        self.lang = optional_language("lang", lang)
        self.query_lang = query_lang
        self.k1 = k1
        self.b = b

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search; results are sorted by score, with ties broken by descending docno, as in trec_eval."""
        with hint_if_missing("lang", f"the documents are in several languages; {_WHICH_LANGUAGE}"):
            columns = ["query", "lang"] if self._needs_language() else ["query"]
            pt.validate.query_frame(inp, extra_columns=columns, context=self)
        inp = inp.reset_index(drop=True).drop(columns=["score", "rank"], errors="ignore")
        found, docnos = (
            _whole_generation(self.index, lambda opened: self._search(opened, inp)) if len(inp) else _NOTHING
        )
        return inp.iloc[found.row].reset_index(drop=True).assign(docno=docnos, score=found.score, rank=found.rank)

    def _needs_language(self) -> bool:
        """Return whether queries must say their language; an index that does not exist yet is not asked."""
        if self.query_lang is not None or self.lang is not None or not self.index.built():
            return False
        return len(self.index._open().languages) > 1

    def search_arrays(self, inp: pd.DataFrame) -> Results:
        """Search as :meth:`transform` does, but without building a frame: ten times as fast for long rankings.

        Args:
            inp: Queries with ``qid``, ``query`` and, optionally, ``lang``.

        Returns:
            Results in the order of query row and rank; documents are numbered in the order of indexing.
        """
        return _whole_generation(self.index, lambda opened: self._search(opened, inp))[0] if len(inp) else _NOTHING[0]

    def fuse_rank_cutoff(self, k: int) -> "BM25Retriever | None":
        """Search no deeper than a following cutoff keeps."""
        if k >= self.num_results:
            return None
        return self.index.retriever(k, self.lang, query_lang=self.query_lang, k1=self.k1, b=self.b)

    def _search(self, opened: OpenIndex, inp: pd.DataFrame) -> tuple[Results, np.ndarray]:
        """Return the results of at least one query, and their docnos."""
        if not len(opened.docnos):
            return _NOTHING
        part_name, languages = self._searched(opened)
        queries = [Counter(terms) for terms in self._analyse(inp, languages)]
        part = opened.part(part_name, k1=self.k1, b=self.b)
        if part is None:
            return _NOTHING
        try:
            found = _search(part.search, queries, self.num_results, opened.docno_ranks[part.numbers])
            found = found._replace(document=part.numbers[found.document])
        except IndexError as error:
            raise damaged(self.index.path, error) from error
        return found, opened.docnos[found.document]

    def _searched(self, collection: OpenIndex) -> tuple[str, tuple[str, ...]]:
        """Return the part of the index to search, and its languages."""
        if self.lang is None:
            return ALL_LANGUAGES, collection.languages
        lang = same_language(self.lang, collection.languages)
        if lang not in collection.languages:
            raise ValueError(f"{self.index.path} has documents in {list(collection.languages)}, none in {self.lang!r}")
        return (lang if len(collection.languages) > 1 else ALL_LANGUAGES), (lang,)

    def _analyse(self, inp: pd.DataFrame, languages: Sequence[str]) -> Iterator[list[str]]:
        if self.query_lang is not None:
            langs = [self.query_lang] * len(inp)
        elif "lang" in inp:
            langs = inp["lang"].tolist()
        elif len(languages) == 1:
            langs = list(languages) * len(inp)
        else:
            raise ValueError(
                f"the language of the queries is unknown, since {self.index.path} holds {list(languages)}: "
                f"{_WHICH_LANGUAGE}"
            )
        for qid, query, lang in zip(inp["qid"], inp["query"], langs, strict=True):
            try:
                yield analyzer(lang)(query)
            except (TypeError, ValueError) as error:
                raise type(error)(f"query {qid!r}: {error}") from error

    def _settings(self) -> tuple[Any, ...]:
        return self.index.path, self.num_results, self.lang, self.query_lang, self.k1, self.b

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BM25Retriever) and self._settings() == other._settings()

    def __hash__(self) -> int:
        return hash(self._settings())

    def __repr__(self) -> str:
        return (
            f"{self.index!r}.retriever(num_results={self.num_results}, lang={self.lang!r}, "
            f"query_lang={self.query_lang!r}, k1={self.k1}, b={self.b})"
        )


_WHICH_LANGUAGE = "add a column 'lang' to the queries, or pass query_lang= to retriever()"
_NOTHING = Results.empty(), np.empty(0, object)


def _whole_generation(index: BM25Index, use: Callable[[OpenIndex], _T]) -> _T:
    """Use an open index; if another process replaces it before all files are open, begin again with the new one."""
    while True:
        opened = index._open()
        try:
            return use(opened)
        except ReplacedError:
            # Another thread may have opened the new one.
            if index._opened is opened:
                index.forget()


def _search(search: Search, queries: Sequence[Mapping[str, int]], num_results: int, docno_ranks: np.ndarray) -> Results:
    def search_block(rows: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        query, position, score = search([queries[row] for row in rows], depth)
        score = _rounded(score)
        order = order_results(query, score, lambda tied: docno_ranks[position[tied]])
        return query[order], position[order], score[order]

    with_terms = np.array([row for row, query in enumerate(queries) if query], np.int64)
    return search_to_cutoff(search_block, with_terms, num_results, len(docno_ranks))


def _rounded(scores: np.ndarray) -> np.ndarray:
    unit = 10.0 ** (np.floor(np.log10(np.maximum(scores, 1e-30))) - (_DIGITS - 1))
    return np.round(scores / unit) * unit
