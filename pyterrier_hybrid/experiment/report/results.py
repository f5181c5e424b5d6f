"""The results of a language experiment: frames, tables, heat maps and files."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid import __version__
from pyterrier_hybrid.experiment.report import fairness, tables
from pyterrier_hybrid.experiment.report.files import csv, table_files, write_file, write_files
from pyterrier_hybrid.experiment.report.formats import FORMATS, TextFormat, format_table
from pyterrier_hybrid.experiment.report.paper import SAMPLERS, published_languages, published_means
from pyterrier_hybrid.experiment.report.saved import (
    FACTS,
    OPTIONAL,
    QUERIES,
    compressed_csv,
    frame_files,
    read_results,
)
from pyterrier_hybrid.experiment.settings import KINDS, choose
from pyterrier_hybrid.utils.checks import list_of
from pyterrier_hybrid.utils.files import file_names
from pyterrier_hybrid.utils.formatting import format_number
from pyterrier_hybrid.utils.suggestions import did_you_mean, unknown_name

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
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
        ranks: The rank of each system among the others by its mean, and the interval of its ranks in bootstrap samples
            of the questions, at the level ``confidence`` or .95: system, kind, measure, rank, rank_low, rank_high; None
            for a single system. A question stays together with its translations. The interval says how much the order
            depends on the questions; where two systems are equally good, it may be too short.
        limits: The values that a perfect ranking would have, where they are not 1 (or 0 if less is better): kind,
            measure, limit.
        differences: The queries on which pairs of systems differ most in the first measure, five in each direction, of
            different questions; of more than four systems, each is paired with the baseline, or the first. One row per
            relevant document: system, other, kind, doc_lang, query_lang, qid, query, measure, value, other_value,
            docno, lang, text, rank, other_rank (with several seeds, mean ranks; NaN: not retrieved). None for a single
            system.
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
        document_languages: pd.DataFrame | None = None,
        ranks: pd.DataFrame | None = None,
        limits: pd.DataFrame | None = None,
        differences: pd.DataFrame | None = None,
        collection: Mapping[str, str] | None = None,
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
            document_languages: The frame of :meth:`by_document_language`.
            ranks: The columns of ``.ranks``.
            limits: The columns of ``.limits``.
            differences: The columns of ``.differences``.
            collection: A hash of the queries and judgements of each kind of settings, by which :meth:`load` and the
                pages of several results tell whether they belong together.
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
        self.ranks = ranks
        self.limits = limits
        self.differences = differences
        self.collection = dict(collection or {})
        self._intervals = intervals
        self._document_languages = document_languages

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

    def fairness(self) -> pd.DataFrame:
        """Describe how the values of query languages differ, for each system, kind and measure.

        Returns:
            Columns system, kind, measure, languages (their number), mean, std (standard deviation over the languages,
            which are all there are, so divided by their number), gini (Gini coefficient: half the mean absolute
            difference of all pairs relative to the mean; 0 is equality; NaN for measures with negative values),
            worst_lang and worst (the language with the worst value, and that value), gap_to_english (how much better
            English is than the mean of the other languages, in units of the measure and positive also for measures of
            which less is better; NaN without English). The values of languages are those of :meth:`per_language`.
        """
        return fairness.spread(self.per_language())

    def per_resource_class(self) -> pd.DataFrame:
        """Return means over languages by their class of resources (Joshi et al., ACL 2020).

        Returns:
            Columns system, kind, resource_class (0 to 5, where 5 has most resources; NA for languages whose class is
            unknown), langs (the languages, separated by spaces), measure, value (mean over these languages). The
            classes are those of :func:`pyterrier_hybrid.text.resources.resource_class`.
        """
        return fairness.by_resource_class(self.per_language())

    def per_training_group(self, training: "ParallelPairs | Mapping[str, float]") -> pd.DataFrame:
        """Return means over languages by their share in training data.

        Args:
            training: The training pairs, or numbers or shares of training texts by language.

        Returns:
            Columns system, kind, group, langs (the languages, separated by spaces), measure, value (mean over these
            languages). The group is ``"head"`` for a share of 1/n or more, n being the number of languages with
            training data, ``"tail"`` for a smaller one, and ``"unseen"`` for languages never trained on. Pairs count
            an item for a language if it has a query or a passage in it.

        Raises:
            ValueError: There is no training data, or an amount is negative.
            TypeError: Neither pairs nor a mapping.
        """
        return fairness.by_training_group(self.per_language(), training)

    def by_document_language(self) -> pd.DataFrame:
        """Return the mean rank of relevant documents in the pool by their language, with a test of the differences.

        The rank of a language for a question is the mean over the question's translations (and over the seeds of a
        system) of the rank of the relevant document in that language; the smallest one if there are several, and the
        number of documents + 1 if none was retrieved. Without language bias, all languages have the same mean, if they
        answer the same questions.

        Friedman's test takes the questions as blocks and the document languages as treatments. Its null hypothesis is
        that the order of the languages is random for each question. If some questions have no relevant document in
        some languages, as all of MLQA-R, its generalisation to incomplete blocks by Skillings and Mack (1981) takes
        its place.

        PEER (arXiv 2405.00978) tests within each ranking whether languages are equally ranked. It is constant if each
        query has one relevant document in each language, as in XQuAD-R (.4405 for 11 languages), and is not computed.

        Returns:
            Columns system, lang, rank (mean over the questions), questions (their number), and the same in all rows of
            a system: test (``"Friedman"`` or ``"Skillings-Mack"``), tested (number of questions in the test, those with
            two languages or more), statistic (chi-squared), p_value; these two are NaN for fewer than three languages
            or two questions.

        Raises:
            ValueError: No setting of kind multi was evaluated.
        """
        if self._document_languages is None:
            raise ValueError("by_document_language: there is no pool; evaluate kind multi")
        return self._document_languages.copy()

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
            measure: One of the computed measures, but not one that is reported for pools only.
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
                "with a measure such as AP"
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

    def heatmaps(self) -> dict[str, "Picture"]:
        """Draw the heat map of each system, of the first measure that has values for pairs of languages."""
        pairs = self._language_pairs()
        if pairs.empty:
            return {}
        measure = pairs["measure"].iloc[0]
        return {system: self.heatmap(system, measure) for system in self.systems}

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one HTML page: tables, confidence intervals, tests, heat maps, settings.

        The page needs no other files, and follows the light or dark mode of the reader's system.

        Args:
            path: The file, which is written whole or not at all; an existing one is replaced.

        Returns:
            The file.
        """
        from pyterrier_hybrid.experiment.report.html import page

        return write_file(path, page({"": self}))

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the results as files, each whole or not at all, and none if one of them cannot be made.

        Args:
            folder: The folder, which is created if needed; existing files of these names are replaced.

        Returns:
            The files: means.csv (with the confidence intervals), settings.csv, classes.csv (by class of resources),
            results.json, table.csv, table.md, table.tex, report.html, and heatmap-<system>.png and .svg of the first
            measure that has values for single pairs of languages; where there is such a frame, also ranks.csv,
            limits.csv, seeds.csv, differences.csv, document-languages.csv, and with ``perquery=True`` queries.csv.gz.
        """
        from pyterrier_hybrid.experiment.report.html import page

        heatmaps = self.heatmaps()
        contents: dict[str, bytes | str] = {
            "means.csv": csv(self.means),
            "settings.csv": csv(self.settings),
            "classes.csv": csv(self.per_resource_class()),
            **frame_files(
                {
                    "ranks": self.ranks,
                    "limits": self.limits,
                    "seeds": self.seeds,
                    "differences": self.differences,
                    "document_languages": self._document_languages,
                }
            ),
            **table_files(self.table),
            "report.html": page({"": self}),
        }
        for name, heatmap in zip(file_names(heatmaps), heatmaps.values(), strict=True):
            contents[f"heatmap-{name}.png"] = heatmap.png()
            contents[f"heatmap-{name}.svg"] = heatmap.svg()
        if self.queries is not None:
            contents[QUERIES] = compressed_csv(self.queries)
        # Written last: a folder with it has all other files.
        contents[FACTS] = json.dumps(self._facts(), ensure_ascii=False, indent=2) + "\n"
        return write_files(folder, contents, optional=OPTIONAL)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> "LanguageResults":
        """Read results that :meth:`save` wrote.

        Args:
            folder: The folder.

        Raises:
            FileNotFoundError: The folder has no results.
            ValueError: One of its files is damaged.

        Example:
            >>> import tempfile
            >>> row = {"kind": "mono", "doc_lang": "de", "query_lang": "de", "measure": "AP", "queries": 9}
            >>> frame = pd.DataFrame([{"system": "BM25", **row, "value": 0.75}])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     _ = LanguageResults(frame, dataset="tiny", languages=("de",)).save(folder)
            ...     LanguageResults.load(folder).means["value"].item()
            0.75
        """
        settings, options = read_results(Path(folder))
        return cls(settings, **options)

    def _facts(self) -> dict[str, Any]:
        names = ("dataset", "languages", "baseline", "test", "confidence", "collection")
        return {**{name: getattr(self, name) for name in names}, "version": __version__}

    def __repr__(self) -> str:
        """The dataset, its languages and the table."""
        return f"LanguageResults: {self.dataset}, {' '.join(self.languages)}\n{self.table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def _check_choice(name: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ValueError(f"{name}: {unknown_name(value, valid)}")
