"""HTML pages made of sections with tables and pictures, in the style of the page of a language experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from pyterrier_hybrid.experiment.report.formats import header_levels, print_table
from pyterrier_hybrid.experiment.report.html import Table, render

if TYPE_CHECKING:
    from pyterrier_hybrid.utils.figures import Picture


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        title: Its title.
        text: A paragraph below the title.
        tables: Frames as :func:`~pyterrier_hybrid.experiment.report.formats.print_table` takes them. A table with a
            name is folded, and its name is shown.
        pictures: Figures by their descriptions.
    """

    title: str
    text: str = ""
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: "Mapping[str, Picture]" = field(default_factory=dict)


def sections_page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Return a page as HTML that needs no other files; it is the same for the same content.

    Args:
        title: The title.
        subtitle: A line below it.
        sections: The sections.

    Example:
        >>> frame = pd.DataFrame({("AP", "Mo."): [0.5]}, index=["BM25"])
        >>> "<td>.500</td>" in sections_page("Drops", "", [Section("Means", tables={"": frame})]).replace(chr(10), "")
        True
    """
    prepared = [
        {
            "title": section.title,
            "text": section.text,
            "tables": {name: _table(frame) for name, frame in section.tables.items()},
            "pictures": section.pictures,
        }
        for section in sections
    ]
    return render("sections.html.j2", title=title, subtitle=subtitle, sections=prepared)


def _table(frame: pd.DataFrame) -> Table:
    printed = print_table(frame, best=None, missing="–")
    return Table(header_levels(printed.columns), printed.rows, str(frame.index.name or ""))
