"""The sentence templates of atlas in Turkish."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language, lower_first

# Names that end with a silent vowel: the suffix follows the pronunciation.
_IRREGULAR_LOCATIVES = {"CI": "Côte d’Ivoire’da", "GP": "Guadeloupe’ta", "YT": "Mayotte’ta"}
_POSSESSIVE = ("sı", "si", "ları", "leri", "yeti")


def _locative(code: str, name: str) -> str:
    """Return a name in the locative: vowel harmony, t after voiceless consonants, n after a possessive suffix."""
    if code in _IRREGULAR_LOCATIVES:
        return _IRREGULAR_LOCATIVES[code]
    last_vowel = next(letter for letter in reversed(name.lower()) if letter in "aeıioöuüéêô")
    vowel = "a" if last_vowel in "aıouô" else "e"
    if name.endswith(_POSSESSIVE):
        return f"{name}’nd{vowel}"
    return f"{name}’{'t' if name[-1] in 'fstkçşhp' else 'd'}{vowel}"


def _territory_fields(code: str, name: str) -> dict[str, str]:
    return {"x": name, "loc": _locative(code, name)}


def _answer_fields(relation: str, name: str) -> dict[str, str]:
    return {"y": lower_first(name) if relation == "week" or name == "Euro" else name}


LANGUAGE = Language(
    statements={
        "language": (
            "{loc} resmî dil olarak {y} kullanılır.",
            "{loc} yasalar, resmî dil olan {y} ile kaleme alınır.",
            "{y}, {loc} resmî dil statüsüne sahiptir. Mahkemeler ve kamu kurumları bu dili kullanır.",
        ),
        "currency": (
            "{loc} para birimi olarak {y} kullanılır.",
            "{loc} alışverişte ödemeler {y} ile yapılır.",
            "{loc} yasal ödeme aracı, {y} adını taşıyan para birimidir. Fiyatlar ve ücretler bu birimle gösterilir.",
        ),
        "region": (
            "{x}, dünyanın {y} olarak adlandırılan kesiminde yer alır.",
            "Birleşmiş Milletler sınıflandırmasında {x}, {y} içinde gösterilir.",
            "Coğrafi bakımdan {x} için kullanılan bölge adı {y} olarak geçer.",
        ),
        "week": (
            "{loc} hafta {y} günü başlar.",
            "{loc} haftanın ilk günü {y} olarak kabul edilir. Ajandalar da buna göre düzenlenir.",
            "{loc} kullanılan takvimlerin ilk sütununda {y} bulunur.",
        ),
        "code": (
            "ISO 3166 standardı {x} adını {y} biçiminde kısaltır.",
            "{x} için belirlenen iki harfli kod {y} şeklindedir. Bu kod ISO 3166 standardında yer alır.",
            "ISO 3166 listelerinde {y} harfleri {x} anlamına gelir.",
        ),
    },
    questions={
        "language": (
            "{loc} devlet daireleri hangi dilde çalışır?",
            "{loc} kanunlar hangi dilde yayımlanır?",
            "{loc} devletin tanıdığı dil nedir?",
        ),
        "currency": (
            "{loc} hangi parayla ödeme yapılır?",
            "{loc} harcama yapmak için hangi dövize ihtiyacım var?",
            "{loc} tedavüldeki para nedir?",
        ),
        "region": (
            "{x} dünyanın neresindedir?",
            "{x} haritada hangi bölgede aranmalıdır?",
            "Yeryüzünün hangi parçası {x} topraklarını kapsar?",
        ),
        "week": (
            "{loc} yeni bir hafta hangi gün girer?",
            "{loc} insanlar haftaya hangi günle başlar?",
            "{loc} basılan takvimlerde en başta hangi gün yazar?",
        ),
        "code": (
            "Hangi iki harf {x} yerine geçer?",
            "{x} için ISO ülke kodu nedir?",
            "{x} adı uluslararası alanda nasıl kısaltılır?",
        ),
    },
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
