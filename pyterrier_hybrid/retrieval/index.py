"""Exact dense retrieval with faiss."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faiss
import more_itertools
import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid._files import whole_folder

_VECTORS = "vectors.faiss"
_DOCUMENTS = "documents.json"
_BLOCK = 4096


class FaissIndex(pt.Artifact):
    """An index of document vectors, searched exactly by inner product.

    The languages of the documents are kept, so that one index of all languages also serves each of them alone.

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
        self._loaded: tuple[faiss.Index, np.ndarray, np.ndarray] | None = None

    def built(self) -> bool:
        """Whether the index exists."""
        return (self.path / _VECTORS).exists()

    def indexer(self, *, overwrite: bool = False) -> pt.Indexer:
        """An indexer of documents with ``docno``, ``doc_vec`` and, optionally, ``lang``.

        Args:
            overwrite: replace an index that is there already.
        """
        return _FaissIndexer(self, overwrite=overwrite)

    def retriever(self, num_results: int = 1000, lang: str | None = None) -> pt.Transformer:
        """A retriever for frames with ``qid`` and ``query_vec``.

        Args:
            num_results: results per query, at most.
            lang: search only the documents of this language.
        """
        return FaissRetriever(self, num_results=num_results, lang=lang)

    @property
    def languages(self) -> list[str]:
        """The languages of the documents, sorted; empty if they were indexed without."""
        return sorted({lang for lang in self._load()[2].tolist() if lang})

    def __len__(self) -> int:
        return self._load()[0].ntotal

    def __repr__(self) -> str:
        return f"FaissIndex({str(self.path)!r})"

    def _load(self) -> tuple[faiss.Index, np.ndarray, np.ndarray]:
        if self._loaded is None:
            if not self.built():
                raise FileNotFoundError(f"there is no index at {self.path}: build it with .indexer().index(documents)")
            index = faiss.read_index(str(self.path / _VECTORS))
            documents = json.loads((self.path / _DOCUMENTS).read_text(encoding="utf-8"))
            if not index.ntotal == len(documents["docno"]) == len(documents["lang"]):
                raise ValueError(
                    f"{self.path} is damaged: {index.ntotal} vectors, but {len(documents['docno'])} docnos: "
                    "build it anew"
                )
            self._loaded = (
                index,
                np.array(documents["docno"], object),
                np.array([lang or "" for lang in documents["lang"]]),
            )
        return self._loaded


class FaissRetriever(pt.Transformer):
    """Adds the nearest documents of each ``query_vec``; made by :meth:`FaissIndex.retriever`."""

    schematic = {"label": "Faiss", "help_url": None}

    def __init__(self, index: FaissIndex, *, num_results: int = 1000, lang: str | None = None) -> None:
        """Search ``index``."""
        super().__init__()
        if num_results < 1:
            raise ValueError(f"num_results={num_results}: it must be at least 1")
        self.index = index
        self.num_results = num_results
        self.lang = lang

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search; results are ordered by score, and by docno downwards where scores are equal, as trec_eval does."""
        pt.validate.query_frame(inp, extra_columns=["query_vec"], context=self)
        if not len(inp):
            columns = {"docno": pd.Series(dtype=object), "score": pd.Series(dtype=float), "rank": pd.Series(dtype=int)}
            return inp.assign(**columns)
        index, docnos, langs = self.index._load()
        vectors = np.ascontiguousarray(np.stack(inp["query_vec"]), dtype=np.float32)
        if vectors.shape[1] != index.d:
            raise ValueError(
                f"query_vec has {vectors.shape[1]} values, but the vectors of {self.index.path} have {index.d}: "
                "queries and documents must come from the same encoder"
            )
        parameters, available = self._selection(index, langs)
        k = min(self.num_results, available)
        frames = []
        for start in range(0, len(inp), 256):
            scores, found = index.search(vectors[start : start + 256], k, params=parameters)
            for row, (row_scores, row_found) in enumerate(zip(scores, found, strict=True), start=start):
                results = pd.DataFrame({"docno": docnos[row_found], "score": row_scores.astype(float)})
                results = results.sort_values(["score", "docno"], ascending=False, ignore_index=True)
                results["rank"] = np.arange(len(results))
                results.index = [row] * len(results)
                frames.append(results)
        queries = inp.reset_index(drop=True).drop(columns=["docno", "score", "rank"], errors="ignore")
        return queries.join(pd.concat(frames), how="inner").reset_index(drop=True)

    def fuse_rank_cutoff(self, k: int) -> "FaissRetriever | None":
        """Search no deeper than a following cutoff keeps."""
        return FaissRetriever(self.index, num_results=k, lang=self.lang) if k < self.num_results else None

    def _selection(self, index: faiss.Index, langs: np.ndarray) -> tuple[Any, int]:
        if self.lang is None:
            return None, index.ntotal
        wanted = langs == self.lang
        if not wanted.any():
            raise ValueError(f"{self.index.path} has no documents in {self.lang!r}, but in {self.index.languages}")
        return faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.flatnonzero(wanted))), int(wanted.sum())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaissRetriever) and (self.index.path, self.num_results, self.lang) == (
            other.index.path, other.num_results, other.lang,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.index.path, self.num_results, self.lang))

    def __repr__(self) -> str:
        return f"{self.index!r}.retriever(num_results={self.num_results}, lang={self.lang!r})"


class _FaissIndexer(pt.Indexer):
    schematic = {"label": "Faiss indexer", "help_url": None}

    def __init__(self, index: FaissIndex, *, overwrite: bool) -> None:
        super().__init__()
        self.index_ref = index
        self.overwrite = overwrite

    def index(self, inp: Iterable[dict[str, Any]] | pd.DataFrame) -> FaissIndex:
        """Build the index, whole or not at all.

        Args:
            inp: documents as dicts or a frame, with ``docno`` (str), ``doc_vec`` (``[dim]``) and, optionally, ``lang``.

        Returns:
            The index.

        Raises:
            FileExistsError: the index is there already.
            ValueError: there is no document, a docno comes twice, or vectors differ in dimension.
            TypeError: a docno is not a string.
        """
        path = self.index_ref.path
        if path.exists() and not self.overwrite:
            raise FileExistsError(f"{path} exists: choose another folder, or pass overwrite=True to indexer()")
        documents = inp.to_dict("records") if isinstance(inp, pd.DataFrame) else inp
        docnos, langs, index = {}, [], None
        for block in more_itertools.chunked(documents, _BLOCK):
            for document in block:
                missing = [column for column in ("docno", "doc_vec") if column not in document]
                if missing:
                    raise ValueError(
                        f"document {len(docnos)} has no {' and no '.join(missing)}, only {sorted(document)}"
                    )
                docno = document["docno"]
                if not isinstance(docno, str):
                    raise TypeError(f"docno {docno!r} is a {type(docno).__name__}: ids must be str")
                if docno in docnos:
                    raise ValueError(f"docno {docno!r} comes twice: documents {docnos[docno]} and {len(docnos)}")
                docnos[docno] = len(docnos)
                langs.append(document.get("lang"))
            vectors = [np.asarray(document["doc_vec"], dtype=np.float32) for document in block]
            index = index or faiss.IndexFlatIP(len(vectors[0]))
            for document, vector in zip(block, vectors, strict=True):
                if vector.shape != (index.d,):
                    raise ValueError(
                        f"doc_vec of {document['docno']!r} has the shape {vector.shape}, expected ({index.d},)"
                    )
            index.add(np.stack(vectors))
        if index is None:
            raise ValueError("there is no document to index")
        with whole_folder(path, overwrite=self.overwrite) as folder:
            faiss.write_index(index, str(folder / _VECTORS))
            (folder / _DOCUMENTS).write_text(
                json.dumps({"docno": list(docnos), "lang": langs}, ensure_ascii=False), encoding="utf-8"
            )
            meta = {"type": FaissIndex.ARTIFACT_TYPE, "format": FaissIndex.ARTIFACT_FORMAT}
            (folder / "pt_meta.json").write_text(
                json.dumps({**meta, "package_hint": FaissIndex.ARTIFACT_PACKAGE_HINT}), encoding="utf-8"
            )
        self.index_ref._loaded = None
        return self.index_ref
