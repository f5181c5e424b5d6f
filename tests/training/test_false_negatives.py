"""False negatives in a batch, found by a guide or by the encoder itself, are left out exactly."""

import math

import numpy as np
import pytest
import torch
import training_job
from hypothesis import given, settings
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid.training import InfoNCE


def vectors(n, seed):
    return torch.nn.functional.normalize(torch.randn(n, 4, generator=torch.Generator().manual_seed(seed)), dim=-1)


def naive(queries, passages, negatives, rows, groups, *, guide, margin, temperature, symmetric):
    """The loss by loops over all pairs, each candidate looked at alone."""
    n = len(queries)
    losses = []
    for i in range(n):
        kept = [queries[i] @ passages[i] / temperature]
        for j in range(n):
            if groups[j] != groups[i] and guide[i][j] <= guide[i][i] - margin:
                kept.append(queries[i] @ passages[j] / temperature)
        for m, row in enumerate(rows):
            is_own_or_other = row == i or groups[row] != groups[i]
            if is_own_or_other and guide[i][n + m] <= guide[i][i] - margin:
                kept.append(queries[i] @ negatives[m] / temperature)
        losses.append(torch.logsumexp(torch.stack(kept), 0) - kept[0])
    if not symmetric:
        return torch.stack(losses).mean()
    back = []
    for j in range(n):
        kept = [queries[j] @ passages[j] / temperature]
        for i in range(n):
            if groups[i] != groups[j] and guide[i][j] <= guide[j][j] - margin:
                kept.append(queries[i] @ passages[j] / temperature)
        back.append(torch.logsumexp(torch.stack(kept), 0) - kept[0])
    return (torch.stack(losses).mean() + torch.stack(back).mean()) / 2


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    margin=st.sampled_from([-0.5, -0.1, 0.0, 0.2]),
    symmetric=st.booleans(),
    guided=st.booleans(),
)
def test_loss_and_gradient_are_those_of_a_loop(seed, margin, symmetric, guided):
    groups, rows = [0, 1, 0, 2, 3], [0, 3, 3]
    parts = [vectors(n, seed + k).double().requires_grad_() for k, n in enumerate((5, 5, 3))]
    queries, passages, negatives = parts
    guide = (queries @ torch.cat([passages, negatives]).T).detach()
    options = {}
    if guided:
        guide = vectors(5, seed + 7).double() @ vectors(8, seed + 8).double().T
        options["guide_scores"] = guide
    loss = InfoNCE(temperature=0.1, symmetric=symmetric, false_negative_margin=margin)(
        queries, passages, torch.tensor(groups), negatives=negatives, negative_rows=torch.tensor(rows), **options
    )
    ours = torch.autograd.grad(loss, parts)
    expected = naive(
        queries, passages, negatives, rows, groups, guide=guide, margin=margin, temperature=0.1, symmetric=symmetric
    )
    assert loss.item() == pytest.approx(expected.item(), abs=1e-12)
    for one, other in zip(ours, torch.autograd.grad(expected, parts), strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)


def test_by_hand():
    # The second passage scores .6 for the first query, whose positive scores .8.
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    passages = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
    groups = torch.tensor([0, 1])
    kept = InfoNCE(temperature=0.2, false_negative_margin=0.1)(queries, passages, groups)
    assert kept.item() == pytest.approx(math.log(1 + math.exp(-1)))
    assert InfoNCE(temperature=0.2, false_negative_margin=0.3)(queries, passages, groups).item() == 0


def test_losses_on_held_out_pairs_have_all_negatives():
    queries, passages, groups = vectors(6, 1), vectors(6, 2), torch.arange(6)
    loss = InfoNCE(temperature=0.1, false_negative_margin=0.0)
    plain = InfoNCE(temperature=0.1)(queries, passages, groups)
    assert loss(queries, passages, groups) != plain
    assert loss.eval()(queries, passages, groups) == plain


def test_matryoshka_leaves_out_the_same_ones_at_every_dimension():
    queries, passages, groups = vectors(6, 1), vectors(6, 2), torch.arange(6)
    scores = queries @ passages.T
    options = {"temperature": 0.1, "false_negative_margin": 0.1}
    nested = InfoNCE(**options, dimensions=[4, 2])(queries, passages, groups)
    short = [torch.nn.functional.normalize(part[:, :2], dim=-1) for part in (queries, passages)]
    parts = [InfoNCE(**options)(*pair, groups, guide_scores=scores) for pair in ((queries, passages), short)]
    torch.testing.assert_close(nested, sum(parts) / 2)


class Guide:
    """Finds everything that has one of the words of the query alike."""

    fingerprint = "words"

    def __init__(self):
        self.encoded = []

    def encode_queries(self, texts):
        self.encoded += texts
        words = [word for code in ("de", "en") for word in training_job.WORDS[code]]
        return np.array([[float(word in text) for word in words] for text in texts], np.float32) + 0.01

    encode_documents = encode_queries


def test_a_guide_changes_the_training_and_is_recorded():
    store = training_job.pairs()
    guide = Guide()
    plain = training_job.run(None, architecture="static", max_steps=3, hard_negatives=1)
    guided = training_job.run(None, architecture="static", max_steps=3, hard_negatives=1, guide=guide,
                                false_negative_margin=0.5)  # fmt: skip
    # Each text once, in each of the two roles.
    assert len(guide.encoded) == len(set(guide.encoded)) <= 2 * len(store.texts())
    assert guided.training["false_negative_margin"] == 0.5
    assert "Guide" in guided.training["guide"]
    # The hard negatives of this data have the words of the positive, so the guide leaves them out.
    assert guided.training["log"][0]["loss"] < plain.training["log"][0]["loss"]


def test_the_margin_of_a_guide_is_0():
    trained = training_job.run(None, architecture="static", max_steps=1, guide=Guide())
    assert trained.training["false_negative_margin"] == 0.0


def test_bad_options():
    with pytest.raises(TypeError, match="guide is 'e5': pass an encoder"):
        training_job.run(None, guide="e5")
    with pytest.raises(ValueError, match="false_negative_margin=nan"):
        training_job.run(None, false_negative_margin=math.nan)
    unknown = type("Unknown", (), {"encode_queries": None, "encode_documents": None})()
    with pytest.raises(ValueError, match="has no fingerprint"):
        training_job.run(None, guide=unknown)
    with pytest.raises(ValueError, match="vector_cache=there has no effect"):
        training_job.run(None, vector_cache="there")


def test_static_encoders_leave_out_by_their_own_scores():
    trained = training_job.run(None, architecture="static", max_steps=2, false_negative_margin=-0.1)
    assert isinstance(trained, ph.DenseEncoder)
    assert trained.training["false_negative_margin"] == -0.1
