"""The sentence templates of atlas in English."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language

_WITH_ARTICLE = {"AE", "BQ", "BS", "CF", "DO", "GB", "GM", "IM", "KM", "MV", "NL", "PH", "SC", "US"}


def _territory_fields(code: str, name: str) -> dict[str, str]:
    name = name.replace("&", "and")
    return {"x": f"the {name}" if code in _WITH_ARTICLE or name.endswith("Islands") else name}


def _answer_fields(relation: str, name: str) -> dict[str, str]:
    if relation == "region" and name in ("Caribbean", "Micronesian Region"):
        return {"y": f"the {name}"}
    return {"y": name.replace("&", "and")}


LANGUAGE = Language(
    statements={
        "language": (
            "The official language of {x} is {y}.",
            "Laws and public documents in {x} are drawn up in {y}, the official language.",
            "{y} has official status throughout {x}. It is the language that courts and public offices use.",
        ),
        "currency": (
            "The currency of {x} is the {y}.",
            "People in {x} pay with the {y}.",
            "The {y} is legal tender in {x}. Prices and wages are stated in it.",
        ),
        "region": (
            "On the map of the world you find {x} in {y}.",
            "The United Nations counts {x} as part of {y}.",
            "{y} is the region to which {x} belongs.",
        ),
        "week": (
            "In {x}, the week starts on {y}.",
            "Calendars in {x} show {y} in the first column.",
            "{y} is regarded as the first day of the week in {x}. Diaries follow this custom.",
        ),
        "code": (
            "The international standard ISO 3166 abbreviates {x} to {y}.",
            "{y} is the two-letter code for {x}. It is laid down in the standard ISO 3166.",
            "In lists that follow ISO 3166, the letters {y} denote {x}.",
        ),
    },
    questions={
        "language": (
            "Which tongue do the authorities of {x} work in?",
            "In what language are laws published in {x}?",
            "What is the state language of {x}?",
        ),
        "currency": (
            "What money is used in {x}?",
            "Which currency do I need for shopping in {x}?",
            "What do shoppers in {x} pay with?",
        ),
        "region": (
            "Where in the world would I find {x}?",
            "Which part of the globe includes {x}?",
            "To which area of which continent do geographers assign {x}?",
        ),
        "week": (
            "On which day does a new week begin in {x}?",
            "What day comes before all others on a calendar printed in {x}?",
            "Which weekday opens the week for people in {x}?",
        ),
        "code": (
            "Which two letters stand for {x}?",
            "What is the ISO country code of {x}?",
            "What is the international abbreviation for {x}?",
        ),
    },
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
