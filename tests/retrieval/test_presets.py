"""Short names of models, and the warning about missing prefixes."""

import warnings

import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.retrieval.encoder import presets


@pytest.fixture
def encoder():
    return ph.DenseEncoder.from_scratch(["a text"], architecture="transformer", dim=8, vocab_size=40, layers=1)


@pytest.fixture(autouse=True)
def nothing_warned(monkeypatch):
    monkeypatch.setattr(presets, "_warned", set())


def without_prompts(encoder, folder):
    """Save an encoder as a bare model, as most of E5 and its derivatives are."""
    encoder.save(folder)
    (folder / "config_sentence_transformers.json").unlink()
    return folder


@pytest.mark.parametrize("name", ["e5-base-v2", "my-multilingual-E5-small", "nomic-embed-text-v1"])
def test_a_model_without_its_prefixes_warns_once(encoder, tmp_path, name):
    folder = without_prompts(encoder, tmp_path / name)
    with pytest.warns(UserWarning, match="trained with prefixes and is used without: pass query_prefix='"):
        ph.DenseEncoder(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ph.DenseEncoder(folder)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("e5-base", {"query_prefix": ""}),
        ("e5-base", {"query_prefix": "query: ", "document_prefix": "passage: "}),
        ("multilingual-e5-large-instruct", {}),
        ("bge-m3", {}),
        ("e5", {}),
        ("code5-small", {}),
    ],
)
def test_others_do_not_warn(encoder, tmp_path, name, options):
    folder = without_prompts(encoder, tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ph.DenseEncoder(folder, **options)


def test_a_saved_encoder_says_its_prefixes(encoder, tmp_path):
    encoder.save(tmp_path / "e5-base")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ph.DenseEncoder(tmp_path / "e5-base")


def test_short_names_mean_models_of_the_hub(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    # Other tests put models into the cache.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    for name, full in presets.SHORT_NAMES.items():
        with pytest.raises(FileNotFoundError, match=rf"'{full}' is neither .* `hf download {full} --local-dir FOLDER`"):
            ph.DenseEncoder(name)


def test_a_folder_of_the_same_name_comes_first(encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    encoder.save("labse")
    assert ph.DenseEncoder("labse").fingerprint == encoder.fingerprint


def test_short_names_have_presets():
    assert presets.preset_of("bge-m3") == presets.preset_of("BAAI/bge-m3") == presets.BGE_M3
    assert all(presets.preset_of(name) for name in presets.SHORT_NAMES)
