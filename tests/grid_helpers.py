"""Encoders, retrievers and tiny dataset families for the tests of the language grid."""

import zlib

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid import datasets
from pyterrier_hybrid.datasets import Document, Family, LanguageData
from pyterrier_hybrid.experiment import Corpus

WORDS = "sun moon star tree leaf root fish bird stone river cloud rain".split()
MEASURES = ["AP", "AP@3", "R@1", "R@10", "P@2", "RR", "RR@2", "nDCG", "nDCG@3", "Success@2", "RankDistance"]


class Letters:
    """An encoder whose inner products are whole numbers: exact in any order of summation, and often tied."""

    def __init__(self, dim=16, seed=0):
        self.dim, self.seed, self.calls = dim, seed, []

    def encode_queries(self, texts):
        self.calls.append(texts)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for row, text in enumerate(texts):
            for start in range(len(text) - 2):
                vectors[row, zlib.crc32(text[start : start + 3].encode(), self.seed) % self.dim] += 1
        return vectors

    encode_documents = encode_queries


class Exhaustive(pt.Transformer):
    """A retriever that scores every query against every document of a corpus."""

    def __init__(self, encoder, corpus, depth=None):
        self.encoder, self.depth = encoder, depth
        self.docnos = np.array([row["docno"] for row in corpus.get_corpus_iter()], dtype=object)
        self.vectors = encoder.encode_documents([row["text"] for row in corpus.get_corpus_iter()])

    def transform(self, topics):
        frames = []
        for qid, query in zip(topics["qid"], topics["query"], strict=True):
            scores = (self.vectors @ self.encoder.encode_queries([query])[0]).astype(float)
            best = np.lexsort((self.docnos, scores))[::-1][: self.depth]
            frames.append(pd.DataFrame({"qid": qid, "query": query, "docno": self.docnos[best], "score": scores[best]}))
        return pt.model.add_ranks(pd.concat(frames))


def language(lang, answered, *, queries=6):
    """Documents, one of them twice, and queries; only some queries have an answer in this language."""
    rng = np.random.default_rng(zlib.crc32(lang.encode()))
    texts = [f"{lang} " + " ".join(rng.choice(WORDS, 4)) for _ in range(9)]
    texts[7] = texts[min(answered)]
    docs = [Document(f"{lang}_{i}_0", text, lang, "title", text) for i, text in enumerate(texts)]
    asked = [GenericQuery(f"q{i}_{lang}", " ".join(rng.choice(WORDS, 3))) for i in range(queries)]
    answers = [TrecQrel(f"q{i}_{lang}", f"{lang}_{i}_0", 1, lang) for i in answered]
    return LanguageData(docs, {None: asked}, {None: answers})


def make_family(name, languages):
    family = Family(name, tuple(languages))
    datasets.register_family(family, languages.__getitem__)
    return family


def make_toy(name):
    # As in MLQA-R, not every language answers every query; nobody answers query 5, and only es query 4.
    answered = {"de": (0, 1, 2, 3), "en": (0, 1, 2), "es": (1, 2, 3, 4)}
    return make_family(name, {lang: language(lang, ids) for lang, ids in answered.items()})


def expected_values(encoder, dataset_id, corpus, measures, languages=None, **options):
    """The values of pt.Experiment for one setting, per query."""
    dataset = pt.get_dataset(f"irds:{dataset_id}")
    qrels = dataset.get_qrels()
    if languages:
        qrels = qrels[qrels["docno"].str.split("_").str[0].isin(languages)]
    topics = dataset.get_topics()
    topics = topics[topics["qid"].isin(qrels["qid"])]
    measures = [ir_measures.parse_measure(measure) for measure in measures]
    systems = [Exhaustive(encoder, corpus, **options)]
    frame = pt.Experiment(systems, topics, qrels, measures, perquery=True, validate="ignore")
    return frame.pivot(index="qid", columns="measure", values="value")


def corpus_of(family, lang, languages=None):
    documents = ir_datasets.load(family.id(lang, lang)).docs_iter()
    languages = languages or family.languages
    return Corpus("expected", lang, languages, tuple(doc for doc in documents if doc.lang in languages))
