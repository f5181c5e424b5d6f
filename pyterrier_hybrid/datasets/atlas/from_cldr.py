"""Makes the facts of atlas from Unicode CLDR: ``python -m pyterrier_hybrid.datasets.atlas.from_cldr``.

The facts are package data (``etc/atlas.json``), so that atlas is the same everywhere. This module is needed only to
make another version of them: then give it the version of CLDR and the checksum in ``facts.py``, and a new version in
``family.py``. It reads CLDR through the ``babel`` library, whose data change with its versions.

The tables below hold what babel lacks. The regions are the subregions of UN M49, from CLDR's territory containment; the
first days of the week are from CLDR's week data.
"""

import json
import re
from collections import Counter
from functools import lru_cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.datasets.atlas.facts import KINDS, NAME, sha256
from pyterrier_hybrid.datasets.atlas.sentences.language import LANGUAGES, RELATIONS
from pyterrier_hybrid.utils.files import whole_file

if TYPE_CHECKING:
    from babel import Locale

REGIONS = {
    "005": "AR BO BR CL CO EC GY PE PY SR UY VE",
    "011": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SL SN TG",
    "013": "BZ CR GT HN MX NI PA SV",
    "014": "BI DJ ER ET KE KM MG MU MW MZ RW SC SO SS TZ UG ZM ZW",
    "015": "DZ EG LY MA SD TN",
    "017": "AO CD CF CG CM GA GQ ST TD",
    "018": "BW LS NA SZ ZA",
    "021": "CA US",
    "029": "AG BB BS CU DM DO GD HT JM KN LC TT VC",
    "030": "CN JP KP KR MN",
    "034": "AF BD BT IN IR LK MV NP PK",
    "035": "BN ID KH LA MM MY PH SG TH TL VN",
    "039": "AD AL BA ES GR HR IT ME MK MT PT RS SI SM VA",
    "053": "AU NZ",
    "054": "FJ PG SB VU",
    "057": "FM KI MH NR PW",
    "061": "TO TV WS",
    "143": "KG KZ TJ TM UZ",
    "145": "AE AM AZ BH CY GE IL IQ JO KW LB OM QA SA SY TR YE",
    "151": "BG BY CZ HU MD PL RO RU SK UA",
    "154": "DK EE FI GB IE IS LT LV NO SE",
    "155": "AT BE CH DE FR LI LU MC NL",
}
"""Subregion -> its sovereign states, without disputed ones."""

CONTINENTS = {
    "002": "011 014 015 017 018",
    "009": "053 054 057 061",
    "019": "005 013 021 029",
    "142": "030 034 035 143 145",
    "150": "039 151 154 155",
}
"""Continent -> its subregions."""

FIRST_DAYS = {
    4: "MV",
    5: "AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY",
    6: "AG BD BR BS BT BW BZ CA CO DM DO ET GT HN ID IL IN JM JP KE KH KR LA MH MM MT MX MZ NI NP PA PE PH PK PT PY SA "
    "SG SV TH TT US VE WS YE ZA ZW",
}
"""Weekday (Monday is 0) -> the states whose week starts on it; all others start on Monday."""

WEEKENDS = {
    3: "AF",
    4: "BH DZ EG IL IQ IR JO KW LY OM QA SA SD SY YE",
    6: "IN UG",
}
"""Weekday -> the states whose weekend starts on it; that of all others starts on Saturday."""

UNSETTLED = {
    # The official languages changed recently, are official only by custom, or are more than CLDR lists.
    "language": "BF ET GB GN IQ ME MK ML NE NA ZA",
    # Bulgaria joined the euro in 2026; the names of the other two have the country's former name in some languages.
    "currency": "BG MK SZ",
    # The union ended without a currency of its own; another currency circulated beside it; the currency was only
    # renamed; a name is wrong in Greek or Hindi.
    "former": "BN DE MM NO NP SK TL",
    # The zone is named after an island.
    "zone": "AG KM KN MV SB SC TO VC VU",
}
"""Relation -> states that are left out of it, separated by spaces."""

_OLD_CODES = {"BUR", "DDR", "FXX", "TMP", "YMD", "ZAR"}
_FEWEST_FACTS = 11
_MONDAY, _SATURDAY = 0, 5
_ABBREVIATIONS = {"о-ва": "острова", "о-в": "остров", "Св.": "Святой"}
_REMOVED = dict.fromkeys(map(ord, "[]\N{SOFT HYPHEN}"))


def make_facts() -> dict[str, Any]:
    """Return the version of CLDR, the facts about each territory, and the names of territories and answers.

    Only territories with at least eleven facts are taken, and only facts whose answer has a name in every language.

    Example:
        >>> facts = make_facts()
        >>> facts["facts"]["FR"]["language"], facts["names"]["de"]["languages"]["fr"]
        ('fr', 'Französisch')
    """
    from babel.core import get_global

    regions, first_days, weekends = (_by_territory(table) for table in (REGIONS, FIRST_DAYS, WEEKENDS))
    continents = _by_territory(CONTINENTS)
    three_letters = _three_letter_codes()
    facts: dict[str, dict[str, str]] = {}
    names: dict[str, dict[str, dict[str, str]]] = {lang: {"territories": {}} for lang in LANGUAGES}
    for territory in sorted(regions):
        currency, former, year = _currencies(territory)
        answers = {
            "language": _only_language(territory),
            "currency": currency,
            "former": former,
            "since": year,
            "abbreviation": currency,
            "region": regions[territory],
            "continent": continents[regions[territory]],
            "week": str(first_days.get(territory, _MONDAY)),
            "weekend": str(weekends.get(territory, _SATURDAY)),
            "code": territory,
            "code3": three_letters[territory],
            "zone": _only_zone(territory),
        }
        settled = {
            relation: answer
            for relation in RELATIONS
            if (answer := answers[relation]) and territory not in UNSETTLED.get(relation, "").split()
        }
        if _is_clear("territories", territory) and len(settled) >= _FEWEST_FACTS:
            facts[territory] = settled
    for lang, named in names.items():
        for territory, settled in facts.items():
            named["territories"][territory] = _name(lang, "territories", territory)
            for relation, answer in settled.items():
                if relation in KINDS:
                    kind = KINDS[relation]
                    named.setdefault(kind, {})[answer] = _name(lang, kind, answer)
    return {"cldr": get_global("cldr")["version"], "facts": facts, "names": names}


def _by_territory(table: dict[Any, str]) -> dict[str, Any]:
    return {territory: key for key, territories in table.items() for territory in territories.split()}


def _three_letter_codes() -> dict[str, str]:
    from babel.core import get_global

    # CLDR lists the codes of three letters as aliases.
    aliases = get_global("territory_aliases").items()
    return {
        known[0]: alias
        for alias, known in aliases
        if len(known) == 1 and re.fullmatch("[A-Z]{3}", alias) and alias not in _OLD_CODES
    }


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


def _currencies(territory: str) -> tuple[str | None, str | None, str | None]:
    """Return the only legal tender, the one before it, and the year of the change; None for what is not clear."""
    from babel.core import get_global

    tenders = [tender for tender in get_global("territory_currencies").get(territory, ()) if tender[3]]
    present = [(code, start) for code, start, end, _ in tenders if end is None]
    if len(present) != 1 or not _is_clear("currencies", present[0][0]) or territory in UNSETTLED["currency"].split():
        return None, None, None
    code, start = present[0]
    past = sorted((end, old) for old, _, end, _ in tenders if end is not None and old != code)
    former = past[-1][1] if past else None
    # Redenominated currencies have the same name in some languages, except for the years of the old one.
    if former and (not _is_clear("currencies", former) or _same_name("currencies", former, code)):
        former = None
    return code, former, str(start[0]) if start else None


def _only_zone(territory: str) -> str | None:
    """Return the only time zone, if it is named after a city and not after the territory."""
    from babel.core import get_global

    zones = get_global("territory_zones").get(territory, ())
    if len(zones) != 1 or not _is_clear("cities", zones[0]):
        return None
    same = any(_name(lang, "cities", zones[0]) == _name(lang, "territories", territory) for lang in LANGUAGES)
    return None if same else zones[0]


def _is_clear(kind: str, key: str) -> bool:
    """Return whether every language has a name for a key of CLDR, and for a territory one that no other has."""
    return all(_name(lang, kind, key) and (kind != "territories" or key in _unique(lang)) for lang in LANGUAGES)


def _same_name(kind: str, first: str, second: str) -> bool:
    return any(_name(lang, kind, first) == _name(lang, kind, second) for lang in LANGUAGES)


@lru_cache(maxsize=len(LANGUAGES))
def _unique(lang: str) -> frozenset[str]:
    """Return the territories whose name no other territory has."""
    names = {territory: _name(lang, "territories", territory) for territory in _by_territory(REGIONS)}
    counts = Counter(names.values())
    return frozenset(territory for territory, name in names.items() if counts[name] == 1)


def _name(lang: str, kind: str, key: str) -> str:
    """Return the name of a key of CLDR for running text, without brackets and abbreviations; "" if it has none."""
    locale = _locale(lang)
    if kind == "days":
        return locale.days["format"]["wide"][int(key)]
    name = _city(lang, key) if kind == "cities" else getattr(locale, kind).get(key, "")
    name = re.sub(r"\s*[(（].*?[)）]", "", name).translate(_REMOVED)
    for short, full in _ABBREVIATIONS.items():
        name = name.replace(short, full)
    return name


def _city(lang: str, zone: str) -> str:
    """Return the city that a zone is named after; languages that write it as in the zone's name have no own name."""
    from babel.core import get_global

    old_names = [old for old, new in get_global("zone_aliases").items() if new == zone]
    known = _locale(lang).time_zones
    cities = [known[name]["city"] for name in (zone, *old_names) if "city" in known.get(name, {})]
    latin = _locale(lang).text_direction == "ltr" and lang in ("de", "en", "es", "tr", "vi")
    return cities[0] if cities else zone.rpartition("/")[2].replace("_", " ") if latin else ""


@lru_cache(maxsize=len(LANGUAGES))
def _locale(lang: str) -> "Locale":
    from babel import Locale

    return Locale(lang)


def to_bytes(facts: dict[str, Any]) -> bytes:
    """Return the bytes of the data file: keys in the order of their codes, one territory or kind of name a line.

    Args:
        facts: Result of :func:`make_facts`.

    Example:
        >>> print(to_bytes({"cldr": "47", "facts": {"FR": {"code": "FR"}}, "names": {"de": {}}}).decode())
        {"cldr": "47",
        "facts": {
        "FR": {"code": "FR"}
        },
        "names": {
        "de": {}
        }}
        <BLANKLINE>
    """

    def lines(table: dict[str, Any]) -> str:
        return ",\n".join(
            f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}"
            for key, value in table.items()
        )

    text = f'{{"cldr": "{facts["cldr"]}",\n"facts": {{\n{lines(facts["facts"])}\n}},\n"names": {{\n'
    return f"{text}{lines(facts['names'])}\n}}}}\n".encode()


if __name__ == "__main__":
    content = to_bytes(make_facts())
    with as_file(files("pyterrier_hybrid.datasets") / NAME) as path, whole_file(path) as new:
        new.write_bytes(content)
    print(f"{path}: {len(content):,} bytes, SHA-256 {sha256(content)}")
