"""Content hashes."""

import hashlib
import json
from typing import Any


def hash_json(value: Any, *, length: int = 32) -> str:
    """Hash a value that JSON can represent; the order of dictionary keys makes no difference.

    Args:
        value: The value.
        length: Number of hexadecimal digits, at most 64.

    Raises:
        TypeError: JSON cannot represent the value.

    Example:
        >>> hash_json({"a": 1, "b": [2.5, None]}, length=8) == hash_json({"b": [2.5, None], "a": 1}, length=8)
        True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]
