"""InfoNCE against values computed by hand and against a loop."""

import math

import pytest
import torch

from pyterrier_hybrid.training import InfoNCE


def naive(queries, passages, groups, temperature):
    losses = []
    for i, query in enumerate(queries):
        scores = {j: float(query @ passages[j]) / temperature for j in range(len(passages))}
        kept = [scores[j] for j in scores if j == i or groups[j] != groups[i]]
        losses.append(math.log(sum(math.exp(score - scores[i]) for score in kept)))
    return sum(losses) / len(losses)


def vectors(n, seed):
    return torch.nn.functional.normalize(torch.randn(n, 5, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_by_hand():
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    passages = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    # scores / temperature: [[2, 2], [0, 0]]: each passage is as likely as the other.
    assert InfoNCE(temperature=0.5)(queries, passages, torch.tensor([0, 1])).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("groups", [[0, 1, 2, 3, 4, 5], [0, 1, 0, 2, 1, 0], [3, 3, 3, 3, 3, 3]])
@pytest.mark.parametrize("temperature", [0.02, 1.0])
def test_group_mask_equals_leaving_out(groups, temperature):
    queries, passages = vectors(6, 1), vectors(6, 2)
    loss = InfoNCE(temperature=temperature)(queries, passages, torch.tensor(groups))
    assert loss.item() == pytest.approx(naive(queries, passages, groups, temperature), rel=1e-4, abs=1e-6)


def test_symmetric_is_the_mean_of_both_directions():
    queries, passages, groups = vectors(6, 1), vectors(6, 2), torch.tensor([0, 1, 0, 2, 3, 4])
    loss = InfoNCE(temperature=0.1, symmetric=True)(queries, passages, groups)
    both = naive(queries, passages, groups.tolist(), 0.1) + naive(passages, queries, groups.tolist(), 0.1)
    assert loss.item() == pytest.approx(both / 2, rel=1e-5)


def test_masked_passages_get_no_gradient():
    queries, passages = vectors(2, 1), vectors(2, 2).requires_grad_()
    InfoNCE(temperature=0.1)(queries, passages, torch.tensor([7, 7])).backward()
    assert passages.grad.abs().max() == 0


@pytest.mark.parametrize("symmetric", [False, True])
def test_a_margin_is_subtracted_from_the_score_of_the_positive(symmetric):
    queries, passages, negatives, groups = vectors(4, 1), vectors(4, 2), vectors(2, 3), torch.tensor([0, 1, 0, 2])
    rows = torch.tensor([1, 3])
    hard = {"negatives": negatives, "negative_rows": rows}
    loss = InfoNCE(temperature=0.2, margin=0.3, symmetric=symmetric)(queries, passages, groups, **hard)
    # The same by one more dimension for each query, in which its positive has -.3 and all others 0.
    longer = torch.cat([queries, torch.eye(4)], dim=1)
    positives = torch.cat([passages, -0.3 * torch.eye(4)], dim=1)
    hard["negatives"] = torch.cat([negatives, torch.zeros(2, 4)], dim=1)
    expected = InfoNCE(temperature=0.2, symmetric=symmetric)(longer, positives, groups, **hard)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert loss.item() > InfoNCE(temperature=0.2, symmetric=symmetric)(queries, passages, groups).item()


def test_a_margin_by_hand():
    # scores / temperature: [[(1 - .5) / .5, 0], [0, (1 - .5) / .5]].
    loss = InfoNCE(temperature=0.5, margin=0.5)(torch.eye(2), torch.eye(2), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1)))


@pytest.mark.parametrize("margin", [-0.1, math.inf, math.nan])
def test_bad_margin(margin):
    with pytest.raises(ValueError, match="margin="):
        InfoNCE(margin=margin)


@pytest.mark.parametrize("temperature", [0, -1.0, math.nan])
def test_bad_temperature(temperature):
    with pytest.raises(ValueError, match="must be positive"):
        InfoNCE(temperature=temperature)


def naive_with_negatives(queries, passages, negatives, rows, groups, temperature):
    losses = []
    for i, query in enumerate(queries):
        kept = [float(query @ passages[j]) for j in range(len(passages)) if j == i or groups[j] != groups[i]]
        kept += [float(query @ negatives[m]) for m, row in enumerate(rows) if row == i or groups[row] != groups[i]]
        positive = float(query @ passages[i]) / temperature
        losses.append(math.log(sum(math.exp(score / temperature - positive) for score in kept)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [2], [0, 0, 3], []])
def test_hard_negatives(rows):
    queries, passages, negatives = vectors(4, 1), vectors(4, 2), vectors(len(rows), 3)
    groups = [0, 0, 1, 2]
    loss = InfoNCE(temperature=0.2)(
        queries, passages, torch.tensor(groups), negatives=negatives, negative_rows=torch.tensor(rows, dtype=torch.long)
    )
    expected = naive_with_negatives(queries, passages, negatives, rows, groups, 0.2)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_matryoshka_is_the_mean_over_shortened_vectors():
    queries, passages, groups = vectors(6, 1), vectors(6, 2), torch.arange(6)
    short = [torch.nn.functional.normalize(part[:, :2], dim=-1) for part in (queries, passages)]
    plain = InfoNCE(temperature=0.1)
    expected = (plain(queries, passages, groups) + plain(*short, groups)) / 2
    loss = InfoNCE(temperature=0.1, dimensions=(5, 2))(queries, passages, groups)
    torch.testing.assert_close(loss, expected)
    dot = InfoNCE(temperature=0.1, dimensions=(2,), normalize=False)(queries, passages, groups)
    torch.testing.assert_close(dot, plain(queries[:, :2], passages[:, :2], groups))


def test_matryoshka_longer_than_the_vectors():
    with pytest.raises(ValueError, match=r"dimensions=\[8\]: the vectors have 5 values only"):
        InfoNCE(dimensions=[8])(vectors(2, 1), vectors(2, 2), torch.arange(2))
    with pytest.raises(ValueError, match="dimensions=0: it must be at least 1"):
        InfoNCE(dimensions=[0])


def test_a_learned_temperature_starts_at_its_initial_value_and_is_bounded():
    queries, passages, groups = vectors(6, 1), vectors(6, 2), torch.arange(6)
    learned = InfoNCE(temperature=0.05, learned=True)
    torch.testing.assert_close(learned(queries, passages, groups), InfoNCE(temperature=0.05)(queries, passages, groups))
    learned(queries, passages, groups).backward()
    # These random vectors are better told apart by softer scores.
    assert learned.log_scale.grad > 0
    with torch.no_grad():
        learned.log_scale.fill_(50.0)
    assert learned.temperature == pytest.approx(0.01)
    # At the bound there is a gradient that leads back.
    for temperature in (0.01, 0.003):
        bounded = InfoNCE(temperature=temperature, learned=True)
        bounded(queries, passages, groups).backward()
        assert bounded.log_scale.grad > 0
