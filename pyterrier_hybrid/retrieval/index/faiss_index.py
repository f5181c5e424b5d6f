"""Dense retrieval with faiss, exact or approximate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.documents import documents_of
from pyterrier_hybrid.retrieval.frames import not_encoded, texts_of, vectors_of
from pyterrier_hybrid.retrieval.index.build import write_index
from pyterrier_hybrid.retrieval.index.files import OpenIndex, is_built, open_index, verify_index
from pyterrier_hybrid.retrieval.index.kinds import BuildOptions
from pyterrier_hybrid.retrieval.index.search import SearchOptions, recall, search
from pyterrier_hybrid.retrieval.index.sources import (
    Block,
    Langs,
    array_blocks,
    document_blocks,
    flex_blocks,
    index_blocks,
    open_npy,
)
from pyterrier_hybrid.retrieval.stored_texts import TextLoader
from pyterrier_hybrid.text.languages import optional_language
from pyterrier_hybrid.utils.checks import true_or_false, whole_number
from pyterrier_hybrid.utils.files import whole_folder, writing
from pyterrier_hybrid.utils.parameters import CheckedTransformer

__all__ = ["FaissIndex", "FaissRetriever"]


class FaissIndex(pt.Artifact):
    """An index of document vectors, searched by inner product.

    Searches are exact unless another kind was chosen at indexing:

    ========  ==================================================================  =============================
    kind      how it searches                                                     size on disk, per document
    ========  ==================================================================  =============================
    `exact`   compares every document                                             `4 * dim` bytes
    `hnsw`    follows a graph of near neighbours (arXiv 1603.09320)               `4 * dim + 8 * neighbours`
    `ivf`     searches the `nprobe` nearest of many clusters                      `4 * dim + 8`
    `ivfpq`   searches clusters of codes (Jégou et al. 2011), then scores the     `code_size + 8`, and `4 * dim`
              best again by their vectors                                         if vectors are kept
    ========  ==================================================================  =============================

    Files are mapped into memory: an index opens at once, and processes share what they read. The index also stores the
    documents' languages, so that one index of all languages can search each of them alone. Results are sorted by score,
    with ties broken by descending docno, as in trec_eval; equal vectors have equal scores.

    Args:
        path: Folder of the index; :meth:`indexer` builds it.

    Example:
        >>> import tempfile, pandas as pd, pyterrier_hybrid as ph
        >>> docs = [
        ...     {"docno": "en_1", "text": "a sentence", "lang": "en"},
        ...     {"docno": "de_1", "text": "ein Satz", "lang": "de"},
        ... ]
        >>> encoder = ph.DenseEncoder.from_scratch([doc["text"] for doc in docs], dim=8, vocab_size=40)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     index = ph.FaissIndex(folder + "/index")
        ...     _ = (encoder.doc_encoder() >> index.indexer()).index(docs)
        ...     pipeline = encoder.query_encoder() >> index.retriever(lang="de")
        ...     pipeline.search("Satz")["docno"].tolist()
        ['de_1']
    """

    ARTIFACT_TYPE = "dense_index"
    ARTIFACT_FORMAT = "hybrid_faiss"
    ARTIFACT_PACKAGE_HINT = "pyterrier_hybrid"

    path: Path

    def __init__(self, path: str | Path) -> None:
        """Set the folder; it is only read when needed."""
        super().__init__(path)
        self.forget()

    @classmethod
    def from_npy(
        cls,
        folder: str | Path,
        vectors: str | Path | np.ndarray,
        docnos: Iterable[str],
        langs: Langs = None,
        **options: Any,
    ) -> "FaissIndex":
        """Build an index of existing vectors.

        Args:
            folder: Folder of the new index.
            vectors: A .npy file, which is read in parts, or an array: ``[n, dim]`` numbers.
            docnos: A docno for each row.
            langs: A language for each row, or a function from a docno to its language. Default: no languages.
            **options: Options of :meth:`indexer`, such as ``kind``.

        Raises:
            FileNotFoundError: The file does not exist.
            ValueError: There are fewer or more docnos or languages than vectors, or as for :meth:`indexer`.

        Example:
            >>> import tempfile, numpy as np
            >>> with tempfile.TemporaryDirectory() as home:
            ...     index = FaissIndex.from_npy(home + "/index", np.eye(2), ["en_1", "de_1"], lambda docno: docno[:2])
            ...     len(index), index.languages
            (2, ['de', 'en'])
        """
        name = "vectors" if isinstance(vectors, np.ndarray) else str(vectors)
        array = vectors if isinstance(vectors, np.ndarray) else open_npy(vectors)
        return cls(folder).indexer(**options).index_blocks(array_blocks(name, array, docnos, langs))

    @classmethod
    def from_flex(cls, folder: str | Path, flex: str | Path, langs: Langs = None, **options: Any) -> "FaissIndex":
        """Build an index of the vectors of a pyterrier_dr ``FlexIndex``, which also scores by inner product.

        Args:
            folder: Folder of the new index.
            flex: Folder of the FlexIndex. Reading it needs npids, but not pyterrier_dr.
            langs: A language for each document, or a function from a docno to its language, such as
                ``lambda docno: docno[:2]``.
            **options: Options of :meth:`indexer`, such as ``kind``.

        Raises:
            FileNotFoundError: There is no FlexIndex.
            ImportError: npids is not installed.
            ValueError: The folder is damaged or holds something else, or as for :meth:`from_npy`.
        """
        return cls(folder).indexer(**options).index_blocks(flex_blocks(flex, langs))

    @classmethod
    def merge(cls, folder: str | Path, *indexes: "FaissIndex", **options: Any) -> "FaissIndex":
        """Build one index of the documents of several, one after the other.

        It is built from their vectors: merging exact indexes gives the exact index of all their documents. It keeps
        texts if they all do.

        Args:
            folder: Folder of the new index.
            *indexes: Indexes of the same dimension that share no docno.
            **options: Options of :meth:`indexer`, such as ``kind``.

        Raises:
            TypeError: One is not a FaissIndex.
            ValueError: There are no indexes to merge, their dimensions differ, or they share a docno.

        Example:
            >>> import tempfile, numpy as np
            >>> with tempfile.TemporaryDirectory() as home:
            ...     one = FaissIndex.from_npy(home + "/one", np.eye(2), ["a", "b"])
            ...     two = FaissIndex.from_npy(home + "/two", np.eye(2), ["c", "d"])
            ...     len(FaissIndex.merge(home + "/both", one, two))
            4
        """
        if not indexes:
            raise ValueError("merge: no index was given")
        for number, index in enumerate(indexes):
            if not isinstance(index, FaissIndex):
                raise TypeError(
                    f"merge: index {number} is a {type(index).__name__}, not a FaissIndex: pass them one by one, as in "
                    "merge(folder, *indexes)"
                )
        opened = [index._open() for index in indexes]
        for part in opened:
            if part.dim != opened[0].dim:
                raise ValueError(
                    f"merge: vectors of {part.path} have {part.dim} values, those of {opened[0].path} "
                    f"{opened[0].dim}: all must come from one encoder"
                )
        options.setdefault("store_text", all(part.texts is not None for part in opened))
        with_text = bool(options["store_text"])
        blocks = (block for part in opened for block in index_blocks(part, with_text=with_text))
        return cls(folder).indexer(**options).index_blocks(blocks)

    def built(self) -> bool:
        """Whether the index exists."""
        return is_built(self.path)

    def verify(self) -> None:
        """Compare all files with the checksums that were made when the index was built.

        Opening an index only compares sizes, the documents, and what steers the search, since vectors may be large. An
        index of an earlier version has no checksums: only its structure is checked.

        Raises:
            FileNotFoundError: The index does not exist.
            ValueError: It is damaged; the message names the file.

        Example:
            >>> import tempfile, numpy as np
            >>> with tempfile.TemporaryDirectory() as home:
            ...     index = FaissIndex.from_npy(home + "/index", np.eye(2), ["a", "b"])
            ...     index.verify()
        """
        verify_index(self.path, artifact_format=self.ARTIFACT_FORMAT)

    def indexer(
        self,
        *,
        kind: str | None = None,
        mode: str = "create",
        overwrite: bool = False,
        store_text: bool | None = None,
        neighbours: int | None = None,
        ef_construction: int | None = None,
        lists: int | None = None,
        code_size: int | None = None,
        keep_vectors: bool | None = None,
        seed: int = 0,
        threads: int = 1,
    ) -> "FaissIndexer":
        """Return an indexer of documents with ``docno``, ``doc_vec`` and, optionally, ``lang`` and ``text``.

        The same documents in the same order give the same index: training is seeded, and one thread does the work. With
        more threads an HNSW graph differs slightly from run to run.

        Args:
            kind: ``exact`` (the default), ``hnsw``, ``ivf`` or ``ivfpq``.
            mode: ``create``, or ``append`` to add documents to an existing index. Its kind, its options and the
                clusters and codes that were learned from its first documents stay as they are. All files are written
                again, atomically.
            overwrite: Replace an existing index.
            store_text: Also keep the documents' ``text``, for :meth:`text_loader`. Default: no.
            neighbours: ``hnsw``: Links per document (M). Default: 32.
            ef_construction: ``hnsw``: Candidates for these links. Default: 100.
            lists: ``ivf``, ``ivfpq``: Number of clusters. Default: ``4 * sqrt(n)``, as faiss's guidelines say, but at
                most ``n / 40``, so that each has enough documents to learn from.
            code_size: ``ivfpq``: Bytes per code; must divide the dimension. Default: one byte for every four
                dimensions or slightly more.
            keep_vectors: ``ivfpq``: Also store the vectors, to score results by them and to measure :meth:`recall`. A
                search reads only a few of them from the file. Default: yes.
            seed: Seed of k-means and of the choice of its training documents, 40 per cluster.
            threads: Number of threads that build the index.

        Raises:
            ValueError: An option is unknown, out of range, or of another kind of index.
        """
        if mode == "overwrite":
            raise ValueError("mode='overwrite' was removed: pass overwrite=True instead")
        if mode not in ("create", "append"):
            raise ValueError(
                f"mode={mode!r} is unknown: choose create, overwrite or append; to overwrite, pass overwrite=True"
            )
        if mode == "append":
            kept = {
                "kind": kind,
                "overwrite": overwrite or None,
                "store_text": store_text,
                "neighbours": neighbours,
                "ef_construction": ef_construction,
                "lists": lists,
                "code_size": code_size,
                "keep_vectors": keep_vectors,
            }
            for name, value in kept.items():
                if value is not None:
                    raise ValueError(f"mode='append' keeps the index as it was built: leave out {name}=")
        options = BuildOptions(
            kind=kind or "exact",
            neighbours=neighbours,
            ef_construction=ef_construction,
            lists=lists,
            code_size=code_size,
            keep_vectors=keep_vectors,
            seed=seed,
            threads=threads,
        )
        store_text = true_or_false("store_text", store_text) if store_text is not None else False
        return FaissIndexer(self, options, append=mode == "append", overwrite=overwrite, store_text=store_text)

    def retriever(
        self,
        num_results: int = 1000,
        lang: str | None = None,
        *,
        ef_search: int | None = None,
        nprobe: int | None = None,
        rescore: int | None = None,
        keep_query_vec: bool = False,
    ) -> "FaissRetriever":
        """Return a retriever for frames with ``qid`` and ``query_vec``.

        Every query gets ``num_results`` documents, or all documents if there are fewer. This holds for approximate
        indexes and with ``lang``, too: a search that finds fewer is repeated more thoroughly, and finally exactly. With
        ``lang``, ``ef_search`` and ``nprobe`` are divided by the fraction of documents in that language, so that the
        search compares as many documents as it does without ``lang``.

        Args:
            num_results: Maximum number of results per query.
            lang: Search only the documents in this language.
            ef_search: ``hnsw``: Candidates to follow, at least ``num_results``. Default: twice ``num_results``, but at
                least 128. If the graph search would visit as many documents as there are, all are compared instead.
            nprobe: ``ivf``, ``ivfpq``: Number of clusters to search. Default: a 16th of them, but at least 16.
            rescore: ``ivfpq``: Number of candidates per result that are scored by their vectors. Default: 4 if the
                vectors were kept.
            keep_query_vec: Leave ``query_vec`` in the results, as :class:`VectorFeedback` needs it. Without it, frames
                are small and can be printed.

        Raises:
            ValueError: A number is below 1.
        """
        return FaissRetriever(
            self,
            num_results=num_results,
            lang=lang,
            ef_search=ef_search,
            nprobe=nprobe,
            rescore=rescore,
            keep_query_vec=keep_query_vec,
        )

    def vec_loader(self) -> "FaissVectorLoader":
        """Return a transformer that adds ``doc_vec`` to frames with ``docno``, as :class:`VectorFeedback` needs it.

        Vectors are those of :meth:`documents`.
        """
        return FaissVectorLoader(self)

    def text_loader(self) -> TextLoader:
        """Return a transformer that adds ``text`` to frames with ``docno``, and ``lang`` if the index has languages.

        ``lang`` becomes the language of the document. The index must have been built with ``store_text=True``.

        Example:
            >>> import tempfile
            >>> docs = [{"docno": "en_1", "text": "a house", "lang": "en", "doc_vec": [1.0, 0.0]}]
            >>> with tempfile.TemporaryDirectory() as home:
            ...     index = FaissIndex(home + "/index").indexer(store_text=True).index(docs)
            ...     index.text_loader()([{"docno": "en_1"}])
            [{'docno': 'en_1', 'text': 'a house', 'lang': 'en'}]
        """
        return TextLoader(self, self._lookup_texts)

    def _lookup_texts(self, docnos: Sequence[str]) -> tuple[list[str], list[str | None] | None]:
        return self._open().texts_and_langs(docnos)

    def recall(
        self,
        queries: np.ndarray | int = 1000,
        *,
        k: int = 10,
        lang: str | None = None,
        ef_search: int | None = None,
        nprobe: int | None = None,
        rescore: int | None = None,
        seed: int = 0,
    ) -> float:
        """Measure how many of the ``k`` nearest documents a search finds, as a mean over queries: 1 for exact indexes.

        The search is compared with an exact one by the vectors, which all kinds store except ``ivfpq`` with
        ``keep_vectors=False``. A document as near as the ``k``-th nearest counts as found in its place.

        Args:
            queries: Vectors ``[n, dim]``, or how many documents to draw as queries; a document is not counted as its
                own neighbour.
            k: Number of nearest documents per query.
            lang: Language of the searched documents.
            ef_search: As for :meth:`retriever`.
            nprobe: As for :meth:`retriever`.
            rescore: As for :meth:`retriever`.
            seed: Seed of the draw.

        Returns:
            The recall, from 0 to 1.

        Raises:
            ValueError: The vectors were not kept, or the queries have another dimension.

        Example:
            >>> import tempfile, numpy as np
            >>> vectors = np.random.default_rng(0).normal(size=(500, 8))
            >>> with tempfile.TemporaryDirectory() as home:
            ...     index = FaissIndex.from_npy(home + "/index", vectors, map(str, range(500)), kind="ivf")
            ...     index.recall(vectors[:50], nprobe=1) < index.recall(vectors[:50], nprobe=6) <= 1
            True
        """
        lang = optional_language("lang", lang)
        options = SearchOptions(ef_search=ef_search, nprobe=nprobe, rescore=rescore)
        return recall(self._open(), queries, k=k, lang=lang, options=options, seed=seed)

    def documents(self) -> Iterator[dict[str, Any]]:
        """Iterate over the documents, in a form that can be indexed again.

        Yields:
            ``docno``, ``doc_vec`` (float32 ``[dim]``) and ``lang`` (or ``None``). Vectors are those that were indexed;
            an ``ivfpq`` index without kept vectors decodes its codes to approximations. Also ``text`` if it is kept.
        """
        index = self._open()
        for docnos, langs, vectors, texts in index_blocks(index, with_text=index.texts is not None):
            for row, docno in enumerate(docnos):
                document = {"docno": docno, "doc_vec": np.array(vectors[row]), "lang": langs[row]}
                yield document if texts is None else {**document, "text": texts[row]}

    @property
    def kind(self) -> str:
        """Kind of the index: ``exact``, ``hnsw``, ``ivf`` or ``ivfpq``."""
        return self._open().kind

    @property
    def parameters(self) -> dict[str, Any]:
        """Options that the index was built with, with the defaults filled in; empty for exact indexes."""
        return dict(self._open().parameters)

    @property
    def languages(self) -> list[str]:
        """Languages of the documents, sorted; empty if they were indexed without languages."""
        return list(self._open().languages)

    def __len__(self) -> int:
        return len(self._open())

    def __repr__(self) -> str:
        return f"FaissIndex({str(self.path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        # Open files stay here: a copy in another process opens its own.
        return self.__dict__ | {"_opened": None}

    def forget(self) -> None:
        """Close the files; the next search opens the index again."""
        self._opened: OpenIndex | None = None

    def _open(self) -> OpenIndex:
        if self._opened is None:
            self._opened = open_index(self.path, artifact_format=self.ARTIFACT_FORMAT)
        return self._opened


class FaissIndexer(pt.Indexer):
    """Builds an index, or adds documents to one; made by :meth:`FaissIndex.indexer`."""

    # Without a help_url, drawing a pipeline would fetch an inventory from the network.
    schematic = {"label": "Faiss indexer", "help_url": None}

    def __init__(
        self, index: FaissIndex, options: BuildOptions, *, append: bool, overwrite: bool, store_text: bool = False
    ) -> None:
        """Write to ``index``."""
        super().__init__()
        self.index_ref = index
        self.options = options
        self.append = append
        self.overwrite = true_or_false("overwrite", overwrite)
        self.store_text = store_text

    def index_inputs(self) -> list[list[str]]:
        """Return the columns of the documents, for inspection."""
        columns = [["docno", "doc_vec", "lang"], ["docno", "doc_vec"]]
        return [[*names, "text"] for names in columns] if self.store_text else columns

    # PyTerrier names the parameter iter, and passes no options.
    def index(self, inp: Iterable[Mapping[str, Any]] | pd.DataFrame) -> FaissIndex:  # type: ignore[override]
        """Write the index atomically.

        Args:
            inp: Documents as dicts or a frame, with ``docno`` (str), ``doc_vec`` (``[dim]``) and, optionally, ``lang``;
                and ``text`` if the index keeps texts.

        Returns:
            The index.

        Raises:
            FileExistsError: The index already exists.
            FileNotFoundError: Documents cannot be added, since the index does not exist.
            ValueError: There is no document, a docno occurs twice, a vector has another dimension or its square is not
                finite, or another process or thread is writing the index.
            TypeError: A document is not a dict, or a docno, a language or a text is not a string.
        """
        documents = documents_of("documents", inp, fields="docno and doc_vec")
        store_text = self.index_ref._open().texts is not None if self.append else self.store_text
        return self.index_blocks(document_blocks(documents, with_text=store_text))

    def index_blocks(self, blocks: Iterable[Block]) -> FaissIndex:
        """Write the index as :meth:`index` does, from blocks of docnos, languages and matrices."""
        index = self.index_ref
        if self.append:
            # Before a lock file is made.
            index._open()
        elif (index.built() or index.path.exists()) and not self.overwrite:
            raise FileExistsError(f"{index.path} exists: choose another folder, or pass overwrite=True to indexer()")
        artifact = {
            "type": index.ARTIFACT_TYPE,
            "format": index.ARTIFACT_FORMAT,
            "package_hint": index.ARTIFACT_PACKAGE_HINT,
        }
        with writing(index.path):
            base = None
            if self.append:
                base = open_index(index.path, artifact_format=index.ARTIFACT_FORMAT, mapped=False)
            with whole_folder(index.path, overwrite=self.append or self.overwrite) as folder:
                store_text = base.texts is not None if base else self.store_text
                write_index(folder, blocks, self.options, base, artifact, store_text=store_text)
        index.forget()
        return index

    def __repr__(self) -> str:
        how = "overwrite=True" if self.overwrite else f"mode={'append' if self.append else 'create'!r}"
        return f"{self.index_ref!r}.indexer(kind={self.options.kind!r}, {how})"


class FaissRetriever(CheckedTransformer):
    """Adds the nearest documents of each ``query_vec``; made by :meth:`FaissIndex.retriever`."""

    schematic = {"label": "Faiss", "help_url": None}

    def __init__(
        self,
        index: FaissIndex,
        *,
        num_results: int = 1000,
        lang: str | None = None,
        ef_search: int | None = None,
        nprobe: int | None = None,
        rescore: int | None = None,
        keep_query_vec: bool = False,
    ) -> None:
        """Search ``index``."""
        super().__init__()
        self.index = index
        self.num_results = whole_number("num_results", num_results)
        self.lang = optional_language("lang", lang)
        options = SearchOptions(ef_search=ef_search, nprobe=nprobe, rescore=rescore)
        self.ef_search, self.nprobe, self.rescore = options.ef_search, options.nprobe, options.rescore
        self.keep_query_vec = true_or_false("keep_query_vec", keep_query_vec)

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search; results are sorted by score, with ties broken by descending docno, as in trec_eval."""
        with not_encoded("query_vec", "encoder.query_encoder()"):
            pt.validate.query_frame(inp, extra_columns=["query_vec"], context=self)
        inp = inp.reset_index(drop=True).drop(columns=["score", "rank"], errors="ignore")
        if not len(inp):
            columns = {"docno": pd.Series(dtype=object), "score": pd.Series(dtype=float), "rank": pd.Series(dtype=int)}
            return self._kept(inp).assign(**columns)
        index = self.index._open()
        vectors = vectors_of(inp, "query_vec", name="qid")
        if vectors.shape[1] != index.dim:
            raise ValueError(
                f"query_vec has {vectors.shape[1]} values, but the vectors of {index.path} have {index.dim}: "
                "queries and documents must come from the same encoder"
            )
        found = search(index, vectors, self.num_results, lang=self.lang, options=self.options)
        docnos = index.docnos.take(found.document).to_numpy(zero_copy_only=False)
        rows = self._kept(inp).iloc[found.row].reset_index(drop=True)
        return rows.assign(docno=docnos, score=found.score, rank=found.rank)

    @property
    def options(self) -> SearchOptions:
        """How thoroughly an approximate index is searched."""
        return SearchOptions(ef_search=self.ef_search, nprobe=self.nprobe, rescore=self.rescore)

    def _kept(self, queries: pd.DataFrame) -> pd.DataFrame:
        return queries if self.keep_query_vec else queries.drop(columns="query_vec")

    def fuse_rank_cutoff(self, k: int) -> "FaissRetriever | None":
        """Search no deeper than a following cutoff keeps."""
        if k >= self.num_results:
            return None
        return self.index.retriever(k, self.lang, keep_query_vec=self.keep_query_vec, **vars(self.options))

    def _settings(self) -> tuple[Any, ...]:
        return self.index.path, self.num_results, self.lang, self.options, self.keep_query_vec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaissRetriever) and self._settings() == other._settings()

    def __hash__(self) -> int:
        return hash(self._settings())

    def __repr__(self) -> str:
        options = "".join(f", {name}={value}" for name, value in vars(self.options).items() if value is not None)
        options += ", keep_query_vec=True" if self.keep_query_vec else ""
        return f"{self.index!r}.retriever(num_results={self.num_results}, lang={self.lang!r}{options})"


class FaissVectorLoader(pt.Transformer):
    """Adds ``doc_vec`` to documents of an index; made by :meth:`FaissIndex.vec_loader`."""

    schematic = {"label": "Vectors", "help_url": None}

    def __init__(self, index: FaissIndex) -> None:
        """Read from ``index``."""
        super().__init__()
        self.index = index

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add ``doc_vec`` (float32 ``[dim]``).

        Args:
            inp: Rows with ``docno``.

        Raises:
            TypeError: A docno is not a string.
            ValueError: A docno is not in the index.
        """
        pt.validate.columns(inp, includes=["docno"], context=self)
        if not len(inp):
            return inp.assign(doc_vec=pd.Series(dtype=object))
        index = self.index._open()
        positions = index.known_positions(texts_of(inp, "docno"))
        # Each vector is read once, in the order of the file.
        distinct, inverse = np.unique(positions, return_inverse=True)
        vectors = np.asarray(index.vectors(distinct), np.float32)[inverse]
        return inp.assign(doc_vec=pd.Series(list(vectors), index=inp.index, dtype=object))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaissVectorLoader) and self.index.path == other.index.path

    def __hash__(self) -> int:
        return hash((FaissVectorLoader, self.index.path))

    def __repr__(self) -> str:
        return f"{self.index!r}.vec_loader()"
