"""The curve of a sweep over alpha."""

import pandas as pd

from pyterrier_hybrid.utils.figures import Picture

_COLORS = {"mono": "#d1662b", "cross": "#2a7f8e", "multi": "#6a51a3", "mean": "#222222"}
# What a legend lists first.
_FIRST = ("mean", "mono", "cross", "multi")
_OTHERS = ["#8c6d31", "#3d8b3d", "#b0457b", "#5b6c8f"]


def curves(
    means: pd.DataFrame,
    deviations: pd.DataFrame,
    *,
    judge: str,
    best: float,
    seeds: int,
    label: str = "",
    judged_on: str = "",
) -> Picture:
    """Draw measures by alpha.

    Args:
        means: The mean over seeds: one row per alpha, one column per measure.
        deviations: Their standard deviations, NaN where there is one seed only.
        judge: The measure that decides.
        best: The alpha to mark.
        seeds: Their number.
        label: Of the values.
        judged_on: The data that the values are of.

    >>> means = pd.DataFrame({"mono": [0.7, 0.8], "mean": [0.6, 0.7]}, index=[0.0, 1.0])
    >>> figure = curves(means, means * float("nan"), judge="mean", best=1.0, seeds=1)
    >>> [line.get_label() for line in figure.axes[0].get_lines()][:2]
    ['mono', 'mean']
    """
    figure = Picture(figsize=(6.4, 4.0), layout="constrained", dpi=150)
    axes = figure.add_subplot()
    others = iter(_OTHERS * len(means.columns))
    for measure in means.columns:
        color = _COLORS.get(measure) or next(others)
        chief = measure == judge
        axes.plot(
            means.index, means[measure], label=measure, color=color, linewidth=2.6 if chief else 1.6,
            marker="o", markersize=5 if chief else 3.5, zorder=3 if chief else 2,
        )  # fmt: skip
        if deviations[measure].notna().any():
            low, high = means[measure] - deviations[measure], means[measure] + deviations[measure]
            axes.fill_between(means.index, low, high, color=color, alpha=0.18, linewidth=0)
    axes.axvline(best, color="0.45", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    value = means.loc[best, judge]
    axes.plot([best], [value], marker="o", markersize=11, fillstyle="none", color="0.15", zorder=4)
    axes.set_xlabel("alpha: share of monolingual batches")
    axes.set_ylabel(label)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda at: _FIRST.index(labels[at]) if labels[at] in _FIRST else len(_FIRST))
    axes.legend(
        [handles[at] for at in order], [labels[at] for at in order], frameon=False, loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )  # fmt: skip
    # One run more or less can put another alpha first.
    title = f"Best alpha {best:g}" if seeds > 1 else f"Alpha {best:g} highest (1 seed)"
    over = [f"judged on {judged_on}"] if judged_on else []
    over += [f"{seeds} seeds, band: one standard deviation"] if seeds > 1 else []
    axes.set_title(f"{title}: {judge} {value:.3f}", loc="left", fontsize=12, fontweight="bold", pad=20)
    axes.text(0, 1.015, "; ".join(over), transform=axes.transAxes, fontsize=9, color="0.35", va="bottom")
    return figure
