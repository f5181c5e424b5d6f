"""Words left out, swapped and repeated, and stop words."""

import builtins
import time
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interface import LANGUAGES, QUERIES

from pyterrier_hybrid.perturbation import DropWords, RepeatWords, StopWords, SwapWords
from pyterrier_hybrid.perturbation.segments import character_ends, word_spans
from pyterrier_hybrid.perturbation.words import drop_spans

# An even number of words, or of characters in Chinese and Thai, so that there is one way to swap all of them.
SWAPPED = {
    "ar": ("ما هي عاصمة ألمانيا؟", "هي ما ألمانيا عاصمة؟"),
    "de": ("Wo genau liegt Rom?", "genau Wo Rom liegt?"),
    "el": ("Ποια είναι η πρωτεύουσα;", "είναι Ποια πρωτεύουσα η;"),
    "en": ("Who wrote „King Lear“?", "wrote Who „Lear King“?"),
    "es": ("¿Dónde está la catedral?", "¿está Dónde catedral la?"),
    "hi": ("राजधानी कौन सी है?", "कौन राजधानी है सी?"),
    "ru": ("Какой город, столица Германии?", "город Какой, Германии столица?"),
    "th": ("ที่ไหน", "ไที่นห"),
    "tr": ("Türkiye'nin başkenti hangi şehir?", "başkenti Türkiye'nin şehir hangi?"),
    "vi": ("thủ đô nước Đức?", "đô thủ Đức nước?"),
    "zh": ("首都在哪？", "都首哪在？"),
}
REPEATED = {
    "ar": ("ما هي؟", "ما ما هي هي؟"),
    "de": ("Wo, Rom?", "Wo Wo, Rom Rom?"),
    "el": ("Πού είναι;", "Πού Πού είναι είναι;"),
    "en": ("Who's he?", "Who's Who's he he?"),
    "es": ("¿Qué es?", "¿Qué Qué es es?"),
    "hi": ("कौन है?", "कौन कौन है है?"),
    "ru": ("Где он?", "Где Где он он?"),
    "th": ("ที่ iPhone", "ที่ที่ iPhone iPhone"),
    "tr": ("Nerede?", "Nerede Nerede?"),
    "vi": ("Ở đâu?", "Ở Ở đâu đâu?"),
    "zh": ("在哪2000？", "在在哪哪2000 2000？"),
}
KEYWORDS = {
    "ar": "عاصمة ألمانيا سنة 1990؟",
    "de": "Stadt 1990 Hauptstadt Österreich groß?",
    "el": "πρωτεύουσα Ελλάδας;",
    "en": "city capital United Kingdom?",
    "es": "¿ciudad capital España?",
    "hi": "जर्मनी राजधानी?",
    "ru": "город столицей Германии?",
    "th": "เมืองหลวงเยอรมนีเมือง",
    "tr": "Türkiye'nin başkenti şehirdir?",
    "vi": "Thủ đô nước Đức thành phố?",
    "zh": "德国首都城市？",
}


def words_of(text, lang):
    return [text[slice(*span)] for span in word_spans(text, lang)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_words_swapped(lang):
    text, swapped = SWAPPED[lang]
    assert SwapWords(severity=1).perturb(text, lang) == swapped


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_words_repeated(lang):
    text, repeated = REPEATED[lang]
    assert RepeatWords(severity=1).perturb(text, lang) == repeated


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_words_but_one_dropped(lang):
    words = words_of(QUERIES[lang], lang)
    kept = {tuple(words_of(DropWords(severity=1, draw=draw).perturb(QUERIES[lang], lang), lang)) for draw in range(40)}
    assert kept <= {(word,) for word in words} and len(kept) > 3


# A text of two words, and what is left without the first and without the second.
HALVED = {
    "ar": ("من كتب؟", "كتب؟", "من؟"),
    "de": ("Wer schrieb?", "schrieb?", "Wer?"),
    "el": ("Ποιος έγραψε;", "έγραψε;", "Ποιος;"),
    "en": ("Who wrote?", "wrote?", "Who?"),
    "es": ("¿Quién escribió?", "¿escribió?", "¿Quién?"),
    "hi": ("किसने लिखा?", "लिखा?", "किसने?"),
    "ru": ("Кто написал?", "написал?", "Кто?"),
    "th": ("น้ำก", "ก", "น้ำ"),
    "tr": ("Kim yazdı?", "yazdı?", "Kim?"),
    "vi": ("Ai viết?", "viết?", "Ai?"),
    "zh": ("水？火", "？火", "水？"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_half_of_two_words_dropped(lang):
    text, *left = HALVED[lang]
    assert {DropWords(severity=0.5, draw=draw).perturb(text, lang) for draw in range(20)} == set(left)


@pytest.mark.parametrize(
    ("dropped", "left"),
    [
        ([0], "is „King Lear“, a play?"),
        ([0, 1], "„King Lear“, a play?"),
        ([2], "What is „Lear“, a play?"),
        ([3, 4], "What is „King“, play?"),
        ([1, 5], "What „King Lear“, a?"),
        ([0, 1, 2, 3, 4, 5], "„“,?"),
    ],
)
def test_spaces_around_dropped_words(dropped, left):
    text = "What is „King Lear“, a play?"
    spans = word_spans(text, "en")
    assert drop_spans(text, [spans[position] for position in dropped]) == left


@pytest.mark.parametrize("lang", LANGUAGES)
def test_stop_words_dropped(lang):
    assert StopWords().perturb(QUERIES[lang], lang) == KEYWORDS[lang]


@pytest.mark.parametrize(
    ("text", "lang", "left"),
    [
        # Nothing but stop words.
        ("Wer ist das?", "de", "Wer ist das?"),
        ("这是什么？", "zh", "这？"),
        # Negations stay.
        ("Which planet has no moon and isn't big?", "en", "planet no moon isn't big?"),
        ("What’s Rome’s oldest church?", "en", "Rome’s oldest church?"),
        ("İÇİN VE ILE ANKARA", "tr", "ILE ANKARA"),
        # Without accents, and with vowel signs.
        ("ΠΟΙΑ ΕΙΝΑΙ Η ΠΡΩΤΕΥΟΥΣΑ;", "el", "ΠΡΩΤΕΥΟΥΣΑ;"),
        ("مِنْ هُوَ الرئيس؟", "ar", "الرئيس؟"),
        # The longest form: 'bao' and 'nhiêu' alone are no stop words, nor is 么 or 样.
        ("Có bao nhiêu người?", "vi", "Có người?"),
        ("什么样的城市", "zh", "城市"),
        # Function words within other words.
        ("终于因为中国共产党", "zh", "终于因为中国共产党"),
        ("กี่โมงที่สถานี", "th", "กี่โมงที่สถานี"),
    ],
)
def test_which_words_are_stop_words(text, lang, left):
    assert StopWords().perturb(text, lang) == left


# A stop word, and the word behind it.
PHRASES = {
    "ar": ("في", " عاصمة "), "de": ("die", " Stadt "), "el": ("της", " Ελλάδας "), "en": ("the", " city "),
    "es": ("la", " ciudad "), "hi": ("की", " राजधानी "), "ru": ("является", " столицей "), "th": ("ของ", "เยอรมนี"),
    "tr": ("hangi", " şehir "), "vi": ("của", " Đức "), "zh": ("的", "城市"),
}  # fmt: skip


@pytest.mark.parametrize("severity", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_severity_is_the_share_of_stop_words(lang, severity):
    stop_word, draws = PHRASES[lang][0], range(100)
    text = "".join(PHRASES[lang]) * 7
    dropped = sum(7 - StopWords(severity=severity, draw=draw).perturb(text, lang).count(stop_word) for draw in draws)
    assert dropped / 7 / len(draws) == pytest.approx(severity, abs=0.02)


def test_stop_words_means_nothing_without_a_list():
    with pytest.warns(UserWarning, match="StopWords means nothing in fr"):
        StopWords(lang="fr")(pd.DataFrame({"qid": ["1"], "query": ["Qui est la reine ?"]}))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(QUERIES.values())), st.sampled_from(LANGUAGES), st.floats(0, 1), st.integers(0, 3))
def test_words_stay_words(text, lang, severity, draw):
    def perturbed(kind):
        return words_of(kind(severity=severity, draw=draw).perturb(text, lang), lang)

    words = words_of(text, lang)
    assert Counter(perturbed(SwapWords)) == Counter(words)
    rest, dropped = iter(words), perturbed(DropWords)
    assert all(word in rest for word in dropped) and dropped
    repeated = Counter(perturbed(RepeatWords))
    assert Counter(words) <= repeated <= Counter(words + words)


@pytest.mark.parametrize("severity", [0.1, 0.5])
@pytest.mark.parametrize("lang", ["de", "th", "zh"])
def test_share_of_words(severity, lang):
    text, draws = QUERIES[lang], range(150)
    words = words_of(text, lang)
    left = sum(len(words_of(DropWords(severity=severity, draw=draw).perturb(text, lang), lang)) for draw in draws)
    assert left / len(words) / len(draws) == pytest.approx(1 - severity, abs=0.03)
    more = sum(len(words_of(RepeatWords(severity=severity, draw=draw).perturb(text, lang), lang)) for draw in draws)
    assert more / len(words) / len(draws) == pytest.approx(1 + severity, abs=0.03)
    moved = 0
    for draw in draws:
        swapped = words_of(SwapWords(severity=severity, draw=draw).perturb(text, lang), lang)
        moved += sum(before != after for before, after in zip(words, swapped, strict=True))
    assert moved / len(words) / len(draws) == pytest.approx(severity, abs=0.05)


def test_words_around_a_dropped_one_stay_apart():
    spans = word_spans("iPhone 6的iPad", "zh")
    assert drop_spans("iPhone 6的iPad", spans[2:3]) == "iPhone 6 iPad"
    assert drop_spans("罗马在哪", word_spans("罗马在哪", "zh")[2:3]) == "罗马哪"


def test_words_of_thai():
    pytest.importorskip("pythainlp")
    text = QUERIES["th"]
    assert SwapWords(severity=1, segmenter="pythainlp").perturb(text, "th") == "ของเมืองหลวงคือเยอรมนีใดเมือง"
    assert StopWords(segmenter="pythainlp").perturb(text, "th") == KEYWORDS["th"]
    assert repr(DropWords(segmenter="pythainlp")) == "DropWords(segmenter='pythainlp', severity=0.1)"
    assert DropWords(segmenter="pythainlp") != DropWords()
    # Other languages do not need it.
    assert SwapWords(severity=1, segmenter="pythainlp").perturb("Wo Rom", "de") == "Rom Wo"


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("ที่ไหนเมืองหลวง ๑0aB.?\n\u200b"), max_size=20))
def test_segmenter_covers_all_letters(text):
    pytest.importorskip("pythainlp")
    spans = word_spans(text, "th", segmenter="pythainlp")
    letters = {position for position, character in enumerate(text) if character.isalnum()}
    assert letters <= {position for start, stop in spans for position in range(start, stop)}


def test_missing_segmenter_is_named(monkeypatch):
    found = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("pythainlp"):
            raise ImportError("No module named 'pythainlp'")
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"pip install 'pythainlp>=5'"):
        DropWords(segmenter="pythainlp").perturb("ที่ไหน", "th")


def test_sara_am_belongs_to_its_consonant():
    assert words_of("น้ำมันทำ", "th") == ["น้ำ", "มั", "น", "ทำ"]
    assert words_of("\u0e99\u0ec9\u0eb3", "lo") == ["\u0e99\u0ec9\u0eb3"]


def test_long_queries_take_time_in_proportion():
    # 20 times the text; with a copy of the rest for each word it would take 400 times the time.
    short, long = ("กขคง" * number for number in (1_000, 20_000))
    seconds = []
    for text in (short, long):
        started = time.process_time()
        StopWords().perturb(text, "th")
        seconds.append(time.process_time() - started)
    assert seconds[1] < 100 * seconds[0] + 0.5


def test_unknown_segmenter():
    with pytest.raises(ValueError, match="segmenter='jieba' is unknown"):
        DropWords(segmenter="jieba")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("e\u0301a", ["e\u0301", "a"]),
        ("क्षत्रिय", ["क्ष", "त्रि", "य"]),
        ("น้ำ", ["น้ำ"]),
        ("\u1112\u1161\u11ab\u1100", ["\u1112\u1161\u11ab", "\u1100"]),
        ("👩\u200d🚀👍🏽🇬🇷🇩🇪", ["👩\u200d🚀", "👍🏽", "🇬🇷", "🇩🇪"]),
        ("", []),
    ],
)
def test_characters(text, parts):
    ends = character_ends(text)
    assert [text[start:end] for start, end in zip([0, *ends], ends, strict=False)] == parts
