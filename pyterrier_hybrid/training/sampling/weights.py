"""How much of what: shares of languages and of datasets, from their sizes or as given."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from numbers import Real
from typing import Any

import numpy as np

# The exponent of a size, by name: a share grows with it, or does not.
_EXPONENTS = {"proportional": 1.0, "uniform": 0.0}


def exponent(weighting: str | float) -> float:
    """Return the exponent of a size: p ∝ size^exponent.

    >>> exponent("uniform"), exponent("proportional"), exponent(4)
    (0.0, 1.0, 0.25)
    """
    return _EXPONENTS[weighting] if isinstance(weighting, str) else 1 / weighting


def checked_weighting(field: str, value: Any, *also: str) -> str | float:
    """Return ``"uniform"``, ``"proportional"``, a name of ``also``, or a temperature.

    An infinite temperature is the same as ``"uniform"``, which JSON can write.
    """
    names = [*_EXPONENTS, *also]
    if isinstance(value, str):
        if value not in names:
            raise ValueError(f"{field}={value!r} is none of {', '.join(names)}, nor a temperature (a number)")
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{field}={value!r} is {type(value).__name__}: pass {', '.join(names)} or a temperature")
    if not value > 0:
        raise ValueError(f"{field}={value!r}: a temperature must be positive; 1 is proportional, infinity is uniform")
    return "uniform" if value == float("inf") else float(value)


def checked_weights(field: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Return a copy of a mapping to weights."""
    for key, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, Real):
            raise TypeError(f"{field}[{key!r}]={weight!r} is {type(weight).__name__}, not a number")
        if not 0 <= weight < float("inf"):
            raise ValueError(f"{field}[{key!r}]={weight!r} must be 0 or a positive finite number")
    return dict(weights)


def shares(sizes: np.ndarray, power: float, factors: np.ndarray | float = 1.0) -> np.ndarray:
    """Return probabilities ∝ factor · size^power, float64; sizes and factors are positive.

    >>> shares(np.array([1, 9]), 0.5).tolist()
    [0.25, 0.75]
    """
    # In logarithms, since low temperatures are high powers.
    logs = power * np.log(sizes) + np.log(factors)
    weights = np.maximum(np.exp(logs - logs.max()), LEAST)
    return weights / weights.sum()


# A share so small that it is never drawn by chance, but still is when nothing else is left.
LEAST = 1e-280


def item_weights(datasets: Sequence[str], patterns: Mapping[str, float] | None) -> np.ndarray:
    """Return the weight of an item of each dataset, float64 [datasets]: of the first pattern that matches, or 1."""
    patterns = patterns or {}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in datasets):
            raise ValueError(f"dataset_weights has {pattern!r}, which matches none of {', '.join(datasets)}")
    return np.array(
        [next((patterns[pattern] for pattern in patterns if fnmatchcase(name, pattern)), 1.0) for name in datasets]
    )
