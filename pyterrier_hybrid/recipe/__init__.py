"""Recipes: all of a training run in one file.

- :class:`Recipe`: data, sampler, encoder, settings, validation and seed of a run, read from YAML.
"""

from pyterrier_hybrid.recipe.recipe import Recipe

__all__ = ["Recipe"]
