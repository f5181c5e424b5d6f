"""The vectors of documents, by their docnos."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyterrier as pt

from pyterrier_hybrid.retrieval.frames import texts_of

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.index.faiss_index import FaissIndex


class FaissVectorLoader(pt.Transformer):
    """Adds ``doc_vec`` to documents of an index; made by :meth:`FaissIndex.vec_loader`."""

    schematic = {"label": "Vectors", "help_url": None}

    def __init__(self, index: "FaissIndex") -> None:
        """Read from ``index``."""
        super().__init__()
        self.index = index

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Add ``doc_vec`` (float32 ``[dim]``).

        Args:
            inp: rows with ``docno``.

        Raises:
            TypeError: a docno is no string.
            ValueError: one is not in the index.
        """
        pt.validate.columns(inp, includes=["docno"], context=self)
        if not len(inp):
            return inp.assign(doc_vec=pd.Series(dtype=object))
        stored = self.index._load()
        names = pa.array(texts_of(inp, "docno"), pa.large_string())
        wanted = pc.unique(names)
        # Of millions of docnos a few are wanted: hashing these and not those is ten times as fast.
        place = pc.index_in(stored.docnos, value_set=wanted)
        found = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
        row = np.full(len(wanted), -1)
        row[place.take(pa.array(found)).to_numpy()] = np.arange(len(found))
        row = row[pc.index_in(names, value_set=wanted).to_numpy()]
        if (row < 0).any():
            raise ValueError(f"docno {inp['docno'].iloc[int(row.argmin())]!r} is not in {self.index.path}")
        vectors = np.asarray(stored.rows(found), np.float32)[row]
        return inp.assign(doc_vec=pd.Series(list(vectors), index=inp.index, dtype=object))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaissVectorLoader) and self.index.path == other.index.path

    def __hash__(self) -> int:
        return hash((FaissVectorLoader, self.index.path))

    def __repr__(self) -> str:
        return f"{self.index!r}.vec_loader()"
