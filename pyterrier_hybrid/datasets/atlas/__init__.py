"""atlas, the built-in dataset."""

from pyterrier_hybrid.datasets.atlas.family import ATLAS, load

__all__ = ["ATLAS", "load"]
