"""Tables of the results, arranged as in arXiv 2408.10536, as frames.

The columns of a table have the measure, the kind as the paper prints it, and sometimes the system above them.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from pyterrier_hybrid.experiment.report.paper import SAMPLERS
from pyterrier_hybrid.experiment.settings import KINDS

HEADINGS = {"mono": "Mo.", "cross": "Cr.", "multi": "Mul."}

Column = tuple[str, str]
"""A measure and a kind."""
_Cells = dict[tuple[str, ...], list[float | None]]


def columns_of(settings: pd.DataFrame) -> list[Column]:
    """List the measures and kinds that a frame has: the measures in their order, each with its kinds in theirs."""
    known = set(zip(settings["measure"], settings["kind"], strict=True))
    return [(measure, kind) for measure in settings["measure"].unique() for kind in KINDS if (measure, kind) in known]


def by_kind(means: pd.DataFrame, columns: Sequence[Column], value: str = "value") -> pd.DataFrame:
    """Arrange means as in Tables 1 and 2: one row per system, one column per measure and kind.

    Args:
        means: Columns system, kind, measure and the values.
        columns: The columns of the table.
        value: The column of the values.
    """
    values = means.set_index(["system", "measure", "kind"])[value].to_dict()
    systems = list(means["system"].unique())
    cells: _Cells = {
        (measure, HEADINGS[kind]): [values.get((system, measure, kind)) for system in systems]
        for measure, kind in columns
    }
    return _frame(cells, pd.Index(systems, name="system"))


def by_language(per_language: pd.DataFrame, columns: Sequence[Column], languages: Sequence[str]) -> pd.DataFrame:
    """Arrange values as in Tables 3 to 8: one row per language and a row of means, one column per system.

    Args:
        per_language: Columns system, kind, lang, measure, value.
        columns: The columns of the table; each is divided into one column per system.
        languages: The rows of the table.
    """
    values = per_language.set_index(["system", "measure", "kind", "lang"])["value"].to_dict()
    cells: _Cells = {
        (measure, HEADINGS[kind], system): [values.get((system, measure, kind, lang)) for lang in languages]
        for measure, kind in columns
        for system in per_language["system"].unique()
    }
    frame = _frame(cells, pd.Index(languages, name="lang"), "system")
    frame.loc["mean"] = frame.mean()
    return frame


def compare_by_kind(
    means: pd.DataFrame, published: Mapping[tuple[str, str, str], float], columns: Sequence[Column]
) -> pd.DataFrame:
    """Put means (``here``) beside published ones (``paper``): one row per system of either.

    Args:
        means: Columns system, kind, measure, value.
        published: Published means by sampler, measure and kind.
        columns: The columns of the table.
    """
    values = means.set_index(["system", "measure", "kind"])["value"].to_dict()
    systems = list(means["system"].unique())
    systems += [sampler for sampler in SAMPLERS if sampler not in systems]
    cells: _Cells = {
        (measure, HEADINGS[kind], place): [source.get((system, measure, kind)) for system in systems]
        for measure, kind in columns
        for place, source in (("here", values), ("paper", published))
    }
    return _frame(cells, pd.Index(systems, name="system"), "place")


def compare_by_language(
    per_language: pd.DataFrame,
    published: Mapping[tuple[str, str, str, str], float],
    columns: Sequence[Column],
    languages: Sequence[str],
) -> pd.DataFrame:
    """Put values of languages (``here``) beside published ones (``paper``), for the systems that both have.

    Args:
        per_language: Columns system, kind, lang, measure, value.
        published: Published values by sampler, measure, kind and language.
        columns: The columns of the table.
        languages: The rows of the table.
    """
    values = per_language.set_index(["system", "measure", "kind", "lang"])["value"].to_dict()
    cells: _Cells = {
        (measure, HEADINGS[kind], system, place): [source.get((system, measure, kind, lang)) for lang in languages]
        for measure, kind in columns
        for system in per_language["system"].unique()
        if system in SAMPLERS
        for place, source in (("here", values), ("paper", published))
    }
    return _frame(cells, pd.Index(languages, name="lang"), "system", "place")


def _frame(cells: _Cells, rows: pd.Index, *levels: str) -> pd.DataFrame:
    """Make a table of columns of values; None becomes NaN."""
    frame = pd.DataFrame(cells, index=rows, dtype=float)
    return frame.set_axis(pd.MultiIndex.from_tuples(list(cells), names=["measure", "kind", *levels]), axis=1)
