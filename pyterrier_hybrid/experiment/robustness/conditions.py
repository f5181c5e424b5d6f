"""The perturbations of a study, each at every severity."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pyterrier_hybrid.perturbation import Perturbation
from pyterrier_hybrid.perturbation.base import DEFAULT_SEVERITY
from pyterrier_hybrid.perturbation.registry import PerturbationConfig, perturbations_from, read_perturbation
from pyterrier_hybrid.utils.checks import list_of

Perturbations = Iterable[PerturbationConfig] | Mapping[str, PerturbationConfig] | Perturbation | str
# The severity in what a perturbation prints of itself; others tell two of one class apart.
_SEVERITY = re.compile(r"severity=1, |, severity=1\b|severity=1\b")


class Condition(NamedTuple):
    """A perturbation at one severity.

    Attributes:
        name: The name of the perturbation in the results.
        severity: The severity.
        operator: The perturbation at this severity.
    """

    name: str
    severity: float
    operator: Perturbation


def read_conditions(perturbations: Perturbations, severities: Iterable[float] | float) -> list[Condition]:
    """Read the perturbations of a study.

    Args:
        perturbations: Perturbations or their names, or a dictionary from names to these.
        severities: The severities of graded perturbations; others are taken at their own severity.

    Returns:
        The conditions, by perturbation and then in the order of the severities.

    Raises:
        TypeError: Something that is neither a perturbation nor a name, such as a pipeline.
        ValueError: No perturbation, no severity, an unknown name, or two perturbations that cannot be told apart.

    Example:
        >>> [(name, severity) for name, severity, _ in read_conditions(["case"], [0.1])]
        [('Case', 1.0)]
    """
    levels = list(dict.fromkeys(list_of("severities", severities, (int, float))))
    if not levels:
        raise ValueError("severities: none was given; give at least one, such as 0.1")
    conditions = []
    for name, perturbation in _named(perturbations).items():
        if perturbation.graded and perturbation.severity not in (*levels, DEFAULT_SEVERITY):
            raise ValueError(
                f"perturbations: {name} has severity={perturbation.severity:g}, but graded ones are measured at "
                f"severities={levels}: add it to them"
            )
        variants = [perturbation.at(severity=level) for level in levels] if perturbation.graded else [perturbation]
        conditions += [Condition(name, variant.severity, variant) for variant in variants]
    return conditions


def _named(perturbations: Any) -> dict[str, Perturbation]:
    if isinstance(perturbations, Mapping):
        named = {name: read_perturbation(f"perturbations[{name!r}]", value) for name, value in perturbations.items()}
        for name in named:
            if not isinstance(name, str) or not name.strip():
                raise TypeError(f"perturbations: the name {name!r} must be a string that is not empty")
        if not named:
            raise ValueError("perturbations is empty: give at least one perturbation, such as 'case'")
    else:
        read = perturbations_from("perturbations", perturbations)
        names = _distinct_names(read)
        named = dict(zip(names, read, strict=True))
        repeated = next((name for number, name in enumerate(names) if name in names[:number]), None)
        if repeated is not None:
            raise ValueError(f"perturbations: {repeated} is given twice; leave one out, or give {{name: perturbation}}")
    return named


def _distinct_names(perturbations: Sequence[Perturbation]) -> list[str]:
    """Name perturbations by their classes; several of one class by their options too."""
    names = [perturbation.name for perturbation in perturbations]
    return [
        name if names.count(name) == 1 else _SEVERITY.sub("", repr(perturbation.at(severity=1)))
        for name, perturbation in zip(names, perturbations, strict=True)
    ]
