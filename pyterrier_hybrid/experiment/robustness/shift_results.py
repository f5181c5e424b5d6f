"""The results of a shift experiment: frames, tables, figures and files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.report import fairness
from pyterrier_hybrid.experiment.report.files import csv, table_files, write_file, write_files
from pyterrier_hybrid.experiment.report.formats import FORMATS, TextFormat, format_table
from pyterrier_hybrid.experiment.report.sections import Section, sections_page
from pyterrier_hybrid.experiment.report.tables import HEADINGS, columns_of
from pyterrier_hybrid.utils.checks import one_of
from pyterrier_hybrid.utils.files import file_names
from pyterrier_hybrid.utils.formatting import counted

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.utils.figures import Picture

_VALUES = {"in_domain": "in domain", "shifted": "shifted", "drop": "drop", "relative": "relative"}
_BY = ["target", "system", "kind"]
_MEANS = ["in_domain", "shifted", "drop"]
_TABLES = ("target", "language", "order")


class ShiftResults:
    """The results that :func:`pyterrier_hybrid.ShiftExperiment` returns.

    Attributes:
        drops: One row per target, system, setting and measure. Columns: target, system, kind, doc_lang, query_lang,
            measure, in_domain and shifted (the values on the source and on the target), in_domain_queries and queries
            (their numbers of queries), drop (in_domain - shifted), relative (drop / in_domain, NaN if that is 0). With
            a baseline, also p_value (Welch's t-test: is the drop another than the baseline's?) and p_corrected (Holm's
            correction over all settings of the same target, system and measure).
        source: The name of the in-domain dataset.
        baseline: The name of the system that the others are tested against, or None.
        seeds: The values of each seed, for systems with several seeds: target, system, kind, doc_lang, query_lang,
            measure, seed, in_domain, shifted, drop; None if no system has several.

    Example:
        >>> names = {"target": "FAQ", "kind": "mono", "doc_lang": "de", "query_lang": "de", "measure": "AP"}
        >>> queries = {"in_domain_queries": 9, "queries": 7}
        >>> results = ShiftResults(pd.DataFrame([
        ...     {**names, "system": "BM25", "in_domain": 0.8, "shifted": 0.6, "drop": 0.2, "relative": 0.25, **queries},
        ...     {**names, "system": "X-Y", "in_domain": 0.7, "shifted": 0.7, "drop": 0.0, "relative": 0.0, **queries},
        ... ]), source="xquad-r")
        >>> print(results.table("markdown"))
        | | AP Mo. in domain | AP Mo. shifted | AP Mo. drop | AP Mo. relative |
        |:--|--:|--:|--:|--:|
        | FAQ: BM25 | .800 | .600 | .200 | .250 |
        | FAQ: X-Y | .700 | .700 | .000 | .000 |
        >>> results.order[["target", "kind", "lang", "measure", "tau"]].values.tolist()
        [['FAQ', 'mono', 'mean', 'AP', -1.0], ['FAQ', 'mono', 'de', 'AP', -1.0]]
    """

    def __init__(
        self, drops: pd.DataFrame, *, source: str, baseline: str | None = None, seeds: pd.DataFrame | None = None
    ) -> None:
        """Store the frames; targets, systems, kinds and measures in the order in which they are shown."""
        columns = ["target", "system", "kind", "doc_lang", "query_lang", "measure", *_VALUES]
        columns += ["in_domain_queries", "queries", *(name for name in ("p_value", "p_corrected") if name in drops)]
        self.drops = drops[columns].reset_index(drop=True)
        self.source = source
        self.baseline = baseline
        self.seeds = seeds

    @property
    def targets(self) -> list[str]:
        """The names of the targets in their order."""
        return list(self.drops["target"].unique())

    @property
    def systems(self) -> list[str]:
        """The names of the systems in their order."""
        return list(self.drops["system"].unique())

    @property
    def measures(self) -> list[str]:
        """The names of the measures in their order."""
        return list(self.drops["measure"].unique())

    @property
    def means(self) -> pd.DataFrame:
        """Means over the settings of each kind: target, system, kind, measure, in_domain, shifted, drop, relative.

        The relative drop is that of the means. If a system has several seeds, also in_domain_std, shifted_std and
        drop_std, sample standard deviations over the seeds.
        """
        by = ["target", "system", "kind", "measure"]
        means = self._mean(by)
        if self.seeds is not None:
            of_seeds = self.seeds.groupby([*by, "seed"], sort=False)[["in_domain", "shifted", "drop"]].mean()
            std = of_seeds.groupby(by, sort=False).std().add_suffix("_std")
            means = means.merge(std.reset_index(), on=by, how="left")
        return means

    def per_language(self) -> pd.DataFrame:
        """Return values by the language of the queries: target, system, kind, lang, measure and the columns of means.

        For cross, they are means over the languages of the documents.
        """
        return self._mean(["target", "system", "kind", "query_lang", "measure"]).rename(columns={"query_lang": "lang"})

    def per_resource_class(self) -> pd.DataFrame:
        """Return means over languages by their class of resources (Joshi et al., ACL 2020).

        Returns:
            Columns target, system, kind, resource_class (0 to 5, where 5 has most resources; NA for languages whose
            class is unknown), langs (separated by spaces), measure, and the values of :attr:`means`.
        """
        return _with_relative(fairness.by_resource_class(self.per_language(), by=_BY, values=_MEANS))

    def per_training_group(self, training: "ParallelPairs | Mapping[str, float]") -> pd.DataFrame:
        """Return means over the head, the tail and the unseen languages of training data.

        Args:
            training: As for :meth:`LanguageResults.per_training_group`.

        Returns:
            Columns target, system, kind, group (``"head"``, ``"tail"`` or ``"unseen"``), langs, measure, and the values
            of :attr:`means`.

        Raises:
            ValueError: There is no training data, or an amount is negative.
            TypeError: Neither pairs nor a mapping.
        """
        return _with_relative(fairness.by_training_group(self.per_language(), training, by=_BY, values=_MEANS))

    @property
    def order(self) -> pd.DataFrame:
        """How similar the orders of the systems on source and target are: target, kind, lang, measure, tau, systems.

        ``tau`` is Kendall's tau-b: 1 for the same order, -1 for the reverse; NaN for a single system, or if all values
        are equal. ``lang`` is the language of the queries, or ``mean`` for the means over the settings of the kind.
        With few systems, tau has few possible values: with two, 1 or -1.
        """
        frames = [self.means.assign(lang="mean"), self.per_language()]
        values = pd.concat(frames, ignore_index=True)
        rows = []
        for key, _ in self.drops.groupby(["target", "kind", "measure"], sort=False):
            target, kind, measure = map(str, key)
            chosen = values[(values["target"] == target) & (values["kind"] == kind) & (values["measure"] == measure)]
            for lang, group in chosen.groupby("lang", sort=False):
                rows.append({
                    "target": target, "kind": kind, "lang": lang, "measure": measure,
                    "tau": kendall_tau(group["in_domain"], group["shifted"]), "systems": len(group),
                })  # fmt: skip
        return pd.DataFrame(rows)

    def _mean(self, by: list[str]) -> pd.DataFrame:
        return _with_relative(self.drops.groupby(by, sort=False)[_MEANS].mean().reset_index())

    @overload
    def table(
        self, format: Literal["frame"] = "frame", *, by: str = "target", measures: Iterable[Measure | str] | None = None
    ) -> pd.DataFrame: ...

    @overload
    def table(
        self, format: TextFormat, *, by: str = "target", measures: Iterable[Measure | str] | None = None
    ) -> str: ...

    @overload
    def table(
        self, format: str, *, by: str = "target", measures: Iterable[Measure | str] | None = None
    ) -> pd.DataFrame | str: ...

    def table(
        self, format: str = "frame", *, by: str = "target", measures: Iterable[Measure | str] | None = None
    ) -> pd.DataFrame | str:
        """Return a table of the drops.

        Args:
            format: ``"frame"``, ``"markdown"``, ``"latex"`` (for the booktabs package) or ``"csv"``.
            by: ``"target"``: one row per target and system, with both values, drop and relative drop; ``"language"``:
                the drop of each system by language, and the mean; ``"order"``: Kendall's tau by language.
            measures: Some of the measures; default: all.

        Returns:
            A DataFrame, or a string. Values of settings that a target does not have are NaN, printed as a dash.

        Raises:
            ValueError: An unknown format, arrangement or measure.
        """
        one_of("format", format, FORMATS)
        one_of("by", by, _TABLES)
        columns = self._columns(measures)
        std = None
        if by == "target":
            frame = self._by_target(columns, "")
            std = self._by_target(columns, "_std") if self.seeds is not None else None
        elif by == "language":
            frame = self._by_language(columns)
        else:
            frame = self._by_order(columns)
        return format_table(frame, format, std=std, best=None, missing="–")

    def _columns(self, measures: Iterable[Measure | str] | None = None) -> list[tuple[str, str]]:
        names = self.measures if measures is None else [self._measure(measure) for measure in _listed(measures)]
        return [(measure, kind) for measure, kind in columns_of(self.drops) if measure in names]

    def _measure(self, measure: Measure | str | None) -> str:
        return self.measures[0] if measure is None else one_of("measure", str(measure), self.measures)

    def _by_target(self, columns: list[tuple[str, str]], suffix: str) -> pd.DataFrame:
        means = self.means.set_index(["target", "system", "measure", "kind"])
        rows = [(target, system) for target in self.targets for system in self.systems]
        cells = {
            (measure, HEADINGS[kind], heading): [
                means[f"{name}{suffix}"].get((*row, measure, kind)) if f"{name}{suffix}" in means else None
                for row in rows
            ]
            for measure, kind in columns
            for name, heading in _VALUES.items()
        }
        return _frame(cells, pd.Index([": ".join(row) for row in rows], name="target: system"), "value")

    def _by_language(self, columns: list[tuple[str, str]]) -> pd.DataFrame:
        values = self.per_language().set_index(["target", "system", "measure", "kind", "lang"])["drop"]
        languages = sorted(self.drops["query_lang"].unique())
        cells = {
            (measure, HEADINGS[kind], target, system): [
                values.get((target, system, measure, kind, lang)) for lang in languages
            ]
            for measure, kind in columns
            for target in self.targets
            for system in self.systems
            if (target, system, measure, kind) in values.index.droplevel("lang")
        }
        frame = _frame(cells, pd.Index(languages, name="lang"), "target", "system")
        frame.loc["mean"] = frame.mean()
        return frame

    def _by_order(self, columns: list[tuple[str, str]]) -> pd.DataFrame:
        values = self.order.set_index(["target", "measure", "kind", "lang"])["tau"]
        languages = [*sorted(self.drops["query_lang"].unique()), "mean"]
        cells = {
            (measure, HEADINGS[kind], target): [values.get((target, measure, kind, lang)) for lang in languages]
            for measure, kind in columns
            for target in self.targets
            if (target, measure, kind) in values.index.droplevel("lang")
        }
        return _frame(cells, pd.Index(languages, name="lang"), "target")

    def plot(
        self, measure: Measure | str | None = None, kind: str | None = None, *, path: str | Path | None = None
    ) -> "Picture":
        """Draw the value of each system on the source and on each target; crossing lines are changes of order.

        Args:
            measure: One of the measures; default: the first.
            kind: One of mono, cross, multi; default: the first. Targets without it have no panel.
            path: Save the figure as this PNG file, whole or not at all.

        Returns:
            A matplotlib figure, which notebooks show.

        Raises:
            ValueError: An unknown measure or kind.
        """
        from pyterrier_hybrid.experiment.robustness.charts import slopes

        name, kind = self._measure(measure), self._kind(kind)
        means = self.means
        order = self.order
        panels = {}
        for target in self.targets:
            rows = means[(means["target"] == target) & (means["kind"] == kind) & (means["measure"] == name)]
            tau = order.loc[
                (order["target"] == target)
                & (order["kind"] == kind)
                & (order["measure"] == name)
                & (order["lang"] == "mean"),
                "tau",
            ]
            if len(rows):
                title = target if tau.isna().all() else f"{target} (τ = {tau.iloc[0]:.2f})"
                panels[title] = rows.set_index("system")[["in_domain", "shifted"]]
        figure = slopes(panels, labels=(self.source, "target"), ylabel=f"{name}, {kind}")
        if path is not None:
            write_file(path, figure.png())
        return figure

    def _kind(self, kind: str | None) -> str:
        kinds = list(dict.fromkeys(kind for _, kind in self._columns()))
        return kinds[0] if kind is None else one_of("kind", kind, kinds)

    def heatmap(
        self, target: str | None = None, measure: Measure | str | None = None, kind: str | None = None
    ) -> "Picture":
        """Draw the relative drop of each system in each language of the queries.

        Args:
            target: One of the targets; default: the first.
            measure: One of the measures; default: the first.
            kind: One of the target's kinds; default: its first.

        Returns:
            A matplotlib figure, which notebooks show.

        Raises:
            ValueError: An unknown target, measure or kind.
        """
        from pyterrier_hybrid.experiment import plots

        target = self.targets[0] if target is None else one_of("target", target, self.targets)
        name = self._measure(measure)
        values = self.per_language()
        values = values[(values["target"] == target) & (values["measure"] == name)]
        kind = values["kind"].iloc[0] if kind is None else one_of("kind", kind, list(values["kind"].unique()))
        grid = values[values["kind"] == kind].pivot(index="system", columns="lang", values="relative")
        return plots.heatmap(
            grid.reindex(self.systems),
            title=f"{self.source} to {target}",
            subtitle=f"relative drop of {name}, {kind}",
            label="relative drop",
            columns_label="query language",
            rows_label="system",
        )

    def _heatmaps(self) -> "dict[str, Picture]":
        return {target: self.heatmap(target) for target in self.targets if self._has_drop(target)}

    def _has_drop(self, target: str) -> bool:
        """Return whether the heat map of a target has a value."""
        rows = self.drops[(self.drops["target"] == target) & (self.drops["measure"] == self.measures[0])]
        return bool(rows.loc[rows["kind"] == rows["kind"].iloc[0], "relative"].notna().any())

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write tables and figures to one HTML page, which needs no other files.

        Args:
            path: The file, which is written whole or not at all; an existing one is replaced.

        Returns:
            The file.
        """
        return write_file(path, self._page(self._plots(), self._heatmaps()))

    def _plots(self) -> "dict[str, Picture]":
        kinds = dict.fromkeys(kind for _, kind in self._columns())
        return {kind: self.plot(kind=kind) for kind in kinds}

    def _page(self, plots: "dict[str, Picture]", heatmaps: "dict[str, Picture]") -> str:
        columns = self._columns()
        tests = "" if self.baseline is None else f" drops.csv has tests against {self.baseline}."
        return sections_page(
            f"From {self.source} to {', '.join(self.targets)}",
            f"{counted(len(self.systems), 'system')}: {', '.join(self.systems)}.",
            [
                Section(
                    "Drops",
                    "Means over the settings that source and target both have (Mo., Cr., Mul.: mono-, cross- and "
                    "multilingual). Datasets differ in size and difficulty, so compare the drops of systems, not "
                    f"single drops.{tests}",
                    {"": self._by_target(columns, "")},
                    {f"Values by dataset, {kind}": plot for kind, plot in plots.items()},
                ),
                Section(
                    "Order of the systems",
                    f"Kendall's tau between the order of {counted(len(self.systems), 'system')} on source and target.",
                    {"": self._by_order(columns)},
                ),
                Section(
                    "Languages",
                    "The drop by the language of the queries; cross-lingual values are means over the languages of the "
                    "documents.",
                    {
                        f"{measure}, {kind}": self._by_language([(measure, kind)])
                        for measure, kind in columns
                    },
                    {f"Relative drops on {target}": heatmap for target, heatmap in heatmaps.items()},
                ),
            ],
        )  # fmt: skip

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the results as files, each whole or not at all.

        Args:
            folder: The folder, which is created if needed; existing files of these names are replaced.

        Returns:
            The files: drops.csv, means.csv, classes.csv (by class of resources), order.csv, table.csv, table.md,
            table.tex, report.html, shift-<kind>.png, and heatmap-<target>.png of the first measure.
        """
        plots, heatmaps = self._plots(), self._heatmaps()
        contents: dict[str, bytes | str] = {
            "drops.csv": csv(self.drops),
            "means.csv": csv(self.means),
            "classes.csv": csv(self.per_resource_class()),
            "order.csv": csv(self.order),
            **table_files(self.table),
            "report.html": self._page(plots, heatmaps),
        }
        contents |= {f"shift-{kind}.png": plot.png() for kind, plot in plots.items()}
        for name, heatmap in zip(file_names(heatmaps), heatmaps.values(), strict=True):
            contents[f"heatmap-{name}.png"] = heatmap.png()
        return write_files(folder, contents, optional=["shift-*.png", "heatmap-*.png"])

    def __repr__(self) -> str:
        """The datasets and the table."""
        return f"ShiftResults: {self.source} to {', '.join(self.targets)}\n{self.table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def _with_relative(means: pd.DataFrame) -> pd.DataFrame:
    """Add the relative drop of means."""
    return means.assign(relative=means["drop"] / means["in_domain"].where(means["in_domain"] > 0))


def kendall_tau(one: Iterable[float], other: Iterable[float]) -> float:
    """Compute Kendall's tau-b of two lists of values; NaN for fewer than two, or if one list is constant.

    Args:
        one: Values of the systems on one dataset.
        other: Their values on the other, in the same order.

    Example:
        >>> round(kendall_tau([3, 2, 1], [0.9, 0.5, 0.7]), 3)
        0.333
    """
    from scipy import stats

    first, second = list(one), list(other)
    if len(set(first)) < 2 or len(set(second)) < 2:
        return float("nan")
    return float(stats.kendalltau(first, second).statistic)


def _listed(measures: Iterable[Measure | str] | Measure | str) -> list[Measure | str]:
    return [measures] if isinstance(measures, str | Measure) else list(measures)


def _frame(cells: dict, rows: pd.Index, *levels: str) -> pd.DataFrame:
    frame = pd.DataFrame(cells, index=rows, dtype=float)
    return frame.set_axis(pd.MultiIndex.from_tuples(list(cells), names=["measure", "kind", *levels]), axis=1)
