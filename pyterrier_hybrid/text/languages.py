"""Language codes."""

import re
from functools import cache

_TAG = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")


def primary_language(code: object) -> str | None:
    """Return a language code without subtags such as script and region, or ``None`` if it is malformed.

    Example:
        >>> primary_language("zh-Hant"), primary_language("pt_BR"), primary_language("English")
        ('zh', 'pt', None)
    """
    match = _TAG.fullmatch(code) if isinstance(code, str) else None
    return match[1] if match else None


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
        raise ValueError(f"language {code!r} is not a string: write an ISO 639 code such as 'de'")
    if primary_language(code) not in _known_languages():
        raise ValueError(f"unknown language {code!r}: write an ISO 639 code such as 'de' or 'zh-Hant'")
    return code


def named_languages() -> frozenset[str]:
    """Return the codes of the about 600 languages that have an English name in Unicode CLDR.

    Example:
        >>> "de" in named_languages(), "xx" in named_languages()
        (True, False)
    """
    from babel import Locale

    return frozenset(Locale("en").languages)


@cache
def _known_languages() -> frozenset[str]:
    """Return the codes of the about 7,600 languages for which CLDR has a likely script or an alias."""
    # Imported late, because it reads a file of half a megabyte.
    from babel.core import get_global

    tags = [*get_global("likely_subtags"), *get_global("language_aliases")]
    return frozenset(tag.split("_")[0] for tag in tags)
