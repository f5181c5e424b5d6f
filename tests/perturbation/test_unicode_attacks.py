"""Invisible characters, look-alike letters, and bidirectional control characters."""

import unicodedata

import pytest
import regex
from bidi import get_display
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import given, settings
from hypothesis import strategies as st
from test_interface import LANGUAGES, QUERIES, queries, texts

from pyterrier_hybrid.perturbation import Bidi, Homoglyphs, Invisible
from pyterrier_hybrid.perturbation.segments import character_ends

SUPPORTED = ["de", "el", "en", "es", "ru", "tr", "vi"]
# Letters with one look-alike each.
LOOK_ALIKES = {
    "de": ("sx Öd, NZ", "ѕх Öԁ, ΝΖ"),
    "el": ("τικ Άργος, α", "ᴛiĸ Άpyoς, a"),
    "en": ("sds, FG!", "ѕԁѕ, ϜԌ!"),
    "es": ("¿dñs", "¿ԁñѕ"),
    "ru": ("роса, ёж", "poca, ёж"),
    "tr": ("şsd ığ", "şѕԁ ığ"),
    "vi": ("đd s ố", "đԁ ѕ ố"),
}
# Even numbers of letters without marks, so that there is one way to swap all of them.
REORDERED = {
    "de": ("Ärga 12", "<rÄ><ag> 12"),
    "el": ("το δε;", "<οτ> <εδ>;"),
    "en": ("is it 12ab?", "<si> <ti> 12<ba>?"),
    "es": ("¿Es tú?", "¿<sE> <út>?"),
    "hi": ("घर की", "<रघ> की"),
    "ru": ("он, ты", "<но>, <ыт>"),
    "th": ("ไห นำ", "<หไ> นำ"),
    "tr": ("ıi bu", "<iı> <ub>"),
    "vi": ("đi e\u0302", "<iđ> e\u0302"),
    "zh": ("在哪？", "<哪在>？"),
}


def shown(text):
    return regex.sub(r"\p{Default_Ignorable_Code_Point}", "", get_display(text))


@pytest.mark.parametrize(
    ("text", "lang", "pattern"),
    [
        ("ما هي؟", "ar", "م_ا_ _ه_ي_؟"),
        ("Ös?", "de", "Ö*s*?"),
        ("Πού;", "el", "Π*ο*ύ*;"),
        ("no", "en", "n*o"),
        ("¿Tú?", "es", "¿*T*ú*?"),
        # Not after a virama, nor between a letter and its vowel sign.
        ("हिन्दी", "hi", "हि_न्दी"),
        ("он", "ru", "о*н"),
        ("น้ำใด", "th", "น้ำ*ใ*ด"),
        ("ığ", "tr", "ı*ğ"),
        ("e\u0302\u0301m", "vi", "e\u0302\u0301*m"),
        ("在哪", "zh", "在*哪"),
    ],
)
def test_invisible_characters_everywhere(text, lang, pattern):
    perturbed = Invisible(severity=1).perturb(text, lang)
    expected = regex.escape(pattern).replace(r"\*", "[\u200b-\u200d]").replace("_", "\u200b")
    assert regex.fullmatch(expected, perturbed)


@settings(max_examples=80, deadline=None)
@given(text=queries, lang=st.sampled_from(LANGUAGES), severity=st.floats(0, 1), draw=st.integers(0, 3))
def test_text_without_invisible_characters_is_the_text(text, lang, severity, draw):
    text = regex.sub(r"\p{Default_Ignorable_Code_Point}", "", text)
    perturbed = Invisible(severity=severity, draw=draw).perturb(text, lang)
    assert regex.sub(r"\p{Default_Ignorable_Code_Point}", "", perturbed) == text


def prototype(character):
    """What a letter looks like: the one letter that Unicode's list of confusables maps look-alikes to."""
    seen = {character}
    while waiting := [
        confusable["c"]
        for letter in seen
        for confusable in confusables_data.get(letter, ())
        if confusable["c"] not in seen
    ]:
        seen.update(waiting)
    return min(seen)


@pytest.mark.parametrize("lang", SUPPORTED)
def test_all_look_alikes(lang):
    text, perturbed = LOOK_ALIKES[lang]
    assert Homoglyphs(severity=1).perturb(text, lang) == perturbed


@pytest.mark.parametrize("lang", SUPPORTED)
@pytest.mark.parametrize("draw", range(3))
def test_look_alikes_look_alike(lang, draw):
    perturbed = Homoglyphs(severity=0.7, draw=draw).perturb(QUERIES[lang], lang)
    assert perturbed != QUERIES[lang]
    for before, after in zip(QUERIES[lang], perturbed, strict=True):
        if before != after:
            assert prototype(before) == prototype(after)
            assert unicodedata.category(before) == unicodedata.category(after)
    assert unicodedata.normalize("NFKC", perturbed) == perturbed


@settings(max_examples=60, deadline=None)
@given(text=texts, severity=st.floats(0, 1))
def test_look_alikes_are_letters_for_letters(text, severity):
    perturbed = Homoglyphs(severity=severity).perturb(text, "en")
    assert [unicodedata.category(character) for character in perturbed] == list(map(unicodedata.category, text))


def test_coverage_decides_which_languages_have_look_alikes():
    coverage = {lang: Homoglyphs.coverage([text]) for lang, text in QUERIES.items()}
    assert Homoglyphs.coverage(["sö1", "x中"]) == 0.5 and Homoglyphs.coverage([]) == Homoglyphs.coverage(["1?"]) == 0
    assert [lang for lang in LANGUAGES if coverage[lang] > 0.4] == SUPPORTED
    assert max(coverage[lang] for lang in set(LANGUAGES) - set(SUPPORTED)) < 0.05
    supports = Homoglyphs().supports
    assert [lang for lang in LANGUAGES if supports(lang)] == SUPPORTED
    assert supports("sr") and supports("yo") and not supports("he") and not supports("ja") and not supports("ka")
    with pytest.raises(TypeError, match="texts is a str"):
        Homoglyphs.coverage("Rom")


@pytest.mark.parametrize("lang", [*REORDERED])
def test_all_pairs_of_letters(lang):
    text, perturbed = REORDERED[lang]
    marked = Bidi(severity=1).perturb(text, lang)
    assert marked.replace("\u202e", "<").replace("\u202c\u200e", ">") == perturbed
    assert shown(marked) == shown(text)


def test_one_of_three_letters_stays():
    swapped = {Bidi(severity=1, draw=draw).perturb("Rom", "de") for draw in range(10)}
    assert swapped == {"\u202eoR\u202c\u200em", "R\u202emo\u202c\u200e"}


def test_letters_of_a_conjunct_or_a_syllable_stay():
    # The second letter of each belongs to the first.
    for text in ("क्षर", "क्ष", "\u1112\u1161", "न\u200dम", "กำ"):
        assert Bidi(severity=1).perturb(text, "hi") == text


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(queries, st.text("abcdé1,.(-«) €Яा中ש١ا\n\u200f\u2067", max_size=20)),
    severity=st.floats(0, 1),
    draw=st.integers(0, 3),
)
def test_the_bidirectional_algorithm_displays_the_text(text, severity, draw):
    perturbed = Bidi(severity=severity, draw=draw).perturb(text, "en")
    assert shown(perturbed) == shown(text)


def test_right_to_left_text_stays():
    assert not any(Bidi().supports(lang) for lang in ("ar", "fa", "he", "ur", "yi"))
    assert Bidi(severity=1).perturb("who is محمد?", "en") == "who is محمد?"
    assert all(Bidi().supports(lang) for lang in LANGUAGES if lang != "ar")


@pytest.mark.parametrize("severity", [0.1, 0.5])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_share_of_characters(severity, lang):
    text, draws = QUERIES[lang], range(100)
    letters = sum(map(str.isalpha, text))
    inserted = replaced = swapped = 0
    for draw in draws:
        inserted += len(Invisible(severity=severity, draw=draw).perturb(text, lang)) - len(text)
        perturbed = Homoglyphs(severity=severity, draw=draw).perturb(text, lang)
        replaced += sum(before != after for before, after in zip(text, perturbed, strict=True))
        swapped += 2 * Bidi(severity=severity, draw=draw).perturb(text, lang).count("\u202e")
    assert inserted / len(draws) == pytest.approx(severity * len(character_ends(text)), rel=0.05)
    assert replaced / len(draws) == pytest.approx(severity * letters, rel=0.05)
    # At most two letters of three in a word of three are swapped.
    assert swapped / len(draws) == pytest.approx(severity * letters, rel=0.1)


@pytest.mark.parametrize("lang", ["hi", "th", "vi", "zh"])
def test_share_of_swapped_letters_where_many_have_marks(lang):
    # In Hindi, a third of the letters stand beside another one without marks.
    text, draws = {**QUERIES, "hi": "कमल नगर के भवन में राजधानी की नदी का पानी कैसा है?"}[lang], range(400)
    letters = sum(character.isalpha() for character in text)
    swapped = sum(2 * Bidi(severity=0.1, draw=draw).perturb(text, lang).count("\u202e") for draw in draws)
    assert swapped / len(draws) == pytest.approx(0.1 * letters, rel=0.15)
