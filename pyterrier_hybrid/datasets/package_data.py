"""The JSON files in ``datasets/etc``."""

import json
from importlib.resources import files
from typing import Any


def read_package_json(name: str) -> Any:
    """Read a JSON file of this package.

    Args:
        name: Its name in ``datasets/etc``.

    Raises:
        FileNotFoundError: There is no such file.

    Example:
        >>> list(read_package_json("downloads.json")["boolq-r"])
        ['train', 'dev']
    """
    return json.loads((files("pyterrier_hybrid.datasets") / "etc" / name).read_text(encoding="utf-8"))
