"""Checks of a recipe's values against the type annotations of the functions that take them."""

import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pyterrier_hybrid.utils.suggestions import closest

Keys = tuple[str | int, ...]
"""The path to a field: keys of mappings and positions in lists, outermost first."""


class FieldError(ValueError):
    """A field of a recipe is wrong.

    Args:
        path: The field.
        problem: What is wrong with it, and what to do.
    """

    def __init__(self, path: Keys, problem: str) -> None:
        self.path = path
        self.problem = problem
        name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
        super().__init__(f"field {name!r}: {problem}" if path else problem)


def plain(value: Any, path: Keys = ()) -> Any:
    """Return a copy of a value as a file can hold it: numpy numbers and arrays and paths become those of Python.

    Args:
        value: The value.
        path: Its path in the recipe.

    Raises:
        FieldError: A part of it is no plain value.

    Example:
        >>> plain({"dim": np.int64(8), "languages": np.array(["de", "en"]), "model": Path("encoder")})
        {'dim': 8, 'languages': ['de', 'en'], 'model': 'encoder'}
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {plain(name, path): plain(part, (*path, name)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([plain(part, (*path, number)) for number, part in enumerate(value)])
    raise FieldError(path, f"{_shown(value)} is {type(value).__name__}, which a file cannot hold: give a plain value")


def options_of(function: Callable[..., Any], *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the keyword-only parameters of a function with their annotations.

    Example:
        >>> options_of(lambda *, alpha=0.5: None)
        {'alpha': typing.Any}
    """
    return {
        name: Any
        if isinstance(parameter.annotation, str) or parameter.annotation is parameter.empty
        else parameter.annotation
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in without
    }


def required_options(function: Callable[..., Any]) -> list[str]:
    """Return the keyword-only parameters of a function that have no default.

    Example:
        >>> required_options(lambda *, query, lang=None: None)
        ['query']
    """
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    ]


def check_fields(
    value: Any, path: Keys, valid: Mapping[str, Any], *, required: Iterable[str] = (), listed: str | None = None
) -> dict[str, Any]:
    """Return a mapping whose values have the types of its fields.

    Args:
        value: The mapping.
        path: Its path in the recipe.
        valid: Type of each field by name.
        required: Fields that must be present.
        listed: How an error lists the valid fields if there are too many; by default all names.

    Raises:
        FieldError: The value is not a mapping, or a field is unknown, missing or of the wrong type.

    Example:
        >>> check_fields({"alpha": 1}, ("sampler",), {"alpha": float})
        {'alpha': 1.0}
        >>> check_fields({"alhpa": 1}, ("sampler",), {"alpha": float})
        Traceback (most recent call last):
        ...
        pyterrier_hybrid.recipe.checks.FieldError: field 'sampler.alhpa': unknown: did you mean alpha? ...
    """
    listed = listed or ", ".join(valid)
    if not isinstance(value, Mapping):
        raise FieldError(path, f"{_shown(value)} is not a mapping: write 'name: value' with some of {listed}")
    for name in value:
        if name not in valid:
            suggestion = closest(name, valid)
            unknown = f"unknown: did you mean {suggestion}?" if suggestion else "unknown:"
            raise FieldError((*path, name), f"{unknown} the valid ones are {listed}")
    for name in required:
        if name not in value:
            raise FieldError(path, f"{name!r} is missing")
    return {name: check_value(part, (*path, name), valid[name]) for name, part in value.items()}


def check_value(value: Any, path: Keys, annotation: Any) -> Any:
    """Return a value as the type of an annotation: whole numbers as float, 1e3 as int, sequences as lists.

    Args:
        value: A plain value.
        path: Its path in the recipe.
        annotation: A type, union, ``Literal``, sequence or mapping type; ``Any`` takes all values.

    Raises:
        FieldError: The value has another type.
    """
    converted = _convert(value, annotation)
    if converted is _NO:
        raise FieldError(path, f"{_shown(value)} is not {_described(annotation)}")
    return converted


_NO = object()
"""Result of :func:`_convert` for a value of another type."""


def _convert(value: Any, annotation: Any) -> Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        converted = [result for part in arguments if (result := _convert(value, part)) is not _NO]
        # The type that needs no conversion comes first, so that 1 stays an int where a float would do too.
        return next((result for result in converted if type(result) is type(value)), converted[0] if converted else _NO)
    if origin is Literal:
        return value if any(type(value) is type(part) and value == part for part in arguments) else _NO
    if annotation is float:
        return float(value) if is_number else _NO
    if annotation is int:
        return int(value) if is_number and float(value).is_integer() else _NO
    if annotation is Path:
        return value if isinstance(value, str) else _NO
    if annotation is None or annotation is type(None):
        return value if value is None else _NO
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _NO
        mapping = {key: _convert(part, arguments[1]) for key, part in value.items()}
        return _NO if any(part is _NO for part in mapping.values()) else mapping
    if isinstance(origin, type) and issubclass(list, origin) or origin in (tuple, Sequence):
        if not isinstance(value, list | tuple):
            return _NO
        items = [_convert(part, arguments[0]) for part in value]
        return _NO if any(part is _NO for part in items) else items
    return value if isinstance(annotation, type) and type(value) is annotation else _NO


_NAMES = {
    str: "a string", int: "an integer", float: "a number", bool: "true or false", Path: "a path", dict: "a mapping",
}  # fmt: skip


def _described(annotation: Any) -> str:
    """Name a type for an error; types that no recipe can hold have an empty name."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        known = [part for part in arguments if _described(part)]
        if float in known and int in known:
            known.remove(int)
        return " or ".join(dict.fromkeys(map(_described, known)))
    if origin is Literal:
        return " or ".join(map(_shown, arguments))
    if annotation is None or annotation is type(None):
        return "null"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a mapping to " + _described(arguments[1])
    if origin is not None:
        return "a list of " + _described(arguments[0]).removeprefix("a ").removeprefix("an ") + "s"
    return _NAMES.get(annotation, "")


def _shown(value: Any) -> str:
    """Format a value as YAML writes it."""
    if value is None:
        return "null"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return shown if len(shown) <= 200 else f"{shown[:200]}..."
