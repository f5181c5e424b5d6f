"""The curve of a sweep over alpha."""

import pandas as pd

from pyterrier_hybrid.utils.figures import Picture

_COLORS = {"mono": "#d1662b", "cross": "#2a7f8e", "multi": "#6a51a3", "mean": "#222222"}
_LEGEND_ORDER = ("mean", "mono", "cross", "multi")
"""The first entries of the legend."""
_OTHER_COLORS = ["#8c6d31", "#3d8b3d", "#b0457b", "#5b6c8f"]


def curves(
    means: pd.DataFrame,
    deviations: pd.DataFrame,
    *,
    measure: str,
    best: float,
    seeds: int,
    label: str = "",
    judged_on: str = "",
) -> Picture:
    """Draw measures by alpha.

    Args:
        means: The means over the seeds: one row per alpha, one column per measure.
        deviations: Their standard deviations, NaN where there is only one seed.
        measure: The measure that decides which alpha is best.
        best: The alpha to mark.
        seeds: Number of seeds.
        label: Name of the metric, such as AP.
        judged_on: The data of the evaluation.

    Example:
        >>> means = pd.DataFrame({"mono": [0.7, 0.8], "mean": [0.6, 0.7]}, index=[0.0, 1.0])
        >>> figure = curves(means, means * float("nan"), measure="mean", best=1.0, seeds=1)
        >>> [line.get_label() for line in figure.axes[0].get_lines()][:2]
        ['mono', 'mean']
    """
    figure = Picture(figsize=(6.4, 4.0), layout="constrained", dpi=150)
    axes = figure.add_subplot()
    others = iter(_OTHER_COLORS * len(means.columns))
    for name in means.columns:
        color = _COLORS.get(name) or next(others)
        decides = name == measure
        axes.plot(
            means.index, means[name], label=name, color=color, linewidth=2.6 if decides else 1.6, marker="o",
            markersize=5 if decides else 3.5, zorder=3 if decides else 2,
        )  # fmt: skip
        if deviations[name].notna().any():
            low, high = means[name] - deviations[name], means[name] + deviations[name]
            axes.fill_between(means.index, low, high, color=color, alpha=0.18, linewidth=0)
    axes.axvline(best, color="0.45", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    value = means[measure][best]
    axes.plot([best], [value], marker="o", markersize=11, fillstyle="none", color="0.15", zorder=4)
    axes.set_xlabel("alpha: share of monolingual batches")
    axes.set_ylabel(label)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    order = {name: number for number, name in enumerate(_LEGEND_ORDER)}
    handles, labels = axes.get_legend_handles_labels()
    entries = sorted(zip(handles, labels, strict=True), key=lambda entry: order.get(entry[1], len(order)))
    axes.legend(
        [handle for handle, _ in entries],
        [text for _, text in entries],
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
    # With one seed, chance may decide which alpha is highest.
    title = f"Best alpha {best:g}" if seeds > 1 else f"Alpha {best:g} highest (1 seed)"
    notes = [f"judged on {judged_on}"] if judged_on else []
    notes += [f"{seeds} seeds, band: one standard deviation"] if seeds > 1 else []
    axes.set_title(f"{title}: {measure} {value:.3f}", loc="left", fontsize=12, fontweight="bold", pad=20)
    axes.text(0, 1.015, "; ".join(notes), transform=axes.transAxes, fontsize=9, color="0.35", va="bottom")
    return figure
