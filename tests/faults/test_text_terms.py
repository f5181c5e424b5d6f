"""Terms of BM25: writings of one word or number are one term, and what a language keeps apart stays apart."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid.retrieval.analysis import NGRAMS, SNOWBALL, analyzer
from pyterrier_hybrid.retrieval.bm25 import BM25Index

DIGITS = [chr(point) for point in range(sys.maxunicode + 1) if unicodedata.decimal(chr(point), None) == 0]
LANGUAGES = sorted({*SNOWBALL, *NGRAMS, "vi", "ur", "he", "bn", "mr", "ckb", "ps", "uk", "bg", "sw", "dv"})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_digits_of_all_scripts_are_one_number(lang):
    assert len(DIGITS) > 60
    for zero in DIGITS:
        number = "".join(chr(ord(zero) + int(digit)) for digit in "1990")
        assert analyzer(lang)(number) == analyzer(lang)("1990"), number
        assert "1990" in analyzer(lang)(number)


@given(number=st.integers(0, 10**12), zero=st.sampled_from(DIGITS), lang=st.sampled_from(LANGUAGES))
def test_any_number_in_any_script(number, zero, lang):
    own = "".join(chr(ord(zero) + int(digit)) for digit in str(number))
    assert analyzer(lang)(f"a {own} b") == analyzer(lang)(f"a {number} b")


@pytest.mark.parametrize(
    ("lang", "writings"),
    [
        ("ur", ["کتاب", "كتاب", "کتـاب", "کِتاب", "کِتَاب"]),
        ("ur", ["علی", "علي", "على"]),
        ("ur", ["یہ", "يه", "یه", "يہ"]),
        ("ur", ["مؤثر", "موثر", "مو\u0654ثر"]),
        ("ur", ["جرأت", "جرات"]),
        ("ur", ["لئے", "لیے", "لی\u0654ے", "لي\u0654ے"]),
        ("ur", ["جذبۂ", "جذبہ", "جذبہ\u0654", "جذبۀ"]),
        ("ur", ["رحمٰن", "رحمن"]),
        ("fa", ["کتاب", "كتاب", "کِتاب"]),
        ("fa", ["علی", "علي", "على"]),
        ("fa", ["خانهٔ", "خانه", "خانۀ", "خانة"]),
        ("fa", ["سال ۱۳۹۹", "سال ١٣٩٩", "سال 1399"]),
        ("ckb", ["کوردی", "كوردي", "كوردى"]),
        ("ps", ["کتاب", "كتاب"]),
        ("ar", ["رَحْمٰن", "رحمن", "رحمـن"]),
        ("ar", ["هٰذا", "هذا"]),
        ("he", ["שָׁלוֹם", "שלום", "שׁלום", "\ufb2aלום"]),
        ("he", ["בְּרֵאשִׁ֖ית", "בראשית"]),
        ("yi", ["ייִדיש", "יִידיש", "יידיש"]),
        ("ru", ["Алекса́ндр", "Александр", "АЛЕКСА́НДР"]),
        ("ru", ["замо́к", "замок"]),
        ("uk", ["Украї́на", "Україна"]),
        ("bg", ["Бълга́рия", "България", "Бълга\u0300рия"]),
        ("sr", ["гра\u0300д", "град"]),
        ("ko", ["한국", "한국".encode().decode(), unicodedata.normalize("NFD", "한국")]),
        ("hi", ["१९९०", "1990", "１９９０"]),
    ],
)
def test_writings_of_one_word_are_one_term(lang, writings):
    first, *others = [analyzer(lang)(writing) for writing in writings]
    assert first and others == [first] * len(others)


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        ("be", "мой", "мои"),
        ("mk", "ќе", "ке"),
        ("mk", "ѓ", "г"),
        ("uk", "її", "іі"),
        ("bg", "ѝ", "и"),
        ("ur", "آم", "ام"),
        ("ur", "گھر", "گہر"),
        ("ur", "بڑے", "بڑی"),
        ("fa", "گل", "کل"),
        ("ckb", "ە", "ه"),
        ("ps", "ي", "ی"),
        ("ps", "ې", "ی"),
        ("ug", "ى", "ي"),
        ("sd", "ڪ", "ک"),
        ("dv", "ދިވެހި", "ދވހ"),
        ("vi", "má", "mà"),
        ("th", "มา", "ม้า"),
    ],
)
def test_what_a_language_keeps_apart_stays_apart(lang, one, other):
    assert analyzer(lang)(one) != analyzer(lang)(other)


@pytest.mark.parametrize("particle", ["", "의", "은", "에서", "까지", "입니다"])
@pytest.mark.parametrize("noun", ["한국", "대학교", "서울특별시"])
def test_a_korean_noun_is_found_with_any_particle(tmp_path, noun, particle):
    docs = [
        {"docno": "other", "text": "사람들이 많이 왔다", "lang": "ko"},
        {"docno": "right", "text": f"어제 {noun}{particle} 보았다", "lang": "ko"},
        {"docno": "third", "text": "비가 온다", "lang": "ko"},
    ]
    index = ph.BM25Index(tmp_path / "index").indexer().index(docs)
    assert index.retriever().search(noun)["docno"].tolist() == ["right"]
    assert index.retriever().search(noun + "를")["docno"].tolist() == ["right"]


def test_foreign_words_in_korean_are_whole_terms():
    assert "1990" in analyzer("ko")("1990년")
    assert "unesco" in analyzer("ko")("UNESCO가")


def test_numbers_are_found_across_languages(tmp_path):
    docs = [
        {"docno": "hi", "text": "सन् १९९० में", "lang": "hi"},
        {"docno": "fa", "text": "در سال ۱۹۹۰", "lang": "fa"},
        {"docno": "th", "text": "ปี ๑๙๙๐", "lang": "th"},
        {"docno": "my", "text": "၁၉၉၀ ခုနှစ်", "lang": "my"},
        {"docno": "en", "text": "in 1990", "lang": "en"},
        *({"docno": f"x{number}", "text": f"nothing {number}", "lang": "en"} for number in range(9)),
    ]
    index = BM25Index(tmp_path / "index").indexer().index(docs)
    for lang, query in (("en", "1990"), ("ur", "۱۹۹۰"), ("ar", "١٩٩٠"), ("zh", "１９９０"), ("bn", "১৯৯০")):
        assert set(index.retriever(query_lang=lang).search(query)["docno"]) >= {"hi", "fa", "th", "my", "en"}


def test_the_version_of_the_analysis_is_in_every_signature():
    assert all(analyzer(lang).signature.endswith("analysis 2") for lang in LANGUAGES)
