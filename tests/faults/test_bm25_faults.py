"""BM25: threads, pickles, damaged folders, replaced folders, odd numbers. Every engine, the same promises."""

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid.retrieval.bm25.engines import ENGINES, bm25s
from pyterrier_hybrid.retrieval.corpus_index import CachedEncoder
from pyterrier_hybrid.utils.checksums import checksum, sealed

WORDS = ["river", "house", "bridge", "2024", "music", "tower", "garden", "water"]
DOCS = [
    {
        "docno": f"{lang}_{number:03}",
        "text": " ".join(WORDS[(number * step) % 8] for step in range(1, 4 + number % 5)),
        "lang": lang,
    }
    for lang in ("en", "de")
    for number in range(150)
]
QUERIES = pd.DataFrame({"qid": [str(row) for row in range(8)], "query": WORDS, "lang": ["en", "de"] * 4})
# Terrier needs its jars from the network: tests/retrieval/test_bm25.py runs it where they are.
USABLE = [name for name in ("bm25s", "pisa") if ENGINES[name].available()]


@pytest.fixture(scope="module", params=USABLE)
def index(request, tmp_path_factory):
    return ph.BM25Index(tmp_path_factory.mktemp("bm25") / "index").indexer(request.param).index(DOCS)


@pytest.fixture
def copied(index, tmp_path):
    shutil.copytree(index.path, tmp_path / "copy")
    return ph.BM25Index(tmp_path / "copy")


def in_threads(function, count=8):
    """Results of calls that begin at once."""
    barrier = threading.Barrier(count)

    def call(number):
        barrier.wait()
        return function(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_threads_that_open_an_index_together_find_what_one_finds(index):
    expected = index.retriever(20)(QUERIES)
    for _ in range(5):
        fresh = ph.BM25Index(index.path)
        for found in in_threads(lambda _, fresh=fresh: fresh.retriever(20)(QUERIES)):
            pd.testing.assert_frame_equal(found, expected)


def test_threads_with_different_depths_languages_and_parameters(index):
    options = [
        {"num_results": 3},
        {"num_results": 50},
        {"num_results": 1},
        {"num_results": 200},
        {"num_results": 20, "lang": "de"},
        {"num_results": 20, "lang": "en"},
        {"num_results": 20, "k1": 1.7, "b": 0.1},
        {"num_results": 300, "query_lang": "en"},
    ]
    expected = [index.retriever(**own)(QUERIES) for own in options]
    fresh = ph.BM25Index(index.path)
    found = in_threads(lambda number: [fresh.retriever(**options[number])(QUERIES) for _ in range(10)])
    for wanted, frames in zip(expected, found, strict=True):
        for frame in frames:
            pd.testing.assert_frame_equal(frame, wanted)


def test_one_retriever_in_threads(index):
    retriever = ph.BM25Index(index.path).retriever(50)
    alone = [ph.BM25Index(index.path).retriever(50)(QUERIES.iloc[[row]]) for row in range(8)]
    for found, wanted in zip(in_threads(lambda row: retriever(QUERIES.iloc[[row]])), alone, strict=True):
        pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.processes
@pytest.mark.parametrize("engine", USABLE)
def test_threads_do_not_touch_the_output_or_the_options_of_the_process(engine, tmp_path):
    """Other threads print, and read an option of pandas, while an index is built, opened and searched."""
    code = f"""
        import os, threading
        import pandas as pd
        import pyterrier_hybrid as ph
        option = pd.get_option("future.infer_string")
        done, changed, printed = threading.Event(), [], 0
        def watch():
            global printed
            while not done.is_set():
                os.write(1, b"x")
                printed += 1
                if pd.get_option("future.infer_string") != option:
                    changed.append(1)
                done.wait(0.001)
        watcher = threading.Thread(target=watch)
        watcher.start()
        docs = [{{"docno": str(n), "text": f"word{{n % 7}} common", "lang": "en"}} for n in range(300)]
        index = ph.BM25Index({str(tmp_path / "index")!r}).indexer({engine!r}).index(docs)
        for k1 in (0.9, 1.5):
            assert len(index.retriever(10, k1=k1).search("word3")) == 10
        done.set()
        watcher.join()
        os.write(2, f"{{printed}} {{len(changed)}}".encode())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, check=True)
    printed, changed = done.stderr.split()[-2:]
    assert done.stdout == b"x" * int(printed)
    assert int(changed) == 0


def test_an_encoder_of_a_corpus_in_threads():
    class Counting:
        """Encodes each text as its length, and counts how often."""

        texts = 0

        def encode_queries(self, texts):
            self.texts += len(texts)
            return np.array([[len(text), 1.0] for text in texts], np.float32)

    encoder = Counting()
    cached = CachedEncoder(encoder)
    texts = ["a", "bb", "ccc", "dddd"] * 5
    for vectors in in_threads(lambda _: cached.vectors("queries", texts, [None] * len(texts))):
        assert vectors[:, 0].tolist() == [1, 2, 3, 4] * 5
    assert encoder.texts == 4


@pytest.mark.parametrize("method", ["pickle", "deepcopy"])
def test_a_retriever_that_has_searched_is_copied(index, method):
    retriever = ph.BM25Index(index.path).retriever(20, k1=1.3)
    expected = retriever(QUERIES)
    other = pickle.loads(pickle.dumps(retriever)) if method == "pickle" else copy.deepcopy(retriever)
    assert other == retriever
    pd.testing.assert_frame_equal(other(QUERIES), expected)
    # Nothing of the open engine is copied.
    assert len(pickle.dumps(retriever)) < 2000
    indexer = pickle.loads(pickle.dumps(index.indexer(lang="de")))
    assert (indexer.lang, indexer.index_ref.path) == ("de", index.path)


@pytest.mark.processes
@pytest.mark.parametrize("engine", USABLE)
def test_a_retriever_that_has_searched_runs_in_other_processes(engine, tmp_path):
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(DOCS)
    retriever = index.retriever(20)
    expected = retriever(QUERIES)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for found in pool.map(retriever, [QUERIES, QUERIES]):
            pd.testing.assert_frame_equal(found, expected)


def files_of(path):
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())


def use(index):
    """What all of a folder is read for."""
    index.verify()
    return [index.retriever(20, lang)(QUERIES) for lang in (None, "en", "de")]


def outcome(index):
    """What opening and searching gives: frames, or the message of a clear error."""
    try:
        options = [{}, {"k1": 2}] if index.engine == "bm25s" else [{}]
        return [index.retriever(20, lang, **own)(QUERIES) for lang in (None, "en", "de") for own in options]
    except (ValueError, FileNotFoundError) as error:
        return str(error)


@pytest.mark.parametrize("how", ["cut in half", "emptied", "removed", "longer"])
def test_a_file_of_another_size_is_found_when_the_index_is_opened(copied, how):
    for name in files_of(copied.path):
        file = copied.path / name
        content = file.read_bytes()
        if how == "removed":
            file.unlink()
        else:
            file.write_bytes({"cut in half": content[: len(content) // 2], "emptied": b""}.get(how, content + b"0"))
        if file.exists() and file.read_bytes() == content:
            continue
        with pytest.raises((ValueError, FileNotFoundError), match="damaged|there is no index at") as caught:
            ph.BM25Index(copied.path).retriever(20)(QUERIES)
        assert name == "pt_meta.json" or name in str(caught.value)
        assert "index(documents)" in str(caught.value)
        file.write_bytes(content)
    use(ph.BM25Index(copied.path))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_flipped_bit_is_one_clear_error(index, tmp_path_factory, data):
    copied = tmp_path_factory.mktemp("flipped") / "index"
    shutil.copytree(index.path, copied)
    sound = outcome(index)
    file = copied / data.draw(st.sampled_from([name for name in files_of(copied) if (copied / name).stat().st_size]))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=r"index\(documents\)|holds .*, not a"):
        ph.BM25Index(copied).verify()
    found = outcome(ph.BM25Index(copied))
    # Opening does not read the large files of bm25s whole, and no damage of these ends the process.
    if file.name not in bm25s.MAPPED:
        assert isinstance(found, str)
    assert isinstance(found, str) or all(set(frame) == set(sound[0]) for frame in found)


def test_positions_out_of_range_in_a_mapped_file_are_damage(index, tmp_path):
    if index.engine != "bm25s":
        pytest.skip("PISA maps no file that is not checked")
    shutil.copytree(index.path, tmp_path / "index")
    file = tmp_path / "index/parts/_all/engine/indices.csc.index.npy"
    positions = np.load(file)
    np.save(file, np.full_like(positions, 2**30))
    with pytest.raises(ValueError, match="is damaged: index 1073741824 is out of bounds"):
        ph.BM25Index(tmp_path / "index").retriever(20)(QUERIES)


def change_meta(path, change):
    meta = json.loads((path / "pt_meta.json").read_text())
    del meta["checksum"]
    change(meta)
    (path / "pt_meta.json").write_text(json.dumps(sealed(meta)))


def test_metadata_are_not_trusted(copied):
    change_meta(copied.path, lambda meta: meta.update(engine="lucene"))
    with pytest.raises(ValueError, match="engine='lucene': there is no such engine"):
        ph.BM25Index(copied.path).retriever()(QUERIES)
    change_meta(copied.path, lambda meta: meta["languages"].update({"../..": "words"}))
    with pytest.raises(ValueError, match="another analysis of '../..'"):
        ph.BM25Index(copied.path).retriever()(QUERIES)
    for content in ("[]", "null", "3", '"a"', "{", "\udcff"):
        (copied.path / "pt_meta.json").write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(ValueError, match="is damaged: .*build it anew"):
            ph.BM25Index(copied.path).retriever()(QUERIES)


def test_nothing_is_unpickled(copied, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    copied_engine = copied.engine
    for name in [name for name in files_of(copied.path) if name.endswith(".npy")]:
        file = copied.path / name
        content = file.read_bytes()
        np.save(file, np.array([Evil()], dtype=object), allow_pickle=True)
        facts = {"bytes": file.stat().st_size, "blake2b": checksum(file)}
        before = (copied.path / "pt_meta.json").read_bytes()
        change_meta(copied.path, lambda meta, name=name, facts=facts: meta["files"].update({name: facts}))
        for lang in (None, "de", "en"):
            for k1 in (0.9, 2.0) if copied_engine == "bm25s" else (0.9,):
                try:
                    ph.BM25Index(copied.path).retriever(20, lang, k1=k1)(QUERIES)
                except ValueError as error:
                    assert "damaged" in str(error)
        assert not (tmp_path / "ran").exists()
        file.write_bytes(content)
        (copied.path / "pt_meta.json").write_bytes(before)


def test_an_index_of_an_earlier_version_says_how_to_rebuild(copied):
    meta = json.loads((copied.path / "pt_meta.json").read_text())
    for name in ("files", "checksum", "build"):
        del meta[name]
    (copied.path / "pt_meta.json").write_text(json.dumps(meta))
    with pytest.raises(ValueError, match=r"earlier version.*: build it anew with .indexer\(overwrite=True\)"):
        len(ph.BM25Index(copied.path))


def test_an_index_that_is_replaced_is_seen_whole(tmp_path):
    """A reader that opened the old index, but not yet the part of a language, searches the new one."""
    old = [
        {"docno": f"old_{number}", "text": f"word{number}", "lang": "de" if number % 2 else "en"} for number in range(9)
    ]
    new = [{"docno": f"new_{number}", "text": f"word{number}", "lang": "de"} for number in range(9)][::-1]
    new.append({"docno": "new_en", "text": "other", "lang": "en"})
    index = ph.BM25Index(tmp_path / "index").indexer().index(old)
    reader = ph.BM25Index(index.path)
    assert reader.retriever(query_lang="en").search("word3")["docno"].tolist() == ["old_3"]
    index.indexer(overwrite=True).index(new)
    # What is open stays as it was.
    assert reader.retriever(query_lang="en").search("word3")["docno"].tolist() == ["old_3"]
    assert reader.retriever(lang="de").search("word3")["docno"].tolist() == ["new_3"]
    assert reader.retriever(query_lang="en").search("word3")["docno"].tolist() == ["new_3"]


def test_readers_of_an_index_that_is_replaced_over_and_over(tmp_path):
    generations = [
        [{"docno": f"g{which}_{number}", "text": f"word{(number + which) % 20}", "lang": lang} for number in range(20)]
        for which in range(2)
        for lang in ["de"]
    ]
    for own in generations:
        own.append({"docno": f"{own[0]['docno'][:2]}_en", "text": "word", "lang": "en"})
    path = tmp_path / "index"
    ph.BM25Index(path).indexer().index(generations[0])
    done = threading.Event()
    mixed, searches = [], 0

    def read():
        nonlocal searches
        while not done.is_set():
            try:
                found = ph.BM25Index(path).retriever(lang="de").search("word7")["docno"].tolist()
            except FileNotFoundError:
                continue  # not every system replaces a folder in one step
            searches += 1
            if found not in (["g0_7"], ["g1_6"]):
                mixed.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(25):
        ph.BM25Index(path).indexer(overwrite=True).index(generations[turn % 2])
    done.set()
    for reader in readers:
        reader.join()
    assert not mixed and searches > 5


@pytest.mark.parametrize("number", [np.int64(3), np.int32(3), np.uint8(3), np.array(3), 3])
def test_numbers_of_numpy(index, number):
    expected = index.retriever(3, k1=1.5, b=0.5)(QUERIES)
    retriever = index.retriever(number, k1=np.float32(1.5), b=np.float64(0.5))
    assert (type(retriever.num_results), type(retriever.k1), type(retriever.b)) == (int, float, float)
    pd.testing.assert_frame_equal(retriever(QUERIES), expected)
    assert retriever == index.retriever(3, k1=1.5, b=0.5)
    cut = index.retriever(k1=1.5, b=0.5).fuse_rank_cutoff(number)
    pd.testing.assert_frame_equal(cut(QUERIES), expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_results": "10"}, TypeError, "num_results='10' is str, not a whole number"),
        ({"num_results": 10.0}, TypeError, "num_results=10.0 is float"),
        ({"num_results": None}, TypeError, "num_results=None is NoneType"),
        ({"num_results": True}, TypeError, "num_results=True is bool, not a whole number"),
        ({"num_results": -1}, ValueError, "num_results=-1: it must be at least 1"),
        ({"k1": "1"}, TypeError, "k1='1' is str, not a number"),
        ({"k1": None}, TypeError, "k1=None is NoneType"),
        ({"k1": -1}, ValueError, "k1=-1: it must be at least 0"),
        ({"k1": float("inf")}, ValueError, "k1=inf"),
        ({"b": "0"}, TypeError, "b='0' is str"),
        ({"b": -0.1}, ValueError, "b=-0.1"),
        ({"b": float("nan")}, ValueError, "b=nan"),
        ({"query_lang": 3}, TypeError, "query_lang=3 is a int: pass one language"),
    ],
)
def test_bad_parameters_are_named(index, options, error, message):
    with pytest.raises(error, match=message):
        index.retriever(**options)


def test_a_docno_that_no_file_can_hold(tmp_path):
    docs = [{"docno": "a\ud800", "text": "word", "lang": "de"}]
    with pytest.raises(ValueError, match=r"document 0: docno='a\\ud800' has half of a surrogate pair"):
        ph.BM25Index(tmp_path / "index").indexer().index(docs)
    assert not list(tmp_path.iterdir())


def test_texts_and_queries_with_half_of_a_surrogate_pair(tmp_path):
    index = ph.BM25Index(tmp_path / "index").indexer().index([{"docno": "a", "text": "one\ud800 two", "lang": "de"}])
    # pandas' own strings cannot hold such a query.
    query = pd.DataFrame({"qid": ["1"], "query": pd.Series(["\udfff two"], dtype=object)})
    assert index.retriever()(query)["docno"].tolist() == ["a"]


def test_a_long_query_and_a_query_of_one_term_many_times(index):
    expected = index.retriever(20)(QUERIES.iloc[[0]])["docno"].tolist()
    query = pd.DataFrame({"qid": ["1"], "query": ["river " * 5000 + "unseen " * 1000], "lang": ["en"]})
    assert index.retriever(20)(query)["docno"].tolist() == expected


def test_pisa_says_why_it_failed(tmp_path, monkeypatch):
    if "pisa" not in USABLE:
        pytest.skip(ENGINES["pisa"].NEEDS)
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="PISA could not write the index: exit code 1"):
        ph.BM25Index(tmp_path / "index").indexer("pisa").index(DOCS[:2])
    assert not list(tmp_path.iterdir())
