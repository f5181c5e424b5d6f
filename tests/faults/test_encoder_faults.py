"""Encoders: nothing that changes vectors is overlooked, and what cannot work says so when it is loaded."""

import json
import os
import pickle
import shutil
import time
import unicodedata

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

import pyterrier_hybrid as ph
from pyterrier_hybrid import DenseEncoder
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.retrieval import Centring
from pyterrier_hybrid.retrieval.encoder.modules import EmbeddingModel, Projection
from pyterrier_hybrid.training.loop.tokens import cache_key

TEXTS = ["the capital of France", "die Hauptstadt von Frankreich", "столица Франции", "法国的首都", "Thủ đô của Pháp"]
TINY = {"dim": 16, "vocab_size": 90, "layers": 1, "heads": 2, "max_length": 32, "verbose": False}


@pytest.fixture(scope="session")
def encoder():
    """An untrained transformer encoder with 16 dimensions and at most 32 tokens."""
    return DenseEncoder.from_scratch(TEXTS, architecture="transformer", **TINY)


@pytest.fixture(scope="session")
def saved(encoder, tmp_path_factory):
    """The folder of ``encoder``, which tests don't change."""
    return encoder.save(tmp_path_factory.mktemp("models") / "encoder")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of ``saved`` to change."""
    return shutil.copytree(saved, tmp_path / "encoder")


@pytest.fixture
def with_dense(encoder, tmp_path):
    """The folder of an encoder with a dense layer."""
    projection = Projection({"in_features": 16, "out_features": 4, "activation_function": "torch.nn.Tanh"})
    module = EmbeddingModel(encoder.copy_module().backbone, projections=[projection])
    return encoder.with_module(module, name="dense").save(tmp_path / "dense")


def edit(file, **values):
    """Change values of a JSON file; None removes one."""
    content = json.loads(file.read_text()) if file.exists() else {}
    content = {key: value for key, value in {**content, **values}.items() if value is not None}
    file.write_text(json.dumps(content))


# Fingerprints


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"num_attention_heads": 4}),
        ("config.json", {"layer_norm_eps": 1e-6}),
        ("config.json", {"is_decoder": True}),
        # Without effect on vectors, but on a training.
        ("config.json", {"hidden_dropout_prob": 0.2}),
        # Unknown keys may be read by a later version.
        ("config.json", {"a_new_option": 3}),
        ("sentence_bert_config.json", {"max_seq_length": 16}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
        ("config_sentence_transformers.json", {"prompts": {"query": "Q: ", "document": ""}}),
        ("tokenizer_config.json", {"truncation_side": "left"}),
        ("tokenizer_config.json", {"split_special_tokens": True}),
    ],
)
def test_whatever_changes_vectors_changes_the_fingerprint(encoder, folder, file, values):
    edit(folder / file, **values)
    assert DenseEncoder(folder).fingerprint != encoder.fingerprint


@pytest.mark.parametrize(
    "values",
    [
        {"_name_or_path": "elsewhere"},
        {"transformers_version": "5.0.0"},
        {"dtype": "float16"},
        {"architectures": ["BertForMaskedLM"]},
        {"id2label": {"0": "yes", "1": "no"}, "label2id": {"yes": 0, "no": 1}},
    ],
)
def test_where_a_model_comes_from_does_not_change_the_fingerprint(encoder, folder, values):
    edit(folder / "config.json", **values)
    assert DenseEncoder(folder).fingerprint == encoder.fingerprint


def test_normalisation_is_part_of_the_fingerprint(encoder, folder):
    assert DenseEncoder(folder, normalize=False).fingerprint != encoder.fingerprint


def test_activation_of_a_dense_layer_is_part_of_the_fingerprint(with_dense):
    before = DenseEncoder(with_dense)
    edit(with_dense / "2_Dense" / "config.json", activation_function="torch.nn.modules.activation.ReLU")
    after = DenseEncoder(with_dense)
    assert not np.allclose(before.encode_queries(TEXTS), after.encode_queries(TEXTS))
    assert before.fingerprint != after.fingerprint


def test_saving_and_loading_keeps_the_fingerprint(with_dense, tmp_path):
    loaded = DenseEncoder(with_dense)
    assert DenseEncoder(loaded.save(tmp_path / "again")).fingerprint == loaded.fingerprint


@pytest.fixture(scope="session")
def pairs():
    """Eight items in two languages."""
    return ph.ParallelPairs([
        Item(str(i), None, "toy", {"de": f"Frage {i}", "en": f"question {i}"}, {"de": f"Wort {i}", "en": f"word {i}"})
        for i in range(8)
    ])  # fmt: skip


def interrupted(encoder):
    """A validation that fails at step 4."""
    interrupted.count += 1
    if interrupted.count == 3:
        raise KeyboardInterrupt
    return 0.5


def test_resume_notices_another_activation(folder, pairs, tmp_path):
    interrupted.count = 0
    options = {
        "batch_size": 4, "max_steps": 4, "eval_steps": 2, "save_steps": 2, "validation": interrupted,
        "output": tmp_path / "trained", "verbose": False,
    }  # fmt: skip
    sampler = ph.MonoSampler()
    with pytest.raises(KeyboardInterrupt):
        ph.train(DenseEncoder(folder), pairs, sampler, **options)
    edit(folder / "config.json", hidden_act="relu")
    with pytest.raises(ValueError, match="start"):
        ph.train(DenseEncoder(folder), pairs, sampler, **options)


def test_token_cache_notices_another_side_of_truncation(encoder, folder, pairs):
    edit(folder / "tokenizer_config.json", truncation_side="left")
    assert cache_key(pairs, DenseEncoder(folder)) != cache_key(pairs, encoder)


# Unicode

NFC, NFD = (unicodedata.normalize(form, "Thủ đô của nước Pháp là thành phố nào?") for form in ("NFC", "NFD"))


@pytest.fixture(scope="session")
def composed_only(tmp_path_factory):
    """The folder of an encoder whose tokenizer, like that of XLM-R, knows letters with their marks only composed."""
    texts = [unicodedata.normalize("NFC", text) for text in [*TEXTS, NFC]]
    encoder = DenseEncoder.from_scratch(texts, architecture="transformer", **TINY)
    encoder._tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    return encoder.save(tmp_path_factory.mktemp("models") / "composed")


def test_nfd_text_gets_the_vector_of_nfc_text(composed_only):
    encoder = DenseEncoder(composed_only, document_prefix="đoạn: ")
    for encode in (encoder.encode_queries, encoder.encode_documents):
        vectors = encode([NFC, "other", NFD])
        np.testing.assert_array_equal(vectors[0], vectors[2])
    assert encoder.tokenize([NFD]) == encoder.tokenize([NFC])
    frame = pd.DataFrame({"qid": ["1", "1"], "query": NFD, "docno": ["a", "b"], "text": [NFC, NFD]})
    assert encoder.text_scorer()(frame)["score"].nunique() == 1


def test_nfc_can_be_turned_off_and_is_saved(composed_only, tmp_path):
    on, off = DenseEncoder(composed_only), DenseEncoder(composed_only, nfc=np.bool_(False))
    assert (on.nfc, off.nfc) == (True, False)
    assert not np.allclose(off.encode_queries([NFD]), off.encode_queries([NFC]))
    np.testing.assert_array_equal(on.encode_queries([NFC]), off.encode_queries([NFC]))
    again = DenseEncoder(off.save(tmp_path / "off"))
    assert not again.nfc and again.fingerprint == off.fingerprint != on.fingerprint
    assert DenseEncoder(again.save(tmp_path / "on"), nfc=True).nfc
    assert not again.with_module(again.copy_module(), name="trained").nfc
    assert "NFC" in (on.save(tmp_path / "card") / "README.md").read_text()
    assert "NFC" not in (tmp_path / "off" / "README.md").read_text()


def test_nfc_of_an_encoder_from_scratch():
    options = {"dim": 8, "vocab_size": 80, "verbose": False}
    assert DenseEncoder.from_scratch(TEXTS, **options).nfc
    assert not DenseEncoder.from_scratch(TEXTS, nfc=False, **options).nfc


def test_folders_without_the_setting_bring_texts_to_nfc(folder):
    edit(folder / "config_sentence_transformers.json", nfc=None)
    assert DenseEncoder(folder).nfc


def test_token_cache_notices_nfc(composed_only, pairs):
    assert cache_key(pairs, DenseEncoder(composed_only)) != cache_key(pairs, DenseEncoder(composed_only, nfc=False))


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "ok \udc80"])
def test_lone_surrogates(encoder, text):
    for encode in (encoder.encode_queries, encoder.encode_documents, encoder.tokenize):
        with pytest.raises(ValueError, match=r"\w+\[1\] has a lone surrogate \(U\+D[0-9A-F]{3}\) at position \d"):
            encode(["fine", text])
    with pytest.raises(ValueError, match=r"texts\[0\] has a lone surrogate"):
        DenseEncoder.from_scratch([text], dim=8, vocab_size=40, verbose=False)
    with pytest.raises(ValueError, match="query_prefix has a lone surrogate"):
        DenseEncoder.from_scratch(TEXTS, dim=8, vocab_size=80, query_prefix=text, verbose=False)
    frame = pd.DataFrame({"qid": ["1", "2"], "query": ["fine", text]}, dtype=object)
    with pytest.raises(ValueError, match="column 'query', row 1 has a lone surrogate"):
        encoder.query_encoder()(frame)


# Iterables


@pytest.mark.parametrize(
    "make", [iter, tuple, np.array, pd.Series, lambda texts: (text for text in texts), dict.fromkeys]
)
def test_any_iterable_of_texts_is_encoded_or_refused(encoder, make):
    expected = encoder.encode_documents(TEXTS)
    if isinstance(make(TEXTS), dict):
        with pytest.raises(TypeError, match="documents is a dict: pass a list of texts"):
            encoder.encode_documents(make(TEXTS))
    else:
        np.testing.assert_array_equal(encoder.encode_documents(make(TEXTS)), expected)
        np.testing.assert_array_equal(encoder.encode_queries(make(TEXTS)), expected)
        assert encoder.tokenize(make(TEXTS)) == encoder.tokenize(TEXTS)


@pytest.mark.parametrize("texts", ["one text", b"bytes", {"a", "b"}, pd.DataFrame({"text": TEXTS}), None, 3])
def test_what_is_no_list_of_texts_is_refused(encoder, texts):
    for encode in (encoder.encode_documents, encoder.tokenize):
        with pytest.raises(TypeError, match="pass a list of texts"):
            encode(texts)
    with pytest.raises(TypeError, match="pass a list of texts"):
        DenseEncoder.from_scratch(texts, dim=8, vocab_size=40, verbose=False)


@pytest.mark.parametrize("texts", [["a", None], ["a", 3], ["a", float("nan")], np.array(["a", None], dtype=object)])
def test_what_is_no_text_is_named(encoder, texts):
    with pytest.raises(TypeError, match=r"queries\[1\] is .* every text must be a str"):
        encoder.encode_queries(texts)


def test_encoder_from_scratch_of_an_iterator():
    options = {"dim": 8, "vocab_size": 80, "verbose": False}
    assert (
        DenseEncoder.from_scratch(iter(TEXTS), **options).fingerprint
        == DenseEncoder.from_scratch(TEXTS, **options).fingerprint
    )


def test_text_fields_of_an_iterator(encoder):
    frame = pd.DataFrame({"docno": ["a"], "title": ["the capital"], "text": ["of France"]})
    vectors = encoder.doc_encoder(text_field=iter(["title", "text"]))(frame)["doc_vec"]
    np.testing.assert_array_equal(vectors[0], encoder.encode_documents(["the capital of France"])[0])
    with pytest.raises(ValueError, match="text_field"):
        encoder.doc_encoder(text_field=[])


# Lengths


@pytest.mark.parametrize("length", [-1, 0, 1, 2, 33, 10**9])
def test_lengths_that_cannot_be_kept_are_refused(saved, length):
    with pytest.raises(ValueError, match=rf"max_length={length}: .*at (least|most)"):
        DenseEncoder(saved, max_length=length)


@pytest.mark.parametrize("length", [1.5, "3", True])
def test_lengths_that_are_no_whole_number_are_refused(saved, length):
    with pytest.raises((TypeError, ValueError), match="max_length="):
        DenseEncoder(saved, max_length=length)


@pytest.mark.parametrize("length", [3, 32, np.int64(5)])
def test_texts_are_cut_to_the_length(saved, length, tmp_path):
    encoder = DenseEncoder(saved, max_length=length)
    long = "the capital of France " * 30
    assert [len(ids) for ids in encoder.tokenize([long, ""])] == [length, 2]
    assert np.isfinite(encoder.encode_queries([long])).all()
    assert DenseEncoder(encoder.save(tmp_path / "again")).max_length == length


def test_a_prefix_leaves_room_for_a_text(saved):
    with pytest.raises(ValueError, match="max_length=4: special tokens and prefixes alone take"):
        DenseEncoder(saved, max_length=4, query_prefix="the capital of France ")


@pytest.mark.parametrize("length", [0, -1, 2])
def test_lengths_of_a_folder_are_checked_too(folder, length):
    edit(folder / "sentence_bert_config.json", max_seq_length=length)
    with pytest.raises(ValueError, match=f"max_length={length}"):
        DenseEncoder(folder)


def test_length_of_a_folder_beyond_the_positions_is_cut(folder):
    edit(folder / "sentence_bert_config.json", max_seq_length=4000)
    encoder = DenseEncoder(folder)
    assert encoder.max_length == 32
    assert np.isfinite(encoder.encode_queries(["the capital of France " * 30])).all()


def test_positions_after_that_of_the_padding(tmp_path, encoder):
    config = transformers.RobertaConfig(
        vocab_size=90, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=20, pad_token_id=0,
    )  # fmt: skip
    transformers.RobertaModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "roberta")
    encoder._tokenizer.save_pretrained(tmp_path / "roberta")
    with pytest.raises(ValueError, match="max_length=20: the model has positions for 19 tokens"):
        DenseEncoder(tmp_path / "roberta", max_length=20)
    loaded = DenseEncoder(tmp_path / "roberta", max_length=19)
    assert np.isfinite(loaded.encode_queries(["the capital of France " * 30])).all()


def test_relative_positions_have_no_limit(tmp_path, encoder):
    config = transformers.T5Config(vocab_size=90, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    transformers.T5EncoderModel(config).save_pretrained(tmp_path / "t5")
    encoder._tokenizer.save_pretrained(tmp_path / "t5")
    loaded = DenseEncoder(tmp_path / "t5", max_length=700)
    assert len(loaded.tokenize(["the capital of France " * 300])[0]) == loaded.max_length == 700
    assert np.isfinite(loaded.encode_queries(["the capital of France " * 300])).all()


def test_length_of_a_static_encoder(tmp_path):
    folder = DenseEncoder.from_scratch(TEXTS, dim=8, vocab_size=80, verbose=False).save(tmp_path / "static")
    assert len(DenseEncoder(folder, max_length=1).tokenize(["the capital of France"])[0]) == 1
    for length in (0, -1):
        with pytest.raises(ValueError, match=f"max_length={length}"):
            DenseEncoder(folder, max_length=length)
    for length in (0, 1, 2, -1):
        with pytest.raises(ValueError, match="max_length="):
            DenseEncoder.from_scratch(TEXTS, architecture="transformer", **{**TINY, "max_length": length})


# Models that people have


@pytest.fixture(scope="session")
def pieces(tmp_path_factory):
    """A model file of sentencepiece."""
    import sentencepiece

    model = tmp_path_factory.mktemp("pieces") / "pieces.model"
    with model.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([*TEXTS, *map(str.lower, TEXTS)] * 4), model_writer=file, vocab_size=120,
            hard_vocab_limit=False, minloglevel=2,
        )  # fmt: skip
    return model


def save_model(folder, kind, tokenizer=None, head="Model", **options):
    """Save a tiny model with random weights, as transformers does."""
    sizes = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
        "vocab_size": 150, **options,
    }  # fmt: skip
    torch.manual_seed(1)
    model = getattr(transformers, kind + head)(getattr(transformers, f"{kind}Config")(**sizes))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    return folder


def check_encodes(folder, tmp_path, tolerance=1e-5, **options):
    """Check that different texts get different vectors, also from the saved encoder, and that it can be trained."""
    encoder = DenseEncoder(folder, verbose=False, **options)
    texts = [*TEXTS, "a", ""]
    vectors = encoder.encode_queries(texts)
    assert np.isfinite(vectors).all() and len(np.unique(vectors, axis=0)) == len(texts)
    # Whatever else is in the batch.
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(encoder.encode_queries([text])[0], vector, atol=tolerance)
    again = DenseEncoder(encoder.save(tmp_path / "again"), verbose=False)
    np.testing.assert_allclose(again.encode_queries(texts), vectors, atol=1e-6)
    assert again.fingerprint == encoder.fingerprint
    module = encoder.copy_module().requires_grad_(True)
    module(encoder.tokenize(texts), chunk_size=2, recompute=True)[0].sum().backward()
    return encoder


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("XLMRoberta", "sentencepiece.bpe.model"), ("Camembert", "sentencepiece.bpe.model"),
        ("DebertaV2", "spm.model"), ("XLNet", "spiece.model"),
    ],
)  # fmt: skip
def test_folders_with_only_a_sentencepiece_model(tmp_path, pieces, kind, file):
    sizes = {"n_layer": 1, "n_head": 2, "d_model": 16, "d_inner": 16} if kind == "XLNet" else {}
    folder = save_model(tmp_path / "model", kind, **sizes)
    shutil.copy(pieces, folder / file)
    check_encodes(folder, tmp_path)


def test_byt5(tmp_path):
    folder = save_model(
        tmp_path / "byt5", "T5", transformers.ByT5Tokenizer(), "EncoderModel", vocab_size=384, d_model=16, d_kv=8,
        d_ff=16, num_layers=1, num_heads=2,
    )  # fmt: skip
    check_encodes(folder, tmp_path)


@pytest.mark.slow
def test_canine(tmp_path):
    # Its convolutions see the padding of the batch, in transformers as well.
    check_encodes(save_model(tmp_path / "canine", "Canine", transformers.CanineTokenizer()), tmp_path, tolerance=0.1)


@pytest.mark.parametrize(("head", "width"), [("QuestionEncoder", 0), ("ContextEncoder", 0), ("QuestionEncoder", 8)])
def test_encoders_of_dpr(tmp_path, encoder, head, width):
    folder = save_model(tmp_path / "dpr", "DPR", encoder._tokenizer, head, projection_dim=width)
    ours = check_encodes(folder, tmp_path)
    theirs = getattr(transformers, f"DPR{head}").from_pretrained(folder)
    ids = torch.tensor(encoder._tokenizer(TEXTS[:1])["input_ids"])
    expected = theirs(ids).pooler_output.detach().numpy()
    np.testing.assert_allclose(ours.encode_queries(TEXTS[:1]), expected, atol=1e-5)
    assert not ours.normalize


def test_the_reader_of_dpr_is_refused(tmp_path, encoder):
    folder = save_model(tmp_path / "dpr", "DPR", encoder._tokenizer, "Reader")
    with pytest.raises(ValueError, match="is a DPRReader: of DPR, DPRQuestionEncoder and DPRContextEncoder"):
        DenseEncoder(folder)


def test_added_tokens_beyond_the_table(tmp_path, encoder):
    from transformers import AddedToken, AutoTokenizer

    encoder._tokenizer.save_pretrained(tmp_path / "tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "tokenizer")
    folder = save_model(tmp_path / "model", "Bert", vocab_size=len(tokenizer))
    tokenizer.add_tokens(["⟨new⟩"])
    tokenizer.add_special_tokens({"pad_token": AddedToken("⟨pad⟩")})
    tokenizer.save_pretrained(folder)
    ours = check_encodes(folder, tmp_path)
    with_new, unknown = ours.encode_queries(["the ⟨new⟩ capital", "the <unk> capital"])
    np.testing.assert_array_equal(with_new, unknown)


def test_a_start_token_beyond_the_table_is_refused_when_loading(tmp_path, encoder):
    folder = save_model(tmp_path / "model", "Bert", encoder._tokenizer, vocab_size=2)
    with pytest.raises(ValueError, match=r"model: the token '.*' has no vector in the model"):
        DenseEncoder(folder)


@pytest.fixture
def without_special_tokens(tmp_path):
    """The folder of a model whose tokenizer adds no tokens, so that an empty text has none."""
    words = {word: number for number, word in enumerate(["<unk>", "<pad>", "the", "capital", "of", "France"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>")
    return save_model(tmp_path / "model", "Bert", fast, vocab_size=len(words))


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"])
def test_a_text_without_tokens_becomes_zeros(without_special_tokens, pooling):
    encoder = DenseEncoder(without_special_tokens, pooling=pooling)
    vectors = encoder.encode_queries(["", "the capital of France", "  "])
    assert not vectors[[0, 2]].any()
    np.testing.assert_array_equal(vectors[1:2], encoder.encode_queries(["the capital of France"]))
    assert not encoder.encode_queries([""]).any()
    module = encoder.copy_module().requires_grad_(True)
    module([[], [2, 3], []], chunk_size=1).sum().backward()


@pytest.mark.parametrize("kind", ["Bert", "XLMRoberta", "Roberta", "DebertaV2", "T5"])
def test_a_model_without_a_tokenizer(tmp_path, kind):
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2} if kind == "T5" else {}
    folder = save_model(tmp_path / "model", kind, head="EncoderModel" if kind == "T5" else "Model", **sizes)
    with pytest.raises(FileNotFoundError, match=r"model has no tokenizer \(.*save_pretrained"):
        DenseEncoder(folder)


def test_half_of_a_tokenizer(tmp_path):
    folder = save_model(tmp_path / "model", "Roberta")
    (folder / "vocab.json").write_text('{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4}')
    with pytest.raises((FileNotFoundError, ValueError), match=r"model:? (has no|its) tokenizer"):
        DenseEncoder(folder)


def test_weights_that_are_not_finite_are_refused(folder):
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if "word_embeddings" in name)
    save_file({**weights, name: weights[name] * float("nan")}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="encoder: the vectors of two first texts .* finite"):
        DenseEncoder(folder)


# Damaged and hostile folders


def pickled(file):
    """Write a pickle that says so when it is read."""
    file.write_bytes(pickle.dumps(Evidence()))


class Evidence:
    """Unpickled, it leaves a mark."""

    def __reduce__(self):
        return (os.putenv, ("PICKLE_WAS_READ", "yes"))


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize(
    "name",
    ["pytorch_model.bin", "../model.safetensors", "/model.safetensors", r"..\model.safetensors", "", 3, None],
)
def test_an_index_names_only_safetensors_of_its_folder(folder, name, single):
    pickled(folder / "pytorch_model.bin")
    shutil.copy(folder / "model.safetensors", folder.parent)
    names = dict.fromkeys(load_file(folder / "model.safetensors"), name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
    if not single:
        (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors\.index\.json names the weights .* same folder"):
        DenseEncoder(folder)


@pytest.mark.parametrize("content", ["[]", "{}", '{"weight_map": 3}'])
def test_an_index_without_names(folder, content):
    (folder / "model.safetensors.index.json").write_text(content)
    with pytest.raises(ValueError, match=r"index\.json: "):
        DenseEncoder(folder)


def test_weights_in_parts(encoder, folder):
    weights = load_file(folder / "model.safetensors")
    names = {name: f"model-0000{number % 2 + 1}-of-00002.safetensors" for number, name in enumerate(weights)}
    for part in {*names.values()}:
        save_file({name: weights[name] for name in weights if names[name] == part}, folder / part, {"format": "pt"})
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
    assert DenseEncoder(folder).fingerprint == encoder.fingerprint


@pytest.mark.parametrize("name", ["pytorch_model.bin", "adapter_model.bin", "../model.safetensors"])
def test_a_config_names_only_safetensors_of_its_folder(folder, name):
    edit(folder / "config.json", transformers_weights=name)
    with pytest.raises(ValueError, match=r"config\.json names the weights"):
        DenseEncoder(folder)


@pytest.mark.parametrize("path", ["../2_Dense", "/2_Dense", r"..\2_Dense", "C:/2_Dense", "2_Dense/../../2_Dense", 3])
def test_modules_stay_in_the_folder(with_dense, path):
    shutil.copytree(with_dense / "2_Dense", with_dense.parent / "2_Dense")
    modules = json.loads((with_dense / "modules.json").read_text())
    modules[2]["path"] = path
    (with_dense / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"modules\.json: path=.*(leads out of the folder|expected a str)"):
        DenseEncoder(with_dense)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tokenizer_args", {"tokenizer_file": "/etc/passwd"}),
        ("processor_kwargs", {"vocab_file": "../vocab.txt"}),
        ("config_args", {"_configuration_file": "../config.json"}),
        ("config_kwargs", {"subfolder": "../other"}),
        ("config_kwargs", {"gguf_file": "x.gguf"}),
    ],
)
def test_options_of_a_folder_name_no_files(folder, name, options):
    edit(folder / "sentence_bert_config.json", **{name: options})
    with pytest.raises(ValueError, match=r"sentence_bert_config\.json: .* names files of its own"):
        DenseEncoder(folder)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"])
def test_an_adapter_is_not_passed_over(folder, name):
    (folder / name).write_text("{}")
    with pytest.raises(ValueError, match=rf"has an adapter \({name}\).*merge_and_unload"):
        DenseEncoder(folder)


@pytest.mark.parametrize("size", [1e9, 10**9, 10**15, 1e300])
@pytest.mark.parametrize(
    "key",
    ["num_labels", "num_hidden_layers", "hidden_size", "vocab_size", "max_position_embeddings"],
)
def test_absurd_sizes_are_refused_before_memory_is_taken(folder, key, size):
    edit(folder / "config.json", **{key: size})
    with pytest.raises(ValueError, match=rf"config\.json: {key}=.* is more than any model has"):
        DenseEncoder(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_hidden_layers", 999), ("hidden_size", 10**7), ("vocab_size", 10**7), ("num_attention_heads", 10**7),
        ("max_position_embeddings", 10**7), ("intermediate_size", 10**7), ("num_hidden_layers", "two"),
        ("hidden_size", -16), ("hidden_size", 0), ("num_attention_heads", 0), ("hidden_act", "no such function"),
        ("model_type", "no such model"), ("model_type", 3), ("vocab_size", None), ("layer_norm_eps", "x"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_the_weights(folder, key, value):
    edit(folder / "config.json", **{key: value})
    start = time.process_time()
    try:
        DenseEncoder(folder)
        # Left out, a size has its default.
        assert value is None
    except (ValueError, FileNotFoundError) as error:
        assert str(folder) in str(error)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "values", [{"in_features": 10**12}, {"out_features": 5}, {"in_features": None}, {"bias": False}]
)
def test_a_dense_layer_that_does_not_fit_its_weights(with_dense, values):
    edit(with_dense / "2_Dense" / "config.json", **values)
    with pytest.raises(ValueError, match="2_Dense"):
        DenseEncoder(with_dense)


def test_a_dense_layer_that_does_not_fit_the_model(with_dense):
    edit(with_dense / "2_Dense" / "config.json", in_features=7)
    save_file(
        {"linear.weight": torch.ones(4, 7), "linear.bias": torch.ones(4)}, with_dense / "2_Dense/model.safetensors"
    )
    with pytest.raises(ValueError, match="dense: encoding a first text failed"):
        DenseEncoder(with_dense)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "2_Dense/model.safetensors"])
def test_git_lfs_pointers(with_dense, name):
    (with_dense / name).write_text(POINTER)
    with pytest.raises(ValueError, match=rf"{name}: a Git LFS pointer instead of the file itself; .*git lfs pull"):
        DenseEncoder(with_dense)


def test_git_lfs_pointers_of_a_static_encoder_and_a_debiasing(tmp_path):
    folder = DenseEncoder.from_scratch(TEXTS, dim=8, vocab_size=80, verbose=False).save(tmp_path / "static")
    for name in ("0_StaticEmbedding/model.safetensors", "0_StaticEmbedding/tokenizer.json"):
        (folder / name).write_text(POINTER)
        with pytest.raises(ValueError, match=f"{name}: a Git LFS pointer"):
            DenseEncoder(folder)
    fitted = Centring().fit_vectors([[1.0, 0.0]], ["de"]).save(tmp_path / "centring")
    (fitted / "debias.safetensors").write_text(POINTER)
    with pytest.raises(ValueError, match=r"debias\.safetensors: a Git LFS pointer"):
        Centring.load(fitted)


def damages():
    """Ways in which a file gets damaged."""
    return {
        "empty": lambda data: b"",
        "cut in half": lambda data: data[: len(data) // 2],
        "without its last byte": lambda data: data[:-1],
        "not text": lambda data: b"\xff\xfe\x00" + data,
        "a list": lambda data: b"[]",
        "a number": lambda data: b"3",
        "null": lambda data: b"null",
        "a list of null": lambda data: b"[null]",
        "deep": lambda data: b"[" * 100_000,
        "a long number": lambda data: b"1" * 10_000,
        "zeros": lambda data: bytes(len(data)),
    }


JSON_FILES = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "modules.json", "config_sentence_transformers.json",
    "sentence_bert_config.json", "1_Pooling/config.json", "2_Dense/config.json",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("damage", damages())
@pytest.mark.parametrize("name", [*JSON_FILES, "model.safetensors", "2_Dense/model.safetensors"])
def test_every_damage_is_one_clear_error(with_dense, name, damage):
    data = (with_dense / name).read_bytes()
    (with_dense / name).write_bytes(damages()[damage](data))
    try:
        DenseEncoder(with_dense)
        # The last byte of a JSON file is that of a newline, and an empty list of modules is as good as none.
        assert damage == "without its last byte" or (name, damage) == ("modules.json", "a list")
    except (ValueError, FileNotFoundError) as error:
        assert str(with_dense) in str(error) and "\n" not in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("value", ["text", -1, 2.5, True, ["a"], {"a": 1}, 10**30])
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("config_sentence_transformers.json", "prompts"), ("config_sentence_transformers.json", "truncate_dim"),
        ("config_sentence_transformers.json", "nfc"), ("config_sentence_transformers.json", "similarity_fn_name"),
        ("config_sentence_transformers.json", "model_type"), ("sentence_bert_config.json", "max_seq_length"),
        ("sentence_bert_config.json", "config_args"), ("sentence_bert_config.json", "tokenizer_args"),
        ("sentence_bert_config.json", "modality_config"), ("1_Pooling/config.json", "pooling_mode"),
        ("1_Pooling/config.json", "include_prompt"), ("2_Dense/config.json", "activation_function"),
        ("2_Dense/config.json", "bias"), ("2_Dense/config.json", "in_features"), ("tokenizer_config.json", "pad_token"),
        ("tokenizer_config.json", "model_max_length"), ("training.json", "sampler"),
    ],
)  # fmt: skip
def test_values_of_another_type(with_dense, name, key, value):
    edit(with_dense / name, **{key: value})
    try:
        encoder = DenseEncoder(with_dense)
        assert np.isfinite(encoder.encode_queries(["the capital of France " * 20])).all()
        encoder.fingerprint  # noqa: B018
    except (ValueError, FileNotFoundError) as error:
        assert str(with_dense) in str(error) or "truncate_dim=" in str(error) or "max_length=" in str(error)


@pytest.mark.parametrize("model", [3, None, b"model", 2.5, ["a"], {}, True])
def test_what_is_no_model(model):
    with pytest.raises(TypeError, match="model=.* is .*: pass a model's folder or its name"):
        DenseEncoder(model)


@pytest.mark.parametrize("model", ["", "a\0b", " ", "no/such/folder/at/all", "~/nothing", "a" * 5000])
def test_what_is_no_folder(model):
    with pytest.raises((FileNotFoundError, ValueError), match="model"):
        DenseEncoder(model)


def test_a_file_is_no_folder(saved):
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors is not a folder"):
        DenseEncoder(saved / "model.safetensors")
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors is not a folder"):
        DenseEncoder(str(saved / "model.safetensors"))


# Options


def test_numbers_of_numpy(tmp_path):
    encoder = DenseEncoder.from_scratch(
        TEXTS, architecture="transformer", dim=np.int64(16), vocab_size=np.int32(90), layers=np.int64(1),
        heads=np.int16(2), max_length=np.int64(32), seed=np.int64(0), verbose=False, batch_size=np.int64(3),
    )  # fmt: skip
    plain = DenseEncoder.from_scratch(TEXTS, architecture="transformer", **TINY)
    assert encoder.fingerprint == plain.fingerprint
    folder = encoder.save(tmp_path / "numpy")
    loaded = DenseEncoder(
        folder, max_length=np.int64(20), truncate_dim=np.int64(8), normalize=np.bool_(True), nfc=np.bool_(True),
        query_prefix=np.str_("q: "), batch_size=np.int64(2), verbose=False,
    )  # fmt: skip
    again = DenseEncoder(loaded.save(tmp_path / "again"))
    assert (again.max_length, again.dim, again.normalize, again.query_prefix) == (20, 8, True, "q: ")
    np.testing.assert_allclose(again.encode_queries(TEXTS), loaded.encode_queries(TEXTS), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("normalize", "no"), ("normalize", 1), ("nfc", "NFC"), ("nfc", 0), ("max_length", 2.5), ("truncate_dim", "8"),
        ("batch_size", 1.5), ("query_prefix", 3), ("document_prefix", ["a"]), ("pooling", 3), ("dtype", np.float32),
    ],
)  # fmt: skip
def test_options_of_another_type_are_refused(saved, name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        DenseEncoder(saved, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dim", 0), ("dim", 2.5), ("vocab_size", 0), ("layers", -1), ("heads", 0), ("heads", "2"), ("seed", -1),
        ("seed", 1.5), ("max_length", 2.5), ("nfc", "yes"), ("query_prefix", 3), ("batch_size", 0),
    ],
)  # fmt: skip
def test_options_from_scratch_are_checked(name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        DenseEncoder.from_scratch(TEXTS, architecture="transformer", **{**TINY, name: value})
