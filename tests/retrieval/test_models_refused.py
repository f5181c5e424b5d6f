"""Unsupported models are refused with a clear error, and a model's code runs only with trust_remote_code."""

import json
import os

import numpy as np
import pytest

from pyterrier_hybrid import DenseEncoder

sentence_transformers = pytest.importorskip("sentence_transformers")
modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")

TEXTS = ["the capital of France", "die Hauptstadt von Frankreich"]


@pytest.fixture
def transformer(transformer_folder):
    return modules.Transformer(str(transformer_folder))


def save(folder, layers, **options):
    model = sentence_transformers.SentenceTransformer(modules=layers, device="cpu", **options)
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def edit(file, **values):
    content = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**content, **values}))


def test_two_encoders_in_one(tmp_path, transformer_folder, transformer):
    from sentence_transformers.base.modules import Router

    other = modules.Transformer(str(transformer_folder))
    router = Router.for_query_document([transformer, modules.Pooling(16)], [other, modules.Pooling(16)])
    folder = save(tmp_path / "router", [router])
    with pytest.raises(ValueError, match=r"modules\.json has a module '\S+Router': known are Transformer"):
        DenseEncoder(folder)


def test_unknown_modules(tmp_path, transformer):
    folder = save(tmp_path / "lstm", [transformer, modules.Pooling(16), modules.LayerNorm(16)])
    with pytest.raises(ValueError, match=r"LayerNorm': known are Transformer, StaticEmbedding, Pooling"):
        DenseEncoder(folder)


def test_module_of_a_known_name_from_another_package(tmp_path, transformer):
    folder = save(tmp_path / "custom", [transformer, modules.Pooling(16)])
    listed = json.loads((folder / "modules.json").read_text())
    listed[1]["type"] = "custom_st.Pooling"
    (folder / "modules.json").write_text(json.dumps(listed))
    with pytest.raises(ValueError, match=r"a module 'custom_st\.Pooling'"):
        DenseEncoder(folder)


@pytest.mark.parametrize("order", [[0, 2, 1], [1, 0], [0, 1, 3, 2]])
def test_wrong_order_of_modules(tmp_path, transformer, order):
    layers = [transformer, modules.Pooling(16), modules.Dense(16, 16), modules.Normalize()]
    folder = save(tmp_path / "model", layers)
    listed = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([listed[i] for i in order]))
    with pytest.raises(ValueError, match=r"has \w+ after .*: known is the order"):
        DenseEncoder(folder)


def test_no_pooling(tmp_path, transformer):
    folder = save(tmp_path / "tokens", [transformer])
    with pytest.raises(ValueError, match="has no Pooling: pass pooling="):
        DenseEncoder(folder)
    assert DenseEncoder(folder, pooling="mean").dim == 16


def test_prompts_excluded_from_pooling(tmp_path, transformer):
    layers = [transformer, modules.Pooling(16, include_prompt=False)]
    folder = save(tmp_path / "instructor", layers, prompts={"query": "Q: "})
    with pytest.raises(ValueError, match=r"include_prompt is false.*pass query_prefix=''"):
        DenseEncoder(folder)
    assert DenseEncoder(folder, query_prefix="").query_prefix == ""
    assert DenseEncoder(save(tmp_path / "without", layers)).query_prefix == ""


def test_dense_layer_with_residual(tmp_path, transformer):
    layers = [transformer, modules.Pooling(16), modules.Dense(16, 8, use_residual=True)]
    with pytest.raises(ValueError, match="a dense layer asks for use_residual=True"):
        DenseEncoder(save(tmp_path / "model", layers))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transformer_task", "fill-mask"),
        ("module_output_name", "sentence_embedding"),
        ("query_length", 12),
        ("processing_kwargs", {"text": {"padding": "max_length"}}),
    ],
)
def test_unsupported_transformer_options(tmp_path, transformer, name, value):
    folder = save(tmp_path / "model", [transformer, modules.Pooling(16)])
    edit(folder / "sentence_bert_config.json", **{name: value})
    with pytest.raises(ValueError, match=rf"sentence_bert_config\.json asks for {name}="):
        DenseEncoder(folder)


def test_chat_templates(tmp_path, transformer):
    folder = save(tmp_path / "model", [transformer, modules.Pooling(16)])
    message = {"method": "forward", "method_output_name": "last_hidden_state", "format": "flat"}
    edit(folder / "sentence_bert_config.json", modality_config={"message": message})
    with pytest.raises(ValueError, match="chat template"):
        DenseEncoder(folder)


@pytest.mark.parametrize("kind", ["SparseEncoder", "CrossEncoder", "MultiVectorEncoder"])
def test_other_types_of_models(tmp_path, transformer, kind):
    folder = save(tmp_path / "model", [transformer, modules.Pooling(16)])
    edit(folder / "config_sentence_transformers.json", model_type=kind)
    with pytest.raises(ValueError, match=f"this is a {kind}"):
        DenseEncoder(folder)


def test_missing_weights(tmp_path, transformer_encoder):
    folder = transformer_encoder.save(tmp_path / "model")
    edit(folder / "config.json", num_hidden_layers=2)
    with pytest.raises(ValueError, match=r"lack \d+ tensors of BertModel, such as 'encoder\.layer\.1\."):
        DenseEncoder(folder)


def test_loading_is_silent_about_unused_weights(tmp_path, transformer, capfd):
    save(tmp_path / "with-pooler", [transformer, modules.Pooling(16)])
    capfd.readouterr()
    DenseEncoder(tmp_path / "with-pooler")
    assert capfd.readouterr() == ("", "")


def test_unsupported_encoder_decoder(tmp_path, transformer_folder):
    import transformers

    config = transformers.BartConfig(
        vocab_size=60, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
    )  # fmt: skip
    transformers.BartModel(config).save_pretrained(tmp_path / "bart")
    transformers.AutoTokenizer.from_pretrained(transformer_folder).save_pretrained(tmp_path / "bart")
    with pytest.raises(ValueError, match=r"is an encoder-decoder \(bart\)"):
        DenseEncoder(tmp_path / "bart")


CODE = """
import os
from transformers import BertConfig, BertModel
os.environ["CODE_HAS_RUN"] = "yes"
class OwnConfig(BertConfig):
    model_type = "own"
class OwnModel(BertModel):
    config_class = OwnConfig
"""


@pytest.fixture
def with_code(tmp_path, transformer, monkeypatch):
    monkeypatch.delenv("CODE_HAS_RUN", raising=False)
    folder = save(tmp_path / "own", [transformer, modules.Pooling(16)])
    (folder / "own.py").write_text(CODE)
    edit(
        folder / "config.json", model_type="own", auto_map={"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
    )
    # Restored after the test, whatever the model's code has set it to.
    monkeypatch.setenv("CODE_HAS_RUN", "no")
    return folder


def test_code_does_not_run_by_default(with_code):
    for file in ("sentence_bert_config.json", "config_sentence_transformers.json"):
        edit(with_code / file, trust_remote_code=True, config_kwargs={"trust_remote_code": True})
    with pytest.raises(ValueError, match=r"brings code of its own, .* pass trust_remote_code=True if you trust it"):
        DenseEncoder(with_code)
    assert os.environ["CODE_HAS_RUN"] == "no"


def test_code_of_a_tokenizer_does_not_run_by_default(tmp_path, transformer, monkeypatch):
    monkeypatch.setenv("CODE_HAS_RUN", "no")
    folder = save(tmp_path / "own", [transformer, modules.Pooling(16)])
    (folder / "own.py").write_text(CODE)
    auto_map = {"AutoTokenizer": [None, "own.OwnTokenizer"]}
    edit(folder / "tokenizer_config.json", tokenizer_class="OwnTokenizer", auto_map=auto_map)
    DenseEncoder(folder)
    assert os.environ["CODE_HAS_RUN"] == "no"


def test_code_runs_if_trusted(with_code, transformer_encoder):
    encoder = DenseEncoder(with_code, trust_remote_code=True)
    assert os.environ["CODE_HAS_RUN"] == "yes"
    np.testing.assert_allclose(encoder.encode_queries(TEXTS), transformer_encoder.encode_queries(TEXTS), atol=1e-6)
