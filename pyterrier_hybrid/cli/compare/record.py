"""What ``compare`` says of a comparison: its table in a terminal, and how it was made."""

import datetime
import importlib.metadata
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pyterrier_hybrid.utils.files import whole_file

if TYPE_CHECKING:
    from pyterrier_hybrid.experiment import LanguageResults

_PACKAGES = (
    "pyterrier_hybrid", "pyterrier", "ir_datasets", "ir_measures", "torch", "transformers", "faiss-cpu", "pandas",
)  # fmt: skip


def printed(results: "LanguageResults") -> str:
    """The table for a terminal, with the standard deviation over seeds where there are several."""
    from pyterrier_hybrid.experiment.report.tables import HEADINGS

    def text(row: Any) -> str:
        digits = 0 if row.measure.startswith("RankDistance") else 3
        std = getattr(row, "std", np.nan)
        return f"{row.value:.{digits}f}" + ("" if np.isnan(std) else f" ±{std:.{digits}f}")

    cells = {(row.system, row.measure, HEADINGS[row.kind]): text(row) for row in results.means.itertuples()}
    columns = results.table().columns
    rows = [[cells[(system, *column)] for column in columns] for system in results.systems]
    return pd.DataFrame(rows, results.systems, columns.set_names([None, None])).to_string()


def write_record(
    output: Path,
    *,
    options: Mapping[str, Any],
    rows: Sequence[str],
    systems: Mapping[str, Any],
    seconds: Mapping[str, float],
    debias: str | None,
) -> None:
    """Write ``run.json``: options, rows, systems, times, versions.

    Args:
        output: The folder.
        options: Those of the command, as JSON can hold them.
        rows: The names of all rows.
        systems: Of these, what is not made of another one; or lists of their seeds.
        seconds: What took how long; of a comparison that went on, since then.
        debias: What language bias was estimated on.
    """
    record = {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "options": options,
        "rows": rows,
        "systems": {name: _described(system) for name, system in systems.items()},
        "language bias estimated on": debias,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _PACKAGES},
        },
        "platform": platform.platform(),
        "processors": _processors(),
    }
    with whole_file(output / "run.json") as file:
        file.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """The value of an option as JSON can hold it."""
    return str(value) if isinstance(value, Path) else value


def _described(system: Any) -> Any:
    if isinstance(system, list):
        return [_described(member) for member in system]
    return getattr(system, "training", None) or repr(system)


def _processors() -> int:
    import torch

    return torch.get_num_threads()
