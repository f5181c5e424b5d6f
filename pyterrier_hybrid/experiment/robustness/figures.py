"""Figures of the experiments on robustness."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pyterrier_hybrid.utils.figures import Picture

COLORS = ("#d1662b", "#2a7f8e", "#6a51a3", "#8c6d31", "#3d8b3d", "#b0457b", "#5b6c8f", "#222222")


def slopes(panels: Mapping[str, pd.DataFrame], *, labels: tuple[str, str], ylabel: str) -> Picture:
    """Draw two values of each system, joined by a line: one panel per target.

    Args:
        panels: Frames by title: one row per system, two columns.
        labels: The names of the two columns.
        ylabel: The label of the values.

    Returns:
        A matplotlib figure, which notebooks show.

    Example:
        >>> frame = pd.DataFrame({"in_domain": [0.8, 0.7], "shifted": [0.6, 0.65]}, index=["BM25", "X-Y"])
        >>> figure = slopes({"FAQ": frame}, labels=("xquad-r", "FAQ"), ylabel="AP")
        >>> [line.get_label() for line in figure.axes[0].get_lines()]
        ['BM25', 'X-Y']
    """
    figure = Picture(figsize=(1.5 + 2.6 * len(panels), 3.8), layout="constrained", dpi=150)
    axes = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    for panel, (title, frame) in zip(axes, panels.items(), strict=True):
        for number, (system, row) in enumerate(frame.iterrows()):
            panel.plot(
                [0, 1], row.to_numpy(), marker="o", markersize=5, linewidth=2, label=str(system),
                color=COLORS[number % len(COLORS)], linestyle="-" if number < len(COLORS) else "--",
            )  # fmt: skip
        panel.set_xticks([0, 1], labels)
        panel.set_xlim(-0.2, 1.2)
        # Names of systems and datasets are not mathematics: a "$" in them is a dollar sign.
        panel.set_title(title, loc="left", fontsize=10.5, fontweight="bold", parse_math=False)
        _clean(panel)
    axes[0].set_ylabel(ylabel)
    figure.legend(*axes[0].get_legend_handles_labels(), frameon=False, loc="outside right upper")
    return figure


def _clean(axes: object) -> None:
    axes.grid(axis="y", color="0.9", linewidth=0.8)  # type: ignore[attr-defined]
    axes.set_axisbelow(True)  # type: ignore[attr-defined]
    axes.spines[["top", "right"]].set_visible(False)  # type: ignore[attr-defined]
