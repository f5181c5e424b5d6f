"""Hybrid batch training of multilingual dense retrievers, as a PyTerrier plugin.

The names below are imported when they are first used, so that importing this package costs little and loads no torch.
Importing it also registers the ``xquad-r``, ``mlqa-r`` and ``atlas`` datasets with ir_datasets.

>>> import ir_datasets
>>> import pyterrier_hybrid as ph
>>> ir_datasets.load("atlas/de/test").queries_lang()
'de'
"""

from pyterrier_hybrid.datasets import register
from pyterrier_hybrid.utils.lazy import attach_stub

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)

register()
