"""Several results on one page: those of the same queries become one section."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.report.files import write_file
from pyterrier_hybrid.experiment.report.frames import Cell, Frames
from pyterrier_hybrid.experiment.report.html import page
from pyterrier_hybrid.experiment.report.intervals import RANK_CONFIDENCE
from pyterrier_hybrid.experiment.report.results import LanguageResults
from pyterrier_hybrid.experiment.settings import question_of
from pyterrier_hybrid.utils.suggestions import did_you_mean

_SETTING = ["kind", "doc_lang", "query_lang"]
# What tells the rows of a frame apart, as far as it has these columns.
_KEYS = ["system", "other", *_SETTING, "measure", "seed", "qid", "docno"]


def write_page(path: str | os.PathLike[str], parts: Mapping[str, LanguageResults]) -> None:
    """Write results to one HTML page, which needs no other files, whole or not at all.

    Args:
        path: The file; an existing one is replaced.
        parts: The results by their titles.
    """
    write_file(path, page(parts))


def merged(
    results: Sequence[tuple[str, LanguageResults]], *, baseline: str | None = None
) -> dict[str, LanguageResults]:
    """Join results on the same dataset, languages and queries.

    Systems of one name in several results are one row if their values are equal; otherwise they get the name of their
    result beside. Ranks, intervals and tests are computed from the values of single queries, if all results have them;
    otherwise ranks and tests are left out.

    Args:
        results: Results and their names.
        baseline: The system that the others are tested against: its name, with that of its result in parentheses if
            a part has several of the name.

    Returns:
        The joined results by their titles: the name of the dataset, with the names of the results if another part has
        the same dataset.

    Raises:
        ValueError: The baseline is not among the systems of a part, or several are, or a part lacks the values of
            single queries.
    """
    groups: list[list[tuple[str, LanguageResults]]] = []
    for name, one in results:
        for group in groups:
            if all(_comparable(one, other) for _, other in group):
                group.append((name, one))
                break
        else:
            groups.append([(name, one)])
    datasets = [group[0][1].dataset for group in groups]
    plain = {f"{system} ({name})": system for name, one in results for system in one.systems}
    parts: dict[str, LanguageResults] = {}
    for group, dataset in zip(groups, datasets, strict=True):
        names = ", ".join(dict.fromkeys(name for name, _ in group))
        title = dataset if datasets.count(dataset) == 1 else f"{dataset}, {names}"
        title = title if title not in parts else f"{title} ({len(parts) + 1})"
        alone = len(group) == 1 and baseline is None
        parts[title] = group[0][1] if alone else _joined(title, group, baseline, plain)
    return parts


def _comparable(one: LanguageResults, other: LanguageResults) -> bool:
    """Whether two results are over the same languages and queries, as far as they have the same kinds of settings."""
    same = one.dataset == other.dataset and one.languages == other.languages
    common = one.collection.keys() & other.collection.keys()
    return same and all(one.collection[kind] == other.collection[kind] for kind in common)


def _differing(results: Sequence[LanguageResults]) -> set[str]:
    """Return the systems that are in several results and do not have the same values wherever two have a value."""
    count = Counter(chain.from_iterable(one.systems for one in results))
    cells = ["system", *_SETTING, "measure"]
    values = pd.concat([one.settings[[*cells, "value"]] for one in results]).groupby(cells, sort=False)["value"]
    spread, times = values.nunique(dropna=False).groupby("system").max(), values.size().groupby("system").max()
    # Without a common setting, nothing says that they are the same.
    return {system for system in count if count[system] > 1 and (spread[system] > 1 or times[system] < count[system])}


def _row_of(title: str, baseline: str, rows: Mapping[tuple[str, str], str], plain: Mapping[str, str]) -> str:
    """Return the row of a part that a baseline means.

    Args:
        title: The title of the part.
        baseline: The baseline.
        rows: The part's rows by the names of their result and system.
        plain: The systems by their names with that of a result in parentheses, of all parts.
    """
    exact = {f"{system} ({name})": row for (name, system), row in rows.items()}
    alike = [row for (_, system), row in rows.items() if system in (baseline, plain.get(baseline))]
    names = list(dict.fromkeys(rows.values()))
    found = [baseline] if baseline in names else [exact[baseline]] if baseline in exact else list(dict.fromkeys(alike))
    if not found:
        hint = did_you_mean(baseline, names)
        raise ValueError(f"baseline: {title} has no {baseline!r}, only {', '.join(names)}{hint}")
    if len(found) > 1:
        raise ValueError(f"baseline: {title} has several {baseline!r}: choose one of {', '.join(found)}")
    return found[0]


def _joined(
    title: str, group: Sequence[tuple[str, LanguageResults]], baseline: str | None, plain: Mapping[str, str]
) -> LanguageResults:
    differing = _differing([one for _, one in group])
    rows = {
        (name, system): f"{system} ({name})" if system in differing else system
        for name, one in group
        for system in one.systems
    }
    baseline = None if baseline is None else _row_of(title, baseline, rows, plain)

    def renamed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
        changed = {system: row for (result, system), row in rows.items() if result == name}
        columns = [column for column in ("system", "other") if column in frame]
        return frame.assign(**{column: frame[column].replace(changed) for column in columns})

    def concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """Join frames; rows that several results have are there once."""
        whole = pd.concat(frames, ignore_index=True)
        return whole.drop_duplicates([column for column in _KEYS if column in whole], ignore_index=True)

    def joined(attribute: str) -> pd.DataFrame | None:
        frames = [renamed(frame, name) for name, one in group if (frame := getattr(one, attribute)) is not None]
        return concat(frames) if frames else None

    settings = joined("settings")
    assert settings is not None
    settings = settings.drop(columns=["p_value", "p_corrected"], errors="ignore")
    if "seeds" in settings:
        settings["seeds"] = settings["seeds"].fillna(1).astype(int)
    first = group[0][1]
    confidence = first.confidence if all(one.confidence == first.confidence for _, one in group) else None
    without = [name for name, one in group if one.queries is None]
    intervals = [renamed(one.means, name) for name, one in group if "low" in one.means]
    ranks = None
    if not without:
        queries = joined("queries")
        assert queries is not None
        frames = _frames(queries, list(settings["system"].unique()))
        ranks = frames.ranks(confidence or RANK_CONFIDENCE)
        if baseline is not None:
            tested = frames.settings(baseline, first.test)[["system", *_SETTING, "measure", "p_value", "p_corrected"]]
            settings = settings.merge(tested, on=["system", *_SETTING, "measure"], how="left")
    elif baseline is not None:
        raise ValueError(f"baseline: {without[0]} has no values of single queries; run `compare` with --per-query")
    limits = joined("limits")
    return LanguageResults(
        settings,
        dataset=first.dataset,
        languages=first.languages,
        baseline=baseline,
        test=first.test,
        seeds=joined("seeds"),
        intervals=(
            concat(intervals)[["system", "kind", "measure", "low", "high"]]
            if confidence is not None and len(intervals) == len(group)
            else None
        ),
        confidence=confidence,
        ranks=ranks,
        limits=None if limits is None else limits.drop_duplicates(["kind", "measure"]),
        differences=joined("differences"),
        collection={kind: value for _, one in group for kind, value in one.collection.items()},
    )


class _Asked(NamedTuple):
    """What :class:`Frames` needs to know of a setting."""

    kind: str
    doc_lang: str
    query_lang: str
    qids: tuple[str, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """The question of each query."""
        return question_of(self.qids, self.query_lang)


def _frames(queries: pd.DataFrame, systems: Sequence[str]) -> Frames:
    """Return the frames of the values of single queries."""
    settings: list[_Asked] = []
    values: dict[Cell, list[np.ndarray]] = {}
    for setting, rows in queries.groupby(_SETTING, sort=False):
        kind, doc_lang, query_lang = map(str, setting)
        table = rows.pivot(index="qid", columns=["system", "measure"], values="value")
        for system, measure in table.columns:
            values[system, len(settings), measure] = [table[system, measure].to_numpy()]
        settings.append(_Asked(kind, doc_lang, query_lang, tuple(table.index)))
    return Frames(settings, values, systems, list(queries["measure"].unique()))
