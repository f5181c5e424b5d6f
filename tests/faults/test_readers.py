"""Faults of readers: bad files that passed, damaged files, and messages without help."""

import gzip
import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item

ROW = {"set": "toy", "id": "1", "lang": "en", "question": "Where is Rome?", "passage": "In Italy."}
FEW = 10


@pytest.fixture
def write(tmp_path):
    def write(*rows, name="pairs.jsonl"):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (tmp_path / name).write_text("\n".join(lines))
        return tmp_path / name

    return write


def made(count):
    return [
        Item(str(n), None, "toy", {"en": f"What is {n}?", "de": f"Was ist {n}?"}, {"en": f"It is {n}."},
             negatives={"en": [f"It is not {n}."]})
        for n in range(count)
    ]  # fmt: skip


# SQuAD files whose answer_start is off

CONTEXT = "Rome is old. It lies on the Tiber. The Tiber is a river 😀 in Italy. Milan is rich."


def squad(tmp_path, *answers, context=CONTEXT):
    questions = [{"id": str(n), "question": f"Question {n}?", "answers": [a]} for n, a in enumerate(answers)]
    path = tmp_path / "toy.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": questions}]}]}))
    return path


@pytest.mark.parametrize(("text", "start", "sentence"), [
    ("Rome", 10, "Rome is old."),
    ("Italy", 5, "The Tiber is a river 😀 in Italy."),
    ("the Tiber", 0, "It lies on the Tiber."),
    ("Tiber", 30, "It lies on the Tiber."),
    ("Tiber", 38, "The Tiber is a river 😀 in Italy."),
    ("rich", CONTEXT.index("rich") + 1, "Milan is rich."),
    ("rich", len(CONTEXT.encode()[: CONTEXT.encode().index(b"rich")]), "Milan is rich."),
    ("rich", -1, "Milan is rich."),
    ("rich", 10_000, "Milan is rich."),
    ("rich", None, "Milan is rich."),
    ("rich", "12", "Milan is rich."),
    (" MILAN ", 0, "Milan is rich."),
])  # fmt: skip
def test_an_answer_is_searched_where_its_offset_is_off(tmp_path, text, start, sentence):
    path = squad(tmp_path, {"text": text, "answer_start": start})
    with pytest.warns(UserWarning, match=r"toy.json: 1 questions have an answer_start .*nearest occurrence") as caught:
        pairs = ph.ParallelPairs.from_squad(path, lang="en", unit="sentence", context_negatives=3)
    assert pairs.passage(0, "en") == sentence
    assert sentence not in pairs.negatives(0, "en")
    assert caught[0].filename == __file__


def test_an_answer_that_is_not_in_the_paragraph_is_skipped_and_counted(tmp_path):
    good = {"text": "Rome", "answer_start": 0}
    path = squad(tmp_path, {"text": "Paris", "answer_start": 0}, good, {"text": "Oslo", "answer_start": 3})
    with pytest.warns(UserWarning, match=r"skipped 2 questions whose answer is not in the paragraph.*qas\[0\]"):
        pairs = ph.ParallelPairs.from_squad(path, lang="en", unit="sentence")
    assert [pairs.item(n).id for n in range(len(pairs))] == ["1"]
    assert len(ph.ParallelPairs.from_squad(path, lang="en")) == 3


@pytest.mark.filterwarnings("error")
def test_right_offsets_are_taken_as_they_are(tmp_path):
    starts = [CONTEXT.index("Tiber"), CONTEXT.rindex("Tiber")]
    path = squad(tmp_path, *({"text": "Tiber", "answer_start": start} for start in starts))
    pairs = ph.ParallelPairs.from_squad(path, lang="en", unit="sentence")
    assert [pairs.passage(n, "en") for n in (0, 1)] == ["It lies on the Tiber.", "The Tiber is a river 😀 in Italy."]


# Bad files that passed


@pytest.mark.parametrize("line", [
    '{"set": "toy", "id": "1", "id": "2", "lang": "en", "question": "Who?", "passage": "Me."}',
    '{"set": "toy", "id": "1", "lang": "en", "question": "Who?", "passage": "Me.", "passage": "Me."}',
    '{"set": "toy", "id": "1", "text": {"en": "Hello.", "de": "Hallo.", "en": "Bye."}}',
    '{"set": "toy", "id": "1", "terms": {"en": ["dog"], "de": ["Hund"], "de": ["Katze"]}}',
])  # fmt: skip
def test_a_key_twice_is_an_error(write, line):
    path = write(ROW, line)
    with pytest.raises(ValueError, match=r"pairs.jsonl, line 2: the key '\w+' is there twice in one object"):
        ph.ParallelPairs.from_jsonl(path)
    if "terms" in line:
        with pytest.raises(ValueError, match="line 1: the key 'de' is there twice"):
            ph.Lexicon.from_jsonl(write(line))


def test_a_key_twice_in_a_squad_file(tmp_path):
    (tmp_path / "x.json").write_text('{"data": [], "data": []}')
    with pytest.raises(ValueError, match="x.json: the key 'data' is there twice"):
        ph.ParallelPairs.from_squad(tmp_path / "x.json", lang="en")


def test_null_is_a_missing_language(tmp_path):
    """As Dataset.to_json writes rows with different languages, and rows of different kinds."""
    import datasets

    rows = [
        {"set": "t", "id": "1", "queries": {"de": "Wo?", "en": None}, "passages": {"de": None, "en": "Here."},
         "negatives": {"de": None, "en": ["There."]}, "text": None, "group": None, "context": None},
        {"set": "t", "id": "2", "queries": {"de": None, "en": "Who?"}, "passages": {"de": "Ich.", "en": None},
         "negatives": None, "text": None, "group": None, "context": None},
        {"set": "t", "id": "3", "queries": None, "passages": None, "negatives": None,
         "text": {"de": "Guten Tag.", "en": "Hello.", "fr": None}, "group": None, "context": None},
    ]  # fmt: skip
    (tmp_path / "written.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    datasets.Dataset.from_list(rows).to_json(tmp_path / "hub.jsonl")
    for name in ("written.jsonl", "hub.jsonl"):
        pairs = ph.ParallelPairs.from_jsonl(tmp_path / name)
        items = [pairs.item(n) for n in range(3)]
        assert [item.queries for item in items] == [{"de": "Wo?"}, {"en": "Who?"}, {"de": "Guten Tag.", "en": "Hello."}]
        assert [item.passages for item in items[:2]] == [{"en": "Here."}, {"de": "Ich."}]
        assert [item.negatives for item in items] == [{"en": ["There."]}, None, None]
    terms = {"set": "t", "id": "1", "terms": {"de": ["Hund"], "en": ["dog"], "fr": None}}
    (tmp_path / "terms.jsonl").write_text(json.dumps(terms))
    assert ph.ParallelPairs.from_jsonl(tmp_path / "terms.jsonl").languages == ["de", "en"]
    assert ph.Lexicon.from_jsonl(tmp_path / "terms.jsonl").languages == ["de", "en"]


# Lone surrogates

HALF = "Wo\ud83d?"
HALVES = [
    ("question", {**ROW, "question": HALF}),
    ("passage", {**ROW, "passage": HALF}),
    ("id", {**ROW, "id": HALF}),
    ("set", {**ROW, "set": HALF}),
    ("negatives", {**ROW, "negatives": ["x", HALF]}),
    ("context", {**ROW, "context": HALF}),
    ("text", {"set": "t", "id": "1", "text": {"en": "Hello", "de": HALF}}),
]


@pytest.mark.parametrize(("field", "row"), HALVES)
def test_half_a_character_in_a_file(write, field, row):
    with pytest.raises(ValueError, match="pairs.jsonl, line 1: an escape .* is half a character"):
        ph.ParallelPairs.from_jsonl(write(row))


@pytest.mark.parametrize("change", [
    {"id": HALF}, {"dataset": HALF}, {"queries": {"en": HALF}}, {"passages": {"en": HALF}},
    {"negatives": {"en": [HALF]}},
])  # fmt: skip
def test_half_a_character_in_an_item(change):
    item = Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."})._replace(**change)
    with pytest.raises(ValueError, match=r"items\[1\].* has a lone surrogate \(U\+D83D\) at position 2"):
        ph.ParallelPairs([*made(1), item])


def test_half_a_character_in_squad_parquet_and_hub_datasets(tmp_path):
    import datasets

    path = squad(tmp_path, {"text": "Rome", "answer_start": 0}, context=CONTEXT + HALF)
    with pytest.raises(ValueError, match="toy.json: an escape .* is half a character"):
        ph.ParallelPairs.from_squad(path, lang="en")
    ph.ParallelPairs(made(1)).to_parquet(tmp_path / "pairs.parquet")
    table = pq.read_table(tmp_path / "pairs.parquet")
    half = pa.array([HALF.encode(errors="surrogatepass")], pa.binary()).view(pa.string())
    pq.write_table(table.set_column(table.column_names.index("query.en"), "query.en", half), tmp_path / "half.parquet")
    with pytest.raises(ValueError, match=r"half.parquet, column 'query.en': .*UTF8"):
        ph.ParallelPairs.from_parquet(tmp_path / "half.parquet")
    hub = datasets.Dataset(pa.table({"q": half, "p": pa.array(["Here."])}))
    with pytest.raises(ValueError, match="toy, rows 0 to 999: a text is not UTF-8"):
        ph.ParallelPairs.from_hf(hub, query="q", passage="p", lang="en", dataset_name="toy")


@pytest.mark.parametrize(("change", "problem"), [
    ({"queries": None}, "cannot make a pair"),
    ({"queries": ["Who?"]}, "queries: .* is not a dict"),
    ({"passages": "Me."}, "passages: .* is not a dict"),
    ({"translation": "yes"}, "translation: 'yes' is neither True nor False"),
    ({"queries": {"en": float("nan")}}, r"queries\['en'\] is nan"),
    ({"queries": {float("nan"): "Who?"}}, "language nan is not a string"),
])  # fmt: skip
def test_bad_fields_of_an_item(change, problem):
    item = Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."})._replace(**change)
    with pytest.raises(ValueError, match=rf"items\[0\].*{problem}"):
        ph.ParallelPairs([item])


# Bounds


def test_a_long_line_is_refused(tmp_path):
    with gzip.open(tmp_path / "bomb.jsonl.gz", "wb", 1) as file:
        file.write(json.dumps(ROW).encode() + b"\n")
        for _ in range(100):
            file.write(b" " * 2**20)
    with pytest.raises(ValueError, match=r"bomb.jsonl.gz, line 2: it has more than 67,108,864 bytes.*max_line"):
        ph.ParallelPairs.from_jsonl(tmp_path / "bomb.jsonl.gz")
    (tmp_path / "plain.jsonl").write_text(json.dumps(ROW))
    with pytest.raises(ValueError, match="line 1: it has more than 20 bytes"):
        ph.ParallelPairs.from_jsonl(tmp_path / "plain.jsonl", max_line=20)
    assert len(ph.ParallelPairs.from_jsonl(tmp_path / "plain.jsonl", max_line=np.int64(1000))) == 1


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs /dev/zero")
@pytest.mark.parametrize("reader", ["from_jsonl", "from_parquet", "from_squad"])
def test_a_device_without_end_is_refused(reader, monkeypatch):
    monkeypatch.setattr("pyterrier_hybrid.parallel.readers.squad._MAX_PIPE", 2**20)
    options = {"lang": "en"} if reader == "from_squad" else {}
    with pytest.raises(ValueError, match="/dev/zero.*(more than|not a regular file)"):
        getattr(ph.ParallelPairs, reader)("/dev/zero", **options)


def test_files_nested_too_deeply(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    for read in (ph.ParallelPairs.from_jsonl, lambda path: ph.ParallelPairs.from_squad(path, lang="en")):
        with pytest.raises(ValueError, match="deep.json.*not a JSON object that can be read"):
            read(tmp_path / "deep.json")


# Damaged files


def whole_files(folder):
    """A whole file of each format, and its reader."""
    pairs = ph.ParallelPairs(made(FEW))
    pairs.to_jsonl(folder / "pairs.jsonl")
    pairs.to_jsonl(folder / "pairs.jsonl.gz")
    pairs.to_parquet(folder / "pairs.parquet")
    shutil.copy(squad(folder, *[{"text": "Rome", "answer_start": 0}] * 3), folder / "squad.json")
    return {
        "pairs.jsonl": ph.ParallelPairs.from_jsonl,
        "pairs.jsonl.gz": ph.ParallelPairs.from_jsonl,
        "pairs.parquet": ph.ParallelPairs.from_parquet,
        "squad.json": lambda path: ph.ParallelPairs.from_squad(path, lang="en"),
    }


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
DAMAGES = {
    "git-lfs": (LFS, "is a pointer to a file in git-lfs"),
    "binary": (bytes(range(256)) * 40, None),
    "zeros": (bytes(5000), None),
    "page": (b"<!DOCTYPE html><html>404</html>", None),
    "UTF-16": ("{}".encode("utf-16"), None),
    "gzip": (b"\x1f\x8b", None),
}


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz", "pairs.parquet", "squad.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_other_files_are_one_clear_error(tmp_path, name, damage):
    read = whole_files(tmp_path)[name]
    data, message = DAMAGES[damage]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name}.*{message or ''}"):
        read(tmp_path / name)


@pytest.mark.filterwarnings("ignore:.*has no rows")
@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz", "pairs.parquet", "squad.json"])
def test_cut_and_flipped_files_are_one_clear_error_or_read_as_they_were(tmp_path, name):
    read = whole_files(tmp_path)[name]
    path = tmp_path / name
    data, expected = path.read_bytes(), read(path).fingerprint
    rng = np.random.default_rng(0)
    cuts = [data[:size] for size in sorted({1, 2, len(data) - 1, *rng.integers(1, len(data), 40).tolist()})]
    flips = []
    for position in rng.integers(0, len(data), 120).tolist():
        flipped = bytearray(data)
        flipped[position] ^= 1 << int(rng.integers(8))
        flips.append(bytes(flipped))
    # Text without checksums has flips that nobody can see.
    checked = name in ("pairs.jsonl.gz", "pairs.parquet")
    for damaged in [*cuts, *(flips if checked else ())]:
        path.write_bytes(damaged)
        try:
            pairs = read(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert pairs.fingerprint == expected or (name == "pairs.jsonl" and damaged in cuts)


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.parquet", "squad.json"])
def test_what_is_not_a_file(tmp_path, name):
    read = whole_files(tmp_path)[name]
    with pytest.raises(FileNotFoundError, match=f"there is no such file; did you mean .*{name}"):
        read(tmp_path / f"{name}l")
    with pytest.raises(ValueError, match="is a folder, not a file"):
        read(tmp_path)


def test_empty_files(write, tmp_path):
    with pytest.warns(UserWarning, match="pairs.jsonl has no rows: check that it is the right file"):
        assert len(ph.ParallelPairs.from_jsonl(write("", ""))) == 0
    for name, options in (("none.parquet", {}), ("none.json", {"lang": "en"})):
        (tmp_path / name).touch()
        reader = ph.ParallelPairs.from_squad if options else ph.ParallelPairs.from_parquet
        with pytest.raises(ValueError, match=f"{name}.*(is empty|not JSON)"):
            reader(tmp_path / name, **options)


@pytest.mark.parametrize("pattern", ["pairs-*.jsonl", "pairs-?.jsonl", "pairs-[ab].jsonl", "**/pairs-*.jsonl"])
def test_patterns_are_expanded(write, tmp_path, pattern):
    write({**ROW, "id": "2"}, name="pairs-b.jsonl")
    write(ROW, name="pairs-a.jsonl")
    pairs = ph.ParallelPairs.from_jsonl(tmp_path / pattern)
    assert [pairs.item(n).id for n in range(2)] == ["1", "2"]
    with pytest.raises(FileNotFoundError, match=r"no\*.jsonl: no file matches this pattern"):
        ph.ParallelPairs.from_jsonl(str(tmp_path / "no*.jsonl"))


def test_a_file_whose_name_looks_like_a_pattern(write, tmp_path):
    write(ROW, name="pairs[1].jsonl")
    assert len(ph.ParallelPairs.from_jsonl(tmp_path / "pairs[1].jsonl")) == 1


@pytest.mark.parametrize("files", [["a.jsonl"], ("a.jsonl",), None, 3])
def test_files_in_a_list(files):
    with pytest.raises(TypeError, match="not a path: pass the files one by one"):
        ph.ParallelPairs.from_jsonl(files)


# Damaged stores


def test_damaged_stores_are_one_clear_error_or_open(tmp_path):
    """Flips in groups and texts are covered elsewhere: here, whatever opens has the right number of items."""
    ph.ParallelPairs(made(FEW)).save(tmp_path / "pairs")
    rng = np.random.default_rng(0)
    for path in sorted((tmp_path / "pairs").iterdir()):
        data = path.read_bytes()
        sizes = {0, len(data) - 1, len(data) // 2}
        damaged = [data[:size] for size in sizes] + [b"\0" * len(data), rng.bytes(len(data))]
        # The headers of files say how to read them.
        for position in rng.integers(0, min(len(data), 200), 20).tolist():
            damaged.append(data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :])
        for wrong in damaged:
            path.write_bytes(wrong)
            try:
                pairs = ph.ParallelPairs.open(tmp_path / "pairs")
            except ValueError as error:
                assert str(tmp_path / "pairs") in str(error)
                assert "build" in str(error)
            else:
                assert len(pairs) == FEW
        path.write_bytes(data)
    assert len(ph.ParallelPairs.open(tmp_path / "pairs")) == FEW


# Numbers of numpy

NUMBERS = {
    "split": lambda pairs, one: pairs.split(one(3), seed=one(1)),
    "texts": lambda pairs, one: pairs.texts(limit=one(3), seed=one(1)),
    "imbalance": lambda pairs, one: pairs.imbalance({"de": one(1)}, seed=one(1)),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("one", [np.int64, np.int32, np.uint8])
def test_numbers_of_numpy_give_what_those_of_python_give(name, one):
    pairs = ph.ParallelPairs(made(FEW))
    given, expected = NUMBERS[name](pairs, one), NUMBERS[name](pairs, int)
    assert repr(given) == repr(expected)


def test_ratios_and_groups_of_numpy(write):
    pairs = ph.ParallelPairs(made(FEW))
    for ratio in (np.float64(0.3), np.float32(0.3)):
        assert len(pairs.split(ratio)[1]) == 3
        assert pairs.imbalance({"de": ratio}).fingerprint == pairs.imbalance({"de": 0.3}).fingerprint
    groups = [ph.ParallelPairs([item._replace(group=one(7)) for item in made(2)]) for one in (int, np.int64)]
    assert groups[0].groups.tolist() == groups[1].groups.tolist() == [0, 0]
    path = write({**ROW, "context": "In Italy. It is old."})
    read = ph.ParallelPairs.from_jsonl(path, context_negatives=np.int64(1), max_empty=np.float32(0))
    assert read.negatives(0, "en") == ["It is old."]


@pytest.mark.parametrize("call", [
    lambda pairs: pairs.split("0.2"),
    lambda pairs: pairs.split(True),
    lambda pairs: pairs.split(None),
    lambda pairs: pairs.texts(limit="3"),
    lambda pairs: pairs.texts(limit=2.5),
    lambda pairs: pairs.imbalance({"de": "0.2"}),
    lambda pairs: pairs.from_jsonl("x", max_empty="0.1"),
    lambda pairs: pairs.from_jsonl("x", context_negatives=1.5),
])  # fmt: skip
def test_what_is_no_number(call):
    with pytest.raises(TypeError, match="not a (whole )?number"):
        call(ph.ParallelPairs(made(FEW)))
