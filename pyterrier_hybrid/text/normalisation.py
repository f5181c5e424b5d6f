"""What makes two texts the same, and which texts show nothing."""

import re

# Zero-width and direction marks show nothing, but str.strip keeps them.
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
    r"""Return whether a text has only whitespace and invisible characters.

    Args:
        text: The text.

    Example:
        >>> is_blank(" \u200b\n"), is_blank("a")
        (True, False)
    """
    return _BLANK.fullmatch(text) is not None
