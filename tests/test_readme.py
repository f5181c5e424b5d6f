"""What the README shows runs as it stands there."""

import json
import re

import pytest
from document_helpers import ROOT, blocks, links

import pyterrier_hybrid as ph

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("README.md", "python"):
        exec(compile(block, "README.md", "exec"), names)
    assert names["results"].systems == ["BM25", "Hybrid"]
    assert {path.name for path in tmp_path.iterdir()} == {"bm25.index", "dense.index", "encoder"}


def test_json(tmp_path):
    example, collection = blocks("README.md", "json")
    docs, queries = ([json.loads(line)] for line in collection.splitlines())
    family = ph.family_from(docs, queries, [{"qid": "q1", "docno": "d1", "label": 1}])
    assert list(family.settings()) == [("de", "en")]
    (tmp_path / "pairs.jsonl").write_text(example, encoding="utf-8")
    pairs = ph.ParallelPairs.from_jsonl(tmp_path / "pairs.jsonl")
    assert (len(pairs), pairs.languages) == (2, ["de", "en", "tr"])


def test_yaml(tmp_path):
    (example,) = blocks("README.md", "yaml")
    (tmp_path / "recipe.yaml").write_text(example, encoding="utf-8")
    recipe = ph.Recipe.from_file(tmp_path / "recipe.yaml")
    assert [next(iter(source)) for source in recipe.pairs["sources"]] == ["jsonl", "irds"]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"ph\.(\w+)", README)) - {"index"}))
def test_names_exist(name):
    assert hasattr(ph, name)


@pytest.mark.parametrize("path", links("README.md"), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    assert path.exists()
