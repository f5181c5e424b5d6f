"""Figures of the experiments on robustness."""

from collections.abc import Mapping
from typing import Any

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


def values_by_share(panels: Mapping[str, pd.DataFrame], *, ylabel: str) -> Picture:
    """Draw the value of each language by its share, on a logarithmic axis: one panel per condition.

    Args:
        panels: Frames by title, with the columns sampler, lang, value, share. Shares of 0 are drawn at the left edge.
        ylabel: The label of the values.

    Returns:
        A matplotlib figure, which notebooks show.

    Example:
        >>> frame = pd.DataFrame({"sampler": "X-Y", "lang": ["en", "th"], "value": [0.8, 0.4], "share": [0.9, 0.1]})
        >>> figure = values_by_share({"s=1": frame}, ylabel="AP")
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['en', 'th']
    """
    figure = Picture(figsize=(1.6 + 3.1 * len(panels), 3.9), layout="constrained", dpi=150)
    axes = np.atleast_1d(figure.subplots(1, len(panels), sharex=True, sharey=True))
    positive = [share for frame in panels.values() for share in frame["share"] if share > 0]
    edge = min(positive, default=1.0) / 3
    for panel, (title, frame) in zip(axes, panels.items(), strict=True):
        for number, (sampler, rows) in enumerate(frame.groupby("sampler", sort=False)):
            rows = rows.sort_values("share", ascending=False)
            panel.plot(
                rows["share"].clip(lower=edge), rows["value"], marker="o", markersize=4.5, linewidth=1.4,
                label=str(sampler), color=COLORS[number % len(COLORS)], linestyle="-" if number < len(COLORS) else "--",
            )  # fmt: skip
            # At equal shares, the names would be on top of each other.
            if number == 0 and rows["share"].nunique() > 1:
                for lang, share, value in zip(rows["lang"], rows["share"], rows["value"], strict=True):
                    panel.annotate(
                        lang, (max(share, edge), value), xytext=(0, 5), textcoords="offset points", fontsize=7.5,
                        ha="center", color="0.35",
                    )  # fmt: skip
        panel.set_xscale("log")
        panel.set_xlabel("share of the training texts")
        panel.set_title(title, loc="left", fontsize=10.5, fontweight="bold", parse_math=False)
        _clean(panel)
    axes[0].set_ylabel(ylabel, parse_math=False)
    figure.legend(*axes[0].get_legend_handles_labels(), frameon=False, loc="outside right upper")
    return figure


def _clean(axes: Any) -> None:
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
