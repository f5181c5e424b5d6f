"""The language grid against the matrix products alone, and against pt.Experiment over pyterrier_dr's FlexIndex.

python benchmarks/grid.py [--dataset xquad-r] [--dim 384] [--rounds 3] [--peer]

Vectors are random and made beforehand: nothing is encoded. `--peer` needs pyterrier_dr; a few settings of each kind are
measured there, and the whole grid is extrapolated from them.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.experiment._dense import MATRIX_CELLS, rank_dense
from pyterrier_hybrid.experiment._settings import KINDS, Corpus, Setting, read_corpora, read_settings
from pyterrier_hybrid.experiment._vectors import Vectors

MEASURES = ["AP", "R@1", "R@10"]
PEER_SETTINGS = 2


class Table:
    """An encoder that looks vectors up."""

    def __init__(self, texts: Iterable[str], dim: int) -> None:
        """Draws a vector for each text."""
        distinct = list(dict.fromkeys(texts))
        self._row = {text: row for row, text in enumerate(distinct)}
        self._vectors = np.random.default_rng(0).standard_normal((len(distinct), dim), np.float32)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts."""
        return self._vectors[[self._row[text] for text in texts]]

    encode_documents = encode_queries


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def products(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Matrix products in blocks of the same size as the grid's, and nothing else."""
    for queries, documents in pairs:
        size = MATRIX_CELLS // len(documents)
        block = np.empty((min(size, len(queries)), len(documents)), np.float32)
        for start in range(0, len(queries), size):
            part = queries[start : start + size]
            np.matmul(part, documents.T, out=block[: len(part)])


def peer(family: datasets.Family, corpora: dict[str, Corpus], settings: list[Setting], encoder: Table) -> float:
    """Seconds of one pt.Experiment per setting, extrapolated from a few of each kind. Indexing is not counted."""
    from pyterrier_dr import FlexIndex

    measures = [ir_measures.parse_measure(measure) for measure in MEASURES]
    total = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            members = [setting for setting in settings if setting.kind == kind]
            taken = []
            for number, setting in enumerate(members[:: max(1, len(members) // PEER_SETTINGS)][:PEER_SETTINGS]):
                corpus = corpora[setting.doc_lang]
                index = FlexIndex(str(Path(folder) / f"{kind}-{number}.flex"), verbose=False)
                vectors = encoder.encode_documents([document.text for document in corpus.documents])
                index.index(
                    {"docno": document.doc_id, "doc_vec": vector}
                    for document, vector in zip(corpus.documents, vectors, strict=True)
                )
                topics = pd.DataFrame({"qid": setting.qids, "query": setting.texts})
                topics["query_vec"] = list(encoder.encode_queries(setting.texts))
                qrels = pt.get_dataset(f"irds:{setting.id}").get_qrels()
                retriever = index.np_retriever(num_results=min(len(corpus), 1000 if kind == "multi" else len(corpus)))
                taken.append(seconds(lambda r=retriever, t=topics, q=qrels: pt.Experiment([r], t, q, measures)))
            print(f"  pt.Experiment, {kind:5}  {statistics.mean(taken):7.2f} s each, {len(taken)} measured", flush=True)
            total += statistics.mean(taken) * len(members)
    return total


def main() -> None:
    """Measure by turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="xquad-r")
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", action="store_true", help="measure pt.Experiment over FlexIndex as well")
    options = parser.parse_args()
    family = datasets.family(options.dataset)
    corpora = read_corpora(family, KINDS, family.languages)
    settings = read_settings(family, KINDS, family.languages, corpora)
    texts = [document.text for corpus in corpora.values() for document in corpus.documents]
    encoder = Table([*texts, *(text for setting in settings for text in setting.texts)], options.dim)
    queries = {at: encoder.encode_queries(setting.texts) for at, setting in enumerate(settings)}
    documents = {
        lang: encoder.encode_documents([document.text for document in corpus.documents])
        for lang, corpus in corpora.items()
    }
    of_pool = [(queries[at], documents["multi"]) for at, setting in enumerate(settings) if setting.kind == "multi"]
    of_all = [(queries[at], documents[setting.doc_lang]) for at, setting in enumerate(settings)]
    everything, vectors = range(len(settings)), Vectors()
    list(rank_dense("grid", encoder, corpora, settings, vectors, everything))
    runs = {
        "products, each query and document once": lambda: products(of_pool),
        f"products, {len(settings)} settings one by one": lambda: products(of_all),
        "grid after encoding": lambda: list(rank_dense("grid", encoder, corpora, settings, vectors, everything)),
        "LanguageExperiment, reading included": lambda: ph.LanguageExperiment(
            {"random": encoder}, family, measures=MEASURES
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, run in runs.items():
            taken[name].append(seconds(run))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    once = next(iter(medians.values()))
    print(f"{options.dataset}, {len(settings)} settings, {options.dim} dimensions, {options.rounds} rounds, medians")
    for name, value in medians.items():
        print(f"  {name:42} {value:7.2f} s  {value / once:5.2f}x", flush=True)
    if options.peer:
        total = peer(family, corpora, settings, encoder)
        ours = medians["LanguageExperiment, reading included"]
        print(f"  pt.Experiment, all (extrapolated)          {total:7.0f} s, {total / ours:.0f}x LanguageExperiment")


if __name__ == "__main__":
    main()
