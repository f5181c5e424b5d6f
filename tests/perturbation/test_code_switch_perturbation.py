"""Words in another language."""

import json

import pytest
from test_interface import LANGUAGES, LEXICON, QUERIES

from pyterrier_hybrid.parallel import Lexicon
from pyterrier_hybrid.perturbation import CodeSwitch, perturbation_from

ENGLISH = {
    "ar": "ما هي capital ألمانيا في سنة 1990؟",
    "de": "Welche Stadt ist seit 1990 die capital von Österreich und groß?",
    "el": "Ποια είναι η πρωτεύουσα της Greece;",
    "es": "¿Qué ciudad es la capital de España?",
    "hi": "Germany की राजधानी कौन सी है?",
    "ru": "Какой город является столицей Germany?",
    "th": "เมืองหลวงของ Germany คือเมืองใด",
    "tr": "Türkiye'nin başkenti hangi şehirdir?",
    "vi": "Thủ đô của Germany là thành phố nào?",
    "zh": "德国的 capital 是哪个城市？",
}


@pytest.mark.parametrize("lang", [*ENGLISH])
def test_all_words_of_the_lexicon(lang):
    assert CodeSwitch(LEXICON, to="en", severity=1).perturb(QUERIES[lang], lang) == ENGLISH[lang]


def test_from_english():
    perturbed = CodeSwitch(LEXICON, to="tr", severity=1).perturb(QUERIES["en"], "en")
    assert perturbed == "Which city is the başkent of the United Kingdom?"


def test_languages_of_the_lexicon():
    to_german = CodeSwitch(LEXICON, to="de")
    assert [lang for lang in LANGUAGES if not to_german.supports(lang)] == ["de"]
    assert not to_german.supports("fr")


def test_more_severe_draws_change_more():
    lexicon = Lexicon([{"en": [f"w{number}"], "de": [f"v{number}"]} for number in range(50)])
    text = " ".join(f"w{number}" for number in range(50))
    changed = {
        severity: {
            position
            for position, word in enumerate(CodeSwitch(lexicon, to="de", severity=severity).perturb(text, "en").split())
            if word[0] == "v"
        }
        for severity in (0.1, 0.5, 0.9)
    }
    assert changed[0.1] < changed[0.5] < changed[0.9]
    assert len(changed[0.5]) == pytest.approx(25, abs=8)


@pytest.mark.parametrize("severity", [0.05, 0.3, 0.7])
@pytest.mark.parametrize(
    ("lang", "word"),
    [("ar", "عاصمة "), ("de", "Hauptstadt "), ("ru", "Германии "), ("vi", "nước Đức "), ("zh", "首都是")],
)
def test_severity_is_the_share_of_known_words(lang, word, severity):
    perturbed = [CodeSwitch(LEXICON, severity=severity, draw=draw).perturb(word * 20, lang) for draw in range(100)]
    switched = sum(text.count("capital") + text.count("Germany") for text in perturbed)
    # Each word is drawn by itself, so this is three standard deviations.
    assert switched / 2000 == pytest.approx(severity, abs=3 * (severity * (1 - severity) / 2000) ** 0.5)


def test_equality_follows_the_lexicon():
    same = Lexicon([dict(meaning) for meaning in LEXICON._meanings])
    other = Lexicon([{"de": ["Hauptstadt"], "en": ["capital city"]}])
    assert CodeSwitch(LEXICON) == CodeSwitch(same) and hash(CodeSwitch(LEXICON)) == hash(CodeSwitch(same))
    assert CodeSwitch(LEXICON) != CodeSwitch(other) and CodeSwitch(LEXICON) != CodeSwitch(LEXICON, to="de")


def test_from_a_file(tmp_path):
    path = tmp_path / "lexicon.jsonl"
    path.write_text(json.dumps({"terms": {"de": ["Rom"], "en": ["Rome"]}}))
    config = {"name": "CodeSwitch", "lexicon": str(path), "severity": 1}
    assert perturbation_from(config).perturb("Wo ist Rom?", "de") == "Wo ist Rome?"
    assert perturbation_from(config) == CodeSwitch(Lexicon.from_jsonl(path), severity=1)


def test_impossible_arguments():
    with pytest.raises(ValueError, match="CodeSwitch.*lexicon"):
        perturbation_from("codeswitch")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        perturbation_from({"name": "codeswitch", "lexicon": "nowhere.jsonl"})
    with pytest.raises(TypeError, match="lexicon=3 is int"):
        CodeSwitch(3)
    with pytest.raises(ValueError, match="to='fr': the lexicon has only ar, de"):
        CodeSwitch(LEXICON, to="fr")
    with pytest.raises(ValueError, match="xx"):
        CodeSwitch(LEXICON, to="xx")
