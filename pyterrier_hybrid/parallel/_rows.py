"""One item of a pair store, and what makes its parts valid."""

import re
from functools import cache
from typing import NamedTuple

# Reading and writing show a bar if they take more than so many seconds.
BAR_AFTER = 2

# Zero-width and direction marks show nothing, but str.strip keeps them.
_INVISIBLE = "".join(map(chr, (*range(0x200B, 0x2010), 0x2060, 0xFEFF)))
_BLANK = re.compile(rf"[\s{_INVISIBLE}]*")
_LANGUAGE = re.compile(r"([a-z]{2,3})([-_][A-Za-z0-9]{2,8})*")


class Item(NamedTuple):
    """A question and its passage, or one sentence, in one or several languages.

    Attributes:
        id: Its name inside the dataset.
        group: Items of one group never meet in a batch, where one would be a false negative of the other. In a store, a
            number from 0; when a store is made from items, any int or str, or ``None`` for none in particular.
        dataset: The name of the dataset it is from.
        queries: Language code -> query.
        passages: Language code -> passage. A language may have a query only, or a passage only.
        translation: Whether these are translations of one sentence: every text is a query and a passage, and the two of
            a pair must be in different languages.

    Example:
        >>> Item("7", None, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."}).passages["en"]
        'In Italy.'
    """

    id: str
    group: int | str | None
    dataset: str
    queries: dict[str, str]
    passages: dict[str, str]
    translation: bool = False


def is_blank(text: str) -> bool:
    r"""Whether a text shows nothing at all.

    >>> is_blank(" \u200b\n"), is_blank("a")
    (True, False)
    """
    return _BLANK.fullmatch(text) is not None


def has_pair(item: Item) -> bool:
    """Whether an item has a query and a passage that may be paired.

    >>> has_pair(Item("1", 0, "toy", {"de": "Hallo"}, {"de": "Hallo"}, translation=True))
    False
    """
    if item.translation:
        return len(item.queries) > 1
    return bool(item.queries) and bool(item.passages)


def check_language(code: object) -> str:
    """Return a language code as it is.

    Raises:
        ValueError: If it is none: not a string, or not an ISO 639 code with optional subtags.

    >>> check_language("zh-Hant")
    'zh-Hant'
    """
    if not isinstance(code, str):
        raise ValueError(f"the language is {code!r}, not a string: write an ISO 639 code such as 'de'")
    match = _LANGUAGE.fullmatch(code)
    if match is None or match[1] not in _known_languages():
        raise ValueError(f"unknown language {code!r}: write an ISO 639 code such as 'de' or 'zh-Hant'")
    return code


@cache
def _known_languages() -> frozenset[str]:
    from babel.core import get_global  # reads a file of half a megabyte

    tags = [*get_global("likely_subtags"), *get_global("language_aliases")]
    return frozenset(tag.split("_")[0] for tag in tags)
