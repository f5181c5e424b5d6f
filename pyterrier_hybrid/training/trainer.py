"""The trainer; :mod:`pyterrier_hybrid.training.loop.trainer` has the code."""

from pyterrier_hybrid.training.loop.trainer import HybridTrainer

__all__ = ["HybridTrainer"]
