"""Samplers and configs: the repr of a sampler, its config, and samplers made from configs."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from numbers import Integral, Real
from typing import Any, ClassVar, TypeGuard, TypeVar

from pyterrier_hybrid.utils.checks import plain
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.suggestions import closest


@dataclass(frozen=True, repr=False)
class Configurable:
    """Base of the frozen dataclasses that can be written to a config and made from one."""

    config_name: ClassVar[str]

    def __post_init__(self) -> None:
        """Make the settings those of Python: one of numpy has another repr, and no place in JSON."""
        for field in fields(self):
            object.__setattr__(self, field.name, plain(getattr(self, field.name)))

    def __repr__(self) -> str:
        shown = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in settings_of(type(self))
            if not field.kw_only or field.default is MISSING or getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_config(self) -> dict[str, Any]:
        """Return the name and the settings as JSON values.

        Returns:
            A config from which ``sampler_from`` makes an equal sampler. Settings that are None are left out.

        Raises:
            TypeError: If a setting has no JSON form, such as a function for alpha or a sampler class of your own.

        Example:
            >>> from pyterrier_hybrid.training import HybridSampler
            >>> HybridSampler(0.4).to_config()
            {'name': 'hybrid', 'alpha': 0.4, 'language_weights': 'uniform', 'dataset_mixing': 'proportional',
             'one_dataset_per_batch': False}
        """
        config: dict[str, Any] = {"name": self.config_name}
        for field in settings_of(type(self)):
            value = getattr(self, field.name)
            if value is not None:
                config[field.name] = _to_json(f"{type(self).__name__}.{field.name}", value)
        return config


Kind = TypeVar("Kind", bound=Configurable)


def settings_of(kind: type[Configurable]) -> "list[Field[Any]]":
    """Return the fields of a class in the order of reprs and configs: its own before inherited ones.

    Args:
        kind: The class.
    """

    def depth(field: "Field[Any]") -> int:
        return sum(field.name in getattr(base, "__dataclass_fields__", ()) for base in kind.__mro__)

    return sorted(fields(kind), key=depth)


def _to_json(location: str, value: Any) -> Any:
    if isinstance(value, Configurable):
        return value.to_config()
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, Real):
        return int(value) if isinstance(value, Integral) else float(value)
    if isinstance(value, Mapping):
        return {key: _to_json(f"{location}[{key!r}]", entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_to_json(location, entry) for entry in value]
    raise TypeError(
        f"{location}={short_repr(value)} cannot be written to a config: use a sampler of this package, a number, "
        "LinearAlpha or CosineAlpha"
    )


def find_class(classes: Mapping[str, type[Kind]], name: Any, what: str, location: str = "") -> type[Kind]:
    """Find a class by its name, in any case.

    Args:
        classes: The classes by name; a class may have several names.
        name: The name.
        what: What the classes are, for the error.
        location: Prefix that says where in the config the name is, for the error.

    Raises:
        ValueError: If no class has this name.
    """
    by_name = {key.casefold(): kind for key, kind in classes.items()}
    if isinstance(name, str) and name.casefold() in by_name:
        return by_name[name.casefold()]
    names = ", ".join(dict.fromkeys(kind.config_name for kind in classes.values()))
    raise ValueError(f"{location}there is no {what} named {name!r}{_suggestion(name, by_name)} the names are {names}")


def from_config(
    classes: Mapping[str, type[Kind]], config: str | Mapping[str, Any], what: str, location: str = ""
) -> Kind:
    """Make an object from a config.

    Args:
        classes: The possible classes by name.
        config: A name, or a mapping with ``name`` and settings.
        what: What is made, for errors.
        location: Prefix that says where in a larger config this one is, for errors.

    Raises:
        TypeError: If ``config`` is neither a name nor a mapping, or a setting has a wrong type.
        ValueError: If the name or a setting is unknown, a setting is missing, or its value is not possible.
    """
    settings = {"name": config} if isinstance(config, str) else config
    if not isinstance(settings, Mapping):
        raise TypeError(
            f"{location}{short_repr(config)} is {type(config).__name__}: a {what} is a name, or a mapping with a name"
        )
    settings = dict(settings)
    if "name" not in settings:
        first, *_ = classes.values()
        form = ", ".join([first.config_name, *(f"{field.name}: ..." for field in _required(first))])
        raise ValueError(f"{location}{config!r} does not name its kind of {what}: write it as {{name: {form}}}")
    name = settings.pop("name")
    kind = find_class(classes, name, what, location)
    known = [field.name for field in settings_of(kind)]
    for setting in settings:
        if setting not in known:
            raise ValueError(
                f"{location}{name} has no field {setting!r}{_suggestion(setting, known)} its fields are "
                f"{', '.join(known)}"
            )
    for field in _required(kind):
        if field.name not in settings:
            raise ValueError(f"{location}{name} needs the field {field.name!r}")
    return kind(**settings)


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a real number of Python or numpy; a bool is not.

    Args:
        value: Any value.
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def _required(kind: type[Configurable]) -> "list[Field[Any]]":
    return [field for field in fields(kind) if field.default is MISSING]


def _suggestion(name: Any, valid: Iterable[str]) -> str:
    suggestion = closest(name, valid)
    return f": did you mean {suggestion}?" if suggestion else ":"
