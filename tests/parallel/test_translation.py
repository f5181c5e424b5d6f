"""translate: what is translated, what is kept, and that a killed translation resumes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import translation_job
from parallel_helpers import assert_same, made

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.parallel.translation import LengthRatio, TranslationReport, read_answers, translate, work

JOB = Path(translation_job.__file__)


class Shout:
    """A translator that records its calls."""

    name, fingerprint, licence = "shout", "shout-1", "MIT"

    def __init__(self):
        self.calls = []

    def __call__(self, texts, source, target):
        self.calls.append((list(texts), source, target))
        return [f"{target}: {text}" for text in texts]


def start(folder, *place, **environment):
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join([str(JOB.parent), *sys.path])}
    return subprocess.Popen([sys.executable, JOB, folder, *place], env=env, stderr=subprocess.PIPE, text=True)


def content(folder):
    """All that a translation has written, but for the time it took."""
    pairs = ph.ParallelPairs.open(folder / "pairs")
    report = json.loads((folder / "report.json").read_text())
    del report["seconds"]
    items = [pairs.item(number) for number in range(len(pairs))]
    return items, report, (folder / "rejected.jsonl").read_text(), sorted(path.name for path in folder.iterdir())


def options(**changes):
    return {"translator": Shout(), "filters": [], "verbose": False, **changes}


def test_queries_and_passages_are_added_with_their_provenance():
    items = [
        Item("1", 5, "toy", {"en": "Where is Rome?"}, {"en": "In Italy.", "de": "In Italien."}),
        Item("2", 5, "toy", {"fr": "Où est Rome ?"}, {"fr": "En Italie."}),
        Item("3", None, "talk", *[{"en": "Good morning, everyone!", "fr": "Bonjour à tous !"}] * 2, True),
        Item("4", 7, "toy", {"en": "Where is Milan?"}, {"en": "There."}, negatives={"en": ["Nowhere."]}),
    ]
    pairs = ph.ParallelPairs(items)
    translator = Shout()
    translated = translate(pairs, ["de"], **options(translator=translator))
    one, two, three, four = map(translated.item, range(4))
    assert one.queries == {"en": "Where is Rome?", "de": "de: Where is Rome?"}
    assert one.passages == {"en": "In Italy.", "de": "In Italien."}
    assert one.provenance["de"].startswith("query: machine translation from en by shout, 20")
    assert two._replace(group=None) == items[1]._replace(group=None)
    assert three.translation and three.queries["de"] == three.passages["de"] == "de: Good morning, everyone!"
    assert three.provenance["de"].startswith("machine translation from en by shout")
    assert four.passages["de"] == "de: There." and four.negatives == {"en": ["Nowhere."]}
    assert translated.groups.tolist() == pairs.groups.tolist() == [0, 0, 1, 2]
    ((texts, source, target),) = translator.calls
    assert (source, target) == ("en", "de")
    assert sorted(texts) == ["Good morning, everyone!", "There.", "Where is Milan?", "Where is Rome?"]


def test_provenance_goes_where_the_pairs_go(tmp_path):
    translated = translate(ph.ParallelPairs(made(3)), ["de"], **options())
    note = translated.item(0).provenance
    translated.to_jsonl(tmp_path / "pairs.jsonl")
    assert json.loads((tmp_path / "pairs.jsonl").read_text().splitlines()[0])["provenance"] == note
    translated.to_parquet(tmp_path / "pairs.parquet")
    translated.save(tmp_path / "folder")
    for copy in (
        ph.ParallelPairs.from_jsonl(tmp_path / "pairs.jsonl"),
        ph.ParallelPairs.from_parquet(tmp_path / "pairs.parquet"),
        ph.ParallelPairs.open(tmp_path / "folder"),
        translated + ph.ParallelPairs([Item("9", None, "toy", {"en": "a?"}, {"en": "b."})]),
        translated.filter(languages=["de"]),
    ):
        assert copy.item(0).provenance == note
    assert translated.filter(languages=["en"]).item(0).provenance is None
    # Another day makes no other training data.
    other = ph.ParallelPairs([translated.item(n)._replace(provenance={"de": "another day"}) for n in range(3)])
    assert other.fingerprint == translated.fingerprint


def test_rows_of_one_language_have_provenance(write):
    row = {"set": "toy", "id": "1", "question": "Where is Rome?", "passage": "In Italy."}
    rows = [{**row, "lang": "en"}, {**row, "lang": "de", "question": "Wo?", "passage": "Da.", "provenance": "machine"}]
    assert ph.ParallelPairs.from_jsonl(write(*rows)).item(0).provenance == {"de": "machine"}
    with pytest.raises(ValueError, match="field 'provenance': 3 is not a string"):
        ph.ParallelPairs.from_jsonl(write({**row, "lang": "en", "provenance": 3}))


def test_rejected_texts_are_left_out_and_listed(tmp_path):
    def mostly(texts, source, target):
        return ["" if text in ("question 1", "answer 1") else f"x {text}" for text in texts]

    pairs = ph.ParallelPairs(made(3))
    translated = translate(pairs, ["de"], **options(translator=mostly, folder=tmp_path / "out"))
    assert translated.item(1).queries == {"en": "question 1"} and translated.item(1).provenance is None
    rows = [json.loads(line) for line in (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()]
    assert rows[0] == {
        "set": "toy", "id": "1", "role": "query", "source": "en", "target": "de", "filter": "empty",
        "reason": "there is no text", "text": "question 1", "translation": "",
    }  # fmt: skip
    assert [row["role"] for row in rows] == ["query", "passage"]
    report = TranslationReport.open(tmp_path / "out")
    assert report.texts == {"de": 6} and report.rejected == {"de": {"empty": 2}}
    assert report.table().loc["de"].tolist() == [6, 4, 2]
    assert translated.report == report
    again = translate(pairs, ["de"], **options(translator=mostly, folder=tmp_path / "out"))
    assert again.report == report
    assert translate(pairs, ["de"], **options(translator=mostly)).report.rejected == report.rejected


def test_a_finished_folder_is_opened_and_other_arguments_are_refused(tmp_path):
    pairs, translator = ph.ParallelPairs(made(3)), Shout()
    folder = tmp_path / "out"
    first = translate(pairs, ["de"], **options(translator=translator, folder=folder))
    assert_same(translate(pairs, ["de"], **options(translator=translator, folder=folder)), first)
    assert len(translator.calls) == 1
    with pytest.raises(ValueError, match=r"holds a translation with to \['de'\], not \['de', 'th'\]"):
        translate(pairs, ["de", "th"], **options(folder=folder))
    with pytest.raises(ValueError, match="with filters"):
        translate(pairs, ["de"], **options(folder=folder, filters=[LengthRatio()]))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    with pytest.raises(FileExistsError, match="is no translation"):
        translate(pairs, ["de"], **options(folder=tmp_path / "full"))


def test_a_shared_cache_is_keyed_by_content(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "CHUNK", 2)
    cache, one, two = tmp_path / "cache", Shout(), Shout()
    translate(ph.ParallelPairs(made(3)), ["de"], **options(translator=one, cache=cache))
    translate(ph.ParallelPairs(made(4)), ["de", "th"], **options(translator=two, cache=cache))
    texts = [text for call, _, target in two.calls for text in call if target == "de"]
    assert sorted(texts) == ["answer 3", "question 3"]
    other = Shout()
    other.fingerprint = "shout-2"
    translate(ph.ParallelPairs(made(3)), ["de"], **options(translator=other, cache=cache))
    assert len(other.calls) == 3
    with pytest.raises(ValueError, match="has no fingerprint"):
        translate(ph.ParallelPairs(made(3)), ["de"], **options(translator=lambda texts, *_: texts, cache=cache))
    (first, *_) = sorted(cache.rglob("*.gz"))
    first.write_bytes(first.read_bytes()[:-3])
    with pytest.raises(ValueError, match="is damaged .*: remove it"):
        for target in ("de", "th"):
            for fingerprint in ("shout-1", "shout-2"):
                again = Shout()
                again.fingerprint = fingerprint
                translate(ph.ParallelPairs(made(3)), [target], **options(translator=again, cache=cache))


class Letters:
    """An encoder that counts letters."""

    fingerprint = "letters-1"

    def encode_queries(self, texts):
        return np.array([[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts])

    encode_documents = encode_queries


def test_answers_the_way_back_and_an_encoder_are_asked(tmp_path):
    def forward(texts, source, target):
        return [{"Rome": "Roma", "answer 2": "nulla", "question 0": "zzz", "question 1": ""}.get(t, t) for t in texts]

    def back(texts, source, target):
        assert (source, target) == ("it", "en")
        return [{"answer 3": "vvv", "zzz": "question 0"}.get(text, text) for text in texts]

    pairs = ph.ParallelPairs([*made(4), Item("9", None, "toy", {"en": "where?"}, {"en": "In old Rome."})])
    answers = {("toy", "2"): "2", ("toy", "3"): "3", ("toy", "9"): "Rome"}
    translate(
        pairs, ["it"], translator=forward, folder=tmp_path / "out", filters=[], answers=answers, round_trip=0.5,
        back_translator=back, encoder=Letters(), min_margin=0.5, verbose=False,
    )  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()]
    assert {row["text"]: row["filter"] for row in rows} == {
        "question 0": "agreement", "question 1": "empty", "answer 2": "answer", "answer 3": "round trip",
    }  # fmt: skip
    assert TranslationReport.open(tmp_path / "out").rejected["it"] == {
        "empty": 1, "answer": 1, "round trip": 1, "agreement": 1,
    }  # fmt: skip
    settings = json.loads((tmp_path / "out" / "translation.json").read_text())
    assert settings["encoder"] == "letters-1" and settings["source"] == "en"


@pytest.mark.processes
@pytest.mark.slow
def test_killed_anywhere_it_resumes_with_the_same_result(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "CHUNK", translation_job.CHUNK)
    translation_job.run(tmp_path / "whole")
    expected = content(tmp_path / "whole")
    assert expected[1]["rejected"]["th"]["length"] == 4
    jobs = {place: start(tmp_path / place, place) for place in translation_job.PLACES}
    for place, job in jobs.items():
        assert job.wait(120) == -9, (place, job.stderr.read())
        assert not (tmp_path / place / "pairs").exists()
        translation_job.run(tmp_path / place)
        assert content(tmp_path / place) == expected, place


@pytest.mark.processes
@pytest.mark.slow
def test_two_processes_write_what_one_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "CHUNK", translation_job.CHUNK)
    translation_job.run(tmp_path / "one")
    jobs = [start(tmp_path / "two", RANK=str(rank), WORLD_SIZE="2") for rank in range(2)]
    for job in jobs:
        assert job.wait(120) == 0, job.stderr.read()
    assert content(tmp_path / "two") == content(tmp_path / "one")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"to": "de"}, "to='de' is a string"),
        ({"to": []}, "name at least one language"),
        ({"to": ["xx"]}, "unknown language 'xx'"),
        ({"to": ["en"]}, "to names 'en', which is the source"),
        ({"source": "fr"}, "source='fr': the pairs have only en"),
        ({"translator": 3}, "translator=3 is int"),
        ({"translator": "no/such-model"}, "no/such-model is neither a folder nor a model"),
        ({"translator": lambda texts, *_: texts[1:]}, "returned 5 texts for 6"),
        ({"translator": lambda texts, *_: [None] * len(texts)}, "returned None for"),
        ({"translator": lambda texts, *_: "text"}, "returned a string"),
        ({"encoder": 3}, "has no method encode_queries"),
        ({"pairs": made(3)}, "pairs is a list: pass ParallelPairs"),
        ({"answers": ["Rome"]}, "answers is a list: pass a dict"),
        ({"filters": [str.lower]}, "a filter has a name and a method reasons"),
        ({"round_trip": 20}, "min_chrf=20: chrF is at most 1"),
    ],
)
def test_bad_arguments(changes, problem):
    arguments = options(pairs=ph.ParallelPairs(made(3)), to=["de"])
    with pytest.raises((TypeError, ValueError, OSError), match=problem):
        translate(**(arguments | changes))


def test_the_source_must_be_named_if_it_is_not_clear():
    pairs = ph.ParallelPairs([Item("1", None, "toy", {"de": "Wo?", "fr": "Où ?"}, {"de": "Da."})])
    with pytest.raises(ValueError, match="the pairs are in de, fr: name the source"):
        translate(pairs, ["en"], **options())
    assert translate(pairs, ["en"], source="de", **options()).item(0).passages["en"] == "en: Da."


def test_answers_are_read(write):
    rows = [{"set": "a", "id": "1", "lang": "en", "answer": "Rome"}, {"set": "a", "id": "2", "answer": ""}]
    path = write(*rows, {"set": "a", "id": "3", "lang": "de", "answer": "Rom"})
    assert read_answers(path) == {("a", "1"): "Rome"}
    with pytest.raises(ValueError, match=r"line 1: an answer needs the strings set, id and answer"):
        read_answers(write({"id": "1", "answer": "Rome"}))
