"""Spelling habits: signs that people leave out, and letters that they mix up."""

import unicodedata


def _bare(letters: str) -> dict[str, str]:
    """Map letters to themselves without marks."""
    return {letter: unicodedata.normalize("NFD", letter)[0] for letter in letters}


def _exchange(first: str, second: str) -> dict[str, str]:
    return dict(zip(first + second, second + first, strict=True))


def _vietnamese(mark: str) -> str:
    return unicodedata.normalize("NFC", "".join(vowel + mark for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"))


_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONED = "".join(map(_vietnamese, _TONES))
_WITHOUT_TONES = dict(zip(_TONED, _vietnamese("") * len(_TONES), strict=True))

# Fathatan to sukun, and the small alef: the marks of vowels and of double consonants.
_TASHKEEL = dict.fromkeys([*map(chr, range(0x64B, 0x653)), "\u0670"], "")

# A nasal with virama before a stop of its place of articulation, and the anusvara that is written for both.
_NASALS = {
    nasal + "\u094d" + stop: "\u0902" + stop
    for nasal, stops in {"ण": "टठडढ", "न": "तथदध", "म": "पफबभ"}.items()
    for stop in stops
}

HABITS: dict[str, tuple[dict[str, str], ...]] = {
    # Hamza and tashkeel left out; teh marbuta and alef maksura mixed up with heh and yeh at the ends of words, both
    # ways (N. Habash, Introduction to Arabic Natural Language Processing, 2010, on normalisation).
    "ar": (
        _bare("أإآ") | {"ٱ": "ا", "ة": "ه", "ى": "ي"} | _TASHKEEL,
        _bare("أإآ") | {"ٱ": "ا", "ه$": "ة", "ي$": "ى"} | _TASHKEEL,
    ),
    # As on keyboards without these letters; umlaut dots left out; ß where it stood before the reform of 1996.
    "de": (
        {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"},
        _bare("äöüÄÖÜ") | {"ß": "ss", "ẞ": "SS"},
        {"ss$": "ß"},
    ),
    "el": (_bare("άέήίόύώϊϋΐΰΆΈΉΊΌΎΏΪΫ"),),
    # Spanish keyboards have a key for ñ; others do not.
    "es": (_bare("áéíóúüÁÉÍÓÚÜ"), _bare("áéíóúüñÁÉÍÓÚÜÑ")),
    # Nukta left out, chandrabindu as anusvara; anusvara for nasal consonants, as the Central Hindi Directorate's
    # standard spelling has it, and the other way round.
    "hi": ({"\u093c": "", "\u0901": "\u0902"} | _NASALS, {short: long for long, short in _NASALS.items()}),
    # The acute is a stress mark, which only dictionaries and encyclopedias print.
    "ru": (_bare("ёЁ") | {"\u0301": ""},),
    "th": (dict.fromkeys("\u0e48\u0e49\u0e4a\u0e4b", ""),),
    "tr": (_bare("çğöşüâîûÇĞÖŞÜİÂÎÛ") | {"ı": "i"},),
    # Tones left out; all marks left out; the tones hook and tilde mixed up, which sound alike in the centre and south.
    "vi": (
        _WITHOUT_TONES,
        _bare(_TONED + "ăâêôơưĂÂÊÔƠƯ") | {"đ": "d", "Đ": "D"},
        _exchange(_vietnamese("\u0309"), _vietnamese("\u0303")),
    ),
}
"""For each language, the habits of its writers: what they write for what (NFC; ``$``: at the end of a word only)."""
