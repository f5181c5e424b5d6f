"""The list of all samplers, and samplers from configs."""

from collections.abc import Mapping
from typing import Any

from pyterrier_hybrid.training.sampling.config import find_class, from_config
from pyterrier_hybrid.training.sampling.hybrid import HybridSampler
from pyterrier_hybrid.training.sampling.length_grouped import LengthGroupedSampler
from pyterrier_hybrid.training.sampling.multi_positive import MultiPositiveSampler
from pyterrier_hybrid.training.sampling.plans import ConfigurableSampler
from pyterrier_hybrid.training.sampling.samplers import CrossSampler, MixedSampler, MonoSampler, TranslateTrainSampler

SAMPLERS: tuple[type[ConfigurableSampler], ...] = (
    MonoSampler,
    CrossSampler,
    HybridSampler,
    MixedSampler,
    TranslateTrainSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
)
"""All samplers of this package. A new one is added here, and to the table in ``sampling/__init__.py``."""

_BY_NAME = {kind.config_name: kind for kind in SAMPLERS} | {kind.name: kind for kind in SAMPLERS}

# Settings that are samplers themselves.
_INNER_SAMPLERS = ("mono", "cross", "sampler")


def sampler_from(config: str | Mapping[str, Any]) -> ConfigurableSampler:
    """Make a sampler from its name, or from a mapping of its name and settings as in recipes.

    Args:
        config: A name of the table in :mod:`pyterrier_hybrid.training.sampling`, in either form and any case; or a
            mapping with ``name`` and the sampler's arguments. Samplers among the arguments (``mono``, ``cross``,
            ``sampler``) are written in the same way, and alpha may be
            ``{"name": "linear", "start": 1.0, "end": 0.5, "steps": 1000}`` (or ``"cosine"``).

    Returns:
        The sampler whose ``to_config()`` this is.

    Raises:
        TypeError: If ``config`` or a setting has a wrong type.
        ValueError: If the name or a field is unknown, a field is missing, or a setting is not possible.

    Example:
        >>> sampler_from({"name": "hybrid", "alpha": 0.4, "cross": {"name": "X-Y", "languages": ["de", "en"]}})
        HybridSampler(alpha=0.4, cross=CrossSampler(languages=('de', 'en')))
        >>> sampler_from("X-X-mono") == sampler_from("mono") == MonoSampler()
        True
    """
    return _sampler_from(config, "")


def _sampler_from(config: str | Mapping[str, Any], location: str) -> ConfigurableSampler:
    if isinstance(config, Mapping):
        config = {
            field: _sampler_from(value, f"{location}{field}: ")
            if field in _INNER_SAMPLERS and isinstance(value, (str, Mapping))
            else value
            for field, value in config.items()
        }
    return from_config(_BY_NAME, config, "sampler", location)


def class_named(name: str) -> type[ConfigurableSampler]:
    """Return the class of samplers that has a name.

    Args:
        name: The name in configs or the printed name, in any case.

    Raises:
        ValueError: If no class has this name.

    Example:
        >>> class_named("translate-train").__name__
        'TranslateTrainSampler'
    """
    return find_class(_BY_NAME, name, "sampler")
