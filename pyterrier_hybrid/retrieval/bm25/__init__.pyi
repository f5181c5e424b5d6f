from .bm25_index import BM25Index, BM25Retriever

__all__ = [
    "BM25Index",
    "BM25Retriever",
]
