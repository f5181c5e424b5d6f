"""Text keys, texts without a visible character, and language codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank, text_key

INVISIBLE = ["", " \t\n", "\u00a0\u3000", "\u200b\u200d\u200f", "\u2060\ufeff "]


@pytest.mark.parametrize("text", INVISIBLE)
def test_invisible_texts_are_blank(text):
    assert is_blank(text)
    assert not is_blank(f"{text}.{text}")


@given(text=st.text(max_size=20), space=st.text(" \t\n\u00a0", min_size=1, max_size=3))
def test_text_keys_ignore_case_and_whitespace(text, space):
    key = text_key(text)
    assert text_key(key) == key
    assert text_key(f"{space}{text.replace(' ', space)}{space}") == key
    assert text_key(text.casefold()) == key


def test_text_keys_keep_everything_else():
    assert text_key("No, thanks.") != text_key("No thanks")
    assert text_key("façade") != text_key("facade")


@pytest.mark.parametrize("code", ["de", "yue", "zh-Hant", "pt-BR", "sr-Latn-RS"])
def test_known_languages(code):
    assert check_language(code) == code


@pytest.mark.parametrize("code", ["", "german", "de-", "xx", "qqq", "xx-Latn"])
def test_unknown_languages(code):
    with pytest.raises(ValueError, match="unknown language .*: write an ISO 639 code such as 'de' or 'zh-Hant'"):
        check_language(code)


@pytest.mark.parametrize("code", [None, 1, b"de", ["de"]])
def test_a_language_is_a_string(code):
    with pytest.raises(ValueError, match="not a string: write an ISO 639 code"):
        check_language(code)
