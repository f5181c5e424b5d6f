"""HTML pages made of sections with tables and pictures, in the style of the page of a language experiment."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment, PackageLoader

from pyterrier_hybrid import __version__
from pyterrier_hybrid.experiment.report.formats import header_levels, print_table


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        title: Its title.
        text: A paragraph below the title.
        tables: Frames as :func:`~pyterrier_hybrid.experiment.report.formats.print_table` takes them. A table with a
            name is folded, and its name is shown.
        pictures: PNG files by their descriptions.
    """

    title: str
    text: str = ""
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


class _Table(NamedTuple):
    header: list[list[tuple[str, int]]]
    rows: Sequence[tuple[str, Sequence[Any]]]


def environment() -> Environment:
    """Return the environment of the templates of this sub-package."""
    loader = PackageLoader("pyterrier_hybrid.experiment.report", package_path="")
    made = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return made


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
    return (
        environment()
        .get_template("sections.html.j2")
        .render(
            version=__version__,
            title=title,
            subtitle=subtitle,
            sections=[
                {
                    "title": section.title,
                    "text": section.text,
                    "tables": {name: _table(frame) for name, frame in section.tables.items()},
                    "pictures": section.pictures,
                }
                for section in sections
            ],
        )
    )


def _table(frame: pd.DataFrame) -> _Table:
    printed = print_table(frame, best=None, missing="–")
    return _Table(header_levels(printed.columns), printed.rows)
