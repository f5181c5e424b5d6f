"""Datasets of ir_datasets as families: their settings, and their results in the grid."""

from collections.abc import Iterator
from typing import NamedTuple

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pytest
from dataset_helpers import Docs, register_clirmatrix
from grid_helpers import Letters
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseQrels, BaseQueries, GenericDoc, GenericQuery
from ir_datasets.formats.trec import TrecQrel
from ir_datasets.util import Registry

import pyterrier_hybrid as ph
from pyterrier_hybrid.datasets import EXISTING, count_documents, existing_family, family
from pyterrier_hybrid.experiment import LanguageValidation, with_queries
from pyterrier_hybrid.experiment.settings import parts_of, read_corpora, read_settings

PAPER = ["ar", "bn", "es", "fa", "fi", "fr", "hi", "id", "ja", "ko", "ru", "sw", "te", "th", "zh"]


class TitledDoc(NamedTuple):
    doc_id: str
    title: str
    text: str

    def default_text(self) -> str:
        return f"{self.title} {self.text}"


class TopicQuery(NamedTuple):
    """As those of NeuCLIR: in English, and translated by people or by machine."""

    query_id: str
    title: str
    ht_title: str = ""
    fa_mt_title: str = ""
    zh_mt_title: str = ""

    def default_text(self) -> str:
        return self.title


class Queries(BaseQueries):
    def __init__(self, lang: str | None, queries: list) -> None:
        self.lang, self.queries = lang, queries

    def queries_iter(self) -> Iterator:
        yield from self.queries

    def queries_lang(self) -> str | None:
        return self.lang


class Qrels(BaseQrels):
    def __init__(self, qrels: list[tuple[str, str, int]]) -> None:
        self.qrels = qrels

    def qrels_iter(self) -> Iterator[TrecQrel]:
        return (TrecQrel(*qrel, "0") for qrel in self.qrels)


def monolingual(registry: Registry, *ids: str, words: str = "moon river stone cloud tree") -> dict[str, Docs]:
    """Datasets with titles, graded judgements, a query without relevant documents and one without judgements."""
    handlers = {}
    for dataset_id in ids:
        lang = dataset_id.split("/")[1]
        docs = [TitledDoc(f"{lang}#{i}", f"{lang} {word}", f"{word} and rain") for i, word in enumerate(words.split())]
        queries = [GenericQuery(f"{i}", f"{word} {lang}") for i, word in enumerate([*words.split(), "unjudged"])]
        qrels = [("0", f"{lang}#0", 2), ("0", f"{lang}#1", 1), ("0", f"{lang}#2", 0), ("1", f"{lang}#1", 1),
                 ("2", f"{lang}#4", 0), ("3", f"{lang}#0", 1)]  # fmt: skip
        handlers[lang] = Docs(lang, docs)
        registry.register(dataset_id, Dataset(handlers[lang], Queries(lang, queries), Qrels(qrels)))
    return handlers


# --- IDs of ir_datasets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "languages", "settings", "dataset_id", "measures"),
    [
        ("miracl", 18, 18, "miracl/sw/dev", ("nDCG@10", "R@100")),
        ("miracl/train", 16, 16, "miracl/sw/train", ("nDCG@10", "R@100")),
        ("mr-tydi", 11, 11, "mr-tydi/sw/test", ("RR@100", "R@100")),
        ("mr-tydi/dev", 11, 11, "mr-tydi/sw/dev", ("RR@100", "R@100")),
    ],
)
def test_monolingual_sets(name: str, languages: int, settings: int, dataset_id: str, measures: tuple) -> None:
    found = family(name)
    assert (len(found.languages), len(list(found.settings()))) == (languages, settings)
    assert found.id("sw", "sw") == dataset_id and found.measures == measures
    assert {found.id(*setting) for setting in found.settings()} == set(found.ids()) <= set(ir_datasets.registry)


def test_miracl_has_the_languages_of_the_paper_by_default() -> None:
    assert family("miracl").default_languages == tuple(PAPER)
    assert set(family("miracl").languages) - set(PAPER) == {"de", "en", "yo"}


def test_mmarco_is_parallel_and_includes_the_english_original() -> None:
    found = family("mmarco")
    assert len(found.languages) == 14 and len(list(found.settings())) == 14 * 14 + 14
    assert (found.id("nl", "nl"), found.id("en", "en")) == ("mmarco/v2/dt/dev/small", "msmarco-passage/dev/small")
    assert set(found.ids()) <= set(ir_datasets.registry)
    assert found.id("de", "ar") not in ir_datasets.registry
    assert family("mmarco/v2/dev").id("de", "de") == family("mmarco/dev").id("de", "de") == "mmarco/v2/de/dev"


def test_neuclir_has_english_and_translated_queries() -> None:
    mono_and_cross = [("fa", "fa"), ("fa", "en"), ("ru", "ru"), ("ru", "en"), ("zh", "zh"), ("zh", "en")]
    assert list(family("neuclir").settings()) == mono_and_cross
    pool = [("multi", lang) for lang in ("fa", "ru", "zh", "en")]
    assert list(family("neuclir/trec-2023").settings()) == mono_and_cross + pool
    assert family("neuclir/1/trec-2022") == family("neuclir")


@pytest.mark.parametrize(
    ("name", "dataset_id"),
    [
        ("beir/fiqa", "beir/fiqa/test"),
        ("beir/fiqa/dev", "beir/fiqa/dev"),
        ("miracl/sw", "miracl/sw/dev"),
        ("msmarco-passage/dev/small", "msmarco-passage/dev/small"),
    ],
)
def test_single_ids(name: str, dataset_id: str) -> None:
    found = family(name)
    ((doc_lang, query_lang),) = found.settings()
    assert doc_lang == query_lang and found.id(doc_lang, query_lang) == dataset_id
    assert found.label == name


def test_labels_say_the_split_unless_it_is_the_usual_one() -> None:
    names = ["miracl", "miracl/dev", "mr-tydi/dev", "atlas", "atlas/test", "atlas/train"]
    assert [family(name).label for name in names] == [
        "miracl", "miracl", "mr-tydi/dev", "atlas", "atlas", "atlas/train",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("miracl/test-a", "no family 'miracl/test-a': choose one of miracl/dev, miracl/train; or an ID"),
        ("mmarco/v3", "no family 'mmarco/v3': choose one of mmarco/dev, mmarco/dev/small, mmarco/train"),
        ("beir", "no family 'beir': choose one of xquad-r"),
        ("neuclir/1/zh/trec-2022", "ir_datasets does not say what language its queries are in"),
        ("xquad-r/multi/ar", "documents in several languages: give .xquad-r. with kinds"),
        ("codesearchnet/challenge", "ir_datasets does not say what language its documents are in"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        family(name)


def test_counts_need_no_download() -> None:
    assert count_documents(family("miracl/train")) > 10**7
    assert [count_documents(family(name)) for name in ("tatoeba", "beir/fiqa", "boolq-r")] == [63384, 57638, None]
    assert EXISTING == ("miracl", "mr-tydi", "mmarco", "neuclir", "clirmatrix")


def test_pairs_are_read_with_languages() -> None:
    with pytest.raises(ValueError, match="'miracl/train' is a set of ir_datasets: name the languages, as in"):
        ph.ParallelPairs.from_irds("miracl/train")


# --- monolingual sets in the grid ------------------------------------------------------------------------------------


def test_values_are_those_of_ir_measures(registry: Registry) -> None:
    handlers = monolingual(registry, "miracl/xx/dev", "miracl/yy/dev")
    encoder = Letters()
    results = ph.LanguageExperiment({"letters": encoder}, "miracl", perquery=True)
    assert results.dataset == "miracl" and results.languages == ("xx", "yy")
    assert results.settings[["kind", "measure", "queries"]].drop_duplicates().values.tolist() == [
        ["mono", "nDCG@10", 4],
        ["mono", "R@100", 4],
    ]
    for lang in ("xx", "yy"):
        dataset = ir_datasets.load(f"miracl/{lang}/dev")
        texts = {doc.doc_id: f"{doc.title} {doc.text}" for doc in dataset.docs_iter()}
        vectors = encoder.encode_documents(list(texts.values()))
        run = pd.DataFrame(
            [
                {"query_id": query.query_id, "doc_id": doc_id, "score": float(score)}
                for query in dataset.queries_iter()
                for doc_id, score in zip(texts, vectors @ encoder.encode_queries([query.text])[0], strict=True)
            ]
        )
        measures = [ir_measures.nDCG @ 10, ir_measures.R @ 100]
        expected = ir_measures.calc_aggregate(measures, list(dataset.qrels_iter()), run)
        found = results.settings.query("doc_lang == @lang").set_index("measure")["value"]
        assert found.to_dict() == pytest.approx({str(measure): value for measure, value in expected.items()})
    # The grid read each corpus once; the other time was this test.
    assert [docs.read for docs in handlers.values()] == [2, 2]
    values = results.queries.query("doc_lang == 'xx' and measure == 'nDCG@10'").set_index("qid")["value"]
    assert values["2"] == 0.0 and "5" not in values.index


def test_documents_are_title_and_text(registry: Registry) -> None:
    monolingual(registry, "miracl/xx/dev")
    corpus = read_corpora(family("miracl"), ["mono"], ["xx"])["xx"]
    assert corpus.documents[0] == ("xx#0", "xx moon moon and rain", "xx", "xx moon", "")
    assert (corpus.id, corpus.lang) == ("miracl/xx/dev", "xx")


def test_judged_levels_are_kept_and_zero_is_not_relevant(registry: Registry) -> None:
    monolingual(registry, "miracl/xx/dev")
    found = family("miracl")
    corpora = read_corpora(found, ["mono"], ["xx"])
    (setting,) = read_settings(found, ["mono"], ["xx"], corpora)
    assert setting.qids == ("0", "1", "2", "3")
    assert list(zip(setting.query, setting.relevance, strict=True)) == [(0, 2), (0, 1), (1, 1), (3, 1)]
    assert setting.questions == setting.qids


def test_languages_that_have_nothing_in_common_are_done_one_by_one(registry: Registry) -> None:
    handlers = monolingual(registry, "mr-tydi/xx/test", "mr-tydi/yy/test")
    found, seen = family("mr-tydi"), []
    assert parts_of(["mono"], found.languages) == [("xx",), ("yy",)]

    class Watched(Letters):
        def encode_documents(self, texts: list[str]) -> np.ndarray:
            seen.append([docs.read for docs in handlers.values()])
            return self.encode_queries(texts)

    results = ph.LanguageExperiment({"a": Watched(), "b": Watched(seed=1)}, found, measures=["RR"])
    assert seen == [[1, 0], [1, 0], [1, 1], [1, 1]]
    assert results.settings[["system", "doc_lang"]].values.tolist() == [
        ["a", "xx"], ["a", "yy"], ["b", "xx"], ["b", "yy"],
    ]  # fmt: skip


@pytest.mark.parametrize("kinds", [["cross"], ["mono", "multi"]])
def test_kinds_that_a_set_does_not_have(kinds: list[str], registry: Registry) -> None:
    monolingual(registry, "miracl/xx/dev")
    with pytest.raises(ValueError, match=f"kinds: miracl has no setting of kind '{kinds[-1]}'.*; it has mono"):
        ph.LanguageExperiment({"letters": Letters()}, "miracl", kinds=kinds)


def test_a_language_that_a_set_does_not_have(registry: Registry) -> None:
    monolingual(registry, "miracl/xx/dev", "miracl/yy/dev")
    with pytest.raises(ValueError, match="languages: 'de' is unknown; the valid ones are xx, yy"):
        ph.LanguageExperiment({"letters": Letters()}, "miracl", languages=["xx", "de"])
    with pytest.raises(ValueError, match="miracl has no documents in 'xx' with queries in 'yy'; it has"):
        family("miracl").load("xx", "yy")


def test_validation_on_a_monolingual_set(registry: Registry) -> None:
    monolingual(registry, "mr-tydi/xx/dev")
    assert list(LanguageValidation("mr-tydi/dev", measure="RR")(Letters())) == ["mono", "mean"]


def test_one_id_is_one_setting(registry: Registry) -> None:
    monolingual(registry, "beir/xx/test")
    results = ph.LanguageExperiment({"letters": Letters()}, "beir/xx")
    assert results.dataset == "beir/xx"
    assert results.settings[["kind", "doc_lang", "query_lang", "measure"]].values.tolist() == [
        ["mono", "xx", "xx", "nDCG@10"],
        ["mono", "xx", "xx", "R@100"],
    ]


def test_bm25_searches_title_and_text(registry: Registry) -> None:
    monolingual(registry, "miracl/de/dev", words="mond fluss stein wolke baum")
    results = ph.LanguageExperiment({"BM25": "bm25"}, "miracl", languages=["de"])
    assert results.settings["value"].between(0.3, 1).all()


def test_miracl_beside_the_paper(registry: Registry) -> None:
    monolingual(registry, *(f"miracl/{lang}/dev" for lang in [*PAPER, "yo"]))
    results = ph.LanguageExperiment({"Hybrid": Letters()}, "miracl")
    published = results.compare("labse")["nDCG@10"].xs("paper", axis=1, level="place").squeeze()
    assert published.round(3).to_dict() == {"Hybrid": 0.441, "X-X-mono": 0.455, "X-Y": 0.418}
    by_language = results.compare("xlmr", by="language")["R@100"]
    assert list(by_language.index) == PAPER
    assert by_language.xs("paper", axis=1, level="place").loc["sw"].tolist() == [0.6416]
    with pytest.raises(ValueError, match="over 15 languages of miracl; evaluate ar, bn, es"):
        ph.LanguageExperiment({"Hybrid": Letters()}, "miracl", languages=["sw", "yo"]).compare()


# --- sets with settings across languages -----------------------------------------------------------------------------


def parallel(registry: Registry) -> dict[str, Docs]:
    handlers = {}
    for name, lang in (("mmarco/v2/de", "de"), ("mmarco/v2/dt", "dt"), ("msmarco-passage", "en")):
        docs = [GenericDoc(f"{i}", f"{word} {lang}") for i, word in enumerate(["moon", "river", "stone"])]
        queries = [GenericQuery("7", f"{lang} river"), GenericQuery("8", f"{lang} stone")]
        handlers[lang] = Docs(lang, docs)
        dataset = Dataset(handlers[lang], Queries(lang, queries), Qrels([("7", "1", 1), ("8", "2", 1)]))
        registry.register(f"{name}/dev/small", dataset)
    return handlers


def test_parallel_documents_in_a_pool(registry: Registry) -> None:
    handlers = parallel(registry)
    found = family("mmarco")
    corpora = read_corpora(found, ["mono", "cross", "multi"], ["de", "en", "nl"])
    assert [docs.read for docs in handlers.values()] == [1, 1, 1]
    assert [doc.doc_id for doc in corpora["multi"].documents][::4] == ["de_0", "en_1", "nl_2"]
    assert [doc.doc_id for doc in corpora["nl"].documents] == ["0", "1", "2"]
    assert all(a.text is b.text for a, b in zip(corpora["multi"].documents[:3], corpora["de"].documents, strict=True))
    settings = read_settings(found, ["mono", "cross", "multi"], ["de", "en", "nl"], corpora)
    assert [setting.kind for setting in settings] == ["mono"] * 3 + ["cross"] * 6 + ["multi"] * 3
    (pool,) = [setting for setting in settings if (setting.doc_lang, setting.query_lang) == ("multi", "de")]
    assert pool.texts == ("de river", "de stone")
    columns = [corpora["multi"].column[doc_id] for doc_id in ("de_1", "en_1", "nl_1", "de_2", "en_2", "nl_2")]
    assert sorted(pool.column) == sorted(columns) and pool.query.tolist() == [0, 0, 0, 1, 1, 1]


def test_parallel_documents_in_the_grid(registry: Registry) -> None:
    parallel(registry)
    results = ph.LanguageExperiment({"letters": Letters(dim=64)}, "mmarco", languages=["de", "nl"])
    assert results.settings.query("measure == 'R@1000'")["value"].eq(1).all()
    assert results.means[["kind", "measure"]].values.tolist() == [
        [kind, measure] for kind in ("mono", "cross", "multi") for measure in ("RR@10", "R@1000")
    ]


def test_translated_queries_by_people(registry: Registry) -> None:
    for lang, judged in (("fa", ["1", "2"]), ("zh", ["2", "3"])):
        docs = [TitledDoc(f"{lang}-{i}", "t", f"{lang} {i}") for i in range(4)]
        queries = [TopicQuery(qid, f"english {qid}", f"{lang} {qid}") for qid in judged]
        qrels = [(qid, f"{lang}-{qid}", 3) for qid in judged]
        registry.register(
            f"neuclir/1/{lang}/trec-2022", Dataset(Docs(lang, docs), Queries(None, queries), Qrels(qrels))
        )
    found = family("neuclir")
    settings = read_settings(found, ["mono", "cross"], found.languages, read_corpora(found, ["mono"], found.languages))
    assert [(setting.doc_lang, setting.query_lang, setting.texts) for setting in settings] == [
        ("fa", "fa", ("fa 1", "fa 2")),
        ("zh", "zh", ("zh 2", "zh 3")),
        ("fa", "en", ("english 1", "english 2")),
        ("zh", "en", ("english 2", "english 3")),
    ]
    assert settings[0].relevance.tolist() == [3, 3]


def test_one_pool_of_what_was_judged_language_by_language(registry: Registry) -> None:
    queries = [TopicQuery(qid, f"english {qid}", "", f"fa {qid}", f"zh {qid}") for qid in ("1", "2", "3")]
    for lang, judged in (("fa", ["1", "2"]), ("zh", ["2", "3"])):
        docs = [TitledDoc(f"{lang}-{i}", "t", f"{lang} {i}") for i in range(4)]
        qrels = [(qid, f"{lang}-{qid}", 1) for qid in judged]
        registry.register(f"neuclir/1/{lang}/trec-2023", Dataset(Docs(lang, docs), Queries(None, []), Qrels(qrels)))
    registry.register("neuclir/1/multi/trec-2023", Dataset(Docs(None, []), Queries(None, queries), Qrels([])))
    found = existing_family("neuclir/trec-2023")
    results = ph.LanguageExperiment({"letters": Letters()}, found, measures=["R@8"])
    assert results.settings[["kind", "doc_lang", "query_lang", "queries"]].values.tolist() == [
        ["mono", "fa", "fa", 2], ["mono", "zh", "zh", 2], ["cross", "fa", "en", 2], ["cross", "zh", "en", 2],
        ["multi", "multi", "en", 3], ["multi", "multi", "fa", 3], ["multi", "multi", "zh", 3],
    ]  # fmt: skip
    assert results.settings["value"].eq(1).all()
    assert results.dataset == "neuclir/trec-2023"


# --- CLIRMatrix: qrels of their own for every pair of languages ------------------------------------------------------


def test_clirmatrix_has_every_pair_of_languages() -> None:
    found = family("clirmatrix")
    assert len(found.languages) == 139 and len(list(found.settings())) == 139 * 138
    assert found.default_languages == ("am", "mr", "ps", "si", "sw", "yo")
    assert found.id("sw", "en") == "clirmatrix/sw/bi139-base/en/test1"
    small = family("clirmatrix/multi8/dev")
    assert small.label == "clirmatrix/multi8/dev" and len(small.languages) == 8 == len(small.default_languages)
    assert count_documents(found) is None
    with pytest.raises(ValueError, match="no family 'clirmatrix/test1': choose one of clirmatrix/bi139-base/train, "):
        family("clirmatrix/test1")


def test_clirmatrix_in_the_grid(registry: Registry) -> None:
    register_clirmatrix(registry, {"sw": ["mto", "jiwe"], "yo": ["odò", "òkúta"]})
    settings = read_settings(
        family("clirmatrix"), ["cross"], ["sw", "yo"], read_corpora(family("clirmatrix"), ["cross"], ["sw", "yo"])
    )
    assert [(setting.id, setting.texts, setting.relevance.tolist()) for setting in settings] == [
        ("clirmatrix/sw/bi139-base/yo/test1", ("odò", "òkúta"), [6, 6]),
        ("clirmatrix/yo/bi139-base/sw/test1", ("mto", "jiwe"), [6, 6]),
    ]
    results = ph.LanguageExperiment({"letters": Letters()}, "clirmatrix", languages=["sw", "yo"])
    assert results.settings[["kind", "doc_lang", "query_lang", "measure", "queries"]].values.tolist() == [
        ["cross", "sw", "yo", "nDCG@10", 2], ["cross", "sw", "yo", "R@100", 2],
        ["cross", "yo", "sw", "nDCG@10", 2], ["cross", "yo", "sw", "R@100", 2],
    ]  # fmt: skip


def test_families_print_one_line():
    docs = [{"docno": number, "text": "Rom", "lang": "de"} for number in range(9)]
    own = ph.family_from(docs, [{"qid": str(n), "query": "Rom?", "lang": "en", "docno": n} for n in range(7)], name="x")
    for dataset, printed in (
        (family("atlas"), "Family('atlas', languages='ar de el en es hi ru th tr vi zh')"),
        (family("atlas/train"), "Family('atlas/train', languages='ar de el en es hi ru th tr vi zh')"),
        (own, "OwnFamily('x (known items)', languages='de en', documents=9, queries=7)"),
        (with_queries(own, ["1", "2"]), "ChosenQueries('x (known items) (2 queries)', languages='de en')"),
    ):
        assert repr(dataset) == printed
    assert repr(family("clirmatrix")).endswith(" and 123 more')")
    for name in (*EXISTING, "xquad-r", "beir/fiqa"):
        assert name in repr(family(name)) and len(repr(family(name))) < 120
