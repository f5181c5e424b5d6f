"""The results as one HTML page. ``report.html.j2`` is the page; this module prepares the values that it shows."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd
from jinja2 import Environment, PackageLoader

from pyterrier_hybrid import __version__
from pyterrier_hybrid.datasets import families
from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.report import tables
from pyterrier_hybrid.experiment.report.formats import (
    PrintedValue,
    format_measure,
    header_levels,
    print_table,
)
from pyterrier_hybrid.experiment.report.intervals import RESAMPLES
from pyterrier_hybrid.experiment.report.paper import PAPERS, comparable, published_means
from pyterrier_hybrid.experiment.report.significance import PERMUTATIONS
from pyterrier_hybrid.utils.formatting import counted, format_number

LEVEL = 0.05
"""Significance level of the tests."""
KIND_NAMES = {"mono": "monolingual", "cross": "cross-lingual", "multi": "multilingual"}
TEST_NAMES = {
    "t-test": "paired t-tests",
    "randomisation": f"paired randomisation tests ({PERMUTATIONS:,} permutations)",
}


class _Results(Protocol):
    """What the page shows of :class:`~pyterrier_hybrid.experiment.LanguageResults`."""

    @property
    def dataset(self) -> str: ...
    @property
    def languages(self) -> Sequence[str]: ...
    @property
    def baseline(self) -> str | None: ...
    @property
    def test(self) -> str: ...
    @property
    def confidence(self) -> float | None: ...
    @property
    def settings(self) -> pd.DataFrame: ...
    @property
    def means(self) -> pd.DataFrame: ...
    def per_language(self) -> pd.DataFrame: ...
    def fairness(self) -> pd.DataFrame: ...


class Table(NamedTuple):
    """A table of the page.

    Attributes:
        header: For each level of the header, its names and the number of columns that each name spans.
        rows: The name of each row and its cells; the template prints them.
    """

    header: list[list[tuple[str, int]]]
    rows: Sequence[tuple[str, Sequence[Any]]]


class _Mean(NamedTuple):
    """A mean and its confidence interval, which may be empty."""

    printed: PrintedValue
    interval: str


class _Tests(NamedTuple):
    """The number of settings in which a system is significantly better and worse, out of all tested ones."""

    better: int
    worse: int
    tested: int


class _SettingCell(NamedTuple):
    """A value or name of a setting, and whether the value differs significantly from the baseline's."""

    text: str
    significant: bool = False


def render(template: str, **values: Any) -> str:
    """Fill in a template of this package: what it needs besides tables and their macros is the caller's.

    Args:
        template: The name of its file.
        **values: Its values.
    """
    loader = PackageLoader("pyterrier_hybrid.experiment.report", package_path="")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["counted"] = counted
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return environment.get_template(template).render(version=__version__, **values)


def page(results: _Results, heatmaps: Mapping[str, bytes]) -> str:
    """Return the page as HTML, which is the same for the same results.

    Args:
        results: The results.
        heatmaps: The heat map of each system as PNG.
    """
    settings, means, per_language = results.settings, results.means, results.per_language()
    columns = tables.columns_of(settings)
    measures = list(settings["measure"].unique())
    kinds = [kind for kind in KIND_NAMES if (settings["kind"] == kind).any()]
    return render(
        "report.html.j2",
        dataset=results.dataset,
        note=_note(results.dataset),
        languages=results.languages,
        systems=list(settings["system"].unique()),
        settings_count=len(settings[["doc_lang", "query_lang"]].drop_duplicates()),
        kinds=[KIND_NAMES[kind] for kind in kinds],
        queries=_queries(settings["queries"]),
        lower_is_better=[measure for measure in measures if lower_is_better(measure)],
        means=_means(means, columns),
        seeds=_seeds(means),
        confidence=results.confidence if "low" in means else None,
        resamples=RESAMPLES,
        baseline=results.baseline,
        test=TEST_NAMES.get(results.test, results.test),
        level=LEVEL,
        tests=_tests(settings, results.baseline, columns),
        published=_published(means, results.dataset, results.languages, columns),
        heatmaps=heatmaps,
        by_language=[
            (measure, KIND_NAMES[kind], _by_language(per_language, (measure, kind), results.languages))
            for measure in measures
            for kind in kinds
            if (measure, kind) in columns
        ],
        fairness=[
            (measure, KIND_NAMES[str(kind)], _fairness(group, str(measure)))
            for (measure, kind), group in results.fairness().groupby(["measure", "kind"], sort=False)
        ],
        settings=_settings(settings),
        tested="p_corrected" in settings,
    )


def _note(dataset: str) -> str:
    """Return how to read results on a dataset of this package; empty: as those of any other."""
    notes = {family.name: family.note for family in families()}
    return notes.get(dataset.partition("/")[0], "")


def _queries(counts: pd.Series) -> str:
    fewest, most = counts.min(), counts.max()
    return counted(most, "query", "queries") if fewest == most else f"{fewest:,} to {most:,} queries"


def _seeds(means: pd.DataFrame) -> dict[str, int]:
    """Return the number of seeds of the systems with several."""
    if "seeds" not in means:
        return {}
    return {system: int(count) for system, count in zip(means["system"], means["seeds"], strict=True) if count > 1}


def _means(means: pd.DataFrame, columns: Sequence[tables.Column]) -> Table:
    std = tables.by_kind(means, columns, "std") if "std" in means else None
    printed = print_table(tables.by_kind(means, columns), std=std)
    intervals = [[""] * len(columns) for _ in printed.rows]
    if "low" in means:
        low, high = (tables.by_kind(means, columns, bound).to_numpy() for bound in ("low", "high"))
        for row, texts in enumerate(intervals):
            for column, (measure, _) in enumerate(columns):
                bounds = format_measure(low[row, column], measure), format_measure(high[row, column], measure)
                texts[column] = " to ".join(bounds)
    rows = [
        (name, [_Mean(*cell) for cell in zip(cells, texts, strict=True)])
        for (name, cells), texts in zip(printed.rows, intervals, strict=True)
    ]
    return Table(header_levels(printed.columns), rows)


def _tests(settings: pd.DataFrame, baseline: str | None, columns: Sequence[tables.Column]) -> Table | None:
    """Count the significant tests of each system against the baseline; None if there was no test."""
    if baseline is None or settings["p_value"].isna().all():
        return None
    names = ["kind", "doc_lang", "query_lang", "measure"]
    base = settings.loc[settings["system"] == baseline, [*names, "value"]].rename(columns={"value": "baseline"})
    tested = settings[settings["p_value"].notna()].merge(base, on=names)
    rows = []
    for system in settings["system"].unique():
        if system == baseline:
            continue
        cells = []
        for measure, kind in columns:
            tests = tested[(tested["system"] == system) & (tested["measure"] == measure) & (tested["kind"] == kind)]
            significant = tests[tests["p_corrected"] < LEVEL]
            better = (significant["value"] < significant["baseline"]) == lower_is_better(measure)
            cells.append(_Tests(int(better.sum()), int((~better).sum()), len(tests)))
        rows.append((system, cells))
    return Table(header_levels([(measure, tables.HEADINGS[kind]) for measure, kind in columns]), rows)


def _published(
    means: pd.DataFrame, dataset: str, languages: Sequence[str], columns: Sequence[tables.Column]
) -> list[tuple[str, Table]]:
    """Compare the means with each encoder of the paper that has any of the same measures and kinds."""
    compared: list[tuple[str, Table]] = []
    if not comparable(dataset, languages):
        return compared
    for paper, name in PAPERS.items():
        published = published_means(paper, dataset, languages)
        reported = {(measure, kind) for _, measure, kind in published}
        common = [column for column in columns if column in reported]
        if common:
            printed = print_table(tables.compare_by_kind(means, published, common), best=None, missing="–")
            compared.append((name, Table(header_levels(printed.columns), printed.rows)))
    return compared


def _by_language(per_language: pd.DataFrame, column: tables.Column, languages: Sequence[str]) -> Table:
    """Prepare the table of one measure and kind, whose header names the systems only."""
    printed = print_table(tables.by_language(per_language, [column], languages), best="row")
    return Table([[(system, 1) for *_, system in printed.columns]], printed.rows)


def _fairness(fairness: pd.DataFrame, measure: str) -> Table:
    """Prepare the table of how the values of languages differ, of one measure and kind."""
    names = {"mean": "mean", "std": "std", "gini": "Gini", "worst": "worst", "gap_to_english": "gap to English"}
    rows = []
    for record in fairness.to_dict("records"):
        row: dict[Any, Any] = record
        texts = {name: "–" if pd.isna(row[name]) else format_measure(row[name], measure) for name in names}
        texts["gini"] = "–" if pd.isna(row["gini"]) else format_number(row["gini"], 3)
        texts["worst"] += f" ({row['worst_lang']})" if row["worst_lang"] else ""
        rows.append((row["system"], list(texts.values())))
    return Table([[(name, 1) for name in names.values()]], rows)


def _settings(settings: pd.DataFrame) -> Table:
    """Prepare the table of all settings: one row per setting, one column per measure and system."""
    names = ["kind", "doc_lang", "query_lang", "queries"]
    p_values = settings["p_corrected"] if "p_corrected" in settings else [1.0] * len(settings)
    values: dict[tuple[Any, ...], dict[tuple[str, str], _SettingCell]] = {}
    for *setting, measure, system, value, p_value in zip(
        *(settings[name] for name in [*names, "measure", "system", "value"]), p_values, strict=True
    ):
        text = "" if pd.isna(value) else format_measure(value, measure)
        values.setdefault(tuple(setting), {})[measure, system] = _SettingCell(text, p_value < LEVEL)
    present = set(zip(settings["measure"], settings["system"], strict=True))
    columns = [
        (measure, system)
        for measure in settings["measure"].unique()
        for system in settings["system"].unique()
        if (measure, system) in present
    ]
    rows = [
        (kind, [*map(_SettingCell, rest), *(cells.get(column, _SettingCell("")) for column in columns)])
        for (kind, *rest), cells in values.items()
    ]
    return Table(header_levels([("", "documents in"), ("", "queries in"), ("", "queries"), *columns]), rows)
