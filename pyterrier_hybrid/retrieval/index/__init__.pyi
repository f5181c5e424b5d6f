from .faiss_index import FaissIndex, FaissIndexer, FaissRetriever, FaissVectorLoader
from .sources import Langs

__all__ = [
    "FaissIndex",
    "FaissIndexer",
    "FaissRetriever",
    "FaissVectorLoader",
    "Langs",
]
