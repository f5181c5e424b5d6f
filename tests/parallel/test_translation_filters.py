"""Filters of translations, one by one, on good and bad translations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.parallel.translation import (
    AnswerLost,
    Candidate,
    Copied,
    Disagreement,
    Empty,
    LengthRatio,
    Numbers,
    Repetition,
    RoundTrip,
    WrongLanguage,
    WrongScript,
    chrf,
    default_filters,
    margin_scores,
)

GOOD = [
    ("en", "de", "Where is the old city of Rome?", "Wo liegt die Altstadt von Rom?"),
    ("en", "th", "Who won Super Bowl 50 in 2016?", "ใครชนะซูเปอร์โบวล์ 50 ในปี 2016"),
    ("en", "zh", "The Denver Broncos defeated the Panthers 24 to 10.", "丹佛野马队以24比10击败了黑豹队。"),
    ("en", "ar", "How many people lived there in 1990?", "كم عدد الأشخاص الذين عاشوا هناك في عام ١٩٩٠؟"),
    ("en", "pt", "It cost 3,000.50 dollars in the 20th century.", "Custou 3.000,50 dólares no século XX."),
    ("en", "fr", "It has 17 400 inhabitants and two churches.", "Il compte 17\u202f400 habitants et 2 églises."),
    ("en", "hi", "What is the capital of India?", "भारत की राजधानी क्या है?"),
    ("en", "ja", "What is the capital of Japan?", "日本の首都は何ですか？"),
    ("en", "de", "1945", "1945"),
    ("en", "de", "Barack Obama", "Barack Obama"),
    ("en", "pt", "It has 30,000 people, and 3.5 million euros.", "Tem 30 mil pessoas e 3.500.000 euros."),
]
BAD = [
    ("empty", "de", "Where is Rome?", " \u200b"),
    ("copied", "de", "Where is the city of Rome?", "where is the  city of Rome?"),
    ("wrong script", "ru", "Where is the city of Rome?", "Where is the city of Roma?"),
    (
        "wrong language",
        "pt",
        "The city was founded by the Romans in winter.",
        "The city was founded by Romanos in winter.",
    ),
    ("length", "de", "Where is the old city of the Romans and of the Greeks?", "Wo?"),
    ("length", "zh", "Where is Rome?", "罗马在哪里以及它是什么时候由谁建立的并且有多少人住在那里呢这是一个问题"),
    ("numbers", "de", "Who won in 1815?", "Wer gewann 1851?"),
    ("numbers", "pt", "It has 2,000 people.", "Tem 200 pessoas."),
    ("numbers", "th", "Who won 24 games?", "ใครชนะ 42 เกม"),
    ("numbers", "de", "Who won in the year 1815?", "Wer gewann in dem Jahr?"),
    ("repetition", "de", "Where is the old city of Rome in Italy?", "Wo ist die Stadt die Stadt die Stadt die Stadt?"),
    ("repetition", "th", "Where is Rome, the city of the popes?", "กรุงโรมอยู่ที่ไหนไหนไหนไหนไหน"),
]


def verdict(source, target, text, translation):
    for one in [Empty(), *default_filters()]:
        (reason,) = one.reasons([Candidate("query", text, translation)], source, target)
        if reason is not None:
            return one.name
    return None


@pytest.mark.parametrize(("source", "target", "text", "translation"), GOOD)
def test_good_translations_are_kept(source, target, text, translation):
    assert verdict(source, target, text, translation) is None


@pytest.mark.parametrize(("name", "target", "text", "translation"), BAD)
def test_bad_translations_are_rejected(name, target, text, translation):
    assert verdict("en", target, text, translation) == name


def test_repetitions_of_the_original_are_kept():
    text = "Ha ha ha ha, he laughed."
    assert Repetition().reasons([Candidate("passage", text, "Ha ha ha ha, lachte er.")], "en", "de") == [None]
    assert Repetition().reasons([Candidate("passage", "wait", "warte........ 1 000 000 000")], "en", "de") == [None]


@given(st.lists(st.integers(0, 10**6), max_size=5), st.randoms())
def test_the_order_of_numbers_makes_no_difference(numbers, chooser):
    other = chooser.sample(numbers, len(numbers))
    text, translation = ("; ".join(map(str, values)) for values in (numbers, other))
    assert Numbers().reasons([Candidate("query", text, translation)], "en", "de") == [None]


def test_languages_that_the_identifier_does_not_know_are_not_judged():
    text = "The city was founded by the Romans in winter."
    assert WrongLanguage().reasons([Candidate("query", text, text)], "en", "gsw") == [None]


@pytest.mark.parametrize(
    ("answer", "translated", "passage", "kept"),
    [
        ("the Romans", "die Römer", "Sie wurde von den Römern gegründet.", True),  # inflected
        ("the 1920s", "die 1920s", "Es war in den 1920er Jahren.", True),  # the number
        ("Sunni Islam", "Islam sunita", "Professam o Islã sunita.", True),  # accents, endings
        ("Irish", "Irlandês", "Seguidos pelos irlandeses e italianos.", True),
        ("Denver Broncos", "Denver-Wildpferde", "Die Denver Broncos siegten.", True),  # a name that stays
        ("in the city", "in der Stadt", "In der Nacht war es kalt.", False),  # small words alone
        ("winter", "Winter", "Es war kalt.", False),
        ("winter", "", "Es war kalt.", False),
    ],
)
def test_an_answer_must_survive(answer, translated, passage, kept):
    one = AnswerLost(lambda texts, source, target: dict.fromkeys(texts, translated))
    reasons = one.reasons([Candidate("passage", "...", passage, answer), Candidate("query", "a", "b")], "en", "de")
    assert (reasons[0] is None) == kept and reasons[1] is None


def test_the_round_trip_translates_back():
    calls = []

    def back(texts, source, target):
        calls.append((source, target))
        return {"Wo ist Rom?": "Where is Rome?", "Wer?": "What a nice day it is."}

    one = RoundTrip(back, 0.3)
    candidates = [Candidate("query", "Where is Rome?", "Wo ist Rom?"), Candidate("query", "Who won?", "Wer?")]
    reasons = one.reasons(candidates, "en", "de")
    assert calls == [("de", "en")] and reasons[0] is None
    assert reasons[1].startswith("it comes back as 'What a nice day it is.' (chrF 0.")


def test_chrf_by_hand():
    # 1-grams: 2 of 3 shared; 2-grams: 1 of 2; 3-grams: 0 of 1. Precision and recall are the same.
    assert chrf("abc", "abd") == pytest.approx((2 / 3 + 1 / 2) / 3)
    # Longer text, shorter reference: precision 1-grams 2/4, 2-grams 1/3; recall 1 and 1.
    precision = (2 / 4 + 1 / 3) / 2
    assert chrf("abcd", "ab") == pytest.approx(5 * precision / (4 * precision + 1))
    assert chrf("", "ab") == chrf("ab", "") == 0


def test_margin_scores_are_those_of_the_paper():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 30, 8))
    one, other = (array / np.linalg.norm(array, axis=1, keepdims=True) for array in (one, other))
    cosines = one @ other.T
    expected = [
        cosines[i, i] / (np.sort(cosines[i])[-3:].sum() / 6 + np.sort(cosines[:, i])[-3:].sum() / 6) for i in range(30)
    ]
    found = margin_scores((5 * one).astype(np.float32), other.astype(np.float32), neighbours=3)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert margin_scores(np.zeros((0, 8), np.float32), np.zeros((0, 8), np.float32)).shape == (0,)


class Meanings:
    """An encoder that knows what texts mean: the word before the colon is the language."""

    wants_languages = True

    def __init__(self):
        self.calls = []

    def encode_queries(self, texts, langs):
        self.calls.append(("queries", set(langs)))
        rows = [np.random.default_rng(list(text.partition(":")[2].encode())).normal(size=64) for text in texts]
        return np.array(rows, np.float32)

    def encode_documents(self, texts, langs):
        vectors = self.encode_queries(texts, langs)
        self.calls[-1] = ("documents", set(langs))
        return vectors


def test_an_encoder_finds_what_is_no_translation():
    pairs = [(f"en:{n}", f"de:{n if n != 3 else 99}") for n in range(12)]
    candidates = [Candidate(role, *pair) for role in ("query", "passage") for pair in pairs]
    encoder = Meanings()
    reasons = Disagreement(encoder, 1.0).reasons(candidates, "en", "de")
    assert [number for number, reason in enumerate(reasons) if reason is not None] == [3, 15]
    assert reasons[3].startswith("margin ")
    assert encoder.calls == [(role, {code}) for role in ("queries", "documents") for code in ("en", "de")]


def test_settings_are_checked():
    with pytest.raises(ValueError, match="min_ratio=-1"):
        WrongScript(-1)
    with pytest.raises(ValueError, match="most=0"):
        LengthRatio(most=0)
    assert Copied(3).min_letters == 3
