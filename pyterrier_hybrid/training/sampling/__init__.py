"""Batch samplers: hybrid batch training and others. A plan is a pure function of the seed and the step.

A sampler is a description; ``sampler.plan(pairs, batch_size=100, seed=0)`` applies it to a pair store, and
``plan.batch(t)`` returns triples (item, query language, passage language) that depend on these arguments and the step
only. Any batch can be made at any time, in any order, in any process. So a training resumes exactly at any step, and
one process and several train on the same global batches.

====================  ==================  ==========================================================================
name in configs       printed name        batches
====================  ==================  ==========================================================================
``mono``              X-X-mono            in one language: :class:`MonoSampler`
``cross``             X-Y                 two different languages in every pair: :class:`CrossSampler`
``hybrid``            Hybrid              of one of two samplers, chosen at random: :class:`HybridSampler`
``mixed``             X-X                 one language in every pair, several in a batch: :class:`MixedSampler`
``translate-train``   Translate-train     passages in one language: :class:`TranslateTrainSampler`
``length-grouped``    Length-grouped      texts of similar length, by any sampler: :class:`LengthGroupedSampler`
``multi-positive``    Multi-positive      several translations of a passage: :class:`MultiPositiveSampler`
====================  ==================  ==========================================================================

Hybrid batch training is arXiv 2408.10536 (section 3); X-X-mono, X-Y and X-X come from LAReQA (arXiv 2004.05484,
section 4). A plan reads only what it draws: a thousand batches of 100 take half a second, from a thousand items or from
40 million (``benchmarks/planning.py``).

Where to read: ``plans.py`` has the interfaces, ``samplers.py`` and ``hybrid.py`` the samplers of the paper,
``strata_plan.py`` and ``strata.py`` draw their batches, ``weights.py`` weighs languages and datasets.
"""

from pyterrier_hybrid.training.sampling.curriculum import CosineAlpha, LinearAlpha
from pyterrier_hybrid.training.sampling.hybrid import HybridSampler
from pyterrier_hybrid.training.sampling.length_grouped import LengthGroupedSampler
from pyterrier_hybrid.training.sampling.multi_positive import MultiPositiveSampler
from pyterrier_hybrid.training.sampling.plans import PairArrays, Plan, Sampler
from pyterrier_hybrid.training.sampling.registry import SAMPLERS, class_named, sampler_from
from pyterrier_hybrid.training.sampling.samplers import (
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
