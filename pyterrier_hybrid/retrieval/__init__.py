"""Encoders, indexes and retrievers: everything that turns a query into a ranking.

Names are imported on first use, so that BM25 alone does not import torch.
"""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
