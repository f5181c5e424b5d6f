"""Robustness: perturbed queries, other domains, unbalanced languages.

- :func:`RobustnessExperiment`, :class:`RobustnessResults`: what perturbed queries cost, in every language setting.
- :func:`ShiftExperiment`, :class:`ShiftResults`: the same systems in their domain and in others.
- :class:`ImbalanceResults`: the result of :func:`pyterrier_hybrid.ImbalanceExperiment`, which trains on unbalanced
  languages.
"""

from pyterrier_hybrid.experiment.robustness.imbalance import ImbalanceResults
from pyterrier_hybrid.experiment.robustness.results import RobustnessResults
from pyterrier_hybrid.experiment.robustness.shift import ShiftExperiment
from pyterrier_hybrid.experiment.robustness.shift_results import ShiftResults
from pyterrier_hybrid.experiment.robustness.study import RobustnessExperiment

__all__ = ["ImbalanceResults", "RobustnessExperiment", "RobustnessResults", "ShiftExperiment", "ShiftResults"]
