"""Models of the hub, whose cache the tests fill: presets, downloads and uploads."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError
from huggingface_hub.utils import filter_repo_objects
from safetensors.torch import load_file, save_file

from pyterrier_hybrid import DenseEncoder
from pyterrier_hybrid.retrieval.encoder.hub import model_folder

TEXTS = ["the capital of France", "die Hauptstadt von Frankreich", "столица Франции", "法国的首都", "", "a " * 600]


@pytest.fixture
def encoder(transformer_encoder):
    return transformer_encoder


@pytest.fixture
def in_cache():
    """A function that creates the folder of a downloaded repository in the cache, which is empty again afterwards."""
    homes = []

    def create(name):
        home = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
        homes.append(home)
        (home / "refs").mkdir(parents=True)
        (home / "refs" / "main").write_text("0" * 40)
        (home / "snapshots" / ("0" * 40)).mkdir(parents=True)
        return home / "snapshots" / ("0" * 40)

    yield create
    for home in homes:
        shutil.rmtree(home)


def tiny(encoder, folder, model="BertModel", **options):
    """Save a checkpoint with random weights and the encoder's tokenizer, as transformers does."""
    sizes = {
        "vocab_size": len(encoder._tokenizer), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 514, "pad_token_id": 0, **options,
    }  # fmt: skip
    kind = model.removesuffix("Model").removesuffix("ForMaskedLM")
    torch.manual_seed(0)
    made = getattr(transformers, model)(getattr(transformers, f"{kind}Config")(**sizes)).eval()
    made.save_pretrained(folder)
    encoder._tokenizer.save_pretrained(folder)
    return made


def states(encoder, model, texts, max_length):
    """Compute token states and mask as the documentation of transformers does."""
    batch = encoder._tokenizer(texts, padding=True, truncation=True, max_length=max_length, return_tensors="pt")
    with torch.no_grad():
        made = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    return made.last_hidden_state, batch["attention_mask"].unsqueeze(-1)


def mean(encoder, model, texts, max_length):
    hidden, mask = states(encoder, model, texts, max_length)
    return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1).numpy()


def test_xlmr(encoder, in_cache):
    """FacebookAI/xlm-roberta-base: a language model without files of sentence-transformers."""
    model = tiny(encoder, in_cache("FacebookAI/xlm-roberta-base"), "XLMRobertaForMaskedLM")
    xlmr = DenseEncoder.xlmr()
    assert (xlmr.max_length, xlmr.pooling, xlmr.normalize) == (512, "mean", True)
    for encode, prefix in ((xlmr.encode_queries, "Query: "), (xlmr.encode_documents, "Passage: ")):
        expected = mean(encoder, model.roberta, [prefix + text for text in TEXTS], 512)
        np.testing.assert_allclose(encode(TEXTS), expected, atol=1e-5)


def test_me5(encoder, in_cache):
    """intfloat/multilingual-e5-small: mean, normalised, prompts only in its model card."""
    folder = in_cache("intfloat/multilingual-e5-small")
    model = tiny(encoder, folder, max_position_embeddings=512)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    listed = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 512, "do_lower_case": false}')
    (folder / "1_Pooling").mkdir()
    flags = {"word_embedding_dimension": 16, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags))
    me5 = DenseEncoder.me5()
    assert (me5.max_length, me5.name) == (512, "intfloat/multilingual-e5-small")
    # The preset also applies to the plain constructor, since the model's card asks for these prefixes.
    assert DenseEncoder("intfloat/multilingual-e5-small").fingerprint == me5.fingerprint
    assert DenseEncoder("intfloat/multilingual-e5-small", query_prefix="").query_prefix == ""
    for encode, prefix in ((me5.encode_queries, "query: "), (me5.encode_documents, "passage: ")):
        expected = mean(encoder, model, [prefix + text for text in TEXTS], 512)
        np.testing.assert_allclose(encode(TEXTS), expected, atol=1e-5)


def test_labse(encoder, in_cache):
    """sentence-transformers/LaBSE: CLS, a dense layer with tanh, cosine, 256 tokens; no prompts in its config."""
    folder = in_cache("sentence-transformers/LaBSE")
    model = tiny(encoder, folder, max_position_embeddings=512)
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Dense": "Dense", "3_Normalize": "Normalize"}
    listed = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "config_sentence_transformers.json").write_text('{"__version__": {"sentence_transformers": "2.0.0"}}')
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 256, "do_lower_case": false}')
    flags = {"word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    dense = {
        "in_features": 16,
        "out_features": 16,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
    }
    for path, config in (("1_Pooling", flags), ("2_Dense", dense)):
        (folder / path).mkdir()
        (folder / path / "config.json").write_text(json.dumps(config))
    weight, bias = torch.randn(16, 16), torch.randn(16)
    save_file({"linear.weight": weight, "linear.bias": bias}, folder / "2_Dense" / "model.safetensors")
    labse = DenseEncoder.labse()
    assert (labse.max_length, labse.query_prefix, labse.document_prefix) == (256, "", "")
    hidden, _ = states(encoder, model, TEXTS, 256)
    expected = torch.nn.functional.normalize(torch.tanh(hidden[:, 0] @ weight.T + bias), dim=-1)
    np.testing.assert_allclose(labse.encode_queries(TEXTS), expected, atol=1e-5)
    np.testing.assert_array_equal(labse.encode_queries(TEXTS), labse.encode_documents(TEXTS))


def test_mdpr(in_cache):
    """castorini/mdpr-tied-pft-msmarco: a bare BERT whose cased vocabulary comes without tokenizer.json."""
    folder = in_cache("castorini/mdpr-tied-pft-msmarco")
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "Je",
        "je",
        "Uganda",
        "##nda",
        "é",
        "e",
        "中",
        "国",
        "?",
    ]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    # Its tokenizer_config.json, as published.
    special = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"}
    config = {
        "do_lower_case": False, "do_basic_tokenize": True, "never_split": None, **special, "mask_token": "[MASK]",
        "tokenize_chinese_chars": True, "strip_accents": None, "special_tokens_map_file": None,
        "tokenizer_file": "hgf_models/bert-base-multilingual-cased/tokenizer.json",
        "name_or_path": "hgf_models/bert-base-multilingual-cased",
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    model = transformers.BertModel(transformers.BertConfig(vocab_size=len(vocabulary), **sizes)).eval()
    model.save_pretrained(folder)
    mdpr = DenseEncoder.mdpr()
    assert DenseEncoder("castorini/mdpr-tied-pft-msmarco").fingerprint == mdpr.fingerprint
    assert (mdpr.max_length, mdpr.pooling, mdpr.normalize) == (256, "cls", False)
    pieces = ["Je", "Uganda", "é", "中", "国", "?", "je"]
    ids = [vocabulary.index(piece) for piece in ["[CLS]", *pieces, "[SEP]"]]
    assert mdpr.tokenize(["Je Uganda é 中国? je", "je " * 300])[0] == ids
    assert len(mdpr.tokenize(["je " * 300])[0]) == 256
    with torch.no_grad():
        expected = model(torch.tensor([ids])).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(mdpr.encode_queries(["Je Uganda é 中国? je"]), expected, atol=1e-5)
    np.testing.assert_array_equal(mdpr.encode_queries(TEXTS), mdpr.encode_documents(TEXTS))
    frame = pd.DataFrame({"docno": ["1", "2"], "title": ["Uganda", ""], "text": ["je Je", "je"]})
    vectors = mdpr.doc_encoder(text_field=("title", "text")).transform(frame)["doc_vec"]
    np.testing.assert_array_equal(np.stack(vectors), mdpr.encode_documents(["Uganda je Je", "je"]))
    again = DenseEncoder(mdpr.save(folder.parent / "saved"))
    assert again.tokenize(["Je Uganda é 中国? je"])[0] == ids


@pytest.mark.parametrize("trust", [False, True])
def test_downloads_only_needed_files(tmp_path, monkeypatch, trust):
    wanted = ["config.json", "modules.json", "tokenizer.json", "vocab.txt", "2_Dense/model.safetensors"]
    wanted += ["2_Dense/config.json", "training.json"]
    unwanted = [
        "model.safetensors",
        "pytorch_model.bin",
        "2_Dense/pytorch_model.bin",
        "onnx/config.json",
        "tf_model.h5",
    ]
    unwanted += ["checkpoint-10/config.json", "README.md", "other/model.safetensors"]
    (wanted if trust else unwanted).append("modeling.py")
    listed = [{"path": "", "type": "x.Transformer"}, {"path": "2_Dense", "type": "x.Dense"}]
    fetched = set()

    def download(name, *, allow_patterns, ignore_patterns):
        files = wanted + unwanted
        fetched.update(filter_repo_objects(files, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns))
        (tmp_path / "modules.json").write_text(json.dumps(listed))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert model_folder("me/model", trust_remote_code=trust) == tmp_path
    assert sorted(fetched) == sorted(wanted)
    fetched.clear()
    listed[:] = [{"path": "", "type": "x.StaticEmbedding"}]
    model_folder("me/static")
    assert {name for name in fetched if name.endswith(".safetensors")} == {"model.safetensors"}


@pytest.fixture
def hub(monkeypatch):
    """A fake hub that records calls and uploaded files."""
    seen = SimpleNamespace(files={}, calls=[])

    def create_repo(self, repo_id, **options):
        seen.calls.append(("create_repo", repo_id, self.token, options))
        return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id if '/' in repo_id else 'me/' + repo_id}")

    def upload_folder(self, *, repo_id, folder_path, **options):
        seen.calls.append(("upload_folder", repo_id, self.token, options))
        files = [path for path in Path(folder_path).rglob("*") if path.is_file()]
        seen.files = {path.relative_to(folder_path).as_posix(): path.read_bytes() for path in files}
        seen.folder = Path(folder_path)

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    return seen


@pytest.mark.parametrize("architecture", ["static", "transformer"])
def test_push_to_hub(tmp_path, hub, architecture):
    start = DenseEncoder.from_scratch(TEXTS, architecture=architecture, dim=8, vocab_size=60, layers=1, verbose=False)
    start.training = {
        "start": str(tmp_path / "somewhere" / "start"), "sampler": "HybridSampler(alpha=0.5)", "steps": 3,
        "arguments": {"logging_dir": str(tmp_path / "runs"), "hub_token": "hf_secret"},
    }  # fmt: skip
    encoder = DenseEncoder(start.save(tmp_path / "encoder"), verbose=False)
    url = encoder.push_to_hub("tiny", licence="mit", results="| AP |\n|--:|\n| .5 |", token="t", commit_message="Hello")
    assert url == "https://huggingface.co/me/tiny"
    made, uploaded = hub.calls
    assert made == ("create_repo", "tiny", "t", {"private": True, "repo_type": "model", "exist_ok": True})
    assert uploaded == ("upload_folder", "me/tiny", "t", {"repo_type": "model", "commit_message": "Hello"})
    assert any(name.endswith("model.safetensors") for name in hub.files)
    assert not any(name.endswith((".bin", ".pt", ".pkl", ".py")) for name in hub.files)
    card = hub.files["README.md"].decode()
    assert 'ph.DenseEncoder("me/tiny")' in card
    assert "license: mit" in card
    assert "| .5 |" in card
    assert json.loads(hub.files["training.json"])["start"] == "start"
    for name, content in hub.files.items():
        for path in (tmp_path, hub.folder, Path.home(), "/tmp/"):
            assert str(path).encode() not in content, (name, path)
        assert b"hf_secret" not in content
    assert not hub.folder.exists()
    for name, content in hub.files.items():
        (tmp_path / "down" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "down" / name).write_bytes(content)
    np.testing.assert_array_equal(DenseEncoder(tmp_path / "down").encode_queries(TEXTS), encoder.encode_queries(TEXTS))
    if architecture == "static":
        weights = load_file(tmp_path / "down" / "0_StaticEmbedding" / "model.safetensors")
        assert weights["embedding.weight"].shape[1] == 8


def test_public_repository(encoder, hub):
    encoder.push_to_hub("me/open", private=False)
    assert hub.calls[0][3]["private"] is False


def test_offline_error_is_one_line(encoder):
    """The tests run offline."""
    with pytest.raises(ConnectionError, match=r"^the encoder was not uploaded to 'me/model' .*offline") as raised:
        encoder.push_to_hub("me/model")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("method", ["create_repo", "upload_folder"])
@pytest.mark.parametrize(
    "error",
    [
        LocalTokenNotFoundError("Token is required.\nTo log in, ..."),
        HfHubHTTPError("403 Forbidden\n(Request: x)", response=SimpleNamespace(headers={}, request=None)),
    ],
)
def test_refusal_errors_are_one_line(encoder, hub, monkeypatch, method, error):
    def refuse(self, *args, **options):
        raise error

    monkeypatch.setattr(huggingface_hub.HfApi, method, refuse)
    with pytest.raises(
        ConnectionError, match=r"not uploaded to 'me/model' .*(Token is required|403 Forbidden)"
    ) as raised:
        encoder.push_to_hub("me/model")
    assert "\n" not in str(raised.value)


def test_invalid_repo_id(encoder, hub):
    with pytest.raises(ValueError, match="a/b/c"):
        encoder.push_to_hub("a/b/c")
    assert hub.calls == []
