"""Time of the language grid, compared with its matrix products alone and with pt.Experiment over FlexIndex.

    python benchmarks/grid.py [--dataset xquad-r] [--dim 384] [--rounds 5] [--closeness 0] [--peer] [--check 1 10 20]

The vectors are random and made beforehand, so nothing is encoded. The variants take turns. `--peer` needs pyterrier_dr;
it measures a few settings of each kind and extrapolates to the whole grid. `--check` measures no time: it compares the
values of single queries with those of pt.Experiment over full rankings. `--check 1 10 20` takes every query of the
monolingual settings, every tenth of the cross-lingual ones and every twentieth of the pools.
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
from pyterrier_hybrid.experiment.cache.vectors import Vectors
from pyterrier_hybrid.experiment.ranking.base import Task
from pyterrier_hybrid.experiment.ranking.encoder import EncoderRanker
from pyterrier_hybrid.experiment.ranking.exact import MATRIX_CELLS
from pyterrier_hybrid.experiment.settings import KINDS, Corpus, Setting, read_corpora, read_settings

MEASURES = ["AP", "R@1", "R@10"]
CHECKED = ["AP", "R@1", "R@10", "nDCG@10", "RR", "RankDistance"]
PEER_SETTINGS = 2
# Number of run rows passed to pt.Experiment at a time.
RUN_ROWS = 2**20


class Table:
    """An encoder with a stored vector for each text."""

    def __init__(self, texts: Iterable[str], dim: int) -> None:
        """Draw a random vector for each text."""
        distinct = list(dict.fromkeys(texts))
        self._row = {text: row for row, text in enumerate(distinct)}
        self.vectors = np.random.default_rng(0).standard_normal((len(distinct), dim), np.float32)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts."""
        return self.vectors[[self._row[text] for text in texts]]

    encode_documents = encode_queries

    def bring_closer(self, answers: Iterable[tuple[str, str]], closeness: float) -> None:
        """Move the vectors of documents towards those of the questions they answer, as training does."""
        pairs = np.array([(self._row[question], self._row[document]) for question, document in answers])
        towards = np.zeros_like(self.vectors)
        np.add.at(towards, pairs[:, 1], self.vectors[pairs[:, 0]])
        # The sum of n independent vectors is about sqrt(n) times as long as one of them.
        self.vectors += closeness * towards / np.sqrt(np.bincount(pairs[:, 1], minlength=len(towards)).clip(1))[:, None]


def seconds(work: Callable[[], object]) -> float:
    """Return how long a function takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def products(pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Compute the matrix products only, in blocks of the grid's size."""
    blocks: dict[int, np.ndarray] = {}
    for queries, documents in pairs:
        size = min(MATRIX_CELLS // len(documents), len(queries))
        # Allocating memory again would take time too.
        block = blocks.setdefault(len(documents), np.empty((size, len(documents)), np.float32))
        for start in range(0, len(queries), size):
            part = queries[start : start + size]
            np.matmul(part, documents.T, out=block[: len(part)])


def measure(
    family: datasets.Family, corpora: dict[str, Corpus], settings: list[Setting], encoder: Table, rounds: int
) -> float:
    """Time the variants in turn, print the minimum and median of each, and return the minimum of the experiment."""
    queries = {at: encoder.encode_queries(setting.texts) for at, setting in enumerate(settings)}
    documents = {
        name: encoder.encode_documents([document.text for document in corpus.documents])
        for name, corpus in corpora.items()
    }
    of_pool = [(queries[at], documents["multi"]) for at, setting in enumerate(settings) if setting.kind == "multi"]
    of_all = [(queries[at], documents[setting.corpus]) for at, setting in enumerate(settings)]
    ranker, everything = EncoderRanker("random", "grid", encoder), range(len(settings))
    task = Task(settings, corpora, Vectors())
    list(ranker.rank(task, everything))
    runs = {
        "products, each query and document once": lambda: products(of_pool),
        f"products, {len(settings)} settings one by one": lambda: products(of_all),
        "grid after encoding": lambda: list(ranker.rank(task, everything)),
        "LanguageExperiment, reading included": lambda: ph.LanguageExperiment(
            {"random": encoder}, family, measures=MEASURES
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(seconds(run))
    least = {name: min(values) for name, values in taken.items()}
    once = next(iter(least.values()))
    for name, value in least.items():
        median = statistics.median(taken[name])
        print(f"  {name:42} {value:7.2f} s minimum, {median:7.2f} s median  {value / once:5.2f}x", flush=True)
    return least["LanguageExperiment, reading included"]


def peer(corpora: dict[str, Corpus], settings: list[Setting], encoder: Table) -> float:
    """Return the seconds of one pt.Experiment per setting, extrapolated; indexing is not counted."""
    from pyterrier_dr import FlexIndex

    measures = [ir_measures.parse_measure(measure) for measure in MEASURES]
    total = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            members = [setting for setting in settings if setting.kind == kind]
            taken = []
            for number, setting in enumerate(members[:: max(1, len(members) // PEER_SETTINGS)][:PEER_SETTINGS]):
                corpus = corpora[setting.corpus]
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


def check(
    family: datasets.Family,
    corpora: dict[str, Corpus],
    settings: list[Setting],
    encoder: Table,
    steps: Sequence[int],
) -> None:
    """Compare the values of single queries with those of pt.Experiment, and print the largest differences."""
    # Sums of whole numbers are exact in any order, so both sides have the same scores, ties included.
    encoder.vectors = np.rint(2 * encoder.vectors)
    found = ph.LanguageExperiment({"grid": encoder}, family, measures=CHECKED, perquery=True).queries
    found = found.set_index(["doc_lang", "query_lang", "measure", "qid"])["value"].sort_index()
    for kind, step in zip(KINDS, steps, strict=True):
        differences, queries, start = [], 0, time.perf_counter()
        for number, setting in enumerate(settings):
            if setting.kind == kind:
                # A different selection of queries in each setting.
                chosen = np.arange(number % step, len(setting.qids), step)
                expected = of_pt_experiment(corpora[setting.corpus], setting, encoder, chosen)
                ours = found.loc[setting.doc_lang, setting.query_lang].loc[expected.index]
                differences.append(np.abs(ours - expected).max())
                queries += len(chosen)
        print(
            f"  {kind:5} {len(differences):3} settings, {queries:6} queries: differences of {max(differences):.1e} or "
            f"less, {time.perf_counter() - start:.0f} s",
            flush=True,
        )


def of_pt_experiment(corpus: Corpus, setting: Setting, encoder: Table, chosen: np.ndarray) -> pd.Series:
    """Return the values of selected queries by measure and qid, from rankings of all documents."""
    docnos = np.array([document.doc_id for document in corpus.documents], object)
    documents = encoder.encode_documents([document.text for document in corpus.documents])
    measures = [ir_measures.parse_measure(name) for name in CHECKED[: None if setting.kind == "multi" else -1]]
    qrels = pt.get_dataset(f"irds:{setting.id}").get_qrels()
    size = max(1, RUN_ROWS // len(docnos))
    frames = []
    for part in (chosen[start : start + size] for start in range(0, len(chosen), size)):
        topics = pd.DataFrame({"qid": [setting.qids[at] for at in part], "query": [setting.texts[at] for at in part]})
        scores = encoder.encode_queries(list(topics["query"])) @ documents.T
        run = pd.DataFrame(
            {
                "qid": np.repeat(topics["qid"].to_numpy(object), len(docnos)),
                "docno": np.tile(docnos, len(topics)),
                "score": scores.ravel().astype(float),
                "rank": 0,
            }
        )
        judged = qrels[qrels["qid"].isin(topics["qid"])]
        frames.append(pt.Experiment([run], topics, judged, measures, perquery=True, validate="ignore"))
    return pd.concat(frames).set_index(["measure", "qid"])["value"]


def main() -> None:
    """Measure the time, or check the values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="xquad-r", help="a family of datasets")
    parser.add_argument("--dim", type=int, default=384, help="dimension of the vectors")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each variant")
    parser.add_argument(
        "--closeness", type=float, default=0.0, help="how far documents are moved towards the questions they answer"
    )
    parser.add_argument("--peer", action="store_true", help="also measure pt.Experiment over FlexIndex")
    parser.add_argument(
        "--check", type=int, nargs=3, metavar=KINDS, help="compare every n-th query of each kind with pt.Experiment"
    )
    options = parser.parse_args()
    family = datasets.family(options.dataset)
    corpora = read_corpora(family, KINDS, family.languages)
    settings = read_settings(family, KINDS, family.languages, corpora)
    texts = [document.text for corpus in corpora.values() for document in corpus.documents]
    encoder = Table([*texts, *(text for setting in settings for text in setting.texts)], options.dim)
    if options.closeness:
        pooled = [setting for setting in settings if setting.kind == "multi"]
        answers = [
            (setting.texts[query], corpora[setting.corpus].documents[corpora[setting.corpus].order[column]].text)
            for setting in pooled
            for query, column in zip(setting.query, setting.column, strict=True)
        ]
        encoder.bring_closer(answers, options.closeness)
        means = ph.LanguageExperiment({"grid": encoder}, family, measures=["AP", "RankDistance"]).means
        print(means.round(3).to_string(index=False))
    print(f"{options.dataset}, {len(settings)} settings, {options.dim} dimensions, {options.rounds} rounds")
    if options.check:
        check(family, corpora, settings, encoder, options.check)
        return
    ours = measure(family, corpora, settings, encoder, options.rounds)
    if options.peer:
        total = peer(corpora, settings, encoder)
        print(f"  pt.Experiment, all (extrapolated)          {total:7.0f} s, {total / ours:.0f}x LanguageExperiment")


if __name__ == "__main__":
    main()
