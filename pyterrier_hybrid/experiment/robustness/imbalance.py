"""The results of an imbalance experiment: values by language against the languages' shares of the training data."""

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.report import fairness
from pyterrier_hybrid.experiment.report.files import csv, table_files, write_file, write_files
from pyterrier_hybrid.experiment.report.formats import FORMATS, TextFormat, format_table
from pyterrier_hybrid.experiment.report.sections import Section, sections_page
from pyterrier_hybrid.experiment.report.tables import HEADINGS, columns_of
from pyterrier_hybrid.utils.checks import one_of

if TYPE_CHECKING:
    from pyterrier_hybrid.utils.figures import Picture

_ROW = ["condition", "sampler"]
_SUMMARY = ("mean", "head", "tail", "unseen", "worst", "slope", "pearson", "spearman")


class ImbalanceResults:
    """The results that :func:`pyterrier_hybrid.ImbalanceExperiment` returns.

    Attributes:
        values: One row per condition, sampler, seed, kind, language and measure. Columns: condition (such as ``s=1``),
            sampler (with the temperature of its language weights, if any), seed, kind, lang (language of the queries;
            for cross, the mean over the languages of the documents), measure, value, share (the language's share of the
            training texts; 0: it was never trained on).
        data: What was trained on: condition, sampler, seed, lang, items (number of items with a text in the language),
            share, and monolingual (whether monolingual batches were drawn from the language: a language with fewer
            groups than a batch has pairs is left out of them).
        dataset: The name of the evaluation dataset.

    Example:
        >>> names = {"condition": "s=1", "sampler": "X-Y", "seed": 0, "kind": "mono", "measure": "AP"}
        >>> values = pd.DataFrame([
        ...     {**names, "lang": lang, "value": value, "share": share}
        ...     for lang, value, share in [("en", 0.8, 0.8), ("de", 0.6, 0.08), ("th", 0.3, 0.0)]
        ... ])
        >>> results = ImbalanceResults(values, pd.DataFrame(), dataset="toy")
        >>> print(results.table("markdown", summary=["mean", "head", "unseen", "slope"]))
        | | AP Mo. mean | AP Mo. head | AP Mo. unseen | AP Mo. slope |
        |:--|--:|--:|--:|--:|
        | s=1: X-Y | .567 | .800 | .300 | .200 |
    """

    def __init__(self, values: pd.DataFrame, data: pd.DataFrame, *, dataset: str) -> None:
        """Store the frames; conditions, samplers, kinds and measures in the order in which they are shown."""
        columns = [*_ROW, "seed", "kind", "lang", "measure", "value", "share"]
        self.values = values[columns].reset_index(drop=True)
        self.data = data.reset_index(drop=True)
        self.dataset = dataset

    @property
    def conditions(self) -> list[str]:
        """The names of the conditions in their order."""
        return list(self.values["condition"].unique())

    @property
    def samplers(self) -> list[str]:
        """The names of the samplers in their order."""
        return list(self.values["sampler"].unique())

    @property
    def measures(self) -> list[str]:
        """The names of the measures in their order."""
        return list(self.values["measure"].unique())

    def per_language(self) -> pd.DataFrame:
        """Return means over the seeds: condition, sampler, kind, lang, measure, value, share."""
        by = [*_ROW, "kind", "lang", "measure"]
        return self.values.groupby(by, sort=False)[["value", "share"]].mean().reset_index()

    def per_resource_class(self) -> pd.DataFrame:
        """Return means over languages by their class of resources (Joshi et al., ACL 2020).

        Returns:
            Columns condition, sampler, kind, resource_class (0 to 5, where 5 has most resources; NA for languages whose
            class is unknown), langs (separated by spaces), measure, value, share.
        """
        return fairness.by_resource_class(self.per_language(), by=[*_ROW, "kind"], values=["value", "share"])

    @property
    def slopes(self) -> pd.DataFrame:
        """How values depend on shares: one row per condition, sampler, kind and measure, of means over the seeds.

        Columns: mean and worst (over the languages); head, tail and unseen (means over the languages whose share is at
        least, or below, what it would be if all trained languages had equal shares, and those never trained on); slope
        (least squares, of the value on the decimal logarithm of the share: the gain from ten times the share) and
        pearson (its correlation) over the trained languages; spearman (rank correlation of value and share over all
        languages). NaN where there is none: no such language, equal shares, or too few languages: two for the slope,
        three for correlations.
        """
        by = [*_ROW, "kind", "measure"]
        rows = []
        for key, group in self.per_language().groupby(by, sort=False):
            names = dict(zip(by, map(str, key), strict=True))
            trained = self._trained_languages(names["condition"], names["sampler"])
            rows.append(names | summary(group["share"].to_numpy(), group["value"].to_numpy(), trained=trained))
        return pd.DataFrame(rows)

    def _trained_languages(self, condition: str, sampler: str) -> int | None:
        """Return the number of languages that were trained on, evaluated or not; None without data."""
        if self.data.empty:
            return None
        rows = self.data[(self.data["condition"] == condition) & (self.data["sampler"] == sampler)]
        return int(rows.loc[rows["share"] > 0, "lang"].nunique())

    @overload
    def table(
        self,
        format: Literal["frame"] = "frame",
        *,
        by: str = "summary",
        summary: Iterable[str] | None = None,
        measures: Iterable[Measure | str] | None = None,
    ) -> pd.DataFrame: ...

    @overload
    def table(
        self,
        format: TextFormat,
        *,
        by: str = "summary",
        summary: Iterable[str] | None = None,
        measures: Iterable[Measure | str] | None = None,
    ) -> str: ...

    @overload
    def table(
        self,
        format: str,
        *,
        by: str = "summary",
        summary: Iterable[str] | None = None,
        measures: Iterable[Measure | str] | None = None,
    ) -> pd.DataFrame | str: ...

    def table(
        self,
        format: str = "frame",
        *,
        by: str = "summary",
        summary: Iterable[str] | None = None,
        measures: Iterable[Measure | str] | None = None,
    ) -> pd.DataFrame | str:
        """Return a table.

        Args:
            format: ``"frame"``, ``"markdown"``, ``"latex"`` (for the booktabs package) or ``"csv"``.
            by: ``"summary"``: one row per condition and sampler, with the columns of :attr:`slopes`; ``"language"``:
                one row per language, one column per condition and sampler, and the mean.
            summary: Some of the columns of :attr:`slopes`; default: all.
            measures: Some of the measures; default: all.

        Returns:
            A DataFrame, or a string. Unknown values are NaN, printed as a dash.

        Raises:
            ValueError: An unknown format, arrangement, column or measure.
        """
        one_of("format", format, FORMATS)
        one_of("by", by, ("summary", "language"))
        chosen = [one_of("summary", name, _SUMMARY) for name in (_SUMMARY if summary is None else summary)]
        columns = self._columns(measures)
        frame = self._by_language(columns) if by == "language" else self._by_row(columns, chosen)
        return format_table(frame, format, best=None, missing="–")

    def _columns(self, measures: Iterable[Measure | str] | None = None) -> list[tuple[str, str]]:
        given = [measures] if isinstance(measures, str | Measure) else measures
        names = self.measures if given is None else [one_of("measure", str(name), self.measures) for name in given]
        return [(measure, kind) for measure, kind in columns_of(self.values) if measure in names]

    def _rows(self) -> list[tuple[str, str]]:
        return list(self.values[_ROW].drop_duplicates().itertuples(index=False, name=None))

    def _by_row(self, columns: list[tuple[str, str]], chosen: list[str]) -> pd.DataFrame:
        slopes = self.slopes.set_index([*_ROW, "measure", "kind"])
        rows = self._rows()
        cells = {
            (measure, HEADINGS[kind], name): [slopes[name].get((*row, measure, kind)) for row in rows]
            for measure, kind in columns
            for name in chosen
        }
        return _frame(cells, pd.Index([": ".join(row) for row in rows], name="condition: sampler"), "summary")

    def _by_language(self, columns: list[tuple[str, str]]) -> pd.DataFrame:
        values = self.per_language().set_index([*_ROW, "measure", "kind", "lang"])["value"]
        languages = list(self.values["lang"].unique())
        cells = {
            (measure, HEADINGS[kind], *row): [values.get((*row, measure, kind, lang)) for lang in languages]
            for measure, kind in columns
            for row in self._rows()
        }
        frame = _frame(cells, pd.Index(languages, name="lang"), "condition", "sampler")
        frame.loc["mean"] = frame.mean()
        return frame

    def plot(
        self, measure: Measure | str | None = None, kind: str | None = None, *, path: str | Path | None = None
    ) -> "Picture":
        """Draw the value of each language by its share of the training data, with one panel per condition.

        Args:
            measure: One of the measures; default: the first.
            kind: One of mono, cross, multi; default: the first.
            path: Save the figure as this PNG file, whole or not at all.

        Returns:
            A matplotlib figure, which notebooks show. Languages never trained on are at the left edge.

        Raises:
            ValueError: An unknown measure or kind.
        """
        from pyterrier_hybrid.experiment.robustness.charts import values_by_share

        columns = self._columns()
        name = columns[0][0] if measure is None else one_of("measure", str(measure), self.measures)
        kinds = list(dict.fromkeys(kind for of_measure, kind in columns if of_measure == name))
        kind = kinds[0] if kind is None else one_of("kind", kind, kinds)
        values = self.per_language()
        values = values[(values["measure"] == name) & (values["kind"] == kind)]
        panels = {condition: values[values["condition"] == condition] for condition in self.conditions}
        figure = values_by_share(panels, ylabel=f"{name}, {kind}, {self.dataset}")
        if path is not None:
            write_file(path, figure.png())
        return figure

    def _plots(self) -> "dict[str, Picture]":
        return {kind: self.plot(kind=kind) for kind in dict.fromkeys(kind for _, kind in self._columns())}

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write tables and figures to one HTML page, which needs no other files.

        Args:
            path: The file, which is written whole or not at all; an existing one is replaced.

        Returns:
            The file.
        """
        return write_file(path, self._page(self._plots()))

    def _page(self, plots: "dict[str, Picture]") -> str:
        columns = self._columns()
        return sections_page(
            f"Language imbalance, {self.dataset}",
            f"Conditions: {', '.join(self.conditions)}; samplers: {', '.join(self.samplers)}.",
            [
                Section(
                    "Values and shares",
                    "Head: languages with at least an equal share of the training texts; tail: with less; unseen: "
                    "never trained on. Slope: the gain from ten times the share. Means over the seeds.",
                    {"": self._by_row(columns, list(_SUMMARY))},
                    {f"Values by share, {kind}": plot for kind, plot in plots.items()},
                ),
                Section(
                    "Languages",
                    "By the language of the queries.",
                    {f"{measure}, {kind}": self._by_language([(measure, kind)]) for measure, kind in columns},
                ),
            ],
        )

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the results as files, each whole or not at all.

        Args:
            folder: The folder, which is created if needed; existing files of these names are replaced.

        Returns:
            The files: values.csv, data.csv, classes.csv (by class of resources), slopes.csv, table.csv, table.md,
            table.tex, report.html, imbalance-<kind>.png of the first measure.
        """
        plots = self._plots()
        contents: dict[str, bytes | str] = {
            "values.csv": csv(self.values),
            "data.csv": csv(self.data),
            "classes.csv": csv(self.per_resource_class()),
            "slopes.csv": csv(self.slopes),
            **table_files(self.table),
            "report.html": self._page(plots),
        }
        contents |= {f"imbalance-{kind}.png": plot.png() for kind, plot in plots.items()}
        return write_files(folder, contents, optional=["imbalance-*.png"])

    def __repr__(self) -> str:
        """The dataset and the table."""
        return f"ImbalanceResults: {self.dataset}\n{self.table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def summary(shares: np.ndarray, values: np.ndarray, *, trained: int | None = None) -> dict[str, float]:
    """Return the columns of :attr:`ImbalanceResults.slopes` for the languages of one condition.

    Args:
        shares: float64 ``[languages]``.
        values: float64 ``[languages]``.
        trained: The number of languages with training data. Default: those that have a share here.

    Example:
        >>> result = summary(np.array([0.9, 0.09, 0.009]), np.array([0.8, 0.7, 0.3]))
        >>> round(result["slope"], 3), round(result["head"], 3), round(result["tail"], 3), result["spearman"]
        (0.25, 0.8, 0.5, 1.0)
    """
    from scipy import stats

    seen = shares > 0
    equal = 1 / (trained or int(seen.sum()) or 1)
    # Equal shares that do not sum to exactly 1 in floating point are still head.
    head = seen & (shares >= equal * (1 - 1e-9))
    slope = pearson = spearman = math.nan
    if np.count_nonzero(seen) > 1 and np.ptp(shares[seen]) > 1e-12:
        logs = np.log10(shares[seen])
        slope = float(np.polyfit(logs, values[seen], 1)[0])
        # Of two points, any correlation is 1 or -1.
        if np.count_nonzero(seen) > 2 and np.ptp(values[seen]) > 0:
            pearson = float(np.corrcoef(logs, values[seen])[0, 1])
    if len(shares) > 2 and np.ptp(shares) > 1e-12 and np.ptp(values) > 0:
        spearman = float(stats.spearmanr(shares, values).statistic)
    means: dict[str, Any] = {"head": head, "tail": seen & ~head, "unseen": ~seen}
    return {
        "mean": float(values.mean()),
        **{name: float(values[chosen].mean()) if chosen.any() else math.nan for name, chosen in means.items()},
        "worst": float(values.min()),
        "slope": slope,
        "pearson": pearson,
        "spearman": spearman,
    }


def _frame(cells: dict, rows: pd.Index, *levels: str) -> pd.DataFrame:
    frame = pd.DataFrame(cells, index=rows, dtype=float)
    return frame.set_axis(pd.MultiIndex.from_tuples(list(cells), names=["measure", "kind", *levels]), axis=1)
