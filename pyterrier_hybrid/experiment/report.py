"""The results of a language experiment: frames, the paper's tables, heat maps, files."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid._files import whole_file
from pyterrier_hybrid.experiment.measures import lower_is_better

if TYPE_CHECKING:
    from pyterrier_hybrid._picture import Picture

HEADINGS = {"mono": "Mo.", "cross": "Cr.", "multi": "Mul."}
FORMATS = ("frame", "markdown", "latex", "csv")


class LanguageResults:
    """What :func:`pyterrier_hybrid.LanguageExperiment` returns.

    Attributes:
        settings: One row per system, setting and measure. Columns: system, kind (mono, cross, multi), doc_lang
            (``multi`` for the pool), query_lang, measure, value (mean over the queries), queries (their number); with
            a baseline also p_value (paired t-test over the queries against the baseline, NaN for the baseline itself)
            and p_corrected (Holm's correction over all settings of the same system and measure).
        dataset: The name of the dataset family.
        languages: The evaluated languages.
        baseline: The name of the system that the p-values compare with, or None.

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
        self, settings: pd.DataFrame, *, dataset: str, languages: Iterable[str], baseline: str | None = None
    ) -> None:
        """Takes the frame of settings.

        Args:
            settings: The columns of `.settings`, in the order in which systems, kinds and measures are to be shown.
            dataset: The name of the dataset family.
            languages: The evaluated languages.
            baseline: The name of the system that the p-values compare with.
        """
        order = ["system", "kind", "doc_lang", "query_lang", "measure", "value", "queries"]
        extra = [column for column in ("p_value", "p_corrected") if column in settings.columns]
        self.settings = settings[order + extra].reset_index(drop=True)
        self.dataset = dataset
        self.languages = tuple(languages)
        self.baseline = baseline

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
        """The mean over the settings of each kind: columns system, kind, measure, value."""
        return self._mean(["system", "kind", "measure"])

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
        self, format: str = "frame", *, measures: Iterable[Measure | str] | Measure | str | None = None
    ) -> pd.DataFrame | str:
        """The table of the paper: one row per system, one column per measure and kind (Mo., Cr., Mul.).

        Args:
            format: ``"frame"`` (numbers; columns: a MultiIndex of measure and kind), ``"markdown"`` or ``"latex"``
                (printed as in the paper, the best value of a column in bold; LaTeX needs the booktabs package), or
                ``"csv"`` (numbers in full precision).
            measures: Some of the measures; default: all.

        Returns:
            A DataFrame, or a string.

        Raises:
            ValueError: An unknown format, or a measure that was not computed.
        """
        if format not in FORMATS:
            raise ValueError(f"format: {format!r} is unknown; the valid ones are {', '.join(FORMATS)}.")
        frame = self._frame(measures)
        if format == "markdown":
            return _markdown(_printed(frame, "**{}**", _escape_markdown))
        if format == "latex":
            return _latex(_printed(frame, r"\textbf{{{}}}", _escape_latex))
        if format == "csv":
            flat = frame.set_axis([f"{measure} {kind}" for measure, kind in frame.columns], axis=1)
            return flat.to_csv(lineterminator="\n")
        return frame

    def _frame(self, measures: Iterable[Measure | str] | Measure | str | None) -> pd.DataFrame:
        means = self.means
        kinds = [kind for kind in HEADINGS if kind in set(means["kind"])]
        known = set(zip(means["measure"], means["kind"], strict=True))
        columns = [(measure, kind) for measure in self._choose(measures) for kind in kinds if (measure, kind) in known]
        values = means.set_index(["system", "measure", "kind"])["value"]
        data = [[values.loc[(system, *column)] for column in columns] for system in self.systems]
        header = pd.MultiIndex.from_tuples(
            [(measure, HEADINGS[kind]) for measure, kind in columns], names=["measure", "kind"]
        )
        return pd.DataFrame(data, index=pd.Index(self.systems, name="system"), columns=header)

    def _choose(self, measures: Iterable[Measure | str] | Measure | str | None) -> list[str]:
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
        self,
        system: str,
        measure: Measure | str = "AP",
        *,
        vmin: float | None = None,
        vmax: float | None = None,
    ) -> "Picture":
        """A picture of one system: query language by document language, the monolingual diagonal framed.

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
        means = own.groupby("kind", sort=False)["value"].mean()
        return plots.heatmap(
            grid.reindex(index=self.languages, columns=self.languages),
            title=system,
            subtitle=" · ".join([f"{self.dataset}, {name}"] + [f"{kind} {_number(v, 3)}" for kind, v in means.items()]),
            label=name,
            vmin=float(pairs["value"].min()) if vmin is None else vmin,
            vmax=float(pairs["value"].max()) if vmax is None else vmax,
        )

    def save(self, folder: str | os.PathLike) -> list[Path]:
        """Writes the results as files, each of them whole or not at all, and none if one of them cannot be made.

        Args:
            folder: Where to: made if it is missing; files of an earlier call are replaced.

        Returns:
            The files: means.csv, settings.csv, table.csv, table.md, table.tex, and heatmap-<system>.png of the first
            measure that has values for single pairs of languages.
        """
        folder = Path(folder)
        contents = {
            "means.csv": self.means.to_csv(index=False, lineterminator="\n").encode(),
            "settings.csv": self.settings.to_csv(index=False, lineterminator="\n").encode(),
            "table.csv": self.table("csv").encode(),
            "table.md": (self.table("markdown") + "\n").encode(),
            "table.tex": (self.table("latex") + "\n").encode(),
        }
        pairs = self.settings[self.settings["kind"].isin(["mono", "cross"])]
        if len(pairs):
            measure = pairs["measure"].iloc[0]
            for system, name in zip(self.systems, _file_names(self.systems), strict=True):
                contents[f"heatmap-{name}.png"] = self.heatmap(system, measure).png()
        for name, content in contents.items():
            with whole_file(folder / name) as unfinished:
                unfinished.write_bytes(content)
        return [folder / name for name in contents]

    def __repr__(self) -> str:
        """The dataset, its languages and the table."""
        return f"LanguageResults: {self.dataset}, {' '.join(self.languages)}\n{self.table().round(3)}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


class _Printed(NamedTuple):
    """A table as texts: the measure and the kind above each column, and the rows, which start with the system."""

    measures: list[str]
    kinds: list[str]
    rows: list[list[str]]


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return re.sub(r"^(-?)0\.", r"\1.", text)


def _digits(measure: str) -> int:
    # Ranks are whole numbers in the paper; a distance relative to random order is a fraction.
    return 0 if lower_is_better(measure) and "normalized" not in measure else 3


def _printed(frame: pd.DataFrame, bold: str, escape: Callable[[str], str]) -> _Printed:
    """The texts of a table's cells. What prints like the best value of its column is bold; a lone row has no best."""
    columns = []
    for (measure, _), values in frame.items():
        texts = [_number(value, _digits(measure)) for value in values]
        best = _number(values.min() if lower_is_better(measure) else values.max(), _digits(measure))
        columns.append([bold.format(text) if text == best and len(texts) > 1 else text for text in texts])
    return _Printed(
        measures=[escape(measure) for measure, _ in frame.columns],
        kinds=[kind for _, kind in frame.columns],
        rows=[[escape(name), *cells] for name, *cells in zip(frame.index, *columns, strict=True)],
    )


def _escape_markdown(text: str) -> str:
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", " ".join(text.split()))


def _escape_latex(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special.update({character: f"\\{character}" for character in "&%$#_{}"})
    return "".join(special.get(character, character) for character in " ".join(text.split()))


def _markdown(printed: _Printed) -> str:
    names = [f"{measure} {kind}" for measure, kind in zip(printed.measures, printed.kinds, strict=True)]
    lines = ["| | " + " | ".join(names) + " |", "|:--|" + "--:|" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in printed.rows])


def _latex(printed: _Printed) -> str:
    measures = list(dict.fromkeys(printed.measures))
    heads, rules, start = [], [], 2
    for measure in measures:
        width = printed.measures.count(measure)
        heads.append(rf"\multicolumn{{{width}}}{{c}}{{{measure}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
        start += width
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(printed.kinds)}}}",
        r"\toprule",
        " & " + " & ".join(heads) + r" \\",
        " ".join(rules),
        " & " + " & ".join(printed.kinds) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in printed.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines)


def _file_names(systems: Iterable[str]) -> list[str]:
    """A safe file name for each system: letters, digits, dot, dash, and different without regard to case."""
    names: list[str] = []
    for system in systems:
        stem = re.sub(r"[^\w.-]+", "-", system).strip("-.")[:80] or "system"
        name, number = stem, 2
        while name.lower() in [taken.lower() for taken in names]:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names
