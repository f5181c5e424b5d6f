"""Moved to :mod:`pyterrier_hybrid.text.analysis`; the names stay here too."""

from pyterrier_hybrid.text.analysis import NGRAMS, SNOWBALL, Analyzer, analyzer

__all__ = ["NGRAMS", "SNOWBALL", "Analyzer", "analyzer"]
