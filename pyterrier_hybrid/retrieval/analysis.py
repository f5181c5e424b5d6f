"""Public import path of :mod:`pyterrier_hybrid.text.analysis`, which has moved."""

from pyterrier_hybrid.text.analysis import NGRAMS, SNOWBALL, Analyzer, analyzer

__all__ = ["NGRAMS", "SNOWBALL", "Analyzer", "analyzer"]
