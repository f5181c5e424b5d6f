from .bm25_index import BM25Index, BM25Retriever
from .engines import K1, B, choose_engine

__all__ = [
    "K1",
    "B",
    "BM25Index",
    "BM25Retriever",
    "choose_engine",
]
