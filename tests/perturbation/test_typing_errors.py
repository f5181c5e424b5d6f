"""Typing errors: each kind by hand in each language, their shares and places, and what is spared."""

import itertools
import sys
import unicodedata
from collections import Counter
from random import Random

import pandas as pd
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interface import LANGUAGES, QUERIES
from test_keyboards import ALPHABETS

from pyterrier_hybrid.perturbation import Typing, pinyin
from pyterrier_hybrid.perturbation.tables.keyboards import LAYOUTS

WORD = regex.compile(r"[\p{L}\p{M}]+")
# Numbers that draw a kind of error: the shares are .28, .15, .28 and .28 of .99.
KINDS = {"replace": 0.2, "insert": 0.35, "delete": 0.6, "transpose": 0.9}


class Scripted(Random):
    """A generator of given numbers."""

    def __new__(cls, *numbers: float):
        return super().__new__(cls)

    def __init__(self, *numbers: float):
        super().__init__()
        self.random = iter(numbers).__next__


def one_error(word: str, lang: str, kind: str, place: float, key: float = 0.0) -> str:
    """Make one error in a word.

    ``place`` and ``key`` are numbers of 0 to 1 that draw the letter (0 is the second, almost 1 the last one) and the
    neighbouring key (0 is the first one of its row).
    """
    generator = Scripted(0.0, KINDS[kind], 0.5, place, key)
    return Typing(severity=1.001 / len(word)).perturb_text(word, lang, generator)


@pytest.mark.parametrize(
    ("lang", "word", "replaced", "inserted", "deleted", "transposed"),
    [
        # The last letter is replaced by its left neighbour, which is also inserted, or it is deleted; and the two
        # letters after the spared one are transposed, where different hands type them.
        ("ar", "مدينة", "مدينى", "مدينةى", "مدين", "ميدنة"),
        ("de", "groß", "grop", "großp", "gro", "gorß"),
        ("el", "πόλη", "πόλγ", "πόληγ", "πόλ", None),
        ("en", "house", "housw", "housew", "hous", None),
        ("es", "español", "españok", "españolk", "españo", "epsañol"),
        ("hi", "पानी", "पाना", "पानीा", "पान", None),
        ("ru", "вопрос", "вопроч", "вопросч", "вопро", "впорос"),
        ("th", "ถนน", "ถนร", "ถนนร", "ถน", None),
        ("tr", "kişi", "kişş", "kişiş", "kiş", None),
        # A missing key of a letter with marks is that of its tone.
        ("vi", "phố", "phi", "phối", "phô", None),
    ],
)
def test_errors_by_hand(lang: str, word: str, replaced: str, inserted: str, deleted: str, transposed: str | None):
    assert one_error(word, lang, "replace", 0.999) == replaced
    assert one_error(word, lang, "insert", 0.999) == inserted
    assert one_error(word, lang, "delete", 0.999) == deleted
    if transposed is None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            one_error(word, lang, "transpose", 0.0)
    else:
        assert one_error(word, lang, "transpose", 0.0) == transposed


def test_shifted_letters_keep_their_level():
    assert one_error("USA", "en", "replace", 0.999) == "USS"
    assert one_error("США", "ru", "replace", 0.0) == "СГА"
    assert one_error("มาก", "th", "replace", 0.999) == "มาห" and one_error("มาณ", "th", "replace", 0.999) == "มา๊"


GOLDEN = {
    "ar": "ما هس عصامة ألماينا فب سنة 1990؟",
    "de": "Wrlhe Stat ist srti 1990 die Hauotsat vob Österreich un groß?",
    "el": "Ποι είνα η πρωτεθουζα της Ελάδς;",
    "en": "Which ciyt is the capiyal o te Uniyedr Kinbydom?",
    "es": "¿Que ciuds esa la cpaitla de España?",
    "hi": "जरल्मनी की रजदधान कौव सी है?",
    "ru": "Какой гогод явялтеся столоицей Гемранеии?",
    "th": "เมืงอหลงอขงเยอรมนีคือเทือมด",
    "tr": "Türkiy'nim başketni han şehirdri?",
    "vi": "Thủ đô caủ nưycớ Đức là thành php noà?",
    "zh": "德国的首都是拿个城思？",
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_golden_queries(lang: str):
    """What the generator draws; each error was read by hand."""
    assert Typing(severity=0.2, seed=7).perturb(QUERIES[lang], lang) == GOLDEN[lang]


def distance(a: str, b: str) -> int:
    """Errors between two texts: replaced, inserted, missing and transposed characters."""
    before, last = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("severity", [0.05, 0.2])
def test_share_of_changes_is_near_the_severity(lang: str, severity: float):
    query = QUERIES[lang]
    letters = sum(map(len, WORD.findall(query)))
    draws = 1500 if lang == "zh" else 100  # The Chinese query is short.
    perturbed = [Typing(severity=severity, draw=draw).perturb(query, lang) for draw in range(draws)]
    share = sum(distance(query, text) for text in perturbed) / letters / draws
    # Two errors side by side may look like one.
    assert 0.85 * severity < share < 1.1 * severity


def test_kinds_and_places_of_errors():
    word = "abricotpiadenkuhxls"
    kinds, places = Counter(), Counter()
    for draw in range(4000):
        wrong = Typing(severity=1.0001 / len(word), draw=draw).perturb(word, "en")
        place = next(i for i, (a, b) in enumerate(itertools.zip_longest(word, wrong)) if a != b)
        changed = sum(a != b for a, b in zip(word, wrong, strict=False))
        if len(wrong) != len(word):
            kind = "insert" if len(wrong) > len(word) else "delete"
        else:
            kind = "replace" if changed == 1 else "transpose"
        kinds[kind] += 1
        places[place] += kind in ("replace", "delete")
    shares = {kind: kinds[kind] / kinds.total() for kind in kinds}
    expected = {"replace": 28 / 99, "insert": 15 / 99, "delete": 28 / 99, "transpose": 28 / 99}
    assert shares == pytest.approx(expected, abs=0.025)
    assert places[0] == 0 and kinds.total() == 4000
    first, second = (sum(places[place] for place in half) for half in (range(1, 10), range(10, 19)))
    assert second / first == pytest.approx(1.75 / 1.25, abs=0.25)


def test_long_words_are_hit_more_often():
    text = "ab internationalisierungs"
    first = [Typing(severity=0.04, draw=draw).perturb(text, "de").split()[0] for draw in range(2000)]
    # Square roots of the lengths: 1.41 and 4.80. The short word has no two letters to transpose.
    assert sum(word != "ab" for word in first) / 2000 == pytest.approx(71 / 99 * 1.41 / 6.21, abs=0.03)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), lang=st.sampled_from(list(LAYOUTS)), severity=st.floats(0.01, 1))
def test_first_letters_and_everything_between_words_is_spared(data: st.DataObject, lang: str, severity: float):
    word = st.text(ALPHABETS[lang], min_size=1, max_size=12)
    text = unicodedata.normalize("NFC", " 12 ".join(data.draw(st.lists(word, min_size=1, max_size=5))) + "!")
    perturbed = Typing(severity=severity).perturb(text, lang)
    assert unicodedata.is_normalized("NFC", perturbed)
    assert WORD.sub("", perturbed) == WORD.sub("", text)
    before, after = WORD.findall(text), WORD.findall(perturbed)
    # A mark after the first letter may change, and with it the letter's composed form.
    assert [unicodedata.normalize("NFD", word)[0] for word in before] == [
        unicodedata.normalize("NFD", word)[0] for word in after
    ]


@pytest.mark.parametrize("lang", LAYOUTS)
def test_severe_errors_contain_the_mild_ones(lang: str):
    query = QUERIES[lang]
    mild, severe = (Typing(severity=severity).perturb(query, lang) for severity in (0.04, 0.12))
    assert 0 < distance(query, mild) <= distance(query, severe)
    assert distance(mild, severe) <= distance(query, severe)


def test_severity_1_changes_every_letter_that_can_be():
    text = "Which city is the capital of the United Kingdom? " * 200
    perturbed = Typing(severity=1).perturb(text, "en")
    assert all(a != b or len(a) == 1 for a, b in zip(text.split(), perturbed.split(), strict=True))
    assert Typing(severity=1).perturb("a B2B 1990 x", "en") == "a B2B 1990 x"
    assert Typing(severity=1).perturb("до Κα", "en") == "до Κα"


def test_text_without_errors_keeps_its_normal_form():
    decomposed = unicodedata.normalize("NFD", "é")
    assert Typing(severity=0.01, draw=1).perturb(decomposed, "es") == decomposed
    # A mark that has no key stays with its letter.
    assert {Typing(severity=1, draw=draw).perturb("ax\u0327b", "en")[:3] for draw in range(20)} == {"ax\u0327"}
    assert "é" in Typing(severity=0.2).perturb("cafe\u0301 con leche", "es")


def test_words_of_other_scripts_are_typed_on_a_us_layout():
    assert one_error("iPod", "ru", "replace", 0.999) == "iPos"
    assert one_error("café", "de", "delete", 0.999) == "cafe"


def test_unsupported_languages():
    assert not Typing().supports("fr") and all(Typing().supports(lang) for lang in LANGUAGES)
    with pytest.warns(UserWarning, match="Typing means nothing in fr: 1 query stays as it is"):
        out = Typing()(pd.DataFrame({"qid": ["1"], "query": ["Où est Rome ?"], "lang": ["fr"]}))
    assert out["query"].tolist() == ["Où est Rome ?"] and not out["changed"].any()


def test_pinyin_by_hand():
    # 中 zhong: only zong is a syllable; 是 shi: si, shu, sui and shui are.
    assert list(pinyin.mistyped("zhong")) == ["zong"] and set(pinyin.mistyped("shi")) == {"si", "shu", "sui", "shui"}
    assert Typing(severity=1).perturb("中", "zh") == pinyin.choices("zong")[0] == "纵"
    # si without h (.28 / 3), shu with u (next to i) instead of i (.28 * 2 / 3 * 9 / 20).
    assert pinyin.mistyped("shi")["si"] / pinyin.mistyped("shi")["shu"] == pytest.approx(20 / 18)
    # No other syllable is near: another character of the same one.
    assert pinyin.mistyped("wo") == {} and Typing(severity=1).perturb("我", "zh") == "卧"
    assert pinyin.syllable("绿") == "lv" and pinyin.syllable("é") is None
    assert Typing(severity=1).perturb("iPhone 15？", "zh") == "iPhone 15？"


def test_chinese_without_pypinyin(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pypinyin.pinyin_dict", None)
    pinyin.syllable.cache_clear()
    assert Typing(severity=1).supports("zh")
    with pytest.raises(ImportError, match=r"pip install 'pypinyin>=0.55,<0.56'"):
        Typing(severity=1).perturb("中", "zh")
