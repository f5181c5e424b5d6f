"""The rows that ``compare`` can add: seeds, language bias removed, fusion, the start, other systems."""

import json

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from cli_helpers import run

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.compare.rows import LazyEncoder

SMALL = ["--steps", "3", "--dim", "8", "--vocab-size", "1000", "--batch-size", "8", "--pairs", "pairs.jsonl"]
FEW = ["--eval-languages", "de", "en", "--kinds", "mono", "multi", "--no-mdpr"]


pytestmark = pytest.mark.usefixtures("pairs_in_the_working_folder")


def systems_of(folder):
    return list(pd.read_csv(folder / "means.csv").system.unique())


def value(folder, system, kind="mono", column="value"):
    means = pd.read_csv(folder / "means.csv")
    return means[(means.system == system) & (means.kind == kind) & (means.measure == "AP")][column].item()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    texts = ph.ParallelPairs.from_irds("atlas/train").texts(limit=500)
    start = ph.DenseEncoder.from_scratch(texts, dim=8, vocab_size=1000, verbose=False)
    return start.save(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare") / "all"
    output = run(
        "compare", *SMALL, *FEW, "--samplers", "cross", "hybrid", "--seeds", 0, 3, "--debias", "shift", "--feedback",
        "--fuse", "--baseline", "BM25", "--test", "randomisation", "--confidence", 0.9, "--output", folder,
    )  # fmt: skip
    return folder, output


@pytest.mark.slow
def test_seeds_are_reported_with_mean_and_deviation(everything):
    folder, output = everything
    assert {path.name for path in (folder / "models").iterdir()} == {
        "X-Y-seed0", "X-Y-seed3", "Hybrid-seed0", "Hybrid-seed3",
    }  # fmt: skip
    means = pd.read_csv(folder / "means.csv")
    assert (means[means.system == "X-Y"].seeds == 2).all() and means[means.system == "BM25"]["std"].isna().all()
    line = next(line for line in output.splitlines() if line.startswith("Hybrid  "))
    assert f"{value(folder, 'Hybrid'):.3f} ±{value(folder, 'Hybrid', column='std'):.3f}" in line
    records = [json.loads((folder / "models" / f"Hybrid-seed{seed}" / "training.json").read_text()) for seed in (0, 3)]
    assert [record["seed"] for record in records] == [0, 3]


@pytest.mark.slow
def test_train_makes_the_same_encoder(everything, tmp_path):
    folder, _ = everything
    run("train", *SMALL, "--sampler", "hybrid", "--seed", 3, "--output", tmp_path / "one")
    ours, theirs = ph.DenseEncoder(tmp_path / "one"), ph.DenseEncoder(folder / "models" / "Hybrid-seed3")
    np.testing.assert_array_equal(ours.encode_queries(["Rom"]), theirs.encode_queries(["Rom"]))
    run("train", folder / "models" / "Hybrid-seed3" / "recipe.yaml", "--output", tmp_path / "again")
    assert ph.DenseEncoder(tmp_path / "again").fingerprint == theirs.fingerprint


@pytest.mark.slow
def test_derived_rows(everything):
    folder, _ = everything
    plain, debiased = ["X-Y", "Hybrid"], ["X-Y + SHIFT", "Hybrid + SHIFT"]
    dense = [*plain, *debiased]
    moved, fused = [f"{name} + feedback" for name in dense], [f"BM25 + {name}" for name in dense]
    assert systems_of(folder) == ["BM25", *dense, *moved, *fused]
    record = json.loads((folder / "run.json").read_text())
    assert record["rows"] == systems_of(folder)
    assert list(record["systems"]) == ["BM25", "X-Y", "Hybrid"] and len(record["systems"]["X-Y"]) == 2
    assert record["language bias estimated on"] == "the pairs"


@pytest.mark.slow
def test_tests_and_intervals(everything):
    folder, _ = everything
    settings = pd.read_csv(folder / "settings.csv")
    assert settings[settings.system == "BM25"].p_value.isna().all()
    assert settings[settings.system == "X-Y"].p_corrected.between(0, 1).all()
    assert set(settings.kind) == {"mono", "multi"} and set(settings.query_lang) == {"de", "en"}
    assert value(folder, "BM25", column="low") < value(folder, "BM25") < value(folder, "BM25", column="high")
    assert "randomisation" in (folder / "report.html").read_text()


@pytest.mark.slow
def test_rows_equal_those_of_the_library(everything):
    folder, _ = everything
    encoders = [ph.DenseEncoder(folder / "models" / f"X-Y-seed{seed}") for seed in (0, 3)]
    pairs = ph.ParallelPairs.from_jsonl("pairs.jsonl")
    systems = {
        "X-Y + SHIFT": [ph.SHIFT().fit(encoder, pairs).applied_to(encoder) for encoder in encoders],
        "X-Y + SHIFT + feedback": [
            ph.feedback(ph.SHIFT().fit(encoder, pairs).applied_to(encoder)) for encoder in encoders
        ],
        "BM25 + X-Y": [ph.fuse("bm25", encoder, by="min-max", weights=(0.2, 0.8)) for encoder in encoders],
    }
    means = ph.LanguageExperiment(systems, "atlas", languages=["de", "en"], kinds=["mono", "multi"]).means
    ours = pd.read_csv(folder / "means.csv").set_index(["system", "kind", "measure"]).value
    for row in means.itertuples():
        assert ours[row.system, row.kind, row.measure] == pytest.approx(row.value, abs=1e-12)


def test_an_untrained_encoder_with_other_systems(encoder, tmp_path):
    for lang in ("de", "en"):
        topics = pt.get_dataset(f"irds:atlas/{lang}/test").get_topics()
        first = next(iter(datasets.family("atlas").documents([lang]))).doc_id
        run_file = topics[["qid", "query"]].assign(docno=first, score=1.0, rank=0)
        pt.io.write_results(run_file, str(tmp_path / f"{lang}-{lang}.res"), format="trec")
    output = run(
        "compare", "--no-train", "--encoder", encoder, "--system", f"twin={encoder}",
        f"runs={tmp_path}/{{doc_lang}}-{{query_lang}}.res", "--debias", "lir", "--kinds", "mono",
        "--eval-languages", "de", "en", "--no-mdpr", "--no-bm25", "--output", tmp_path / "r",
    )  # fmt: skip
    assert systems_of(tmp_path / "r") == ["twin", "runs", "tiny", "twin + LIR", "tiny + LIR"]
    assert value(tmp_path / "r", "twin") == value(tmp_path / "r", "tiny") != value(tmp_path / "r", "tiny + LIR")
    assert "language bias was estimated on the documents that are searched" in output


def test_systems_alone(encoder, tmp_path):
    run("compare", "--no-train", "--system", f"mine={encoder}", *FEW, "--no-bm25", "--output", tmp_path / "r")
    assert systems_of(tmp_path / "r") == ["mine"]


def test_no_train_takes_encoder_and_pairs_from_the_recipe(encoder, tmp_path):
    (tmp_path / "a.yaml").write_text(f"name: a\nencoder: {encoder}\npairs: {{sources: [atlas/train]}}\n")
    output = run(
        "compare", tmp_path / "a.yaml", "--no-train", "--system", f"mine={encoder}", "--debias", "shift", *FEW,
        "--no-bm25", "--output", tmp_path / "r",
    )  # fmt: skip
    assert systems_of(tmp_path / "r") == ["mine", "tiny", "mine + SHIFT", "tiny + SHIFT"]
    assert "estimated on the pairs" in output
    assert value(tmp_path / "r", "mine + SHIFT") == value(tmp_path / "r", "tiny + SHIFT")


def test_with_start(encoder, tmp_path):
    run(
        "compare", *SMALL, *FEW, "--encoder", encoder, "--with-start", "--debias", "centring", "--samplers", "mono",
        "--no-bm25", "--output", tmp_path / "r",
    )  # fmt: skip
    assert systems_of(tmp_path / "r") == ["tiny", "X-X-mono", "tiny + Centring", "X-X-mono + Centring"]


@pytest.mark.slow
def test_a_cache_is_reused(encoder, tmp_path, monkeypatch):
    args = [
        "compare",
        "--no-train",
        "--encoder",
        encoder,
        *FEW,
        "--feedback",
        "--fuse",
        "reciprocal-rank",
        "--cache",
        tmp_path / "cache",
        "--output",
    ]
    run(*args, tmp_path / "one")
    monkeypatch.setattr(ph.DenseEncoder, "_encode", lambda *_: pytest.fail("it was encoded again"))
    monkeypatch.setattr(ph.BM25Index, "indexer", lambda *_: pytest.fail("it was indexed again"))
    run(*args, tmp_path / "two")
    assert (tmp_path / "one" / "means.csv").read_bytes() == (tmp_path / "two" / "means.csv").read_bytes()


def test_runs_and_values_of_single_queries(encoder, tmp_path):
    args = ["--no-train", "--kinds", "mono", "--eval-languages", "de", "en", "--no-mdpr", "--no-bm25"]
    whole, again = tmp_path / "whole", tmp_path / "again"
    run(
        "compare", *args, "--encoder", encoder, "--system", f"twin={encoder}", "--per-query", "--run-depth", 20,
        "--measures", "R@20", "AP", "--output", whole,
    )  # fmt: skip
    assert sorted(path.name for path in (whole / "runs").iterdir()) == ["tiny", "twin"]
    queries = pd.read_csv(whole / "queries.csv.gz")
    assert list(queries.columns) == ["system", "kind", "doc_lang", "query_lang", "qid", "measure", "value"]
    of_twin = queries[(queries.system == "twin") & (queries.measure == "AP")]
    assert of_twin.groupby("query_lang").value.mean().mean() == pytest.approx(value(whole, "twin"))
    pattern = f"{whole}/runs/twin/{{doc_lang}}.{{query_lang}}.res.gz"
    run(
        "compare", *args, "--system", f"read={pattern}", "--measures", "R@20", "AP@20", "--per-query", "--output", again
    )
    means = [pd.read_csv(folder / "means.csv").set_index(["system", "measure"]).value for folder in (whole, again)]
    # Scores that are nearly equal may change places between the ranking and its run.
    assert means[1]["read", "R@20"] == pytest.approx(means[0]["twin", "R@20"], abs=0.01) != 0
    assert not (again / "runs" / "twin").exists()

    page = tmp_path / "both.html"
    output = run("report", whole, again, "--baseline", "tiny", "--output", page)
    assert output == f"written to {page}\n"
    text = page.read_text()
    assert all(f"<th scope='row'>{name}</th>" in text for name in ("tiny", "twin", "read"))
    assert "Tests against tiny" in text
    assert "already exists" in run("report", whole, "--output", page, code=2)
    other = tmp_path / "other.html"
    assert "no 'tinny', only twin" in run("report", whole, "--baseline", "tinny", "--output", other, code=1)
    assert "is not there: give a folder" in run("report", tmp_path / "no", "--output", other, code=1)
    assert "has no results.json, nor has a folder in it" in run("report", whole / "runs", "--output", other, code=1)
    assert not other.exists()


def test_several_datasets_are_on_one_page(encoder, tmp_path):
    folder = tmp_path / "r"
    run(
        "compare", "--no-train", "--encoder", encoder, "--dataset", "atlas", "atlas/train", "--no-mdpr", "--no-bm25",
        "--measures", "AP", "--kinds", "mono", "--eval-languages", "de", "--output", folder,
    )  # fmt: skip
    text = (folder / "report.html").read_text()
    assert [text.count(f"<h1>{name}</h1>") for name in ("2 comparisons", "atlas", "atlas/train")] == [1, 1, 1]
    run("report", folder, "--output", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == text


def test_one_encoder_is_in_memory_at_a_time(encoder):
    read = []

    def reader(name):
        def load():
            read.append(name)
            return ph.DenseEncoder(encoder)

        return load

    one, two = LazyEncoder(reader("one")), LazyEncoder(reader("two"))
    assert one.fingerprint == two.fingerprint == ph.DenseEncoder(encoder).fingerprint
    for system in (two, one, one):
        assert system.encode_queries(["a"]).shape == system.encode_documents(["a"]).shape == (1, 8)
    assert read == ["one", "two", "one"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--baseline", "bm25"], "there is no row 'bm25', only BM25, X-X-mono, X-Y, Hybrid"),
        (["--eval-languages", "xx"], "atlas has no 'xx', only ar, de"),
        (["--seeds", "1", "--seed", "2"], "--seed and --seeds exclude each other"),
        (["--seeds", "0,1"], "separate by spaces"),
        (["--with-start"], "--with-start evaluates a pretrained encoder"),
        (["--debias", "shift", "--debias-on", "corpus"], "is estimated on translations"),
        (["--no-train", "--system", "a=b", "--debias", "lir", "--debias-on", "pairs"], "needs pairs"),
        (["--debias", "mean"], "'centring', 'lir', 'shift'"),
        (["--fuse", "--no-bm25"], "--fuse needs BM25"),
        (["--fuse", "sum"], "'min-max', 'reciprocal-rank'"),
        (["--system", "mine"], "'mine' is not NAME=MODEL"),
        (["--system", "mine=runs/{language}.res"], "its fields are {id}, {doc_lang} and {query_lang}"),
        (["--system", "mine=runs/{doc_lang"], "cannot be filled in"),
        (["--system", "Hybrid=x"], "two rows would be called 'Hybrid'"),
        (["--system", "a=x", "a=y"], "two rows would be called 'a'"),
        (["--confidence", "1"], "1"),
        (["--test", "sign"], "t-test"),
        (["--test", "t-test"], "--test is the test against --baseline: add --baseline ROW"),
        (["--run-depth", "5"], "--run-depth is the depth of the run files of --per-query: add --per-query"),
        (["--debias-on", "pairs"], "--debias-on is what the bias of --debias is estimated on: add --debias METHOD"),
        (["--samplers", "mono", "X-Y", "--alpha", "0.3"], "is an option of hybrid, and --samplers has only mono cross"),
        (["--no-train", "--encoder", "e", "--steps", "5"], "--steps has no effect with --no-train"),
        (["--no-train", "--encoder", "e", "--samplers", "hybrid"], "--samplers has no effect with --no-train"),
        (["--no-train", "--system", "a=b", "--seeds", "1", "2"], "--seeds has no effect with --no-train"),
        (["--no-train", "--encoder", "e", "--with-start"], "--with-start has no effect with --no-train"),
        (["--no-train", "--encoder", "e", "--pairs", "p.jsonl"], "--pairs has no effect with --no-train"),
        (["--no-train", "--encoder", "e", "--seed", "0"], "--seed has no effect with --no-train"),
        (
            ["--no-train", "--encoder", "e", "--pairs", "p.jsonl", "--debias", "lir", "--debias-on", "corpus"],
            "--pairs has no effect with --no-train",
        ),
    ],
)
def test_bad_usage(tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    output = run("compare", "--no-mdpr", *args, code=2)
    assert len(output.splitlines()) == 1 and message in output
    assert list(tmp_path.iterdir()) == []


def test_kinds_that_a_dataset_does_not_have(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = run(
        "compare", "--no-mdpr", "--dataset", "atlas", "boolq-r", "--pairs", "atlas/train", "--kinds", "multi", code=1
    )
    assert "boolq-r has no setting of kind 'multi'" in output and list(tmp_path.iterdir()) == []


def test_a_missing_model_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = run("compare", "--no-train", "--system", "a=nowhere/no", *FEW, "--output", "r", code=1)
    assert "nowhere/no" in output and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--measures", "AP@10", "nDGC@10"], "'nDGC@10' is not supported"),
        (["--measures", "RankDistance", "--kinds", "mono"], "RankDistance is reported for kind multi only"),
    ],
)
def test_measures_are_checked_before_the_training(tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    output = run("compare", *args, "--output", "r", code=1)
    assert message in output and len(output.splitlines()) == 1, "there is no notice without a table"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (None, "de.en.res is not there; atlas/de/en/test needs a run"),
        ("a Q0 b 1 2 r\n", "ranks none of the queries of atlas/de/test"),
        ("{qid} Q0 b 1 2 r\n", "the results contain docno 'b', which is not in the corpus"),
        ("{qid} Q0 b 1\n", "line 1: "),
    ],
)
def test_run_files_are_read_before_the_training(tmp_path, monkeypatch, lines, message):
    monkeypatch.chdir(tmp_path)
    qid = next(iter(datasets.family("atlas").load("de", "de").queries_iter())).query_id
    (tmp_path / "de.de.res").write_text((lines or "").format(qid=qid))
    if lines is None:
        docno = next(iter(datasets.family("atlas").documents(["de"]))).doc_id
        (tmp_path / "de.de.res").write_text(f"{qid} Q0 {docno} 1 2 r\n")
    kinds = ["--eval-languages", "de", "en", "--kinds", "mono", "cross"] if lines is None else FEW[:-1]
    output = run("compare", *kinds, "--no-mdpr", "--system", "r={doc_lang}.{query_lang}.res", "--output", "r", code=1)
    assert message in output and len(output.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["de.de.res"]


def test_every_option_is_explained():
    help_text = run("compare", "--help")
    options = ("--baseline --test --confidence --cache --seeds --debias --debias-on --fuse --with-start --system "
               "--eval-languages --kinds --measures")  # fmt: skip
    for option in options.split():
        (line,) = [line for line in help_text.splitlines() if line.startswith(f"  {option} ")]
        assert len(line.split()) > 2
