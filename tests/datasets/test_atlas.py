"""atlas: texts by hand, one content everywhere, fair splits, and its IDs in ir_datasets."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import ir_datasets
import pytest
from babel import Locale, localedata
from babel.core import get_global

from pyterrier_hybrid.datasets import LanguageData, register
from pyterrier_hybrid.datasets.atlas import ATLAS, facts, from_cldr, load
from pyterrier_hybrid.datasets.atlas.family import MONOLINGUAL
from pyterrier_hybrid.datasets.atlas.sentences.language import RELATIONS, TEST_ONLY

LANGUAGES = ATLAS.languages
SPLITS = ("train", "test")
FACTS = facts.read_facts()
# Another content needs another version of atlas.
CONTENT = {"2 (CLDR 47)": "af3d913fdbe0a6545748581cdd749b5f2125de8658975305d61901e5231eef60"}

# The wordings are the package's own, the names those of CLDR.
DOCUMENTS = {
    "de_HR_currency": "Als gesetzliches Zahlungsmittel gilt in Kroatien die Währung Euro. Preise und Löhne werden in "
    "ihr angegeben.",
    "de_BS_region": "Wer sich auf den Bahamas aufhält, befindet sich in der Region Karibik.",
    "en_SB_week": "Monday is regarded as the first day of the week in the Solomon Islands. Diaries follow this custom.",
    "en_NL_since": "The present currency of the Netherlands has been in use since 1999.",
    "en_FR_about": "What visitors should know about France: the official language, the currency, the time zone and the "
    "days of the weekend.",
    "es_AE_region": "Según las Naciones Unidas, los habitantes de los Emiratos Árabes Unidos viven en Asia occidental.",
    "el_FM_continent": "Όποιος βρίσκεται στη Μικρονησία είναι στην Ωκεανία, αν κοιτάξουμε τις ηπείρους.",
    "tr_CI_zone": "Côte d’Ivoire’da kullanılan saat dilimi adını Abidjan adlı kentten alır.",
    "ru_NL_zone": "Город, по которому назван часовой пояс страны Нидерланды, — Амстердам.",
    "ar_IQ_abbreviation": "تعرض مكاتب الصرافة عملة العراق تحت الحروف IQD. وتستعملها المصارف كذلك.",
    "hi_IQ_former": "आज की मुद्रा से पहले इराक में भारतीय रुपया नाम की मुद्रा चलती थी।",
    "th_FR_language": "ภาษาฝรั่งเศสมีสถานะเป็นภาษาทางการในฝรั่งเศส ศาลและหน่วยงานราชการใช้ภาษานี้",
    "vi_AE_week": "Ở các Tiểu Vương quốc Ả Rập Thống nhất, tuần bắt đầu vào thứ Hai.",
    "zh_VN_zone": "到越南旅行的人把手表调到胡志明市时间。",
}
QUERIES = {
    "BS_region_de": "Wohin auf der Erde reist man, wenn man auf den Bahamas Urlaub macht?",
    "EE_former_en": "What did people in Estonia pay with in the past?",
    "DO_code_es": "¿Con qué dos letras se representa el nombre de la República Dominicana?",
    "NL_code_el": "Ποια δύο γράμματα αντιστοιχούν στις Κάτω Χώρες;",
    "EG_currency_tr": "Mısır’da harcama yapmak için hangi dövize ihtiyacım var?",
    "SB_continent_ru": "На каком континенте расположена страна Соломоновы острова?",
    "TH_abbreviation_th": "สกุลเงินของไทยย่อว่าอย่างไร",
    "JP_language_zh": "日本的官员用什么语言写信？",
}


@pytest.fixture(scope="module")
def data() -> dict[str, LanguageData]:
    return {lang: load(lang) for lang in LANGUAGES}


def all_queries(one: LanguageData) -> list:
    return [query for split in SPLITS for query in one.queries[split]]


def all_texts(one: LanguageData) -> list[str]:
    return [doc.text for doc in one.docs] + [query.text for query in all_queries(one)]


def templates_of(lang: str):
    return import_module(f"pyterrier_hybrid.datasets.atlas.sentences.{lang}").LANGUAGE


@pytest.mark.parametrize("doc_id", DOCUMENTS)
def test_documents_by_hand(data, doc_id):
    assert [doc.text for doc in data[doc_id[:2]].docs if doc.doc_id == doc_id] == [DOCUMENTS[doc_id]]


@pytest.mark.parametrize("query_id", QUERIES)
def test_queries_by_hand(data, query_id):
    assert [query.text for query in all_queries(data[query_id[-2:]]) if query.query_id == query_id] == [
        QUERIES[query_id]
    ]


def test_one_version_has_one_content(data):
    assert hashlib.sha256(repr([data[lang] for lang in LANGUAGES]).encode()).hexdigest() == CONTENT[ATLAS.version]


def test_counts(data):
    for one in data.values():
        assert len(one.docs) == 996
        assert 530 <= len(one.queries["train"]) <= 553 and len(one.queries["test"]) == 219
    assert sum(len(one.docs) for one in data.values()) == 10_956
    of_relation = Counter(doc.doc_id.split("_")[2] for doc in data["en"].docs)
    assert of_relation == {**dict.fromkeys(RELATIONS, 82), "language": 76, "former": 22, "zone": 78, "about": 82}


# --- Facts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("territory", "relation", "answers"),
    [
        ("FR", "language", {"de": "Französisch", "en": "French", "tr": "Fransızca", "zh": "法语"}),
        ("JP", "currency", {"de": "Japanischer Yen", "en": "Japanese Yen", "ru": "японская иена", "zh": "日元"}),
        ("HR", "former", {"de": "Kroatischer Kuna", "en": "Croatian Kuna", "el": "κούνα Κροατίας"}),
        ("HR", "since", dict.fromkeys(LANGUAGES, "2023")),
        ("EG", "abbreviation", dict.fromkeys(LANGUAGES, "EGP")),
        ("UY", "region", {"de": "Südamerika", "en": "South America", "es": "Sudamérica", "vi": "Nam Mỹ"}),
        ("UY", "continent", {"en": "the Americas", "ar": "أمريكا", "hi": "अमेरिका", "vi": "châu Mỹ"}),
        ("EG", "week", {"de": "Samstag", "el": "το Σάββατο", "tr": "cumartesi", "hi": "शनिवार"}),
        ("EG", "weekend", {"de": "Freitag", "el": "Παρασκευή", "tr": "cuma", "hi": "शुक्रवार"}),
        ("FR", "code", dict.fromkeys(LANGUAGES, "FR")),
        ("AT", "code3", dict.fromkeys(LANGUAGES, "AUT")),
        ("AT", "zone", {"de": "Wien", "ru": "Вена", "th": "เวียนนา"}),
    ],
)
def test_statements_contain_the_answer(data, territory, relation, answers):
    for lang, answer in answers.items():
        (text,) = (doc.text for doc in data[lang].docs if doc.doc_id == f"{lang}_{territory}_{relation}")
        assert answer in text


@pytest.mark.parametrize(
    ("territory", "relation"),
    [("PK", "language"), ("IQ", "language"), ("AT", "former"), ("FM", "zone"), ("SB", "zone")],
)
def test_no_fact_where_there_is_no_single_answer(territory, relation):
    assert relation not in FACTS["facts"][territory]


@pytest.mark.parametrize("territory", ["CD", "CG", "TW", "HK", "AQ", "EU", "TL"])
def test_territories_left_out(territory):
    assert territory not in FACTS["facts"]


def test_the_facts_are_those_of_cldr():
    if str(get_global("cldr").get("version")) != facts.CLDR_VERSION:
        pytest.skip(f"the facts are those of CLDR {facts.CLDR_VERSION}")
    made = from_cldr.to_bytes(from_cldr.make_facts())
    assert facts.sha256(made) == facts.SHA256 and FACTS["cldr"] == facts.CLDR_VERSION


def test_changed_facts_are_refused(monkeypatch):
    monkeypatch.setattr(facts, "SHA256", "0" * 64)
    facts.read_facts.cache_clear()
    with pytest.raises(ValueError, match=r"atlas\.json: its SHA-256 is [0-9a-f]{64} and should be 0+: .* reinstall"):
        load("de")
    monkeypatch.undo()
    assert facts.read_facts()["cldr"] == facts.CLDR_VERSION


def test_first_days_are_those_of_babel():
    # Portuguese locales outside Portugal and Brazil inherit the week of Portugal, whatever their territory.
    for name in localedata.locale_identifiers():
        language, *_, territory = name.split("_") if "_" in name else (name, "")
        if territory in FACTS["facts"] and (language != "pt" or territory in ("PT", "BR")):
            locale, known = Locale.parse(name), FACTS["facts"][territory]
            assert (locale.first_week_day, locale.weekend_start) == (int(known["week"]), int(known["weekend"])), name


def test_tables_name_each_territory_once_and_no_unknown_one():
    known = " ".join(from_cldr.REGIONS.values()).split()
    assert len(known) == len(set(known))
    assert set(from_cldr.UNSETTLED) <= set(RELATIONS)
    for table in (from_cldr.UNSETTLED, from_cldr.FIRST_DAYS, from_cldr.WEEKENDS):
        assert all(set(territories.split()) <= set(known) for territories in table.values())
    assert sorted(" ".join(from_cldr.CONTINENTS.values()).split()) == sorted(from_cldr.REGIONS)


# --- Splits ----------------------------------------------------------------------------------------------------------


def test_every_language_has_the_same_documents_and_test_queries(data):
    for lang, one in data.items():
        assert [doc.doc_id[3:] for doc in one.docs] == [doc.doc_id[3:] for doc in data["en"].docs]
        test = [query.query_id[:-3] for query in one.queries["test"]]
        assert test == [query.query_id[:-3] for query in data["en"].queries["test"]]
        assert all(query.query_id.endswith(f"_{lang}") for query in all_queries(one))


def test_ids_and_answers(data):
    for lang, one in data.items():
        ids = [doc.doc_id for doc in one.docs]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(rf"{lang}_[A-Z]{{2}}_({'|'.join(RELATIONS)}|about)", doc_id) for doc_id in ids)
        for split in SPLITS:
            assert [qrel.query_id for qrel in one.answers[split]] == [query.query_id for query in one.queries[split]]
            for qrel in one.answers[split]:
                assert f"{lang}_{qrel.query_id}" == f"{qrel.doc_id}_{lang}"
                assert (qrel.relevance, qrel.iteration) == (1, lang)
        relevant = {qrel.doc_id for split in SPLITS for qrel in one.answers[split]}
        assert {doc_id for doc_id in set(ids) - relevant if not doc_id.endswith("_about")} <= {
            doc_id for doc_id in ids if doc_id.split("_")[2] in MONOLINGUAL
        }


def test_splits_are_disjoint_and_every_territory_is_trained_on(data):
    of_split = {
        split: {query.query_id[:-3] for one in data.values() for query in one.queries[split]} for split in SPLITS
    }
    assert not of_split["train"] & of_split["test"]
    assert sum(len(known) for known in FACTS["facts"].values()) == len(of_split["train"]) + len(of_split["test"])
    for lang, one in data.items():
        assert {query.query_id[:2] for query in one.queries["train"]} == set(FACTS["facts"]), lang
    for relation in RELATIONS:
        shares = Counter(split for split in SPLITS for qid in of_split[split] if qid.endswith(f"_{relation}"))
        assert 0.6 < shares["train"] / shares.total() < 0.9, relation


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_training_text_has_the_answer_to_a_test_question(data, lang):
    one, names = data[lang], FACTS["names"][lang]
    # Names of money have words of their own for the language and the region.
    trained = {qrel.doc_id for qrel in one.answers["train"] if not qrel.doc_id.endswith(("_currency", "_former"))}
    texts: dict[str, list[str]] = {}
    for text_id, text in [(doc.doc_id[3:], doc.text) for doc in one.docs if doc.doc_id in trained] + [
        (query.query_id, query.text) for query in one.queries["train"]
    ]:
        if "_abbreviation" not in text_id:
            texts.setdefault(text_id[:2], []).append(text)
    checked = 0
    for query in one.queries["test"]:
        territory, relation, _ = query.query_id.split("_")
        key = FACTS["facts"][territory][relation]
        answer = names[facts.KINDS[relation]][key] if relation in facts.KINDS else key
        if answer not in names["territories"][territory]:
            checked += 1
            bounded = answer if lang in ("th", "zh") else rf"(?<!\w){re.escape(answer)}(?!\w)"
            assert not [text for text in texts[territory] if re.search(bounded, text)], query
    assert checked > 180
    for same in (("currency", "abbreviation"), ("region", "continent"), ("code", "code3")):
        asked = [
            {query.query_id[:2] for query in one.queries["test"] if f"_{name}_" in query.query_id} for name in same
        ]
        assert asked[0] == asked[1] != set()


def test_some_relations_are_monolingual_in_some_languages(data):
    train = {lang: {query.query_id[:-3] for query in data[lang].queries["train"]} for lang in LANGUAGES}
    for relation in RELATIONS:
        asked = {lang: {qid for qid in train[lang] if qid.endswith(f"_{relation}")} for lang in LANGUAGES}
        alone = MONOLINGUAL.get(relation, ())
        parallel = [asked[lang] for lang in LANGUAGES if lang not in alone]
        assert all(qids == parallel[0] for qids in parallel)
        groups = [parallel[0], *(asked[lang] for lang in alone)]
        assert len(set.union(*groups)) == sum(map(len, groups)), relation
        assert min(map(len, groups)) >= 3 and len(parallel[0]) > 15, relation


# --- Texts -----------------------------------------------------------------------------------------------------------


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
    paragraphs: dict[str, list[str]] = {}
    for doc in data[lang].docs:
        paragraphs.setdefault(doc.doc_id[:5], []).append(doc.text)
    for doc in data[lang].docs:
        assert doc.context == ("" if lang == "zh" else " ").join(paragraphs[doc.doc_id[:5]])
        assert doc.lang == lang
        assert doc.title
        if doc.doc_id.endswith("_about"):
            assert doc.context.startswith(doc.text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_some_wordings_occur_in_test_only(data, lang):
    language, names = templates_of(lang), FACTS["names"][lang]
    assert tuple(language.statements) == tuple(language.questions) == RELATIONS
    wordings = [*language.statements.values(), *language.questions.values(), language.introductions]
    assert len({text for texts in wordings for text in texts}) == 2 * 5 * len(RELATIONS) + 4
    new = Counter()
    for split in SPLITS:
        for query in data[lang].queries[split]:
            territory, relation, _ = query.query_id.split("_")
            fields = language.territory_fields(territory, names["territories"][territory])
            texts = [template.format(**fields).lower() for template in language.questions[relation]]
            assert query.text.lower() in texts
            new[split] += texts.index(query.text.lower()) >= len(texts) - TEST_ONLY
    assert new["train"] == 0
    assert 0.25 < new["test"] / len(data[lang].queries["test"]) < 0.55


@pytest.mark.parametrize(
    ("lang", "code", "name", "fields"),
    [
        ("de", "FR", "Frankreich", {"in": "in Frankreich", "von": "von Frankreich"}),
        ("de", "IQ", "Irak", {"in": "im Irak", "von": "des Irak"}),
        ("de", "NL", "Niederlande", {"in": "in den Niederlanden", "von": "der Niederlande"}),
        ("el", "FR", "Γαλλία", {"ton": "τη Γαλλία", "se": "στη Γαλλία"}),
        ("el", "GR", "Ελλάδα", {"ton": "την Ελλάδα", "se": "στην Ελλάδα"}),
        ("el", "SB", "Νήσοι Σολομώντος", {"ton": "τις Νήσους Σολομώντος", "se": "στις Νήσους Σολομώντος"}),
        ("en", "NL", "Netherlands", {"x": "the Netherlands"}),
        ("en", "TT", "Trinidad & Tobago", {"x": "Trinidad and Tobago"}),
        ("es", "NL", "Países Bajos", {"en": "en los Países Bajos", "de": "de los Países Bajos"}),
        ("es", "FR", "Francia", {"en": "en Francia", "de": "de Francia"}),
        ("tr", "GR", "Yunanistan", {"x": "Yunanistan", "loc": "Yunanistan’da"}),
        ("tr", "IQ", "Irak", {"x": "Irak", "loc": "Irak’ta"}),
        ("tr", "YE", "Yemen", {"x": "Yemen", "loc": "Yemen’de"}),
        ("tr", "SB", "Solomon Adaları", {"x": "Solomon Adaları", "loc": "Solomon Adaları’nda"}),
    ],
)
def test_names_are_inflected(lang, code, name, fields):
    assert FACTS["names"][lang]["territories"][code] == name
    assert templates_of(lang).territory_fields(code, name) == fields


# --- Processes and IDs -----------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_same_bytes_in_another_process_without_names_of_babel():
    code = (
        "import hashlib, sys; from pyterrier_hybrid.datasets.atlas import ATLAS, load; "
        "assert not {'babel', 'ir_datasets'} & set(sys.modules); import babel.localedata as names; names.load = None; "
        "print(hashlib.sha256(repr([load(lang) for lang in reversed(ATLAS.languages)][::-1]).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "LC_ALL": "C", "PYTHONUTF8": "1"}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == CONTENT[ATLAS.version]


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
    answerable = {query.query_id[:-3] for lang in doc_langs for query in data[lang].queries[split]}
    asked = [query for lang in query_langs for query in data[lang].queries[split]]
    assert {*dataset.queries_iter()} == {query for query in asked if query.query_id[:-3] in answerable}
    relevant = Counter(qrel.query_id for qrel in dataset.qrels_iter())
    assert relevant == {query.query_id: len(doc_langs) for query in dataset.queries_iter()}
    for qrel in dataset.qrels_iter():
        assert qrel.doc_id == f"{qrel.iteration}_{qrel.query_id.rpartition('_')[0]}"


def test_ir_datasets_all_documents(data):
    register()
    dataset = ir_datasets.load("atlas")
    assert dataset.docs_count() == sum(len(one.docs) for one in data.values())
    assert dataset.docs_store().get("th_FR_region").lang == "th"
