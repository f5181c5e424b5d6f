"""atlas, the built-in set: find the statement about a territory of the world that answers a question.

Nothing is downloaded: names and facts come from Unicode CLDR as the ``babel`` library carries it (babel 2.18 has
CLDR 47), the sentences are our own, and both are put together at first use. There is one document per territory,
relation and language:

=============  ================================================================
``language``   the official language, where there is one and only one
``currency``   the legal tender, where there is one and only one
``region``     the subregion of the world (UN M49)
``week``       the day with which the week begins
``code``       the two-letter code of ISO 3166
=============  ================================================================

A territory has its name in all of its documents, so that the name alone does not find the answer, and questions are
worded otherwise than statements. Which of several wordings a text gets is drawn by a hash of its ID: the same on every
machine, as long as CLDR is the same.
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

_TRAIN_SHARE = 0.72
_MONDAY = 0
_ABBREVIATIONS = {"о-ва": "острова", "о-в": "остров", "Св.": "Святой"}

ATLAS = Family(
    name="atlas",
    languages=("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    splits=("train", "test"),
    title="atlas",
    description="Parallel questions and statements about the world's territories in eleven languages: official "
    "language, currency, region, first day of the week and country code, made from Unicode CLDR and templates. Every "
    "question has exactly one relevant statement per language. A set to teach and to test with, not a benchmark to "
    "publish on.",
    licence="Facts and names: Unicode License v3 (Unicode CLDR through babel). Sentences: MIT.",
    bibtex="",
    qrel_defs=((1, "the statement that answers the question"),),
)


def load(lang: str) -> LanguageData:
    """Make one language of atlas.

    Args:
        lang: One of ``ATLAS.languages``.

    Raises:
        ValueError: atlas does not have this language.

    >>> data = load("de")
    >>> next(doc.text for doc in data.docs if doc.doc_id == "de_NL_region")
    'Die Vereinten Nationen rechnen das Gebiet der Niederlande zur Region Westeuropa.'
    >>> next(query for query in data.queries["train"] + data.queries["test"] if query.query_id == "NL_region_de").text
    'In welchem Teil der Welt bin ich in den Niederlanden?'
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    if lang not in ATLAS.languages:
        raise ValueError(f"atlas has no language {lang!r}: choose one of {', '.join(ATLAS.languages)}")
    language: Language = import_module(f"pyterrier_hybrid.datasets.atlas.sentences.{lang}").LANGUAGE
    docs, queries, answers = [], {"train": [], "test": []}, {"train": [], "test": []}
    for territory, facts in _facts().items():
        name = _name(lang, "territories", territory)
        place = language.place(territory, name)
        statements = {}
        for relation, key in facts.items():
            answer = language.answer(relation, _answer_name(lang, relation, key))
            doc_id, query_id = f"{lang}_{territory}_{relation}", f"{territory}_{relation}_{lang}"
            statements[doc_id] = _write(language.statements[relation], doc_id, **place, **answer)
            split = _splits()[territory, relation]
            queries[split].append(GenericQuery(query_id, _write(language.questions[relation], query_id, **place)))
            answers[split].append(TrecQrel(query_id, doc_id, 1, lang))
        paragraph = language.joiner.join(statements.values())
        docs += [Document(doc_id, text, lang, upper_first(name), paragraph) for doc_id, text in statements.items()]
    return LanguageData(docs, queries, answers)


def _write(variants: tuple[str, ...], about: str, **fields: str) -> str:
    """One of the variants, always the same for the same text ID, filled and with a capital in front."""
    return upper_first(variants[_hash(about) % len(variants)].format(**fields))


def _hash(text: str) -> int:
    """Unlike :func:`hash` the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


@lru_cache(maxsize=1)
def _splits() -> dict[tuple[str, str], str]:
    """Territory and relation -> split; one relation of every territory is always in train."""
    splits = {}
    for territory, facts in _facts().items():
        kept = min(facts, key=lambda relation: _hash(f"kept {territory} {relation}"))
        for relation in facts:
            in_train = relation == kept or _hash(f"split {territory} {relation}") < _TRAIN_SHARE * 2**64
            splits[territory, relation] = "train" if in_train else "test"
    return splits


@lru_cache(maxsize=1)
def _facts() -> dict[str, dict[str, str]]:
    """Territory -> relation -> the key of the answer in CLDR, for what every language has a name for."""
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
            relation: keys[relation]
            for relation in RELATIONS
            if keys[relation] is not None and territory not in UNSETTLED.get(relation, "").split()
        }
    return facts


def _only_language(territory: str) -> str | None:
    """The one official language; two scripts of it are one, and one that is official only by custom is not clear."""
    from babel.core import get_global

    known = get_global("territory_languages").get(territory, {})
    official = {
        code.split("_")[0]
        for code, entry in known.items()
        if entry["official_status"] in ("official", "de_facto_official")
    }
    if len(official) != 1 or any(entry["official_status"] == "de_facto_official" for entry in known.values()):
        return None
    code = official.pop()
    return code if _is_clear("languages", code) else None


def _only_currency(territory: str) -> str | None:
    """The one legal tender without an end date."""
    from babel.core import get_global

    known = get_global("territory_currencies").get(territory, ())
    tender = [code for code, _, end, legal in known if end is None and legal]
    return tender[0] if len(tender) == 1 and _is_clear("currencies", tender[0]) else None


def _is_clear(kind: str, key: str) -> bool:
    """Whether every language has a name for it, and no other territory has the same name there."""
    return all(_name(lang, kind, key) and (kind != "territories" or key in _unique(lang)) for lang in ATLAS.languages)


@lru_cache(maxsize=len(ATLAS.languages))
def _unique(lang: str) -> frozenset[str]:
    """The territories that share their name with no other one."""
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
    """What CLDR calls something, without brackets and abbreviations as running text wants it; "" without a name."""
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
