"""Tables as text: Markdown and LaTeX, as the paper prints them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from pyterrier_hybrid.experiment.measures import lower_is_better

HEADINGS = {"mono": "Mo.", "cross": "Cr.", "multi": "Mul."}
FORMATS = ("frame", "markdown", "latex", "csv")


@dataclass(frozen=True)
class Printed:
    """A table as texts.

    Attributes:
        heads: The names above each column, outermost first.
        rows: The cells of each row, after its name.
    """

    heads: list[tuple[str, ...]]
    rows: list[list[str]]


def check(name: str, value: str, valid: Iterable[str]) -> None:
    """Checks a choice.

    Raises:
        ValueError: It is not among the valid ones.
    """
    if value not in valid:
        raise ValueError(f"{name}: {value!r} is unknown; the valid ones are {', '.join(valid)}.")


def header(columns: list[tuple[str, ...]], *names: str) -> pd.MultiIndex:
    """What stands above the columns of a table: the measure, the kind, and what else has a name."""
    return pd.MultiIndex.from_tuples(columns, names=["measure", "kind", *names])


def formatted(
    frame: pd.DataFrame,
    format: str,
    *,
    std: pd.DataFrame | None = None,
    best: str | None = "column",
    missing: str = "nan",
) -> pd.DataFrame | str:
    """A table in one of :data:`FORMATS`; the options are those of :func:`printed`."""
    options = {"std": std, "best": best, "missing": missing}
    if format == "markdown":
        return markdown(printed(frame, "**{}**".format, escape_markdown, **options))
    if format == "latex":
        bold, plus_minus = r"\textbf{{{}}}".format, r"$\pm$"
        options["missing"] = escape_latex(missing)
        return latex(printed(frame, bold, escape_latex, plus_minus=plus_minus, **options))
    if format == "csv":
        return frame.set_axis([" ".join(column) for column in frame.columns], axis=1).to_csv(lineterminator="\n")
    return frame


def number(value: float, digits: int) -> str:
    """A value without the leading zero, as the paper prints it.

    >>> number(0.7954, 3), number(-0.25, 2), number(412.3, 0)
    ('.795', '-.25', '412')
    """
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.{digits}f}")


def digits(measure: str) -> int:
    """How many decimals a measure is printed with."""
    # Ranks are whole numbers in the paper; a distance relative to random order is a fraction.
    return 0 if lower_is_better(measure) and "normalized" not in measure else 3


def printed(
    frame: pd.DataFrame,
    bold: Callable[[str], str],
    escape: Callable[[str], str],
    *,
    std: pd.DataFrame | None = None,
    plus_minus: str = "±",
    best: str | None = "column",
    missing: str = "nan",
) -> Printed:
    """The texts of a table's cells.

    Args:
        frame: Numbers; the first level of its columns is the measure.
        bold: Marks the best values: what prints like the best; the only value has no best.
        escape: For names.
        std: Standard deviations of the same shape, printed where they are numbers.
        plus_minus: What stands between the two.
        best: ``column``: the best of each column; ``row``: of a row, the best of the columns that differ in the last
            level only; None: nothing is marked.
        missing: What is printed for NaN.

    Returns:
        The texts.
    """
    measures = [column[0] for column in frame.columns]
    places = [digits(measure) for measure in measures]
    texts = [
        [missing if pd.isna(value) else number(value, place) for value, place in zip(row, places, strict=True)]
        for row in frame.to_numpy()
    ]
    marked: set[tuple[int, int]] = set()
    everything = range(len(frame))
    if best == "column":
        groups = [[(row, column) for row in everything] for column in range(len(measures))]
    elif best == "row":
        alike = [list(group) for _, group in groupby(range(len(measures)), key=lambda at: frame.columns[at][:-1])]
        groups = [[(row, column) for column in columns] for row in everything for columns in alike]
    else:
        groups = []
    for cells in groups:
        values = [frame.iat[cell] for cell in cells if not pd.isna(frame.iat[cell])]
        if len(cells) > 1 and values:
            measure = measures[cells[0][1]]
            winner = number(min(values) if lower_is_better(measure) else max(values), digits(measure))
            marked.update(cell for cell in cells if texts[cell[0]][cell[1]] == winner)
    rows = []
    for row, name in enumerate(frame.index):
        cells = [escape(str(name))]
        for column, measure in enumerate(measures):
            text = bold(texts[row][column]) if (row, column) in marked else texts[row][column]
            if std is not None and not pd.isna(std.iat[row, column]):
                deviation = std.iat[row, column]
                # Of a distance in ranks, tenths say something only where it varies by few.
                text += f" {plus_minus} {number(deviation, digits(measure) or int(deviation < 9.95))}"
            cells.append(text)
        rows.append(cells)
    return Printed([tuple(escape(str(part)) for part in column) for column in frame.columns], rows)


def markdown(table: Printed) -> str:
    """A Markdown table, with the names of a column in one line."""
    names = [" ".join(head) for head in table.heads]
    lines = ["| | " + " | ".join(names) + " |", "|:--|" + "--:|" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in table.rows])


def latex(table: Printed) -> str:
    """A LaTeX table with booktabs, one line for each level of the names."""
    levels = len(table.heads[0])
    lines = [rf"\begin{{tabular}}{{l{'r' * len(table.heads)}}}", r"\toprule"]
    for level in range(levels - 1):
        heads, rules, start = [], [], 2
        for names, width in spans(table.heads, level):
            heads.append(rf"\multicolumn{{{width}}}{{c}}{{{names}}}")
            rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
            start += width
        lines += [" & " + " & ".join(heads) + r" \\", " ".join(rules)]
    lines += [" & " + " & ".join(head[-1] for head in table.heads) + r" \\", r"\midrule"]
    lines += [" & ".join(row) + r" \\" for row in table.rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def spans(heads: Sequence[tuple[str, ...]], level: int) -> Iterable[tuple[str, int]]:
    """The names of one level, and over how many columns each stands.

    >>> list(spans([("AP", "Mo."), ("AP", "Cr."), ("R@1", "Mo.")], 0))
    [('AP', 2), ('R@1', 1)]
    """
    for names, group in groupby(heads, key=lambda head: head[: level + 1]):
        yield names[-1], len(list(group))


def escape_markdown(text: str) -> str:
    """A text as it stands in Markdown."""
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", " ".join(text.split()))


def escape_latex(text: str) -> str:
    """A text as it stands in LaTeX."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special.update({"±": r"$\pm$", "–": "--"})
    special.update({character: f"\\{character}" for character in "&%$#_{}"})
    escaped = "".join(special.get(character, character) for character in " ".join(text.split()))
    # At the beginning of a row these belong to the \\ of the row before.
    return f"{{{escaped[0]}}}{escaped[1:]}" if escaped.startswith(("[", "*")) else escaped
