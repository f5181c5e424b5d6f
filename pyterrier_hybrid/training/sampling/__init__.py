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

from pyterrier_hybrid.training.sampling.composed_samplers import (
    HybridSampler,
    LengthGroupedSampler,
    MultiPositiveSampler,
    Sampler,
)
from pyterrier_hybrid.training.sampling.curriculum import CosineAlpha, LinearAlpha
from pyterrier_hybrid.training.sampling.plans import Plan
from pyterrier_hybrid.training.sampling.registry import SAMPLERS, class_named, sampler_from
from pyterrier_hybrid.training.sampling.strata import PairArrays
from pyterrier_hybrid.training.sampling.strata_samplers import (
    CrossSampler,
    MixedSampler,
    MonoSampler,
    TranslateTrainSampler,
)

__all__ = [
    "SAMPLERS",
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
    "class_named",
    "sampler_from",
]
