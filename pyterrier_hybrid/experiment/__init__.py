"""Evaluation over every pair of languages: measures, the grid of settings, tables and heat maps.

- :class:`RankDistance`: an ir_measures measure of language bias, for ``pt.Experiment`` as for the grid.
- :func:`LanguageExperiment`: all monolingual, cross-lingual and multilingual settings of a dataset in one call.
- :class:`LanguageResults`: what it returns: tidy frames, the paper's tables, heat maps, a page, files.
- :class:`LanguageValidation`: the same as the judge of encoders in training, a few numbers.
- :class:`Corpus`: what a system given as a function is called with.
- :class:`Runs`, :class:`VectorPipelines`: systems that are files of rankings, or pipelines around an encoder.
"""

from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.experiment.measures import RankDistance
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.settings import Corpus
from pyterrier_hybrid.experiment.systems import Runs, VectorPipelines
from pyterrier_hybrid.experiment.validation import LanguageValidation

__all__ = [
    "Corpus",
    "LanguageExperiment",
    "LanguageResults",
    "LanguageValidation",
    "RankDistance",
    "Runs",
    "VectorPipelines",
]
