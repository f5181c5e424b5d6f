"""The kinds of systems, and the systems of an experiment as rankers."""

from typing import Any

from pyterrier_hybrid.experiment.ranking.base import Ranker
from pyterrier_hybrid.experiment.ranking.bm25 import BM25Ranker
from pyterrier_hybrid.experiment.ranking.encoder import EncoderRanker
from pyterrier_hybrid.experiment.ranking.feedback import FeedbackRanker
from pyterrier_hybrid.experiment.ranking.function import FunctionRanker
from pyterrier_hybrid.experiment.ranking.fusion import FusionRanker
from pyterrier_hybrid.experiment.ranking.runs import RunsRanker
from pyterrier_hybrid.retrieval.protocols import unknown_system
from pyterrier_hybrid.utils.suggestions import did_you_mean

RANKERS: tuple[type[Ranker], ...] = (
    BM25Ranker,
    RunsRanker,
    EncoderRanker,
    FusionRanker,
    FeedbackRanker,
    # Last, since systems of other kinds may be callable too.
    FunctionRanker,
)
"""The kinds of systems. The first kind that accepts a system ranks it."""


def read_systems(systems: Any) -> dict[str, list[Ranker]]:
    """Check the systems of an experiment before anything is computed.

    Args:
        systems: A dictionary from names to systems, or to lists of systems: the seeds of one system.

    Returns:
        The rankers of each system: one, or one for each seed.

    Raises:
        TypeError: Not a dictionary, or a system of no known kind.
        ValueError: No system, an unknown string, or an empty list.

    Example:
        >>> read_systems({"BM25": "bm25"})["BM25"][0].location
        "systems['BM25']"
    """
    if not isinstance(systems, dict):
        raise TypeError(f"systems: give a dictionary {{name: system}}, not {type(systems).__name__}")
    if not systems:
        raise ValueError("systems: no system was given; give at least one, such as {'BM25': 'bm25'}")
    rankers = {}
    for name, system in systems.items():
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"systems: the name {name!r} must be a string that is not empty")
        location = f"systems[{name!r}]"
        if not isinstance(system, (list, tuple)):
            rankers[name] = [_ranker(name, location, system)]
        elif system:
            rankers[name] = [_ranker(name, f"{location}[{seed}]", one) for seed, one in enumerate(system)]
        else:
            raise ValueError(f"{location}: the list is empty; give one encoder for each seed")
    return rankers


def _ranker(name: str, location: str, system: Any) -> Ranker:
    if isinstance(system, type):
        raise TypeError(f"{location}: {system.__name__} is a class; make an object of it: {system.__name__}(...)")
    for kind in RANKERS:
        if kind.accepts(system):
            return kind(name, location, system)
    if isinstance(system, str):
        raise ValueError(
            f"{location}: {system!r} is unknown; the valid string is 'bm25', "
            f"an encoder is given as an object: DenseEncoder(...){did_you_mean(system, ['bm25'])}"
        )
    raise unknown_system(location, system)
