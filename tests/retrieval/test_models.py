"""Saved encoders give equal vectors in sentence-transformers and when loaded again."""

import functools
import json

import numpy as np
import pytest
import torch

from pyterrier_hybrid import DenseEncoder
from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel, Projection, TransformerBackbone, default_device

sentence_transformers = pytest.importorskip("sentence_transformers")

TEXTS = [
    "the capital of France",
    "die Hauptstadt von Frankreich",
    "столица Франции",
    "法国的首都",
    "  spaces, a\ttab and a\nnew line ",
    "",
    "a text that is longer than all of the others and is cut " * 4,
]
POOLINGS = ("mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens")


@functools.cache
def new(architecture="transformer", **options):
    options = {"dim": 16, "vocab_size": 120, "layers": 1, "heads": 2, "seed": 3, "max_length": 40, **options}
    return DenseEncoder.from_scratch(TEXTS, architecture=architecture, verbose=False, **options)


def changed(encoder, *, pooling="mean", **options):
    """Replace the pooling, projections, normalisation or truncation of an encoder."""
    module = encoder.copy_module()
    if not encoder.static:
        module.backbone = TransformerBackbone(module.backbone.model, pooling=pooling, pad_token_id=0)
    return encoder.with_module(EmbeddingModel(module.backbone, **options), name="changed")


def dense(*sizes, activation="Tanh", seed=5):
    torch.manual_seed(seed)
    name = f"torch.nn.modules.activation.{activation}"
    return [
        Projection({"in_features": a, "out_features": b, "activation_function": name})
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]


def check(encoder, folder):
    """Check that a saved encoder gives equal vectors in sentence-transformers and when loaded again."""
    encoder.save(folder)
    theirs = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    ours = DenseEncoder(folder, verbose=False)
    queries, documents = encoder.encode_queries(TEXTS), encoder.encode_documents(TEXTS)
    np.testing.assert_array_equal(ours.encode_queries(TEXTS), queries)
    np.testing.assert_array_equal(ours.encode_documents(TEXTS), documents)
    np.testing.assert_allclose(theirs.encode_query(TEXTS), queries, atol=1e-5)
    np.testing.assert_allclose(theirs.encode_document(TEXTS), documents, atol=1e-5)
    assert theirs.get_embedding_dimension() == encoder.dim == ours.dim
    assert theirs.similarity_fn_name == ("cosine" if encoder.normalize else "dot")
    return ours


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_transformer(tmp_path, pooling, normalize):
    again = check(changed(new(), pooling=pooling, normalize=normalize), tmp_path / "encoder")
    assert (again.pooling, again.normalize) == (pooling, normalize)


@pytest.mark.parametrize("normalize", [True, False])
def test_static(tmp_path, normalize):
    again = check(changed(new("static"), normalize=normalize), tmp_path / "encoder")
    assert (again.static, again.normalize, again.max_length) == (True, normalize, None)


@pytest.mark.parametrize("architecture", ["static", "transformer"])
@pytest.mark.parametrize("activation", ["Tanh", "GELU"])
def test_dense_layers(tmp_path, architecture, activation):
    projections = dense(16, 12, 6, activation=activation)
    assert check(changed(new(architecture), projections=projections), tmp_path / "encoder").dim == 6


@pytest.mark.parametrize("architecture", ["static", "transformer"])
def test_prefixes_are_saved_as_prompts(tmp_path, architecture):
    encoder = new(architecture, query_prefix="Frage: ", document_prefix="Text:\n")
    again = check(encoder, tmp_path / "encoder")
    assert (again.query_prefix, again.document_prefix) == ("Frage: ", "Text:\n")
    assert not np.allclose(encoder.encode_queries(TEXTS[:1]), encoder.encode_documents(TEXTS[:1]), atol=1e-3)


def test_max_length(tmp_path):
    start = new(max_length=40).save(tmp_path / "start")
    shorter = DenseEncoder(start, max_length=7)
    assert check(shorter, tmp_path / "shorter").max_length == 7
    assert not np.allclose(shorter.encode_queries(TEXTS)[-1], new().encode_queries(TEXTS)[-1], atol=1e-3)


@pytest.mark.parametrize("architecture", ["static", "transformer"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("projections", [(), (16, 12)])
def test_truncate_dim(tmp_path, architecture, normalize, projections):
    whole = changed(new(architecture), normalize=normalize, projections=dense(*projections))
    expected = whole.encode_queries(TEXTS)[:, :5]
    if normalize:
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True).clip(1e-12)
    whole.save(tmp_path / "whole")
    cut = DenseEncoder(tmp_path / "whole", truncate_dim=5)
    assert cut.dim == 5
    np.testing.assert_allclose(cut.encode_queries(TEXTS), expected, atol=1e-6)
    again = check(cut, tmp_path / "cut")
    check(again, tmp_path / "again")
    # Truncating to the same dimension adds no further layer.
    assert (tmp_path / "again" / "modules.json").read_text() == (tmp_path / "cut" / "modules.json").read_text()


def test_limits_of_truncate_dim(tmp_path):
    start = new().save(tmp_path / "start")
    np.testing.assert_array_equal(
        DenseEncoder(start, truncate_dim=16).encode_queries(TEXTS), DenseEncoder(start).encode_queries(TEXTS)
    )
    for count in (17, 0, -1):
        with pytest.raises(ValueError, match=f"truncate_dim={count}: the model's vectors have 16 dimensions"):
            DenseEncoder(start, truncate_dim=count)


def test_truncated_encoder_can_be_trained(tmp_path):
    cut = DenseEncoder(new("static").save(tmp_path / "start"), truncate_dim=4)
    module = cut.copy_module()
    module([[5, 6]])[0, 0].backward()
    assert module.backbone.embedding.weight.grad[:, 4:].abs().sum() == 0
    assert cut.with_module(module, name="on").dim == 4


def test_folder_has_only_safetensors_and_json(tmp_path):
    new().save(tmp_path / "encoder")
    kinds = {path.suffix for path in (tmp_path / "encoder").rglob("*") if path.is_file()}
    assert kinds <= {".safetensors", ".json", ".md", ".txt"}
    for path in (tmp_path / "encoder").rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
        assert str(tmp_path) not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("gpus", "rank", "device"), [(0, None, "cpu"), (0, "1", "cpu"), (2, None, "cuda"), (2, "1", "cuda:1")]
)
def test_default_device(monkeypatch, gpus, rank, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert default_device() == device
