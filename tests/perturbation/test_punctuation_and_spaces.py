"""Punctuation left out or repeated, and joined and split words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interface import LANGUAGES, QUERIES, queries

from pyterrier_hybrid.perturbation import Punctuation, Spaces
from pyterrier_hybrid.perturbation.segments import character_ends, word_spans

# Text, without punctuation, with three of each mark.
MARKS = {
    "ar": ("من هو، إذن؟", "من هو إذن", "من هو،،، إذن؟؟؟"),
    "de": ("Wer schrieb „Faust“?", "Wer schrieb Faust", "Wer schrieb „„„Faust“““???"),
    "el": ("Τι είναι το «Έψιλον»;", "Τι είναι το Έψιλον", "Τι είναι το «««Έψιλον»»»;;;"),
    "en": ("St. Paul's - where?", "St Paul's where", "St... Paul's --- where???"),
    "es": ("¿Quién, dónde?", "Quién dónde", "¿¿¿Quién,,, dónde???"),
    "hi": ("वह कहाँ है। कौन?", "वह कहाँ है कौन", "वह कहाँ है।।। कौन???"),
    "ru": ("Кто—он?", "Кто—он", "Кто—он???"),
    "th": ("“ไหน” หรือ?", "ไหน หรือ", "“““ไหน””” หรือ???"),
    "tr": ("İstanbul'da, 1,5 mi?", "İstanbul'da 1,5 mi", "İstanbul'da,,, 1,5 mi???"),
    "vi": ("Ở đâu ?", "Ở đâu", "Ở đâu ???"),
    "zh": ("北京，上海？", "北京上海", "北京，，，上海？？？"),
}
JOINED = {
    "ar": "ماهيعاصمةألمانيافيسنة1990؟",
    "de": "WelcheStadtistseit1990dieHauptstadtvonÖsterreichundgroß?",
    "el": "ΠοιαείναιηπρωτεύουσατηςΕλλάδας;",
    "en": "WhichcityisthecapitaloftheUnitedKingdom?",
    "es": "¿QuéciudadeslacapitaldeEspaña?",
    "hi": "जर्मनीकीराजधानीकौनसीहै?",
    "ru": "КакойгородявляетсястолицейГермании?",
    "th": "เมืองหลวงของเยอรมนีคือเมืองใด",
    "tr": "Türkiye'ninbaşkentihangişehirdir?",
    "vi": "ThủđôcủanướcĐứclàthànhphốnào?",
    "zh": "德国的首都是哪个城市？",
}
# Words of two characters, which can be split in one way.
SPLIT = {
    "ar": ("ما هي؟", "م ا ه ي؟"),
    "de": ("Wo a, bö?", "W o a, b ö?"),
    "el": ("το πώ;", "τ ο π ώ;"),
    "en": ("is it x?", "i s i t x?"),
    "es": ("¿Es él?", "¿E s é l?"),
    "hi": ("राम कि है", "रा म कि है"),
    "ru": ("он и я, ты", "о н и я, т ы"),
    "th": ("ที่น้ำไหน", "ที่ น้ำ ไ ห น"),
    "tr": ("bu İç", "b u İ ç"),
    "vi": ("ở e\u0302m đó", "ở e\u0302 m đ ó"),
    "zh": ("德国的iPhone？", "德 国 的 iPhone？"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_punctuation(lang):
    text, dropped, repeated = MARKS[lang]
    assert Punctuation().perturb(text, lang) == dropped
    assert Punctuation(kind="repeat").perturb(text, lang) == repeated


@pytest.mark.parametrize(
    ("text", "lang", "dropped"),
    [
        ("Rome(Italy)", "en", "Rome Italy"),
        ("Wo?Da!", "de", "Wo Da"),
        ("Wo ? Da", "de", "Wo Da"),
        ("« Paris »", "fr", "Paris"),
        ("U.S. of A.", "en", "U.S of A"),
        ("e-mail: a.b@c.org?", "en", "e-mail a.b@c.org"),
        ("?!", "en", "?!"),
        ("٣٫١٤ و ١٬٠٠٠؟", "ar", "٣٫١٤ و ١٬٠٠٠"),
        # The apostrophe of a possessive s at the end of a word cannot be told from a quotation mark.
        ("the Normans' enemy", "en", "the Normans enemy"),
    ],
)
def test_what_is_punctuation(text, lang, dropped):
    assert Punctuation().perturb(text, lang) == dropped


@pytest.mark.parametrize("severity", [0.05, 0.3, 0.8])
@pytest.mark.parametrize(
    ("lang", "mark", "text"),
    [("ar", "؟", "من؟ "), ("de", "„", "„Wo "), ("es", "¿", "¿Qué "), ("hi", "।", "है। "), ("zh", "，", "哪，")],
)
def test_severity_is_the_share_of_places(lang, mark, text, severity):
    text, draws = text * 7, range(100)
    dropped = repeated = 0
    for draw in draws:
        dropped += 7 - Punctuation(severity=severity, draw=draw).perturb(text, lang).count(mark)
        more = Punctuation(kind="repeat", severity=severity, draw=draw).perturb(text, lang)
        repeated += (more.count(mark) - 7) / 2
    assert dropped / 7 / len(draws) == pytest.approx(severity, abs=0.02)
    assert repeated / 7 / len(draws) == pytest.approx(severity, abs=0.02)


@settings(max_examples=60, deadline=None)
@given(text=queries, lang=st.sampled_from(LANGUAGES), severity=st.floats(0, 1))
def test_words_keep_their_letters(text, lang, severity):
    letters = [character for character in text if character.isalnum()]
    for perturbation in (Punctuation(severity=severity), Punctuation(kind="repeat"), Spaces(severity=severity)):
        perturbed = perturbation.perturb(text, lang)
        assert [character for character in perturbed if character.isalnum()] == letters


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_words_joined(lang):
    assert Spaces(kind="join", severity=1).perturb(QUERIES[lang], lang) == JOINED[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_words_split(lang):
    text, split = SPLIT[lang]
    assert Spaces(kind="split", severity=1).perturb(text, lang) == split


def test_punctuation_between_words_stays():
    assert Spaces(severity=1, kind="join").perturb("Wo, bitte, ist das", "de") == "Wo, bitte, istdas"


@settings(max_examples=60, deadline=None)
@given(text=queries, lang=st.sampled_from(LANGUAGES), severity=st.floats(0, 1), draw=st.integers(0, 3))
def test_only_spaces_change(text, lang, severity, draw):
    perturbed = Spaces(severity=severity, draw=draw).perturb(text, lang)
    assert "".join(perturbed.split()) == "".join(text.split())


@settings(max_examples=60, deadline=None)
@given(text=queries, lang=st.sampled_from(LANGUAGES))
def test_characters_are_not_split(text, lang):
    ends, end = set(character_ends(text)), 0
    perturbed = Spaces(kind="split", severity=1).perturb(text, lang)
    for character in perturbed:
        if text[end : end + 1] == character:
            end += 1
        else:
            assert character == " " and end in ends


def spaces_of(text):
    """The numbers of letters before each space."""
    ends = [number for number, character in enumerate(text) if character == " "]
    return {end - number for number, end in enumerate(ends)}


@pytest.mark.parametrize("kind", ["both", "join", "split"])
@pytest.mark.parametrize("severity", [0.1, 0.25, 0.4])
@pytest.mark.parametrize("lang", ["ar", "de", "hi", "th", "vi", "zh"])
def test_severity_is_the_share_of_words_joined_or_split(lang, severity, kind):
    # In Thai and Chinese, only foreign words can be joined.
    text, draws = "ab cd 12 ef" if kind == "join" and lang in ("th", "zh") else QUERIES[lang], range(100)
    words = len(word_spans(text, lang))
    changes = 0
    for draw in draws:
        perturbed = Spaces(kind=kind, severity=severity, draw=draw).perturb(text, lang)
        changes += len(spaces_of(perturbed) ^ spaces_of(text))
    assert changes / words / len(draws) == pytest.approx(severity, abs=0.03)


@pytest.mark.parametrize("kind", [Punctuation, Spaces])
def test_unknown_kind(kind):
    with pytest.raises(ValueError, match="kind='dorp' is unknown"):
        kind(kind="dorp")
