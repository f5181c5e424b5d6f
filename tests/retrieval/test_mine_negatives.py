"""Mining of negatives against a naive search over all texts, and what must never be mined."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.text.normalisation import text_key


class Letters:
    """A bag of letters at their places; a salt gives other encoders. It remembers what it encoded."""

    def __init__(self, salt=0, dim=12):
        rng = np.random.default_rng(salt)
        self.fingerprint, self._letters = f"{salt:08d}", rng.normal(size=(256, dim)).astype(np.float32)
        self.encoded = []

    def encode_queries(self, texts):
        self.encoded += texts
        vectors = np.stack([self._vector(text.encode()) for text in texts])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def _vector(self, letters):
        # By place, or else anagrams would be ties.
        return (self._letters[list(letters)] * np.linspace(1, 2, len(letters))[:, None]).sum(axis=0)

    encode_documents = encode_queries


def items(n=30, seed=0, languages=("de", "en")):
    rng = np.random.default_rng(seed)

    def text(code):
        return code + " " + " ".join("".join(rng.choice(list("abcdefgh"), 4)) for _ in range(3))

    def item(name):
        return Item(name, None, "toy", {c: f"{text(c)}?" for c in languages}, {c: text(c) for c in languages})

    made = [item(str(i)) for i in range(n)]
    # Two items that share their query, and a copy of a passage in another case.
    made[1] = made[1]._replace(queries=dict(made[0].queries))
    made[2] = made[2]._replace(passages={code: each.upper() for code, each in made[3].passages.items()})
    return made


def naive(pairs, encoder, lang, *, count, ranks=(0, 100), margin=None, relative=None, guide=None, pool=None):
    """All texts, scored one by one."""
    texts = pool or list(dict.fromkeys(pairs.passage(i, lang) for i in range(len(pairs))))
    result = []
    for i in range(len(pairs)):
        answers = {
            text_key(pairs.passage(j, code))
            for j in range(len(pairs))
            if pairs.groups[j] == pairs.groups[i]
            for code in pairs.languages
        }
        others = [text for text in texts if text_key(text) not in answers]
        passed = []
        for position, one in enumerate(filter(None, (encoder, guide))):
            query = one.encode_queries([pairs.query(i, lang)])[0]
            positive = query @ one.encode_documents([pairs.passage(i, lang)])[0]
            scores = {text: query @ one.encode_documents([text])[0] for text in others}
            if position == 0:
                others = sorted(others, key=lambda text: -scores[text])[ranks[0] : ranks[1]]
            bound = min(positive - (margin or 0), positive - abs(positive) * (relative or 0))
            if margin is None and relative is None and position == 0:
                bound = np.inf
            passed.append({text for text in others if scores[text] <= bound})
        result.append([text for text in others if all(text in each for each in passed)][:count])
    return result


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    ranks=st.sampled_from([(0, 100), (2, 9)]),
    bounds=st.sampled_from([{}, {"margin": 0.1}, {"relative": 0.05}, {"margin": -0.05, "relative": 0.02}]),
    guided=st.booleans(),
)
def test_as_a_naive_search(seed, ranks, bounds, guided):
    pairs, encoder = ph.ParallelPairs(items(seed=seed)), Letters()
    guide = Letters(1) if guided else None
    mined = ph.mine_negatives(
        pairs, encoder, count=3, ranks=ranks, margin=bounds.get("margin"), relative_margin=bounds.get("relative"),
        guide=guide, verbose=False,
    )  # fmt: skip
    for lang in pairs.languages:
        expected = naive(pairs, encoder, lang, count=3, ranks=ranks, guide=guide, **bounds)
        assert [mined.negatives(i, lang) for i in range(len(pairs))] == expected
    assert mined.groups.tolist() == pairs.groups.tolist()
    assert sum(row["mined"] for row in mined.report.rows) == sum(
        len(mined.negatives(i, lang)) for i in range(len(pairs)) for lang in pairs.languages
    )


def test_known_answers_of_one_document():
    one = [Item(str(n), "page", "toy", {"en": f"what is {n}?"}, {"en": f"it is {n}"}) for n in range(6)]
    pairs = ph.ParallelPairs(one)
    with pytest.warns(UserWarning, match="no negatives were mined: widen ranks"):
        mined = ph.mine_negatives(pairs, Letters(), verbose=False)
    assert not any(mined.negatives(i, "en") for i in range(6))
    others = ph.mine_negatives(pairs, Letters(), mask="passage", count=9, verbose=False)
    for i in range(6):
        assert sorted(others.negatives(i, "en")) == sorted(f"it is {n}" for n in range(6) if n != i)


def test_a_corpus_of_any_form(tmp_path):
    pairs, encoder = ph.ParallelPairs(items(5, languages=["en"])), Letters()
    texts = [pairs.passage(0, "en").upper(), "en abcd efgh", "en hhhe dcca", "en hhhe dcca"]
    options = {"count": 5, "verbose": False}
    frame = pd.DataFrame({"docno": list("abcd"), "text": texts, "lang": "en"})
    expected = naive(pairs, encoder, "en", count=5, pool=list(dict.fromkeys(texts)))
    assert texts[0] not in expected[0]
    for corpus in (texts, frame, frame.to_dict("records"), (text for text in texts)):
        mined = ph.mine_negatives(pairs, encoder, corpus=corpus, **options)
        assert [mined.negatives(i, "en") for i in range(5)] == expected
    other = ph.mine_negatives(pairs, encoder, corpus=[{"text": "de abc", "lang": "de"}], pool="all", **options)
    assert other.negatives(0, "en") == ["de abc"]
    with pytest.raises(ValueError, match="no passages in the languages of the texts to search; these are in de"):
        ph.mine_negatives(pairs, encoder, corpus=[{"text": "de abc", "lang": "de"}], **options)
    with pytest.raises(ValueError, match=r"corpus\[0\] has no language, and the passages are in several"):
        ph.mine_negatives(ph.ParallelPairs(items(5)), encoder, corpus=texts, **options)
    with pytest.raises(ValueError, match="no-such-id' is no ir_datasets ID"):
        ph.mine_negatives(pairs, encoder, corpus="no-such-id", **options)


def test_a_corpus_from_ir_datasets():
    pairs = ph.ParallelPairs.from_irds("atlas/train").filter(languages=["de", "en"])
    mined = ph.mine_negatives(pairs, Letters(), corpus="atlas/de/test", count=1, ranks=(0, 5), verbose=False)
    of_de, of_en = mined.report.rows
    assert of_de["mined"] > 0 and of_de["language"] == "de"
    english = {"language": "en", "items": 0, "texts": 0, "mined": 0, "short": int(pairs.has_passage[:, 1].sum())}
    assert of_en.items() >= english.items() and english["short"] > 0


def test_cross_lingual_queries_and_pools():
    pairs, encoder = ph.ParallelPairs(items()), Letters()
    crossed = ph.mine_negatives(pairs, encoder, count=3, languages=["de"], query_languages=["en"], verbose=False)
    texts = list(dict.fromkeys(pairs.passage(i, "de") for i in range(len(pairs))))
    query = encoder.encode_queries([pairs.query(7, "en")])[0]
    scores = encoder.encode_documents(texts) @ query
    order = [texts[n] for n in np.argsort(-scores) if texts[n] != pairs.passage(7, "de")]
    assert crossed.negatives(7, "de") == order[:3]
    assert not crossed.negatives(7, "en")
    both = ph.mine_negatives(pairs, encoder, count=3, query_languages=["de", "en"], margin=0.0, verbose=False)
    for code in ("de", "en"):
        vectors = encoder.encode_queries([pairs.query(9, code)])[0]
        own = vectors @ encoder.encode_documents([pairs.passage(9, "de")])[0]
        for text in both.negatives(9, "de"):
            assert vectors @ encoder.encode_documents([text])[0] <= own
    mixed = ph.mine_negatives(pairs, encoder, count=40, pool="all", verbose=False)
    assert {text[:2].lower() for text in mixed.negatives(7, "de")} == {"de", "en"}
    only_english = ph.ParallelPairs([Item("q", None, "toy", {"en": "en abc?"}, {"de": "de abc"}), *items(5)])
    assert len(ph.mine_negatives(only_english, encoder, count=2, verbose=False).negatives(0, "de")) == 2


def test_negatives_that_were_there(tmp_path):
    made = items(8, languages=["en"])
    made[0] = made[0]._replace(negatives={"en": ["en zzzz"]})
    pairs, encoder = ph.ParallelPairs(made), Letters()
    kept = ph.mine_negatives(pairs, encoder, count=1, verbose=False)
    replaced = ph.mine_negatives(pairs, encoder, count=1, keep=False, folder=tmp_path / "mined", verbose=False)
    assert kept.negatives(0, "en") == ["en zzzz", *replaced.negatives(0, "en")]
    assert ph.ParallelPairs.open(tmp_path / "mined").negatives(5, "en") == kept.negatives(5, "en")
    with pytest.raises(FileExistsError):
        ph.mine_negatives(pairs, encoder, folder=tmp_path / "mined", verbose=False)


@pytest.mark.parametrize("sampling", ["top", "random"])
def test_a_second_mining_adds_the_next_best(sampling):
    pairs, encoder = ph.ParallelPairs(items(languages=["en"])), Letters()
    options = {"ranks": (0, 5), "sampling": sampling, "verbose": False}
    first = ph.mine_negatives(pairs, encoder, count=2, **options)
    second = ph.mine_negatives(first, encoder, count=2, **options)
    within = naive(pairs, encoder, "en", count=5)
    for i in range(len(pairs)):
        assert second.negatives(i, "en")[:2] == first.negatives(i, "en")
        assert len(set(second.negatives(i, "en")) & set(within[i])) == 4
    if sampling == "top":
        assert [second.negatives(i, "en") for i in range(len(pairs))] == [texts[:4] for texts in within]
    last = ph.mine_negatives(second, encoder, count=2, **options)
    assert [(row["mined"], row["short"]) for row in last.report.rows] == [(len(pairs), len(pairs))]
    assert all(sorted(last.negatives(i, "en")) == sorted(within[i]) for i in range(len(pairs)))


def test_random_draws_are_seeded_and_within_the_ranks():
    pairs, encoder = ph.ParallelPairs(items()), Letters()
    options = {"count": 3, "ranks": (1, 12), "sampling": "random", "verbose": False}
    one, again, other = (ph.mine_negatives(pairs, encoder, seed=seed, **options) for seed in (0, 0, 1))
    assert one.fingerprint == again.fingerprint != other.fingerprint
    within = naive(pairs, encoder, "en", count=99, ranks=(1, 12))
    for i in range(len(pairs)):
        assert len(one.negatives(i, "en")) == 3
        assert set(one.negatives(i, "en")) <= set(within[i])


def test_a_cache_is_used_again_and_translations_are_left_alone(tmp_path):
    sentence = {"de": "ein langer Satz hier", "en": "a long sentence here"}
    pairs = ph.ParallelPairs([*items(6), Item("s", None, "toy", sentence, sentence, True)])
    encoder = Letters()
    mined = ph.mine_negatives(pairs, encoder, cache=tmp_path, count=20, verbose=False)
    assert encoder.encoded
    assert mined.item(6).negatives is None
    assert sentence["en"] not in mined.negatives(0, "en")
    del encoder.encoded[:]
    again = ph.mine_negatives(pairs, encoder, cache=tmp_path, count=20, verbose=False)
    assert not encoder.encoded
    assert again.fingerprint == mined.fingerprint


def test_approximate_indexes():
    pairs, encoder = ph.ParallelPairs(items(200, languages=["en"])), Letters()
    exact, graph = (ph.mine_negatives(pairs, encoder, kind=kind, count=5, verbose=False) for kind in ("exact", "hnsw"))
    same = [set(exact.negatives(i, "en")) == set(graph.negatives(i, "en")) for i in range(200)]
    assert np.mean(same) > 0.9


def test_mined_negatives_are_trained_on():
    pairs = ph.ParallelPairs(items(16))
    encoder = ph.DenseEncoder.from_scratch(pairs.texts(), dim=8, vocab_size=60, verbose=False)
    mined = ph.mine_negatives(pairs, encoder, count=2, verbose=False)
    trained = ph.train(
        encoder, mined, ph.MonoSampler(), hard_negatives=2, batch_size=4, max_steps=1, verbose=False, bf16=False
    )
    assert trained.training["hard_negatives"] == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"count": 0}, ValueError, "count=0: it must be at least 1"),
        ({"ranks": (5, 5)}, ValueError, r"ranks\[1\]=5: it must be at least 6"),
        ({"ranks": 5}, TypeError, "ranks=5: pass the first rank"),
        ({"pool": "any"}, ValueError, "pool='any' is unknown: choose one of same, all"),
        ({"sampling": "best"}, ValueError, "sampling='best' is unknown"),
        ({"mask": "item"}, ValueError, "mask='item' is unknown: choose one of document, passage"),
        ({"kind": "flat"}, ValueError, "kind='flat' is unknown"),
        ({"margin": float("nan")}, ValueError, "margin=nan"),
        ({"languages": ["fr"]}, ValueError, "languages names 'fr', but there is only: de, en"),
        ({"languages": "de"}, TypeError, "languages='de' is a string"),
        ({"guide": "e5"}, TypeError, "guide is 'e5': pass an encoder"),
        ({"corpus": 3}, TypeError, "corpus is a int: pass texts"),
        ({"corpus": [3]}, TypeError, r"corpus\[0\] is 3"),
        ({"corpus": []}, ValueError, "corpus has no text"),
    ],
)  # fmt: skip
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        ph.mine_negatives(ph.ParallelPairs(items(5)), Letters(), verbose=False, **options)


def test_bad_encoders():
    class Wrong(Letters):
        def encode_documents(self, texts):
            return np.full((len(texts), 3), np.nan)

    with pytest.raises(ValueError, match="has a value that is not finite"):
        ph.mine_negatives(ph.ParallelPairs(items(5)), Wrong(), verbose=False)
    with pytest.raises(TypeError, match="pairs is a list"):
        ph.mine_negatives([], Letters())
