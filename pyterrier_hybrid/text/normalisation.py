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


def find_half_character(text: str) -> str | None:
    r"""Return what is wrong with a text that has half a character (a lone surrogate), or ``None``.

    JSON can escape such halves; no file, tokenizer or index takes them.

    Args:
        text: The text.

    Example:
        >>> find_half_character("caf\ud83d"), find_half_character("café")
        ("has half a character, '\\ud83d', at position 3: write the whole character in UTF-8", None)
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        return f"has half a character, {half!r}, at position {error.start}: write the whole character in UTF-8"
    return None
