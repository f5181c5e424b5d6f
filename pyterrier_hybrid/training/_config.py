"""Samplers as plain values: how they print, and the settings from which they are made again."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
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
    name = settings.pop("name", None)
    by_name = {key.casefold(): kind for key, kind in kinds.items()}
    if not isinstance(name, str) or name.casefold() not in by_name:
        raise ValueError(f"{place}there is no {what} named {name!r}: the names are {', '.join(kinds)}")
    kind = by_name[name.casefold()]
    known = {field.name: field for field in fields(kind)}
    for field in settings:
        if field not in known:
            raise ValueError(f"{place}{name} has no field {field!r}: its fields are {', '.join(known)}")
    for field in known.values():
        if field.default is MISSING and field.name not in settings:
            raise ValueError(f"{place}{name} needs the field {field.name!r}")
    return kind(**settings)
