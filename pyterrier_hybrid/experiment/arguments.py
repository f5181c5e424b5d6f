"""The arguments that experiments have in common, checked before anything is computed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ir_measures import Measure

from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.measures import needs_translations, parse_measures, reported_kinds
from pyterrier_hybrid.experiment.ranking.base import Ranker
from pyterrier_hybrid.experiment.ranking.rankers import read_systems
from pyterrier_hybrid.experiment.report.frames import check_statistics
from pyterrier_hybrid.experiment.settings import FamilyLike, choose, choose_kinds
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs


@dataclass(frozen=True)
class Arguments:
    """Checked arguments of an experiment.

    Attributes:
        rankers: The rankers of each system: one, or one for each seed.
        family: The dataset.
        measures: The measures.
        kinds: Some of mono, cross, multi.
        languages: Some of the dataset's languages.
        confidence: The level of confidence intervals, or None.
        cache: The folder of the cache, which exists, or None.
    """

    rankers: dict[str, list[Ranker]]
    family: FamilyLike
    measures: list[Measure]
    kinds: tuple[str, ...]
    languages: tuple[str, ...]
    confidence: float | None
    cache: Path | None

    @classmethod
    def read(
        cls,
        systems: dict[str, Any],
        dataset: "str | FamilyLike | ParallelPairs",
        *,
        measures: Iterable[Measure | str] | None,
        kinds: Iterable[str] | None,
        languages: Iterable[str] | None,
        baseline: str | None,
        test: str,
        confidence: float | None,
        cache: str | os.PathLike | None,
    ) -> "Arguments":
        """Check the arguments, as :func:`pyterrier_hybrid.LanguageExperiment` describes them.

        Raises:
            ValueError: An unknown or impossible value.
            TypeError: An argument of the wrong type.
            NotADirectoryError: The cache is a file.
        """
        rankers = read_systems(systems)
        if baseline is not None and (not isinstance(baseline, str) or baseline not in systems):
            hint = did_you_mean(baseline, systems)
            raise ValueError(f"baseline: {baseline!r} is unknown; the systems are {', '.join(systems)}{hint}")
        confidence = check_statistics(test, confidence)
        family = find_family(dataset)
        parsed, chosen_kinds, chosen = choose_evaluation(family, measures=measures, kinds=kinds, languages=languages)
        folder = None if cache is None else _cache_folder(cache)
        return cls(rankers, family, parsed, chosen_kinds, chosen, confidence, folder)

    def no_queries(self) -> ValueError:
        """Return the error about settings without a query."""
        return ValueError(
            f"{self.family.label}: no setting of kinds {', '.join(self.kinds)} over {', '.join(self.languages)} has "
            "queries; cross-lingual settings need two or more languages"
        )


def choose_evaluation(
    family: FamilyLike,
    *,
    measures: Iterable[Measure | str] | None,
    kinds: Iterable[str] | None,
    languages: Iterable[str] | None,
) -> tuple[list[Measure], tuple[str, ...], tuple[str, ...]]:
    """Choose measures, kinds of settings and languages, and check that they fit together.

    Args:
        family: The dataset family.
        measures: As for :func:`pyterrier_hybrid.LanguageExperiment`, and so are the others.
        kinds: Some of mono, cross, multi, or None.
        languages: Some of the family's languages, or None.

    Raises:
        ValueError: An unknown or impossible value.
        TypeError: An argument of the wrong type.

    Example:
        >>> from pyterrier_hybrid.datasets import family
        >>> choose_evaluation(family("atlas"), measures=["AP"], kinds=["mono"], languages=["de", "en"])
        ([AP], ('mono',), ('de', 'en'))
    """
    parsed = parse_measures(measures if measures is not None else family.measures or None)
    chosen_kinds = choose_kinds(family, kinds)
    chosen = family.default_languages if languages is None else choose("languages", languages, family.languages)
    if not any(kind in reported_kinds(measure) for measure in parsed for kind in chosen_kinds):
        needed = ", ".join(reported_kinds(parsed[0]))
        raise ValueError(f"measures: {parsed[0]} is reported for kind {needed} only; add it to the kinds")
    for measure in parsed:
        if needs_translations(measure) and "multi" in chosen_kinds and len(chosen) < 2:
            raise ValueError(f"measures: {measure} compares query languages; choose two or more, not {chosen[0]} only")
    return parsed, chosen_kinds, chosen


def _cache_folder(cache: str | os.PathLike) -> Path:
    """Return the folder of the cache; it is made now, since an error is better before ranking than after."""
    if not isinstance(cache, str | os.PathLike) or not os.fspath(cache):
        raise TypeError(f"cache={short_repr(cache)}: it is not a folder; give a path, or None")
    folder = Path(cache)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"cache={os.fspath(cache)!r}: it is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
