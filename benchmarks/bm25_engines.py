"""Time and mean AP of BM25 with each engine that is installed, on the monolingual settings of XQuAD-R.

python benchmarks/bm25_engines.py [--languages de en]
"""

import argparse
import tempfile
import time

import ir_datasets
import pandas as pd
import pyterrier as pt
from ir_measures import AP

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.retrieval.bm25.engines import ENGINES
from pyterrier_hybrid.text.analysis import analyzer


def main() -> None:
    """Index and search each language with all engines, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="+", default=datasets.family("xquad-r").languages, help="default: all")
    languages = parser.parse_args().languages
    engines = [name for name, engine in ENGINES.items() if engine.available()]
    rows = []
    for lang in languages:
        # Fills the cache of stems, which the first engine would otherwise fill for the others.
        for document in ir_datasets.load(f"xquad-r/{lang}").docs_iter():
            analyzer(lang)(document.text)
        for engine in engines:
            dataset = pt.get_dataset(f"irds:xquad-r/{lang}")
            documents = [
                {"docno": document.doc_id, "text": document.text, "lang": lang}
                for document in ir_datasets.load(f"xquad-r/{lang}").docs_iter()
            ]
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                index = ph.BM25Index(f"{folder}/index").indexer(engine=engine).index(documents)
                indexed = time.perf_counter()
                results = index.retriever(num_results=len(documents))(dataset.get_topics())
                searched = time.perf_counter()
            ap = pt.Evaluate(results, dataset.get_qrels(), metrics=[AP])["AP"]
            rows.append((engine, lang, indexed - start, searched - indexed, ap))
    frame = pd.DataFrame(rows, columns=["engine", "lang", "index s", "search s", "AP"])
    print(frame.pivot(index="lang", columns="engine", values="AP").round(3).to_string())
    print(frame.groupby("engine").agg({"index s": "sum", "search s": "sum", "AP": "mean"}).round(3).to_string())


if __name__ == "__main__":
    main()
