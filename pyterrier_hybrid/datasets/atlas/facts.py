"""The frozen facts and names of atlas, from Unicode CLDR.

They are package data, so that one dataset ID has one content. :mod:`~pyterrier_hybrid.datasets.atlas.from_cldr` makes
them.
"""

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TypedDict

NAME = "etc/atlas.json"
CLDR_VERSION = "47"
SHA256 = "c663f49b51acdcb2368b1a90ea9691fe92b11a59a5b3e5ac2d485a20925f2624"
KINDS = {
    "language": "languages", "currency": "currencies", "former": "currencies", "region": "territories",
    "continent": "territories", "week": "days", "weekend": "days", "zone": "cities",
}  # fmt: skip
"""Relation -> kind of its answers' keys in CLDR; the answers of other relations are the same in every language."""


class Facts(TypedDict):
    """The content of the data file.

    Attributes:
        cldr: The version of CLDR.
        facts: Territory -> relation -> key of the answer in CLDR, or the answer itself.
        names: Language -> kind of key, such as ``territories`` -> key -> name.
    """

    cldr: str
    facts: dict[str, dict[str, str]]
    names: dict[str, dict[str, dict[str, str]]]


@cache
def read_facts() -> Facts:
    """Read the data file after comparing its checksum.

    Raises:
        ValueError: The file has changed.

    Example:
        >>> facts = read_facts()
        >>> facts["facts"]["FR"]["language"], facts["names"]["de"]["languages"]["fr"]
        ('fr', 'Französisch')
    """
    path = files("pyterrier_hybrid.datasets") / NAME
    content = path.read_bytes()
    if (found := sha256(content)) != SHA256:
        raise ValueError(
            f"{path}: its SHA-256 is {found} and should be {SHA256}: the facts of atlas have changed; reinstall "
            "pyterrier_hybrid"
        )
    return json.loads(content)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal digits.

    Args:
        content: The bytes.
    """
    return hashlib.sha256(content).hexdigest()
