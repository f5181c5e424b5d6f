"""The sentence templates of atlas in German."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language

_DATIVE = {
    "AE": "den Vereinigten Arabischen Emiraten",
    "AX": "den Ålandinseln",
    "BQ": "den Karibischen Niederlanden",
    "BS": "den Bahamas",
    "CC": "den Kokosinseln",
    "CF": "der Zentralafrikanischen Republik",
    "CH": "der Schweiz",
    "CK": "den Cookinseln",
    "CX": "der Weihnachtsinsel",
    "DO": "der Dominikanischen Republik",
    "FO": "den Färöern",
    "GB": "dem Vereinigten Königreich",
    "IM": "der Isle of Man",
    "IQ": "dem Irak",
    "IR": "dem Iran",
    "KM": "den Komoren",
    "KY": "den Kaimaninseln",
    "LB": "dem Libanon",
    "MD": "der Republik Moldau",
    "MH": "den Marshallinseln",
    "MN": "der Mongolei",
    "MP": "den Nördlichen Marianen",
    "MV": "den Malediven",
    "NF": "der Norfolkinsel",
    "NL": "den Niederlanden",
    "PH": "den Philippinen",
    "PN": "den Pitcairninseln",
    "SB": "den Salomonen",
    "SC": "den Seychellen",
    "SD": "dem Sudan",
    "SK": "der Slowakei",
    "SN": "dem Senegal",
    "SS": "dem Südsudan",
    "TC": "den Turks- und Caicosinseln",
    "TD": "dem Tschad",
    "TR": "der Türkei",
    "UA": "der Ukraine",
    "US": "den Vereinigten Staaten",
    "VA": "der Vatikanstadt",
    "VC": "St. Vincent und den Grenadinen",
    "YE": "dem Jemen",
}
_GENITIVE = {
    "AE": "der Vereinigten Arabischen Emirate",
    "BQ": "der Karibischen Niederlande",
    "FO": "der Färöer",
    "GB": "des Vereinigten Königreichs",
    "NL": "der Niederlande",
}
_ARTICLES = {"dem": "des", "den": "der", "der": "der"}
_ON_ISLANDS = set("AX BS CC CK CX FO IM KM KY MH MP MV NF PH PN SB SC TC".split())


def _territory_fields(code: str, name: str) -> dict[str, str]:
    dative = _DATIVE.get(code, name)
    inside = f"{'auf' if code in _ON_ISLANDS else 'in'} {dative}"
    return {"in": inside.replace("in dem ", "im "), "von": _of(code, dative)}


def _of(code: str, dative: str) -> str:
    """Return the genitive of a name with an article; a name without one after "von"."""
    article, _, noun = dative.partition(" ")
    if article not in _ARTICLES:
        return f"von {dative}"
    return _GENITIVE.get(code, f"{_ARTICLES[article]} {noun}")


LANGUAGE = Language(
    statements={
        "language": (
            "Die Amtssprache {von} ist {y}.",
            "{in} werden Gesetze und amtliche Schreiben auf {y} verfasst.",
            "{y} hat {in} den Rang einer Amtssprache. Behörden und Gerichte verwenden sie.",
        ),
        "currency": (
            "Die Währung {von} heißt {y}.",
            "{in} bezahlt man mit einer Währung namens {y}.",
            "Als gesetzliches Zahlungsmittel gilt {in} die Währung {y}. Preise und Löhne werden in ihr angegeben.",
        ),
        "region": (
            "Wer sich {in} aufhält, befindet sich in der Region {y}.",
            "Die Vereinten Nationen rechnen das Gebiet {von} zur Region {y}.",
            "Auf der Weltkarte liegt die Fläche {von} in der Region {y}.",
        ),
        "week": (
            "{in} beginnt die Woche am {y}.",
            "Als erster Tag der Woche gilt {in} der {y}. Danach richten sich auch Terminkalender.",
            "Kalender, die man {in} kauft, haben den {y} in der ersten Spalte.",
        ),
        "code": (
            "Die Norm ISO 3166 führt {y} als Kürzel {von}.",
            "Der Ländercode {von} lautet {y}. Er ist in der Norm ISO 3166 festgelegt.",
            "Mit den Buchstaben {y} bezeichnet ISO 3166 das Gebiet {von}.",
        ),
    },
    questions={
        "language": (
            "In welcher Sprache arbeiten {in} die Ämter?",
            "Wie heißt die Staatssprache {von}?",
            "Welche Sprache ist {in} die offizielle?",
        ),
        "currency": (
            "Mit welchem Geld zahlt man {in}?",
            "Welche Währung brauche ich für Einkäufe {in}?",
            "Welches Geld ist {in} im Umlauf?",
        ),
        "region": (
            "In welchem Teil der Welt bin ich {in}?",
            "Wohin auf der Erde reist man, wenn man {in} Urlaub macht?",
            "Welcher Weltgegend ordnet man die Bevölkerung {von} zu?",
        ),
        "week": (
            "An welchem Tag fängt {in} eine neue Woche an?",
            "Mit welchem Tag startet man {in} in die Woche?",
            "Welcher Wochentag steht {in} im Kalender ganz vorn?",
        ),
        "code": (
            "Welche zwei Buchstaben stehen für den Namen {von}?",
            "Wie lautet die zweistellige Länderkennung {von}?",
            "Wie wird der Name {von} international abgekürzt?",
        ),
    },
    territory_fields=_territory_fields,
)
