"""Leak check: evaluation texts in training pairs, and duplicates inside evaluation sets."""

from pyterrier_hybrid.parallel.leaks.duplicates import find_duplicates
from pyterrier_hybrid.parallel.leaks.find import Leaks, find_leaks

__all__ = ["Leaks", "find_duplicates", "find_leaks"]
