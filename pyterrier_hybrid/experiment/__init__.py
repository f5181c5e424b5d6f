"""Evaluation over every pair of languages: measures, the grid of settings, tables and heat maps.

- :class:`RankDistance`: an ir_measures measure of language bias, for ``pt.Experiment`` and for the grid.
- :func:`LanguageExperiment`: all monolingual, cross-lingual and multilingual settings of a dataset in one call.
- :class:`LanguageResults`: its result: tidy frames, tables, heat maps, an HTML page, files.
- :func:`ShiftExperiment`, :class:`ShiftResults`: the same systems in their domain and in others.
- :func:`with_queries`: a dataset with some of its queries.
- :class:`LanguageValidation`: the same as an evaluation metric of encoders during training.
- :class:`Corpus`: the argument of a system that is a function.
- :class:`Runs`, :class:`VectorPipelines`: systems that are files of rankings, or pipelines around an encoder.
"""

from pyterrier_hybrid.experiment.chosen_queries import with_queries
from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.experiment.measures import RankDistance
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.robustness.imbalance import ImbalanceResults
from pyterrier_hybrid.experiment.robustness.shift import ShiftExperiment
from pyterrier_hybrid.experiment.robustness.shift_results import ShiftResults
from pyterrier_hybrid.experiment.settings import Corpus
from pyterrier_hybrid.experiment.systems import Runs, VectorPipelines
from pyterrier_hybrid.experiment.validation import LanguageValidation

__all__ = [
    "Corpus",
    "ImbalanceResults",
    "LanguageExperiment",
    "LanguageResults",
    "LanguageValidation",
    "RankDistance",
    "Runs",
    "ShiftExperiment",
    "ShiftResults",
    "VectorPipelines",
    "with_queries",
]
