"""The results as one HTML page. ``report.html.j2`` is the page; this module prepares the values that it shows."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

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
from pyterrier_hybrid.experiment.report.intervals import RANK_CONFIDENCE, RESAMPLES
from pyterrier_hybrid.experiment.report.limits import described
from pyterrier_hybrid.experiment.report.paper import PAPERS, comparable, published_means
from pyterrier_hybrid.experiment.report.significance import PERMUTATIONS
from pyterrier_hybrid.utils.formatting import counted, format_number

if TYPE_CHECKING:
    from pyterrier_hybrid.utils.figures import Picture

LEVEL = 0.05
"""Significance level of the tests."""
_LONGEST_TEXT = 300
"""Characters of a document that the page shows."""
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
    @property
    def ranks(self) -> pd.DataFrame | None: ...
    @property
    def limits(self) -> pd.DataFrame | None: ...
    @property
    def differences(self) -> pd.DataFrame | None: ...
    def heatmaps(self) -> "dict[str, Picture]": ...
    def per_language(self) -> pd.DataFrame: ...
    def fairness(self) -> pd.DataFrame: ...


class Table(NamedTuple):
    """A table of the page.

    Attributes:
        header: For each level of the header, its names and the number of columns that each name spans.
        rows: The name of each row and its cells; the template prints them.
        corner: What the rows are.
        foot: Rows that stay below the others when the table is sorted.
    """

    header: list[list[tuple[str, int]]]
    rows: Sequence[tuple[str, Sequence[Any]]]
    corner: str = "system"
    foot: Sequence[tuple[str, Sequence[Any]]] = ()


class _Mean(NamedTuple):
    """A mean, its confidence interval and its rank among the systems, which may be empty."""

    printed: PrintedValue
    interval: str
    rank: str


class _Tests(NamedTuple):
    """The number of settings in which a system is significantly better and worse, out of all tested ones."""

    better: int
    worse: int
    tested: int


class _SettingCell(NamedTuple):
    """A value or name of a setting, and whether the value differs significantly from the baseline's."""

    text: str
    significant: bool = False


class _Query(NamedTuple):
    """A query on which two systems differ, for readers.

    Attributes:
        text: Its text.
        lang: Its language.
        documents_in: The language of the documents.
        qid: Its id.
        values: The values of both systems.
        documents: Language, text and both ranks of each relevant document.
    """

    text: str
    lang: str
    documents_in: str
    qid: str
    values: tuple[str, str]
    documents: list[tuple[str, str, str, str]]


class _Pair(NamedTuple):
    """Two systems; by kind and measure, the queries on which either is better than the other."""

    system: str
    other: str
    kinds: dict[tuple[str, str], tuple[list[_Query], list[_Query]]]


def render(template: str, **values: Any) -> str:
    """Fill in a template of this package: what it needs besides tables and their macros is the caller's.

    Args:
        template: The name of its file.
        **values: Its values.
    """
    loader = PackageLoader("pyterrier_hybrid.experiment.report", package_path="")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["counted"] = counted
    # Pictures escape the names in them.
    environment.filters["drawn"] = lambda picture: Markup(picture.svg())
    script = environment.get_template("sorting.js.j2").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment.get_template(template)
    return page.render(version=__version__, script=Markup(script), script_digest=digest, **values)


def page(parts: Mapping[str, _Results]) -> str:
    """Return the page as HTML, which is the same for the same results.

    Args:
        parts: Results by their titles; an empty title stands for the name of the dataset.
    """
    return render(
        "report.html.j2",
        parts=[_part(title or results.dataset, results) for title, results in parts.items()],
        resamples=RESAMPLES,
        level=LEVEL,
    )


def _part(title: str, results: _Results) -> dict[str, Any]:
    """Prepare what the page shows of one experiment."""
    settings, means, per_language = results.settings, results.means, results.per_language()
    columns = tables.columns_of(settings)
    measures = list(settings["measure"].unique())
    kinds = [kind for kind in KIND_NAMES if (settings["kind"] == kind).any()]
    return {
        "title": title,
        "note": _note(results.dataset),
        "languages": results.languages,
        "systems": list(settings["system"].unique()),
        "settings_count": len(settings[["doc_lang", "query_lang"]].drop_duplicates()),
        "kinds": [KIND_NAMES[kind] for kind in kinds],
        "queries": _queries(settings["queries"]),
        "lower_is_better": [measure for measure in measures if lower_is_better(measure)],
        "limits": described(results.limits),
        "missing": bool(tables.by_kind(means, columns).isna().any(axis=None)),
        "means": _means(means, columns, results.ranks),
        "seeds": _seeds(means),
        "confidence": results.confidence if "low" in means else None,
        "rank_confidence": None if results.ranks is None else results.confidence or RANK_CONFIDENCE,
        "baseline": results.baseline,
        "test": TEST_NAMES.get(results.test, results.test),
        "tests": _tests(settings, results.baseline, columns),
        "published": _published(means, results.dataset, results.languages, columns),
        "heatmaps": results.heatmaps(),
        "pairs": _pairs(results.differences),
        "by_language": [
            (measure, KIND_NAMES[kind], _by_language(per_language, (measure, kind), results.languages))
            for measure in measures
            for kind in kinds
            if (measure, kind) in columns
        ],
        "fairness": [
            (measure, KIND_NAMES[str(kind)], _fairness(group, str(measure)))
            for (measure, kind), group in results.fairness().groupby(["measure", "kind"], sort=False)
        ],
        "settings": _settings(settings),
        "tested": "p_corrected" in settings,
    }


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


def _means(means: pd.DataFrame, columns: Sequence[tables.Column], ranks: pd.DataFrame | None) -> Table:
    std = tables.by_kind(means, columns, "std") if "std" in means else None
    printed = print_table(tables.by_kind(means, columns), std=std, missing="–")
    intervals = [[""] * len(columns) for _ in printed.rows]
    if "low" in means:
        low, high = (tables.by_kind(means, columns, bound).to_numpy() for bound in ("low", "high"))
        for row, texts in enumerate(intervals):
            for column, (measure, _) in enumerate(columns):
                bounds = float(low[row, column]), float(high[row, column])
                if not np.isnan(bounds).any():
                    texts[column] = " to ".join(format_measure(bound, measure) for bound in bounds)
    places = {}
    if ranks is not None:
        for system, kind, measure, *place in ranks.itertuples(index=False):
            places[system, measure, kind] = "" if pd.isna(place).any() else "{} ({}–{})".format(*place)
    rows = [
        (
            name,
            [
                _Mean(cell, text, places.get((name, *column), ""))
                for cell, text, column in zip(cells, texts, columns, strict=True)
            ],
        )
        for (name, cells), texts in zip(printed.rows, intervals, strict=True)
    ]
    return Table(header_levels(printed.columns), rows)


def _pairs(differences: pd.DataFrame | None) -> list[_Pair]:
    """Prepare the queries on which pairs of systems differ most."""
    pairs: dict[tuple[str, str], _Pair] = {}
    if differences is None:
        return []
    by = ["system", "other", "kind", "doc_lang", "query_lang", "qid"]
    for key, rows in differences.groupby(by, sort=False):
        system, other, kind, doc_lang, query_lang, qid = map(str, key)
        measure, first = rows["measure"].iloc[0], rows.iloc[0]
        query = _Query(
            first["query"],
            query_lang,
            doc_lang,
            qid,
            (format_measure(first["value"], measure), format_measure(first["other_value"], measure)),
            [
                (row.lang, _shortened(row.text), _place(row.rank), _place(row.other_rank))
                for row in rows[["lang", "text", "rank", "other_rank"]].itertuples(index=False)
            ],
        )
        pair = pairs.setdefault((system, other), _Pair(system, other, {}))
        better = (first["value"] > first["other_value"]) != lower_is_better(measure)
        pair.kinds.setdefault((KIND_NAMES[kind], measure), ([], []))[0 if better else 1].append(query)
    return list(pairs.values())


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rstrip()}…"


def _place(rank: float) -> str:
    """Write a rank, which is a mean if there are several seeds."""
    return "–" if pd.isna(rank) else f"{rank:,.0f}" if rank == int(rank) else f"{rank:,.1f}"


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
    printed = print_table(tables.by_language(per_language, [column], languages), best="row", missing="–")
    *rows, mean = printed.rows
    return Table([[(system, 1) for *_, system in printed.columns]], rows, "language", [mean])


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
    return Table(header_levels([("", "documents in"), ("", "queries in"), ("", "queries"), *columns]), rows, "kind")
