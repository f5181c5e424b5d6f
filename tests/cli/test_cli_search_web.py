"""``search --web``: the pages, the command that serves them, and how they look to a browser."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote_plus
from urllib.request import urlopen

import pytest
from browser_helpers import browser, follow
from cli_helpers import run
from starlette.testclient import TestClient

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli.search.corpus import Corpus, open_corpus
from pyterrier_hybrid.cli.search.systems import open_systems
from pyterrier_hybrid.cli.search.web import SearchPages, serve
from pyterrier_hybrid.datasets import Document
from pyterrier_hybrid.datasets.translations import Member, Translations
from pyterrier_hybrid.utils.extras import EXTRAS

DOCS = [
    {"docno": "rome-de", "text": "Rom liegt am Tiber.", "lang": "de", "group": "rome"},
    {"docno": "rome-ar", "text": "تقع روما على نهر التيبر.", "lang": "ar", "group": "rome"},
    {"docno": "rome-en", "text": "Rome <b>lies</b> on the Tiber & sleeps.", "lang": "en", "group": "rome"},
    {"docno": "paris-de", "text": "Paris liegt an der Seine.", "lang": "de", "group": "paris"},
    {"docno": "paris-en", "text": "Paris lies on the Seine.", "lang": "en", "group": "paris"},
    {"docno": "nile", "text": "The Nile " + "flows and " * 90 + "ends.", "lang": "en"},
]
QUERIES = [
    {"qid": "1", "query": "Liegt Rom am Tiber?", "lang": "de", "docno": "rome-de"},
    {"qid": "1", "query": "Does Rome lie on the Tiber?", "lang": "en", "docno": "rome-en"},
]
QUESTION = QUERIES[0]["query"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    for name, rows in (("docs.jsonl", DOCS), ("queries.jsonl", QUERIES)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    texts = [row["text"] for row in DOCS]
    for seed, name in enumerate(("X-Y", "Hybrid")):
        encoder = ph.DenseEncoder.from_scratch(
            texts, architecture="transformer", dim=16, layers=1, heads=2, vocab_size=90, seed=seed, verbose=False
        )
        encoder.save(folder / name)
    return folder


def client_of(corpus, systems, **defaults):
    pages = SearchPages(corpus, systems, {"langs": (), "query_lang": None, "num_results": 5, **defaults})
    return TestClient(pages.app(), base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def corpus(folder):
    options = {"corpus_lang": None, "test_queries": folder / "queries.jsonl", "test_qrels": None}
    return open_corpus(str(folder / "docs.jsonl"), options)


@pytest.fixture(scope="module")
def systems(folder, corpus):
    models = [str(folder / name) for name in ("X-Y", "Hybrid")]
    return open_systems(models, corpus, ["encoder", "bm25", "fusion"], dtype=None, cache=folder / "cache")


@pytest.fixture(scope="module")
def client(corpus, systems):
    return client_of(corpus, systems)


def sections(page):
    """Return the HTML of each system's column."""
    return dict(re.findall(r'<section aria-label="([^"]*)">(.*?)</section>', page, re.DOTALL))


def docnos(section):
    return re.findall(r"docno=([^&]*)&", section)


def test_systems_answer_side_by_side(client, systems):
    columns = sections(client.get("/", params={"q": QUESTION}).text)
    assert list(columns) == ["X-Y", "Hybrid", "BM25", "BM25 + X-Y", "BM25 + Hybrid"]
    for system in systems:
        assert docnos(columns[system.name]) == system.results(QUESTION, num_results=5)["docno"].tolist()
    assert docnos(columns["X-Y"]) != docnos(columns["Hybrid"])
    bm25 = columns["BM25"]
    assert docnos(bm25)[0] == "rome-de" and "✓ right" in bm25.split("</li>")[0] and "? not judged" in bm25


def test_results_have_their_language_direction_and_translations(client):
    column = sections(client.get("/", params={"q": QUESTION, "system": "Hybrid"}).text)["Hybrid"]
    assert '<p class="text" lang="ar" dir="auto">تقع روما' in column and ">Arabic</span>" in column
    assert "in 2 other languages" in column and "in 1 other language<" in column
    assert "Rome &lt;b&gt;lies&lt;/b&gt; on the Tiber &amp; sleeps." in column


def test_a_long_text_is_cut_and_is_whole_on_its_own_page(client):
    assert "ends." not in sections(client.get("/", params={"q": "Nile", "system": "BM25"}).text)["BM25"]
    page = client.get("/document", params={"q": "Nile", "docno": "nile"}).text
    assert "ends.</mark>" in page and "No translations of this document are known." in page


def test_filters(client, systems):
    page = client.get("/", params={"q": QUESTION, "lang": ["de", "ara"], "system": ["BM25", "Hybrid"], "k": 2}).text
    columns = sections(page)
    assert list(columns) == ["Hybrid", "BM25"]
    assert (
        docnos(columns["Hybrid"]) == systems[1].results(QUESTION, num_results=2, langs=["de", "ar"])["docno"].tolist()
    )
    checked = re.findall(r'value="([^"]+)" checked', page)
    assert checked == ["ar", "de", "Hybrid", "BM25"] and 'name="k" value="2"' in page
    assert "Nothing was found." in client.get("/", params={"q": "zzz", "system": "BM25"}).text


def test_the_first_page_has_the_values_of_the_command_line(corpus, systems):
    client = client_of(corpus, systems, langs=("deu",), num_results=3)
    page = client.get("/").text
    assert 'value="de" checked' in page and 'name="k" value="3"' in page
    # A form in which no language is chosen asks for all.
    assert 'value="de" checked' not in client.get("/", params={"q": "Rom", "k": 3, "system": "BM25"}).text


def test_known_questions_are_offered_and_linked_to_their_translations(client):
    page = client.get("/").text
    assert f'dir="auto">{QUESTION}</a>' in page and 'lang="en" dir="auto">Does Rome' in page
    page = client.get("/", params={"q": QUESTION, "system": "BM25"}).text
    assert "3 documents of docs.jsonl answer this question." in " ".join(page.split())
    link = re.search(r'href="([^"]*)" title="Does Rome', page)[1].replace("&amp;", "&")
    assert f"q={quote_plus(QUERIES[1]['query'])}" in link and client.get(link).status_code == 200
    assert "answer this question" not in client.get("/", params={"q": "Rom", "system": "BM25"}).text


def test_translations_of_an_answer_and_their_ranks(client, systems):
    page = client.get("/document", params={"q": QUESTION, "docno": "rome-de", "lang": "de"}).text
    assert "The same in other languages" in page and "paris" not in page
    passages = dict(re.findall(r'<span class="docno">([^<]*)</span>(.*?)</dl>', page, re.DOTALL))
    assert list(passages) == ["rome-de", "rome-ar", "rome-en"]
    for docno, passage in passages.items():
        ranks = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", passage))
        assert list(ranks) == [system.name for system in systems] and "✓ right" in passage
        for system in systems:
            found = system.results(QUESTION, num_results=100)["docno"].tolist()
            assert ranks[system.name] == (str(found.index(docno) + 1) if docno in found else "not found")
    # Back to the results as they were.
    back = re.search(r'href="([^"]*)">← Results', page)[1].replace("&amp;", "&")
    assert "lang=de" in back and sections(client.get(back).text).keys() == {system.name for system in systems}
    assert "Results" not in client.get("/document", params={"docno": "rome-de"}).text


def test_a_document_stands_in_its_paragraph(systems):
    documents = [
        Document("rome-de", "Rom liegt am Tiber.", "de", "Rom_&_Umland", "Davor. Rom liegt am Tiber. Danach."),
        Document("paris-de", "Paris liegt an der Seine.", "de", "", "Paris liegt an der Seine."),
        Document("paris-en", "Paris lies on the Seine.", "en", "", "Before. Paris lies on the Seine."),
    ]
    translations = Translations([Member("1", "paris-de", "de", "rome-de"), Member("1", "paris-en", "en", "paris-en")])
    corpus = Corpus("own", lambda: documents, None, lambda: translations, parallel=True)
    client = client_of(corpus, systems)
    page = client.get("/document", params={"docno": "rome-de", "q": "Rom"}).text
    assert "Davor. <mark>Rom liegt am Tiber.</mark> Danach." in page and "Rom &amp; Umland</h2>" in page
    # Nobody knows which sentence is its translation.
    assert "Its paragraph in other languages" in page and ">Before. Paris lies on the Seine.</p>" in page
    assert page.count('<dl class="ranks">') == 1


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("/?q=", 400, "There is no question: write one, in any language."),
        ("/?q=Rom&lang=fr", 400, "The corpus has no documents in &#39;fr&#39;, only in ar, de, en."),
        ("/?q=Rom&query_lang=klingon", 400, "klingon"),
        ("/?q=Rom&system=Google", 400, "There is no system &#39;Google&#39;: choose of X-Y, Hybrid, BM25"),
        ("/?q=Rom&k=0", 400, "&#39;0&#39; results: write a number from 1 to 100."),
        ("/?q=Rom&k=many", 400, "write a number from 1 to 100"),
        ("/document?docno=rom", 404, "There is no document &#39;rom&#39;."),
        ("/document?docno=rome-de&q=Rom&query_lang=klingon", 400, "klingon"),
        ("/document?docno=rome-de&q=Rom&k=x", 400, "write a number from 1 to 100"),
        ("/nothing", 404, "Not Found."),
    ],
)
def test_mistakes_are_said_on_the_page(client, address, status, message):
    answer = client.get(address)
    assert answer.status_code == status
    (shown,) = re.findall(r'<p class="error" role="alert">(.*?)</p>', answer.text)
    assert message in shown


def test_pages_load_nothing_from_elsewhere_and_answer_no_other_site(client):
    for address in ("/", "/?q=%3Cscript%3Ealert(1)%3C/script%3E", "/document?docno=nile", "/search.css", "/nothing"):
        answer = client.get(address)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
        assert "<script" not in answer.text and "http" not in answer.text
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.post("/", data={"q": "Rom"}).status_code == 405


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["--port", "8001"], "--port is the port of the web page: add --web", 2),
        (["--web", "--query", "Rom"], "--query and --web exclude each other", 2),
        (["--web", "--port", "70000"], "70000", 2),
    ],
)
def test_options_that_do_not_fit(arguments, message, code):
    assert message in run("search", "model", "--corpus", "docs.jsonl", *arguments, code=code)


def test_a_taken_port_and_a_missing_extra_are_one_line(monkeypatch):
    arguments = ["search", "model", "--corpus", "docs.jsonl", "--web"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(*arguments, "--port", port, code=1) == (
            f"Error: port {port} cannot be used (address already in use): choose another one with --port, or 0 for any "
            "free one\n"
        )
    monkeypatch.setitem(EXTRAS, "web", EXTRAS["web"]._replace(modules=("no_such_module",)))
    assert run(*arguments, code=1) == "Error: --web needs the extra web: pip install 'starlette>=1.0' 'uvicorn>=0.30'\n"


@pytest.fixture(scope="module")
def address(folder, systems):
    """The address of the command in a process of its own, which ends by Ctrl-C."""
    program = "from pyterrier_hybrid.cli import main; main()"
    arguments = ["X-Y", "Hybrid", "--corpus", "docs.jsonl", "--test-queries", "queries.jsonl", "--cache", "cache"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, "search", *arguments, "--web", "--port", "0"],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        match = re.fullmatch(r"(http://127\.0\.0\.1:\d+/) answers questions\. Ctrl-C ends\.\n", line)
        assert match, line + process.communicate(timeout=60)[1]
        yield match[1]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        assert (process.returncode, output, errors) == (0, "\n", "")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("raised", [None, KeyboardInterrupt])
def test_ctrl_c_ends_the_line_whether_the_server_raises_or_returns(monkeypatch, capsys, corpus, systems, raised):
    def end(server, sockets):
        if raised is not None:
            raise raised

    monkeypatch.setattr("uvicorn.Server.run", end)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serve(corpus, systems, listener, {"langs": (), "query_lang": None, "num_results": 5})
    assert capsys.readouterr().out.endswith(" answers questions. Ctrl-C ends.\n\n")


@pytest.mark.processes
def test_requests_at_once_get_what_each_gets_alone(address, client):
    queries = [f"/?system=X-Y&system=BM25&q={quote_plus(row['text'][:20])}" for row in DOCS[:4]] + [
        f"/document?docno=rome-de&q={quote_plus(QUESTION)}"
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda query: urlopen(address.rstrip("/") + query, timeout=60).read().decode(), queries)
        )
    assert answers == [client.get(query).text for query in queries]


@pytest.mark.processes
def test_in_a_browser(address):
    with browser(width=400) as driver:
        driver.get(address)
        follow(driver, driver.find_element("link text", QUESTION))
        assert driver.find_element("name", "q").get_attribute("value") == QUESTION
        names = [heading.text for heading in driver.find_elements("css selector", "section h2")]
        assert [name.split(" ")[0] for name in names] == ["X-Y", "Hybrid", "BM25", "BM25", "BM25"]
        # Nothing is wider than a phone.
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 400
        arabic = driver.find_element("css selector", "p[lang=ar]")
        assert driver.execute_script("return getComputedStyle(arguments[0]).direction", arabic) == "rtl"

        driver.find_element("tag name", "summary").click()
        driver.find_element("css selector", "input[value=de]").click()
        driver.find_element("css selector", "input[value=Hybrid]").click()
        field = driver.find_element("name", "q")
        field.clear()
        field.send_keys("Tiber")
        follow(driver, driver.find_element("tag name", "button"))
        assert "q=Tiber" in driver.current_url and "lang=de" in driver.current_url
        assert {lang.text for lang in driver.find_elements("css selector", "li .lang")} == {"German"}

        follow(driver, driver.find_element("partial link text", "in 2 other languages"))
        assert [lang.text for lang in driver.find_elements("css selector", ".lang")] == ["German", "Arabic", "English"]
        follow(driver, driver.find_element("partial link text", "Results"))
        assert driver.find_element("name", "q").get_attribute("value") == "Tiber"
        assert driver.get_log("browser") == []
