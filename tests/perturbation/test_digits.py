"""Digits: numbers by hand, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.perturbation import Digits

LANGUAGES = ["ar", "hi", "th", "zh"]


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("ar", "في سنة 1990؟", "في سنة ١٩٩٠؟"),
        ("fa", "سال 1990", "سال ۱۹۹۰"),
        ("hi", "1990 में 3,5 और 20वीं", "१९९० में ३,५ और २०वीं"),
        ("th", "ปี 2015", "ปี ๒๐๑๕"),
        ("zh", "2015年有25.5个", "２０１５年有２５.５个"),
        ("hi", "MP3, 5G और 42", "MP3, 5G और ४२"),
        ("hi", "१९९० और 42", "1990 और ४२"),
    ],
)
def test_by_hand(lang: str, text: str, expected: str):
    assert Digits().perturb(text, lang) == expected
    assert Digits().perturb(expected, lang) == text


@pytest.mark.parametrize("lang", ["de", "el", "en", "es", "ru", "tr", "vi"])
def test_other_languages_have_no_other_digits(lang: str):
    assert not Digits().supports(lang) and Digits().perturb("1990", lang) == "1990"


@given(st.text(st.sampled_from("0123 ,aकक٣३๓３"), max_size=20), st.sampled_from(LANGUAGES))
def test_twice_is_the_text_itself(text: str, lang: str):
    # Numbers that touch become one number, unless a letter or space stands between them.
    once = Digits().perturb(text, lang)
    assert len(once) == len(text)
    if text.isascii():
        assert Digits().perturb(once, lang) == text


def test_share_of_numbers():
    for severity in (0.05, 0.5):
        changed = [Digits(severity=severity, draw=draw).perturb("12 " * 20, "hi").count("१२") for draw in range(200)]
        assert sum(changed) / 4000 == pytest.approx(severity, abs=0.01)
