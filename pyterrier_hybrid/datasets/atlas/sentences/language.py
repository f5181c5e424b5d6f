"""The description of a language for atlas: its sentence templates, and the inflection of names in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
RELATIONS = (
    "language", "currency", "former", "since", "abbreviation", "region", "continent", "week", "weekend", "code",
    "code3", "zone",
)  # fmt: skip
"""The facts about a territory, each the subject of one statement and one question."""
TEST_ONLY = 2
"""Number of wordings, the last ones of each statement and question, that only the test split uses."""


def _uninflected_territory(_: str, name: str) -> dict[str, str]:
    return {"x": name}


def _uninflected_answer(_: str, name: str) -> dict[str, str]:
    return {"y": name}


@dataclass(frozen=True)
class Language:
    """The sentence templates of one language.

    Attributes:
        statements: Relation -> the wordings of its statement: templates with the fields of a territory and an answer.
        questions: Relation -> the wordings of its question: templates with the fields of a territory.
        introductions: The wordings of a sentence that names the subjects of questions and answers none: templates with
            the fields of a territory.
        territory_fields: Function from a territory's code and its name in CLDR to the inflected forms of the name in
            templates; default: the name itself as ``x``.
        answer_fields: Function from a relation and an answer's name in CLDR to the inflected forms of the name;
            default: the name itself as ``y``.
        joiner: The separator of the statements in a paragraph.

    Example:
        >>> tiny = Language({"code": ("{y} means {x}.",)}, {"code": ("What means {x}?",)}, ("The code of {x}.",))
        >>> template = tiny.statements["code"][0]
        >>> template.format(**tiny.territory_fields("FR", "France"), **tiny.answer_fields("code", "FR"))
        'FR means France.'
    """

    statements: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, tuple[str, ...]]
    introductions: tuple[str, ...]
    territory_fields: Callable[[str, str], dict[str, str]] = _uninflected_territory
    answer_fields: Callable[[str, str], dict[str, str]] = _uninflected_answer
    joiner: str = " "


def upper_first(text: str) -> str:
    """Return a text with its first letter in upper case, as at the start of a sentence.

    Args:
        text: The text.

    Example:
        >>> upper_first("in Frankreich")
        'In Frankreich'
    """
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Return a text with its first letter in lower case, as inside a sentence.

    Args:
        text: The text.

    Example:
        >>> lower_first("Tiếng Pháp")
        'tiếng Pháp'
    """
    return text[:1].lower() + text[1:]
