"""BM25 over texts in many languages, each analysed in its own."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.bm25.indexer import (
    DOCUMENTS,
    ENGINES,
    EVERYTHING,
    K1,
    META,
    NUMBERS,
    B,
    BM25Indexer,
    choose_engine,
    part_folder,
)
from pyterrier_hybrid.retrieval.bm25.ranking import Search, rank
from pyterrier_hybrid.text.analysis import analyzer


@dataclass(frozen=True)
class _Collection:
    engine: str
    languages: tuple[str, ...]
    docnos: np.ndarray
    order: np.ndarray


class BM25Index(pt.Artifact):
    """A BM25 index of documents in one language or many, built and searched by PISA or Terrier.

    Every document is analysed in its own language (:func:`~pyterrier_hybrid.retrieval.analyzer`), every query in its
    own. The documents of all languages are one collection with common statistics, in which equal terms of two languages
    (names, numbers) are one term. Each language also has an index of its own: ``retriever(lang="de")`` ranks exactly as
    an index of the German documents alone would. Documents without any term are not found and not counted.

    The score of a document is the sum over the query's terms of
    ``qf * idf * (k1 + 1) * tf / (tf + k1 * (1 - b + b * dl / avgdl))``, with
    ``idf = max(1e-6, ln((N - df + 0.5) / (df + 0.5)))``: a term of more than half of the documents counts for next to
    nothing, never against a document. Scores are rounded to five significant digits, so that what is equal stays equal
    in single precision and both engines give the same ranking, up to near ties on the border of rounding.

    Args:
        path: the index's folder; built by :meth:`indexer` if it doesn't exist yet.

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

    def __init__(self, path: str | Path) -> None:
        """Name the folder; nothing is read until a search."""
        super().__init__(path)
        self.forget()

    def built(self) -> bool:
        """Whether the index exists."""
        return (self.path / META).exists()

    def indexer(self, engine: str = "auto", *, lang: str | None = None, overwrite: bool = False) -> pt.Indexer:
        """An indexer of documents with ``docno``, ``text`` and ``lang``.

        Args:
            engine: ``pisa``, ``terrier``, or ``auto``: PISA where it is installed, else Terrier where there is Java.
            lang: the language of documents that don't say theirs.
            overwrite: replace an index that is there already.

        Raises:
            ValueError: unknown engine or language.
            RuntimeError: the engine cannot be used here; the message says what it needs.
        """
        return BM25Indexer(self, engine=choose_engine(engine), lang=lang, overwrite=overwrite)

    def retriever(
        self,
        num_results: int = 1000,
        lang: str | None = None,
        *,
        query_lang: str | None = None,
        k1: float = K1,
        b: float = B,
    ) -> "BM25Retriever":
        """A retriever for frames with ``qid``, ``query`` and, optionally, ``lang``: the language of each query.

        Args:
            num_results: results per query, at most.
            lang: search only the documents of this language, as an index of them alone would.
            query_lang: the language of all queries, whatever the frame says. Without it and without a column ``lang``,
                queries are taken to be in the language of the searched documents, if that is one.
            k1: saturation of a term's count, above 0.
            b: normalisation by a document's length, 0 to 1.

        Raises:
            ValueError: a parameter is out of its range, or an unknown language.
        """
        return BM25Retriever(self, num_results=num_results, lang=lang, query_lang=query_lang, k1=k1, b=b)

    @property
    def languages(self) -> list[str]:
        """The languages of the documents, sorted."""
        return list(self._load().languages)

    @property
    def engine(self) -> str:
        """The engine that built the index and searches it: ``pisa`` or ``terrier``."""
        return self._load().engine

    def __len__(self) -> int:
        return len(self._load().docnos)

    def __repr__(self) -> str:
        return f"BM25Index({str(self.path)!r})"

    def forget(self) -> None:
        """Close what is open, so that the next search reads the index anew."""
        self._loaded: _Collection | None = None
        self._searches: dict[tuple[str, float, float], tuple[Search, np.ndarray] | None] = {}

    def _load(self) -> _Collection:
        if self._loaded is None:
            if not self.built():
                raise FileNotFoundError(f"there is no index at {self.path}: build it with .indexer().index(documents)")
            meta = json.loads((self.path / META).read_text(encoding="utf-8"))
            if meta.get("format") != BM25Index.ARTIFACT_FORMAT:
                raise ValueError(f"{self.path} holds {meta.get('format')!r}, not a {BM25Index.ARTIFACT_FORMAT!r} index")
            for lang, signature in meta["languages"].items():
                if signature != analyzer(lang).signature:
                    raise ValueError(
                        f"{self.path} was made with another analysis of {lang!r} ({signature}) than the installed one "
                        f"({analyzer(lang).signature}): build it anew, or install that version"
                    )
            docnos = np.array(json.loads((self.path / DOCUMENTS).read_text(encoding="utf-8"))["docno"], object)
            order = np.empty(len(docnos), np.int64)
            order[np.argsort(docnos)[::-1]] = np.arange(len(docnos))
            self._loaded = _Collection(meta["engine"], tuple(meta["languages"]), docnos, order)
        return self._loaded

    def _search(self, part: str, k1: float, b: float) -> tuple[Search, np.ndarray] | None:
        """The search over a part of the index and its documents' numbers; ``None`` if none of them has a term."""
        key = (part, k1, b)
        if key not in self._searches:
            folder = part_folder(self.path, part)
            self._searches[key] = None
            if folder.exists():
                engine = ENGINES[choose_engine(self._load().engine)]
                self._searches[key] = engine.Search(folder / "engine", k1=k1, b=b), np.load(folder / NUMBERS)
        return self._searches[key]


class BM25Retriever(pt.Transformer):
    """Ranks documents for each ``query`` by BM25; made by :meth:`BM25Index.retriever`."""

    # Without a help_url, drawing a pipeline would fetch an inventory from the network.
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
        if num_results < 1:
            raise ValueError(f"num_results={num_results}: it must be at least 1")
        if not 0 < k1 < float("inf"):
            raise ValueError(f"k1={k1}: it must be above 0 and finite")
        if not 0 <= b <= 1:
            raise ValueError(f"b={b}: it must be from 0 to 1")
        if query_lang is not None:
            analyzer(query_lang)
        self.index = index
        self.num_results = num_results
        self.lang = lang
        self.query_lang = query_lang
        self.k1 = k1
        self.b = b

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search; results are ordered by score, and by docno downwards where scores are equal, as trec_eval does."""
        pt.validate.query_frame(inp, extra_columns=["query"], context=self)
        inp = inp.reset_index(drop=True).drop(columns=["score", "rank"], errors="ignore")
        rows, documents, scores, ranks = self.search_arrays(inp)
        docnos = self.index._load().docnos[documents] if len(rows) else np.empty(0, object)
        return inp.iloc[rows].reset_index(drop=True).assign(docno=docnos, score=scores, rank=ranks)

    def search_arrays(self, inp: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Search as :meth:`transform` does, without the frame of results: a tenth of the time for long rankings.

        Args:
            inp: queries with ``qid``, ``query`` and, optionally, ``lang``.

        Returns:
            The query's row, the document's number in the order of indexing, the score and the rank (from 0) of each
            result, by row and rank.
        """
        nothing = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
        collection = self.index._load() if len(inp) else None
        if collection is None or not len(collection.docnos):
            return nothing
        part, languages = self._part(collection)
        queries = [Counter(terms) for terms in self._analyze(inp, languages)]
        opened = self.index._search(part, self.k1, self.b)
        if opened is None:
            return nothing
        search, numbers = opened
        rows, positions, scores, ranks = rank(search, queries, self.num_results, collection.order[numbers])
        return rows, numbers[positions], scores, ranks

    def fuse_rank_cutoff(self, k: int) -> "BM25Retriever | None":
        """Search no deeper than a following cutoff keeps."""
        if k >= self.num_results:
            return None
        return self.index.retriever(k, self.lang, query_lang=self.query_lang, k1=self.k1, b=self.b)

    def _part(self, collection: _Collection) -> tuple[str, tuple[str, ...]]:
        if self.lang is None:
            return EVERYTHING, collection.languages
        if self.lang not in collection.languages:
            raise ValueError(f"{self.index.path} has documents in {list(collection.languages)}, none in {self.lang!r}")
        return (self.lang if len(collection.languages) > 1 else EVERYTHING), (self.lang,)

    def _analyze(self, inp: pd.DataFrame, languages: Sequence[str]) -> Iterator[list[str]]:
        if self.query_lang is not None:
            langs = [self.query_lang] * len(inp)
        elif "lang" in inp:
            langs = inp["lang"].tolist()
        elif len(languages) == 1:
            langs = list(languages) * len(inp)
        else:
            raise ValueError(
                f"the language of the queries is unknown, since {self.index.path} holds {list(languages)}: "
                "add a column 'lang' to the queries, or pass query_lang= to retriever()"
            )
        for qid, query, lang in zip(inp["qid"], inp["query"], langs, strict=True):
            try:
                yield analyzer(lang)(query)
            except (TypeError, ValueError) as error:
                raise type(error)(f"query {qid!r}: {error}") from error

    def _settings(self) -> tuple:
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
