"""Collections of one's own as families."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.experiment.settings import read_corpora, read_settings

DOCS = [
    {"docno": "r1", "text": "Rom liegt am Tiber.", "lang": "de", "group": "rome"},
    {"docno": "r2", "text": "Rome lies on the Tiber.", "lang": "en", "group": "rome"},
    {"docno": "p1", "text": "Paris liegt an der Seine.", "lang": "de"},
    {"docno": "p2", "text": "Paris lies on the Seine.", "lang": "eng"},
]
QUERIES = [
    {"qid": "1", "query": "Wo liegt Rom?", "lang": "de"},
    {"qid": "1", "query": "Où est Rome ?", "lang": "fr"},
    {"qid": "2", "query": "Where is Paris?", "lang": "en"},
]
QRELS = "1 0 r1 1\n1 0 p2 0\n\n2 0 p2 2\n"


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def files(tmp_path):
    (tmp_path / "qrels.txt").write_text(QRELS)
    return jsonl(tmp_path / "docs.jsonl", DOCS), jsonl(tmp_path / "q.jsonl", QUERIES), tmp_path / "qrels.txt"


def relevant(family, doc_lang, query_lang):
    return {(q.query_id, q.doc_id, q.relevance, q.iteration) for q in family.load(doc_lang, query_lang).qrels_iter()}


def test_files_make_a_family_whose_translations_share_their_judgements(files):
    family = ph.family_from(*files)
    assert (family.label, family.languages) == ("docs", ("de", "en", "fr"))
    assert list(family.settings()) == [
        ("de", "de"), ("de", "fr"), ("en", "en"), ("multi", "de"), ("multi", "en"), ("multi", "fr"),
    ]  # fmt: skip
    assert relevant(family, "multi", "fr") == {("1_fr", "r1", 1, "de"), ("1_fr", "p2", 0, "en")}
    assert relevant(family, "en", "en") == {("2_en", "p2", 2, "en")}
    assert [query.text for query in family.load("de", "fr").queries_iter()] == ["Où est Rome ?"]
    assert [doc.doc_id for doc in family.documents(["en"])] == ["r2", "p2"]
    with pytest.raises(ValueError, match="documents in de, en, none in 'fr'"):
        family.load("fr", "de")


def test_files_frames_and_dicts_give_the_same_family(files, tmp_path):
    expected = ph.family_from(*files)
    frames = ph.family_from(pd.DataFrame(DOCS), pd.DataFrame(QUERIES), pd.DataFrame([
        {"query_id": "1", "doc_id": "r1", "relevance": 1},
        {"query_id": "1_fr", "doc_id": "p2", "relevance": 0},
        {"query_id": "2", "doc_id": "p2", "relevance": 2},
    ]))  # fmt: skip
    assert frames.fingerprint == expected.fingerprint and frames.label == "own"
    zipped = tmp_path / "qrels.gz"
    zipped.write_bytes(gzip.compress(QRELS.encode()))
    assert ph.family_from(files[0], [dict(query) for query in QUERIES], zipped).fingerprint == expected.fingerprint


def test_datasets_of_hugging_face_are_rows(files):
    datasets = pytest.importorskip("datasets")
    qrels = [{"qid": "1", "docno": "r1", "label": 1}]
    docs, asked = (datasets.Dataset.from_list(rows) for rows in (DOCS, QUERIES))
    expected = ph.family_from(DOCS, QUERIES, qrels)
    assert ph.family_from(docs, asked, datasets.Dataset.from_list(qrels)).fingerprint == expected.fingerprint
    with pytest.raises(TypeError, match=r"^documents: a DatasetDict is not a collection of rows; give a file, a frame"):
        ph.family_from(datasets.DatasetDict({"train": docs}), QUERIES, qrels)


def test_lists_of_documents_may_be_arrays():
    docno = [np.array(["r1", "p1"]), np.array(["r1"]), np.array(["p2"])]
    family = ph.family_from(pd.DataFrame(DOCS), pd.DataFrame(QUERIES).assign(docno=docno))
    assert ("1_de", "p1", 1, "de") in relevant(family, "multi", "de")


def test_a_title_is_searched_unless_it_is_left_out():
    titled = [{**doc, "title": "Städte"} for doc in DOCS]
    qrels = [{"qid": "1", "docno": "r1", "label": 1}]
    assert next(ph.family_from(titled, QUERIES, qrels).documents()).text == "Städte\nRom liegt am Tiber."
    rows = [{key: row.get(key) for key in ("docno", "text", "lang")} for row in titled]
    assert next(ph.family_from(rows, QUERIES, qrels).documents()).text == "Rom liegt am Tiber."


def test_without_judgements_queries_are_known_items_in_all_translations():
    asked = [{**QUERIES[0], "docno": "r1"}, QUERIES[1], {**QUERIES[2], "docno": ["p2"]}]
    family = ph.family_from(DOCS, asked)
    assert family.label == "own (known items)" and family.known_items
    assert relevant(family, "multi", "fr") == {("1_fr", "r1", 1, "de"), ("1_fr", "r2", 1, "en")}
    assert relevant(family, "multi", "en") == {("2_en", "p2", 1, "en")}
    with pytest.raises(ValueError, match=r"queries\[2\]: query '2' has no docno and there are no qrels"):
        ph.family_from(DOCS, [asked[0], asked[1], QUERIES[2]])
    with pytest.raises(ValueError, match=r"queries\[0\]: there is no document 'r3'"):
        ph.family_from(DOCS, [{**QUERIES[0], "docno": "r3"}])


def test_the_grid_evaluates_it_like_any_other_family(files):
    class Letters:
        def encode_documents(self, texts):
            return [[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]

        encode_queries = encode_documents

    family = ph.family_from(*files)
    corpora = read_corpora(family, ["multi"], ["de", "en", "fr"])
    settings = read_settings(family, ["multi"], ["de", "en", "fr"], corpora)
    assert [(setting.questions, setting.texts) for setting in settings] == [
        (("1",), ("Wo liegt Rom?",)), (("2",), ("Where is Paris?",)), (("1",), ("Où est Rome ?",)),
    ]  # fmt: skip
    results = ph.LanguageExperiment({"BM25": "bm25"}, family, measures=["AP"])
    best = results.settings.set_index(["doc_lang", "query_lang"])["value"]
    assert best["de", "de"] == 1 and best["en", "en"] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"docs": {"docno": "r1", "text": "again", "lang": "de"}}, "docs.jsonl, line 5: docno 'r1' comes twice"),
        ({"docs": {"docno": "x", "text": "no language"}}, "docs.jsonl, line 5: there is no lang"),
        ({"docs": {"docno": "x", "text": "x", "lang": "German"}}, "docs.jsonl, line 5: unknown language 'German'"),
        ({"docs": {"docno": "x", "text": 5, "lang": "de"}}, "docs.jsonl, line 5: there is no text that is a string"),
        ({"docs": {"docno": "x", "text": " ", "lang": "de"}}, "docs.jsonl, line 5: text is blank"),
        ({"docs": {"docno": "a b", "text": "x", "lang": "de"}}, "docs.jsonl, line 5: docno 'a b' is empty or has"),
        ({"docs": {"docno": "x", "text": "x", "lang": "multi"}}, "docs.jsonl, line 5: lang is 'multi'"),
        ({"docs": {"text": "x", "lang": "de"}}, "docs.jsonl, line 5: there is no docno, only text, lang"),
        ({"docs": ["x"]}, "docs.jsonl, line 5: a list, expected an object"),
        ({"q": QUERIES[0]}, "q.jsonl, line 4: qid '1' comes twice in 'de'"),
        ({"qrels": "9 0 r1 1"}, "qrels.txt, line 5: there is no query '9'"),
        ({"qrels": "1 0 r9 1"}, "qrels.txt, line 5: there is no document 'r9'"),
        ({"qrels": "1 0 r2 yes"}, "qrels.txt, line 5: the relevance 'yes' is not a whole number"),
        ({"qrels": "1 r2 1"}, "qrels.txt, line 5: 3 fields instead of the four"),
        ({"qrels": "1 0 r1 0"}, "qrels.txt, line 5: 'r1' was judged 1 for query '1' before"),
    ],
)  # fmt: skip
def test_errors_name_the_file_and_the_line(files, change, message):
    docs, queries, qrels = files
    for path, name in ((docs, "docs"), (queries, "q"), (qrels, "qrels")):
        if name in change:
            row = change[name]
            path.write_text(path.read_text() + (row if isinstance(row, str) else json.dumps(row)) + "\n")
    with pytest.raises(ValueError, match=message.replace(".", r"\.").replace("[", r"\[")):
        ph.family_from(docs, queries, qrels)


def test_what_cannot_be_evaluated_is_refused(files, tmp_path):
    with pytest.raises(FileNotFoundError, match="did you mean .*docs.jsonl"):
        ph.family_from(tmp_path / "doc.jsonl", QUERIES)
    with pytest.raises(ValueError, match="no query has a relevant document"):
        ph.family_from(DOCS, QUERIES, [{"qid": "1", "docno": "r1", "label": 0}])
    with pytest.raises(ValueError, match="there are no documents"):
        ph.family_from([], QUERIES)
    with pytest.raises(TypeError, match="queries: a dict is not a collection of rows"):
        ph.family_from(DOCS, QUERIES[0])
    assert ph.family_from([{"_id": "1", "title": "T", "text": "x"}], [{"_id": "q", "text": "y", "docno": 1}],
                          lang="en").languages == ("en",)  # fmt: skip
