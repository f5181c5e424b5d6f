"""What the page about English pairs shows runs as it stands there, with small stand-ins for its models and sets."""

import itertools
import json
import shlex

import pytest
from document_helpers import blocks, links

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli import main

DOCUMENT = "pyterrier_hybrid/pt_docs/howto/from-english-pairs.md"
# English, Portuguese, Spanish, Thai. Each word has one translation, so that the way back is exact.
WORDS = """
where onde dónde ที่ไหน
is fica está อยู่
the o el นี้
red vermelho rojo แดง
green verde verde-claro เขียว
white branco blanco ขาว
black preto negro ดำ
house edifício edificio บ้าน
boat barco barquito เรือ
garden jardim jardín สวน
bridge viaduto puente สะพาน
of da de ของ
Maria Maria María มาเรีย
John João Juan จอห์น
Anna Ana Anita แอนนา
Peter Pedro Pedrito ปีเตอร์
Lucy Lúcia Lucía ลูซี่
in em en ใน
Lisbon Lisboa Lisbôa ลิสบอน
Rome Roma Rómulo โรม
Paris Paris París ปารีส
now agora ahora ตอนนี้
"""
TABLE = [line.split() for line in WORDS.strip().splitlines()]
COLUMNS = {"en": 0, "pt": 1, "es": 2, "th": 3}


class WordByWord:
    """Stands in for a translation model."""

    def __init__(self, model, **options):
        self.name = self.fingerprint = str(model)

    def __call__(self, texts, source, target):
        words = {row[COLUMNS[source]]: row[COLUMNS[target]] for row in TABLE}
        return [" ".join(words.get(word, word) for word in text.split()) for text in texts]


def rows():
    names, cities = ["Maria", "John", "Anna", "Peter", "Lucy"], itertools.cycle(["Lisbon", "Rome", "Paris"])
    colours, things = ["red", "green", "white", "black"], ["house", "boat", "garden", "bridge"]
    for number, (name, colour, thing) in enumerate(itertools.product(names, colours, things)):
        city = next(cities)
        yield {
            "set": "toy", "id": str(number), "lang": "en", "question": f"where is the {colour} {thing} of {name} now ?",
            "passage": f"the {colour} {thing} of {name} is in {city} now .", "answer": city,
        }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with the pairs, the recipe and an encoder."""
    folder = tmp_path_factory.mktemp("walk")
    pairs = list(rows())
    (folder / "english.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs), encoding="utf-8")
    texts = [*(row["passage"] for row in pairs), *(word for line in TABLE for word in line)] * 3
    start = ph.DenseEncoder.from_scratch(texts, architecture="transformer", dim=32, layers=1, vocab_size=200)
    # A model of random weights finds all passages too near to each other to mine any.
    english = ph.ParallelPairs.from_jsonl(folder / "english.jsonl")
    options = {"batch_size": 32, "max_steps": 60, "learning_rate": 5e-3, "temperature": 0.05, "verbose": False}
    ph.train(start, english, ph.MonoSampler(), **options).save(folder / "e5")
    return folder


@pytest.fixture
def stand_ins(home, monkeypatch):
    """Return a function that puts stand-ins into code."""
    monkeypatch.chdir(home)
    for module in ("", ".translating"):
        monkeypatch.setattr(f"pyterrier_hybrid.parallel.translation{module}.Seq2SeqTranslator", WordByWord)
    names = {"intfloat/multilingual-e5-small": "e5", "xquad-r": "atlas", "mlqa-r": "atlas/en/test"}

    def replace(code):
        for real, small in names.items():
            code = code.replace(real, small)
        return code

    return replace


def test_the_walk_in_python(home, stand_ins):
    names = {}
    for block in blocks(DOCUMENT, "python"):
        exec(compile(stand_ins(block), DOCUMENT, "exec"), names)
    report = names["translated"].report
    assert report.texts == {"pt": 160} and sum(report.rejected["pt"].values()) < 16
    assert names["mined"].has_negatives
    assert names["results"].systems == ["BM25", "start", "trained"]
    assert {row.kind for row in names["results"].means.itertuples()} == {"mono", "cross", "multi"}
    for path in (
        "translated/pairs", "translated/report.json", "translated/rejected.jsonl", "vectors", "mined", "leaks.csv",
        "encoder/README.md", "encoder/training.json", "encoder/leaks.json", "results", "ranks",
    ):  # fmt: skip
        assert (home / path).exists(), path
    assert "were left out" in (home / "encoder" / "README.md").read_text(encoding="utf-8")


def test_the_walk_as_commands(home, stand_ins):
    from click.testing import CliRunner

    (recipe,), (script,) = blocks(DOCUMENT, "yaml"), blocks(DOCUMENT, "bash")
    (home / "walk.yaml").write_text(stand_ins(recipe), encoding="utf-8")
    for line in stand_ins(script).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "pyterrier-hybrid"
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, (line, result.output)
    assert "start" in result.output and "encoder-es-th" in result.output
    assert (home / "leaks-es-th.csv").exists() and (home / "encoder-es-th" / "leaks.json").exists()


def test_the_row_shown_is_read(tmp_path):
    (row,) = blocks(DOCUMENT, "json")
    (tmp_path / "pairs.jsonl").write_text(row, encoding="utf-8")
    assert ph.ParallelPairs.from_jsonl(tmp_path / "pairs.jsonl").languages == ["en"]


@pytest.mark.parametrize("path", links(DOCUMENT), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    assert path.exists()
