"""What a language must say to be part of atlas: its sentences and how a name changes inside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

RELATIONS = ("language", "currency", "region", "week", "code")


def _as_is(_: str, name: str) -> dict[str, str]:
    return {"x": name}


def _answer_as_is(_: str, name: str) -> dict[str, str]:
    return {"y": name}


@dataclass(frozen=True)
class Language:
    """The sentences of one language.

    Attributes:
        statements: For each of :data:`RELATIONS`, the variants of a statement, with the fields of ``place`` and
            ``answer`` in braces.
        questions: The same for questions, with the fields of ``place``.
        place: Territory code, name in CLDR -> the fields for the territory: by default ``x``, the name itself.
        answer: Relation, name in CLDR -> the fields for the answer: by default ``y``, the name itself.
        joiner: What stands between the statements of a paragraph.

    >>> tiny = Language({"code": ("{y} means {x}.",)}, {"code": ("What means {x}?",)})
    >>> tiny.statements["code"][0].format(**tiny.place("FR", "France"), **tiny.answer("code", "FR"))
    'FR means France.'
    """

    statements: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, tuple[str, ...]]
    place: Callable[[str, str], dict[str, str]] = _as_is
    answer: Callable[[str, str], dict[str, str]] = _answer_as_is
    joiner: str = " "


def upper_first(text: str) -> str:
    """The text with a capital in front, as at the start of a sentence.

    >>> upper_first("in Frankreich")
    'In Frankreich'
    """
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """The text without a capital in front, as inside a sentence.

    >>> lower_first("Tiếng Pháp")
    'tiếng Pháp'
    """
    return text[:1].lower() + text[1:]
