"""Recipes, and experiments that train: what needs both training and evaluation.

- :class:`Recipe`: data, sampler, encoder, settings, validation and seed of a run, read from YAML.
- :func:`ImbalanceExperiment`: trainings on ever more uneven shares of languages, and their evaluation.
"""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
