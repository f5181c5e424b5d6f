"""Dense encoders: any Hugging Face or sentence-transformers model, as PyTerrier transformers."""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
