"""InfoNCE against values worked out by hand and against a loop."""

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


@pytest.mark.parametrize("temperature", [0, -1.0, math.nan])
def test_bad_temperature(temperature):
    with pytest.raises(ValueError, match="must be positive"):
        InfoNCE(temperature=temperature)
