"""Orthography: all spellings of a text by hand, normal forms, and shares."""

import sys
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pyterrier_hybrid.perturbation import Orthography, orthography
from pyterrier_hybrid.perturbation.tables.orthography import HABITS


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def spellings(text: str, lang: str) -> set[str]:
    return {Orthography(draw=draw).perturb(text, lang) for draw in range(30)}


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("ar", "إلى مدينة أخرى", {"الي مدينه اخري", "الى مدينة اخرى"}),
        ("ar", "هذه آخر ما في كتابِهِ", {"هذه اخر ما في كتابه", "هذة اخر ما فى كتابة"}),
        ("ar", "هذا يهم", {"هذا يهم"}),
        ("de", "Größe der Städte", {"Groesse der Staedte", "Grosse der Stadte"}),
        ("de", "dass Flüsse", {"dass Fluesse", "dass Flusse", "daß Flüsse"}),
        ("de", "ÄRZTE und Ärzte", {"AERZTE und Aerzte", "ARZTE und Arzte"}),
        ("el", "Ποια είναι η Αΐντα; ΆΝΩ", {"Ποια ειναι η Αιντα; ΑΝΩ"}),
        ("es", "¿Qué año?", {"¿Que año?", "¿Que ano?"}),
        ("es", "pingüino", {"pinguino"}),
        ("hi", "हिन्दी में चाँद", {"हिंदी में चांद"}),
        ("hi", "हिंदी", {"हिन्दी"}),
        ("hi", "सड़क मुंबई", {"सडक मुंबई", "सड़क मुम्बई"}),
        ("ru", "Ёлка за́мок чёрный мой", {"Елка замок черный мой"}),
        ("th", "เมืองที่ใหญ่ที่สุด", {"เมืองทีใหญทีสุด"}),
        ("tr", "İstanbul'da ışık çöğüş IĞDIR", {"Istanbul'da isik cogus IGDIR"}),
        ("tr", "Hakkâri'de kâğıt", {"Hakkari'de kagit"}),
        ("vi", "Thủ đô nước Đức", {"Thu đô nươc Đưc", "Thu do nuoc Duc", "Thũ đô nước Đức"}),
        ("vi", "nghĩ ở", {"nghi ơ", "nghi o", "nghỉ ỡ"}),
        ("zh", "头发发展，皇后在后面", {"頭髮發展，皇后在後面"}),
        ("zh", "德國的首都", {"德国的首都"}),
        ("zh", "王先生", {"王先生"}),
    ],
)
def test_spellings(lang: str, text: str, expected: set[str]):
    assert spellings(text, lang) == {nfc(each) for each in expected}
    assert {nfc(each) for each in spellings(nfd(text), lang)} == {nfc(each) for each in expected}


def test_hindi_letters_with_nukta_in_one_character():
    assert spellings("\u095b\u093f\u0932\u093e", "hi") == {"\u091c\u093f\u0932\u093e"}


def test_words_without_a_place_keep_their_form():
    text = nfd("Größe") + " " + nfd("café")
    assert {each.split(" ")[1] for each in spellings(text, "de")} == {nfd("café")}


def test_english_has_nothing_to_leave_out():
    assert not Orthography().supports("en") and Orthography().perturb("naïve", "en") == "naïve"


@pytest.mark.parametrize("lang", sorted(HABITS))
def test_tables_are_in_nfc_and_every_place_is_found(lang: str):
    for table in HABITS[lang]:
        for key, value in table.items():
            assert nfc(key) == key and nfc(value) == value and key != value
            assert orthography._habit(table).write(key.removesuffix("$")) == value


letters = st.text(st.sampled_from("áéíóúñ bcd"), min_size=1, max_size=30)


@given(letters, st.integers(0, 5))
def test_leaving_out_twice_is_leaving_out_once(text: str, draw: int):
    once = Orthography(draw=draw).perturb(text, "el")
    assert Orthography(draw=draw).perturb(once, "el") == once
    bare = Orthography().perturb(text.replace("ñ", "n"), "es")
    assert Orthography().perturb(bare, "es") == bare
    assert unicodedata.normalize("NFD", bare).isascii()


@given(st.text(max_size=30))
def test_nfc_and_nfd_agree(text: str):
    assume("\u0301" not in nfc(text))
    for lang in ("el", "ru", "tr"):
        assert nfc(Orthography().perturb(nfd(text), lang)) == nfc(Orthography().perturb(nfc(text), lang))


@pytest.mark.parametrize(("lang", "word"), [("es", "así "), ("th", "ที่"), ("zh", "国")])
@pytest.mark.parametrize("severity", [0.05, 0.3, 0.5])
def test_share_of_words_changed(lang: str, word: str, severity: float):
    perturbed = [Orthography(severity=severity, draw=draw).perturb(word * 10, lang) for draw in range(200)]
    changed = sum(10 - text.count(word) for text in perturbed)
    assert changed / 2000 == pytest.approx(severity, abs=0.03)


def test_chinese_needs_opencc(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    orthography._converter.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'opencc>=1.1.7'"):
        Orthography().perturb("国", "zh")


def test_a_conversion_of_another_length_is_made_character_by_character(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(orthography, "_converter", lambda config: lambda text: {"ab": "xyz", "a": "x"}.get(text, text))
    assert Orthography().perturb("ab", "zh") == "xb"
