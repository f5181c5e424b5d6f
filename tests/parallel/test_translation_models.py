"""Translation models: the real path through transformers and CTranslate2, with tiny models of random weights."""

import os
import subprocess
import sys

import pytest
import torch
from parallel_helpers import made
from transformers import AutoTokenizer
from translation_helpers import make_m2m100, make_marian, make_nllb, make_t5

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel.translation import CTranslate2Translator, Seq2SeqTranslator, licences
from pyterrier_hybrid.parallel.translation.batching import Batches, is_out_of_memory
from pyterrier_hybrid.parallel.translation.vocabulary import Vocabulary

# In a process with many other native libraries, CTranslate2 sometimes cannot start ("Invalid argument"), so its tests
# have one of their own.
alone = pytest.mark.skipif("CTRANSLATE2_ALONE" not in os.environ, reason="run in a process of its own, see below")


def test_in_a_process_of_its_own():
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:xdist",
        "-o",
        "addopts=",
        __file__,
        "-k",
        "ctranslate2_t",
    ]
    environment = {**os.environ, "CTRANSLATE2_ALONE": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "3 passed" in result.stdout, result.stdout


TEXTS = ["where is the red house", "the dog", "which tree is blue ? the ship of the dog"]
SMALL = {"max_length": 30, "beams": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    makers = {"marian": make_marian, "m2m100": make_m2m100, "nllb": make_nllb, "t5": make_t5}
    return {name: make(folder / name) for name, make in makers.items()}


def vocabulary(model, kind):
    return Vocabulary(AutoTokenizer.from_pretrained(model), kind=kind, name=model.name, size=10_000)


@pytest.mark.parametrize("kind", ["marian", "m2m100", "nllb", "t5"])
def test_every_family_translates(models, kind):
    torch.set_num_threads(1)
    translator = Seq2SeqTranslator(str(models[kind]), **SMALL)
    translations = translator(TEXTS, "en", "de")
    assert len(translations) == 3 and all(translations)
    assert not any(mark in text for text in translations for mark in ("__", "_Latn", "<", ">"))
    # Each text by itself, and in small batches, has the same translation.
    assert [translator([text], "en", "de")[0] for text in TEXTS] == translations
    assert Seq2SeqTranslator(str(models[kind]), batch_tokens=2, **SMALL)(TEXTS, "en", "de") == translations
    assert translator([], "en", "de") == []


def test_the_ids_of_m2m100_name_both_languages(models):
    tokenizer = AutoTokenizer.from_pretrained(models["m2m100"])
    encoded = vocabulary(models["m2m100"], "m2m_100").encode(TEXTS, "en", "th")
    assert encoded.first == tokenizer.get_lang_id("th")
    for row, text in zip(encoded.ids, TEXTS, strict=True):
        assert row[0] == tokenizer.get_lang_id("en") and row[-1] == tokenizer.eos_token_id
        assert tokenizer.unk_token_id not in row
        assert tokenizer.decode(row[1:-1]) == text


def test_the_ids_of_nllb_name_both_languages(models):
    tokenizer = AutoTokenizer.from_pretrained(models["nllb"])
    of = vocabulary(models["nllb"], "m2m_100")
    for code, name in {
        "de": "deu_Latn",
        "zh": "zho_Hans",
        "zh-TW": "zho_Hant",
        "ar": "arb_Arab",
        "fa": "pes_Arab",
    }.items():
        encoded = of.encode(TEXTS, "en", code)
        assert encoded.first == tokenizer.convert_tokens_to_ids(name) != tokenizer.unk_token_id
    for row, text in zip(encoded.ids, TEXTS, strict=True):
        assert row[0] == tokenizer.convert_tokens_to_ids("eng_Latn") and row[-1] == tokenizer.eos_token_id
        assert tokenizer.unk_token_id not in row
        assert tokenizer.decode(row[1:-1]) == text


def test_every_language_of_the_evaluation_sets_has_a_code(models):
    for code in ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"):
        for kind in ("m2m100", "nllb"):
            assert vocabulary(models[kind], "m2m_100").encode(["the dog"], "en", code).first is not None


def test_the_prefix_of_madlad_names_the_target(models):
    of = vocabulary(models["t5"], "t5")
    tokenizer = AutoTokenizer.from_pretrained(models["t5"])
    assert tokenizer.convert_tokens_to_ids("<2de>") in of.encode(["the dog"], "en", "de").ids[0]
    with pytest.raises(ValueError, match="t5 has no language 'fr'"):
        of.encode(["the dog"], "en", "fr")


def test_a_tokenizer_that_knows_no_word_is_refused(tmp_path):
    broken = make_nllb(tmp_path / "broken", broken=True)
    with pytest.raises(ValueError, match=r"turns 11 of 11 tokens into 3 \(unknown\), as in 'where is"):
        Seq2SeqTranslator(str(broken), **SMALL)(["where is the dog of the red house which is blue"], "en", "de")


def test_a_language_token_without_an_embedding_is_refused(tmp_path):
    model = make_m2m100(tmp_path / "model", missing=3)
    translator = Seq2SeqTranslator(str(model), **SMALL)
    assert translator(["the dog"], "en", "de")
    with pytest.raises(ValueError, match="has no embedding"):
        translator(["the dog"], "en", "zu")


def test_a_model_of_one_pair_refuses_others(models, tmp_path):
    translator = Seq2SeqTranslator(str(models["marian"]), **SMALL)
    with pytest.raises(ValueError, match="translates into de, not into fr: choose the model of this pair"):
        translator(TEXTS, "en", "fr")
    with pytest.raises(ValueError, match="translates from en, not from fr"):
        translator(TEXTS, "fr", "de")
    pattern = Seq2SeqTranslator(str(models["marian"].parent / "{source}-{target}"), **SMALL)
    models["marian"].parent.joinpath("en-de").symlink_to(models["marian"])
    assert pattern(TEXTS, "en", "de") == translator(TEXTS, "en", "de")
    with pytest.raises(FileNotFoundError, match="en-fr is neither a folder nor a model"):
        pattern(TEXTS, "en", "fr")


def test_a_model_of_several_targets_gets_a_prefix(tmp_path):
    model = make_marian(tmp_path / "model", target_lang="roa", tokens=[">>por<<", ">>fra<<"])
    of = vocabulary(model, "marian")
    tokenizer = AutoTokenizer.from_pretrained(model)
    assert of.encode(["the dog"], "en", "pt").ids[0][0] == tokenizer.convert_tokens_to_ids(">>por<<")
    with pytest.raises(ValueError, match="no language 'de'"):
        of.encode(["the dog"], "en", "de")


def test_long_texts_are_translated_by_sentence_or_not_at_all(models):
    translator = Seq2SeqTranslator(str(models["nllb"]), **SMALL)
    sentences = ["the dog is red.", "where is the blue ship of the house?", "the tree is green."]
    joined, too_long = translator([" ".join(sentences * 2), "dog " * 40], "en", "de")
    assert joined == " ".join(translator(sentences * 2, "en", "de"))
    assert too_long == ""


def test_fingerprints_change_with_the_model_and_the_options(models, tmp_path):
    model = str(models["nllb"])
    same = Seq2SeqTranslator(model, batch_tokens=5, **SMALL).fingerprint
    others = {
        Seq2SeqTranslator(model, **SMALL).fingerprint,
        Seq2SeqTranslator(model, **{**SMALL, "beams": 3}).fingerprint,
        Seq2SeqTranslator(model, **{**SMALL, "dtype": "bfloat16"}).fingerprint,
        Seq2SeqTranslator(str(models["m2m100"]), **SMALL).fingerprint,
        CTranslate2Translator(model).fingerprint,
        CTranslate2Translator(model, compute_type="float32").fingerprint,
    }
    assert len(others) == 6 and same in others


@alone
@pytest.mark.parametrize("kind", ["m2m100", "nllb"])
def test_ctranslate2_translates_as_transformers(models, tmp_path, kind):
    expected = Seq2SeqTranslator(str(models[kind]), **SMALL)(TEXTS, "en", "de")
    options = {"max_length": 30, "beams": 2, "converted": tmp_path / "converted"}
    assert CTranslate2Translator(str(models[kind]), compute_type="float32", **options)(TEXTS, "en", "de") == expected
    assert len(CTranslate2Translator(str(models[kind]), **options)(TEXTS, "en", "de")) == 3


@alone
def test_ctranslate2_takes_opus_mt_and_refuses_others(models, tmp_path):
    small = {"max_length": 30, "beams": 1}
    marian = CTranslate2Translator(str(models["marian"]), converted=tmp_path / "marian", **small)
    assert all(marian(TEXTS, "en", "de"))
    with pytest.raises(ValueError, match="of type 't5': CTranslate2Translator takes M2M100"):
        CTranslate2Translator(str(models["t5"]), converted=tmp_path / "t5", **small)(TEXTS, "en", "de")


def test_pairs_are_translated_by_a_model(models, tmp_path):
    pairs = ph.ParallelPairs(made(3))
    translator = Seq2SeqTranslator(str(models["nllb"]), **SMALL)
    translated = ph.translate(pairs, ["de"], translator=translator, folder=tmp_path / "out", filters=[], verbose=False)
    assert f"by {models['nllb']}, " in translated.item(0).provenance["de"]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory."), torch.OutOfMemoryError("full")])
def test_batches_are_halved_when_memory_runs_out(error):
    sizes = []

    def compute(numbers):
        sizes.append(len(numbers))
        if len(numbers) > 3:
            raise error
        return [-number for number in numbers]

    batches = Batches(100)
    assert batches.run([10] * 8 + [1] * 2, compute) == [-number for number in range(10)]
    assert sizes == [10, 5, 2, 2, 2, 2, 2]
    # Later batches keep the size that fits.
    sizes.clear()
    batches.run([10] * 4, compute)
    assert sizes == [2, 2]


def test_a_text_that_never_fits_and_other_errors():
    def fail(error):
        def compute(numbers):
            raise error

        return compute

    with pytest.raises(MemoryError, match="a text of 7 tokens does not fit"):
        Batches(100).run([7], fail(MemoryError("full")))
    with pytest.raises(RuntimeError, match="shape"):
        Batches(100).run([7, 7], fail(RuntimeError("shape")))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_licences_are_said_once_before_a_download(capsys, monkeypatch, models):
    monkeypatch.setattr(licences, "_said", set())
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match="facebook/nllb-200-distilled-600M is neither"):
            Seq2SeqTranslator("facebook/nllb-200-distilled-600M")
    said = capsys.readouterr().err
    assert said.count("is licensed under CC BY-NC 4.0") == 1
    for name, licence in {
        "facebook/m2m100_418M": "MIT",
        "Helsinki-NLP/opus-mt-en-de": "CC BY 4.0",
        "google/madlad400-3b-mt": "Apache 2.0",
    }.items():
        licences.say_licence(name)
        assert f"{name} is licensed under {licence}" in capsys.readouterr().err
        assert licences.licence_of(name) == licence
    licences.say_licence("somebody/model")
    assert "its licence is not known here" in capsys.readouterr().err
    licences.say_licence(str(models["nllb"]))
    assert capsys.readouterr().err == ""
