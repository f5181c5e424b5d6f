"""The best value that a perfect ranking would have, where it is not that of the measure itself."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.measures import lower_is_better, needs_translations, reported_kinds, values_from_ranks
from pyterrier_hybrid.experiment.measures.base import RankMeasure
from pyterrier_hybrid.experiment.measures.ranks import Ranks, index_in_group
from pyterrier_hybrid.experiment.report.formats import format_measure
from pyterrier_hybrid.experiment.report.tables import HEADINGS
from pyterrier_hybrid.experiment.settings import KINDS, Setting


def limits_of(settings: Sequence[Setting], measures: Sequence[Measure]) -> pd.DataFrame:
    """Compute the values of perfect rankings, in which the relevant documents come first.

    A query whose pool has its answer in 11 languages has 11 relevant documents, and its R@1 is 1/11 at most.

    Args:
        settings: The settings of an experiment.
        measures: Its measures.

    Returns:
        Columns kind, measure, limit (the mean over the settings of a kind), without the measures whose limit is 1, or 0
        if less is better, and without those of which the order of the relevant documents matters.
    """
    rows = []
    for measure in measures:
        for kind in KINDS:
            of_kind = [setting for setting in settings if setting.kind == kind]
            if not of_kind or kind not in reported_kinds(measure):
                continue
            perfect = [_perfect_ranks(setting) for setting in of_kind]
            if any(not _is_best(measure, ranks) for ranks in perfect):
                continue
            limit = float(np.mean([values_from_ranks(measure, ranks).mean() for ranks in perfect]))
            if not np.isclose(limit, 0.0 if lower_is_better(measure) else 1.0):
                rows.append((kind, str(measure), limit))
    return pd.DataFrame(rows, columns=["kind", "measure", "limit"])


def described(limits: pd.DataFrame | None) -> list[str]:
    """Write limits for readers of a table.

    Args:
        limits: The frame of :func:`limits_of`, or None.

    Example:
        >>> described(pd.DataFrame({"kind": ["multi"], "measure": ["R@1"], "limit": [1 / 11]}))
        ['R@1 Mul. at most .091']
    """
    if limits is None:
        return []
    texts = []
    for kind, measure, limit in limits[["kind", "measure", "limit"]].itertuples(index=False):
        bound = "at least" if lower_is_better(measure) else "at most"
        texts.append(f"{measure} {HEADINGS[kind]} {bound} {format_measure(limit, measure)}")
    return texts


def _perfect_ranks(setting: Setting) -> Ranks:
    """Return ranks from 1 on: the documents that the corpus has, the most relevant first."""
    order = np.lexsort((-setting.relevance, ~setting.in_corpus, setting.query))
    rank = np.empty(len(order), np.int64)
    rank[order] = index_in_group(setting.query) + 1
    return setting.ranks(np.stack([rank, rank]), len(setting.column_langs))


def _is_best(measure: Measure, perfect: Ranks) -> bool:
    """Whether no other ranking has a better value than one with the relevant documents first."""
    if needs_translations(measure) or (isinstance(measure, RankMeasure) and measure.needs_languages):
        return False
    # Documents below a cutoff count as the one after it, so a distance is smaller if all are there.
    cutoff = measure.params.get("cutoff") or perfect.depth
    complete = bool((perfect.rank > 0).all()) and int(perfect.rank.max(initial=0)) <= cutoff
    return complete or measure.NAME != "RankDistance"
