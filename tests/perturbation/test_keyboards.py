"""The keyboard tables against rows known by hand, and the geometry of the keys."""

import unicodedata

import pytest

from pyterrier_hybrid.perturbation.keyboard import keyboard
from pyterrier_hybrid.perturbation.keystrokes import keystrokes, letter_weights
from pyterrier_hybrid.perturbation.tables.keyboards import LAYOUTS

ROWS = {"E": (0, 13), "D": (13, 25), "C": (25, 37), "B": (37, 47)}


def row(lang: str, name: str, level: int = 0) -> str:
    return " ".join(characters[level] for characters in keyboard(lang).characters[slice(*ROWS[name])])


def test_rows_known_by_hand():
    assert row("en", "D") == "q w e r t y u i o p [ ]"
    assert row("de", "D") == "q w e r t z u i o p ü +" and row("de", "C").endswith("l ö ä #")
    assert row("es", "C") == "a s d f g h j k l ñ ´ ç"
    assert row("tr", "D") == "q w e r t y u ı o p ğ ü" and row("tr", "C", 1) == "A S D F G H J K L Ş İ ;"
    assert row("el", "D") == "; ς ε ρ τ υ θ ι ο π [ ]"
    assert row("ru", "D") == "й ц у к е н г ш щ з х ъ" and row("ru", "B", 1) == "Я Ч С М И Т Ь Б Ю ,"
    assert row("ar", "C") == "ش س ي ب ل ا ت ن م ك ط \\" and row("ar", "B").split()[4] == "لا"
    assert row("th", "C") == "ฟ ห ก ด เ ้ ่ า ส ว ง ฃ" and row("th", "E", 1) == "% + ๑ ๒ ๓ ๔ ู ฿ ๕ ๖ ๗ ๘ ๙"
    assert row("hi", "D") == "ौ ै ा ी ू ब ह ग द ज ड ़" and row("hi", "C") == "ो े ् ि ु प र क त च ट ॉ"
    assert row("hi", "D", 1) == "औ ऐ आ ई ऊ भ ङ घ ध झ ढ ञ"
    assert row("vi", "E") == "` ă â ê ô ̀ ̉ ̃ ́ ̣ đ - ₫" and row("vi", "D").endswith("p ư ơ")


@pytest.mark.parametrize("lang", LAYOUTS)
def test_layouts_are_whole(lang: str):
    board = keyboard(lang)
    assert len(board.characters) == 47
    typed = [text for characters in board.characters for text in dict.fromkeys(characters)]
    assert len(set(typed)) == len(typed), "a character has two keys"
    assert all(unicodedata.is_normalized("NFC", text) and text for text in typed)
    assert set(board.dead) <= set(typed)
    assert all(unicodedata.combining(mark) for marks in board.dead.values() for mark in marks)


ALPHABETS = {
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
    "de": "abcdefghijklmnopqrstuvwxyzäöüßÄÖÜ",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰΆΈΉΊΌΎΏ",
    "en": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "es": "abcdefghijklmnñopqrstuvwxyzáéíóúüÁÉÍÓÚÜÑ¿¡",
    "hi": "अआइईउऊऋएऐओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहािीुूृेैोौंँः़्।",
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "th": "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาำเแโใไๆฯ๐๑๒๓๔๕๖๗๘๙" + "ัิีึืุู็่้๊๋์",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyzâîûÂÎÛİI",
    "vi": "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđĐẾ",
}


@pytest.mark.parametrize("lang", LAYOUTS)
def test_alphabets_can_be_typed(lang: str):
    for character in ALPHABETS[lang]:
        assert keyboard(lang).keys(character), character
        if character not in "¿¡।๐๑๒๓๔๕๖๗๘๙":
            assert keystrokes(lang)[character] is not None, character


def test_letters_with_marks_are_typed_by_several_keys():
    def typed(lang: str, character: str) -> str:
        board = keyboard(lang)
        return "".join(board.characters[number][level] for number, level in board.keys(character))

    assert typed("el", "ΐ") == "΅ι" and typed("es", "Ü") == "¨U" and typed("de", "é") == "´e"
    assert typed("vi", "ế") == "ê\u0301" and typed("vi", "ậ") == "â\u0323" and typed("vi", "ợ") == "ơ\u0323"
    assert keyboard("en").keys("é") is None and keyboard("en").keys("я") is None


def test_neighbours_touch():
    us = keyboard("en")

    def around(letter: str) -> str:
        beside, others = us.neighbours(us.key(letter)[0])
        return " ".join("".join(us.characters[key][0] for key in keys) for keys in (beside, others))

    assert around("s") == "ad wezx"
    assert around("q") == "w 12a"
    assert around("p") == "o[ 0-l;"
    assert around("z") == "x as"
    assert around("b") == "vn gh"
    for number in range(47):
        assert all(number in sum(us.neighbours(other), []) for other in sum(us.neighbours(number), []))


def wrong(lang: str, character: str) -> str:
    """The letters of neighbouring keys, each with its weight, those of the same row first."""
    keystroke = keystrokes(lang)[character]
    return " ".join(f"{letter}{keystroke.wrong.count(letter)}" for letter in dict.fromkeys(keystroke.wrong))


def test_wrong_keys_by_hand():
    assert wrong("en", "S") == "A9 D9 W1 E1 Z1 X1"
    assert wrong("de", "z") == "t9 u9 g1 h1"
    assert wrong("de", "ß") == "p1 ü1"
    assert wrong("es", "ñ") == "l9 p1"
    assert wrong("tr", "i") == "ş9 ğ1 ü1"
    assert wrong("el", "ς") == "ε9 α1 σ1"
    assert wrong("ru", "э") == "ж9 х1 ъ1"
    assert wrong("ar", "ر") == "ؤ9 لا9 ب1 ل1"
    assert wrong("th", "ก") == "ห9 ด9 ำ1 พ1 ป1 แ1"
    assert wrong("hi", "ि") == "्9 ु9 ी1 ू1 म1 न1"
    # Marks stay on vowels, and only there.
    assert wrong("vi", "ế") == "w9 r9 s1 d1"
    assert wrong("vi", "ó") == "í9 p9 k1 l1" and wrong("vi", "ố") == "i9 p9 k1 l1"
    assert wrong("es", "ú") == "ý9 í9 h1 j1"
    assert wrong("el", "ή") == "γ9 ξ9 ύ1 θ1 β1 ν1"
    # Latin letters are typed on a US layout.
    assert wrong("ru", "s") == "a9 d9 w1 e1 z1 x1"


def test_missing_keys_by_hand():
    missing = {"ế": "ê", "ê": "e", "ệ": "ê", "ở": "ơ", "ơ": "o", "ù": "u", "đ": "d", "Đ": "D", "ẵ": "ă", "k": ""}
    assert {character: keystrokes("vi")[character].missing for character in missing} == missing
    assert keystrokes("es")["é"].missing == "e" and keystrokes("es")["ñ"].missing == ""
    assert keystrokes("el")["ΐ"].missing == "ϊ" and keystrokes("el")["ώ"].missing == "ω"
    assert keystrokes("ru")["й"].missing == "" and keystrokes("hi")["ी"].missing == ""
    assert keystrokes("en")["я"] is None and keystrokes("en")["1"].wrong == ("q",)


def test_hands():
    left = {"en": "qazb5", "ru": "йфяи", "th": "ฟผ", "hi": "ौोव"}
    right = {"en": "ypnm6", "ru": "нртю", "th": "สม", "hi": "बपल"}
    for lang, characters in left.items():
        assert not any(keystrokes(lang)[character].right_hand for character in characters)
    for lang, characters in right.items():
        assert all(keystrokes(lang)[character].right_hand for character in characters)


def test_later_letters_are_hit_more_often():
    assert letter_weights(1) == (1,)
    assert letter_weights(2) == pytest.approx((1 / 3, 1))
    assert letter_weights(5) == pytest.approx([1 / 7.5, 2.25 / 7.5, 3.75 / 7.5, 5.5 / 7.5, 1])
