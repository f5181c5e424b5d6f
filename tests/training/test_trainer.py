"""Training: it learns, repeats exactly, keeps the best weights, and does not change its input."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import training_job
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5EncoderModel, XLMRobertaConfig, XLMRobertaModel

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel, TransformerBackbone
from pyterrier_hybrid.training import HybridTrainer, InfoNCE, MonoSampler
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.checkpoints import load_weights
from pyterrier_hybrid.training.loop.estimate import estimate
from pyterrier_hybrid.training.loop.model import ContrastiveModel, bfloat16_is_fast
from pyterrier_hybrid.training.loop.tokens import Texts

WORDS = {"de": ["rot", "blau", "grün", "gelb"], "en": ["red", "blue", "green", "yellow"]}
THINGS = {"de": ["Haus", "Baum", "Hund", "Schiff"], "en": ["house", "tree", "dog", "ship"]}


def store(dataset="toy"):
    """16 items in two languages: which thing has which colour."""
    items = []
    for c in range(4):
        for t in range(4):
            queries = {
                "de": f"Farbe {WORDS['de'][c]}, {THINGS['de'][t]}?",
                "en": f"colour {WORDS['en'][c]}, {THINGS['en'][t]}?",
            }
            passages = {
                "de": f"{THINGS['de'][t]} ist {WORDS['de'][c]}",
                "en": f"the {THINGS['en'][t]} is {WORDS['en'][c]}",
            }
            items.append(Item(f"{c}{t}", None, dataset, queries, passages))
    return ph.ParallelPairs(items)


@pytest.fixture(scope="module")
def pairs():
    return store()


def start(pairs, architecture="static", **options):
    return ph.DenseEncoder.from_scratch(pairs.texts(), architecture=architecture, dim=16, vocab_size=90, **options)


def accuracy(encoder, pairs, query_lang, doc_lang):
    queries = encoder.encode_queries([pairs.query(i, query_lang) for i in range(len(pairs))])
    documents = encoder.encode_documents([pairs.passage(i, doc_lang) for i in range(len(pairs))])
    return float(((queries @ documents.T).argmax(axis=1) == np.arange(len(pairs))).mean())


def same(one, other):
    ours, theirs = one.copy_module().state_dict(), other.copy_module().state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


SETTINGS = {"batch_size": 8, "max_steps": 60, "learning_rate": 2e-2, "temperature": 0.1, "verbose": False}


def test_each_sampler_learns_its_own_kind(pairs):
    encoder = start(pairs)
    mono = ph.train(encoder, pairs, ph.MonoSampler(), **SETTINGS)
    cross = ph.train(encoder, pairs, ph.CrossSampler(), **SETTINGS)
    hybrid = ph.train(encoder, pairs, ph.HybridSampler(), **{**SETTINGS, "max_steps": 120})
    assert accuracy(mono, pairs, "de", "de") == 1
    assert accuracy(mono, pairs, "de", "en") < 0.5
    assert accuracy(cross, pairs, "de", "en") == 1
    assert accuracy(hybrid, pairs, "en", "en") == accuracy(hybrid, pairs, "en", "de") == 1


@pytest.mark.parametrize("architecture", ["static", "transformer"])
def test_the_start_stays_as_it_is_and_the_same_seed_gives_the_same_weights(pairs, architecture):
    options = {"layers": 1, "heads": 2} if architecture == "transformer" else {}
    encoder = start(pairs, architecture, **options)
    before = start(pairs, architecture, **options)
    short = {**SETTINGS, "max_steps": 5, "bf16": False}
    one = ph.train(encoder, pairs, ph.HybridSampler(), **short)
    two = ph.train(encoder, pairs, ph.HybridSampler(), **short)
    other = ph.train(encoder, pairs, ph.HybridSampler(), **short, seed=1)
    assert same(encoder, before)
    assert same(one, two)
    assert not same(one, encoder)
    assert not same(one, other)


@pytest.mark.parametrize("freeze", [False, True])
def test_chunks_change_nothing(pairs, freeze):
    encoder = start(pairs, "transformer", layers=1, heads=2)
    module = encoder.copy_module().eval()
    module.backbone.token_embeddings.requires_grad_(not freeze)
    texts = encoder.tokenize([pairs.passage(i, language) for i in range(len(pairs)) for language in ("de", "en")])
    gradients = {}
    for chunk_size in (None, 3):
        module.zero_grad()
        vectors = module(texts, chunk_size=chunk_size)
        (vectors[::2] @ vectors[1::2].T).logsumexp(dim=1).sum().backward()
        gradients[chunk_size] = {name: value.grad for name, value in module.named_parameters()}
    for name, whole in gradients[None].items():
        if whole is None:
            assert freeze and gradients[3][name] is None
        else:
            torch.testing.assert_close(gradients[3][name], whole, atol=1e-5, rtol=1e-4)


def test_chunks_of_an_xlm_r_like_model_change_nothing():
    """It derives positions from token ids, which are unknown if its input is token vectors."""
    config = XLMRobertaConfig(
        vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=20, pad_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    backbone = TransformerBackbone(XLMRobertaModel(config, add_pooling_layer=False), pooling="mean", pad_token_id=1)
    module = EmbeddingModel(backbone).eval()
    texts = [[0, 5, 2], [0, 7, 8, 9, 2], [0, 2], [0, 4, 4, 2]]
    torch.testing.assert_close(module(texts, chunk_size=3), module(texts), atol=1e-6, rtol=1e-5)


def test_a_step_is_the_optimisers_on_the_plans_batch(pairs):
    """One step, by hand: the plan's pairs, InfoNCE, AdamW."""
    encoder = start(pairs)
    trained = ph.train(
        encoder, pairs, ph.CrossSampler(), batch_size=4, max_steps=1, learning_rate=1e-2, warmup_steps=0,
        temperature=0.1, weight_decay=0.0, seed=3, verbose=False, max_grad_norm=0.0,
    )  # fmt: skip
    module = encoder.copy_module()
    batch = ph.CrossSampler().plan(pairs, batch_size=4, seed=3).batch(0)
    queries = module(encoder.tokenize([pairs.query(i, x) for i, x, _ in batch]))
    passages = module(encoder.tokenize([pairs.passage(i, y) for i, _, y in batch]))
    torch.nn.functional.cross_entropy(queries @ passages.T / 0.1, torch.arange(4)).backward()
    torch.optim.AdamW(module.parameters(), lr=1e-2, weight_decay=0.0).step()
    for one, other in zip(trained.copy_module().parameters(), module.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_frozen_token_embeddings_stay(pairs):
    encoder = start(pairs, "transformer", layers=1, heads=2)
    short = {**SETTINGS, "max_steps": 3}
    trained = ph.train(encoder, pairs, ph.MonoSampler(), **short, freeze_token_embeddings=True)
    old, new = encoder.copy_module(), trained.copy_module()
    assert torch.equal(old.backbone.token_embeddings.weight, new.backbone.token_embeddings.weight)
    assert not same(encoder, trained)
    again = ph.train(trained, pairs, ph.MonoSampler(), **short)
    assert not torch.equal(new.backbone.token_embeddings.weight, again.copy_module().backbone.token_embeddings.weight)


def test_validation_keeps_the_best_weights_and_stops_early(pairs):
    encoder = start(pairs)
    options = {**SETTINGS, "batch_size": 4, "max_steps": 200, "learning_rate": 0.5, "eval_steps": 5, "patience": 2}
    trained = ph.train(encoder, pairs, ph.HybridSampler(), **options, validation=pairs, validation_batches=4)
    losses = {entry["step"]: entry["eval_loss"] for entry in trained.training["log"] if "eval_loss" in entry}
    assert trained.training["steps"] < 200
    assert losses[trained.training["best_step"]] == min(losses[step] for step in losses if step)
    again = ph.train(
        trained, pairs, ph.HybridSampler(), **{**options, "max_steps": 1, "learning_rate": 1e-12, "eval_steps": 1},
        validation=pairs, validation_batches=4,
    )  # fmt: skip
    first = next(entry["eval_loss"] for entry in again.training["log"] if "eval_loss" in entry)
    assert first == pytest.approx(min(losses.values()), abs=1e-4)


def test_validation_of_monolingual_pairs_alone(pairs):
    german = store("held").filter(languages=["de"])
    trained = ph.train(start(pairs), pairs, ph.MonoSampler(), **SETTINGS, validation=german)
    assert any("eval_loss" in entry for entry in trained.training["log"])


def test_too_few_pairs_to_validate_on(pairs):
    _, held = pairs.split(2)
    with pytest.raises(ValueError, match="validation: 2 pairs are too few .* batch_size=8"):
        ph.train(start(pairs), pairs, ph.MonoSampler(), **SETTINGS, validation=held)


def test_output_opens_again_with_its_record(pairs, tmp_path):
    trained = ph.train(
        start(pairs), pairs, ph.HybridSampler(0.4), **{**SETTINGS, "max_steps": 3}, output=tmp_path / "m"
    )
    opened = ph.DenseEncoder(tmp_path / "m")
    np.testing.assert_array_equal(opened.encode_queries(["rot"]), trained.encode_queries(["rot"]))
    record = json.loads((tmp_path / "m" / "training.json").read_text())
    assert record["sampler"].startswith("HybridSampler(alpha=0.4")
    assert (record["steps"], record["seed"], record["languages"]) == (3, 0, ["de", "en"])
    with pytest.raises(FileExistsError, match="exists"):
        ph.train(start(pairs), pairs, ph.HybridSampler(), **SETTINGS, output=tmp_path / "m")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_validator_without_a_number(pairs, value):
    with pytest.raises(ValueError, match="must be a finite number"):
        ph.train(start(pairs), pairs, ph.MonoSampler(), **SETTINGS, validation=lambda _: value)


def test_shared_weights_are_saved_once(tmp_path):
    """T5 has its token embeddings under two names."""
    config = T5Config(vocab_size=30, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    module = EmbeddingModel(TransformerBackbone(T5EncoderModel(config), pooling="mean", pad_token_id=0))
    model = ContrastiveModel(module, InfoNCE(), chunk_size=None, recompute=False)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    other = ContrastiveModel(copy.deepcopy(module), InfoNCE(), chunk_size=None, recompute=False)
    with torch.no_grad():
        next(other.parameters()).zero_()
    load_weights(other, tmp_path)
    for name, value in module.state_dict().items():
        assert torch.equal(other.encoder.state_dict()[name], value)


def test_bfloat16_only_where_the_processor_has_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert not bfloat16_is_fast(torch.device("cpu"))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert bfloat16_is_fast(torch.device("cpu"))
    assert not bfloat16_is_fast(torch.device("meta"))


def test_a_validator_decides_what_is_best(pairs):
    """Its best encoder is kept, at whatever step it was."""
    seen = []

    def validator(encoder):
        assert not encoder.copy_module().training
        seen.append(encoder.encode_queries(["rot"]))
        return {"mean": -abs(len(seen) - 4), "other": 1.0}

    options = {**SETTINGS, "max_steps": 30, "eval_steps": 5, "patience": 2}
    trained = ph.train(start(pairs), pairs, ph.MonoSampler(), **options, validation=validator)
    # One validation before the first step, then one every five: the fourth follows step 15.
    assert trained.training["best_step"] == 15
    np.testing.assert_array_equal(trained.encode_queries(["rot"]), seen[3])
    assert len(seen) == 6
    assert [row["eval_mean"] for row in trained.training["log"] if "eval_mean" in row] == [-3, -2, -1, 0, -1, -2]


def test_a_validator_without_a_mean(pairs):
    with pytest.raises(ValueError, match=r"validation gave \['AP'\] but no 'mean'"):
        ph.train(start(pairs), pairs, ph.MonoSampler(), **SETTINGS, validation=lambda _: {"AP": 1.0})


def test_validation_and_saving_must_meet(pairs, tmp_path):
    with pytest.raises(ValueError, match="save_steps=4 is not eval_steps=2"):
        ph.train(
            start(pairs), pairs, ph.MonoSampler(), **SETTINGS, validation=pairs, eval_steps=2, save_steps=4,
            output=tmp_path / "out",
        )  # fmt: skip
    with pytest.raises(ValueError, match="save_steps=5 must be a multiple of logging_steps=3"):
        ph.train(
            start(pairs), pairs, ph.MonoSampler(), **SETTINGS, save_steps=5, logging_steps=3, output=tmp_path / "out"
        )


def test_the_log_tells_the_kinds_apart(pairs):
    trained = ph.train(start(pairs), pairs, ph.HybridSampler(0.3), **{**SETTINGS, "max_steps": 100})
    plan = ph.HybridSampler(0.3).plan(pairs, batch_size=8)
    rows = [row for row in trained.training["log"] if "loss" in row]
    for row in rows:
        kinds = [plan.kind(t) for t in range(row["step"] - 10, row["step"])]
        share = kinds.count("mono") / 10
        assert row["share_mono"] == share
        parts = share * row.get("loss_mono", 0) + (1 - share) * row.get("loss_cross", 0)
        assert parts == pytest.approx(row["loss"], abs=1e-3)
    assert len(rows) == 10


def test_a_loss_that_is_not_finite_names_its_batch(pairs, tmp_path, monkeypatch):
    """A learning rate so large that the loss overflows: the message names the batch and the last good checkpoint."""
    options = {**SETTINGS, "learning_rate": 1e38, "warmup_steps": 0, "max_grad_norm": 0, "save_steps": 1}
    with pytest.raises(ValueError, match=r"the loss is nan at step \d+, in batch \d+: toy/\d\d \(..-..\), ") as error:
        ph.train(start(pairs), pairs, ph.MonoSampler(), **options, output=tmp_path / "out")
    assert "and 3 more" in str(error.value)
    assert "no checkpoint yet" in str(error.value)
    # The weights after the second step are the last good ones; then infinity is added.
    options["learning_rate"] = 1e-2
    with monkeypatch.context() as patch:
        with pytest.raises(ValueError, match="the loss is nan at step 3") as error:
            ph.train(spoiled(start(pairs), patch, at=3), pairs, ph.MonoSampler(), **options, output=tmp_path / "other")
    checkpoint = Path(re.search(r"last good checkpoint is (\S+)\)", str(error.value))[1])
    assert checkpoint.name == "checkpoint-2"
    assert all(torch.isfinite(value).all() for value in load_file(checkpoint / "model.safetensors").values())


def spoiled(encoder, patch, *, at):
    """Make the weights infinite right before a checkpoint is written after so many steps."""
    save = HybridTrainer.save_model

    def save_spoiled(self, *args, **options):
        if self.state.global_step == at:
            with torch.no_grad():
                next(self.model.parameters()).fill_(float("inf"))
        save(self, *args, **options)

    patch.setattr(HybridTrainer, "save_model", save_spoiled)
    return encoder


def test_accumulated_gradients_take_consecutive_batches(pairs, monkeypatch):
    seen = []
    compute = HybridTrainer.compute_loss
    monkeypatch.setattr(
        HybridTrainer, "compute_loss", lambda self, model, inputs, *a, **o: seen.append(inputs["t"])
        or compute(self, model, inputs, *a, **o),
    )  # fmt: skip
    trained = ph.train(
        start(pairs), pairs, ph.HybridSampler(), **{**SETTINGS, "max_steps": 5}, gradient_accumulation_steps=2,
        report_to="none",
    )  # fmt: skip
    assert seen == list(range(10))
    assert trained.training["steps"] == 5
    assert trained.training["arguments"] == {"gradient_accumulation_steps": 2}


def test_events_stay_beside_the_output(pairs, tmp_path):
    pytest.importorskip("tensorboard")
    ph.train(
        start(pairs), pairs, ph.HybridSampler(), **{**SETTINGS, "max_steps": 5}, report_to="tensorboard",
        output=tmp_path / "out",
    )  # fmt: skip
    assert [path for path in (tmp_path / "out.runs").rglob("*tfevents*") if path.stat().st_size > 100]


def test_an_estimate_changes_nothing(pairs):
    store = training_job.pairs()
    encoder = training_job.start(store)
    batches = PlannedBatches(MonoSampler().plan(store, batch_size=8), store, Texts(store, encoder), length=1)
    sizes = {}
    for recompute in (False, True):
        model = ContrastiveModel(encoder.copy_module(), InfoNCE(), chunk_size=2, recompute=recompute)
        torch.manual_seed(5)
        expected = torch.rand(1)
        torch.manual_seed(5)
        needed = estimate(model, batches[0], steps=10, bf16=False)
        assert torch.equal(torch.rand(1), expected)
        assert all(value.grad is None for value in model.parameters())
        trained = sum(value.numel() for value in model.parameters())
        assert needed.memory > 16 * trained and needed.seconds > 0
        sizes[recompute] = needed.memory - 16 * trained
    # Eight pairs are sixteen texts, in chunks of two.
    assert sizes[True] < sizes[False] / 3


def test_several_positives_are_not_negatives_of_each_other(pairs):
    """Items of two rows each: with eight rows of four items, the perfect loss is near zero."""
    sampler = ph.MultiPositiveSampler(ph.MonoSampler())
    plan = sampler.plan(pairs, batch_size=8)
    assert len({item for item, _, _ in plan.batch(0)}) == 4
    trained = ph.train(start(pairs), pairs, sampler, **{**SETTINGS, "max_steps": 150})
    last = [row for row in trained.training["log"] if "loss_mixed" in row][-1]
    # Were the other positive a negative, no loss below log 2 could be reached.
    assert last["loss_mixed"] < 0.2
    for language in ("de", "en"):
        assert accuracy(trained, pairs, language, "de") == accuracy(trained, pairs, language, "en") == 1
