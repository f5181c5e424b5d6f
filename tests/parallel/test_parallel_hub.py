"""Pairs from Hugging Face datasets."""

import sys

import pytest
from parallel_helpers import assert_same

from pyterrier_hybrid.parallel import Item, ParallelPairs

datasets = pytest.importorskip("datasets")

ROWS = {
    "qid": ["a", "a", "b"],
    "language": ["en", "de", "en"],
    "q": ["Who?", "Wer?", "What?"],
    "text": ["Me.", "Ich.", "That."],
    "hard": [["You.", "They."], ["Du."], []],
    "page": [1, 1, 1],
    "other": [0, 0, 0],
}


@pytest.fixture
def rows():
    return datasets.Dataset.from_dict(ROWS)


COLUMNS = {"query": "q", "passage": "text", "dataset_name": "toy"}


def test_rows_of_one_id_are_one_item(rows):
    pairs = ParallelPairs.from_hf(rows, language_column="language", id="qid", negatives="hard", **COLUMNS)
    first = Item("a", 0, "toy", {"de": "Wer?", "en": "Who?"}, {"de": "Ich.", "en": "Me."}, False,
                 {"de": ["Du."], "en": ["You.", "They."]})  # fmt: skip
    assert pairs.item(0) == first
    assert pairs.item(1) == Item("b", 1, "toy", {"en": "What?"}, {"en": "That."})
    grouped = ParallelPairs.from_hf(rows, language_column="language", id="qid", group="page", **COLUMNS)
    assert grouped.groups.tolist() == [0, 0]


def test_without_ids_every_row_is_an_item(rows, tmp_path):
    pairs = ParallelPairs.from_hf(rows, lang="en", **COLUMNS)
    assert [pairs.item(i).id for i in range(3)] == ["0", "1", "2"] and pairs.languages == ["en"]
    assert_same(ParallelPairs.from_hf(rows, lang="en", folder=tmp_path / "store", **COLUMNS), pairs)


def test_ids_may_be_numbers_of_numpy():
    rows = datasets.Dataset.from_dict({"n": [7], "q": ["Who?"], "text": ["Me."]}).with_format("numpy")
    pairs = ParallelPairs.from_hf(rows, lang="en", id="n", **COLUMNS)
    assert pairs.item(0) == Item("7", 0, "toy", {"en": "Who?"}, {"en": "Me."})


def test_many_rows_without_ids_are_not_kept(tmp_path, monkeypatch):
    from pyterrier_hybrid.parallel.readers import collect

    monkeypatch.setattr(collect, "BATCH_SIZE", 7)
    count = 40
    rows = datasets.Dataset.from_dict({
        "q": [f"question {n}" for n in range(count)], "a": [f"answer {n}" for n in range(count)],
        "g": [n // 10 for n in range(count)], "n": [f"no answer {n}" for n in range(count)],
    })  # fmt: skip
    pairs = ParallelPairs.from_hf(
        rows, lang="en", query="q", passage="a", group="g", negatives="n", dataset_name="toy", folder=tmp_path / "store"
    )
    assert pairs.groups.tolist() == [n // 10 for n in range(count)]
    assert pairs.negatives(39, "en") == ["no answer 39"] and pairs.query(39, "en") == "question 39"


def test_a_dataset_by_name(rows, tmp_path):
    rows.to_json(tmp_path / "rows.jsonl")
    options = {"lang": "en", "query": "q", "passage": "text"}
    pairs = ParallelPairs.from_hf(str(tmp_path), split="train", **options)
    assert pairs.datasets == [str(tmp_path)] and len(pairs) == 3


@pytest.mark.parametrize(("options", "message"), [
    ({}, "pass either lang='en' or language_column='lang'"),
    ({"lang": "en", "language_column": "language"}, "lang='en' is the language of all rows, and language_column"),
    ({"lang": "en", "passage": "answer"}, "toy has no column 'answer', only qid, language, q"),
    ({"lang": "en", "passage": "answer", "dataset_name": None}, "the dataset has no column 'answer'"),
    ({"lang": "en", "dataset_name": None}, "has no name: pass dataset_name"),
    ({"lang": "en", "split": "train"}, "this dataset is loaded already"),
    ({"lang": "en", "id": "qid"}, "toy, row 1, field 'lang': 'en' of id 'a' in set 'toy' is there a second time"),
    ({"lang": "en", "passage": "page"}, "toy, row 0, field 'page': 1 is not a string"),
    ({"language_column": "q"}, "toy, row 0, field 'q': unknown language 'Who[?]'"),
    ({"lang": "en", "negatives": "text"}, "toy, row 0, field 'negatives.en.0.': 'Me.' is the item's own passage"),
])  # fmt: skip
def test_bad_arguments_and_rows(rows, options, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs.from_hf(rows, **{**COLUMNS, **options})


def test_several_splits_are_no_dataset(rows):
    for other, problem in (
        (
            datasets.DatasetDict(train=rows),
            r"DatasetDict is not a datasets.Dataset: pass one split of it, .*\['train'\]",
        ),
        (rows.to_pandas(), r"DataFrame is not a datasets.Dataset: pass datasets.Dataset.from_pandas\(frame\)"),
        (rows.to_list(), r"list is not a datasets.Dataset: pass datasets.Dataset.from_list\(rows\)"),
        (rows.data.table, "Table is not a datasets.Dataset: pass a split of a dataset"),
    ):
        with pytest.raises(TypeError, match=problem):
            ParallelPairs.from_hf(other, lang="en", **COLUMNS)


def test_empty_texts_are_skipped_up_to_a_share():
    rows = datasets.Dataset.from_dict({"q": ["Who?", " "], "text": ["Me.", "You."]})
    with pytest.raises(ValueError, match="toy, row 1, field 'q': empty text, as in 1 of 2 rows"):
        ParallelPairs.from_hf(rows, lang="en", **COLUMNS)
    with pytest.warns(UserWarning, match="toy: skipped 1 of 2 rows") as caught:
        assert len(ParallelPairs.from_hf(rows, lang="en", max_empty=0.5, **COLUMNS)) == 1
    assert caught[0].filename == __file__


def test_the_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r"loading 'some/set' needs .*pip install 'datasets>=3'"):
        ParallelPairs.from_hf("some/set", lang="en", query="q", passage="a")
