"""Dense retrieval with faiss, exact or approximate."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.frames import vectors_of
from pyterrier_hybrid.retrieval.index.build import FaissIndexer
from pyterrier_hybrid.retrieval.index.files import META, Stored, open_index
from pyterrier_hybrid.retrieval.index.kinds import Choices
from pyterrier_hybrid.retrieval.index.loader import FaissVectorLoader
from pyterrier_hybrid.retrieval.index.recall import recall
from pyterrier_hybrid.retrieval.index.search import Effort, search
from pyterrier_hybrid.retrieval.index.sources import Langs, array_blocks, flex_blocks, open_npy, stored_blocks

__all__ = ["FaissIndex", "FaissRetriever"]


class FaissIndex(pt.Artifact):
    """An index of document vectors, searched by inner product.

    Searches are exact unless another kind was chosen at indexing:

    ========  ==================================================================  =============================
    kind      how                                                                 on disk, per document
    ========  ==================================================================  =============================
    `exact`   every document is compared                                          `4 * dim` bytes
    `hnsw`    a graph of near neighbours (arXiv 1603.09320)                       `4 * dim + 8 * neighbours`
    `ivf`     clusters, of which the `nprobe` nearest are looked into             `4 * dim + 8`
    `ivfpq`   clusters of codes (Jégou et al. 2011), the best scored again        `code_size + 8`, and `4 * dim`
              by their vectors                                                    if vectors are kept
    ========  ==================================================================  =============================

    Files are mapped into memory, so that opening costs next to nothing and processes share what they read. The
    languages of the documents are kept: one index of all languages also serves each of them alone. Results are ordered
    by score, and by docno downwards where scores are equal, as trec_eval does; equal vectors have equal scores.

    Args:
        path: the index's folder; built by :meth:`indexer` if it doesn't exist yet.

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

    def __init__(self, path: str | Path) -> None:
        """Name the folder; nothing is read until a search."""
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
        """An index of vectors that are there already.

        Args:
            folder: of the index.
            vectors: a .npy file, which is read in parts, or an array: ``[n, dim]`` numbers.
            docnos: one a row.
            langs: one a row, or a function from a docno to its language.
            **options: of :meth:`indexer`, such as ``kind``.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: there are fewer or more docnos or languages than vectors, or as for :meth:`indexer`.

        >>> import tempfile, numpy as np
        >>> with tempfile.TemporaryDirectory() as home:
        ...     index = FaissIndex.from_npy(home + "/index", np.eye(2), ["en_1", "de_1"], lambda docno: docno[:2])
        ...     len(index), index.languages
        (2, ['de', 'en'])
        """
        place = "vectors" if isinstance(vectors, np.ndarray) else str(vectors)
        array = vectors if isinstance(vectors, np.ndarray) else open_npy(vectors)
        return cls(folder).indexer(**options).index_blocks(array_blocks(place, array, docnos, langs))

    @classmethod
    def from_flex(cls, folder: str | Path, flex: str | Path, langs: Langs = None, **options: Any) -> "FaissIndex":
        """An index of the vectors of a pyterrier_dr ``FlexIndex``, which scores by inner product as this one does.

        Args:
            folder: of the new index.
            flex: the folder of the FlexIndex. It is read by this package and npids; pyterrier_dr is not needed.
            langs: one a document, or a function from a docno to its language, such as ``lambda docno: docno[:2]``.
            **options: of :meth:`indexer`, such as ``kind``.

        Raises:
            FileNotFoundError: there is no FlexIndex.
            ImportError: npids is not installed.
            ValueError: the folder is damaged or something else, or as for :meth:`from_npy`.
        """
        return cls(folder).indexer(**options).index_blocks(flex_blocks(flex, langs))

    @classmethod
    def merge(cls, folder: str | Path, *indexes: "FaissIndex", **options: Any) -> "FaissIndex":
        """An index of the documents of several, one after the other.

        It is built anew from their vectors, so that the exact index of the parts equals the exact index of the whole.

        Args:
            folder: of the new index.
            *indexes: of equal dimension and without a common docno.
            **options: of :meth:`indexer`, such as ``kind``.

        Raises:
            ValueError: no index was given, or their dimensions or docnos clash.

        >>> import tempfile, numpy as np
        >>> with tempfile.TemporaryDirectory() as home:
        ...     one = FaissIndex.from_npy(home + "/one", np.eye(2), ["a", "b"])
        ...     two = FaissIndex.from_npy(home + "/two", np.eye(2), ["c", "d"])
        ...     len(FaissIndex.merge(home + "/both", one, two))
        4
        """
        if not indexes:
            raise ValueError("merge: no index was given")
        opened = [index._load() for index in indexes]
        for index, stored in zip(indexes, opened, strict=True):
            if stored.dim != opened[0].dim:
                raise ValueError(
                    f"merge: vectors of {index.path} have {stored.dim} values, those of {indexes[0].path} "
                    f"{opened[0].dim}: all must come from one encoder"
                )
        blocks = (block for stored in opened for block in stored_blocks(stored))
        return cls(folder).indexer(**options).index_blocks(blocks)

    def built(self) -> bool:
        """Whether the index exists."""
        return (self.path / META).exists()

    def indexer(
        self,
        *,
        kind: str | None = None,
        mode: str = "create",
        overwrite: bool = False,
        neighbours: int | None = None,
        ef_construction: int | None = None,
        lists: int | None = None,
        code_size: int | None = None,
        keep_vectors: bool | None = None,
        seed: int = 0,
        threads: int = 1,
    ) -> FaissIndexer:
        """An indexer of documents with ``docno``, ``doc_vec`` and, optionally, ``lang``.

        The same documents in the same order give the same index: training starts from ``seed`` and one thread does the
        work. With more threads an HNSW graph differs a little from run to run.

        Args:
            kind: ``exact`` (the default), ``hnsw``, ``ivf`` or ``ivfpq``.
            mode: ``create``, ``overwrite``, or ``append``: adds new documents to an index that is there. It keeps its
                kind and what it has learned (the clusters of its first documents), and is written anew, whole or not at
                all.
            overwrite: the same as ``mode="overwrite"``: replace an index that is there already.
            neighbours: ``hnsw``: links of a document (M). Default: 32.
            ef_construction: ``hnsw``: candidates for them. Default: 100.
            lists: ``ivf``, ``ivfpq``: clusters. Default: ``4 * sqrt(n)`` as faiss's guidelines say, and at most
                ``n / 40``, so that each has enough to learn from.
            code_size: ``ivfpq``: bytes of a document's code; divides the dimension. Default: a byte for four
                dimensions or a few more.
            keep_vectors: ``ivfpq``: keep the vectors beside the codes, in a file of which a search reads a few rows
                only: results are scored by them, and :meth:`recall` can be measured. Default: yes.
            seed: of k-means and of the documents that it sees: 40 a cluster.
            threads: that build the index.

        Raises:
            ValueError: an option is unknown, out of range, or of another kind of index.
        """
        if mode not in ("create", "overwrite", "append"):
            raise ValueError(f"mode={mode!r} is unknown: choose create, overwrite or append")
        options = {
            "neighbours": neighbours,
            "ef_construction": ef_construction,
            "lists": lists,
            "code_size": code_size,
            "keep_vectors": keep_vectors,
        }
        if mode == "append":
            given = [name for name, value in {"kind": kind, **options}.items() if value is not None]
            if given or overwrite:
                name = (given or ["overwrite"])[0]
                raise ValueError(f"mode='append' keeps the index as it was built: leave out {name}=")
        choices = Choices(kind or "exact", **options, seed=seed, threads=threads)
        return FaissIndexer(self, choices, mode="overwrite" if overwrite else mode)

    def retriever(
        self,
        num_results: int = 1000,
        lang: str | None = None,
        *,
        ef_search: int | None = None,
        nprobe: int | None = None,
        rescore: int | None = None,
    ) -> "FaissRetriever":
        """A retriever for frames with ``qid`` and ``query_vec``.

        Every query gets ``num_results`` documents, or all that there are, from an approximate index too, and with a
        ``lang`` too: where fewer are found, it is searched deeper, in the end exactly. With ``lang``, ``ef_search`` and
        ``nprobe`` are divided by the language's share of the documents, so that as many of its documents are looked
        at as of all without it.

        Args:
            num_results: results per query, at most.
            lang: search only the documents of this language.
            ef_search: ``hnsw``: candidates that are followed; at least ``num_results`` are. Default: twice
                ``num_results``, and at least 128. Where the graph would visit as many documents as there are, each is
                compared instead.
            nprobe: ``ivf``, ``ivfpq``: clusters that are looked into. Default: a 16th of them, and at least 16.
            rescore: ``ivfpq``: candidates per result that are scored by their vectors. Default: 4, if those were kept.

        Raises:
            ValueError: a number is below 1.
        """
        return FaissRetriever(
            self, num_results=num_results, lang=lang, ef_search=ef_search, nprobe=nprobe, rescore=rescore
        )

    def vec_loader(self) -> FaissVectorLoader:
        """A transformer that adds ``doc_vec`` to frames with ``docno``, as :class:`VectorFeedback` needs it.

        Vectors are as those of :meth:`documents`.
        """
        return FaissVectorLoader(self)

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
        """How many of the ``k`` nearest documents a search finds, as a mean over queries: 1 for exact indexes.

        Truth is an exact search by the vectors: they are part of all kinds but an ``ivfpq`` index that was built with
        ``keep_vectors=False``. A document as near as the ``k``-th counts as found in its place.

        Args:
            queries: float vectors ``[n, dim]``, or a number of documents that are drawn as queries; a document is not
                counted as its own neighbour.
            k: the depth.
            lang: of the documents that are searched.
            ef_search: as for :meth:`retriever`.
            nprobe: as for :meth:`retriever`.
            rescore: as for :meth:`retriever`.
            seed: of the draw.

        Returns:
            The recall, from 0 to 1.

        Raises:
            ValueError: the vectors were not kept, or the queries have another dimension.

        >>> import tempfile, numpy as np
        >>> vectors = np.random.default_rng(0).normal(size=(500, 8))
        >>> with tempfile.TemporaryDirectory() as home:
        ...     index = FaissIndex.from_npy(home + "/index", vectors, map(str, range(500)), kind="ivf")
        ...     index.recall(vectors[:50], nprobe=1) < index.recall(vectors[:50], nprobe=6) <= 1
        True
        """
        effort = Effort(ef_search, nprobe, rescore)
        return recall(self._load(), queries, k=k, lang=lang, effort=effort, seed=seed)

    def documents(self) -> Iterator[dict[str, Any]]:
        """The documents as they can be indexed again.

        Yields:
            ``docno``, ``doc_vec`` (float32 ``[dim]``) and ``lang`` (or None). Vectors are those that were indexed, but
            for an ``ivfpq`` index without kept vectors: there they are what the codes stand for.
        """
        for docnos, langs, vectors in stored_blocks(self._load()):
            for docno, lang, vector in zip(docnos, langs, vectors, strict=True):
                yield {"docno": docno, "doc_vec": np.array(vector), "lang": lang}

    @property
    def kind(self) -> str:
        """``exact``, ``hnsw``, ``ivf`` or ``ivfpq``."""
        return self._load().kind

    @property
    def parameters(self) -> dict[str, Any]:
        """What the index was built with, defaults as numbers; empty for exact indexes."""
        return dict(self._load().parameters)

    @property
    def languages(self) -> list[str]:
        """The languages of the documents, sorted; empty if they were indexed without."""
        return list(self._load().languages)

    def __len__(self) -> int:
        return len(self._load())

    def __repr__(self) -> str:
        return f"FaissIndex({str(self.path)!r})"

    def forget(self) -> None:
        """Close what is open, so that the next search reads the index anew."""
        self._loaded: Stored | None = None

    def _load(self) -> Stored:
        if self._loaded is None:
            self._loaded = open_index(self.path, artifact_format=self.ARTIFACT_FORMAT)
        return self._loaded


class FaissRetriever(pt.Transformer):
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
    ) -> None:
        """Search ``index``."""
        super().__init__()
        if num_results < 1:
            raise ValueError(f"num_results={num_results}: it must be at least 1")
        self.index = index
        self.num_results = num_results
        self.lang = lang
        self.effort = Effort(ef_search, nprobe, rescore)

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search; results are ordered by score, and by docno downwards where scores are equal, as trec_eval does."""
        pt.validate.query_frame(inp, extra_columns=["query_vec"], context=self)
        inp = inp.reset_index(drop=True).drop(columns=["score", "rank"], errors="ignore")
        if not len(inp):
            columns = {"docno": pd.Series(dtype=object), "score": pd.Series(dtype=float), "rank": pd.Series(dtype=int)}
            return inp.assign(**columns)
        stored = self.index._load()
        vectors = self._vectors(inp, stored)
        rows, positions, scores, ranks = search(stored, vectors, self.num_results, lang=self.lang, effort=self.effort)
        docnos = stored.docnos.take(positions).to_numpy(zero_copy_only=False)
        return inp.iloc[rows].reset_index(drop=True).assign(docno=docnos, score=scores, rank=ranks)

    def fuse_rank_cutoff(self, k: int) -> "FaissRetriever | None":
        """Search no deeper than a following cutoff keeps."""
        if k >= self.num_results:
            return None
        return self.index.retriever(k, self.lang, **vars(self.effort))

    def _vectors(self, inp: pd.DataFrame, stored: Stored) -> np.ndarray:
        vectors = vectors_of(inp, "query_vec", name="qid")
        if vectors.shape[1] != stored.dim:
            raise ValueError(
                f"query_vec has {vectors.shape[1]} values, but the vectors of {self.index.path} have {stored.dim}: "
                "queries and documents must come from the same encoder"
            )
        return vectors

    def _settings(self) -> tuple:
        return self.index.path, self.num_results, self.lang, self.effort

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaissRetriever) and self._settings() == other._settings()

    def __hash__(self) -> int:
        return hash(self._settings())

    def __repr__(self) -> str:
        effort = "".join(f", {name}={value}" for name, value in vars(self.effort).items() if value is not None)
        return f"{self.index!r}.retriever(num_results={self.num_results}, lang={self.lang!r}{effort})"
