"""The list of all perturbations, and perturbations from configs."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pyterrier as pt

from pyterrier_hybrid.perturbation.base import Perturbation
from pyterrier_hybrid.perturbation.bidi import Bidi
from pyterrier_hybrid.perturbation.case import Case
from pyterrier_hybrid.perturbation.code_switch import CodeSwitch
from pyterrier_hybrid.perturbation.digits import Digits
from pyterrier_hybrid.perturbation.homoglyphs import Homoglyphs
from pyterrier_hybrid.perturbation.invisible import Invisible
from pyterrier_hybrid.perturbation.normal_form import NormalForm
from pyterrier_hybrid.perturbation.orthography import Orthography
from pyterrier_hybrid.perturbation.punctuation import Punctuation
from pyterrier_hybrid.perturbation.romanise import Romanise
from pyterrier_hybrid.perturbation.spacing import Spaces
from pyterrier_hybrid.perturbation.stop_words import StopWords
from pyterrier_hybrid.perturbation.typing_errors import Typing
from pyterrier_hybrid.perturbation.words import DropWords, RepeatWords, SwapWords
from pyterrier_hybrid.perturbation.wrong_layout import WrongLayout
from pyterrier_hybrid.utils.checks import list_of
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.suggestions import did_you_mean

PerturbationConfig: TypeAlias = Perturbation | str | Mapping[str, Any]
"""A perturbation, its name, or a mapping of its name and options."""

PERTURBATIONS: tuple[type[Perturbation], ...] = (
    Typing,
    WrongLayout,
    Orthography,
    Romanise,
    Case,
    Punctuation,
    Digits,
    Spaces,
    Invisible,
    Homoglyphs,
    Bidi,
    NormalForm,
    DropWords,
    SwapWords,
    RepeatWords,
    StopWords,
)
"""All perturbations that need no further objects. A new one is added here and to ``perturbation/__init__.pyi``."""

_BETWEEN_OPTIONS = re.compile(r",(?=\w+=)")
_BY_NAME = {kind.__name__.lower(): kind for kind in (*PERTURBATIONS, CodeSwitch)}


def perturbation_from(config: str | Mapping[str, Any]) -> Perturbation:
    """Make a perturbation from its name and options.

    Args:
        config: The name of a class in any case, with options behind a colon (``"case:to=upper,severity=.5"``); or a
            mapping with ``name`` and the arguments of the class, as in recipes. ``codeswitch`` needs the argument
            ``lexicon``, a file.

    Raises:
        TypeError: ``config`` or an option has the wrong type.
        ValueError: The name or an option is unknown, a value is not possible, or an argument is missing.

    Example:
        >>> perturbation_from("case"), perturbation_from({"name": "case", "to": "upper", "severity": 0.5})
        (Case(to='lower', severity=1), Case(to='upper', severity=0.5))
        >>> perturbation_from("case:to=upper,severity=.5")
        Case(to='upper', severity=0.5)
    """
    options = _split(config) if isinstance(config, str) else config
    if not isinstance(options, Mapping) or not isinstance(options.get("name"), str):
        raise TypeError(
            f"{short_repr(config)} is a {type(config).__name__}, not a perturbation: give a name, or a mapping with "
            "a name and options"
        )
    kind = _BY_NAME.get(options["name"].lower())
    if kind is None:
        hint = did_you_mean(options["name"].lower(), _BY_NAME)
        raise ValueError(f"unknown perturbation {options['name']!r}: choose one of {', '.join(_BY_NAME)}{hint}")
    arguments: dict[str, Any] = {key: value for key, value in options.items() if key != "name"}
    try:
        return kind(**arguments)
    except TypeError as error:
        if not any(text in str(error) for text in ("unexpected keyword argument", "required positional argument")):
            raise
        missing = re.findall(r"'(\w+)'", str(error)) if "required" in str(error) else []
        needs = f"it needs {missing[0]}, as in {kind.__name__.lower()}:{missing[0]}=FILE" if missing else str(error)
        raise ValueError(f"perturbation {kind.__name__}: {needs}") from None


def _split(text: str) -> dict[str, Any]:
    """Split a name from its options."""
    name, colon, rest = text.partition(":")
    options: dict[str, Any] = {"name": name}
    # A comma within a value, such as the name of a file, is not followed by a name and an equals sign.
    for part in _BETWEEN_OPTIONS.split(rest) if colon else ():
        key, equals, value = part.partition("=")
        if not (key and equals and value):
            raise ValueError(f"perturbation {text!r}: write options as in case:to=upper,severity=.5")
        options[key] = _number(value)
    return options


def _number(text: str) -> int | float | str:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return text


def read_perturbation(location: str, config: Any) -> Perturbation:
    """Return a perturbation that is given as an object, or in a form that :func:`perturbation_from` takes.

    Args:
        location: Where it was given, such as ``operators[0]``, for error messages.
        config: The perturbation, its name, or a mapping of its name and options.

    Raises:
        TypeError: It is something else, such as a pipeline.
        ValueError: The name or an option is unknown, or a value is not possible.

    Example:
        >>> read_perturbation("operators[0]", Case() >> Case(to="upper"))
        Traceback (most recent call last):
        ...
        TypeError: operators[0] is a pipeline, not a perturbation: instead of A >> B, give [A, B] to use each by itself
    """
    if isinstance(config, Perturbation):
        return config
    if isinstance(config, pt.Transformer):
        if isinstance(config, Iterable):
            raise TypeError(
                f"{location} is a pipeline, not a perturbation: instead of A >> B, give [A, B] to use each by itself"
            )
        raise TypeError(f"{location} is {short_repr(config)}, not a perturbation of ph.perturbation")
    if isinstance(config, type) and issubclass(config, Perturbation):
        raise TypeError(f"{location} is the class {config.__name__}: write {config.__name__}()")
    if callable(config):
        raise TypeError(
            f"{location} is {short_repr(config)}, not a perturbation: for one of your own, write a subclass of "
            "ph.perturbation.Perturbation with a method perturb_text"
        )
    try:
        return perturbation_from(config)
    except ValueError as error:
        raise ValueError(f"{location}: {error}") from None
    except TypeError as error:
        raise TypeError(f"{location}: {error}") from None


def perturbations_from(
    name: str, configs: PerturbationConfig | Iterable[PerturbationConfig]
) -> tuple[Perturbation, ...]:
    """Return several perturbations, each given as itself, or as :func:`perturbation_from` takes it.

    Args:
        name: Name of the argument, for error messages.
        configs: One perturbation, or several.

    Raises:
        TypeError: One of them has the wrong type.
        ValueError: There are none, or one of them is not possible.

    Example:
        >>> perturbations_from("operators", [Case(to="upper"), "case"])
        (Case(to='upper', severity=1), Case(to='lower', severity=1))
    """
    # A pipeline of PyTerrier can be iterated over, but is no list; a function or class is meant as a perturbation.
    if isinstance(configs, pt.Transformer) or callable(configs):
        return (read_perturbation(name, configs),)
    values = list_of(name, configs, single=(str, Mapping))
    if not values:
        raise ValueError(f"{name} is empty: give at least one perturbation, such as 'case'")
    return tuple(read_perturbation(f"{name}[{position}]", config) for position, config in enumerate(values))
