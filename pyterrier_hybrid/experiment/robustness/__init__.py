"""Robustness: what perturbed queries cost, in every language setting.

- :func:`RobustnessExperiment`: perturbations at several severities against several systems, in one call.
- :class:`RobustnessResults`: its result: tidy frames, tables, figures, an HTML page, files.
"""

from pyterrier_hybrid.experiment.robustness.results import RobustnessResults
from pyterrier_hybrid.experiment.robustness.study import RobustnessExperiment

__all__ = ["RobustnessExperiment", "RobustnessResults"]
