"""Faults of datasets: downloads that fail, records without a default text, misspelt names."""

import hashlib
import http.server
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import ir_datasets
import pyterrier as pt
import pytest
import requests
from ir_datasets.formats import BaseDocs, BaseQrels, BaseQueries, GenericQuery
from ir_datasets.formats.trec import TrecQrel

import pyterrier_hybrid as ph
from pyterrier_hybrid import LanguageExperiment, datasets
from pyterrier_hybrid.datasets.download import Source, download_errors, read_verified
from pyterrier_hybrid.datasets.records import has_text, text_fields, text_of
from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.parallel import ParallelPairs, find_leaks
from pyterrier_hybrid.retrieval.mining.corpus import collection_of


class Letters:
    def encode_queries(self, texts):
        import numpy as np

        return np.array([[text.count(letter) for letter in "aeiouy"] for text in texts], np.float32)

    encode_documents = encode_queries


# Downloads


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("IR_DATASETS_DL_DISABLE_PBAR", "true")
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")
    monkeypatch.setenv("IR_DATASETS_DL_403_TRIES", "1")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server():
    """A server that answers every request with a status of our choice, and a page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        status = 404

        def do_GET(self):  # noqa: N802
            self.send_response(self.status)
            self.end_headers()
            self.wfile.write(b"<html>a page</html>")

        def log_message(self, *_):
            pass

    handler = type("OwnHandler", (Handler,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/de.json"
    server.shutdown()
    server.server_close()
    thread.join()


def source_of(url, content=b"{}"):
    return Source(url, *(hashlib.new(name, content).hexdigest() for name in ("md5", "sha256")), "tiny/de.json")


@pytest.mark.parametrize("status", [403, 404, 410, 429, 500, 503])
@pytest.mark.parametrize("with_md5", [True, False])
def test_answer_of_the_server_is_not_called_corrupt(status, with_md5, home, server):
    handler, url = server
    handler.status = status
    source = source_of(url)
    with pytest.raises(OSError, match=rf"de.json cannot be downloaded: the server answers {status}") as error:
        read_verified(source if with_md5 else source._replace(expected_md5=None), terms="terms")
    message = str(error.value)
    assert "corrupt" not in message and "\n" not in message
    assert "IR_DATASETS_HOME" in message and str(home / "tiny" / "de.json") in message
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_no_connection_is_one_line_that_names_the_home_folder(home):
    with pytest.raises(ConnectionError, match="IR_DATASETS_HOME is") as error:
        read_verified(source_of("http://127.0.0.1:9/de.json"), terms="terms")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_full_disk_stays_a_full_disk(home, server, monkeypatch):
    handler, url = server
    handler.status = 200

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space left on device") as error:
        read_verified(source_of(url), terms="terms")
    assert error.value.errno == 28


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("HTTPConnectionPool(host='x'):\n Max retries exceeded"),
        requests.Timeout("timed out"),
        RuntimeError("All download sources failed", [("mirror", requests.ConnectionError("no"))]),
    ],
)
def test_failed_downloads_of_ir_datasets_itself_are_one_line(error, home):
    with pytest.raises(OSError, match="beir/fiqa cannot be downloaded: .* set IR_DATASETS_HOME") as raised:
        with download_errors("beir/fiqa"):
            raise error
    assert "\n" not in str(raised.value)


def test_other_errors_stay_as_they_are(home):
    for error in (RuntimeError("a bug"), KeyError("x"), OSError(28, "No space left on device"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised:
            with download_errors("beir/fiqa"):
                raise error
        assert raised.value is error


# Texts


def classes_without_default_text():
    found = {}
    for name in ir_datasets.registry:
        dataset = ir_datasets.registry[name]
        for part in ("docs", "queries"):
            if dataset.has(part):
                kind = getattr(dataset, f"{part}_cls")()
                if kind is not None and not hasattr(kind, "default_text"):
                    found[kind.__name__] = kind
    return found


@pytest.mark.slow
def test_every_class_of_ir_datasets_has_a_text_or_is_known_to_have_none():
    kinds = classes_without_default_text()
    assert {name for name, kind in kinds.items() if not has_text(kind)} <= {
        "ToucheImageDoc", "TrecBackgroundLinkingQuery",
    }  # fmt: skip
    assert text_fields(kinds["BrightQuery"]) == ["text"]  # not the answers beside it
    assert text_fields(kinds["ArgsMeProcessedDoc"])[:2] == ["conclusion", "premises_texts"]
    assert text_fields(kinds["CodeSearchNetDoc"])[-2:] == ["func_name", "code"]


class Trial(NamedTuple):
    doc_id: str
    title: str
    summary: str
    sponsor_url: str


class Image(NamedTuple):
    doc_id: str
    png: bytes
    url: str


class Link(NamedTuple):
    query_id: str
    doc_id: str
    url: str


def registered(name, docs, queries):
    """A dataset of ir_datasets with these documents and queries, of which the first are relevant to the first."""

    class Docs(BaseDocs):
        def docs_iter(self):
            return iter(docs)

        def docs_cls(self):
            return type(docs[0])

        def docs_lang(self):
            return "en"

        def docs_store(self):
            by_id = {doc.doc_id: doc for doc in docs}
            return SimpleNamespace(get_many=lambda ids: {key: by_id[key] for key in ids})

    class Queries(BaseQueries):
        def queries_iter(self):
            return iter(queries)

        def queries_cls(self):
            return type(queries[0])

        def queries_lang(self):
            return "en"

    class Qrels(BaseQrels):
        def qrels_iter(self):
            return iter([TrecQrel(queries[0].query_id, docs[0].doc_id, 1, "0")])

        def qrels_cls(self):
            return TrecQrel

    ir_datasets.registry.register(name, ir_datasets.Dataset(Docs(), Queries(), Qrels()))


def test_documents_without_a_default_text_are_searched_by_their_text_fields():
    docs = [Trial("d1", "A trial", "Of a drug.", "https://example.org"), Trial("d2", "", "Other", "")]
    assert [text_of(doc) for doc in docs] == ["A trial\nOf a drug.", "Other"]
    registered("toy-trials/a", docs, [GenericQuery("q1", "A trial\nOf a drug.")])
    results = LanguageExperiment({"a": Letters()}, "toy-trials/a", measures=["RR"])
    assert results.settings["value"].tolist() == [1.0]
    assert [doc.text for doc in datasets.family("toy-trials/a").documents()] == ["A trial\nOf a drug.", "Other"]


def test_records_without_any_text_are_refused_at_the_start():
    query = GenericQuery("q1", "a cat")
    registered("toy-images/a", [Image("d1", b"", "https://example.org")], [query])
    registered("toy-links/a", [Trial("d1", "A", "B", "")], [Link("q1", "d1", "https://example.org")])
    with pytest.raises(ValueError, match="toy-images/a: its documents have no text .*, only doc_id, png"):
        LanguageExperiment({"a": Letters()}, "toy-images/a")
    with pytest.raises(ValueError, match="toy-links/a: its queries have no text that can be searched"):
        LanguageExperiment({"a": Letters()}, "toy-links/a")


# Names


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("xquad", "xquad-r"), ("Atlas", "atlas"), ("beleble", "belebele"), ("atlas/Train", "train"), ("mircl", "miracl")],
)
def test_misspelt_families_get_a_suggestion(name, suggestion):
    with pytest.raises(ValueError, match=rf"did you mean '{suggestion}'\?"):
        datasets.family(name)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("xquad-r/multi/en", "xquad-r"), ("mlqa-r/multi", "mlqa-r"), ("irds:atlas/multi/de/test", "atlas"),
        ("atlas/multi/train", "atlas/train"), ("neuclir/1/multi/trec-2023", "neuclir/trec-2023"),
    ],
)  # fmt: skip
def test_pools_are_a_kind_of_settings(name, family):
    with pytest.raises(ValueError, match=rf"documents in several languages: give '{family}' with kinds=\['multi'\]"):
        datasets.family(name)
    assert "multi" in {lang for setting in datasets.family(family).settings() for lang in setting}


def test_every_form_of_an_id():
    for name in ("irds:atlas/de/en/test", "atlas/de/en/test"):
        for given in (name, ir_datasets.load("atlas/de/en/test"), pt.get_dataset("irds:atlas/de/en/test")):
            assert datasets.family(given) == find_family(given) == datasets.family("atlas/de/en/test")
    assert datasets.family("irds:atlas/train").label == "atlas/train"
    whole = ParallelPairs.from_irds("atlas/train", languages=["de", "en"])
    assert ParallelPairs.from_irds("irds:atlas/train", languages=["de", "en"]).fingerprint == whole.fingerprint
    german = ParallelPairs.from_irds("atlas/de/train", languages=["de"])
    assert (
        ParallelPairs.from_irds(pt.get_dataset("irds:atlas/de/train"), languages=["de"]).fingerprint
        == german.fingerprint
    )
    leaks = find_leaks(german, "atlas/de/train").frame
    for given in ("irds:atlas/de/train", ["irds:atlas/de/train"], pt.get_dataset("irds:atlas/de/train")):
        assert find_leaks(german, given).frame.equals(leaks)
    for corpus in ("irds:atlas/de/train", pt.get_dataset("irds:atlas/de/train")):
        assert collection_of(german, corpus) == collection_of(german, "atlas/de/train")
    with pytest.raises(TypeError, match="name=3 is int"):
        ParallelPairs.from_irds(3)


def test_documents_in_several_languages_are_no_pairs_of_one():
    with pytest.raises(ValueError, match="atlas/multi/en/train has documents in several languages"):
        ParallelPairs.from_irds("atlas/multi/en/train", languages=["en"])


@pytest.mark.parametrize("name", [3, None, b"atlas", ["atlas"], Path("atlas")])
def test_family_of_another_type(name):
    with pytest.raises(TypeError, match="family: .* give a name such as"):
        datasets.family(name)


@pytest.mark.parametrize(("code", "suggestion"), [("de-AT", "de"), ("de-DE", "de"), ("zh_CN", "zh")])
def test_language_codes_in_another_form_get_a_suggestion(code, suggestion):
    family = datasets.family("xquad-r")
    for call in (
        partial(family.require_language, code),
        partial(family.id, code, "en"),
        partial(family.id, "en", code),
    ):
        with pytest.raises(ValueError, match=rf"did you mean '{suggestion}'\?"):
            call()


def test_languages_that_are_not_there_get_no_wrong_suggestion():
    with pytest.raises(ValueError, match="choose one of") as error:
        datasets.family("belebele").require_language("deu_Latn")
    assert "did you mean" not in str(error.value)


def test_pairs_and_leaks_read_the_same_texts():
    docs = [Trial("d1", "A trial", "Of a drug.", ""), Trial("d2", "Other", "", "")]
    registered("toy-trials/b", docs, [GenericQuery("q1", "Which drug?")])
    pairs = ph.ParallelPairs.from_irds("toy-trials/b", languages=["en"])
    assert (pairs.query(0, "en"), pairs.passage(0, "en")) == ("Which drug?", "A trial\nOf a drug.")
    found = ph.find_leaks(pairs, ["toy-trials/b"])
    assert len(found)


@pytest.mark.parametrize(
    ("call", "suggestion"),
    [
        (lambda: ph.ParallelPairs.from_irds("atlas/tran"), "atlas/train"),
        (lambda: ph.ParallelPairs.from_irds("mmarco/v2/{lang}/trian", languages=["de"]), "mmarco/v2/de/train"),
        (lambda: ph.find_leaks(ph.ParallelPairs.from_irds("atlas/train"), ["xquad"]), "xquad-r"),
    ],
)
def test_misspelt_training_data_get_a_suggestion(call, suggestion):
    with pytest.raises(ValueError, match=rf"did you mean '{suggestion}'\?"):
        call()


@pytest.mark.parametrize("door", ["pairs", "leaks", "experiment"])
def test_no_connection_is_one_line_at_every_door(door, home, monkeypatch):
    def offline(*_, **__):
        raise requests.ConnectionError("HTTPSConnectionPool(host='x'):\n Max retries exceeded")

    name = f"toy-offline/{door}"
    registered(name, [Trial("d1", "A", "B", "")], [GenericQuery("q1", "a")])
    monkeypatch.setattr(ir_datasets.registry[name]._constituents[1], "queries_iter", offline)
    calls = {
        "pairs": lambda: ph.ParallelPairs.from_irds(name, languages=["en"]),
        "leaks": lambda: ph.find_leaks(ph.ParallelPairs.from_irds("atlas/train"), [name]),
        "experiment": lambda: LanguageExperiment({"a": Letters()}, name),
    }
    with pytest.raises(OSError, match=rf"{name} cannot be downloaded: .*IR_DATASETS_HOME \(now") as error:
        calls[door]()
    assert "\n" not in str(error.value)
