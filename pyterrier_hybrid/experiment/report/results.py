"""The results of a language experiment: frames, the paper's tables, heat maps, files."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.report import paper as published_figures
from pyterrier_hybrid.experiment.report import tables
from pyterrier_hybrid.experiment.settings import KINDS, choose
from pyterrier_hybrid.utils.files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.utils.figures import Picture

Names = Iterable[Measure | str] | Measure | str | None


class LanguageResults:
    """What :func:`pyterrier_hybrid.LanguageExperiment` returns.

    Attributes:
        settings: One row per system, setting and measure. Columns: system, kind (mono, cross, multi), doc_lang
            (``multi`` for the pool), query_lang, measure, value (mean over the queries), queries (their number); where
            a system has several seeds also std (over the seeds, of a sample) and seeds (their number); with a
            baseline also p_value (paired test over the queries against the baseline, NaN for the baseline itself)
            and p_corrected (Holm's correction over all settings of the same system and measure).
        dataset: The name of the dataset family.
        languages: The evaluated languages.
        baseline: The name of the system that the p-values compare with, or None.
        test: How they were tested.
        seeds: The values of each seed, where a system has several: system, kind, doc_lang, query_lang, measure, seed,
            value; else None.
        confidence: The level of the intervals of the means, or None.
        queries: With ``perquery=True`` the value of every query: system, kind, doc_lang, query_lang, qid, measure,
            value; else None.

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
        """Takes the frames.

        Args:
            settings: The columns of `.settings`, in the order in which systems, kinds and measures are to be shown.
            dataset: The name of the dataset family.
            languages: The evaluated languages.
            baseline: The name of the system that the p-values compare with.
            test: How they were tested.
            seeds: The values of each seed.
            intervals: Columns system, kind, measure, low, high.
            confidence: Their level.
            queries: The values of single queries.
        """
        order = ["system", "kind", "doc_lang", "query_lang", "measure", "value", "queries"]
        extra = [column for column in ("std", "seeds", "p_value", "p_corrected") if column in settings.columns]
        self.settings = settings[order + extra].reset_index(drop=True)
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
        """The names of the systems in their given order."""
        return list(self.settings["system"].unique())

    @property
    def measures(self) -> list[str]:
        """The measures, as ir_measures prints them, in their given order."""
        return list(self.settings["measure"].unique())

    @property
    def means(self) -> pd.DataFrame:
        """The mean over the settings of each kind: columns system, kind, measure, value.

        Where a system has several seeds also std (over the seeds, of a sample) and seeds; with `confidence` also low
        and high, the bounds of the interval.
        """
        by = ["system", "kind", "measure"]
        means = self._mean(by)
        if self.seeds is not None:
            of_seeds = self.seeds.groupby([*by, "seed"], sort=False)["value"].mean().groupby(by, sort=False)
            means = means.merge(of_seeds.std().rename("std").reset_index(), on=by, how="left")
            means["seeds"] = self.settings.groupby(by, sort=False)["seeds"].first().to_numpy()
        if self._intervals is not None:
            means = means.merge(self._intervals, on=by, how="left")
        return means

    def per_language(self) -> pd.DataFrame:
        """Figures by language, as in tables 3 to 8 of arXiv 2408.10536.

        Returns:
            Columns system, kind, lang, measure, value. `lang` is the language of the queries: mono and multi have one
            setting of each, cross is the mean over the document languages.
        """
        return self._mean(["system", "kind", "query_lang", "measure"]).rename(columns={"query_lang": "lang"})

    def _mean(self, by: list[str]) -> pd.DataFrame:
        return self.settings.groupby(by, sort=False, as_index=False)["value"].mean()

    def table(
        self,
        format: str = "frame",
        *,
        measures: Names = None,
        kind: Iterable[str] | str | None = None,
        by: str = "kind",
    ) -> pd.DataFrame | str:
        """The tables of the paper.

        Args:
            format: ``"frame"`` (numbers; columns: a MultiIndex of what stands above them), ``"markdown"`` or
                ``"latex"`` (printed as in the paper, the best value in bold, with the standard deviation over seeds
                where there are several; LaTeX needs the booktabs package), or ``"csv"`` (numbers in full precision).
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
        tables.check("format", format, tables.FORMATS)
        tables.check("by", by, ("kind", "language"))
        columns = self._columns(measures, kind)
        if by == "language":
            return tables.formatted(self._by_language(columns), format, best="row")
        means = self.means.set_index(["system", "measure", "kind"])
        frame = self._by_kind(columns, means["value"])
        return tables.formatted(frame, format, std=self._by_kind(columns, means["std"]) if "std" in means else None)

    def compare(
        self,
        paper: str = "xlmr",
        format: str = "frame",
        *,
        measures: Names = None,
        kind: Iterable[str] | str | None = None,
        by: str = "kind",
    ) -> pd.DataFrame | str:
        """These results (``here``) beside those of arXiv 2408.10536 (``paper``).

        Systems of the same name stand side by side: X-X-mono, X-Y, Hybrid. The paper trained on other data.

        Args:
            paper: The encoder that was trained there: ``"xlmr"`` (XLM-R) or ``"labse"``.
            format: As for :meth:`table`.
            measures: Some of the measures that the paper has: AP, RankDistance, and R@1 for XLM-R on XQuAD-R; default:
                those that were computed.
            kind: Some of mono, cross, multi; default: all.
            by: ``"kind"``: one row per system, here or there, as Tables 1 and 2; or ``"language"``: one row per
                language, for the systems that are in both, as Tables 3 to 8.

        Returns:
            A DataFrame, or a string; NaN, printed as a dash, is what is not known.

        Raises:
            ValueError: The paper has no figures for this dataset, these languages or measures; by language, no system
                is named as one there.
        """
        tables.check("format", format, tables.FORMATS)
        tables.check("by", by, ("kind", "language"))
        if by == "kind":
            published = published_figures.published_means(paper, self.dataset, self.languages)
            means = self.means.set_index(["system", "measure", "kind"])["value"].to_dict()
            rows = [*self.systems, *(sampler for sampler in published_figures.SAMPLERS if sampler not in self.systems)]
            cells = {
                (measure, kind, place): [values.get(row) for row in order]
                for measure, kind in self._published_columns(measures, kind, published)
                for place, order, values in (
                    ("here", [(row, measure, kind) for row in rows], means),
                    ("paper", [(row, measure, kind) for row in rows], published),
                )
            }
        else:
            published = published_figures.published_languages(paper, self.dataset, self.languages)
            both = [system for system in self.systems if system in published_figures.SAMPLERS]
            if not both:
                names = ", ".join(published_figures.SAMPLERS)
                raise ValueError(f"compare: the paper has {names}; none of {', '.join(self.systems)} is among them.")
            own = self.per_language().set_index(["system", "measure", "kind", "lang"])["value"].to_dict()
            rows = list(self.languages)
            cells = {
                (measure, kind, system, place): [values.get((system, measure, kind, row)) for row in rows]
                for measure, kind in self._published_columns(measures, kind, published)
                for system in both
                for place, values in (("here", own), ("paper", published))
            }
        frame = pd.DataFrame(
            [list(row) for row in zip(*cells.values(), strict=True)],
            index=pd.Index(rows, name="system" if by == "kind" else "lang"),
            columns=tables.header(
                [(measure, tables.HEADINGS[kind], *rest) for measure, kind, *rest in cells],
                *(["place"] if by == "kind" else ["system", "place"]),
            ),
            dtype=float,
        )
        return tables.formatted(frame, format, best=None, missing="–")

    def _published_columns(
        self, measures: Names, kind: Iterable[str] | str | None, published: Iterable[tuple[str, ...]]
    ) -> list[tuple[str, str]]:
        known = {(measure, kind) for _, measure, kind, *_ in published}
        columns = [column for column in self._columns(measures, kind) if column in known]
        if not columns:
            names = ", ".join(sorted({f"{measure} {kind}" for measure, kind in known}))
            raise ValueError(f"compare: the paper has none of these measures and kinds; it has {names}.")
        return columns

    def _columns(self, measures: Names, kind: Iterable[str] | str | None) -> list[tuple[str, str]]:
        known = set(zip(self.settings["measure"], self.settings["kind"], strict=True))
        there = [name for name in KINDS if any(name == kind for _, kind in known)]
        kinds = choose("kind", kind, there)
        columns = [(measure, kind) for measure in self._choose(measures) for kind in kinds if (measure, kind) in known]
        if not columns:
            raise ValueError(f"kind: there is no {', '.join(self._choose(measures))} of kind {', '.join(kinds)}.")
        return columns

    def _by_kind(self, columns: list[tuple[str, str]], values: pd.Series) -> pd.DataFrame:
        data = [[values.loc[(system, *column)] for column in columns] for system in self.systems]
        header = tables.header([(measure, tables.HEADINGS[kind]) for measure, kind in columns])
        return pd.DataFrame(data, index=pd.Index(self.systems, name="system"), columns=header)

    def _by_language(self, columns: list[tuple[str, str]]) -> pd.DataFrame:
        values = self.per_language().set_index(["measure", "kind", "system", "lang"])["value"].to_dict()
        frame = pd.DataFrame(
            {
                (measure, tables.HEADINGS[kind], system): [
                    values.get((measure, kind, system, lang)) for lang in self.languages
                ]
                for measure, kind in columns
                for system in self.systems
            },
            index=pd.Index(self.languages, name="lang"),
            dtype=float,
        )
        frame.loc["mean"] = frame.mean()
        return frame.set_axis(tables.header(list(frame.columns), "system"), axis=1)

    def _choose(self, measures: Names) -> list[str]:
        if measures is None:
            return self.measures
        chosen = [measures] if isinstance(measures, (str, Measure)) else measures
        names = list(dict.fromkeys(str(measure) for measure in chosen))
        unknown = [name for name in names if name not in self.measures]
        if unknown or not names:
            found = f"{unknown[0]!r} was not computed" if unknown else "nothing was chosen"
            raise ValueError(f"measures: {found}; the computed ones are {', '.join(self.measures)}.")
        return names

    def heatmap(
        self, system: str, measure: Measure | str = "AP", *, vmin: float | None = None, vmax: float | None = None
    ) -> "Picture":
        """A picture of one system: query languages by document languages, the monolingual diagonal framed.

        Args:
            system: The name of the system.
            measure: One of the computed measures other than RankDistance.
            vmin: The value of the lightest colour.
            vmax: The value of the darkest colour. By default both are those of all systems of these results together,
                so that the pictures of one experiment can be compared by eye.

        Returns:
            A matplotlib figure, which notebooks show.

        Raises:
            ValueError: An unknown system or measure, or one without values for single pairs of languages.
        """
        # Matplotlib takes half as long to import as all of this subpackage.
        from pyterrier_hybrid.experiment import plots

        if system not in self.systems:
            raise ValueError(f"system: {system!r} is unknown; the systems are {', '.join(self.systems)}.")
        (name,) = self._choose(measure if isinstance(measure, (str, Measure)) else str(measure))
        pairs = self.settings[(self.settings["measure"] == name) & self.settings["kind"].isin(["mono", "cross"])]
        if pairs.empty:
            raise ValueError(
                f"heatmap: there is no {name} of single language pairs; evaluate kinds mono or cross "
                "with a measure other than RankDistance."
            )
        own = pairs[pairs["system"] == system]
        grid = own.pivot(index="query_lang", columns="doc_lang", values="value")
        means = own.groupby(own["kind"].replace("mono", "mono (framed)"), sort=False)["value"].mean()
        return plots.heatmap(
            grid.reindex(index=self.languages, columns=self.languages),
            title=system,
            subtitle=" · ".join(
                [f"{self.dataset}, {name}"] + [f"{kind} {tables.number(value, 3)}" for kind, value in means.items()]
            ),
            label=name,
            vmin=float(pairs["value"].min()) if vmin is None else vmin,
            vmax=float(pairs["value"].max()) if vmax is None else vmax,
        )

    def _pictures(self) -> dict[str, bytes]:
        """The heat map of each system as PNG, of the first measure that has values for single pairs of languages."""
        pairs = self.settings[self.settings["kind"].isin(["mono", "cross"])]
        if pairs.empty:
            return {}
        measure = pairs["measure"].iloc[0]
        return {system: self.heatmap(system, measure).png() for system in self.systems}

    def to_html(self, path: str | os.PathLike) -> Path:
        """Writes one page with all of it: tables, intervals, tests, heat maps, settings.

        The page holds its pictures and style, and is light or dark as the reader has it.

        Args:
            path: The file, which appears whole or not at all; an earlier one is replaced.

        Returns:
            The file.
        """
        from pyterrier_hybrid.experiment.report.html import page

        path = Path(path)
        content = page(self, self._pictures())
        with whole_file(path) as unfinished:
            unfinished.write_text(content, encoding="utf-8")
        return path

    def save(self, folder: str | os.PathLike) -> list[Path]:
        """Writes the results as files, each of them whole or not at all, and none if one of them cannot be made.

        Args:
            folder: Where to: made if it is missing; files of an earlier call are replaced.

        Returns:
            The files: means.csv (with the intervals), settings.csv, table.csv, table.md, table.tex, report.html, and
            heatmap-<system>.png of the first measure that has values for single pairs of languages.
        """
        from pyterrier_hybrid.experiment.report.html import page

        folder = Path(folder)
        pictures = self._pictures()
        contents = {
            "means.csv": self.means.to_csv(index=False, lineterminator="\n").encode(),
            "settings.csv": self.settings.to_csv(index=False, lineterminator="\n").encode(),
            "table.csv": self.table("csv").encode(),
            "table.md": (self.table("markdown") + "\n").encode(),
            "table.tex": (self.table("latex") + "\n").encode(),
            "report.html": page(self, pictures).encode(),
        }
        for name, picture in zip(_file_names(pictures), pictures.values(), strict=True):
            contents[f"heatmap-{name}.png"] = picture
        for name, content in contents.items():
            with whole_file(folder / name) as unfinished:
                unfinished.write_bytes(content)
        return [folder / name for name in contents]

    def __repr__(self) -> str:
        """The dataset, its languages and the table."""
        return f"LanguageResults: {self.dataset}, {' '.join(self.languages)}\n{self.table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def _file_names(systems: Iterable[str]) -> list[str]:
    """A safe file name for each system: letters, digits, dot, dash, and different without regard to case."""
    names: list[str] = []
    for system in systems:
        # The systems of files count bytes.
        stem = re.sub(r"[^\w.-]+", "-", system).strip("-.").encode()[:80].decode(errors="ignore") or "system"
        name, number = stem, 2
        while name.lower() in [taken.lower() for taken in names]:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
