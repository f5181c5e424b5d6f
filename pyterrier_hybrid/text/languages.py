"""Language codes."""

import re
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any

# The ISO 639 code, and subtags such as script, region and variant.
_TAG = re.compile(r"([A-Za-z]{2,3})([-_][A-Za-z0-9]{1,8})*")


def primary_language(code: object) -> str | None:
    """Return the canonical code of a language without subtags such as script and region; ``None`` if it is malformed.

    Example:
        >>> primary_language("zh-Hant"), primary_language("pt_BR"), primary_language("English")
        ('zh', 'pt', None)
    """
    match = _TAG.fullmatch(canonical_language(code)) if isinstance(code, str) else None
    return match[1].lower() if match else None


def check_language(code: object) -> str:
    """Return the canonical code of a language, so that each language has one code.

    It is the tag of BCP 47 with the language codes that Unicode CLDR prefers: the shortest one (``deu`` is ``de``), the
    one of today (``iw`` is ``he``), that of the macrolanguage for its main language (``cmn`` is ``zh``, ``arb`` is
    ``ar``; but ``yue`` and ``acm`` are languages of their own), and no script that the language implies (``en-Latn``
    is ``en``). Other scripts and regions are kept: ``zh``, ``zh-Hant`` and ``zh-CN`` are three codes.

    Args:
        code: An ISO 639 code, with or without subtags such as script and region.

    Raises:
        ValueError: It is not a string, or not the code of a language that Unicode CLDR knows.

    Example:
        >>> check_language("zh-Hant"), check_language("pt_br"), check_language("deu")
        ('zh-Hant', 'pt-BR', 'de')
    """
    if not isinstance(code, str):
        raise ValueError(f"language {code!r} is not a string: write an ISO 639 code such as 'de'")
    canonical = _canonical(code)
    if canonical is None:
        raise ValueError(f"unknown language {code!r}: write an ISO 639 code such as 'de' or 'zh-Hant'")
    return canonical


def optional_language(name: str, lang: Any) -> str | None:
    """Check an argument that takes one language or ``None``, and return it; whether it is known is not checked.

    Args:
        name: Name of the argument, for the error message.
        lang: The language.

    Raises:
        TypeError: It is neither a string nor ``None``.

    Example:
        >>> optional_language("lang", ["de", "en"])
        Traceback (most recent call last):
        ...
        TypeError: lang=['de', 'en'] is a list: pass one language, such as 'de', or None
    """
    if lang is not None and not isinstance(lang, str):
        raise TypeError(f"{name}={lang!r} is a {type(lang).__name__}: pass one language, such as 'de', or None")
    return lang


def canonical_language(code: str) -> str:
    """Return the canonical code of a language (see :func:`check_language`), or any other string unchanged.

    This is for lookups, which have an error message of their own for languages that they do not find.

    Args:
        code: A language code, or a name such as ``multi``.

    Example:
        >>> canonical_language("zh_CN"), canonical_language("multi")
        ('zh-CN', 'multi')
    """
    return code if not isinstance(code, str) else _canonical(code) or code


def same_language(code: str, known: Collection[str]) -> str:
    """Return that one of some known codes that names the same language; else the canonical code.

    Args:
        code: A language code.
        known: The codes of a dataset, store or index; older ones may have other codes than canonical ones.

    Example:
        >>> same_language("zh-cn", ["de", "zh_CN"]), same_language("eng", ["de"])
        ('zh_CN', 'en')
    """
    if code in known:
        return code
    canonical = canonical_language(code)
    return next((own for own in known if canonical_language(own) == canonical), canonical)


@lru_cache(maxsize=10_000)
def _canonical(code: str) -> str | None:
    """Return the canonical code of a language, or ``None`` if it is unknown."""
    match = _TAG.fullmatch(code)
    if match is None or match[1].lower() not in _known_languages():
        return None
    from langcodes import LanguageTagError, standardize_tag

    try:
        tag = standardize_tag(code, macro=True)
    except LanguageTagError:
        return None
    # CLDR writes fil for Tagalog; BCP 47 and FLORES-200 tell Tagalog (tl) from the standard language Filipino (fil).
    return "tl" + tag.removeprefix("fil") if match[1].lower() in ("tl", "tgl") else tag


def named_languages() -> frozenset[str]:
    """Return the codes of the about 600 languages that have an English name in Unicode CLDR.

    Example:
        >>> "de" in named_languages(), "xx" in named_languages()
        (True, False)
    """
    from babel import Locale

    return frozenset(Locale("en").languages)


def language_name(code: str) -> str:
    """Return the English name of a language, with its script and region; the code itself if there is no name.

    Args:
        code: A language code.

    Example:
        >>> language_name("de"), language_name("zh-Hant"), language_name("qqq")
        ('German', 'Chinese (Hant)', 'qqq')
    """
    from babel import Locale

    primary, *subtags = re.split("[-_]", code)
    name = Locale("en").languages.get(primary)
    return code if name is None else f"{name} ({', '.join(subtags)})" if subtags else name


@cache
def script_of(code: str) -> str | None:
    """Return the script that a language is usually written in, by Unicode CLDR; Latin for languages that are unknown.

    Args:
        code: A language code.

    Example:
        >>> script_of("el"), script_of("zh-Hant"), script_of("qqq")
        ('Grek', 'Hant', 'Latn')
    """
    from langcodes import Language

    return Language.get(code).maximize().script


@cache
def _known_languages() -> frozenset[str]:
    """Return the codes of the about 7,600 languages for which CLDR has a likely script or an alias."""
    # Imported late, because it reads a file of half a megabyte.
    from babel.core import get_global

    tags = [*get_global("likely_subtags"), *get_global("language_aliases")]
    return frozenset(tag.split("_")[0] for tag in tags)
