"""Leak check: evaluation texts in training pairs."""

from pyterrier_hybrid.parallel.leaks.find import Leaks, find_leaks

__all__ = ["Leaks", "find_leaks"]
