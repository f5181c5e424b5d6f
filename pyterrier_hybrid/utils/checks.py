"""Checks of numeric arguments."""

import math
from operator import index
from typing import Any

LARGEST_SEED = 2**32 - 1
"""Largest seed that numpy, and therefore transformers, accepts."""


def whole_number(name: str, value: Any, *, least: int = 1) -> int:
    """Check a whole number, of Python or numpy, and return it as an int.

    Args:
        name: Name of the argument, for the error message.
        value: The number.
        least: Smallest allowed value.

    Raises:
        TypeError: The value is not a whole number.
        ValueError: It is smaller than ``least``, or a bool.

    Example:
        >>> whole_number("depth", 3)
        3
        >>> whole_number("depth", 0)
        Traceback (most recent call last):
        ...
        ValueError: depth=0: it must be at least 1
    """
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r} is {type(value).__name__}, not a whole number") from None
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name}={value!r}: it must be at least {least}")
    return number


def finite_number(name: str, value: Any, *, least: float = 0.0) -> float:
    """Check a finite number, of Python or numpy, and return it as a float.

    Args:
        name: Name of the argument, for the error message.
        value: The number.
        least: Smallest allowed value.

    Raises:
        TypeError: The value is not a number.
        ValueError: It is smaller than ``least``, infinite or NaN.

    Example:
        >>> finite_number("margin", -1)
        Traceback (most recent call last):
        ...
        ValueError: margin=-1: it must be at least 0 and finite
    """
    try:
        number = float(value) if not isinstance(value, str) else None
    except (TypeError, ValueError):
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name}={value!r} is {type(value).__name__}, not a number")
    if not (math.isfinite(number) and number >= least):
        raise ValueError(f"{name}={value!r}: it must be at least {least:g} and finite")
    return number
