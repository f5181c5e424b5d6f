"""The table of a comparison for a terminal, and the record of how it was made."""

import datetime
import importlib.metadata
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.utils.json_files import write_json

if TYPE_CHECKING:
    from pyterrier_hybrid.experiment import LanguageResults

_PACKAGES = (
    "pyterrier_hybrid", "pyterrier", "ir_datasets", "ir_measures", "torch", "transformers", "faiss-cpu", "pandas",
)  # fmt: skip


def terminal_table(results: "LanguageResults") -> str:
    """Return the table for a terminal, with the standard deviation over seeds if there are several, and the limits."""
    from pyterrier_hybrid.experiment.measures import decimals
    from pyterrier_hybrid.experiment.report.limits import described
    from pyterrier_hybrid.experiment.report.tables import HEADINGS

    def cell(row: Any) -> str:
        digits = decimals(row.measure)
        std = getattr(row, "std", np.nan)
        return f"{row.value:.{digits}f}" + ("" if np.isnan(std) else f" ±{std:.{digits}f}")

    cells: dict[Any, str] = {}
    for row in results.means.itertuples():
        cells[row.system, (row.measure, HEADINGS[str(row.kind)])] = cell(row)
    columns = results.table().columns
    rows = [[cells[system, column] for column in columns] for system in results.systems]
    table = pd.DataFrame(rows, results.systems, columns.set_names([None, None])).to_string()
    limits = described(results.limits)
    return f"{table}\nwith the relevant documents first: {', '.join(limits)}" if limits else table


def write_record(
    output: Path,
    *,
    options: Mapping[str, Any],
    rows: Sequence[str],
    systems: Mapping[str, Any],
    seconds: Mapping[str, float],
    bias_source: str | None,
) -> None:
    """Write ``run.json``: options, rows, systems, times, versions of packages and generated datasets.

    Args:
        output: The folder.
        options: The options of the command, as JSON can hold them.
        rows: The names of all rows.
        systems: The systems by row, without the derived rows; a list has one system per seed.
        seconds: Time that each part took; if the comparison was resumed, since then.
        bias_source: What language bias was estimated on; ``None``: it was not estimated.
    """
    import torch

    from pyterrier_hybrid.datasets import families

    write_json(
        output / "run.json",
        {
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "options": options,
            "rows": rows,
            "systems": {name: _described(system) for name, system in systems.items()},
            "language bias estimated on": bias_source,
            "seconds": {name: round(value, 1) for name, value in seconds.items()},
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "versions": {
                "python": platform.python_version(),
                **{name: importlib.metadata.version(name) for name in _PACKAGES},
                **{family.name: family.version for family in families() if family.version},
            },
            "platform": platform.platform(),
            "processors": torch.get_num_threads(),
        },
    )


def json_value(value: Any) -> Any:
    """Return the value of an option as JSON can hold it."""
    return str(value) if isinstance(value, Path) else value


def _described(system: Any) -> Any:
    if isinstance(system, list):
        return [_described(member) for member in system]
    return getattr(system, "training", None) or repr(system)
