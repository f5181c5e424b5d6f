"""``compare`` on a collection of one's own."""

import json

import pandas as pd
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph

DOCS = [
    {"docno": "r1", "text": "Rom liegt am Tiber.", "lang": "de", "group": "rome"},
    {"docno": "r2", "text": "Rome lies on the Tiber.", "lang": "en", "group": "rome"},
    {"docno": "p1", "text": "Paris liegt an der Seine.", "lang": "de", "group": "paris"},
    {"docno": "p2", "text": "Paris lies on the Seine.", "lang": "en", "group": "paris"},
]
QUERIES = [
    {"qid": "1", "query": "Liegt Rom am Tiber?", "lang": "de", "docno": "r1"},
    {"qid": "1", "query": "Does Rome lie on the Tiber?", "lang": "en"},
    {"qid": "2", "query": "Paris on the Seine", "lang": "en", "docno": "p2"},
]


@pytest.fixture
def collection(tmp_path):
    for name, rows in (("docs.jsonl", DOCS), ("q.jsonl", QUERIES)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "qrels.txt").write_text("1 0 r1 1\n2 0 p2 1\n2 0 p1 1\n")
    return tmp_path


def test_compare_reads_documents_queries_and_qrels(collection):
    encoder = ph.DenseEncoder.from_scratch([doc["text"] for doc in DOCS], dim=8, vocab_size=60)
    encoder.save(collection / "tiny")
    files = ["--corpus", collection / "docs.jsonl", "--queries", collection / "q.jsonl"]
    options = ["--no-train", "--no-mdpr", "--system", f"tiny={collection / 'tiny'}"]
    judged = run("compare", *files, "--qrels", collection / "qrels.txt", *options, "--output", collection / "judged")
    assert "\ndocs\n" in judged and "known items" not in judged
    settings = pd.read_csv(collection / "judged" / "settings.csv")
    assert set(settings["system"]) == {"BM25", "tiny"}
    assert {*zip(settings["doc_lang"], settings["query_lang"], strict=True)} == {
        ("de", "de"), ("de", "en"), ("en", "en"), ("multi", "de"), ("multi", "en"),
    }  # fmt: skip
    alone = run("compare", *files, "--no-train", "--no-mdpr", "--output", collection / "alone")
    assert set(pd.read_csv(collection / "alone" / "settings.csv")["system"]) == {"BM25"} and "BM25" in alone
    known = run("compare", *files, *options, "--output", collection / "known", "--kinds", "mono")
    assert "docs (known items)" in known and "known items: only the document that a question was written for" in known


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--queries", "q.jsonl"], "--queries and --qrels are those of --corpus"),
        (["--corpus", "docs.jsonl"], "--corpus needs questions: pass --queries FILE"),
        (["--corpus", "docs.jsonl", "--queries", "q.jsonl", "--dataset", "xquad-r"], "exclude each other"),
        (["--corpus", "docs.jsonl", "--queries", "q.jsonl"], "docs has no training pairs: pass --pairs"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_the_work(collection, monkeypatch, options, message):
    monkeypatch.chdir(collection)
    assert message in run("compare", *options, "--output", "out", code=2)
    assert not (collection / "out").exists()


def test_errors_in_files_are_one_line_with_the_place(collection, monkeypatch):
    monkeypatch.chdir(collection)
    (collection / "qrels.txt").write_text("1 0 r1 1\n7 0 r1 1\n")
    files = ["--corpus", "docs.jsonl", "--queries", "q.jsonl", "--qrels", "qrels.txt"]
    output = run("compare", *files, "--no-train", "--system", "x=y", code=1)
    assert output.startswith("Error: qrels.txt, line 2: there is no query '7' among the queries")
