"""Evaluation over every pair of languages: measures, the grid of settings, tables and heat maps.

- :class:`RankDistance`, :class:`MaxRank`, :class:`Complete`, :class:`LanguagePreference`, :class:`FirstRightSame` (and
  its three siblings), :class:`RankCorrelation`: ir_measures measures of language bias and fairness, for
  ``pt.Experiment`` and for the grid; :mod:`pyterrier_hybrid.experiment.measures` has a table of them.
- :func:`LanguageExperiment`: all monolingual, cross-lingual and multilingual settings of a dataset in one call.
- :class:`LanguageResults`: its result: tidy frames, tables, heat maps, an HTML page, files.
- :func:`RobustnessExperiment`: the same settings with perturbed queries; :class:`RobustnessResults`: its result.
- :func:`ShiftExperiment`, :class:`ShiftResults`: the same systems in their domain and in others.
- :func:`with_queries`: a dataset with some of its queries.
- :class:`LanguageValidation`: the same as an evaluation metric of encoders during training.
- :class:`Corpus`: the argument of a system that is a function.
- :class:`Runs`, :class:`VectorPipelines`: systems that are files of rankings, or pipelines around an encoder.
"""

from pyterrier_hybrid.experiment.chosen_queries import with_queries
from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.experiment.measures import (
    Complete,
    FirstRightOther,
    FirstRightSame,
    FirstWrongOther,
    FirstWrongSame,
    LanguagePreference,
    MaxRank,
    RankCorrelation,
    RankDistance,
)
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.robustness import (
    ImbalanceResults,
    RobustnessExperiment,
    RobustnessResults,
    ShiftExperiment,
    ShiftResults,
)
from pyterrier_hybrid.experiment.settings import Corpus
from pyterrier_hybrid.experiment.systems import Runs, VectorPipelines
from pyterrier_hybrid.experiment.validation import LanguageValidation

__all__ = [
    "Complete",
    "Corpus",
    "FirstRightOther",
    "FirstRightSame",
    "FirstWrongOther",
    "FirstWrongSame",
    "ImbalanceResults",
    "LanguageExperiment",
    "LanguagePreference",
    "LanguageResults",
    "LanguageValidation",
    "MaxRank",
    "RankCorrelation",
    "RankDistance",
    "RobustnessExperiment",
    "RobustnessResults",
    "Runs",
    "ShiftExperiment",
    "ShiftResults",
    "VectorPipelines",
    "with_queries",
]
