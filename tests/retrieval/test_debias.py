"""Centring, LIR and SHIFT: by hand, as properties, on vectors with language offsets, and in files."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pyterrier_hybrid.retrieval.debias import LIR, SHIFT, Centring, Debias

METHODS = [Centring(), LIR(), LIR(2), SHIFT("en"), SHIFT("en", alpha=0.5)]
LANGS = ["de", "en", "zh"]


def fitted(method, documents, langs, **options):
    """Fit a new method of the same kind; the n-th texts of all languages are taken to be translations."""
    method = type(method)(**{**method._options, **options})
    if isinstance(method, SHIFT):
        seen = pd.Series(range(len(langs))).groupby(list(langs)).cumcount().tolist()
        return method.fit_vectors(documents, langs, items=seen)
    return method.fit_vectors(documents, langs)


def space(texts=60, dim=16, offset=2.0, seed=0):
    """Documents and queries whose vectors are their meaning, a little noise, and a large offset of their language."""
    rng = np.random.default_rng(seed)
    content = rng.normal(size=(texts, dim))
    documents, queries, langs = [], [], []
    for lang in LANGS:
        direction = rng.normal(size=dim)
        direction *= offset * np.sqrt(dim) / np.linalg.norm(direction)
        documents.append(content + 0.1 * rng.normal(size=content.shape) + direction)
        queries.append(content + 0.1 * rng.normal(size=content.shape) + 0.8 * direction)
        langs += [lang] * texts
    return unit(np.concatenate(documents)), unit(np.concatenate(queries)), langs


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def translations_first(queries, documents, texts):
    """Return the fraction of queries whose best documents are their three translations."""
    best = np.argsort(-(queries @ documents.T), axis=1)[:, : len(LANGS)]
    return np.mean((best % texts == (np.arange(len(queries)) % texts)[:, None]).all(axis=1))


def test_centring_by_hand():
    debias = Centring().fit_vectors([[1, 3], [3, 5], [0, 8]], ["de", "de", "en"])
    assert debias.documents([[2, 4], [3, 4], [0, 9]], ["de", "de", "en"]).tolist() == [[0, 0], [1, 0], [0, 1]]
    assert not debias.normalizes
    assert debias.languages == ["de", "en"]


def test_lir_by_hand():
    # Not centred: the main direction of (1, 1) and (3, 3) is the diagonal.
    debias = LIR().fit_vectors([[1, 1], [3, 3], [0, 2]], ["de", "de", "en"])
    np.testing.assert_allclose(debias.documents([[4, 2], [4, 2]], ["de", "en"]), [[1, -1], [4, 0]], atol=1e-6)


def test_lir_removes_the_larger_direction_first():
    vectors = [[5, 0, 0], [-5, 0, 0], [0, 2, 0], [0, -2, 0], [0, 0, 1]]
    one, two = (LIR(r).fit_vectors(vectors, ["de"] * 5).documents([[1, 1, 1]], "de") for r in (1, 2))
    np.testing.assert_allclose(one, [[0, 1, 1]], atol=1e-6)
    np.testing.assert_allclose(two, [[0, 0, 1]], atol=1e-6)


def test_shift_by_hand():
    # Item c has no English, item d nothing else: neither says how German differs from English.
    vectors, langs, items = [[1, 5], [2, 9], [50, 50], [1, 1], [2, 3], [9, 9]], ["de"] * 3 + ["en"] * 3, list("abcabd")
    debias = SHIFT("en").fit_vectors(vectors, langs, items=items)
    assert debias.documents([[7, 7], [7, 7]], ["de", "en"]).tolist() == [[7, 2], [7, 7]]
    by_index = pd.Series(items, index=[3, 1, 0, 5, 4, 2])
    assert SHIFT("en").fit_vectors(vectors, langs, items=by_index).documents([[7, 7]], "de").tolist() == [[7, 2]]
    with pytest.raises(ValueError, match="6 vectors, but 5 items"):
        SHIFT("en").fit_vectors(vectors, langs, items=by_index[:5])
    half = SHIFT("en", alpha=0.5).fit_vectors(vectors, langs, items=items)
    assert half.documents([[7, 7]], "de").tolist() == [[7, 4.5]]
    assert debias.queries([[7, 7]], "fr").tolist() == [[7, 7]]


def test_normalised_vectors_remain_normalised():
    documents, queries, langs = space()
    for method in METHODS:
        debias = fitted(method, documents, langs)
        assert debias.normalizes
        np.testing.assert_allclose(np.linalg.norm(debias.documents(documents, langs), axis=1), 1, atol=1e-6)
        kept = fitted(method, documents, langs, normalize=False).documents(documents, langs)
        assert not np.allclose(np.linalg.norm(kept, axis=1), 1, atol=1e-3)


def test_bfloat16_vectors_count_as_normalised():
    documents, _, langs = space()
    rounded = (documents.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert Centring().fit_vectors(rounded, langs).normalizes
    assert not Centring().fit_vectors(3 * rounded, langs).normalizes


def test_centring_and_lir_restore_cross_lingual_ranking():
    documents, queries, langs = space()
    assert translations_first(queries, documents, 60) < 0.05
    for method in (Centring(), LIR()):
        debias = type(method)().fit_vectors(documents, langs, queries=queries, query_langs=langs)
        found = translations_first(debias.queries(queries, langs), debias.documents(documents, langs), 60)
        assert found > 0.95


def test_shift_moves_documents_of_all_languages_to_one_place():
    documents, queries, langs = space(offset=1.0)
    assert translations_first(queries, documents, 60) < 0.05
    moved = fitted(SHIFT("en"), documents, langs).documents(documents, langs)
    assert translations_first(queries, moved, 60) > 0.7
    exact = fitted(SHIFT("en"), documents, langs, normalize=False).documents(documents, langs)
    means = [exact[np.array(langs) == lang].mean(axis=0) for lang in LANGS]
    np.testing.assert_allclose(means, [means[1]] * 3, atol=1e-6)


def test_lir_finds_the_direction_of_a_language():
    rng = np.random.default_rng(3)
    direction = unit(rng.normal(size=(1, 12)))[0]
    vectors = 0.1 * rng.normal(size=(80, 12)) + 3 * direction
    left = LIR().fit_vectors(vectors, ["de"] * 80).documents(vectors, "de")
    assert np.abs(left @ direction).max() < 0.05
    assert np.abs(vectors @ direction).min() > 2


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_debiasing_twice_changes_nothing(method):
    documents, _, langs = space(texts=20)
    once = fitted(method, documents, langs, normalize=False).documents(documents, langs)
    if isinstance(method, LIR):
        again = fitted(method, documents, langs, normalize=False).documents(once, langs)
    else:
        again = fitted(type(method)(), once, langs, normalize=False).documents(once, langs)
    if getattr(method, "alpha", 1) == 1:
        np.testing.assert_allclose(again, once, atol=1e-6)


@pytest.mark.parametrize("normalize", [None, True, False])
@pytest.mark.parametrize("method", [Centring(), LIR()], ids=repr)
def test_a_language_with_one_text_becomes_zero_not_noise(method, normalize):
    documents, _, langs = space(texts=5)
    documents, langs = np.concatenate([documents, documents[:1]]), [*langs, "fr"]
    left = fitted(method, documents, langs, normalize=normalize).documents(documents[:1], "fr")
    np.testing.assert_allclose(left, 0, atol=1e-7)


def test_lir_takes_no_direction_from_texts_that_repeat():
    debias = LIR(2).fit_vectors([[1, 0, 0], [1, 0, 0], [2, 0, 0]], ["de"] * 3)
    assert debias.documents([[5, 6, 7]], "de").tolist() == [[0, 6, 7]]


def test_documents_and_queries_have_separate_biases_and_share_missing_languages():
    debias = Centring().fit_vectors([[1, 0], [0, 1]], ["de", "en"], queries=[[5, 5], [7, 7]], query_langs=["de", "zh"])
    assert debias.documents([[0, 0]] * 3, LANGS).tolist() == [[-1, 0], [0, -1], [-7, -7]]
    assert debias.queries([[0, 0]] * 3, LANGS).tolist() == [[-5, -5], [0, -1], [-7, -7]]


matrices = arrays(np.float32, st.tuples(st.integers(2, 30), st.just(9)), elements=st.floats(-4, 4, width=16))


@settings(max_examples=40, deadline=None)
@given(matrices, st.data())
def test_rows_do_not_depend_on_each_other(vectors, data):
    langs = data.draw(st.lists(st.sampled_from(LANGS), min_size=len(vectors), max_size=len(vectors)))
    base, _, known = space(texts=12, dim=9)
    for method in METHODS:
        debias = fitted(method, base, known)
        together = debias.documents(vectors, langs)
        alone = [debias.documents(vectors[[row]], langs[row])[0] for row in range(len(vectors))]
        assert (together == np.stack(alone)).all()
        assert together.dtype == np.float32
        assert np.isfinite(together).all()


@settings(max_examples=40, deadline=None)
@given(matrices, st.randoms())
def test_the_order_of_texts_does_not_matter(vectors, random):
    langs = [LANGS[row % 2] for row in range(len(vectors))]
    order = list(range(len(vectors)))
    random.shuffle(order)
    probe = np.arange(18, dtype=np.float32).reshape(2, 9)
    one = Centring(normalize=False).fit_vectors(vectors, langs)
    other = Centring(normalize=False).fit_vectors(vectors[order], [langs[row] for row in order])
    np.testing.assert_allclose(one.documents(probe, "de"), other.documents(probe, "de"), atol=1e-5)


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_saved_and_loaded(method, tmp_path):
    documents, _, langs = space(texts=12)
    debias = fitted(method, documents, langs)
    folder = debias.save(tmp_path / "debias")
    for cls in (Debias, type(method)):
        loaded = cls.load(folder)
        assert repr(loaded) == repr(debias)
        assert (loaded.fingerprint, loaded.languages) == (debias.fingerprint, LANGS)
        assert (loaded.documents(documents, langs) == debias.documents(documents, langs)).all()
        assert (loaded.queries(documents, langs) == debias.queries(documents, langs)).all()
    with pytest.raises(FileExistsError, match="exists"):
        debias.save(folder)
    debias.save(folder, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["debias"]


def test_bad_folders_are_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"Centring\(\) is not fitted"):
        Centring().save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    folder = LIR().fit_vectors([[1, 0]], ["de"]).save(tmp_path / "lir")
    with pytest.raises(ValueError, match="holds 'LIR', which is not Centring"):
        Centring.load(folder)
    with pytest.raises(FileNotFoundError, match=r"nowhere has no debias\.json"):
        Debias.load(tmp_path / "nowhere")
    (folder / "debias.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=r"lir is damaged \(SafetensorError"):
        Debias.load(folder)
    (folder / "debias.json").write_text(json.dumps({"method": "LIR"}))
    with pytest.raises(ValueError, match="lir is damaged"):
        Debias.load(folder)


def test_fingerprints_differ_where_results_differ():
    documents, queries, langs = space(texts=12)
    all_kinds = [
        *(fitted(method, documents, langs) for method in METHODS),
        fitted(Centring(), queries, langs),
        fitted(Centring(), documents, langs, normalize=False),
        Centring().fit_vectors(documents, langs, queries=queries, query_langs=langs),
    ]
    assert len({debias.fingerprint for debias in all_kinds}) == len(all_kinds)
    assert fitted(Centring(), documents, langs).fingerprint == all_kinds[0].fingerprint


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LIR(0), "components=0: it must be at least 1"),
        (lambda: SHIFT(alpha=0), "alpha=0: it must be above 0"),
        (lambda: LIR(2).fit_vectors([[1, 0], [1, 1]], ["de"] * 2), "vectors of 2 values would lose all"),
        (lambda: LIR(2).fit_vectors([[1, 0, 0]], ["de"]), "only 1 texts in 'de'"),
        (lambda: Centring().fit_vectors([[1, 0]], ["de", "en"]), "1 vectors of documents, but 2 languages"),
        (lambda: Centring().fit_vectors([[1, 0]], [None]), r"documents\[0\] has no language but None"),
        (lambda: Centring().fit_vectors([1, 0], ["de", "en"]), r"shape \(2,\), expected \[n, dim\]"),
        (lambda: Centring().fit_vectors(np.zeros((0, 2)), []), r"no documents to fit Centring\(\) on"),
        (lambda: Centring().fit_vectors([[1, np.nan]], ["de"]), r"documents\[0\] has a value that is not finite"),
        (
            lambda: Centring().fit_vectors([[1, 0]], ["de"], queries=[[1]], query_langs=["de"]),
            r"vectors of \[1, 2\] values",
        ),
        (lambda: SHIFT("fr").fit_vectors([[1], [2]], ["de", "en"], items=[1, 1]), "no text is there in 'fr'"),
        (lambda: SHIFT().fit_vectors([[1], [2]], ["de", "en"], items=[1]), "2 vectors, but 1 items"),
    ],
)
def test_bad_options_and_vectors_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_bad_vectors_and_languages_are_refused():
    debias = Centring().fit_vectors([[1, 0], [0, 1]], ["de", "en"])
    with pytest.raises(ValueError, match=r"queries\[1\] is in 'fr', but Centring\(\) was fitted on de, en: .* 'fr'"):
        debias.queries([[1, 0], [1, 0]], ["de", "fr"])
    for missing in (None, float("nan")):
        with pytest.raises(ValueError, match=r"documents\[0\] has no language but (None|nan)"):
            debias.documents([[1, 0]], [missing])
    with pytest.raises(ValueError, match="the documents have 3 values, but .* vectors of 2"):
        debias.documents([[1, 0, 0]], "de")
    with pytest.raises(RuntimeError, match=r"LIR\(components=3\) is not fitted"):
        LIR(3).documents([[1, 0]], "de")
    assert debias.documents(np.zeros((0, 2)), []).shape == (0, 2)
