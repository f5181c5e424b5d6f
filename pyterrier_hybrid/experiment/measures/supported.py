"""The measures that the grid computes from exact ranks."""

import re
from collections.abc import Callable, Iterable

import ir_measures
import numpy as np
from ir_measures import AP, Measure, R

from pyterrier_hybrid.experiment.measures.base import RankMeasure
from pyterrier_hybrid.experiment.measures.complete import Complete, MaxRank
from pyterrier_hybrid.experiment.measures.language_preference import (
    FirstRightOther,
    FirstRightSame,
    FirstWrongOther,
    FirstWrongSame,
    LanguagePreference,
)
from pyterrier_hybrid.experiment.measures.rank_correlation import RankCorrelation
from pyterrier_hybrid.experiment.measures.rank_distance import RankDistance
from pyterrier_hybrid.experiment.measures.ranks import (
    Ranks,
    average_precision,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    success,
)
from pyterrier_hybrid.utils.checks import list_of
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.suggestions import did_you_mean

OWN_MEASURES: tuple[RankMeasure, ...] = (
    RankDistance,
    MaxRank,
    Complete,
    LanguagePreference,
    FirstRightSame,
    FirstRightOther,
    FirstWrongSame,
    FirstWrongOther,
    RankCorrelation,
)
"""The measures that this package adds to ir_measures."""

FROM_RANKS: dict[str | None, Callable[[Ranks, int | None], np.ndarray]] = {
    "AP": average_precision,
    "R": recall,
    "P": precision,
    "RR": reciprocal_rank,
    "nDCG": ndcg,
    "Success": success,
}
"""Name of a measure of ir_measures -> function from ranks and a cutoff to its values."""

DEFAULT_MEASURES: tuple[Measure, ...] = (AP, R @ 1, R @ 10, RankDistance)

for _own in OWN_MEASURES:
    if _own.NAME not in ir_measures.measures.registry:
        ir_measures.measures.register(_own, name=_own.NAME)


def _spellings() -> str:
    """List all supported measures: with a cutoff if they have one, and also without it if it is optional."""
    spellings = []
    for name in [*FROM_RANKS, *(measure.NAME for measure in OWN_MEASURES)]:
        parameters = ir_measures.measures.registry[name].SUPPORTED_PARAMS
        if "cutoff" not in parameters:
            spellings.append(f"{name}")
        else:
            spellings += [f"{name}@k"] if parameters["cutoff"].required else [f"{name}", f"{name}@k"]
    return ", ".join(spellings)


SUPPORTED = _spellings()


def parse_measures(measures: Iterable[Measure | str] | Measure | str | None) -> list[Measure]:
    """Parse the measures of a language experiment.

    Args:
        measures: ir_measures objects or their names, or a single one; default: AP, R@1, R@10 and RankDistance.

    Returns:
        The measures in the given order, without duplicates.

    Raises:
        ValueError: A measure that cannot be computed from the ranks of the relevant documents, or no measure.
        TypeError: Something that is neither a measure nor a string.

    Example:
        >>> parse_measures(["AP", "nDCG@10", "RankDistance"])
        [AP, nDCG@10, RankDistance]
    """
    if measures is None:
        return list(DEFAULT_MEASURES)
    several = list_of("measures", measures, (str, Measure))
    parsed = list(dict.fromkeys(_parse_measure(measure) for measure in several))
    if not parsed:
        raise ValueError(f"measures: no measure was given; the supported ones are {SUPPORTED}")
    return parsed


def _parse_measure(measure: Measure | str) -> Measure:
    if not isinstance(measure, (Measure, str)):
        is_class = isinstance(measure, type) and issubclass(measure, RankMeasure)
        hint = f" (make an object of it: {measure.__name__}())" if is_class else ""
        raise TypeError(
            f"measures: {short_repr(measure)} is neither an ir_measures measure nor a string such as 'R@10'{hint}"
        )
    name, known = str(measure).partition("@")[0], [*map(str, FROM_RANKS), *(str(own.NAME) for own in OWN_MEASURES)]
    hint = "" if name in known else did_you_mean(name, known)
    unsupported = ValueError(f"measures: {str(measure)!r} is not supported; the supported ones are {SUPPORTED}{hint}")
    try:
        parsed = ir_measures.parse_measure(measure) if isinstance(measure, str) else measure
        parsed.validate_params()
    except (ValueError, NameError, AssertionError) as error:
        raise unsupported from error
    if isinstance(parsed, RankMeasure):
        return parsed
    options = {name for name, value in parsed.params.items() if value != parsed.SUPPORTED_PARAMS[name].default}
    cutoff = parsed.params.get("cutoff")
    if parsed.NAME not in FROM_RANKS or options - {"cutoff"} or (cutoff is not None and cutoff < 1):
        raise unsupported
    return parsed


def values_from_ranks(measure: Measure, ranks: Ranks) -> np.ndarray:
    """Compute a measure of every query, equal to what ir_measures computes from the whole ranking.

    Args:
        measure: A measure that :func:`parse_measures` accepts.
        ranks: The ranks of the relevant documents.

    Returns:
        float64 ``[queries]``.
    """
    if isinstance(measure, RankMeasure):
        return measure.from_ranks(ranks)
    return FROM_RANKS[measure.NAME](ranks, measure.params.get("cutoff"))


def reported_kinds(measure: Measure) -> tuple[str, ...]:
    """Return the kinds of settings that a measure is reported for.

    Example:
        >>> reported_kinds(RankDistance), reported_kinds(AP)
        (('multi',), ('mono', 'cross', 'multi'))
    """
    return measure.kinds if isinstance(measure, RankMeasure) else RankMeasure.kinds


def needs_translations(measure: Measure) -> bool:
    """Whether a measure needs the queries of all languages at once.

    Example:
        >>> needs_translations(RankCorrelation), needs_translations(AP)
        (True, False)
    """
    return isinstance(measure, RankMeasure) and measure.needs_translations


def lower_is_better(measure: Measure | str) -> bool:
    """Whether small values of a measure are good.

    Args:
        measure: The measure or its name.

    Example:
        >>> lower_is_better("RankDistance@100"), lower_is_better("AP")
        (True, False)
    """
    own = _own_measure(measure)
    return own is not None and own.lower_is_better


def decimals(measure: Measure | str) -> int:
    """Return the number of decimals that values of a measure are printed with.

    Args:
        measure: The measure or its name.

    Example:
        >>> decimals("RankDistance"), decimals("RankDistance(normalized=True)@100"), decimals("AP")
        (0, 3, 3)
    """
    own = _own_measure(measure)
    return 3 if own is None else int(own.decimals)


def _own_measure(measure: Measure | str) -> RankMeasure | None:
    """Return a measure of this package by its name, which may have parameters; None if it is another one."""
    if isinstance(measure, RankMeasure):
        return measure
    name = re.match(r"\w*", str(measure))
    if name is None or name[0] not in {own.NAME for own in OWN_MEASURES}:
        return None
    parsed = ir_measures.parse_measure(str(measure))
    return parsed if isinstance(parsed, RankMeasure) else None
