"""Suggestions for misspelt names: "did you mean ...?"."""

import difflib
from collections.abc import Iterable


def closest(name: object, valid: Iterable[str]) -> str | None:
    """Return the valid name that was probably meant, if one is close; upper and lower case are not told apart.

    Args:
        name: The unknown name.
        valid: The valid names.

    Example:
        >>> closest("from_scrach", ["model", "from_scratch"]), closest("ap", ["RR", "AP"]), closest("x", ["model"])
        ('from_scratch', 'AP', None)
    """
    by_folded = {known.casefold(): known for known in reversed(list(valid))}
    matches = difflib.get_close_matches(str(name).casefold(), by_folded, n=1)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: object, valid: Iterable[str]) -> str:
    """Return a suggestion to put at the end of an error about an unknown name, empty if no valid name is close.

    Args:
        name: The unknown name.
        valid: The valid names.

    Example:
        >>> did_you_mean("mon", ["mono", "cross"]), did_you_mean("x", ["mono", "cross"])
        (" (did you mean 'mono'?)", '')
    """
    suggestion = closest(name, valid)
    return "" if suggestion is None else f" (did you mean {suggestion!r}?)"


def did_you_mean_language(code: object, valid: Iterable[str]) -> str:
    """Return the suggestion for a language code: the same code written otherwise, or the same language.

    Codes are too short for their letters to be compared.

    Args:
        code: The unknown code.
        valid: The valid codes.

    Example:
        >>> did_you_mean_language("DE", ["de", "en"]), did_you_mean_language("zh_CN", ["en", "zh"])
        (" (did you mean 'de'?)", " (did you mean 'zh'?)")
    """

    def folded(code: object) -> str:
        return str(code).casefold().replace("_", "-")

    codes, primary = list(valid), folded(code).split("-")[0]
    for wanted, form in ((folded(code), folded), (primary, lambda known: folded(known).split("-")[0])):
        for known in codes:
            if form(known) == wanted:
                return f" (did you mean {known!r}?)"
    return ""


def unknown_name(name: object, valid: Iterable[str]) -> str:
    """Return the error about a name that is not one of the valid ones.

    Args:
        name: The unknown name.
        valid: The valid names.

    Example:
        >>> unknown_name("mon", ["mono", "cross"])
        "'mon' is unknown; the valid ones are mono, cross (did you mean 'mono'?)"
    """
    names = list(valid)
    return f"{name!r} is unknown; the valid ones are {', '.join(names)}{did_you_mean(name, names)}"
