"""Measures of language bias as ir_measures measures, and measures computed from exact ranks."""

from pyterrier_hybrid.experiment.measures.measures import (
    DEFAULT_MEASURES,
    SUPPORTED,
    RankDistance,
    lower_is_better,
    parse_measures,
    values_from_ranks,
)

__all__ = [
    "DEFAULT_MEASURES",
    "SUPPORTED",
    "RankDistance",
    "lower_is_better",
    "parse_measures",
    "values_from_ranks",
]
