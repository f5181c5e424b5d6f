"""Fusion of several retrievers, and pseudo-relevance feedback on vectors."""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
