"""FaissIndex under damage, replacement, races, bad vectors and bad options: the right value, or a clear error."""

import copy
import json
import multiprocessing
import os
import pickle
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_hybrid import BM25Index, FaissIndex, VectorFeedback
from pyterrier_hybrid.experiment.errors import OutputError
from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.retrieval.vector_cache import Shards, text_hash
from pyterrier_hybrid.utils import files

KINDS = ("exact", "hnsw", "ivf", "ivfpq")
VECTORS = np.random.default_rng(0).normal(size=(600, 8)).astype(np.float32)
DOCNOS = [str(number) for number in range(600)]
TOPICS = pd.DataFrame({"qid": ["a", "b"], "query_vec": list(VECTORS[:2] + 0.1)})


def build(path, kind="exact", **options):
    return FaissIndex.from_npy(path, VECTORS, DOCNOS, ["de", "en", None] * 200, kind=kind, **options)


def without_checksums(index):
    """The index as versions wrote it that had no checksums."""
    path = index.path / "pt_meta.json"
    meta = json.loads(path.read_text())
    for name in ("files", "structure", "checksum"):
        meta.pop(name, None)
    path.write_text(json.dumps(meta))


# --- damage ----------------------------------------------------------------------------------------------------------


def use(path):
    index = FaissIndex(path)
    found = [index.retriever(count, lang).transform(TOPICS) for count in (5, 600) for lang in (None, "de")]
    return found, list(index.documents())


def outcome_in_a_fork(action):
    """What an action says in a process of its own, or how that ends."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, action().encode())
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}"[:300].encode())
        os._exit(0)
    os.close(writer)
    said = os.read(reader, 1000).decode()
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    return f"signal {status}" if status else said


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a crash must not end the tests")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("earlier_version", [False, True])
def test_flipped_bits_are_one_clear_error_and_never_a_crash(tmp_path, kind, earlier_version):
    index = build(tmp_path / "index", kind)
    if earlier_version:
        without_checksums(index)
    seed = 0 if "CI" in os.environ else random.SystemRandom().randrange(10**6)
    draw = random.Random(seed)
    clear = ["damaged", "not a 'hybrid_faiss' index"]
    if earlier_version:
        # Nothing says that the name of a language was another one.
        clear.append("has no documents in 'de', but in")

    def action():
        try:
            use(index.path)
            if not earlier_version:
                FaissIndex(index.path).verify()
        except ValueError as error:
            return "clear" if any(part in str(error) for part in clear) else str(error)
        return "no error"

    for path in sorted(index.path.iterdir()):
        content = path.read_bytes()
        for trial in range(8):
            damaged = bytearray(content)
            reach = min(len(damaged), 1000) if trial % 2 else len(damaged)
            damaged[draw.randrange(reach)] ^= 1 << draw.randrange(8)
            path.write_bytes(damaged)
            expected = ("clear", "no error") if earlier_version else ("clear",)
            assert outcome_in_a_fork(action) in expected, f"seed {seed}, {path.name}, trial {trial}"
        path.write_bytes(content)


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_of_an_earlier_version_opens_and_gives_the_same(tmp_path, kind):
    index = build(tmp_path / "index", kind)
    before = index.retriever(9).transform(TOPICS)
    without_checksums(index)
    opened = FaissIndex(index.path)
    pd.testing.assert_frame_equal(opened.retriever(9).transform(TOPICS), before)
    opened.verify()
    opened.indexer(mode="append").index([{"docno": "x", "doc_vec": np.ones(8)}])
    assert len(opened) == 601
    opened.verify()


@pytest.mark.parametrize("earlier_version", [False, True])
def test_lost_vectors_do_not_change_scores_silently(tmp_path, earlier_version):
    index = build(tmp_path / "index", "ivfpq")
    if earlier_version:
        without_checksums(index)
    (index.path / "vectors.npy").unlink()
    with pytest.raises(ValueError, match=r"index is damaged: vectors\.npy is missing: build it anew"):
        len(FaissIndex(index.path))
    codes_only = build(tmp_path / "codes", "ivfpq", keep_vectors=False)
    assert len(FaissIndex(codes_only.path)) == 600


def test_verify_finds_what_opening_does_not_read(tmp_path):
    index = build(tmp_path / "index")
    content = bytearray((index.path / "vectors.npy").read_bytes())
    content[-3] ^= 1
    (index.path / "vectors.npy").write_bytes(content)
    assert len(FaissIndex(index.path)) == 600
    with pytest.raises(ValueError, match=r"damaged: vectors\.npy does not fit its checksum: build it anew"):
        FaissIndex(index.path).verify()


@pytest.mark.parametrize("name", ["groups.npy", "passage_groups.npy", "block_items.npy", "texts-0000.arrow"])
def test_a_damaged_pair_store_is_named(tmp_path, name):
    ParallelPairs(
        [Item(str(number), None, "toy", {"en": f"q {number}"}, {"de": f"p {number}"}) for number in range(50)]
    ).save(tmp_path / "pairs")
    ParallelPairs.verify(tmp_path / "pairs")
    path = tmp_path / "pairs" / name
    content = path.read_bytes()
    for position in (len(content) // 2, len(content) - 1, 130):
        path.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        for door in (ParallelPairs.open, ParallelPairs.verify):
            with pytest.raises(ValueError, match="damaged"):
                door(tmp_path / "pairs")


@pytest.mark.parametrize("name", ["hashes.npy", "vectors.npy"])
def test_damaged_cached_vectors_are_named(tmp_path, name):
    keys = [text_hash(text) for text in ("a", "b", "c")]
    Shards(tmp_path / "v").add(keys, VECTORS[:3])
    path = next((tmp_path / "v").rglob(name))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"cache: .*damaged \({name} does not fit its checksum\); remove this folder"):
        Shards(tmp_path / "v").read(keys)


class WordCounts:
    """An encoder whose results are cached."""

    fingerprint = "0" * 16

    def encode_queries(self, texts):
        return np.array([[len(text), text.count(" "), 1] for text in texts], np.float32)

    encode_documents = encode_queries


def test_damaged_cached_ranks_are_named(tmp_path):
    def run():
        return LanguageExperiment(
            {"a": WordCounts()}, "atlas", kinds=["mono"], measures=["AP"], cache=tmp_path
        ).settings

    before = run()
    pd.testing.assert_frame_equal(run(), before)
    path = next((tmp_path / "ranks").rglob("*.npy"))
    content = path.read_bytes()
    for position in (140, len(content) - 20):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        with pytest.raises(ValueError, match="cache: .*it does not fit its checksum.*; remove this file"):
            run()
    # As earlier versions wrote it.
    path.write_bytes(content[:-16])
    pd.testing.assert_frame_equal(run(), before)


# --- one whole generation --------------------------------------------------------------------------------------------


def generation_of(number):
    """Documents whose names and vectors tell of which generation they are."""
    count = 200 + 10 * (number % 3)
    vectors = np.full((count, 4), 1 + number % 50, np.float32)
    vectors[:, 0] = np.arange(count)
    return vectors, [f"{number}-{row}" for row in range(count)]


def replace_again_and_again(path, kind, seconds):
    end, number = time.monotonic() + seconds, 1
    while time.monotonic() < end:
        vectors, docnos = generation_of(number)
        FaissIndex.from_npy(path, vectors, docnos, kind=kind, overwrite=True)
        number += 1


def search_again_and_again(path, writer):
    topics = pd.DataFrame({"qid": ["q"], "query_vec": [np.array([0, 1, 0, 0], np.float32)]})
    searches, generations = 0, set()
    while writer.is_alive():
        found = FaissIndex(path).retriever().transform(topics)
        numbers = {docno.partition("-")[0] for docno in found["docno"]}
        assert len(numbers) == 1
        number = int(numbers.pop())
        assert found["score"].unique().tolist() == [1 + number % 50], "names of one generation, vectors of another"
        searches += 1
        generations.add(number)
    return searches, generations


@pytest.mark.processes
@pytest.mark.parametrize(("kind", "exchange"), [("exact", True), ("exact", False), ("hnsw", True)])
def test_readers_see_one_generation_while_another_process_overwrites(tmp_path, monkeypatch, kind, exchange):
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    vectors, docnos = generation_of(0)
    FaissIndex.from_npy(tmp_path / "index", vectors, docnos, kind=kind)
    writer = multiprocessing.get_context("fork").Process(
        target=replace_again_and_again, args=(tmp_path / "index", kind, 4)
    )
    writer.start()
    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(search_again_and_again, tmp_path / "index", writer) for _ in range(2)]
        for result in results:
            searches, generations = result.result()
            assert searches > 5 and len(generations) > 1
    writer.join()
    assert writer.exitcode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize("kind", KINDS)
def test_threads_get_what_one_thread_gets(tmp_path, kind):
    index = build(tmp_path / "index", kind)
    expected = FaissIndex(index.path).retriever(30).transform(TOPICS)
    for _ in range(5):
        fresh, start = FaissIndex(index.path), threading.Barrier(4)

        def search(fresh=fresh, start=start):
            start.wait()
            fresh.vec_loader().transform(pd.DataFrame({"docno": DOCNOS[:50]}))
            return fresh.retriever(30).transform(TOPICS)

        with ThreadPoolExecutor(4) as pool:
            for found in [pool.submit(search) for _ in range(4)]:
                pd.testing.assert_frame_equal(found.result(), expected)


# --- no update is lost -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_second_writer_is_refused_while_the_first_one_reads_its_documents(tmp_path, mode):
    index = build(tmp_path / "index")
    options = {"mode": "append"} if mode == "append" else {"overwrite": True}

    def documents():
        yield {"docno": "first", "doc_vec": np.ones(8)}
        with pytest.raises(ValueError, match="index is being written by another process or thread: wait"):
            FaissIndex(index.path).indexer(**options).index([{"docno": "second", "doc_vec": np.ones(8)}])

    index.indexer(mode="append").index(documents())
    index.indexer(mode="append").index([{"docno": "second", "doc_vec": np.ones(8)}])
    assert [document["docno"] for document in index.documents()][600:] == ["first", "second"]
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def append_one(path, name, start):
    start.wait()
    while True:
        try:
            FaissIndex(path).indexer(mode="append").index([{"docno": name, "doc_vec": np.ones(8)}])
            return
        except ValueError as error:
            assert "being written" in str(error)


@pytest.mark.processes
def test_appends_of_many_processes_are_all_kept(tmp_path):
    build(tmp_path / "index")
    context = multiprocessing.get_context("fork")
    start = context.Event()
    writers = [
        context.Process(target=append_one, args=(tmp_path / "index", f"new{number}", start)) for number in range(5)
    ]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert {document["docno"] for document in FaissIndex(tmp_path / "index").documents()} == {
        *DOCNOS,
        *(f"new{number}" for number in range(5)),
    }


def test_an_index_behind_a_link_is_written_where_it_is(tmp_path):
    build(tmp_path / "disk" / "index")
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "index")
    index = FaissIndex(tmp_path / "link")
    index.indexer(overwrite=True).index([{"docno": "x", "doc_vec": np.ones(3)}])
    index.indexer(mode="append").index([{"docno": "y", "doc_vec": np.ones(3)}])
    assert (tmp_path / "link").is_symlink()
    assert len(FaissIndex(tmp_path / "disk" / "index")) == len(FaissIndex(tmp_path / "link")) == 2
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["index"]


# --- vectors ---------------------------------------------------------------------------------------------------------

BAD_VECTORS = [
    ([np.nan, 1.0], "has a value that is not finite"),
    ([-np.inf, 1.0], "has a value that is not finite"),
    ([1e300, 1.0], "has a value that is not finite"),
    ([1e30, 1.0], r"has the norm 1e\+30, whose square single precision cannot hold: normalise it"),
    ([0.0, -1e20], r"has the norm 1e\+20, whose square"),
    ([1.5e19, 1.5e19], "whose square"),
    ([], "has no values: its dimension is 0"),
    ("a text", "is 'a text', expected one row of numbers"),
    (None, "expected one row of numbers"),
    ([[1.0], [1.0, 2.0]], "expected one row of numbers"),
    ([10**400, 1], "expected one row of numbers"),
    ([1j, 1.0], "expected one row of numbers"),
]


@pytest.mark.parametrize(("vector", "message"), BAD_VECTORS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_document_vector_names_its_document(tmp_path, vector, message, kind):
    good = [{"docno": f"d{number}", "doc_vec": vector if vector == [] else [1.0, 0.5]} for number in range(5)]
    documents = [*good, {"docno": "bad", "doc_vec": vector}]
    with pytest.raises(ValueError, match=f"doc_vec of '(bad|d0)' {message}|doc_vec of 'bad' .*{message}"):
        FaissIndex(tmp_path / "index").indexer(kind=kind).index(documents)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("vector", "message"), BAD_VECTORS)
def test_a_bad_query_vector_names_its_query(tmp_path, vector, message):
    index = FaissIndex.from_npy(tmp_path / "index", np.eye(2), ["a", "b"])
    topics = pd.DataFrame({"qid": ["q7"], "query_vec": [vector]})
    with pytest.raises(ValueError, match=f"query_vec of 'q7' .*{message}|query_vec of 'q7' {message}"):
        index.retriever().transform(topics)
    results = topics.assign(docno="a", doc_vec=[np.ones(2)], score=1.0, rank=0)
    with pytest.raises(ValueError, match="query_vec of 'q7'"):
        VectorFeedback().transform(results)


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_vectors_that_are_accepted_can_be_searched(tmp_path, kind):
    vectors = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True) * np.float32(4e18)
    index = FaissIndex.from_npy(tmp_path / "index", vectors, DOCNOS, kind=kind)
    found = index.retriever(600).transform(pd.DataFrame({"qid": ["q"], "query_vec": [vectors[7]]}))
    assert found["docno"].tolist()[0] == "7" and len(found) == 600
    assert np.isfinite(found["score"]).all()


@pytest.mark.parametrize("vectors", [np.full((3, 2), 1e30), np.full((3, 2), 1e300), np.ones((3, 0))])
def test_bad_arrays_are_refused_too(tmp_path, vectors):
    with pytest.raises(ValueError, match="doc_vec of 'a' has"):
        FaissIndex.from_npy(tmp_path / "index", vectors, ["a", "b", "c"])
    index = build(tmp_path / "good")
    with pytest.raises(ValueError, match="queries"):
        index.recall(np.resize(vectors, (3, 8)) if vectors.size else vectors)


@pytest.mark.parametrize("value", [1e30, 1e20, np.inf])
def test_the_grid_refuses_them_with_the_text(value):
    class Encoder:
        def encode_queries(self, texts):
            return np.full((len(texts), 4), value)

        encode_documents = encode_queries

    with pytest.raises(OutputError, match="the vector of '.*' has .*; check the model's weights"):
        LanguageExperiment({"a": Encoder()}, "atlas", kinds=["mono"], measures=["AP"])


def test_texts_that_were_not_encoded_say_what_to_do(tmp_path):
    index = build(tmp_path / "index")
    topics = pd.DataFrame({"qid": ["q"], "query": ["x"]})
    with pytest.raises(pt.validate.InputValidationError, match=r"put `encoder\.query_encoder\(\) >>` in front"):
        index.retriever().transform(topics)
    with pytest.raises(ValueError, match=r"document 0 has no doc_vec, .*put `encoder\.doc_encoder\(\) >>` in front"):
        FaissIndex(tmp_path / "new").indexer().index([{"docno": "a", "text": "x"}])
    results = topics.assign(query_vec=[np.ones(2)], docno="a", score=1.0, rank=0)
    with pytest.raises(pt.validate.InputValidationError, match=r"put `index\.vec_loader\(\) >>` in front"):
        VectorFeedback().transform(results)


# --- options and pickles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "hnsw", "neighbours": np.int64(16), "ef_construction": np.uint8(90), "threads": np.int32(1)},
        {"kind": np.str_("ivf"), "lists": np.int16(3), "seed": np.int64(3)},
        {"kind": "ivfpq", "code_size": np.int8(2), "keep_vectors": np.False_, "seed": np.uint32(2)},
    ],
)
def test_numbers_of_numpy_are_numbers(tmp_path, options):
    index = build(tmp_path / "index", **options)
    plain = {name: value.item() if hasattr(value, "item") else str(value) for name, value in options.items()}
    other = build(tmp_path / "other", **plain)
    assert (index.path / "pt_meta.json").read_bytes() == (other.path / "pt_meta.json").read_bytes()
    found = index.retriever(np.int64(3), np.str_("de")).transform(TOPICS)
    pd.testing.assert_frame_equal(found, other.retriever(3, "de").transform(TOPICS))
    if index.kind != "ivfpq":
        assert index.recall(np.int64(10), k=np.int64(3), seed=np.int64(1)) == other.recall(10, k=3, seed=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed=-1: it must be at least 0"),
        ({"seed": 2**31}, "seed=2147483648: it must be at most"),
        ({"seed": 0.5}, "seed=0.5 is float, not a whole number"),
        ({"kind": "hnsw", "neighbours": "16"}, "neighbours='16' is str, not a whole number"),
        ({"kind": "ivfpq", "keep_vectors": "no"}, "keep_vectors='no' is str: it must be True or False"),
        ({"overwrite": "no"}, "overwrite='no' is str: it must be True or False"),
    ],
)
def test_options_are_checked_before_the_work(tmp_path, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        FaissIndex(tmp_path / "index").indexer(**options)


@pytest.mark.parametrize("value", ["10", 10.0, None, 0, -3])
def test_a_wrong_number_of_results_is_named(tmp_path, value):
    for index in (FaissIndex(tmp_path / "index"), BM25Index(tmp_path / "bm25")):
        with pytest.raises((ValueError, TypeError), match=f"num_results={value!r}"):
            index.retriever(value)


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_that_were_used_can_be_pickled_and_copied(tmp_path, kind):
    index = build(tmp_path / "index", kind)
    retriever, loader = index.retriever(5), index.vec_loader()
    names = pd.DataFrame({"docno": ["3", "4"]})
    found, vectors = retriever.transform(TOPICS), loader.transform(names)
    for duplicate in (lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy, copy.copy):
        assert duplicate(retriever) == retriever
        pd.testing.assert_frame_equal(duplicate(retriever).transform(TOPICS), found)
        pd.testing.assert_frame_equal(duplicate(loader).transform(names), vectors)
        assert len(duplicate(index)) == 600
    assert len(pickle.dumps(retriever)) < 2000


@pytest.mark.parametrize("earlier_version", [False, True])
def test_a_file_that_asks_for_too_much_memory(tmp_path, monkeypatch, earlier_version):
    index = build(tmp_path / "index", "ivf")
    if earlier_version:
        without_checksums(index)

    def too_much(*_):
        raise MemoryError("std::bad_alloc")

    monkeypatch.setattr("pyterrier_hybrid.retrieval.index.files._read_faiss", too_much)
    # With a checksum, the file is what was written, so memory is what lacks.
    error = ValueError if earlier_version else MemoryError
    message = "is damaged: search.faiss asks for more memory than there is" if earlier_version else "bad_alloc"
    with pytest.raises(error, match=message):
        FaissIndex(index.path).retriever(3).transform(TOPICS)
