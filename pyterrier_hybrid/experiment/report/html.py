"""The results as one HTML page. ``report.html.j2`` is the page; this module prepares the values that it shows."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
from jinja2 import Environment, PackageLoader

from pyterrier_hybrid import __version__
from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.report import tables
from pyterrier_hybrid.experiment.report.formats import (
    PrintedTable,
    format_measure,
    header_levels,
    print_table,
)
from pyterrier_hybrid.experiment.report.intervals import RESAMPLES
from pyterrier_hybrid.experiment.report.paper import PAPERS, comparable, published_means
from pyterrier_hybrid.experiment.report.significance import PERMUTATIONS

LEVEL = 0.05
"""Significance level of the tests."""
_KINDS = {"mono": "monolingual", "cross": "cross-lingual", "multi": "multilingual"}
_TESTS = {"t-test": "paired t-tests", "randomisation": f"paired randomisation tests ({PERMUTATIONS:,} permutations)"}


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


@dataclass(frozen=True)
class HtmlTable:
    """A table of the page.

    Attributes:
        header: For each level of the header, its names and the number of columns that each name spans.
        rows: The name of each row and its cells, which the template prints.
    """

    header: list[list[tuple[str, int]]]
    rows: list[tuple[str, list[Any]]]


def page(results: _Results, heatmaps: Mapping[str, bytes]) -> str:
    """Return the page as HTML, which is the same for the same results.

    Args:
        results: The results.
        heatmaps: The heat map of each system as PNG.
    """
    loader = PackageLoader("pyterrier_hybrid.experiment.report", package_path="")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["counted"] = counted
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    settings = results.settings
    columns = tables.columns_of(settings)
    measures = list(settings["measure"].unique())
    kinds = [kind for kind in _KINDS if (settings["kind"] == kind).any()]
    return environment.get_template("report.html.j2").render(
        version=__version__,
        dataset=results.dataset,
        languages=results.languages,
        systems=list(settings["system"].unique()),
        settings_count=len(settings[["doc_lang", "query_lang"]].drop_duplicates()),
        kinds=[_KINDS[kind] for kind in kinds],
        queries=_queries(settings["queries"]),
        lower_is_better=[measure for measure in measures if lower_is_better(measure)],
        means=_means(results.means, columns),
        seeds=_seeds(results.means),
        confidence=results.confidence if "low" in results.means else None,
        resamples=RESAMPLES,
        baseline=results.baseline,
        test=_TESTS[results.test],
        level=LEVEL,
        tests=_tests(results, columns),
        published=_published(results, columns),
        heatmaps=heatmaps,
        by_language=[
            (measure, _KINDS[kind], _by_language(results, measure, kind))
            for measure in measures
            for kind in kinds
            if (measure, kind) in columns
        ],
        settings=_settings(settings),
        tested="p_corrected" in settings,
    )


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Write a count and its noun.

    Args:
        count: The count.
        noun: The noun in the singular.
        plural: Its plural; default: the noun with an "s".

    Example:
        >>> counted(1, "system"), counted(1000, "query", "queries")
        ('1 system', '1,000 queries')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _queries(counts: pd.Series) -> str:
    fewest, most = counts.min(), counts.max()
    return counted(most, "query", "queries") if fewest == most else f"{fewest:,} to {most:,} queries"


def _html_table(table: PrintedTable) -> HtmlTable:
    return HtmlTable(header_levels(table.columns), table.rows)


def _means(means: pd.DataFrame, columns: Sequence[tables.Column]) -> HtmlTable:
    """Prepare the means: each cell is a printed value and its confidence interval, which may be empty."""
    std = tables.by_kind(means, columns, "std") if "std" in means else None
    printed = print_table(tables.by_kind(means, columns), std=std)
    if "low" not in means:
        intervals = [[""] * len(columns) for _ in printed.rows]
    else:
        low, high = (tables.by_kind(means, columns, bound).to_numpy() for bound in ("low", "high"))
        intervals = [
            [
                f"{format_measure(low[row, column], measure)} to {format_measure(high[row, column], measure)}"
                for column, (measure, _) in enumerate(columns)
            ]
            for row in range(len(printed.rows))
        ]
    rows = [
        (name, list(zip(cells, bounds, strict=True)))
        for (name, cells), bounds in zip(printed.rows, intervals, strict=True)
    ]
    return HtmlTable(header_levels(printed.columns), rows)


def _seeds(means: pd.DataFrame) -> dict[str, int]:
    """Return the number of seeds of the systems with several."""
    if "seeds" not in means:
        return {}
    return {system: int(count) for system, count in zip(means["system"], means["seeds"], strict=True) if count > 1}


def _tests(results: _Results, columns: Sequence[tables.Column]) -> HtmlTable | None:
    """Count in how many settings each system is significantly better and worse than the baseline, and of how many."""
    settings = results.settings
    if results.baseline is None or settings["p_value"].isna().all():
        return None
    base = settings[settings["system"] == results.baseline]
    setting = ["kind", "doc_lang", "query_lang", "measure"]
    tested = settings[settings["p_value"].notna()]
    tested = tested.merge(base[[*setting, "value"]].rename(columns={"value": "baseline"}), on=setting)
    rows = []
    for system in settings["system"].unique():
        if system == results.baseline:
            continue
        cells = []
        for measure, kind in columns:
            tests = tested[(tested["system"] == system) & (tested["measure"] == measure) & (tested["kind"] == kind)]
            significant = tests[tests["p_corrected"] < LEVEL]
            better = (significant["value"] < significant["baseline"]) == lower_is_better(measure)
            cells.append((int(better.sum()), int((~better).sum()), len(tests)))
        rows.append((system, cells))
    return HtmlTable(header_levels([(measure, tables.HEADINGS[kind]) for measure, kind in columns]), rows)


def _published(results: _Results, columns: Sequence[tables.Column]) -> list[tuple[str, HtmlTable]]:
    """Put the means beside those of each encoder of the paper that has any of the same measures and kinds."""
    compared: list[tuple[str, HtmlTable]] = []
    if not comparable(results.dataset, results.languages):
        return compared
    for paper, name in PAPERS.items():
        published = published_means(paper, results.dataset, results.languages)
        common = [column for column in columns if column in {(measure, kind) for _, measure, kind in published}]
        if common:
            frame = tables.compare_by_kind(results.means, published, common)
            compared.append((name, _html_table(print_table(frame, best=None, missing="–"))))
    return compared


def _by_language(results: _Results, measure: str, kind: str) -> HtmlTable:
    """Prepare the table of one measure and kind, with nothing but the systems above the columns."""
    printed = print_table(tables.by_language(results.per_language(), [(measure, kind)], results.languages), best="row")
    return HtmlTable([[(system, 1) for *_, system in printed.columns]], printed.rows)


def _settings(settings: pd.DataFrame) -> HtmlTable:
    """Prepare all settings: each cell is a text, and whether it differs significantly from the baseline."""
    names = ["kind", "doc_lang", "query_lang", "queries"]
    p_values = settings["p_corrected"] if "p_corrected" in settings else settings["value"] * float("nan")
    values: dict[tuple[Any, ...], dict[tuple[str, str], tuple[str, bool]]] = {}
    for *setting, measure, system, value, p_value in zip(
        *(settings[name] for name in names),
        settings["measure"],
        settings["system"],
        settings["value"],
        p_values,
        strict=True,
    ):
        text = "" if pd.isna(value) else format_measure(value, measure)
        values.setdefault(tuple(setting), {})[measure, system] = text, p_value < LEVEL
    present = set(zip(settings["measure"], settings["system"], strict=True))
    columns = [
        (measure, system)
        for measure in settings["measure"].unique()
        for system in settings["system"].unique()
        if (measure, system) in present
    ]
    rows = [
        (
            kind,
            [(name, False) for name in (doc_lang, query_lang, queries)] + [cells.get(c, ("", False)) for c in columns],
        )
        for (kind, doc_lang, query_lang, queries), cells in values.items()
    ]
    return HtmlTable(
        header_levels([*(("", name) for name in ("documents in", "queries in", "queries")), *columns]), rows
    )
