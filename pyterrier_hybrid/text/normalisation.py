"""Keys that ignore case and whitespace, and the detection of blank texts."""

import unicodedata

import regex

# Zero-width signs, direction marks, soft hyphens, variation selectors and fillers show nothing.
_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_BLANK = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}]*")


def text_key(text: str) -> str:
    r"""Return a key that is equal for texts that look the same but for case and whitespace.

    Invisible characters, Unicode forms (NFC and NFD) and compatibility variants such as full-width letters make no
    difference; punctuation and accents do.

    Args:
        text: The text.

    Example:
        >>> text_key(" Learning\nObjectives")
        'learning objectives'
        >>> text_key("Ｅ\u200be\u0301") == text_key("EÉ")
        True
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Case folding can undo the normal form, and invisible characters can separate what the normal form combines.
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def is_blank(text: str) -> bool:
    r"""Return whether a text consists of whitespace and invisible characters only.

    Args:
        text: The text.

    Example:
        >>> is_blank(" \u200b\n"), is_blank("a")
        (True, False)
    """
    return _BLANK.fullmatch(text) is not None
