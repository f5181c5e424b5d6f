"""Whether a recipe's values are of the types that functions ask for in their signatures."""

import difflib
import inspect
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

Keys = tuple[str | int, ...]
"""The way to a field: keys of mappings and positions in lists, from the outside."""


class FieldError(ValueError):
    """A field of a recipe is wrong.

    Args:
        path: The field.
        problem: What is wrong with it, and what would be right.
    """

    def __init__(self, path: Keys, problem: str) -> None:
        self.path = path
        self.problem = problem
        name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
        super().__init__(f"field {name!r}: {problem}" if path else problem)


def options_of(function: Callable, *, without: Collection[str] = ()) -> dict[str, Any]:
    """The keyword-only parameters of a function and their annotations.

    >>> options_of(lambda *, alpha=0.5: None)
    {'alpha': typing.Any}
    """
    return {
        name: Any if isinstance(parameter.annotation, str) or parameter.annotation is parameter.empty
        else parameter.annotation
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in without
    }  # fmt: skip


def required(function: Callable) -> list[str]:
    """The keyword-only parameters of a function that have no default.

    >>> required(lambda *, query, lang=None: None)
    ['query']
    """
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    ]


def check_fields(
    value: Any, path: Keys, valid: Mapping[str, Any], *, needed: Iterable[str] = (), listed: str | None = None
) -> dict[str, Any]:
    """Return a mapping with its values as the types that its fields have.

    Args:
        value: The mapping.
        path: Where it is.
        valid: The names and types of its fields.
        needed: Fields that it must have.
        listed: The valid fields as an error lists them, where they are too many.

    Raises:
        FieldError: It is no mapping, has an unknown field, lacks one, or one has a value of another type.

    >>> check_fields({"alpha": 1}, ("sampler",), {"alpha": float})
    {'alpha': 1.0}
    >>> check_fields({"alhpa": 1}, ("sampler",), {"alpha": float})
    Traceback (most recent call last):
    ...
    pyterrier_hybrid.recipe.checks.FieldError: field 'sampler.alhpa': unknown: did you mean alpha? ...
    """
    listed = listed or ", ".join(valid)
    if not isinstance(value, Mapping):
        raise FieldError(path, f"{_shown(value)} is no mapping: write 'name: value' with some of {listed}")
    for name in value:
        if name not in valid:
            raise FieldError((*path, name), f"unknown{_guess(name, valid)} the valid ones are {listed}")
    for name in needed:
        if name not in value:
            raise FieldError(path, f"{name!r} is missing")
    return {name: checked(part, (*path, name), valid[name]) for name, part in value.items()}


def checked(value: Any, path: Keys, annotation: Any) -> Any:
    """Return a value as the type that an annotation asks for: whole numbers as float, 1e3 as int, sequences as lists.

    Args:
        value: A plain value.
        path: Where it is.
        annotation: A type, union, ``Literal``, sequence or mapping type; ``Any`` takes all values.

    Raises:
        FieldError: It is of another type.
    """
    fitting = _fitting(value, annotation)
    if fitting is _NO:
        raise FieldError(path, f"{_shown(value)} is not {_described(annotation)}")
    return fitting


_NO = object()


def _fitting(value: Any, annotation: Any) -> Any:
    """The value as the annotation has it, or ``_NO``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        fits = [fit for part in arguments if (fit := _fitting(value, part)) is not _NO]
        return next((fit for fit in fits if type(fit) is type(value)), fits[0] if fits else _NO)
    if origin is Literal:
        return value if any(type(value) is type(part) and value == part for part in arguments) else _NO
    if annotation is float:
        return float(value) if number else _NO
    if annotation is int:
        return int(value) if number and float(value).is_integer() else _NO
    if annotation is Path:
        return value if isinstance(value, str) else _NO
    if annotation is None or annotation is type(None):
        return value if value is None else _NO
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _NO
        parts = {key: _fitting(part, arguments[1]) for key, part in value.items()}
        return _NO if any(part is _NO for part in parts.values()) else parts
    if isinstance(origin, type) and issubclass(list, origin) or origin in (tuple, Sequence):
        if not isinstance(value, list | tuple):
            return _NO
        parts = [_fitting(part, arguments[0]) for part in value]
        return _NO if any(part is _NO for part in parts) else parts
    return value if isinstance(annotation, type) and type(value) is annotation else _NO


_NAMES = {str: "a text", int: "an integer", float: "a number", bool: "true or false", Path: "a path", dict: "a mapping"}


def _described(annotation: Any) -> str:
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
    # Other types are no plain values, so that no recipe can hold them.
    return _NAMES.get(annotation, "")


def _shown(value: Any) -> str:
    names = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return names[value]
    return repr(value)


def guess_of(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that was meant, if one is close.

    >>> guess_of("from_scrach", ["model", "from_scratch"])
    'from_scratch'
    """
    close = difflib.get_close_matches(name, list(valid), n=1)
    return close[0] if close else None


def _guess(name: str, valid: Iterable[str]) -> str:
    guess = guess_of(name, valid)
    return f": did you mean {guess}?" if guess else ":"
