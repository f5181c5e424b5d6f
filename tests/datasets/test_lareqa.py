"""XQuAD-R and MLQA-R: every figure recounted from the real files."""

import json
from collections import Counter
from pathlib import Path

import ir_datasets
import pandas as pd
import pytest

from pyterrier_hybrid.datasets import Family, family, lareqa

# Sentences and questions per language, as published with LAReQA (arXiv 2004.05484, tables 1 and 2).
DOCS = {
    "xquad-r": {
        "ar": 1222, "de": 1276, "el": 1234, "en": 1180, "es": 1215, "hi": 1244,
        "ru": 1219, "th": 852, "tr": 1167, "vi": 1209, "zh": 1196,
    },
    "mlqa-r": {"ar": 2545, "de": 2362, "en": 6264, "es": 1787, "hi": 2426, "vi": 2828, "zh": 2322},
}  # fmt: skip
QUERIES = {
    "xquad-r": dict.fromkeys(DOCS["xquad-r"], 1190),
    "mlqa-r": {"ar": 517, "de": 512, "en": 1148, "es": 500, "hi": 507, "vi": 511, "zh": 504},
}
TOTALS = {"xquad-r": (13_014, 13_090, 143_990), "mlqa-r": (20_534, 4_199, 15_747)}
# Queries of MLQA-R that both languages have; symmetric, in the order ar de en es hi vi zh.
MLQA_BOTH = [
    [517, 207, 517, 161, 186, 163, 188],
    [207, 512, 512, 196, 163, 182, 190],
    [517, 512, 1148, 500, 507, 511, 504],
    [161, 196, 500, 500, 187, 189, 161],
    [186, 163, 507, 187, 507, 177, 189],
    [163, 182, 511, 189, 177, 511, 184],
    [188, 190, 504, 161, 189, 184, 504],
]

NAMES = ("xquad-r", "mlqa-r")
LANGUAGES = [(name, lang) for name in NAMES for lang in family(name).languages]
IDS = [dataset_id for name in NAMES for dataset_id in family(name).ids()]
SETTINGS = [(family(name), *setting) for name in NAMES for setting in family(name).settings()]
SETTING_IDS = [of.id(doc_lang, query_lang) for of, doc_lang, query_lang in SETTINGS]

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_DL_DISABLE_PBAR", "true")
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> dict[tuple[str, str], list[tuple[str, dict]]]:
    """(family, language) -> (title, paragraph) of the files, read without the package."""
    return {
        (name, lang): [
            (article["title"], paragraph)
            for article in json.loads((shared_data / "lareqa" / name / f"{lang}.json").read_bytes())["data"]
            for paragraph in article["paragraphs"]
        ]
        for name, lang in LANGUAGES
    }


def answers(paragraphs: list[tuple[str, dict]], lang: str) -> dict[str, str]:
    """Question id -> id of the sentence in which its answer begins."""
    return {
        question["id"]: f"{lang}_{number}_{i}"
        for number, (_, paragraph) in enumerate(paragraphs, start=1)
        for question in paragraph["qas"]
        for i, (start, end) in enumerate(paragraph["sentence_breaks"])
        if start <= question["answers"][0]["answer_start"] < end
    }


# --- figures ---------------------------------------------------------------------------------------------------------


def test_ids() -> None:
    assert [len(list(family(name).ids())) for name in NAMES] == [134, 58]
    assert [len(list(family(name).settings())) for name in NAMES] == [132 + 1, 56 + 1]  # one more: the whole pool
    assert set(IDS) <= set(ir_datasets.registry)
    registered = [dataset_id for dataset_id in ir_datasets.registry if dataset_id.startswith(NAMES)]
    assert sorted(registered) == sorted(IDS)


@pytest.mark.parametrize(("name", "lang"), LANGUAGES)
def test_published_figures_of_one_language(name: str, lang: str, lareqa_home: Path) -> None:
    dataset = ir_datasets.load(f"{name}/{lang}")
    assert len(list(dataset.docs_iter())) == dataset.docs_count() == DOCS[name][lang]
    assert len(list(dataset.queries_iter())) == dataset.queries_count() == QUERIES[name][lang]
    assert len(list(dataset.qrels_iter())) == dataset.qrels_count() == QUERIES[name][lang]


@pytest.mark.parametrize("name", NAMES)
def test_published_figures_of_the_pool(name: str, lareqa_home: Path) -> None:
    docs, queries, qrels = TOTALS[name]
    pool = ir_datasets.load(f"{name}/multi")
    assert sum(DOCS[name].values()) == docs
    assert (pool.docs_count(), pool.queries_count(), pool.qrels_count()) == (docs, queries, qrels)
    assert len({doc.doc_id for doc in pool.docs_iter()}) == docs
    assert len({query.query_id for query in pool.queries_iter()}) == queries
    assert len({(qrel.query_id, qrel.doc_id) for qrel in pool.qrels_iter()}) == qrels


@pytest.mark.parametrize(("of", "doc_lang", "query_lang"), SETTINGS, ids=SETTING_IDS)
def test_counts_of_every_setting(of: Family, doc_lang: str, query_lang: str, lareqa_home: Path) -> None:
    dataset = ir_datasets.load(of.id(doc_lang, query_lang))
    langs = of.languages
    if of.name == "xquad-r":
        both = {(d, q): 1190 for d in langs for q in langs}
    else:
        both = {(d, q): MLQA_BOTH[i][j] for i, d in enumerate(langs) for j, q in enumerate(langs)}
    doc_langs, query_langs = (langs if lang == "multi" else (lang,) for lang in (doc_lang, query_lang))
    asked = both[doc_lang, query_lang] if doc_lang != "multi" else sum(QUERIES[of.name][q] for q in query_langs)
    judged = sum(both[d, q] for d in doc_langs for q in query_langs)

    assert [query.query_id.rsplit("_", 1)[1] in query_langs for query in dataset.queries_iter()] == [True] * asked
    qrels = list(dataset.qrels_iter())
    assert len(qrels) == judged
    assert {qrel.query_id for qrel in qrels} == {query.query_id for query in dataset.queries_iter()}
    assert Counter(qrel.iteration for qrel in qrels) == {d: sum(both[d, q] for q in query_langs) for d in doc_langs}
    assert all(qrel.doc_id.startswith(f"{qrel.iteration}_") and qrel.relevance == 1 for qrel in qrels)


def test_mlqa_cross_lingual_queries_are_those_that_can_be_answered(lareqa_home: Path) -> None:
    cross = [(d, q) for of, d, q in SETTINGS if of.name == "mlqa-r" and "multi" not in (d, q) and d != q]
    counts = [len(list(ir_datasets.load(f"mlqa-r/{d}/{q}").queries_iter())) for d, q in cross]
    assert len(counts) == 42
    assert sum(counts) == 11_548
    assert sum(QUERIES["mlqa-r"][q] for _, q in cross) == 25_194


@pytest.mark.parametrize("dataset_id", IDS)
def test_metadata_equals_a_recount(dataset_id: str, lareqa_home: Path) -> None:
    dataset = ir_datasets.load(dataset_id)
    ids = [doc.doc_id for doc in dataset.docs_iter()]
    lang = dataset.docs_lang()
    id_field = {"max_len": max(map(len, ids)), "common_prefix": f"{lang}_" if lang else ""}
    expected = {"docs": {"count": len(ids), "fields": {"doc_id": id_field}}}
    if dataset.has_queries():
        relevance = Counter(str(qrel.relevance) for qrel in dataset.qrels_iter())
        expected["queries"] = {"count": sum(1 for _ in dataset.queries_iter())}
        expected["qrels"] = {"count": relevance.total(), "fields": {"relevance": {"counts_by_value": relevance}}}
    assert dataset.metadata() == expected


# --- content ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "lang"), LANGUAGES)
def test_content_is_the_rule_applied_to_the_file(name: str, lang: str, raw: dict, lareqa_home: Path) -> None:
    dataset = ir_datasets.load(f"{name}/{lang}")
    assert [tuple(doc) for doc in dataset.docs_iter()] == [
        (f"{lang}_{number}_{i}", paragraph["context"][start:end], lang, title, paragraph["context"])
        for number, (title, paragraph) in enumerate(raw[name, lang], start=1)
        for i, (start, end) in enumerate(paragraph["sentence_breaks"])
    ]
    assert [tuple(query) for query in dataset.queries_iter()] == [
        (f"{question['id']}_{lang}", question["question"])
        for _, paragraph in raw[name, lang]
        for question in paragraph["qas"]
    ]
    relevant = {qrel.query_id: qrel.doc_id for qrel in dataset.qrels_iter()}
    assert relevant == {f"{qid}_{lang}": doc for qid, doc in answers(raw[name, lang], lang).items()}


@pytest.mark.parametrize("name", NAMES)
def test_qrels_of_the_pool_are_the_answers_in_every_language(name: str, raw: dict, lareqa_home: Path) -> None:
    per_lang = {lang: answers(raw[name, lang], lang) for lang in family(name).languages}
    expected = {
        (f"{qid}_{query_lang}", doc_id, 1, doc_lang)
        for query_lang, asked in per_lang.items()
        for doc_lang, answered in per_lang.items()
        for qid, doc_id in answered.items()
        if qid in asked
    }
    assert set(map(tuple, ir_datasets.load(f"{name}/multi").qrels_iter())) == expected


@pytest.mark.parametrize(
    ("dataset_id", "position", "doc_id", "title", "text"),
    [
        ("xquad-r/en", 0, "en_1_0", "Super_Bowl_50", "The Panthers defense gave up just 308 points, ranking sixth in "
         "the league, while also leading the NFL in interceptions with 24 and boasting four Pro Bowl selections."),
        ("xquad-r/en", 590, "en_123_3", "American_Broadcasting_Company", "Goldenson added to the confusion when, in "
         "October 1954, he proposed a merger between UPT and the DuMont Television Network, which was also mired in "
         "financial trouble."),
        ("xquad-r/en", 1179, "en_240_2", "Force", "The stress tensor accounts for forces that cause all strains "
         "(deformations) including also tensile stresses and compressions.:133–134:38-1–38-11"),
        ("mlqa-r/de", 0, "de_1_0", "Victoria von Großbritannien und Irland (1840–1901)", "Das britische Parlament "
         "genehmigte Königin Victoria, ihrer Tochter als Mitgift 40.000 Britische Pfund (in heutiger Kaufkraft "
         "3.662.803 Pfund) zu zahlen und legte die jährliche Apanage der Prinzessin auf 8000 Pfund fest."),
        ("mlqa-r/de", 1181, "de_214_5", "Angelina Jolie", "Die irokesische Abstammung Bertrands sei erfunden worden, "
         "um ihr aus Karrieregründen ein exotisches Image zu verleihen."),
        ("mlqa-r/de", 2361, "de_456_2", "Osechi-ryōri", "Dieser Brauch, bestimmte Tage zu feiern, kam von China nach "
         "Japan."),
        ("xquad-r", 13_013, "zh_240_2", "Force",
         "应力张量 导致了产生所有应变（变形）的力，包括拉伸应力和压力。：133–134:38-1–38-11"),
        ("mlqa-r", 10_267, "en_829_8", "Atom", "Fermions obey the Pauli exclusion principle which prohibits identical "
         "fermions, such as multiple protons, from occupying the same quantum state at the same time."),
    ],
)  # fmt: skip
def test_first_middle_and_last_documents(
    dataset_id: str, position: int, doc_id: str, title: str, text: str, lareqa_home: Path
) -> None:
    dataset = ir_datasets.load(dataset_id)
    doc = dataset.docs_iter()[position]
    assert (doc.doc_id, doc.text, doc.lang, doc.title) == (doc_id, text, doc_id[:2], title)
    assert text in doc.context and len(doc.context) > len(text)
    assert doc.default_text() == text
    assert dataset.docs_store().get(doc_id) == doc


def test_text_is_raw(lareqa_home: Path) -> None:
    store = ir_datasets.load("xquad-r").docs_store()
    assert store.get("tr_1_0").text.startswith("\ufeffPanthers savunması")
    assert store.get("ar_1_0").text.startswith(" لم يتخلى")
    texts = [doc.text for doc in ir_datasets.load("xquad-r").docs_iter()]
    kept = {mark: sum(mark in text for text in texts) for mark in ("\ufeff", "\u200b", "\u200f", "\n")}
    assert kept == {"\ufeff": 59, "\u200b": 18, "\u200f": 22, "\n": 29}
    assert sum(text != text.strip() for text in texts) == 33
    assert len(texts) - len(set(texts)) == 14  # duplicates are kept too
    assert sum(query.text != query.text.strip() for query in ir_datasets.load("xquad-r/multi").queries_iter()) == 388


def test_sentence_breaks_decide_where_the_stored_sentences_deviate(raw: dict, lareqa_home: Path) -> None:
    _, paragraph = raw["xquad-r", "tr"][48]
    store = ir_datasets.load("xquad-r/tr").docs_store()
    for i in (2, 3):
        start, end = paragraph["sentence_breaks"][i]
        text = store.get(f"tr_49_{i}").text
        assert text == paragraph["context"][start:end] != paragraph["sentences"][i]


def test_an_answer_outside_every_sentence_is_an_error() -> None:
    question = {"id": "q", "question": "?", "answers": [{"answer_start": 9, "text": "x"}]}
    paragraph = {"context": "Yes. ", "sentence_breaks": [[0, 5]], "qas": [question]}
    with pytest.raises(ValueError, match="q_en: its answer starts at 9, in 0 sentences of paragraph 1"):
        lareqa.parse("en", {"data": [{"title": "t", "paragraphs": [paragraph]}]})


def test_unknown_language_lists_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="mlqa-r has no language 'el': choose one of ar, de, en, es, hi, vi, zh"):
        lareqa.load(family("mlqa-r"), "el")


# --- as an ir_datasets and a PyTerrier dataset -----------------------------------------------------------------------


def test_languages() -> None:
    langs = {
        dataset_id: (ir_datasets.load(dataset_id).docs_lang(), ir_datasets.load(dataset_id).queries_lang())
        for dataset_id in ("xquad-r/de", "xquad-r/de/ar", "mlqa-r/multi/ar", "mlqa-r/multi")
    }
    assert langs == {
        "xquad-r/de": ("de", "de"),
        "xquad-r/de/ar": ("de", "ar"),
        "mlqa-r/multi/ar": (None, "ar"),
        "mlqa-r/multi": (None, None),
    }
    assert ir_datasets.load("xquad-r").docs_lang() is None
    assert not ir_datasets.load("xquad-r").has_queries()


def test_settings_over_the_same_documents_share_them() -> None:
    assert ir_datasets.docs_parent_id("xquad-r/de/ar") == "xquad-r/de"
    assert ir_datasets.docs_parent_id("xquad-r/multi/ar") == "xquad-r"
    assert ir_datasets.load("xquad-r/de/ar").docs_handler() is ir_datasets.load("xquad-r/de/el").docs_handler()


def test_documentation() -> None:
    documentation = ir_datasets.load("mlqa-r").documentation()
    assert documentation["pretty_name"] == "MLQA-R"
    assert documentation["licence"] == "CC BY-NC 4.0"
    assert "roy-etal-2020-lareqa" in documentation["bibtex"] and "lewis-etal-2020-mlqa" in documentation["bibtex"]
    assert "artetxe-etal-2020-cross" in ir_datasets.load("xquad-r/de/ar").documentation()["bibtex"]
    assert ir_datasets.load("xquad-r/de").qrels_defs() == {1: "the sentence in which the answer to the question begins"}


def test_pyterrier_topics_and_qrels(lareqa_home: Path) -> None:
    import pyterrier as pt

    dataset = pt.get_dataset("irds:xquad-r/de/ar")
    topics, qrels = dataset.get_topics(), dataset.get_qrels()
    assert list(topics.columns) == ["qid", "query"] and len(topics) == 1190
    assert set(qrels.columns) == {"qid", "docno", "label", "iteration"} and len(qrels) == 1190
    assert set(topics.qid) == set(qrels.qid)
    assert (dataset.get_corpus_lang(), dataset.get_topics_lang()) == ("de", "ar")


def test_pyterrier_corpus_iter(lareqa_home: Path) -> None:
    import pyterrier as pt

    dataset = pt.get_dataset("irds:xquad-r/de/ar")
    corpus = dataset.get_corpus_iter(verbose=False)
    assert len(corpus) == 1276
    rows = list(corpus)
    assert len(rows) == 1276
    assert set(rows[0]) == {"docno", "text", "lang", "title", "context"}
    part = dataset.get_corpus_iter(verbose=False, start=10, count=5)
    assert len(part) == 5
    assert [row["docno"] for row in part] == [row["docno"] for row in rows[10:15]]


@pytest.mark.parametrize("dataset_id", ["xquad-r/tr/de", "xquad-r"])
def test_pyterrier_text(dataset_id: str, lareqa_home: Path) -> None:
    import pyterrier as pt

    dataset = pt.get_dataset(f"irds:{dataset_id}")
    frame = pd.DataFrame({"qid": ["1", "1", "2"], "docno": ["tr_2_0", "tr_1_0", "tr_2_0"]})
    expected = [dataset.irds_ref().docs_store().get(docno) for docno in frame.docno]
    texts = pt.text.get_text(dataset, "text")(frame)
    assert texts.text.tolist() == [doc.text for doc in expected]
    everything = dataset.text_loader()(frame)
    assert list(everything.columns) == ["qid", "docno", "text", "lang", "title", "context"]
    assert everything.context.tolist() == [doc.context for doc in expected]
