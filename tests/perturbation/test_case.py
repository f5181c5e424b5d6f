"""Letter case, by hand in each language that has it."""

import unicodedata

import pytest
from test_interface import LANGUAGES

from pyterrier_hybrid.perturbation import Case

# Text, in lower case, in upper case.
CASED = {
    "de": ("Größe der USA?", "größe der usa?", "GRÖSSE DER USA?"),
    "el": ("Πώς λέγεται η Αθήνα;", "πώς λέγεται η αθήνα;", "ΠΩΣ ΛΕΓΕΤΑΙ Η ΑΘΗΝΑ;"),
    "en": ("Who is McCoy's NASA?", "who is mccoy's nasa?", "WHO IS MCCOY'S NASA?"),
    "es": ("¿Qué es Ñandú?", "¿qué es ñandú?", "¿QUÉ ES ÑANDÚ?"),
    "ru": ("Что такое ЮНЕСКО?", "что такое юнеско?", "ЧТО ТАКОЕ ЮНЕСКО?"),
    "tr": ("İzmir'in Iğdır ili", "izmir'in ığdır ili", "İZMİR'İN IĞDIR İLİ"),
    "vi": ("Thủ đô của Đức?", "thủ đô của đức?", "THỦ ĐÔ CỦA ĐỨC?"),
}


@pytest.mark.parametrize("lang", CASED)
def test_both_cases(lang):
    text, lower, upper = CASED[lang]
    assert Case().perturb(text, lang) == lower
    assert Case(to="upper").perturb(text, lang) == upper
    decomposed = unicodedata.normalize("NFD", text)
    assert unicodedata.normalize("NFC", Case().perturb(decomposed, lang)) == lower
    assert unicodedata.normalize("NFC", Case(to="upper").perturb(decomposed, lang)) == upper


def test_only_scripts_with_case_mean_something():
    supports = Case().supports
    assert [lang for lang in LANGUAGES if supports(lang)] == list(CASED)
    assert all(map(supports, ["uk", "hy", "sr", "sw", "yo", "fi", "id"]))
    assert not any(map(supports, ["bn", "te", "ta", "ml", "mr", "ka", "am", "fa", "he", "ja", "ko", "my", "si"]))


@pytest.mark.parametrize(
    ("text", "upper"),
    [
        # As Unicode CLDR has it: no accents, a diaeresis where the accent told two vowels apart, and the word "or".
        ("Μάιος, μαΐου, χαϊδεύω, ρόιδι", "ΜΑΪΟΣ, ΜΑΪΟΥ, ΧΑΪΔΕΥΩ, ΡΟΪΔΙ"),
        ("Αύγουστος, ξεϋφαίνω, ΰλη", "ΑΥΓΟΥΣΤΟΣ, ΞΕΫΦΑΙΝΩ, ΫΛΗ"),
        ("μικρή ή μεγάλη", "ΜΙΚΡΗ Ή ΜΕΓΑΛΗ"),
        ("ᾠδή", "ΩΔΗ"),
        ("Σίσυφος", "ΣΙΣΥΦΟΣ"),
    ],
)
def test_greek_capitals_have_no_accents(text, upper):
    assert Case(to="upper").perturb(text, "el") == upper


@pytest.mark.parametrize("to", ["lower", "upper"])
@pytest.mark.parametrize("severity", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("lang", CASED)
def test_severity_is_the_share_of_words(lang, severity, to):
    # A word with letters of both cases.
    words, draws = [CASED[lang][0].split()[0]] * 7, range(100)
    changes = 0
    for draw in draws:
        perturbed = Case(to=to, severity=severity, draw=draw).perturb(" ".join(words), lang)
        changes += sum(before != after for before, after in zip(words, perturbed.split(), strict=True))
    assert changes / len(words) / len(draws) == pytest.approx(severity, abs=0.02)


def test_the_dot_of_a_decomposed_turkish_i():
    assert Case().perturb("I\u0307zmir", "tr") == "izmir"
