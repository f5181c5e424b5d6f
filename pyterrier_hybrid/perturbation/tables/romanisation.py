"""How people write languages in Latin letters: what differs from the characters' standard transliterations."""

import unicodedata
from typing import NamedTuple

import regex


class Scheme(NamedTuple):
    """One language in Latin letters; what no rule and no letter covers is left to the standard transliteration.

    Attributes:
        rules: Patterns and what replaces them, applied one after the other to text in NFC, before the letters.
        fixed: Letters, as code points, that all people write alike.
        varying: For each sound, the alternatives that people have for its letters.
    """

    rules: tuple[tuple[regex.Pattern[str], str], ...]
    fixed: dict[int, str]
    varying: tuple[tuple[dict[int, str], ...], ...]


def _scheme(rules: list[tuple[str, str]], letters: dict[str, str]) -> Scheme:
    """Make a scheme; ``letters`` maps lower-case letters of one sound to alternatives, separated by spaces."""
    ways = {sound: [_both_cases(sound, latin) for latin in letters[sound].split(" ")] for sound in letters}
    return Scheme(
        tuple((regex.compile(pattern), written) for pattern, written in rules),
        {
            letter: latin
            for alternatives in ways.values()
            if len(alternatives) == 1
            for letter, latin in alternatives[0].items()
        },
        tuple(tuple(alternatives) for alternatives in ways.values() if len(alternatives) > 1),
    )


def _both_cases(letters: str, latin: str) -> dict[int, str]:
    # An upper case of two characters, such as that of ΰ, does not occur.
    upper = {ord(letter.upper()): latin.capitalize() for letter in letters if len(letter.upper()) == 1}
    return upper | dict.fromkeys(map(ord, letters), latin)


# Arabizi. No short vowels, which the Arabic text does not show. The digits and the French and English ways are those of
# K. Darwish, Arabizi Detection and Conversion to Arabic (ANLP 2014), and of Wikipedia's "Arabic chat alphabet".
_ARABIC = _scheme(
    [
        # Waw and yeh are vowels after a consonant, unless another vowel follows.
        ("(?<=[ب-غف-ه])و(?![اويىةآ])", "o"),
        ("(?<=[ب-غف-ه])ي(?![اويىةآ])", "i"),
    ],
    {
        **{"ء": "2", "آ": "a 2a", "أ": "a 2", "إ": "e i", "ؤ": "2", "ئ": "2", "ا": "a", "ى": "a", "ة": "a"},
        **{
            "ث": "th s",
            "ج": "j g",
            "ح": "7 h",
            "خ": "5 kh",
            "ذ": "th z",
            "ش": "sh ch",
            "ص": "s 9",
            "ض": "d",
            "ط": "t 6",
        },
        **{"ظ": "z th", "ع": "3", "ق": "q 2 9"},
    },
)

# Greeklish by the look of letters (w, h, 8) or by their sound (o, i, th); "ou", "au" and "eu" in both: A. Chalamandaris
# et al., All Greek to me! (LREC 2006), and Wikipedia's "Greeklish".
_GREEK = _scheme(
    [("(?<=[αεηοΑΕΗΟ])[υύ]", "u"), ("(?<=[ΑΕΗΟ])[ΥΎ]", "U")],
    {
        **{"β": "v b", "ηή": "i h", "θ": "th 8", "ξ": "ks x", "υύϋΰ": "y u i", "χ": "x h ch"},
        **{"ωώ": "o w", ";": "?"},
    },
)

_CONSONANT = "[क-ह\u0958-\u095f]"
_VOWEL = "[अ-औा-ौəंँ]"
# Hindi: the vowel a of each consonant without a vowel sign, except where it is not spoken, which the script does not
# show: M. Ohala, Aspects of Hindi Phonology (1983), by the rule "not between vowel-consonant and consonant-vowel,
# from right to left" and not at the end of a word.
_HINDI = _scheme(
    [
        *((unicodedata.normalize("NFD", letter), letter) for letter in map(chr, range(0x958, 0x960))),
        (f"({_CONSONANT})(?![ा-्])", r"\1ə"),
        (f"(?:(?<={_VOWEL}{_CONSONANT})|(?<=्[^मनणयरलव]))ə(?![\\p{{L}}\\p{{M}}])", ""),
        (f"(?r)({_VOWEL}{_CONSONANT})ə(?={_CONSONANT}{_VOWEL})", r"\1"),
        ("ज्ञ", "gy"),
        ("[ंँ](?=[पफबभम])", "m"),
    ],
    {
        **{"ə": "a", "ंँ": "n", "ईी": "i ee", "ऊू": "u oo", "ऋृ": "ri"},
        **{"च": "ch", "छ": "chh", "व": "v w", "शष": "sh", "\u095c": "d r", "\u095d": "dh rh", "।": "."},
    },
)

# Russian "translit": the soft and the hard sign are left out.
_RUSSIAN = _scheme(
    [],
    {
        **{
            "ё": "e yo",
            "ж": "zh j",
            "й": "y j i",
            "х": "h kh",
            "ц": "c ts",
            "щ": "sch shch",
            "ъ": "",
            "ы": "y",
            "ь": "",
        },
        **{"ю": "yu ju", "я": "ya ja"},
    },
)

_INITIAL = "([กขคตปผพ][รลว]|[ก-ฮ])"
# Thai in the manner of the Royal Thai General System: vowels after the consonant before which they are written, silent
# letters and tones left out. Vowels that are not written and consonants at the end of syllables are as in the script,
# because where a syllable ends is not written either.
_THAI = _scheme(
    [
        (".[ิุ]?์", ""),
        ("[\u0e47-\u0e4b]", ""),
        ("ห(?=[งญนมยรลว])", ""),
        *(
            (pattern.replace("-", _INITIAL), "\\1" + latin)
            for pattern, latin in [
                ("เ-ือ", "uea"), ("เ-ีย", "ia"), ("เ-าะ", "o"), ("เ-า", "ao"), ("เ-อ", "oe"), ("เ-ิ", "oe"),
                ("เ-ย", "oei"), ("เ-", "e"), ("แ-", "ae"), ("โ-", "o"), ("[ใไ]-", "ai"), ("-ัว", "ua"),
                ("-ว(?=[งนมดบกย])", "ua"),
            ]
        ),
        ("ือ", "ue"),
        ("(?<=[a-z])ะ", ""),
        ("อ(?=[a-zะ-ู])", ""),
    ],
    {},
)  # fmt: skip

SCHEMES: dict[str, Scheme] = {"ar": _ARABIC, "el": _GREEK, "hi": _HINDI, "ru": _RUSSIAN, "th": _THAI}
"""The languages that people write otherwise than their characters' standard transliterations say."""
