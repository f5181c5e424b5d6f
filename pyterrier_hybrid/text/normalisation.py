"""Keys that ignore case and whitespace, and the detection of blank texts."""

import re

# Zero-width characters and direction marks are invisible, but str.strip keeps them.
_INVISIBLE = "".join(map(chr, (*range(0x200B, 0x2010), 0x2060, 0xFEFF)))
_BLANK = re.compile(rf"[\s{_INVISIBLE}]*")


def text_key(text: str) -> str:
    r"""Return a key that is equal for texts that differ only in case and whitespace.

    Args:
        text: The text.

    Example:
        >>> text_key(" Learning\nObjectives")
        'learning objectives'
    """
    return " ".join(text.casefold().split())


def is_blank(text: str) -> bool:
    r"""Return whether a text consists of whitespace and invisible characters only.

    Args:
        text: The text.

    Example:
        >>> is_blank(" \u200b\n"), is_blank("a")
        (True, False)
    """
    return _BLANK.fullmatch(text) is not None
