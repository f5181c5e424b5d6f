"""Models saved by sentence-transformers and transformers give equal vectors here, or are refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pyterrier_hybrid import DenseEncoder

sentence_transformers = pytest.importorskip("sentence_transformers")
transformers = pytest.importorskip("transformers")
modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")

TEXTS = [
    "the capital of France",
    "Die HAUPTSTADT von Frankreich",
    "столица Франции",
    "法国的首都",
    "  spaces, a\ttab and a\nnew line ",
    "",
    "a text that is longer than all of the others and is cut " * 4,
]


@pytest.fixture(scope="module")
def tokenizer():
    """A cased tokenizer that adds start and end tokens, for at most 40 tokens."""
    from tokenizers import normalizers

    encoder = DenseEncoder.from_scratch(
        [*TEXTS, *map(str.upper, TEXTS)], architecture="transformer", dim=16, vocab_size=150, max_length=40,
        verbose=False,
    )  # fmt: skip
    encoder._tokenizer.backend_tokenizer.normalizer = normalizers.NFKC()
    return encoder._tokenizer


def hugging_face(folder, tokenizer, kind="Bert", **options):
    """Save a tiny model with random weights, as transformers does."""
    sizes = {
        "vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 64, "pad_token_id": 0, **options,
    }  # fmt: skip
    torch.manual_seed(1)
    model = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**sizes))
    # With the default scale of random weights, all texts get nearly the same vector.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bert(tokenizer, tmp_path_factory):
    return str(hugging_face(tmp_path_factory.mktemp("models") / "bert", tokenizer))


@pytest.fixture
def transformer(bert):
    return modules.Transformer(bert)


def build(layers, **options):
    return sentence_transformers.SentenceTransformer(modules=layers, device="cpu", **options)


def check(theirs, folder, **options):
    """Check that a model saved by sentence-transformers gives equal vectors here."""
    theirs.save_pretrained(str(folder), create_model_card=False)
    ours = DenseEncoder(folder, verbose=False, **options)
    unit = {"normalize_embeddings": ours.normalize}
    np.testing.assert_allclose(ours.encode_queries(TEXTS), theirs.encode_query(TEXTS, **unit), atol=1e-5)
    np.testing.assert_allclose(ours.encode_documents(TEXTS), theirs.encode_document(TEXTS, **unit), atol=1e-5)
    return ours


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"])
def test_pooling_in_the_current_format(tmp_path, transformer, pooling):
    ours = check(build([transformer, modules.Pooling(16, pooling)]), tmp_path / "theirs")
    assert ours.pooling == pooling
    assert json.loads((tmp_path / "theirs" / "1_Pooling" / "config.json").read_text())["pooling_mode"] == pooling


def test_pooling_in_the_old_format(tmp_path, transformer):
    theirs = build([transformer, modules.Pooling(16, "cls")])
    theirs.save_pretrained(str(tmp_path / "theirs"))
    file = tmp_path / "theirs" / "1_Pooling" / "config.json"
    old = {"word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    file.write_text(json.dumps(old))
    assert DenseEncoder(tmp_path / "theirs").pooling == "cls"
    file.write_text(json.dumps({"word_embedding_dimension": 16}))
    assert DenseEncoder(tmp_path / "theirs").pooling == "mean"
    file.write_text(json.dumps({**old, "pooling_mode_max_tokens": True}))
    with pytest.raises(ValueError, match=r"1_Pooling/config\.json asks for the pooling \['cls', 'max'\]"):
        DenseEncoder(tmp_path / "theirs")
    assert DenseEncoder(tmp_path / "theirs", pooling="max").pooling == "max"
    file.unlink()
    with pytest.raises(FileNotFoundError, match="pass pooling= instead"):
        DenseEncoder(tmp_path / "theirs")


@pytest.mark.parametrize("last", [[], [modules.Normalize()]])
@pytest.mark.parametrize("activation", [torch.nn.Tanh(), torch.nn.GELU(), torch.nn.SiLU(), None])
def test_dense_and_normalize(tmp_path, transformer, activation, last):
    layers = [modules.Dense(16, 12, activation_function=activation), modules.Dropout(), modules.Dense(12, 8), *last]
    ours = check(build([transformer, modules.Pooling(16), *layers], similarity_fn_name="dot"), tmp_path / "theirs")
    assert (ours.dim, ours.normalize) == (8, bool(last))


@pytest.mark.parametrize(
    ("prompts", "query", "document"),
    [
        ({}, "", ""),
        ({"query": "Q: ", "document": "D: "}, "Q: ", "D: "),
        ({"query": "Q: "}, "Q: ", ""),
        ({"document": "D: ", "passage": "P: "}, "", "D: "),
        ({"clustering": "C: "}, "", ""),
    ],
)
def test_prompts(tmp_path, transformer, prompts, query, document):
    theirs = build([transformer, modules.Pooling(16)], prompts=prompts)
    ours = check(theirs, tmp_path / "theirs")
    assert (ours.query_prefix, ours.document_prefix) == (query, document)
    given = DenseEncoder(tmp_path / "theirs", query_prefix="", document_prefix="mine: ")
    assert (given.query_prefix, given.document_prefix) == ("", "mine: ")


@pytest.mark.parametrize("name", ["passage", "corpus"])
def test_a_passage_prompt_is_for_documents(tmp_path, transformer, name):
    theirs = build([transformer, modules.Pooling(16)], prompts={name: "P: "})
    theirs.save_pretrained(str(tmp_path / "theirs"))
    expected = theirs.encode(TEXTS, prompt_name=name, normalize_embeddings=True)
    np.testing.assert_allclose(DenseEncoder(tmp_path / "theirs").encode_documents(TEXTS), expected, atol=1e-5)


def test_default_prompt_is_ignored(tmp_path, transformer):
    """As in encode_query and encode_document."""
    theirs = build([transformer, modules.Pooling(16)], prompts={"sts": "S: "}, default_prompt_name="sts")
    assert check(theirs, tmp_path / "theirs").query_prefix == ""


@pytest.mark.parametrize(("similarity", "normalize"), [(None, True), ("cosine", True), ("dot", False)])
def test_similarity(tmp_path, transformer, similarity, normalize):
    theirs = build([transformer, modules.Pooling(16)], similarity_fn_name=similarity)
    assert check(theirs, tmp_path / "theirs").normalize is normalize


def test_unsupported_similarity(tmp_path, transformer):
    theirs = build([transformer, modules.Pooling(16)], similarity_fn_name="euclidean")
    theirs.save_pretrained(str(tmp_path / "theirs"))
    with pytest.raises(ValueError, match="similarity_fn_name='euclidean'"):
        DenseEncoder(tmp_path / "theirs")
    check(theirs, tmp_path / "again", normalize=False)


def test_max_seq_length_in_the_current_format(tmp_path, transformer):
    theirs = build([transformer, modules.Pooling(16)])
    theirs.max_seq_length = 9
    assert check(theirs, tmp_path / "theirs").max_length == 9
    assert "max_seq_length" not in (tmp_path / "theirs" / "sentence_bert_config.json").read_text()


@pytest.mark.parametrize("name", ["sentence_bert_config.json", "sentence_roberta_config.json"])
def test_max_seq_length_and_lower_case_in_the_old_format(tmp_path, transformer, name):
    build([transformer, modules.Pooling(16)]).save_pretrained(str(tmp_path / "theirs"))
    (tmp_path / "theirs" / "sentence_bert_config.json").unlink()
    (tmp_path / "theirs" / name).write_text(json.dumps({"max_seq_length": 11, "do_lower_case": True}))
    theirs = sentence_transformers.SentenceTransformer(str(tmp_path / "theirs"), device="cpu")
    ours = DenseEncoder(tmp_path / "theirs")
    expected = theirs.encode_query(TEXTS, normalize_embeddings=True)
    assert ours.max_length == 11
    np.testing.assert_allclose(ours.encode_queries(TEXTS), expected, atol=1e-5)
    np.testing.assert_array_equal(*ours.encode_queries(["Case", "cASE"]))
    again = DenseEncoder(ours.save(tmp_path / "ours"))
    np.testing.assert_array_equal(again.encode_queries(TEXTS), ours.encode_queries(TEXTS))


def test_max_length_over_512(tmp_path, tokenizer):
    folder = hugging_face(tmp_path / "bert", tokenizer, max_position_embeddings=700)
    theirs = build([modules.Transformer(str(folder)), modules.Pooling(16)])
    theirs.max_seq_length = 600
    assert check(theirs, tmp_path / "theirs").max_length == 600


@pytest.mark.parametrize("dense", [[], [modules.Dense(16, 8)]])
def test_static(tmp_path, tokenizer, dense):
    torch.manual_seed(0)
    static = modules.StaticEmbedding(tokenizer, embedding_dim=16)
    ours = check(build([static, *dense], prompts={"query": "Q: "}), tmp_path / "theirs")
    assert (ours.static, ours.max_length, ours.dim) == (True, None, 8 if dense else 16)


def test_static_of_model2vec(tmp_path, tokenizer):
    """Tokens share rows and have weights, as in quantised models of model2vec."""
    theirs = build([modules.StaticEmbedding(tokenizer, embedding_dim=16), modules.Normalize()])
    theirs.save_pretrained(str(tmp_path / "theirs"))
    file = tmp_path / "theirs" / "model.safetensors"
    table = load_file(file)["embedding.weight"]
    mapping = torch.arange(len(table)) // 2
    tensors = {"embeddings": table[: len(table) // 2 + 1].half(), "mapping": mapping, "weights": torch.rand(len(table))}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    theirs = sentence_transformers.SentenceTransformer(str(tmp_path / "theirs"), device="cpu")
    np.testing.assert_allclose(
        DenseEncoder(tmp_path / "theirs").encode_queries(TEXTS), theirs.encode_query(TEXTS), atol=1e-3
    )


@pytest.mark.parametrize("last", [[], [modules.Normalize()]])
def test_truncate_dim(tmp_path, transformer, last):
    theirs = build([transformer, modules.Pooling(16), *last], truncate_dim=6)
    ours = check(theirs, tmp_path / "theirs")
    assert ours.dim == 6
    assert DenseEncoder(tmp_path / "theirs", truncate_dim=12).dim == 12


def test_transformer_in_a_subfolder(tmp_path, transformer):
    build([transformer, modules.Pooling(16, "cls")]).save_pretrained(str(tmp_path / "theirs"))
    expected = DenseEncoder(tmp_path / "theirs").encode_queries(TEXTS)
    own = tmp_path / "theirs" / "0_Transformer"
    own.mkdir()
    for file in (tmp_path / "theirs").glob("*.*"):
        if file.name not in ("modules.json", "config_sentence_transformers.json"):
            file.rename(own / file.name)
    listed = json.loads((tmp_path / "theirs" / "modules.json").read_text())
    listed[0]["path"] = "0_Transformer"
    (tmp_path / "theirs" / "modules.json").write_text(json.dumps(listed))
    np.testing.assert_array_equal(DenseEncoder(tmp_path / "theirs").encode_queries(TEXTS), expected)


OTHERS = {
    "XLMRoberta": {},
    "MPNet": {},
    "DistilBert": {"dim": 16, "hidden_dim": 32, "n_layers": 1, "n_heads": 2},
    "ModernBert": {},
    "Qwen2": {"num_key_value_heads": 2},
    "T5": {"d_model": 16, "d_kv": 8, "num_heads": 2, "num_layers": 1, "d_ff": 32},
}


@pytest.mark.parametrize(("kind", "options"), OTHERS.items(), ids=OTHERS)
def test_other_transformers(tmp_path, tokenizer, kind, options):
    folder = hugging_face(tmp_path / "model", tokenizer, kind, **options)
    pooling = "lasttoken" if kind == "Qwen2" else "mean"
    theirs = build([modules.Transformer(str(folder)), modules.Pooling(16, pooling)])
    ours = check(theirs, tmp_path / "theirs")
    again = DenseEncoder(ours.save(tmp_path / "ours"))
    np.testing.assert_allclose(again.encode_queries(TEXTS), ours.encode_queries(TEXTS), atol=1e-6)


def test_plain_hugging_face_folder(bert):
    """Without modules.json: mean pooling, no prompt and cosine, as in sentence-transformers."""
    theirs = sentence_transformers.SentenceTransformer(bert, device="cpu")
    expected = theirs.encode_query(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(DenseEncoder(bert).encode_queries(TEXTS), expected, atol=1e-5)
