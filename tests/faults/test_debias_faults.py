"""Debiasing, fusion and feedback: iterators, numbers of numpy, unfitted methods and missing vectors."""

import json

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.retrieval import LIR, SHIFT, Centring
from pyterrier_hybrid.retrieval.debias import Debias
from pyterrier_hybrid.retrieval.debias.encoder import DebiasedEncoder
from pyterrier_hybrid.retrieval.fusion import ReciprocalRankFusion, ScoreFusion, VectorFeedback, feedback, fuse

ROWS = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}, {"text": "ein Fluss", "lang": "de"}]
VECTORS, LANGS = [[3.0, 1.0], [1.0, 2.0], [0.0, 5.0]], ["de", "en", "de"]


@pytest.fixture(scope="module")
def encoder():
    """A small static encoder."""
    return ph.DenseEncoder.from_scratch([row["text"] for row in ROWS], dim=8, vocab_size=60, verbose=False)


@pytest.fixture(scope="module")
def pairs():
    """Translations of four items."""
    return ph.ParallelPairs(
        Item(str(i), None, "toy", {"de": f"Frage {i}", "en": f"question {i}"}, {"de": f"Haus {i}", "en": f"house {i}"})
        for i in range(4)
    )


# Iterators


def test_fitting_on_iterators_is_fitting_on_lists(encoder):
    expected = Centring().fit(encoder, ROWS, ROWS)
    assert Centring().fit(encoder, iter(ROWS), (row for row in ROWS)).fingerprint == expected.fingerprint
    with pytest.raises(ValueError, match="there are no queries"):
        rows = iter(ROWS)
        Centring().fit(encoder, rows, rows)


@pytest.mark.parametrize("make", [iter, tuple, np.array, pd.Series, lambda values: (value for value in values)])
def test_vectors_and_languages_of_iterators(make):
    expected = Centring().fit_vectors(VECTORS, LANGS, queries=VECTORS, query_langs=LANGS)
    rows = iter if make is pd.Series else make
    fitted = Centring().fit_vectors(rows(VECTORS), make(LANGS), queries=rows(VECTORS), query_langs=make(LANGS))
    assert fitted.fingerprint == expected.fingerprint
    np.testing.assert_array_equal(fitted.documents(rows(VECTORS), make(LANGS)), expected.documents(VECTORS, LANGS))
    shift = SHIFT("en").fit_vectors(rows(VECTORS), make(LANGS), items=make(["a", "a", "b"]))
    assert shift.fingerprint == SHIFT("en").fit_vectors(VECTORS, LANGS, items=["a", "a", "b"]).fingerprint


def test_debiased_encoder_takes_iterators(encoder):
    debiased = Centring().fit(encoder, ROWS).applied_to(encoder)
    texts = [row["text"] for row in ROWS]
    expected = debiased.encode_documents(texts, LANGS)
    np.testing.assert_array_equal(debiased.encode_documents(iter(texts), iter(LANGS)), expected)
    for encode in (debiased.encode_documents, debiased.encode_queries):
        with pytest.raises(ValueError, match="3 (documents|queries), but 2 languages: pass one for each text"):
            encode(iter(texts), LANGS[:2])
        with pytest.raises(TypeError, match="is a str: pass a list of texts"):
            encode("ein Haus", "de")


def test_weights_and_systems_of_iterators(encoder):
    fusion = fuse("bm25", encoder, by="min-max", weights=(weight for weight in (1, 2)))
    one = pt.Transformer.from_df(pd.DataFrame({"qid": ["1"], "docno": ["a"], "score": [1.0]}))
    assert fusion.combine(one, one).weights == (1.0, 2.0)
    # The same for every corpus, not only for the first.
    assert fusion.combine(one, one).weights == (1.0, 2.0)
    assert fusion.fingerprint == fuse("bm25", encoder, by="min-max", weights=[1, 2]).fingerprint


# Numbers of numpy


@pytest.mark.parametrize("number", [np.float64, np.float32, float])
def test_numbers_of_numpy_can_be_saved(tmp_path, pairs, encoder, number):
    for debias in (
        SHIFT("en", alpha=number(0.5), normalize=np.bool_(True)),
        LIR(np.int64(2), normalize=np.bool_(False)),
        Centring(normalize=np.True_),
    ):
        fitted = debias.fit(encoder, pairs, limit=np.int64(3), seed=np.int64(1))
        loaded = Debias.load(fitted.save(tmp_path / type(debias).__name__))
        assert loaded.fingerprint == fitted.fingerprint
        assert repr(loaded) == repr(fitted)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: SHIFT(alpha="1"), "alpha='1' is str"),
        (lambda: SHIFT(alpha=float("inf")), "alpha=inf"),
        (lambda: SHIFT(alpha=-1), "alpha=-1"),
        (lambda: Centring(normalize="yes"), "normalize='yes' is str"),
        (lambda: LIR(1.5), "components=1.5 is float"),
        (lambda: VectorFeedback(k=2.5), "k=2.5 is float"),
        (lambda: VectorFeedback(weight="1"), "weight='1' is str"),
        (lambda: ReciprocalRankFusion(pt.Transformer.identity(), k="60"), "k='60' is str"),
    ],
)
def test_options_of_another_type_are_refused(make, problem):
    with pytest.raises((TypeError, ValueError), match=problem):
        make()


@pytest.mark.parametrize("options", [{"limit": 2.5}, {"limit": "3"}, {"seed": -1}, {"seed": 1.5}, {"limit": True}])
def test_options_of_a_fit_are_checked_before_texts_are_encoded(encoder, options):
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(options))}="):
        Centring().fit(encoder, iter(ROWS), **options)


def test_numbers_of_numpy_in_fusions_and_feedback(encoder):
    ints, floats = np.int64(3), np.float32(0.5)
    one = pt.Transformer.from_df(pd.DataFrame({"qid": ["1"], "docno": ["a"], "score": [1.0]}))
    for fusion in (
        ReciprocalRankFusion(one, k=ints, num_results=ints),
        ScoreFusion(one, weights=np.array([0.5]), num_results=ints),
    ):
        json.dumps(fusion.options)
    json.dumps(VectorFeedback(k=ints, weight=floats, temperature=floats)._options())
    assert fuse("bm25", encoder, k=np.float64(60), depth=ints, num_results=ints).fingerprint
    assert feedback(encoder, k=ints, weight=floats, temperature=floats, num_results=ints).fingerprint


# What to do


@pytest.mark.parametrize("make", [Centring, LIR, SHIFT])
def test_an_unfitted_method_says_so_before_anything_is_encoded(make, tmp_path):
    class Unused:
        def encode_queries(self, texts):
            raise AssertionError("encoded in vain")

        encode_documents = encode_queries

    unfitted = make()
    calls = [
        lambda: unfitted.applied_to(Unused()), lambda: DebiasedEncoder(Unused(), unfitted), unfitted.query_debiaser,
        unfitted.doc_debiaser, lambda: unfitted.retriever(None), lambda: unfitted.save(tmp_path / "unfitted"),
        lambda: unfitted.documents([[1.0]], "de"), lambda: unfitted.queries([[1.0]], "de"),
        lambda: unfitted.rewrite(None, tmp_path / "index"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(RuntimeError, match=r"is not fitted: call its fit\(encoder, texts\) first"):
            call()


def test_missing_vectors_say_what_adds_them(encoder):
    results = pd.DataFrame({"qid": ["1"], "query": ["x"], "docno": ["a"], "score": [1.0], "rank": [0]})
    with pytest.raises(pt.validate.InputValidationError, match=r"doc_vec is missing: put `index.vec_loader\(\) >>`"):
        VectorFeedback()(results.assign(query_vec=[[1.0]]))
    with pytest.raises(pt.validate.InputValidationError, match=r"query_vec is missing: let the first search keep it"):
        VectorFeedback()(results.assign(doc_vec=[[1.0]]))


# Damaged folders


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("options", {"components": "two"}), ("options", {"unknown": 1}), ("options", []), ("options", 3),
        ("normalizing", "yes"), ("normalizing", None), ("method", 3), ("method", ["LIR"]), ("method", None),
    ],
)  # fmt: skip
def test_damaged_settings_of_a_method(tmp_path, name, value):
    folder = LIR().fit_vectors(VECTORS, LANGS).save(tmp_path / "lir")
    settings = json.loads((folder / "debias.json").read_text())
    (folder / "debias.json").write_text(json.dumps({**settings, name: value}))
    with pytest.raises(ValueError, match="lir"):
        LIR.load(folder)


@pytest.mark.parametrize("position", [-1, -9, -20])
def test_flipped_bits_of_a_bias(tmp_path, position):
    folder = LIR().fit_vectors(VECTORS, LANGS).save(tmp_path / "lir")
    data = bytearray((folder / "debias.safetensors").read_bytes())
    data[position] ^= 0x10
    (folder / "debias.safetensors").write_bytes(bytes(data))
    with pytest.raises(ValueError, match="lir is damaged"):
        LIR.load(folder)


def test_folders_without_a_fingerprint_still_load(tmp_path):
    fitted = LIR().fit_vectors(VECTORS, LANGS)
    folder = fitted.save(tmp_path / "lir")
    settings = json.loads((folder / "debias.json").read_text())
    del settings["fingerprint"]
    (folder / "debias.json").write_text(json.dumps(settings))
    assert LIR.load(folder).fingerprint == fitted.fingerprint


# Other doors that take names


@pytest.mark.parametrize("make", [iter, np.array, tuple, pd.Series, lambda names: (name for name in names)])
def test_names_of_any_iterable(tmp_path, pairs, make):
    lexicon = ph.Lexicon(iter([{"de": ["Frage"], "en": ["question"]}]))
    single = ph.ParallelPairs([Item("1", None, "toy", {"de": "Frage"}, {"de": "Haus"})])
    assert ph.code_switch(single, lexicon, share=1, words=1, languages=make(["en"])).query(0, "de") == "question"
    assert pairs.filter(languages=make(["de"])).languages == ["de"]
    assert len(pairs.filter(exclude_datasets=make(["toy"]))) == 0
    assert ph.find_leaks(pairs, make(["atlas/de/test"])).evaluation == ["atlas/de/test"]
    assert repr(ph.MonoSampler(languages=make(["de", "en"]))) == "MonoSampler(languages=('de', 'en'))"
    paragraphs = [{"context": "Rome.", "qas": [{"id": "1", "question": "Where?", "answers": []}]}]
    paragraphs[0]["qas"][0]["answers"] = [{"text": "Rome", "answer_start": 0}]
    for set_name in ("one", "two"):
        for lang in ("de", "en"):
            file = tmp_path / f"{set_name}.{lang}.json"
            file.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}))
    files = [tmp_path / "one.{lang}.json", tmp_path / "two.{lang}.json"]
    expected = ph.ParallelPairs.from_squad(*files, languages=["de", "en"])
    assert ph.ParallelPairs.from_squad(*files, languages=make(["de", "en"])).fingerprint == expected.fingerprint


def test_no_names_at_all(pairs):
    with pytest.raises(ValueError, match="no evaluation set is named"):
        ph.find_leaks(pairs, iter([]))
    with pytest.raises(TypeError, match="languages='de' is a string: pass a list"):
        pairs.filter(languages="de")
