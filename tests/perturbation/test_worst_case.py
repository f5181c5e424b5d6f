"""WorstCase: searches by hand and by brute force, budgets, passages, and what is encoded."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyterrier_hybrid.perturbation import Case, Perturbation, WorstCase
from pyterrier_hybrid.perturbation.worst_case import edit_distance

LETTERS = "abcdefgh"


class Counts:
    """An encoder that counts letters, and remembers what it encoded."""

    def __init__(self):
        self.queries, self.documents = [], []

    def encode_queries(self, texts):
        self.queries.append(list(texts))
        return np.array([[text.count(letter) for letter in LETTERS] for text in texts], np.float32)

    def encode_documents(self, texts):
        self.documents.append(list(texts))
        return np.array([[text.count(letter) for letter in LETTERS] for text in texts], np.float32)


class Named(Counts):
    fingerprint = "counts"


class Drop(Perturbation):
    """Drops the letter whose position is the number of the draw."""

    def perturb_text(self, text, lang, generator):
        position = self.draw % len(text)
        return text[:position] + text[position + 1 :]


class Swap(Drop):
    """Replaces it by a letter; not in Chinese."""

    def supports(self, lang):
        return lang != "zh"

    def perturb_text(self, text, lang, generator):
        position = self.draw % len(text)
        return text[:position] + LETTERS[self.seed] + text[position + 1 :]


def worst_case(**options):
    # Twelve draws in a row drop each letter of a text of up to four letters, beginning with the first one.
    return WorstCase(options.pop("encoder", Counts()), options.pop("operators", Drop()), draws=12, **options)


def similarity(one, other):
    left, right = Counts().encode_queries([one, other])
    return left @ right / np.linalg.norm(left) / np.linalg.norm(right)


def subsequences(text):
    return ["".join(part) for size in range(1, len(text) + 1) for part in combinations(text, size)]


def test_the_worst_variant_by_brute_force():
    # Letters of equal counts: dropping any of them hurts alike, the first is taken, and one letter is left.
    assert worst_case().perturb("abcd", "en") == "d"
    assert similarity("d", "abcd") == pytest.approx(min(similarity(text, "abcd") for text in subsequences("abcd")))


@settings(max_examples=40, deadline=None)
@given(st.text(LETTERS, min_size=2, max_size=8))
def test_one_round_takes_the_worst_of_all_variants(text):
    variants = dict.fromkeys(text[:n] + text[n + 1 :] for n in range(len(text)))
    worst = worst_case(budget=len(variants)).perturb(text, "en")
    if len(set(text)) > 1:
        assert similarity(worst, text) == pytest.approx(min(similarity(one, text) for one in variants), abs=2e-5)


def test_a_greedy_search_may_miss_the_worst_variant():
    # By hand: aa has the cosine 2/√5, ab 3/√10. No letter of aa is worth dropping; b alone would be worse, 1/√5.
    assert worst_case().perturb("aab", "en") == "aa"
    assert similarity("aa", "aab") == pytest.approx(2 / 5**0.5) and similarity("b", "aab") == pytest.approx(1 / 5**0.5)


# Rounds of 4, 3 and 2 variants.
@pytest.mark.parametrize(("budget", "worst"), [(1, "bcd"), (4, "bcd"), (5, "cd"), (7, "cd"), (8, "d"), (99, "d")])
def test_budgets(budget, worst):
    encoder = Counts()
    assert worst_case(encoder=encoder, budget=budget).perturb("abcd", "en") == worst
    assert sum(map(len, encoder.queries[1:])) == min(budget, 9)


@settings(max_examples=40, deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=8), st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.3, 0.6, 1]))
def test_more_budget_never_hurts_less(text, one, other, severity):
    operators = [Drop(), Swap(), Swap(seed=3)]
    less, more = (
        similarity(worst_case(operators=operators, budget=budget, severity=severity).perturb(text, "en"), text)
        for budget in sorted([one, other])
    )
    assert more <= less + 1e-5
    assert less <= 1 + 1e-6


def test_rounds_of_all_queries_are_encoded_together_and_equal_texts_once():
    encoder = Counts()
    texts = ["abcd", "abcd", "bcd", "aab"]
    out = worst_case(encoder=encoder).perturb_all(texts, ["en"] * 4)
    assert out == ["d", "d", "d", "aa"]
    assert encoder.queries[0] == ["abcd", "bcd", "aab"]
    # bcd is a variant of abcd too; cd and bd come from both queries in later rounds.
    assert encoder.queries[1] == ["bcd", "acd", "abd", "abc", "cd", "bd", "bc", "ab", "aa"]
    assert len(encoder.queries) == 4 and encoder.documents == []
    assert all(len(set(call)) == len(call) for call in encoder.queries)
    for text, worst in zip(texts, out, strict=True):
        assert worst_case().perturb(text, "en") == worst


def test_many_texts_are_encoded_in_parts(monkeypatch):
    monkeypatch.setattr("pyterrier_hybrid.perturbation.worst_case._TEXTS_PER_CALL", 2)
    encoder = Counts()
    passages = {"abcd": "ab", "bcd": "bc", "aab": "a"}
    for options in ({}, {"passages": passages}):
        out = worst_case(encoder=encoder, **options).perturb_all(list(passages), ["en"] * 3)
        assert out == [worst_case(**options).perturb(text, "en") for text in passages]
    assert max(map(len, encoder.queries)) == 2


def test_passages():
    # The query a a b has the similarities 2/√5 and 1/√5 with its letters.
    assert worst_case(passages={"aab": "b"}).perturb("aab", "en") == "aa"
    assert worst_case(passages={"aab": "a"}).perturb("aab", "en") == "b"
    # Of several passages, the most similar one counts: no variant has a lower one than ab, √½ with both.
    encoder = Counts()
    assert worst_case(encoder=encoder, passages={"aab": ["a", "b"]}).perturb("aab", "en") == "ab"
    assert encoder.documents == [["a", "b"]]
    with pytest.raises(ValueError, match="passages has none for the query 'b'"):
        worst_case(passages={"aab": "b"}).perturb_all(["aab", "b"], ["en", "en"])


class Sometimes(Drop):
    """Drops the first letter in every hundredth draw, or else changes the order of letters, which is not seen."""

    def perturb_text(self, text, lang, generator):
        if self.draw % 100 == 99:
            return text[1:]
        shift = self.draw % len(text)
        return text[shift:] + text[:shift]


def test_a_round_in_vain_does_not_end_a_search():
    encoder = Counts()
    worst = WorstCase(encoder, [Sometimes()], budget=11, draws=4)
    assert worst.perturb("abcdefghabca", "en") == "abcdefghabca" and sum(map(len, encoder.queries)) == 1 + 11
    assert WorstCase(encoder, [Sometimes()], budget=12, draws=100).perturb("abcdefghabca", "en") == "bcdefghabca"


def test_a_search_ends_when_nothing_new_comes():
    calls = []

    class Same(Drop):
        def perturb_text(self, text, lang, generator):
            calls.append(self.draw)
            return text

    assert WorstCase(Counts(), [Same()], budget=99, draws=4).perturb("abcd", "en") == "abcd"
    assert calls == list(range(12))


def test_the_norm_of_a_query_does_not_count():
    # Without normalisation, dropping any letter of aaaa would seem to hurt.
    assert worst_case().perturb("aaaa", "en") == "aaaa"
    assert worst_case(passages={"aaaa": "aab"}).perturb("aaaa", "en") == "aaaa"


def test_severity_limits_the_edit_distance():
    for severity, worst in ((0, "abcd"), (0.2, "abcd"), (0.25, "bcd"), (0.5, "cd"), (0.75, "d")):
        assert worst_case(severity=severity).perturb("abcd", "en") == worst


def test_edit_distances_by_hand():
    pairs = [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("kitten", "sitting", 3),
        ("ab", "ba", 2),
        ("flaw", "lawn", 2),
    ]
    for one, other, distance in pairs:
        assert edit_distance(one, other) == edit_distance(other, one) == distance


def test_seed_and_draw_shift_those_of_the_operators():
    # A draw is a million draws of an operator away from the next one, which is one letter here.
    assert worst_case(operators=Swap(), budget=1, draw=1).perturb("bbc", "en") == "bac"
    assert worst_case(operators=Swap(draw=2), budget=1).perturb("bbc", "en") == "bba"
    assert worst_case(operators=Swap(), budget=1).perturb("bbc", "en") == "abc"
    assert worst_case(operators=Swap(seed=1), budget=1, seed=2).perturb("bbc", "en") == "dbc"


def test_languages_without_a_supporting_operator():
    worst = worst_case(operators=Swap())
    assert worst.supports("de") and not worst.supports("zh")
    assert worst_case(operators=[Swap(), Drop()]).supports("zh")
    assert worst.perturb_all(["ab", "ab"], ["zh", "de"]) == ["ab", "aa"]
    frame = pd.DataFrame({"qid": ["1"], "query": ["ab"], "lang": ["zh"]})
    with pytest.warns(UserWarning, match="WorstCase means nothing in zh"):
        assert not worst(frame)["changed"].any()


def test_an_encoder_that_needs_languages():
    class ByLanguage(Counts):
        wants_languages = True

        def encode_queries(self, texts, langs):
            self.queries.append(list(zip(texts, langs, strict=True)))
            return Counts.encode_queries(Counts(), texts)

    encoder = ByLanguage()
    assert worst_case(encoder=encoder).perturb_all(["ab", "ab"], ["de", "en"]) == ["b", "b"]
    assert encoder.queries[0] == [("ab", "de"), ("ab", "en")]
    assert sorted(encoder.queries[1]) == [("a", "de"), ("a", "en"), ("b", "de"), ("b", "en")]
    with pytest.raises(ValueError, match="needs the language of each text"):
        worst_case(encoder=encoder, passages={"ab": "b"})


def test_equality_needs_the_same_encoder():
    encoder = Counts()
    one, same = worst_case(encoder=encoder), worst_case(encoder=encoder)
    assert one == same and hash(one) == hash(same)
    assert one != worst_case() and one.at(draw=1) != one == one.at(draw=0)
    named, again = worst_case(encoder=Named()), worst_case(encoder=Named())
    assert named == again and hash(named) == hash(again)
    for other in ({"budget": 3}, {"operators": [Swap()]}, {"operators": Drop(seed=1)}, {"passages": {"a": "b"}}):
        assert named != worst_case(encoder=Named(), **other)


class Shown(Counts):
    def __repr__(self):
        return "Shown()"


def test_shown():
    assert repr(WorstCase(Shown(), [Case()], budget=7, lang="de")) == (
        "WorstCase(Shown(), [Case(to='lower', severity=1)], budget=7, draws=4, severity=1, seed=0, draw=0, lang='de')"
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"encoder": "bm25"}, TypeError, "encoder='bm25': it must have the methods"),
        ({"operators": []}, ValueError, "operators is empty"),
        ({"operators": "typo-maker"}, ValueError, "unknown perturbation 'typo-maker'"),
        ({"operators": 3}, TypeError, "operators=3 is int"),
        ({"budget": 0}, ValueError, "budget=0"),
        ({"passages": ["a"]}, TypeError, "passages is a list"),
        ({"passages": {"a": []}}, ValueError, r"passages\['a'\] is empty"),
    ],
)
def test_impossible_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        worst_case(**arguments)


def test_useless_vectors_are_refused():
    class Broken(Counts):
        def encode_queries(self, texts):
            return Counts.encode_queries(self, texts) * np.nan

    with pytest.raises(ValueError, match="the vector of 'ab' has a value that is not finite"):
        worst_case(encoder=Broken()).perturb("ab", "en")
    Broken.encode_queries = lambda self, texts: np.zeros(len(texts))
    with pytest.raises(ValueError, match=r"shape \(1,\) for 1 texts"):
        worst_case(encoder=Broken()).perturb("ab", "en")
