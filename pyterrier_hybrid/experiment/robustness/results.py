"""The results of a robustness study: frames, tables, figures and files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.report import fairness
from pyterrier_hybrid.experiment.report.files import csv, table_files, write_file, write_files
from pyterrier_hybrid.experiment.report.formats import FORMATS, TextFormat, format_table
from pyterrier_hybrid.experiment.report.tables import HEADINGS
from pyterrier_hybrid.experiment.robustness.labels import VALUES, condition_label
from pyterrier_hybrid.experiment.settings import KINDS, choose
from pyterrier_hybrid.utils.checks import list_of, one_of
from pyterrier_hybrid.utils.files import file_names

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.utils.figures import Picture

Names = Iterable[str] | str | None
Measures = Iterable[Measure | str] | Measure | str | None
Severities = Iterable[float] | float | None

_ROWS = ("perturbation", "system", "language")
# Of these, the smallest is best; no value of the others is marked.
_LOSSES, _BENEFITS = ("relative", "drop"), ("perturbed", "clean", "worst", "urisk")
_BY = ["system", "perturbation", "severity", "kind"]
_MEANS = ["clean", "perturbed", "drop", "worst", "changed", "urisk"]


class RobustnessResults:
    """The results that :func:`pyterrier_hybrid.RobustnessExperiment` returns.

    Attributes:
        drops: One row per system, perturbation, severity, setting and measure. Columns:

            - system, perturbation, severity, kind, doc_lang (``multi`` for the pool), query_lang, measure;
            - clean, perturbed: means over the queries, and for perturbed over the draws; means over seeds if a system
              has several;
            - drop: how much worse perturbed is: clean - perturbed, or perturbed - clean for measures of which small
              values are good, such as RankDistance;
            - worst: the mean over the queries of the worst draw of each;
            - changed: share of the queries and draws that the perturbation changed;
            - relative: drop / clean; low, high: its bootstrap interval over questions;
            - win, tie, loss: numbers of queries that are better, equal and worse when perturbed;
            - urisk, trisk: :func:`~pyterrier_hybrid.experiment.robustness.risk.urisk`,
              :func:`~pyterrier_hybrid.experiment.robustness.risk.trisk` of perturbed against clean queries;
            - queries: the number of queries.

            The values of a query are averaged over draws and seeds first. win, tie, loss, urisk and trisk compare this
            mean with the clean value, so a query with one draw that loses and one that gains as much is a tie.

            Where a perturbation means nothing in the language of the queries, all but clean, changed and queries are
            NaN. With a baseline also difference (the drop minus that of the baseline: below 0, the system loses less),
            p_value (paired test of it over the queries) and p_corrected (Holm's correction over all settings,
            perturbations and severities of the same system and measure). They compare absolute drops: a system with
            larger clean values can lose more and still have the smaller relative drop.
        means: The mean over the settings of each kind in which the perturbation means something (``settings`` is their
            number): the same columns without languages. trisk and p_value are over questions: the mean of each over its
            settings. If a system has several seeds, also std (of the drop over the seeds) and seeds.
        undefined: The perturbations and languages in which they mean nothing: perturbation, lang.
        dataset: The name of the dataset family.
        languages: The evaluated languages.
        draws: The number of draws.
        questions: The number of sampled questions per query language, or None for all.
        seed: The seed of the sample.
        baseline: The name of the system that the others are tested against, or None.
        test: The name of the test.
        confidence: The level of the intervals, or None.
        alpha: The weight of losses in URisk and TRisk.
        look_alikes: If :class:`~pyterrier_hybrid.perturbation.Homoglyphs` is among the perturbations: for each language
            of the queries, the share of their letters that have a look-alike; otherwise empty.
    """

    def __init__(
        self,
        drops: pd.DataFrame,
        means: pd.DataFrame,
        *,
        dataset: str,
        languages: Iterable[str],
        draws: int,
        questions: int | None = None,
        seed: int = 0,
        baseline: str | None = None,
        test: str = "t-test",
        confidence: float | None = None,
        alpha: float = 1.0,
        look_alikes: Mapping[str, float] | None = None,
    ) -> None:
        """Store the frames.

        Args:
            drops: The columns of ``.drops``; systems, perturbations and measures in the order in which they are shown.
            means: The columns of ``.means``.
            dataset: The name of the dataset family.
            languages: The evaluated languages.
            draws: The number of draws.
            questions: The number of sampled questions per query language.
            seed: The seed of the sample.
            baseline: The name of the system that the others are tested against.
            test: The name of the test.
            confidence: The level of the intervals.
            alpha: The weight of losses in URisk and TRisk.
            look_alikes: The share of letters with a look-alike by language.
        """
        self.drops = drops.reset_index(drop=True)
        self.means = means.reset_index(drop=True)
        self.dataset = dataset
        self.languages = tuple(languages)
        self.draws, self.questions, self.seed = draws, questions, seed
        self.baseline, self.test, self.confidence, self.alpha = baseline, test, confidence, alpha
        self.look_alikes: Mapping[str, float] = dict(look_alikes or {})

    @property
    def systems(self) -> list[str]:
        """The names of the systems in their order."""
        return list(self.drops["system"].unique())

    @property
    def perturbations(self) -> list[str]:
        """The names of the perturbations in their order."""
        return list(self.drops["perturbation"].unique())

    @property
    def measures(self) -> list[str]:
        """The names of the measures, as ir_measures prints them, in their order."""
        return list(self.drops["measure"].unique())

    @property
    def kinds(self) -> list[str]:
        """The kinds of settings."""
        return [kind for kind in KINDS if (self.drops["kind"] == kind).any()]

    @property
    def undefined(self) -> pd.DataFrame:
        """The perturbations and languages in which they mean nothing: perturbation, lang."""
        nothing = self.drops.loc[self.drops["drop"].isna(), ["perturbation", "query_lang"]]
        return nothing.drop_duplicates(ignore_index=True).rename(columns={"query_lang": "lang"})

    def per_language(self) -> pd.DataFrame:
        """Return values by language of the queries: means over the documents' languages for cross.

        Returns:
            Columns system, perturbation, severity, kind, lang, measure, clean, perturbed, drop, worst, changed,
            relative, urisk.
        """
        by = ["system", "perturbation", "severity", "kind", "query_lang", "measure"]
        frame = self.drops.groupby(by, sort=False)[_MEANS].mean().reset_index()
        return _with_relative(frame.rename(columns={"query_lang": "lang"}))

    def per_resource_class(self) -> pd.DataFrame:
        """Return means over languages by their class of resources (Joshi et al., ACL 2020).

        Returns:
            Columns system, perturbation, severity, kind, resource_class (0 to 5, where 5 has most resources; NA for
            languages whose class is unknown), langs (those in which the perturbation means something, separated by
            spaces), measure, and the values of :meth:`per_language`.
        """
        return _with_relative(fairness.by_resource_class(self._defined(), by=_BY, values=_MEANS))

    def per_training_group(self, training: "ParallelPairs | Mapping[str, float]") -> pd.DataFrame:
        """Return means over the head, the tail and the unseen languages of training data.

        Args:
            training: As for :meth:`LanguageResults.per_training_group`.

        Returns:
            Columns system, perturbation, severity, kind, group (``"head"``, ``"tail"`` or ``"unseen"``), langs (those
            in which the perturbation means something), measure, and the values of :meth:`per_language`.

        Raises:
            ValueError: There is no training data, or an amount is negative.
            TypeError: Neither pairs nor a mapping.
        """
        return _with_relative(fairness.by_training_group(self._defined(), training, by=_BY, values=_MEANS))

    def _defined(self) -> pd.DataFrame:
        """Return the values of the languages in which each perturbation means something."""
        return self.per_language().dropna(subset="drop")

    @overload
    def table(
        self, format: Literal["frame"] = "frame", *, value: str = "relative", by: str = "perturbation",
        measures: Measures = None, kind: Names = None, perturbation: Names = None, severity: Severities = None,
    ) -> pd.DataFrame: ...  # fmt: skip

    @overload
    def table(
        self, format: TextFormat, *, value: str = "relative", by: str = "perturbation",
        measures: Measures = None, kind: Names = None, perturbation: Names = None, severity: Severities = None,
    ) -> str: ...  # fmt: skip

    def table(
        self, format: str = "frame", *, value: str = "relative", by: str = "perturbation",
        measures: Measures = None, kind: Names = None, perturbation: Names = None, severity: Severities = None,
    ) -> pd.DataFrame | str:  # fmt: skip
        """Return a table of one value.

        Args:
            format: ``"frame"`` (numbers), ``"markdown"`` or ``"latex"`` (the best value in bold), or ``"csv"`` (numbers
                in full precision).
            value: ``relative`` (drop / clean), ``drop``, ``perturbed``, ``clean``, ``worst``, ``changed``, ``urisk`` or
                ``trisk``; see ``.drops``.
            by: ``"perturbation"``: one row per perturbation and severity, one column per measure, kind and system;
                ``"system"``: one row per system, one column per measure, kind and perturbation; or ``"language"``: one
                row per language of the queries, with means over the perturbations that mean something in it.
            measures: Some of the measures; default: all.
            kind: Some of mono, cross, multi; default: all.
            perturbation: Some of the perturbations; default: all.
            severity: Some of the severities; default: all. Perturbations that are not graded are always there.

        Returns:
            A DataFrame, or a string. Undefined values are NaN, printed as a dash.

        Raises:
            ValueError: An unknown format, value or name.
        """
        one_of("format", format, FORMATS)
        one_of("value", value, tuple(VALUES))
        one_of("by", by, _ROWS)
        frame = self._chosen(self.per_language() if by == "language" else self.means, perturbation, severity)
        if value not in frame:
            raise ValueError(f"value: {value!r} is not there by language; choose one of {', '.join(VALUES)[:-7]}")
        frame = frame[frame["kind"].isin(choose("kind", kind, self.kinds))]
        frame = frame[frame["measure"].isin(self._measures(measures))]
        label = [condition_label(*row) for row in zip(frame["perturbation"], frame["severity"], strict=True)]
        frame = frame.assign(label=label, heading=frame["kind"].map(HEADINGS))
        row, column = {
            "perturbation": ("label", "system"), "system": ("system", "label"), "language": ("lang", "system"),
        }[by]  # fmt: skip
        cells = frame.pivot_table(index=row, columns=["measure", "heading", column], values=value, aggfunc="mean")
        columns = pd.MultiIndex.from_tuples(
            [
                (measure, HEADINGS[kind], name)
                for measure in self.measures
                for kind in KINDS
                for name in frame[column].unique()
                if ((frame["measure"] == measure) & (frame["kind"] == kind)).any()
            ],
            names=["measure", "kind", column if column == "system" else "perturbation"],
        )
        rows = pd.Index(frame[row].unique(), name=by)
        table = cells.reindex(index=rows, columns=columns)
        best: Literal["row", "column"] | None = None
        if value in _LOSSES + _BENEFITS:
            best = "column" if by == "system" else "row"
        return format_table(table, format, best=best, missing="–", losses=value in _LOSSES)

    def plot(
        self, measure: Measure | str | None = None, *, kind: str | None = None, perturbation: Names = None,
        value: str = "perturbed",
    ) -> "Picture":  # fmt: skip
        """Draw a value over the severity: a panel for each perturbation, a line for each system.

        Args:
            measure: One of the measures; default: the first.
            kind: mono, cross or multi; default: the first that the measure has.
            perturbation: Some of the perturbations; default: all.
            value: As for :meth:`table`; with ``perturbed``, lines start at the clean value.

        Returns:
            A matplotlib figure, which notebooks show.

        Raises:
            ValueError: An unknown name.
        """
        from pyterrier_hybrid.experiment.robustness import figures

        one_of("value", value, tuple(VALUES))
        frame = self._of_measure(self._chosen(self.means, perturbation, None), measure, kind)
        return figures.lines(frame, value=value, title=self.dataset)

    def heatmap(
        self, system: str, measure: Measure | str | None = None, *, kind: str | None = None,
        severity: float | None = None, value: str = "relative",
    ) -> "Picture":  # fmt: skip
        """Draw a heat map of one system: languages of the queries by perturbations.

        Cells where a perturbation means nothing in a language stay empty.

        Args:
            system: The name of the system.
            measure: One of the measures; default: the first.
            kind: mono, cross or multi; default: the first that the measure has.
            severity: The severity of graded perturbations; default: the largest.
            value: As for :meth:`table`, except ``trisk``.

        Returns:
            A matplotlib figure, which notebooks show. All heat maps of a study have the same colours.

        Raises:
            ValueError: An unknown name or severity, or there is nothing to draw.
        """
        from pyterrier_hybrid.experiment.robustness import figures

        one_of("system", system, self.systems)
        one_of("value", value, tuple(name for name in VALUES if name != "trisk"))
        frame = self._chosen(self.per_language(), None, severity)
        last = frame.groupby("perturbation")["severity"].transform("max")
        frame = self._of_measure(frame[frame["severity"] == last], measure, kind)
        return figures.by_language(frame, system, self.languages, self.perturbations, value=value, title=self.dataset)

    def _of_measure(self, frame: pd.DataFrame, measure: Measure | str | None, kind: str | None) -> pd.DataFrame:
        """Return the rows of one measure and kind."""
        (name,) = self._measures([measure if measure is not None else self.measures[0]])
        frame = frame[frame["measure"] == name]
        if frame["drop"].isna().all():
            raise ValueError(
                f"{name}: no perturbation means anything in {' '.join(self.languages)}; there is nothing to draw"
            )
        kinds = [one for one in KINDS if (frame["kind"] == one).any()]
        return frame[frame["kind"] == (kinds[0] if kind is None else one_of("kind", kind, kinds))]

    def _chosen(self, frame: pd.DataFrame, perturbation: Names, severity: Severities) -> pd.DataFrame:
        """Return the rows of some perturbations and severities."""
        frame = frame[frame["perturbation"].isin(choose("perturbation", perturbation, self.perturbations))]
        if severity is None:
            return frame
        chosen = list_of("severity", severity, (int, float))
        known = self.drops["severity"].unique()
        for one in chosen:
            if one not in known:
                raise ValueError(f"severity: {one!r} is unknown; the severities are {', '.join(map(str, known))}")
        graded = frame.groupby("perturbation")["severity"].transform("nunique") > 1
        return frame[frame["severity"].isin(chosen) | ~graded]

    def _measures(self, measures: Measures) -> tuple[str, ...]:
        if measures is None:
            return tuple(self.measures)
        return choose("measures", [str(name) for name in list_of("measures", measures, (str, Measure))], self.measures)

    def _figures(self) -> dict[str, "Picture"]:
        """Draw the lines and the heat map of each system, of the first measure."""
        if self.drops["drop"].isna().all():
            return {}
        pictures = {"robustness": self.plot()}
        for name, system in zip(file_names(self.systems), self.systems, strict=True):
            pictures[f"heatmap-{name}"] = self.heatmap(system)
        return pictures

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one HTML page: tables, intervals, tests, figures, what is undefined.

        The page needs no other files, and follows the light or dark mode of the reader's system.

        Args:
            path: The file, which is written whole or not at all; an existing one is replaced.

        Returns:
            The file.
        """
        from pyterrier_hybrid.experiment.robustness.html import page

        return write_file(path, page(self, self._figures()))

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the results as files, each whole or not at all, and none if one of them cannot be made.

        Args:
            folder: The folder, which is created if needed; existing files of these names are replaced.

        Returns:
            The files: drops.csv, means.csv, classes.csv (by class of resources), undefined.csv, table.csv, table.md,
            table.tex, report.html, robustness.png and heatmap-<system>.png.
        """
        from pyterrier_hybrid.experiment.robustness.html import page

        pictures = self._figures()
        return write_files(
            folder,
            {
                "drops.csv": csv(self.drops),
                "means.csv": csv(self.means),
                "classes.csv": csv(self.per_resource_class()),
                "undefined.csv": csv(self.undefined),
                **table_files(self.table),
                "report.html": page(self, pictures),
                **{f"{name}.png": picture.png() for name, picture in pictures.items()},
            },
            optional=["robustness.png", "heatmap-*.png"],
        )

    def __repr__(self) -> str:
        """The dataset, its languages and the table of relative drops."""
        return f"RobustnessResults: {self.dataset}, {' '.join(self.languages)}\n{self.table().round(3).to_string()}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def _with_relative(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the relative drop of means, after ``changed``."""
    relative = frame["drop"] / frame["clean"].where(frame["clean"] != 0)
    frame.insert(list(frame.columns).index("changed") + 1, "relative", relative)
    return frame
