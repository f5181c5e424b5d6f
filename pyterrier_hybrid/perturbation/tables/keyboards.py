"""Keyboard layouts: the character of each key, without and with the shift key.

Source: Unicode CLDR, folder ``keyboards/windows``, files ``ar-t-k0-windows.xml``, ``de-t-k0-windows.xml`` and so on, in
the repository unicode-org/cldr at commit 12a1d54ae7ea00459b6901c1a5bf73938c53d472 (CLDR 45 removed the folder).
Copyright 2004-2023 Unicode, Inc.; the license is in ``UNICODE-LICENSE``. Left out are the space bar, the levels of
AltGr and Caps Lock, and the key left of Z (B00), which many keyboards lack and which has no letter of its own in these
layouts.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Layout:
    """The layout of a language.

    Args:
        name: Its name in Unicode CLDR.
        base: The characters of the rows E00 to E12, D01 to D12, C01 to C12 and B01 to B10, separated by spaces. A key
            may type several characters.
        shift: Those with the shift key.
        dead: Keys that put a mark on the letter that is typed next, and their combining marks.
    """

    name: str
    base: tuple[str, str, str, str]
    shift: tuple[str, str, str, str]
    dead: dict[str, str] = field(default_factory=dict)


LAYOUTS = {
    "ar": Layout(
        "Arabic (101)",
        (
            "ذ 1 2 3 4 5 6 7 8 9 0 - =",
            "ض ص ث ق ف غ ع ه خ ح ج د",
            "ش س ي ب ل ا ت ن م ك ط \\",
            "ئ ء ؤ ر لا ى ة و ز ظ",
        ),
        (
            "\u0651 ! @ # $ % ^ & * ) ( _ +",
            "\u064e \u064b \u064f \u064c لإ إ ‘ ÷ × ؛ < >",
            '\u0650 \u064d ] [ لأ أ ـ ، / : " |',
            "~ \u0652 } { لآ آ ’ , . ؟",
        ),
    ),
    "de": Layout(
        "German",
        (
            "^ 1 2 3 4 5 6 7 8 9 0 ß ´",
            "q w e r t z u i o p ü +",
            "a s d f g h j k l ö ä #",
            "y x c v b n m , . -",
        ),
        (
            '° ! " § $ % & / ( ) = ? `',
            "Q W E R T Z U I O P Ü *",
            "A S D F G H J K L Ö Ä '",
            "Y X C V B N M ; : _",
        ),
        {"´": "\u0301", "`": "\u0300", "^": "\u0302"},
    ),
    "el": Layout(
        "Greek",
        (
            "` 1 2 3 4 5 6 7 8 9 0 - =",
            "; ς ε ρ τ υ θ ι ο π [ ]",
            "α σ δ φ γ η ξ κ λ ΄ ' \\",
            "ζ χ ψ ω β ν μ , . /",
        ),
        (
            "~ ! @ # $ % ^ & * ( ) _ +",
            ": ΅ Ε Ρ Τ Υ Θ Ι Ο Π { }",
            'Α Σ Δ Φ Γ Η Ξ Κ Λ ¨ " |',
            "Ζ Χ Ψ Ω Β Ν Μ < > ?",
        ),
        {"΄": "\u0301", "¨": "\u0308", "΅": "\u0308\u0301"},
    ),
    "en": Layout(
        "US",
        (
            "` 1 2 3 4 5 6 7 8 9 0 - =",
            "q w e r t y u i o p [ ]",
            "a s d f g h j k l ; ' \\",
            "z x c v b n m , . /",
        ),
        (
            "~ ! @ # $ % ^ & * ( ) _ +",
            "Q W E R T Y U I O P { }",
            'A S D F G H J K L : " |',
            "Z X C V B N M < > ?",
        ),
    ),
    "es": Layout(
        "Spanish",
        (
            "º 1 2 3 4 5 6 7 8 9 0 ' ¡",
            "q w e r t y u i o p ` +",
            "a s d f g h j k l ñ ´ ç",
            "z x c v b n m , . -",
        ),
        (
            'ª ! " · $ % & / ( ) = ? ¿',
            "Q W E R T Y U I O P ^ *",
            "A S D F G H J K L Ñ ¨ Ç",
            "Z X C V B N M ; : _",
        ),
        {"´": "\u0301", "`": "\u0300", "^": "\u0302", "¨": "\u0308"},
    ),
    "hi": Layout(
        "Devanagari - INSCRIPT",
        (
            "\u094a 1 2 3 4 5 6 7 8 9 0 - \u0943",
            "\u094c \u0948 \u093e \u0940 \u0942 ब ह ग द ज ड \u093c",
            "\u094b \u0947 \u094d \u093f \u0941 प र क त च ट \u0949",
            "\u0946 \u0902 म न व ल स , . य",
        ),
        (
            "ऒ ऍ \u0945 \u094dर र\u094d ज\u094dञ त\u094dर क\u094dष श\u094dर ( ) \u0903 ऋ",
            "औ ऐ आ ई ऊ भ ङ घ ध झ ढ ञ",
            "ओ ए अ इ उ फ ऱ ख थ छ ठ ऑ",
            "ऎ \u0901 ण ऩ ऴ ळ श ष । य\u093c",
        ),
    ),
    "ru": Layout(
        "Russian",
        (
            "ё 1 2 3 4 5 6 7 8 9 0 - =",
            "й ц у к е н г ш щ з х ъ",
            "ф ы в а п р о л д ж э \\",
            "я ч с м и т ь б ю .",
        ),
        (
            'Ё ! " № ; % : ? * ( ) _ +',
            "Й Ц У К Е Н Г Ш Щ З Х Ъ",
            "Ф Ы В А П Р О Л Д Ж Э /",
            "Я Ч С М И Т Ь Б Ю ,",
        ),
    ),
    "th": Layout(
        "Thai Kedmanee",
        (
            "_ ๅ / - ภ ถ \u0e38 \u0e36 ค ต จ ข ช",
            "ๆ ไ ำ พ ะ \u0e31 \u0e35 ร น ย บ ล",
            "ฟ ห ก ด เ \u0e49 \u0e48 า ส ว ง ฃ",
            "ผ ป แ อ \u0e34 \u0e37 ท ม ใ ฝ",
        ),
        (
            "% + ๑ ๒ ๓ ๔ \u0e39 ฿ ๕ ๖ ๗ ๘ ๙",
            '๐ " ฎ ฑ ธ \u0e4d \u0e4a ณ ฯ ญ ฐ ,',
            "ฤ ฆ ฏ โ ฌ \u0e47 \u0e4b ษ ศ ซ . ฅ",
            "( ) ฉ ฮ \u0e3a \u0e4c ? ฒ ฬ ฦ",
        ),
    ),
    "tr": Layout(
        "Turkish Q",
        (
            '" 1 2 3 4 5 6 7 8 9 0 * -',
            "q w e r t y u ı o p ğ ü",
            "a s d f g h j k l ş i ,",
            "z x c v b n m ö ç .",
        ),
        (
            "é ! ' ^ + % & / ( ) = ? _",
            "Q W E R T Y U I O P Ğ Ü",
            "A S D F G H J K L Ş İ ;",
            "Z X C V B N M Ö Ç :",
        ),
        {"^": "\u0302"},
    ),
    "vi": Layout(
        "Vietnamese",
        (
            "` ă â ê ô \u0300 \u0309 \u0303 \u0301 \u0323 đ - ₫",
            "q w e r t y u i o p ư ơ",
            "a s d f g h j k l ; ' \\",
            "z x c v b n m , . /",
        ),
        (
            "~ Ă Â Ê Ô \u0300 \u0309 \u0303 \u0301 \u0323 Đ _ +",
            "Q W E R T Y U I O P Ư Ơ",
            'A S D F G H J K L : " |',
            "Z X C V B N M < > ?",
        ),
    ),
}
"""The layouts by language."""
