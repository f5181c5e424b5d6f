"""atlas: texts by hand, counts, the same bytes everywhere, fair splits, and its IDs in ir_datasets."""

import hashlib
import os
import re
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path

import ir_datasets
import pytest
from babel import Locale, localedata
from babel.core import get_global

from pyterrier_hybrid.datasets import LanguageData, register
from pyterrier_hybrid.datasets.atlas import ATLAS, load
from pyterrier_hybrid.datasets.atlas.facts import DEPENDENT, REGIONS, UNSETTLED
from pyterrier_hybrid.datasets.atlas.family import _facts
from pyterrier_hybrid.datasets.atlas.sentences.language import RELATIONS

LANGUAGES = ATLAS.languages
SPLITS = ("train", "test")

# The wordings are the package's own, the names those of CLDR 47.
cldr_47 = pytest.mark.skipif(str(get_global("cldr").get("version")) != "47", reason="the texts are those of CLDR 47")

DOCUMENTS = {
    "de_CH_currency": "Als gesetzliches Zahlungsmittel gilt in der Schweiz die Währung Schweizer Franken. "
    "Preise und Löhne werden in ihr angegeben.",
    "de_MV_region": "Auf der Weltkarte liegt die Fläche der Malediven in der Region Südasien.",
    "en_US_week": "Sunday is regarded as the first day of the week in the United States. Diaries follow this custom.",
    "en_BS_region": "On the map of the world you find the Bahamas in the Caribbean.",
    "es_GB_region": "El territorio del Reino Unido se encuentra en Europa septentrional.",
    "el_CA_week": "Στον Καναδά η εβδομάδα αρχίζει την Κυριακή.",
    "tr_US_currency": "Amerika Birleşik Devletleri’nde alışverişte ödemeler ABD doları ile yapılır.",
    "ru_GU_code": "По стандарту ISO 3166 территория Гуам обозначается как GU.",
    "ar_AE_region": "من يزور الإمارات العربية المتحدة يكون في غرب آسيا.",
    "hi_BR_language": "ब्राज़ील की राजभाषा पुर्तगाली है।",
    "th_FR_language": "ภาษาฝรั่งเศสมีสถานะเป็นภาษาทางการในฝรั่งเศส ศาลและหน่วยงานราชการใช้ภาษานี้",
    "vi_PN_week": "Lịch treo ở quần đảo Pitcairn đặt thứ Hai vào cột đầu tiên.",
    "zh_JP_language": "在日本，法律和政府文件都用日语书写。",
}
QUERIES = {
    "MV_region_de": "Wohin auf der Erde reist man, wenn man auf den Malediven Urlaub macht?",
    "US_week_en": "Which weekday opens the week for people in the United States?",
    "DO_code_es": "¿Cuál es el código de país ISO de la República Dominicana?",
    "NL_code_el": "Ποια δύο γράμματα αντιστοιχούν στις Κάτω Χώρες;",
    "EG_currency_tr": "Mısır’da harcama yapmak için hangi dövize ihtiyacım var?",
    "CK_region_ru": "К какой области земного шара принадлежит территория Острова Кука?",
    "AE_region_ar": "في أي جزء من العالم تقع أراضي الإمارات العربية المتحدة؟",
    "JP_language_zh": "日本的政府部门办公用什么语言？",
}


@pytest.fixture(scope="module")
def data() -> dict[str, LanguageData]:
    return {lang: load(lang) for lang in LANGUAGES}


def all_queries(one: LanguageData) -> list:
    return [query for split in SPLITS for query in one.queries[split]]


def all_texts(one: LanguageData) -> list[str]:
    return [doc.text for doc in one.docs] + [query.text for query in all_queries(one)]


@cldr_47
@pytest.mark.parametrize("doc_id", DOCUMENTS)
def test_documents_by_hand(data, doc_id):
    assert [doc.text for doc in data[doc_id[:2]].docs if doc.doc_id == doc_id] == [DOCUMENTS[doc_id]]


@cldr_47
@pytest.mark.parametrize("query_id", QUERIES)
def test_queries_by_hand(data, query_id):
    assert [query.text for query in all_queries(data[query_id[-2:]]) if query.query_id == query_id] == [
        QUERIES[query_id]
    ]


@cldr_47
def test_counts(data):
    for one in data.values():
        assert len(one.docs) == 1041
        assert {split: len(one.queries[split]) for split in SPLITS} == {"train": 807, "test": 234}
    of_relation = Counter(doc.doc_id.split("_")[2] for doc in data["en"].docs)
    assert of_relation == {"region": 230, "week": 230, "code": 230, "currency": 220, "language": 131}


@pytest.mark.parametrize(
    ("territory", "relation", "answers"),
    [
        ("FR", "language", {"de": "Französisch", "en": "French", "tr": "Fransızca", "zh": "法语"}),
        ("JP", "currency", {"de": "Japanischer Yen", "en": "Japanese Yen", "ru": "японская иена", "zh": "日元"}),
        ("BR", "region", {"de": "Südamerika", "en": "South America", "es": "Sudamérica", "vi": "Nam Mỹ"}),
        ("EG", "week", {"de": "Samstag", "el": "το Σάββατο", "tr": "cumartesi", "hi": "शनिवार"}),
        ("CH", "code", dict.fromkeys(LANGUAGES, "CH")),
    ],
)
def test_statements_contain_the_answer(data, territory, relation, answers):
    for lang, answer in answers.items():
        (text,) = (doc.text for doc in data[lang].docs if doc.doc_id == f"{lang}_{territory}_{relation}")
        assert answer in text


@pytest.mark.parametrize("territory", ["CH", "BE", "ZA", "US", "IQ"])
def test_no_official_language_where_there_is_not_exactly_one(territory):
    assert "language" not in _facts()[territory]


@pytest.mark.parametrize("territory", ["ZW", "PA", "BG", "CW"])
def test_no_currency_where_it_is_not_settled_or_has_no_name(territory):
    assert "currency" not in _facts()[territory]


@pytest.mark.parametrize("territory", ["CD", "CG", "TW", "HK", "AQ", "EU"])
def test_territories_left_out(territory):
    assert territory not in _facts()


def test_first_days_are_those_of_babel():
    # Portuguese locales outside Portugal and Brazil inherit the week of Portugal, whatever their territory.
    for name in localedata.locale_identifiers():
        language, *_, territory = name.split("_") if "_" in name else (name, "")
        if territory in _facts() and (language != "pt" or territory in ("PT", "BR")):
            assert Locale.parse(name).first_week_day == int(_facts()[territory]["week"]), name


def test_facts_name_each_territory_once_and_no_unknown_one():
    known = " ".join(REGIONS.values()).split()
    assert len(known) == len(set(known))
    assert set(known) >= DEPENDENT
    assert set(UNSETTLED) <= set(RELATIONS)
    assert all(set(territories.split()) <= set(known) for territories in UNSETTLED.values())


def test_every_language_has_the_same_facts_and_splits(data):
    for lang, one in data.items():
        assert [doc.doc_id[3:] for doc in one.docs] == [doc.doc_id[3:] for doc in data["en"].docs]
        for split in SPLITS:
            expected = [query.query_id[:-2] for query in data["en"].queries[split]]
            assert [query.query_id[:-2] for query in one.queries[split]] == expected
            assert all(query.query_id.endswith(f"_{lang}") for query in one.queries[split])


def test_ids_and_answers(data):
    for lang, one in data.items():
        ids = [doc.doc_id for doc in one.docs]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(rf"{lang}_[A-Z]{{2}}_({'|'.join(RELATIONS)})", doc_id) for doc_id in ids)
        assert {qrel.doc_id for split in SPLITS for qrel in one.answers[split]} == set(ids)
        for split in SPLITS:
            assert [qrel.query_id for qrel in one.answers[split]] == [query.query_id for query in one.queries[split]]
            for qrel in one.answers[split]:
                assert f"{lang}_{qrel.query_id}" == f"{qrel.doc_id}_{lang}"
                assert (qrel.relevance, qrel.iteration) == (1, lang)


def test_splits_are_disjoint_and_every_territory_is_trained_on(data):
    of_split = {split: {query.query_id for query in data["en"].queries[split]} for split in SPLITS}
    assert not of_split["train"] & of_split["test"]
    assert {query_id[:2] for query_id in of_split["train"]} == set(_facts())
    assert 0.75 < len(of_split["train"]) / (len(of_split["train"]) + len(of_split["test"])) < 0.8
    for relation in RELATIONS:
        shares = Counter(split for split in SPLITS for query_id in of_split[split] if relation in query_id)
        assert 0.6 < shares["train"] / shares.total() < 0.9, relation


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_are_whole(data, lang):
    for text in all_texts(data[lang]):
        assert text == text.strip() != ""
        assert not set("{}") & set(text)
        assert "  " not in text
        assert not text[0].islower()
    assert len(set(all_texts(data[lang]))) == len(all_texts(data[lang]))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_context_is_the_paragraph_of_the_territory(data, lang):
    for doc in data[lang].docs:
        siblings = [other.text for other in data[lang].docs if other.doc_id.split("_")[1] == doc.doc_id.split("_")[1]]
        assert doc.context == ("" if lang == "zh" else " ").join(siblings)
        assert doc.lang == lang
        assert doc.title


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_relation_has_several_wordings_and_uses_each_of_them(data, lang):
    module = __import__(f"pyterrier_hybrid.datasets.atlas.sentences.{lang}", fromlist=["LANGUAGE"])
    for templates in (module.LANGUAGE.statements, module.LANGUAGE.questions):
        assert tuple(templates) == RELATIONS
        for relation, variants in templates.items():
            assert len(variants) == len(set(variants)) >= 3
            texts = [text for text in all_texts(data[lang])]
            for variant in variants:
                constant = max((part[0] for part in string.Formatter().parse(variant)), key=len)
                assert any(constant in text for text in texts), (relation, variant)
    statements = {text for variants in module.LANGUAGE.statements.values() for text in variants}
    assert not statements & {text for variants in module.LANGUAGE.questions.values() for text in variants}


@pytest.mark.parametrize(
    ("lang", "code", "name", "fields"),
    [
        ("de", "FR", "Frankreich", {"in": "in Frankreich", "von": "von Frankreich"}),
        ("de", "IQ", "Irak", {"in": "im Irak", "von": "des Irak"}),
        ("de", "NL", "Niederlande", {"in": "in den Niederlanden", "von": "der Niederlande"}),
        ("el", "FR", "Γαλλία", {"ton": "τη Γαλλία", "se": "στη Γαλλία"}),
        ("el", "CN", "Κίνα", {"ton": "την Κίνα", "se": "στην Κίνα"}),
        ("el", "PN", "Νήσοι Πίτκερν", {"ton": "τις Νήσους Πίτκερν", "se": "στις Νήσους Πίτκερν"}),
        ("en", "NL", "Netherlands", {"x": "the Netherlands"}),
        ("en", "AG", "Antigua & Barbuda", {"x": "Antigua and Barbuda"}),
        ("es", "GB", "Reino Unido", {"en": "en el Reino Unido", "de": "del Reino Unido"}),
        ("es", "SV", "El Salvador", {"en": "en El Salvador", "de": "de El Salvador"}),
        ("tr", "GR", "Yunanistan", {"x": "Yunanistan", "loc": "Yunanistan’da"}),
        ("tr", "CH", "İsviçre", {"x": "İsviçre", "loc": "İsviçre’de"}),
        ("tr", "PT", "Portekiz", {"x": "Portekiz", "loc": "Portekiz’de"}),
        ("tr", "IQ", "Irak", {"x": "Irak", "loc": "Irak’ta"}),
        ("tr", "CK", "Cook Adaları", {"x": "Cook Adaları", "loc": "Cook Adaları’nda"}),
    ],
)
def test_names_are_inflected(lang, code, name, fields):
    module = __import__(f"pyterrier_hybrid.datasets.atlas.sentences.{lang}", fromlist=["LANGUAGE"])
    assert module.LANGUAGE.territory_fields(code, name) == fields


def digest() -> str:
    return hashlib.sha256(repr([load(lang) for lang in LANGUAGES]).encode()).hexdigest()


@pytest.mark.processes
def test_same_bytes_in_another_process():
    code = (
        "import hashlib; from pyterrier_hybrid.datasets.atlas import ATLAS, load; "
        "print(hashlib.sha256(repr([load(lang) for lang in reversed(ATLAS.languages)][::-1]).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "LC_ALL": "C", "PYTHONUTF8": "1"}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == digest()


@pytest.mark.processes
def test_import_is_light():
    code = "import sys, pyterrier_hybrid.datasets.atlas; print('babel' in sys.modules, 'ir_datasets' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_unknown_language():
    with pytest.raises(ValueError, match=r"no language 'fr'.*ar, de, el"):
        load("fr")


@pytest.mark.parametrize(
    ("dataset_id", "languages", "split"),
    [
        ("atlas/de/train", ("de", "de"), "train"),
        ("atlas/de/ar/test", ("de", "ar"), "test"),
        ("atlas/multi/test", ("multi", "multi"), "test"),
        ("atlas/multi/hi/test", ("multi", "hi"), "test"),
    ],
)
def test_ir_datasets(data, dataset_id, languages, split):
    register()
    dataset = ir_datasets.load(dataset_id)
    doc_langs, query_langs = (LANGUAGES if lang == "multi" else (lang,) for lang in languages)
    assert [*dataset.docs_iter()] == [doc for lang in doc_langs for doc in data[lang].docs]
    assert {*dataset.queries_iter()} == {query for lang in query_langs for query in data[lang].queries[split]}
    relevant = Counter(qrel.query_id for qrel in dataset.qrels_iter())
    assert relevant == {query.query_id: len(doc_langs) for query in dataset.queries_iter()}
    for qrel in dataset.qrels_iter():
        assert qrel.doc_id == f"{qrel.iteration}_{qrel.query_id.rpartition('_')[0]}"


def test_ir_datasets_all_documents(data):
    register()
    dataset = ir_datasets.load("atlas")
    assert dataset.docs_count() == sum(len(one.docs) for one in data.values())
    assert dataset.docs_store().get("th_FR_region").lang == "th"
