"""The results of a language experiment: frames, tables, heat maps and files."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.report import tables
from pyterrier_hybrid.experiment.report.formats import FORMATS, TextFormat, format_table
from pyterrier_hybrid.experiment.report.paper import SAMPLERS, published_languages, published_means
from pyterrier_hybrid.experiment.settings import KINDS, choose
from pyterrier_hybrid.utils.checks import list_of
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.formatting import format_number
from pyterrier_hybrid.utils.suggestions import did_you_mean, unknown_name

if TYPE_CHECKING:
    from pyterrier_hybrid.utils.figures import Picture

Measures = Iterable[Measure | str] | Measure | str | None
Kinds = Iterable[str] | str | None


class LanguageResults:
    """The results that :func:`pyterrier_hybrid.LanguageExperiment` returns.

    Attributes:
        settings: One row per system, setting and measure. Columns: system, kind (mono, cross, multi), doc_lang
            (``multi`` for the pool), query_lang, measure, value (mean over the queries), queries (number of queries).
            If a system has several seeds, also std (sample standard deviation over the seeds) and seeds (number of
            seeds). With a baseline, also p_value (paired test over the queries against the baseline, NaN for the
            baseline itself) and p_corrected (Holm's correction over all settings of the same system and measure).
        dataset: The name of the dataset family.
        languages: The evaluated languages.
        baseline: The name of the system that the others are tested against, or None.
        test: The name of the test.
        seeds: The value of each seed, for systems with several seeds: system, kind, doc_lang, query_lang, measure,
            seed, value; None if no system has several.
        confidence: The level of the confidence intervals of the means, or None.
        queries: With ``perquery=True``, the value of every query: system, kind, doc_lang, query_lang, qid, measure,
            value; otherwise None.

    Example:
        >>> row = {"kind": "mono", "doc_lang": "de", "query_lang": "de", "measure": "AP", "queries": 9}
        >>> frame = pd.DataFrame([{"system": "BM25", **row, "value": 0.75}, {"system": "X-Y", **row, "value": 0.5}])
        >>> results = LanguageResults(frame, dataset="tiny", languages=("de",))
        >>> print(results.table(format="markdown"))
        | | AP Mo. |
        |:--|--:|
        | BM25 | **.750** |
        | X-Y | .500 |
    """

    def __init__(
        self,
        settings: pd.DataFrame,
        *,
        dataset: str,
        languages: Iterable[str],
        baseline: str | None = None,
        test: str = "t-test",
        seeds: pd.DataFrame | None = None,
        intervals: pd.DataFrame | None = None,
        confidence: float | None = None,
        queries: pd.DataFrame | None = None,
    ) -> None:
        """Store the frames.

        Args:
            settings: The columns of ``.settings``; systems, kinds and measures in the order in which they are shown.
            dataset: The name of the dataset family.
            languages: The evaluated languages.
            baseline: The name of the system that the others are tested against.
            test: The name of the test.
            seeds: The value of each seed.
            intervals: Confidence intervals of the means: system, kind, measure, low, high.
            confidence: The level of the intervals.
            queries: The value of every query.
        """
        columns = ["system", "kind", "doc_lang", "query_lang", "measure", "value", "queries"]
        columns += [column for column in ("std", "seeds", "p_value", "p_corrected") if column in settings.columns]
        self.settings = settings[columns].reset_index(drop=True)
        self.dataset = dataset
        self.languages = tuple(languages)
        self.baseline = baseline
        self.test = test
        self.seeds = seeds
        self.confidence = confidence
        self.queries = queries
        self._intervals = intervals

    @property
    def systems(self) -> list[str]:
        """The names of the systems in their order."""
        return list(self.settings["system"].unique())

    @property
    def measures(self) -> list[str]:
        """The names of the measures, as ir_measures prints them, in their order."""
        return list(self.settings["measure"].unique())

    @property
    def means(self) -> pd.DataFrame:
        """The mean over the settings of each kind: system, kind, measure, value.

        If a system has several seeds, also std (sample standard deviation over the seeds) and seeds. With
        ``confidence``, also low and high, the bounds of the confidence interval.
        """
        by = ["system", "kind", "measure"]
        means = self._mean(by)
        if self.seeds is not None:
            mean_of_seed = self.seeds.groupby([*by, "seed"], sort=False)["value"].mean()
            std = mean_of_seed.groupby(by, sort=False).std()
            means = means.merge(std.rename("std").reset_index(), on=by, how="left")
            means["seeds"] = self.settings.groupby(by, sort=False)["seeds"].first().to_numpy()
        if self._intervals is not None:
            means = means.merge(self._intervals, on=by, how="left")
        return means

    def per_language(self) -> pd.DataFrame:
        """Return values by language, as in Tables 3 to 8 of arXiv 2408.10536.

        Returns:
            Columns system, kind, lang, measure, value. ``lang`` is the language of the queries: for mono and multi,
            there is one setting of each language; for cross, the value is the mean over the document languages.
        """
        return self._mean(["system", "kind", "query_lang", "measure"]).rename(columns={"query_lang": "lang"})

    def _mean(self, by: list[str]) -> pd.DataFrame:
        return self.settings.groupby(by, sort=False)["value"].mean().reset_index()

    @overload
    def table(
        self, format: Literal["frame"] = "frame", *, measures: Measures = None, kind: Kinds = None, by: str = "kind"
    ) -> pd.DataFrame: ...

    @overload
    def table(self, format: TextFormat, *, measures: Measures = None, kind: Kinds = None, by: str = "kind") -> str: ...

    @overload
    def table(
        self, format: str, *, measures: Measures = None, kind: Kinds = None, by: str = "kind"
    ) -> pd.DataFrame | str: ...

    def table(
        self, format: str = "frame", *, measures: Measures = None, kind: Kinds = None, by: str = "kind"
    ) -> pd.DataFrame | str:
        """Return a table as the paper prints it.

        Args:
            format: ``"frame"`` (numbers, with a MultiIndex of the names above the columns), ``"markdown"`` or
                ``"latex"`` (printed as in the paper, the best value in bold, with the standard deviation over seeds if
                there are several; LaTeX needs the booktabs package), or ``"csv"`` (numbers in full precision).
            measures: Some of the measures; default: all.
            kind: Some of mono, cross, multi; default: all.
            by: ``"kind"``, as Tables 1 and 2: one row per system, one column per measure and kind (Mo., Cr., Mul.); or
                ``"language"``, as Tables 3 to 8: one row per language of the queries and one for their mean, one
                column per measure, kind and system.

        Returns:
            A DataFrame, or a string.

        Raises:
            ValueError: An unknown format or kind, or a measure that was not computed.
        """
        _check_choice("format", format, FORMATS)
        _check_choice("by", by, ("kind", "language"))
        columns = self._columns(measures, kind)
        if by == "language":
            return format_table(tables.by_language(self.per_language(), columns, self.languages), format, best="row")
        means = self.means
        std = tables.by_kind(means, columns, "std") if "std" in means else None
        return format_table(tables.by_kind(means, columns), format, std=std)

    @overload
    def compare(
        self,
        paper: str = "xlmr",
        format: Literal["frame"] = "frame",
        *,
        measures: Measures = None,
        kind: Kinds = None,
        by: str = "kind",
    ) -> pd.DataFrame: ...

    @overload
    def compare(
        self, paper: str, format: TextFormat, *, measures: Measures = None, kind: Kinds = None, by: str = "kind"
    ) -> str: ...

    @overload
    def compare(
        self,
        paper: str = "xlmr",
        format: str = "frame",
        *,
        measures: Measures = None,
        kind: Kinds = None,
        by: str = "kind",
    ) -> pd.DataFrame | str: ...

    def compare(
        self,
        paper: str = "xlmr",
        format: str = "frame",
        *,
        measures: Measures = None,
        kind: Kinds = None,
        by: str = "kind",
    ) -> pd.DataFrame | str:
        """Return these results (``here``) beside those of arXiv 2408.10536 (``paper``).

        Systems with the same name are compared: X-X-mono, X-Y, Hybrid. The paper trained on other data.

        Args:
            paper: The encoder that was trained in the paper: ``"xlmr"`` (XLM-R) or ``"labse"``.
            format: As for :meth:`table`.
            measures: Some of the measures that the paper reports: AP, RankDistance, and R@1 for XLM-R on XQuAD-R;
                default: those that were computed.
            kind: Some of mono, cross, multi; default: all.
            by: ``"kind"``: one row per system, of these results or the paper, as Tables 1 and 2; or ``"language"``: one
                row per language, for the systems that are in both, as Tables 3 to 8.

        Returns:
            A DataFrame, or a string. Unknown values are NaN, printed as a dash.

        Raises:
            ValueError: The paper has no results for this dataset, these languages or measures; by language, no system
                is named as one of the paper's.
        """
        _check_choice("format", format, FORMATS)
        _check_choice("by", by, ("kind", "language"))
        if by == "kind":
            means = published_means(paper, self.dataset, self.languages)
            columns = self._published_columns(measures, kind, {(measure, kind) for _, measure, kind in means})
            frame = tables.compare_by_kind(self.means, means, columns)
        else:
            values = published_languages(paper, self.dataset, self.languages)
            if not set(self.systems) & set(SAMPLERS):
                raise ValueError(
                    f"compare: the paper has {', '.join(SAMPLERS)}; none of {', '.join(self.systems)} is among them"
                )
            columns = self._published_columns(measures, kind, {(measure, kind) for _, measure, kind, _ in values})
            frame = tables.compare_by_language(self.per_language(), values, columns, self.languages)
        return format_table(frame, format, best=None, missing="–")

    def _published_columns(self, measures: Measures, kind: Kinds, published: set[tables.Column]) -> list[tables.Column]:
        columns = [column for column in self._columns(measures, kind) if column in published]
        if not columns:
            names = ", ".join(sorted(" ".join(column) for column in published))
            raise ValueError(f"compare: the paper has none of these measures and kinds; it has {names}")
        return columns

    def _columns(self, measures: Measures, kind: Kinds) -> list[tables.Column]:
        """Choose columns of a table: the chosen measures in their order, each with its kinds."""
        computed = tables.columns_of(self.settings)
        kinds = choose("kind", kind, [name for name in KINDS if any(name == kind for _, kind in computed)])
        names = self._choose_measures(measures)
        columns = [(measure, kind) for measure in names for kind in kinds if (measure, kind) in computed]
        if not columns:
            raise ValueError(f"kind: there is no {', '.join(names)} of kind {', '.join(kinds)}")
        return columns

    def _choose_measures(self, measures: Measures) -> list[str]:
        if measures is None:
            return self.measures
        chosen = list_of("measures", measures, (str, Measure))
        names = list(dict.fromkeys(str(measure) for measure in chosen))
        unknown = [name for name in names if name not in self.measures]
        if unknown or not names:
            hint = did_you_mean(unknown[0], self.measures) if unknown else ""
            problem = f"{unknown[0]!r} was not computed" if unknown else "nothing was chosen"
            raise ValueError(f"measures: {problem}; the computed ones are {', '.join(self.measures)}{hint}")
        return names

    def heatmap(
        self, system: str, measure: Measure | str = "AP", *, vmin: float | None = None, vmax: float | None = None
    ) -> "Picture":
        """Draw a heat map of one system: query languages by document languages, the monolingual diagonal framed.

        Args:
            system: The name of the system.
            measure: One of the computed measures other than RankDistance.
            vmin: The value of the lightest colour; default: the smallest value of all systems, so that the heat maps
                of one experiment can be compared by eye.
            vmax: The value of the darkest colour; default: the largest value of all systems.

        Returns:
            A matplotlib figure, which notebooks show.

        Raises:
            ValueError: An unknown system or measure, or one without values for single pairs of languages.
        """
        # Importing matplotlib takes half as long as importing all of this sub-package.
        from pyterrier_hybrid.experiment import plots

        if system not in self.systems:
            hint = did_you_mean(system, self.systems)
            raise ValueError(f"system: {system!r} is unknown; the systems are {', '.join(self.systems)}{hint}")
        (name,) = self._choose_measures([measure])
        pairs = self._language_pairs()
        pairs = pairs[pairs["measure"] == name]
        if pairs.empty:
            raise ValueError(
                f"heatmap: there is no {name} of single language pairs; evaluate kinds mono or cross "
                "with a measure other than RankDistance"
            )
        of_system = pairs[pairs["system"] == system]
        grid = of_system.pivot(index="query_lang", columns="doc_lang", values="value")
        means = of_system.groupby("kind", sort=False)["value"].mean()
        labels = {"mono": "mono (framed)", "cross": "cross"}
        return plots.heatmap(
            grid.reindex(index=list(self.languages), columns=list(self.languages)),
            title=system,
            subtitle=" · ".join(
                [f"{self.dataset}, {name}"]
                + [f"{labels[str(kind)]} {format_number(float(mean), 3)}" for kind, mean in means.items()]
            ),
            label=name,
            vmin=float(pairs["value"].min()) if vmin is None else vmin,
            vmax=float(pairs["value"].max()) if vmax is None else vmax,
        )

    def _language_pairs(self) -> pd.DataFrame:
        """Return the settings with a single document language."""
        return self.settings[self.settings["kind"].isin(["mono", "cross"])]

    def _heatmaps(self) -> dict[str, bytes]:
        """Draw the heat map of each system as PNG, of the first measure that has values for pairs of languages."""
        pairs = self._language_pairs()
        if pairs.empty:
            return {}
        measure = pairs["measure"].iloc[0]
        return {system: self.heatmap(system, measure).png() for system in self.systems}

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one HTML page: tables, confidence intervals, tests, heat maps, settings.

        The page needs no other files, and follows the light or dark mode of the reader's system.

        Args:
            path: The file, which is written whole or not at all; an existing one is replaced.

        Returns:
            The file.
        """
        from pyterrier_hybrid.experiment.report.html import page

        path = Path(path)
        content = page(self, self._heatmaps())
        with whole_file(path) as unfinished:
            unfinished.write_text(content, encoding="utf-8")
        return path

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the results as files, each whole or not at all, and none if one of them cannot be made.

        Args:
            folder: The folder, which is created if needed; existing files of these names are replaced.

        Returns:
            The files: means.csv (with the confidence intervals), settings.csv, table.csv, table.md, table.tex,
            report.html, and heatmap-<system>.png of the first measure that has values for single pairs of languages.
        """
        from pyterrier_hybrid.experiment.report.html import page

        folder = Path(folder)
        heatmaps = self._heatmaps()
        contents = {
            "means.csv": self.means.to_csv(index=False, lineterminator="\n").encode(),
            "settings.csv": self.settings.to_csv(index=False, lineterminator="\n").encode(),
            "table.csv": self.table("csv").encode(),
            "table.md": (self.table("markdown") + "\n").encode(),
            "table.tex": (self.table("latex") + "\n").encode(),
            "report.html": page(self, heatmaps).encode(),
        }
        for name, heatmap in zip(file_names(heatmaps), heatmaps.values(), strict=True):
            contents[f"heatmap-{name}.png"] = heatmap
        for name, content in contents.items():
            with whole_file(folder / name) as unfinished:
                unfinished.write_bytes(content)
        return [folder / name for name in contents]

    def __repr__(self) -> str:
        """The dataset, its languages and the table."""
        return f"LanguageResults: {self.dataset}, {' '.join(self.languages)}\n{self.table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def _check_choice(name: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ValueError(f"{name}: {unknown_name(value, valid)}")


def file_names(systems: Iterable[str]) -> list[str]:
    """Return a safe file name for each system: letters, digits, dots and dashes, distinct even if case is ignored."""
    names: list[str] = []
    for system in systems:
        # File systems limit the number of bytes, not of characters.
        stem = re.sub(r"[^\w.-]+", "-", system).strip("-.").encode()[:80].decode(errors="ignore") or "system"
        name, number = stem, 2
        while name.lower() in [taken.lower() for taken in names]:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
