"""Planned batches as token ids: prefixes, hard negatives, masks, parts of processes, the token cache."""

import pickle

import pytest
import torch
import training_job

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.tokens import CachedTexts, Texts, cache_key
from pyterrier_hybrid.training.sampling import CrossSampler, HybridSampler, MonoSampler


@pytest.fixture(scope="module")
def store():
    return training_job.pairs()


@pytest.fixture(scope="module", params=["static", "transformer"])
def encoder(request, store):
    return training_job.start(store, architecture=request.param, query_prefix="q: ", document_prefix="d: ")


def batches(store, encoder, sampler=None, *, batch_size=8, **options):
    plan = (sampler or HybridSampler()).plan(store, batch_size=batch_size)
    return PlannedBatches(plan, store, options.pop("texts", Texts(store, encoder)), length=5, **options)


def test_texts_are_the_plans_with_prefixes(store, encoder):
    planned = batches(store, encoder)
    batch = planned[3]
    triples = planned.plan.batch(3)
    assert [*batch["query_ids"]] == encoder.tokenize([f"q: {store.query(i, language)}" for i, language, _ in triples])
    passages = [f"d: {store.passage(i, language)}" for i, _, language in triples]
    assert [*batch["passage_ids"]] == encoder.tokenize(passages)
    assert batch["groups"].tolist() == [store.groups[i] for i, _, _ in triples]
    assert len(batch["negative_ids"]) == 0 and batch["negative_rows"].tolist() == []


def test_parts_of_processes_make_the_batch(store, encoder):
    whole = batches(store, encoder, hard_negatives=1)[2]
    parts = [batches(store, encoder, hard_negatives=1, rank=rank, world_size=4)[2] for rank in range(4)]
    for name in ("query_ids", "passage_ids", "negative_ids"):
        assert [ids for part in parts for ids in part[name]] == [*whole[name]]
    for part in parts:
        assert torch.equal(part["groups"], whole["groups"])
        assert torch.equal(part["negative_rows"], whole["negative_rows"])


def test_hard_negatives_are_in_the_passages_language_and_drawn_anew():
    items = [
        Item(str(n), None, "toy", {"en": f"query {n}"}, {"en": f"passage {n}", "de": f"Absatz {n}"}, False,
             {"en": [f"wrong {n} {k}" for k in range(6)], "de": [f"falsch {n}"]})
        for n in range(8)
    ]  # fmt: skip
    store = ph.ParallelPairs(items)
    encoder = training_job.start(store, architecture="static")
    planned = batches(store, encoder, HybridSampler(0.5), hard_negatives=2)
    seen = set()
    for t in range(5):
        expected = []
        for row, (item, _, language) in enumerate(planned.plan.batch(t)):
            drawn = [text for r, text in planned._negatives(planned.plan.batch(t), t) if r == row]
            assert len(set(drawn)) == len(drawn) == (2 if language == "en" else 1)
            assert set(drawn) <= set(store.negatives(item, language))
            expected += drawn
            seen.update(drawn)
        assert [*planned[t]["negative_ids"]] == encoder.tokenize(expected)
        assert planned[t]["negative_rows"].tolist() == [r for r, _ in planned._negatives(planned.plan.batch(t), t)]
    assert len(seen) > 2 * len(items)


def test_a_negative_that_answers_another_query_of_the_batch_is_left_out(encoder):
    """Mined negatives are such passages of other items."""
    items = [
        Item(str(n), None, "toy", {"en": f"query {n}"}, {"en": f"passage {n}"}, False,
             {"en": [f"passage {(n + 1) % 8}", f"wrong {n}"]})
        for n in range(8)
    ]  # fmt: skip
    store = ph.ParallelPairs(items)
    for size in (2, 8):
        planned = batches(store, encoder, MonoSampler(), batch_size=size, hard_negatives=2)
        for t in range(5):
            batch = planned.plan.batch(t)
            passages = {store.passage(item, "en") for item, _, _ in batch}
            negatives = [text for _, text in planned._negatives(batch, t)]
            assert not passages & set(negatives)
            assert len([text for text in negatives if text.startswith("wrong")]) == size
            assert size == 8 or any(text.startswith("passage") for text in negatives)


def test_a_negative_that_answers_in_another_language_is_left_out(encoder):
    """In whatever language that query was drawn, and however the text is normalised."""
    texts = {"de": "Stelle C", "en": "passage C"}
    store = ph.ParallelPairs([
        Item("a", None, "toy", {"de": "Frage A", "en": "query A"}, {"de": "Stelle A", "en": "passage A"}, False,
             {"de": ["Stelle C", "Falsch"], "en": ["passage C", "PASSAGE  c", "wrong"]}),
        Item("c", None, "toy", {"de": "Frage C", "en": "query C"}, texts),
    ])  # fmt: skip
    planned = batches(store, encoder, CrossSampler(), batch_size=2, hard_negatives=3)
    drawn = [tuple(text for _, text in planned._negatives(planned.plan.batch(t), t)) for t in range(planned.length)]
    assert set(drawn) == {("Falsch",), ("wrong",)}


def test_batches_can_be_sent_to_workers(store, encoder):
    planned = pickle.loads(pickle.dumps(batches(store, encoder)))
    assert [*planned[1]["query_ids"]] == [*batches(store, encoder)[1]["query_ids"]]


def test_masks(encoder):
    items = [
        Item("a", "page 1", "toy", {"en": "one"}, {"en": "the same passage"}),
        Item("b", "page 1", "toy", {"en": "two"}, {"en": "another passage"}),
        Item("c", None, "toy", {"en": "three"}, {"en": "the same passage"}),
        Item("d", None, "toy", {"en": "four"}, {"en": "a fourth passage"}),
    ]
    store = ph.ParallelPairs(items)
    planned = {
        mask: PlannedBatches(
            MonoSampler().plan(store, batch_size=1), store, Texts(store, encoder), length=1, mask=mask
        )._group
        for mask in ("document", "passage", "item")
    }
    same = {mask: [group(i) == group(0) for i in range(4)] for mask, group in planned.items()}
    assert same["document"] == [True, True, True, False]
    assert same["passage"] == [True, False, True, False]
    assert same["item"] == [True, False, False, False]
    with pytest.raises(ValueError, match="mask='page' is unknown: choose one of document, passage, item"):
        batches(store, encoder, MonoSampler(), batch_size=1, mask="page")


def test_cached_texts_are_the_same(store, encoder, tmp_path):
    cached = CachedTexts(store, encoder, tmp_path, verbose=False)
    for t in range(5):
        ours = batches(store, encoder, texts=cached, hard_negatives=1)[t]
        theirs = batches(store, encoder, hard_negatives=1)[t]
        for name in ("query_ids", "passage_ids", "negative_ids"):
            assert [*ours[name]] == [*theirs[name]]


def test_the_cache_is_used_again_and_keyed_by_content(store, encoder, tmp_path, monkeypatch):
    CachedTexts(store, encoder, tmp_path, verbose=False)
    (folder,) = tmp_path.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(type(encoder), "tokenize", lambda *_: pytest.fail("tokenised again"))
        CachedTexts(training_job.pairs(), encoder, tmp_path, verbose=False).queries([(0, "de")])
    other = training_job.start(store, architecture="static", query_prefix="query: ", document_prefix="d: ")
    keys = {cache_key(store, encoder), cache_key(store, other), cache_key(store.filter(languages=["de"]), encoder)}
    assert len(keys) == 3 and folder.name in keys


def test_a_damaged_cache_is_named(store, encoder, tmp_path):
    CachedTexts(store, encoder, tmp_path, verbose=False)
    (folder,) = tmp_path.iterdir()
    tokens = folder / "passage.en.tokens"
    tokens.write_bytes(tokens.read_bytes()[:-4])
    with pytest.raises(ValueError, match=r"damaged .passage.en.tokens has .*: remove that folder"):
        CachedTexts(store, encoder, tmp_path, verbose=False)
