"""Numbers that are given to us."""

from operator import index
from typing import Any

# What numpy takes, and with it transformers.
LARGEST_SEED = 2**32 - 1


def whole_number(name: str, value: Any, *, least: int = 1) -> int:
    """A number as an int, also one of numpy's.

    Args:
        name: What it is, for errors.
        value: The number.
        least: The smallest that makes sense.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is below the least.

    >>> whole_number("depth", 3)
    3
    """
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r} is {type(value).__name__}, not a whole number") from None
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name}={value!r}: it must be at least {least}")
    return number
