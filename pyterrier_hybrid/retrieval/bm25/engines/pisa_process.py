"""PISA's builder, in a process of its own: ``python -m ...pisa_process FOLDER K1 B [build]``.

PISA prints to the output of the process, bypassing ``sys.stdout``, and ends the process where the disk is full. With
``build``, documents are read from the standard input: a line of JSON each, from terms to counts. Without it, files are
added to an index, with which it can be searched with other parameters.
"""

import json
import sys
from pathlib import Path

from pyterrier_hybrid.retrieval.bm25.engines.pisa import pisa_index, pisa_retriever

if __name__ == "__main__":
    folder, k1, b = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    if sys.argv[4:] == ["build"]:
        documents = map(json.loads, sys.stdin)
        # Without scale=1, PISA would count each term a hundred times.
        pisa_index(folder).toks_indexer(scale=1.0).index(
            {"docno": str(position), "toks": counts} for position, counts in enumerate(documents)
        )
    pisa_retriever(folder, k1, b)
