"""atlas, the built-in dataset: find the statement about a territory of the world that answers a question.

Nothing is downloaded: texts are made at first use from built-in sentence templates and the names and facts of
Unicode CLDR in the ``babel`` library (babel 2.18 has CLDR 47). There is one document per territory, relation and
language:

=============  ================================================================
``language``   the official language, if there is exactly one
``currency``   the legal tender, if there is exactly one
``region``     the subregion of the world (UN M49)
``week``       the first day of the week
``code``       the two-letter code of ISO 3166
=============  ================================================================

All documents of a territory have its name, so the name alone does not find the answer, and questions are worded
differently from statements. A hash of a text's ID chooses one of several templates, so texts are the same on every
machine with the same version of CLDR.
"""

import hashlib
import re
from collections import Counter
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from pyterrier_hybrid.datasets.atlas.facts import FIRST_DAYS, REGIONS, UNSETTLED
from pyterrier_hybrid.datasets.atlas.sentences.language import RELATIONS, Language, upper_first
from pyterrier_hybrid.datasets.base import Document, Family, LanguageData

if TYPE_CHECKING:
    from babel import Locale

_TRAIN_RATIO = 0.72
_MONDAY = 0
_ABBREVIATIONS = {"о-ва": "острова", "о-в": "остров", "Св.": "Святой"}

ATLAS = Family(
    name="atlas",
    languages=("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    splits=("train", "test"),
    title="atlas",
    description="Parallel questions and statements about the world's territories in eleven languages: official "
    "language, currency, region, first day of the week and country code, made from Unicode CLDR and templates. Every "
    "question has exactly one relevant statement per language. For teaching and testing, not a benchmark for "
    "publications.",
    licence="Facts and names: Unicode License v3 (Unicode CLDR through babel). Sentences: MIT.",
    bibtex="",
    qrel_defs=((1, "the statement that answers the question"),),
)


def load(lang: str) -> LanguageData:
    """Make the texts of one language.

    Args:
        lang: One of ``ATLAS.languages``.

    Raises:
        ValueError: atlas does not have this language.

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
    docs: list[Document] = []
    queries: dict[str | None, list[GenericQuery]] = {"train": [], "test": []}
    answers: dict[str | None, list[TrecQrel]] = {"train": [], "test": []}
    for territory, facts in _facts().items():
        name = _name(lang, "territories", territory)
        territory_fields = language.territory_fields(territory, name)
        statements = {}
        for relation, key in facts.items():
            answer_fields = language.answer_fields(relation, _answer_name(lang, relation, key))
            doc_id, query_id = f"{lang}_{territory}_{relation}", f"{territory}_{relation}_{lang}"
            statements[doc_id] = _write(language.statements[relation], doc_id, **territory_fields, **answer_fields)
            question = _write(language.questions[relation], query_id, **territory_fields)
            split = _splits()[territory, relation]
            queries[split].append(GenericQuery(query_id, question))
            answers[split].append(TrecQrel(query_id, doc_id, 1, lang))
        paragraph = language.joiner.join(statements.values())
        docs += [Document(doc_id, text, lang, upper_first(name), paragraph) for doc_id, text in statements.items()]
    return LanguageData(docs, queries, answers)


def _write(templates: tuple[str, ...], text_id: str, **fields: str) -> str:
    """Return the text with an ID: the ID chooses the template."""
    return upper_first(templates[_hash(text_id) % len(templates)].format(**fields))


def _hash(text: str) -> int:
    """Return a hash that is the same in every process, unlike :func:`hash`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@lru_cache(maxsize=1)
def _splits() -> dict[tuple[str, str], str]:
    """Return (territory, relation) -> split; at least one relation of every territory is in train."""
    splits = {}
    for territory, facts in _facts().items():
        always_in_train = min(facts, key=lambda relation: _hash(f"kept {territory} {relation}"))
        for relation in facts:
            in_train = relation == always_in_train or _hash(f"split {territory} {relation}") < _TRAIN_RATIO * 2**64
            splits[territory, relation] = "train" if in_train else "test"
    return splits


@lru_cache(maxsize=1)
def _facts() -> dict[str, dict[str, str]]:
    """Return territory -> relation -> key of the answer in CLDR, if it has a name in every language."""
    regions = {territory: region for region, territories in REGIONS.items() for territory in territories.split()}
    first_days = {territory: day for day, territories in FIRST_DAYS.items() for territory in territories.split()}
    facts = {}
    for territory in sorted(regions):
        if not _is_clear("territories", territory):
            continue
        keys = {
            "language": _only_language(territory),
            "currency": _only_currency(territory),
            "region": regions[territory],
            "week": str(first_days.get(territory, _MONDAY)),
            "code": territory,
        }
        facts[territory] = {
            relation: key
            for relation in RELATIONS
            if (key := keys[relation]) is not None and territory not in UNSETTLED.get(relation, "").split()
        }
    return facts


def _only_language(territory: str) -> str | None:
    """Return the only official language, in any script; None if there are others, or it is official only by custom."""
    from babel.core import get_global

    languages = get_global("territory_languages").get(territory, {})
    official = {
        code.split("_")[0]
        for code, entry in languages.items()
        if entry["official_status"] in ("official", "de_facto_official")
    }
    if len(official) != 1 or any(entry["official_status"] == "de_facto_official" for entry in languages.values()):
        return None
    code = official.pop()
    return code if _is_clear("languages", code) else None


def _only_currency(territory: str) -> str | None:
    """Return the only legal tender without an end date; None if there is not exactly one."""
    from babel.core import get_global

    currencies = get_global("territory_currencies").get(territory, ())
    tender = [code for code, _, end, legal in currencies if end is None and legal]
    return tender[0] if len(tender) == 1 and _is_clear("currencies", tender[0]) else None


def _is_clear(kind: str, key: str) -> bool:
    """Return whether every language has a name for a key of CLDR, and for a territory one that no other has."""
    return all(_name(lang, kind, key) and (kind != "territories" or key in _unique(lang)) for lang in ATLAS.languages)


@lru_cache(maxsize=len(ATLAS.languages))
def _unique(lang: str) -> frozenset[str]:
    """Return the territories whose name no other territory has."""
    territories = " ".join(REGIONS.values()).split()
    names = {territory: _name(lang, "territories", territory) for territory in territories}
    counts = Counter(names.values())
    return frozenset(territory for territory, name in names.items() if counts[name] == 1)


def _answer_name(lang: str, relation: str, key: str) -> str:
    if relation == "code":
        return key
    kind = {"language": "languages", "currency": "currencies", "region": "territories", "week": "days"}[relation]
    return _name(lang, kind, key)


def _name(lang: str, kind: str, key: str) -> str:
    """Return the name of a key of CLDR for running text, without brackets and abbreviations; "" if it has none."""
    locale = _locale(lang)
    if kind == "days":
        return locale.days["format"]["wide"][int(key)]
    name = getattr(locale, kind).get(key, "")
    name = re.sub(r"\s*[(（].*?[)）]", "", name).replace("[", "").replace("]", "")
    for short, full in _ABBREVIATIONS.items():
        name = name.replace(short, full)
    return name


@lru_cache(maxsize=len(ATLAS.languages))
def _locale(lang: str) -> "Locale":
    from babel import Locale

    return Locale(lang)
