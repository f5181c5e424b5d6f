from .imbalance import ImbalanceExperiment
from .recipe import Recipe

__all__ = ["ImbalanceExperiment", "Recipe"]
