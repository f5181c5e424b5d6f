"""DenseEncoder: vectors equal to those of sentence-transformers, transformers of frames, clear errors."""

import json
import shutil

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from safetensors.torch import save_file

from pyterrier_hybrid import DenseEncoder

TEXTS = [
    "the capital of France",
    "die Hauptstadt von Frankreich",
    "столица Франции",
    "法国的首都",
    "",
    "the capital of France",
]
ARCHITECTURES = ("static", "transformer")


def new(architecture, **options):
    options = {"dim": 16, "vocab_size": 120, "layers": 2, "seed": 3, **options}
    return DenseEncoder.from_scratch(TEXTS, architecture=architecture, **options)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def encoder(request):
    return new(request.param, query_prefix="query: ", document_prefix="passage: ")


@pytest.fixture(scope="module")
def saved(encoder, tmp_path_factory):
    return encoder.save(tmp_path_factory.mktemp("models") / "encoder")


def test_vectors(encoder):
    vectors = encoder.encode_queries(TEXTS)
    assert vectors.shape == (len(TEXTS), 16)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:4], axis=1), 1, atol=1e-6)
    assert not np.allclose(vectors, encoder.encode_documents(TEXTS), atol=1e-3)


def test_equal_texts_have_equal_vectors_in_any_batch(encoder):
    many = [*TEXTS, *(f"text number {i} of some length" * (i % 5) for i in range(150))]
    vectors = encoder.encode_documents(many)
    assert (vectors[0] == vectors[5]).all()
    np.testing.assert_allclose(vectors[:6], encoder.encode_documents(TEXTS), atol=1e-6)


def test_no_texts_and_invalid_texts(encoder):
    assert encoder.encode_queries([]).shape == (0, 16)
    with pytest.raises(TypeError, match=r"queries\[1\] is 7, a int"):
        encoder.encode_queries(["one", 7])
    with pytest.raises(TypeError, match="documents is a str: pass a list of texts"):
        encoder.encode_documents("one")


def test_save_and_load(encoder, saved):
    again = DenseEncoder(saved)
    assert (again.query_prefix, again.document_prefix, again.max_length) == ("query: ", "passage: ", encoder.max_length)
    np.testing.assert_array_equal(again.encode_queries(TEXTS), encoder.encode_queries(TEXTS))
    np.testing.assert_array_equal(again.encode_documents(TEXTS), encoder.encode_documents(TEXTS))


def test_weights_have_the_permissions_of_the_other_files(saved):
    readable = (saved / "config_sentence_transformers.json").stat().st_mode
    for file in saved.rglob("*"):
        assert file.is_dir() or file.stat().st_mode == readable, file


def test_sentence_transformers_opens_it_with_equal_vectors(encoder, saved):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    model = sentence_transformers.SentenceTransformer(str(saved), device="cpu")
    np.testing.assert_allclose(model.encode_query(TEXTS), encoder.encode_queries(TEXTS), atol=1e-5)
    np.testing.assert_allclose(model.encode_document(TEXTS), encoder.encode_documents(TEXTS), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken"])
def test_pooling_and_dense_layer_as_in_sentence_transformers(tmp_path, pooling):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer import modules

    new("transformer").save(tmp_path / "start")
    transformer = modules.Transformer(str(tmp_path / "start"))
    layers = [transformer, modules.Pooling(16, pooling_mode=pooling), modules.Dense(16, 8), modules.Normalize()]
    theirs = sentence_transformers.SentenceTransformer(
        modules=layers, prompts={"query": "Q: ", "document": "D: "}, device="cpu"
    )
    theirs.save(str(tmp_path / "theirs"))
    ours = DenseEncoder(tmp_path / "theirs")
    assert ours.dim == 8
    np.testing.assert_allclose(ours.encode_queries(TEXTS), theirs.encode_query(TEXTS), atol=1e-5)
    np.testing.assert_allclose(ours.encode_documents(TEXTS), theirs.encode_document(TEXTS), atol=1e-5)
    ours.save(tmp_path / "ours")
    np.testing.assert_array_equal(DenseEncoder(tmp_path / "ours").encode_queries(TEXTS), ours.encode_queries(TEXTS))


def test_mdpr_preset_is_cls_and_inner_product(tmp_path):
    """Like castorini/mdpr-tied-pft-msmarco: a BERT without files of sentence-transformers."""
    import torch

    encoder = new("transformer", query_prefix="not used: ", max_length=256)
    encoder._module.backbone.model.save_pretrained(tmp_path / "mdpr")
    encoder._tokenizer.save_pretrained(tmp_path / "mdpr")
    mdpr = DenseEncoder.mdpr(str(tmp_path / "mdpr"))
    assert mdpr.max_length == 256
    ids = torch.tensor(encoder._tokenizer(TEXTS[:1])["input_ids"])
    expected = encoder._module.backbone.model(ids).last_hidden_state[:, 0].detach().numpy()
    np.testing.assert_allclose(mdpr.encode_queries(TEXTS[:1]), expected, atol=1e-5)
    np.testing.assert_array_equal(mdpr.encode_queries(TEXTS[:4]), mdpr.encode_documents(TEXTS[:4]))


def test_bfloat16_is_close(tmp_path):
    saved = new("transformer").save(tmp_path / "encoder")
    exact, rough = (
        DenseEncoder(saved).encode_queries(TEXTS),
        DenseEncoder(saved, dtype="bfloat16").encode_queries(TEXTS),
    )
    assert rough.dtype == np.float32
    assert (exact * rough).sum(axis=1).min() > 0.999


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_same_seed_same_encoder(architecture):
    np.testing.assert_array_equal(new(architecture).encode_queries(TEXTS), new(architecture).encode_queries(TEXTS))
    assert not np.allclose(new(architecture).encode_queries(TEXTS), new(architecture, seed=4).encode_queries(TEXTS))


def test_query_and_doc_encoder(encoder):
    queries = pd.DataFrame({"qid": ["1", "2"], "query": TEXTS[:2]}, index=[7, 3])
    encoded = encoder.query_encoder()(queries)
    np.testing.assert_array_equal(np.stack(encoded["query_vec"]), encoder.encode_queries(TEXTS[:2]))
    assert encoded.index.tolist() == [7, 3]
    documents = pd.DataFrame({"docno": ["a"], "text": TEXTS[2:3]})
    encoded = encoder.doc_encoder()(documents)
    np.testing.assert_array_equal(encoded["doc_vec"][0], encoder.encode_documents(TEXTS[2:3])[0])


def test_documents_of_several_fields(encoder):
    frame = pd.DataFrame({"title": ["Berlin", ""], "text": ["A city.", "A river."], "docno": ["1", "2"]})
    both = encoder.doc_encoder(text_field=["title", "text"])
    expected = encoder.encode_documents(["Berlin A city.", "A river."])
    np.testing.assert_array_equal(np.stack(both.transform(frame)["doc_vec"]), expected)
    assert both == encoder.doc_encoder(text_field=("title", "text")) != encoder.doc_encoder()
    assert len({both, encoder.doc_encoder(text_field=("title", "text"))}) == 1
    assert both.transform(frame.head(0)).columns.tolist() == [*frame.columns, "doc_vec"]
    with pytest.raises(pt.validate.InputValidationError):
        both.transform(frame.drop(columns="title"))


def test_text_scorer(encoder):
    frame = pd.DataFrame(
        [["1", "q one", "a", TEXTS[0]], ["1", "q one", "b", TEXTS[1]], ["2", "q two", "a", TEXTS[0]]],
        columns=["qid", "query", "docno", "text"],
    )
    scored = encoder.text_scorer()(frame)
    expected = (encoder.encode_queries(frame["query"].tolist()) * encoder.encode_documents(frame["text"].tolist())).sum(
        axis=1
    )
    np.testing.assert_allclose(scored["score"], expected, atol=1e-6)
    best = scored[scored.qid == "1"].sort_values("score", ascending=False)
    assert best["rank"].tolist() == [0, 1]
    vectors = encoder.doc_encoder()(encoder.query_encoder()(frame)).drop(columns=["query", "text"])
    np.testing.assert_allclose(encoder.text_scorer()(vectors)["score"], expected, atol=1e-6)


def test_empty_frames_keep_their_columns(encoder):
    queries = pd.DataFrame({"qid": [], "query": []}, dtype=str)
    assert encoder.query_encoder()(queries).columns.tolist() == ["qid", "query", "query_vec"]
    documents = pd.DataFrame({"docno": [], "text": []}, dtype=str)
    assert encoder.doc_encoder()(documents).columns.tolist() == ["docno", "text", "doc_vec"]
    results = pd.DataFrame({"qid": [], "query": [], "docno": [], "text": []}, dtype=str)
    assert encoder.text_scorer()(results).columns.tolist() == ["qid", "query", "docno", "text", "score", "rank"]


@pytest.mark.parametrize("factory", ["query_encoder", "doc_encoder", "text_scorer"])
def test_wrong_columns(encoder, factory):
    with pytest.raises(pt.validate.InputValidationError):
        getattr(encoder, factory)()(pd.DataFrame({"qid": ["1"], "words": ["x"]}))


def test_query_that_is_not_a_string(encoder):
    frame = pd.DataFrame({"qid": ["1", "2"], "query": ["fine", None]})
    with pytest.raises(TypeError, match="column 'query', row 1"):
        encoder.query_encoder()(frame)


def test_equal_only_with_the_same_weights(encoder):
    other = new("static")
    assert encoder.query_encoder() == encoder.query_encoder()
    assert hash(encoder.query_encoder()) == hash(encoder.query_encoder())
    assert encoder.query_encoder() != encoder.doc_encoder()
    assert other.query_encoder() != new("static").query_encoder()


def test_clear_errors(tmp_path, saved):
    with pytest.raises(FileNotFoundError, match="no/such/place is not a folder"):
        DenseEncoder("no/such/place")
    with pytest.raises(FileNotFoundError, match="some/model"):
        DenseEncoder("some/model")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        DenseEncoder(tmp_path / "empty")
    with pytest.raises(ValueError, match="pooling='sum'"):
        DenseEncoder(saved, pooling="sum")
    with pytest.raises(ValueError, match="dtype='int8'"):
        DenseEncoder(saved, dtype="int8")
    with pytest.raises(FileExistsError, match="exists"):
        DenseEncoder(saved).save(saved)
    with pytest.raises(ValueError, match="architecture='lstm'"):
        DenseEncoder.from_scratch(TEXTS, architecture="lstm")
    with pytest.raises(ValueError, match="no text"):
        DenseEncoder.from_scratch([])


def test_vocabulary_smaller_than_the_alphabet():
    texts = [chr(at) * 3 for at in range(0x4E00, 0x4E00 + 90)]
    with pytest.raises(ValueError, match=r"vocab_size=50: the characters of the texts alone are \d+ pieces"):
        DenseEncoder.from_scratch(texts, dim=4, vocab_size=50, verbose=False)


def test_no_tokenizer(tmp_path):
    folder = new("transformer").save(tmp_path / "encoder")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match="has no tokenizer"):
        DenseEncoder(folder)


def test_no_pickled_weights(tmp_path):
    folder = new("transformer").save(tmp_path / "encoder")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="safetensors"):
        DenseEncoder(folder)


def test_unknown_module_and_activation(tmp_path):
    folder = new("transformer").save(tmp_path / "encoder")
    shutil.copytree(folder, tmp_path / "other")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "somebody.elses.Router"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"somebody\.elses\.Router"):
        DenseEncoder(folder)
    (folder / "modules.json").write_text("{")
    with pytest.raises(ValueError, match="line 1: not JSON"):
        DenseEncoder(folder)
    modules[1]["type"] = "sentence_transformers.models.Pooling"
    modules[2] = {"idx": 2, "name": "2", "path": "1_Dense", "type": "sentence_transformers.models.Dense"}
    (tmp_path / "other" / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "other" / "1_Dense").mkdir()
    config = {"in_features": 16, "out_features": 8, "activation_function": "os.system"}
    (tmp_path / "other" / "1_Dense" / "config.json").write_text(json.dumps(config))
    import torch

    save_file(
        {"linear.weight": torch.zeros(8, 16), "linear.bias": torch.zeros(8)},
        tmp_path / "other" / "1_Dense" / "model.safetensors",
    )
    with pytest.raises(ValueError, match=r"os\.system"):
        DenseEncoder(tmp_path / "other")


def test_pyterrier_dr_indexes_and_searches_our_vectors(encoder, tmp_path):
    pyterrier_dr = pytest.importorskip("pyterrier_dr")
    index = pyterrier_dr.FlexIndex(str(tmp_path / "flex"))
    documents = [{"docno": str(i), "text": text} for i, text in enumerate(TEXTS[:4])]
    (encoder.doc_encoder() >> index).index(documents)
    results = (encoder.query_encoder() >> index.np_retriever()).search("the capital")
    expected = encoder.encode_queries(["the capital"]) @ encoder.encode_documents(TEXTS[:4]).T
    assert results.docno.tolist() == [str(i) for i in np.argsort(-expected[0])]


def test_fingerprint_covers_all_that_vectors_depend_on(tmp_path):
    texts = ["a small text", "another one", "and a third"]
    encoder = DenseEncoder.from_scratch(texts, dim=8, vocab_size=40)
    encoder.save(tmp_path / "saved")
    assert DenseEncoder(tmp_path / "saved").fingerprint == encoder.fingerprint
    others = [
        DenseEncoder.from_scratch(texts, dim=8, vocab_size=40, seed=1),
        DenseEncoder.from_scratch(texts[:2], dim=8, vocab_size=40),
        DenseEncoder(tmp_path / "saved", query_prefix="query: "),
        DenseEncoder(tmp_path / "saved", normalize=False),
        DenseEncoder(tmp_path / "saved", max_length=3),
        DenseEncoder(tmp_path / "saved", dtype="bfloat16"),
    ]
    assert len({encoder.fingerprint, *(other.fingerprint for other in others)}) == 7
