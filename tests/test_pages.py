"""What the pages of the documentation show runs as it stands there, with small stand-ins for models and sets."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import click
import ir_datasets
import pytest
import yaml
from document_helpers import PAGES, ROOT, blocks, check_command, commands, languages_of_blocks

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli import main

NAMES = sorted(path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*.md"))
# tests/test_page_from_english_pairs.py runs all steps of this page in one go.
WALK = "howto/from-english-pairs.md"
# What blocks of JSON Lines are called by the code below them.
JSON_FILES = {"howto/own-data.md": ["pairs.jsonl", "lexicon.jsonl", "collection.jsonl"]}
LANGUAGES = ["ar", "de", "en"]


def page(name):
    return f"pyterrier_hybrid/pt_docs/{name}"


@pytest.fixture(scope="module")
def pairs():
    return ph.ParallelPairs.from_irds("atlas/train").filter(languages=LANGUAGES)


@pytest.fixture(scope="module")
def model(pairs, tmp_path_factory):
    """The folder of a small encoder."""
    encoder = ph.DenseEncoder.from_scratch(pairs.texts(limit=600), dim=32, vocab_size=1500)
    return str(encoder.save(tmp_path_factory.mktemp("model") / "model"))


@pytest.fixture(scope="module")
def small_family(pairs):
    """A dataset in three languages with 24 documents in each."""
    whole = (item for item in map(pairs.item, range(len(pairs))) if len(item.queries) == len(item.passages) == 3)
    items = [item for number, item in zip(range(240), whole, strict=False) if number % 10 == 0]
    docs = [
        {"docno": f"{lang}_{item.id}", "text": item.passages[lang], "lang": lang}
        for item in items
        for lang in LANGUAGES
    ]
    queries = [{"qid": item.id, "query": item.queries[lang], "lang": lang} for item in items[:8] for lang in LANGUAGES]
    qrels = [{"qid": item.id, "docno": f"{lang}_{item.id}", "label": 1} for item in items[:8] for lang in LANGUAGES]
    return ph.family_from(docs, queries, qrels)


@pytest.fixture
def names(pairs, model, small_family, tmp_path, monkeypatch):
    """The names that the blocks of a page begin with; the stand-ins are put in place."""
    family = datasets.family

    def small(name):
        return small_family if name in ("atlas", "xquad-r", "mlqa-r") else family(name)

    monkeypatch.setattr(datasets, "family", small)
    monkeypatch.chdir(tmp_path)
    encoder = ph.DenseEncoder(model)
    for sampler in ("X-X-mono", "X-Y", "Hybrid"):
        encoder.save(tmp_path / "e5" / "models" / sampler)
    return {"start": encoder, "hybrid": encoder, "ntrex": pairs}


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(page(name), "python") and name != WALK])
def test_python(name, names, model, tmp_path):
    for file, lines in zip(JSON_FILES.get(name, []), blocks(page(name), "json"), strict=True):
        (tmp_path / file).write_text(lines, encoding="utf-8")
    stand_ins = {
        "intfloat/multilingual-e5-small": model, 'DenseEncoder("multilingual-e5-small"': f'DenseEncoder("{model}"',
        'find_leaks(pairs, ["xquad-r"])': 'find_leaks(pairs, ["atlas/en/test"])', "max_steps=600": "max_steps=10",
    }  # fmt: skip
    if "ph.LanguageExperiment(" not in blocks(page(name), "python")[0]:
        # Only the page of results leaves the import out.
        assert "import pyterrier_hybrid" in blocks(page(name), "python")[0]
    names["ph"] = ph
    for block in blocks(page(name), "python"):
        for real, small in stand_ins.items():
            block = block.replace(real, small)
        exec(compile(block, name, "exec"), names)


def test_topics_of_all_languages_get_their_languages():
    found = {}
    exec(blocks(page("howto/datasets.md"), "python")[1], found)
    topics = found["topics"]
    assert sorted(topics["lang"].unique()) == list(datasets.family("atlas").languages)
    for lang, part in topics.groupby("lang"):
        queries = ir_datasets.load(f"atlas/{lang}/test").queries_iter()
        assert set(zip(part["qid"], part["query"], strict=True)) == set(queries)
    same = ph.perturbation.Case(severity=0)(topics)
    assert not same["changed"].any()


@pytest.mark.parametrize("name", [name for name in NAMES if blocks(page(name), "bash") and name != WALK])
def test_commands(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # A file of --queries must exist.
    (tmp_path / "clean.txt").write_text("12_de\n", encoding="utf-8")
    for block in blocks(page(name), "bash"):
        for command in commands(block.replace("SEED", "0")):
            check_command(command)


def test_a_wrong_command_is_found():
    with pytest.raises(click.NoSuchOption):
        check_command(commands("pyterrier-hybrid train atlas --stpes 3")[0])
    with pytest.raises(AssertionError):
        check_command(["python", "benchmarks/none.py"])


@pytest.mark.parametrize("name", NAMES)
def test_every_block_has_a_test(name):
    known = {"python", "bash", "json", "yaml", "bibtex"} | ({"text"} if name == "faq.md" else set())
    assert languages_of_blocks(page(name)) <= known
    assert bool(blocks(page(name), "json")) == (name in JSON_FILES or name == WALK)
    assert all(yaml.safe_load(block) for block in blocks(page(name), "yaml"))


def test_the_collection_shown_is_read():
    docs, queries = ([json.loads(line)] for line in blocks(page("howto/own-data.md"), "json")[2].splitlines())
    family = ph.family_from(docs, queries, [{"qid": "q1", "docno": "d1", "label": 1}])
    assert list(family.settings()) == [("de", "en")]


def test_the_switched_query_is_the_one_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file, lines in zip(("pairs.jsonl", "lexicon.jsonl"), blocks(page("howto/own-data.md"), "json"), strict=False):
        (tmp_path / file).write_text(lines, encoding="utf-8")
    (code,) = (block for block in blocks(page("howto/own-data.md"), "python") if "code_switch" in block)
    names = {"ph": ph, "pairs": ph.ParallelPairs.from_jsonl("pairs.jsonl")}
    exec(code, names)
    assert names["switched"].query(1, "en") == code.partition("# ")[2].strip() != names["pairs"].query(1, "en")


def test_the_recipe_shown_is_read(tmp_path):
    (example,) = blocks(page("howto/recipes.md"), "yaml")
    (tmp_path / "recipe.yaml").write_text(example, encoding="utf-8")
    recipe = ph.Recipe.from_file(tmp_path / "recipe.yaml")
    assert [next(iter(source)) for source in recipe.pairs["sources"]] == ["jsonl", "irds"]


def test_the_api_has_every_public_name():
    text = "".join(path.read_text(encoding="utf-8") for path in (PAGES / "api").glob("*.rst"))
    # Measures are instances, for which the page writes the signature.
    documented = re.findall(r"^\.\. auto(?:class|function|data):: pyterrier_hybrid\.([\w.]+)", text, flags=re.MULTILINE)
    assert len(documented) == len(set(documented))
    names = {name for name in documented if "." not in name}
    rooms = ("datasets", "experiment", "parallel", "perturbation", "recipe", "retrieval", "training")
    assert names == set(ph.__all__) - set(rooms)
    for module in rooms:
        room = getattr(__import__(f"pyterrier_hybrid.{module}"), module)
        inside = {name.partition(".")[2] for name in documented if name.startswith(f"{module}.")}
        assert inside <= set(room.__all__)
        # A name of a room is also public under a shorter name, or listed with the room.
        assert set(room.__all__) - inside - set(ph.__all__) == ({"EXISTING", "existing_family"} & set(room.__all__))


def test_the_page_of_commands_has_every_command():
    text = (PAGES / "api" / "command-line.md").read_text(encoding="utf-8")
    expected = {
        f"{name} {sub}" if sub else name
        for name, command in main.commands.items()
        for sub in (command.commands if isinstance(command, click.Group) else [""])
    }
    assert set(re.findall(r"^\| `([a-z ]+)` \|", text, flags=re.MULTILINE)) == expected


def test_every_page_and_figure_is_reached():
    """From the index of the site, and from that of the repository's docs/."""
    index = (PAGES / "index.rst").read_text(encoding="utf-8") + (PAGES / "api" / "index.rst").read_text(
        encoding="utf-8"
    )
    entries = set(re.findall(r"^   ([\w/-]+)$", index, flags=re.MULTILINE))
    pages = {
        path.relative_to(PAGES).with_suffix("").as_posix()
        for path in PAGES.rglob("*")
        if path.suffix in (".md", ".rst")
    }
    assert pages - {"index"} == {f"api/{entry}" if f"api/{entry}" in pages else entry for entry in entries}
    overview = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert {name for name in NAMES if f"pt_docs/{name})" not in overview} == set()
    text = "".join((PAGES / name).read_text(encoding="utf-8") for name in NAMES)
    files = {
        path.relative_to(PAGES).as_posix() for folder in ("figures", "values") for path in (PAGES / folder).iterdir()
    }
    assert {file for file in files if f"({file})" not in text} == set()


@pytest.mark.parametrize("path", sorted((PAGES / "figures").glob("*.svg")), ids=lambda path: path.stem)
def test_figures_need_nothing_else(path):
    root = ElementTree.parse(path).getroot()
    assert root.find("{*}title").text and root.find("{*}desc").text
    assert not re.search(r"(href|src|url\()", path.read_text(encoding="utf-8"))
    assert "prefers-color-scheme: dark" in root.find("{*}style").text


@pytest.mark.slow
@pytest.mark.processes
def test_the_site_has_no_warnings(tmp_path):
    """All references of all pages and docstrings are resolved; `make docs` also writes the pages."""
    command = [
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "dummy",
        "-c",
        ROOT / "docs",
        "-d",
        tmp_path / "doctrees",
        PAGES,
        tmp_path,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stderr[-3000:]
