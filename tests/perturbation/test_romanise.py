"""Romanise: transliterations by hand, with the first way of each letter."""

import sys
import unicodedata
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyterrier_hybrid.perturbation import Romanise, romanise


class First(Random):
    """Always draws the first of some ways."""

    def random(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("ar", "ما هي عاصمة ألمانيا؟", "ma hi 3asma almanya?"),
        ("ar", "جوش نورمان في المطاح", "josh norman fi almta7"),
        ("ar", "خبر سوء عن 2015؟", "5br so2 3n 2015?"),
        ("el", "Ποια είναι η πρωτεύουσα της Ελλάδας;", "Poia einai i proteuousa tis Elladas?"),
        ("el", "Θάλασσα, ξύλο, χώρα, υγεία", "Thalassa, ksylo, xora, ygeia"),
        ("el", "Πόσα έκανε ο Luke Kuechly;", "Posa ekane o Luke Kuechly?"),
        ("hi", "जर्मनी की राजधानी कौन सी है?", "jarmani ki rajdhani kaun si hai?"),
        ("hi", "कितने अंक और मुंबई में सड़क", "kitne ank aur mumbai men sadak"),
        ("hi", "समझना सरकार ज्ञान मित्र पार्क च छ", "samajhna sarkar gyan mitra park cha chha"),
        ("ru", "Какой город является столицей Германии?", "Kakoy gorod yavlyaetsya stolicey Germanii?"),
        ("ru", "Сколько ещё объектов", "Skolko esche obektov"),
        ("th", "เมืองหลวงของไทย", "mueangluangkhongthaiy"),
        ("th", "เท่าไร เกาะ เกิด แพนเธอร์ส", "thaorai ko koed phaenthoes"),
        ("zh", "1990年德国的首都是NASA吗？", "1990 nian de guo de shou dou shi NASA ma?"),
        ("ja", "ひらがな", "hiragana"),
        ("ko", "서울 2015", "seoul 2015"),
    ],
)
def test_by_hand(lang: str, text: str, expected: str):
    assert Romanise().perturb_text(text, lang, First()).lower() == expected.lower()
    decomposed = unicodedata.normalize("NFD", text)
    if lang in ("ar", "el", "hi", "ru"):
        assert Romanise().perturb_text(decomposed, lang, First()).lower() == expected.lower()


def test_case_is_kept():
    assert Romanise().perturb_text("Θήβα", "el", First()) == "Thiva"
    assert Romanise().perturb_text("США, Шуша и ШАГ", "ru", First()) == "SSHA, Shusha i SHAG"
    assert Romanise().perturb_text("Χ και ΘΕΟΣ", "el", First()) == "X kai THEOS"


def test_ways_are_drawn_for_a_text_and_kept_in_it():
    ways = {Romanise(draw=draw).perturb("ωΩώη", "el") for draw in range(40)}
    assert ways == {"oOoi", "oOoh", "wWwi", "wWwh"}


def test_languages_in_latin_letters_are_not_supported():
    supported = [
        lang for lang in ("ar", "el", "fa", "he", "hi", "ja", "ko", "ru", "th", "zh") if Romanise().supports(lang)
    ]
    assert len(supported) == 10
    assert not any(map(Romanise().supports, ("de", "en", "es", "tr", "vi", "sw")))
    assert Romanise(severity=1).perturb("Größe", "de") == "Größe"


def test_share_of_words():
    text = "город " * 20
    for severity in (0.05, 0.5):
        changed = [
            Romanise(severity=severity, draw=draw).perturb(text, "ru").count("gorod") / 20 for draw in range(100)
        ]
        assert sum(changed) / 100 == pytest.approx(severity, abs=0.01)


@settings(max_examples=50)
@given(st.text(max_size=30), st.sampled_from(["ar", "el", "hi", "ru", "th", "zh"]), st.integers(0, 3))
def test_the_result_is_ascii_and_stays(text: str, lang: str, draw: int):
    perturbation = Romanise(draw=draw)
    once = perturbation.perturb(text, lang)
    if once != text:
        assert once.isascii()
        assert perturbation.perturb(once, lang) == once


def test_uroman():
    assert Romanise(system="uroman").perturb("Какой город?", "ru") == "Kakoy gorod?"
    assert Romanise(system="uroman").perturb("德国", "zh") == "deguo"
    assert Romanise(system="uroman") != Romanise()
    with pytest.raises(ValueError, match="system='pinyin' is unknown"):
        Romanise(system="pinyin")


def test_uroman_is_an_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "uroman", None)
    romanise._uroman_system.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'uroman>=1.3.1'"):
        Romanise(system="uroman").perturb("город", "ru")
