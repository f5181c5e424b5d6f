"""The vectors of documents, by their docnos."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyterrier as pt

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.index import FaissIndex


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
            ValueError: a docno is not in the index.
        """
        pt.validate.columns(inp, includes=["docno"], context=self)
        if not len(inp):
            return inp.assign(doc_vec=pd.Series(dtype=object))
        stored = self.index._load()
        names = pa.array(inp["docno"].tolist(), pa.large_string())
        positions = pc.index_in(names, value_set=stored.docnos).to_numpy(zero_copy_only=False)
        missing = pd.isna(positions)
        if missing.any():
            raise ValueError(f"docno {inp['docno'].iloc[int(missing.argmax())]!r} is not in {self.index.path}")
        found, row = np.unique(positions.astype(np.int64), return_inverse=True)
        vectors = np.asarray(stored.rows(found), np.float32)
        return inp.assign(doc_vec=pd.Series(list(vectors[row]), index=inp.index, dtype=object))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaissVectorLoader) and self.index.path == other.index.path

    def __hash__(self) -> int:
        return hash((FaissVectorLoader, self.index.path))

    def __repr__(self) -> str:
        return f"{self.index!r}.vec_loader()"
