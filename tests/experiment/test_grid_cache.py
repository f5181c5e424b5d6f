"""The grid's cache: the same values, nothing computed twice, nothing found by name, safe to interrupt."""

import numpy as np
import pandas as pd
import pytest
from grid_helpers import MEASURES, Exhaustive, Letters, language, make_family, make_toy

from pyterrier_hybrid import LanguageExperiment
from pyterrier_hybrid.experiment.cache import vectors
from pyterrier_hybrid.retrieval.vector_cache import Shards, text_hash


class Known(Letters):
    """Letters with a fingerprint."""

    @property
    def fingerprint(self):
        return f"{self.dim:08x}{self.seed:08x}"


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-cache")


def frames(systems, dataset, **options):
    results = LanguageExperiment(systems, dataset, measures=MEASURES, **options)
    return results.settings


def test_no_value_changes_and_nothing_is_computed_twice(toy, tmp_path):
    expected = frames({"a": Known(), "b": Known(seed=7)}, toy)
    first, second = Known(), Known(seed=7)
    cold = frames({"a": first, "b": second}, toy, cache=tmp_path / "cache")
    pd.testing.assert_frame_equal(cold, expected)
    assert len(first.calls) == len(second.calls) == 2
    first, third = Known(), Known(seed=9)
    warm = frames({"renamed": first, "new": third}, toy, cache=tmp_path / "cache")
    assert (len(first.calls), len(third.calls)) == (0, 2)
    own = warm[warm["system"] == "renamed"].assign(system="a").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, expected[expected["system"] == "a"].reset_index(drop=True))


def test_further_measures_and_languages_cost_little(toy, tmp_path):
    LanguageExperiment({"a": Known()}, toy, measures="AP", cache=tmp_path)
    encoder = Known()
    results = frames({"a": encoder}, toy, cache=tmp_path)
    assert encoder.calls == []
    pd.testing.assert_frame_equal(results, frames({"a": Known()}, toy))
    # The pool of two languages is another corpus, whose texts are known.
    results = frames({"a": encoder}, toy, languages=["de", "en"], cache=tmp_path)
    assert encoder.calls == []
    pd.testing.assert_frame_equal(results, frames({"a": Known()}, toy, languages=["de", "en"]))


def test_the_cache_depends_on_content_and_not_on_names(tmp_path):
    first = make_family("toy-content-1", {"de": language("de", (0, 1, 2))})
    same = make_family("toy-content-2", {"de": language("de", (0, 1, 2))})
    other = make_family("toy-content-3", {"de": language("de", (0, 1, 3))})
    frames({"a": Known()}, first, cache=tmp_path)
    files = set(tmp_path.rglob("*.npy"))
    frames({"b": Known()}, same, cache=tmp_path)
    assert set(tmp_path.rglob("*.npy")) == files
    pd.testing.assert_frame_equal(frames({"a": Known()}, other, cache=tmp_path), frames({"a": Known()}, other))
    assert set(tmp_path.rglob("*.npy")) > files
    # The same system under the same name with other weights.
    pd.testing.assert_frame_equal(
        frames({"a": Known(dim=5)}, first, cache=tmp_path), frames({"a": Known(dim=5)}, first)
    )


def test_without_a_fingerprint_nothing_is_cached(toy, tmp_path):
    frames({"a": Letters(), "f": lambda corpus: Exhaustive(Letters(), corpus)}, toy, cache=tmp_path)
    assert list(tmp_path.rglob("*.npy")) == []


def test_functions_with_a_fingerprint(toy, tmp_path):
    calls = []

    def function(corpus):
        calls.append(corpus.id)
        return Exhaustive(Letters(), corpus)

    function.fingerprint = "exhaustive letters"
    first = frames({"f": function}, toy, cache=tmp_path)
    assert len(calls) == 4
    pd.testing.assert_frame_equal(frames({"f": function}, toy, cache=tmp_path), first)
    assert len(calls) == 4


def test_bm25_is_cached_by_its_parameters(toy, tmp_path, monkeypatch):
    from pyterrier_hybrid.experiment.ranking.bm25 import BM25Ranker

    first = frames({"BM25": "bm25"}, toy, cache=tmp_path)

    def never(*_):
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        patch.setattr(BM25Ranker, "rank", never)
        pd.testing.assert_frame_equal(frames({"BM25": "bm25"}, toy, cache=tmp_path), first)
        patch.setattr("pyterrier_hybrid.retrieval.bm25.K1", 1.2)
        with pytest.raises(AssertionError, match="computed again"):
            frames({"BM25": "bm25"}, toy, cache=tmp_path)


def test_an_interrupted_run_is_resumed(toy, tmp_path):
    done = []

    def function(corpus):
        if len(done) == 2:
            raise KilledError
        done.append(corpus.lang)
        return Exhaustive(Letters(), corpus)

    function.fingerprint = "exhaustive letters"
    with pytest.raises(KilledError):
        frames({"a": Known(), "f": function}, toy, cache=tmp_path)
    assert done == ["de", "en"]
    done.clear()
    encoder = Known()
    results = frames({"a": encoder, "f": function}, toy, cache=tmp_path)
    assert (encoder.calls, done) == ([], ["es", "multi"])
    pd.testing.assert_frame_equal(
        results, frames({"a": Known(), "f": lambda corpus: Exhaustive(Letters(), corpus)}, toy)
    )


def test_a_run_that_was_interrupted_while_encoding_is_resumed(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(vectors, "CHUNK", 10)
    encoder = Known()
    encode, budget = encoder.encode_queries, [3]

    def mortal(texts):
        if not budget[0]:
            raise KilledError
        budget[0] -= 1
        return encode(texts)

    encoder.encode_queries = encoder.encode_documents = mortal
    with pytest.raises(KilledError):
        frames({"a": encoder}, toy, cache=tmp_path)
    assert [len(texts) for texts in encoder.calls] == [10, 5, 10]
    again = Known()
    results = frames({"a": again}, toy, cache=tmp_path)
    assert [len(texts) for texts in again.calls] == [10, 4]
    assert not set(again.calls[0]) & set(encoder.calls[2])
    pd.testing.assert_frame_equal(results, frames({"a": Known()}, toy))


def test_settings_ranked_later_have_the_same_values(tmp_path):
    # BLAS rounds scores by their position: settings that are ranked later need the positions of the whole.
    class Random(Known):
        def encode_queries(self, texts):
            return np.stack([np.random.default_rng(list(text.encode())).standard_normal(33) for text in texts])

        encode_documents = encode_queries

    toy = make_toy("toy-cache-random")
    expected = frames({"a": Random()}, toy)
    frames({"a": Random()}, toy, cache=tmp_path)
    kept = sorted((tmp_path / "ranks").rglob("*.npy"))
    for path in kept[::2]:
        path.unlink()
    pd.testing.assert_frame_equal(frames({"a": Random()}, toy, cache=tmp_path), expected)
    assert sorted((tmp_path / "ranks").rglob("*.npy")) == kept


def test_debiased_systems_share_the_cached_vectors_of_their_encoder(toy, tmp_path):
    class Shift:
        def __init__(self, by):
            self.by, self.fingerprint = by, f"shift by {by}"

        def queries(self, vectors, langs):
            return vectors * (np.arange(vectors.shape[1]) % (self.by + 1))

        documents = queries

    class Shifted:
        wants_languages = True

        def __init__(self, encoder, debias):
            self.encoder, self.debias = encoder, debias

        def encode_queries(self, texts, langs):
            raise AssertionError("the vectors of the encoder inside were not used")

        encode_documents = encode_queries

    encoder = Known()
    systems = {"as it is": encoder, "one": Shifted(encoder, Shift(1)), "two": Shifted(encoder, Shift(2))}
    first = frames(systems, toy, cache=tmp_path)
    assert len(encoder.calls) == 2
    assert len(list((tmp_path / "vectors").iterdir())) == 1
    systems["two"] = Shifted(encoder, Shift(3))
    second = frames(systems, toy, cache=tmp_path)
    assert len(encoder.calls) == 2
    same = first["system"] != "two"
    pd.testing.assert_frame_equal(second[same], first[same])
    assert (second[~same]["value"] != first[~same]["value"]).any()


def test_shards(tmp_path):
    keys = [text_hash(text) for text in "abc"]
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    shards = Shards(tmp_path / "queries")
    shards.add(keys[:2], vectors[:2])
    other = Shards(tmp_path / "queries")
    assert keys[0] in other and keys[2] not in other
    other.add(keys[2:], vectors[2:])
    shards.add(keys[2:], vectors[2:])  # two processes add the same texts
    opened = Shards(tmp_path / "queries")
    np.testing.assert_array_equal(opened.read([keys[2], keys[0], keys[2]]), vectors[[2, 0, 2]])
    assert opened.read([]).shape == (0, 2)
    (tmp_path / "queries" / ".x.unfinished").mkdir()  # what a killed process leaves
    assert len(list((tmp_path / "queries").glob("[!.]*"))) == 2
    Shards(tmp_path / "queries")


def test_damaged_files_are_named(toy, tmp_path):
    frames({"a": Known()}, toy, cache=tmp_path)
    path = next((tmp_path / "ranks").rglob("*.npy"))
    for content in (b"nothing", b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"cache: .*{path.name} cannot be read .*; remove this file"):
            frames({"a": Known()}, toy, cache=tmp_path)
    np.save(path, np.zeros((2, 99), np.int32))
    with pytest.raises(ValueError, match=r"holds ranks of shape \(2, 99\), not \(2, "):
        frames({"a": Known()}, toy, cache=tmp_path)
    path.unlink()
    shard = next((tmp_path / "vectors").rglob("vectors.npy"))
    shard.write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be read .*; remove this folder"):
        frames({"a": Known()}, toy, cache=tmp_path)
    np.save(shard, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="float64 vectors .*remove this folder"):
        frames({"a": Known()}, toy, cache=tmp_path)


def test_the_fingerprint_of_a_system_is_read_once(toy, tmp_path):
    """An encoder's fingerprint reads all its weights; there are 132 settings in XQuAD-R."""

    class Counted(Letters):
        reads = 0

        @property
        def fingerprint(self):
            type(self).reads += 1
            return "0" * 16

    LanguageExperiment({"a": Counted()}, toy, cache=tmp_path / "cache")
    assert Counted.reads <= 3
