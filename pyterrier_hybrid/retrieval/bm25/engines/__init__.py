"""Search engines behind BM25Index, one module each."""
