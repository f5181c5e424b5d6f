"""Faults of experiments: damaged runs, data that do not fit, arguments of wrong types, names that are misspelt."""

import bz2
import gzip
import lzma
import warnings

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from grid_helpers import Exhaustive, Letters, expected_values, language, make_family, make_toy
from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel

from pyterrier_hybrid import LanguageExperiment, LanguageValidation, RankDistance, feedback, fuse
from pyterrier_hybrid.datasets import Document
from pyterrier_hybrid.experiment import Runs, VectorPipelines
from pyterrier_hybrid.experiment.report.results import file_names

GOOD = "q0_de Q0 de_0_0 1 2.0 x\nq0_de Q0 de_1_0 2 1.0 x\n"


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-faults")


def evaluate(systems, dataset, **options):
    options = {"measures": ["AP", "RankDistance"], **options}
    return LanguageExperiment(systems, dataset, **options)


# Files of runs


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (GOOD[:-5], 2, "'q0_de Q0 de_1_0 2 1' has 5 fields"),  # cut off: once read as the score 1
        (GOOD + "q0_de Q0 de_2_0 3 0.5\n", 3, "has 5 fields"),
        (GOOD + "q0_de Q0 de_2_0 3 0.5 x y\n", 3, "has 7 fields"),
        (GOOD + "\0\0\0", 3, "zero bytes"),
        (GOOD.encode() + "q0_de Q0 é 3 0.5 x\n".encode("latin1"), 3, "not UTF-8"),
        (GOOD.replace("1.0", "abc"), 2, "score 'abc' is not a number"),
        (GOOD.replace("1.0", "nan"), 2, "NaN"),
        (GOOD.replace(" 2 1.0", " two 1.0"), 2, "rank 'two' is not a number"),
        (GOOD.replace(" 2 1.0", " 99999999999999999999 1.0"), 2, "not a whole number"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n", 1, "2 fields"),
        ("<html><body>Not found</body></html>", 1, "fields"),
        (gzip.compress(GOOD.encode(), mtime=0), 1, "not UTF-8"),
    ],
)
def test_damaged_run_names_file_line_and_problem(toy, tmp_path, content, line, problem):
    path = tmp_path / "run.trec"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=rf"run.trec is no run .*: line {line}: .*{problem}"):
        evaluate({"r": Runs({"toy-faults/de": path})}, toy, kinds=["mono"], languages=["de"], measures=["AP"])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"   \n"])
def test_empty_run_is_an_error(toy, tmp_path, content):
    path = tmp_path / "run.trec"
    path.write_bytes(content)
    runs = Runs({"toy-faults/de": path})
    with pytest.raises(ValueError, match="is empty"):
        runs.read("toy-faults/de", doc_lang="de", query_lang="de")


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".bz2", bz2), (".xz", lzma)])
def test_compressed_run_is_read_and_a_damaged_one_an_error(tmp_path, suffix, module):
    path = tmp_path / f"run{suffix}"
    runs = Runs({"id": path})
    compressed = module.compress(GOOD.encode())
    path.write_bytes(compressed)
    assert runs.read("id", doc_lang="de", query_lang="de")["docno"].tolist() == ["de_0_0", "de_1_0"]
    for damaged in (compressed[:-6], compressed[:14] + b"\xff\xff\xff" + compressed[17:], GOOD.encode()):
        path.write_bytes(damaged)
        with pytest.raises((ValueError, OSError), match="run"):
            runs.read("id", doc_lang="de", query_lang="de")


@pytest.mark.parametrize("files", [3, None, b"runs/{id}", {"a": 3}, {}, "{doc_lang.x}{id}", "{id!z}"])
def test_runs_of_wrong_types_are_refused_when_they_are_made(files):
    with pytest.raises((TypeError, ValueError), match="Runs: "):
        Runs(files)


def test_folder_as_run(toy, tmp_path):
    with pytest.raises(FileNotFoundError, match="is a folder"):
        Runs({"a": tmp_path}).read("a", doc_lang="de", query_lang="de")


# Results of transformers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(score="high"), "score that is not a number"),
        (lambda frame: frame.assign(score=[None] * len(frame)), "score"),
        (lambda frame: frame.assign(score=np.inf), "not a finite number"),
    ],
)
def test_scores_that_are_no_numbers(toy, change, message):
    systems = {"a": lambda corpus: Exhaustive(Letters(), corpus) >> pt.apply.generic(change)}
    with pytest.raises(ValueError, match=message):
        evaluate(systems, toy)


def test_transformer_that_returns_nothing(toy):
    class Nothing(pt.Transformer):
        def transform(self, inp):
            return None

    with pytest.raises(TypeError, match=r"systems\['a'\].*NoneType; a transformer must return a DataFrame"):
        evaluate({"a": lambda corpus: Nothing()}, toy)
    with pytest.raises(TypeError, match="NoneType"):
        evaluate({"a": VectorPipelines(Nothing(), Nothing())}, toy)


def test_score_below_single_precision_counts_as_retrieved(toy):
    def with_a_low_score(frame):
        return frame.assign(score=[-1e300 if score == frame["score"].min() else score for score in frame["score"]])

    def system(change):
        return lambda corpus: Exhaustive(Letters(), corpus) >> pt.apply.generic(change)

    results = evaluate({"plain": system(lambda frame: frame), "low": system(with_a_low_score)}, toy, kinds=["mono"],
                       measures=["R@1000"])  # fmt: skip
    assert results.table().to_numpy().tolist() == [[1.0], [1.0]]


def test_vectors_of_different_lengths_are_named(toy):
    queries = pt.apply.generic(lambda frame: frame.assign(query_vec=[np.ones(2)] * len(frame)))
    ragged = pt.apply.generic(
        lambda frame: frame.assign(doc_vec=[np.ones(2 + (row == 3)) for row in range(len(frame))])
    )
    with pytest.raises(ValueError, match="doc_vec of '.*' has the shape"):
        evaluate({"a": VectorPipelines(queries, ragged)}, toy)


# Corpora, queries and qrels


def systems_of_every_kind(tmp_path):
    path = tmp_path / "run.trec"
    path.write_text(GOOD)
    return {
        "encoder": Letters(),
        "bm25": "bm25",
        "function": lambda corpus: Exhaustive(Letters(), corpus),
        "runs": Runs(f"{path.as_posix()}{{id}}"),
        "fusion": fuse(Letters(), "bm25"),
        "feedback": feedback(Letters()),
    }


@pytest.mark.parametrize("kind", ["encoder", "bm25", "function", "runs", "fusion", "feedback"])
@pytest.mark.parametrize("text", ["the same text", "another text"])
def test_docno_that_comes_twice_is_refused_for_every_system(kind, text, tmp_path, request):
    data = language("de", (0, 1))
    twice = data.docs[0]._replace(text=data.docs[0].text if text == "the same text" else "sun moon")
    name = f"toy-twice-{kind}-{len(text)}"
    family = make_family(name, {"de": data._replace(docs=[*data.docs, twice])})
    with pytest.raises(ValueError, match=f"{name}/de: docno 'de_0_0' comes twice: documents 0 and 9"):
        evaluate({"a": systems_of_every_kind(tmp_path)[kind]}, family, measures=["AP"])


def test_docno_that_two_languages_share_is_refused_in_the_pool():
    data = {lang: language(lang, (0, 1)) for lang in ("de", "en")}
    shared = Document("de_0_0", "sun", "en", "", "")
    data["en"] = data["en"]._replace(docs=[*data["en"].docs, shared])
    family = make_family("toy-shared", data)
    with pytest.raises(ValueError, match="toy-shared: docno 'de_0_0' comes twice"):
        evaluate({"a": Letters()}, family)
    evaluate({"a": Letters()}, family, kinds=["mono"], measures=["AP"])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document(3, "text", "de", "", ""), "docno 3, which is not a string"),
        (Document("de_9_0", None, "de", "", ""), "document 'de_9_0' has a text of type NoneType"),
        (
            Document("de_9_0", "a\ud800b", "de", "", ""),
            r"document 'de_9_0' has a lone surrogate .* position 1",
        ),
    ],
)
def test_documents_that_no_system_can_search_are_named(document, message):
    data = language("de", (0, 1))
    family = make_family(f"toy-bad-{len(message)}", {"de": data._replace(docs=[*data.docs, document])})
    with pytest.raises(ValueError, match=message):
        evaluate({"a": Letters()}, family, measures=["AP"])


def test_query_that_comes_twice_with_two_texts_is_refused():
    data = language("de", (0, 1))
    family = make_family(
        "toy-asked-twice", {"de": data._replace(queries={None: [*data.queries[None], GenericQuery("q0_de", "sun")]})}
    )
    with pytest.raises(ValueError, match="toy-asked-twice/de: qid 'q0_de' comes twice"):
        evaluate({"a": Letters()}, family, measures=["AP"])


@pytest.mark.parametrize("cached", [False, True])
def test_qrels_that_name_a_missing_document_count_it_as_not_found(tmp_path, cached):
    data = {lang: language(lang, (0, 1, 2)) for lang in ("de", "en")}
    missing = [TrecQrel("q0_de", "de_77_0", 2, "de"), TrecQrel("q3_de", "de_78_0", 1, "de")]
    data["de"] = data["de"]._replace(answers={None: [*data["de"].answers[None], *missing]})
    family = make_family(f"toy-missing-{cached}", data)

    class Fingerprinted(Letters):
        fingerprint = "0123456789abcdef"

    systems = {
        "a": Fingerprinted(),
        "f": lambda corpus: Exhaustive(Letters(), corpus),
        "fusion": fuse(Letters(), "bm25"),
    }
    options = {
        "perquery": True,
        "measures": ["AP", "nDCG", "R@1000", "RankDistance"],
        "cache": tmp_path if cached else None,
    }
    for _ in range(2):
        with pytest.warns(UserWarning, match="toy-missing-.*'de_7[78]_0', which is not in its corpus; 2 documents"):
            results = LanguageExperiment(systems, family, **options)
        queries = results.queries
        ours = queries[(queries["doc_lang"] == "de") & (queries["query_lang"] == "de")]
        ours = ours.pivot_table(index=["system", "qid"], columns="measure", values="value")
        documents = family.load("de", "de").docs_iter()
        from pyterrier_hybrid.experiment import Corpus

        corpus = Corpus("expected", "de", ("de",), tuple(documents))
        expected = expected_values(Letters(), family.id("de", "de"), corpus, ["AP", "nDCG", "R@1000"])
        for system in ("a", "f"):
            pd.testing.assert_frame_equal(
                ours.loc[system][list(expected.columns)], expected, check_names=False, check_column_type=False
            )
        assert ours.loc["a", "R@1000"].loc["q0_de"] == 0.5
        assert ours.loc["a", "AP"].loc["q3_de"] == 0.0
        assert ours.loc["fusion", "R@1000"].loc["q0_de"] == 0.5


def test_missing_documents_of_level_0_need_no_warning(toy):
    data = language("de", (0, 1))
    answers = {None: [*data.answers[None], TrecQrel("q0_de", "de_77_0", 0, "de")]}
    family = make_family("toy-missing-0", {"de": data._replace(answers=answers)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate({"a": Letters()}, family, measures=["AP"])


# Arguments


@pytest.mark.parametrize(
    "options",
    [
        {"confidence": "0.9"},
        {"confidence": True},
        {"measures": 3},
        {"measures": [3]},
        {"measures": type(RankDistance)},
        {"kinds": 3},
        {"languages": 3},
        {"languages": b"de"},
        {"dataset": 3},
        {"dataset": None},
        {"dataset": ["atlas"]},
        {"cache": 3},
        {"cache": b"cache"},
        {"cache": ""},
        {"perquery": "no"},
        {"verbose": 1},
        {"systems": {"a": Letters}},
        {"systems": None},
    ],
    ids=repr,
)
def test_arguments_of_wrong_types_are_refused_before_anything_is_computed(toy, options):
    encoder = Letters()
    with pytest.raises(
        TypeError, match=r"^(confidence|measures|kinds|languages|dataset|cache|perquery|verbose|systems)"
    ):
        LanguageExperiment(**{"systems": {"a": encoder}, "dataset": toy, **options})
    assert not encoder.calls


@pytest.mark.parametrize(
    "options",
    [
        {"confidence": 95},
        {"confidence": float("nan")},
        {"confidence": np.float64(0)},
        {"languages": [None]},
        {"languages": [["de"]]},
        {"kinds": [3]},
        {"baseline": 3},
        {"baseline": ["a"]},
        {"test": 3},
        {"test": None},
        {"test": ["t-test"]},
        {"measures": ["AP@0"]},
        {"kinds": ["mono"], "measures": ["RankDistance"]},
    ],
    ids=repr,
)
def test_wrong_values_are_refused_before_anything_is_computed(toy, options):
    encoder = Letters()
    with pytest.raises(ValueError, match=r"^(confidence|languages|kinds|baseline|test|measures)"):
        LanguageExperiment({"a": encoder}, toy, **options)
    assert not encoder.calls


def test_numpy_values_are_taken_as_those_of_python(toy):
    expected = evaluate({"a": Letters()}, toy, confidence=0.9, languages=["de", "en"], kinds=["mono", "multi"])
    results = evaluate(
        {"a": Letters()}, toy, confidence=np.array(0.9), languages=np.array(["de", "en"]), perquery=np.True_,
        kinds=np.array(["mono", "multi"]),
    )  # fmt: skip
    assert type(results.confidence) is float and results.queries is not None
    pd.testing.assert_frame_equal(results.means, expected.means)
    assert RankDistance(cutoff=np.int64(3), normalized=np.True_) == RankDistance(cutoff=3, normalized=True)
    results.heatmap("a", vmin=np.float32(0), vmax=np.int64(1))


@pytest.mark.parametrize("bounds", [{"vmin": "low"}, {"vmax": float("inf")}, {"vmin": float("nan")}, {"vmax": True}])
def test_bounds_of_heatmaps(toy, bounds):
    results = evaluate({"a": Letters()}, toy)
    with pytest.raises((TypeError, ValueError), match="vm(in|ax)="):
        results.heatmap("a", **bounds)


def test_cache_that_is_a_file_is_refused_before_anything_is_computed(toy, tmp_path):
    path, encoder = tmp_path / "cache", Letters()
    path.write_text("x")
    with pytest.raises(NotADirectoryError, match="cache=.*it is a file"):
        evaluate({"a": encoder}, toy, cache=path)
    assert not encoder.calls


@pytest.mark.parametrize(
    ("options", "suggestion"),
    [
        ({"dataset": "xquad"}, "xquad-r"),
        ({"dataset": "XQuAD-R"}, "xquad-r"),
        ({"dataset": "atlas/tran"}, "train"),
        ({"measures": ["ap"]}, "AP"),
        ({"measures": ["nDGC@10"]}, "nDCG"),
        ({"measures": ["RankDist"]}, "RankDistance"),
        ({"kinds": "mon"}, "mono"),
        ({"kinds": ["crosss"]}, "cross"),
        ({"languages": "de-AT"}, "de"),
        ({"test": "ttest"}, "t-test"),
        ({"baseline": "Hybird"}, "Hybrid"),
        ({"systems": {"a": "BM25"}}, "bm25"),
    ],
    ids=repr,
)
def test_misspelt_names_get_a_suggestion(toy, options, suggestion):
    with pytest.raises(ValueError, match=rf"did you mean '{suggestion}'\?"):
        LanguageExperiment(**{"systems": {"Hybrid": Letters()}, "dataset": toy, **options})


def test_misspelt_names_of_results_get_a_suggestion(toy):
    results = evaluate({"Hybrid": Letters()}, toy)
    for call, suggestion in [
        (lambda: results.heatmap("hybrid"), "Hybrid"),
        (lambda: results.table("markdwn"), "markdown"),
        (lambda: results.table(by="lang"), "language"),
        (lambda: results.table(measures="ap"), "AP"),
        (lambda: results.table(kind="crss"), "cross"),
        (lambda: results.compare("xlm-r"), "xlmr"),
        (lambda: LanguageValidation("atlas", measure="ap"), "AP"),
        (lambda: LanguageValidation("atals"), "atlas"),
    ]:
        with pytest.raises(ValueError, match=rf"did you mean '{suggestion}'\?"):
            call()


@pytest.mark.parametrize("scale", [1e20, 1e30, 1e38])
@pytest.mark.parametrize("role", ["queries", "documents"])
def test_vectors_whose_products_overflow_are_refused(toy, scale, role):
    class Huge(Letters):
        pass

    def encode(self, texts):
        with np.errstate(over="ignore"):
            return Letters.encode_queries(self, texts) * np.float32(scale)

    setattr(Huge, f"encode_{role}", encode)
    with pytest.raises(ValueError, match=rf"systems\['a'\].*{role}"):
        evaluate({"a": Huge()}, toy)


def test_heat_maps_have_names_that_every_file_system_takes():
    names = ["a:b", "a/b", "con", 'x?*<>|"', "a\nb", "A", "a", "..", " ", "ü" * 200, "a.", "NUL"]
    files = [f"heatmap-{name}.png" for name in file_names(names)]
    assert len({file.lower() for file in files}) == len(names)
    for file in files:
        assert not set(file) & set('<>:"/\\|?*\n') and len(file.encode()) < 255
