"""Questions to a corpus in any language, answered by an encoder, by BM25, and by both fused; its indexes are kept."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import more_itertools
import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.datasets.base import Document
from pyterrier_hybrid.retrieval.bm25 import BM25Index
from pyterrier_hybrid.retrieval.fusion import ScoreFusion
from pyterrier_hybrid.retrieval.index import FaissIndex
from pyterrier_hybrid.retrieval.index.sources import BLOCK, Block
from pyterrier_hybrid.retrieval.protocols import Encoder, fingerprint_of
from pyterrier_hybrid.text.analysis import languages_of
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import list_of, one_of, whole_number
from pyterrier_hybrid.utils.files import remove_whole
from pyterrier_hybrid.utils.hashing import hash_json
from pyterrier_hybrid.utils.progress import BAR_DELAY, above_bars, progress_bar
from pyterrier_hybrid.utils.suggestions import did_you_mean_language

SYSTEMS = ("encoder", "bm25", "fusion")
"""Names of the systems of a :class:`CorpusSearch`."""

# Results of each of the two that are fused, and their weights: those of the experiments' fusion with BM25.
_FUSED_DEPTH, _WEIGHTS = 1000, (0.2, 0.8)

_Index = TypeVar("_Index", BM25Index, FaissIndex)


def default_cache() -> Path:
    """Return the folder where indexes are kept: ``pyterrier_hybrid/search`` in the user's folder for caches.

    That is ``$XDG_CACHE_HOME``, or else ``~/.cache``.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyterrier_hybrid" / "search"


def documents_fingerprint(documents: Iterable[Document]) -> str:
    """Return a hash of the docnos, texts and languages of documents, in their order.

    Args:
        documents: The documents.
    """
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps([document.doc_id, document.text, document.lang]).encode() + b"\n")
    return digest.hexdigest()[:32]


class CorpusSearch:
    """Search in a corpus by an encoder, by BM25, and by both fused.

    The corpus is indexed once. The indexes are kept in folders that are named by the content of the corpus and by the
    fingerprint of the encoder, so that the next search opens at once, and another corpus or encoder makes other ones.

    BM25 must know the language of a question. Where it is not given, BM25 reads the question in each language of the
    corpus that it may be in (:func:`~pyterrier_hybrid.text.analysis.languages_of`), and the best score of a document
    counts. Fusion adds min-max normalised scores, 0.2 times those of BM25 and
    0.8 times those of the encoder.

    Args:
        documents: Returns the documents; called only if they must be indexed.
        encoder: The encoder.
        fingerprint: A hash of the documents, such as :func:`documents_fingerprint`.
        cache: Folder for indexes. Default: :func:`default_cache`.

    Attributes:
        languages: Languages of the documents, sorted.

    Raises:
        ValueError: The encoder has no fingerprint, or the corpus has no documents or a docno twice.

    Example:
        >>> import tempfile, pyterrier_hybrid as ph
        >>> docs = [
        ...     Document("de_1", "Rom liegt am Tiber.", "de", "", ""), Document("en_1", "Rome lies here.", "en", "", "")
        ... ]
        >>> encoder = ph.DenseEncoder.from_scratch([doc.text for doc in docs], dim=8, vocab_size=40)
        >>> with tempfile.TemporaryDirectory() as cache:
        ...     search = CorpusSearch(lambda: docs, encoder, fingerprint=documents_fingerprint(docs), cache=cache)
        ...     search.results("Rom am Tiber", system="bm25")[["docno", "lang", "text"]].values.tolist()
        [['de_1', 'de', 'Rom liegt am Tiber.']]
    """

    def __init__(
        self,
        documents: Callable[[], Iterable[Document]],
        encoder: Encoder,
        *,
        fingerprint: str,
        cache: str | Path | None = None,
    ) -> None:
        model = fingerprint_of(encoder)
        if model is None:
            raise ValueError(f"{encoder!r} has no fingerprint, by which its index could be found again")
        self.encoder = encoder
        folder = Path(cache or default_cache()) / hash_json(["corpus", 1, fingerprint])
        # Texts are kept once, in the index of BM25.
        self._bm25 = _open(
            BM25Index(folder / "bm25"), lambda index: index.indexer(store_text=True).index(_rows(documents()))
        )
        if not len(self._bm25):
            remove_whole(self._bm25.path)
            raise ValueError("the corpus has no documents")
        self._dense = _open(
            FaissIndex(folder / f"dense-{hash_json(model)[:16]}"),
            lambda index: index.indexer().index_blocks(self._blocks(documents())),
        )
        self.languages = tuple(self._bm25.languages)

    def retriever(
        self,
        system: str = "encoder",
        *,
        num_results: int = 10,
        langs: Iterable[str] | str = (),
        query_lang: str | None = None,
    ) -> pt.Transformer:
        """Return a transformer from ``qid`` and ``query`` to results with ``docno``, ``score``, ``text`` and ``lang``.

        Args:
            system: ``encoder``, ``bm25`` or ``fusion``.
            num_results: Maximum number of results per query.
            langs: Search only documents in these languages, or in this one. Default: all.
            query_lang: Language of the queries, for BM25. Default: unknown.

        Raises:
            ValueError: The system is unknown, the corpus has no documents in a language, or the number is below 1.
        """
        one_of("system", system, SYSTEMS)
        num_results = whole_number("num_results", num_results)
        chosen = self._languages(list_of("langs", langs))
        depth = max(num_results, _FUSED_DEPTH) if system == "fusion" else num_results
        if query_lang:
            sparse = _Union([self._bm25.retriever(depth, lang, query_lang=query_lang) for lang in chosen], depth)
        else:
            readings = [
                _ReadAs(asked, self.languages) >> self._bm25.retriever(depth, lang, query_lang=asked)
                for lang in chosen
                for asked in self.languages
            ]
            sparse = _Union(readings, depth)
        encoded = _Encoded(self.encoder)
        dense = _Union([encoded >> self._dense.retriever(depth, lang) for lang in chosen], depth)
        fused = ScoreFusion(sparse, dense, weights=_WEIGHTS, num_results=num_results)
        return {"encoder": dense, "bm25": sparse, "fusion": fused}[system] >> self._bm25.text_loader()

    def results(self, question: str, *, system: str = "encoder", **options: Any) -> pd.DataFrame:
        """Answer one question.

        Args:
            question: The question, in any language.
            system: As for :meth:`retriever`.
            **options: Options of :meth:`retriever`.

        Returns:
            The best results: ``rank`` (from 0), ``docno``, ``score``, ``lang``, ``text``.
        """
        found = self.retriever(system, **options).transform(pd.DataFrame({"qid": ["1"], "query": [question]}))
        return found[["rank", "docno", "score", "lang", "text"]].reset_index(drop=True)

    def texts(self, docnos: Iterable[str]) -> pd.DataFrame:
        """Return documents: ``docno``, ``text`` and ``lang``, in the order of ``docnos``.

        Args:
            docnos: The documents.

        Raises:
            ValueError: The corpus does not have one of them.
        """
        return self._bm25.text_loader().transform(pd.DataFrame({"docno": list_of("docnos", docnos)}, dtype=object))

    def __len__(self) -> int:
        return len(self._bm25)

    def _languages(self, langs: Sequence[str]) -> list[str | None]:
        chosen: list[str | None] = []
        for lang in langs:
            known = same_language(lang, self.languages)
            if known not in self.languages:
                hint = did_you_mean_language(lang, self.languages)
                raise ValueError(f"the corpus has no documents in {lang!r}, only in {', '.join(self.languages)}{hint}")
            chosen.append(known)
        return chosen or [None]

    def _blocks(self, documents: Iterable[Document]) -> Iterator[Block]:
        bar = progress_bar(desc="encoding documents", total=len(self._bm25), unit="document", delay=BAR_DELAY)
        with bar:
            for part in more_itertools.chunked(documents, BLOCK):
                vectors = np.asarray(self.encoder.encode_documents([document.text for document in part]), np.float32)
                yield Block([document.doc_id for document in part], [document.lang for document in part], vectors)
                bar.update(len(part))


def _rows(documents: Iterable[Document]) -> Iterator[dict[str, str]]:
    for document in documents:
        yield {"docno": document.doc_id, "text": document.text, "lang": document.lang}


def _open(index: _Index, build: Callable[[_Index], Any]) -> _Index:
    """Open a kept index, or build it; one that is damaged or of another version is built anew, with a message."""
    if index.built():
        try:
            # Opens it.
            len(index)
            return index
        except ValueError as error:
            above_bars(f"indexing again: {error}")
            remove_whole(index.path)
            index.forget()
    build(index)
    return index


class _Encoded(pt.Transformer):
    schematic = {"label": "Query encoder", "help_url": None}

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        pt.validate.query_frame(inp, extra_columns=["query"], context=self)
        vectors: Any = self.encoder.encode_queries(inp["query"].tolist()) if len(inp) else []
        return inp.assign(query_vec=pd.Series(list(vectors), index=inp.index, dtype=object))


class _ReadAs(pt.Transformer):
    """Keeps the queries that may be in a language."""

    schematic = {"label": "Language", "help_url": None}

    def __init__(self, lang: str, languages: Sequence[str]) -> None:
        super().__init__()
        self.lang = lang
        self.languages = languages

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        pt.validate.query_frame(inp, extra_columns=["query"], context=self)
        return inp[np.array([self.lang in languages_of(query, self.languages) for query in inp["query"]], bool)]


class _Union(pt.Transformer):
    """The results of several retrievers, each document with its best score."""

    schematic = {"label": "Union", "help_url": None}

    def __init__(self, retrievers: Sequence[pt.Transformer], num_results: int) -> None:
        super().__init__()
        self.retrievers = retrievers
        self.num_results = num_results

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        found = pd.concat([retriever.transform(inp) for retriever in self.retrievers], ignore_index=True)
        found = found.sort_values(["qid", "score", "docno"], ascending=[True, False, False], kind="stable")
        found = found.drop_duplicates(["qid", "docno"]).groupby("qid", sort=False).head(self.num_results)
        return found.assign(rank=found.groupby("qid", sort=False).cumcount()).reset_index(drop=True)
