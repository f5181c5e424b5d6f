"""Samplers by name, and samplers from configurations."""

from collections.abc import Mapping
from typing import Any

from pyterrier_hybrid.training.sampling.composed_samplers import (
    HybridSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
    Sampler,
)
from pyterrier_hybrid.training.sampling.config import Configured, class_of, made_from
from pyterrier_hybrid.training.sampling.strata_samplers import (
    CrossSampler,
    MixedSampler,
    MonoSampler,
    TranslateTrainSampler,
)

SAMPLERS = (
    MonoSampler,
    CrossSampler,
    HybridSampler,
    MixedSampler,
    TranslateTrainSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
)
_BY_NAME = {kind.config_name: kind for kind in SAMPLERS} | {kind.name: kind for kind in SAMPLERS}


def sampler_from(config: str | Mapping[str, Any]) -> Sampler:
    """Make a sampler from its name, or from a mapping of its name and settings, as recipes have them.

    Args:
        config: A name of the table above, in either form and any case; or a mapping with ``name`` and the sampler's
            arguments, where other samplers (``mono``, ``cross``, ``sampler``) are given in the same way, and alpha may
            be ``{"name": "linear", "start": 1.0, "end": 0.5, "steps": 1000}`` (or ``"cosine"``).

    Returns:
        The sampler: that whose ``to_config()`` this is.

    Raises:
        TypeError: If ``config`` or a setting is of a wrong type.
        ValueError: If the name or a field is unknown, a field is missing, or a setting is not possible.

    Example:
        >>> sampler_from({"name": "hybrid", "alpha": 0.4, "cross": {"name": "X-Y", "languages": ["de", "en"]}})
        HybridSampler(alpha=0.4, cross=CrossSampler(languages=('de', 'en')))
        >>> sampler_from("X-X-mono") == sampler_from("mono") == MonoSampler()
        True
    """
    return _made(config, "")


def _made(config: Any, place: str) -> Sampler:
    if isinstance(config, Mapping):
        config = {
            field: _made(value, f"{place}{field}: ")
            if field in ("mono", "cross", "sampler") and isinstance(value, (str, Mapping))
            else value
            for field, value in config.items()
        }
    return made_from(_BY_NAME, config, "sampler", place)


def class_named(name: str) -> type[Configured]:
    """The class of the samplers of a name, which may be one that needs settings.

    >>> class_named("translate-train").__name__
    'TranslateTrainSampler'
    """
    return class_of(_BY_NAME, name, "sampler")
