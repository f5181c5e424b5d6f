"""atlas, the built-in dataset: find the statement about a country that answers a question.

Nothing is downloaded: texts are made at first use from built-in sentence templates and from names and facts of Unicode
CLDR, which are package data. There is one document per country, relation and language:

================  =================================================================
``language``      the official language, if there is exactly one
``currency``      the legal tender
``former``        the legal tender before it
``since``         the year in which the present one was introduced
``abbreviation``  its code of ISO 4217
``region``        the subregion of the world (UN M49)
``continent``     the continent (UN M49)
``week``          the first day of the week
``weekend``       the first day of the weekend
``code``          the two-letter code of ISO 3166
``code3``         the three-letter code of ISO 3166
``zone``          the city that the time zone is named after, if there is one zone
================  =================================================================

These documents and an introduction, which names the subjects of some questions and answers none, are the paragraph of a
country. All of them have its name, and several have the words of a question, so neither is enough to find the answer.

A text's ID chooses its wording, out of three in train and five in test. Train and test are divided by country and
relation; relations whose answers share words, such as the region and the continent, are divided alike.

In train, some languages have no parallel pair of some relations (:data:`MONOLINGUAL`). Only monolingual batches learn
them there.
"""

import hashlib
from functools import cache
from importlib import import_module

from pyterrier_hybrid.datasets.atlas.facts import CLDR_VERSION, KINDS, read_facts
from pyterrier_hybrid.datasets.atlas.sentences.language import LANGUAGES, TEST_ONLY, Language, upper_first
from pyterrier_hybrid.datasets.base import Document, Family, LanguageData

MONOLINGUAL = {
    "since": ("de", "el", "hi", "zh"),
    "weekend": ("ar", "en", "ru", "th"),
    "code3": ("es", "tr", "vi", "zh"),
    "zone": ("de", "hi", "ru", "tr"),
}
"""Relation -> languages without parallel pairs of it in train.

Each of them asks about countries that no other language asks about. All other languages ask about the other half of
the countries.
"""

_TRAIN_RATIO = 0.72
_INTRODUCTION = "about"
_ALIKE = {"abbreviation": "currency", "continent": "region", "code3": "code"}

ATLAS = Family(
    name="atlas",
    languages=LANGUAGES,
    splits=("train", "test"),
    version=f"2 (CLDR {CLDR_VERSION})",
    note="atlas is generated text. Some languages have no parallel pairs of some relations, which only monolingual "
    "batches teach. What holds for real text is in pt_docs/results.md.",
    title="atlas",
    description="Parallel questions and statements about countries in eleven languages: official language, currencies, "
    "region, continent, week, codes and time zone, made from Unicode CLDR and templates. Every question has exactly "
    "one relevant statement per language. For teaching and testing, not a benchmark for publications.",
    licence="Facts and names: Unicode License v3 (Unicode CLDR). Sentences: MIT.",
    bibtex="",
    qrel_defs=((1, "the statement that answers the question"),),
)


def load(lang: str) -> LanguageData:
    """Make the texts of one language.

    Args:
        lang: One of ``ATLAS.languages``.

    Raises:
        ValueError: atlas does not have this language, or its data file has changed.

    Example:
        >>> data = load("de")
        >>> next(doc.text for doc in data.docs if doc.doc_id == "de_NL_region")
        'Die Vereinten Nationen rechnen das Gebiet der Niederlande zur Region Westeuropa.'
        >>> queries = data.queries["train"] + data.queries["test"]
        >>> next(query.text for query in queries if query.query_id == "NL_region_de")
        'In welchem Teil der Welt bin ich in den Niederlanden?'
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    ATLAS.require_language(lang)
    language: Language = import_module(f"pyterrier_hybrid.datasets.atlas.sentences.{lang}").LANGUAGE
    facts, names = read_facts()["facts"], read_facts()["names"][lang]
    docs: list[Document] = []
    queries: dict[str | None, list[GenericQuery]] = {"train": [], "test": []}
    answers: dict[str | None, list[TrecQrel]] = {"train": [], "test": []}
    for country, relations in facts.items():
        name = names["territories"][country]
        country_fields = language.territory_fields(country, name)
        doc_id = f"{lang}_{country}_{_INTRODUCTION}"
        texts = {doc_id: _write(language.introductions, doc_id, **country_fields)}
        for relation, key in relations.items():
            answer = names[KINDS[relation]][key] if relation in KINDS else key
            doc_id, query_id = f"{lang}_{country}_{relation}", f"{country}_{relation}_{lang}"
            split = _splits()[country, relation]
            wordings = slice(None, None if split == "test" else -TEST_ONLY)
            answer_fields = language.answer_fields(relation, answer)
            texts[doc_id] = _write(language.statements[relation][wordings], doc_id, **country_fields, **answer_fields)
            if split == "test" or lang in _training_languages(country, relation):
                question = _write(language.questions[relation][wordings], query_id, **country_fields)
                queries[split].append(GenericQuery(query_id, question))
                answers[split].append(TrecQrel(query_id, doc_id, 1, lang))
        paragraph = language.joiner.join(texts.values())
        docs += [Document(doc_id, text, lang, upper_first(name), paragraph) for doc_id, text in texts.items()]
    return LanguageData(docs, queries, answers)


def _write(templates: tuple[str, ...], text_id: str, **fields: str) -> str:
    """Return the text with an ID: the ID chooses the template."""
    return upper_first(templates[_hash(text_id) % len(templates)].format(**fields))


def _hash(text: str) -> int:
    """Return a hash that is the same in every process, unlike :func:`hash`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@cache
def _splits() -> dict[tuple[str, str], str]:
    """Return (country, relation) -> split; at least one relation of every country is in train."""
    splits = {}
    for country, relations in read_facts()["facts"].items():
        always_in_train = min(relations, key=lambda relation: _hash(f"kept {country} {relation}"))
        for relation in relations:
            divided_as = _ALIKE.get(relation, relation)
            in_train = (
                divided_as == _ALIKE.get(always_in_train, always_in_train)
                or _hash(f"split {country} {divided_as}") < _TRAIN_RATIO * 2**64
            )
            splits[country, relation] = "train" if in_train else "test"
    return splits


def _training_languages(country: str, relation: str) -> tuple[str, ...]:
    """Return the languages that ask about a relation of a country in train: parallel ones, or a single one."""
    alone = MONOLINGUAL.get(relation, ())
    if not alone:
        return LANGUAGES
    chosen = _hash(f"asked {country} {relation}") % (2 * len(alone))
    return alone[chosen : chosen + 1] or tuple(lang for lang in LANGUAGES if lang not in alone)
