"""Gradient caching: the plain gradient in the memory of a chunk."""

import pytest
import torch
import training_job
from torch.autograd.graph import saved_tensors_hooks

from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.model import ContrastiveModel
from pyterrier_hybrid.training.loop.tokens import Texts
from pyterrier_hybrid.training.losses import InfoNCE
from pyterrier_hybrid.training.sampling import HybridSampler


@pytest.fixture(scope="module")
def parts():
    store = training_job.pairs()
    encoder = training_job.start(store)
    return encoder, PlannedBatches(
        HybridSampler().plan(store, batch_size=20), store, Texts(store, encoder), length=2, hard_negatives=1
    )


def model_of(encoder, *, recompute, chunk_size=4, dropout=0.3):
    model = ContrastiveModel(
        encoder.copy_module(), InfoNCE(temperature=0.1, symmetric=True), chunk_size=chunk_size, recompute=recompute
    )
    for layer in model.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = dropout
    return model.train()


@pytest.mark.parametrize("frozen", [False, True])
def test_the_gradient_is_the_plain_one_with_dropout(parts, frozen):
    encoder, batches = parts
    gradients, losses = [], []
    for recompute in (False, True):
        model = model_of(encoder, recompute=recompute)
        model.encoder.backbone.token_embeddings.requires_grad_(not frozen)
        batch = {name: value for name, value in batches[0].items() if name != "t"}
        torch.manual_seed(1)
        loss = model(**batch)
        loss.backward()
        losses.append(loss.item())
        gradients.append({name: value.grad for name, value in model.named_parameters() if value.requires_grad})
    assert losses[0] == losses[1]
    assert gradients[0].keys() == gradients[1].keys()
    for name, plain in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], plain, atol=1e-6, rtol=0)
    assert max(gradient.abs().max() for gradient in gradients[0].values()) > 1e-3


def kept_bytes(model, batch):
    """Count the bytes that the forward pass keeps for the backward pass, without the parameters."""
    parameters = {value.untyped_storage().data_ptr() for value in model.parameters()}
    kept = {}

    def keep(tensor):
        if tensor.untyped_storage().data_ptr() not in parameters:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model(**batch)
    return sum(kept.values()), loss


def test_memory_grows_with_the_vectors_only(parts):
    """Four times the batch keeps four times the activations without it, and hardly more with it."""
    encoder, batches = parts
    batch = {name: value for name, value in batches[0].items() if name != "t"}
    texts = [*batch["query_ids"], *batch["passage_ids"]]
    sizes = {}
    for recompute in (False, True):
        module = model_of(encoder, recompute=recompute).encoder
        for times in (1, 4):
            kept, _ = kept_bytes(_Alone(module, recompute), {"ids": texts * times})
            sizes[recompute, times] = kept
    assert sizes[False, 4] > 3.5 * sizes[False, 1]
    # With caching, the forward pass keeps the vectors, the token vectors and the chunks' random states.
    assert sizes[True, 4] < sizes[False, 4] / 10


class _Alone(torch.nn.Module):
    def __init__(self, module, recompute):
        super().__init__()
        self.module, self.recompute = module, recompute

    def forward(self, ids):
        return self.module(ids, chunk_size=4, recompute=self.recompute).sum()
