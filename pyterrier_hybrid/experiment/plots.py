"""Heat maps of one value per pair of languages."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from pyterrier_hybrid.experiment.heat_colors import COLORMAP, cell_colors, color_range, short
from pyterrier_hybrid.experiment.heatmap_svg import heatmap_svg
from pyterrier_hybrid.utils.figures import Picture


class Heatmap(Picture):
    """A heat map, whose SVG is made for pages.

    Attributes:
        draw_svg: Draws it as SVG.
    """

    draw_svg: Callable[[], str]

    def svg(self) -> str:
        """Return the heat map as SVG."""
        return self.draw_svg()


def heatmap(
    values: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    label: str = "",
    vmin: float | None = None,
    vmax: float | None = None,
    columns_label: str = "document language",
    rows_label: str = "query language",
) -> Heatmap:
    """Draw the value of each query language and document language, or something else in the columns.

    Args:
        values: One row per query language, one column per document language; cells of NaN stay empty.
        title: The title.
        subtitle: A smaller line below the title.
        label: The label of the colour bar, such as ``AP``.
        vmin: The value of the lightest colour; default: the smallest value.
        vmax: The value of the darkest colour; default: the largest value.
        columns_label: What the columns are.
        rows_label: What the rows are.

    Returns:
        A matplotlib figure, which notebooks show; ``figure.savefig("heatmap.png")`` saves it.

    Raises:
        ValueError: There is no value to draw, or ``vmin`` is above ``vmax``.

    Example:
        >>> frame = pd.DataFrame([[0.9, 0.4], [0.3, 0.8]], index=["de", "en"], columns=["de", "en"])
        >>> figure = heatmap(frame, title="X-Y", label="AP")
        >>> [text.get_text() for text in figure.axes[0].texts][:2]
        ['.90', '.40']
    """
    cells = values.to_numpy(np.float64)
    low, high = color_range(title, cells, vmin, vmax)
    colors = cell_colors(cells, low, high)

    rows, columns = cells.shape
    cell_size = 0.52
    # With few languages, the title and subtitle are wider than the cells.
    text_width = min(max(0.07 * len(subtitle), 0.12 * len(title)) + 1.1, 12)
    names = [str(name) for name in values.columns]
    longest = max(map(len, names), default=0)
    # Long names are written at an angle below the cells.
    below = 0.065 * longest if longest > 5 else 0.0
    size = max(cell_size * columns + 2.1, text_width), max(cell_size * rows + 1.75 + below, 2.6)
    figure = Heatmap(figsize=size, layout="constrained", dpi=150)
    figure.draw_svg = partial(
        heatmap_svg, values, title=title, subtitle=subtitle, label=label, vmin=low, vmax=high,
        columns_label=columns_label, rows_label=rows_label,
    )  # fmt: skip
    axes = figure.add_subplot()
    image = axes.imshow(np.ma.masked_invalid(cells), cmap=COLORMAP, vmin=low, vmax=high, aspect="equal")
    axes.set_xticks(range(columns), names, rotation=45 if longest > 5 else 0, ha="right" if longest > 5 else "center")
    axes.set_yticks(range(rows), [str(name) for name in values.index])
    axes.set_xlabel(columns_label)
    axes.set_ylabel(rows_label)
    axes.tick_params(length=0)
    axes.set_facecolor("0.93")
    # White lines between the cells make neighbours easier to compare.
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)

    for row, query_lang in enumerate(values.index):
        for column, doc_lang in enumerate(values.columns):
            value = cells[row, column]
            if not np.isfinite(value):
                continue
            _, ink = colors[row][column]
            axes.text(column, row, short(value), ha="center", va="center", fontsize=8.5, color=ink)
            if query_lang == doc_lang:
                frame = Rectangle(
                    (column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor="0.15", linewidth=1.1, zorder=3
                )
                axes.add_patch(frame)

    bar = figure.colorbar(image, ax=axes, fraction=0.045, pad=0.02, aspect=28)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8.5)
    bar.set_label(label)
    # Names of systems and datasets are not mathematics: a "$" in them is a dollar sign.
    subtitle_text = axes.text(
        0, 1.015, subtitle, transform=axes.transAxes, fontsize=9, color="0.35", va="bottom", parse_math=False
    )
    subtitle_text.set_in_layout(False)
    axes.set_anchor("W")
    axes.set_title(title, loc="left", fontsize=12.5, fontweight="bold", pad=20 if subtitle else 8, parse_math=False)
    return figure
