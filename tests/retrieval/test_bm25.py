"""BM25 indexes: scores by hand on all engines, one and several languages, ties, bad input, the real XQuAD-R."""

import itertools
import json
import math
import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.retrieval.analysis import analyzer
from pyterrier_hybrid.retrieval.bm25 import choose_engine
from pyterrier_hybrid.retrieval.bm25.engines import ENGINES, bm25s, pisa, terrier

COLUMNS = {"qid", "query", "docno", "score", "rank"}
DOCS = [
    {"docno": "en_1", "text": "The old house by the river; the river is wide.", "lang": "en"},
    {"docno": "en_2", "text": "A house, and another house.", "lang": "en"},
    {"docno": "en_3", "text": "Nothing of the sort in 2024", "lang": "en"},
    {"docno": "en_4", "text": "... !", "lang": "en"},
    {"docno": "de_1", "text": "Die Häuser am Fluss", "lang": "de"},
    {"docno": "de_2", "text": "Der Fluss war 2024 breit", "lang": "de"},
    {"docno": "zh_1", "text": "北京大学 " + "x" * 300, "lang": "zh"},
]


@pytest.fixture(scope="module", params=["bm25s", "pisa", "terrier"])
def engine(request):
    if request.param == "pisa":
        if not pisa.available():
            pytest.skip(pisa.NEEDS)
    elif request.param == "terrier":
        _start_java()
    return request.param


def _start_java():
    if not terrier.available():
        pytest.skip(terrier.NEEDS)
    if pt.java.started():
        return
    home = Path(os.environ["PYTERRIER_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    for jar in (Path.home() / ".pyterrier").glob("terrier-*.jar"):
        if not (home / jar.name).exists():
            (home / jar.name).symlink_to(jar)
    try:
        pt.java.init()
    except (OSError, RuntimeError, ValueError) as error:
        pytest.skip(f"Terrier's jars are neither in ~/.pyterrier nor to be fetched: {error}")


@pytest.fixture(scope="module")
def index(engine, tmp_path_factory):
    return ph.BM25Index(tmp_path_factory.mktemp("bm25") / "index").indexer(engine).index(DOCS)


def topics(*queries, **columns):
    return pd.DataFrame({"qid": [f"q{at}" for at in range(len(queries))], "query": list(queries), **columns})


def by_hand(query, docs, *, k1=0.9, b=0.4):
    """Score by the formula of the class's docstring."""
    bags = {doc["docno"]: Counter(analyzer(doc["lang"])(doc["text"])) for doc in docs}
    bags = {docno: bag for docno, bag in bags.items() if bag}
    average = sum(bag.total() for bag in bags.values()) / len(bags)
    scores = Counter()
    for term, qf in Counter(query).items():
        df = sum(term in bag for bag in bags.values())
        idf = max(1e-6, math.log((len(bags) - df + 0.5) / (df + 0.5)))
        for docno, bag in bags.items():
            if term in bag:
                tf = bag[term]
                scores[docno] += qf * idf * (k1 + 1) * tf / (tf + k1 * (1 - b + b * bag.total() / average))
    return dict(scores)


@pytest.mark.parametrize("parameters", [{}, {"k1": 2.0, "b": 0.1}, {"k1": 0.1, "b": 1.0}])
@pytest.mark.parametrize("query", ["houses river river", "2024", "the", "house by the unseen"])
def test_scores_by_hand(index, query, parameters):
    found = index.retriever(query_lang="en", **parameters)(topics(query))
    wanted = by_hand(analyzer("en")(query), DOCS, **parameters)
    assert dict(zip(found["docno"], found["score"], strict=True)) == pytest.approx(wanted, rel=1e-4)


def test_one_score_worked_out(index):
    # German documents: 4 and 5 terms; "haus" is in one of the two: idf = ln(1.5 / 1.5) = 0, so its floor.
    found = index.retriever(lang="de")(topics("Haus"))
    assert found["score"].tolist() == pytest.approx([1e-6 * 1.9 / (1 + 0.9 * (0.6 + 0.4 * 4 / 4.5))], rel=1e-4)
    # All documents with terms: 6, "haus" in one of them.
    lengths = [len(analyzer(doc["lang"])(doc["text"])) for doc in DOCS]
    average = sum(lengths) / 6
    found = index.retriever(query_lang="de")(topics("Haus"))
    wanted = math.log(5.5 / 1.5) * 1.9 / (1 + 0.9 * (0.6 + 0.4 * 4 / average))
    assert found["score"].tolist() == pytest.approx([wanted], rel=1e-4)


def test_a_frequent_term_never_counts_against_a_document(engine, tmp_path):
    docs = [{"docno": f"d{at}", "text": f"common word{at}", "lang": "vi"} for at in range(5)]
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(docs)
    found = index.retriever()(topics("common word3"))
    assert found["docno"].tolist() == ["d3", "d4", "d2", "d1", "d0"]
    assert (found["score"] > 0).all()


def test_every_query_is_analysed_in_its_own_language(index):
    found = index.retriever()(topics("Haus", "houses", "大学", "x" * 300, lang=["de", "en", "zh", "zh"]))
    assert found.groupby("qid")["docno"].first().to_dict() == {"q0": "de_1", "q1": "en_2", "q2": "zh_1", "q3": "zh_1"}
    assert found["lang"].tolist() == found["qid"].map({"q0": "de", "q1": "en", "q2": "zh", "q3": "zh"}).tolist()


def test_languages_share_names_and_numbers(index):
    assert set(index.retriever(query_lang="de")(topics("2024"))["docno"]) == {"en_3", "de_2"}
    assert set(index.retriever(lang="en", query_lang="de")(topics("2024"))["docno"]) == {"en_3"}


def test_one_language_of_a_pool_ranks_as_a_separate_index(index, engine, tmp_path):
    alone = ph.BM25Index(tmp_path / "en").indexer(engine).index([doc for doc in DOCS if doc["lang"] == "en"])
    queries = topics("house river", "the 2024", "nothing")
    pd.testing.assert_frame_equal(index.retriever(lang="en")(queries), alone.retriever()(queries))


def test_the_language_of_queries(index):
    with pytest.raises(pt.validate.InputValidationError, match="add a column 'lang'.*query_lang="):
        index.retriever()(topics("Haus"))
    assert index.retriever(lang="de").search("Haus")["docno"].tolist() == ["de_1"]
    forced = index.retriever(query_lang="de")(topics("Häuser", lang=["en"]))
    assert forced["docno"].tolist() == ["de_1"]
    with pytest.raises(ValueError, match="query 'q0': language 'xx' is unknown"):
        index.retriever()(topics("Haus", lang=["xx"]))
    with pytest.raises(ValueError, match="query 'q1': language nan is not"):
        index.retriever()(topics("Haus", "Fluss", lang=["de", float("nan")]))


def test_results_keep_the_frame_and_count_ranks_from_zero(index):
    queries = (
        topics("unseen", "house river", "", "house")
        .assign(lang="en", kept=[1, 2, 3, 4])
        .set_index(pd.Index([7, 7, 8, 9]))
    )
    found = index.retriever()(queries)
    assert set(found.columns) == COLUMNS | {"lang", "kept"}
    assert found["qid"].tolist() == ["q1", "q1", "q3", "q3"]
    assert found["rank"].tolist() == [0, 1, 0, 1]
    assert found["kept"].tolist() == [2, 2, 4, 4]
    assert found.groupby("qid")["score"].is_monotonic_decreasing.all()


def test_no_query_no_term_no_match(index):
    for queries in (topics(), topics("", "!?"), topics("unseen")):
        found = index.retriever(query_lang="en")(queries)
        assert len(found) == 0 and set(found.columns) == COLUMNS


def test_ties_across_the_cutoff_are_broken_by_docno(engine, tmp_path):
    texts = ["same words here", "same words here twice twice"] * 4 + ["other things"] * 20
    docs = [{"docno": f"d{at * 5 % 28:02}", "text": text, "lang": "vi"} for at, text in enumerate(texts)]
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(docs)
    equal = sorted((doc["docno"] for doc in docs if doc["text"] == texts[0]), reverse=True)
    others = sorted((doc["docno"] for doc in docs if doc["text"] == texts[1]), reverse=True)
    for num_results in (1, 2, 3, 4, 5, 100):
        found = index.retriever(num_results)(topics("same words"))
        assert found["docno"].tolist() == (equal + others)[:num_results]
        assert found["score"].nunique() == (1 if num_results <= 4 else 2)


def test_full_depth(engine, tmp_path):
    docs = [{"docno": f"d{at:04}", "text": f"word n{at % 97}", "lang": "vi"} for at in range(3000)]
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(iter(docs))
    found = index.retriever(len(docs))(topics("word n5"))
    assert len(found) == len(index) == 3000
    assert found["docno"].is_unique
    assert set(found["docno"][:31]) == {doc["docno"] for doc in docs if doc["text"] == "word n5"}
    assert (index.retriever() % 10)(topics("word")).equals(index.retriever(10)(topics("word")))


def test_no_document_and_one_document(engine, tmp_path):
    empty = ph.BM25Index(tmp_path / "empty").indexer(engine).index([])
    assert len(empty) == 0 and empty.languages == []
    found = empty.retriever()(topics("word"))
    assert len(found) == 0 and set(found.columns) == COLUMNS
    silent = ph.BM25Index(tmp_path / "silent").indexer(engine).index([DOCS[3]])
    assert len(silent) == 1 and len(silent.retriever()(topics("word"))) == 0
    one = ph.BM25Index(tmp_path / "one").indexer(engine).index(pd.DataFrame(DOCS[:1]))
    assert one.retriever()(topics("river"))["docno"].tolist() == ["en_1"]


def test_docnos_and_texts_of_all_kinds(engine, tmp_path):
    docnos = ["a b\tc\n", "d" * 400, "文", ""]
    docs = [{"docno": docno, "text": f"𝒳 \ufeffw{at}\x00\r\n ￼", "lang": "vi"} for at, docno in enumerate(docnos)]
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(docs)
    for at, docno in enumerate(docnos):
        assert index.retriever()(topics(f"w{at}"))["docno"].tolist() == [docno]


def test_an_index_is_an_artifact_that_moves_and_says_what_it_is(index, engine, tmp_path):
    shutil.copytree(index.path, tmp_path / "moved")
    moved = ph.BM25Index.load(tmp_path / "moved")
    assert (
        moved.built() and moved.engine == engine and moved.languages == ["de", "en", "zh"] and len(moved) == len(DOCS)
    )
    queries = topics("river", lang=["en"])
    assert moved.retriever()(queries).equals(index.retriever()(queries))
    meta = json.loads((moved.path / "pt_meta.json").read_text())
    assert (meta["type"], meta["format"], meta["package_hint"]) == ("sparse_index", "hybrid_bm25", "pyterrier_hybrid")
    assert json.loads((moved.path / "documents.json").read_text())["lang"] == [doc["lang"] for doc in DOCS]


def test_searching_writes_nothing_into_the_index(index):
    before = sorted(index.path.rglob("*"))
    ph.BM25Index(index.path).retriever(query_lang="en", k1=1.7, b=0.3)(topics("house"))
    assert sorted(index.path.rglob("*")) == before


def test_threads_find_what_one_finds(index):
    queries = topics("river house", "2024", "the", "Fluss", lang=["en", "en", "en", "de"])
    fresh = ph.BM25Index(index.path)
    expected = [index.retriever(depth)(queries) for depth in range(1, 7)]
    with ThreadPoolExecutor(6) as pool:
        for found, wanted in zip(
            pool.map(lambda depth: fresh.retriever(depth)(queries), range(1, 7)), expected, strict=True
        ):
            pd.testing.assert_frame_equal(found, wanted)


def test_a_damaged_file_is_one_clear_error(index, tmp_path):
    for number, file in enumerate(sorted((index.path / "parts" / "_all" / "engine").iterdir())):
        copied = tmp_path / str(number)
        shutil.copytree(index.path, copied)
        damaged = copied / file.relative_to(index.path)
        damaged.write_bytes(damaged.read_bytes()[:-1])
        with pytest.raises(ValueError, match=f"is damaged: .*{file.name} has .* bytes.*build it anew"):
            ph.BM25Index(copied).retriever(query_lang="en").search("house")


def test_retrievers_with_equal_settings_are_equal(index):
    assert index.retriever(5) == ph.BM25Index(index.path).retriever(5)
    assert len({index.retriever(5), index.retriever(5), index.retriever(5, k1=2), index.retriever(5, "de")}) == 3
    assert index.retriever(5) != index.retriever(5, query_lang="de")
    assert "retriever(num_results=5, lang='de'" in repr(index.retriever(5, "de"))


def test_another_analysis_is_refused(index, tmp_path):
    shutil.copytree(index.path, tmp_path / "old")
    meta = json.loads((tmp_path / "old" / "pt_meta.json").read_text())
    meta["languages"]["de"] = "snowball german 1.0, analysis 0"
    (tmp_path / "old" / "pt_meta.json").write_text(json.dumps(meta))
    with pytest.raises(ValueError, match="another analysis of 'de'.*build it anew"):
        ph.BM25Index(tmp_path / "old").retriever()(topics("Haus", lang=["de"]))


def test_another_artifact_is_refused(tmp_path):
    (tmp_path / "pt_meta.json").write_text('{"type": "sparse_index", "format": "pisa"}')
    with pytest.raises(ValueError, match="holds 'pisa'"):
        len(ph.BM25Index(tmp_path))


def test_a_missing_index(tmp_path):
    assert not ph.BM25Index(tmp_path / "none").built()
    with pytest.raises(FileNotFoundError, match="build it with"):
        ph.BM25Index(tmp_path / "none").retriever(query_lang="de").search("Haus")


@pytest.mark.parametrize(
    ("docs", "error", "message"),
    [
        ([{"docno": "1", "text": "a"}], ValueError, r"document '1' has no lang: .*indexer\(lang="),
        ([{"docno": "1", "text": "a", "lang": float("nan")}], ValueError, "document '1' has no lang"),
        ([{"docno": 1, "text": "a", "lang": "de"}], TypeError, "document 0: docno 1 is a int"),
        ([{"docno": "1", "text": None, "lang": "de"}], TypeError, "document 0: text None is a NoneType"),
        ([{"docno": "1", "lang": "de"}], ValueError, "document 0 has no text, only docno, lang"),
        ({"docno": "1", "text": "a", "lang": "de"}, TypeError, "documents is a dict: pass a list of dicts with docno"),
        (["a"], TypeError, "document 0 is a str: pass dicts with docno and text"),
        (3, TypeError, "documents is a int: pass a list of dicts"),
        ([{"text": "a", "lang": "de"}], ValueError, "document 0 has no docno"),
        ([{"docno": "1", "text": "a", "lang": "xx"}], ValueError, "document '1': language 'xx' is unknown"),
        ([{"docno": "1", "text": "a", "lang": "de"}] * 2, ValueError, "docno '1' comes twice: documents 0 and 1"),
    ],
)
def test_bad_documents_leave_nothing(engine, tmp_path, docs, error, message):
    with pytest.raises(error, match=message):
        ph.BM25Index(tmp_path / "index").indexer(engine).index(docs)
    assert list(tmp_path.iterdir()) == []


def test_documents_without_language_get_that_of_the_indexer(engine, tmp_path):
    docs = [{"docno": "1", "text": "Häuser"}, {"docno": "2", "text": "houses", "lang": "en"}]
    index = ph.BM25Index(tmp_path / "index").indexer(engine, lang="de").index(docs)
    assert index.languages == ["de", "en"]
    assert index.retriever(lang="de").search("Haus")["docno"].tolist() == ["1"]


@pytest.mark.slow
def test_engines_give_the_same_ranking(tmp_path):
    """The same terms, scores and order of ties, in each language and in the pool, whatever the parameters are."""
    if not pisa.available():
        pytest.skip(pisa.NEEDS)
    _start_java()
    docs, queries = [], []
    for lang in ("ar", "de", "th"):
        own = ir_datasets.load(f"atlas/{lang}/test")
        docs += [{"docno": doc.doc_id, "text": doc.text, "lang": lang} for doc in own.docs_iter()[:60]]
        queries += [
            {"qid": query.query_id, "query": query.text, "lang": lang} for query in list(own.queries_iter())[:9]
        ]
    queries = pd.DataFrame(queries)
    indexes = {name: ph.BM25Index(tmp_path / name).indexer(name).index(docs) for name in ENGINES}
    for options, other_engine in itertools.product(
        ({}, {"k1": 1.6, "b": 0.9}, {"lang": "th"}, {"num_results": 7}), ("pisa", "terrier")
    ):
        one, other = (
            indexes[name].retriever(**{"num_results": 1000, **options})(queries) for name in ("bm25s", other_engine)
        )
        assert len(one) > 100
        # Five significant digits, of which the last may be rounded either way.
        np.testing.assert_allclose(one["score"], other["score"], rtol=1.01e-4)
        if "num_results" not in options:
            one, other = (found.set_index(["qid", "docno"])["score"].sort_index() for found in (one, other))
            assert one.index.equals(other.index)
            np.testing.assert_allclose(one, other, rtol=1.01e-4)


def test_results_as_arrays_equal_the_frame(index):
    queries = topics("river house", "unseen", "Fluss", lang=["en", "en", "de"])
    retriever = index.retriever()
    row, document, score, rank = retriever.search_arrays(queries)
    found = retriever(queries)
    assert [queries["qid"][at] for at in row] == found["qid"].tolist()
    assert [DOCS[at]["docno"] for at in document] == found["docno"].tolist()
    assert score.tolist() == found["score"].tolist() and rank.tolist() == found["rank"].tolist()
    assert [len(array) for array in retriever.search_arrays(queries[:0])] == [0] * 4


def test_queries_have_the_language_of_their_dataset(engine, tmp_path):
    """German questions over documents in German and English, given and taken from the ID: the same ranking."""
    de, en = (ir_datasets.load(f"atlas/{lang}/test") for lang in ("de", "en"))
    docs = [
        {"docno": doc.doc_id, "text": doc.text, "lang": doc.lang} for own in (de, en) for doc in own.docs_iter()[:40]
    ]
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(docs)
    asked = pt.get_dataset("irds:atlas/de/test").get_topics()[:20]
    given = index.retriever(query_lang=ir_datasets.load("atlas/de/test").queries_lang())(asked)
    column = index.retriever()(asked.assign(lang="de")).drop(columns="lang")
    pd.testing.assert_frame_equal(given, column)
    # Alone over German documents, German is what a query without a language is taken to be in.
    alone = index.retriever(lang="de")(asked)
    pd.testing.assert_frame_equal(alone, index.retriever(lang="de", query_lang="de")(asked))
    assert set(alone["docno"].str[:2]) == {"de"} and set(given["docno"].str[:2]) == {"de", "en"}


def test_an_index_is_replaced_only_on_request(engine, tmp_path):
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(DOCS)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        index.indexer(engine).index(DOCS)
    assert index.retriever(query_lang="en").search("house")["docno"].tolist() == ["en_2", "en_1"]
    index.indexer(engine, overwrite=True).index(DOCS[:1])
    assert index.retriever(query_lang="en").search("house")["docno"].tolist() == ["en_1"]


@pytest.mark.parametrize(
    "parameters", [{"num_results": 0}, {"k1": 0}, {"k1": float("nan")}, {"b": 1.5}, {"query_lang": "?"}]
)
def test_bad_parameters(tmp_path, parameters):
    with pytest.raises(
        ValueError, match=str(next(iter(parameters.values())) if "query_lang" not in parameters else "code")
    ):
        ph.BM25Index(tmp_path).retriever(**parameters)


def test_bad_queries(index):
    with pytest.raises(ValueError, match="none in 'vi'"):
        index.retriever(lang="vi").search("a")
    with pytest.raises(TypeError, match="query 'q0': text 3"):
        index.retriever(query_lang="de")(topics(3))
    with pytest.raises(pt.validate.InputValidationError):
        index.retriever(query_lang="de")(pd.DataFrame({"qid": ["1"]}))
    assert set(pt.inspect.transformer_outputs(index.retriever(query_lang="de"), ["qid", "query"])) == COLUMNS


def test_schematics_need_no_network(index, monkeypatch):
    def fetch():
        raise AssertionError("an inventory was fetched")

    monkeypatch.setattr(pt.documentation, "objects_inv", fetch)
    for part, label in ((index.retriever(query_lang="de"), "BM25"), (index.indexer(), "BM25 indexer")):
        assert pt.schematic.transformer_schematic(part)["label"] == label


def test_bad_engines(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="choose auto, bm25s, pisa or terrier"):
        ph.BM25Index(tmp_path / "index").indexer("lucene")
    monkeypatch.setattr(pisa, "available", lambda: False)
    with pytest.raises(RuntimeError, match="pip install 'pyterrier-pisa>=0.4.9'"):
        ph.BM25Index(tmp_path / "index").indexer("pisa")
    assert choose_engine("auto") == "bm25s"
    monkeypatch.setattr(bm25s, "available", lambda: False)
    monkeypatch.setattr(terrier, "available", lambda: True)
    assert choose_engine("auto") == "terrier"
    monkeypatch.setattr(terrier, "available", lambda: False)
    with pytest.raises(RuntimeError, match="pip install 'bm25s.* or PISA .*pyterrier-pisa.* or Terrier needs Java"):
        ph.BM25Index(tmp_path / "index").indexer()


class PlainEngine:
    """A minimal engine: the formula over a JSON file."""

    NEEDS = "nothing"

    def available(self):
        return True

    def build(self, folder, documents, *, k1, b):
        folder.mkdir()
        (folder / "documents.json").write_text(json.dumps([dict(counts) for counts in documents]))

    def open_index(self, folder, *, k1, b):
        bags = [Counter(counts) for counts in json.loads((folder / "documents.json").read_text())]
        average = sum(bag.total() for bag in bags) / len(bags)

        def score(query, bag):
            total = 0.0
            for term in query.keys() & bag.keys():
                df = sum(term in other for other in bags)
                idf = max(1e-6, math.log((len(bags) - df + 0.5) / (df + 0.5)))
                saturation = bag[term] + k1 * (1 - b + b * bag.total() / average)
                total += query[term] * idf * (k1 + 1) * bag[term] / saturation
            return total

        def search(queries, depth):
            found = []
            for row, query in enumerate(queries):
                scores = [(score(query, bag), position) for position, bag in enumerate(bags)]
                best = sorted((pair for pair in scores if pair[0]), reverse=True)[:depth]
                found += [(row, position, value) for value, position in best]
            rows, positions, values = zip(*found, strict=True) if found else ((), (), ())
            return np.array(rows, np.int64), np.array(positions, np.int64), np.array(values, float)

        return search


def test_an_engine_can_be_added(index, tmp_path, monkeypatch):
    monkeypatch.setitem(ENGINES, "plain", PlainEngine())
    plain = ph.BM25Index(tmp_path / "index").indexer("plain").index(DOCS)
    assert ph.BM25Index(plain.path).engine == "plain"
    queries = topics("house river", "2024", "Fluss", "unseen", lang=["en", "en", "de", "vi"])
    for options in ({}, {"lang": "en"}, {"num_results": 1}, {"k1": 1.5, "b": 0.9}):
        ours, known = (one.retriever(**options)(queries) for one in (plain, index))
        pd.testing.assert_frame_equal(ours, known, rtol=1.01e-4)


@pytest.mark.parametrize("engine", ["bm25s", "pisa"])
def test_building_and_searching_print_nothing(tmp_path, capfd, engine):
    if not ENGINES[engine].available():
        pytest.skip(ENGINES[engine].NEEDS)
    index = ph.BM25Index(tmp_path / "index").indexer(engine).index(DOCS)
    index.retriever(query_lang="en", k1=1.3)(topics("house"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "floor"), [("hi", 0.78), ("tr", 0.745)])
def test_real_xquad_r(lareqa_home, tmp_path, lang, floor):
    dataset = ir_datasets.load(f"xquad-r/{lang}")
    docs = ({"docno": doc.doc_id, "text": doc.text, "lang": doc.lang} for doc in dataset.docs_iter())
    index = ph.BM25Index(tmp_path / "index").indexer().index(docs)
    queries = pd.DataFrame([{"qid": query.query_id, "query": query.text} for query in dataset.queries_iter()])
    found = index.retriever(len(index))(queries)
    assert found["qid"].nunique() == len(queries) == 1190
    run = found.rename(columns={"qid": "query_id", "docno": "doc_id"})
    assert ir_measures.calc_aggregate([ir_measures.AP], dataset.qrels_iter(), run)[ir_measures.AP] > floor
