"""What was estimated of language bias, on disk: JSON and safetensors."""

import json
from pathlib import Path
from typing import Any

import numpy as np

_DESCRIPTION = "debias.json"
_TABLES = "debias.safetensors"


def write(
    folder: Path, method: str, options: dict[str, Any], normalizing: bool, tables: dict[str, dict[str, np.ndarray]]
) -> None:
    """Write a method, its options and the table of each role and language into a folder."""
    from safetensors.numpy import save_file

    description = {"method": method, "options": options, "normalizing": normalizing}
    (folder / _DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    tensors = {f"{role}.{lang}": table for role, of_role in tables.items() for lang, table in of_role.items()}
    save_file(tensors, folder / _TABLES)


def read(folder: Path) -> tuple[str, dict[str, Any], bool, dict[str, dict[str, np.ndarray]]]:
    """Read what :func:`write` wrote.

    Raises:
        FileNotFoundError: one of the files is missing.
        ValueError: one of them is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    for name in (_DESCRIPTION, _TABLES):
        if not (folder / name).exists():
            raise FileNotFoundError(f"{folder} has no {name}: pass a folder that save(folder) wrote")
    try:
        described = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        tables: dict[str, dict[str, np.ndarray]] = {}
        for name, table in sorted(load_file(folder / _TABLES).items()):
            role, lang = name.split(".", 1)
            tables.setdefault(role, {})[lang] = table
        return described["method"], described["options"], described["normalizing"], tables
    except (SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} is damaged ({type(error).__name__}: {error}): save it anew") from error
