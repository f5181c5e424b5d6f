"""Figures of a robustness study."""

from collections.abc import Sequence

import pandas as pd

from pyterrier_hybrid.experiment import plots
from pyterrier_hybrid.experiment.robustness.labels import VALUES
from pyterrier_hybrid.experiment.settings import KINDS
from pyterrier_hybrid.utils.figures import Picture

_KIND_NAMES = dict(zip(KINDS, ("monolingual", "cross-lingual", "multilingual"), strict=True))
_COLUMNS = 4
_MARKERS = "os^Dv<>P"


def lines(means: pd.DataFrame, *, value: str, title: str) -> Picture:
    """Draw a value over the severity: one panel per perturbation, one line per system.

    Args:
        means: Rows of one measure and kind: system, perturbation, severity, clean and the value.
        value: The column to draw.
        title: The title.
    """
    perturbations, systems = list(means["perturbation"].unique()), list(means["system"].unique())
    columns = min(_COLUMNS, len(perturbations))
    rows = -(-len(perturbations) // columns)
    figure = Picture(figsize=(2.6 * columns + 1.2, 2.3 * rows + 1), layout="constrained", dpi=150)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    handles = {}
    for axes, perturbation in zip(grid.flat, perturbations, strict=False):
        for number, system in enumerate(systems):
            of_line = means[(means["perturbation"] == perturbation) & (means["system"] == system)]
            of_line = of_line.sort_values("severity")
            x, y = of_line["severity"].tolist(), of_line[value].tolist()
            if value == "perturbed" and x and x[0] > 0:
                x, y = [0.0, *x], [of_line["clean"].iloc[0], *y]
            (handles[system],) = axes.plot(
                x, y, marker=_MARKERS[number % len(_MARKERS)], markersize=3.5, linewidth=1.3, color=f"C{number % 10}"
            )
        axes.set_title(perturbation, fontsize=9.5, parse_math=False)
        axes.set_xlabel("severity", fontsize=8)
        axes.grid(color="0.9")
        axes.tick_params(labelsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    for axes in grid.flat[len(perturbations) :]:
        axes.set_visible(False)
    measure, kind = means["measure"].iloc[0], _KIND_NAMES[means["kind"].iloc[0]]
    figure.supylabel(measure if value == "perturbed" else f"{VALUES[value]}, {measure}", fontsize=9)
    figure.suptitle(f"{title}, {kind}", fontsize=11, fontweight="bold")
    # Given here and not with the lines, since matplotlib hides lines whose names start with an underscore.
    legend = figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=min(4, len(handles)), fontsize=8.5,
        frameon=False,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def by_language(
    frame: pd.DataFrame, system: str, languages: Sequence[str], perturbations: Sequence[str], *, value: str, title: str
) -> Picture:
    """Draw a heat map of one system: languages of the queries by perturbations.

    Args:
        frame: Rows of one measure and kind, with one severity for each perturbation: system, perturbation, lang and the
            value.
        system: The system.
        languages: The rows.
        perturbations: The columns.
        value: The column to draw.
        title: The name of the dataset.
    """
    cells = frame[frame["system"] == system].pivot(index="lang", columns="perturbation", values=value)
    measure, kind = frame["measure"].iloc[0], _KIND_NAMES[frame["kind"].iloc[0]]
    return plots.heatmap(
        cells.reindex(index=list(languages), columns=list(perturbations)),
        title=system,
        subtitle=f"{title}, {measure}, {kind}: {VALUES[value]}",
        label=VALUES[value],
        vmin=float(frame[value].min()),
        vmax=float(frame[value].max()),
        columns_label="perturbation",
    )
