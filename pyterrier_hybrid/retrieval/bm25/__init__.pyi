from .bm25_index import BM25Index, BM25Indexer, BM25Retriever
from .engines import ENGINES, K1, B, choose_engine

__all__ = [
    "ENGINES",
    "K1",
    "B",
    "BM25Index",
    "BM25Indexer",
    "BM25Retriever",
    "choose_engine",
]
