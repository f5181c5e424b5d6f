from .faiss_index import FaissIndex, FaissRetriever

__all__ = [
    "FaissIndex",
    "FaissRetriever",
]
