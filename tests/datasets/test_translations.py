"""Translations of documents and of questions, in datasets and in collections of one's own."""

import pyterrier_hybrid as ph
from pyterrier_hybrid.datasets import family
from pyterrier_hybrid.datasets.known_questions import KnownQuestions
from pyterrier_hybrid.datasets.translations import Member, Translations

DOCS = [
    {"docno": f"{name}-{lang}", "text": name, "lang": lang, "group": name} for name in "ab" for lang in ("de", "en")
]
QUERIES = [
    {"qid": "1", "query": "Frage?", "lang": "de", "docno": "a-de"},
    {"qid": "1", "query": "Question?", "lang": "en", "docno": "a-en"},
    {"qid": "2", "query": "Other?", "lang": "en", "docno": "b-en"},
]


def test_documents_of_a_group_are_translations():
    members = [
        Member("1", "de_7_0", "de", "de_7"),
        Member("1", "th_7_0", "th", "th_7"),
        Member("1", "th_7_1", "th", "th_7"),
        Member("2", "de_7_0", "de", "de_7"),
        Member("2", "th_7_2", "th", "th_7"),
        Member("3", "de_8_0", "de", "de_8"),
    ]
    translations = Translations(members)
    assert translations.find("de_7_0") == {"th": ["th_7_0", "th_7_1", "th_7_2"]}
    assert translations.find("th_7_2") == {"de": ["de_7_0"]}
    assert translations.find("de_8_0") == translations.find("unknown") == translations.near("unknown") == {}
    # No question is about this sentence, but its paragraph is known in the other language.
    assert translations.find("de_7_4") == {}
    assert translations.near("de_7_4") == {"th": ["th_7_0", "th_7_1", "th_7_2"]}
    assert translations.near("th_7_4") == {"de": ["de_7_0"]}


def test_documents_of_atlas_have_one_translation_in_each_language_that_has_the_question():
    atlas = family("atlas")
    translations = Translations.of_family(atlas)
    numbers = []
    for document in atlas.documents(["de", "th"]):
        found = translations.find(document.doc_id)
        numbers.append(len(found))
        assert {docno.split("_", 1)[1] for (docno,) in found.values()} <= {document.doc_id.split("_", 1)[1]}
        assert sorted([*translations.near(document.doc_id), document.lang]) == list(atlas.languages)
    # Introductions answer no question; of some relations, some languages have questions without translations.
    assert 0.6 < numbers.count(10) / len(numbers) < 0.9 and set(numbers) <= {0, 6, 10}


def test_paragraphs_of_xquad_r(lareqa_home):
    xquad = family("xquad-r")
    translations = Translations.of_family(xquad)
    docnos = [document.doc_id for document in xquad.documents()][::20]
    assert 0.6 < sum(bool(translations.find(docno)) for docno in docnos) / len(docnos) < 0.7
    for docno in docnos:
        lang, paragraph, _ = docno.split("_")
        near = translations.near(docno)
        assert sorted([*near, lang]) == list(xquad.languages)
        assert {other.split("_")[1] for others in near.values() for other in others} == {paragraph}


def test_known_questions_have_translations_and_examples():
    known = KnownQuestions(ph.family_from(DOCS, QUERIES))
    assert known.translations("question? ") == {"de": "Frage?", "en": "Question?"}
    assert known.translations("Other?") == {"en": "Other?"} and known.translations("Who?") == {}
    assert known.examples() == {"de": "Frage?", "en": "Other?"}
    levels = known.find("Frage?")
    assert [known.mark(levels, docno) for docno in ("a-de", "a-en", "b-de")] == ["right", "right", "?"]


def test_examples_of_atlas_are_known_and_differ():
    known = KnownQuestions(family("atlas"))
    examples = known.examples()
    assert list(examples) == list(family("atlas").languages)
    assert all(known.translations(text)[lang] == text for lang, text in examples.items())
    assert len({known.translations(text)["en"] for text in examples.values()}) == len(examples)
    assert known.mark(known.find(examples["de"]), "unjudged") == "wrong"
    assert len(known.find(examples["de"])) == 11
