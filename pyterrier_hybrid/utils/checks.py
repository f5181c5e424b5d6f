"""Checks of arguments: numbers, switches and texts."""

import math
from collections.abc import Collection, Iterable, Mapping, Set
from numbers import Real
from operator import index
from typing import Any

import numpy as np

from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.suggestions import did_you_mean

LARGEST_SEED = 2**32 - 1
"""Largest seed that numpy, and therefore transformers, accepts."""


def whole_number(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """Check a whole number, of Python or numpy, and return it as an int.

    Args:
        name: Name of the argument, for the error message.
        value: The number.
        least: Smallest allowed value.
        most: Largest allowed value; ``None`` for no limit.

    Raises:
        TypeError: The value is not a whole number, or a bool.
        ValueError: It is smaller than ``least`` or larger than ``most``.

    Example:
        >>> whole_number("depth", 3)
        3
        >>> whole_number("depth", 0)
        Traceback (most recent call last):
        ...
        ValueError: depth=0: it must be at least 1
    """
    try:
        number = None if isinstance(value, bool) else index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name}={short_repr(value)} is {type(value).__name__}, not a whole number")
    if number < least:
        raise ValueError(f"{name}={value!r}: it must be at least {least}")
    if most is not None and number > most:
        raise ValueError(f"{name}={value!r}: it must be at most {most:,}")
    return number


def real_number(name: str, value: Any) -> float:
    """Check that a value is a number, of Python or NumPy and of any size, and return it as a float.

    Args:
        name: Name of the argument, for the error message.
        value: The number.

    Raises:
        TypeError: The value is not a number.

    Example:
        >>> real_number("ratio", "0.5")
        Traceback (most recent call last):
        ...
        TypeError: ratio='0.5' is str, not a number
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name}={short_repr(value)} is {type(value).__name__}, not a number")
    return float(value)


def finite_number(
    name: str, value: Any, *, least: float = 0.0, positive: bool = False, below: float = math.inf
) -> float:
    """Check a finite number, of Python, numpy or torch, and return it as a float.

    Args:
        name: Name of the argument, for the error message.
        value: The number.
        least: Smallest allowed value.
        positive: Whether ``least`` itself is not allowed.
        below: Number that the value must be below.

    Raises:
        TypeError: The value is not a number.
        ValueError: It is outside these bounds, infinite or NaN.

    Example:
        >>> finite_number("margin", -1)
        Traceback (most recent call last):
        ...
        ValueError: margin=-1: it must be at least 0 and finite
        >>> finite_number("dropout", 1, below=1)
        Traceback (most recent call last):
        ...
        ValueError: dropout=1: it must be at least 0 and below 1
    """
    try:
        number = None if isinstance(value, str | bytes | bool | np.bool_) else float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        number = None
    if number is None:
        raise TypeError(f"{name}={short_repr(value)} is {type(value).__name__}, not a number")
    if not (math.isfinite(number) and number >= least and number < below and not (positive and number <= least)):
        bounds = []
        if positive:
            bounds.append(f"above {least:g}" if least else "positive")
        elif least != -math.inf:
            bounds.append(f"at least {least:g}")
        bounds.append("finite" if below == math.inf else f"below {below:g}")
        raise ValueError(f"{name}={value!r}: it must be {' and '.join(bounds)}")
    return number


def true_or_false(name: str, value: Any) -> bool:
    """Check a switch, of Python or numpy, and return it as a bool.

    Args:
        name: Name of the argument, for the error message.
        value: The switch.

    Raises:
        TypeError: The value is neither true nor false.

    Example:
        >>> true_or_false("normalize", np.True_)
        True
        >>> true_or_false("normalize", "no")
        Traceback (most recent call last):
        ...
        TypeError: normalize='no' is str: it must be True or False
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={short_repr(value)} is {type(value).__name__}: it must be True or False")
    return bool(value)


def one_of(name: str, value: Any, valid: Collection[str]) -> str:
    """Check that a value is one of some names, and return it.

    Args:
        name: Name of the argument, for the error message.
        value: The value.
        valid: The names.

    Raises:
        ValueError: It is another value.

    Example:
        >>> one_of("pooling", "maen", ("mean", "cls"))
        Traceback (most recent call last):
        ...
        ValueError: pooling='maen' is unknown: choose one of mean, cls (did you mean 'mean'?)
    """
    if not isinstance(value, str) or value not in valid:
        raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(valid)}{did_you_mean(value, valid)}")
    return value


def list_of(name: str, values: Any, single: type | tuple[type, ...] = str) -> list[Any]:
    """Return the values of an argument that takes one value or several.

    Args:
        name: Name of the argument, for the error message.
        values: One value, or an iterable of values.
        single: The type of one value.

    Raises:
        TypeError: It is neither.

    Example:
        >>> list_of("kinds", "mono"), list_of("kinds", ("mono", "cross"))
        (['mono'], ['mono', 'cross'])
        >>> list_of("kinds", 3)
        Traceback (most recent call last):
        ...
        TypeError: kinds=3 is int; give a list, or one of its values
    """
    if isinstance(values, single):
        return [values]
    if not isinstance(values, Iterable) or isinstance(values, bytes):
        raise TypeError(f"{name}={short_repr(values)} is {type(values).__name__}; give a list, or one of its values")
    return list(values)


def list_of_names(name: str, values: Iterable[str]) -> list[str]:
    """Check names, such as languages, and return them as a list; iterators are read once.

    Args:
        name: Name of the argument, for the error message.
        values: The names: a list, an array, an iterator.

    Raises:
        TypeError: It is a single string, or not an iterable of strings.

    Example:
        >>> list_of_names("languages", np.array(["de", "en"]))
        ['de', 'en']
        >>> list_of_names("languages", "de")
        Traceback (most recent call last):
        ...
        TypeError: languages='de' is a string: pass a list, such as ['de']
    """
    if isinstance(values, str):
        raise TypeError(f"{name}={values!r} is a string: pass a list, such as [{values!r}]")
    if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is a {type(values).__name__}: pass a list of names")
    names = list(values)
    for position, value in enumerate(names):
        if not isinstance(value, str):
            raise TypeError(
                f"{name}[{position}] is {short_repr(value)}, a {type(value).__name__}: every name must be a str"
            )
    # numpy's strings have a repr of their own, which would get into records.
    return [str(value) for value in names]


def list_of_texts(name: str, texts: Iterable[str]) -> list[str]:
    """Check texts and return them as a list; iterators are read once.

    Args:
        name: Name of the argument, for the error message.
        texts: The texts: a list, an array, a column of a frame, an iterator.

    Raises:
        TypeError: It is not an iterable of strings in an order of their own.
        ValueError: A text is not valid Unicode.

    Example:
        >>> list_of_texts("queries", (text for text in ("one", "two")))
        ['one', 'two']
        >>> list_of_texts("queries", "one")
        Traceback (most recent call last):
        ...
        TypeError: queries is a str: pass a list of texts
    """
    # Iterating over these gives letters, keys, names of columns, or an order that nobody knows.
    unfit = isinstance(texts, (str, bytes, bytearray, Mapping, Set)) or hasattr(texts, "columns")
    if unfit or not isinstance(texts, Iterable):
        raise TypeError(f"{name} is a {type(texts).__name__}: pass a list of texts")
    texts = list(texts)
    for position, text in enumerate(texts):
        check_text(f"{name}[{position}]", text)
    return texts


def check_text(name: str, text: Any) -> None:
    r"""Check that a value is a text in valid Unicode.

    Args:
        name: What the text is, for the error message, such as ``queries[3]``.
        text: The value.

    Raises:
        TypeError: It is not a string.
        ValueError: It has a lone surrogate, half of a character.

    Example:
        >>> check_text("queries[3]", "a\ud800")
        Traceback (most recent call last):
        ...
        ValueError: queries[3] has a lone surrogate (U+D800) at position 1: read it as UTF-8, or drop that character
    """
    if not isinstance(text, str):
        raise TypeError(f"{name} is {short_repr(text)}, a {type(text).__name__}: every text must be a str")
    problem = find_lone_surrogate(text)
    if problem is not None:
        raise ValueError(f"{name} {problem}")


def find_lone_surrogate(text: str) -> str | None:
    r"""Return what is wrong with a text that has half of a character, or ``None``.

    JSON can escape such halves; no file, tokenizer or index takes them.

    Args:
        text: The text.

    Example:
        >>> find_lone_surrogate("caf\ud83d"), find_lone_surrogate("café")
        ('has a lone surrogate (U+D83D) at position 3: read it as UTF-8, or drop that character', None)
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(text[error.start]):04X}"
        return f"has a lone surrogate ({half}) at position {error.start}: read it as UTF-8, or drop that character"
    return None


def plain(value: Any) -> Any:
    """Convert the numbers, strings and arrays of numpy in a value to those of Python, which JSON can hold.

    Args:
        value: Any value; lists, tuples and mappings are searched, and copied where they contain any.

    Example:
        >>> plain({"betas": (np.float64(0.9), 0.95), "languages": np.array(["de", "en"])})
        {'betas': (0.9, 0.95), 'languages': ['de', 'en']}
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if type(value) in (list, tuple):
        return type(value)(plain(part) for part in value)
    if type(value) is dict:
        return {plain(key): plain(part) for key, part in value.items()}
    return value
