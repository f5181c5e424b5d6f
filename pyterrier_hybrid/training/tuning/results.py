"""The results of a sweep over alpha: a frame, the best alpha, a table, a figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import pandas as pd

from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.formatting import format_number

if TYPE_CHECKING:
    # matplotlib is imported when a curve is drawn.
    from pyterrier_hybrid.utils.figures import Picture

FORMATS = ("frame", "markdown", "csv")


class SweepResults:
    """The results of :func:`pyterrier_hybrid.sweep`.

    Args:
        frame: The columns alpha, seed, measure, value.
        measure: The measure that decides which alpha is best.
        label: Name of the metric, such as AP, for the curve.
        judged_on: The data of the evaluation, for the curve.

    Attributes:
        frame: One row per run and measure. Columns: alpha, seed, measure, value.
        measure: The measure that decides which alpha is best.
        label: Name of the metric, such as AP.
        judged_on: The data of the evaluation.

    Raises:
        ValueError: The frame has no values of ``measure``.

    Example:
        >>> frame = pd.DataFrame({"alpha": [0.0, 0.5, 1.0], "seed": 0, "measure": "mean", "value": [0.61, 0.665, 0.63]})
        >>> results = SweepResults(frame)
        >>> results.best()
        0.5
        >>> print(results.table("markdown"))
        | alpha | mean |
        |--:|--:|
        | 0 | .610 |
        | 0.5 | **.665** |
        | 1 | .630 |
    """

    def __init__(self, frame: pd.DataFrame, *, measure: str = "mean", label: str = "", judged_on: str = "") -> None:
        self.frame = frame[["alpha", "seed", "measure", "value"]].reset_index(drop=True)
        if measure not in self.measures:
            raise ValueError(f"measure={measure!r} was not evaluated; there is {', '.join(self.measures)}")
        self.measure = measure
        self.label, self.judged_on = label, judged_on

    @property
    def measures(self) -> list[str]:
        """The measures, in the order of the frame."""
        return list(self.frame["measure"].unique())

    def best(self) -> float:
        """Return the alpha with the highest mean over the seeds; if several are equal, the smallest."""
        means = self._statistic("mean")[self.measure]
        return float(means.index[int(means.argmax())])

    def _statistic(self, name: str) -> pd.DataFrame:
        """Return a statistic over the seeds: one row per alpha, one column per measure."""
        cells = self.frame.groupby(["alpha", "measure"])["value"].agg(name).unstack("measure")
        return cells[self.measures].rename_axis(columns=None)

    @overload
    def table(self, format: Literal["frame"] = "frame") -> pd.DataFrame: ...

    @overload
    def table(self, format: Literal["csv", "markdown"]) -> str: ...

    @overload
    def table(self, format: str) -> pd.DataFrame | str: ...

    def table(self, format: str = "frame") -> pd.DataFrame | str:
        """Return mean and standard deviation over the seeds: one row per alpha.

        Args:
            format: ``"frame"`` (a column for each measure, and one such as ``"AP sd"`` for its standard deviation, NaN
                with one seed), ``"csv"`` (the same in full precision), or ``"markdown"`` (the best value of each
                measure in bold).

        Returns:
            A DataFrame, or a string.

        Raises:
            ValueError: An unknown format.
        """
        if format not in FORMATS:
            raise ValueError(f"format={format!r} is unknown; the valid ones are {', '.join(FORMATS)}")
        means, deviations = self._statistic("mean"), self._statistic("std")
        if format == "markdown":
            return _markdown(means, deviations)
        columns = [column for measure in self.measures for column in (measure, f"{measure} sd")]
        frame = means.join(deviations.add_suffix(" sd"))[columns]
        return frame.to_csv(lineterminator="\n") if format == "csv" else frame

    def plot(self, path: str | Path | None = None) -> "Picture":
        """Draw the curves: each measure by alpha, mean over the seeds with a band of one standard deviation.

        Args:
            path: Save the figure as this PNG file, whole or not at all.

        Returns:
            A matplotlib figure, which notebooks show. The best alpha is marked; with one seed, the title says
            "highest" instead of "best".
        """
        from pyterrier_hybrid.training.tuning.plot import curves

        figure = curves(
            self._statistic("mean"),
            self._statistic("std"),
            measure=self.measure,
            best=self.best(),
            seeds=self.frame["seed"].nunique(),
            label=self.label,
            judged_on=self.judged_on,
        )
        if path is not None:
            with whole_file(path) as unfinished:
                unfinished.write_bytes(figure.png())
        return figure

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``sweep.csv`` (the frame), ``table.csv``, ``table.md`` and ``alpha.png``, each whole or not at all.

        Args:
            folder: The folder, which is created if needed; existing files are replaced.

        Returns:
            The files.
        """
        folder = Path(folder)
        contents = {
            "sweep.csv": self.frame.to_csv(index=False, lineterminator="\n").encode(),
            "table.csv": self.table("csv").encode(),
            "table.md": (self.table("markdown") + "\n").encode(),
            "alpha.png": self.plot().png(),
        }
        for name, content in contents.items():
            with whole_file(folder / name) as unfinished:
                unfinished.write_bytes(content)
        return [folder / name for name in contents]

    def __repr__(self) -> str:
        """The best alpha and the table."""
        return f"SweepResults: best alpha {self.best():g} by {self.measure}\n{self.table().round(3)}"

    def _repr_html_(self) -> str:
        return self.table().round(3).to_html()


def _markdown(means: pd.DataFrame, deviations: pd.DataFrame) -> str:
    lines = ["| alpha | " + " | ".join(means.columns) + " |", "|--:|" + "--:|" * len(means.columns)]
    best = {measure: format_number(values.max(), 3) for measure, values in means.items()}
    for row, alpha in enumerate(means.index):
        cells: list[str] = []
        for measure in means.columns:
            text, deviation = format_number(means[measure].iloc[row], 3), deviations[measure].iloc[row]
            text = f"**{text}**" if text == best[measure] and len(means) > 1 else text
            cells.append(text if pd.isna(deviation) else f"{text} ± {format_number(deviation, 3)}")
        lines.append(f"| {alpha:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
