"""Tatoeba, BoolQ and Belebele, on small files in the same format."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from pkgutil import get_data

import ir_datasets
import ir_measures
import pytest
from dataset_helpers import belebele_rows, jsonl, register_belebele, register_tatoeba, serve
from grid_helpers import Letters
from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel
from ir_datasets.util import HashVerificationError, Registry

import pyterrier_hybrid as ph
from pyterrier_hybrid.datasets import Document, belebele, boolq, family, register_family, tatoeba
from pyterrier_hybrid.datasets.download import Source, read_verified
from pyterrier_hybrid.retrieval.analysis import analyzer

DOWNLOADS = json.loads(get_data("pyterrier_hybrid.datasets", "etc/downloads.json"))
METADATA = json.loads(get_data("pyterrier_hybrid.datasets", "etc/metadata.json"))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], list[str]]:
    """A function that replaces the official files, and returns the list of the files read from then on."""

    return partial(serve, monkeypatch)


# --- Tatoeba ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def pairs(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return register_tatoeba(monkeypatch)


def test_tatoeba_has_both_directions_of_a_pair(pairs: list[str]) -> None:
    dataset = ir_datasets.load("tatoeba/de/en")
    assert (dataset.docs_lang(), dataset.queries_lang()) == ("de", "en")
    texts = ["Wo ist Tom?", "Er schläft.\u2028Noch.", " Ja. "]
    assert list(dataset.docs_iter()) == [
        Document(f"de.en_{number}", text, "de", "", text) for number, text in enumerate(texts, start=1)
    ]
    assert list(dataset.queries_iter())[1] == GenericQuery("de_2_en", "He is asleep. Still.")
    assert list(dataset.qrels_iter()) == [TrecQrel(f"de_{n}_en", f"de.en_{n}", 1, "de") for n in (1, 2, 3)]
    other = ir_datasets.load("tatoeba/en/de")
    assert (other.docs_lang(), other.queries_lang()) == ("en", "de")
    assert list(other.qrels_iter())[2] == TrecQrel("de_3_de", "en.de_3", 1, "en")
    assert pairs == ["tatoeba/tatoeba.deu-eng.deu", "tatoeba/tatoeba.deu-eng.eng"]


def test_english_sentences_of_two_pairs_are_two_collections(pairs: list[str]) -> None:
    assert [doc.text for doc in ir_datasets.load("tatoeba/en/fr").docs_iter()] == ["Yes.", "No."]
    assert ir_datasets.load("tatoeba/en/de").docs_store().get("en.de_3").text == "Yes."
    with pytest.raises(KeyError):
        ir_datasets.load("tatoeba/en/de").docs_store().get("en.fr_1")


def test_tatoeba_in_the_grid(pairs: list[str]) -> None:
    results = ph.LanguageExperiment({"letters": Letters(dim=64)}, "tatoeba", languages=["de", "en", "fr"])
    assert results.settings[["kind", "doc_lang", "query_lang", "measure", "queries"]].values.tolist() == [
        ["cross", doc_lang, query_lang, measure, queries]
        for doc_lang, query_lang, queries in [("de", "en", 3), ("en", "de", 3), ("en", "fr", 2), ("fr", "en", 2)]
        for measure in ("P@1", "RR")
    ]
    for (doc_lang, query_lang), rows in results.settings.groupby(["doc_lang", "query_lang"]):
        dataset, encoder = ir_datasets.load(f"tatoeba/{doc_lang}/{query_lang}"), Letters(dim=64)
        docs = list(dataset.docs_iter())
        vectors = encoder.encode_documents([doc.text for doc in docs])
        run = [
            ir_measures.ScoredDoc(query.query_id, doc.doc_id, float(score))
            for query in dataset.queries_iter()
            for doc, score in zip(docs, vectors @ encoder.encode_queries([query.text])[0], strict=True)
        ]
        expected = ir_measures.calc_aggregate([ir_measures.P @ 1, ir_measures.RR], list(dataset.qrels_iter()), run)
        assert rows["value"].tolist() == pytest.approx([expected[ir_measures.P @ 1], expected[ir_measures.RR]])


def test_tatoeba_has_no_other_settings(pairs: list[str]) -> None:
    assert len(list(tatoeba.TATOEBA.settings())) == 72
    with pytest.raises(ValueError, match="it has pairs of en and another language only: give 'en' as one of the two"):
        tatoeba.TATOEBA.id("de", "fr")
    with pytest.raises(ValueError, match="no documents in 'multi'"):
        tatoeba.TATOEBA.id("multi", "en")
    with pytest.raises(KeyError, match="the IDs are tatoeba, tatoeba/{d}/{q}, .* among af, ar, .*, one of the two en"):
        ir_datasets.load("tatoeba/de/fr")
    with pytest.raises(ValueError, match="kinds: tatoeba has no setting of kind 'mono'; it has cross"):
        ph.LanguageExperiment({"letters": Letters()}, "tatoeba", kinds=["mono"])
    with pytest.raises(ValueError, match="tatoeba has no pair 'de.fr'"):
        tatoeba.load("de.fr")
    with pytest.raises(ValueError, match="line 2 of the file of de.en is empty"):
        tatoeba.parse("de.en", b"Ja.\n\nNein.\n")


def test_tatoeba_is_pinned_and_counted() -> None:
    entries = DOWNLOADS["tatoeba"]
    assert len(entries) == 72 == len({entry["expected_sha256"] for entry in entries.values()})
    assert {entry["url"].split("/")[5] for entry in entries.values()} == {"2aa9cf8242f1030282be23a9cfa906fd011c4b2d"}
    assert all((len(entry["expected_md5"]), len(entry["expected_sha256"])) == (32, 64) for entry in entries.values())
    counts = {name: METADATA[f"tatoeba/{name}/en"]["docs"]["count"] for name in ("de", "jv", "sw", "te")}
    assert counts == {"de": 1000, "jv": 205, "sw": 390, "te": 234}
    assert ir_datasets.load("tatoeba/en/jv").queries_count() == ir_datasets.load("tatoeba/jv/en").qrels_count() == 205
    assert set(METADATA) >= set(tatoeba.TATOEBA.ids())


# --- BoolQ -----------------------------------------------------------------------------------------------------------

QUESTIONS = {
    "train.jsonl": jsonl(
        {"question": "is ice cold", "title": "Ice", "answer": True, "passage": "Ice is cold."},
        {"question": "is it hot", "title": "Fire", "answer": True, "passage": "Fire\u2028is hot."},
    ),
    "dev.jsonl": jsonl(
        {"question": "is ice frozen water", "title": "Ice", "answer": True, "passage": "Ice is cold."},
        {"question": "is ice cold", "title": "Ice cream", "answer": True, "passage": "Ice cream is cold too."},
    ),
}


def test_boolq_joins_equal_paragraphs(registry: Registry, served: Callable) -> None:
    paths = served(QUESTIONS)
    register_family(boolq.BOOLQ_R, boolq.load)
    assert list(ir_datasets.registry) == ["boolq-r", "boolq-r/en/train", "boolq-r/en/dev"]
    dataset = ir_datasets.load("boolq-r/en/dev")
    assert [(doc.doc_id, doc.text, doc.title) for doc in dataset.docs_iter()] == [
        ("en_1", "Ice is cold.", "Ice"),
        ("en_2", "Fire\u2028is hot.", "Fire"),
        ("en_3", "Ice cream is cold too.", "Ice cream"),
    ]
    assert list(dataset.queries_iter()) == [
        GenericQuery("dev_1_en", "is ice frozen water"), GenericQuery("dev_2_en", "is ice cold"),
    ]  # fmt: skip
    assert [(qrel.query_id, qrel.doc_id) for qrel in dataset.qrels_iter()] == [
        ("dev_1_en", "en_1"), ("dev_2_en", "en_3"),
    ]  # fmt: skip
    assert paths == ["boolq-r/train.jsonl", "boolq-r/dev.jsonl"]
    results = ph.LanguageExperiment({"letters": Letters(dim=64)}, "boolq-r", measures=["R@3"])
    assert results.settings[["kind", "doc_lang", "queries", "value"]].values.tolist() == [["mono", "en", 2, 1.0]]
    assert ph.LanguageExperiment({"letters": Letters()}, "boolq-r/train").dataset == "boolq-r/train"


def test_bad_boolq() -> None:
    with pytest.raises(ValueError, match="boolq-r: line 2 of the dev file has no passage"):
        boolq.parse({"dev": QUESTIONS["dev.jsonl"].splitlines()[0] + b'\n{"question": "is it", "title": "It"}\n'})
    with pytest.raises(ValueError, match="boolq-r has no language 'de'"):
        boolq.load("de")
    with pytest.raises(KeyError, match="the IDs are boolq-r, boolq-r/{d}/train|dev, where"):
        ir_datasets.load("boolq-r/dev")


# --- Belebele --------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return register_belebele(monkeypatch, without="es")


def test_belebele_is_parallel(archive: list[str]) -> None:
    assert list(ir_datasets.registry) == ["belebele"]
    german, mixed = ir_datasets.load("belebele/de"), ir_datasets.load("belebele/zh-Hant/ary")
    assert (mixed.docs_lang(), mixed.queries_lang()) == ("zh-Hant", "ary")
    assert len(german.docs) == len(mixed.docs) == 2 and len(list(mixed.queries_iter())) == 3
    texts = {doc.doc_id: doc.text for doc in mixed.docs_iter()}
    found = {query.query_id: query.text for query in mixed.queries_iter()}
    assert {(found[qrel.query_id], texts[qrel.doc_id]) for qrel in mixed.qrels_iter()} == {
        ("ary a 1?", "zh-Hant page a"), ("ary a 2?", "zh-Hant page a"), ("ary b 1?", "zh-Hant page b"),
    }  # fmt: skip
    assert mixed.docs_store().get("zh-Hant_579f2a2c").text == "zh-Hant page a"
    assert archive == ["belebele/Belebele.zip"]


def test_belebele_in_the_grid(archive: list[str]) -> None:
    options = {"kinds": ["mono", "cross"], "measures": ["R@2", "AP"]}
    results = ph.LanguageExperiment({"a": Letters()}, "belebele", languages=["ary", "de"], **options)
    assert results.settings.query("measure == 'R@2'")["value"].eq(1).all()
    assert results.settings["kind"].value_counts().to_dict() == {"mono": 4, "cross": 4}


def test_belebele_takes_splits_of_pages_apart() -> None:
    data = belebele.parse(
        "de", belebele_rows("de") + [{**row, "flores_passage": "other"} for row in belebele_rows("de", split=True)]
    )
    assert len(data.docs) == 4 and len(data.queries[None]) == 6


def test_bad_belebele(archive: list[str]) -> None:
    with pytest.raises(ValueError, match="the archive has no file spa_Latn.jsonl; it has acm_arab.jsonl"):
        belebele.load("es")
    with pytest.raises(ValueError, match="belebele has no language 'deu_Latn': choose one of acm, af"):
        belebele.load("deu_Latn")
    with pytest.raises(ValueError, match="row 2 of de: https://example.org/a had a question 1 before"):
        belebele.parse("de", [belebele_rows("de")[0]] * 2)
    with pytest.raises(ValueError, match="row 2 of de: https://example.org/a had another passage before"):
        belebele.parse("de", [belebele_rows("de")[0], {**belebele_rows("de")[1], "flores_passage": "other"}])
    with pytest.raises(ValueError, match="row 1 of de has no link"):
        belebele.parse("de", [{**belebele_rows("de")[0], "link": ""}])


def test_belebele_has_the_languages_of_flores_under_common_codes() -> None:
    codes = belebele.FLORES_CODES
    assert len(codes) == len(set(codes.values())) == 122 and list(codes) == sorted(codes)
    assert [codes[lang] for lang in ("de", "zh", "zh-Hant", "ar", "ar-Latn", "fa", "sw", "ckb")] == [
        "deu_Latn", "zho_Hans", "zho_Hant", "arb_Arab", "arb_Latn", "pes_Arab", "swh_Latn", "ckb_Arab",
    ]  # fmt: skip
    assert set(family("xquad-r").languages) | set(family("mlqa-r").languages) <= set(codes)
    unknown = []
    for lang in codes:
        try:
            analyzer(lang)
        except ValueError:
            unknown.append(lang)
    assert unknown == ["acm", "apc"]  # BM25 says so; all others can be searched


# --- files without a published MD5 -----------------------------------------------------------------------------------


def test_a_file_with_a_sha256_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path))
    content = b"as published"
    source = Source("https://example.org/x", None, hashlib.sha256(content).hexdigest(), "set/x")
    (tmp_path / "set").mkdir()
    (tmp_path / "set/x").write_bytes(content)
    assert read_verified(source, terms="terms") == content
    (tmp_path / "set/x").write_bytes(content + b".")
    with pytest.raises(HashVerificationError, match="set/x is corrupt: expected sha256 .* to download https://example"):
        read_verified(source, terms="terms")
