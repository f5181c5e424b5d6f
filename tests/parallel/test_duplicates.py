"""Unjudged duplicates of relevant documents in evaluation sets."""

import ir_datasets
import pytest
from click.testing import CliRunner

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli import main


class ToyDataset:
    """The part of an ir_datasets dataset that the function reads."""

    def __init__(self, documents, qrels):
        self._documents, self._qrels = documents, qrels

    def dataset_id(self):
        return "toy/de"

    def has(self, what):
        return bool({"docs": self._documents, "qrels": self._qrels}.get(what))

    def docs_iter(self):
        return (ir_datasets.formats.GenericDoc(*document) for document in self._documents)

    def qrels_iter(self):
        return (ir_datasets.formats.TrecQrel(*qrel, "0") for qrel in self._qrels)


DOCUMENTS = [("a", "Rome."), ("b", " ROME. "), ("c", "Rome."), ("d", "Milan"), ("e", " "), ("f", "")]


@pytest.fixture
def find(monkeypatch):
    from pyterrier_hybrid.parallel.leaks import duplicates

    def of(documents, qrels):
        sets = {"toy": [ToyDataset(documents, qrels)]}
        monkeypatch.setattr(duplicates, "evaluation_sets", lambda name: sets)
        return ph.find_duplicates("toy")

    return of


def test_duplicates_by_hand(find):
    found = find(DOCUMENTS, [("1", "a", 1), ("1", "c", 1), ("1", "d", 0), ("2", "d", 1), ("3", "e", 1), ("4", "x", 1)])
    # b repeats a and c, which are both relevant; empty documents and missing ones have no duplicates.
    assert found.to_dict("records") == [
        {"dataset": "toy/de", "query_id": "1", "doc_id": "a", "duplicate_id": "b", "text": "Rome."},
        {"dataset": "toy/de", "query_id": "1", "doc_id": "c", "duplicate_id": "b", "text": "Rome."},
    ]
    # A duplicate that is judged not relevant counts, too.
    assert find(DOCUMENTS[:2], [("1", "a", 1), ("1", "b", 0)]).duplicate_id.tolist() == ["b"]


def test_sets_without_judgements(find):
    with pytest.raises(ValueError, match="toy/de has no documents with judgements"):
        find(DOCUMENTS, [])
    with pytest.raises(TypeError, match=r"name=\['atlas'\] is not a string"):
        ph.find_duplicates(["atlas"])


def test_the_command():
    result = CliRunner().invoke(main, ["datasets", "atlas/de/test", "--duplicates"])
    assert result.output == "0 queries of atlas/de/test have a relevant document with an unjudged duplicate\n"
    assert "--duplicates needs NAME" in CliRunner().invoke(main, ["datasets", "--duplicates"]).output
    assert (
        "ir_datasets has no dataset 'nothing'"
        in CliRunner().invoke(main, ["datasets", "nothing", "--duplicates"]).output
    )


@pytest.mark.slow
def test_the_real_sets(lareqa_home):
    found = ph.find_duplicates("xquad-r")
    assert found[["dataset", "text"]].values.tolist() == [["xquad-r/tr", "I."]]
    assert ph.find_duplicates("xquad-r/multi").query_id.nunique() == 11
    assert len(ph.find_duplicates("mlqa-r")) == len(ph.find_duplicates("mlqa-r/multi")) == 0
