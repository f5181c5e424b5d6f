"""Heat maps as SVG for pages: sharp at any size, readable in light and dark mode, a few kilobytes each."""

from html import escape

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.heat_colors import cell_colors, color_range, short

_CELL, _GAP, _LINE = 40, 1, 17
_DEGREES = 45
_STEPS = 24
# Approximate widths of characters, in parts of the size of the letters; a page has no way to measure text.
_NARROW, _WIDE = 0.6, 1.0


def heatmap_svg(
    values: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    label: str = "",
    vmin: float | None = None,
    vmax: float | None = None,
    columns_label: str = "document language",
    rows_label: str = "query language",
) -> str:
    """Draw the heat map that :func:`pyterrier_hybrid.experiment.plots.heatmap` draws, as SVG.

    Cells keep their colours in light and dark mode; other text has the colour of the text around the picture.

    Args:
        values: One row per query language, one column per document language; cells of NaN stay empty.
        title: The title.
        subtitle: A smaller line below the title.
        label: The label of the colour bar.
        vmin: The value of the lightest colour; default: the smallest value.
        vmax: The value of the darkest colour; default: the largest value.
        columns_label: What the columns are.
        rows_label: What the rows are.

    Raises:
        ValueError: There is no value to draw, or ``vmin`` is above ``vmax``.

    Example:
        >>> frame = pd.DataFrame([[0.9, 0.4], [0.3, 0.8]], index=["de", "en"], columns=["de", "en"])
        >>> picture = heatmap_svg(frame, title="X-Y", label="AP")
        >>> picture.startswith("<svg xmlns="), picture.count("<title>de, en: .40</title>")
        (True, 1)
    """
    cells = values.to_numpy(np.float64)
    low, high = color_range(title, cells, vmin, vmax)
    names, rows = [str(name) for name in values.columns], [str(name) for name in values.index]
    left = 34 + max(_width(name, 13) for name in rows)
    longest = max(_width(name, 13) for name in names)
    turned = longest > _CELL
    top = 12 + 22 + _LINE * bool(subtitle) + 8
    right, bottom = left + _CELL * len(names), top + _CELL * len(rows)
    below = 0.75 * longest + 14 if turned else _LINE
    width = max(right + 84, 8 + _width(title, 17), 8 + _width(subtitle, 12))
    height = bottom + below + 26
    colors = cell_colors(cells, low, high)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' style='min-width:{0.75 * width:.0f}px' "
        f"viewBox='0 0 {width:.0f} {height:.0f}' "
        "role='img' font-family='system-ui, sans-serif' font-size='13' fill='currentColor' "
        f"aria-label='{_quoted(f'Heat map of {title}: {rows_label}s by {columns_label}s')}'>",
        f"<text x='8' y='24' font-size='17' font-weight='600'>{escape(title)}</text>",
    ]
    if subtitle:
        parts.append(f"<text x='8' y='{24 + _LINE + 2}' font-size='12' opacity='.75'>{escape(subtitle)}</text>")
    for row, row_name in enumerate(rows):
        y = top + _CELL * row
        parts.append(f"<text x='{left - 7}' y='{y + 25}' text-anchor='end'>{escape(row_name)}</text>")
        for column, column_name in enumerate(names):
            x = left + _CELL * column
            value = cells[row, column]
            side = _CELL - 2 * _GAP
            place = f"x='{x + _GAP}' y='{y + _GAP}' width='{side}' height='{side}'"
            if not np.isfinite(value):
                parts.append(f"<rect {place} fill-opacity='.06'/>")
                continue
            fill, ink = colors[row][column]
            frame = f" stroke='{ink}' stroke-width='1.5'" if row_name == column_name else ""
            if frame:
                place = f"x='{x + 2.5}' y='{y + 2.5}' width='{_CELL - 5}' height='{_CELL - 5}'"
                parts.append(f"<rect x='{x + _GAP}' y='{y + _GAP}' width='{side}' height='{side}' fill='{fill}'/>")
            parts.append(
                f"<g><title>{escape(row_name)}, {escape(column_name)}: {short(value)}</title>"
                f"<rect {place} fill='{fill}'{frame}/>"
                f"<text x='{x + _CELL // 2}' y='{y + 25}' text-anchor='middle' fill='{ink}'>{short(value)}</text></g>"
            )
    for column, name in enumerate(names):
        x = left + _CELL * column + _CELL // 2
        place = (
            f"text-anchor='end' transform='translate({x + 5} {bottom + 14}) rotate(-{_DEGREES})'"
            if turned
            else f"x='{x}' y='{bottom + _LINE}' text-anchor='middle'"
        )
        parts.append(f"<text {place}>{escape(name)}</text>")
    middle = (top + bottom) // 2
    parts += [
        f"<text x='{(left + right) // 2}' y='{bottom + below + 18:.0f}' text-anchor='middle' opacity='.75'>"
        f"{escape(columns_label)}</text>",
        f"<text text-anchor='middle' opacity='.75' transform='translate(20 {middle}) rotate(-90)'>"
        f"{escape(rows_label)}</text>",
        *_bar(right + 16, top, bottom - top, low, high, label),
        "</svg>",
    ]
    return "".join(parts)


def _bar(x: int, top: int, height: int, low: float, high: float, label: str) -> list[str]:
    """Draw the colour bar, with the values of its ends."""
    levels = np.linspace(high, low, _STEPS)[:, None]
    step = height / _STEPS
    # The steps overlap by half a unit; otherwise thin lines would show between them.
    parts = [
        f"<rect x='{x}' y='{top + step * number:.1f}' width='12' height='{step + 0.5:.1f}' fill='{fill}'/>"
        for number, ((fill, _),) in enumerate(cell_colors(levels, low, high))
    ]
    parts += [
        f"<text x='{x + 17}' y='{y}' font-size='12'>{short(value)}</text>"
        for value, y in ((high, top + 10), (low, top + height))
    ]
    middle = top + height // 2
    parts.append(
        f"<text font-size='12' opacity='.75' text-anchor='middle' transform='translate({x + 32} {middle}) rotate(-90)'>"
        f"{escape(label)}</text>"
    )
    return parts


def _width(text: str, size: int) -> int:
    return int(size * sum(_WIDE if ord(letter) > 0x2E80 else _NARROW for letter in text))


def _quoted(text: str) -> str:
    return escape(text, quote=True)
