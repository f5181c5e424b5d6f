"""Per-language analysis: golden terms, normal forms, and no empty term whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyterrier_hybrid.retrieval.analysis import NGRAMS, SNOWBALL, Analyzer, analyzer

GOLDEN = [
    ("ar", "الكتاب كتاب", ["كتاب", "كتاب"]),
    ("de", "Die Häuser am Fluß", ["die", "haus", "am", "fluss"]),
    ("el", "Οι Άνθρωποι", ["οι", "ανθρωπ"]),
    ("en", "Running dogs' HOUSES", ["run", "dog", "hous"]),
    ("es", "las canciones", ["las", "cancion"]),
    ("hi", "किताबों में", ["किताब", "म"]),
    ("ru", "Ёлки и книги", ["елк", "и", "книг"]),
    ("th", "ไทย กทม 24", ["ไทย", "กทม", "24"]),
    ("th", "ประเทศ", ["ประ", "ระเ", "ะเท", "เทศ"]),
    ("tr", "kitaplar", ["kitap"]),
    ("vi", "Việt Nam", ["việt", "nam"]),
    ("zh", "北京大学", ["北京", "京大", "大学"]),
    ("ja", "東京タワー", ["東京", "京タ", "タワ", "ワー"]),
    ("ko", "서울 대학교", ["서울", "대학", "학교"]),
]


@pytest.mark.parametrize(("lang", "text", "terms"), GOLDEN)
def test_golden_terms(lang, text, terms):
    assert analyzer(lang)(text) == terms


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        ("tr", "IŞIK İSTANBUL", "ışık istanbul"),
        ("az", "QIZIL İT", "qızıl it"),
        ("el", "ΆΝΘΡΩΠΟΣ", "ανθρωπος"),
        ("el", "λόγος", "ΛΌΓΟΣ"),
        ("ar", "كِتَابٌ", "كتاب"),
        ("ar", "كتـــاب", "كتاب"),
        ("ar", "\ufefb", "لا"),
        ("de", "STRASSE", "Straße"),
        ("en", "ｆｕｌｌ ﬁne", "full fine"),
        ("en", "soft\u00adhyphen\u200d", "softhyphen"),
        ("en", "\ufeffword\u200f", "word"),
        ("vi", "Vie\u0323\u0302t", "Việt"),
        ("hi", "क\u093c", "\u0958"),
        ("ru", "ёлка", "елка"),
    ],
)
def test_spellings_of_one_word_are_one_term(lang, one, other):
    assert analyzer(lang)(one) == analyzer(lang)(other) != []


def test_dotless_i_is_a_letter_of_its_own_in_turkish_only():
    assert analyzer("tr")("ısı") != analyzer("tr")("isi")
    assert analyzer("en")("ILL") == analyzer("en")("ill")


def test_marks_stay_in_words_and_zero_width_space_ends_them():
    assert analyzer("hi")("हिन्दी") == analyzer("hi")("हिन्दी ")
    assert len(analyzer("hi")("हिन्दी")) == 1
    assert analyzer("vi")("một\u200bhai") == ["một", "hai"]


def test_foreign_words_and_numbers_are_also_whole_terms_among_ngrams():
    assert analyzer("zh")("2024") == ["20", "02", "24", "2024"]
    assert "bbc1" in analyzer("th")("สถานีBBC1")
    assert analyzer("zh")("A股") == ["a股"]


@pytest.mark.parametrize(("lang", "text"), [("ar", "ـــ"), ("el", "δεινοσ ενα"), ("tr", "lar ler"), ("de", " .,;!  ")])
def test_empty_stems_are_dropped(lang, text):
    assert "" not in analyzer(lang)(text)


def test_no_text_no_terms():
    assert analyzer("de")("") == analyzer("ja")("  \n\t") == analyzer("ar")("ـــ") == []


ANALYZERS = sorted({*SNOWBALL, *NGRAMS, "vi", "ko", "az"})


@given(lang=st.sampled_from(ANALYZERS), text=st.text(max_size=60))
def test_terms_are_never_empty_and_the_same_each_time(lang, text):
    terms = analyzer(lang)(text)
    assert all(isinstance(term, str) and term and not any(map(str.isspace, term)) for term in terms)
    assert analyzer(lang)(text) == terms


@given(word=st.text(alphabet="العكتبـةيىؤئءًٌٍَُِّْ", min_size=1, max_size=12))
def test_arabic_words_are_never_empty_terms(word):
    assert all(analyzer("ar")(word))


@given(word=st.text(alphabet="αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΐΰϊϋ", min_size=1, max_size=12))
def test_greek_words_are_never_empty_terms_and_case_does_not_matter(word):
    assert all(analyzer("el")(word))
    assert analyzer("el")(word.upper()) == analyzer("el")(word) or any(mark in word for mark in "ΐΰϊϋ")


def test_method_says_what_is_done():
    assert analyzer("de").method == "snowball german"
    assert analyzer("zh").method == analyzer("ko").method == "2-grams"
    assert analyzer("th").method == "3-grams"
    assert analyzer("vi").method == analyzer("sw").method == "words"
    assert analyzer("de").signature.startswith("snowball german 3.") or "2." in analyzer("de").signature
    assert len({analyzer(lang).signature for lang in ("de", "en", "zh", "th", "vi")}) == 5


def test_every_language_of_snowball_has_its_stemmer():
    for lang in SNOWBALL:
        assert analyzer(lang)("a 1") is not None


def test_scripts_and_regions_make_no_difference():
    assert analyzer("zh-Hant") == analyzer("zh_CN") == analyzer("zh") == Analyzer("zh")


@pytest.mark.parametrize("lang", ["", "d", "german", "de-", "de DE", "../de", None, 3])
def test_malformed_code(lang):
    with pytest.raises(ValueError, match="is not a language code"):
        analyzer(lang)


@pytest.mark.parametrize("lang", ["xx", "qqq", "zz-Latn"])
def test_unknown_language(lang):
    with pytest.raises(ValueError, match="is unknown"):
        analyzer(lang)


@pytest.mark.parametrize("text", [None, 3, float("nan"), b"text"])
def test_text_must_be_a_string(text):
    with pytest.raises(TypeError, match="must be a str"):
        analyzer("de")(text)
