"""How often languages and datasets are drawn: the settings that samplers share, and their checks and probabilities."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from inspect import cleandoc
from typing import Any

import numpy as np

from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.training.sampling.config import is_number
from pyterrier_hybrid.training.sampling.plans import ConfigurableSampler
from pyterrier_hybrid.utils.checks import list_of_names
from pyterrier_hybrid.utils.formatting import short_repr

LanguageWeights = str | float | Mapping[str, float]

ROUND_ROBIN = "round-robin"

SMALLEST_WEIGHT = 1e-280
"""Relative weight so small that it is never drawn by chance, but still is when nothing else is left."""

# Exponents of a size by name: proportional probabilities grow with it, uniform ones do not.
_EXPONENTS = {"proportional": 1.0, "uniform": 0.0}

_ARGS_SECTION = re.compile(r"^Args:\n(?: {4}.*\n)+", re.MULTILINE)
_ARGUMENT = re.compile(r"^ {4}(\w+):.*\n(?: {8}.*\n)*", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, repr=False)
class WeightedSampler(ConfigurableSampler):
    """Base of the samplers that draw languages and datasets by weight.

    Its parameters are described here only: subclasses that do not describe one themselves get its description added to
    their docstrings.

    Args:
        language_weights: How often a language is drawn. ``"uniform"`` (default): all equally often.
            ``"proportional"``: by size, the number of its items, each multiplied by its dataset's weight. A
            temperature T > 0: ∝ size^(1/T), between the two (T = 5 in arXiv 1907.05019; an exponent of 0.3, T = 1/0.3,
            in XLM-R, arXiv 1911.02116). A mapping ``{language: weight}``: ∝ weight, whatever the sizes; languages that
            are not in it have weight 1, and weight 0 leaves a language out.
        dataset_weights: Relative weight of an item by its dataset, as ``{pattern: weight}``: the first matching
            :mod:`fnmatch` pattern counts, other datasets have weight 1, and weight 0 leaves a dataset out.
        dataset_mixing: How often a dataset is drawn, among those that have the drawn language: ∝ weight · size^(1/T)
            with a temperature T > 0. ``"proportional"`` (default, T = 1) draws all items of equal weight equally
            often, ``"uniform"`` (T = ∞) all datasets of equal weight. ``"round-robin"``: batch t is drawn from dataset
            t modulo their number, in the order of ``pairs.datasets``; weights other than 0 and 1 are an error.
        one_dataset_per_batch: Draw each batch from one dataset, as round-robin always does. The size of a language is
            then its size in the dataset. A dataset that has fewer groups in a language than a batch needs leaves that
            language out.
    """

    language_weights: LanguageWeights = field(default="uniform", hash=False)
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)
    dataset_mixing: str | float = "proportional"
    one_dataset_per_batch: bool = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__doc__ and WeightedSampler.__doc__:  # There are none under python -OO.
            cls.__doc__ = with_shared_arguments(cls.__doc__, WeightedSampler.__doc__)

    def __post_init__(self) -> None:
        """Check the settings, and store copies that the caller cannot change later."""
        super().__post_init__()
        for setting in fields(self):
            # Subclasses have one of these, each with a description and default of its own.
            if setting.name in ("languages", "query_languages"):
                languages = check_languages(setting.name, getattr(self, setting.name))
                object.__setattr__(self, setting.name, languages)
        if isinstance(self.language_weights, Mapping):
            weights = check_weights("language_weights", self.language_weights)
            canonical = {canonical_language(code): weight for code, weight in weights.items()}
            if len(canonical) < len(weights):
                raise ValueError(f"language_weights={weights}: it names a language twice, under two codes")
            language_weights: LanguageWeights = canonical
        else:
            language_weights = check_weighting("language_weights", self.language_weights)
        object.__setattr__(self, "language_weights", language_weights)
        object.__setattr__(self, "dataset_mixing", check_weighting("dataset_mixing", self.dataset_mixing, ROUND_ROBIN))
        if self.dataset_weights is not None:
            object.__setattr__(self, "dataset_weights", check_weights("dataset_weights", self.dataset_weights))
            uneven = {pattern: weight for pattern, weight in self.dataset_weights.items() if weight not in (0, 1)}
            if self.dataset_mixing == ROUND_ROBIN and uneven:
                raise ValueError(
                    f"dataset_weights={uneven}: it has no effect as datasets take turns "
                    f"(dataset_mixing={ROUND_ROBIN!r}); use weights of 0 to leave datasets out"
                )
        if not isinstance(self.one_dataset_per_batch, bool):
            raise TypeError(f"one_dataset_per_batch={self.one_dataset_per_batch!r}: it must be True or False")


def with_shared_arguments(doc: str, shared: str) -> str:
    """Add the arguments of another docstring that a docstring does not describe itself.

    Args:
        doc: A docstring; one without ``Args:`` is returned as it is.
        shared: The docstring of the base class.

    Example:
        >>> from pyterrier_hybrid.training import MonoSampler
        >>> "dataset_mixing: How often a dataset is drawn" in MonoSampler.__doc__
        True
    """
    doc, shared = f"{cleandoc(doc)}\n", f"{cleandoc(shared)}\n"
    section, shared_section = _ARGS_SECTION.search(doc), _ARGS_SECTION.search(shared)
    if section is None or shared_section is None:
        return doc
    own = {argument[1] for argument in _ARGUMENT.finditer(section[0])}
    added = [argument[0] for argument in _ARGUMENT.finditer(shared_section[0]) if argument[1] not in own]
    return doc[: section.end()] + "".join(added) + doc[section.end() :]


def check_languages(field: str, languages: Any) -> tuple[str, ...] | None:
    """Return a list of language codes as a tuple, and None as it is.

    Args:
        field: Name of the setting, for errors.
        languages: Its value.

    Raises:
        TypeError: If it is a string.
        ValueError: If it is empty or names a language twice.
    """
    if languages is None:
        return None
    if isinstance(languages, str):
        raise TypeError(f"{field}={languages!r} is a string: pass a list of codes, such as [{languages!r}]")
    codes = tuple(map(canonical_language, list_of_names(field, languages)))
    if not codes or len(set(codes)) < len(codes):
        raise ValueError(f"{field}={list(codes)} is empty or names a language twice")
    return codes


def check_known_languages(field: str, languages: Sequence[str] | Mapping[str, float], known: Sequence[str]) -> None:
    """Check that a pair store has the languages of a setting.

    Args:
        field: Name of the setting, for the error.
        languages: The languages that it names.
        known: The languages of the pair store.

    Raises:
        ValueError: If the store does not have one of them.
    """
    for language in languages:
        if language not in known:
            raise ValueError(f"{field}= names {language!r}, but the pairs have only {', '.join(known)}")


def check_weighting(field: str, value: Any, *more_names: str) -> str | float:
    """Return ``"uniform"``, ``"proportional"``, another allowed name, or a temperature.

    Args:
        field: Name of the setting, for errors.
        value: Its value. An infinite temperature becomes ``"uniform"``, which JSON can hold.
        *more_names: Further allowed names.

    Raises:
        TypeError: If it is neither a name nor a number.
        ValueError: If the name is unknown, or the temperature not positive.

    Example:
        >>> check_weighting("dataset_mixing", float("inf"))
        'uniform'
    """
    names = [*_EXPONENTS, *more_names]
    if isinstance(value, str):
        if value not in names:
            raise ValueError(f"{field}={value!r} is none of {', '.join(names)}, nor a temperature (a number)")
        return value
    if not is_number(value):
        raise TypeError(
            f"{field}={short_repr(value)} is {type(value).__name__}: pass {', '.join(names)} or a temperature"
        )
    if not value > 0:
        raise ValueError(f"{field}={value!r}: a temperature must be positive; 1 is proportional, infinity is uniform")
    return "uniform" if value == math.inf else float(value)


def check_weights(field: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Return a copy of a mapping to weights.

    Args:
        field: Name of the setting, for errors.
        weights: Its value.

    Raises:
        TypeError: If a weight is not a number.
        ValueError: If a weight is negative or not finite.
    """
    for key, weight in weights.items():
        if not is_number(weight):
            raise TypeError(f"{field}[{key!r}]={short_repr(weight)} is {type(weight).__name__}, not a number")
        if not 0 <= weight < math.inf:
            raise ValueError(f"{field}[{key!r}]={weight!r} must be 0 or a positive finite number")
    return dict(weights)


def size_exponent(weighting: str | float) -> float:
    """Return the exponent e of probabilities ∝ size^e.

    Args:
        weighting: ``"uniform"``, ``"proportional"``, or a temperature.

    Example:
        >>> size_exponent("uniform"), size_exponent("proportional"), size_exponent(4)
        (0.0, 1.0, 0.25)
    """
    return _EXPONENTS[weighting] if isinstance(weighting, str) else 1 / weighting


def probabilities(sizes: np.ndarray, exponent: float, weights: np.ndarray | float = 1.0) -> np.ndarray:
    """Return probabilities ∝ weight · size^exponent, float64.

    Args:
        sizes: Positive.
        exponent: The exponent.
        weights: Positive.

    Example:
        >>> probabilities(np.array([1, 9]), 0.5).tolist()
        [0.25, 0.75]
    """
    # In logarithms, since low temperatures are high powers.
    logs = exponent * np.log(sizes) + np.log(weights)
    relative = np.maximum(np.exp(logs - logs.max()), SMALLEST_WEIGHT)
    return relative / relative.sum()


def weights_of_datasets(datasets: Sequence[str], patterns: Mapping[str, float] | None) -> np.ndarray:
    """Return the weight of an item of each dataset: that of the first pattern that matches, or 1; float64 [datasets].

    Args:
        datasets: Names of the datasets.
        patterns: Weights by :mod:`fnmatch` pattern.

    Raises:
        ValueError: If a pattern matches no dataset.

    Example:
        >>> weights_of_datasets(["xnli", "xquad", "toy"], {"xnli": 0, "x*": 2.5}).tolist()
        [0.0, 2.5, 1.0]
    """
    patterns = patterns or {}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in datasets):
            raise ValueError(f"dataset_weights has {pattern!r}, which matches none of {', '.join(datasets)}")
    return np.array(
        [next((patterns[pattern] for pattern in patterns if fnmatchcase(name, pattern)), 1.0) for name in datasets]
    )
