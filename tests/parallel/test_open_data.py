"""Open training data: rows of the same form as the datasets that recipes name, read as the recipes read them.

Sources of the forms: the dataset cards of PaDaS-Lab/webfaq-v2-bitexts, nthakur/swim-ir-monolingual and
nthakur/swim-ir-cross-lingual on the Hugging Face hub, and ir_datasets' own readers of mMARCO, MIRACL and Mr. TyDi.
"""

import dataclasses
import gzip
import json
import os
import subprocess
import sys

import pytest

from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.recipe import Recipe
from pyterrier_hybrid.recipe.library import recipe_names

datasets = pytest.importorskip("datasets")

WEBFAQ = [
    {"language1": "deu", "language2": "eng", "origin": "example.org", "labse_similarity": 0.93, "question1": "Wer?",
     "question2": "Who?", "answer1": "Ich.", "answer2": "Me.", "details": {"urls": ["https://example.org/de"]}},
    {"language1": "eng", "language2": "zho", "origin": "example.org", "labse_similarity": 0.91, "question1": "Who?",
     "question2": "谁？", "answer1": "Me.", "answer2": "我。", "details": {"urls": []}},
]  # fmt: skip
WEBFAQ_COLUMNS = {
    "language_column": ["language1", "language2"], "query": ["question1", "question2"],
    "passage": ["answer1", "answer2"],
}  # fmt: skip
SWIM = [
    {"_id": "10770836", "lang": "Chinese", "code": "zh", "query": "门洛帕克在哪里？", "title": "Menlo Park, New Jersey",
     "text": "Menlo Park is a community within Edison Township."},
    {"_id": "7", "lang": "German", "code": "de", "query": "Wo liegt Rom?", "title": "Rome",
     "text": "Rome is in Italy."},
]  # fmt: skip


def write_parquet(rows, folder):
    folder.mkdir(parents=True)
    datasets.Dataset.from_list(rows).to_parquet(folder / "train-00000-of-00001.parquet")
    return str(folder)


def test_rows_in_two_languages(tmp_path):
    folder = write_parquet(WEBFAQ, tmp_path / "eng")
    pairs = ParallelPairs.from_hf(folder, **WEBFAQ_COLUMNS, dataset_name="webfaq", folder=tmp_path / "store")
    assert [pairs.item(i) for i in range(2)] == [
        Item("0", 0, "webfaq", {"de": "Wer?", "en": "Who?"}, {"de": "Ich.", "en": "Me."}),
        # The English question is that of the first row, so they never meet in a batch.
        Item("1", 0, "webfaq", {"en": "Who?", "zh": "谁？"}, {"en": "Me.", "zh": "我。"}),
    ]


def test_passages_in_another_language(tmp_path):
    rows = datasets.Dataset.from_list([{**row, "no": ["Milan."]} for row in SWIM])
    columns = {"query": "query", "passage": "text", "language_column": "code", "id": "_id", "dataset_name": "swim"}
    pairs = ParallelPairs.from_hf(rows, **columns, passage_lang="eng", negatives="no")
    assert pairs.item(1) == Item("7", 1, "swim", {"de": "Wo liegt Rom?"}, {"en": "Rome is in Italy."}, False,
                                 {"en": ["Milan."]})  # fmt: skip
    assert pairs.languages == ["de", "en", "zh"]
    monolingual = ParallelPairs.from_hf(rows, **columns)
    assert monolingual.item(1).passages == {"de": "Rome is in Italy."}
    one = ParallelPairs.from_hf(rows, query="query", passage="text", lang="de", passage_lang="en", dataset_name="swim")
    assert one.item(0).queries.keys() == {"de"} and one.item(0).passages.keys() == {"en"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": "question1"}, "query='question1', .*: rows in several languages need three lists of columns"),
        ({"passage": ["answer1"]}, r"passage=\['answer1'\]: rows in several languages need three lists"),
        ({"passage": ["answer1", "answer3"]}, "toy has no column 'answer3', only language1"),
        ({"negatives": "origin"}, "negatives='origin' does not go with lists of columns"),
        ({"passage_lang": "en"}, "passage_lang='en' does not go with lists of columns"),
        ({"language_column": ["language1", "language1"]}, r"row 0: the languages \('deu', 'deu'\) are one language"),
        ({"language_column": ["origin", "language2"]}, "toy, row 0, field 'queries': unknown language 'example.org'"),
        ({"language_column": None, "lang": "de"}, "language_column=None, query=.* need three lists"),
    ],
)
def test_bad_lists(changes, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs.from_hf(
            datasets.Dataset.from_list(WEBFAQ), **{**WEBFAQ_COLUMNS, "dataset_name": "toy", **changes}
        )


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_are_valid(name):
    recipe = Recipe.from_file(name)
    recipe.make_sampler()
    assert Recipe.from_file(name).training_options() == recipe.training_options()


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))


READ_IRDS = """
import json, sys
from pyterrier_hybrid.parallel import ParallelPairs
for source in json.loads(sys.argv[1]):
    pairs = ParallelPairs.from_irds(source.pop("irds"), **source)
    print(json.dumps([pairs.item(i) for i in range(len(pairs))]))
"""


def test_collections_of_ir_datasets(tmp_path):
    """In a process of its own, since ir_datasets binds its home when it is imported."""
    for lang, word, question, passages in (
        ("de", "german", "Wo ist Rom?", ("In Italien.", "In Norwegen.")),
        ("hi", "hindi", "रोम कहाँ है?", ("इटली में।", "नॉर्वे में।")),
    ):
        write(tmp_path / f"mmarco/v2/{word}_collection.tsv", *(f"{n}\t{text}" for n, text in enumerate(passages)))
        write(tmp_path / f"mmarco/v2/{word}.queries.train.tsv", f"5\t{question}")
    write(tmp_path / "mmarco/triples.train.ids.small.tsv", "5\t0\t1")
    write(tmp_path / "msmarco-passage/train/qrels", "5 0 0 1")
    for lang, name in (("sw", "swahili"), ("th", "thai")):
        folder = tmp_path / f"mr-tydi/{lang}.data/mrtydi-v1.0-{name}"
        write(folder / "collection/docs.jsonl.gz", json.dumps({"id": "1#0", "contents": f"Rome in {lang}"}))
        write(folder / "topic.train.tsv", f"1\tWhere, in {lang}?")
        write(folder / "qrels.train.txt", "1 Q0 1#0 1")
        passages = [{"docid": f"1#{n}", "title": "Rome", "text": f"{n} in {lang}"} for n in range(2)]
        write(tmp_path / f"miracl/v1.0/{lang}/docs/docs-0.jsonl.gz", *map(json.dumps, passages))
        write(tmp_path / f"miracl/v1.0/{lang}/docs/docs-1.jsonl.gz")
        write(tmp_path / f"miracl/v1.0/{lang}/train/topics.tsv", f"7\tWho, in {lang}?")
        write(tmp_path / f"miracl/v1.0/{lang}/train/qrels.tsv", "7 Q0 1#0 0", "7 Q0 1#1 1")
    write(tmp_path / "mr-tydi/irds_version.txt", "v2")

    # The sources of the recipe, with the languages that there are files for.
    languages = {"mmarco": ["de", "hi"], "miracl": ["sw", "th"], "mr-tydi": ["sw", "th"]}
    sources = [source for source in Recipe.from_file("open-data").pairs["sources"] if "irds" in source]
    families = [source["irds"].split("/")[0] for source in sources]
    assert families == ["mmarco", "msmarco-passage", "miracl", "mr-tydi"]
    chosen = []
    for family, source in zip(families, sources, strict=True):
        if family in languages:
            assert set(languages[family]) <= set(source["languages"])
            chosen.append({**source, "languages": languages[family]})
            del chosen[-1]["folder"]
    environment = {**os.environ, "IR_DATASETS_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", READ_IRDS, json.dumps(chosen)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    mmarco, miracl, mr_tydi = map(json.loads, result.stdout.splitlines())
    assert [item[:7] for item in mmarco] == [["5/0", 0, "mmarco/v2/train", {"de": "Wo ist Rom?", "hi": "रोम कहाँ है?"},
                       {"de": "In Italien.", "hi": "इटली में।"}, False,
                       {"de": ["In Norwegen."], "hi": ["नॉर्वे में।"]}]]  # fmt: skip
    assert [item[:5] for item in miracl] == [
        ["7/1#1", n, f"miracl/{lang}/train", {lang: f"Who, in {lang}?"}, {lang: f"Rome 1 in {lang}"}]
        for n, lang in enumerate(["sw", "th"])
    ]
    assert [item[:5] for item in mr_tydi] == [
        ["1/1#0", n, f"mr-tydi/{lang}/train", {lang: f"Where, in {lang}?"}, {lang: f"Rome in {lang}"}]
        for n, lang in enumerate(["sw", "th"])
    ]


def rows_like_those_of(name, config):
    """Make rows of the form of a dataset; a number makes texts different."""
    if name.endswith("bitexts"):
        others = ["ara", "deu", "ell", "spa", "hin", "rus", "tha", "tur", "vie", "zho"]
        return [
            {
                **WEBFAQ[0],
                "language1": others[n % 10],
                **{f"{role}{k}": f"{role} {n} of {config}, {k}" for role in ("question", "answer") for k in (1, 2)},
            }
            for n in range(300)
        ]
    return [{**SWIM[0], "code": config, "query": f"question {n} in {config}", "text": f"passage {n} in {config}"}
            for n in range(300)]  # fmt: skip


@pytest.mark.parametrize("name", ["laptop", "open-data"])
def test_a_recipe_with_open_data_alone(name, tmp_path, monkeypatch):
    asked = []

    def load(dataset, config, *, split):
        asked.append((dataset, config, split))
        folder = tmp_path / "hub" / dataset / config
        if not folder.exists():
            write_parquet(rows_like_those_of(dataset, config), folder)
        return datasets.Dataset.from_parquet(
            str(folder / "train-00000-of-00001.parquet"), cache_dir=str(tmp_path / "cache")
        )

    monkeypatch.setattr(datasets, "load_dataset", load)
    recipe = dataclasses.replace(Recipe.from_file(name), folder=tmp_path)
    pairs = {
        **recipe.pairs,
        "sources": [source for source in recipe.pairs["sources"] if "hf" in source],
        "without_leaks": ["atlas/de/test"],
    }
    recipe = recipe.override(pairs=pairs, validation={"hold_out": 20})
    learned, held_out = recipe.load_pairs()
    assert len(learned) > len(held_out) > 0 and learned.leak_checks[0]["evaluation"] == ["atlas/de/test"]
    assert {("PaDaS-Lab/webfaq-v2-bitexts", "eng", "default")} <= set(asked)
    batch = recipe.make_sampler().plan(learned, batch_size=8, seed=0).batch(0)
    assert len(batch) == 8
    cross = dataclasses.replace(recipe, sampler={"name": "cross"}).make_sampler().plan(learned, batch_size=8).batch(0)
    assert all(query != passage for _, query, passage in cross)
    if name == "open-data":
        swim = learned.filter(datasets=["swim-ir-ru-en"]).item(0)
        assert swim.queries.keys() == {"ru"} and swim.passages.keys() == {"en"}
    # The next run opens the folders and loads nothing.
    asked.clear()
    assert recipe.load_pairs()[0].fingerprint == learned.fingerprint and not asked
