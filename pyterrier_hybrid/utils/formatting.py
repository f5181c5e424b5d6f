"""Formatting of numbers for tables and figures, and of any value for error messages."""

import re
import reprlib
from typing import Any

_LONGEST_REPR = 80


def format_number(value: float, digits: int) -> str:
    """Format a number without the leading zero, as papers print it.

    Args:
        value: The number.
        digits: Number of decimal places.

    Example:
        >>> format_number(0.7954, 3), format_number(-0.25, 2), format_number(412.3, 0), format_number(-0.001, 2)
        ('.795', '-.25', '412', '.00')
    """
    text = f"{value:.{digits}f}"
    # What rounds to zero has no sign.
    return re.sub(r"^(-?)0\.", r"\1.", text.lstrip("-") if float(text) == 0 else text)


def format_bytes(count: float) -> str:
    """Write a number of bytes in the unit that leaves one to three digits before the point.

    Args:
        count: The number of bytes.

    Example:
        >>> format_bytes(2_100_000_000), format_bytes(64_300_000), format_bytes(8_500), format_bytes(12)
        ('2.1 GB', '64 MB', '8.5 kB', '12 bytes')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        # What would be written as 1000 of the smaller unit is 1.0 of the larger one.
        if count >= 0.9995 * size:
            return f"{count / size:.{int(count < 9.95 * size)}f} {unit}"
    return f"{count:.0f} bytes"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write a count and its noun.

    Args:
        count: The count.
        noun: The noun in the singular.
        plural: Its plural; default: the noun with an "s".

    Example:
        >>> counted(1, "system"), counted(1000, "query", "queries")
        ('1 system', '1,000 queries')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def short_repr(value: Any) -> str:
    """Return a value as an error message shows it: its repr, cut if it is long.

    Args:
        value: Any value. Frames, models and other objects whose repr has several lines are named by their type.

    Example:
        >>> short_repr(2.5), short_repr(["de", "en"]), short_repr(list(range(1000))), short_repr(dict)
        ('2.5', "['de', 'en']", '[0, 1, 2, 3, 4, 5, ...]', 'the class dict')
        >>> import pandas as pd
        >>> short_repr(pd.DataFrame({"q": ["Who?", "What?"]}))
        '<DataFrame>'
    """
    return _SHORT.repr(value)


class _ShortRepr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = _LONGEST_REPR

    def repr_instance(self, value: Any, level: int) -> str:
        if isinstance(value, type):
            return f"the class {value.__name__}"
        text = repr(value)
        if "\n" in text:
            return f"<{type(value).__name__}>"
        return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 3]}..."


_SHORT = _ShortRepr()
