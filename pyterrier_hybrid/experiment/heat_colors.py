"""Colours and short values of heat maps."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize, to_hex

from pyterrier_hybrid.utils.checks import finite_number
from pyterrier_hybrid.utils.formatting import format_number

COLORMAP = "YlGnBu"


def color_range(
    title: str, cells: np.ndarray, vmin: float | None = None, vmax: float | None = None
) -> tuple[float, float]:
    """Return the values of the lightest and the darkest colour, as :func:`heatmap` describes them.

    Raises:
        ValueError: There is no value to draw, or ``vmin`` is above ``vmax``.
    """
    if not np.isfinite(cells).any():
        raise ValueError(f"heatmap of {title!r}: there is no value to draw; evaluate kinds mono or cross")
    low = float(np.nanmin(cells)) if vmin is None else finite_number("vmin", vmin, least=-np.inf)
    high = float(np.nanmax(cells)) if vmax is None else finite_number("vmax", vmax, least=-np.inf)
    if low > high:
        raise ValueError(f"heatmap of {title!r}: vmin={low:g} is above vmax={high:g}; swap them")
    return low, high


def cell_colors(cells: np.ndarray, low: float, high: float) -> list[list[tuple[str, str]]]:
    """Return the colour of each cell, and that of its text, as hexadecimal numbers.

    Args:
        cells: float64 ``[rows, columns]``.
        low: The value of the lightest colour.
        high: The value of the darkest colour.

    Example:
        >>> cell_colors(np.array([[0.0, 1.0]]), 0.0, 1.0)
        [[('#ffffd9', '#262626'), ('#081d58', '#ffffff')]]
    """
    rgba = colormaps[COLORMAP](Normalize(low, high)(cells))
    dark = rgba[..., :3] @ (0.299, 0.587, 0.114) < 0.55
    return [
        [(to_hex(color), "#ffffff" if is_dark else "#262626") for color, is_dark in zip(*row, strict=True)]
        for row in zip(rgba, dark, strict=True)
    ]


def short(value: float) -> str:
    """Format a value to fit into a cell: two decimals without the leading zero; large values as whole numbers.

    Args:
        value: The value.

    Example:
        >>> short(0.7954), short(1.0), short(-0.25), short(412.3)
        ('.80', '1.00', '-.25', '412')
    """
    return format_number(value, 0 if abs(value) >= 100 else 2)
