"""The rank distance as an ir_measures measure, and all measures that the grid computes from exact ranks."""

from pyterrier_hybrid.experiment.measures.rank_distance import RankDistance
from pyterrier_hybrid.experiment.measures.supported import (
    DEFAULT_MEASURES,
    SUPPORTED,
    lower_is_better,
    parse_measures,
    reported_kinds,
    values_from_ranks,
)

__all__ = [
    "DEFAULT_MEASURES",
    "SUPPORTED",
    "RankDistance",
    "lower_is_better",
    "parse_measures",
    "reported_kinds",
    "values_from_ranks",
]
