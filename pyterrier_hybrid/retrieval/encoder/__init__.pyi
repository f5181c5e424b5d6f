from .dense import DenseEncoder

__all__ = ["DenseEncoder"]
