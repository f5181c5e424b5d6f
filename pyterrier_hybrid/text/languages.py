"""Language codes."""

import re
from functools import cache

_TAG = re.compile(r"([a-z]{2,3})([-_][A-Za-z0-9]{2,8})*")


def check_language(code: object) -> str:
    """Return a language code unchanged if it is valid.

    Args:
        code: An ISO 639 code, with or without subtags such as script and region.

    Raises:
        ValueError: It is not a string, or not the code of a language that Unicode CLDR knows.

    Example:
        >>> check_language("zh-Hant")
        'zh-Hant'
    """
    if not isinstance(code, str):
        raise ValueError(f"the language is {code!r}, not a string: write an ISO 639 code such as 'de'")
    match = _TAG.fullmatch(code)
    if match is None or match[1] not in _languages_with_subtags():
        raise ValueError(f"unknown language {code!r}: write an ISO 639 code such as 'de' or 'zh-Hant'")
    return code


def named_languages() -> frozenset[str]:
    """Return the codes of the languages that have an English name in Unicode CLDR: about 600.

    Example:
        >>> "de" in named_languages(), "xx" in named_languages()
        (True, False)
    """
    from babel import Locale

    return frozenset(Locale("en").languages)


@cache
def _languages_with_subtags() -> frozenset[str]:
    """Return the codes of the languages that CLDR knows the script of, or an older code: about 7,600."""
    from babel.core import get_global  # reads a file of half a megabyte

    tags = [*get_global("likely_subtags"), *get_global("language_aliases")]
    return frozenset(tag.split("_")[0] for tag in tags)
