"""Tables as text: Markdown, LaTeX and CSV."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures import decimals, lower_is_better
from pyterrier_hybrid.utils.formatting import format_number

FORMATS = ("frame", "markdown", "latex", "csv")
TextFormat = Literal["markdown", "latex", "csv"]
Best = Literal["column", "row"] | None


@dataclass(frozen=True)
class PrintedValue:
    """A value of a table as text.

    Attributes:
        value: The number, or a placeholder if there is none.
        best: Whether it is among the best of its column or row.
        std: Standard deviation; empty if there is none.
    """

    value: str
    best: bool = False
    std: str = ""


@dataclass(frozen=True)
class PrintedTable:
    """A table as text, not yet escaped for a format.

    Attributes:
        columns: The names above each column, outermost first.
        rows: The name of each row and its values.
    """

    columns: list[tuple[str, ...]]
    rows: list[tuple[str, list[PrintedValue]]]


def format_table(
    frame: pd.DataFrame,
    format: str,
    *,
    std: pd.DataFrame | None = None,
    best: Best = "column",
    missing: str = "nan",
    losses: bool = False,
) -> pd.DataFrame | str:
    """Return a table in one of :data:`FORMATS`.

    Args:
        frame: The table; the first level of its columns is the measure.
        format: One of :data:`FORMATS`.
        std: As for :func:`print_table`.
        best: As for :func:`print_table`.
        missing: As for :func:`print_table`.
        losses: As for :func:`print_table`.
    """
    if format == "frame":
        return frame
    if format == "csv":
        return frame.set_axis([" ".join(column) for column in frame.columns], axis=1).to_csv(lineterminator="\n")
    table = print_table(frame, std=std, best=best, missing=missing, losses=losses)
    return markdown(table) if format == "markdown" else latex(table)


def print_table(
    frame: pd.DataFrame,
    *,
    std: pd.DataFrame | None = None,
    best: Best = "column",
    missing: str = "nan",
    losses: bool = False,
) -> PrintedTable:
    """Print the values of a table with the decimals of their measures, and find the best ones.

    Args:
        frame: Numbers; the first level of the columns is the measure.
        std: Standard deviations, in a frame of the same shape; NaN: none is printed.
        best: ``"column"``: compare the values of each column; ``"row"``: compare, in each row, the columns that differ
            in the last level only; None: mark no value as best.
        missing: The text for NaN.
        losses: Whether the values are losses, of which the smallest is best, whatever the measure.

    Returns:
        The table. All values that print like the best one are marked; a value without any other is not.
    """
    values = frame.to_numpy(np.float64)
    columns = [tuple(map(str, column)) for column in frame.columns]
    texts = [
        [
            missing if np.isnan(value) else format_measure(value, measure)
            for value, (measure, *_) in zip(row, columns, strict=True)
        ]
        for row in values
    ]
    marked = _best_cells(values, texts, columns, best, losses)
    deviations = np.full(values.shape, np.nan) if std is None else std.to_numpy(np.float64)
    rows = [
        (
            str(name),
            [
                PrintedValue(
                    texts[row][column],
                    best=(row, column) in marked,
                    std=_format_std(float(deviations[row, column]), columns[column][0]),
                )
                for column in range(len(columns))
            ],
        )
        for row, name in enumerate(frame.index)
    ]
    return PrintedTable(columns, rows)


def format_measure(value: float, measure: str) -> str:
    """Format a value of a measure.

    Example:
        >>> format_measure(0.7954, "AP"), format_measure(412.3, "RankDistance")
        ('.795', '412')
    """
    return format_number(value, decimals(measure))


def _format_std(std: float, measure: str) -> str:
    if np.isnan(std):
        return ""
    # For a distance in ranks, one decimal is meaningful only if the distance varies little.
    return format_number(std, decimals(measure) or int(std < 9.95))


def _best_cells(
    values: np.ndarray, texts: list[list[str]], columns: list[tuple[str, ...]], best: Best, losses: bool
) -> set[tuple[int, int]]:
    """Return the row and column of every value that prints like the best one it is compared with."""
    rows = range(len(values))
    groups: list[list[tuple[int, int]]] = []
    if best == "column":
        groups = [[(row, column) for row in rows] for column in range(len(columns))]
    elif best == "row":
        compared = [list(group) for _, group in groupby(range(len(columns)), key=lambda column: columns[column][:-1])]
        groups = [[(row, column) for column in group] for row in rows for group in compared]
    marked: set[tuple[int, int]] = set()
    for cells in groups:
        numbers = [float(values[cell]) for cell in cells if not np.isnan(values[cell])]
        if len(cells) > 1 and numbers:
            measure = columns[cells[0][1]][0]
            winner = format_measure(min(numbers) if losses or lower_is_better(measure) else max(numbers), measure)
            marked.update((row, column) for row, column in cells if texts[row][column] == winner)
    return marked


def header_levels(columns: Sequence[tuple[str, ...]]) -> list[list[tuple[str, int]]]:
    """Return, for each level of a header, its names and the number of columns that each name spans.

    Equal names side by side are one name, except in the last level. Without columns, there is one empty level.

    Args:
        columns: The names above each column, outermost first.

    Example:
        >>> header_levels([("AP", "Mo."), ("AP", "Cr."), ("R@1", "Mo.")])
        [[('AP', 2), ('R@1', 1)], [('Mo.', 1), ('Cr.', 1), ('Mo.', 1)]]
    """
    if not columns:
        return [[]]
    prefixes = [[column[:depth] for column in columns] for depth in range(1, len(columns[0]))]
    levels = [[(names[-1], len(list(group))) for names, group in groupby(level)] for level in prefixes]
    return [*levels, [(column[-1], 1) for column in columns]]


def markdown(table: PrintedTable) -> str:
    """Return a Markdown table, with the names of a column in one line."""

    def cell(printed: PrintedValue) -> str:
        value = f"**{printed.value}**" if printed.best else printed.value
        return f"{value} ± {printed.std}" if printed.std else value

    names = [" ".join(map(escape_markdown, column)) for column in table.columns]
    lines = ["| | " + " | ".join(names) + " |", "|:--|" + "--:|" * len(names)]
    lines += ["| " + " | ".join([escape_markdown(name), *map(cell, cells)]) + " |" for name, cells in table.rows]
    return "\n".join(lines)


def latex(table: PrintedTable) -> str:
    """Return a LaTeX table for booktabs, with one line for each level of the header."""

    def cell(printed: PrintedValue) -> str:
        value = escape_latex(printed.value)
        value = rf"\textbf{{{value}}}" if printed.best else value
        return rf"{value} $\pm$ {printed.std}" if printed.std else value

    lines = [rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}", r"\toprule"]
    *outer, last = header_levels(table.columns)
    for level in outer:
        names, rules, start = [], [], 2
        for name, width in level:
            names.append(rf"\multicolumn{{{width}}}{{c}}{{{escape_latex(name)}}}")
            rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
            start += width
        lines += [" & " + " & ".join(names) + r" \\", " ".join(rules)]
    lines += [" & " + " & ".join(escape_latex(name) for name, _ in last) + r" \\", r"\midrule"]
    lines += [" & ".join([escape_latex(name), *map(cell, cells)]) + r" \\" for name, cells in table.rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def escape_markdown(text: str) -> str:
    """Escape a name for a Markdown table."""
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", " ".join(text.split()))


def escape_latex(text: str) -> str:
    """Escape a name for a LaTeX table."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special.update({"±": r"$\pm$", "–": "--"})
    special.update({character: f"\\{character}" for character in "&%$#_{}"})
    escaped = "".join(special.get(character, character) for character in " ".join(text.split()))
    # At the beginning of a row, these would be read as options of the \\ of the row before.
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped
