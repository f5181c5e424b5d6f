"""NormalForm: all four forms by hand, and the whole text as Unicode says."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.perturbation import NormalForm

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]


@pytest.mark.parametrize(
    ("lang", "form", "text", "expected"),
    [
        ("ar", "NFD", "\u0623\u064a", "\u0627\u0654\u064a"),
        ("de", "NFD", "Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"),
        ("el", "NFD", "\u03ac", "\u03b1\u0301"),
        ("es", "NFC", "an\u0303o", "a\u00f1o"),
        ("hi", "NFC", "\u095c", "\u0921\u093c"),
        ("hi", "NFD", "\u095c", "\u0921\u093c"),
        ("ru", "NFD", "\u0439", "\u0438\u0306"),
        ("th", "NFKC", "\u0e17\u0e33", "\u0e17\u0e4d\u0e32"),
        ("tr", "NFD", "\u011f\u0131", "g\u0306\u0131"),
        ("tr", "NFKC", "\ufb01\u00a0\u011f", "fi \u011f"),
        ("vi", "NFD", "\u1ebf", "e\u0302\u0301"),
        ("vi", "NFKD", "\uff21\u1ebf", "Ae\u0302\u0301"),
    ],
)
def test_by_hand(lang: str, form: str, text: str, expected: str):
    assert NormalForm(form=form).perturb(text, lang) == expected


@pytest.mark.parametrize("form", FORMS)
def test_languages(form: str):
    supported = [lang for lang in ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
                 if NormalForm(form=form).supports(lang)]  # fmt: skip
    thai = ["th"] if "K" in form else []
    assert supported == ["ar", "de", "el", "es", "hi", "ru", *thai, "tr", "vi"]


@given(
    st.text(
        st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\u0301\u0323 e\u00e9\u00a8\u3000")),
        max_size=30,
    )
)
@pytest.mark.parametrize("form", FORMS)
def test_is_what_unicode_says(form: str, text: str):
    expected = unicodedata.normalize(form, text)
    once = NormalForm(form=form).perturb(text, "vi")
    assert once == expected or not expected.strip()
    assert NormalForm(form=form).perturb(once, "vi") == once


def test_share_of_words_that_change():
    text = "ab \u00e9t\u00e9 " * 20
    for severity in (0.05, 0.5):
        changed = [
            NormalForm(severity=severity, draw=draw).perturb(text, "vi").count("e\u0301t") for draw in range(100)
        ]
        assert sum(changed) / 2000 == pytest.approx(severity, abs=0.01)


def test_unknown_form():
    with pytest.raises(ValueError, match="form='NFX' is unknown"):
        NormalForm(form="NFX")
