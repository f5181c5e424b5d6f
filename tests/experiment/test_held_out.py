"""Held-out pairs as a dataset, and as an evaluation metric of encoders."""

import ir_datasets
import numpy as np
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.experiment.held_out import family_of
from pyterrier_hybrid.parallel import Item

RAIN = {"de": "Es regnet heute sehr.", "en": "It rains a lot today."}
ASKED = {"de": "Wo ist Rom?", "en": "Where is Rome?"}
ANSWERED = {"de": "Rom ist hier.", "en": "Rome is here."}


def held_out() -> ph.ParallelPairs:
    return ph.ParallelPairs([
        Item("t", None, "news", RAIN, RAIN, translation=True),
        Item("a", 1, "toy", ASKED, ANSWERED),
        Item("b", 1, "toy", {"en": "Where is it?"}, {"en": "It is here."}),
        Item("c", 2, "toy", {"en": "Who is he?"}, {"de": "Er ist Otto."}),
    ])  # fmt: skip


class Words:
    """Exact vectors: one dimension for each answer, so that the relevant documents always come first."""

    answers = {
        "Wo ist Rom?": "Rom", "Where is Rome?": "Rom", "Rom ist hier.": "Rom", "Rome is here.": "Rom",
        "Who is he?": "Otto", "Er ist Otto.": "Otto", "Es regnet heute sehr.": "rain", "It rains a lot today.": "rain",
    }  # fmt: skip
    order = ["Rom", "Otto", "rain"]

    def encode_queries(self, texts: list[str]) -> np.ndarray:
        return np.eye(3, dtype=np.float32)[[self.order.index(self.answers[text]) for text in texts]]

    encode_documents = encode_queries


def test_ids_have_queries_documents_and_answers() -> None:
    family = family_of(held_out())
    assert family.languages == ("de", "en")
    documents = {doc.doc_id: doc.text for doc in ir_datasets.load(family.docs_id).docs_iter()}
    assert documents == {
        "de_0_0": "Es regnet heute sehr.", "de_1_0": "Rom ist hier.", "de_3_0": "Er ist Otto.",
        "en_0_0": "It rains a lot today.", "en_1_0": "Rome is here.",
    }  # fmt: skip
    pool = ir_datasets.load(family.id("multi", "en"))
    assert [query.text for query in pool.queries_iter()] == ["Where is Rome?", "Who is he?"]
    assert {(qrel.query_id, qrel.doc_id, qrel.iteration) for qrel in pool.qrels_iter()} == {
        ("1_en", "de_1_0", "de"), ("1_en", "en_1_0", "en"), ("3_en", "de_3_0", "de"),
    }  # fmt: skip
    # A query whose item has no passage in the documents' language is left out.
    assert [query.query_id for query in ir_datasets.load(family.id("en", "en")).queries_iter()] == ["1_en"]


def test_hard_negatives_are_documents_that_are_not_relevant() -> None:
    item = Item("a", 1, "toy", ASKED, ANSWERED, negatives={"de": ["Mailand ist dort.", "Hier ist Bern."]})
    family = family_of(ph.ParallelPairs([item]))
    assert [doc.doc_id for doc in ir_datasets.load(family.id("de", "de")).docs_iter()] == ["de_0_0", "de_0_1", "de_0_2"]
    assert [qrel.doc_id for qrel in ir_datasets.load(family.id("de", "en")).qrels_iter()] == ["de_0_0"]


def test_only_one_item_of_a_group_is_used() -> None:
    """The second item of group 1 may answer the query of the first, so its passage is not a document."""
    family = family_of(held_out())
    texts = {doc.text for doc in ir_datasets.load(family.docs_id).docs_iter()}
    assert "It is here." not in texts


def test_a_group_is_represented_by_a_question_rather_than_a_translation() -> None:
    pairs = ph.ParallelPairs([
        Item("t", 5, "news", RAIN, RAIN, translation=True),
        Item("a", 5, "toy", {"en": "Where is Rome?"}, {"en": "Rome is here."}),
    ])  # fmt: skip
    family = family_of(pairs)
    assert [query.text for query in ir_datasets.load(family.id("en", "en")).queries_iter()] == ["Where is Rome?"]


def test_a_language_may_have_queries_only() -> None:
    """As in CLIR: queries in two languages, documents in one."""
    pairs = ph.ParallelPairs([
        Item("a", 1, "toy", ASKED, {"en": "Rome is here."}),
        Item("b", 2, "toy", {"de": "Who is he?"}, {"en": "Er ist Otto."}),
    ])  # fmt: skip
    family = family_of(pairs)
    assert (family.languages, family.query_only) == (("de", "en"), ("de",))
    assert list(family.settings()) == [("en", "de"), ("en", "en"), ("multi", "de"), ("multi", "en"), ("multi", "multi")]
    everyone = ir_datasets.load(family.id("multi", "multi"))
    assert [query.text for query in everyone.queries_iter()] == ["Wo ist Rom?", "Who is he?", "Where is Rome?"]
    with pytest.raises(ValueError, match="no documents in 'de' with queries in 'en': it has queries only in de"):
        family.id("de", "en")
    results = ph.LanguageExperiment({"words": Words()}, pairs, measures=["AP"])
    assert results.settings[["doc_lang", "query_lang", "queries", "value"]].values.tolist() == [
        ["en", "en", 1, 1.0], ["en", "de", 2, 1.0], ["multi", "de", 2, 1.0], ["multi", "en", 1, 1.0],
    ]  # fmt: skip
    assert results.table("csv") and results.heatmap("words")
    only_german = ph.ParallelPairs([Item("a", 1, "toy", {"de": ASKED["de"]}, {"en": "Rome is here."})])
    assert ph.LanguageValidation(only_german)(Words()) == {"cross": 1, "multi": 1, "mean": 1}


def test_equal_pairs_are_one_family() -> None:
    assert family_of(held_out()) == family_of(held_out())


def test_experiment_on_held_out_pairs() -> None:
    results = ph.LanguageExperiment({"words": Words()}, held_out(), measures=["AP", "RankDistance"])
    values = results.means.set_index(["kind", "measure"])["value"].to_dict()
    # In the pool, two relevant documents come first for the queries about Rome (1), and one for that about Otto (0).
    assert values == {
        ("mono", "AP"): 1.0, ("cross", "AP"): 1.0, ("multi", "AP"): 1.0, ("multi", "RankDistance"): pytest.approx(0.75),
    }  # fmt: skip


def test_validation_by_held_out_pairs() -> None:
    validation = ph.LanguageValidation(held_out(), kinds=["mono", "cross"])
    assert validation(Words()) == {"mono": 1.0, "cross": 1.0, "mean": 1.0}
    assert validation == ph.LanguageValidation(held_out(), kinds=["mono", "cross"])
    assert repr(validation).startswith("LanguageValidation(dataset='pairs-")


def test_held_out_pairs_validate_a_training() -> None:
    pairs = ph.ParallelPairs.from_irds("atlas/train").filter(languages=["de", "en"])
    train, held = pairs.split(40)
    start = ph.DenseEncoder.from_scratch(train.texts(limit=500), dim=8, vocab_size=300)
    trained = ph.train(
        start, train, ph.HybridSampler(), batch_size=8, max_steps=4, eval_steps=2, learning_rate=1e-2,
        validation=ph.LanguageValidation(held), verbose=False,
    )  # fmt: skip
    logged = [entry["eval_mean"] for entry in trained.training["log"] if "eval_mean" in entry]
    assert logged
    assert ph.LanguageValidation(held)(trained)["mean"] == pytest.approx(max(logged), abs=1e-6)


@pytest.mark.parametrize("items", [[], [Item("t", None, "news", RAIN, RAIN, translation=True)]])
def test_pairs_without_a_question(items: list[Item]) -> None:
    with pytest.raises(ValueError, match="none of these .* items asks anything"):
        ph.LanguageValidation(ph.ParallelPairs(items))


def several_questions() -> ph.ParallelPairs:
    """Two questions about one paragraph, one question with two answers, and a hard negative that answers another."""
    tower, river = {"en": "The tower is old.", "zh": "塔很老。"}, {"en": "The river is long.", "zh": "河很长。"}
    return ph.ParallelPairs([
        Item("a", None, "toy", {"en": "How old?", "zh": "多老？"}, tower, negatives={"en": ["The river is long."]}),
        Item("b", None, "toy", {"en": "What is old?"}, tower),
        Item("c", None, "toy", {"en": "How long?"}, river, negatives={"en": ["A tree."]}),
        Item("d", None, "toy", {"en": "How long?"}, {"en": "It is very long."}),
    ])  # fmt: skip


def test_every_question_searches_each_passage_once() -> None:
    family = family_of(several_questions(), every_question=True)
    assert family.name.endswith("-all")
    documents = {doc.doc_id: doc.text for doc in ir_datasets.load(family.id("en", "en")).docs_iter()}
    assert documents == {
        "en_0_0": "The tower is old.", "en_0_1": "The river is long.",
        "en_2_1": "A tree.", "en_3_0": "It is very long.",
    }  # fmt: skip
    mono = ir_datasets.load(family.id("en", "en"))
    assert [(qrel.query_id, qrel.doc_id) for qrel in mono.qrels_iter()] == [
        ("0_en", "en_0_0"), ("1_en", "en_0_0"), ("2_en", "en_0_1"), ("2_en", "en_3_0"), ("3_en", "en_0_1"),
        ("3_en", "en_3_0"),
    ]  # fmt: skip
    cross = ir_datasets.load(family.id("zh", "en"))
    assert [(qrel.query_id, qrel.doc_id) for qrel in cross.qrels_iter()] == [
        ("0_en", "zh_0_0"), ("1_en", "zh_0_0"), ("2_en", "zh_2_0"), ("3_en", "zh_2_0"),
    ]  # fmt: skip
    # One of each group leaves two of the four questions.
    assert sum(1 for _ in ir_datasets.load(family_of(several_questions()).id("en", "en")).queries_iter()) == 2


def test_every_question_must_be_a_boolean() -> None:
    with pytest.raises(TypeError, match="every_question"):
        family_of(several_questions(), every_question="yes")
