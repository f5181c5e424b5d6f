"""Which texts meet in a batch: the batch samplers of hybrid batch training and others, as pure plans without text.

A sampler is a description; ``sampler.plan(pairs, batch_size=100, seed=0)`` binds it to the items of a pair store, and
``plan.batch(t)`` is then a function of its arguments alone: any batch can be made at any time, in any order, in any
process. Exact resume at any step and equal global batches in one or several processes follow from that.

====================  ==================  ==========================================================================
name in configs       printed name        batches
====================  ==================  ==========================================================================
``mono``              X-X-mono            in one language: :class:`MonoSampler`
``cross``             X-Y                 two languages in every pair: :class:`CrossSampler`
``hybrid``            Hybrid              of one or the other of two samplers: :class:`HybridSampler`
``mixed``             X-X                 one language in every pair, several in a batch: :class:`MixedSampler`
``translate-train``   Translate-train     passages in one language: :class:`TranslateTrainSampler`
``length-grouped``    Length-grouped      of similar lengths, by any sampler: :class:`LengthGroupedSampler`
``multi-positive``    Multi-positive      several translations of a passage: :class:`MultiPositiveSampler`
====================  ==================  ==========================================================================

Hybrid batch training is arXiv 2408.10536 (section 3); X-X-mono, X-Y and X-X come from LAReQA (arXiv 2004.05484,
section 4). Planning reads what is drawn and no more: a thousand batches of 100 take half a second, from a thousand
items or from 40 million (``benchmarks/planning.py``).
"""

from collections.abc import Mapping
from typing import Any

from pyterrier_hybrid.training._composed_samplers import (
    HybridSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
    Sampler,
)
from pyterrier_hybrid.training._config import Configured, class_of, made_from
from pyterrier_hybrid.training._curriculum import CosineAlpha, LinearAlpha
from pyterrier_hybrid.training._plans import Plan
from pyterrier_hybrid.training._strata import PairArrays
from pyterrier_hybrid.training._strata_samplers import (
    CrossSampler,
    MixedSampler,
    MonoSampler,
    TranslateTrainSampler,
)

__all__ = [
    "CosineAlpha",
    "CrossSampler",
    "HybridSampler",
    "LengthGroupedSampler",
    "LinearAlpha",
    "MixedSampler",
    "MonoSampler",
    "MultiPositiveSampler",
    "PairArrays",
    "Plan",
    "Sampler",
    "TranslateTrainSampler",
    "sampler_from",
]

_SAMPLERS = (
    MonoSampler,
    CrossSampler,
    HybridSampler,
    MixedSampler,
    TranslateTrainSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
)
_BY_NAME = {kind.config_name: kind for kind in _SAMPLERS} | {kind.name: kind for kind in _SAMPLERS}


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
