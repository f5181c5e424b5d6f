"""Queries typed with the wrong layout: golden values of each language, and typing them back."""

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_keyboards import ALPHABETS

from pyterrier_hybrid.perturbation import WrongLayout
from pyterrier_hybrid.perturbation.tables.keyboards import LAYOUTS
from pyterrier_hybrid.perturbation.wrong_layout import retype

GOLDEN = {
    "ar": ("السلام عليكم", "hgsghl ugd;l"),
    "de": ("Zürich liegt süß?", "Y[rich liegt s[-_"),
    "el": ("Τι είναι η Ελλάδα;", "Ti e;inai h Ell;adaq"),
    "es": ("¿Cuándo es el año?", "+Cu'ando es el a;o_"),
    "hi": ("नमस्ते भारत", "vcmdls Yejl"),
    "ru": ("Привет, мир!", "Ghbdtn? vbh!"),
    "th": ("สวัสดี", "l;ylfu"),
    "tr": ("İstanbul'da kış", '"stanbul@da ki;'),
    "vi": ("Thủ đô nước Đức", "Thu6 04 n[]8c )[8c"),
}


@pytest.mark.parametrize("lang", GOLDEN)
def test_typed_with_the_us_layout(lang: str):
    text, expected = GOLDEN[lang]
    assert WrongLayout().perturb(text, lang) == expected
    assert retype(expected, "en", lang) == text


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("ar", "غخعق"),
        ("de", "zour"),
        ("el", "υοθρ"),
        ("es", "your"),
        ("hi", "बदही"),
        ("ru", "нщгк"),
        ("th", "ั" + "น" + "ี" + "พ"),
        ("tr", "your"),
        ("vi", "your"),
    ],
)
def test_english_typed_with_another_layout(layout: str, expected: str):
    assert WrongLayout(layout=layout).perturb("your", "en") == expected


def test_dead_keys_of_the_other_layout():
    assert WrongLayout(layout="el").perturb("a; ;a ;;a Wi ;b", "en") == "α΄ ά ΄ά ΐ ΄β"


@pytest.mark.parametrize("lang", LAYOUTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_typing_back_gives_the_text(lang: str, data: st.DataObject):
    text = unicodedata.normalize("NFC", data.draw(st.text(ALPHABETS[lang] + " .", max_size=20)))
    assert retype(retype(text, lang, "en"), "en", lang) == text
    if lang != "ar":  # Its letters lam-alef are typed by one key or by two.
        # Normal form C moves the Thai mark of this key before others.
        letters = ALPHABETS["en"].replace("B", "") if lang == "th" else ALPHABETS["en"]
        text = data.draw(st.text(letters + " ", max_size=20))
        assert retype(retype(text, "en", lang), lang, "en") == text


def test_severity_is_the_share_of_words():
    text = "один два три четыре " * 25
    changed = [
        sum(a != b for a, b in zip(text.split(), perturbed.split(), strict=True))
        for perturbed in (WrongLayout(severity=0.3, draw=draw).perturb(text, "ru") for draw in range(20))
    ]
    assert set(changed) == {30}


def test_languages_without_another_layout():
    perturbation = WrongLayout()
    assert [lang for lang in [*LAYOUTS, "zh", "fr"] if not perturbation.supports(lang)] == ["en", "zh", "fr"]
    assert WrongLayout(layout="ru").supports("en") and not WrongLayout(layout="ru").supports("ru")
    with pytest.warns(UserWarning, match="WrongLayout means nothing in zh: 1 query stays as it is"):
        out = perturbation(pd.DataFrame({"qid": ["1", "2"], "query": ["罗马", "Рим"], "lang": ["zh", "ru"]}))
    assert out["query"].tolist() == ["罗马", "Hbv"] and out["changed"].tolist() == [False, True]
    with pytest.raises(ValueError, match="layout='fr' is unknown: choose one of ar, de"):
        WrongLayout(layout="fr")


def test_what_the_layout_lacks_stays():
    assert WrongLayout().perturb("Что такое iPhone 15?", "ru") == "Xnj nfrjt iPhone 15&"
    assert WrongLayout().perturb("ปี 1990?", "th") == "xu 1990M"
    assert WrongLayout().perturb("Ce\u0301zanne", "de") == "C=eyanne"
