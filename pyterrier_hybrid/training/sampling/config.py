"""Samplers as plain values: how they print, and the settings from which they are made again."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from numbers import Integral, Real
from typing import Any, ClassVar


class Configured:
    """What the frozen dataclasses of this package have in common: one text and one configuration for equal values."""

    config_name: ClassVar[str]

    def __repr__(self) -> str:
        given = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if not field.kw_only or field.default is MISSING or getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def to_config(self) -> dict[str, Any]:
        """Return the name and the settings as JSON values.

        Returns:
            What ``sampler_from`` makes an equal sampler from; settings that are None are left out.

        Raises:
            TypeError: If a setting has no JSON form, such as a function for alpha or a sampler of your own.

        Example:
            >>> from pyterrier_hybrid.training import HybridSampler
            >>> HybridSampler(0.4).to_config()
            {'name': 'hybrid', 'alpha': 0.4, 'language_weights': 'uniform', 'dataset_mixing': 'proportional',
             'one_dataset_per_batch': False}
        """
        config: dict[str, Any] = {"name": self.config_name}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                config[field.name] = _plain(f"{type(self).__name__}.{field.name}", value)
        return config


def _plain(place: str, value: Any) -> Any:
    if isinstance(value, Configured):
        return value.to_config()
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, Real):
        return int(value) if isinstance(value, Integral) else float(value)
    if isinstance(value, Mapping):
        return {key: _plain(f"{place}[{key!r}]", entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(place, entry) for entry in value]
    raise TypeError(
        f"{place}={value!r} cannot be written to a configuration: use a sampler of this package, a number, "
        "LinearAlpha or CosineAlpha"
    )


def class_of(kinds: Mapping[str, type[Configured]], name: Any, what: str, place: str = "") -> type[Configured]:
    """Find a class by its name, in any case.

    Args:
        kinds: The classes by name; several names may be of one.
        name: The name.
        what: What its values are, for messages.
        place: Where the name stands, for messages; empty at the top.

    Raises:
        ValueError: There is none.
    """
    by_name = {key.casefold(): kind for key, kind in kinds.items()}
    if isinstance(name, str) and name.casefold() in by_name:
        return by_name[name.casefold()]
    names = ", ".join(dict.fromkeys(kind.config_name for kind in kinds.values()))
    raise ValueError(f"{place}there is no {what} named {name!r}{_guess(name, by_name)} the names are {names}")


def made_from(kinds: Mapping[str, type[Configured]], config: str | Mapping[str, Any], what: str, place: str) -> Any:
    """Make a value from a name, or from a mapping with a name and settings.

    Args:
        kinds: The classes by name.
        config: The name alone, or with its settings.
        what: What is made, for messages.
        place: Where ``config`` stands, for messages; empty at the top.
    """
    settings = {"name": config} if isinstance(config, str) else config
    if not isinstance(settings, Mapping):
        raise TypeError(f"{place}{config!r} is {type(config).__name__}: a {what} is a name, or a mapping with a name")
    settings = dict(settings)
    if "name" not in settings:
        first, *_ = kinds.values()
        form = ", ".join([first.config_name, *(f"{field.name}: ..." for field in _needed(first))])
        raise ValueError(f"{place}{config!r} does not name its kind of {what}: write it as {{name: {form}}}")
    name = settings.pop("name")
    kind = class_of(kinds, name, what, place)
    known = {field.name: field for field in fields(kind)}
    for field in settings:
        if field not in known:
            raise ValueError(
                f"{place}{name} has no field {field!r}{_guess(field, known)} its fields are {', '.join(known)}"
            )
    for field in _needed(kind):
        if field.name not in settings:
            raise ValueError(f"{place}{name} needs the field {field.name!r}")
    return kind(**settings)


def _needed(kind: type[Configured]) -> list[Field]:
    return [field for field in fields(kind) if field.default is MISSING]


def _guess(name: Any, valid: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name).casefold(), list(valid), n=1)
    return f": did you mean {close[0]}?" if close else ":"
