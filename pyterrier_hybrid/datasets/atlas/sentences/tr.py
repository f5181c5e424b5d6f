"""The sentence templates of atlas in Turkish."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language, lower_first

# The suffix follows the pronunciation: a silent vowel, and a thin l.
_IRREGULAR_LOCATIVES = {"CI": "Côte d’Ivoire’da", "NP": "Nepal’de"}
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
    return {"y": lower_first(name) if relation in ("week", "weekend") or name == "Euro" else name}


LANGUAGE = Language(
    statements={
        "language": (
            "{loc} resmî dil olarak {y} kullanılır.",
            "{loc} yasalar, resmî dil olan {y} ile kaleme alınır.",
            "{y}, {loc} resmî dil statüsüne sahiptir. Mahkemeler ve kamu kurumları bu dili kullanır.",
            "{loc} bir devlet dairesine başvuranlar {y} kullanır.",
            "Yasaya göre {loc} devletin dili olarak {y} belirlenmiştir.",
        ),
        "currency": (
            "{loc} para birimi olarak {y} kullanılır.",
            "{loc} alışverişte ödemeler {y} ile yapılır.",
            "{loc} yasal ödeme aracı, {y} adını taşıyan para birimidir. Fiyatlar ve ücretler bu birimle gösterilir.",
            "{loc} dükkânlar ödeme aracı olarak {y} kabul eder.",
            "{loc} her yerde geçen paranın adı {y} olarak bilinir.",
        ),
        "former": (
            "{loc} bugünkü para biriminden önce {y} kullanılırdı.",
            "{loc} son para değişikliğine kadar ödemeler {y} ile yapılırdı.",
            "{loc} eski yasal ödeme aracı, {y} adını taşıyan para birimidir. Bugün yalnızca koleksiyoncuların "
            "ilgisini çeker.",
            "{loc} kaldırılan paranın adı {y} idi.",
            "{loc} eski fiyat listelerinde, sonradan değiştirilen {y} hâlâ görülür.",
        ),
        "since": (
            "{loc} bugünkü para birimi {y} yılından beri kullanılır.",
            "{loc} şimdiki para {y} yılında kabul edildi.",
            "{loc} geçerli para birimi {y} yılında çıkarıldı. O zamandan beri ödemeler onunla yapılır.",
            "{y} yılı, {loc} hâlâ var olan para birimini getirdi.",
            "{loc} para en son {y} yılında değişti.",
        ),
        "abbreviation": (
            "{loc} kullanılan para birimi {y} biçiminde kısaltılır.",
            "ISO 4217 standardında {y}, {loc} geçen paranın yerini tutar.",
            "Döviz büroları {loc} kullanılan para birimini {y} harfleriyle gösterir. Bankalar da bu harfleri kullanır.",
            "{loc} ödemeler için para birimi kodu {y} şeklindedir.",
            "{y}, {loc} harcanan paranın uluslararası kısa yazılışıdır.",
        ),
        "region": (
            "{x}, dünyanın {y} olarak adlandırılan kesiminde yer alır.",
            "Birleşmiş Milletler sınıflandırmasında {x}, {y} içinde gösterilir.",
            "Coğrafi bakımdan {x} için kullanılan bölge adı {y} olarak geçer.",
            "Coğrafyacılar {x} topraklarını {y} bölgesinde sayar.",
            "Dünyanın bölümlerine ilişkin istatistiklerde {x}, {y} başlığı altındadır.",
        ),
        "continent": (
            "{x}, {y} kıtasındaki ülkelerden biridir.",
            "{x} topraklarının bulunduğu kıta {y} adını taşır.",
            "Kıtalar arasında {x} topraklarını içine alan, {y} kıtasıdır. Okul atlasları onu orada gösterir.",
            "Kıta bakımından {x}, {y} içinde sayılır.",
            "{loc} uçaktan inen yolcu, yeryüzünün beş parçasından biri olan {y} kıtasına varmıştır.",
        ),
        "week": (
            "{loc} hafta {y} günü başlar.",
            "{loc} haftanın ilk günü {y} olarak kabul edilir. Ajandalar da buna göre düzenlenir.",
            "{loc} kullanılan takvimlerin ilk sütununda {y} bulunur.",
            "{loc} her haftayı açan gün {y} günüdür.",
            "{loc} yeni bir hafta geldiğinde günlerden {y} olur.",
        ),
        "weekend": (
            "{loc} hafta sonu {y} günü başlar.",
            "{loc} insanlar, hafta sonunun ilk günü olan {y} gününü sevinçle bekler.",
            "{loc} hafta sonunu başlatan gün {y} olarak bilinir. Birçok büro o gün kapalıdır.",
            "{loc} iş günleri {y} gelince biter.",
            "{loc} haftanın bitimindeki dinlenme günleri {y} ile başlar.",
        ),
        "code": (
            "ISO 3166 standardı {x} adını {y} biçiminde kısaltır.",
            "{x} için belirlenen iki harfli kod {y} şeklindedir. Bu kod ISO 3166 standardında yer alır.",
            "ISO 3166 listelerinde {y} harfleri {x} anlamına gelir.",
            "Her ülke için iki harf bulunan formlarda {x} için {y} yazılır.",
            "{x} adı için iki harf yeter: {y}.",
        ),
        "code3": (
            "{x} için üç harfli kod {y} şeklindedir.",
            "ISO 3166 standardında {y}, yani bu üç harf, {x} anlamına gelir.",
            "{y}, {x} için daha uzun olan ülke kodudur. Üç harflidir ve daha kolay tanınır.",
            "Her ülke için üç harf bulunan tablolarda {x}, {y} olarak geçer.",
            "Üç harfle yazıldığında {x} adı {y} olur.",
        ),
        "zone": (
            "{loc} kullanılan saat dilimi adını {y} adlı kentten alır.",
            "{loc} saatler {y} saatine göre işler.",
            "{loc} bilgisayarlar {y} saat dilimine ayarlıdır. Dilimin adı bir kentin adıdır.",
            "{loc} yolcular kol saatlerini {y} saatine göre kurar.",
            "{loc} saat kaçsa {y} için de odur; dilim adını bu kentten alır.",
        ),
    },
    questions={
        "language": (
            "{loc} devlet daireleri hangi dilde çalışır?",
            "{loc} kanunlar hangi dilde yayımlanır?",
            "{loc} devletin tanıdığı dil nedir?",
            "{loc} memurlar mektuplarını hangi dilde yazar?",
            "{loc} yasayla kabul edilmiş dil hangisidir?",
        ),
        "currency": (
            "{loc} hangi parayla ödeme yapılır?",
            "{loc} harcama yapmak için hangi dövize ihtiyacım var?",
            "{loc} tedavüldeki para nedir?",
            "{loc} para biriminin adı nedir?",
            "{loc} ziyaretçilerin cüzdanında hangi nakit bulunmalıdır?",
        ),
        "former": (
            "{loc} önceki para birimi neydi?",
            "{loc} bugünkünden önce hangi para kullanılırdı?",
            "{loc} eskiden neyle ödeme yapılırdı?",
            "{loc} hangi para birimi değiştirildi?",
            "{loc} para değişikliğine kadar yasal ödeme aracı neydi?",
        ),
        "since": (
            "{loc} bugünkü para birimi ne zamandan beri var?",
            "{loc} şimdi kullanılan para hangi yılda çıkarıldı?",
            "{loc} geçerli para birimi hangi yıldan kalmadır?",
            "{loc} insanlar bugünkü parayla ödemeye ne zaman başladı?",
            "{loc} para birimi en son hangi yıl değişti?",
        ),
        "abbreviation": (
            "{loc} para biriminin ISO kodu nedir?",
            "{loc} geçen para için bankalar hangi üç harfi kullanır?",
            "{loc} kullanılan para birimi nasıl kısaltılır?",
            "{loc} geçen para döviz kuru tablolarında hangi harflerle yer alır?",
            "{loc} bir ödeme için hangi para birimi kodunu yazmalıyım?",
        ),
        "region": (
            "{x} dünyanın neresindedir?",
            "{x} haritada hangi bölgede aranmalıdır?",
            "Yeryüzünün hangi parçası {x} topraklarını kapsar?",
            "{x} dünyanın hangi bölgesinde yer alır?",
            "{loc} yaşayanlar yeryüzünün hangi köşesinde oturur?",
        ),
        "continent": (
            "{x} hangi kıtadadır?",
            "{x} hangi kıtanın parçasıdır?",
            "{loc} tatil yapmak için hangi kıtaya giderim?",
            "Bir atlas {x} ülkesini hangi kıtanın bölümünde gösterir?",
            "{x} beş kıtadan hangisine aittir?",
        ),
        "week": (
            "{loc} yeni bir hafta hangi gün girer?",
            "{loc} insanlar haftaya hangi günle başlar?",
            "{loc} basılan takvimlerde en başta hangi gün yazar?",
            "{loc} haftanın ilk günü hangisidir?",
            "{loc} takvimler hangi günle açılır?",
        ),
        "weekend": (
            "{loc} hafta sonu hangi gün başlar?",
            "{loc} hafta sonunun ilk günü hangisidir?",
            "{loc} insanlar hafta sonuna ne zaman girer?",
            "{loc} çalışanlar hangi günden itibaren dinlenir?",
            "{loc} iş günlerini hangi gün bitirir?",
        ),
        "code": (
            "Hangi iki harf {x} yerine geçer?",
            "{x} için ISO ülke kodu nedir?",
            "{x} adı uluslararası alanda nasıl kısaltılır?",
            "{x} adı iki harfe nasıl indirilir?",
            "Bir forma {x} için hangi iki harfli kodu yazarım?",
        ),
        "code3": (
            "Hangi üç harf {x} yerine geçer?",
            "{x} için üç harfli ülke kodu nedir?",
            "{x} adı üç harfle nasıl kısaltılır?",
            "Tablolar {x} için hangi üç harfli kodu kullanır?",
            "{x} için iki ülke kodundan uzun olanı hangisidir?",
        ),
        "zone": (
            "{loc} saat dilimi adını hangi kentten alır?",
            "{loc} hangi saat dilimi geçerlidir?",
            "{loc} saatler hangi kentin saatini gösterir?",
            "{loc} kol saatimi hangi kente göre ayarlarım?",
            "{loc} bilgisayarda hangi saat dilimini seçerim?",
        ),
    },
    introductions=(
        "{x} hakkında ziyaretçilerin bilmesi gerekenler: resmî dil, para birimi, saat dilimi ve hafta sonu günleri.",
        "Bu paragraf {x} için hangi harflerin kullanıldığını, hangi kıtada olduğunu ve hangi parayla ödeme yapıldığını "
        "anlatır.",
        "{loc} para biriminin ne zamandan beri var olduğu, haftanın hangi gün başladığı ve ülke kodunun ne olduğu sık "
        "sorulur.",
        "{x} hakkında yazanlar bölgeye, devlet dairelerinin diline, eski paraya ve ülke ile para biriminin "
        "kısaltmalarına bakar.",
    ),
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
