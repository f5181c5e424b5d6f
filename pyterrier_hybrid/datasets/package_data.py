"""The JSON files in ``datasets/etc``."""

import json
from pkgutil import get_data
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
    content = get_data("pyterrier_hybrid.datasets", f"etc/{name}")
    if content is None:
        raise FileNotFoundError(f"pyterrier_hybrid is installed without datasets/etc/{name}: install it again")
    return json.loads(content)
